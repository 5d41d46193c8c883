//! What kinds of packet a frame is, for rules about some of them.

use std::fmt;
use std::str::FromStr;

use super::Flags;
use super::Frame;
use super::Tcp;
use crate::tftp::Direction;
use crate::tftp::Packet;

/// A kind of packet. A frame may be of several: a FIN may carry data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// ARP.
    Arp,
    /// Either ICMP.
    Icmp,
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// A SYN without ACK.
    Syn,
    /// A SYN with ACK.
    SynAck,
    /// A segment that only acknowledges: no SYN, FIN or RST, and no bytes.
    Ack,
    /// A segment with bytes.
    Data,
    /// A segment with FIN.
    Fin,
    /// A segment with RST.
    Rst,
    /// A piece of a packet that was too large.
    Fragment,
    /// Any packet of TFTP.
    Tftp,
    /// A read request.
    TftpRrq,
    /// A write request.
    TftpWrq,
    /// A block.
    TftpData,
    /// An acknowledged block.
    TftpAck,
    /// An error.
    TftpError,
    /// Acknowledged options.
    TftpOack,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 18] = [
        Self::Arp,
        Self::Icmp,
        Self::Udp,
        Self::Tcp,
        Self::Syn,
        Self::SynAck,
        Self::Ack,
        Self::Data,
        Self::Fin,
        Self::Rst,
        Self::Fragment,
        Self::Tftp,
        Self::TftpRrq,
        Self::TftpWrq,
        Self::TftpData,
        Self::TftpAck,
        Self::TftpError,
        Self::TftpOack,
    ];

    /// Its name in a rule.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arp => "arp",
            Self::Icmp => "icmp",
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Syn => "syn",
            Self::SynAck => "syn-ack",
            Self::Ack => "ack",
            Self::Data => "data",
            Self::Fin => "fin",
            Self::Rst => "rst",
            Self::Fragment => "fragment",
            Self::Tftp => "tftp",
            Self::TftpRrq => "tftp.rrq",
            Self::TftpWrq => "tftp.wrq",
            Self::TftpData => "tftp.data",
            Self::TftpAck => "tftp.ack",
            Self::TftpError => "tftp.error",
            Self::TftpOack => "tftp.oack",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let mut all = Self::ALL.into_iter();
        all.find(|kind| kind.name() == name).ok_or(())
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds(u32);

impl Kinds {
    /// Whether `kind` is among them.
    pub fn has(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u32 != 0
    }

    /// The kinds.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| self.has(*kind))
    }

    fn put(&mut self, kind: Kind, holds: bool) {
        self.0 |= u32::from(holds) << kind as u32;
    }

    fn put_tcp(&mut self, tcp: Tcp<'_>) {
        let flags = tcp.flags();
        let bytes = tcp.payload().wire_len() > 0;
        let (syn, ack) = (flags.has(Flags::SYN), flags.has(Flags::ACK));
        let ends = flags.any(Flags::SYN | Flags::FIN | Flags::RST);
        self.put(Kind::Syn, syn && !ack);
        self.put(Kind::SynAck, syn && ack);
        self.put(Kind::Ack, ack && !ends && !bytes);
        self.put(Kind::Data, bytes);
        self.put(Kind::Fin, flags.has(Flags::FIN));
        self.put(Kind::Rst, flags.has(Flags::RST));
    }
}

impl Frame<'_> {
    /// What kinds of packet it is.
    pub fn kinds(&self) -> Kinds {
        let mut kinds = Kinds::default();
        kinds.put(Kind::Arp, self.arp().is_some());
        kinds.put(Kind::Icmp, self.icmp().is_some());
        kinds.put(Kind::Udp, self.udp().is_some());
        kinds.put(Kind::Tcp, self.tcp().is_some());
        kinds.put(Kind::Fragment, self.fragment().is_some());
        kinds.put(Kind::Tftp, self.tftp().is_some());
        if let Some(tcp) = self.tcp() {
            kinds.put_tcp(tcp);
        }
        if let Some(packet) = self.tftp() {
            kinds.put(tftp_kind(&packet), true);
        }
        kinds
    }

    /// The block's number, in a DATA or an ACK of TFTP.
    pub fn tftp_block(&self) -> Option<u16> {
        match self.tftp()? {
            Packet::Data { block, .. } | Packet::Ack { block } => Some(block),
            _ => None,
        }
    }
}

fn tftp_kind(packet: &Packet<'_>) -> Kind {
    match packet {
        Packet::Request(request) if request.direction == Direction::Read => Kind::TftpRrq,
        Packet::Request(_) => Kind::TftpWrq,
        Packet::Data { .. } => Kind::TftpData,
        Packet::Ack { .. } => Kind::TftpAck,
        Packet::Error { .. } => Kind::TftpError,
        Packet::Oack(_) => Kind::TftpOack,
    }
}
