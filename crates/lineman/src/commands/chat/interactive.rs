//! `lineman chat` at a terminal: a prompt, and what the peer says above it.

use std::cell::RefCell;
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
use super::connections::Connections;
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
use crate::terminal::editor::Shown;

const PROMPT: &str = "> ";
/// As wide as the mark before a line of the peer's.
const INDENT: usize = 2;

pub(super) async fn run(
    mut connections: Connections,
    talk: &Talk,
    console: Console,
) -> Result<(), Failure> {
    let (terminal, mut keys) = open(console)?;
    let mut exit = Exit::Done;
    while let Some((stream, address)) = terminal.wait(&mut connections, &mut keys).await? {
        let calling = connections.is_calling();
        let mut conversation = Conversation::new(&terminal, stream, address, talk, calling)?;
        match conversation.hold(&connections, &mut keys).await {
            Exit::Done => {}
            Exit::Interrupted => return Err(Failure::said(Exit::Interrupted)),
            failed => exit = failed,
        }
        if conversation.told_to_leave {
            break;
        }
    }
    match exit {
        Exit::Done => Ok(()),
        failed => Err(Failure::said(failed)),
    }
}

fn open(console: Console) -> Result<(Terminal, Keys), Failure> {
    let lang = console.lang;
    let signals = Signals::watch(lang)?;
    let (editor, inputs) = Editor::start(PROMPT)
        .map_err(|error| Failure::new(Exit::Usage, &Words::NoEditor { why: &error }, lang))?;
    let terminal = Terminal {
        console,
        editor,
        growing: RefCell::default(),
    };
    Ok((terminal, Keys { inputs, signals }))
}

/// What the user does: at the prompt, or by signals.
struct Keys {
    inputs: UnboundedReceiver<Input>,
    signals: Signals,
}

/// What the user did, or a signal.
enum Key {
    Typed(Input),
    /// A signal asks the program to leave.
    Leave,
}

impl Keys {
    /// What happens next; SIGINT is what ^C is.
    async fn next(&mut self) -> Key {
        tokio::select! {
            input = self.inputs.recv() => Key::Typed(input.unwrap_or(Input::Interrupt)),
            exit = self.signals.next() => match exit {
                Exit::Interrupted => Key::Typed(Input::Interrupt),
                _ => Key::Leave,
            },
        }
    }
}

/// The terminal: what outlives a call.
struct Terminal {
    console: Console,
    editor: Editor,
    /// The line of the peer that was shown last and has not ended.
    growing: RefCell<Option<Growing>>,
}

/// A line of the peer that grows where it is shown.
struct Growing {
    text: String,
    shown: Shown,
}

impl Terminal {
    /// Waits for a call; `None` when no more will come or the user wants no more.
    async fn wait(
        &self,
        connections: &mut Connections,
        keys: &mut Keys,
    ) -> Result<Option<(TcpStream, SocketAddr)>, Failure> {
        loop {
            let input = tokio::select! {
                call = connections.next() => return Ok(call),
                key = keys.next() => match key {
                    Key::Typed(input) => input,
                    Key::Leave => return Ok(None),
                },
            };
            self.growing.take();
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
        self.growing.take();
        let text = message.render(self.console.lang);
        self.editor
            .note(&format!("* {}", text.replace('\n', "\n* ")));
    }

    /// What the peer says: each line once, in one place, however many pieces it comes in.
    fn say(&self, piece: &Piece) {
        let after = if piece.ends { "" } else { "…" };
        let text = match self.growing.take().filter(|_| !piece.begins) {
            Some(Growing { text, shown }) => {
                let text = text + &piece.text;
                let (whole, rest) = (format!("{text}{after}"), format!("<…{}{after}", piece.text));
                let shown = self.editor.say_instead(&shown, &whole, &rest, INDENT);
                (text, shown)
            }
            // The end of a line of which all was shown says nothing more.
            None if !piece.begins && piece.text.is_empty() => return,
            None => {
                let before = if piece.begins { "< " } else { "<…" };
                let text = format!("{before}{}", piece.text);
                let shown = self.editor.say(&format!("{text}{after}"), INDENT);
                (text, shown)
            }
        };
        if !piece.ends {
            let (text, shown) = text;
            self.growing.replace(Some(Growing { text, shown }));
        }
    }
}

/// One call at the terminal.
struct Conversation<'a> {
    terminal: &'a Terminal,
    call: Call,
    address: SocketAddr,
    /// When a caller who has heard nothing is told what that may mean.
    unheard_at: Option<Instant>,
    until: Until,
    begun: Instant,
    /// The call ends with the next line: the peer has finished, perhaps while the user was typing.
    last_line: bool,
    /// It is the user who ended the call; otherwise what is being typed must not reach a shell.
    left: bool,
    told_to_leave: bool,
    /// Further calls may follow.
    keep: bool,
    exit: Exit,
}

impl<'a> Conversation<'a> {
    fn new(
        terminal: &'a Terminal,
        stream: TcpStream,
        address: SocketAddr,
        talk: &Talk,
        calling: bool,
    ) -> Result<Self, Failure> {
        let lang = terminal.console.lang;
        let call = Call::new(stream, talk.config(calling))
            .map_err(|error| Failure::internal(&error, lang))?;
        terminal.note(&Words::Connected { address: &address });
        terminal.note(&Words::Prompt {});
        Ok(Self {
            terminal,
            call,
            address,
            unheard_at: calling.then(|| Instant::now() + UNHEARD_TIME),
            until: talk.until(Until::Peer),
            begun: Instant::now(),
            last_line: false,
            left: false,
            told_to_leave: false,
            keep: false,
            exit: Exit::Done,
        })
    }

    /// Holds the call until it is over.
    async fn hold(&mut self, connections: &Connections, keys: &mut Keys) -> Exit {
        self.keep = connections.is_open();
        loop {
            tokio::select! {
                event = self.call.next(), if self.terminal.editor.has_room() => match event {
                    Some(event) => self.heard(event),
                    None => break,
                },
                () = self.terminal.editor.room(), if !self.terminal.editor.has_room() => {}
                key = keys.next() => {
                    if self.pressed(key).is_break() {
                        return Exit::Interrupted;
                    }
                    self.terminal.editor.go_on();
                }
                address = connections.turn_away() => {
                    self.terminal.note(&Words::TurnedAway { address: &address });
                }
                () = sleep_until(self.unheard_at) => self.unheard(),
            }
        }
        if !self.left && !self.keep && self.wait_for_enter(keys).await.is_break() {
            return Exit::Interrupted;
        }
        let totals = self.call.totals();
        self.terminal.note(&Words::Summary {
            sent: &totals.lines_sent,
            out: &totals.bytes_sent,
            received: &totals.lines_received,
            in_: &totals.bytes_received,
            seconds: &seconds(self.begun.elapsed()),
        });
        self.exit
    }

    /// The call is over, and not by the user, who may be in the middle of a sentence: without this wait
    /// the rest of it would be run by the shell.
    async fn wait_for_enter(&mut self, keys: &mut Keys) -> ControlFlow<()> {
        self.terminal.warn(&Words::EnterLeaves {});
        match keys.next().await {
            Key::Typed(Input::Interrupt) => return ControlFlow::Break(()),
            Key::Typed(Input::Line(line)) if !["", "/quit"].contains(&line.as_str()) => {
                self.terminal.warn(&Words::DraftLost { line: &line });
                self.exit = Exit::Incomplete;
            }
            Key::Typed(_) => {}
            Key::Leave => self.told(),
        }
        ControlFlow::Continue(())
    }

    fn heard(&mut self, event: Event) {
        match event {
            Event::Line(piece) => self.terminal.say(&piece),
            Event::TelnetDetected => self.terminal.note(&Words::Telnet {}),
            Event::PeerFinished => self.peer_finished(),
            Event::TurnedAway => self.turned_away(),
            Event::PeerSilent => {
                self.terminal.note(&Words::PeerSilent {});
                self.leave();
            }
            // It had finished, and is gone for good: nothing of ours was on its way.
            Event::Broken if self.last_line && !self.left => {}
            Event::Broken => self.broken(),
            Event::NotDelivered(lost) => self.not_delivered(&lost),
        }
    }

    fn peer_finished(&mut self) {
        let over = self
            .until
            .is_over(self.call.outgoing(), self.call.incoming());
        if !over {
            self.terminal.note(&Words::PeerFinishedOpen {});
        } else if self.call.outgoing().is_open() && !self.terminal.editor.draft().is_empty() {
            self.terminal.warn(&Words::PeerFinishedDraft {});
            self.last_line = true;
        } else if self.call.outgoing().is_open() && !self.keep {
            // A sentence may be about to begin: what is typed next must not be run by the shell.
            self.terminal.warn(&Words::PeerFinishedEnter {});
            self.last_line = true;
        } else {
            self.terminal.note(&Words::PeerFinished {});
            self.leave();
        }
    }

    /// Ends the call as the user wants it.
    fn leave(&mut self) {
        self.left = true;
        self.call.leave();
    }

    /// A signal asks the program to leave: as with `/quit`, and what was typed is told to be lost.
    fn told(&mut self) {
        let draft = self.terminal.editor.draft();
        if !draft.is_empty() {
            self.terminal.warn(&Words::DraftLost { line: &draft });
            self.exit = Exit::Incomplete;
        }
        self.told_to_leave = true;
        self.leave();
    }

    /// More cannot be known from here: a connection is made by the peer's system, before its program
    /// has accepted it.
    fn unheard(&mut self) {
        self.unheard_at = None;
        if self.call.incoming().is_open() && self.call.totals().bytes_received == 0 {
            let seconds = &UNHEARD_TIME.as_secs();
            self.terminal.note(&Words::Unheard { seconds });
        }
    }

    fn turned_away(&mut self) {
        let address = &self.address;
        self.terminal.warn(&Words::Busy { address });
        self.exit = Exit::Refused;
        self.call.leave();
    }

    fn broken(&mut self) {
        let lang = self.terminal.console.lang;
        let why = self.call.error().map(|error| system_text(error, lang));
        let why = why.unwrap_or_default();
        self.terminal.warn(&Words::Broken { why: &why });
        let draft = self.terminal.editor.draft();
        if self.keep && !draft.is_empty() {
            self.terminal.warn(&Words::DraftLost { line: &draft });
        }
        self.exit = Exit::Incomplete;
    }

    fn not_delivered(&mut self, lost: &Undelivered) {
        for line in &lost.lines {
            self.terminal.warn(&Words::LineLost { line });
        }
        self.terminal.warn(&Words::BytesLost { bytes: &lost.bytes });
        self.exit = Exit::Incomplete;
    }

    /// What the user did; breaks if the call is to be left at once.
    fn pressed(&mut self, key: Key) -> ControlFlow<()> {
        self.terminal.growing.take(); // there is a line of ours below it now
        let input = match key {
            Key::Typed(input) => input,
            // Told again, while the last lines are being delivered.
            Key::Leave if self.told_to_leave => return ControlFlow::Break(()),
            Key::Leave => {
                self.told();
                return ControlFlow::Continue(());
            }
        };
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
            self.leave();
            return;
        }
        self.call.finish();
        if self
            .until
            .is_over(self.call.outgoing(), self.call.incoming())
        {
            self.leave();
        } else {
            self.terminal.note(&Words::WeFinished {});
        }
    }

    fn line(&mut self, line: &str) {
        match line.strip_prefix('/') {
            Some("quit") => self.leave(),
            Some("help") => self.terminal.note(&Words::Help {}),
            Some(text) if text.starts_with('/') => self.send(text),
            Some(command) => self
                .terminal
                .warn(&Words::UnknownCommand { command: &command }),
            None if line.is_empty() && self.last_line => self.leave(),
            None => self.send(line),
        }
    }

    /// Sends a line, or several if they were pasted.
    fn send(&mut self, text: &str) {
        for line in text.split('\n') {
            if self.call.send_line(line.as_bytes()).is_err() {
                self.terminal.warn(&Words::WeFinishedAlready {});
                break;
            }
        }
        if self.last_line {
            self.leave();
        }
    }
}
