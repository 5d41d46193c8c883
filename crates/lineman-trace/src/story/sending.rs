//! Which call has sent a packet: programs send by calls, and a wire sees what they send a little later.

use std::net::SocketAddr;

use lineman_proto::wire::Flags;

use super::Arrow;
use super::CallCell;
use super::What;
use super::descriptor::Transport;
use super::descriptors::Descriptors;
use crate::log::Answer;
use crate::log::Call;
use crate::log::Endpoints;
use crate::log::TcpState;

/// What a call sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sends {
    /// A SYN, if the socket is one of TCP.
    Syn,
    /// Bytes.
    Bytes,
    /// A FIN or a RST.
    End,
    /// A FIN, and what a file has kept back.
    Rest,
}

impl Sends {
    /// What a call sends, if it sends anything.
    pub(super) fn of(cell: &CallCell) -> Option<Self> {
        Self::named(&cell.name, &cell.args)
    }

    /// The same, of a call as the log has it.
    pub(super) fn by(call: &Call) -> Option<Self> {
        Self::named(&call.name, &call.args)
    }

    /// What a call of this name with these arguments sends, if it sends anything.
    fn named(name: &str, args: &[String]) -> Option<Self> {
        match name {
            // It ends the other direction, and the peer hears nothing of it.
            "shutdown" if args.first().is_some_and(|how| how == "SHUT_RD") => None,
            _ if is_dissolving(name, args) => Some(Self::End),
            // It connects, and has its bytes follow the SYN (RFC 7413).
            "sendto" if opens(args) => Some(Self::Syn),
            // Its arguments are all there where they do not begin with the socket, from which it receives then.
            "splice" if args.len() < SPLICED => None,
            "splice" => Some(Self::Bytes),
            "connect" | "connect_ex" => Some(Self::Syn),
            "send" | "sendall" | "sendto" | "sendmsg" | "sendmmsg" | "sendfile" | "write"
            | "writev" | "flush" => Some(Self::Bytes),
            "close" | "shutdown" => Some(Self::End),
            "file.close" => Some(Self::Rest),
            _ => None,
        }
    }

    /// Whether it may have sent this packet. What was sent before is sent again by a TCP, and an ACK that carries
    /// nothing by itself; a datagram that was sent before is sent again by its program. Bytes with a FIN have left by
    /// what ended the direction, however long before they were given to TCP.
    pub(super) fn fits(self, arrow: &Arrow) -> bool {
        let bytes = matches!(self, Self::Bytes | Self::Rest);
        match &arrow.seen.what {
            What::Tcp(_) if arrow.again.is_some_and(|again| again.fresh == 0) => false,
            What::Tcp(it) => {
                let ends = it.flags.any(Flags::FIN | Flags::RST);
                match self {
                    Self::Syn => it.has(Flags::SYN),
                    Self::Bytes => it.len > 0 && !ends,
                    Self::End => ends,
                    Self::Rest => ends || it.len > 0,
                }
            }
            What::Udp(_) | What::Piece(_) => bytes,
            What::IcmpError(_) => false,
            What::Other => bytes,
        }
    }

    /// Whether it brings its socket into a state by what it sends.
    pub(super) fn leads_to(self, state: TcpState) -> bool {
        match state {
            TcpState::SynSent => self == Self::Syn,
            TcpState::FinWait1 | TcpState::LastAck => matches!(self, Self::End | Self::Rest),
            _ => false,
        }
    }
}

/// Whether a call takes a socket's peer away: connect() with no address (connect(2)).
pub(super) fn is_dissolving(name: &str, args: &[String]) -> bool {
    name == "connect" && args.first().is_some_and(|family| family == "AF_UNSPEC")
}

/// How many arguments splice() has (splice(2)).
const SPLICED: usize = 6;

/// Whether a call that sends opens its connection by that (tcp(7), TCP_FASTOPEN).
fn opens(args: &[String]) -> bool {
    let mut words = args.iter().flat_map(|arg| arg.split('|'));
    words.any(|word| word == "MSG_FASTOPEN")
}

/// For whom the packet of a call is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Toward {
    /// The log does not tell.
    #[default]
    Unknown,
    /// For this end.
    Peer {
        peer: SocketAddr,
        /// From this one, where that is known.
        local: Option<SocketAddr>,
    },
    /// There is none.
    Nobody,
    /// The same: the socket listens, at this address where that is known.
    Listens { at: Option<SocketAddr> },
}

impl Toward {
    /// For whom a call sends that begins now.
    pub(super) fn of(call: &Call, known: &Descriptors) -> Self {
        let socket = known.of(call);
        let own = call.ends().and_then(|ends| ends.remote);
        let own = own.or_else(|| socket?.peer);
        let local = call.ends().map(|ends| ends.local);
        let local = local.or_else(|| Some(socket?.ends()?.local));
        let udp = socket.is_some_and(|it| it.transport == Some(Transport::Udp));
        let sends = Sends::named(&call.name, &call.args);
        let (nobody, peer) = match sends {
            Some(Sends::Syn) => {
                let mut addresses = call.args.iter().filter_map(|arg| arg.parse().ok());
                (udp, call.address().or_else(|| addresses.next()))
            }
            Some(Sends::Bytes) => (false, own),
            Some(Sends::End | Sends::Rest) => (udp, own),
            // It has a listener listen no more.
            None if call.name == "shutdown" => (udp, own),
            None => return Self::Unknown,
        };
        match peer {
            _ if nobody => Self::Nobody,
            _ if socket.is_some_and(|it| it.listens) => Self::Listens {
                at: socket.and_then(|it| it.bound),
            },
            Some(peer) => Self::Peer { peer, local },
            // Each datagram may be for another.
            None if sends == Some(Sends::Bytes) => Self::Unknown,
            None if socket.is_some_and(|it| !it.opening && it.transport.is_some()) => Self::Nobody,
            // A tracer says what a socket is connected to, if it is: another process may have the descriptor too.
            None if socket.is_none() && known.has_ends_told(call) => Self::Listens { at: None },
            None => Self::Unknown,
        }
    }

    /// Whether this packet goes there.
    pub(super) fn fits(self, arrow: &Arrow) -> bool {
        match self {
            Self::Unknown => true,
            Self::Peer { peer, local } => {
                let from = arrow.seen.from.filter(|_| arrow.seen.segment().is_some());
                let is_own = from.is_none_or(|from| local.is_none_or(|local| local == from));
                is_own && arrow.seen.to.is_none_or(|to| to == peer)
            }
            Self::Nobody | Self::Listens { .. } => false,
        }
    }

    /// Whether a call is about this socket; `None` where nobody has seen that.
    pub(super) fn is_about(self, socket: Endpoints) -> Option<bool> {
        match (self, socket.remote) {
            (Self::Unknown, _) => None,
            (Self::Peer { peer, local }, Some(remote)) => {
                Some(peer == remote && local.is_none_or(|local| local == socket.local))
            }
            (Self::Listens { at }, None) => Some(at.is_none_or(|at| is_at(at, socket.local))),
            _ => Some(false),
        }
    }
}

/// Whether a listener that was bound so is the one at this address: its system has chosen the port that it was not given.
fn is_at(bound: SocketAddr, local: SocketAddr) -> bool {
    bound.ip() == local.ip() && matches!(bound.port(), 0) || bound == local
}

/// Whether a call, as far as it was told, may have sent this packet. One that began later has not, though it may be
/// told before it: a busy lab reads packets late.
pub(super) fn may_have_sent(cell: &CallCell, arrow: &Arrow) -> bool {
    cell.t_ns <= arrow.sent_ns && could_send(cell, arrow)
}

/// The same, whenever the call was told to have begun.
pub(super) fn could_send(cell: &CallCell, arrow: &Arrow) -> bool {
    let failed = matches!(&cell.answer, Some(Answer::Error(error)) if error != "EINPROGRESS");
    let sends = Sends::of(cell).is_some_and(|sends| sends.fits(arrow));
    !failed && sends && has_room_for(cell, arrow)
}

/// Whether a call that says how many bytes it has taken can have sent as many as the packet carries: a datagram has just
/// these, a segment at most these.
fn has_room_for(cell: &CallCell, arrow: &Arrow) -> bool {
    let Some(Answer::Value(taken)) = &cell.answer else {
        return true;
    };
    let names = ["send", "sendto", "sendmsg", "sendfile", "write", "writev"];
    let counts = names.contains(&cell.name.as_str());
    let Some(taken) = taken.parse::<usize>().ok().filter(|_| counts) else {
        return true;
    };
    match &arrow.seen.what {
        What::Tcp(it) => it.len as usize <= taken,
        What::Udp(it) => it.len == taken,
        _ => true,
    }
}
