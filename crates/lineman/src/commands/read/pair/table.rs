//! The table of conversations, with what became of their packets between the two.

use std::io::Write as _;

use super::Related;
use super::compared::Compared;
use super::json;
use crate::args::read::Read;
use crate::commands::read::table::style;
use crate::console::Console;
use crate::failure::Failure;
use crate::output::Output;
use crate::views::conversations::pair;
use crate::views::conversations::pair::Shown;

/// Shows it.
pub fn show(
    args: &Read,
    compared: Compared,
    related: &Related,
    console: Console,
) -> Result<(), Failure> {
    let mut out = Output::create(args.view.output.as_deref(), &related.ids, console)?;
    let written = if console.json {
        let mut lines = json::lines(&compared, related);
        lines.try_for_each(|line| out.write_all(line.as_bytes()))
    } else {
        let shown = Shown {
            summaries: [&compared.summaries.first, &compared.summaries.second],
            tallies: &compared.tallies,
            names: &related.names,
            notes: &related.notes(),
            uncompared: compared.uncompared,
        };
        let lines = pair::lines(&shown, style(args, console));
        let mut lines = lines.iter();
        lines.try_for_each(|line| writeln!(out, "{line}"))
    };
    written.map_err(|error| out.failure(error))?;
    out.finish()?;
    let (one, other) = (&related.names.first, &related.names.second);
    compared.ends.first.tell(one.as_ref(), console)?;
    compared.ends.second.tell(other.as_ref(), console)
}
