//! The ladder as text.

use std::io;
use std::io::Write;

use lineman_trace::log::Event;

use super::Form;
use crate::lang::Lang;
use crate::views::ladder::Ladder;
use crate::views::ladder::Style;

/// How wide it is.
const WIDTH: usize = 120;

/// Its lines.
pub(super) struct Lines(Ladder);

impl Lines {
    pub(super) fn new(lang: Lang) -> Self {
        Self(Ladder::new(Style {
            width: WIDTH,
            lang,
            ascii: false,
            colour: false,
            absolute: false,
            explain: true,
        }))
    }
}

impl Form for Lines {
    fn take(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()> {
        write(&self.0.push(event), out)
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write(&self.0.finish(), out)
    }
}

fn write(lines: &[String], out: &mut dyn Write) -> io::Result<()> {
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}
