//! An arrow between the hosts.

use lineman_trace::log::Host;
use lineman_trace::story::Arrow;
use lineman_trace::story::Fate;
use lineman_trace::story::Stretch;

use super::Style;
use super::marks::Marks;
use crate::lang::Message as _;
use crate::lang::bracketed;
use crate::lang::views::Views;
use crate::views::packet::numbered_labels;
use crate::views::packet::waits;
use crate::views::text::cut;
use crate::views::text::pad;
use crate::views::text::width;

/// How an arrow ends: a sign, and a word about it.
struct Tip {
    sign: &'static str,
    word: String,
}

/// The arrow in `columns` columns. Its label is at its sender's end.
pub(super) fn shaft(arrow: &Arrow, columns: usize, style: Style) -> String {
    let marks = Marks::of(style);
    let tip = tip(arrow, marks, style);
    let begin = match arrow.stretch {
        Stretch::Landing => columns / 3,
        _ => 0,
    };
    let reach = match (arrow.fate, arrow.stretch) {
        (Fate::Delivered | Fate::Captured, _) | (_, Stretch::Landing) => columns,
        _ => columns * 3 / 4,
    };
    let word = if tip.word.is_empty() {
        0
    } else {
        width(&tip.word) + 1
    };
    let span = reach
        .min(columns.saturating_sub(word))
        .saturating_sub(begin);
    let line = line(arrow, span, style, &tip);
    let gap = " ".repeat(begin);
    match arrow.from {
        Host::Client => pad(format!("{gap}{line} {}", tip.word).trim_end(), columns),
        Host::Server => {
            let line = format!("{} {line}{gap}", tip.word);
            let line = line.trim_start();
            let lead = columns.saturating_sub(width(line));
            format!("{}{line}", " ".repeat(lead))
        }
    }
}

/// The stroke with its label and its tip, `span` columns wide.
fn line(arrow: &Arrow, span: usize, style: Style, tip: &Tip) -> String {
    let marks = Marks::of(style);
    let stroke = stroke(arrow, marks);
    let extra = extra(arrow, style);
    let taken = 2 + 1 + width(tip.sign) + 1;
    let label = fitting(arrow, &extra, span.saturating_sub(taken), style);
    let rest = span.saturating_sub(2 + width(&label) + 1 + width(tip.sign));
    let (lead, fill) = (stroke.repeat(2), stroke.repeat(rest));
    match arrow.from {
        Host::Client => format!("{lead}{label} {fill}{}", tip.sign),
        Host::Server => format!("{}{fill} {label}{lead}", tip.sign),
    }
}

/// The longest label that fits.
fn fitting(arrow: &Arrow, extra: &str, room: usize, style: Style) -> String {
    let marks = Marks::of(style);
    let all = numbered_labels(arrow, style.lang, style.absolute);
    let fits = all.iter().find(|label| width(label) + width(extra) <= room);
    match fits.or_else(|| all.last()) {
        Some(label) => cut(&format!("{label}{extra}"), room, marks.more),
        None => String::new(),
    }
}

fn stroke(arrow: &Arrow, marks: Marks) -> &'static str {
    if arrow.deduced {
        marks.dotted
    } else if arrow.is_resent() || arrow.stretch == Stretch::Repeat {
        marks.double
    } else {
        marks.single
    }
}

/// What a sign cannot say.
fn extra(arrow: &Arrow, style: Style) -> String {
    let mut words = Vec::new();
    if arrow.is_resent() {
        words.push(Views::Again {});
    }
    if arrow.is_copy() {
        words.push(Views::Copy {});
    }
    if arrow.altered {
        words.push(Views::Changed {});
    }
    let words: Vec<String> = words.iter().map(|word| word.render(style.lang)).collect();
    match words.is_empty() {
        true => String::new(),
        false => bracketed(&words.join(" "), style.lang),
    }
}

fn tip(arrow: &Arrow, marks: Marks, style: Style) -> Tip {
    let word = |word: Views<'_>| word.render(style.lang);
    match arrow.fate {
        Fate::Delivered | Fate::Captured => Tip {
            sign: match arrow.from {
                Host::Client => marks.right,
                Host::Server => marks.left,
            },
            word: String::new(),
        },
        Fate::Dropped => Tip {
            sign: marks.lost,
            word: word(Views::Dropped {}),
        },
        Fate::Held => Tip {
            sign: marks.stop,
            word: match arrow.stretch {
                Stretch::Repeat => format!("{}{}", marks.times, arrow.repeats),
                _ => word(waits(arrow)),
            },
        },
        Fate::Crossing => Tip {
            sign: marks.open,
            word: word(Views::Crossing {}),
        },
    }
}

/// The arrow in four columns, for a list.
pub(super) fn short(arrow: &Arrow, style: Style) -> String {
    let marks = Marks::of(style);
    let tip = tip(arrow, marks, style);
    let sign = match arrow.fate {
        Fate::Delivered | Fate::Captured => marks.right,
        _ => tip.sign,
    };
    let word = if tip.word.is_empty() {
        String::new()
    } else {
        format!(" {}", tip.word)
    };
    let label = numbered_labels(arrow, style.lang, style.absolute)
        .into_iter()
        .next()
        .unwrap_or_default();
    let extra = extra(arrow, style);
    format!(
        "{}{sign}{word} {label}{extra}",
        stroke(arrow, marks).repeat(2)
    )
}
