//! Writes a log: a number and a time for each event, one line each, complete at once.

use std::io;
use std::io::Write;

use lineman_proto::text::safe_json;

use super::Event;
use super::Kind;
use super::Start;

/// Appends events to a log.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    next: u64,
    now_ns: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a log with its event 0, which is returned too.
    ///
    /// # Errors
    /// When `out` cannot be written to.
    pub fn new(out: W, start: Start) -> io::Result<(Self, Event)> {
        let mut writer = Self {
            out,
            next: 0,
            now_ns: 0,
        };
        let event = writer.append(0, Kind::Start(start))?;
        Ok((writer, event))
    }

    /// Appends what happened at `t_ns`, and returns it as it stands in the log. A clock that went
    /// back does not take the log along: times never decrease.
    ///
    /// # Errors
    /// When the output cannot be written to.
    pub fn append(&mut self, t_ns: u64, kind: Kind) -> io::Result<Event> {
        self.now_ns = self.now_ns.max(t_ns);
        let event = Event {
            n: self.next,
            t_ns: self.now_ns,
            kind,
        };
        self.put(&event)?;
        self.next += 1;
        Ok(event)
    }

    /// One write for the whole line: a program that follows the file never sees half of one.
    fn put(&mut self, event: &Event) -> io::Result<()> {
        let json = serde_json::to_string(event)?;
        let mut line = safe_json(&json).into_owned();
        line.push('\n');
        self.out.write_all(line.as_bytes())?;
        self.out.flush()
    }

    /// Gives the output back.
    pub fn into_inner(self) -> W {
        self.out
    }
}
