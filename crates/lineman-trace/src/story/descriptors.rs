//! What is known of each open socket by the calls on it: what explains the answer of the next.
//!
//! A descriptor is a number that its program has given to a socket. Calls of other programs are told
//! without the process that made them, and after a fork two processes have the same number for different
//! sockets. Where that shows, nothing more is claimed of this program's sockets.

mod asks;
mod udp;

pub(super) use udp::Sender;

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;

use lineman_proto::wire::Flags;
use lineman_proto::wire::flow::Segment;

use super::Ends;
use super::Saying;
use super::call_answers::of_answer;
use super::change::Socket;
use super::descriptor::Descriptor;
use super::descriptor::Transport;
use super::descriptor::Wait;
use super::sending::is_dissolving;
use crate::log::Answer;
use crate::log::Call;
use crate::log::Endpoints;
use crate::log::Host;
use crate::log::Start;
use crate::log::State;
use crate::log::TcpState;

/// The program that a descriptor belongs to; `None` is the lab's own host.
type Owner = (Host, Option<String>);

/// The sockets of both hosts, as of the last event.
#[derive(Debug, Default)]
pub(super) struct Descriptors {
    open: HashMap<(Owner, i32), Descriptor>,
    /// Descriptors that were open and are closed.
    closed: HashSet<(Owner, i32)>,
    /// What was known of the last sockets of UDP that were closed: what they have sent may still be on its way.
    gone: VecDeque<(Host, Descriptor)>,
    /// Between which ends a lab has sent datagrams itself.
    forged: HashSet<(SocketAddr, SocketAddr)>,
    /// Programs whose descriptors are numbers of several processes.
    ambiguous: HashSet<Owner>,
    /// Hosts that have made a call on a socket which no call has made: by dup(), or of another process.
    unmade: HashSet<Host>,
    /// What has arrived for each connection that ends it.
    ends: HashMap<(Host, Endpoints), End>,
    /// The connections that a host's TCP still knows, of all its programs.
    states: HashMap<(Host, Endpoints), TcpState>,
    /// Listeners and connections of which a descriptor was closed since their TCP has told of them: another process may have one still.
    let_go: HashSet<(Host, Endpoints)>,
    /// Whether the last socket that was bound to a port had SO_REUSEADDR.
    reused: HashMap<(Host, u16), bool>,
    addresses: Ends<Vec<IpAddr>>,
    /// Programs of which a tracer tells what their sockets are connected to. Older logs do not have that.
    traced: HashSet<Owner>,
}

/// How many closed sockets are remembered, and between how many ends a lab's own datagrams: more than a lesson has; a log that
/// names ever new ones must not fill the memory.
const GONE: usize = 256;

/// What there is to say of a call's answer.
#[derive(Debug, Default)]
pub(super) struct Answered {
    said: Vec<Saying>,
    /// The call and what was known of its socket, if a packet that is told after it may explain the answer.
    unexplained: Option<(Call, Descriptor)>,
}

impl Answered {
    /// The same, and something else that there is to say.
    pub(super) fn with(mut self, more: Option<Saying>) -> Self {
        self.said.extend(more);
        self
    }

    /// Whether there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.said.is_empty()
    }
}

/// Whether a FIN or RST would have explained an answer, and none was known.
fn is_unexplained(saying: &Saying) -> bool {
    use Saying::{CallEndedSomehow, CallNotConnected, CallPipe};
    matches!(
        saying,
        CallEndedSomehow { .. } | CallNotConnected { .. } | CallPipe { .. }
    )
}

/// How a connection has ended, by what has arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct End {
    pub(super) fin: bool,
    pub(super) rst: bool,
    /// Whether the FIN came first.
    pub(super) fin_first: bool,
}

impl End {
    /// Whether the peer has finished, and was not reset.
    pub(super) fn is_fin_alone(self) -> bool {
        self.fin && !self.rst
    }
}

/// Who has a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// A socket that listens.
    Listener,
    /// A socket that is bound to it.
    Bound,
    /// A connection in this state, and whether its socket had SO_REUSEADDR, where that was seen.
    Connection(TcpState, Option<bool>),
}

impl Descriptors {
    /// The log begins, which names the addresses of a lab's hosts.
    pub(super) fn start(&mut self, start: &Start) {
        for host in [Host::Client, Host::Server] {
            let machine = start.machine(host);
            self.addresses[host] = machine.map_or_else(Vec::new, |it| it.addresses.clone());
        }
    }

    /// The addresses of a host.
    pub(super) fn addresses(&self, host: Host) -> &[IpAddr] {
        &self.addresses[host]
    }

    /// A socket has changed its state.
    pub(super) fn state(&mut self, state: &State) {
        let key = (state.host, state.socket);
        self.find_local(state);
        if state.to == TcpState::Established {
            let ends = |it: &&mut Descriptor| {
                it.local == Some(state.socket.local) && it.peer == state.socket.remote
            };
            let mine = self.open.iter_mut();
            let mine = mine.filter(|(((host, _), _), _)| *host == state.host);
            let opened = mine.map(|(_, socket)| socket).filter(ends);
            opened.for_each(|socket| socket.was_connected = true);
        }
        use TcpState::{Closed, Listen, SynReceived, SynSent};
        if matches!(state.to, Closed | Listen | SynSent | SynReceived) {
            self.let_go.remove(&key);
        }
        match state.to {
            Closed => drop(self.states.remove(&key)),
            to => drop(self.states.insert(key, to)),
        }
    }

    /// Whether its TCP has told last that a socket is in this state.
    pub(super) fn is_in(&self, socket: Socket, state: TcpState) -> bool {
        self.states.get(&(socket.host, socket.ends)) == Some(&state)
    }

    /// Whether a TCP has told of a listener of a host that takes what is for this address.
    pub(super) fn listens(&self, host: Host, local: SocketAddr) -> bool {
        let any = match local {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let at = |ip| Endpoints {
            local: SocketAddr::new(ip, local.port()),
            remote: None,
        };
        let all = [local.ip(), any, Ipv6Addr::UNSPECIFIED.into()];
        all.into_iter()
            .any(|ip| self.states.get(&(host, at(ip))) == Some(&TcpState::Listen))
    }

    /// A segment has arrived undamaged.
    pub(super) fn delivered(&mut self, to: Host, segment: &Segment) {
        let socket = Endpoints {
            local: segment.to,
            remote: Some(segment.from),
        };
        let end = self.ends.entry((to, socket)).or_default();
        if segment.has(Flags::SYN) {
            *end = End::default();
        }
        end.fin_first |= segment.has(Flags::FIN) && !end.rst;
        end.fin |= segment.has(Flags::FIN);
        end.rst |= segment.has(Flags::RST);
    }

    /// Whether the connection of a call would have been told with it.
    pub(super) fn has_ends_told(&self, call: &Call) -> bool {
        call.program.is_some() && self.traced.contains(&owner(call))
    }

    /// What is known of a call's socket; `None` where nothing is.
    pub(super) fn of(&self, call: &Call) -> Option<&Descriptor> {
        let owner = owner(call);
        let known = !self.ambiguous.contains(&owner);
        self.open.get(&(owner, call.fd?)).filter(|_| known)
    }

    /// The ends of the connection that a call is about, as far as they are known.
    pub(super) fn ends(&self, call: &Call) -> Option<Endpoints> {
        call.ends().or_else(|| self.of(call)?.ends())
    }

    /// The same when it has returned: of accept(), those of the new connection.
    pub(super) fn returned_ends(&self, call: &Call) -> Option<Endpoints> {
        let (Some(Answer::Value(value)), "accept") = (&call.answer, call.name.as_str()) else {
            return self.ends(call);
        };
        let made = Call {
            fd: value
                .split(',')
                .next()
                .and_then(|fd| fd.trim().parse().ok()),
            ..call.clone()
        };
        self.ends(&made)
    }

    /// How its connection has ended, by what has arrived.
    pub(super) fn end(&self, host: Host, socket: &Descriptor) -> End {
        let Some(peer) = socket.peer else {
            return End::default();
        };
        let its = |local: SocketAddr| socket.local.is_none_or(|own| own == local);
        let mut ends = self.ends.iter().filter(|((whose, ends), _)| {
            *whose == host && ends.remote == Some(peer) && its(ends.local)
        });
        // Of several nobody has seen which is its own.
        match (ends.next(), ends.next()) {
            (Some((_, end)), None) => *end,
            _ => End::default(),
        }
    }

    /// Whether a RST has arrived for a connection of a host.
    pub(super) fn is_reset(&self, host: Host, ends: Endpoints) -> bool {
        self.ends.get(&(host, ends)).is_some_and(|it| it.rst)
    }

    /// Whether the program of a host has a connection still, and has shut down receiving.
    pub(super) fn receives_no_more(&self, host: Host, ends: Endpoints) -> bool {
        let mut open = self.open.iter();
        open.any(|(((whose, _), _), it)| {
            let its = it.peer == ends.remote && it.local.is_none_or(|own| own == ends.local);
            *whose == host && its && it.shut_read && !it.is_closed
        })
    }

    /// Whether a listener of a host at this address takes connections in only with their first data.
    pub(super) fn defers(&self, host: Host, local: SocketAddr) -> bool {
        let mut open = self.open.iter();
        open.any(|(((whose, _), _), it)| {
            let bound = it.bound.filter(|at| at.port() == local.port());
            let here = bound.is_some_and(|at| at.ip().is_unspecified() || at.ip() == local.ip());
            *whose == host && it.listens && it.defers && here
        })
    }

    /// Whether a program of a host has shut a listener down.
    pub(super) fn has_shut_listener(&self, host: Host) -> bool {
        let mut open = self.open.iter();
        open.any(|(((whose, _), _), it)| *whose == host && it.was_shut)
    }

    /// Whether a socket of a host asks this end for a connection, and no call waits for the answer.
    pub(super) fn is_opening(&self, host: Host, peer: SocketAddr) -> bool {
        let mut open = self.open.iter();
        open.any(|(((whose, _), _), it)| {
            *whose == host && it.peer == Some(peer) && it.opening && !it.was_connected
        })
    }

    /// Whether the descriptor of a call is closed, and no file has it, either.
    pub(super) fn is_closed(&self, call: &Call) -> bool {
        call.fd
            .is_some_and(|fd| self.closed.contains(&(owner(call), fd)))
    }

    /// A call begins.
    pub(super) fn begins(&mut self, call: &Call) {
        self.note_unmade(call);
        self.asks(call);
        self.sends(call);
    }

    /// Notes that there are sockets of which nothing is known.
    fn note_unmade(&mut self, call: &Call) {
        if call.fd.is_some() && !is_closing(call) && !is_of_epoll(call) && !self.knows(call) {
            self.unmade.insert(call.host);
        }
    }

    /// Whether descriptors of a host's program are numbers of several processes.
    pub(super) fn is_ambiguous(&self, host: Host) -> bool {
        let mut ambiguous = self.ambiguous.iter();
        ambiguous.any(|(whose, _)| *whose == host) || self.unmade.contains(&host)
    }

    /// Who has a port that a call wants.
    pub(super) fn holder(&self, call: &Call, address: SocketAddr) -> Option<Holder> {
        let (host, port) = (call.host, address.port());
        let transport = self.of(call)?.transport;
        let clash = |other: SocketAddr| {
            let anywhere = other.ip().is_unspecified() || address.ip().is_unspecified();
            other.port() == port && (anywhere || other.ip() == address.ip())
        };
        let own = (owner(call), call.fd?);
        let others = self.open.iter().filter(|(key, _)| {
            let ((whose, _), _) = key;
            *whose == host && **key != own
        });
        let mut bound = others
            .map(|(_, other)| other)
            .filter(|other| other.transport == transport && other.bound.is_some_and(clash));
        if bound.clone().any(|other| other.listens) {
            return Some(Holder::Listener);
        }
        if bound.any(|other| other.peer.is_none()) {
            return Some(Holder::Bound);
        }
        if transport != Some(Transport::Tcp) {
            return None;
        }
        let states = self.states.iter();
        let mut clashing =
            states.filter(|((whose, socket), _)| *whose == host && clash(socket.local));
        let listeners = clashing.clone().filter(|(_, it)| **it == TcpState::Listen);
        let mut let_go = listeners.map(|(key, _)| self.let_go.contains(key));
        match (let_go.clone().any(|it| !it), let_go.next()) {
            (true, _) => Some(Holder::Listener),
            // Whether it listens still, or only what it has accepted is there, its kernel has not told.
            (false, Some(_)) => None,
            (false, None) => {
                let (_, state) = clashing.next()?;
                let reused = self.reused.get(&(host, port)).copied();
                Some(Holder::Connection(*state, reused))
            }
        }
    }

    /// The listener that a call has made, and whether it takes nothing of IPv4.
    pub(super) fn listener(&self, call: &Call) -> Option<(Socket, bool)> {
        let listens = call.name == "listen" && matches!(call.answer, Some(Answer::Value(_)));
        let socket = self.of(call).filter(|_| listens)?;
        let (host, local) = (call.host, socket.bound?);
        let remote = None;
        let ends = Endpoints { local, remote };
        Some((Socket { host, ends }, socket.v6_only))
    }

    /// Whether a listen() has succeeded on a socket to which its program has given no address: then its TCP has.
    pub(super) fn chooses_port(&self, call: &Call) -> bool {
        let listens = call.name == "listen" && matches!(call.answer, Some(Answer::Value(_)));
        let socket = self.of(call).filter(|_| listens);
        socket.is_some_and(|it| it.bound.is_none() && !it.listens && it.transport.is_some())
    }

    /// Whether a call that has returned did not wait, whatever it is for: it, or its socket, says so, or its answer.
    pub(super) fn is_nonblocking(&self, call: &Call) -> bool {
        let name = call.name.as_str();
        let transfers = ["send", "recv", "read", "write", "accept", "connect"];
        if !transfers.iter().any(|it| name.starts_with(it)) {
            return false;
        }
        let socket = self.of(call);
        let flags = call.args.iter().flat_map(|arg| arg.split('|'));
        let asks = flags.into_iter().any(|flag| flag == "MSG_DONTWAIT");
        let wait = socket.and_then(|it| it.wait.as_ref());
        let limited =
            socket.is_some_and(|it| it.kernel_limit) || matches!(wait, Some(Wait::Seconds(_)));
        let refuses = |error: &str| matches!(error, "EAGAIN" | "EWOULDBLOCK" | "EINPROGRESS");
        let refused = matches!(&call.answer, Some(Answer::Error(error)) if refuses(error));
        asks || wait == Some(&Wait::NotAtAll) || refused && !limited
    }

    /// A call has returned: what there is to say of its answer, by what was known before. `kept` is one that has waited on while its
    /// descriptor was closed.
    pub(super) fn answer(&mut self, call: &Call, kept: bool) -> Answered {
        if call.ends().is_some() && !self.traced.contains(&owner(call)) {
            self.traced.insert(owner(call));
        }
        self.note_unmade(call);
        let said = of_answer(call, self.of(call), self);
        let unexplained = call.program.is_some() && said.iter().any(is_unexplained);
        let socket = self.of(call).filter(|_| unexplained).cloned();
        self.returned(call, kept);
        Answered {
            said,
            unexplained: socket.map(|socket| (call.clone(), socket)),
        }
    }

    /// What there is to say of an answer now: a program's calls are told with times of a tracer, which may be a
    /// little before that of the packet that made one return.
    pub(super) fn say(&self, answered: Answered) -> Vec<Saying> {
        match answered.unexplained {
            Some((call, socket)) => of_answer(&call, Some(&socket), self),
            None => answered.said,
        }
    }

    /// Whether a call has made the socket of this one, or a socket has been closed that had its descriptor.
    fn knows(&self, call: &Call) -> bool {
        let key = call.fd.map(|fd| (owner(call), fd));
        let failed = matches!(&call.answer, Some(Answer::Error(error)) if error == "EBADF" || error == "ENOTSOCK");
        failed || key.is_none_or(|key| self.open.contains_key(&key) || self.closed.contains(&key))
    }

    fn returned(&mut self, call: &Call, kept: bool) {
        let owner = owner(call);
        let Some(Answer::Value(value)) = &call.answer else {
            self.failed(call);
            return;
        };
        if let Some(fd) = call.fd
            && self.closed.contains(&(owner.clone(), fd))
            && call.name != "fileno"
            // A process that is the only one may have threads.
            && !(kept && call.program.is_none())
        {
            // Another process has it still.
            self.ambiguous.insert(owner.clone());
        }
        match call.name.as_str() {
            "socket" => self.made(&owner, value, Descriptor::made(call)),
            "accept" => {
                let listener = call.fd.and_then(|fd| self.open.get(&(owner.clone(), fd)));
                let mut accepted = Descriptor::accepted(call, listener);
                accepted.local = self.local(call.host, accepted.peer);
                self.made(&owner, value, accepted);
            }
            "connect" | "connect_ex" => self.connects(call, value == "0", value == EINPROGRESS),
            "close" | "file.close" => self.let_go(&owner, call),
            _ => {
                if let Some(socket) = call.fd.and_then(|fd| self.open.get_mut(&(owner, fd))) {
                    socket.learn(call);
                    self.note_reuse(call);
                }
            }
        }
    }

    /// A call has failed; a handshake may have begun all the same.
    fn failed(&mut self, call: &Call) {
        if let Some(Answer::Error(error)) = &call.answer
            && let Some(fd) = call.fd
            && let Some(socket) = self.open.get_mut(&(owner(call), fd))
        {
            socket.learn_of_failure(&call.name, error, &call.args, call.address());
        }
        // A program that waits no longer has not stopped its kernel.
        let goes_on = ["EINPROGRESS", "TimeoutError"];
        let begun =
            matches!(&call.answer, Some(Answer::Error(error)) if goes_on.contains(&error.as_str()));
        if call.name == "connect" {
            self.connects(call, false, begun);
        }
    }

    /// A handshake is complete, or has begun.
    fn connects(&mut self, call: &Call, complete: bool, begun: bool) {
        let socket = call.fd.and_then(|fd| self.open.get_mut(&(owner(call), fd)));
        let asked = socket.and_then(|it| it.asks.take_if(|asks| asks.call == call.id));
        if !complete && !begun {
            return;
        }
        if is_dissolving(&call.name, &call.args) {
            let socket = call.fd.and_then(|fd| self.open.get_mut(&(owner(call), fd)));
            if let Some(socket) = socket {
                (socket.peer, socket.local) = (None, None);
                (socket.was_connected, socket.opening) = (false, false);
                (socket.shut_read, socket.shut_write) = (false, false);
            }
            return;
        }
        let peer = call.address();
        let told = call.ends().filter(|it| it.remote == peer);
        let sent = told.map(|it| it.local);
        let sent = sent.or_else(|| asked.and_then(|it| it.local));
        let local = sent.or_else(|| self.local(call.host, peer));
        let socket = call.fd.and_then(|fd| self.open.get_mut(&(owner(call), fd)));
        if let Some(socket) = socket {
            // The second call of one that did not wait finds nothing new.
            let known = socket.local.filter(|_| socket.peer == peer);
            (socket.peer, socket.local) = (peer, sent.or(known).or(local));
            socket.was_connected |= complete;
            socket.was_refused &= !complete;
            socket.opening |= begun;
        }
    }

    fn made(&mut self, owner: &Owner, value: &str, socket: Descriptor) {
        let number = value.split(',').next().unwrap_or_default().trim();
        let Ok(fd) = number.parse() else { return };
        let key = (owner.clone(), fd);
        self.closed.remove(&key);
        if self.open.insert(key, socket).is_some() {
            self.ambiguous.insert(owner.clone());
        }
    }

    fn let_go(&mut self, owner: &Owner, call: &Call) {
        let Some(fd) = call.fd else { return };
        let key = (owner.clone(), fd);
        let Some(socket) = self.open.get_mut(&key) else {
            return;
        };
        match call.name.as_str() {
            "close" => socket.is_closed = true,
            _ => socket.has_file = false,
        }
        if socket.is_closed && !socket.has_file {
            let closed = self.open.remove(&key);
            let ends = closed.as_ref().and_then(|it| match it.listens {
                true => it.bound.map(|local| Endpoints {
                    local,
                    remote: None,
                }),
                false => it.ends(),
            });
            let known = ends.map(|ends| (owner.0, ends));
            let known = known.filter(|it| self.states.contains_key(it));
            self.let_go.extend(known);
            if let Some(closed) = closed.filter(|it| it.transport == Some(Transport::Udp)) {
                self.gone.push_back((owner.0, closed));
                let excess = self.gone.len().saturating_sub(GONE);
                self.gone.drain(..excess);
            }
            self.closed.insert(key);
        }
    }

    fn note_reuse(&mut self, call: &Call) {
        if !matches!(call.name.as_str(), "bind" | "setsockopt") {
            return;
        }
        let noted = self
            .of(call)
            .and_then(|it| Some((it.bound?.port(), it.reuses)));
        if let Some((port, reuses)) = noted {
            self.reused.insert((call.host, port), reuses);
        }
    }
}

/// Calls that may be about a descriptor that is no socket.
fn is_closing(call: &Call) -> bool {
    matches!(call.name.as_str(), "close" | "file.close" | "fileno")
}

/// Calls whose descriptor is that of an epoll: nothing tells how it was made, and it is no socket.
fn is_of_epoll(call: &Call) -> bool {
    call.name.starts_with("epoll_")
}

fn owner(call: &Call) -> Owner {
    (call.host, call.program.clone())
}

/// The number of that error on Linux.
const EINPROGRESS: &str = "115";
