//! A sequence diagram in Mermaid's language. It has no place for time, so it says so.

use std::io;
use std::io::Write;

use lineman_trace::log::Host;
use lineman_trace::log::Start;
use lineman_trace::log::TcpState;
use lineman_trace::story::Arrow;
use lineman_trace::story::Fate;
use lineman_trace::story::Row;
use lineman_trace::story::Story;
use lineman_trace::story::Stretch;

use super::of_rows::Rows;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::bracketed;
use crate::lang::views::Views;
use crate::views::cells::address;
use crate::views::cells::state_of;
use crate::views::packet::label;
use crate::views::packet::waits;

/// The diagram, line by line.
pub(super) struct Diagram {
    lang: Lang,
}

impl Diagram {
    pub(super) fn new(lang: Lang) -> Self {
        Self { lang }
    }
}

impl Rows for Diagram {
    fn begin(&mut self, start: Option<Start>, out: &mut dyn Write) -> io::Result<()> {
        let lang = self.lang;
        write!(out, "sequenceDiagram")?;
        if let Some(start) = start {
            let client = Views::Client {
                address: &address(&start, Host::Client),
            };
            let server = Views::Server {
                address: &address(&start, Host::Server),
            };
            line(&format!("participant C as {}", client.render(lang)), out)?;
            line(&format!("participant S as {}", server.render(lang)), out)?;
        }
        let note = Views::NoTiming {}.render(lang);
        line(&format!("Note over C,S: {}", escaped(&note)), out)
    }

    fn rows(&mut self, rows: Vec<Row>, _: &Story, out: &mut dyn Write) -> io::Result<()> {
        let mut lines = rows.iter().flat_map(|row| of_row(row, self.lang));
        lines.try_for_each(|text| line(&text, out))
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out)
    }
}

fn line(text: &str, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "\n    {text}")
}

fn of_row(row: &Row, lang: Lang) -> Vec<String> {
    let mut lines: Vec<String> = row
        .arrow
        .iter()
        .map(|arrow| of_arrow(arrow, lang))
        .collect();
    for host in [Host::Client, Host::Server] {
        if let Some(cell) = row.states[host].filter(|cell| cell.before != cell.after) {
            // A host's listener is another socket than that of the connection whose states stand around it.
            let listened = match (cell.before, cell.after) {
                (before @ TcpState::Listen, TcpState::Closed) => format!("{} → ", before.name()),
                _ => String::new(),
            };
            let state = state_of(&cell);
            lines.push(format!("Note over {}: {listened}{state}", letter(host)));
        }
    }
    lines
}

fn of_arrow(arrow: &Arrow, lang: Lang) -> String {
    let (line, word) = match arrow.fate {
        // Sent above, where other packets left or arrived meanwhile.
        Fate::Delivered if arrow.stretch == Stretch::Landing && arrow.copy_of.is_none() => {
            ("->>", Some(Views::Arrives {}))
        }
        Fate::Delivered | Fate::Captured => ("->>", None),
        Fate::Dropped => ("-x", Some(Views::Dropped {})),
        Fate::Held => ("-)", Some(waits(arrow))),
        Fate::Crossing => ("-)", Some(Views::Crossing {})),
    };
    let again = arrow.is_resent() || arrow.stretch == Stretch::Repeat;
    let again = again.then_some(Views::Again {});
    let copy = arrow.is_copy().then_some(Views::Copy {});
    let words: Vec<String> = [word, again, copy]
        .iter()
        .flatten()
        .map(|word| bracketed(&word.render(lang), lang))
        .collect();
    format!(
        "{}{line}{}: {}{}",
        letter(arrow.from),
        letter(arrow.from.other()),
        escaped(&label(arrow, lang)),
        words.concat()
    )
}

fn letter(host: Host) -> char {
    match host {
        Host::Client => 'C',
        Host::Server => 'S',
    }
}

/// Mermaid ends a statement at a semicolon and reads `#…;` as an entity, and renders tags.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '#' => out.push_str("#35;"),
            ';' => out.push_str("#59;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            c => out.push(c),
        }
    }
    out
}
