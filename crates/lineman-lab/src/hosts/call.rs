//! The socket calls of the textbook's table, as values.

use std::net::SocketAddr;
use std::time::Duration;

use lineman_proto::text::quoted;
use lineman_trace::log::Answer;
use serde::Deserialize;
use serde::Serialize;

use super::Flag;
use super::Outcome;
use super::SocketOption;
use super::flag;

/// A call on a host's socket. Descriptors are those of the host's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case", deny_unknown_fields)]
#[allow(
    missing_docs,
    reason = "the names are those of the calls and their arguments"
)]
pub enum Call {
    Socket {
        family: Family,
        transport: Transport,
    },
    Bind {
        fd: i32,
        address: SocketAddr,
    },
    Listen {
        fd: i32,
        backlog: i32,
    },
    Accept {
        fd: i32,
    },
    Connect {
        fd: i32,
        address: SocketAddr,
    },
    /// Returns the number of the error in place of failing.
    ConnectEx {
        fd: i32,
        address: SocketAddr,
    },
    /// `Send`, `Sendall`, `Sendto`, `Recv` or `Recvfrom` with flags; no other call has any.
    Flagged {
        flags: Vec<Flag>,
        of: Box<Self>,
    },
    Send {
        fd: i32,
        data: Vec<u8>,
    },
    /// Sends until all is sent.
    Sendall {
        fd: i32,
        data: Vec<u8>,
    },
    Sendto {
        fd: i32,
        data: Vec<u8>,
        address: SocketAddr,
    },
    Recv {
        fd: i32,
        size: u32,
    },
    Recvfrom {
        fd: i32,
        size: u32,
    },
    Shutdown {
        fd: i32,
        direction: Direction,
    },
    Close {
        fd: i32,
    },
    Getpeername {
        fd: i32,
    },
    Getsockname {
        fd: i32,
    },
    Setsockopt {
        fd: i32,
        option: SocketOption,
        value: i32,
    },
    Getsockopt {
        fd: i32,
        option: SocketOption,
    },
    /// The option as the kernel has it, so many bytes of it at most.
    GetsockoptBytes {
        fd: i32,
        option: SocketOption,
        buflen: u32,
    },
    /// Waits until one of these sockets is ready; `None` waits for ever.
    Select {
        read: Vec<i32>,
        write: Vec<i32>,
        timeout: Option<Duration>,
    },
    /// Likewise; tells what has happened to each.
    Poll {
        read: Vec<i32>,
        write: Vec<i32>,
        timeout: Option<Duration>,
    },
    /// `None` waits for ever; zero does not wait. As in Python, the call waits and not the kernel.
    Settimeout {
        fd: i32,
        timeout: Option<Duration>,
    },
    Gettimeout {
        fd: i32,
    },
    Setblocking {
        fd: i32,
        blocking: bool,
    },
    Fileno {
        fd: i32,
    },
    /// A buffered file over the socket; the calls below are about it. As in Python, the socket is closed
    /// when the file is, too.
    Makefile {
        fd: i32,
    },
    Readline {
        fd: i32,
    },
    Write {
        fd: i32,
        data: Vec<u8>,
    },
    Flush {
        fd: i32,
    },
    /// Closes the file, and the socket with it if that was to be closed.
    CloseFile {
        fd: i32,
    },
}

/// The family of a socket's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// `AF_INET`.
    Inet,
    /// `AF_INET6`.
    Inet6,
}

/// What carries a socket's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// `SOCK_STREAM`: TCP.
    Stream,
    /// `SOCK_DGRAM`: UDP.
    Datagram,
}

/// Which direction of a connection is shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// `SHUT_RD`.
    Read,
    /// `SHUT_WR`.
    Write,
    /// `SHUT_RDWR`.
    Both,
}

impl Call {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Socket { .. } => "socket",
            Self::Bind { .. } => "bind",
            Self::Listen { .. } => "listen",
            Self::Accept { .. } => "accept",
            Self::Connect { .. } => "connect",
            Self::ConnectEx { .. } => "connect_ex",
            Self::Flagged { of, .. } => of.name(),
            Self::Send { .. } => "send",
            Self::Sendall { .. } => "sendall",
            Self::Sendto { .. } => "sendto",
            Self::Recv { .. } => "recv",
            Self::Recvfrom { .. } => "recvfrom",
            Self::Shutdown { .. } => "shutdown",
            Self::Close { .. } => "close",
            Self::Getpeername { .. } => "getpeername",
            Self::Getsockname { .. } => "getsockname",
            Self::Setsockopt { .. } => "setsockopt",
            Self::Getsockopt { .. } | Self::GetsockoptBytes { .. } => "getsockopt",
            Self::Select { .. } => "select",
            Self::Poll { .. } => "poll",
            Self::Settimeout { .. } => "settimeout",
            Self::Gettimeout { .. } => "gettimeout",
            Self::Setblocking { .. } => "setblocking",
            Self::Fileno { .. } => "fileno",
            Self::Makefile { .. } => "makefile",
            Self::Readline { .. } => "readline",
            Self::Write { .. } => "write",
            Self::Flush { .. } => "flush",
            Self::CloseFile { .. } => "file.close",
        }
    }

    /// What it returns where that came of it, as the log has it: what only Python has returns `None` where it is done, not C's 0.
    pub fn answer(&self, outcome: &Outcome) -> Answer {
        let is_of_python = matches!(
            self.plain(),
            Self::Sendall { .. }
                | Self::Settimeout { .. }
                | Self::Setblocking { .. }
                | Self::Flush { .. }
                | Self::CloseFile { .. }
        );
        match outcome {
            Outcome::Done if is_of_python => Answer::Value("None".to_owned()),
            outcome => outcome.answer(),
        }
    }

    /// The call without its flags.
    pub fn plain(&self) -> &Self {
        match self {
            Self::Flagged { of, .. } => of.plain(),
            call => call,
        }
    }

    /// Its flags.
    pub fn flags(&self) -> &[Flag] {
        match self {
            Self::Flagged { flags, .. } => flags,
            _ => &[],
        }
    }

    /// The descriptor that it is about.
    pub fn fd(&self) -> Option<i32> {
        match self {
            Self::Socket { .. } | Self::Select { .. } | Self::Poll { .. } => None,
            Self::Flagged { of, .. } => of.fd(),
            Self::Bind { fd, .. }
            | Self::Listen { fd, .. }
            | Self::Accept { fd }
            | Self::Connect { fd, .. }
            | Self::ConnectEx { fd, .. }
            | Self::Send { fd, .. }
            | Self::Sendall { fd, .. }
            | Self::Sendto { fd, .. }
            | Self::Recv { fd, .. }
            | Self::Recvfrom { fd, .. }
            | Self::Shutdown { fd, .. }
            | Self::Close { fd }
            | Self::Getpeername { fd }
            | Self::Getsockname { fd }
            | Self::Setsockopt { fd, .. }
            | Self::Getsockopt { fd, .. }
            | Self::GetsockoptBytes { fd, .. }
            | Self::Settimeout { fd, .. }
            | Self::Gettimeout { fd }
            | Self::Setblocking { fd, .. }
            | Self::Fileno { fd }
            | Self::Makefile { fd }
            | Self::Readline { fd }
            | Self::Write { fd, .. }
            | Self::Flush { fd }
            | Self::CloseFile { fd } => Some(*fd),
        }
    }

    /// Its arguments as a programmer writes them, without the descriptor.
    pub fn args(&self) -> Vec<String> {
        match self {
            Self::Socket { family, transport } => {
                vec![family.name().to_owned(), transport.name().to_owned()]
            }
            Self::Bind { address, .. }
            | Self::Connect { address, .. }
            | Self::ConnectEx { address, .. } => vec![address.to_string()],
            Self::Flagged { flags, of } => with_flags(of, flags),
            Self::Listen { backlog, .. } => vec![backlog.to_string()],
            Self::Send { data, .. } | Self::Sendall { data, .. } | Self::Write { data, .. } => {
                vec![shown(data)]
            }
            Self::Sendto { data, address, .. } => vec![shown(data), address.to_string()],
            Self::Recv { size, .. } | Self::Recvfrom { size, .. } => vec![size.to_string()],
            Self::Shutdown { direction, .. } => vec![direction.name().to_owned()],
            Self::Setsockopt { option, value, .. } => {
                vec![option.name().to_owned(), option.shown(*value)]
            }
            Self::Getsockopt { option, .. } => vec![option.name().to_owned()],
            Self::GetsockoptBytes { option, buflen, .. } => {
                vec![option.name().to_owned(), buflen.to_string()]
            }
            Self::Select {
                read,
                write,
                timeout,
            } => selected(read, write, *timeout),
            Self::Poll {
                read,
                write,
                timeout,
            } => {
                let all = polled(read, write);
                let all: Vec<String> = all.into_iter().map(events).collect();
                let millis = timeout.map(|timeout| timeout.as_millis().to_string());
                let millis = millis.unwrap_or_else(|| "None".to_owned());
                vec![format!("[{}]", all.join(", ")), millis]
            }
            Self::Settimeout { timeout, .. } => vec![seconds(*timeout)],
            Self::Setblocking { blocking, .. } => vec![blocking.to_string()],
            _ => Vec::new(),
        }
    }
}

/// The arguments of a call with its flags, which stand before an address.
fn with_flags(call: &Call, flags: &[Flag]) -> Vec<String> {
    let mut args = call.args();
    if !flags.is_empty() {
        args.insert(args.len().min(1), flag::names(flags));
    }
    args
}

/// As Python has it: what is to be readable, writable, and in an exceptional condition.
fn selected(read: &[i32], write: &[i32], timeout: Option<Duration>) -> Vec<String> {
    let mut args = vec![list(read), list(write), list(&[])];
    args.extend(timeout.map(|timeout| seconds(Some(timeout))));
    args
}

/// `[3, 4]`
pub(super) fn list(fds: &[i32]) -> String {
    let fds: Vec<String> = fds.iter().map(ToString::to_string).collect();
    format!("[{}]", fds.join(", "))
}

/// Each socket once, and whether it is to be readable and writable.
pub(crate) fn polled(read: &[i32], write: &[i32]) -> Vec<(i32, bool, bool)> {
    let mut all: Vec<(i32, bool, bool)> = Vec::new();
    for fd in read.iter().chain(write) {
        if !all.iter().any(|(known, ..)| known == fd) {
            all.push((*fd, read.contains(fd), write.contains(fd)));
        }
    }
    all
}

fn events((fd, read, write): (i32, bool, bool)) -> String {
    let names = match (read, write) {
        (true, true) => "POLLIN|POLLOUT",
        (true, false) => "POLLIN",
        _ => "POLLOUT",
    };
    format!("{fd}: {names}")
}

/// Bytes in quotes; of many the first, as in strace: the packets have them all.
pub(super) fn shown(data: &[u8]) -> String {
    match data.get(..SHOWN) {
        Some(first) if data.len() > SHOWN => format!("{}…", quoted(first)),
        _ => quoted(data),
    }
}

/// A time-out as a programmer writes it.
pub(super) fn seconds(timeout: Option<Duration>) -> String {
    timeout.map_or_else(
        || "None".to_owned(),
        |timeout| timeout.as_secs_f64().to_string(),
    )
}

/// How many bytes of an argument are shown: as many as strace shows, and a column has room for.
const SHOWN: usize = 32;

impl Family {
    fn name(self) -> &'static str {
        match self {
            Self::Inet => "AF_INET",
            Self::Inet6 => "AF_INET6",
        }
    }
}

impl Transport {
    fn name(self) -> &'static str {
        match self {
            Self::Stream => "SOCK_STREAM",
            Self::Datagram => "SOCK_DGRAM",
        }
    }
}

impl Direction {
    fn name(self) -> &'static str {
        match self {
            Self::Read => "SHUT_RD",
            Self::Write => "SHUT_WR",
            Self::Both => "SHUT_RDWR",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "sendall() = 0", "setblocking(3, false) = 0": the names are Python's, and the answer was C's.
    #[test]
    fn what_only_python_has_returned_the_zero_of_c() {
        let data = Vec::new();
        let answers = |call: Call| call.answer(&Outcome::Done);
        let python = [
            Call::Sendall { fd: 3, data },
            Call::Settimeout {
                fd: 3,
                timeout: None,
            },
            Call::Setblocking {
                fd: 3,
                blocking: false,
            },
            Call::Flush { fd: 3 },
            Call::CloseFile { fd: 3 },
        ];
        for call in python {
            assert_eq!(answers(call), Answer::Value("None".to_owned()));
        }
        assert_eq!(
            answers(Call::Close { fd: 3 }),
            Answer::Value("0".to_owned())
        );
    }
}
