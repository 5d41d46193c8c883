//! The eleven states of TCP as text, the current one between brackets.

use lineman_trace::log::TcpState;
use ratatui::style::Modifier;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::text::Span;

/// For half a terminal of 80 columns; the way back is below. Around each name there is room for a
/// bracket.
const FLAT: [&str; FLAT_LINES as usize] = [
    " CLOSED┬LISTEN─SYN-RECEIVED┬ESTABLISHED ",
    "       └SYN-SENT───────────┘         │  ",
    "                LAST-ACK◀─CLOSE-WAIT◀┤  ",
    " TIME-WAIT◀┬─FIN-WAIT-2◀┬─FIN-WAIT-1◀┘  ",
    "           └─CLOSING◀───┘               ",
];

/// For a narrow column.
const TALL: [&str; 11] = [
    " CLOSED ",
    "  ├ LISTEN ",
    "  │  └ SYN-RECEIVED ",
    "  └ SYN-SENT ",
    " ESTABLISHED ",
    "  ├ FIN-WAIT-1 ",
    "  │  ├ FIN-WAIT-2 ",
    "  │  ├ CLOSING ",
    "  │  └ TIME-WAIT ",
    "  └ CLOSE-WAIT ",
    "     └ LAST-ACK ",
];

/// How many lines the flat one has.
pub(super) const FLAT_LINES: u16 = 5;

/// The diagram.
pub(super) fn lines(tall: bool, state: Option<TcpState>, ascii: bool) -> Vec<Line<'static>> {
    let all: &[&str] = if tall { &TALL } else { &FLAT };
    all.iter().map(|line| lit(line, state, ascii)).collect()
}

fn lit(line: &str, state: Option<TcpState>, ascii: bool) -> Line<'static> {
    let line = if ascii { plain(line) } else { line.to_owned() };
    let dim = Style::new().add_modifier(Modifier::DIM);
    let place = state.and_then(|state| Some((line.find(state.name())?, state.name())));
    let Some((at, name)) = place else {
        return Line::styled(line, dim);
    };
    let (before, rest) = line.split_at(at);
    let after = &rest[name.len()..];
    let strong = Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED);
    Line::from(vec![
        Span::styled(without_last(before), dim),
        Span::styled(format!("[{name}]"), strong),
        Span::styled(without_first(after), dim),
    ])
}

fn without_last(text: &str) -> String {
    let mut chars = text.chars();
    chars.next_back();
    chars.collect()
}

fn without_first(text: &str) -> String {
    text.chars().skip(1).collect()
}

fn plain(line: &str) -> String {
    let sign = |c| match c {
        '─' => '-',
        '│' => '|',
        '◀' => '<',
        '\u{2500}'..='\u{257f}' => '+',
        c => c,
    };
    line.chars().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::text::width;

    fn text(line: &Line<'_>) -> String {
        line.spans
            .iter()
            .map(|span| span.content.as_ref())
            .collect()
    }

    #[test]
    fn each_state_is_lit_once_and_moves_nothing() {
        for tall in [true, false] {
            let dark = lines(tall, None, false);
            for state in TcpState::ALL {
                let lit = lines(tall, Some(state), true);
                let mark = format!("[{}]", state.name());
                let marked = lit.iter().filter(|line| text(line).contains(&mark));
                assert_eq!(marked.count(), 1, "{mark}");
                for (lit, dark) in lit.iter().zip(&dark) {
                    assert_eq!(width(&text(lit)), width(&text(dark)));
                    assert!(text(lit).is_ascii());
                }
            }
        }
    }

    #[test]
    fn the_flat_one_fits_into_half_a_small_terminal() {
        for line in lines(false, None, false) {
            assert!(width(&text(&line)) <= 40, "{}", text(&line));
        }
    }
}
