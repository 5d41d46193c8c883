//! Exports: a log in a form that other programs read. All are functions of its events.

mod figures;
mod mermaid;
mod pcapng;
mod perfetto;
mod rows;
mod svg;
mod svg_row;

pub(super) use rows::row_object;

#[cfg(test)]
mod tests;

use std::io;
use std::io::Write;

use lineman_proto::text::safe_json;
use lineman_trace::log::Event;
use lineman_trace::log::Kind;
use lineman_trace::log::Start;
use lineman_trace::story::Row;
use lineman_trace::story::Story;

use crate::lang::Lang;
use crate::views::ladder::Ladder;
use crate::views::ladder::Style;

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

/// How wide the ladder is as text.
const TEXT_WIDTH: usize = 120;

/// Writes the log in a form.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(format: Format, events: &[Event], lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Pcapng => pcapng::capture(events, lang, out),
        Format::Svg => out.write_all(svg::picture(events, lang).as_bytes()),
        Format::Mermaid => out.write_all(mermaid::diagram(events, lang).as_bytes()),
        Format::Text => text(events, lang, out),
        Format::Jsonl => json_lines(events, out),
        Format::Rows => rows::lines(events, lang, out),
        Format::Figures => out.write_all(figures::picture(events, lang).as_bytes()),
        Format::Perfetto => out.write_all(perfetto::trace(events, lang).as_bytes()),
    }
}

fn text(events: &[Event], lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let mut ladder = Ladder::new(Style {
        width: TEXT_WIDTH,
        lang,
        ascii: false,
        colour: false,
        absolute: false,
        explain: true,
    });
    for event in events {
        lines(&ladder.push(event), out)?;
    }
    lines(&ladder.finish(), out)
}

fn lines(lines: &[String], out: &mut dyn Write) -> io::Result<()> {
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn json_lines(events: &[Event], out: &mut dyn Write) -> io::Result<()> {
    events.iter().try_for_each(|event| {
        let json = serde_json::to_string(event)?;
        writeln!(out, "{}", safe_json(&json))
    })
}

/// All rows of a log.
fn rows(events: &[Event]) -> Vec<Row> {
    let mut story = Story::new();
    let mut rows: Vec<Row> = events.iter().flat_map(|event| story.push(event)).collect();
    rows.extend(story.finish());
    rows
}

/// Where and when the lab was.
fn start(events: &[Event]) -> Option<Start> {
    match events.first()?.visible().into_owned().kind {
        Kind::Start(start) => Some(start),
        _ => None,
    }
}
