//! `lineman read`: a capture as a table of its conversations, or the ladder of one; or two captures of the same traffic.

mod ahead;
mod capture;
mod input;
pub mod json;
mod ladder;
mod only;
mod pair;
mod redact;
mod table;
mod wanted;
mod words;

use crate::args::read::Read;
use crate::console::Console;
use crate::failure::Failure;

/// Reads a capture.
pub fn run(args: &Read, console: Console) -> Result<(), Failure> {
    if let Some(both) = pair::named(args, console)? {
        return pair::run(args, &both, console);
    }
    match (&args.redact, args.conversation) {
        (Some(to), _) => redact::run(args, to, console),
        (None, Some(number)) => ladder::run(args, number, console),
        (None, None) => table::run(args, console),
    }
}
