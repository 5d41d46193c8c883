//! Questions in, answers out.

use std::io;
use std::io::IoSliceMut;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::SocketAddrV4;
use std::os::fd::AsRawFd as _;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Instant;

use lineman_proto::dhcp::Arrival;
use lineman_proto::dhcp::CLIENT_PORT;
use lineman_proto::dhcp::Counts;
use lineman_proto::dhcp::Outcome;
use lineman_proto::dhcp::ProxyDhcp;
use lineman_proto::dhcp::Service;
use lineman_proto::dhcp::To;
use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::SockaddrStorage;
use nix::sys::socket::recvmsg;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::poll;
use socket2::Socket;
use tokio::sync::mpsc;

use super::LoaderRoot;
use super::ProxyEvent;
use super::ProxyPorts;
use crate::Operation;
use crate::SystemError;
use crate::addr::plain;
use crate::packet_info;
use crate::packet_info::Destination;
use crate::packet_info::Local;

/// All that the thread has.
pub(super) struct Exchange {
    pub(super) ports: ProxyPorts,
    pub(super) machine: ProxyDhcp,
    pub(super) root: Option<LoaderRoot>,
    pub(super) tftp: Vec<IpAddr>,
    pub(super) events: mpsc::Sender<ProxyEvent>,
    pub(super) counts: Arc<Mutex<Counts>>,
    pub(super) untold: Arc<AtomicU64>,
}

/// A datagram, the length of it, and where it came to.
struct Received {
    length: usize,
    from: SocketAddrV4,
    destination: Destination,
}

impl Exchange {
    /// Answers until the other end of `stopped` is closed, or a socket fails for good.
    pub(super) fn run(&mut self, stopped: &OwnedFd) {
        if let Err(error) = self.answer_all(stopped) {
            let failed = SystemError::new(Operation::Receive, "the ports of proxy DHCP")(error);
            // One line at the end of everything: it may wait for its reader.
            let _ = self.events.blocking_send(ProxyEvent::Failed(failed));
        }
    }

    fn answer_all(&mut self, stopped: &OwnedFd) -> io::Result<()> {
        let mut buffer = vec![0; LARGEST];
        loop {
            let mut ready = [
                PollFd::new(&self.ports.dhcp, PollFlags::IN),
                PollFd::new(&self.ports.boot_server, PollFlags::IN),
                PollFd::new(stopped, PollFlags::IN),
            ];
            match poll(&mut ready, None) {
                Err(rustix::io::Errno::INTR) => continue,
                other => other?,
            };
            let is_ready = ready.map(|it| !it.revents().is_empty());
            if is_ready[2] {
                return Ok(());
            }
            for (service, is_ready) in [Service::Dhcp, Service::BootServer]
                .into_iter()
                .zip(is_ready)
            {
                if is_ready {
                    self.answer_those_at(service, &mut buffer)?;
                }
            }
        }
    }

    /// Takes some of what is there, so that neither port keeps the other waiting.
    fn answer_those_at(&mut self, service: Service, buffer: &mut [u8]) -> io::Result<()> {
        for _ in 0..BATCH {
            match receive(self.socket(service), buffer) {
                Ok(Some(received)) => self.answer(service, &received, &buffer[..received.length]),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // A cable was pulled, or memory was short: the next datagram may come all the same.
                Err(error) if passes(&error) => break,
                Err(error) => return Err(error),
            }
        }
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = self.machine.counts();
        Ok(())
    }

    fn answer(&mut self, service: Service, received: &Received, bytes: &[u8]) {
        let Some(server) = self.server_for(&received.destination) else {
            return; // a network that the TFTP server has no address on
        };
        let arrival = Arrival {
            from: received.from,
            service,
            is_direct: received.destination.is_direct,
            server,
            next_server: server,
        };
        let root = self.root.as_ref();
        let exists = |name: &str| root.is_some_and(|root| root.has(name));
        let now = Instant::now();
        match self.machine.handle_packet(now, &arrival, bytes, &exists) {
            Outcome::Answered(answer) => {
                let sent = self.send(&answer.packet, answer.to, server, service, received);
                let client = answer.client;
                match sent {
                    Err(error) => self.tell(ProxyEvent::Unsent { client, error }),
                    Ok(()) if answer.is_news => self.tell(ProxyEvent::Told {
                        client,
                        file: answer.file,
                        server: server.into(),
                        service,
                    }),
                    Ok(()) => {}
                }
            }
            Outcome::Refused {
                client,
                why,
                is_news: true,
            } => self.tell(ProxyEvent::Refused { client, why }),
            Outcome::Refused { .. } | Outcome::Ignored(_) => {}
        }
    }

    fn send(
        &self,
        packet: &[u8],
        to: To,
        server: Ipv4Addr,
        service: Service,
        received: &Received,
    ) -> io::Result<()> {
        let (to, interface) = match to {
            // To everybody, on the network that the question came from.
            To::Everybody => {
                let everybody = SocketAddrV4::new(Ipv4Addr::BROADCAST, CLIENT_PORT);
                (everybody, received.destination.interface)
            }
            To::One(address) => (address, 0),
        };
        let from = Local {
            ip: server.into(),
            interface,
        };
        packet_info::send(self.socket(service), packet, to.into(), from)
    }

    /// The address of ours to answer from and to load from: the one that was asked, if TFTP is served there.
    fn server_for(&self, destination: &Destination) -> Option<Ipv4Addr> {
        let IpAddr::V4(asked) = destination.answer_from?.ip else {
            return None;
        };
        let is_anywhere = self.tftp.iter().any(IpAddr::is_unspecified);
        if !asked.is_unspecified() && (is_anywhere || self.tftp.contains(&asked.into())) {
            return Some(asked);
        }
        // An interface may have several addresses; the kernel names the first.
        let mut others = addresses_of(destination.interface);
        others.find(|&ip| self.tftp.contains(&ip.into()))
    }

    fn socket(&self, service: Service) -> &Socket {
        match service {
            Service::Dhcp => &self.ports.dhcp,
            Service::BootServer => &self.ports.boot_server,
        }
    }

    fn tell(&self, event: ProxyEvent) {
        if self.events.try_send(event).is_err() {
            self.untold.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// `None` for a datagram whose sender has no IPv4 address.
fn receive(socket: &Socket, buffer: &mut [u8]) -> io::Result<Option<Received>> {
    let mut rooms = [IoSliceMut::new(buffer)];
    let mut control = packet_info::control();
    let flags = MsgFlags::MSG_DONTWAIT;
    let fd = socket.as_raw_fd();
    let message = recvmsg::<SockaddrStorage>(fd, &mut rooms, Some(&mut control), flags)?;
    let from = message.address.as_ref().and_then(plain);
    let destination = Destination::of(&message);
    Ok(match from {
        Some(SocketAddr::V4(from)) => Some(Received {
            length: message.bytes,
            from,
            destination,
        }),
        _ => None,
    })
}

fn addresses_of(interface: u32) -> impl Iterator<Item = Ipv4Addr> {
    let all = getifaddrs().into_iter().flatten();
    all.filter_map(move |one| {
        let address = one.address.as_ref()?.as_sockaddr_in()?.ip();
        (if_nametoindex(one.interface_name.as_str()).ok()? == interface).then_some(address)
    })
}

fn passes(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    let passing = [Errno::EINTR, Errno::ENETDOWN, Errno::ENOMEM, Errno::ENOBUFS];
    errno.is_some_and(|errno| passing.contains(&errno))
}

/// Datagrams that one port is allowed before the other's turn.
const BATCH: usize = 64;
/// More than an Ethernet frame carries; what is longer is cut, and no question is.
const LARGEST: usize = 4096;
