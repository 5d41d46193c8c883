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
        match (self.v6, self.kind(), self.code()) {
            (false, 0, _) | (true, 129, _) => "echo reply",
            (false, 8, _) | (true, 128, _) => "echo request",
            (false, 3, 0) | (true, 1, 0) => "network unreachable",
            (false, 3, 1) | (true, 1, 3) => "host unreachable",
            (false, 3, 2) => "protocol unreachable",
            (false, 3, 3) | (true, 1, 4) => "port unreachable",
            (false, 3, 4) | (true, 2, _) => "packet too big",
            (false, 3, 9 | 10 | 13) | (true, 1, 1) => "prohibited",
            (false, 3, _) | (true, 1, _) => "unreachable",
            (false, 5, _) | (true, 137, _) => "redirect",
            (false, 11, 0) | (true, 3, 0) => "time to live exceeded",
            (false, 11, _) | (true, 3, _) => "reassembly time exceeded",
            (false, 12, _) | (true, 4, _) => "parameter problem",
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
        let mut sheet = Sheet::new(Layer::Icmp, self.at, out);
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
