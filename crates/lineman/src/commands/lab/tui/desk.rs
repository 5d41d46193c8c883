//! The desk at which everything comes in, and the loop that draws after each.

use std::io;
use std::io::BufWriter;
use std::path::Path;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use std::time::Instant;

use lineman_lab::wire::Command;
use lineman_net::Operation;
use lineman_net::OutputFile;
use lineman_net::SystemError;
use lineman_trace::log::Event;

use super::input;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::screen::Screen;
use crate::views::export;
use crate::views::export::Format;
use crate::views::tui::Key;
use crate::views::tui::Model;
use crate::views::tui::Notice;
use crate::views::tui::Order;
use crate::views::tui::draw;

/// After so long without an event the last row of the ladder is complete.
const QUIET: Duration = Duration::from_millis(80);

/// What comes in.
#[derive(Debug)]
pub(super) enum Input {
    /// An event of the log.
    Event(Box<Event>),
    /// The log has ended.
    Over,
    /// Something to be said, in words that are ready.
    Said(String),
    /// A key.
    Key(Key),
    /// The terminal has another size.
    Resized,
    /// Somebody wants the program to end.
    Leave(Exit),
}

/// Where everything comes in.
#[derive(Debug)]
pub struct Desk {
    inbox: mpsc::Sender<Input>,
    outbox: mpsc::Receiver<Input>,
}

impl Desk {
    /// One at which nothing has come in.
    pub fn new() -> Self {
        let (inbox, outbox) = mpsc::channel();
        Self { inbox, outbox }
    }

    /// Takes a log's events; dropping it says that the log has ended.
    pub fn sink(&self) -> impl FnMut(Event) + Send + 'static + use<> {
        let over = Over(self.inbox.clone());
        move |event| drop(over.0.send(Input::Event(Box::new(event))))
    }

    /// Takes sentences that are said at once.
    pub fn voice(&self) -> impl Fn(String) + Send + 'static + use<> {
        let inbox = self.inbox.clone();
        move |text| drop(inbox.send(Input::Said(text)))
    }

    /// For a thread that works beside the screen: its panic ends the screen too, which it would
    /// otherwise leave half given back.
    pub fn alarm(&self) -> Alarm {
        Alarm(self.inbox.clone())
    }

    /// Shows `model` until the person leaves. `wire` carries commands to the lab.
    ///
    /// # Errors
    /// When there is no terminal to draw on, or a signal asks to leave.
    pub fn run(
        self,
        mut model: Model,
        mut wire: impl FnMut(Command),
        console: Console,
    ) -> Result<(), Failure> {
        let mut screen = Screen::take()
            .map_err(SystemError::new(Operation::Open, "the terminal"))
            .map_err(|error| Failure::system(&error, console.lang))?;
        input::listen(&self.inbox, console)?;
        let exit = self
            .watch(&mut screen, &mut model, &mut wire)
            .map_err(SystemError::new(Operation::Write, "the terminal"))
            .map_err(|error| Failure::system(&error, console.lang));
        drop(screen);
        match exit? {
            Exit::Done => Ok(()),
            exit => Err(Failure::said(exit)),
        }
    }

    fn watch(
        &self,
        screen: &mut Screen,
        model: &mut Model,
        wire: &mut dyn FnMut(Command),
    ) -> io::Result<Exit> {
        let mut clock = Clock::default();
        while screen.is_ours() {
            screen.terminal.draw(|frame| draw(model, frame))?;
            let Some(first) = self.next(model, &mut clock) else {
                continue;
            };
            // Everything that is there is taken in before the next drawing.
            for input in std::iter::once(first).chain(self.outbox.try_iter()) {
                if let Some(exit) = take(input, model, &mut clock, wire) {
                    return Ok(exit);
                }
            }
        }
        Ok(Exit::Internal) // something has panicked, and said so
    }

    /// Waits for input; `None` when the log was quiet for a while instead.
    fn next(&self, model: &mut Model, clock: &mut Clock) -> Option<Input> {
        let received = match clock.seen {
            Some(_) => self.outbox.recv_timeout(QUIET),
            None => self
                .outbox
                .recv()
                .map_err(|_| RecvTimeoutError::Disconnected),
        };
        match received {
            Ok(input) => Some(input),
            Err(RecvTimeoutError::Timeout) => {
                model.idle(clock.now_ns());
                clock.seen = None;
                None
            }
            Err(RecvTimeoutError::Disconnected) => Some(Input::Leave(Exit::Internal)),
        }
    }
}

/// Rings when its thread panics.
pub struct Alarm(mpsc::Sender<Input>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.0.send(Input::Leave(Exit::Internal));
        }
    }
}

/// A log's end of the desk.
struct Over(mpsc::Sender<Input>);

impl Drop for Over {
    fn drop(&mut self) {
        let _ = self.0.send(Input::Over);
    }
}

/// What time it is in the lab, as far as the last event tells.
#[derive(Debug, Default)]
struct Clock {
    seen: Option<(u64, Instant)>,
}

impl Clock {
    fn now_ns(&self) -> u64 {
        self.seen.map_or(0, |(t_ns, at)| {
            let since = u64::try_from(at.elapsed().as_nanos()).unwrap_or(u64::MAX);
            t_ns.saturating_add(since)
        })
    }
}

/// Takes an input in; gives the exit when it is the last.
fn take(
    input: Input,
    model: &mut Model,
    clock: &mut Clock,
    wire: &mut dyn FnMut(Command),
) -> Option<Exit> {
    match input {
        Input::Event(event) => {
            clock.seen = Some((event.t_ns, Instant::now()));
            model.push(*event);
        }
        Input::Over => model.finish(),
        Input::Resized => {}
        Input::Said(text) => model.say(Notice::Said(text)),
        Input::Leave(exit) => return Some(exit),
        Input::Key(key) => match model.key(key)? {
            Order::Leave => return Some(Exit::Done),
            Order::Wire(command) => wire(command),
            Order::Export { format, path } => {
                let notice = match write(format, &path, model) {
                    Ok(()) => Notice::Exported(path),
                    Err(error) => Notice::NotExported(path, said(&error, model)),
                };
                model.say(notice);
            }
        },
    }
    None
}

fn said(error: &io::Error, model: &Model) -> String {
    crate::failure::system_text(error, model.lang())
}

/// Writes everything that has happened to a new file: a key must not overwrite what somebody has.
fn write(format: Format, path: &Path, model: &Model) -> io::Result<()> {
    let file = OutputFile::create_new(path).map_err(|error| error.source)?;
    let mut out = BufWriter::new(file);
    export::write(format, model.events(), model.lang(), &mut out)?;
    out.into_inner()?.commit().map_err(|error| error.source)
}
