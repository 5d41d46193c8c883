//! `lineman lab replay`: a log as a ladder, or exported. It needs no privilege and no lab.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;

use lineman_net::FileId;
use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_trace::log::BadReason;
use lineman_trace::log::Ending;
use lineman_trace::log::Hub;
use lineman_trace::log::Reader;

use crate::args::lab::Replay;
use crate::commands::lab::tui;
use crate::commands::page;
use crate::commands::trace::drawing;
use crate::commands::trace::presenter::Export;
use crate::commands::trace::presenter::Lines;
use crate::commands::trace::session::Present;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Message as _;
use crate::lang::views::Views;
use crate::output::Output;
use crate::views::export::Format;
use crate::views::tui::Model;
use crate::views::tui::Notice;

/// Shows or exports a log.
pub fn run(args: &Replay, console: Console) -> Result<(), Failure> {
    let (log, id) = open(&args.log, console)?;
    let mut reader = Reader::new(log);
    if args.view.tui {
        return walk(args, reader, console);
    }
    if args.view.page {
        return on_page(args, reader, console);
    }
    let format = args
        .view
        .export
        .or_else(|| console.json.then_some(Format::Jsonl));
    let out = Output::create(args.view.output.as_deref(), id.as_slice(), console)?;
    match format {
        Some(format) => {
            let mut export = Export::new(out, format, console);
            show(args, &mut reader, &mut export, console)?;
            export.into_output().finish()?;
        }
        None => {
            let surface = drawing::surface(args.view.output.as_deref());
            let style = drawing::style(&args.view.drawing, surface, console);
            let mut lines = Lines::new(out, style, console).with_figures(args.view.figures, style);
            if let Err(failure) = show(args, &mut reader, &mut lines, console) {
                let _ = lines.finish(); // as far as it was shown
                return Err(failure);
            }
            lines.target.finish()?;
        }
    }
    tell_ending(&reader, console);
    Ok(())
}

/// Shows a log on the whole terminal.
fn walk<R: BufRead>(args: &Replay, mut reader: Reader<R>, console: Console) -> Result<(), Failure> {
    let mut model = Model::new(tui::setup(args.view.drawing.ascii, console)?);
    model.show_figures(args.view.figures);
    let log = Hub::new();
    let events = log.cursor();
    let mut sink = log.sink();
    for event in reader.by_ref() {
        sink(event.map_err(|bad| refused(args, &bad, console))?);
    }
    drop(sink);
    if let Some(Ending::Cut { line }) = reader.ending() {
        let words = Views::CutAt { line: &line };
        model.say(Notice::Said(words.render(console.lang)));
    }
    tui::look(model, events, console)
}

/// Shows a log in a browser.
fn on_page<R: BufRead>(
    args: &Replay,
    mut reader: Reader<R>,
    console: Console,
) -> Result<(), Failure> {
    let log = Hub::new();
    let events = log.cursor();
    let mut sink = log.sink();
    for event in reader.by_ref() {
        sink(event.map_err(|bad| refused(args, &bad, console))?);
    }
    drop(sink);
    tell_ending(&reader, console);
    page::look(events, !args.view.no_open, console)
}

fn show<R: BufRead>(
    args: &Replay,
    reader: &mut Reader<R>,
    presenter: &mut impl Present,
    console: Console,
) -> Result<(), Failure> {
    for event in reader {
        let event = event.map_err(|bad| refused(args, &bad, console))?;
        presenter.take(&event)?;
    }
    presenter.finish()
}

type Log = Box<dyn BufRead>;

/// Opens the log; says which file it is too, that nothing else may be written to.
fn open(log: &Path, console: Console) -> Result<(Log, Option<FileId>), Failure> {
    if log == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), FileId::of(io::stdin())));
    }
    let file = File::open(log)
        .map_err(SystemError::new(Operation::Open, log.display()))
        .map_err(|error| Failure::system(&error, console.lang))?;
    let id = FileId::of(&file);
    Ok((Box::new(BufReader::new(file)), id))
}

fn refused(args: &Replay, bad: &lineman_trace::log::BadLine, console: Console) -> Failure {
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
