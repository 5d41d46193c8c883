//! What a descriptor of a simulated host stands for.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::time::Duration;

use lineman_trace::log::Host;
use nix::errno::Errno;
use nix::libc;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp;
use smoltcp::wire::IpListenEndpoint;

use crate::hosts::Family;
use crate::hosts::SocketOption;
use crate::hosts::Use;
use crate::link;

/// An open socket.
#[derive(Debug)]
pub(super) struct Descriptor {
    pub(super) family: Family,
    pub(super) kind: Kind,
    pub(super) bound: Option<SocketAddr>,
    /// Whom it talks to, if it is one address only.
    pub(super) peer: Option<SocketAddr>,
    /// What the next call is told.
    pub(super) error: Option<Errno>,
    /// `None` waits for ever, zero does not wait.
    pub(super) timeout: Option<Duration>,
    pub(super) options: Vec<(SocketOption, i32)>,
    /// Whether its program does not want to receive any more.
    pub(super) deaf: bool,
    /// Whether its connection is over, and the peer had finished before: there is an end of what came, whatever
    /// came of the rest (`SOCK_DONE` of Linux).
    pub(super) finished: bool,
    /// Whether it has had a connection, or asked for one.
    pub(super) was_used: bool,
    /// What the file over it has received and not been asked for.
    pub(super) unread: Vec<u8>,
    /// What was written to the file and not flushed.
    pub(super) unsent: Vec<u8>,
    /// Who has the socket.
    pub(super) use_of: Use,
}

/// What it is in the stack. smoltcp's TCP socket is one connection, and its listener becomes the
/// connection that it accepts; so a socket of the usual kind is none, one or many of these.
#[derive(Debug)]
pub(super) enum Kind {
    /// Neither connected nor listening.
    Fresh,
    Listener {
        backlog: usize,
        /// One that listens, and those that became connections and are not accepted.
        waiting: Vec<SocketHandle>,
    },
    Connection {
        handle: SocketHandle,
        /// When it was last looked at.
        last: tcp::State,
    },
    /// `None` until it has a port.
    Datagram(Option<SocketHandle>),
}

impl Descriptor {
    /// One that has just been made.
    pub(super) fn new(family: Family, kind: Kind) -> Self {
        Self {
            family,
            kind,
            bound: None,
            peer: None,
            error: None,
            timeout: None,
            options: Vec::new(),
            was_used: false,
            deaf: false,
            finished: false,
            unread: Vec::new(),
            unsent: Vec::new(),
            use_of: Use::default(),
        }
    }

    /// The value of an option, as Linux has it where nobody has set it.
    pub(super) fn option(&self, option: SocketOption) -> i32 {
        let set = self.options.iter().find(|(name, _)| *name == option);
        set.map_or_else(|| default(option), |(_, value)| *value)
    }

    /// The value of an option for its program; an error is told once.
    pub(super) fn take(&mut self, option: SocketOption) -> i32 {
        match option {
            SocketOption::Error => self.error.take().map_or(0, |errno| errno as i32),
            SocketOption::Type => match self.is_datagram() {
                true => libc::SOCK_DGRAM,
                false => libc::SOCK_STREAM,
            },
            option => self.option(option),
        }
    }

    /// What its program has bound it to, or nothing in particular.
    pub(super) fn local(&self) -> SocketAddr {
        self.bound.unwrap_or_else(|| match self.family {
            Family::Inet => (Ipv4Addr::UNSPECIFIED, 0).into(),
            Family::Inet6 => (Ipv6Addr::UNSPECIFIED, 0).into(),
        })
    }

    /// Whether its program has set `SO_REUSEADDR`.
    pub(super) fn reuses(&self) -> bool {
        self.option(SocketOption::ReuseAddress) != 0
    }

    pub(super) fn is_datagram(&self) -> bool {
        matches!(self.kind, Kind::Datagram(_))
    }

    /// An error if an address is of the other family.
    pub(super) fn fits(&self, address: SocketAddr) -> Result<(), Errno> {
        match address.is_ipv4() == (self.family == Family::Inet) {
            true => Ok(()),
            false => Err(Errno::EAFNOSUPPORT),
        }
    }
}

fn default(option: SocketOption) -> i32 {
    match option {
        SocketOption::Linger => -1,
        SocketOption::ReceiveBuffer | SocketOption::SendBuffer => BUFFER,
        // RFC 9293 §3.8.4 has the first; the others are Linux' own.
        SocketOption::KeepIdle => 7200,
        SocketOption::KeepInterval => 75,
        SocketOption::KeepCount => 9,
        _ => 0,
    }
}

/// As smoltcp writes where a socket listens.
pub(super) fn listens(address: SocketAddr) -> IpListenEndpoint {
    let ip = address.ip();
    IpListenEndpoint {
        addr: (!ip.is_unspecified()).then(|| ip.into()),
        port: address.port(),
    }
}

/// Whether a host has this address.
pub(super) fn own(host: Host, ip: IpAddr) -> bool {
    let own = link::addresses(host);
    ip == IpAddr::V4(own.v4) || ip == IpAddr::V6(own.v6)
}

/// Whether this address is the host itself, by whatever name: nothing goes there over a wire.
pub(super) fn itself(host: Host, ip: IpAddr) -> bool {
    ip.is_loopback() || ip.is_unspecified() || own(host, ip)
}

/// The address of a host that packets to `to` come from; `None` when there is no way to it.
pub(super) fn source(host: Host, to: IpAddr) -> Option<IpAddr> {
    let own = link::addresses(host);
    match to {
        IpAddr::V4(to) => {
            let near = to.octets()[..3] == own.v4.octets()[..3];
            (near || to.is_broadcast()).then_some(own.v4.into())
        }
        IpAddr::V6(to) => (to.segments()[..4] == own.v6.segments()[..4]).then_some(own.v6.into()),
    }
}

/// Whether all hosts hear this address.
pub(super) fn is_broadcast(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(ip) if ip.is_broadcast() || ip == Ipv4Addr::new(10, 0, 0, 255))
}

/// How many bytes the buffers of a TCP socket have where nobody has set it: the most of which a window is not scaled.
const BUFFER: i32 = 65_535;
