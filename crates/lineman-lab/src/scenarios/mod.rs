//! Lessons: short scripts of socket calls, each with the rules of the wire that make it one.
//!
//! A script says what the two programs do, and waits where a program would wait; what comes of it is
//! the kernel's. It sees the lab only as a [`Network`], so any lab that has hosts and a wire can play it.

mod awaited;
mod close;
mod data;
mod habits;
mod messages;
mod open;
mod reuse;
mod simulation;
mod stage;
mod stop;
mod tftp;
mod tftp_end;
mod tour;
mod udp;
mod unlike;
mod waiting;
mod waits;

use std::time::Duration;

use crate::Network;
use crate::Options;
use crate::hosts::Family;

pub use awaited::Awaited;
use lineman_trace::log::Hub;
use lineman_trace::log::Note;
pub use stop::Stop;
pub use tftp::Transfer;
pub use tour::Tour;

use stage::Stage;
use unlike::Unlike;

/// What a scenario is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// How a connection begins.
    Opening,
    /// How it ends.
    Closing,
    /// What happens in between.
    Data,
    /// Messages in a stream of bytes.
    Messages,
    /// Calls that wait, and calls that do not.
    Waiting,
    /// Datagrams.
    Datagrams,
    /// TFTP.
    Files,
}

/// A lesson.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name, as it is typed.
    pub name: &'static str,
    /// What it is about.
    pub subject: Subject,
    /// What happens on the wire, as [rules](crate::rules).
    pub rules: &'static str,
    /// Of which family its addresses are.
    family: Family,
    /// Where it needs another wire than others.
    delay: Option<Duration>,
    /// Whether it needs TCP as the textbook has it.
    textbook: bool,
    /// Whether it shows what only Linux does.
    only_linux: bool,
    /// In what the lab that it is played in is not the one that it asks for.
    unlike: Unlike,
    script: fn(&Stage<'_>) -> Result<(), Stop>,
}

impl Scenario {
    /// All of them, in the order in which they are best learnt.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        let tcp = [open::ALL, close::ALL, reuse::ALL, data::ALL];
        let calls = [messages::ALL, waiting::ALL];
        let others = [udp::ALL, tftp::ALL];
        tcp.into_iter().chain(calls).chain(others).flatten()
    }

    /// The one of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::all().find(|scenario| scenario.name == name)
    }

    /// The same over IPv6.
    #[must_use]
    pub fn over_ipv6(self) -> Self {
        let family = Family::Inet6;
        Self { family, ..self }
    }

    /// The same, played in a lab with these options: where they are not its own, it says that what it announces need not come true.
    #[must_use]
    pub fn in_a_lab(self, options: &Options) -> Self {
        let unlike = Unlike::between(&self.options(), options);
        Self { unlike, ..self }
    }

    /// Whether its addresses are those of IPv6.
    pub fn is_over_ipv6(&self) -> bool {
        self.family == Family::Inet6
    }

    /// How the lab is to be for it.
    pub fn options(&self) -> Options {
        let mut options = Options {
            scenario: Some(self.name.to_owned()),
            family: self.family,
            // A test plays every scenario: none has rules that do not parse.
            rules: self.rules.parse().unwrap_or_default(),
            ..Options::default()
        };
        options.delay = self.delay.unwrap_or(options.delay);
        options.client.textbook = self.textbook;
        options.server.textbook = self.textbook;
        options
    }

    /// The name of the sentence that says what to look at: the log begins with it.
    pub fn look(&self) -> String {
        format!("look.{}", self.name)
    }

    /// Plays it, to the end of the last packet. `log` is the network's: some steps are taken when
    /// something is seen in it, and the script stops when it is [cancelled](Hub::cancel).
    ///
    /// # Errors
    /// When the lab ends before, or something did not happen that the script waits for.
    pub fn play(&self, network: &mut dyn Network, log: &Hub) -> Result<(), Stop> {
        self.play_within(network, log, PATIENCE)
    }

    /// [Plays](Self::play) it, and waits so long for what must come: a person who decides about each
    /// packet may think for as long as he likes.
    ///
    /// # Errors
    /// As `play`.
    pub fn play_within(
        &self,
        network: &mut dyn Network,
        log: &Hub,
        patience: Duration,
    ) -> Result<(), Stop> {
        let stage = Stage::new(network, log, patience, self.family);
        let (id, args) = (self.look(), self.unlike.args());
        stage.note(Note { id, args })?;
        (self.script)(&stage)?;
        stage.calm()
    }

    const fn new(
        name: &'static str,
        subject: Subject,
        rules: &'static str,
        script: fn(&Stage<'_>) -> Result<(), Stop>,
    ) -> Self {
        Self {
            name,
            subject,
            rules,
            family: Family::Inet,
            delay: None,
            textbook: false,
            only_linux: false,
            unlike: Unlike::NOTHING,
            script,
        }
    }

    const fn slow(self, millis: u64) -> Self {
        let delay = Some(Duration::from_millis(millis));
        Self { delay, ..self }
    }

    const fn as_in_the_textbook(self) -> Self {
        let textbook = true;
        Self { textbook, ..self }
    }

    const fn only_on_linux(self) -> Self {
        let only_linux = true;
        Self { only_linux, ..self }
    }
}

/// How long a script waits for what must come: longer than any timer that it waits for, on a slow wire
/// and a busy machine, too.
const PATIENCE: Duration = Duration::from_secs(30);
