//! What a frame says, as far as the story needs it: the only file here that takes frames apart.

use std::net::SocketAddr;

use lineman_proto::text::visible_bytes;
use lineman_proto::tftp::DATA_HEADER;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Fault;
use lineman_proto::tftp::Malformed;
use lineman_proto::tftp::Options;
use lineman_proto::tftp::Packet;
use lineman_proto::wire::Frame;
use lineman_proto::wire::Layer;
use lineman_proto::wire::Problem;
use lineman_proto::wire::flow::Segment;

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Who sent it; port 0 where there are no ports.
    pub from: Option<SocketAddr>,
    /// For whom it is.
    pub to: Option<SocketAddr>,
    /// What it carries.
    pub what: What,
    /// One line about it, without control characters.
    pub line: String,
}

/// What a frame carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A TCP segment.
    Tcp(Segment),
    /// A UDP datagram.
    Udp(Datagram),
    /// A later piece of a packet that was too large for one frame.
    Piece(Piece),
    /// An ICMP error about a packet.
    IcmpError(IcmpError),
    /// Anything else.
    Other,
}

/// A UDP datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// How many bytes it carries, in all its pieces.
    pub len: usize,
    /// Whether this is only its first piece.
    pub in_pieces: bool,
    /// How many of its bytes are in this piece.
    pub here: usize,
    /// The identification that all pieces of it have.
    pub piece_of: Option<u32>,
    /// The first of them.
    pub preview: Vec<u8>,
    /// What it is in TFTP, if its conversation is one.
    pub tftp: Option<Tftp>,
    /// What is wrong with it, if it is a request of TFTP; also of one that cannot be read, at port 69.
    pub flaw: Option<Flaw>,
    /// Whether its conversation began with a request of TFTP and did not go on in TFTP.
    pub left_tftp: bool,
}

/// A piece of a packet, without the headers that only the first has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The identification that all pieces of the packet have.
    pub id: u32,
    /// Where in the packet it begins.
    pub offset: usize,
    /// How many bytes it carries.
    pub len: usize,
    /// Whether more follow.
    pub more: bool,
}

/// A TFTP packet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Tftp {
    /// RRQ or WRQ.
    Request(Ask),
    /// OACK with its options.
    Oack(Vec<(String, String)>),
    /// DATA.
    Data {
        /// The block's number.
        block: u16,
        /// How many bytes of the file it carries.
        len: usize,
    },
    /// ACK.
    Ack {
        /// The block's number.
        block: u16,
    },
    /// ERROR.
    Error {
        /// Its code.
        code: u16,
        /// Its words, made safe to show.
        message: String,
    },
}

/// What is wrong with a request for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// What it is.
    pub fault: Fault,
    /// Whether the file is written.
    pub write: bool,
    /// Its name, as far as it is there, made safe to show.
    pub file: String,
    /// The mode or the option that it is about, made safe to show.
    pub about: String,
}

/// A request for a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ask {
    /// Whether the file is written.
    pub write: bool,
    /// Its name, made safe to show.
    pub file: String,
    /// `octet` or `netascii`.
    pub mode: String,
    /// The options that are asked for.
    pub options: Vec<(String, String)>,
}

/// An ICMP error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpError {
    /// Whether it is of ICMPv6, which is the ICMP of IPv6.
    pub v6: bool,
    /// What is wrong.
    pub problem: Problem,
    /// How many bytes the next link takes, where the error is about that and says it.
    pub mtu: Option<u32>,
    /// Who had sent the packet that it is about.
    pub source: Option<SocketAddr>,
    /// For whom that packet was.
    pub target: Option<SocketAddr>,
}

impl IcmpError {
    /// The protocol that it is of.
    pub fn protocol(&self) -> &'static str {
        Layer::icmp(self.v6).name()
    }

    /// Where the port that it calls unreachable is.
    pub fn closed_port(&self) -> Option<SocketAddr> {
        self.target.filter(|_| self.problem == Problem::Port)
    }
}

/// TFTP's well-known port (RFC 1350 §4).
const TFTP_PORT: u16 = 69;

/// How many bytes of a payload are kept to be shown: more than an arrow has room for.
const PREVIEW: usize = 64;

impl Seen {
    /// What a frame says; nothing of one without bytes.
    pub(super) fn of(frame: &Frame<'_>) -> Self {
        if frame.bytes().is_empty() {
            return Self {
                from: None,
                to: None,
                what: What::Other,
                line: String::new(),
            };
        }
        let (from, to) = ends(frame);
        Self {
            from,
            to,
            what: what(frame),
            line: frame.to_string(),
        }
    }

    /// The same, in a conversation that did not go on in TFTP as it began.
    pub(super) fn left_tftp(mut self, left: bool) -> Self {
        if let What::Udp(datagram) = &mut self.what {
            datagram.left_tftp = left;
            datagram.flaw = datagram.flaw.take().filter(|_| !left);
        }
        self
    }

    /// The segment, if it is one.
    pub fn segment(&self) -> Option<&Segment> {
        match &self.what {
            What::Tcp(segment) => Some(segment),
            _ => None,
        }
    }
}

fn ends(frame: &Frame<'_>) -> (Option<SocketAddr>, Option<SocketAddr>) {
    let with_ports = frame.endpoints();
    let without = || {
        frame
            .addresses()
            .map(|(from, to)| ((from, 0).into(), (to, 0).into()))
    };
    with_ports.or_else(without).unzip()
}

fn what(frame: &Frame<'_>) -> What {
    if let Some(segment) = Segment::of(frame) {
        What::Tcp(segment)
    } else if let Some(udp) = frame.udp() {
        let len = frame.datagram_len().unwrap_or_default();
        What::Udp(Datagram {
            len,
            in_pieces: frame.fragment().is_some_and(|piece| piece.more),
            here: udp.payload().wire_len(),
            piece_of: frame.fragment().map(|piece| piece.id),
            preview: preview(udp.payload().bytes()),
            tftp: frame.tftp().map(|packet| tftp(&packet, len)),
            flaw: flaw(frame, udp.payload().bytes(), len),
            left_tftp: false,
        })
    } else if let Some(piece) = frame.fragment() {
        What::Piece(Piece {
            id: piece.id,
            offset: piece.offset.into(),
            len: frame.payload().wire_len(),
            more: piece.more,
        })
    } else {
        icmp_error(frame).map_or(What::Other, What::IcmpError)
    }
}

fn icmp_error(frame: &Frame<'_>) -> Option<IcmpError> {
    let icmp = frame.icmp()?;
    let problem = icmp.problem()?;
    let ends = icmp.quoted().map(|quoted| {
        let (from, to) = quoted.ports.unwrap_or_default();
        let source = SocketAddr::new(quoted.from, from);
        (source, SocketAddr::new(quoted.to, to))
    });
    let (source, target) = ends.unzip();
    Some(IcmpError {
        v6: icmp.is_v6(),
        problem,
        mtu: icmp.mtu().filter(|mtu| *mtu > 0), // 0 of routers from before RFC 1191
        source,
        target,
    })
}

/// `len` is that of the whole datagram.
fn tftp(packet: &Packet<'_>, len: usize) -> Tftp {
    match packet {
        Packet::Request(request) => Tftp::Request(Ask {
            write: request.direction == Direction::Write,
            file: visible_bytes(request.filename),
            mode: request.mode.name().to_owned(),
            options: options(request.options),
        }),
        Packet::Oack(given) => Tftp::Oack(options(*given)),
        Packet::Data { block, .. } => Tftp::Data {
            block: *block,
            len: len.saturating_sub(DATA_HEADER),
        },
        Packet::Ack { block } => Tftp::Ack { block: *block },
        Packet::Error { code, message } => Tftp::Error {
            code: code.0,
            message: visible_bytes(message),
        },
    }
}

/// What is wrong with a request. Of one that was not captured as a whole nobody knows.
fn flaw(frame: &Frame<'_>, bytes: &[u8], len: usize) -> Option<Flaw> {
    let to = frame.endpoints()?.1.port();
    let asks = match frame.tftp() {
        Some(packet) => matches!(packet, Packet::Request(_)),
        None => to == TFTP_PORT,
    };
    let malformed = Malformed::of(bytes).filter(|_| asks && bytes.len() == len)?;
    Some(Flaw {
        fault: malformed.fault,
        write: bytes.starts_with(&[0, 2]),
        file: visible_bytes(malformed.file),
        about: visible_bytes(malformed.about),
    })
}

fn options(options: Options<'_>) -> Vec<(String, String)> {
    options
        .iter()
        .map(|(name, value)| (visible_bytes(name), visible_bytes(value)))
        .collect()
}

fn preview(bytes: &[u8]) -> Vec<u8> {
    bytes.get(..PREVIEW).unwrap_or(bytes).to_vec()
}
