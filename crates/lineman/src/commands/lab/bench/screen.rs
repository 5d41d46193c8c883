//! Where lines come from and where answers go: the line editor, or a script and stdout.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_trace::log::Host;
use tokio::sync::mpsc;

use super::complete::candidates;
use super::known::Known;
use super::line::LONGEST;
use crate::commands::trace::presenter::Target;
use crate::console::Console;
use crate::failure::Failure;
use crate::lines::bounded_line;
use crate::terminal::editor::Editor;
use crate::terminal::editor::Input;
use crate::terminal::surface::is_a_person_there;

/// What is typed, or comes from a script.
pub enum Inputs {
    /// By a person.
    Typed(mpsc::UnboundedReceiver<Input>),
    /// By stdin.
    Script(mpsc::Receiver<Input>),
}

impl Inputs {
    /// The next one.
    pub async fn next(&mut self) -> Input {
        let next = match self {
            Self::Typed(inputs) => inputs.recv().await,
            Self::Script(inputs) => inputs.recv().await,
        };
        next.unwrap_or(Input::Eof)
    }
}

/// Where answers go: above the draft of the editor, or to stdout.
pub struct Screen {
    editor: Option<Editor>,
    console: Console,
}

impl Screen {
    /// The editor at a terminal, else stdin line by line; and what is typed there.
    ///
    /// # Errors
    /// When the terminal or a thread is refused.
    pub fn open(known: &Arc<Mutex<Known>>, console: Console) -> Result<(Self, Inputs), Failure> {
        let opened = match is_a_person_there() && !console.json {
            true => {
                let known = Arc::clone(known);
                let complete = Arc::new(move |line: &str| {
                    let known = known.lock().unwrap_or_else(PoisonError::into_inner);
                    candidates(line, &known)
                });
                let opened = Editor::completing(prompt(Host::Server), complete);
                opened.map(|(editor, inputs)| (Some(editor), Inputs::Typed(inputs)))
            }
            false => script().map(|inputs| (None, Inputs::Script(inputs))),
        };
        let (editor, inputs) = opened
            .map_err(SystemError::new(Operation::Open, "stdin"))
            .map_err(|error| Failure::system(&error, console.lang))?;
        Ok((Self { editor, console }, inputs))
    }

    /// Whether a person types at a terminal: then a line need not wait until the calls before it have returned.
    pub fn is_live(&self) -> bool {
        self.editor.is_some()
    }

    /// Shows the prompt of this host.
    pub fn go_on(&self, host: Host) {
        if let Some(editor) = &self.editor {
            editor.set_prompt(prompt(host));
            editor.go_on();
        }
    }

    /// Gives the terminal back.
    pub fn close(&mut self) {
        if let Some(editor) = &mut self.editor {
            editor.close();
        }
    }
}

impl Target for Screen {
    fn lines(&mut self, lines: &[String]) -> Result<(), Failure> {
        if lines.is_empty() {
            return Ok(());
        }
        let text = lines.join("\n");
        match &self.editor {
            Some(editor) => {
                editor.print(&text);
                Ok(())
            }
            None => self.console.print(text + "\n"),
        }
    }
}

fn prompt(host: Host) -> &'static str {
    match host {
        Host::Client => "client> ",
        Host::Server => "server> ",
    }
}

/// Reads stdin on a thread: it may be a pipe that another program writes to line by line.
fn script() -> io::Result<mpsc::Receiver<Input>> {
    let (sender, inputs) = mpsc::channel(AHEAD);
    let read = move || {
        let mut stdin = io::stdin().lock();
        loop {
            // Of a line that is too long so much that this is seen. What is not UTF-8 is no command. Both are said
            // with the line's number.
            let input = match bounded_line(&mut stdin, LONGEST + 1) {
                Ok(None) | Err(_) => Input::Eof,
                Ok(Some(line)) => Input::Line(String::from_utf8_lossy(&line).trim_end().to_owned()),
            };
            let over = input == Input::Eof;
            if sender.blocking_send(input).is_err() || over {
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name("script".to_owned())
        .spawn(read)?;
    Ok(inputs)
}

/// How many lines of a script are read before their time has come; the others stay where they come from.
const AHEAD: usize = 16;
