//! One boot of a machine: its requests in order, and how far it has come.

use std::mem::size_of;
use std::time::Duration;
use std::time::Instant;

use super::Firmware;
use super::Outcome;
use super::Protocol;
use super::Role;
use crate::tftp::Direction;

/// The requests of one boot.
#[derive(Debug)]
pub struct Boot<W> {
    began: Instant,
    /// When something was last heard of it.
    heard: Instant,
    records: Vec<Record>,
    /// The names of all records, one behind the other.
    names: Vec<u8>,
    left_out: u32,
    /// What the caller keeps of the last request that was not fulfilled.
    note: Option<W>,
    /// When that request came, in milliseconds since the beginning.
    noted: u32,
}

/// A request as it is kept: 24 bytes and its name.
#[derive(Clone, Copy, Debug)]
struct Record {
    bytes: u64,
    /// Milliseconds since the boot began.
    at: u32,
    /// How long it took, in milliseconds.
    took: u32,
    /// Of the client; of no use once it has ended.
    port: u16,
    name_len: u8,
    firmware: Firmware,
    protocol: Protocol,
    direction: Direction,
    outcome: Outcome,
}

/// One request of a boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// The file's name as requested; cut where it is long.
    pub name: &'a [u8],
    /// What the file is to the boot.
    pub role: Role,
    /// Which program asked.
    pub firmware: Firmware,
    /// By what.
    pub protocol: Protocol,
    /// Which way the file went.
    pub direction: Direction,
    /// From the beginning of the boot to the request.
    pub at: Duration,
    /// How long it took, or has taken so far.
    pub took: Duration,
    /// How much of the file has arrived.
    pub bytes: u64,
    /// How it ended.
    pub outcome: Outcome,
}

/// How far a boot has come, as far as its requests tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A transfer runs, or one has ended a moment ago.
    GoesOn,
    /// A kernel or an image has arrived, and nothing that it needs is known to have failed since.
    Complete,
    /// What was asked for has arrived, nothing else was asked for since, and there was no kernel among it.
    Quiet,
    /// The last request that matters was not fulfilled, and nothing was asked for since. Its place among the steps.
    Stopped(usize),
}

/// A request that begins or has ended.
pub(super) struct Told<'a> {
    pub(super) at: Instant,
    pub(super) took: Duration,
    pub(super) port: u16,
    pub(super) name: &'a [u8],
    pub(super) direction: Direction,
    pub(super) firmware: Firmware,
    pub(super) protocol: Protocol,
    pub(super) bytes: u64,
    pub(super) outcome: Outcome,
}

impl<W> Boot<W> {
    pub(super) fn new(began: Instant) -> Self {
        Self {
            began,
            heard: began,
            records: Vec::new(),
            names: Vec::new(),
            left_out: 0,
            note: None,
            noted: 0,
        }
    }

    /// When it began.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// When something was last heard of it.
    pub fn heard(&self) -> Instant {
        self.heard
    }

    /// How many requests are not among the steps: those in the middle leave when there are many.
    pub fn left_out(&self) -> u32 {
        self.left_out
    }

    /// What was noted of the last request that was not fulfilled.
    pub fn note(&self) -> Option<&W> {
        self.note.as_ref()
    }

    /// Its requests, by when they came.
    pub fn steps(&self, now: Instant) -> impl Iterator<Item = Step<'_>> {
        let mut names = &self.names[..];
        self.records.iter().map(move |record| {
            let (name, rest) = names
                .split_at_checked(record.name_len.into())
                .unwrap_or_default();
            names = rest;
            let at = Duration::from_millis(record.at.into());
            let took = match record.outcome {
                Outcome::Running => now.saturating_duration_since(self.began + at),
                _ => Duration::from_millis(record.took.into()),
            };
            Step {
                name,
                role: Role::of(name),
                firmware: record.firmware,
                protocol: record.protocol,
                direction: record.direction,
                at,
                took,
                bytes: record.bytes,
                outcome: record.outcome,
            }
        })
    }

    /// How far it has come.
    pub fn progress(&self, now: Instant) -> Progress {
        let is_recent = now.saturating_duration_since(self.heard) < QUIET;
        let runs = self.records.iter().any(|it| it.outcome == Outcome::Running);
        if runs || is_recent {
            return Progress::GoesOn;
        }
        let mut is_loaded = false;
        let mut last = None;
        for (nth, step) in self.steps(now).enumerate() {
            if step.outcome.is_habit() {
                continue;
            }
            is_loaded |= step.outcome == Outcome::Complete
                && matches!(step.role, Role::Kernel | Role::Initrd);
            last = Some((nth, step));
        }
        match last {
            // Programs look for configurations and parts that need not be there.
            Some((_, step))
                if is_loaded
                    && step.outcome == Outcome::Missing
                    && matches!(step.role, Role::Config | Role::Other) =>
            {
                Progress::Complete
            }
            Some((nth, step)) if step.outcome != Outcome::Complete => Progress::Stopped(nth),
            _ if is_loaded => Progress::Complete,
            _ => Progress::Quiet,
        }
    }

    /// Whether a request of this name begins another boot: after long silence, or when the machine asks again for
    /// what it asked first.
    pub(super) fn is_over(&self, at: Instant, name: &[u8]) -> bool {
        let silence = at.saturating_duration_since(self.heard);
        let runs = |it: &Record| it.outcome == Outcome::Running;
        if self.records.is_empty() || (silence < SAME_BOOT && self.records.iter().any(runs)) {
            return false;
        }
        let name = cut(name);
        let mut names = self.steps(at).map(|step| step.name);
        let asks_first_again = names.next() == Some(name);
        silence >= SAME_BOOT
            || (asks_first_again && (silence >= RESTART || names.any(|other| other != name)))
    }

    pub(super) fn take(&mut self, told: &Told<'_>, note: Option<W>) {
        self.heard = self.heard.max(told.at + told.took);
        let name = cut(told.name);
        let millis = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        let record = Record {
            bytes: told.bytes,
            at: millis(told.at.saturating_duration_since(self.began)),
            took: millis(told.took),
            port: told.port,
            name_len: u8::try_from(name.len()).unwrap_or(u8::MAX),
            firmware: told.firmware,
            protocol: told.protocol,
            direction: told.direction,
            outcome: told.outcome,
        };
        if note.is_some() && record.at >= self.noted {
            self.note = note;
            self.noted = record.at;
        }
        let running = self.records.iter_mut().rfind(|it| {
            let end = (it.port, it.protocol);
            it.outcome == Outcome::Running && end == (told.port, told.protocol)
        });
        if let Some(running) = running {
            let is_same = running.name_len == record.name_len && running.at == record.at;
            if is_same {
                *running = record;
                return;
            }
            // One port has one transfer: its client has given that one up.
            running.outcome = Outcome::Repeated;
            running.took = record.at.saturating_sub(running.at);
        }
        self.insert(record, name);
    }

    fn insert(&mut self, record: Record, name: &[u8]) {
        if self.records.len() >= MOST_STEPS {
            self.remove(FIRST_STEPS);
            self.left_out = self.left_out.saturating_add(1);
        }
        // What is told late is put where it belongs.
        let place = self.records.iter().rposition(|it| it.at <= record.at);
        let place = place.map_or(0, |before| before + 1);
        let from = self.name_at(place);
        self.records.reserve_exact(1);
        self.records.insert(place, record);
        self.names.reserve_exact(name.len());
        self.names.splice(from..from, name.iter().copied());
    }

    fn remove(&mut self, place: usize) {
        let from = self.name_at(place);
        let gone = self.records.remove(place);
        self.names.drain(from..from + usize::from(gone.name_len));
    }

    fn name_at(&self, place: usize) -> usize {
        let before = self.records.iter().take(place);
        before.map(|it| usize::from(it.name_len)).sum()
    }

    /// What was begun long ago and never told to have ended is not known to run.
    pub(super) fn doubt(&mut self, now: Instant) {
        for record in &mut self.records {
            let at = self.began + Duration::from_millis(record.at.into());
            let age = now.saturating_duration_since(at);
            if record.outcome == Outcome::Running && age >= LONGEST_TRANSFER {
                record.outcome = Outcome::Untold;
            }
        }
    }

    /// Whether a file of it has arrived: what nobody can have forged.
    pub(super) fn has_arrived(&self) -> bool {
        self.records
            .iter()
            .any(|it| matches!(it.outcome, Outcome::Complete | Outcome::Running))
    }

    /// What it takes of memory, beside itself and what the caller's note points to.
    pub(super) fn heap(&self) -> usize {
        self.records.capacity() * size_of::<Record>() + self.names.capacity()
    }
}

fn cut(name: &[u8]) -> &[u8] {
    &name[..name.len().min(LONGEST_NAME)]
}

/// A boot of which nothing was heard for so long has stopped, or goes on elsewhere: programs that ask again do so after 1 to 5 s.
pub(super) const QUIET: Duration = Duration::from_secs(10);
/// After so long, a request is of another boot: nobody waits for a kernel that long.
const SAME_BOOT: Duration = Duration::from_secs(15 * 60);
/// A machine that asks for its first file again after so long was started again; a client that is only patient asks sooner.
const RESTART: Duration = Duration::from_secs(30);
/// No transfer of a boot takes longer; the end of one that does was perhaps never told.
const LONGEST_TRANSFER: Duration = Duration::from_secs(60 * 60);
/// Requests that are kept of a boot, and how many of them are its first. GRUB asks for dozens of modules.
const MOST_STEPS: usize = 32;
const FIRST_STEPS: usize = 8;
/// Bytes of a name that are kept: those with a UUID have 50.
const LONGEST_NAME: usize = 120;
