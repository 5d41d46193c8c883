//! What a person decides, on the whole terminal: keys become orders, which are carried out here.

use std::io;
use std::io::BufWriter;
use std::path::Path;

use lineman_net::OutputFile;
use tokio::sync::mpsc;

use super::input;
use super::input::Input;
use super::play;
use super::screen::Whole;
use crate::commands::lab::live::Live;
use crate::commands::trace::session::Next;
use crate::commands::trace::session::Source;
use crate::commands::trace::source::refusal;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::views::export;
use crate::views::export::Format;
use crate::views::tui::Model;
use crate::views::tui::Notice;
use crate::views::tui::Order;

/// The keys, and the lab that some of them are about.
pub struct Keys {
    inputs: mpsc::UnboundedReceiver<Input>,
    /// `None` if everything has happened.
    lab: Option<Live>,
    /// Has another log end.
    end: Box<dyn FnMut()>,
    /// What is to be played after this.
    next: Option<play::Next>,
    console: Console,
}

impl Keys {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the system allows no thread.
    pub fn of(lab: Option<Live>, console: Console) -> Result<Self, Failure> {
        let inputs = input::listen(console)?;
        let end = Box::new(|| ());
        let next = None;
        Ok(Self {
            inputs,
            lab,
            end,
            next,
            console,
        })
    }

    /// Drives this lab from now on.
    pub(super) fn drive(&mut self, lab: Live) {
        self.lab = Some(lab);
    }

    /// What is to be played now, if not that the person has left.
    pub(super) fn next(&mut self) -> Option<play::Next> {
        self.next.take()
    }

    /// Where the log is not that of a lab: what has it end.
    pub fn ending(self, end: impl FnMut() + 'static) -> Self {
        let end = Box::new(end);
        Self { end, ..self }
    }
}

impl Source<Whole> for Keys {
    type Input = Input;

    async fn input(&mut self) -> Input {
        let gone = Input::Leave(Exit::Done);
        self.inputs.recv().await.unwrap_or(gone)
    }

    fn take(&mut self, input: Input, shown: &mut Whole) -> Result<Next, Failure> {
        let model = &mut shown.model;
        match input {
            Input::Resized => {}
            Input::Leave(exit) => return Err(Failure::said(exit)),
            Input::Key(key) => match model.key(key) {
                None => {}
                Some(Order::Leave) => {
                    // Also while the lab before ends to make room for another: the last word holds.
                    self.next = None;
                    return Ok(Next::End);
                }
                Some(Order::Restart { scenario, hold }) => {
                    self.next = Some(play::Next { scenario, hold });
                    return Ok(Next::End);
                }
                Some(Order::Wire(command)) => {
                    self.lab.iter().for_each(|lab| lab.obey(command.clone()));
                }
                Some(Order::Export { format, path }) => {
                    let notice = match write(format, &path, model) {
                        Ok(()) => Notice::Exported(path),
                        Err(error) => Notice::NotExported(path, said(&error, model)),
                    };
                    model.say(notice);
                }
            },
        }
        Ok(Next::GoOn)
    }

    fn end(&mut self) {
        self.lab.iter_mut().for_each(Live::end);
        (self.end)();
    }

    fn ended(&mut self, asked: bool, shown: &mut Whole) -> Result<(), Failure> {
        let lab = self.lab.as_mut().filter(|_| !asked);
        if let Some(why) = lab.and_then(Live::ended) {
            let console = Console {
                lang: shown.model.lang(),
                ..self.console
            };
            let why = refusal::stopped(&why, console).text;
            shown.model.say(Notice::Said(why));
        }
        Ok(())
    }
}

fn said(error: &io::Error, model: &Model) -> String {
    crate::failure::system_text(error, model.lang())
}

/// Writes everything that has happened to a new file: a key must not overwrite a file that the user has.
fn write(format: Format, path: &Path, model: &Model) -> io::Result<()> {
    let file = OutputFile::create_new(path).map_err(|error| error.source)?;
    let mut out = BufWriter::new(file);
    export::write(format, model.events(), model.lang(), &mut out)?;
    out.into_inner()?.commit().map_err(|error| error.source)
}
