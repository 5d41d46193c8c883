//! The addresses of a server, taken before it gives its privileges up.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt;
use socket2::Domain;
use socket2::Protocol;
use socket2::Socket;
use socket2::Type;

use crate::Operation;
use crate::SystemError;
use crate::packet_info;
use crate::supervisor;

/// Sockets that requests will come to. They need no runtime yet; what arrives meanwhile waits.
#[derive(Debug)]
pub struct Ports(Vec<Socket>);

impl Ports {
    /// Takes the addresses; `[::]` means IPv4 too.
    ///
    /// # Errors
    /// The first address that the system refuses.
    pub fn bind(addrs: &[SocketAddr]) -> Result<Self, SystemError> {
        let bound = |&addr| bind(addr).map_err(SystemError::new(Operation::Bind, addr));
        addrs.iter().map(bound).collect::<Result<_, _>>().map(Self)
    }

    /// Which ports they have.
    pub fn numbers(&self) -> Vec<u16> {
        let addresses = self.0.iter().filter_map(|socket| socket.local_addr().ok());
        let ports = addresses.filter_map(|address| address.as_socket());
        ports.map(|address| address.port()).collect()
    }

    /// The sockets that a supervisor has opened for this process; `None` if there are none. Call it
    /// before anything else is opened.
    ///
    /// # Errors
    /// When one of them is no UDP socket with an address.
    pub fn inherited() -> Result<Option<Self>, SystemError> {
        let handed_over = supervisor::inherited_sockets()?;
        if handed_over.is_empty() {
            return Ok(None);
        }
        let adopted = handed_over.into_iter().enumerate().map(|(at, fd)| {
            let name = format!("socket {} of LISTEN_FDS", at + 1);
            adopt(fd).map_err(SystemError::new(Operation::Listen, name))
        });
        adopted.collect::<Result<_, _>>().map(|all| Some(Self(all)))
    }

    /// Takes the socket at this port out, if there is one.
    pub(crate) fn take(&mut self, number: u16) -> Option<Socket> {
        let has = |socket: &Socket| {
            let address = socket.local_addr().ok().and_then(|it| it.as_socket());
            address.is_some_and(|address| address.port() == number)
        };
        let at = self.0.iter().position(has)?;
        Some(self.0.remove(at))
    }

    pub(super) fn into_sockets(self) -> Vec<Socket> {
        self.0
    }
}

fn bind(addr: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(!addr.ip().is_unspecified())?;
    }
    packet_info::keep(&socket, Domain::for_address(addr))?;
    hold_a_storm(&socket);
    socket.bind(&addr.into())?;
    Ok(socket)
}

fn adopt(fd: OwnedFd) -> io::Result<Socket> {
    let socket = Socket::from(fd);
    let address = socket.local_addr()?.as_socket();
    match (socket.r#type()?, address) {
        (Type::DGRAM, Some(addr)) => {
            packet_info::keep(&socket, Domain::for_address(addr))?;
            hold_a_storm(&socket);
            Ok(socket)
        }
        _ => Err(io::Error::other(
            "it is no UDP socket (ListenDatagram= makes one)",
        )),
    }
}

/// Has the socket hold the requests of thousands of machines that are switched on together. Beyond
/// what the system allows everybody it takes a privilege (`SO_RCVBUFFORCE` in socket(7)).
fn hold_a_storm(socket: &Socket) {
    if setsockopt(socket, sockopt::RcvBufForce, &RECEIVE_BUFFER).is_err() {
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    }
}

/// The kernel counts nearly a kilobyte for a request.
const RECEIVE_BUFFER: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::net::UdpSocket;
    use std::os::unix::net::UnixDatagram;

    use super::*;

    #[test]
    fn only_udp_sockets_are_adopted() {
        let udp = UdpSocket::bind("127.0.0.1:0").expect("bind");
        let addr = udp.local_addr().expect("address");
        let adopted = adopt(udp.into()).expect("a UDP socket");
        let kept = adopted.local_addr().expect("address").as_socket();
        assert_eq!(kept, Some(addr));
        let tcp = TcpListener::bind("127.0.0.1:0").expect("bind");
        assert!(adopt(tcp.into()).is_err());
        let unix = UnixDatagram::unbound().expect("socket");
        assert!(adopt(unix.into()).is_err());
        let file = std::fs::File::open("/dev/null").expect("open");
        assert!(adopt(file.into()).is_err());
    }
}
