//! The first reading of both files: how their clocks stand, and when each goes on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use lineman_net::FileId;
use lineman_trace::capture::Conversations;
use lineman_trace::files::Statistics;
use lineman_trace::pair::Clocks;
use lineman_trace::pair::Point;
use lineman_trace::pair::Points;
use lineman_trace::pair::Print;
use lineman_trace::pair::Samples;
use lineman_trace::pair::Span;
use lineman_trace::pair::Unrelated;

use super::super::capture::Capture;
use super::Both;
use super::Related;
use crate::console::Console;
use crate::failure::Failure;

/// Ends what reads files when it is dropped.
#[derive(Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

/// Whether reading is to end.
#[derive(Clone, Debug)]
pub struct Flag(Arc<AtomicBool>);

impl Stop {
    /// What tells the reader.
    pub fn flag(&self) -> Flag {
        Flag(Arc::clone(&self.0))
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Flag {
    /// Whether it is.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What one file has told.
struct Scanned {
    samples: Samples,
    /// The times of its first and last packet.
    times: Option<(u64, u64)>,
    statistics: Statistics,
    id: Option<FileId>,
}

/// Reads both, and compares their clocks.
pub fn scan(
    both: &Both,
    flag: &Flag,
    console: Console,
) -> Result<Result<Related, Unrelated>, Failure> {
    let one = read(&both.files.first, &both.filter, flag, console)?;
    let other = read(&both.files.second, &both.filter, flag, console)?;
    let clocks = match Clocks::of(one.samples, other.samples) {
        Ok(clocks) => clocks,
        Err(why) => return Ok(Err(why)),
    };
    let spans = Points {
        first: span(Point::First, one.times, &one.statistics, &clocks),
        second: span(Point::Second, other.times, &other.statistics, &clocks),
    };
    Ok(Ok(Related {
        clocks,
        spans,
        drops: Points {
            first: one.statistics.dropped(),
            second: other.statistics.dropped(),
        },
        names: Points {
            first: both.files.first.display().to_string(),
            second: both.files.second.display().to_string(),
        },
        ids: one.id.into_iter().chain(other.id).collect(),
    }))
}

fn read(file: &Path, filter: &[String], flag: &Flag, console: Console) -> Result<Scanned, Failure> {
    let (mut capture, _stop, id) = Capture::open(file, filter, false, console)?;
    let (mut all, mut samples) = (Conversations::default(), Samples::new());
    while !flag.is_raised()
        && let Some((packet, sorted)) = capture.next_of(&mut all)
    {
        if let Some(print) = Print::of(&packet) {
            samples.take(&print, sorted, packet.utc_ns);
        }
    }
    let totals = all.totals();
    Ok(Scanned {
        samples,
        times: totals.first_ns.zip(totals.last_ns),
        statistics: capture.end().statistics().clone(),
        id,
    })
}

/// From when to when it goes on, by the first's clock.
fn span(
    point: Point,
    times: Option<(u64, u64)>,
    said: &Statistics,
    clocks: &Clocks,
) -> Option<Span> {
    let (first, last) = times?;
    Some(Span {
        from_ns: clocks.on_first(point, said.from_ns.map_or(first, |from| from.min(first))),
        to_ns: clocks.on_first(point, said.to_ns.map_or(last, |to| to.max(last))),
    })
}
