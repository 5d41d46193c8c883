//! Reads a log back, also one that was cut short or that a newer lineman wrote.

use std::io;
use std::io::BufRead;
use std::io::Read as _;

use serde::Deserialize;

use super::Event;
use super::Kind;
use super::VERSION;

/// The longest line that is read, in bytes: room for a call with some megabytes of data. A longer
/// line is no event of ours, and memory is not given for it.
pub const MAX_LINE: usize = 8 << 20;

/// The events of a log, in order. After an error there are no more.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    line: u64,
    next: u64,
    now_ns: u64,
    unknown: u64,
    ending: Option<Ending>,
    failed: bool,
}

/// How a log ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With [`Kind::End`].
    Complete,
    /// Without it.
    Cut {
        /// The line that is half or missing; the first is 1.
        line: u64,
    },
}

/// A line that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct BadLine {
    /// Which; the first is 1.
    pub line: u64,
    /// Why.
    pub reason: BadReason,
}

/// Why a line cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadReason {
    /// The file itself.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Longer than [`MAX_LINE`].
    #[error("longer than {MAX_LINE} bytes")]
    TooLong,
    /// Not JSON, or not an event.
    #[error("no event: {0}")]
    NoEvent(serde_json::Error),
    /// The log does not begin with [`Kind::Start`].
    #[error("a log begins with the event \"start\"")]
    NoStart,
    /// Written by a lineman whose log would be misread.
    #[error("version {0} of the log; this lineman reads up to {VERSION}")]
    Version(u32),
    /// An event is missing or stands twice.
    #[error("event {found} where {wanted} was due")]
    Number {
        /// Which stands there.
        found: u64,
        /// Which should.
        wanted: u64,
    },
    /// The time went back.
    #[error("its time is before that of the event before")]
    Time,
    /// Something follows the end.
    #[error("an event after the end")]
    AfterEnd,
}

/// What every event has, whatever its kind.
#[derive(Deserialize)]
struct Head {
    n: u64,
    t_ns: u64,
    event: String,
    /// What [`Kind::Start`] has, whatever else of it changes.
    version: Option<u32>,
}

impl<R: BufRead> Reader<R> {
    /// Reads from `input`.
    pub fn new(input: R) -> Self {
        Self {
            input,
            line: 0,
            next: 0,
            now_ns: 0,
            unknown: 0,
            ending: None,
            failed: false,
        }
    }

    /// How many events were skipped because this lineman does not know their kind.
    pub fn unknown(&self) -> u64 {
        self.unknown
    }

    /// How the log ended; `None` until the iterator has, or when it ended with an error.
    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }

    fn read(&mut self) -> Result<Option<Event>, BadReason> {
        loop {
            self.line += 1;
            let line = self.read_line()?;
            if line.is_empty() {
                self.end();
                return Ok(None);
            }
            match event(&line) {
                Ok(Parsed::Event(event)) => return self.checked(*event).map(Some),
                Ok(Parsed::Unknown { n, t_ns }) => {
                    self.in_order(n, t_ns)?;
                    self.unknown += 1;
                }
                Err(_) if !line.ends_with(b"\n") => {
                    self.end();
                    return Ok(None);
                }
                Err(reason) => return Err(reason),
            }
        }
    }

    fn read_line(&mut self) -> Result<Vec<u8>, BadReason> {
        let mut line = Vec::new();
        self.input
            .by_ref()
            .take(MAX_LINE as u64)
            .read_until(b'\n', &mut line)?;
        if line.len() == MAX_LINE && !line.ends_with(b"\n") {
            return Err(BadReason::TooLong);
        }
        Ok(line)
    }

    fn end(&mut self) {
        self.ending.get_or_insert(Ending::Cut { line: self.line });
    }

    fn checked(&mut self, event: Event) -> Result<Event, BadReason> {
        match &event.kind {
            Kind::Start(_) => {}
            _ if self.next == 0 => return Err(BadReason::NoStart),
            _ => {}
        }
        self.in_order(event.n, event.t_ns)?;
        if event.kind == Kind::End {
            self.ending = Some(Ending::Complete);
        }
        Ok(event)
    }

    fn in_order(&mut self, n: u64, t_ns: u64) -> Result<(), BadReason> {
        if self.ending.is_some() {
            return Err(BadReason::AfterEnd);
        }
        if n != self.next {
            let wanted = self.next;
            return Err(BadReason::Number { found: n, wanted });
        }
        if t_ns < self.now_ns {
            return Err(BadReason::Time);
        }
        self.next += 1;
        self.now_ns = t_ns;
        Ok(())
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Event, BadLine>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        match self.read() {
            Ok(event) => event.map(Ok),
            Err(reason) => {
                self.failed = true;
                self.ending = None;
                Some(Err(BadLine {
                    line: self.line,
                    reason,
                }))
            }
        }
    }
}

/// What a line of the log says.
enum Parsed {
    Event(Box<Event>),
    Unknown { n: u64, t_ns: u64 },
}

fn event(line: &[u8]) -> Result<Parsed, BadReason> {
    let error = match serde_json::from_slice(line) {
        Ok(event) => return Ok(Parsed::Event(Box::new(event))),
        Err(error) => error,
    };
    match serde_json::from_slice::<Head>(line) {
        Ok(Head {
            version: Some(version),
            ..
        }) if version > VERSION => Err(BadReason::Version(version)),
        Ok(head) if !Kind::NAMES.contains(&head.event.as_str()) => Ok(Parsed::Unknown {
            n: head.n,
            t_ns: head.t_ns,
        }),
        _ => Err(BadReason::NoEvent(error)),
    }
}
