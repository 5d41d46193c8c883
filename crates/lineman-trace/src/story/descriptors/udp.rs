//! Which sockets of UDP have sent a datagram, and which receive one: by their calls, and by the ports that datagrams leave from.

use std::net::SocketAddr;

use super::Descriptors;
use super::GONE;
use super::owner;
use crate::log::Call;
use crate::log::Host;
use crate::log::unmapped;
use crate::story::descriptor::Descriptor;
use crate::story::descriptor::Transport;

/// The UDP socket that has sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::story) enum Sender {
    /// It is connected, and has this descriptor.
    Connected(i32),
    /// It is connected to another end, and has named this one with `sendto()`.
    ConnectedTo(SocketAddr),
    /// It is not connected.
    Unconnected,
    /// It is not open any more.
    Closed,
}

impl Descriptors {
    /// A call begins that may send a datagram.
    pub(super) fn sends(&mut self, call: &Call) {
        let names = [
            "send", "sendall", "sendto", "sendmsg", "sendmmsg", "write", "writev",
        ];
        if !names.contains(&call.name.as_str()) {
            return;
        }
        let named = call.args.iter().rev().find_map(|arg| arg.parse().ok());
        let socket = call.fd.and_then(|fd| self.open.get_mut(&(owner(call), fd)));
        if let Some(socket) = socket.filter(|it| it.transport == Some(Transport::Udp)) {
            socket.sends = true;
            socket.sends_to = named.map(unmapped).or(socket.peer);
        }
    }

    /// A datagram has left: the one socket that has sent there, and of which no port is known yet, has its port.
    pub(in crate::story) fn datagram(&mut self, host: Host, from: SocketAddr, to: SocketAddr) {
        let open = self.open.iter_mut();
        let open = open.map(|(((whose, _), _), it)| (*whose, it));
        let gone = self.gone.iter_mut().map(|(whose, it)| (*whose, it));
        let mine = open.chain(gone).filter(|(whose, _)| *whose == host);
        let mut mine: Vec<_> = mine
            .map(|(_, it)| it)
            .filter(|it| it.transport == Some(Transport::Udp))
            .collect();
        if mine.iter().any(|it| it.known_port() == Some(from.port())) {
            return;
        }
        mine.retain(|it| {
            it.sends && it.known_port().is_none() && it.sends_to.is_none_or(|it| it == to)
        });
        if let [socket] = &mut mine[..] {
            socket.port = Some(from.port());
        }
    }

    /// A lab has sent a datagram itself, from a port that no socket has for that.
    pub(in crate::story) fn forges(&mut self, host: Host, from: SocketAddr, to: SocketAddr) {
        if self.forged.len() < GONE {
            self.forged.insert((from, to));
        }
        let open = self.open.iter_mut();
        let mine =
            open.filter(|(((whose, _), _), it)| *whose == host && it.port == Some(from.port()));
        // Only a socket that had sent nothing else before was thought to be its sender.
        mine.filter(|(_, it)| it.sends_to == Some(to))
            .for_each(|(_, it)| it.port = None);
    }

    /// Whether none of a host's open sockets may have a port of UDP; of one that has `sent` from it, whether that is closed. `ended` says
    /// that its program has ended, whose sockets are closed with it.
    pub(in crate::story) fn has_no_socket(
        &self,
        host: Host,
        port: u16,
        sent: bool,
        ended: bool,
    ) -> bool {
        if self.is_ambiguous(host) {
            return false;
        }
        let mut open = self
            .open
            .iter()
            .filter(|(((whose, _), _), _)| *whose == host);
        let may = |it: &Descriptor| it.transport != Some(Transport::Tcp) && it.may_have(port);
        let mut gone = self.gone.iter().filter(|(whose, _)| *whose == host);
        let had = gone.any(|(_, it)| it.known_port() == Some(port));
        ended || (had || !sent) && !open.any(|(_, it)| may(it))
    }

    /// Whether a lab has sent datagrams between these ends itself.
    pub(in crate::story) fn has_forged(&self, from: SocketAddr, to: SocketAddr) -> bool {
        self.forged.contains(&(from, to))
    }

    /// The other address of a host at which a program receives datagrams of a port; none if one receives them here.
    pub(in crate::story) fn receives_elsewhere(
        &self,
        host: Host,
        here: SocketAddr,
    ) -> Option<SocketAddr> {
        let open = self.open.iter();
        let mut bound = open
            .filter(|(((whose, _), _), it)| *whose == host && it.transport == Some(Transport::Udp))
            .filter_map(|(_, it)| it.bound.filter(|at| at.port() == here.port()));
        let found = bound.next()?;
        let is_here = |at: SocketAddr| at.ip().is_unspecified() || at.ip() == here.ip();
        let others = !is_here(found) && !bound.any(is_here);
        others.then_some(found)
    }

    /// The end that a socket is connected to which has a port of a host, and therefore does not receive what comes from another end.
    pub(in crate::story) fn receives_only_from(
        &self,
        host: Host,
        here: SocketAddr,
        sender: SocketAddr,
    ) -> Option<SocketAddr> {
        if self.is_ambiguous(host) {
            return None;
        }
        let is_here = |at: SocketAddr| at.ip().is_unspecified() || at.ip() == here.ip();
        let mut here = self.open.iter().filter(|(((whose, _), _), it)| {
            let is_udp = *whose == host && it.transport == Some(Transport::Udp);
            is_udp && it.known_port() == Some(here.port()) && it.bound.is_none_or(is_here)
        });
        match (here.next(), here.next()) {
            (Some((_, only)), None) => only.peer.filter(|peer| *peer != sender),
            _ => None,
        }
    }

    /// The UDP socket of a host that has sent from the one end to the other. `None` where nobody has seen that, or several
    /// sockets may have sent.
    pub(in crate::story) fn sender(
        &self,
        host: Host,
        from: SocketAddr,
        peer: SocketAddr,
    ) -> Option<Sender> {
        if self.is_ambiguous(host) {
            return None;
        }
        let mut bound = self.open.iter().filter(|(((whose, _), _), it)| {
            *whose == host && it.transport == Some(Transport::Udp) && it.may_have(from.port())
        });
        // One that is gone had the port, and of those that are open none is known to have it.
        let has = |it: &Descriptor| it.known_port() == Some(from.port());
        let mut gone = self.gone.iter();
        let had = gone.any(|(whose, it)| *whose == host && has(it));
        if had && !bound.clone().any(|(_, it)| has(it)) {
            return Some(Sender::Closed);
        }
        let mut senders = bound
            .clone()
            .filter(|(_, it)| it.peer.is_none_or(|own| own == peer));
        let Some(((_, fd), first)) = senders.next() else {
            if let Some((_, only)) = bound.next() {
                let connected = only.peer.map(Sender::ConnectedTo);
                return connected.filter(|_| bound.next().is_none() && !only.hears_errors);
            }
            let mut gone = self.gone.iter();
            let sent = gone.any(|(whose, it)| *whose == host && it.may_have(from.port()));
            return sent.then_some(Sender::Closed);
        };
        let alone = |it: &Descriptor| it.peer.is_none() && !it.hears_errors;
        match first.peer {
            Some(_) => senders.next().is_none().then_some(Sender::Connected(*fd)),
            None if alone(first) => senders
                .all(|(_, it)| alone(it))
                .then_some(Sender::Unconnected),
            None => None,
        }
    }
}
