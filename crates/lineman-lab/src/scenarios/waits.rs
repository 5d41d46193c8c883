//! What scripts wait for: the log tells when it is there.

use std::collections::BTreeSet;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::wire::Flags;
use lineman_proto::wire::Frame;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Packet;
use lineman_trace::log::TcpState;
use lineman_trace::log::Verdict;

use super::Awaited;
use super::Stop;
use super::stage::Stage;

impl Stage<'_> {
    /// Waits until something is in the log.
    pub(super) fn until<T>(
        &self,
        what: Awaited,
        mut find: impl FnMut(&[Event]) -> Option<T>,
    ) -> Result<T, Stop> {
        let mut wait = Wait::new(self, what);
        loop {
            if let Some(found) = self.look(&mut find) {
                return Ok(found);
            }
            self.pause(1)?;
            wait.goes_on()?;
        }
    }

    /// Waits until a connection of the host is, or was, in a state.
    pub(super) fn until_state(&self, host: Host, state: TcpState) -> Result<(), Stop> {
        let is = |event: &Event| match &event.kind {
            Kind::State(it) => it.host == host && it.to == state && it.socket.remote.is_some(),
            _ => false,
        };
        let what = Awaited::State(host, state);
        self.until(what, |events| events.iter().any(is).then_some(()))
    }

    /// Waits until so many frames of a host are delivered in which `find` finds something; gives the
    /// last of it. `what` names such a frame.
    pub(super) fn until_delivered<T>(
        &self,
        what: &'static str,
        from: Host,
        times: usize,
        find: impl Fn(&Frame<'_>) -> Option<T>,
    ) -> Result<T, Stop> {
        self.until(Awaited::Packet(from, what), |events| {
            let mut found = delivered(events, from).filter_map(|frame| find(&frame));
            found.nth(times - 1)
        })
    }

    /// Waits until this many bytes of a host have been delivered, for lessons with one connection.
    pub(super) fn until_bytes(&self, from: Host, wanted: usize) -> Result<(), Stop> {
        self.until(Awaited::Packet(from, "data"), |events| {
            let mut isn = None;
            let ends = delivered(events, from).filter_map(|frame| {
                let tcp = frame.tcp()?;
                if tcp.flags().has(Flags::SYN) {
                    isn = Some(tcp.seq());
                }
                // Behind the SYN, which takes a number.
                let first = tcp.seq().wrapping_sub(isn?).checked_sub(1)?;
                Some(first as usize + tcp.payload().wire_len())
            });
            ends.max().filter(|end| *end >= wanted).map(drop)
        })
    }

    /// What `find` finds in the first frame of a host that is delivered and has it, if there is one yet.
    pub(super) fn delivered<T>(
        &self,
        from: Host,
        find: impl Fn(&Frame<'_>) -> Option<T>,
    ) -> Option<T> {
        self.look(|events| delivered(events, from).find_map(|frame| find(&frame)))
    }

    /// Waits until no packet is on the wire, and nothing has happened for a while.
    pub(super) fn calm(&self) -> Result<(), Stop> {
        let mut count = 0;
        loop {
            self.pause(CALM)?;
            let now = self.until(Awaited::Quiet, |events| {
                on_the_wire(events).is_empty().then_some(events.len())
            })?;
            if now == count {
                return Ok(());
            }
            count = now;
        }
    }
}

/// A wait of a script: it has an end, and when it is long and nothing is seen to happen, it is told of.
pub(super) struct Wait<'s, 'n> {
    stage: &'s Stage<'n>,
    what: Awaited,
    ends: Instant,
    /// When to tell of it; `None` when that was done.
    tells: Option<Instant>,
}

impl<'s, 'n> Wait<'s, 'n> {
    /// One that begins now.
    pub(super) fn new(stage: &'s Stage<'n>, what: Awaited) -> Self {
        let now = stage.now();
        Self {
            stage,
            what,
            ends: now + stage.patience,
            tells: Some(now + LONG),
        }
    }

    /// What the script waits for is not there yet.
    pub(super) fn goes_on(&mut self) -> Result<(), Stop> {
        let now = self.stage.now();
        if now >= self.ends {
            return Err(Stop::Late(self.what));
        }
        if self.tells.is_some_and(|at| now >= at) {
            let idle = |events: &[Event]| on_the_wire(events).is_empty();
            let idle = self.stage.look(idle);
            // What is on the wire is seen, and may be what a person has to decide about.
            self.tells = (!idle).then_some(now + AGAIN);
            if idle {
                self.stage.note(self.what.note())?;
            }
        }
        Ok(())
    }
}

/// The frames of a host that were delivered.
fn delivered(events: &[Event], from: Host) -> impl Iterator<Item = Frame<'_>> {
    packets(events)
        .filter(move |packet| packet.from == from && packet.verdict == Verdict::Delivered)
        .filter_map(|packet| bytes_of(events, packet.id))
        .map(Frame::parse)
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
            Verdict::Held | Verdict::Repeated { .. } | Verdict::Captured => false,
        };
    }
    under_way
}

/// After so long without anything, in milliseconds, nothing more comes: a delayed ACK takes 40, a
/// look at sockets that no packet concerns 200.
const CALM: u64 = 250;

/// After so long a reader wonders whether anything goes on. No timer that a lesson is about takes longer
/// without loss.
const LONG: Duration = Duration::from_secs(4);
/// When to look again, where a packet was on its way: time-outs are of that order.
const AGAIN: Duration = Duration::from_secs(1);
