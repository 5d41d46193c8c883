//! `lineman lab bench`: the socket calls of the textbook, typed one by one, on two hosts whose packets
//! and states are shown meanwhile.

mod call;
pub mod complaint;
mod complete;
pub mod help;
pub mod known;
pub mod line;
mod notation;
mod options;
pub mod pace;
mod screen;
pub mod state;
mod words;

#[cfg(test)]
mod tests;

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use lineman_lab::Network;
use lineman_lab::Options;
use lineman_trace::log::Event;
use lineman_trace::log::Host;

use self::complaint::Complaint;
use self::known::Known;
use self::line::Wish;
use self::line::descriptor_meant;
use self::pace::Pace;
use self::screen::Inputs;
use self::screen::Screen;
use crate::args::lab_bench::Bench;
use crate::commands::trace::drawing;
use crate::commands::trace::presenter::Lines;
use crate::commands::trace::presenter::Target as _;
use crate::commands::trace::record::Record;
use crate::commands::trace::session;
use crate::commands::trace::session::Next;
use crate::commands::trace::session::Present as _;
use crate::commands::trace::session::Source;
use crate::commands::trace::source;
use crate::commands::trace::source::Ground;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Message as _;
use crate::lang::bench::Bench as Words;
use crate::runtime;
use crate::runtime::Signals;
use crate::terminal::editor::Input;
use crate::terminal::surface::Surface;
use crate::views::text::wrap;

/// Runs the bench to its end.
///
/// # Errors
/// When there is no lab, or a script has a line that makes no sense.
pub fn run(args: &Bench, console: Console) -> Result<(), Failure> {
    runtime::watch_stops(console)?;
    runtime::block_on(console, bench(args, console))
}

async fn bench(args: &Bench, console: Console) -> Result<(), Failure> {
    let mut signals = Signals::watch(console.lang)?;
    let style = drawing::style_between(&args.drawing, Surface::of(io::stdout()), console);
    let record = Record::create(args.lab.record.as_deref(), None, console)?;
    let mut options = source::asked(Options::default(), &args.lab, console)?;
    options.step = args.step;
    let Ground {
        network, events, ..
    } = Ground::of_calls(args.whose, &options, console)?;
    let known = Arc::new(Mutex::new(Known::new()));
    let (screen, inputs) = Screen::open(&known, console)?;
    let is_live = screen.is_live();
    let mut lines = Lines::new(screen, style, console);
    let mut prompt = Prompt {
        network,
        known,
        is_live,
        inputs,
        pace: Pace::new(Duration::from_millis(args.lab.delay.unwrap_or_default())),
        asked: None,
        over: false,
        ending: false,
        line: 0,
        console,
    };
    if is_live {
        let hint = Words::Welcome {}.render(console.lang);
        lines.target.lines(&wrapped(&hint))?;
    }
    let shown = session::run(events, record, &mut prompt, &mut lines, &mut signals).await;
    lines.target.close();
    shown
}

/// Lines that are typed, or come from a script: each is obeyed when its time has come.
struct Prompt {
    network: Box<dyn Network>,
    known: Arc<Mutex<Known>>,
    /// Whether a person types at a terminal: then a line need not wait until the calls before it have returned.
    is_live: bool,
    inputs: Inputs,
    pace: Pace,
    /// Since when `state` waits for what happened before it to be shown.
    asked: Option<Instant>,
    /// No more lines are read.
    over: bool,
    /// The lab was told to end.
    ending: bool,
    /// Which line of the script this is.
    line: usize,
    console: Console,
}

type Shown = Lines<Screen>;

/// What is heard beside the log.
enum Heard {
    /// What was typed.
    Typed(Input),
    /// What `state` waits for is shown.
    Ripe,
    /// There are no more lines, and nothing happens any more.
    Over,
}

impl Source<Shown> for Prompt {
    type Input = Heard;

    async fn input(&mut self) -> Heard {
        loop {
            if self.ending {
                return pending().await;
            }
            if self.is_ripe() {
                return Heard::Ripe;
            }
            // The end of a script is when nothing happens any more.
            if self.over && (self.is_live || self.pace.is_quiet()) {
                return Heard::Over;
            }
            if self.asked.is_none() && !self.over && self.is_due() {
                return Heard::Typed(self.inputs.next().await);
            }
            let ripe = self.asked.map(|asked| asked + RIPE);
            match self.pace.changes().into_iter().chain(ripe).min() {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => return pending().await,
            }
        }
    }

    fn take(&mut self, heard: Heard, shown: &mut Shown) -> Result<Next, Failure> {
        match heard {
            Heard::Typed(input) => self.typed(input, shown)?,
            Heard::Ripe => self.answer(shown)?,
            Heard::Over => return Ok(Next::End),
        }
        Ok(Next::GoOn)
    }

    fn hear(&mut self, event: &Event) {
        self.known().hear(event);
        self.pace.hear(event);
    }

    fn end(&mut self) {
        self.ending = true;
        let _ = self.network.finish(); // it may have ended
    }

    fn ended(&mut self, asked: bool, _: &mut Shown) -> Result<(), Failure> {
        match asked {
            true => Ok(()),
            false => Err(self.failure(&Complaint::Ended)),
        }
    }
}

impl Prompt {
    fn is_due(&mut self) -> bool {
        match self.is_live {
            true => self.pace.is_open(),
            false => self.pace.is_due(),
        }
    }

    /// Whether the rows of all that happened before `state` are shown.
    fn is_ripe(&self) -> bool {
        let asked = self.asked;
        asked.is_some_and(|asked| self.pace.is_quiet() || asked.elapsed() >= RIPE)
    }

    fn typed(&mut self, input: Input, shown: &mut Shown) -> Result<(), Failure> {
        self.line += 1;
        match input {
            Input::Line(line) => self.obey(&line, shown)?,
            Input::Eof => self.over = true,
            Input::Interrupt => return Err(Failure::said(Exit::Interrupted)),
        }
        if !self.over && self.asked.is_none() {
            self.go_on(shown);
        }
        Ok(())
    }

    fn go_on(&self, shown: &Shown) {
        let host = self.known().host;
        shown.target.go_on(host);
    }

    /// Answers `state`, when the rows of all that happened before it are shown: they wait for what may
    /// belong to them.
    fn answer(&mut self, shown: &mut Shown) -> Result<(), Failure> {
        self.asked = None;
        shown.idle()?;
        let lines = self.state().map_err(|why| self.failure(&why))?;
        shown.target.lines(&lines)?;
        self.go_on(shown);
        Ok(())
    }

    fn obey(&mut self, line: &str, shown: &mut Shown) -> Result<(), Failure> {
        let wish = line::read(line, &mut self.known());
        let done = wish.and_then(|wish| self.grant(wish));
        match done {
            Ok(lines) => shown.target.lines(&lines),
            Err(complaint) if self.is_live && complaint != Complaint::Ended => {
                let words = complaint.words(self.console.lang);
                shown.target.lines(&wrapped(&words))
            }
            Err(complaint) => Err(self.failure(&complaint)),
        }
    }

    /// Does what was wished; gives what is to be said.
    fn grant(&mut self, wish: Wish) -> Result<Vec<String>, Complaint> {
        let lang = self.console.lang;
        let mut lines = Vec::new();
        match wish {
            Wish::Nothing => {}
            Wish::Host(host) => self.known().host = host,
            Wish::Call(host, call) => {
                // Its answer comes with the log.
                let call = self.network.call(host, call);
                call.map_err(|_| Complaint::Ended)?;
                self.pace.asked();
            }
            Wish::Meant(host, call) => {
                let line = &descriptor_meant(&call);
                lines.extend(wrapped(&Words::Meant { line }.render(lang)));
                lines.extend(self.grant(Wish::Call(host, call))?);
            }
            Wish::Wire(command) => {
                let told = self.network.wire(command);
                told.map_err(|_| Complaint::Ended)?;
                self.pace.told();
            }
            Wish::Wait(limit) => self.pace.wait(limit),
            Wish::State => self.asked = Some(Instant::now()),
            Wish::Help(word) => {
                let text = help::text(word.as_deref(), lang)?;
                lines.extend(text.lines().flat_map(wrapped));
            }
            Wish::Quit => self.over = true,
        }
        Ok(lines)
    }

    fn state(&mut self) -> Result<Vec<String>, Complaint> {
        let mut lines = Vec::new();
        let columns = drawing::columns().into();
        let origin = self.network.origin();
        for host in [Host::Client, Host::Server] {
            let sockets = self.network.sockets(host);
            let sockets = sockets.map_err(|_| Complaint::Ended)?;
            match self.console.json {
                true => state::event(host, &sockets, self.console).map_err(|_| Complaint::Ended)?,
                false => lines.extend(state::text(
                    host,
                    &sockets,
                    origin,
                    columns,
                    self.console.lang,
                )),
            }
        }
        Ok(lines)
    }

    fn failure(&self, complaint: &Complaint) -> Failure {
        let why = &complaint.words(self.console.lang);
        let (exit, line) = match complaint {
            Complaint::Ended => (Exit::Internal, &self.line),
            _ => (Exit::Usage, &self.line),
        };
        Failure::new(exit, &Words::AtLine { line, why }, self.console.lang)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A sentence in lines that the terminal has room for.
fn wrapped(text: &str) -> Vec<String> {
    wrap(text, drawing::columns().into())
}

/// How long `state` waits for its turn while things go on happening: as long as a person bears to wait for an answer.
const RIPE: Duration = Duration::from_secs(1);
