//! What the log tells of the hosts, so that the user need not type it again: open sockets, the one
//! last used, packets that are held, calls that wait.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use lineman_trace::log::Answer;
use lineman_trace::log::Call;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Verdict;

use super::complaint::Complaint;
use super::notation::Names;

/// What is known.
#[derive(Debug)]
pub struct Known {
    /// Whose calls are made where no host is named.
    pub host: Host,
    sockets: BTreeMap<(Host, i32), Socket>,
    held: BTreeSet<u64>,
    /// Addresses that hosts have bound: they are worth connecting to.
    addresses: BTreeSet<String>,
    uses: u64,
    /// What a person has called them.
    pub(super) names: Names,
}

/// An open socket.
#[derive(Clone, Debug, Default)]
pub struct Socket {
    /// Whether connections come to it.
    pub listens: bool,
    /// Whether it is one of UDP.
    pub is_datagram: bool,
    /// The address that a program has given it.
    pub bound: Option<String>,
    used: u64,
    /// Whether a file is open over it, with which it ends.
    has_file: bool,
    is_closed: bool,
}

impl Known {
    /// Nothing has happened.
    pub fn new() -> Self {
        Self {
            host: Host::Server,
            sockets: BTreeMap::new(),
            held: BTreeSet::new(),
            addresses: BTreeSet::new(),
            uses: 0,
            names: Names::default(),
        }
    }

    /// Takes an event down.
    pub fn hear(&mut self, event: &Event) {
        match &event.kind {
            Kind::Call(call) => self.call(call),
            Kind::Packet(packet) => match packet.verdict {
                Verdict::Held => drop(self.held.insert(packet.id)),
                Verdict::Delivered | Verdict::Dropped => drop(self.held.remove(&packet.id)),
                _ => {}
            },
            _ => {}
        }
    }

    fn call(&mut self, call: &Call) {
        self.names.hear(call);
        let Some(Answer::Value(value)) = &call.answer else {
            return;
        };
        let made = || value.split(',').next()?.parse().ok();
        match (call.name.as_str(), call.fd) {
            ("socket", _) | ("accept", Some(_)) => {
                if let Some(fd) = made() {
                    self.touch(call.host, fd);
                    let is_datagram = call.args.iter().any(|it| it.contains("DGRAM"));
                    if let Some(socket) = self.sockets.get_mut(&(call.host, fd)) {
                        socket.is_datagram = is_datagram;
                    }
                }
            }
            (_, Some(fd)) if ENDING.contains(&call.name.as_str()) => {
                self.ends(call.host, fd, &call.name);
            }
            ("listen" | "makefile", Some(fd)) => {
                if let Some(socket) = self.sockets.get_mut(&(call.host, fd)) {
                    socket.listens |= call.name == "listen";
                    socket.has_file |= call.name == "makefile";
                }
            }
            ("bind", Some(fd)) => {
                self.addresses.extend(call.args.first().cloned());
                if let Some(socket) = self.sockets.get_mut(&(call.host, fd)) {
                    socket.bound = call.args.first().cloned();
                }
            }
            _ => {}
        }
    }

    /// A socket or its file was closed; it ends with the last of them.
    fn ends(&mut self, host: Host, fd: i32, call: &str) {
        let Some(socket) = self.sockets.get_mut(&(host, fd)) else {
            return;
        };
        match call {
            "close" => socket.is_closed = true,
            _ => socket.has_file = false,
        }
        if socket.is_closed && !socket.has_file {
            self.sockets.remove(&(host, fd));
        }
    }

    fn touch(&mut self, host: Host, fd: i32) {
        self.uses += 1;
        self.sockets.entry((host, fd)).or_default().used = self.uses;
    }

    /// The socket that a call is about: the one that was named, else the one last made or used, of
    /// those for which the call makes sense.
    pub fn socket(&mut self, host: Host, call: &str, named: Option<i32>) -> Result<i32, Complaint> {
        if let Some(fd) = named {
            // One that is not open is asked for all the same: EBADF is a lesson.
            if self.sockets.contains_key(&(host, fd)) {
                self.touch(host, fd);
            }
            return Ok(fd);
        }
        let fits = |socket: &Socket| match call {
            "accept" => socket.listens,
            "recv" | "send" | "sendall" | "readline" | "write" | "flush" | "makefile"
            | "getpeername" | "shutdown" => !socket.listens,
            _ => true,
        };
        let mine = || self.sockets.iter().filter(|((whose, _), _)| *whose == host);
        let last = mine()
            .filter(|(_, socket)| fits(socket))
            .max_by_key(|(_, socket)| socket.used)
            .or_else(|| mine().max_by_key(|(_, socket)| socket.used));
        let fd = last.map(|((_, fd), _)| *fd).ok_or(Complaint::NoSocket)?;
        self.touch(host, fd);
        Ok(fd)
    }

    /// The packet that was named, else the one that has been held for longest.
    pub fn held(&self, named: Option<u64>) -> Result<u64, Complaint> {
        match named {
            Some(id) => self.held.get(&id),
            None => self.held.first(),
        }
        .copied()
        .ok_or(Complaint::NothingHeld)
    }

    /// The descriptors of a host.
    pub fn descriptors(&self, host: Host) -> Vec<i32> {
        let mine = self.sockets.keys().filter(|(whose, _)| *whose == host);
        mine.map(|(_, fd)| *fd).collect()
    }

    /// The open sockets of a host, by descriptor.
    pub fn sockets(&self, host: Host) -> impl Iterator<Item = (i32, &Socket)> {
        let mine = self
            .sockets
            .iter()
            .filter(move |((whose, _), _)| *whose == host);
        mine.map(|((_, fd), socket)| (*fd, socket))
    }

    /// Addresses that were bound.
    pub fn addresses(&self) -> impl Iterator<Item = &String> {
        self.addresses.iter()
    }
}

/// Calls after which a socket may be no more.
const ENDING: [&str; 2] = ["close", "file.close"];
