//! `lineman udp send`.

use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::time::Duration;

use lineman_net::udp::Bounce;
use lineman_net::udp::Interface;
use lineman_net::udp::SendError;
use lineman_net::udp::Socket;
use lineman_net::udp::Toward;
use lineman_proto::datagram::MAX_PAYLOAD;
use lineman_proto::datagram::Piece;
use lineman_proto::datagram::Splitter;
use serde_json::json;
use tokio::time::Instant;

use super::PORT;
use super::input::Typed;
use super::resolve;
use super::session::Happening;
use super::session::Session;
use crate::args::udp::Send;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::udp::Udp;
use crate::runtime;

/// Sends datagrams and receives the answers.
pub async fn run(args: &Send, console: Console) -> Result<(), Failure> {
    let toward = toward(args, console).await?;
    let socket = Socket::toward(&toward).map_err(|error| unopened(error, console.lang))?;
    announce(socket.local(), toward.address(), console)?;
    let splitter = args.whole.then(Splitter::whole);
    let mut sender = Sender {
        session: Session::start(socket, console, &args.form, splitter)?,
        toward,
        wait: args.wait,
        ended: false,
        refusing: false,
    };
    if sender.session.view.is_edited() {
        sender.session.view.note(&Udp::HowToEnd {});
    }
    let exit = sender.run().await?;
    sender.session.finish(exit)
}

struct Sender {
    session: Session,
    toward: Toward,
    /// How long to listen for answers after the end of input.
    wait: Duration,
    /// Input has ended.
    ended: bool,
    /// The last thing heard was a refusal.
    refusing: bool,
}

impl Sender {
    async fn run(&mut self) -> Result<Exit, Failure> {
        loop {
            let deadline = self.ended.then(|| Instant::now() + self.wait);
            match self.session.next(!self.ended, deadline).await? {
                Happening::Heard => self.refusing = false,
                Happening::Bounced(bounce) => self.bounced(&bounce)?,
                Happening::Typed(typed) => self.typed(typed).await?,
                Happening::Stop(exit) => return Ok(exit),
                Happening::Silence => return Ok(self.verdict()),
            }
            if self.ended && self.refusing && self.is_to_host() {
                return Ok(self.verdict());
            }
        }
    }

    async fn typed(&mut self, typed: Typed) -> Result<(), Failure> {
        match typed {
            Typed::Piece(Piece::Payload(payload)) => self.session.send(&payload, None).await,
            Typed::Piece(Piece::TooLong(bytes)) => self.session.too_long(bytes),
            _ => {
                self.ended = true;
                Ok(())
            }
        }
    }

    /// A person reads of each refusal; in a pipe, the first of several in a row says it all.
    fn bounced(&mut self, bounce: &Bounce) -> Result<(), Failure> {
        let show = self.session.view.is_edited() || !self.refusing;
        self.refusing = true;
        self.session.bounced(bounce, show)
    }

    fn is_to_host(&self) -> bool {
        matches!(self.toward, Toward::Host(..))
    }

    fn verdict(&self) -> Exit {
        if self.session.tally.refused > 0 {
            return Exit::Refused;
        }
        self.session.tally.fault()
    }
}

fn announce(from: SocketAddr, to: SocketAddr, console: Console) -> Result<(), Failure> {
    console.note(&Udp::Sending {
        from: &from,
        to: &to,
    });
    let fields = json!({ "from": from.to_string(), "to": to.to_string() });
    console.tell("sending", fields)
}

async fn toward(args: &Send, console: Console) -> Result<Toward, Failure> {
    let lang = console.lang;
    let interface = args.interface.as_deref();
    let interface = interface.map(|named| super::interface(named, lang));
    let interface = interface.transpose()?;
    if let Some(group) = &args.multicast {
        return multicast(args, group, console);
    }
    let to = destination(args, interface.as_ref(), console).await?;
    if to.ip().is_multicast() {
        let group = &to.ip();
        return Err(Failure::usage(&Udp::IsMulticast { group }, lang));
    }
    Ok(match args.broadcast {
        true => Toward::Broadcast(to, interface),
        false => Toward::Host(to, interface),
    })
}

fn multicast(args: &Send, to: &str, console: Console) -> Result<Toward, Failure> {
    let lang = console.lang;
    let typed = runtime::host_port(to, console)?;
    let host = typed.host.as_deref().unwrap_or_default();
    Ok(Toward::Multicast {
        group: resolve::group(host, args.interface.as_deref(), lang)?,
        port: port(typed.port, lang)?,
        ttl: args.ttl,
        looped: !args.no_loop,
    })
}

async fn destination(
    args: &Send,
    interface: Option<&Interface>,
    console: Console,
) -> Result<SocketAddr, Failure> {
    let lang = console.lang;
    let text = args.host.as_deref().unwrap_or_default();
    let typed = runtime::host_and_port(text, args.port, console)?;
    let host = typed.host;
    let mut host = host.ok_or_else(|| Failure::usage(&Udp::NoHost {}, lang))?;
    // The interface by which it leaves is where a link-local address is.
    let link_local = |address: Ipv6Addr| address.is_unicast_link_local();
    if let Some(interface) = interface.filter(|_| host.parse().is_ok_and(link_local)) {
        host = format!("{host}%{}", interface.name);
    }
    let all = runtime::resolve(&host, port(typed.port, lang)?, lang).await?;
    let Some((first, others)) = all.split_first() else {
        return Err(Failure::usage(&Udp::NoHost {}, lang));
    };
    if !others.is_empty() {
        let others: Vec<_> = others.iter().map(|one| one.ip().to_string()).collect();
        let (host, others) = (&host, &others.join(", "));
        console.note(&Udp::OtherAddresses { host, others });
    }
    Ok(*first)
}

fn port(typed: Option<u16>, lang: Lang) -> Result<u16, Failure> {
    match typed.unwrap_or(PORT) {
        0 => Err(Failure::usage(&Udp::PortZero {}, lang)),
        port => Ok(port),
    }
}

fn unopened(error: SendError, lang: Lang) -> Failure {
    match error {
        SendError::Broadcast(to) => {
            Failure::new(Exit::NotPermitted, &Udp::NeedsBroadcast { to: &to }, lang)
        }
        SendError::System(error) => Failure::system(&error, lang),
        SendError::TooLong { bytes } => {
            let (bytes, limit) = (&bytes, &MAX_PAYLOAD);
            Failure::new(Exit::Incomplete, &Udp::TooLong { bytes, limit }, lang)
        }
    }
}
