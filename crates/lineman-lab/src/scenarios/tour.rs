//! The tour: three chapters that are played one after another in one lab.

use std::time::Duration;

use lineman_trace::log::Host;
use lineman_trace::log::Hub;
use lineman_trace::log::TcpState;

use super::Scenario;
use super::Stop;
use super::Subject;
use super::close;
use super::habits::PORT;
use super::stage::Stage;
use super::tftp;
use crate::LabError;
use crate::Network;
use crate::Options;
use crate::hosts::Call;
use crate::hosts::Outcome;
use crate::hosts::Transport;
use crate::wire::Command;

/// All that there is, once.
#[derive(Clone, Copy, Debug)]
pub struct Tour;

const CHAPTERS: &[Scenario] = &[
    Scenario::new("tour-chat", Subject::Closing, "", chat),
    Scenario::new(
        "tour-datagrams",
        Subject::Datagrams,
        "c>s:udp #2 drop",
        datagrams,
    ),
    Scenario::new(
        "tour-file",
        Subject::Files,
        "s>c:tftp.data block 2 #1 drop",
        tftp::plain_get,
    ),
];

impl Tour {
    /// Its chapters.
    pub fn chapters() -> &'static [Scenario] {
        CHAPTERS
    }

    /// How the lab is to be.
    pub fn options() -> Options {
        Options {
            scenario: Some("tour".to_owned()),
            // Slow enough that clocks are no race, on a busy machine too.
            delay: Duration::from_millis(10),
            ..Options::default()
        }
    }

    /// Plays all of it. The wire gets the rules of each chapter when that begins.
    ///
    /// # Errors
    /// When the lab ends before, or something did not happen that a chapter waits for.
    pub fn play(network: &mut dyn Network, log: &Hub) -> Result<(), Stop> {
        for chapter in CHAPTERS {
            if log.is_over() {
                return Err(LabError::Ended.into());
            }
            network.wire(Command::Rules(chapter.options().rules))?;
            chapter.play(network, log)?;
        }
        Ok(())
    }
}

/// Two lines each way, and both directions closed one after the other.
fn chat(stage: &Stage<'_>) -> Result<(), Stop> {
    let (client, server) = stage.connect()?;
    let ends = [(Host::Client, client), (Host::Server, server)];
    for line in LINES {
        for ((from, fd), to) in [(ends[0], ends[1]), (ends[1], ends[0])] {
            let text = line[usize::from(from == Host::Server)];
            stage.send(from, fd, text)?;
            stage.receive(to.0, to.1, text.len())?;
        }
    }
    stage.close(Host::Client, client)?;
    stage.hear_the_end(Host::Server, server)?;
    stage.until_state(Host::Client, TcpState::FinWait2)?;
    stage.close(Host::Server, server)?;
    close::over(stage)
}

/// The server takes what comes, and notices nothing of what does not.
fn datagrams(stage: &Stage<'_>) -> Result<(), Stop> {
    let server = stage.bound(Host::Server, Transport::Datagram, PORT)?;
    let timeout = Some(Duration::from_millis(300));
    stage.done(
        Host::Server,
        Call::Settimeout {
            fd: server,
            timeout,
        },
    )?;
    let client = stage.socket(Host::Client, Transport::Datagram)?;
    for word in ["one", "two", "three"] {
        stage.done(Host::Client, stage.datagram(client, word.into()))?;
    }
    let size = 2048;
    let receive = Call::Recvfrom { fd: server, size };
    while let Outcome::Datagram(..) = stage.call(Host::Server, receive.clone())? {}
    stage.close(Host::Client, client)?;
    stage.close(Host::Server, server)
}

/// What the client says, and what the server answers.
const LINES: [[&str; 2]; 2] = [
    ["你好, are you there?\n", "yes, I hear you\n"],
    ["that is all\n", "goodbye\n"],
];
