//! The ladder of one conversation, as its packets are read.

use std::future::pending;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use lineman_net::FileId;
use lineman_trace::capture::Conversations;
use lineman_trace::capture::Recorder;
use lineman_trace::log::Cursor;
use lineman_trace::log::Event;
use lineman_trace::log::Hub;

use super::capture::Capture;
use super::capture::End;
use super::input::Stop;
use crate::args::read::Read;
use crate::commands::lab::tui;
use crate::commands::page;
use crate::commands::trace::drawing;
use crate::commands::trace::presenter::Export;
use crate::commands::trace::presenter::Lines;
use crate::commands::trace::session;
use crate::commands::trace::session::Next;
use crate::commands::trace::session::Nothing;
use crate::commands::trace::session::Present;
use crate::commands::trace::session::Source;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::read::Read as Words;
use crate::output::Output;
use crate::runtime;
use crate::runtime::Signals;
use crate::views::export::Format;
use crate::views::tui::Model;
use crate::views::tui::Setup;

/// How many events may wait to be shown: if the file is read faster, its reader waits. A packet may have 64 KiB.
const AHEAD: usize = 1000;
/// How long it waits then.
const MOMENT: Duration = Duration::from_millis(1);

/// Shows the conversation of this number.
pub fn run(args: &Read, number: u64, console: Console) -> Result<(), Failure> {
    let (capture, stop, id) = Capture::open(&args.file, &args.filter, args.follow, console)?;
    let work = move |log: &Hub, sink: Sink<'_>| read(capture, number, log, sink);
    let (shown, read) = while_shown(args, Some(stop), id.as_slice(), work, console)?;
    shown?;
    if !read.found {
        let (number, count) = (&number, &read.conversations);
        let words = Words::NoConversation { number, count };
        return Err(Failure::usage(&words, console.lang));
    }
    read.end.tell(&args.file, console)
}

/// Takes events of a log.
pub type Sink<'a> = &'a mut dyn FnMut(Event);

/// Shows a log while `work` makes it on another thread, which is to end when the log is over. `ids` are the files that
/// are read; `stop` ends what is waited for when it is dropped. Gives how showing it went, and what the work has given.
pub fn while_shown<T: Send + 'static>(
    args: &Read,
    stop: Option<Stop>,
    ids: &[FileId],
    work: impl FnOnce(&Hub, Sink<'_>) -> T + Send + 'static,
    console: Console,
) -> Result<(Result<(), Failure>, T), Failure> {
    let log = Hub::new();
    let events = log.cursor();
    let (told, mut sink) = (log.clone(), log.sink());
    let worker = thread::spawn(move || work(&told, &mut sink));
    let mut reading = Reading { stop, log };
    let shown = show(args, events, &mut reading, ids, console);
    reading.stop(); // a view that has failed reads no more
    Ok((shown, join(worker, console)?))
}

/// Waits while too much of a log waits to be shown. False if the view has ended.
pub fn has_room(log: &Hub) -> bool {
    while log.unread() > AHEAD && !log.is_over() {
        thread::sleep(MOMENT);
    }
    !log.is_over()
}

/// Shows a log that is there as a whole.
pub fn show_all(
    args: &Read,
    all: Vec<Event>,
    ids: &[FileId],
    console: Console,
) -> Result<(), Failure> {
    let log = Hub::new();
    let events = log.cursor();
    let mut sink = log.sink();
    all.into_iter().for_each(&mut sink);
    drop(sink);
    let mut reading = Reading { stop: None, log };
    show(args, events, &mut reading, ids, console)
}

/// What the reading has come to.
struct ReadOut {
    found: bool,
    conversations: u64,
    end: End,
}

fn read(mut capture: Capture, number: u64, log: &Hub, sink: Sink<'_>) -> ReadOut {
    let (mut all, mut recorder) = (Conversations::default(), Recorder::new());
    let mut found = false;
    while !log.is_over()
        && let Some((packet, sorted)) = capture.next_of(&mut all)
    {
        if sorted.conversation != Some(number) {
            continue;
        }
        if !found {
            sink(recorder.start("", &packet, all.current()));
            found = true;
        }
        sink(recorder.packet(sorted.number, sorted.from, &packet));
        has_room(log);
    }
    if found {
        sink(recorder.end());
    }
    ReadOut {
        found,
        conversations: all.totals().conversations,
        end: capture.end(),
    }
}

fn join<T>(worker: JoinHandle<T>, console: Console) -> Result<T, Failure> {
    let done = worker.join();
    done.map_err(|_| Failure::internal(&"the reader has panicked", console.lang))
}

fn show(
    args: &Read,
    events: Cursor,
    reading: &mut Reading,
    ids: &[FileId],
    console: Console,
) -> Result<(), Failure> {
    let view = &args.view;
    if view.tui {
        let model = Model::new(Setup {
            subject: format!("lineman read: {}", args.file.display()),
            captured: args.follow,
            ..tui::setup(view.drawing.ascii, console)?
        });
        return tui::follow(model, events, reading.ender(), console);
    }
    if view.page {
        return page::look(events, !view.no_open, console);
    }
    let format = view
        .export
        .or_else(|| console.json.then_some(Format::Jsonl));
    let out = Output::create(view.output.as_deref(), ids, console)?;
    match format {
        // Its lines are those of the log, as they come.
        Some(Format::Jsonl) | None => {
            let surface = drawing::surface(view.output.as_deref());
            let style = drawing::style(&view.drawing, surface, console);
            let json = format.is_some();
            let mut lines = Lines::new(out, style, Console { json, ..console })
                .with_figures(view.figures, style);
            present(events, reading, &mut lines, console)?;
            lines.target.finish()
        }
        Some(format) => {
            let mut export = Export::of_capture(out, format, console);
            present(events, reading, &mut export, console)?;
            export.into_output().finish()
        }
    }
}

fn present(
    events: Cursor,
    reading: &mut Reading,
    presenter: &mut impl Present,
    console: Console,
) -> Result<(), Failure> {
    runtime::block_on_this_thread(console, async {
        let mut signals = Signals::watch(console.lang)?;
        session::run(events, None, reading, presenter, &mut signals).await
    })
}

/// A capture that is being read.
struct Reading {
    /// Dropped, it ends what is read.
    stop: Option<Stop>,
    log: Hub,
}

impl Reading {
    fn stop(&mut self) {
        self.stop = None;
        self.log.cancel();
    }

    /// Does the same, when it is called.
    fn ender(&mut self) -> impl FnMut() + 'static + use<> {
        let (mut stop, log) = (self.stop.take(), self.log.clone());
        move || {
            drop(stop.take());
            log.cancel();
        }
    }
}

impl<P: Present + ?Sized> Source<P> for Reading {
    type Input = Nothing;

    async fn input(&mut self) -> Nothing {
        pending().await
    }

    fn take(&mut self, input: Nothing, _: &mut P) -> Result<Next, Failure> {
        match input {}
    }

    fn end(&mut self) {
        self.stop();
    }
}
