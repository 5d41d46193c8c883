//! `lineman lab replay`: a log as a ladder, or exported. It needs no privilege and no lab.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::IsTerminal as _;
use std::io::Write;
use std::path::Path;

use lineman_lab::log::BadReason;
use lineman_lab::log::Ending;
use lineman_lab::log::Event;
use lineman_lab::log::Reader;
use lineman_net::Operation;
use lineman_net::SystemError;

use crate::args::lab::Replay;
use crate::commands::lab::tui;
use crate::commands::lab::tui::Desk;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Message as _;
use crate::lang::views::Views;
use crate::views::export;
use crate::views::export::Format;
use crate::views::ladder::Ladder;
use crate::views::ladder::Style;
use crate::views::tui::Model;
use crate::views::tui::Notice;

/// The width where there is no terminal to ask.
const WIDTH: u16 = 120;

/// Shows or exports a log.
pub fn run(args: &Replay, console: Console) -> Result<(), Failure> {
    let mut reader = Reader::new(open(&args.log, console)?);
    if args.tui {
        return walk(args, reader, console);
    }
    let format = args
        .export
        .or_else(|| console.json.then_some(Format::Jsonl));
    let mut out = output(args, console)?;
    match format {
        Some(format) => {
            let events = reader
                .by_ref()
                .collect::<Result<Vec<Event>, _>>()
                .map_err(|bad| refused(args, &bad, console))?;
            export::write(format, &events, console.lang, &mut out)
                .map_err(|error| unwritable(args, error, console))?;
        }
        None => show(args, &mut reader, &mut out, console)?,
    }
    out.flush()
        .map_err(|error| unwritable(args, error, console))?;
    tell_ending(&reader, console);
    Ok(())
}

/// Shows a log on the whole terminal.
fn walk<R: BufRead>(args: &Replay, mut reader: Reader<R>, console: Console) -> Result<(), Failure> {
    let mut model = Model::new(tui::setup(args.ascii, console)?);
    let desk = Desk::new();
    let mut sink = desk.sink();
    for event in reader.by_ref() {
        sink(event.map_err(|bad| refused(args, &bad, console))?);
    }
    drop(sink);
    if let Some(Ending::Cut { line }) = reader.ending() {
        let words = Views::CutAt { line: &line };
        model.say(Notice::Said(words.render(console.lang)));
    }
    desk.run(model, drop, console)
}

fn show<R: BufRead>(
    args: &Replay,
    reader: &mut Reader<R>,
    out: &mut dyn Write,
    console: Console,
) -> Result<(), Failure> {
    let mut ladder = Ladder::new(style(args, console));
    let mut put = |lines: Vec<String>| -> Result<(), Failure> {
        lines
            .iter()
            .try_for_each(|line| writeln!(out, "{line}"))
            .map_err(|error| unwritable(args, error, console))
    };
    for event in reader {
        match event {
            Ok(event) => put(ladder.push(&event))?,
            Err(bad) => {
                put(ladder.finish())?;
                return Err(refused(args, &bad, console));
            }
        }
    }
    put(ladder.finish())
}

fn style(args: &Replay, console: Console) -> Style {
    let on_terminal = args.output.is_none() && io::stdout().is_terminal();
    let colour = on_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    Style {
        width: args.width.unwrap_or_else(|| columns(on_terminal)).into(),
        lang: console.lang,
        ascii: args.ascii || !crate::lang::is_utf8(),
        colour,
        explain: !args.no_explain,
    }
}

fn columns(on_terminal: bool) -> u16 {
    let size = on_terminal.then(|| rustix::termios::tcgetwinsize(io::stdout()));
    match size {
        Some(Ok(size)) if size.ws_col > 0 => size.ws_col,
        _ => WIDTH,
    }
}

fn open(log: &Path, console: Console) -> Result<Box<dyn BufRead>, Failure> {
    if log == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(log)
        .map_err(SystemError::new(Operation::Open, log.display()))
        .map_err(|error| Failure::system(&error, console.lang))?;
    Ok(Box::new(BufReader::new(file)))
}

fn output(args: &Replay, console: Console) -> Result<Box<dyn Write>, Failure> {
    let Some(path) = &args.output else {
        return Ok(Box::new(io::BufWriter::new(io::stdout().lock())));
    };
    let file = File::create(path)
        .map_err(SystemError::new(Operation::Create, path.display()))
        .map_err(|error| Failure::system(&error, console.lang))?;
    Ok(Box::new(io::BufWriter::new(file)))
}

fn unwritable(args: &Replay, error: io::Error, console: Console) -> Failure {
    match &args.output {
        None => Failure::stdout(error, console.lang),
        Some(path) => {
            let error = SystemError::new(Operation::Write, path.display())(error);
            Failure::system(&error, console.lang)
        }
    }
}

fn refused(args: &Replay, bad: &lineman_lab::log::BadLine, console: Console) -> Failure {
    let exit = match bad.reason {
        BadReason::Io(_) => Exit::Incomplete,
        _ => Exit::Usage,
    };
    let words = Views::BadLog {
        file: &args.log.display(),
        why: bad,
    };
    Failure::new(exit, &words, console.lang)
}

/// A log that was cut is shown as far as it goes, and said to be cut.
fn tell_ending<R: BufRead>(reader: &Reader<R>, console: Console) {
    if let Some(Ending::Cut { line }) = reader.ending() {
        console.warn(&Views::CutAt { line: &line });
    }
    if reader.unknown() > 0 {
        let count = &reader.unknown();
        console.warn(&Views::UnknownKinds { count });
    }
}
