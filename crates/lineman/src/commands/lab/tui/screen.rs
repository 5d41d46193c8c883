//! A log on the whole terminal: what is shown of it is drawn anew after each thing that happens.

use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_trace::log::Event;
use tokio::time::Instant;

use crate::commands::trace::log_time::LogTime;
use crate::commands::trace::session::Present;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::screen::Screen;
use crate::views::tui::Model;
use crate::views::tui::Notice;
use crate::views::tui::draw;

/// The whole terminal; dropping it gives it back.
pub struct Whole {
    /// What is on it.
    pub model: Model,
    screen: Screen,
    time: LogTime,
    console: Console,
}

impl Whole {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When there is none to draw on.
    pub fn take(model: Model, console: Console) -> Result<Self, Failure> {
        let screen = Screen::take()
            .map_err(SystemError::new(Operation::Open, "the terminal"))
            .map_err(|error| Failure::system(&error, console.lang))?;
        Ok(Self {
            model,
            screen,
            time: LogTime::default(),
            console,
        })
    }
}

impl Whole {
    /// Shows another log.
    pub fn begin(&mut self, model: Model) {
        self.model = model;
        self.time = LogTime::default();
    }
}

impl Present for Whole {
    fn take(&mut self, event: &Event) -> Result<(), Failure> {
        self.time.see(event);
        self.model.push(event.clone());
        Ok(())
    }

    fn due(&self) -> Option<Instant> {
        self.time.instant(self.model.due_ns()?)
    }

    fn idle(&mut self) -> Result<(), Failure> {
        self.model.idle(self.time.now_ns());
        Ok(())
    }

    fn settle(&mut self) -> Result<(), Failure> {
        if !self.screen.is_ours() {
            return Err(Failure::said(Exit::Internal)); // something has panicked, and said so
        }
        let drawn = self.screen.terminal.draw(|frame| draw(&self.model, frame));
        drawn
            .map(drop)
            .map_err(SystemError::new(Operation::Write, "the terminal"))
            .map_err(|error| Failure::system(&error, self.console.lang))
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.model.finish();
        Ok(())
    }

    /// It is looked at until the person leaves.
    fn is_done(&self) -> bool {
        false
    }

    fn not_recorded(&mut self, failure: Failure) -> Result<(), Failure> {
        self.model.say(Notice::Said(failure.text));
        Ok(())
    }
}
