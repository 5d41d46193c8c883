//! `lineman chat` at a terminal: a prompt, and what the peer says above it.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::Instant;

use lineman_net::chat::Talk as Call;
use lineman_proto::chat::Event;
use lineman_proto::chat::Piece;
use lineman_proto::chat::Undelivered;
use lineman_proto::chat::Until;
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;

use super::UNHEARD_TIME;
use super::door::Door;
use super::seconds;
use super::sleep_until;
use crate::args::chat::Talk;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::failure::system_text;
use crate::lang::Message;
use crate::lang::chat::Chat as Words;
use crate::runtime::Signals;
use crate::terminal::editor::Editor;
use crate::terminal::editor::Input;

const PROMPT: &str = "> ";

pub(super) async fn run(mut door: Door, talk: &Talk, console: Console) -> Result<(), Failure> {
    let (desk, mut keys) = open(console)?;
    let mut exit = Exit::Done;
    while let Some((stream, address)) = desk.wait(&mut door, &mut keys).await? {
        let calling = door.is_calling();
        let mut conversation = Conversation::new(&desk, stream, address, talk, calling)?;
        match conversation.hold(&door, &mut keys).await {
            Exit::Done => {}
            Exit::Interrupted => return Err(Failure::said(Exit::Interrupted)),
            failed => exit = failed,
        }
    }
    match exit {
        Exit::Done => Ok(()),
        failed => Err(Failure::said(failed)),
    }
}

fn open(console: Console) -> Result<(Desk, Keys), Failure> {
    let lang = console.lang;
    let signals = Signals::watch(lang)?;
    let (editor, inputs) = Editor::start(PROMPT)
        .map_err(|error| Failure::new(Exit::Usage, &Words::NoEditor { why: &error }, lang))?;
    Ok((Desk { console, editor }, Keys { inputs, signals }))
}

/// What the user does: at the prompt, or by signals.
struct Keys {
    inputs: UnboundedReceiver<Input>,
    signals: Signals,
}

impl Keys {
    /// What the user did; a signal that ends programs is an interrupt.
    async fn next(&mut self) -> Input {
        tokio::select! {
            input = self.inputs.recv() => input.unwrap_or(Input::Interrupt),
            _ = self.signals.next() => Input::Interrupt,
        }
    }
}

/// The terminal: what outlives a call.
struct Desk {
    console: Console,
    editor: Editor,
}

impl Desk {
    /// Waits for a call; `None` when no more will come or the user wants no more.
    async fn wait(
        &self,
        door: &mut Door,
        keys: &mut Keys,
    ) -> Result<Option<(TcpStream, SocketAddr)>, Failure> {
        loop {
            let input = tokio::select! {
                call = door.next() => return Ok(call),
                input = keys.next() => input,
            };
            match input {
                Input::Interrupt => return Err(Failure::said(Exit::Interrupted)),
                Input::Eof => return Ok(None),
                Input::Line(line) => match line.trim_end() {
                    "/quit" => return Ok(None),
                    "/help" => self.note(&Words::Help {}),
                    "" => {}
                    _ => self.warn(&Words::NobodyConnected {}),
                },
            }
            self.editor.go_on();
        }
    }

    /// A sentence about what goes on, unless `--quiet`.
    fn note(&self, message: &dyn Message) {
        if !self.console.quiet {
            self.warn(message);
        }
    }

    /// A sentence that is shown even under `--quiet`.
    fn warn(&self, message: &dyn Message) {
        let text = message.render(self.console.lang);
        self.editor
            .print(&format!("* {}", text.replace('\n', "\n* ")));
    }
}

/// One call at the desk.
struct Conversation<'a> {
    desk: &'a Desk,
    call: Call,
    address: SocketAddr,
    /// When a caller who has heard nothing is told what that may mean.
    unheard_at: Option<Instant>,
    until: Until,
    begun: Instant,
    /// The call ends with the next line: the peer has finished while the user was typing.
    last_line: bool,
    exit: Exit,
}

impl<'a> Conversation<'a> {
    fn new(
        desk: &'a Desk,
        stream: TcpStream,
        address: SocketAddr,
        talk: &Talk,
        calling: bool,
    ) -> Result<Self, Failure> {
        let lang = desk.console.lang;
        let call = Call::new(stream, talk.config(calling))
            .map_err(|error| Failure::internal(&error, lang))?;
        desk.note(&Words::Connected { address: &address });
        desk.note(&Words::Prompt {});
        Ok(Self {
            desk,
            call,
            address,
            unheard_at: calling.then(|| Instant::now() + UNHEARD_TIME),
            until: talk.until(Until::Peer),
            begun: Instant::now(),
            last_line: false,
            exit: Exit::Done,
        })
    }

    /// Holds the call until it is over.
    async fn hold(&mut self, door: &Door, keys: &mut Keys) -> Exit {
        loop {
            tokio::select! {
                event = self.call.next(), if self.desk.editor.has_room() => match event {
                    Some(event) => self.heard(event),
                    None => break,
                },
                () = self.desk.editor.room(), if !self.desk.editor.has_room() => {}
                input = keys.next() => {
                    if self.typed(input).is_break() {
                        return Exit::Interrupted;
                    }
                    self.desk.editor.go_on();
                }
                address = door.turn_away() => {
                    self.desk.note(&Words::TurnedAway { address: &address });
                }
                () = sleep_until(self.unheard_at) => self.unheard(),
            }
        }
        let totals = self.call.totals();
        self.desk.note(&Words::Summary {
            sent: &totals.lines_sent,
            out: &totals.bytes_sent,
            received: &totals.lines_received,
            in_: &totals.bytes_received,
            seconds: &seconds(self.begun.elapsed()),
        });
        self.exit
    }

    fn heard(&mut self, event: Event) {
        match event {
            Event::Line(piece) => self.show(&piece),
            Event::TelnetDetected => self.desk.note(&Words::Telnet {}),
            Event::PeerFinished => self.peer_finished(),
            Event::TurnedAway => self.turned_away(),
            Event::PeerSilent => {
                self.desk.note(&Words::PeerSilent {});
                self.call.leave();
            }
            Event::Broken => self.broken(),
            Event::NotDelivered(lost) => self.not_delivered(&lost),
        }
    }

    fn show(&self, piece: &Piece) {
        let before = if piece.begins { "< " } else { "<…" };
        let after = if piece.ends { "" } else { "…" };
        // The end of a line of which all was shown says nothing more.
        if piece.begins || !piece.text.is_empty() {
            self.desk
                .editor
                .print(&format!("{before}{}{after}", piece.text));
        }
    }

    fn peer_finished(&mut self) {
        let over = self
            .until
            .is_over(self.call.outgoing(), self.call.incoming());
        if !over {
            self.desk.note(&Words::PeerFinishedOpen {});
        } else if self.call.outgoing().is_open() && !self.desk.editor.draft().is_empty() {
            self.desk.warn(&Words::PeerFinishedDraft {});
            self.last_line = true;
        } else {
            self.desk.note(&Words::PeerFinished {});
            self.call.leave();
        }
    }

    /// More cannot be known from here: a connection is made by the peer's system, before its program
    /// has accepted it.
    fn unheard(&mut self) {
        self.unheard_at = None;
        if self.call.totals().bytes_received == 0 {
            let seconds = &UNHEARD_TIME.as_secs();
            self.desk.note(&Words::Unheard { seconds });
        }
    }

    fn turned_away(&mut self) {
        let address = &self.address;
        self.desk.warn(&Words::Busy { address });
        self.exit = Exit::Refused;
        self.call.leave();
    }

    fn broken(&mut self) {
        let lang = self.desk.console.lang;
        let why = self.call.error().map(|error| system_text(error, lang));
        let why = why.unwrap_or_default();
        self.desk.warn(&Words::Broken { why: &why });
        let draft = self.desk.editor.draft();
        if !draft.is_empty() {
            self.desk.warn(&Words::DraftLost { line: &draft });
        }
        self.exit = Exit::Incomplete;
    }

    fn not_delivered(&mut self, lost: &Undelivered) {
        for line in &lost.lines {
            self.desk.warn(&Words::LineLost { line });
        }
        self.desk.warn(&Words::BytesLost { bytes: &lost.bytes });
        self.exit = Exit::Incomplete;
    }

    /// What the user did; breaks if the call is to be left at once.
    fn typed(&mut self, input: Input) -> ControlFlow<()> {
        match input {
            Input::Interrupt => return ControlFlow::Break(()),
            Input::Eof => self.end_of_input(),
            Input::Line(line) => self.line(&line),
        }
        ControlFlow::Continue(())
    }

    /// The first ^D finishes sending, the second leaves.
    fn end_of_input(&mut self) {
        if !self.call.outgoing().is_open() {
            self.call.leave();
            return;
        }
        self.call.finish();
        if self
            .until
            .is_over(self.call.outgoing(), self.call.incoming())
        {
            self.call.leave();
        } else {
            self.desk.note(&Words::WeFinished {});
        }
    }

    fn line(&mut self, line: &str) {
        match line.strip_prefix('/') {
            Some("quit") => self.call.leave(),
            Some("help") => self.desk.note(&Words::Help {}),
            Some(text) if text.starts_with('/') => self.send(text),
            Some(command) => self.desk.warn(&Words::UnknownCommand { command: &command }),
            None if line.is_empty() && self.last_line => self.call.leave(),
            None => self.send(line),
        }
    }

    /// Sends a line, or several if they were pasted.
    fn send(&mut self, text: &str) {
        for line in text.split('\n') {
            if self.call.send_line(line.as_bytes()).is_err() {
                self.desk.warn(&Words::WeFinishedAlready {});
                break;
            }
        }
        if self.last_line {
            self.call.leave();
        }
    }
}
