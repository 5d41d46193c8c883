//! The states that the tracker deduces from packets alone, held against those that the kernel tells of
//! both ends, after every packet: in random conversations over a random wire.
//!
//! A *run* is a script of socket calls and the rules of the wire, drawn from a seed; some runs in a row are a
//! *batch*, and have a lab with settings of their own. What a run was is in the lab's log; its seed draws
//! the same script and rules again, but not the same log: the kernel's clocks and chance are not ours.

pub mod captures;
pub mod compare;
pub mod connection;
pub mod draw;
pub mod explain;
pub mod keep;
pub mod play;
pub mod script;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;

use lineman_lab::Program;
use lineman_trace::log::Event;

use compare::Compared;
use compare::Lens;
use play::Spoilt;
use script::Batch;

/// How many runs share a lab. One takes a tenth of a second to start; connections in TIME-WAIT make each look at
/// all sockets slower.
pub const RUNS_IN_A_LAB: u64 = 20;

/// How often a batch is played at most until there is a log of it.
pub const PLAYS: u32 = 3;

/// What came of many runs.
#[derive(Debug, Default)]
pub struct Totals {
    /// How many scripts were played.
    pub runs: u64,
    /// How many packets were sent.
    pub packets: u64,
    /// What came of the comparisons, by what the tracker was given to see.
    pub seen: BTreeMap<&'static str, Compared>,
    /// Where logs with unexplained differences are kept.
    pub kept: Vec<String>,
    /// The batches that these are of.
    pub doubtful: Vec<u64>,
    /// How often a batch was played in vain, and for what: none of it is counted above, and it was played again.
    pub spoilt: BTreeMap<Spoilt, u64>,
    /// Batches that were played in vain each time.
    pub hung: Vec<u64>,
}

impl Totals {
    /// How many differences nobody can explain.
    pub fn unexplained(&self) -> usize {
        self.seen.values().map(|it| it.unexplained.len()).sum()
    }

    /// Whether nothing is unexplained, and all was played.
    pub fn is_good(&self) -> bool {
        self.unexplained() == 0 && self.hung.is_empty()
    }

    fn add(&mut self, runs: u64, packets: u64, seen: Vec<(&'static str, Compared)>) {
        self.runs += runs;
        self.packets += packets;
        for (name, compared) in seen {
            self.seen.entry(name).or_default().add(compared);
        }
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} runs, {} packets", self.runs, self.packets)?;
        for (name, compared) in &self.seen {
            writeln!(f, "{name}:\n{compared}")?;
        }
        for path in &self.kept {
            writeln!(f, "kept: {path}")?;
        }
        for (Spoilt(why), times) in &self.spoilt {
            writeln!(
                f,
                "played in vain, discarded and played again: {times} ({why})"
            )?;
        }
        for number in &self.hung {
            writeln!(f, "batch {number} was played in vain {PLAYS} times")?;
        }
        Ok(())
    }
}

/// Plays the runs of these seeds, in so many labs at once, and compares. `from` and `count` are rounded to
/// whole batches.
pub fn run(
    program: &Program,
    from: u64,
    count: u64,
    labs: usize,
    heard: &(dyn Fn(&Totals) + Sync),
) -> Totals {
    let first = from / RUNS_IN_A_LAB;
    let last = (from + count).div_ceil(RUNS_IN_A_LAB);
    let next = AtomicU64::new(first);
    let totals = Mutex::new(Totals::default());
    thread::scope(|scope| {
        for _ in 0..labs {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= last {
                        return;
                    }
                    one(program, &Batch::of(number), &totals);
                    heard(&totals.lock().expect("totals"));
                }
            });
        }
    });
    totals.into_inner().expect("totals")
}

/// Plays the run of one seed again, alone, with its batch's settings.
pub fn again(program: &Program, seed: u64) -> Totals {
    let totals = Mutex::new(Totals::default());
    one(program, &Batch::of_one(seed), &totals);
    totals.into_inner().expect("totals")
}

/// Plays a batch again, with the same scripts, rules and settings.
pub fn batch_again(program: &Program, number: u64) -> Totals {
    let totals = Mutex::new(Totals::default());
    one(program, &Batch::of(number), &totals);
    totals.into_inner().expect("totals")
}

/// Compares what was kept of a batch with what the tracker deduces of it now. The same captures begin late.
pub fn compare_kept(directory: &Path) -> io::Result<Totals> {
    let (number, events) = keep::kept(directory)?;
    let mut totals = Totals::default();
    let seen = seen(number, &events);
    totals.add(RUNS_IN_A_LAB, compare::packets(&events), seen);
    Ok(totals)
}

/// The comparisons in all views.
pub fn seen(number: u64, events: &[Event]) -> Vec<(&'static str, Compared)> {
    let all = Lens::all(number).into_iter();
    all.map(|(name, lens)| (name, compare::compare(events, &lens)))
        .collect()
}

fn one(program: &Program, batch: &Batch, totals: &Mutex<Totals>) {
    let Some(events) = played(program, batch, totals) else {
        let mut totals = totals.lock().expect("totals");
        return totals.hung.push(batch.number);
    };
    let seen = seen(batch.number, &events);
    let kept = keep::keep_if_unexplained(batch, &events, &seen);
    let packets = compare::packets(&events);
    let mut totals = totals.lock().expect("totals");
    totals.add(batch.scripts.len() as u64, packets, seen);
    totals
        .doubtful
        .extend(kept.is_some().then_some(batch.number));
    totals.kept.extend(kept);
}

/// The log of a batch; `None` if it was played in vain each time. A machine that stands still spoils one; a lab that hangs
/// does so again.
fn played(program: &Program, batch: &Batch, totals: &Mutex<Totals>) -> Option<Vec<Event>> {
    for _ in 0..PLAYS {
        match play::play(program, batch) {
            Ok(events) => return Some(events),
            Err(spoilt) => {
                eprintln!("batch {}: {}; discarded", batch.number, spoilt.0);
                let mut totals = totals.lock().expect("totals");
                *totals.spoilt.entry(spoilt).or_default() += 1;
            }
        }
    }
    None
}
