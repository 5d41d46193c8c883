//! ICMP (RFC 792) and ICMPv6 (RFC 4443).

use std::net::IpAddr;

use super::Flaw;
use super::Layer;
use super::Part;
use super::Protocol;
use super::field::Field;
use super::field::Sheet;
use super::ip::Ip;
use super::part::be16;

/// A message of either ICMP.
///
/// ```text
/// |     type      |     code      |            checksum           |
/// |                  depends on type and code                     |
/// |          in an error: the packet that it is about …
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Icmp<'a> {
    head: &'a [u8; 8],
    at: usize,
    v6: bool,
    body: Part<'a>,
}

/// The packet that an error is about, as far as the error quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// Who had sent it.
    pub from: IpAddr,
    /// To whom.
    pub to: IpAddr,
    /// What it carried.
    pub protocol: Protocol,
    /// The ports from and to, where the protocol has ports and they were quoted.
    pub ports: Option<(u16, u16)>,
}

/// What an error says is wrong (RFC 792, RFC 1122 §3.2.2, RFC 4443 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Problem {
    /// There is no route to the destination's network.
    Network,
    /// The destination host cannot be reached.
    Host,
    /// The destination host does not have the protocol.
    Protocol,
    /// No program receives at the port.
    Port,
    /// A link on the way takes no packet as large as this one.
    TooBig,
    /// A rule forbids the packet.
    Prohibited,
    /// It could not be delivered, for another reason.
    Delivery,
    /// A router asks to send more slowly (deprecated by RFC 6633).
    Quench,
    /// Another router is nearer to the destination; the packet was forwarded.
    Redirect,
    /// The packet has passed as many routers as its time to live, or hop limit, allows.
    TimeToLive,
    /// Fragments of the packet were missing for too long.
    Reassembly,
    /// A field of the header has a value that cannot be.
    Parameter,
}

impl Problem {
    /// In a few words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "network unreachable",
            Self::Host => "host unreachable",
            Self::Protocol => "protocol unreachable",
            Self::Port => "port unreachable",
            Self::TooBig => "packet too big",
            Self::Prohibited => "prohibited",
            Self::Delivery => "unreachable",
            Self::Quench => "source quench",
            Self::Redirect => "redirect",
            Self::TimeToLive => "time to live exceeded",
            Self::Reassembly => "reassembly time exceeded",
            Self::Parameter => "parameter problem",
        }
    }
}

impl<'a> Icmp<'a> {
    pub(super) fn parse(part: Part<'a>, protocol: Protocol) -> Result<Self, Flaw> {
        let (head, body) = part.head::<8>()?;
        Ok(Self {
            head,
            at: part.at(),
            v6: protocol == Protocol::ICMPV6,
            body,
        })
    }

    /// What kind of message.
    pub fn kind(&self) -> u8 {
        self.head[0]
    }

    /// What kind within the kind.
    pub fn code(&self) -> u8 {
        self.head[1]
    }

    /// The checksum in the header.
    pub fn checksum(&self) -> u16 {
        be16([self.head[2], self.head[3]])
    }

    /// Whether it is ICMPv6, which numbers its messages differently.
    pub fn is_v6(&self) -> bool {
        self.v6
    }

    /// Whether it reports an error, and so quotes a packet.
    pub fn is_error(&self) -> bool {
        match self.v6 {
            true => self.kind() < 128,
            false => matches!(self.kind(), 3 | 4 | 5 | 11 | 12),
        }
    }

    /// What the error says is wrong; `None` of a message that is none, or of a kind that is not known here.
    pub fn problem(&self) -> Option<Problem> {
        Some(match (self.v6, self.kind(), self.code()) {
            (false, 3, 0 | 6 | 11) | (true, 1, 0) => Problem::Network,
            (false, 3, 1 | 7 | 12) | (true, 1, 3) => Problem::Host,
            (false, 3, 2) => Problem::Protocol,
            (false, 3, 3) | (true, 1, 4) => Problem::Port,
            (false, 3, 4) | (true, 2, _) => Problem::TooBig,
            (false, 3, 9 | 10 | 13) | (true, 1, 1) => Problem::Prohibited,
            (false, 3, _) | (true, 1, _) => Problem::Delivery,
            (false, 4, _) => Problem::Quench,
            (false, 5, _) => Problem::Redirect,
            (false, 11, 0) | (true, 3, 0) => Problem::TimeToLive,
            (false, 11, _) | (true, 3, _) => Problem::Reassembly,
            (false, 12, _) | (true, 4, _) => Problem::Parameter,
            _ => return None,
        })
    }

    /// The largest packet that the link takes, in a message that says so (RFC 1191 §4, RFC 4443 §3.2).
    pub fn mtu(&self) -> Option<u32> {
        match (self.v6, self.kind(), self.code()) {
            (false, 3, 4) => Some(be16([self.head[6], self.head[7]]).into()),
            (true, 2, _) => Some(u32::from_be_bytes([
                self.head[4],
                self.head[5],
                self.head[6],
                self.head[7],
            ])),
            _ => None,
        }
    }

    /// What follows the first eight bytes.
    pub fn body(&self) -> Part<'a> {
        self.body
    }

    /// The packet that the error is about.
    pub fn quoted(&self) -> Option<Quoted> {
        if !self.is_error() {
            return None;
        }
        let (ip, inner) = Ip::parse(self.body).ok()?;
        let (from, to) = ip.addresses();
        let protocol = ip.protocol();
        let has_ports = matches!(protocol, Protocol::TCP | Protocol::UDP);
        let ports = inner.bytes().first_chunk().filter(|_| has_ports);
        Some(Quoted {
            from,
            to,
            protocol,
            ports: ports.map(|&[a, b, c, d]| (be16([a, b]), be16([c, d]))),
        })
    }

    /// The message in a few words; empty for one that is not known here.
    pub fn meaning(&self) -> &'static str {
        if let Some(problem) = self.problem() {
            return problem.name();
        }
        match (self.v6, self.kind(), self.code()) {
            (false, 0, _) | (true, 129, _) => "echo reply",
            (false, 8, _) | (true, 128, _) => "echo request",
            (true, 137, _) => "redirect",
            (true, 133, _) => "router solicitation",
            (true, 134, _) => "router advertisement",
            (true, 135, _) => "neighbor solicitation",
            (true, 136, _) => "neighbor advertisement",
            (true, 143, _) => "multicast listener report",
            _ => "",
        }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn fields(&self, out: &mut Vec<Field>) {
        let body = self.body.bytes().len();
        let mut sheet = Sheet::new(Layer::icmp(self.v6), self.at, out);
        sheet.put("type", 0..1, self.kind());
        sheet.put("code", 1..2, self.code());
        sheet.put("checksum", 2..4, format!("0x{:04x}", self.checksum()));
        match self.mtu() {
            Some(mtu) => sheet.put("mtu", 4..8, mtu),
            None => sheet.put("rest of header", 4..8, hex(&self.head[4..8])),
        }
        match self.quoted() {
            Some(quoted) => sheet.put("quoted packet", 8..8 + body, quoted),
            None if body > 0 => sheet.put("body", 8..8 + body, format!("{body} bytes")),
            None => {}
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
