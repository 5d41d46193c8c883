//! What is known of one socket by the calls on it.

use std::net::SocketAddr;

use crate::log::Call;
use crate::log::Endpoints;

/// What is known of a socket.
#[derive(Clone, Debug, Default)]
pub(super) struct Descriptor {
    pub(super) transport: Option<Transport>,
    pub(super) bound: Option<SocketAddr>,
    pub(super) listens: bool,
    /// Whether it listened, and was shut down.
    pub(super) was_shut: bool,
    pub(super) peer: Option<SocketAddr>,
    /// The address of its end of a connection.
    pub(super) local: Option<SocketAddr>,
    /// Whether it has sent a datagram, and for whom the last was, as far as its call tells.
    pub(super) sends: bool,
    pub(super) sends_to: Option<SocketAddr>,
    /// The port that its system has given it, of UDP.
    pub(super) port: Option<u16>,
    /// What a connect() asks for that has not returned.
    pub(super) asks: Option<Asks>,
    /// Whether a handshake has begun that nobody has waited for.
    pub(super) opening: bool,
    /// Whether a handshake was complete once.
    pub(super) was_connected: bool,
    /// Whether the other host has refused it a connection, and it has had none since.
    pub(super) was_refused: bool,
    /// Which directions its own program has shut down.
    pub(super) shut_read: bool,
    pub(super) shut_write: bool,
    pub(super) reuses: bool,
    /// Whether small segments leave at once (tcp(7), TCP_NODELAY), or not before it is told so (TCP_CORK).
    pub(super) no_delay: bool,
    pub(super) corks: bool,
    /// How long its calls wait; `None` where nobody has seen that.
    pub(super) wait: Option<Wait>,
    /// Whether the kernel was told to wait no longer than for some time.
    pub(super) kernel_limit: bool,
    /// Whether that was for what it sends, and connect(): SO_SNDTIMEO.
    pub(super) send_limit: bool,
    /// Whether it is told of ICMP errors, connected or not (ip(7), IP_RECVERR).
    pub(super) hears_errors: bool,
    /// Whether a connection is taken in only with its first data (tcp(7), TCP_DEFER_ACCEPT).
    pub(super) defers: bool,
    /// Whether it takes nothing of IPv4, though its address is any (ipv6(7), IPV6_V6ONLY).
    pub(super) v6_only: bool,
    /// Whether a file has it too.
    pub(super) has_file: bool,
    pub(super) is_closed: bool,
}

/// A connection that a connect() waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asks {
    /// The number of the call: the order in which calls began.
    pub(super) call: u64,
    pub(super) peer: SocketAddr,
    /// The address that its SYN has left from.
    pub(super) local: Option<SocketAddr>,
}

/// What carries a socket's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Tcp,
    Udp,
}

/// How long calls wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    ForEver,
    NotAtAll,
    /// So many seconds, as its program has written it.
    Seconds(String),
}

impl Descriptor {
    /// One that `socket` has made.
    pub(super) fn made(call: &Call) -> Self {
        let kind = call.args.get(1).map(String::as_str).unwrap_or_default();
        let transport = match kind {
            _ if kind.starts_with("SOCK_STREAM") => Some(Transport::Tcp),
            _ if kind.starts_with("SOCK_DGRAM") => Some(Transport::Udp),
            _ => None,
        };
        Self {
            transport,
            wait: match call.program {
                _ if kind.contains("SOCK_NONBLOCK") => Some(Wait::NotAtAll),
                None => Some(Wait::ForEver),
                Some(_) => None,
            },
            ..Self::default()
        }
    }

    /// One that `accept` has made.
    pub(super) fn accepted(call: &Call, listener: Option<&Self>) -> Self {
        Self {
            transport: Some(Transport::Tcp),
            bound: listener.and_then(|listener| listener.bound),
            peer: call.accepted_peer(),
            was_connected: true,
            reuses: listener.is_some_and(|listener| listener.reuses),
            no_delay: listener.is_some_and(|listener| listener.no_delay),
            corks: listener.is_some_and(|listener| listener.corks),
            wait: call.program.is_none().then_some(Wait::ForEver),
            ..Self::default()
        }
    }

    /// The ends of its connection, if both are known.
    pub(super) fn ends(&self) -> Option<Endpoints> {
        if self.transport != Some(Transport::Tcp) {
            return None;
        }
        let asked = self.asks.and_then(|it| Some((it.local?, it.peer)));
        let (local, peer) = asked.or_else(|| Some((self.local?, self.peer?)))?;
        Some(Endpoints {
            local,
            remote: Some(peer),
        })
    }

    /// The address of its end, as soon as that is known.
    pub(super) fn own(&self) -> Option<SocketAddr> {
        self.asks.and_then(|it| it.local).or(self.local)
    }

    /// Whether it waits for a connection to this end, and nobody knows yet from which port.
    pub(super) fn asks_somehow(&self, peer: SocketAddr) -> bool {
        self.asks
            .is_some_and(|it| it.peer == peer && it.local.is_none())
    }

    /// The port that it was bound to, or was seen to have.
    pub(super) fn known_port(&self) -> Option<u16> {
        let bound = self.bound.map(|it| it.port()).filter(|port| *port != 0);
        bound.or(self.port)
    }

    /// Whether it may have this port: as far as it was bound to one, or was seen to have it. A socket of UDP has none before it was bound
    /// or connected, or has sent something.
    pub(super) fn may_have(&self, port: u16) -> bool {
        let has_one = self.bound.is_some() || self.peer.is_some() || self.sends;
        let may = has_one || self.transport != Some(Transport::Udp);
        may && self.known_port().is_none_or(|own| own == port)
    }

    /// Takes down what a call has changed that failed.
    pub(super) fn learn_of_failure(
        &mut self,
        name: &str,
        error: &str,
        args: &[String],
        to: Option<SocketAddr>,
    ) {
        match (name, error) {
            ("connect" | "connect_ex", "ECONNREFUSED") => {
                self.was_refused = to.is_some_and(|to| !to.ip().is_loopback());
            }
            // Linux: inet_shutdown has no peer to name, and shuts it down all the same.
            ("shutdown", "ENOTCONN") if self.transport == Some(Transport::Udp) => self.shuts(args),
            _ => {}
        }
    }

    fn shuts(&mut self, args: &[String]) {
        let how = args.first().map(String::as_str).unwrap_or_default();
        self.shut_read |= matches!(how, "SHUT_RD" | "SHUT_RDWR");
        self.shut_write |= matches!(how, "SHUT_WR" | "SHUT_RDWR");
    }

    /// Takes down what a call has changed that succeeded.
    pub(super) fn learn(&mut self, call: &Call) {
        let arg = |at: usize| call.args.get(at).map(String::as_str).unwrap_or_default();
        // Nothing goes through a TCP socket before its handshake is complete.
        let carries = matches!(
            call.name.as_str(),
            "send" | "sendall" | "write" | "sendmsg" | "recv" | "read" | "recvmsg"
        );
        self.was_connected |= carries && self.opening && self.transport == Some(Transport::Tcp);
        let is_udp = self.transport == Some(Transport::Udp);
        match call.name.as_str() {
            "getsockname" if is_udp => {
                let named = call.value().and_then(|it| it.parse::<SocketAddr>().ok());
                self.port = named.map(|it| it.port()).filter(|port| *port != 0);
            }
            "bind" => self.bound = call.address(),
            "listen" => (self.listens, self.was_shut) = (true, false),
            // Linux has a listener that shuts down receiving listen no more; it is bound still.
            "shutdown" if self.listens => {
                self.listens = !matches!(arg(0), "SHUT_RD" | "SHUT_RDWR");
                self.was_shut = !self.listens;
            }
            "shutdown" => self.shuts(&call.args),
            "setsockopt" if arg(0) == "SO_REUSEADDR" => self.reuses = arg(1) != "0",
            "setsockopt" if arg(0) == "TCP_NODELAY" => self.no_delay = arg(1) != "0",
            "setsockopt" if arg(0) == "TCP_CORK" => self.corks = arg(1) != "0",
            "setsockopt" if arg(0) == "IPV6_V6ONLY" => self.v6_only = arg(1) != "0",
            "setsockopt" if arg(0) == "TCP_DEFER_ACCEPT" => self.defers = arg(1) != "0",
            "setsockopt" if arg(0).ends_with("RECVERR") => self.hears_errors = arg(1) != "0",
            "setsockopt"
                if arg(0).starts_with("SO_RCVTIMEO") || arg(0).starts_with("SO_SNDTIMEO") =>
            {
                self.kernel_limit = true;
                self.send_limit |= arg(0).starts_with("SO_SNDTIMEO");
            }
            "settimeout" => {
                self.wait = Some(match arg(0) {
                    "None" => Wait::ForEver,
                    "0" => Wait::NotAtAll,
                    seconds => Wait::Seconds(seconds.to_owned()),
                });
            }
            "setblocking" => {
                self.wait = Some(match arg(0) {
                    "false" => Wait::NotAtAll,
                    _ => Wait::ForEver,
                });
            }
            "makefile" => self.has_file = true,
            _ => {}
        }
    }
}
