//! Why a call was answered as it was, as far as earlier calls and packets tell.

use std::net::IpAddr;
use std::net::SocketAddr;

use lineman_proto::wire::Layer;

use super::Saying;
use super::descriptor::Descriptor;
use super::descriptor::Transport;
use super::descriptor::Wait;
use super::descriptors::Descriptors;
use super::descriptors::Holder;
use super::errno;
use crate::log::Answer;
use crate::log::Call;

/// What there is to say of a call on a socket that has returned, by what is known.
pub(super) fn of_answer(
    call: &Call,
    socket: Option<&Descriptor>,
    known: &Descriptors,
) -> Vec<Saying> {
    let asked = Asked {
        call,
        known,
        socket,
    };
    match &call.answer {
        Some(Answer::Error(error)) => asked.failed(error),
        Some(Answer::Value(value)) => asked.returned(value).into_iter().collect(),
        None => Vec::new(),
    }
}

/// What Python raises for an address of another family: it looks at it before it makes the call.
const PYTHON_FAMILY: &str = "gaierror [Errno -9]";

/// The first port that every program may have (ip(7), ip_unprivileged_port_start): as Linux sets it by itself.
const FIRST_FREE_PORT: u16 = 1024;

/// The calls that wait for bytes, for room or for a connection.
const TRANSFERS: [&str; 10] = [
    "accept", "accept4", "read", "recv", "recvfrom", "recvmsg", "send", "sendmsg", "sendto",
    "write",
];

/// A call that has returned, and what is known of its socket.
struct Asked<'a> {
    call: &'a Call,
    known: &'a Descriptors,
    socket: Option<&'a Descriptor>,
}

/// Declares a saying about a failed call: with its name, its error, and what Python makes of that.
macro_rules! failure {
    ($asked:expr, $error:expr, $variant:ident $( { $($field:ident),+ } )?) => {{
        let call = $asked.call;
        Saying::$variant {
            who: call.host,
            name: call.name.clone(),
            error: $error.to_owned(),
            python: errno::python($error),
            $( $($field),+ )?
        }
    }};
}

impl Asked<'_> {
    fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.call.name.as_str())
    }

    fn is_of_python(&self) -> bool {
        let program = self.call.program.as_ref();
        program.is_some_and(|it| is_python(it))
    }

    fn names_an_address(&self) -> bool {
        let mut args = self.call.args.iter();
        args.any(|arg| arg.parse::<SocketAddr>().is_ok())
    }

    /// Whether the address is one that Linux refuses by itself (`__inet6_bind`): that of a link without the interface, or for
    /// TCP that of a group.
    fn names_no_address_of_one(&self) -> bool {
        let first = self.call.args.first().and_then(|arg| arg.parse().ok());
        let Some(SocketAddr::V6(address)) = first else {
            return false;
        };
        let needs_interface = address.ip().is_unicast_link_local() && address.scope_id() == 0;
        needs_interface || address.ip().is_multicast()
    }

    /// Whether a TCP socket is to connect to a group, or to all hosts of its network: Linux refuses that as if there were no way
    /// (`tcp_v4_connect`). A lab's networks have 256 addresses.
    fn names_several(&self) -> bool {
        let Some(IpAddr::V4(to)) = self.call.address().map(|it| it.ip()) else {
            return false;
        };
        let [a, b, c, last] = to.octets();
        let own = self.known.addresses(self.call.host).iter();
        let mut networks = own.filter_map(|it| match it {
            IpAddr::V4(it) => Some(it.octets()),
            IpAddr::V6(_) => None,
        });
        let tcp = self
            .socket
            .is_some_and(|it| it.transport == Some(Transport::Tcp));
        let all = last == u8::MAX && networks.any(|own| own[..3] == [a, b, c]);
        tcp && self.is(&["connect"]) && (all || to.is_multicast())
    }

    fn is_udp(&self) -> bool {
        self.socket
            .is_some_and(|it| it.transport == Some(Transport::Udp))
    }

    fn has_flag(&self, flag: &str) -> bool {
        let mut words = self.call.args.iter().skip(1).flat_map(|arg| arg.split('|'));
        words.any(|word| word == flag)
    }

    fn failed(&self, error: &str) -> Vec<Saying> {
        let one = match error {
            "TimeoutError" => self.socket_timeout(),
            // The kernel's own names for a call that a signal interrupts; no program sees them.
            _ if error.starts_with("ERESTART") => Saying::CallInterrupted {
                who: self.call.host,
                name: self.call.name.clone(),
            },
            "ECONNREFUSED" => self.refused(error),
            "ECONNRESET" => failure!(self, error, CallReset),
            "EPIPE" => return self.broken_pipe(error),
            "EADDRINUSE" => self.in_use(error),
            "EADDRNOTAVAIL" => self.not_available(error),
            "ETIMEDOUT" => match self.is(&["connect"]) {
                true => failure!(self, error, CallUnanswered),
                false => failure!(self, error, CallUnacknowledged),
            },
            "EAGAIN" => self.would_wait(error),
            "EINPROGRESS" if self.has_send_limit() => {
                failure!(self, error, CallBegunTimeout)
            }
            "EINPROGRESS" if self.is_of_python() => failure!(self, error, CallBegunPython),
            "EINPROGRESS" => failure!(self, error, CallBegun),
            "EALREADY" => failure!(self, error, CallUnderWay),
            "EISCONN" => self.connected_already(error),
            "ENOTCONN" => {
                let one = self.not_connected(error);
                let who = self.call.host;
                let more = (self.is_of_python() && self.is(&["getpeername"]))
                    .then_some(Saying::CallPythonDescribes { who });
                return [one].into_iter().chain(more).collect();
            }
            "EINVAL" => self.invalid(error),
            "EDESTADDRREQ" => failure!(self, error, CallNoAddress),
            "EOPNOTSUPP" if self.is_udp() && self.is(&["listen", "accept"]) => {
                failure!(self, error, CallUdpHasNone)
            }
            "EBADF" => failure!(self, error, CallNotOpen),
            "EMSGSIZE" if self.is_udp() => failure!(self, error, CallTooLong),
            "EAFNOSUPPORT" if self.names_an_address() => Saying::CallFamily {
                who: self.call.host,
                name: self.call.name.clone(),
                error: error.to_owned(),
                python: PYTHON_FAMILY.to_owned(),
            },
            // To bind is refused for other reasons: a low port.
            "EACCES" if self.is_udp() && !self.is(&["bind"]) => {
                failure!(self, error, CallBroadcast)
            }
            "ENETUNREACH" if self.names_several() => failure!(self, error, CallNotOne),
            "ENETUNREACH" => failure!(self, error, CallNoRoute),
            _ => self.failed_by_itself(error),
        };
        vec![one]
    }

    /// What an error means whose reason is no other call or packet: connect(2), accept(2), send(2), recv(2), bind(2).
    fn failed_by_itself(&self, error: &str) -> Saying {
        match error {
            "EACCES" if self.is(&["bind"]) && self.names_a_low_port() => {
                failure!(self, error, CallLowPort)
            }
            // Only what is sent meets a firewall.
            "EPERM" if self.is(&["setsockopt"]) => failure!(self, error, CallNoRight),
            "EPERM" => failure!(self, error, CallNotPermitted),
            "EINTR" => failure!(self, error, CallSignalled),
            "EFAULT" => failure!(self, error, CallBadMemory),
            "EMFILE" => failure!(self, error, CallNoDescriptor),
            "ENFILE" => failure!(self, error, CallNoFile),
            "ENOMEM" | "ENOBUFS" => failure!(self, error, CallNoMemory),
            "ENOTSOCK" => failure!(self, error, CallNoSocket),
            "EHOSTUNREACH" => failure!(self, error, CallHostUnreachable),
            "ENETDOWN" => failure!(self, error, CallNetDown),
            // Linux: inet_stream_connect() has no error left to tell.
            "ECONNABORTED" if self.is(&["connect"]) => failure!(self, error, CallAttemptOver),
            "ECONNABORTED" if self.is(&["accept"]) => failure!(self, error, CallAborted),
            "EOPNOTSUPP" => failure!(self, error, CallUnsupported),
            _ => failure!(self, error, CallFailed),
        }
    }

    fn names_a_low_port(&self) -> bool {
        let address = self.call.address();
        address.is_some_and(|it| (1..FIRST_FREE_PORT).contains(&it.port()))
    }

    fn refused(&self, error: &str) -> Saying {
        let itself = self.call.address().filter(|it| it.ip().is_loopback());
        match itself {
            Some(address) if self.is(&["connect"]) => {
                let address = address.to_string();
                failure!(self, error, CallRefusedItself { address })
            }
            _ if self.is_udp() => {
                let peer = self.socket.and_then(|it| it.peer);
                let v6 = peer.is_some_and(|it| it.ip().to_canonical().is_ipv6());
                let icmp = Layer::icmp(v6).name().to_owned();
                failure!(self, error, CallRefusedUdp { icmp })
            }
            _ => failure!(self, error, CallRefused),
        }
    }

    /// The call itself waited, and no longer than its socket's time-out.
    fn socket_timeout(&self) -> Saying {
        let (who, name) = (self.call.host, self.call.name.clone());
        match self.socket.and_then(|it| it.wait.clone()) {
            Some(Wait::Seconds(seconds)) => Saying::CallTimeout { who, name, seconds },
            _ => Saying::CallTimeoutUnseen { who, name },
        }
    }

    fn would_wait(&self, error: &str) -> Saying {
        let wait = self.socket.and_then(|it| it.wait.clone());
        let limit = self.socket.is_some_and(|it| it.kernel_limit);
        match wait {
            _ if self.has_flag("MSG_DONTWAIT") => failure!(self, error, CallDontWait),
            Some(Wait::NotAtAll) => failure!(self, error, CallNonBlocking),
            Some(Wait::ForEver) if limit => failure!(self, error, CallKernelTimeout),
            // Nobody has seen what made it so, but a kernel lets no other call fail like this whose socket has no limit.
            None if self.socket.is_some() && !limit && self.is(&TRANSFERS) => {
                failure!(self, error, CallNonBlocking)
            }
            _ => failure!(self, error, CallWouldWait),
        }
    }

    /// Whether the kernel waits until its socket can send, and was told for how long. SO_RCVTIMEO says nothing of connect().
    fn has_send_limit(&self) -> bool {
        let waits = |it: &Descriptor| it.send_limit && it.wait != Some(Wait::NotAtAll);
        self.socket.is_some_and(waits)
    }

    fn broken_pipe(&self, error: &str) -> Vec<Saying> {
        let end = self.socket.map(|it| self.known.end(self.call.host, it));
        let end = end.unwrap_or_default();
        let why = match self.socket {
            Some(it) if it.listens => failure!(self, error, CallPipeListener),
            Some(it) if it.shut_write && it.shut_read => failure!(self, error, CallPipeShutBoth),
            // Behind a RST nothing can be received, either.
            Some(it) if it.shut_write && end.rst => failure!(self, error, CallPipeReset),
            Some(it) if it.shut_write => failure!(self, error, CallPipeShut),
            Some(it) if it.was_refused && !it.was_connected => {
                failure!(self, error, CallWasRefused)
            }
            Some(it) if !it.was_connected && !it.opening && !self.is_udp() => {
                failure!(self, error, CallPipeUnconnected)
            }
            Some(it) if !it.was_connected => failure!(self, error, CallPipe),
            Some(_) if end.rst => failure!(self, error, CallPipeReset),
            _ => failure!(self, error, CallPipe),
        };
        let who = self.call.host;
        // UDP has the error without the signal.
        let quiet = self.is_udp() || self.has_flag("MSG_NOSIGNAL");
        let signal = (!quiet).then_some(Saying::CallSignal { who });
        [why].into_iter().chain(signal).collect()
    }

    fn in_use(&self, error: &str) -> Saying {
        let wanted = self.call.address().or_else(|| self.socket?.bound);
        let Some(wanted) = wanted else {
            return failure!(self, error, CallInUse);
        };
        let own = self.socket.is_some_and(|it| it.reuses);
        let port = wanted.port();
        match self.known.holder(self.call, wanted) {
            Some(Holder::Listener) => failure!(self, error, CallInUseListener { port }),
            Some(Holder::Bound) => failure!(self, error, CallInUseBound { port }),
            Some(Holder::Connection(state, first)) => match (own, first) {
                (false, Some(true)) => failure!(self, error, CallInUseOwn { port, state }),
                (true, Some(false)) => failure!(self, error, CallInUseFirst { port, state }),
                (false, Some(false)) => failure!(self, error, CallInUseBoth { port, state }),
                _ => failure!(self, error, CallInUseState { port, state }),
            },
            None => failure!(self, error, CallInUse),
        }
    }

    fn not_available(&self, error: &str) -> Saying {
        if self.is(&["connect"]) {
            let own = self.socket.and_then(|it| it.bound);
            // Linux, __inet_check_established: the port is its own, so what is in use is the pair.
            return match own.is_some_and(|own| own.port() != 0) {
                true => failure!(self, error, CallPairInUse),
                false => failure!(self, error, CallNoSource),
            };
        }
        let who = self.call.host;
        let wanted = self.call.address().filter(|_| self.is(&["bind"]));
        let alike = |it: &&IpAddr| wanted.is_some_and(|wanted| it.is_ipv4() == wanted.is_ipv4());
        let own = self.known.addresses(who).iter().find(alike);
        let (Some(wanted), Some(own)) = (wanted, own) else {
            return failure!(self, error, CallFailed);
        };
        let (address, own) = (wanted.ip().to_string(), own.to_string());
        match self.known.addresses(who.other()).contains(&wanted.ip()) {
            true => failure!(self, error, CallNotOurs { address, own }),
            false => failure!(self, error, CallNobodys { address, own }),
        }
    }

    fn connected_already(&self, error: &str) -> Saying {
        match self.socket {
            Some(it) if it.listens => failure!(self, error, CallListenerConnects),
            _ => failure!(self, error, CallConnectedAlready),
        }
    }

    fn not_connected(&self, error: &str) -> Saying {
        let who = self.call.host;
        match self.socket {
            // Linux: inet_shutdown, inet_getname. Its TCP may be in TIME-WAIT; the socket has left it alone.
            Some(it) if it.shut_write && self.known.end(who, it).is_fin_alone() => {
                failure!(self, error, CallOver)
            }
            Some(it) if it.listens => failure!(self, error, CallListenerHasNone),
            Some(it) if it.transport == Some(Transport::Udp) => {
                failure!(self, error, CallUdpHasNoPeer)
            }
            Some(it) if !it.was_connected && it.opening => {
                match self.known.end(self.call.host, it).rst {
                    true => failure!(self, error, CallWasRefused),
                    false => failure!(self, error, CallOpening),
                }
            }
            Some(it) if it.was_refused && !it.was_connected => {
                failure!(self, error, CallWasRefused)
            }
            Some(it) if !it.was_connected => failure!(self, error, CallUnconnected),
            Some(it) if self.known.end(self.call.host, it).rst => {
                failure!(self, error, CallNoMore)
            }
            _ => failure!(self, error, CallNotConnected),
        }
    }

    fn invalid(&self, error: &str) -> Saying {
        // An address that is one is refused only where there is one already: its program's, or one that its TCP or
        // UDP has chosen.
        let known = self.socket.is_some_and(|it| it.transport.is_some());
        if known && self.is(&["bind"]) && self.names_an_address() && !self.names_no_address_of_one()
        {
            return failure!(self, error, CallBoundAlready);
        }
        let tcp = self
            .socket
            .filter(|it| it.transport == Some(Transport::Tcp));
        match tcp {
            Some(it) if self.is(&["accept"]) && it.was_shut => {
                failure!(self, error, CallListenerShut)
            }
            Some(it) if self.is(&["accept"]) && !it.listens => {
                failure!(self, error, CallNotListening)
            }
            Some(it) if self.is(&["listen"]) && it.was_connected => {
                failure!(self, error, CallListensConnected)
            }
            _ => failure!(self, error, CallInvalid),
        }
    }

    fn returned(&self, value: &str) -> Option<Saying> {
        let (who, name) = (self.call.host, self.call.name.clone());
        let end = self.socket.map(|it| self.known.end(who, it));
        let end = end.unwrap_or_default();
        match self.call.name.as_str() {
            "recv" | "read" | "recvfrom" if is_nothing(value) => Some(match self.socket {
                _ if self.asks_for_nothing() => Saying::CallNothingAsked { who, name },
                // What had come before is returned first (udp(7)): nothing has.
                Some(it) if it.transport == Some(Transport::Udp) && it.shut_read => {
                    Saying::CallShutReadUdp { who, name }
                }
                Some(it) if it.transport == Some(Transport::Udp) => {
                    Saying::CallEmptyDatagram { who, name }
                }
                // Linux looks for the FIN first (`SOCK_DONE`), and for an error after that.
                Some(_) if end.rst && end.fin_first => Saying::CallEndedBeforeReset { who, name },
                Some(_) if end.rst => Saying::CallEndedByReset { who, name },
                Some(_) if end.fin => Saying::CallEnded { who, name },
                Some(it) if it.shut_read => Saying::CallShutRead { who, name },
                _ => Saying::CallEndedSomehow { who, name },
            }),
            "connect_ex" => {
                let error = errno::name(value)?.to_owned();
                let number = value.to_owned();
                Some(match error.as_str() {
                    "EINPROGRESS" => Saying::CallNumberBegun { who, number, error },
                    _ => Saying::CallNumber { who, number, error },
                })
            }
            "getsockopt" if self.call.args.first().is_some_and(|arg| arg == "SO_ERROR") => {
                // strace knows the name already.
                let named = value.starts_with('E').then_some(value);
                let error = named.or_else(|| errno::name(value))?.to_owned();
                let python = errno::python(&error);
                Some(Saying::CallPending { who, error, python })
            }
            // Behind a RST, and after shutdown(), no FIN is to come.
            "close" if !end.rst && self.socket.is_some_and(|it| it.has_file && !it.shut_write) => {
                Some(Saying::CallFileOpen { who })
            }
            _ => None,
        }
    }

    fn asks_for_nothing(&self) -> bool {
        self.call.args.first().is_some_and(|size| size == "0")
    }
}

/// Whether this is Python, by name or path.
fn is_python(program: &str) -> bool {
    program
        .rsplit('/')
        .next()
        .is_some_and(|name| name.starts_with("python"))
}

/// `0`, or a language's way to write no bytes.
fn is_nothing(answer: &str) -> bool {
    let value = answer.split([' ', ',']).next().unwrap_or_default();
    matches!(value, "0" | "b''" | "\"\"" | "b\"\"")
}
