//! TFTP beyond port 69: a transfer lives between two ports that only its request tells of.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::Frame;
use super::read::TFTP_PORT;
use crate::tftp::Direction;
use crate::tftp::Packet;

/// How many clients are remembered; the oldest is forgotten first.
const MEMORY: usize = 256;

/// Remembers who asked for a transfer (RFC 1350 §4: the asker's port is its TID, and the answer
/// comes from a TID that the server chooses), and so recognises the packets that follow.
///
/// A request is known by its port, 69, or by being one from its first byte to its last: those who may not
/// have port 69 serve elsewhere. There the answer must fit the request, too. From port 69 it must be a packet of
/// TFTP: programs that ask by an RRQ and go on in a way of their own are not rare. Else what follows is
/// none of TFTP.
#[derive(Clone, Debug, Default)]
pub struct Conversations {
    clients: VecDeque<Client>,
}

/// Who asked for a transfer.
#[derive(Clone, Copy, Debug)]
struct Client {
    address: SocketAddr,
    talk: Talk,
}

/// What is known of a client's conversation.
#[derive(Clone, Copy, Debug)]
enum Talk {
    /// It asked at port 69, and was not answered yet.
    Asked,
    /// The same at another port.
    AskedElsewhere(Direction),
    /// It is TFTP.
    Tftp,
    /// It is something else, whatever its packets look like.
    Other,
}

impl Conversations {
    /// Knowing nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a frame's UDP payload as TFTP if one of its ends has asked for a transfer. Show it
    /// every frame in order.
    pub fn follow<'a>(&mut self, frame: Frame<'a>) -> Frame<'a> {
        let Some((from, to)) = frame.endpoints().filter(|_| frame.udp().is_some()) else {
            return frame;
        };
        let asked = match frame.tftp() {
            Some(Packet::Request(_)) if to.port() == TFTP_PORT => Some(Talk::Asked),
            _ => whole_request(&frame).map(Talk::AskedElsewhere),
        };
        if let Some(asked) = asked {
            self.ask(from, asked);
            return frame.as_tftp();
        }
        let known = |client: &&mut Client| client.address == from || client.address == to;
        let Some(client) = self.clients.iter_mut().find(known) else {
            return frame;
        };
        let read = frame.as_tftp();
        if let Talk::Asked | Talk::AskedElsewhere(_) = client.talk {
            let answer = read.tftp().filter(|_| client.address == to);
            client.talk = match answer.is_some_and(|packet| client.talk.is_answered_by(&packet)) {
                true => Talk::Tftp,
                false => Talk::Other,
            };
        }
        match client.talk {
            Talk::Other => frame.as_datagram(),
            _ => read,
        }
    }

    /// Whether a frame is of a conversation that began with a request and did not go on in TFTP.
    pub fn left_tftp(&self, frame: &Frame<'_>) -> bool {
        let ends = frame.endpoints().filter(|_| frame.udp().is_some());
        ends.is_some_and(|(from, to)| {
            let is_end = |client: &&Client| client.address == from || client.address == to;
            let client = self.clients.iter().find(is_end);
            client.is_some_and(|client| matches!(client.talk, Talk::Other))
        })
    }

    /// A client whose requests go to another port than 69, where that is known otherwise.
    pub fn remember(&mut self, client: SocketAddr) {
        match self.known(client) {
            Some(known) => known.talk = Talk::Tftp,
            None => self.add(client, Talk::Tftp),
        }
    }

    /// A request; one that comes again, or that follows another transfer, changes nothing.
    fn ask(&mut self, address: SocketAddr, asked: Talk) {
        match self.known(address) {
            Some(known) if matches!(known.talk, Talk::Other) => known.talk = asked,
            Some(_) => {}
            None => self.add(address, asked),
        }
    }

    fn known(&mut self, address: SocketAddr) -> Option<&mut Client> {
        self.clients.iter_mut().find(|it| it.address == address)
    }

    fn add(&mut self, address: SocketAddr, talk: Talk) {
        if self.clients.len() == MEMORY {
            self.clients.pop_front();
        }
        self.clients.push_back(Client { address, talk });
    }
}

impl Talk {
    /// Whether a packet can be the first answer (RFC 1350 §2, RFC 2347).
    fn is_answered_by(self, packet: &Packet<'_>) -> bool {
        let Self::AskedElsewhere(direction) = self else {
            return !matches!(packet, Packet::Request(_));
        };
        match *packet {
            Packet::Data { block, .. } => direction == Direction::Read && block == 1,
            Packet::Ack { block } => direction == Direction::Write && block == 0,
            Packet::Oack(options) => options.iter().next().is_some(),
            Packet::Error { .. } => true,
            Packet::Request(_) => false,
        }
    }
}

/// What a datagram asks for, if it is a request and nothing besides: name, mode and options, each
/// with its NUL, to the last byte.
fn whole_request(frame: &Frame<'_>) -> Option<Direction> {
    let payload = frame.udp()?.payload();
    let Ok(Packet::Request(request)) = Packet::parse(payload.bytes()) else {
        return None;
    };
    let again = Packet::Request(request).encode();
    again
        .eq_ignore_ascii_case(payload.bytes())
        .then_some(request.direction)
}
