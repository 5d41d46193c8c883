//! Notes: what scenarios and labs say by names of their own.

use lineman_lab::Difference;

use super::programs;
use crate::lang::Lang;
use crate::lang::differences;
use crate::lang::pair;
use crate::lang::scenarios;
use crate::lang::seen;
use crate::lang::unlike;
use crate::lang::waits;

/// The sentence of a note: of a scenario what to look at, of a simulated lab what differs, of a lab what
/// became of a program, of a script what it waits for or has
/// seen, of two captures how they stand to each other. `None` of one that is not known.
pub(super) fn of_note(note: &str, args: &[(String, String)], lang: Lang) -> Option<String> {
    let look = || {
        let look = scenarios::look(note.strip_prefix("look.")?, lang)?;
        Some(look.to_owned() + &unlike::behind(args, lang))
    };
    let differs = || {
        let difference = Difference::find(note.strip_prefix("differs.")?)?;
        differences::sentence(difference, lang)
    };
    programs::of_note(note, args, lang)
        .or_else(look)
        .or_else(differs)
        .or_else(|| waits::of_note(note, args, lang))
        .or_else(|| seen::of_note(note, args, lang))
        .or_else(|| pair::of_note(note, args, lang))
}
