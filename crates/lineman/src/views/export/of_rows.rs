//! Forms that are made of the rows of the ladder.

use std::io;
use std::io::Write;

use lineman_trace::log::Event;
use lineman_trace::log::Start;
use lineman_trace::story::Row;
use lineman_trace::story::Story;

use super::Form;
use super::start;

/// What makes a form of rows.
pub(super) trait Rows {
    /// The log begins; `None` is one that says nothing of itself.
    fn begin(&mut self, start: Option<Start>, out: &mut dyn Write) -> io::Result<()>;

    /// An event, before the rows that are complete with it.
    fn event(&mut self, _event: &Event, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    /// Rows that are complete. The story says which packets have more of them.
    fn rows(&mut self, rows: Vec<Row>, story: &Story, out: &mut dyn Write) -> io::Result<()>;

    /// There are no more.
    fn end(&mut self, out: &mut dyn Write) -> io::Result<()>;
}

/// A form that is made of rows.
pub(super) struct OfRows<R> {
    story: Story,
    has_begun: bool,
    rows: R,
}

impl<R: Rows> OfRows<R> {
    pub(super) fn new(rows: R) -> Self {
        Self {
            story: Story::new(),
            has_begun: false,
            rows,
        }
    }

    fn begin(&mut self, first: Option<&Event>, out: &mut dyn Write) -> io::Result<()> {
        match std::mem::replace(&mut self.has_begun, true) {
            true => Ok(()),
            false => self.rows.begin(first.and_then(start), out),
        }
    }
}

impl<R: Rows> Form for OfRows<R> {
    fn take(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()> {
        self.begin(Some(event), out)?;
        self.rows.event(event, out)?;
        let rows = self.story.push(event);
        self.rows.rows(rows, &self.story, out)
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.begin(None, out)?;
        let rows = self.story.finish();
        self.rows.rows(rows, &self.story, out)?;
        self.rows.end(out)
    }
}
