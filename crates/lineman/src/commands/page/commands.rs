//! What the page may ask of the lab.

use std::future::pending;
use std::time::Duration;

use lineman_lab::rules::ParseError;
use lineman_lab::wire;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::presenter::Page;
use crate::commands::lab::live::Live;
use crate::commands::trace::session::Next;
use crate::commands::trace::session::Source;
use crate::commands::trace::source::wrong_rules;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message;
use crate::lang::page::Page as Words;

/// A command as the page writes it: one object of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Command {
    /// Deliver a held packet.
    Deliver { id: u64 },
    /// Drop it.
    Drop { id: u64 },
    /// Deliver it, and a copy of it.
    Duplicate { id: u64 },
    /// Deliver it later.
    Delay { id: u64, millis: u64 },
    /// Hold every packet from now on.
    Step {},
    /// Hold none any more.
    Run {},
    /// These rules hold from now on, and no others.
    Rules { rules: String },
}

impl Command {
    /// Reads a command.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(body: &[u8]) -> Result<wire::Command, Wrong> {
        let command = serde_json::from_slice(body);
        let command = command.map_err(|error| Wrong::Form(error.to_string()))?;
        Ok(match command {
            Self::Deliver { id } => wire::Command::Deliver(id),
            Self::Drop { id } => wire::Command::Drop(id),
            Self::Duplicate { id } => wire::Command::Duplicate(id),
            Self::Delay { millis, .. } if millis > LONGEST_DELAY => {
                return Err(Wrong::Form(format!("millis: at most {LONGEST_DELAY}")));
            }
            Self::Delay { id, millis } => wire::Command::Delay(id, Duration::from_millis(millis)),
            Self::Step {} => wire::Command::Step,
            Self::Run {} => wire::Command::Run,
            Self::Rules { rules } => match rules.parse() {
                Ok(parsed) => wire::Command::Rules(parsed),
                Err(error) => return Err(Wrong::Rules(rules, error)),
            },
        })
    }
}

/// What is wrong with a command.
#[derive(Debug)]
pub(super) enum Wrong {
    /// It is none, in the words of the parser: the page's own script writes no such thing.
    Form(String),
    /// Rules that a person has typed.
    Rules(String, ParseError),
}

impl Message for Wrong {
    fn render(&self, lang: Lang) -> String {
        match self {
            Self::Form(why) => Words::NoCommand { why }.render(lang),
            Self::Rules(text, error) => wrong_rules(text, error, lang),
        }
    }
}

/// The longest delay that the page may ask for, in milliseconds: as long as `--delay` allows.
const LONGEST_DELAY: u64 = 60_000;

/// The commands as they come, and the lab that they are for.
pub(super) struct Commands {
    inbox: mpsc::Receiver<wire::Command>,
    /// `None` if everything has happened.
    lab: Option<Live>,
}

impl Commands {
    pub(super) fn new(inbox: mpsc::Receiver<wire::Command>, lab: Option<Live>) -> Self {
        Self { inbox, lab }
    }
}

impl Source<Page> for Commands {
    type Input = wire::Command;

    async fn input(&mut self) -> wire::Command {
        match self.inbox.recv().await {
            Some(command) => command,
            None => pending().await, // the server has ended, and the log goes on
        }
    }

    fn take(&mut self, command: wire::Command, page: &mut Page) -> Result<Next, Failure> {
        if let Some(lab) = &self.lab {
            page.obeyed(&command);
            lab.obey(command);
        }
        Ok(Next::GoOn)
    }

    /// ^C is how a page ends.
    fn signal(&mut self, _: Exit) -> Result<Next, Failure> {
        Err(Failure::said(Exit::Done))
    }

    fn end(&mut self) {
        self.lab.iter_mut().for_each(Live::end);
    }

    fn ended(&mut self, asked: bool, page: &mut Page) -> Result<(), Failure> {
        let lab = self.lab.as_mut().filter(|_| !asked);
        if let Some(why) = lab.and_then(Live::ended) {
            page.notice(&why);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_what_it_says_and_nothing_else() {
        let read = |text: &str| Command::read(text.as_bytes());
        assert!(matches!(
            read(r#"{"do":"drop","id":7}"#),
            Ok(wire::Command::Drop(7))
        ));
        assert!(matches!(
            read(r#"{"do":"delay","id":7,"millis":200}"#),
            Ok(wire::Command::Delay(7, time)) if time == Duration::from_millis(200)
        ));
        assert!(matches!(read(r#"{"do":"run"}"#), Ok(wire::Command::Run)));
        assert!(matches!(
            read(r#"{"do":"rules","rules":"loss 20%"}"#),
            Ok(wire::Command::Rules(_))
        ));
        for wrong in [
            "",
            "{}",
            "[]",
            "null",
            r#"{"do":"explode"}"#,
            r#"{"do":"drop"}"#,
            r#"{"do":"drop","id":-1}"#,
            r#"{"do":"drop","id":"7"}"#,
            r#"{"do":"drop","id":7,"force":true}"#,
            r#"{"do":"delay","id":7,"millis":18446744073709551615}"#,
            r#"{"do":"rules","rules":"explode 20%"}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
