//! Packets that are to be put in order.

use super::Blank;
use super::Chance;
use super::Field;
use super::is_sent;
use crate::story::Arrow;
use crate::story::Fate;
use crate::story::Row;

/// So many packets are shuffled at most: one letter each, and few enough to be seen at once.
const MOST: usize = 8;
/// Of fewer there is nothing to put in order.
const FEWEST: usize = 3;
/// So often another order is tried that is not right by itself.
const TRIES: usize = 16;

/// The rows of the first packets, in an order that is wrong; none if there is no such order. What the blanks ask for is
/// not shown of them.
pub(super) fn shuffled(rows: &[Row], blanks: &[Blank], chance: &mut Chance) -> Vec<usize> {
    let all = rows.iter().enumerate();
    let sent = all.filter(|(_, row)| row.arrow.as_ref().is_some_and(is_sent));
    let mut list: Vec<usize> = sent.map(|(at, _)| at).take(MOST).collect();
    if list.len() < FEWEST {
        return Vec::new();
    }
    for _ in 0..TRIES {
        chance.shuffle(&mut list);
        if violated(rows, blanks, &list).is_some() {
            return list;
        }
    }
    Vec::new()
}

/// The first packet that stands before one that must come earlier: these two places of the list. `None` if the order is
/// right.
///
/// What one host sends has its order. What the other sends has it only as far as one has arrived before the other
/// was sent: packets that crossed on the wire may stand either way. Those that look the same are the same.
pub(super) fn violated(rows: &[Row], blanks: &[Blank], list: &[usize]) -> Option<(usize, usize)> {
    let list = told_apart(rows, blanks, list);
    let arrow = |at: usize| rows[list[at]].arrow.as_ref();
    for late in 0..list.len() {
        let mut behind = late + 1..list.len();
        let earlier = behind.find(|early| match (arrow(*early), arrow(late)) {
            (Some(early), Some(late)) => precedes(early, late),
            _ => false,
        });
        if let Some(early) = earlier {
            return Some((late, early));
        }
    }
    None
}

/// Whether `one` was certainly before `other`, so that a reader who sees both can tell.
fn precedes(one: &Arrow, other: &Arrow) -> bool {
    if one.from == other.from || one.fate == Fate::Captured {
        return (one.sent_ns, one.id) < (other.sent_ns, other.id);
    }
    let arrived = one.decided_ns.filter(|_| one.fate == Fate::Delivered);
    arrived.is_some_and(|arrived| arrived <= other.sent_ns)
}

/// The same list, in which packets that look the same stand in the order in which they were sent: a learner cannot tell them apart.
fn told_apart(rows: &[Row], blanks: &[Blank], list: &[usize]) -> Vec<usize> {
    let mut told = list.to_vec();
    for at in 0..told.len() {
        let mut least = at;
        for later in at + 1..told.len() {
            if looks_like(rows, blanks, told[later], told[least]) && told[later] < told[least] {
                least = later;
            }
        }
        told.swap(at, least);
    }
    told
}

/// Whether a learner who does not see when two packets were sent cannot tell them apart.
fn looks_like(rows: &[Row], blanks: &[Blank], one: usize, other: usize) -> bool {
    let numbers = |row: usize, arrow: &Arrow| {
        let shown = |field| !blanks.contains(&Blank { row, field });
        let (segment, place) = arrow.seen.segment().zip(arrow.place)?;
        Some((
            shown(Field::Flags).then_some(segment.flags),
            shown(Field::Seq).then_some(place.seq),
            shown(Field::Ack).then_some(place.ack),
            segment.len,
        ))
    };
    let numbers = |row: usize| {
        rows[row]
            .arrow
            .as_ref()
            .map(|arrow| (arrow, numbers(row, arrow)))
    };
    let (Some((one, own)), Some((other, others))) = (numbers(one), numbers(other)) else {
        return false;
    };
    let same = match (own, others) {
        (None, None) => one.seen.what == other.seen.what,
        (one, other) => one == other,
    };
    one.from == other.from && same
}
