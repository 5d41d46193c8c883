//! The lab where namespaces are refused: the same calls, the same wire and the same log, over two
//! TCP/IP stacks in user space (smoltcp). No kernel is asked, and everything that the log has from
//! here says so: [`Origin::Simulated`].
//!
//! Time is virtual. It passes only in [`Network::pass`] and [`Network::first`], and then from one
//! event to the next without a pause: a scenario of minutes takes milliseconds, and the same calls
//! with the same seed give the same log, byte by byte.
//!
//! A user who watches, or holds packets and thinks, wants time as it is outside: [`Paced`].
//!
//! What a learner must be told, since Linux does it otherwise: see [`Difference`].

mod clock;
mod common;
mod datagram;
mod device;
mod difference;
mod fit;
mod inspect;
mod paced;
mod readiness;
mod receive;
mod sampler;
mod socket_table;
mod sockets;
mod stack;
mod stream;
mod task;
mod world;

use std::fmt;
use std::time::Duration;

use crate::Network;
use crate::Options;
use crate::hosts::Call;
use crate::hosts::Outcome;
use crate::hosts::SocketView;
use crate::lab::LabError;
use crate::link;
use crate::recorder::Recorder;
use crate::wire::Command;

pub use difference::Difference;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::LinkType;
use lineman_trace::log::Note;
use lineman_trace::log::Origin;
use lineman_trace::log::Start;
use lineman_trace::log::VERSION;
pub use paced::Paced;

use clock::Clock;
use world::World;

/// Two simulated hosts on one wire.
pub struct Simulated {
    world: World,
    /// Outcomes that were not asked for yet, the oldest first.
    outcomes: Vec<(u64, Outcome)>,
}

impl Simulated {
    /// Starts it. `seed` is where chance starts, and so the initial sequence numbers; `sink` gets the
    /// log, from event 0 on. The log's date is 1970: this is not the time of any day.
    pub fn start(options: &Options, seed: u64, sink: impl FnMut(Event) + Send + 'static) -> Self {
        let clock = Clock::new();
        let shown = clock.clone();
        let recorder = Recorder::by(move || shown.ns(), sink);
        recorder.record(Kind::Start(start(options)));
        Self {
            world: World::new(options, seed, clock, recorder),
            outcomes: Vec::new(),
        }
    }

    /// When the next thing will happen by itself, since the beginning; `None` if nothing will. With
    /// this a driver can let virtual time pass as fast as real time does.
    pub fn due(&mut self) -> Option<Duration> {
        self.world.next()
    }

    /// Lets things happen until one of these calls has returned, or until then.
    fn run(&mut self, until: Duration, calls: &[u64]) {
        loop {
            self.outcomes.extend(self.world.returned());
            if self.returned(calls).is_some() {
                return;
            }
            if !self.world.step(until) {
                return self.outcomes.extend(self.world.returned());
            }
        }
    }

    /// Where the outcome is of the first of these calls that has returned.
    fn returned(&self, calls: &[u64]) -> Option<usize> {
        let mut outcomes = self.outcomes.iter();
        outcomes.position(|(call, _)| calls.contains(call))
    }
}

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulated").finish_non_exhaustive()
    }
}

impl Network for Simulated {
    fn origin(&self) -> Origin {
        Origin::Simulated
    }

    fn now(&self) -> Duration {
        self.world.now()
    }

    fn call(&mut self, host: Host, call: Call) -> Result<u64, LabError> {
        Ok(self.world.call(host, call))
    }

    fn first(
        &mut self,
        calls: &[u64],
        limit: Duration,
    ) -> Result<Option<(u64, Outcome)>, LabError> {
        let until = self.now().saturating_add(limit);
        self.run(until, calls);
        let at = self.returned(calls);
        Ok(at.map(|at| self.outcomes.remove(at)))
    }

    fn pass(&mut self, time: Duration) -> Result<(), LabError> {
        let until = self.now().saturating_add(time);
        self.run(until, &[]);
        Ok(())
    }

    fn wire(&mut self, command: Command) -> Result<(), LabError> {
        self.world.obey(command);
        Ok(())
    }

    fn note(&mut self, note: Note) -> Result<(), LabError> {
        self.world.tell(Kind::Note(note));
        Ok(())
    }

    fn sockets(&mut self, host: Host) -> Result<Vec<SocketView>, LabError> {
        Ok(self.world.sockets(host))
    }

    fn finish(&mut self) -> Result<(), LabError> {
        self.world.tell(Kind::End);
        Ok(())
    }

    fn end(mut self: Box<Self>) -> Result<(), LabError> {
        self.finish()
    }
}

fn start(options: &Options) -> Start {
    Start {
        version: VERSION,
        scenario: options.scenario.clone(),
        origin: Origin::Simulated,
        system: SYSTEM.to_owned(),
        utc_ns: 0,
        link: LinkType::ETHERNET,
        hosts: link::hosts(options.family),
        captures: None,
    }
}

/// What stands in for the kernel, with its version; a test compares it with `Cargo.lock`.
const SYSTEM: &str = "smoltcp 0.14.0";
