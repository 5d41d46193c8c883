//! Text in columns: widths as a terminal counts them, and lines broken where the language allows.

use lineman_proto::text::visible;
use unicode_width::UnicodeWidthChar as _;
use unicode_width::UnicodeWidthStr as _;

/// `text` without what could move the cursor. Logs are files, and files come from strangers.
pub fn clean(text: &str) -> String {
    visible(text).replace('\t', " ")
}

/// How many columns `text` takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// `text`, filled up with spaces to `columns`.
pub fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

/// As much of `text` as fits into `columns`, with `mark` at the end if something is missing.
pub fn cut(text: &str, columns: usize, mark: &str) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(width(mark));
    let mut out = String::new();
    let mut taken = 0;
    for c in text.chars() {
        taken += c.width().unwrap_or(0);
        if taken > room {
            break;
        }
        out.push(c);
    }
    out + mark
}

/// Bytes as people read them: `700 B`, `1.4 MiB`.
pub fn size(bytes: f64) -> String {
    let mut value = bytes;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return if unit == "B" {
                format!("{value:.0} B")
            } else {
                format!("{value:.1} {unit}")
            };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

/// `text` in lines of at most `columns`. Words stay whole, Chinese breaks anywhere except before
/// closing and after opening punctuation; what is longer than a line is broken all the same.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut lines = vec![String::new()];
    for piece in pieces(text) {
        let last = lines.len() - 1;
        if width(&lines[last]) + width(piece.trim_end()) <= columns {
            lines[last].push_str(piece);
        } else {
            lines.push(String::new());
            push_long(&mut lines, piece, columns);
        }
    }
    let trimmed = lines.iter().map(|line| line.trim_end().to_owned());
    trimmed.filter(|line| !line.is_empty()).collect()
}

/// A piece at the beginning of a line, over as many lines as it needs.
fn push_long(lines: &mut Vec<String>, piece: &str, columns: usize) {
    for c in piece.chars() {
        let last = lines.len() - 1;
        if c != ' ' && width(&lines[last]) + c.width().unwrap_or(0) > columns {
            lines.push(String::new());
        }
        let last = lines.len() - 1;
        lines[last].push(c);
    }
}

/// The pieces between which a line may be broken, each with the spaces behind it.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut begin = 0;
    let mut before = None;
    for (at, c) in text.char_indices() {
        if before.is_some_and(|before| may_break(before, c)) {
            pieces.push(&text[begin..at]);
            begin = at;
        }
        before = Some(c);
    }
    pieces.push(&text[begin..]);
    pieces
}

fn may_break(before: char, after: char) -> bool {
    if after == ' ' || OPENING.contains(before) || CLOSING.contains(after) {
        return false;
    }
    before == ' ' || is_wide(before) || is_wide(after)
}

fn is_wide(c: char) -> bool {
    c.width() == Some(2)
}

const OPENING: &str = "（“‘《([";
const CLOSING: &str = "，。：；、）”’》！？,.:;!?)]";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_breaks_between_characters_but_not_before_a_full_stop() {
        assert_eq!(
            wrap("客户端请求建立连接。", 18),
            ["客户端请求建立连", "接。"]
        );
        assert_eq!(
            wrap("它的序号是 3247533107，好", 14),
            ["它的序号是", "3247533107，好"]
        );
    }

    #[test]
    fn words_stay_whole_unless_longer_than_a_line() {
        assert_eq!(wrap("send is taken", 7), ["send is", "taken"]);
        assert_eq!(wrap("a 0123456789", 5), ["a", "01234", "56789"]);
    }

    #[test]
    fn what_does_not_fit_is_marked() {
        assert_eq!(cut("你好吗", 5, "…"), "你好…");
        assert_eq!(pad("你", 4), "你  ");
        assert_eq!(clean("a\x1b[2J\tb"), "a^[[2J b");
    }
}
