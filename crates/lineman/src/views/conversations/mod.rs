//! The conversations of a capture as a table, those with the most trouble first.

mod layout;
pub mod pair;
mod words;

#[cfg(test)]
mod tests;

use lineman_trace::capture::Summary;
use lineman_trace::capture::Totals;

use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::read::Read;
use crate::views::text::size;
use crate::views::text::wrap;

pub use words::course;
pub use words::seconds;
pub use words::title;

/// How the table is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// How many columns there are.
    pub width: usize,
    /// The language.
    pub lang: Lang,
    /// No character beyond ASCII is drawn; sentences may have some.
    pub ascii: bool,
    /// How many conversations are listed at most; 0 is all.
    pub top: usize,
}

/// The whole table, its totals and how to see more below it. `file` is what the capture is called.
pub fn lines(summary: &Summary, file: &str, style: Style) -> Vec<String> {
    let mut lines = table(summary, style);
    if let Some(first) = summary.conversations.first() {
        let (file, number): (&dyn std::fmt::Display, &u64) = (&file, &first.number);
        lines.extend(sentence(&Read::HowToSee { file, number }, style));
    }
    lines
}

/// The table, its totals below it.
pub fn table(summary: &Summary, style: Style) -> Vec<String> {
    let all = &summary.conversations;
    let shown = match style.top {
        0 => all.len(),
        top => all.len().min(top),
    };
    let mut lines = layout::table(&all[..shown], style, &layout::Nothing);
    let more: &usize = &(all.len() - shown);
    if *more > 0 {
        lines.extend(sentence(&Read::More { count: more }, style));
    }
    for fold in &summary.folds {
        lines.extend(wrapped(&words::fold(fold, style), style));
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.extend(totals(&summary.totals, style));
    let has_states = |states: [bool; 2]| states.contains(&true);
    let deduced = all[..shown]
        .iter()
        .any(|it| has_states([it.states.client.is_some(), it.states.server.is_some()]));
    if deduced {
        lines.extend(sentence(&Read::StatesDeduced {}, style));
    }
    lines
}

/// What all packets come to, and what was not read.
fn totals(totals: &Totals, style: Style) -> Vec<String> {
    let span = totals.first_ns.zip(totals.last_ns);
    let span_ns = span.map_or(0, |(first, last)| last.saturating_sub(first));
    let mut lines = sentence(
        &Read::Total {
            packets: &totals.packets,
            bytes: &size(totals.bytes as f64),
            seconds: &seconds(span_ns),
            conversations: &totals.conversations,
        },
        style,
    );
    let counts = [
        (&totals.cut, Read::Cut { count: &totals.cut }),
        (
            &totals.headless,
            Read::Headless {
                count: &totals.headless,
            },
        ),
        (
            &totals.malformed,
            Read::MalformedTotal {
                count: &totals.malformed,
            },
        ),
        (
            &totals.unknown_link,
            Read::UnknownLink {
                count: &totals.unknown_link,
            },
        ),
        (
            &totals.untimed,
            Read::Untimed {
                count: &totals.untimed,
            },
        ),
        (
            &totals.displaced,
            Read::DisplacedTotal {
                count: &totals.displaced,
            },
        ),
    ];
    for (_, words) in counts.iter().filter(|(count, _)| **count > 0) {
        lines.extend(sentence(words, style));
    }
    if !totals.others.is_empty() {
        let other = |(number, count): (&u16, &u64)| match number {
            0 => format!("802.3 ×{count}"),
            number => format!("0x{number:04x} ×{count}"),
        };
        let list: Vec<String> = totals.others.iter().map(other).collect();
        let list = &list.join(", ");
        lines.extend(sentence(&Read::Others { list }, style));
    }
    lines
}

fn sentence(words: &Read<'_>, style: Style) -> Vec<String> {
    wrapped(&words.render(style.lang), style)
}

fn wrapped(text: &str, style: Style) -> Vec<String> {
    wrap(&words::spelled(text, style), style.width)
}
