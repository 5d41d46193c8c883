//! The two ports, taken before the server gives its privileges up.

use std::io;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

use lineman_proto::dhcp::BOOT_SERVER_PORT;
use lineman_proto::dhcp::SERVER_PORT;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt;
use socket2::Domain;
use socket2::Protocol;
use socket2::Socket;
use socket2::Type;

use crate::Operation;
use crate::SystemError;
use crate::packet_info;
use crate::tftp::Ports;

/// Sockets at ports 67 and 4011 of all addresses: at a single address a socket hears no broadcasts. The port is not
/// shared with a DHCP server of this machine (`SO_REUSEADDR`): of what is sent to one of them alone, as renewals are,
/// the kernel would give each only some.
#[derive(Debug)]
pub struct ProxyPorts {
    pub(super) dhcp: Socket,
    pub(super) boot_server: Socket,
}

impl ProxyPorts {
    /// Takes the ports, those of them that a supervisor has opened out of `inherited`.
    ///
    /// # Errors
    /// The first that the system refuses.
    pub fn bind(inherited: Option<&mut Ports>) -> Result<Self, SystemError> {
        let mut inherited = inherited;
        let mut take = |number| {
            let handed_over = inherited.as_mut().and_then(|ports| ports.take(number));
            let addr = SocketAddr::from((Ipv4Addr::UNSPECIFIED, number));
            let socket = match handed_over {
                Some(socket) => prepare(socket),
                None => open(addr),
            };
            socket.map_err(SystemError::new(Operation::Bind, addr))
        };
        Ok(Self {
            dhcp: take(SERVER_PORT)?,
            boot_server: take(BOOT_SERVER_PORT)?,
        })
    }
}

fn open(addr: SocketAddr) -> io::Result<Socket> {
    let socket = prepare(Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?)?;
    socket.bind(&addr.into())?;
    Ok(socket)
}

fn prepare(socket: Socket) -> io::Result<Socket> {
    packet_info::keep(&socket, Domain::IPV4)?;
    socket.set_broadcast(true)?;
    socket.set_nonblocking(true)?;
    // A hall that is switched on: the kernel counts some 1,300 bytes for each question.
    if setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER).is_err() {
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    }
    Ok(socket)
}

const RECEIVE_BUFFER: usize = 4 << 20;
