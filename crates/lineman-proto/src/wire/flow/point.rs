//! Where a packet was seen on its way.

use crate::wire::Frame;
use crate::wire::PacketType;

/// What one IP packet shows of the place where it was seen, and of nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Point {
    /// How many hops it may still go.
    hops: u8,
    /// At which interface, and which way it went there; 0 where the link does not say.
    side: u16,
}

impl Point {
    pub(super) fn of(frame: &Frame<'_>) -> Self {
        let v6 = || frame.ipv6().map(|ip| ip.hop_limit());
        let hops = frame.ipv4().map(|ip| ip.ttl()).or_else(v6);
        let side = frame.cooked().map_or(0, |cooked| {
            let way: u16 = match cooked.packet_type() {
                PacketType::FromUs => 2,
                _ => 1,
            };
            // The last byte of the interface's number tells two of them apart.
            way | (cooked.interface().unwrap_or_default() as u16) << 8
        });
        Self {
            hops: hops.unwrap_or_default(),
            side,
        }
    }

    /// Whether one packet may be seen at both: on both sides of a router, or going in at one interface and out at another.
    pub(super) fn is_beside(self, other: Self) -> bool {
        let is_told = self.side != 0 && other.side != 0;
        match self.hops.abs_diff(other.hops) {
            0 => is_told && self.side != other.side,
            1 => true,
            _ => false,
        }
    }
}
