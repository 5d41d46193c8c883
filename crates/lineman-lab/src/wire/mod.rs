//! The wire: every frame between the hosts passes through here, and through nothing else.
//!
//! A frame is told as it enters, judged by the [rules](crate::rules), and then delivered after the wire's own delay,
//! or later, or twice, or altered, or never; or it is held until a [`Command`] comes. Before and
//! after each delivery the kernel is asked for the state of the sockets concerned.
//!
//! The kernel's clocks do not stop while a packet is held. What a host sends again of a packet that is
//! held is swallowed and counted: else lost time would look like lost packets.

mod agenda;
mod port;
mod relay;
mod repeat;
mod segment;
mod traffic;

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use lineman_trace::log::Host;
use rustix::event::EventfdFlags;
use serde::Deserialize;
use serde::Serialize;

use crate::kernel::Sampler;
use crate::recorder::Recorder;
use crate::rules::Rules;

pub(crate) use port::together;
pub(crate) use segment::Segment;
pub(crate) use traffic::Parcel;
pub(crate) use traffic::Traffic;

use relay::Ports;
use relay::Relay;

/// What a user wants of the wire. Numbers are those of packets in the log; the number of a packet that is not
/// held has no effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Deliver this held packet.
    Deliver(u64),
    /// Drop it.
    Drop(u64),
    /// Deliver it, and a copy of it.
    Duplicate(u64),
    /// Deliver it after so long.
    Delay(u64, Duration),
    /// Hold every packet that would be delivered, from now on.
    Step,
    /// Hold none any more, and deliver those that are held.
    Run,
    /// Let these rules hold from now on, and no others; they begin to count anew.
    Rules(Rules),
    /// Put a frame on the wire that its sender has not sent. In the log it is a packet like any
    /// other, marked by a [`Fault`](lineman_trace::log::Fault) with the rule
    /// [`FORGED`](lineman_trace::log::FORGED).
    Forge(Host, Vec<u8>),
}

/// The two ends of the wire, in the hands of the lab: what arrives at one is sent out by the other.
pub(crate) fn ports(of: impl Fn(Host) -> io::Result<OwnedFd>) -> io::Result<Ports> {
    Ok(Ports {
        client: of(Host::Client)?,
        server: of(Host::Server)?,
    })
}

/// When a log began, as an instant.
pub(crate) fn begun(recorder: &Recorder) -> Instant {
    let (now, log_ns) = together(|| recorder.now_ns());
    now.checked_sub(Duration::from_nanos(log_ns)).unwrap_or(now)
}

/// A handle to the thread that is the wire.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    commands: mpsc::Sender<Command>,
    waker: Arc<OwnedFd>,
}

impl Wire {
    /// Starts to relay. `delay` is how long a frame is on its way; the log that is told began at `utc_ns`
    /// nanoseconds since 1970.
    ///
    /// # Errors
    /// When the system refuses a thread or an eventfd(2).
    pub(crate) fn start(
        ports: Ports,
        delay: Duration,
        rules: &Rules,
        (recorder, utc_ns): (Recorder, u64),
        sampler: Arc<Mutex<Sampler>>,
    ) -> io::Result<Self> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let waker = Arc::new(rustix::event::eventfd(0, flags)?);
        let (commands, inbox) = mpsc::channel();
        let relay = Relay {
            ports,
            traffic: Traffic::new(Instant::now(), delay, rules, recorder.clone()),
            begun: begun(&recorder),
            recorder,
            utc_ns,
            sampler,
            swept: Instant::now(),
            gone: Vec::new(),
        };
        let wakes = Arc::clone(&waker);
        thread::Builder::new()
            .name("wire".to_owned())
            .spawn(move || relay.run(&wakes, &inbox))?;
        Ok(Self { commands, waker })
    }

    /// Has the wire do something, soon.
    pub(crate) fn command(&self, command: Command) {
        // It fails when the wire has ended, and then there is nothing to do.
        if self.commands.send(command).is_ok() {
            let _ = rustix::io::write(&*self.waker, &1_u64.to_ne_bytes());
        }
    }
}
