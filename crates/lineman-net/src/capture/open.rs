//! How a capture begins: with the filter, before the first packet.

use std::io;

use lineman_proto::wire::LinkType;
use lineman_proto::wire::filter::Filter;
use lineman_proto::wire::filter::FilterError;
use lineman_proto::wire::filter::Program;
use nix::libc;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt;
use rustix::io::Errno;
use socket2::Domain;
use socket2::SockFilter;
use socket2::Socket;
use socket2::Type;

use super::Capture;
use super::SNAP_LEN;
use super::device::Devices;
use super::receive::ROOM;
use crate::sys;

/// What is to be captured.
#[derive(Clone, Debug)]
pub struct Options {
    /// On which interface, by its number; `None` is all of them, without their own headers.
    pub interface: Option<u32>,
    /// Which packets.
    pub filter: Filter,
    /// Whether the interface shall take frames that are for others.
    pub promiscuous: bool,
    /// How many bytes of packets the kernel shall keep until they are read. A process that may not have as much gets
    /// what the system allows (`net.core.rmem_max`).
    pub buffer: usize,
}

impl Default for Options {
    /// All interfaces, everything, and room for a second of a full 100 Mbit/s link.
    fn default() -> Self {
        Self {
            interface: None,
            filter: Filter::default(),
            promiscuous: false,
            buffer: 16 << 20,
        }
    }
}

/// Why there is no capture.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// What the system said.
    #[error(transparent)]
    System(#[from] io::Error),
    /// The filter asks for something that the interface's frames do not have.
    #[error(transparent)]
    Filter(#[from] FilterError),
}

/// Every protocol (`ETH_P_ALL`).
const EVERYTHING: u16 = libc::ETH_P_ALL as u16;
/// A modem's interface (linux/if_arp.h).
const ARPHRD_RAWIP: u16 = 519;
/// Until it is bound to a protocol a packet socket receives nothing.
const NOTHING: u16 = 0;

impl Capture {
    /// Begins to capture. When it returns, no packet is missed any more.
    ///
    /// The socket has its filter before it is bound to a protocol: the kernel has no moment at which it could
    /// queue a packet that the filter does not accept.
    ///
    /// # Errors
    /// [`PermissionDenied`](io::ErrorKind::PermissionDenied) if this process may not capture; else that there is no
    /// such interface, or that the filter does not fit it.
    pub fn open(options: &Options) -> Result<Self, OpenError> {
        let (socket, link, loopback) = match options.interface {
            Some(interface) => on(interface)?,
            None => (packet_socket(Type::DGRAM)?, LinkType::LINUX_SLL2, false),
        };
        let interface = options.interface.unwrap_or(0);
        set_up(&socket, options, loopback)?;
        let filter = attach(&socket, &options.filter, link)?;
        if options.promiscuous && interface != 0 {
            sys::promiscuous(&socket, interface)?;
        }
        sys::bind_packet(&socket, interface, EVERYTHING)?;
        Ok(Self {
            socket,
            link,
            filter,
            devices: Devices::default(),
            buffer: vec![0; ROOM + SNAP_LEN],
            lost: 0,
        })
    }
}

/// A socket for an interface, what its frames begin with, and whether it is the loopback.
fn on(interface: u32) -> io::Result<(Socket, LinkType, bool)> {
    let socket = packet_socket(Type::RAW)?;
    sys::bind_packet(&socket, interface, NOTHING)?;
    Ok(match sys::packet_hardware(&socket)? {
        libc::ARPHRD_ETHER => (socket, LinkType::ETHERNET, false),
        libc::ARPHRD_LOOPBACK => (socket, LinkType::ETHERNET, true),
        // Tunnels: their packets have no header before IP's.
        libc::ARPHRD_NONE | libc::ARPHRD_PPP | ARPHRD_RAWIP => (socket, LinkType::RAW, false),
        // Of all others the kernel takes the header away.
        _ => {
            let socket = packet_socket(Type::DGRAM)?;
            sys::bind_packet(&socket, interface, NOTHING)?;
            (socket, LinkType::LINUX_SLL2, false)
        }
    })
}

fn packet_socket(kind: Type) -> io::Result<Socket> {
    let socket = Socket::new(Domain::PACKET, kind, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn set_up(socket: &Socket, options: &Options, loopback: bool) -> io::Result<()> {
    if setsockopt(socket, sockopt::RcvBufForce, &options.buffer).is_err() {
        setsockopt(socket, sockopt::RcvBuf, &options.buffer)?;
    }
    setsockopt(socket, sockopt::ReceiveTimestampns, &true)?;
    sys::packet_option(socket, libc::PACKET_AUXDATA)?;
    if loopback {
        // Else each packet is there twice: as it leaves and as it arrives.
        sys::packet_option(socket, libc::PACKET_IGNORE_OUTGOING)?;
    }
    Ok(())
}

/// Gives the filter to the kernel. Where that cannot decide, the program is returned that decides here.
fn attach(socket: &Socket, filter: &Filter, link: LinkType) -> Result<Option<Program>, OpenError> {
    let here = filter.compile(link)?;
    if filter.is_empty() {
        return Ok(None);
    }
    let in_kernel = match link {
        _ if filter.asks_for_vlan() => None,
        LinkType::LINUX_SLL2 => filter.compile_for_cooked_socket()?,
        _ => Some(here.clone()),
    };
    let Some(program) = in_kernel else {
        return Ok(Some(here));
    };
    let code = program.instructions().iter();
    let code: Vec<_> = code
        .map(|it| SockFilter::new(it.code, it.jt, it.jf, it.k))
        .collect();
    match socket.attach_filter(&code) {
        Ok(()) => Ok(None),
        // Longer than this user's memory for options allows (net.core.optmem_max).
        Err(error) if error.raw_os_error() == Some(Errno::NOMEM.raw_os_error()) => Ok(Some(here)),
        Err(error) => Err(error.into()),
    }
}
