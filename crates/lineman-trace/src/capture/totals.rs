//! What all packets of a capture come to.

use std::collections::BTreeMap;

use lineman_proto::wire::Flaw;
use lineman_proto::wire::Frame;

use super::Captured;

/// How many numbers of protocols are told apart; further ones count as 0.
const MOST_OTHERS: usize = 64;
/// Below this, the number in an Ethernet header is a length (IEEE 802.3 §3.2.6).
const FIRST_ETHER_TYPE: u16 = 0x0600;

/// All packets of a capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many packets.
    pub packets: u64,
    /// How many bytes they had on the wire.
    pub bytes: u64,
    /// The earliest time: nanoseconds since 1970.
    pub first_ns: Option<u64>,
    /// The latest.
    pub last_ns: Option<u64>,
    /// How many have no time.
    pub untimed: u64,
    /// How many conversations there are.
    pub conversations: u64,
    /// How many of these had to leave the table before the end.
    pub displaced: u64,
    /// How many packets have a header that contradicts itself, or is too short.
    pub malformed: u64,
    /// Of how many the capture has kept only a part.
    pub cut: u64,
    /// Of how many it has kept less than their headers: what they are is not known.
    pub headless: u64,
    /// How many are on a kind of link that is not known here: nothing of them is.
    pub unknown_link: u64,
    /// Packets that belong to no conversation, by the number of their protocol (EtherType); 0 are those of
    /// IEEE 802.3, and those of further numbers when there are more than are told apart.
    pub others: BTreeMap<u16, u64>,
}

impl Totals {
    /// Counts a packet, whatever it is.
    pub(super) fn take(&mut self, packet: &Captured<'_>, malformed: bool) {
        self.packets += 1;
        self.bytes += u64::from(packet.wire_len);
        match packet.utc_ns {
            Some(at_ns) => {
                self.first_ns = Some(self.first_ns.map_or(at_ns, |first| first.min(at_ns)));
                self.last_ns = Some(self.last_ns.map_or(at_ns, |last| last.max(at_ns)));
            }
            None => self.untimed += 1,
        }
        self.cut += u64::from(packet.bytes.len() < packet.wire_len as usize);
        self.malformed += u64::from(malformed);
    }

    /// A packet that belongs to no conversation.
    pub(super) fn other(&mut self, packet: &Captured<'_>, frame: &Frame<'_>) {
        match frame.flaw() {
            _ if !packet.link.is_known() => self.unknown_link += 1,
            Some((_, Flaw::Cut)) if frame.layers().count() < 2 => self.headless += 1,
            Some((_, Flaw::Malformed(_))) => {}
            _ => {
                let number = ether_type(frame);
                let known = self.others.contains_key(&number);
                let number = match known || self.others.len() < MOST_OTHERS {
                    true => number,
                    false => 0,
                };
                *self.others.entry(number).or_default() += 1;
            }
        }
    }
}

fn ether_type(frame: &Frame<'_>) -> u16 {
    let ethernet = frame.ethernet().map(|it| it.ether_type());
    let number = ethernet.or_else(|| frame.cooked().map(|it| it.protocol()));
    number
        .filter(|number| *number >= FIRST_ETHER_TYPE)
        .unwrap_or(0)
}
