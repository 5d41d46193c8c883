//! Why the other capture does not have a packet.

use super::Point;
use super::Points;
use crate::log::Absent;

/// From when to when a capture went on, in nanoseconds by the first's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When its first packet came, or earlier if the file says so.
    pub from_ns: i64,
    /// When its last packet came, or later if the file says so.
    pub to_ns: i64,
}

/// What is known of both captures that may be why one does not have a packet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    pub(super) spans: Points<Option<Span>>,
    /// Whether the capturing itself has lost packets.
    pub(super) dropped: Points<bool>,
}

impl Known {
    /// Why a packet that `point` has at that time need not be in the other capture; `None` if it should be there. `sender` is
    /// the point that its sender is nearer to, `most_ns` how long packets are on their way at most.
    pub(super) fn excuse(
        &self,
        point: Point,
        at_ns: i64,
        sender: Option<Point>,
        most_ns: i64,
    ) -> Option<Absent> {
        let other = point.other();
        let before = if sender == Some(point) { 0 } else { most_ns };
        let behind = if sender == Some(other) { 0 } else { most_ns };
        let in_time = self.spans[other].is_some_and(|span| {
            span.from_ns <= at_ns.saturating_sub(before)
                && at_ns.saturating_add(behind) <= span.to_ns
        });
        match (in_time, self.dropped[other]) {
            (false, _) => Some(Absent::OtherTime),
            (true, true) => Some(Absent::CaptureDropped),
            (true, false) => None,
        }
    }
}
