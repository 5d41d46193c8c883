//! Fills the fields of a saying into its words.

use lineman_trace::log::Host;
use lineman_trace::story::Value;

use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::wire::Wire;
use crate::lang::wire::gloss;

/// `sentence` with its places filled. A place whose field is missing stays as it is: that is a mistake in
/// the table, which a test finds.
pub(super) fn fill(sentence: &str, fields: &[(&'static str, Value)], lang: Lang) -> String {
    let mut out = String::new();
    for piece in pieces(sentence) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Field(name) => {
                let shown = shown(name, fields, &out, lang);
                out.push_str(&shown.unwrap_or_else(|| format!("{{{name}}}")));
            }
        }
    }
    out
}

/// A piece of a sentence in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// To be said as it is.
    Text(&'a str),
    /// The name of a field, whose value is shown in its place.
    Field(&'a str),
}

/// The pieces of a sentence: `{name}` is a place.
pub(super) fn pieces(sentence: &str) -> impl Iterator<Item = Piece<'_>> {
    sentence.split('{').enumerate().flat_map(|(nth, part)| {
        let (place, text) = match part.split_once('}') {
            Some((place, text)) if nth > 0 => (Some(place), text),
            _ => (None, part),
        };
        let text = (!text.is_empty()).then_some(Piece::Text(text));
        place.map(Piece::Field).into_iter().chain(text)
    })
}

/// What stands in the place `name`, behind `before`.
fn shown(name: &str, fields: &[(&'static str, Value)], before: &str, lang: Lang) -> Option<String> {
    let field = |name: &str| {
        let field = fields.iter().find(|(field, _)| *field == name);
        field.map(|(_, value)| value)
    };
    match name {
        "peer" => match field("who")? {
            Value::Host(who) => Some(host(who.other(), before, lang)),
            _ => None,
        },
        "gloss" => match field("to")? {
            Value::State(to) => Some(gloss(*to, lang).unwrap_or_default().to_owned()),
            _ => None,
        },
        "numbers" => match (field("first")?, field("last")?) {
            (Value::RelativeSeq(first), Value::RelativeSeq(last)) if first == last => {
                Some(Wire::Number { first }.render(lang))
            }
            (Value::RelativeSeq(first), Value::RelativeSeq(last)) => {
                Some(Wire::Numbers { first, last }.render(lang))
            }
            _ => None,
        },
        name => Some(match field(name)? {
            Value::Host(who) => host(*who, before, lang),
            other => value(other, lang),
        }),
    }
}

/// The name of a host, with a capital where a sentence begins.
fn host(host: Host, before: &str, lang: Lang) -> String {
    let name = match host {
        Host::Client => Wire::Client {},
        Host::Server => Wire::Server {},
    }
    .render(lang);
    if !(before.is_empty() || before.ends_with(". ")) {
        return name;
    }
    let mut chars = name.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

/// A value as it stands in a sentence, with its unit.
fn value(value: &Value, lang: Lang) -> String {
    match value {
        Value::Bytes(count) => Wire::Bytes { count }.render(lang),
        Value::Millis(count) => Wire::Millis { count }.render(lang),
        Value::Micros(count) => span(count.saturating_mul(1000), lang),
        Value::Seconds(count) => Wire::Seconds { count }.render(lang),
        Value::Seq(number) => number.to_string(),
        Value::RelativeSeq(number) => number.to_string(),
        Value::Offset(number) | Value::Count(number) => number.to_string(),
        Value::Times(number) => number.to_string(),
        Value::Port(number) | Value::Block(number) | Value::Code(number) => number.to_string(),
        Value::State(state) => state.name().to_owned(),
        Value::Text(text) => text.clone(),
        Value::Pairs(pairs) => {
            let each = pairs.iter().map(|(name, value)| format!("{name}={value}"));
            each.collect::<Vec<_>>().join(" ")
        }
        // One of a newer lineman-trace: it has no words, so no sentence has a place for it.
        _ => String::new(),
    }
}

/// A time in nanoseconds as it is said: to the microsecond, in the unit that fits.
pub fn span(ns: u64, lang: Lang) -> String {
    let micros = ns.saturating_add(500) / 1000;
    let parts = |whole: u64| {
        let text = format!(
            "{}.{:0places$}",
            micros / whole,
            micros % whole,
            places = whole.ilog10() as usize
        );
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match micros {
        0..1000 => Wire::Micros { count: &micros }.render(lang),
        1000..1_000_000 => Wire::Millis {
            count: &parts(1000),
        }
        .render(lang),
        _ => Wire::Seconds {
            count: &parts(1_000_000),
        }
        .render(lang),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_texts_and_places() {
        let all: Vec<Piece<'_>> = pieces("{who} sends {len}, at once. ").collect();
        assert_eq!(
            all,
            [
                Piece::Field("who"),
                Piece::Text(" sends "),
                Piece::Field("len"),
                Piece::Text(", at once. ")
            ]
        );
    }

    #[test]
    fn hosts_have_a_capital_where_a_sentence_begins_only() {
        let fields = [("who", Value::Host(Host::Server))];
        let filled = |sentence| fill(sentence, &fields, Lang::En);
        assert_eq!(
            filled("{who} and {peer}. {peer}"),
            "The server and the client. The client"
        );
        assert_eq!(fill("{who}和{peer}", &fields, Lang::Zh), "服务器和客户端");
    }

    #[test]
    fn what_a_peer_has_sent_is_no_place() {
        let fields = [
            ("file", Value::Text("{mode}".to_owned())),
            ("mode", Value::Text("octet".to_owned())),
        ];
        assert_eq!(fill("{file}, {mode}", &fields, Lang::En), "{mode}, octet");
    }

    #[test]
    fn values_have_their_units() {
        let say = |value: Value, lang| fill("{it}", &[("it", value)], lang);
        assert_eq!(say(Value::Bytes(1), Lang::En), "1 byte");
        assert_eq!(say(Value::Bytes(0), Lang::En), "0 bytes");
        assert_eq!(say(Value::Bytes(5), Lang::Zh), "5 字节");
        assert_eq!(say(Value::Millis(211), Lang::En), "211 ms");
        assert_eq!(say(Value::Micros(7), Lang::Zh), "7 微秒");
        assert_eq!(say(Value::Micros(20_310), Lang::En), "20.31 ms");
        assert_eq!(say(Value::Micros(1_000), Lang::En), "1 ms");
        assert_eq!(say(Value::Micros(61_000_040), Lang::En), "61.00004 s");
        assert_eq!(say(Value::Seconds(60), Lang::Zh), "60 秒");
        let options = [("blksize", "1432"), ("tsize", "0")];
        let options = options.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(
            say(Value::Pairs(options.into()), Lang::En),
            "blksize=1432 tsize=0"
        );
    }
}
