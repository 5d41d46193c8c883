//! Whom a proxy answers, with what, and where to.

use std::net::Ipv4Addr;
use std::net::SocketAddrV4;
use std::time::Instant;

use super::Arch;
use super::BOOT_SERVER_PORT;
use super::CLIENT_PORT;
use super::Client;
use super::Loaders;
use super::SERVER_PORT;
use super::limits::Limits;
use super::message::Message;
use super::message::kind;
use super::reply::Reply;
use crate::tftp::guard::Prefix;

/// Answers firmware, in bounded memory and at a bounded rate. No answer is longer than its question.
#[derive(Debug)]
pub struct ProxyDhcp {
    loaders: Loaders,
    /// Who is answered when not by broadcast; `None` is everybody.
    allow: Option<Vec<Prefix>>,
    limits: Limits,
    counts: Counts,
}

/// Where a datagram came in, and from whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Its sender.
    pub from: SocketAddrV4,
    /// Which of our ports it came to.
    pub service: Service,
    /// Whether it was sent to this very machine, not to everybody.
    pub is_direct: bool,
    /// Our address there.
    pub server: Ipv4Addr,
    /// The address that serves files by TFTP.
    pub next_server: Ipv4Addr,
}

/// The two ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// DHCP's own, [`SERVER_PORT`].
    Dhcp,
    /// That of boot servers, [`BOOT_SERVER_PORT`].
    BootServer,
}

/// What becomes of a datagram.
#[derive(Debug)]
pub enum Outcome {
    /// It is answered.
    Answered(Answer),
    /// Firmware has asked, and is not answered.
    Refused {
        /// Who.
        client: Client,
        /// Why.
        why: Refused,
        /// Whether the log is to say it: the first time, and again after a while.
        is_news: bool,
    },
    /// It is none of a proxy's business.
    Ignored(Ignored),
}

/// What is sent, and what there is to say of it.
#[derive(Debug)]
pub struct Answer {
    /// The datagram.
    pub packet: Vec<u8>,
    /// Where it goes.
    pub to: To,
    /// Who asked.
    pub client: Client,
    /// The file, or the URL, that the machine is told.
    pub file: String,
    /// Whether the log is to say it: the first time, and again after a while.
    pub is_news: bool,
}

/// Where an answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// To 255.255.255.255, on the network that the question came from: the machine has no address.
    Everybody,
    /// To this address.
    One(SocketAddrV4),
}

/// Why firmware gets no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// It does not say for which processor.
    NoArchitecture,
    /// There is nothing for this architecture.
    NoLoader(Arch),
    /// iPXE asks, and there is no script for it. Told its own loader again, it would load that for ever.
    NoScript,
    /// Its address, or its relay's, is not among those that are served.
    NotAllowed,
    /// It was passed on by a relay that an answer cannot be sent to, or whose sender is no relay; or it was sent to
    /// this machine alone without one.
    UnsoundRelay,
    /// It has asked too often, or all have.
    TooFast,
    /// An answer would be longer than the question.
    Amplifies,
}

/// Why a datagram is not looked at further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// It is no DHCP message, or an answer.
    NoQuestion,
    /// No firmware has sent it, or it is not for a proxy (a DHCPREQUEST to the DHCP server, say).
    NotForProxy,
}

/// How many datagrams had which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// See [`Outcome::Answered`].
    pub answered: u64,
    /// See [`Outcome::Refused`].
    pub refused: u64,
    /// See [`Outcome::Ignored`].
    pub ignored: u64,
}

impl ProxyDhcp {
    /// A proxy that tells what `loaders` say to whom `allow` names.
    pub fn new(now: Instant, loaders: Loaders, allow: Option<Vec<Prefix>>) -> Self {
        Self {
            loaders,
            allow,
            limits: Limits::new(now),
            counts: Counts::default(),
        }
    }

    /// What there was so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Takes a datagram. `exists` says whether the served directory has a file; it is asked for the usual names, a
    /// handful for each answer.
    pub fn handle_packet(
        &mut self,
        now: Instant,
        arrival: &Arrival,
        bytes: &[u8],
        exists: &dyn Fn(&str) -> bool,
    ) -> Outcome {
        let outcome = self.judge(now, arrival, bytes, exists);
        match outcome {
            Outcome::Answered(_) => self.counts.answered += 1,
            Outcome::Refused { .. } => self.counts.refused += 1,
            Outcome::Ignored(_) => self.counts.ignored += 1,
        }
        outcome
    }

    fn judge(
        &mut self,
        now: Instant,
        arrival: &Arrival,
        bytes: &[u8],
        exists: &dyn Fn(&str) -> bool,
    ) -> Outcome {
        let message = Message::parse(bytes).filter(Message::is_request);
        let Some(message) = message else {
            return Outcome::Ignored(Ignored::NoQuestion);
        };
        let answer_kind = answer_kind(arrival.service, &message);
        let (Some(kind), Some(client)) = (answer_kind, Client::of(&message)) else {
            return Outcome::Ignored(Ignored::NotForProxy);
        };
        let answer = self.answer(now, arrival, &message, kind, &client, exists);
        let address = client.hardware;
        let line = match &answer {
            Ok((_, _, file)) => file.clone(),
            Err(why) => format!("{why:?}"),
        };
        let is_news = self.limits.take_line(now, address, line);
        match answer {
            Ok((to, packet, file)) => Outcome::Answered(Answer {
                packet,
                to,
                client,
                file,
                is_news,
            }),
            Err(why) => Outcome::Refused {
                client,
                why,
                is_news,
            },
        }
    }

    /// Where to, what, and the file in it.
    fn answer(
        &mut self,
        now: Instant,
        arrival: &Arrival,
        message: &Message<'_>,
        kind: u8,
        client: &Client,
        exists: &dyn Fn(&str) -> bool,
    ) -> Result<(To, Vec<u8>, String), Refused> {
        let to = self.destination(arrival, message)?;
        if !self.limits.take_answer(now, client.hardware) {
            return Err(Refused::TooFast);
        }
        let file = self.loaders.choose(client, exists)?;
        let reply = Reply {
            kind,
            server: arrival.server,
            next_server: arrival.next_server,
            file: &file,
            boots_directly: client
                .architectures
                .iter()
                .any(|arch| arch.reads_pxe_options()),
        };
        let packet = reply.to(message, client);
        if packet.len() > message.length() {
            return Err(Refused::Amplifies);
        }
        Ok((to, packet, file))
    }

    fn destination(&self, arrival: &Arrival, message: &Message<'_>) -> Result<To, Refused> {
        let (from, relay) = (arrival.from, message.relay());
        let is_allowed = |ip: Ipv4Addr| match &self.allow {
            None => true,
            Some(ranges) => ranges.iter().any(|range| range.contains(ip.into())),
        };
        if arrival.service == Service::BootServer {
            // The machine has its address by now, and asks from one of the two ports that it has (PXE 2.1 §2.2.4).
            // Its own ports are the only ones that are ever answered: no service can be made to talk to us.
            let is_sound = is_host(*from.ip())
                && relay.is_unspecified()
                && [CLIENT_PORT, BOOT_SERVER_PORT].contains(&from.port());
            return match is_sound {
                false => Err(Refused::UnsoundRelay),
                true if !is_allowed(*from.ip()) => Err(Refused::NotAllowed),
                true => Ok(To::One(from)),
            };
        }
        if relay.is_unspecified() {
            // Only a machine on this network can broadcast here; the answer goes to the same network.
            return match arrival.is_direct {
                true => Err(Refused::UnsoundRelay),
                false => Ok(To::Everybody),
            };
        }
        // A relay sends from the servers' port, to us alone, and is answered there (RFC 1542 §4.1.2, RFC 2131 §4.1).
        if !arrival.is_direct
            || from.port() != SERVER_PORT
            || !is_host(relay)
            || !is_host(*from.ip())
        {
            return Err(Refused::UnsoundRelay);
        }
        if !is_allowed(relay) || !is_allowed(*from.ip()) {
            return Err(Refused::NotAllowed);
        }
        Ok(To::One(SocketAddrV4::new(relay, SERVER_PORT)))
    }
}

/// With what kind of message this one is answered, if at all. A DHCPREQUEST to DHCP's own port is for the DHCP server.
fn answer_kind(service: Service, message: &Message<'_>) -> Option<u8> {
    let kind = message.option(super::option::MESSAGE_TYPE)?;
    match (service, kind) {
        (Service::Dhcp, [kind::DISCOVER]) => Some(kind::OFFER),
        (Service::BootServer, [kind::REQUEST | kind::INFORM]) => Some(kind::ACK),
        _ => None,
    }
}

/// Whether this can be the address of one machine.
fn is_host(ip: Ipv4Addr) -> bool {
    !ip.is_unspecified() && !ip.is_broadcast() && !ip.is_multicast() && !ip.is_loopback()
}
