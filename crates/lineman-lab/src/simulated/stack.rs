//! The TCP/IP of a host, in user space.

use std::net::SocketAddr;
use std::time::Duration;

use lineman_trace::log::Endpoints;
use lineman_trace::log::Host;
use smoltcp::iface::Config;
use smoltcp::iface::Interface;
use smoltcp::iface::SocketHandle;
use smoltcp::iface::SocketSet;
use smoltcp::socket::Socket;
use smoltcp::socket::tcp;
use smoltcp::socket::udp;
use smoltcp::wire::EthernetAddress;
use smoltcp::wire::IpCidr;
use smoltcp::wire::IpEndpoint;

use crate::link;
use crate::wire::Segment;

use super::clock::Clock;
use super::clock::of_stack;
use super::device::Card;
use super::fit::Fit;

/// A host's stack, its sockets and its card.
pub(super) struct Stack {
    interface: Interface,
    sockets: SocketSet<'static>,
    card: Card,
    /// What is made of a segment before this stack gets it.
    fit: Fit,
    clock: Clock,
}

impl Stack {
    /// The one of this host. `seed` is where chance starts: initial sequence numbers come of it.
    pub(super) fn new(host: Host, seed: u64, clock: Clock) -> Self {
        let mut card = Card::default();
        let mut config = Config::new(EthernetAddress(link::hardware(host)).into());
        config.random_seed = seed;
        let mut interface = Interface::new(config, &mut card, clock.stack());
        let own = link::addresses(host);
        interface.update_ip_addrs(|addresses| {
            // There is room for both: smoltcp is built for two addresses at least.
            let _ = addresses.push(IpCidr::new(own.v4.into(), 24));
            let _ = addresses.push(IpCidr::new(own.v6.into(), 64));
        });
        Self {
            interface,
            sockets: SocketSet::new(Vec::new()),
            card,
            fit: Fit::default(),
            clock,
        }
    }

    /// Has the host take a frame.
    pub(super) fn receive(&mut self, frame: &[u8]) {
        let away = match self.connection(frame) {
            true => self.silence_listeners(),
            false => Vec::new(),
        };
        let frame = self.fit.fit(frame).into_owned();
        self.card.inbox.push_back(frame);
        let now = self.clock.stack();
        let _ = self
            .interface
            .poll_ingress_single(now, &mut self.card, &mut self.sockets);
        for handle in away {
            let listener = self.tcp(handle);
            let endpoint = listener.listen_endpoint();
            let _ = listener.listen(endpoint);
        }
    }

    /// Has the host send all that it wants to send now.
    pub(super) fn send(&mut self) -> Vec<Vec<u8>> {
        let now = self.clock.stack();
        // One packet of each socket in each round.
        while self
            .interface
            .poll_egress(now, &mut self.card, &mut self.sockets)
            != smoltcp::iface::PollResult::None
        {}
        self.sent()
    }

    /// What it has sent so far.
    pub(super) fn sent(&mut self) -> Vec<Vec<u8>> {
        let frames: Vec<_> = self.card.outbox.drain(..).collect();
        frames.iter().for_each(|frame| self.fit.sent(frame));
        frames
    }

    /// When it must be asked again, should nothing happen.
    pub(super) fn next(&mut self) -> Option<Duration> {
        let now = self.clock.stack();
        self.interface.poll_at(now, &self.sockets).map(of_stack)
    }

    /// Adds a TCP socket with buffers of these sizes.
    pub(super) fn add_tcp(&mut self, receive: usize, send: usize) -> SocketHandle {
        let buffer = |size| tcp::SocketBuffer::new(vec![0; size]);
        let mut socket = tcp::Socket::new(buffer(receive), buffer(send));
        socket.set_ack_delay(Some(ACK_DELAY));
        self.sockets.add(socket)
    }

    /// Adds a UDP socket.
    pub(super) fn add_udp(&mut self) -> SocketHandle {
        let buffer =
            || udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; DATAGRAMS], vec![0; BUFFER]);
        self.sockets.add(udp::Socket::new(buffer(), buffer()))
    }

    /// A TCP socket of this stack.
    pub(super) fn tcp(&mut self, handle: SocketHandle) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(handle)
    }

    /// The address of a connection at this end, if it is one.
    pub(super) fn local(&self, handle: SocketHandle) -> Option<SocketAddr> {
        let socket = self.sockets.get::<tcp::Socket<'_>>(handle);
        socket.local_endpoint().map(address)
    }

    /// The address of the other end of a connection, if it is one.
    pub(super) fn remote(&self, handle: SocketHandle) -> Option<SocketAddr> {
        let socket = self.sockets.get::<tcp::Socket<'_>>(handle);
        socket.remote_endpoint().map(address)
    }

    /// A UDP socket of this stack.
    pub(super) fn udp(&mut self, handle: SocketHandle) -> &mut udp::Socket<'static> {
        self.sockets.get_mut(handle)
    }

    /// Forgets a socket.
    pub(super) fn remove(&mut self, handle: SocketHandle) {
        self.sockets.remove(handle);
    }

    /// Has a TCP socket call; false if it cannot.
    pub(super) fn connect(
        &mut self,
        handle: SocketHandle,
        to: SocketAddr,
        from: SocketAddr,
    ) -> bool {
        let socket = self.sockets.get_mut::<tcp::Socket<'_>>(handle);
        socket.connect(self.interface.context(), to, from).is_ok()
    }

    /// The connections, and which socket each one is.
    pub(super) fn connections(&self) -> impl Iterator<Item = (Endpoints, &tcp::Socket<'static>)> {
        self.sockets.iter().filter_map(|(_, socket)| match socket {
            Socket::Tcp(socket) => Some((endpoints(socket)?, socket)),
            Socket::Udp(_) => None,
        })
    }

    /// All TCP sockets.
    pub(super) fn all_tcp(&mut self) -> impl Iterator<Item = &mut tcp::Socket<'static>> {
        self.sockets
            .iter_mut()
            .filter_map(|(_, socket)| match socket {
                Socket::Tcp(socket) => Some(socket),
                Socket::Udp(_) => None,
            })
    }

    /// Whether a frame is for a connection that there is.
    fn connection(&self, frame: &[u8]) -> bool {
        let Some(segment) = Segment::of(frame) else {
            return false;
        };
        let (local, remote) = (segment.destination, Some(segment.source));
        self.connections()
            .any(|(endpoints, _)| endpoints == Endpoints { local, remote })
    }

    /// smoltcp asks its sockets in the order of their slots, and a listener in an early one would take
    /// the second copy of a SYN for a new call. So listeners look away while a connection is spoken to.
    fn silence_listeners(&mut self) -> Vec<SocketHandle> {
        let mut silenced = Vec::new();
        for (handle, socket) in self.sockets.iter_mut() {
            if let Socket::Tcp(socket) = socket
                && socket.state() == tcp::State::Listen
            {
                socket.close();
                silenced.push(handle);
            }
        }
        silenced
    }
}

fn endpoints(socket: &tcp::Socket<'_>) -> Option<Endpoints> {
    Some(Endpoints {
        local: address(socket.local_endpoint()?),
        remote: Some(address(socket.remote_endpoint()?)),
    })
}

/// An address as the rest of the lab has it.
pub(super) fn address(endpoint: IpEndpoint) -> SocketAddr {
    SocketAddr::new(endpoint.addr.into(), endpoint.port)
}

/// How long an ACK is held back: as on Linux (`TCP_DELACK_MIN`); smoltcp's own is 10 ms.
const ACK_DELAY: smoltcp::time::Duration = smoltcp::time::Duration::from_millis(40);
/// How many datagrams wait at most in a socket: more than a lesson sends.
const DATAGRAMS: usize = 64;
/// How many bytes of datagrams wait at most in a socket: as many as [`DATAGRAMS`] of a kibibyte.
const BUFFER: usize = 1 << 16;
