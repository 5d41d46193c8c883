//! How programs' waits for datagrams have ended: whether what they send next is an answer, or the end of their patience.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::log::Answer;
use crate::log::Call;
use crate::log::Host;

/// So many sockets and peers are remembered: a transfer has two.
const MEMORY: usize = 1024;

/// How a wait for a datagram has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// By a time-out of the program.
    TimedOut,
    /// Something was received.
    Received,
}

/// How a wait has ended, and when, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) wait: Wait,
    pub(super) at_ns: u64,
}

/// How the waits on sockets have ended.
#[derive(Debug, Default)]
pub(super) struct Waits {
    /// The last on each socket.
    last: HashMap<(Host, i32), Ended>,
    /// The last before a program sent something to a peer.
    before: HashMap<(Host, SocketAddr), Option<Ended>>,
    /// When a program has last received something at a port, in nanoseconds.
    received_ns: HashMap<(Host, u16), u64>,
}

impl Waits {
    /// A call begins, on a socket that is connected with `peer`, if it is.
    pub(super) fn begins(&mut self, call: &Call, peer: Option<SocketAddr>) {
        let sends = matches!(call.name.as_str(), "send" | "sendto" | "sendmsg" | "write");
        let Some(fd) = call.fd.filter(|_| sends) else {
            return;
        };
        let named = call.args.iter().rev().find_map(|arg| arg.parse().ok());
        let Some(to) = named.or(peer) else { return };
        if self.before.len() >= MEMORY {
            self.before.clear();
        }
        let last = self.last.get(&(call.host, fd)).copied();
        self.before.insert((call.host, to), last);
    }

    /// A call has returned, on a socket that has this port, if that is known.
    pub(super) fn returns(&mut self, call: &Call, port: Option<u16>, now_ns: u64) {
        let Some(answer) = &call.answer else { return };
        let gets = ["recv", "recvfrom", "recvmsg", "recvmmsg", "read"];
        if let (Some(port), Answer::Value(_)) = (port, answer)
            && gets.contains(&call.name.as_str())
        {
            if self.received_ns.len() >= MEMORY {
                self.received_ns.clear();
            }
            self.received_ns.insert((call.host, port), now_ns);
        }
        match (call.name.as_str(), call.fd, answer) {
            ("recv" | "recvfrom" | "recvmsg" | "read", Some(fd), answer) => {
                let wait = match answer {
                    Answer::Value(_) => Wait::Received,
                    Answer::Error(error) if error == "TimeoutError" => Wait::TimedOut,
                    Answer::Error(_) => return,
                };
                if self.last.len() >= MEMORY {
                    self.last.clear();
                }
                let at_ns = now_ns;
                self.last.insert((call.host, fd), Ended { wait, at_ns });
            }
            // Whatever it waited for, nothing came of it.
            ("select" | "pselect" | "poll" | "ppoll" | "epoll_wait", _, Answer::Value(value))
                if is_none(value) =>
            {
                let waits = self
                    .last
                    .iter_mut()
                    .filter(|((host, _), _)| *host == call.host);
                let (wait, at_ns) = (Wait::TimedOut, now_ns);
                waits.for_each(|(_, last)| *last = Ended { wait, at_ns });
            }
            ("close", Some(fd), _) => {
                self.last.remove(&(call.host, fd));
            }
            _ => {}
        }
    }

    /// When a program has last received something at a port, in nanoseconds.
    pub(super) fn received_ns(&self, host: Host, port: u16) -> Option<u64> {
        self.received_ns.get(&(host, port)).copied()
    }

    /// How the last wait has ended before a program of a host sent something to this address; `None` where no call tells.
    pub(super) fn before(&self, host: Host, to: SocketAddr) -> Option<Ended> {
        self.before.get(&(host, to)).copied().flatten()
    }
}

/// Whether as many as a call tells are none: strace adds "(Timeout)".
fn is_none(ready: &str) -> bool {
    ready.split(' ').next() == Some("0")
}
