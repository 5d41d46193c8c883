//! Which words of the command line are captures. A filter may stand where a second capture does: words that name a file are one.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use lineman_proto::wire::filter::Filter;
use lineman_trace::pair::Points;

use super::Both;
use crate::args::read::Read;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::pair::Pair;

/// What names of captures end with.
const ENDINGS: [&str; 5] = [".pcap", ".pcapng", ".cap", ".gz", ".zst"];

/// The two captures that were named, if there are two.
///
/// # Errors
/// When there are more, or what was asked for cannot be done with two.
pub fn named(args: &Read, console: Console) -> Result<Option<Both>, Failure> {
    let files = args.filter.iter().enumerate();
    let files = files.take_while(|(at, word)| is_capture(word, &args.filter[*at..]));
    let lang = console.lang;
    let second = match files.count() {
        0 => return Ok(None),
        1 => PathBuf::from(&args.filter[0]),
        more => return Err(Failure::usage(&Pair::TooMany { count: &(more + 1) }, lang)),
    };
    for (asked, option) in [
        (args.follow, "--follow"),
        (args.redact.is_some(), "--redact"),
    ] {
        if asked {
            return Err(Failure::usage(&Pair::NotWithTwo { option: &option }, lang));
        }
    }
    let files = Points {
        first: args.file.clone(),
        second,
    };
    for file in [&files.first, &files.second] {
        let is_pipe = fs::metadata(file).is_ok_and(|it| !it.is_file());
        if is_pipe || file == Path::new("-") {
            let file = &file.display();
            return Err(Failure::usage(&Pair::NoFile { file }, lang));
        }
    }
    Ok(Some(Both {
        files,
        filter: args.filter[1..].to_vec(),
    }))
}

/// Whether a word names a capture and does not begin a filter.
fn is_capture(word: &str, rest: &[String]) -> bool {
    let named = ENDINGS.iter().any(|ending| word.ends_with(ending));
    let is_there = Path::new(word).exists() && !Path::new(word).is_dir();
    let like_a_path = word.contains(['.', '/']);
    word == "-" || named || is_there && (like_a_path || Filter::parse(&rest.join(" ")).is_err())
}
