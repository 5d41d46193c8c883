//! Opening a socket: to receive from any sender, or to send to one host, a network or a group.

use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;

use socket2::Domain;
use socket2::InterfaceIndexOrAddress;
use socket2::Protocol;
use socket2::SockAddr;
use socket2::Socket as Raw;
use socket2::Type;

use super::Interface;
use super::SendError;
use super::bounce;
use super::socket::Socket;
use crate::Operation;
use crate::SystemError;
use crate::packet_info;

/// Room for datagrams that arrive while nobody reads, in bytes; the kernel gives at most
/// `net.core.rmem_max`. Its default holds one full-sized datagram and not much more.
const KERNEL_BUFFER: usize = 4 << 20;

/// A multicast group, and the interface on which it is joined or to which it is sent.
#[derive(Clone, Debug)]
pub struct Group {
    /// The address of the group.
    pub address: IpAddr,
    /// The interface.
    pub interface: Interface,
}

/// A socket that receives from any sender.
#[derive(Clone, Debug)]
pub struct Listen {
    /// Where. A port of 0 lets the kernel choose.
    pub at: At,
    /// A group to be heard as well.
    pub group: Option<Group>,
}

/// Where to listen.
#[derive(Clone, Copy, Debug)]
pub enum At {
    /// At this address of the machine.
    Address(SocketAddr),
    /// At this port of all addresses, of both families.
    Everywhere(u16),
}

/// A socket toward one destination.
#[derive(Clone, Debug)]
pub enum Toward {
    /// One host: only its answers are heard.
    Host(SocketAddr, Option<Interface>),
    /// All hosts of a network (`SO_BROADCAST`): answers are received from any of them.
    Broadcast(SocketAddr, Option<Interface>),
    /// The members of a group: answers are received from any of them.
    Multicast {
        /// The group and the interface that leads to it.
        group: Group,
        /// The port of the members.
        port: u16,
        /// How many routers may be crossed (TTL, hop limit).
        ttl: u8,
        /// Whether members on this machine hear it too.
        looped: bool,
    },
}

impl Socket {
    /// Opens a socket that receives from any sender. Call inside a tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be had or the group cannot be joined.
    pub fn listen(listen: &Listen) -> Result<Self, SystemError> {
        let shared = listen.group.is_some();
        let raw = match listen.at {
            At::Address(at) => bind(at, shared),
            At::Everywhere(port) => {
                let all = |ip: IpAddr| bind(SocketAddr::new(ip, port), shared);
                all(Ipv6Addr::UNSPECIFIED.into()).or_else(|error| {
                    if no_ipv6(&error.source) {
                        return all(Ipv4Addr::UNSPECIFIED.into());
                    }
                    Err(error)
                })
            }
        }?;
        if let Some(group) = &listen.group {
            let target = format!("{} on {}", group.address, group.interface.name);
            join(&raw, group).map_err(SystemError::new(Operation::Join, target))?;
        }
        Self::new(raw, None)
    }

    /// Opens a socket toward one destination. Its source port stays the same for its life: peers
    /// like `nc -u -l` talk only to the first port that they hear. Call inside a tokio runtime.
    ///
    /// # Errors
    /// When the system refuses the destination or an option; [`SendError::Broadcast`] if one host
    /// was meant and the address is a broadcast address.
    pub fn toward(toward: &Toward) -> Result<Self, SendError> {
        let to = toward.address();
        let raw = new(Domain::for_address(to)).map_err(SystemError::new(Operation::Connect, to))?;
        let set = SystemError::new(Operation::SetOption, to);
        let any = SockAddr::from(SocketAddr::new(unspecified(to.ip()), 0));
        match toward {
            Toward::Host(_, interface) => {
                leave_by(&raw, interface.as_ref()).map_err(set)?;
                raw.connect(&to.into())
                    .map_err(|error| connect_error(error, to))?;
                return Ok(Self::new(raw, Some(to))?);
            }
            Toward::Broadcast(_, interface) => leave_by(&raw, interface.as_ref())
                .and_then(|()| raw.set_broadcast(true))
                .map_err(set)?,
            Toward::Multicast {
                group, ttl, looped, ..
            } => scope(&raw, group, u32::from(*ttl), *looped).map_err(set)?,
        }
        raw.bind(&any)
            .map_err(SystemError::new(Operation::Bind, to))?;
        Ok(Self::new(raw, Some(to))?)
    }
}

impl Toward {
    /// The destination.
    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Host(to, _) | Self::Broadcast(to, _) => *to,
            Self::Multicast { group, port, .. } => SocketAddr::new(group.address, *port),
        }
    }
}

fn new(domain: Domain) -> io::Result<Raw> {
    let raw = Raw::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    raw.set_nonblocking(true)?;
    bounce::keep(&raw, domain)?;
    // A wish: the kernel gives what it may.
    let _ = raw.set_recv_buffer_size(KERNEL_BUFFER);
    Ok(raw)
}

/// Several programs of a machine may be members of a group and share its port (5353 usually has
/// one already). Without a group, sharing would only mean that one of two listeners is deaf.
fn bind(at: SocketAddr, shared: bool) -> Result<Raw, SystemError> {
    let open = || {
        let raw = new(Domain::for_address(at))?;
        if at.is_ipv6() {
            raw.set_only_v6(!at.ip().is_unspecified())?;
        }
        if shared {
            raw.set_reuse_address(true)?;
        }
        if at.ip().is_unspecified() {
            packet_info::keep(&raw, Domain::for_address(at))?;
        }
        raw.bind(&at.into())?;
        Ok(raw)
    };
    open().map_err(SystemError::new(Operation::Bind, at))
}

fn connect_error(error: io::Error, to: SocketAddr) -> SendError {
    // Not `PermissionDenied`: that would also be EPERM, a firewall's answer.
    if error.raw_os_error() == Some(nix::libc::EACCES) && to.is_ipv4() {
        return SendError::Broadcast(to);
    }
    SystemError::new(Operation::Connect, to)(error).into()
}

fn no_ipv6(error: &io::Error) -> bool {
    let errno = error.raw_os_error();
    errno == Some(nix::libc::EAFNOSUPPORT) || errno == Some(nix::libc::EADDRNOTAVAIL)
}

fn join(raw: &Raw, group: &Group) -> io::Result<()> {
    let index = group.interface.index;
    match group.address {
        IpAddr::V4(address) => {
            // Otherwise a socket hears every group that any program of the machine has joined.
            raw.set_multicast_all_v4(false)?;
            raw.join_multicast_v4_n(&address, &InterfaceIndexOrAddress::Index(index))
        }
        IpAddr::V6(address) => {
            raw.set_multicast_all_v6(false)?;
            raw.join_multicast_v6(&address, index)
        }
    }
}

fn scope(raw: &Raw, group: &Group, ttl: u32, looped: bool) -> io::Result<()> {
    let index = group.interface.index;
    match group.address {
        IpAddr::V4(_) => {
            let any = Ipv4Addr::UNSPECIFIED;
            rustix::net::sockopt::set_ip_multicast_if_with_ifindex(raw, &any, &any, index)?;
            raw.set_multicast_ttl_v4(ttl)?;
            raw.set_multicast_loop_v4(looped)
        }
        IpAddr::V6(_) => {
            raw.set_multicast_if_v6(index)?;
            raw.set_multicast_hops_v6(ttl)?;
            raw.set_multicast_loop_v6(looped)
        }
    }
}

fn leave_by(raw: &Raw, interface: Option<&Interface>) -> io::Result<()> {
    let Some(interface) = interface else {
        return Ok(());
    };
    raw.bind_device(Some(interface.name.as_bytes()))
}

fn unspecified(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}
