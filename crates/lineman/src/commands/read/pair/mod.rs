//! Two captures of the same traffic, taken at two points: which packets were lost between them, how long the others took, and what
//! has changed them.
//!
//! Both files are read to compare the clocks, again to match all packets, and once more for the ladder of a conversation: so
//! memory does not depend on their length.

mod compared;
mod json;
mod ladder;
mod merged;
mod named;
mod scan;
mod table;

use std::path::PathBuf;

use lineman_net::FileId;
use lineman_trace::log::Note;
use lineman_trace::pair::Clocks;
use lineman_trace::pair::Point;
use lineman_trace::pair::Points;
use lineman_trace::pair::Setting;
use lineman_trace::pair::Span;
use lineman_trace::pair::Tally;
use lineman_trace::pair::Unrelated;

pub use named::named;

use super::capture::End;
use crate::args::read::Read;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::pair::Pair;
use crate::lang::read::Read as Words;
use compared::Compared;

/// The two files, and which of their packets.
#[derive(Clone, Debug)]
pub struct Both {
    files: Points<PathBuf>,
    filter: Vec<String>,
}

/// How two captures stand to each other.
pub struct Related {
    clocks: Clocks,
    spans: Points<Option<Span>>,
    /// How many packets each says that its capturing has lost.
    drops: Points<Option<u64>>,
    names: Points<String>,
    ids: Vec<FileId>,
}

impl Related {
    fn setting(&self) -> Setting<'_> {
        let dropped = |point: Point| self.drops[point].is_some_and(|packets| packets > 0);
        Setting {
            clocks: &self.clocks,
            spans: self.spans,
            dropped: Points {
                first: dropped(Point::First),
                second: dropped(Point::Second),
            },
        }
    }

    /// What there is to say of both.
    fn notes(&self) -> Vec<Note> {
        lineman_trace::pair::notes(&self.clocks, &self.names, &self.drops)
    }
}

/// Compares two captures, and shows what came of it.
pub fn run(args: &Read, both: &Both, console: Console) -> Result<(), Failure> {
    let (both_too, stop) = (both.clone(), scan::Stop::default());
    let flag = stop.flag();
    let (scanned, asked) = super::table::interruptible(stop, None, console, move || {
        scan::scan(&both_too, &flag, console)
    })?;
    if let Some(exit) = asked {
        return Err(Failure::said(exit)); // what half of a file tells may be wrong
    }
    let related = scanned?.map_err(|why| unrelated(why, both, console))?;
    let (both_too, stop) = (both.clone(), scan::Stop::default());
    let flag = stop.flag();
    let (compared, asked) = super::table::interruptible(stop, None, console, move || {
        let compared = compared::compare(&both_too, &related, &flag, console);
        (compared, related)
    })?;
    let (compared, related) = compared;
    if let Some(exit) = asked {
        return Err(Failure::said(exit));
    }
    show(args, both, compared?, related, console)
}

fn show(
    args: &Read,
    both: &Both,
    compared: Compared,
    related: Related,
    console: Console,
) -> Result<(), Failure> {
    let asked = args.view.tui || args.view.page || args.view.export.is_some();
    let number = match args.conversation {
        Some(number) => Some(number),
        None if asked || !console.json => compared.only(asked),
        None => None,
    };
    let Some(number) = number else {
        if asked {
            let (file, count) = (&related.names.first, &compared.tallies.len());
            return Err(Failure::usage(
                &Pair::WhichOne { file, count },
                console.lang,
            ));
        }
        return table::show(args, compared, &related, console);
    };
    let tally = tally(&compared, number, &related, console)?;
    ladder::show(args, both, (tally, related), console)?;
    tell(compared.ends, both, console)
}

/// A conversation that both have, by its number in the first.
fn tally(
    compared: &Compared,
    number: u64,
    related: &Related,
    console: Console,
) -> Result<Tally, Failure> {
    let found = compared
        .tallies
        .iter()
        .find(|tally| tally.numbers.first == number);
    if let Some(tally) = found {
        return Ok(tally.clone());
    }
    let (file, other) = (&related.names.first, &related.names.second);
    let (number, count) = (&number, &compared.summaries.first.totals.conversations);
    Err(match number {
        1.. if number <= count => Failure::usage(
            &Pair::OnlyInFirst {
                number,
                file,
                other,
            },
            console.lang,
        ),
        _ => Failure::usage(&Words::NoConversation { number, count }, console.lang),
    })
}

/// Says where and why the files could not be read on, if they could not.
fn tell(ends: Points<End>, both: &Both, console: Console) -> Result<(), Failure> {
    ends.first.tell(&both.files.first, console)?;
    ends.second.tell(&both.files.second, console)
}

fn unrelated(why: Unrelated, both: &Both, console: Console) -> Failure {
    let lang = console.lang;
    let (one, other) = (&both.files.first.display(), &both.files.second.display());
    match why {
        Unrelated::NothingInCommon => Failure::new(
            Exit::Incomplete,
            &Pair::NothingInCommon { one, other },
            lang,
        ),
        Unrelated::NothingToCompare(point) => {
            let file = &both.files[point].display();
            Failure::new(Exit::Incomplete, &Pair::NothingToCompare { file }, lang)
        }
    }
}
