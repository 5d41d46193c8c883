//! `struct inet_diag_msg`: a socket as the kernel describes it.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::time::Duration;

use lineman_trace::log::Endpoints;
use lineman_trace::log::Queues;
use lineman_trace::log::TcpState;
use lineman_trace::log::TimerKind;

use super::AF_INET;
use super::AF_INET6;

/// A TCP socket as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) socket: Endpoints,
    pub(crate) state: TcpState,
    pub(crate) queues: Queues,
    pub(crate) timer: Option<KernelTimer>,
}

/// A timer that runs for a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KernelTimer {
    pub(crate) kind: TimerKind,
    /// How long it has to run.
    pub(crate) left: Duration,
    /// How often it has expired since the last progress.
    pub(crate) count: u8,
}

impl Seen {
    /// Reads an answer; `None` for a socket that has no state in the sense of RFC 9293, such as one
    /// that is bound and nothing else.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let body: &[u8; SIZE] = body.first_chunk()?;
        let (family, state) = (body[0], state(body[1])?);
        let port = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
        let number = |at: usize| u32::from_ne_bytes([0, 1, 2, 3].map(|i| body[at + i]));
        let local = SocketAddr::new(address(family, &body[8..24])?, port(4));
        let remote = SocketAddr::new(address(family, &body[24..40])?, port(6));
        // A program may ask for a connection to port 0, where nobody can listen.
        let has_peer = remote.port() != 0 || !remote.ip().is_unspecified();
        let remote = has_peer.then_some(remote);
        let (unread, unsent) = (number(56), number(60));
        Some(Self {
            socket: Endpoints { local, remote },
            state,
            queues: Queues { unread, unsent },
            timer: timer(body[2]).map(|kind| KernelTimer {
                kind,
                left: Duration::from_millis(number(52).into()),
                count: body[3],
            }),
        })
    }

    /// Whether this is the same as far as events tell. Timers always differ.
    pub(super) fn like(&self, other: &Self) -> bool {
        (self.state, self.queues) == (other.state, other.queues)
    }
}

/// An IPv4 address is shown as one, also where an IPv6 socket uses it.
fn address(family: u8, bytes: &[u8]) -> Option<IpAddr> {
    match family {
        AF_INET => Some(Ipv4Addr::from(*bytes.first_chunk()?).into()),
        AF_INET6 => Some(Ipv6Addr::from(*bytes.first_chunk()?).to_canonical()),
        _ => None,
    }
}

/// The numbers of net/tcp_states.h.
fn state(number: u8) -> Option<TcpState> {
    Some(match number {
        1 => TcpState::Established,
        2 => TcpState::SynSent,
        3 | 12 => TcpState::SynReceived,
        4 => TcpState::FinWait1,
        5 => TcpState::FinWait2,
        6 => TcpState::TimeWait,
        8 => TcpState::CloseWait,
        9 => TcpState::LastAck,
        10 => TcpState::Listen,
        11 => TcpState::Closing,
        _ => return None, // closed, or bound only
    })
}

/// The numbers of `idiag_timer` (sock_diag(7)).
fn timer(number: u8) -> Option<TimerKind> {
    match number {
        1 => Some(TimerKind::Retransmission),
        3 => Some(TimerKind::TimeWait),
        4 => Some(TimerKind::Persist),
        _ => None, // none, or one that no lesson speaks of
    }
}

/// The size of `struct inet_diag_msg`, in bytes (linux/inet_diag.h).
pub(super) const SIZE: usize = 72;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_address_is_the_one_that_it_maps() {
        let mut body = [0; SIZE];
        (body[0], body[1]) = (AF_INET6, 1);
        body[4..8].copy_from_slice(&[0x1f, 0x90, 0, 80]);
        for at in [8, 24] {
            body[at + 10..at + 16].copy_from_slice(&[0xff, 0xff, 10, 0, 0, 1]);
        }
        let seen = Seen::read(&body).expect("a socket");
        assert_eq!(seen.socket.local, "10.0.0.1:8080".parse().expect("address"));
        assert_eq!(seen.socket.remote, "10.0.0.1:80".parse().ok());
        assert_eq!(seen.state, TcpState::Established);
    }

    /// A connection to port 0 was told as a socket without a peer, and so as another than that of its SYN.
    #[test]
    fn a_peer_at_port_0_was_taken_for_none() {
        let mut body = [0; SIZE];
        (body[0], body[1]) = (AF_INET, 2);
        let peer = |body: &[u8]| Seen::read(body).expect("a socket").socket.remote;
        assert_eq!(peer(&body), None);
        body[24..28].copy_from_slice(&[10, 0, 0, 2]);
        assert_eq!(peer(&body), "10.0.0.2:0".parse().ok());
    }

    #[test]
    fn what_is_cut_short_is_nothing() {
        for len in 0..SIZE {
            assert_eq!(Seen::read(&vec![2; len]), None);
        }
    }
}
