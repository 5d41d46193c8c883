//! What listening and sending have in common.

use std::io;

use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_net::udp::Arrival;
use lineman_net::udp::Bounce;
use lineman_net::udp::RECEIVE_BUFFER;
use lineman_net::udp::SendError;
use lineman_net::udp::Socket;
use lineman_proto::datagram::Heard;
use lineman_proto::datagram::MAX_PAYLOAD;
use lineman_proto::datagram::Peer;
use lineman_proto::datagram::PeerBook;
use lineman_proto::datagram::Splitter;
use serde_json::json;
use tokio::time::Instant;

use super::input::Input;
use super::input::Typed;
use super::tally::Tally;
use super::view::View;
use crate::args::udp::Form;
use crate::commands::signals::Signals;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::failure::system_text;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::udp::Udp;
use crate::terminal::editor;
use crate::terminal::editor::Editor;
use crate::terminal::surface::is_a_person_there;

/// A socket, its user, and what has passed between them.
pub struct Session {
    /// The language of failures.
    pub lang: Lang,
    pub socket: Socket,
    /// What is shown.
    pub view: View,
    /// Who was heard.
    pub book: PeerBook,
    /// What was done.
    pub tally: Tally,
    /// Peers are told apart by numbers, so that each can be answered.
    numbered: bool,
    input: Input,
    signals: Signals,
    /// The editor waits for us to be done with what it gave last.
    entered: bool,
    buffer: Vec<u8>,
}

/// What happened.
pub enum Happening {
    /// A datagram arrived, and was shown.
    Heard,
    /// A datagram came back.
    Bounced(Bounce),
    /// The user typed.
    Typed(Typed),
    /// The user wants to leave, with this exit code.
    Stop(Exit),
    /// Nothing, until the deadline.
    Silence,
}

impl Session {
    /// Starts a session: with the line editor where a person sits at both ends of a terminal.
    pub fn start(
        socket: Socket,
        console: Console,
        form: &Form,
        splitter: Option<Splitter>,
    ) -> Result<Self, Failure> {
        let lang = console.lang;
        let failed = |error| {
            Failure::system(
                &SystemError::new(Operation::Open, "the terminal")(error),
                lang,
            )
        };
        let person = is_a_person_there() && splitter.is_none() && !console.json && !form.raw;
        let numbered = socket.destination().is_none();
        let prompt = if numbered { editor::NOBODY } else { "> " };
        let (view, input) = match person.then(|| Editor::start(prompt)) {
            Some(Ok((editor, lines))) => (View::with_editor(console, editor), Input::Editor(lines)),
            // Also on a terminal that cannot be edited on.
            _ => {
                let splitter = splitter.unwrap_or_else(Splitter::lines);
                let input = Input::stdin(splitter).map_err(failed)?;
                (View::new(console, form), input)
            }
        };
        Ok(Self {
            lang,
            numbered,
            socket,
            view,
            book: PeerBook::default(),
            tally: Tally::default(),
            input,
            signals: Signals::watch(lang)?,
            entered: false,
            buffer: vec![0; RECEIVE_BUFFER],
        })
    }

    /// Waits for the next thing to happen; for input only if `reading`.
    pub async fn next(
        &mut self,
        reading: bool,
        deadline: Option<Instant>,
    ) -> Result<Happening, Failure> {
        if reading && std::mem::take(&mut self.entered) {
            self.view.go_on();
        }
        let silence = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let arrival = tokio::select! {
            arrival = async {
                self.view.room().await;
                self.socket.receive(&mut self.buffer).await
            } => arrival,
            typed = self.input.next(), if reading => return self.typed(typed),
            exit = self.signals.next() => return Ok(Happening::Stop(exit)),
            () = silence => return Ok(Happening::Silence),
        };
        match arrival.map_err(|error| Failure::system(&error, self.lang))? {
            Arrival::Datagram { from, bytes, full } => self.heard(from, bytes, full),
            Arrival::Bounce(bounce) => Ok(Happening::Bounced(bounce)),
        }
    }

    /// Input that has come already.
    pub fn typed_already(&mut self) -> Option<Typed> {
        self.input.ready()
    }

    /// Sends a payload: to `to`, else to where the socket points.
    pub async fn send(&mut self, payload: &[u8], to: Option<Peer>) -> Result<(), Failure> {
        match self.socket.send(payload, to).await {
            Ok(()) => {
                self.tally.sent += 1;
                self.tally.sent_bytes += payload.len() as u64;
                let to = to.map(|peer| peer.address);
                let to = to.or_else(|| self.socket.destination());
                let to = to.map(|to| to.to_string());
                self.view
                    .tell("sent", json!({ "to": to, "bytes": payload.len() }))
            }
            Err(SendError::TooLong { bytes }) => self.too_long(bytes as u64),
            Err(SendError::Broadcast(to)) => {
                let why = Udp::NeedsBroadcast { to: &to };
                self.not_sent(&why, "broadcast", Exit::NotPermitted)
            }
            Err(SendError::System(error)) => {
                let exit = Failure::system(&error, self.lang).exit;
                let why = &system_text(&error.source, self.lang);
                let to = &error.target;
                self.not_sent(&Udp::NotSent { to, why }, "system", exit)
            }
        }
    }

    /// A payload was left out: no datagram carries so much.
    pub fn too_long(&mut self, bytes: u64) -> Result<(), Failure> {
        let (size, limit) = (&bytes, &MAX_PAYLOAD);
        self.view.warn(&Udp::TooLong { bytes: size, limit });
        self.tally.not_sent(Exit::Incomplete);
        let fields = json!({ "reason": "too-long", "bytes": bytes, "limit": limit });
        self.view.tell("not-sent", fields)
    }

    /// A payload was left out; `reason` is the word for it in an event.
    pub fn not_sent(&mut self, why: &Udp<'_>, reason: &str, exit: Exit) -> Result<(), Failure> {
        self.view.warn(why);
        self.tally.not_sent(exit);
        self.view.tell("not-sent", json!({ "reason": reason }))
    }

    /// A datagram of ours came back; `show` says whether the user wants to read it.
    pub fn bounced(&mut self, bounce: &Bounce, show: bool) -> Result<(), Failure> {
        self.tally.refused += 1;
        let reason = reason(bounce);
        if show {
            self.warn_of(bounce, reason);
        }
        let by = bounce.by.map(|by| by.to_string());
        let to = bounce.to.map(|to| to.to_string());
        self.view
            .tell("refused", json!({ "to": to, "by": by, "reason": reason }))
    }

    fn warn_of(&mut self, bounce: &Bounce, reason: &str) {
        let unknown = Udp::UnknownPeer {}.render(self.lang);
        let to = &bounce.to.map_or(unknown, |to| to.to_string());
        let why = &match reason {
            "too-large" => Udp::TooLargeForPath {}.render(self.lang),
            _ => system_text(&bounce.error, self.lang),
        };
        self.view.warn(&match &bounce.by {
            _ if reason == "refused" => Udp::Refused { to },
            Some(by) => Udp::LostBy { to, by, why },
            None => Udp::Lost { to, why },
        });
    }

    /// Gives the terminal back and says what was done.
    pub fn finish(mut self, exit: Exit) -> Result<(), Failure> {
        self.view.close_editor();
        self.view.note(&self.tally);
        self.view.tell("ended", self.tally.fields())?;
        if exit == Exit::Done {
            return Ok(());
        }
        Err(Failure::said(exit))
    }

    fn heard(&mut self, from: Peer, bytes: usize, full: usize) -> Result<Happening, Failure> {
        self.tally.received += 1;
        self.tally.received_bytes += full as u64;
        let Heard { number, .. } = self.book.hear(from);
        let from = from.address;
        let named = self.numbered.then_some(number);
        self.view
            .datagram(from, number, named, &self.buffer[..bytes])?;
        if full > bytes {
            self.tally.truncated += 1;
            let (from, bytes, full) = (&from, &bytes, &full);
            self.view.warn(&Udp::Truncated { from, bytes, full });
            let fields = json!({ "from": from.to_string(), "bytes": bytes, "full": full });
            self.view.tell("truncated", fields)?;
        }
        Ok(Happening::Heard)
    }

    fn typed(&mut self, typed: Typed) -> Result<Happening, Failure> {
        self.entered = true;
        match typed {
            Typed::Interrupt => Ok(Happening::Stop(Exit::Interrupted)),
            Typed::Failed(error) => Err(Failure::system(
                &SystemError::new(Operation::Read, "stdin")(error),
                self.lang,
            )),
            other => Ok(Happening::Typed(other)),
        }
    }
}

/// The word for a bounce in an event.
fn reason(bounce: &Bounce) -> &'static str {
    match bounce.error.kind() {
        io::ErrorKind::ConnectionRefused => "refused",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "unreachable",
        _ if bounce.is_too_large() => "too-large",
        _ => "other",
    }
}
