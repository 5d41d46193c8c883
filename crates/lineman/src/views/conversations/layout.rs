//! Where the columns are: one line of figures for each conversation, and what there is to say below it. Where
//! addresses are too long for columns, or the output too narrow, they have a line of their own.

use lineman_trace::capture::Conversation;
use lineman_trace::log::Host;

use super::Style;
use super::words;
use crate::lang::Message as _;
use crate::lang::read::Read;
use crate::views::text::pad;
use crate::views::text::size;
use crate::views::text::width;
use crate::views::text::wrap;

/// Where words begin: behind the number.
const INDENT: usize = 8;
const PROTOCOL: usize = 9;
const PACKETS: usize = 9;
const BYTES: usize = 11;
const SECONDS: usize = 11;

/// What else is told of each conversation.
pub(super) trait Beside {
    /// What stands above further columns.
    fn headings(&self) -> Vec<String> {
        Vec::new()
    }

    /// What stands in them.
    fn cells(&self, _of: &Conversation) -> Vec<String> {
        Vec::new()
    }

    /// What there is to say below it.
    fn below(&self, _of: &Conversation) -> Vec<String> {
        Vec::new()
    }
}

/// Nothing else.
pub(super) struct Nothing;

impl Beside for Nothing {}

/// How wide a further column is.
const FURTHER: usize = 12;

/// The lines of the table with its heading; none if there is no conversation.
pub(super) fn table(all: &[Conversation], style: Style, beside: &dyn Beside) -> Vec<String> {
    if all.is_empty() {
        return Vec::new();
    }
    let widest = |host: Host, name: Read<'_>| {
        let ends = all.iter().map(|it| width(&words::end(it, host)));
        let name = width(&name.render(style.lang));
        ends.chain([name]).max().unwrap_or_default() + 2
    };
    let client = widest(Host::Client, Read::Client {});
    let server = widest(Host::Server, Read::Server {});
    let further = beside.headings();
    let fixed = INDENT + PROTOCOL + PACKETS + BYTES + SECONDS + further.len() * FURTHER;
    let columns = (fixed + client + server <= style.width).then_some((client, server));
    let heading = columns.map(|columns| format!("{}{}", heading(columns, style), cells(&further)));
    let rows = all.iter().flat_map(|it| {
        let mut lines = match columns {
            Some(columns) => wide(it, columns, style, &beside.cells(it)),
            None => narrow(it, style),
        };
        let more = beside.below(it);
        lines.extend(more.iter().flat_map(|text| below(text, style)));
        lines
    });
    heading.into_iter().chain(rows).collect()
}

fn cells(all: &[String]) -> String {
    all.iter().map(|text| right(text, FURTHER)).collect()
}

fn heading((client, server): (usize, usize), style: Style) -> String {
    let word = |word: Read<'_>| word.render(style.lang);
    let line = format!(
        "{}{}{}{}{}{}{}",
        pad("     #", INDENT),
        pad(&word(Read::Protocol {}), PROTOCOL),
        pad(&word(Read::Client {}), client),
        pad(&word(Read::Server {}), server),
        right(&word(Read::Packets {}), PACKETS),
        right(&word(Read::Bytes {}), BYTES),
        right(&word(Read::Seconds {}), SECONDS),
    );
    line.trim_end().to_owned()
}

fn wide(
    it: &Conversation,
    (client, server): (usize, usize),
    style: Style,
    further: &[String],
) -> Vec<String> {
    let line = format!(
        "{:>6}  {}{}{}{}{}{}{}",
        it.number,
        pad(&words::protocol(it), PROTOCOL),
        pad(&words::end(it, Host::Client), client),
        pad(&words::end(it, Host::Server), server),
        right(&it.all_packets().to_string(), PACKETS),
        right(&size(it.all_bytes() as f64), BYTES),
        right(&words::seconds(it.duration_ns()), SECONDS),
        cells(further),
    );
    let mut lines = vec![line];
    lines.extend(below(&words::course(it, style), style));
    lines.extend(below(&words::trouble(it, style.lang), style));
    lines
}

fn narrow(it: &Conversation, style: Style) -> Vec<String> {
    let number = format!("{:>6}  ", it.number);
    let mut lines = below(&words::title(it), style);
    if let Some(first) = lines.first_mut() {
        *first = format!("{number}{}", first.trim_start());
    }
    let bytes = &size(it.all_bytes() as f64);
    let figures = match it.all_packets() {
        1 => Read::NumbersOne { bytes },
        _ => Read::Numbers {
            packets: &it.all_packets(),
            bytes,
            seconds: &words::seconds(it.duration_ns()),
        },
    };
    let parts = [figures.render(style.lang), words::course(it, style)];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    lines.extend(below(&words::joined(&parts, style.lang), style));
    lines.extend(below(&words::trouble(it, style.lang), style));
    lines
}

/// Words below the figures.
fn below(text: &str, style: Style) -> Vec<String> {
    let text = words::spelled(text, style);
    let columns = style.width.saturating_sub(INDENT);
    let lines = wrap(&text, columns);
    let indent = " ".repeat(INDENT);
    lines.iter().map(|line| format!("{indent}{line}")).collect()
}

fn right(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{}{text}", " ".repeat(missing))
}
