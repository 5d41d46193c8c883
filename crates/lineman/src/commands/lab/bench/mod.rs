//! `lineman lab bench`: the socket calls of the textbook, typed one by one, on two hosts whose packets
//! and states are shown meanwhile.

mod call;
mod complaint;
mod complete;
mod desk;
mod help;
mod line;
mod options;
mod pace;
mod screen;
mod state;
mod words;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use lineman_lab::Lab;
use lineman_trace::log::Cursor;
use lineman_trace::log::Event;
use lineman_trace::log::Host;

use self::complaint::Complaint;
use self::desk::Desk;
use self::line::Wish;
use self::pace::Pace;
use self::screen::Screen;
use super::follow;
use super::follow::Follower;
use super::shown;
use crate::args::lab_bench::Bench;
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
    let signals = Signals::watch(console.lang)?;
    let follower = Follower::new(&args.watch, Surface::of(io::stdout()), console)?;
    let (lab, events) = follow::start(&args.watch, args.step, console)?;
    let desk = Arc::new(Mutex::new(Desk::new()));
    let screen = Screen::open(&desk, console)?;
    let mut session = Session {
        lab,
        desk,
        screen,
        follower,
        pace: Pace::new(Duration::from_millis(args.watch.delay.unwrap_or_default())),
        asked: None,
        line: 0,
        console,
    };
    let done = session.go(events, signals).await;
    let last = session.follower.finish();
    let shown = last.and_then(|lines| session.screen.show(&lines));
    session.screen.close();
    done.and(shown)
}

struct Session {
    lab: Lab,
    desk: Arc<Mutex<Desk>>,
    screen: Screen,
    follower: Follower,
    pace: Pace,
    /// Since when `state` waits for what happened before it to be shown.
    asked: Option<Instant>,
    /// Which line of the script this is.
    line: usize,
    console: Console,
}

/// Whether the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Line,
    Leave,
}

impl Session {
    /// Until the lab has ended: after ^D, the last line of a script, a line that makes no sense in
    /// one, or a signal.
    async fn go(&mut self, mut events: Cursor, mut signals: Signals) -> Result<(), Failure> {
        if self.screen.is_live() {
            let hint = Words::Welcome {}.render(self.console.lang);
            self.screen.show(&[hint])?;
        }
        let mut result = None;
        let mut over = false;
        loop {
            let due = result.is_none() && !over && self.asked.is_none() && self.is_due();
            let done = tokio::select! {
                event = events.next() => match event {
                    Some(event) => self.hear(&event).map(|()| Next::Line),
                    None => break,
                },
                input = self.screen.next(), if due => self.typed(input),
                exit = signals.next(), if result.is_none() => Err(Failure::said(exit)),
                () = tokio::time::sleep(TICK) => {
                    let lines = self.follower.idle();
                    self.screen.show(&lines).map(|()| Next::Line)
                }
            };
            let done = done.and_then(|next| self.answer().map(|()| next));
            match done {
                Ok(Next::Line) => {}
                Ok(Next::Leave) => over = true,
                Err(failure) if result.is_none() => result = Some(Err(failure)),
                Err(_) => {}
            }
            // The end of a script is when nothing happens any more.
            if over && result.is_none() && (self.screen.is_live() || self.pace.is_quiet()) {
                result = Some(Ok(()));
            }
            if result.is_some() {
                let _ = self.lab.finish(); // it may have ended
            }
        }
        result.unwrap_or_else(|| Err(self.failure(&Complaint::Ended)))
    }

    fn is_due(&mut self) -> bool {
        match self.screen.is_live() {
            true => self.pace.is_open(),
            false => self.pace.is_due(),
        }
    }

    fn hear(&mut self, event: &Event) -> Result<(), Failure> {
        self.desk().hear(event);
        self.pace.hear(event);
        let lines = self.follower.push(event)?;
        self.screen.show(&lines)
    }

    fn typed(&mut self, input: Input) -> Result<Next, Failure> {
        self.line += 1;
        let next = match input {
            Input::Line(line) => self.obey(&line)?,
            Input::Eof => return Ok(Next::Leave),
            Input::Interrupt => return Err(Failure::said(Exit::Interrupted)),
        };
        if next == Next::Line && self.asked.is_none() {
            self.go_on();
        }
        Ok(next)
    }

    fn go_on(&self) {
        let host = self.desk().host;
        self.screen.go_on(host);
    }

    /// Answers `state`, when the rows of all that happened before it are shown: they wait for what may
    /// belong to them.
    fn answer(&mut self) -> Result<(), Failure> {
        let ripe = |asked: Instant| self.pace.is_quiet() || asked.elapsed() >= RIPE;
        if self.asked.take_if(|asked| ripe(*asked)).is_none() {
            return Ok(());
        }
        let mut lines = self.follower.idle();
        match self.state() {
            Ok(state) => lines.extend(state),
            Err(complaint) => return Err(self.failure(&complaint)),
        }
        self.screen.show(&lines)?;
        self.go_on();
        Ok(())
    }

    fn obey(&mut self, line: &str) -> Result<Next, Failure> {
        let wish = line::read(line, &mut self.desk());
        let done = wish.and_then(|wish| self.grant(wish));
        match done {
            Ok((next, lines)) => self.screen.show(&lines).map(|()| next),
            Err(complaint) if self.screen.is_live() && complaint != Complaint::Ended => {
                let words = complaint.words(self.console.lang);
                self.screen.show(&[words]).map(|()| Next::Line)
            }
            Err(complaint) => Err(self.failure(&complaint)),
        }
    }

    /// Does what was wished; gives what is to be said.
    fn grant(&mut self, wish: Wish) -> Result<(Next, Vec<String>), Complaint> {
        let lang = self.console.lang;
        let mut lines = Vec::new();
        match wish {
            Wish::Nothing => {}
            Wish::Host(host) => self.desk().host = host,
            Wish::Call(host, call) => {
                // Its answer comes with the log.
                self.lab.call(host, call).map_err(|_| Complaint::Ended)?;
                self.pace.asked();
            }
            Wish::Wire(command) => {
                self.lab.wire(command).map_err(|_| Complaint::Ended)?;
                self.pace.told();
            }
            Wish::Wait(limit) => self.pace.wait(limit),
            Wish::State => self.asked = Some(Instant::now()),
            Wish::Help(word) => {
                let text = help::text(word.as_deref(), lang)?;
                let columns = shown::columns().into();
                lines.extend(text.lines().flat_map(|line| wrap(line, columns)));
            }
            Wish::Quit => return Ok((Next::Leave, lines)),
        }
        Ok((Next::Line, lines))
    }

    fn state(&self) -> Result<Vec<String>, Complaint> {
        let mut lines = Vec::new();
        for host in [Host::Client, Host::Server] {
            let ticket = self.lab.sockets(host).map_err(|_| Complaint::Ended)?;
            let sockets = ticket.wait_for(PATIENCE).ok_or(Complaint::Ended)?;
            match self.console.json {
                true => state::event(host, &sockets, self.console).map_err(|_| Complaint::Ended)?,
                false => lines.extend(state::text(host, &sockets, self.console.lang)),
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

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often is looked whether something is due.
const TICK: Duration = Duration::from_millis(20);
/// How long `state` waits for its turn while things go on happening.
const RIPE: Duration = Duration::from_secs(1);
/// How long the lab may need to look at sockets.
const PATIENCE: Duration = Duration::from_secs(2);
