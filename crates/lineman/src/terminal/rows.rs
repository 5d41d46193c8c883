//! Text in rows of a terminal, broken by us: a row that the terminal broke would begin in the first column,
//! where what a stranger says could pass for a sentence of ours.

use unicode_width::UnicodeWidthChar as _;
use unicode_width::UnicodeWidthStr as _;

use super::surface;
use crate::views::text::wrap;

/// What a terminal is taken for that does not say how wide it is.
const COLUMNS: usize = 80;
/// Terminals have a tab stop at every eighth column.
const TAB: usize = 8;

/// How many columns and rows the terminal has.
pub fn size() -> (usize, usize) {
    let size = surface::size(std::io::stdout());
    let number = |number: u16| Some(usize::from(number)).filter(|number| *number > 0);
    let columns = size.and_then(|size| number(size.ws_col));
    let rows = size.and_then(|size| number(size.ws_row));
    (columns.unwrap_or(COLUMNS), rows.unwrap_or(usize::MAX))
}

/// The lines of `text` in rows of at most `columns`; all but the first row of a line begin with `indent`
/// spaces, of which there are never more than half the columns. Tabs become spaces.
pub fn fold(text: &str, columns: usize, indent: usize) -> Vec<String> {
    let columns = columns.max(4);
    let indent = indent.min(columns / 2);
    let mut rows = Vec::new();
    for line in text.split('\n') {
        let (mut row, mut taken) = (String::new(), 0);
        for c in line.chars() {
            let (spaces, width) = match c {
                '\t' => (TAB - taken % TAB, TAB - taken % TAB),
                c => (0, c.width().unwrap_or(0)),
            };
            if taken + width > columns {
                rows.push(std::mem::replace(&mut row, " ".repeat(indent)));
                taken = indent;
                if spaces > 0 {
                    continue; // a tab is a break as well as a space
                }
            }
            taken += width;
            match spaces {
                0 => row.push(c),
                _ => row.push_str(&" ".repeat(spaces)),
            }
        }
        rows.push(row);
    }
    rows
}

/// [`fold`] for a line of words, which stay whole.
pub fn fold_words(line: &str, columns: usize, indent: usize) -> Vec<String> {
    let indent = " ".repeat(indent);
    let rows = wrap(line, columns.saturating_sub(indent.len()));
    let rows = rows.into_iter().enumerate();
    rows.map(|(at, row)| {
        if at == 0 {
            row
        } else {
            format!("{indent}{row}")
        }
    })
    .collect()
}

/// How many rows of `columns` such rows take up now: the terminal may have become narrower.
pub fn height(rows: &[String], columns: usize) -> usize {
    let columns = columns.max(1);
    rows.iter()
        .map(|row| row.width().div_ceil(columns).max(1))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_broken_is_indented_and_no_row_is_too_wide() {
        assert_eq!(fold("< short", 20, 2), ["< short"]);
        assert_eq!(
            fold("< * lineman says that all is well", 12, 2),
            ["< * lineman ", "  says that ", "  all is wel", "  l"]
        );
        assert_eq!(fold("< 一二三四五六", 10, 2), ["< 一二三四", "  五六"]);
        assert_eq!(fold("one\n\ntwo", 10, 2), ["one", "", "two"]);
        assert_eq!(fold("a\tb\tc", 10, 1), ["a       b", " c"]);
    }

    #[test]
    fn a_narrow_terminal_leaves_half_for_the_text() {
        let rows = fold(&"x".repeat(30), 10, 25);
        assert_eq!(
            rows,
            [
                "xxxxxxxxxx",
                "     xxxxx",
                "     xxxxx",
                "     xxxxx",
                "     xxxxx"
            ]
        );
    }

    #[test]
    fn rows_that_the_terminal_breaks_again_are_counted() {
        let rows = fold(&"一".repeat(20), 40, 2);
        assert_eq!((rows.len(), height(&rows, 40)), (1, 1));
        assert_eq!(height(&rows, 20), 2);
        assert_eq!(height(&[String::new()], 20), 1);
    }
}
