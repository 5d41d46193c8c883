//! IPv6 and its extension headers (RFC 8200).

use std::net::Ipv6Addr;
use std::ops::Range;

use super::Flaw;
use super::Fragment;
use super::Layer;
use super::Part;
use super::Protocol;
use super::Wrong;
use super::field::Field;
use super::field::Sheet;
use super::part::be16;
use super::part::be32;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const DESTINATION: u8 = 60;

/// What a routing header begins with, before its addresses (RFC 8200 §4.4).
const ROUTING_HEAD: usize = 8;

/// The types of routing header whose addresses stand there whole: the source route, out of use since RFC 5095, mobile
/// hosts (RFC 6275 §6.4), segment routing (RFC 8754 §2).
const SOURCE_ROUTE: u8 = 0;
const HOME: u8 = 2;
const SEGMENTS: u8 = 4;

/// The header of an IPv6 packet, with the extension headers behind it.
///
/// ```text
/// |version| traffic class |              flow label               |
/// |         payload length        |  next header  |   hop limit   |
/// |                     source address (16 bytes)                 |
/// |                   destination address (16 bytes)              |
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6<'a> {
    head: &'a [u8; 40],
    at: usize,
    extensions: Part<'a>,
    protocol: Protocol,
    fragment: Option<Fragment>,
}

impl<'a> Ipv6<'a> {
    pub(super) fn parse(part: Part<'a>) -> Result<(Self, Part<'a>), Flaw> {
        let (head, body) = part.head::<40>()?;
        if head[0] >> 4 != 6 {
            return Err(Flaw::Malformed(Wrong::Version(head[0] >> 4)));
        }
        let body = match be16([head[4], head[5]]) {
            0 => body, // a jumbogram, or a super-segment that hardware will cut
            len => body.stated(len.into()),
        };
        let mut walk = Walk {
            next: head[6],
            rest: body,
            fragment: None,
        };
        while walk.step()? {}
        let extensions_len = body.wire_len() - walk.rest.wire_len();
        let ip = Self {
            head,
            at: part.at(),
            extensions: body.split(extensions_len).0,
            protocol: Protocol(walk.next),
            fragment: walk.fragment,
        };
        Ok((ip, walk.rest))
    }

    /// The sender.
    pub fn source(&self) -> Ipv6Addr {
        self.address(8)
    }

    /// The receiver.
    pub fn destination(&self) -> Ipv6Addr {
        self.address(24)
    }

    fn address(&self, at: usize) -> Ipv6Addr {
        let found = self.head.get(at..).and_then(<[u8]>::first_chunk::<16>);
        Ipv6Addr::from(found.copied().unwrap_or_default())
    }

    /// What it carries, behind all extension headers.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// How many routers it may still pass.
    pub fn hop_limit(&self) -> u8 {
        self.head[7]
    }

    /// The length behind the header that it states.
    pub fn payload_len(&self) -> u16 {
        be16([self.head[4], self.head[5]])
    }

    /// The traffic class: the class in six bits, and two marks of congestion (RFC 2474, RFC 3168).
    pub fn traffic_class(&self) -> u8 {
        self.head[0] << 4 | self.head[1] >> 4
    }

    /// The flow's label.
    pub fn flow_label(&self) -> u32 {
        be32([0, self.head[1] & 0x0f, self.head[2], self.head[3]])
    }

    /// Which piece it is, if it is one.
    pub fn fragment(&self) -> Option<Fragment> {
        self.fragment
    }

    /// Its extension headers, all of them.
    pub fn extensions(&self) -> Part<'a> {
        self.extensions
    }

    /// The places of the addresses in its routing headers.
    pub(super) fn routed(&self) -> Vec<Range<usize>> {
        let routing = self.headers().filter(|(number, _)| *number == ROUTING);
        let listed = routing.flat_map(|(_, header)| {
            let at = header.at() + ROUTING_HEAD;
            (0..addresses_in(header.bytes())).map(move |n| at + 16 * n..at + 16 * (n + 1))
        });
        listed.collect()
    }

    /// What else its extension headers hold, behind what says how long and of which kind they are: options, which may
    /// have addresses of their own (RFC 6275 §6.3), and routes in a form that is not known here.
    pub fn contents(&self) -> Vec<Range<usize>> {
        let known = self.headers().filter_map(|(number, header)| {
            let from = match number {
                ROUTING => ROUTING_HEAD + 16 * addresses_in(header.bytes()),
                HOP_BY_HOP | DESTINATION => 2,
                _ => return None,
            };
            let range = header.range();
            Some(range.start + from..range.end)
        });
        known.collect()
    }

    /// Its extension headers, each with its number.
    fn headers(&self) -> impl Iterator<Item = (u8, Part<'a>)> + use<'a> {
        let mut walk = Walk {
            next: self.head[6],
            rest: self.extensions,
            fragment: None,
        };
        std::iter::from_fn(move || {
            let (number, before) = (walk.next, walk.rest);
            let stepped = walk.step().unwrap_or(false);
            let len = before.wire_len() - walk.rest.wire_len();
            stepped.then(|| (number, before.split(len).0))
        })
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn header_len(&self) -> usize {
        40 + self.extensions.bytes().len()
    }

    pub(super) fn fields(&self, out: &mut Vec<Field>) {
        let head = self.head;
        let class = format!("0x{:02x}", head[0] << 4 | head[1] >> 4);
        let mut sheet = Sheet::new(Layer::Ipv6, self.at, out);
        sheet.put("version", 0..1, head[0] >> 4);
        sheet.put("traffic class", 0..2, class);
        sheet.put("flow label", 1..4, format!("0x{:05x}", self.flow_label()));
        sheet.put("payload length", 4..6, self.payload_len());
        sheet.put("next header", 6..7, header_name(head[6]));
        sheet.put("hop limit", 7..8, self.hop_limit());
        sheet.put("source address", 8..24, self.source());
        sheet.put("destination address", 24..40, self.destination());
        let mut walk = Walk {
            next: head[6],
            rest: self.extensions,
            fragment: None,
        };
        loop {
            let (name, from) = (header_name(walk.next), walk.rest.at() - self.at);
            if !walk.step().unwrap_or(false) {
                return;
            }
            let next = header_name(walk.next);
            let range = from..walk.rest.at() - self.at;
            sheet.put("extension", range, format!("{name}, then {next}"));
        }
    }
}

fn header_name(number: u8) -> String {
    match number {
        HOP_BY_HOP => "hop-by-hop options".into(),
        ROUTING => "routing".into(),
        FRAGMENT => "fragment".into(),
        DESTINATION => "destination options".into(),
        other => Protocol(other).to_string(),
    }
}

/// How many addresses a routing header lists whole.
fn addresses_in(header: &[u8]) -> usize {
    let room = header.len().saturating_sub(ROUTING_HEAD) / 16;
    match header {
        [_, _, SOURCE_ROUTE | HOME, ..] => room,
        // It says which is the last; other things may be behind that.
        [_, _, SEGMENTS, _, last, ..] => room.min(usize::from(*last) + 1),
        _ => 0,
    }
}

/// A walk along the extension headers: `next` says what `rest` begins with.
struct Walk<'a> {
    next: u8,
    rest: Part<'a>,
    fragment: Option<Fragment>,
}

impl Walk<'_> {
    /// Steps over one; false when it stands at what the packet carries. Every step takes eight
    /// bytes or more. Behind the header of a later fragment there are none.
    fn step(&mut self) -> Result<bool, Flaw> {
        if self.fragment.is_some_and(|fragment| fragment.offset > 0) {
            return Ok(false);
        }
        match self.next {
            FRAGMENT => self.fragment_header()?,
            HOP_BY_HOP | ROUTING | DESTINATION => self.options_header()?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn options_header(&mut self) -> Result<(), Flaw> {
        let (head, _) = self.rest.head::<8>()?;
        let len = (usize::from(head[1]) + 1) * 8;
        self.rest.check_header(len, 8)?;
        if len > self.rest.bytes().len() {
            return Err(Flaw::Cut);
        }
        self.next = head[0];
        self.rest = self.rest.split(len).1;
        Ok(())
    }

    fn fragment_header(&mut self) -> Result<(), Flaw> {
        let (head, rest) = self.rest.head::<8>()?;
        let word = be16([head[2], head[3]]);
        self.fragment = Some(Fragment {
            id: be32([head[4], head[5], head[6], head[7]]),
            offset: word & 0xfff8,
            more: word & 1 != 0,
        });
        self.next = head[0];
        self.rest = rest;
        Ok(())
    }
}
