//! Where the tour is shown: lines at reading pace, calls by host, colour only on a terminal.

use std::io;
use std::io::IsTerminal as _;
use std::io::Write as _;
use std::time::Duration;

use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_net::calls::Call;
use serde_json::Value;
use serde_json::json;

use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Message;

/// The stage.
pub struct Stage {
    console: Console,
    pause: Duration,
    colour: bool,
    /// The first write that failed; shown calls cannot return it.
    broken: Option<io::Error>,
}

impl Stage {
    /// A stage without pauses if `fast`.
    pub fn new(fast: bool, console: Console) -> Self {
        let colour = io::stdout().is_terminal()
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            console,
            pause: if fast { Duration::ZERO } else { PAUSE },
            colour,
            broken: None,
        }
    }

    /// A heading.
    pub fn title(&mut self, message: &dyn Message) -> Result<(), Failure> {
        let text = message.render(self.console.lang);
        self.event("step", json!({ "text": text }));
        self.write(&format!("\n{}", self.paint(BOLD, &text)));
        self.checked()
    }

    /// What a group of calls is about.
    pub fn explain(&mut self, message: &dyn Message) -> Result<(), Failure> {
        let text = message.render(self.console.lang);
        self.event("explain", json!({ "text": text }));
        self.write(&self.paint(DIM, &format!("   · {text}")));
        self.checked()
    }

    /// A line of its own.
    pub fn line(&mut self, message: &dyn Message) -> Result<(), Failure> {
        let text = message.render(self.console.lang);
        self.event("result", json!({ "text": text }));
        self.write(&format!("   {text}"));
        self.checked()
    }

    /// A call and the kernel's answer.
    pub fn call(&mut self, call: &Call) {
        self.event("call", json!({ "host": call.host, "name": call.name, "args": call.args, "answer": call.answer }));
        let colour = if call.host == CLIENT { CYAN } else { YELLOW };
        let host = self.paint(colour, &format!("{:<6}", call.host));
        self.write(&format!(
            "   {host}  {}({}) = {}",
            call.name, call.args, call.answer
        ));
    }

    /// Everything was shown, or why not.
    pub fn finish(&mut self) -> Result<(), Failure> {
        self.checked()
    }

    /// A call that had to succeed and did not.
    pub fn failed(&self, operation: Operation, error: io::Error) -> Failure {
        let error = SystemError::new(operation, "127.0.0.1")(error);
        Failure::system(&error, self.console.lang)
    }

    /// The tour itself went wrong: what should have held did not.
    pub fn untrue(&self, message: &dyn Message) -> Failure {
        Failure::new(Exit::Incomplete, message, self.console.lang)
    }

    fn event(&mut self, name: &str, fields: Value) {
        if let Err(error) = self.console.event(name, fields) {
            self.broken.get_or_insert(error);
        }
    }

    fn write(&mut self, line: &str) {
        if self.console.json || self.broken.is_some() {
            return;
        }
        if let Err(error) = writeln!(io::stdout().lock(), "{line}") {
            self.broken = Some(error);
            return;
        }
        std::thread::sleep(self.pause);
    }

    fn checked(&mut self) -> Result<(), Failure> {
        match self.broken.take() {
            None => Ok(()),
            Some(error) => Err(Failure::stdout(error, self.console.lang)),
        }
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{colour}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// The host that asks.
pub const CLIENT: &str = "client";
/// The host that answers.
pub const SERVER: &str = "server";

const BOLD: &str = "1";
const DIM: &str = "2";
const CYAN: &str = "36";
const YELLOW: &str = "33";
/// Some seventy lines in about ten seconds.
const PAUSE: Duration = Duration::from_millis(140);
