//! A frame in one line.

use std::fmt;

use super::Flags;
use super::Flaw;
use super::Frame;
use super::Icmp;
use super::Protocol;
use super::Quoted;
use super::Tcp;

/// `10.0.0.1:45110 > 10.0.0.2:9000 tcp PSH+ACK seq=1 ack=1 win=502 len=5`. Numbers are those on the
/// wire. The line has no control characters.
impl fmt::Display for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_packet(f)?;
        match self.flaw() {
            Some((layer, Flaw::Cut)) => write!(f, " ({layer} cut)"),
            Some((layer, Flaw::Malformed(wrong))) => write!(f, " ({layer} malformed: {wrong})"),
            None => Ok(()),
        }
    }
}

impl Frame<'_> {
    fn fmt_packet(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(arp) = self.arp() {
            return write!(f, "{arp}");
        }
        let Some((from, to)) = self.addresses() else {
            return self.fmt_link(f);
        };
        match self.stated_endpoints() {
            Some((from, to)) => write!(f, "{from} > {to} ")?,
            None => write!(f, "{from} > {to} ")?,
        }
        self.fmt_body(f)?;
        match self.fragment() {
            Some(it) => {
                let end = if it.more { "+" } else { "" };
                write!(f, " fragment id={} offset={}{end}", it.id, it.offset)
            }
            None => Ok(()),
        }
    }

    fn fmt_link(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ethernet() {
            Some(it) => write!(
                f,
                "{} > {} type 0x{:04x} len={}",
                it.source(),
                it.destination(),
                it.ether_type(),
                self.payload().wire_len()
            ),
            None => match self.cooked() {
                Some(it) => {
                    let (protocol, len) = (it.protocol(), self.payload().wire_len());
                    write!(f, "cooked type 0x{protocol:04x} len={len}")
                }
                None => write!(f, "{} bytes", self.wire_len()),
            },
        }
    }

    fn fmt_body(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.payload().wire_len();
        if let Some(tcp) = self.tcp() {
            return fmt_tcp(tcp, f);
        }
        if let Some(icmp) = self.icmp() {
            return fmt_icmp(icmp, f);
        }
        if let Some(packet) = self.tftp() {
            return write!(f, "tftp {packet}");
        }
        match self.protocol() {
            Some(Protocol::IGMP) => write!(f, "igmp{} len={len}", self.igmp()),
            Some(protocol) => write!(f, "{protocol} len={len}"),
            None => write!(f, "len={len}"),
        }
    }
}

impl Frame<'_> {
    /// What a message of IGMP is (RFC 3376 §4), with a space before it; nothing of a later piece of one, or where that is unknown.
    fn igmp(&self) -> &'static str {
        let is_later = self.fragment().is_some_and(|piece| piece.offset > 0);
        match self.payload().bytes().first().filter(|_| !is_later) {
            Some(0x11) => " membership query",
            Some(0x12) => " v1 membership report",
            Some(0x16) => " v2 membership report",
            Some(0x17) => " v2 leave group",
            Some(0x22) => " v3 membership report",
            _ => "",
        }
    }
}

fn fmt_tcp(tcp: Tcp<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "tcp {} seq={}", tcp.flags(), tcp.seq())?;
    if tcp.flags().has(Flags::ACK) {
        write!(f, " ack={}", tcp.ack())?;
    }
    write!(f, " win={} len={}", tcp.window(), tcp.payload().wire_len())?;
    let mut separator = " <";
    for option in tcp.options() {
        write!(f, "{separator}{option}")?;
        separator = ", ";
    }
    f.write_str(if separator == ", " { ">" } else { "" })
}

fn fmt_icmp(icmp: Icmp<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(if icmp.is_v6() { "icmp6 " } else { "icmp " })?;
    match icmp.meaning() {
        "" => write!(f, "type {} code {}", icmp.kind(), icmp.code())?,
        meaning => f.write_str(meaning)?,
    }
    if let Some(mtu) = icmp.mtu() {
        write!(f, " mtu={mtu}")?;
    }
    match icmp.quoted() {
        Some(quoted) => write!(f, " for {quoted}"),
        None => Ok(()),
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            from,
            to,
            protocol,
            ports,
        } = self;
        match *ports {
            Some((source, destination)) => {
                let from = std::net::SocketAddr::new(*from, source);
                let to = std::net::SocketAddr::new(*to, destination);
                write!(f, "{from} > {to} {protocol}")
            }
            None => write!(f, "{from} > {to} {protocol}"),
        }
    }
}
