//! The packets of both captures in the order of their times.

use lineman_trace::capture::Captured;
use lineman_trace::capture::Conversations;
use lineman_trace::pair::Clocks;
use lineman_trace::pair::Point;
use lineman_trace::pair::Points;
use lineman_trace::pair::Print;
use lineman_trace::pair::Sight;

use super::super::capture::Capture;
use super::super::capture::End;
use super::super::input::Stop;
use super::Both;
use crate::console::Console;
use crate::failure::Failure;

/// Both captures, read at once.
pub struct Merged<'a, T> {
    clocks: &'a Clocks,
    captures: Points<Capture>,
    /// An input ends when its stop is dropped.
    _stops: Points<Stop>,
    all: Points<Conversations>,
    heads: Points<Option<Sight<T>>>,
    /// The conversation of each that is wanted; all if `None`.
    only: Option<Points<u64>>,
    keep: fn(&Captured<'_>) -> T,
}

impl<'a, T> Merged<'a, T> {
    /// Opens both. `keep` makes of a packet what is to be kept of it.
    ///
    /// # Errors
    /// When the system refuses, or one is no capture.
    pub fn open(
        both: &Both,
        clocks: &'a Clocks,
        only: Option<Points<u64>>,
        keep: fn(&Captured<'_>) -> T,
        console: Console,
    ) -> Result<Self, Failure> {
        let open = |point: Point| {
            let (capture, stop, _) =
                Capture::open(&both.files[point], &both.filter, false, console)?;
            Ok((capture, stop))
        };
        let (first, second) = (open(Point::First)?, open(Point::Second)?);
        let mut merged = Self {
            clocks,
            captures: Points {
                first: first.0,
                second: second.0,
            },
            _stops: Points {
                first: first.1,
                second: second.1,
            },
            all: Points::default(),
            heads: Points::default(),
            only,
            keep,
        };
        for point in Point::BOTH {
            merged.heads[point] = merged.read(point);
        }
        Ok(merged)
    }

    /// The next packet of either that could be recognised in the other.
    pub fn next(&mut self) -> Option<Sight<T>> {
        let at = |point: Point| self.heads[point].as_ref().map(|sight| sight.at_ns);
        let point = match (at(Point::First), at(Point::Second)) {
            (Some(one), Some(other)) if other < one => Point::Second,
            (Some(_), _) => Point::First,
            (None, _) => Point::Second,
        };
        let next = self.read(point);
        std::mem::replace(&mut self.heads[point], next)
    }

    /// What is known of the conversations of both, and how the reading has ended.
    pub fn finish(self) -> (Points<Conversations>, Points<End>) {
        let ends = Points {
            first: self.captures.first.end(),
            second: self.captures.second.end(),
        };
        (self.all, ends)
    }

    fn read(&mut self, point: Point) -> Option<Sight<T>> {
        loop {
            let (packet, sorted) = self.captures[point].next_of(&mut self.all[point])?;
            let (Some(utc_ns), Some(conversation)) = (packet.utc_ns, sorted.conversation) else {
                continue;
            };
            if self.only.is_some_and(|only| only[point] != conversation) {
                continue;
            }
            let Some(print) = Print::of(&packet) else {
                continue;
            };
            return Some(Sight {
                point,
                at_ns: self.clocks.on_first(point, utc_ns),
                number: sorted.number,
                conversation,
                from: sorted.from,
                print,
                kept: (self.keep)(&packet),
            });
        }
    }
}
