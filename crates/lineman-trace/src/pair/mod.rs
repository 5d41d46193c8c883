//! Two captures of the same traffic, taken at two points: which packet of one is which of the other.
//!
//! A packet is recognised by what nothing on its way changes ([`Print`]): numbers of TCP, lengths, what it carries.
//! [`Samples`] of both captures tell how their clocks stand to each other ([`Clocks`]). The [`Matcher`] takes the packets of both in
//! their order, by one clock, and tells of each what became of it ([`Outcome`]). [`Recorder`] makes one log of that: a
//! packet is *sent* when it passes the first point and *delivered* when it passes the second, so that every view shows
//! what no single capture can.
//!
//! Memory is bounded by what is under way at once, and by [`Limits`].

mod absence;
mod changes;
mod clocks;
mod envelope;
mod lane;
mod matcher;
mod pieces;
mod point;
mod print;
mod ranges;
mod recorder;
mod rewrite;
mod samples;
mod sides;
mod tally;
mod ticket;
mod told;

pub use absence::Span;
pub use changes::Change;
pub use changes::Field;
pub use changes::changes;
pub use clocks::Clocks;
pub use clocks::Drift;
pub use matcher::Limits;
pub use matcher::Matcher;
pub use matcher::Setting;
pub use point::Point;
pub use point::Points;
pub use print::Print;
pub use recorder::Kept;
pub use recorder::Recorder;
pub(crate) use rewrite::readdressed;
pub use samples::Samples;
pub use samples::Unrelated;
pub use tally::Crossing;
pub use tally::Tally;
pub use ticket::Met;
pub use ticket::Outcome;
pub use ticket::Part;
pub use ticket::Sight;
pub use told::notes;
