//! The script of the tour, and the keys of its reader.

use std::future::pending;

use lineman_net::Operation;
use lineman_net::SystemError;
use tokio::sync::mpsc;

use super::show::Show;
use crate::commands::lab::tui::Input;
use crate::commands::lab::tui::listen;
use crate::commands::trace::session::Next;
use crate::commands::trace::session::Source;
use crate::commands::trace::source::Script;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::guard;
use crate::views::tui::Key;

/// A script, and keys if a person sits at the terminal. Dropped, it gives the terminal back.
pub struct Guide {
    script: Script,
    keys: Option<Keys>,
}

struct Keys(mpsc::UnboundedReceiver<Input>);

impl Guide {
    /// Listens to keys too if there `is_person`.
    ///
    /// # Errors
    /// When the terminal or a thread is refused.
    pub fn new(script: Script, is_person: bool, console: Console) -> Result<Self, Failure> {
        let keys = is_person.then(|| Keys::of(console)).transpose()?;
        Ok(Self { script, keys })
    }
}

impl Keys {
    /// Keys come one by one and are not shown; ^C is still a signal.
    fn of(console: Console) -> Result<Self, Failure> {
        guard::remember()
            .map_err(SystemError::new(Operation::Open, "the terminal"))
            .map_err(|error| Failure::system(&error, console.lang))?;
        listen(console).map(Self).inspect_err(|_| guard::restore())
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        guard::restore();
    }
}

impl Source<Show> for Guide {
    type Input = Input;

    async fn input(&mut self) -> Input {
        match &mut self.keys {
            Some(Keys(inputs)) => match inputs.recv().await {
                Some(input) => input,
                None => pending().await, // the terminal is gone, and SIGHUP comes
            },
            None => pending().await,
        }
    }

    fn take(&mut self, input: Input, show: &mut Show) -> Result<Next, Failure> {
        match input {
            Input::Resized => {}
            Input::Leave(exit) => return Err(Failure::said(exit)),
            Input::Key(Key::Char('q') | Key::Escape) => return Err(Failure::said(Exit::Done)),
            Input::Key(Key::Char('r')) => show.run_on()?,
            // Help, as everywhere: the line that waits for a key has them all.
            Input::Key(Key::Char('?' | 'h')) => {}
            Input::Key(_) => show.go_on()?,
        }
        Ok(Next::GoOn)
    }

    fn end(&mut self) {
        Source::<Show>::end(&mut self.script);
    }

    fn ended(&mut self, asked: bool, show: &mut Show) -> Result<(), Failure> {
        self.script.ended(asked, show)
    }
}
