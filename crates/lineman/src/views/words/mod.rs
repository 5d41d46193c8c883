//! Sayings in words.

mod datagrams;
mod hosts;
mod programs;
mod segments;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use lineman_lab::Difference;
use lineman_trace::log::Host;
use lineman_trace::story::Row;
use lineman_trace::story::Saying;

use self::datagrams::of_datagram;
use self::datagrams::of_tftp;
use self::hosts::moved;
use self::hosts::of_call;
use self::segments::of_closing;
use self::segments::of_opening;
use self::segments::of_segment;
use crate::lang::Lang;
use crate::lang::Message;
use crate::lang::differences;
use crate::lang::scenarios;
use crate::lang::wire::Wire;
use crate::lang::wire_states::WireStates as States;
use crate::views::text::clean;
use crate::views::text::cut;

/// Everything that there is to say about a row, as one paragraph.
pub fn paragraph(row: &Row, lang: Lang) -> String {
    let all: Vec<String> = row
        .sayings
        .iter()
        .map(|saying| sentence(saying, lang))
        .collect();
    all.join(match lang {
        Lang::En => " ",
        Lang::Zh => "",
    })
}

/// A saying as a sentence. It has no control characters, and an end: a packet has room for a file
/// name of 64 KiB.
pub fn sentence(saying: &Saying, lang: Lang) -> String {
    cut(&clean(&worded(saying, lang)), LONGEST, "…")
}

/// The longest sentence, in columns.
const LONGEST: usize = 4000;

/// A host in the middle of a sentence.
fn name(host: Host, lang: Lang) -> String {
    match host {
        Host::Client => Wire::Client {},
        Host::Server => Wire::Server {},
    }
    .render(lang)
}

/// A host at its beginning.
fn subject(host: Host, lang: Lang) -> String {
    let name = name(host, lang);
    let mut chars = name.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

/// A number of bytes.
fn amount(count: impl TryInto<u64>, lang: Lang) -> String {
    let count: &u64 = &count.try_into().unwrap_or(u64::MAX);
    let words = match count {
        1 => Wire::Byte { count },
        _ => Wire::Bytes { count },
    };
    words.render(lang)
}

/// The names in a sentence about what `host` does.
struct Cast {
    lang: Lang,
    who: String,
    peer: String,
}

impl Cast {
    fn of(host: Host, lang: Lang) -> Self {
        Self {
            lang,
            who: subject(host, lang),
            peer: name(host.other(), lang),
        }
    }
}

/// A sentence of a table whose fields `who` and `peer` are the names of `$host` and the other.
macro_rules! say {
    ($lang:expr, $host:expr, $table:ident :: $id:ident { who $(, $field:ident)* }) => {{
        let cast = Cast::of(*$host, $lang);
        $table::$id { who: &cast.who $(, $field)* }.render(cast.lang)
    }};
    ($lang:expr, $host:expr, $table:ident :: $id:ident { who + peer $(, $field:ident)* }) => {{
        let cast = Cast::of(*$host, $lang);
        $table::$id { who: &cast.who, peer: &cast.peer $(, $field)* }.render(cast.lang)
    }};
}
use say;

fn worded(saying: &Saying, lang: Lang) -> String {
    of_opening(saying, lang)
        .or_else(|| of_segment(saying, lang))
        .or_else(|| of_closing(saying, lang))
        .or_else(|| of_datagram(saying, lang))
        .or_else(|| of_tftp(saying, lang))
        .or_else(|| of_wire(saying, lang))
        .or_else(|| of_call(saying, lang))
        .unwrap_or_else(|| of_rest(saying, lang))
}

fn of_wire(saying: &Saying, lang: Lang) -> Option<String> {
    use Saying as S;
    Some(match saying {
        S::Lost { rule } => Wire::Lost { rule }.render(lang),
        S::LostByHand {} => Wire::LostByHand {}.render(lang),
        S::HeldBy { rule } => Wire::HeldBy { rule }.render(lang),
        S::Held {} => Wire::Held {}.render(lang),
        S::HeldAgain { who, times } => say!(lang, who, Wire::HeldAgain { who, times }),
        S::Released { millis } => Wire::Released { millis }.render(lang),
        S::Altered { who } => {
            let who = &name(*who, lang);
            Wire::Altered { who }.render(lang)
        }
        S::Forged { who } => {
            let who = &name(*who, lang);
            Wire::Forged { who }.render(lang)
        }
        S::Copied { of } => Wire::Copied { of }.render(lang),
        S::Crossing {} => Wire::Crossing {}.render(lang),
        _ => return None,
    })
}

fn of_rest(saying: &Saying, lang: Lang) -> String {
    use Saying as S;
    match saying {
        S::Moved {
            who,
            from,
            to,
            reason,
        } => moved(*who, *from, *to, Some(*reason), lang),
        S::MovedSomehow { who, from, to } => moved(*who, *from, *to, None, lang),
        S::TimeWait { who, seconds } => say!(lang, who, States::TimeWait { who, seconds }),
        S::Left { who, why } => say!(lang, who, Wire::Left { who, why }),
        S::Note { id, args } => noted(id, args, lang),
        // A saying of a newer lineman-lab: its name is better than nothing.
        other => other.id().to_owned(),
    }
}

/// A note: of a scenario what to look at, of a simulated lab what differs, else what is in it.
fn noted(id: &str, args: &BTreeMap<String, String>, lang: Lang) -> String {
    if let Some(words) = programs::of_note(id, args, lang) {
        return words;
    }
    let look = id.strip_prefix("look.");
    if let Some(look) = look.and_then(|name| scenarios::look(name, lang)) {
        return look.to_owned();
    }
    let differs = id.strip_prefix("differs.").and_then(Difference::find);
    if let Some(sentence) = differs.and_then(|it| differences::sentence(it, lang)) {
        return sentence;
    }
    let each: Vec<String> = args
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let args = &each.join(" ");
    Wire::Note { id: &id, args }.render(lang)
}
