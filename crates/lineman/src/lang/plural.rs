//! One byte, two bytes: English nouns behind a number.
//!
//! Tables have the plural (`"{count} bytes"`). A field that is just `1` is marked as it is filled in, and the noun behind the
//! mark is put into the singular with the verb that follows it.

use std::borrow::Cow;

/// Stands behind a field that is `1`. No field can have it in it: controls are made visible.
pub(super) const ONE: char = '\u{1}';

/// What tables count, and one of it.
pub const NOUNS: &[(&str, &str)] = &[
    ("addresses", "address"),
    ("answers", "answer"),
    ("blocks", "block"),
    ("bytes", "byte"),
    ("calls", "call"),
    ("captures", "capture"),
    ("clients", "client"),
    ("connections", "connection"),
    ("conversations", "conversation"),
    ("datagrams", "datagram"),
    ("duplicates", "duplicate"),
    ("errors", "error"),
    ("events", "event"),
    ("files", "file"),
    ("fragments", "fragment"),
    ("gaps", "gap"),
    ("interfaces", "interface"),
    ("letters", "letter"),
    ("lines", "line"),
    ("machines", "machine"),
    ("names", "name"),
    ("packets", "packet"),
    ("places", "place"),
    ("questions", "question"),
    ("requests", "request"),
    ("rows", "row"),
    ("segments", "segment"),
    ("timeouts", "timeout"),
    ("times", "time"),
    ("transfers", "transfer"),
];

/// What may stand between the number and the noun.
const BETWEEN: &[&str] = &["TCP", "first", "more", "short", "socket"];

/// Verbs that follow a plural, and what follows one.
const VERBS: &[(&str, &str)] = &[
    (" are ", " is "),
    (" have ", " has "),
    (" run ", " runs "),
    (" wait ", " waits "),
    (" were ", " was "),
];

/// A filled sentence, its marks taken out.
pub(super) fn agree(text: String) -> String {
    if !text.contains(ONE) {
        return text;
    }
    let mut parts = text.split(ONE);
    let mut out = parts.next().unwrap_or_default().to_owned();
    parts.for_each(|rest| out.push_str(&behind_one(rest)));
    out
}

/// What follows a `1`: unchanged, if no noun of the list does.
fn behind_one(rest: &str) -> Cow<'_, str> {
    let Some(noun_at) = noun_at(rest) else {
        return rest.into();
    };
    let before = &rest[..noun_at];
    let noun = noun(rest);
    let behind = &rest[noun_at + noun.len()..];
    let Some((_, one)) = NOUNS.iter().find(|(many, _)| *many == noun) else {
        return rest.into();
    };
    // The verb is in the same clause.
    let clause = behind
        .find(|c: char| ",;:.()".contains(c))
        .unwrap_or(behind.len());
    let (clause, other) = behind.split_at(clause);
    let verb = VERBS
        .iter()
        .filter_map(|verb| clause.find(verb.0).map(|at| (at, verb)))
        .min();
    let clause = match verb {
        Some((_, (many, one))) => clause.replacen(many, one, 1),
        None => clause.to_owned(),
    };
    format!("{before}{one}{clause}{other}").into()
}

/// What is counted, in a sentence from behind its number on; nothing if no word follows.
pub(super) fn noun(rest: &str) -> &str {
    let from = noun_at(rest).map_or("", |at| &rest[at..]);
    let end = from.find(|c: char| !c.is_ascii_lowercase());
    &from[..end.unwrap_or(from.len())]
}

/// Where the noun begins.
fn noun_at(rest: &str) -> Option<usize> {
    let mut at = 1;
    rest.strip_prefix(' ')?;
    while let Some(word) = BETWEEN.iter().find(|word| {
        rest[at..]
            .strip_prefix(**word)
            .is_some_and(|it| it.starts_with(' '))
    }) {
        at += word.len() + 1;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;
    use crate::lang::Message as _;
    use crate::lang::tftp::Tftp;
    use crate::lang::tour::Tour;
    use crate::lang::views::Views;
    use crate::lang::wire::Wire;

    /// Such as "1 bytes", "1 transfers whose client did not answer were dropped".
    #[test]
    fn one_of_something_was_told_as_many() {
        let told = |message: &dyn crate::lang::Message| message.render(Lang::En);
        assert_eq!(told(&Wire::Bytes { count: &1 }), "1 byte");
        for many in [0, 2, 11, 21] {
            assert_eq!(told(&Wire::Bytes { count: &many }), format!("{many} bytes"));
        }
        assert_eq!(Wire::Bytes { count: &1 }.render(Lang::Zh), "1 字节");
        assert_eq!(
            told(&Tftp::CountEvicted { count: &1 }),
            "1 transfer whose client did not answer was dropped for newer ones"
        );
        assert_eq!(
            told(&Tftp::CountTooFast { count: &1 }),
            "1 request of neighbours who asked too much"
        );
        assert_eq!(
            told(&Tftp::CountFlood { count: &1 }),
            "1 first request of a flood"
        );
        let summary = Tour::SummaryLab {
            calls: &1,
            packets: &1,
            lost: &1,
            seconds: &1,
        };
        assert_eq!(
            told(&summary),
            "1 packet and 1 socket call in 1 s; the wire lost 1 packet"
        );
        assert_eq!(
            told(&Views::UnknownKinds { count: &1 }),
            "1 event of a kind that this lineman does not know was left out"
        );
    }

    /// What a stranger writes is left as it is.
    #[test]
    fn a_name_is_not_a_number() {
        let told = Wire::Bytes { count: &"x1" }.render(Lang::En);
        assert_eq!(told, "x1 bytes");
        let told = Wire::Bytes { count: &"1\u{1}" }.render(Lang::En);
        assert_eq!(told, "1^A bytes");
        assert_eq!(agree("1\u{1} bytesize".to_owned()), "1 bytesize");
        assert_eq!(agree("1\u{1}".to_owned()), "1");
        assert_eq!(agree("1\u{1} 字节".to_owned()), "1 字节");
    }
}
