//! An exercise as text: packets to be put in order, and a ladder with places to be filled in.

use lineman_trace::learn::Cell;
use lineman_trace::learn::Exercise;
use lineman_trace::learn::Field;
use lineman_trace::learn::Line;
use lineman_trace::log::Host;
use lineman_trace::story::Arrow;
use lineman_trace::story::Fate;
use lineman_trace::story::Stretch;

use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::bracketed;
use crate::lang::learn::Learn;
use crate::lang::views::Views;
use crate::lang::wire::Wire;
use crate::views::cells::address;
use crate::views::cells::time;
use crate::views::ladder::Style;
use crate::views::ladder::pieces::spelled;
use crate::views::ladder::pieces::stroke;
use crate::views::packet;
use crate::views::text::cut;
use crate::views::text::pad;
use crate::views::text::width;

/// As many columns as the longest name of a state takes, with its gap.
const STATE: usize = 14;
/// An arrow is no longer than this: what is read is at its ends.
const LONGEST: usize = 60;

/// The letter of a shuffled packet.
pub fn letter(place: usize) -> char {
    let place = u8::try_from(place).unwrap_or(u8::MAX).min(25);
    char::from(b'A' + place)
}

/// The place of a letter.
pub fn place(letter: char) -> Option<usize> {
    let letter = letter.to_ascii_uppercase();
    letter
        .is_ascii_uppercase()
        .then(|| usize::from(letter as u8 - b'A'))
}

/// The shuffled packets, one a line.
pub fn shuffled(exercise: &Exercise, style: Style) -> Vec<String> {
    let rows = exercise.shuffled().iter().enumerate();
    rows.map(|(at, row)| {
        let text = in_words(exercise, *row, style);
        cut(
            &format!("  {}  {text}", letter(at)),
            style.width,
            more(style),
        )
    })
    .collect()
}

/// Who sends a packet, and what it says.
pub fn in_words(exercise: &Exercise, row: usize, style: Style) -> String {
    let Some(arrow) = exercise.row(row).and_then(|row| row.arrow.as_ref()) else {
        return String::new();
    };
    let name = |host| match host {
        Host::Client => Wire::ClientShort {}.render(style.lang),
        Host::Server => Wire::ServerShort {}.render(style.lang),
    };
    let (from, to) = (name(arrow.from), name(arrow.from.other()));
    let label = shuffled_label(exercise, row, style.lang);
    spelled(&format!("{from} → {to}  {label}"), style)
}

/// The ladder; `filled` are the blanks that are known by now.
pub fn ladder(exercise: &Exercise, filled: &[Option<String>], style: Style) -> Vec<String> {
    let columns = arrow_columns(style);
    let name = |host: Host| {
        let start = exercise.start();
        let address = start.map_or_else(|| "?".to_owned(), |start| address(&start, host));
        match host {
            Host::Client => Views::Client { address: &address },
            Host::Server => Views::Server { address: &address },
        }
        .render(style.lang)
    };
    let lead = " ".repeat(time(0).len() + 2);
    let (client, server) = (name(Host::Client), name(Host::Server));
    let whole = STATE + columns + 1 + STATE;
    let gap = whole.saturating_sub(width(&client) + width(&server));
    let mut lines = vec![format!("{lead}{client}{}{server}", " ".repeat(gap))];
    lines.extend(
        exercise
            .lines()
            .iter()
            .map(|line| drawn(exercise, line, filled, style)),
    );
    lines
}

fn arrow_columns(style: Style) -> usize {
    let taken = time(0).len() + 2 + STATE + 1 + STATE;
    style.width.saturating_sub(taken).min(LONGEST)
}

fn drawn(exercise: &Exercise, line: &Line, filled: &[Option<String>], style: Style) -> String {
    let state = |cell: &Option<Cell>| {
        cell.as_ref()
            .map_or_else(String::new, |cell| text(cell, filled))
    };
    let label = label(exercise, line, filled, style.lang);
    let arrow = stroke(line.from, &label, line.lost, arrow_columns(style), style);
    let drawn = format!(
        "{}  {}{arrow} {}",
        time(line.t_ns),
        pad(&state(&line.client), STATE),
        state(&line.server)
    );
    drawn.trim_end().to_owned()
}

/// What stands at a packet, its open places as `[1]`.
pub fn label(exercise: &Exercise, line: &Line, filled: &[Option<String>], lang: Lang) -> String {
    let arrow = exercise.row(line.row).and_then(|row| row.arrow.as_ref());
    let part = arrow.and_then(part);
    let part = part.map_or_else(String::new, |word| bracketed(&word.render(lang), lang));
    format!("{}{part}", content(exercise, line, filled, lang))
}

/// What a packet says, wherever on its way it is.
fn content(exercise: &Exercise, line: &Line, filled: &[Option<String>], lang: Lang) -> String {
    let Some(flags) = &line.flags else {
        let arrow = exercise.row(line.row).and_then(|row| row.arrow.as_ref());
        return arrow.map_or_else(String::new, |arrow| packet::label(arrow, lang));
    };
    let arrow = exercise.row(line.row).and_then(|row| row.arrow.as_ref());
    let own = arrow.and_then(|arrow| arrow.connection);
    let own = own.map(|it| it.to_string());
    let mut parts: Vec<String> = own.into_iter().chain([text(flags, filled)]).collect();
    let numbers = [("seq", &line.seq), ("ack", &line.ack)];
    for (name, cell) in numbers {
        parts.extend(
            cell.as_ref()
                .map(|cell| format!("{name}={}", text(cell, filled))),
        );
    }
    parts.extend(line.len.map(|len| format!("len={len}")));
    parts.join(" ")
}

/// Which part of its way a line shows, if not all: one packet with two lines is no packet that was sent twice.
fn part(arrow: &Arrow) -> Option<Views<'static>> {
    match (arrow.stretch, arrow.fate) {
        (Stretch::Departure, Fate::Held) => Some(packet::waits(arrow)),
        (Stretch::Departure, _) => Some(Views::Crossing {}),
        (Stretch::Landing, Fate::Delivered) => Some(Views::Arrives {}),
        _ => None,
    }
}

/// What stands at a packet that is to be put in order. Its open places have no numbers, which would tell the order.
pub fn shuffled_label(exercise: &Exercise, row: usize, lang: Lang) -> String {
    let hidden = vec![Some("?".to_owned()); exercise.blanks().len()];
    let line = exercise.shuffled_line(row);
    line.map_or_else(String::new, |line| content(exercise, &line, &hidden, lang))
}

fn text(cell: &Cell, filled: &[Option<String>]) -> String {
    match cell {
        Cell::Told(text) => text.clone(),
        Cell::Blank(blank) => match filled.get(*blank) {
            Some(Some(text)) => text.clone(),
            _ => format!("[{}]", blank + 1),
        },
    }
}

/// What is asked about a blank.
pub fn question(exercise: &Exercise, blank: usize, lang: Lang) -> String {
    let Some(asked) = exercise.blanks().get(blank) else {
        return String::new();
    };
    let blank = &(blank + 1);
    match asked.field {
        Field::Seq => Learn::AskSeq { blank },
        Field::Ack => Learn::AskAck { blank },
        Field::Flags => Learn::AskFlags { blank },
        Field::State(Host::Client) => Learn::AskClient { blank },
        Field::State(Host::Server) => Learn::AskServer { blank },
    }
    .render(lang)
}

fn more(style: Style) -> &'static str {
    if style.ascii { ".." } else { "…" }
}

#[cfg(test)]
mod tests {
    use lineman_trace::learn::Ask;
    use lineman_trace::learn::Plan;

    use super::*;
    use crate::views::logs;

    fn style(width: usize, lang: Lang) -> Style {
        Style {
            width,
            lang,
            ascii: false,
            colour: false,
            absolute: false,
            explain: false,
        }
    }

    fn exercise(name: &str) -> Exercise {
        Exercise::new(Plan::default(), logs::events(name)).expect("an exercise")
    }

    #[test]
    fn it_fits_the_terminal_in_both_languages() {
        for name in logs::LOGS {
            let Ok(exercise) = Exercise::new(Plan::default(), logs::events(name)) else {
                continue;
            };
            for (width, lang) in [
                (80, Lang::En),
                (80, Lang::Zh),
                (120, Lang::En),
                (120, Lang::Zh),
            ] {
                let style = style(width, lang);
                let lines = ladder(&exercise, &[], style);
                for line in lines.iter().chain(&shuffled(&exercise, style)) {
                    assert!(
                        crate::views::text::width(line) <= width,
                        "{name} {width}: {line}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_blank_stands_in_brackets_until_it_is_filled() {
        let plan = Plan {
            ask: vec![Ask::State],
            ..Plan::default()
        };
        let exercise = Exercise::new(plan, logs::events("chat")).expect("an exercise");
        let mut filled = vec![None; exercise.blanks().len()];
        let shown = ladder(&exercise, &filled, style(80, Lang::En)).join("\n");
        for at in 1..=exercise.blanks().len() {
            assert!(shown.contains(&format!("[{at}]")), "{shown}");
        }
        filled[0] = exercise.truth(0);
        let shown = ladder(&exercise, &filled, style(80, Lang::En)).join("\n");
        assert!(!shown.contains("[1]") && shown.contains("[2]"), "{shown}");
    }

    /// Two arrows that reached the other host stood there for a FIN that was sent once.
    #[test]
    fn a_packet_that_crosses_another_is_not_drawn_as_sent_twice() {
        let exercise = exercise("crossed");
        let lines = exercise.lines();
        let row = |line: &Line| exercise.row(line.row).and_then(|row| row.arrow.clone());
        let mut parts = 0;
        for line in &lines {
            let Some(arrow) = row(line) else { continue };
            let label = label(&exercise, line, &[], Lang::En);
            let wanted = match arrow.stretch {
                Stretch::Departure => " (in flight)",
                Stretch::Landing => " (arrives)",
                _ => continue,
            };
            assert!(label.ends_with(wanted.trim_start()), "{label}");
            parts += 1;
        }
        assert!(parts >= 4, "{parts}");
    }

    #[test]
    fn letters_are_places() {
        for at in 0..8 {
            assert_eq!(place(letter(at)), Some(at));
            assert_eq!(place(letter(at).to_ascii_lowercase()), Some(at));
        }
        assert_eq!(place('?'), None);
        assert_eq!(place('字'), None);
        assert!(!exercise("chat").shuffled().is_empty());
    }

    /// The packets to be put in order showed what the blanks ask.
    #[test]
    fn one_question_answered_the_other() {
        let mut hidden = 0;
        for name in logs::LOGS {
            for seed in 0..10 {
                let plan = Plan {
                    seed,
                    ..Plan::default()
                };
                let Ok(exercise) = Exercise::new(plan, logs::events(name)) else {
                    continue;
                };
                for row in exercise.shuffled() {
                    let asked = exercise.blanks().iter();
                    let fields = asked.filter(|it| it.row == *row);
                    let count = fields
                        .filter(|it| !matches!(it.field, Field::State(_)))
                        .count();
                    let label = shuffled_label(&exercise, *row, Lang::En);
                    assert_eq!(label.matches('?').count(), count, "{name} {seed}: {label}");
                    hidden += count;
                }
            }
        }
        assert!(hidden > 0);
    }

    /// Where nothing else is asked, a packet says what it says in the ladder.
    #[test]
    fn an_order_alone_hides_nothing() {
        let plan = Plan {
            ask: vec![Ask::Order],
            ..Plan::default()
        };
        for name in logs::LOGS {
            let Ok(exercise) = Exercise::new(plan.clone(), logs::events(name)) else {
                continue;
            };
            for row in exercise.shuffled() {
                let arrow = exercise.row(*row).and_then(|it| it.arrow.as_ref());
                let label = packet::label(arrow.expect("a packet"), Lang::En);
                assert_eq!(shuffled_label(&exercise, *row, Lang::En), label, "{name}");
            }
        }
    }
}
