//! Sayings in words: the row of the table that has their id, filled with their fields.

mod fill;
mod notes;
mod programs;

#[cfg(test)]
mod tests;

use lineman_trace::story::Row;
use lineman_trace::story::Saying;

use self::fill::fill;
pub use self::fill::span;
use self::notes::of_note;
use crate::lang::Lang;
use crate::lang::sayings::Words;
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

fn worded(saying: &Saying, lang: Lang) -> String {
    if let Saying::Note { note, args } = saying
        && let Some(sentence) = of_note(note, args, lang)
    {
        return sentence;
    }
    match Words::of(saying.id()) {
        Some(words) => fill(words.sentence(lang), &saying.fields(), lang),
        // A saying of a newer lineman-trace: its name is better than nothing.
        None => saying.id().to_owned(),
    }
}
