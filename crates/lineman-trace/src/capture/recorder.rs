//! Packets of a capture as events of a log.

use super::Captured;
use super::Conversation;
use crate::log::Event;
use crate::log::Host;
use crate::log::Kind;
use crate::log::LinkType;
use crate::log::Machine;
use crate::log::Origin;
use crate::log::Packet;
use crate::log::Start;
use crate::log::VERSION;
use crate::log::Verdict;

/// Gives each event its number and its time, in the order in which they are told.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    next: u64,
    /// When the log begins: nanoseconds since 1970.
    begun_ns: u64,
    /// The time of the last event, since then.
    now_ns: u64,
    link: LinkType,
}

impl Recorder {
    /// A log that has not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first event of a log that begins with this packet. `system` says where it was captured, if that is
    /// known; `about` is the conversation that the log is about, if it is about one: its ends are the log's hosts.
    pub fn start(
        &mut self,
        system: &str,
        first: &Captured<'_>,
        about: Option<&Conversation>,
    ) -> Event {
        self.begun_ns = first.utc_ns.unwrap_or_default();
        self.link = first.link;
        let ends = about.map(|about| about.ends);
        let machine = |role: Host| {
            ends.map(|ends| Machine {
                name: role.name().to_owned(),
                role: Some(role),
                addresses: vec![ends[role].ip()],
            })
        };
        let hosts = [Host::Client, Host::Server].into_iter();
        let start = Start {
            version: VERSION,
            scenario: None,
            origin: Origin::Inferred,
            system: system.to_owned(),
            utc_ns: self.begun_ns,
            link: self.link,
            hosts: hosts.filter_map(machine).collect(),
            captures: None,
        };
        self.event(None, Kind::Start(start))
    }

    /// A packet of the capture: which one it is in the capture, and which of the two has sent it.
    pub fn packet(&mut self, number: u64, from: Host, packet: &Captured<'_>) -> Event {
        let bytes = Some(packet.bytes.to_vec());
        let cut = (packet.bytes.len() as u64) < u64::from(packet.wire_len);
        let mut told = Packet::new(number, from, Verdict::Captured, bytes);
        told.wire_len = cut.then_some(packet.wire_len);
        told.checksum_pending = packet.checksum_pending;
        told.link = (packet.link != self.link).then_some(packet.link);
        let mut event = self.event(packet.utc_ns, Kind::Packet(told));
        let told_ns = self.begun_ns.saturating_add(event.t_ns);
        if let Kind::Packet(told) = &mut event.kind {
            told.stamp_ns = packet.utc_ns.filter(|stamp_ns| *stamp_ns != told_ns);
        }
        event
    }

    /// Anything else that happened then; without a time, when the event before it did. Times of a log never
    /// decrease.
    pub fn event(&mut self, utc_ns: Option<u64>, kind: Kind) -> Event {
        let t_ns = utc_ns.map_or(0, |utc_ns| utc_ns.saturating_sub(self.begun_ns));
        self.now_ns = self.now_ns.max(t_ns);
        let n = self.next;
        self.next += 1;
        Event {
            n,
            t_ns: self.now_ns,
            kind,
        }
    }

    /// The last event.
    pub fn end(&mut self) -> Event {
        self.event(None, Kind::End)
    }
}
