//! `lineman udp listen`.

use std::net::SocketAddr;

use lineman_net::udp::At;
use lineman_net::udp::Group;
use lineman_net::udp::Socket;
use lineman_proto::datagram::Addressed;
use lineman_proto::datagram::Piece;
use serde_json::json;

use super::PORT;
use super::input::Typed;
use super::resolve;
use super::session::Happening;
use super::session::Session;
use crate::args::address::HostPort;
use crate::args::udp::Listen;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::udp::Udp;
use crate::runtime;

/// Receives datagrams and answers them.
pub async fn run(args: &Listen, console: Console) -> Result<(), Failure> {
    let group = group(args, console.lang)?;
    let socket = open(args, group.clone(), console).await?;
    announce(socket.local(), group.as_ref(), console)?;
    let mut listener = Listener {
        session: Session::start(socket, console, &args.form, None)?,
        left: args.count,
        waiting: None,
    };
    if listener.session.view.is_edited() {
        listener.session.view.note(&Udp::HowToAnswer {});
    }
    let exit = listener.run().await?;
    listener.session.finish(exit)
}

struct Listener {
    session: Session,
    /// How many datagrams are still to be heard, if that was asked for.
    left: Option<u64>,
    /// Piped input that came before the first datagram.
    waiting: Option<Vec<u8>>,
}

impl Listener {
    async fn run(&mut self) -> Result<Exit, Failure> {
        while self.left != Some(0) {
            match self.session.next(self.waiting.is_none(), None).await? {
                Happening::Heard => self.heard().await?,
                Happening::Bounced(bounce) => self.session.bounced(&bounce, true)?,
                Happening::Typed(typed) => self.typed(typed).await?,
                Happening::Stop(exit) => return Ok(exit),
                Happening::Silence => {}
            }
        }
        self.answer_with_the_rest().await?;
        Ok(self.session.tally.fault())
    }

    async fn heard(&mut self) -> Result<(), Failure> {
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
        match self.waiting.take() {
            Some(line) => self.answer(&line).await,
            None => Ok(()),
        }
    }

    async fn typed(&mut self, typed: Typed) -> Result<(), Failure> {
        match typed {
            Typed::Piece(Piece::TooLong(bytes)) => self.session.too_long(bytes),
            Typed::Piece(Piece::Payload(line)) if self.must_wait() => {
                self.session.view.note(&Udp::InputWaits {});
                self.waiting = Some(line);
                Ok(())
            }
            Typed::Piece(Piece::Payload(line)) => self.answer(&line).await,
            _ => {
                // The line editor reads on, unlike a pipe.
                self.session.view.note(match self.session.view.is_edited() {
                    true => &Udp::EndOfNothing {},
                    false => &Udp::InputEnded {},
                });
                Ok(())
            }
        }
    }

    /// A program that pipes its answer in cannot know when a peer asks. A person can: a line
    /// that leaves long after it was typed would surprise.
    fn must_wait(&self) -> bool {
        self.session.book.last().is_none() && !self.session.view.is_edited()
    }

    async fn answer(&mut self, line: &[u8]) -> Result<(), Failure> {
        let Addressed { peer, payload } = Addressed::parse(line);
        // Not the one last heard: another peer may have been heard while the line was typed.
        let peer = peer.or_else(|| self.session.view.addressee());
        let book = &self.session.book;
        let to = match &peer {
            Some(number) => book
                .get(*number)
                .ok_or((Udp::NoSuchPeer { number }, "no-such-peer")),
            None => book.last().ok_or((Udp::NobodyYet {}, "nobody-heard")),
        };
        match to {
            // `@2` and the end of input: nothing was said, and an empty datagram stops some peers.
            Ok(_) if payload.is_empty() => Ok(()),
            Ok(to) => self.session.send(payload, Some(to)).await,
            Err((why, reason)) => self.session.not_sent(&why, reason, Exit::Incomplete),
        }
    }

    /// The last datagram asked for was heard: what was piped in already is its answer.
    async fn answer_with_the_rest(&mut self) -> Result<(), Failure> {
        while let Some(typed) = self.session.typed_already() {
            if let Typed::Piece(piece) = typed {
                self.typed(Typed::Piece(piece)).await?;
            }
        }
        Ok(())
    }
}

fn announce(at: SocketAddr, group: Option<&Group>, console: Console) -> Result<(), Failure> {
    let both = at.is_ipv6() && at.ip().is_unspecified();
    console.note(&match both {
        true => Udp::ListeningBoth { at: &at },
        false => Udp::Listening { at: &at },
    });
    if let Some(Group { address, interface }) = group {
        let (group, interface) = (address, &interface.name);
        console.note(&Udp::Joined { group, interface });
    }
    console.tell("listening", json!({ "address": at.to_string() }))
}

fn group(args: &Listen, lang: Lang) -> Result<Option<Group>, Failure> {
    let Some(text) = &args.multicast else {
        return Ok(None);
    };
    // In brackets, with `%25`: however an address may be written.
    let typed = HostPort::parse(text).map_err(|error| Failure::usage(&error, lang))?;
    let host = typed.host.as_deref().filter(|_| typed.port.is_none());
    resolve::group(host.unwrap_or(text), args.interface.as_deref(), lang).map(Some)
}

async fn open(args: &Listen, group: Option<Group>, console: Console) -> Result<Socket, Failure> {
    let lang = console.lang;
    let typed = runtime::host_port(&args.address, console)?;
    let port = typed.port.unwrap_or(PORT);
    let everywhere = At::Everywhere(port);
    let at = match &typed.host {
        None => everywhere,
        Some(host) => {
            let all = runtime::resolve(host, port, lang).await?;
            all.first().map_or(everywhere, |&one| At::Address(one))
        }
    };
    let listen = lineman_net::udp::Listen { at, group };
    Socket::listen(&listen).map_err(|error| Failure::system(&error, lang))
}
