//! The table of a capture's conversations; or the ladder at once, if there is but one.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use lineman_trace::capture::Conversations;
use lineman_trace::capture::Summary;
use tokio::time::Instant;
use tokio::time::interval_at;

use super::capture::Capture;
use super::capture::End;
use super::input::Meter;
use super::json;
use super::ladder;
use super::only::Keep;
use super::only::Kept;
use super::only::Only;
use crate::args::read::Read;
use crate::commands::progress::Bar;
use crate::commands::trace::drawing;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::read::Read as Words;
use crate::output::Output;
use crate::runtime;
use crate::views::conversations;
use crate::views::conversations::Style;

/// All that was read.
struct Told {
    summary: Summary,
    only: Kept,
    end: End,
}

/// Reads a capture to its end, or until it is interrupted, and shows what is in it.
pub fn run(args: &Read, console: Console) -> Result<(), Failure> {
    let (capture, stop, id) = Capture::open(&args.file, &args.filter, false, console)?;
    let view = &args.view;
    let ladder_asked = view.tui || view.page || view.figures || view.export.is_some();
    let keep = match ladder_asked {
        false => Keep::Short,
        true if args.file.is_file() => Keep::Nothing,
        true if view.tui || view.page => Keep::All,
        true => Keep::Bounded,
    };
    let reading = Reading {
        file: &args.file,
        meter: capture.meter(),
    };
    let (told, asked) = interruptible(stop, Some(reading), console, move || read(capture, keep))?;
    match told.only {
        Kept::Log(events) if ladder_asked || !console.json => {
            ladder::show_all(args, events, id.as_slice(), console)?;
            told.end.tell(&args.file, console)?;
            return asked.map_or(Ok(()), |exit| Err(Failure::said(exit)));
        }
        Kept::TooLong => return Err(Failure::usage(&Words::InputTooLong {}, console.lang)),
        Kept::Log(_) | Kept::Nothing => {}
    }
    if ladder_asked {
        let (file, count) = (&args.file.display(), &told.summary.totals.conversations);
        return match (asked, count) {
            (Some(exit), _) => Err(Failure::said(exit)),
            (None, 1) => ladder::run(args, 1, console),
            (None, _) => Err(Failure::usage(
                &Words::WhichOne { file, count },
                console.lang,
            )),
        };
    }
    if asked.is_some() {
        console.note(&Words::Stopped {});
    }
    let mut out = Output::create(args.view.output.as_deref(), id.as_slice(), console)?;
    write(args, &told.summary, &told.end, &mut out, console)?;
    out.finish()?;
    told.end.tell(&args.file, console)?;
    asked.map_or(Ok(()), |exit| Err(Failure::said(exit)))
}

fn read(mut capture: Capture, keep: Keep) -> Told {
    let (mut all, mut only) = (Conversations::default(), Only::new(keep));
    while let Some((packet, sorted)) = capture.next_of(&mut all)
        && only.take(&packet, sorted, &all)
    {}
    Told {
        summary: all.finish(),
        only: only.finish(),
        end: capture.end(),
    }
}

fn write(
    args: &Read,
    summary: &Summary,
    end: &End,
    out: &mut Output,
    console: Console,
) -> Result<(), Failure> {
    let written = if console.json {
        json::lines(summary, end).try_for_each(|line| out.write_all(line.as_bytes()))
    } else {
        let file = args.file.display().to_string();
        let lines = conversations::lines(summary, &file, style(args, console));
        let mut lines = lines.iter();
        lines.try_for_each(|line| writeln!(out, "{line}"))
    };
    written.map_err(|error| out.failure(error))
}

/// How tables are drawn where they go.
pub fn style(args: &Read, console: Console) -> Style {
    let surface = drawing::surface(args.view.output.as_deref());
    let drawn = drawing::style(&args.view.drawing, surface, console);
    Style {
        width: drawn.width,
        lang: drawn.lang,
        ascii: drawn.ascii,
        top: args.top,
    }
}

/// A file that takes long to read.
pub struct Reading<'a> {
    /// Its name.
    pub file: &'a Path,
    /// How far it has come.
    pub meter: Option<Meter>,
}

/// Does something that takes long on a thread of its own, and shows at a terminal how far it has come. A signal ends
/// what it reads, and then says which exit code was asked for; a second one does not wait.
/// `stop` ends it when it is dropped.
pub fn interruptible<T: Send + 'static>(
    stop: impl Send + 'static,
    reading: Option<Reading<'_>>,
    console: Console,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<(T, Option<Exit>), Failure> {
    runtime::block_on_this_thread(console, async {
        let mut signals = runtime::Signals::watch(console.lang)?;
        let mut work = tokio::task::spawn_blocking(work);
        let mut stop = Some(stop);
        let mut asked = None;
        let reading = reading.and_then(|reading| Some((reading.file, reading.meter?)));
        let mut looks = interval_at(Instant::now() + LONG, LOOK);
        let mut bar = None;
        loop {
            tokio::select! {
                _ = looks.tick(), if reading.is_some() => {
                    if let Some((file, meter)) = &reading {
                        let name = file.display().to_string();
                        let bar = bar.get_or_insert_with(|| Bar::new(&name, 0, 0, console));
                        bar.at(meter.at(), meter.total);
                    }
                }
                done = &mut work => {
                    bar.iter().for_each(Bar::clear);
                    let done = done.map_err(|error| Failure::internal(&error, console.lang))?;
                    return Ok((done, asked));
                }
                exit = signals.next() => {
                    if asked.is_some() {
                        return Err(Failure::said(exit));
                    }
                    asked = Some(exit);
                    drop(stop.take());
                }
            }
        }
    })
}

/// What takes longer is shown as it goes on: less would only flash.
const LONG: Duration = Duration::from_secs(1);
/// How often it is looked how far it has come.
const LOOK: Duration = Duration::from_millis(200);
