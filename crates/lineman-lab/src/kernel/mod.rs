//! What the kernel itself says of the sockets of a host (sock_diag(7)).
//!
//! The answers are those of `inet_diag`, not of the tracepoint `inet_sock_set_state`: that one never
//! shows TIME-WAIT, and SYN-RECEIVED only when it is over.

mod answer;
mod counters;
mod figures;
mod own;
mod sampler;

use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;

use self::counters::Counters;
use self::counters::Drops;
use crate::hosts::Family;
use lineman_netlink::Message;
use lineman_netlink::Netlink;
use lineman_netlink::attribute;

pub(crate) use answer::Seen;
pub use figures::Figures;
use lineman_trace::log::Counter;
use lineman_trace::log::Endpoints;
pub use own::OwnConnections;
pub use own::figures_of_own_connection;
pub(crate) use sampler::Sampler;

/// Asks for TCP sockets of the network namespace in which it was opened.
#[derive(Debug)]
pub(crate) struct Diagnosis {
    netlink: Netlink,
    /// Not where `/proc` is hidden.
    counters: Option<Counters>,
    drops_v4: Option<Drops>,
    drops_v6: Option<Drops>,
}

impl Diagnosis {
    /// Opens it in the namespace of this thread.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn open() -> io::Result<Self> {
        Ok(Self {
            netlink: Netlink::diagnosis()?,
            counters: Counters::open().ok(),
            drops_v4: Drops::of_v4().ok(),
            drops_v6: Drops::of_v6().ok(),
        })
    }

    /// The counters that have moved since this was last asked.
    pub(crate) fn counted(&mut self) -> Vec<Counter> {
        let counters = self.counters.as_mut();
        counters.map_or_else(Vec::new, |counters| counters.moved().collect())
    }

    /// Whether datagrams have been dropped since this was last asked, because the receive buffer of their socket was full.
    pub(crate) fn has_dropped(&mut self, family: Family) -> bool {
        let drops = match family {
            Family::Inet => self.drops_v4.as_mut(),
            Family::Inet6 => self.drops_v6.as_mut(),
        };
        drops.is_some_and(Drops::moved)
    }

    /// The socket with exactly these endpoints; `None` when there is none. Takes about 5 µs.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub(crate) fn exact(&mut self, socket: &Endpoints) -> io::Result<Option<Seen>> {
        Ok(self.answer(socket, 0)?.map(|(seen, _)| seen))
    }

    /// All sockets, connections that are being made or forgotten included.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub(crate) fn all(&mut self) -> io::Result<Vec<Seen>> {
        let mut sockets = Vec::new();
        for family in [AF_INET, AF_INET6] {
            let question = question(family, 0, [0; ID]);
            self.netlink
                .dump(question, &mut |body| sockets.extend(Seen::read(body)))?;
        }
        Ok(sockets)
    }

    /// What TCP knows of a connection (`TCP_INFO` of tcp(7)); `None` when there is none, or it is
    /// so young or so old that the kernel keeps no figures.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub(crate) fn figures(&mut self, socket: &Endpoints) -> io::Result<Option<Figures>> {
        let answer = self.answer(socket, 1 << (INET_DIAG_INFO - 1))?;
        Ok(answer.and_then(|(_, body)| Figures::read(&body)))
    }

    /// The name of the algorithm that controls congestion (`cubic`, `bbr`); empty where the kernel does not say.
    pub(crate) fn algorithm(&mut self, socket: &Endpoints) -> String {
        let answer = self.answer(socket, 1 << (INET_DIAG_CONG - 1));
        let (_, body) = answer.ok().flatten().unzip();
        let name = body.as_deref().and_then(|body| {
            let name = attribute(body.get(answer::SIZE..)?, INET_DIAG_CONG)?;
            Some(
                String::from_utf8_lossy(name)
                    .trim_end_matches('\0')
                    .to_owned(),
            )
        });
        name.unwrap_or_default()
    }

    fn answer(&mut self, socket: &Endpoints, more: u8) -> io::Result<Option<(Seen, Vec<u8>)>> {
        let (family, id) = identity(socket);
        match self.netlink.ask(question(family, more, id)) {
            // Where there is no connection, the kernel answers with the listener of the port.
            Ok(body) => Ok(Seen::read(&body)
                .filter(|seen| seen.socket == *socket)
                .map(|seen| (seen, body))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// `struct inet_diag_req_v2`.
fn question(family: u8, extensions: u8, id: [u8; ID]) -> Message {
    let mut fixed = vec![family, IPPROTO_TCP, extensions, 0];
    fixed.extend(ALL_STATES.to_ne_bytes());
    fixed.extend(id);
    Message::new(SOCK_DIAG_BY_FAMILY, 0, &fixed)
}

/// `struct inet_diag_sockid`, with no interface and no cookie.
fn identity(socket: &Endpoints) -> (u8, [u8; ID]) {
    let (local, family) = (socket.local, family(socket.local));
    let remote = socket.remote.unwrap_or_else(|| nowhere(local));
    let mut id = [0; ID];
    id[..2].copy_from_slice(&local.port().to_be_bytes());
    id[2..4].copy_from_slice(&remote.port().to_be_bytes());
    put(&mut id[4..20], local.ip());
    put(&mut id[20..36], remote.ip());
    id[40..].fill(0xff);
    (family, id)
}

fn family(address: SocketAddr) -> u8 {
    match address {
        SocketAddr::V4(_) => AF_INET,
        SocketAddr::V6(_) => AF_INET6,
    }
}

fn nowhere(like: SocketAddr) -> SocketAddr {
    match like {
        SocketAddr::V4(_) => (std::net::Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (std::net::Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

fn put(place: &mut [u8], address: IpAddr) {
    match address {
        IpAddr::V4(address) => place[..4].copy_from_slice(&address.octets()),
        IpAddr::V6(address) => place.copy_from_slice(&address.octets()),
    }
}

/// A bit for each state; those that the kernel has for itself included (`idiag_states`).
const ALL_STATES: u32 = u32::MAX;
/// The size of `struct inet_diag_sockid`, in bytes (linux/inet_diag.h).
const ID: usize = 48;
// linux/sock_diag.h, inet_diag.h
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const INET_DIAG_INFO: u16 = 2;
const INET_DIAG_CONG: u16 = 4;
const IPPROTO_TCP: u8 = 6;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
