//! What a script is written with.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::net::SocketAddrV4;
use std::sync::Mutex;
use std::time::Duration;

use lineman_proto::wire::Frame;

use super::Witness;
use crate::LabError;
use crate::hosts::Call;
use crate::hosts::Family;
use crate::hosts::Outcome;
use crate::hosts::Transport;
use crate::link;
use crate::log::Event;
use crate::log::Host;
use crate::log::Kind;
use crate::log::Note;
use crate::log::Packet;
use crate::log::TcpState;
use crate::log::Verdict;
use crate::network::Network;
use crate::recorder::locked;
use crate::wire::Command;

/// Why a scenario was not played to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Stop {
    /// The lab has ended.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// A call came to another end than the script can go on with: with rules of one's own it may.
    #[error("{call} returned {outcome:?}")]
    Outcome {
        /// The call's name.
        call: &'static str,
        /// What came of it.
        outcome: Outcome,
    },
    /// Something did not happen in time.
    #[error("{0} did not come")]
    Late(&'static str),
}

/// The lab, with what scripts have in common. Two programs may use it at once.
pub(super) struct Stage<'n> {
    network: Mutex<&'n mut dyn Network>,
    witness: &'n Witness,
}

impl<'n> Stage<'n> {
    pub(super) fn new(network: &'n mut dyn Network, witness: &'n Witness) -> Self {
        let network = Mutex::new(network);
        Self { network, witness }
    }

    /// Begins a call.
    pub(super) fn post(&self, host: Host, call: Call) -> Result<Posted, Stop> {
        let name = call.name();
        let number = locked(&self.network).call(host, call)?;
        Ok(Posted { name, number })
    }

    /// Makes a call, whatever comes of it.
    pub(super) fn call(&self, host: Host, call: Call) -> Result<Outcome, Stop> {
        self.post(host, call)
            .and_then(|posted| self.answer(&posted))
    }

    /// Makes a call that must succeed.
    pub(super) fn done(&self, host: Host, call: Call) -> Result<(), Stop> {
        let name = call.name();
        match self.call(host, call)? {
            outcome @ Outcome::Failed(_) => Err(Stop::Outcome {
                call: name,
                outcome,
            }),
            _ => Ok(()),
        }
    }

    /// What a call came to.
    pub(super) fn answer(&self, posted: &Posted) -> Result<Outcome, Stop> {
        let outcome = self.answer_within(posted, PATIENCE)?;
        outcome.ok_or(Stop::Late(posted.name))
    }

    /// What a call came to, if it has by then.
    pub(super) fn answer_within(
        &self,
        posted: &Posted,
        mut limit: Duration,
    ) -> Result<Option<Outcome>, Stop> {
        loop {
            if self.witness.is_over() {
                return Err(LabError::Ended.into());
            }
            // In parts: the other program wants its turn.
            let part = limit.min(PART);
            let outcome = locked(&self.network).outcome(posted.number, part)?;
            limit -= part;
            if outcome.is_some() || limit.is_zero() {
                return Ok(outcome);
            }
        }
    }

    /// The descriptor that a call came to.
    pub(super) fn descriptor(&self, posted: &Posted) -> Result<i32, Stop> {
        let outcome = self.answer(posted)?;
        let call = posted.name;
        outcome.descriptor().ok_or(Stop::Outcome { call, outcome })
    }

    pub(super) fn wire(&self, command: Command) -> Result<(), Stop> {
        Ok(locked(&self.network).wire(command)?)
    }

    pub(super) fn note(&self, note: Note) -> Result<(), Stop> {
        Ok(locked(&self.network).note(note)?)
    }

    pub(super) fn pause(&self, millis: u64) -> Result<(), Stop> {
        for _ in 0..millis {
            if self.witness.is_over() {
                return Err(LabError::Ended.into());
            }
            locked(&self.network).pass(PART)?;
        }
        Ok(())
    }

    /// Waits until something is in the log.
    pub(super) fn until<T>(
        &self,
        what: &'static str,
        mut find: impl FnMut(&[Event]) -> Option<T>,
    ) -> Result<T, Stop> {
        let parts = PATIENCE.as_millis() / PART.as_millis();
        for _ in 0..parts {
            if let Some(found) = self.witness.look(&mut find) {
                return Ok(found);
            }
            self.pause(1)?;
        }
        Err(Stop::Late(what))
    }

    /// Waits until a connection of the host is, or was, in a state.
    pub(super) fn until_state(&self, host: Host, state: TcpState) -> Result<(), Stop> {
        let is = |event: &Event| match &event.kind {
            Kind::State(it) => it.host == host && it.to == state && it.socket.remote.is_some(),
            _ => false,
        };
        self.until(state.name(), |events| events.iter().any(is).then_some(()))
    }

    /// Waits until so many frames of a host are delivered in which `find` finds something; gives the
    /// last of it.
    pub(super) fn until_delivered<T>(
        &self,
        what: &'static str,
        from: Host,
        times: usize,
        find: impl Fn(&Frame<'_>) -> Option<T>,
    ) -> Result<T, Stop> {
        let delivered =
            |packet: &&Packet| packet.from == from && packet.verdict == Verdict::Delivered;
        self.until(what, |events| {
            packets(events)
                .filter(delivered)
                .filter_map(|packet| bytes_of(events, packet.id))
                .filter_map(|bytes| find(&Frame::parse(bytes)))
                .nth(times - 1)
        })
    }

    /// Waits until no packet is on the wire, and nothing has happened for a while.
    pub(super) fn calm(&self) -> Result<(), Stop> {
        let mut count = 0;
        loop {
            self.pause(CALM)?;
            let now = self.until("calm", |events| {
                on_the_wire(events).is_empty().then_some(events.len())
            })?;
            if now == count {
                return Ok(());
            }
            count = now;
        }
    }

    pub(super) fn socket(&self, host: Host, transport: Transport) -> Result<i32, Stop> {
        let family = Family::Inet;
        let posted = self.post(host, Call::Socket { family, transport })?;
        self.descriptor(&posted)
    }

    /// A socket with an address.
    pub(super) fn bound(&self, host: Host, transport: Transport, port: u16) -> Result<i32, Stop> {
        let fd = self.socket(host, transport)?;
        let address = address(host, port);
        self.done(host, Call::Bind { fd, address })?;
        Ok(fd)
    }

    /// A socket of the server that listens.
    pub(super) fn listen(&self, backlog: i32) -> Result<i32, Stop> {
        let fd = self.bound(Host::Server, Transport::Stream, PORT)?;
        self.done(Host::Server, Call::Listen { fd, backlog })?;
        Ok(fd)
    }

    /// A connection: the client's descriptor, and the server's.
    pub(super) fn connect(&self) -> Result<(i32, i32), Stop> {
        let fd = self.listen(BACKLOG)?;
        self.connect_to(fd)
    }

    /// A connection to a socket that listens.
    pub(super) fn connect_to(&self, listener: i32) -> Result<(i32, i32), Stop> {
        let accepted = self.post(Host::Server, Call::Accept { fd: listener })?;
        let client = self.socket(Host::Client, Transport::Stream)?;
        self.done(Host::Client, to_server(client))?;
        Ok((client, self.descriptor(&accepted)?))
    }

    pub(super) fn send(&self, host: Host, fd: i32, text: &str) -> Result<(), Stop> {
        let data = text.into();
        self.done(host, Call::Send { fd, data })
    }

    /// Receives until so many bytes are there, or the end.
    pub(super) fn receive(&self, host: Host, fd: i32, size: usize) -> Result<(), Stop> {
        let mut got = 0;
        while got < size {
            let size = RECEIVE;
            match self.call(host, Call::Recv { fd, size })? {
                Outcome::Bytes(bytes) if !bytes.is_empty() => got += bytes.len(),
                outcome => {
                    let call = "recv";
                    return Err(Stop::Outcome { call, outcome });
                }
            }
        }
        Ok(())
    }

    /// Receives the end of what the peer sends.
    pub(super) fn hear_the_end(&self, host: Host, fd: i32) -> Result<(), Stop> {
        let size = RECEIVE;
        match self.call(host, Call::Recv { fd, size })? {
            Outcome::Bytes(bytes) if bytes.is_empty() => Ok(()),
            outcome => Err(Stop::Outcome {
                call: "recv",
                outcome,
            }),
        }
    }

    pub(super) fn close(&self, host: Host, fd: i32) -> Result<(), Stop> {
        self.done(host, Call::Close { fd })
    }
}

/// A call that was begun.
pub(super) struct Posted {
    name: &'static str,
    number: u64,
}

/// An address of a host.
pub(super) fn address(host: Host, port: u16) -> SocketAddr {
    SocketAddrV4::new(link::addresses(host).v4, port).into()
}

/// A call to the server.
pub(super) fn to_server(fd: i32) -> Call {
    let address = address(Host::Server, PORT);
    Call::Connect { fd, address }
}

fn packets(events: &[Event]) -> impl Iterator<Item = &Packet> {
    events.iter().filter_map(|event| match &event.kind {
        Kind::Packet(packet) => Some(packet),
        _ => None,
    })
}

/// What a packet was sent as.
fn bytes_of(events: &[Event], id: u64) -> Option<&[u8]> {
    packets(events)
        .find(|packet| packet.id == id && packet.verdict == Verdict::Sent)
        .and_then(|packet| packet.bytes.as_deref())
}

/// The packets that are under way.
fn on_the_wire(events: &[Event]) -> BTreeSet<u64> {
    let mut under_way = BTreeSet::new();
    for packet in packets(events) {
        match packet.verdict {
            Verdict::Sent => under_way.insert(packet.id),
            Verdict::Duplicated { copy } => under_way.insert(copy),
            Verdict::Delivered | Verdict::Dropped => under_way.remove(&packet.id),
            Verdict::Held | Verdict::Repeated { .. } => false,
        };
    }
    under_way
}

/// Where the server listens.
pub(super) const PORT: u16 = 9000;
pub(super) const BACKLOG: i32 = 5;
/// How long one program keeps the other from its turn.
const PART: Duration = Duration::from_millis(1);
/// How much is received at once.
const RECEIVE: u32 = 4096;
/// Longer than any clock that a script waits for, on a slow wire and a busy machine too.
const PATIENCE: Duration = Duration::from_secs(30);
/// After so long without anything, in milliseconds, nothing more comes: a delayed ACK takes 40, a
/// look at sockets that no packet concerns 200.
const CALM: u64 = 250;
