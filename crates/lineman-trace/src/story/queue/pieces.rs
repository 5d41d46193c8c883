//! Pieces of datagrams: a call that receives one waits for the last of its pieces.

use std::collections::HashMap;
use std::collections::HashSet;
use std::net::IpAddr;

use super::Queue;
use crate::log::Host;
use crate::story::Arrow;
use crate::story::What;

/// Of which datagram something is a piece: its ends, and the identification that all pieces have.
type Whole = (Option<IpAddr>, Option<IpAddr>, u32);

impl Queue {
    /// The pieces above a row that will make datagrams for a host whole: of each that has left with its last piece, the last of those that
    /// are on their way.
    pub(super) fn completing(&self, place: usize, host: Host) -> Vec<u64> {
        let arrows = self.rows.range(..place).map(|open| &open.row.arrow);
        let theirs = arrows.flatten().filter(|arrow| arrow.from != host);
        let (mut has_left, mut last) = (HashSet::new(), HashMap::new());
        for (arrow, whole) in theirs.filter_map(|arrow| Some((arrow, piece_of(arrow)?))) {
            if arrow.is_under_way() {
                last.insert(whole, arrow.id);
            }
            if matches!(&arrow.seen.what, What::Piece(piece) if !piece.more) {
                has_left.insert(whole);
            }
        }
        last.retain(|whole, _| has_left.contains(whole));
        last.into_values().collect()
    }
}

/// Of which datagram a packet is a piece, if it is one.
pub(super) fn piece_of(arrow: &Arrow) -> Option<Whole> {
    let id = match &arrow.seen.what {
        What::Udp(datagram) if datagram.in_pieces => datagram.piece_of?,
        What::Piece(piece) => piece.id,
        _ => return None,
    };
    let [from, to] = [arrow.seen.from, arrow.seen.to].map(|end| end.map(|end| end.ip()));
    Some((from, to, id))
}
