//! Exports: a log in a form that other programs read. All are functions of its events, and are written as these come:
//! nothing is kept of a log but what may still change. Only a picture of the ladder has to know all of its rows, and one of
//! figures keeps as many of them as can be seen.

mod figures;
mod in_time;
mod mermaid;
mod of_rows;
mod pcapng;
mod perfetto;
mod rows;
mod svg;
mod svg_row;
mod text;

pub(super) use rows::row_object;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod whole;

use std::io;
use std::io::Write;

use lineman_proto::text::safe_json;
use lineman_trace::log::Event;
use lineman_trace::log::Kind;
use lineman_trace::log::Start;

use crate::lang::Lang;
use of_rows::OfRows;

/// A form in which a log is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A capture for Wireshark: every packet, with states and explanation as its comment
    Pcapng,
    /// A picture of the ladder
    Svg,
    /// A sequence diagram for Mermaid, without timing
    Mermaid,
    /// The ladder as text, 120 columns wide
    Text,
    /// The log itself, one JSON object a line
    Jsonl,
    /// The rows of the ladder with all that is said of them, one JSON object a line
    Rows,
    /// A trace for ui.perfetto.dev: states as slices, packets as flows, figures as counters
    Perfetto,
    /// A picture of sequence numbers, bytes in flight, windows, RTT, goodput and cwnd over time
    Figures,
}

/// A log that is exported event by event.
pub struct Exporter(Box<dyn Form>);

impl Exporter {
    /// Nothing has happened yet.
    pub fn new(format: Format, lang: Lang) -> Self {
        Self(match format {
            Format::Pcapng => Box::new(OfRows::new(pcapng::Capture::new(lang))),
            Format::Svg => Box::new(OfRows::new(svg::Picture::new(lang))),
            Format::Mermaid => Box::new(OfRows::new(mermaid::Diagram::new(lang))),
            Format::Text => Box::new(text::Lines::new(lang)),
            Format::Jsonl => Box::new(JsonLines),
            Format::Rows => Box::new(OfRows::new(rows::Lines::new(lang))),
            Format::Perfetto => Box::new(OfRows::new(perfetto::Trace::new(lang))),
            Format::Figures => Box::new(figures::Picture::new(lang)),
        })
    }

    /// Takes the next event, and writes what is certain now.
    ///
    /// # Errors
    /// When `out` cannot be written to.
    pub fn take(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()> {
        self.0.take(event, out)
    }

    /// The log has ended: writes the rest.
    ///
    /// # Errors
    /// When `out` cannot be written to.
    pub fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.0.finish(out)
    }
}

/// Writes a log that is there as a whole.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(format: Format, events: &[Event], lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let mut exporter = Exporter::new(format, lang);
    for event in events {
        exporter.take(event, out)?;
    }
    exporter.finish(out)
}

/// A form of a log.
trait Form {
    fn take(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()>;

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()>;
}

/// The log itself.
struct JsonLines;

impl Form for JsonLines {
    fn take(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()> {
        let json = serde_json::to_string(event)?;
        writeln!(out, "{}", safe_json(&json))
    }

    fn finish(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// Where and when the lab was, if its log begins with this event.
fn start(first: &Event) -> Option<Start> {
    match first.visible().into_owned().kind {
        Kind::Start(start) => Some(start),
        _ => None,
    }
}
