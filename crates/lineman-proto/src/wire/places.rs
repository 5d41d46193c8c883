//! Where a frame has its addresses.

use std::ops::Range;

use super::Frame;
use super::frame::Network;
use super::ip::Ip;
use super::link::Link;

/// What kind of address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carries {
    /// A station's: six bytes.
    Mac,
    /// A host's: four bytes, or sixteen.
    Ip,
}

impl Frame<'_> {
    /// Every address in the headers that were understood, with its place; those of IPv6 routing headers too.
    pub fn carried_addresses(&self) -> impl Iterator<Item = (Carries, Range<usize>)> + use<> {
        let link: &[usize] = match self.link {
            Link::Ethernet(_) => &[0, 6],
            Link::Cooked(cooked) if cooked.source().is_some() => match cooked.header_len() {
                16 => &[6],
                _ => &[12],
            },
            Link::None | Link::Loopback(_) | Link::Cooked(_) => &[],
        };
        let stations = |at: &usize| (Carries::Mac, *at..*at + 6);
        let mut all: Vec<_> = link.iter().map(stations).collect();
        match self.network {
            Network::None => {}
            Network::Arp(arp) => {
                let at = arp.at();
                all.extend([
                    (Carries::Mac, at + 8..at + 14),
                    (Carries::Ip, at + 14..at + 18),
                ]);
                all.extend([
                    (Carries::Mac, at + 18..at + 24),
                    (Carries::Ip, at + 24..at + 28),
                ]);
            }
            Network::Ip(Ip::V4(ip)) => {
                let at = ip.header().at();
                all.extend([12, 16].map(|field| (Carries::Ip, at + field..at + field + 4)));
            }
            Network::Ip(Ip::V6(ip)) => {
                let at = ip.at();
                all.extend([8, 24].map(|field| (Carries::Ip, at + field..at + field + 16)));
                all.extend(ip.routed().into_iter().map(|range| (Carries::Ip, range)));
            }
        }
        all.into_iter()
    }
}
