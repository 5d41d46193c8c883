//! What scripts wait for: the log tells when it is there.

use std::collections::BTreeSet;

use lineman_proto::wire::Frame;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Packet;
use lineman_trace::log::TcpState;
use lineman_trace::log::Verdict;

use super::Stop;
use super::stage::Stage;

impl Stage<'_> {
    /// Waits until something is in the log.
    pub(super) fn until<T>(
        &self,
        what: &'static str,
        mut find: impl FnMut(&[Event]) -> Option<T>,
    ) -> Result<T, Stop> {
        let late = self.now() + self.patience;
        loop {
            if let Some(found) = self.look(&mut find) {
                return Ok(found);
            }
            if self.now() >= late {
                return Err(Stop::Late(what));
            }
            self.pause(1)?;
        }
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

/// After so long without anything, in milliseconds, nothing more comes: a delayed ACK takes 40, a
/// look at sockets that no packet concerns 200.
const CALM: u64 = 250;
