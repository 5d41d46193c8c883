//! What two captures tell of the way of a packet between them.

use std::collections::HashSet;
use std::net::SocketAddr;

use lineman_proto::wire::Frame;
use lineman_proto::wire::LinkType;

use super::Arrow;
use super::arrow::Between;
use super::scope::Scope;
use crate::log::Host;
use crate::log::Packet;
use crate::pair::Change;
use crate::pair::changes;
use crate::pair::readdressed;

impl Scope {
    /// What is known of a packet's way where it is seen first; `None` if the log is not of two captures.
    pub(super) fn between(&self, packet: &Packet) -> Option<Between> {
        let captures = self.captures.as_ref()?;
        Some(Between {
            absent: packet.absent,
            at: packet.at,
            sent_whole: packet.whole,
            least_ns: captures.half_trip_ns,
            ..Between::default()
        })
    }

    /// A frame with the addresses that it has in the capture nearer to the client, if it has others: so all packets of a
    /// conversation are between the same two ends, whatever translates them.
    pub(super) fn as_client_has(&self, frame: &Frame<'_>, link: LinkType) -> Option<Vec<u8>> {
        let translated = self.captures.as_ref()?.translated?;
        let without_ports = || {
            let (from, to) = frame.addresses()?;
            Some((SocketAddr::new(from, 0), SocketAddr::new(to, 0)))
        };
        let (from, to) = frame.endpoints().or_else(without_ports)?;
        let there = (translated.as_client_has(from), translated.as_client_has(to));
        (there != (from, to)).then(|| readdressed(frame, link, there))
    }
}

/// What is known of a packet's way when it has come as `came`. What changes in each packet alike is told once.
pub(super) fn changed(
    arrow: &Arrow,
    packet: &Packet,
    came: &Frame<'_>,
    told: &mut HashSet<(Host, Change)>,
) -> Option<Between> {
    let between = arrow.between.clone()?;
    let is_part = between.sent_whole.or(packet.whole).is_some();
    let sent = Frame::captured(arrow.link, &arrow.bytes, arrow.wire_len);
    let mut changes = changes(&sent, came, is_part);
    changes.retain(|change| !change.field.is_steady() || told.insert((arrow.from, change.clone())));
    Some(Between {
        came_whole: packet.whole,
        changes,
        ..between
    })
}
