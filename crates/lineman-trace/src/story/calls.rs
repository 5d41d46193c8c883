//! The socket calls of the hosts' programs: those that wait, what their sockets are, and what there is to say of answers.

use std::collections::HashMap;
use std::collections::HashSet;
use std::net::SocketAddr;

use lineman_proto::wire::flow::Cause;
use lineman_proto::wire::flow::Label;
use lineman_proto::wire::flow::Timer;

use super::Around;
use super::Arrow;
use super::CallCell;
use super::Ends;
use super::Row;
use super::Saying;
use super::What;
use super::around::Connecting;
use super::around::Hears;
use super::change::Change;
use super::change::Socket;
use super::datagrams::Datagrams;
use super::descriptor::Descriptor;
use super::descriptor::Transport;
use super::descriptors::Answered;
use super::descriptors::Descriptors;
use super::descriptors::Sender;
use super::explain_tftp::SHORTEST_TIMEOUT_NS;
use super::handled::Handled;
use super::kept_back::KeptBack;
use super::millis;
use super::pending::brings;
use super::queue::receives;
use super::readiness;
use super::sending::Sends;
use super::sending::Toward;
use super::sockets::Sockets;
use super::sockets::of_packet;
use super::waits::Wait;
use super::waits::Waits;
use crate::log::Answer;
use crate::log::Call;
use crate::log::Endpoints;
use crate::log::Event;
use crate::log::Host;
use crate::log::Note;
use crate::log::State;
use crate::log::TcpState;

/// The calls of the hosts' programs, and what is known by them.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// Those that have not returned, by their numbers.
    waiting: HashMap<u64, (Host, CallCell)>,
    /// The same of those that return what arrives, as they were told.
    asked: HashMap<u64, Call>,
    /// What is known of open sockets by the calls on them.
    pub(super) descriptors: Descriptors,
    /// Which connections programs have had, and ended.
    handled: Handled,
    /// What there is to say of the answers of calls, by the calls' numbers.
    answers: HashMap<u64, Answered>,
    /// Calls of listen() on sockets that no address was given to.
    unbound: HashSet<u64>,
    /// Calls of accept() that wait still, and whose descriptor a close() has let go meanwhile: of the program that waits, or of another
    /// process that has the same.
    deserted: HashSet<u64>,
    /// Calls that wait still on the socket of a descriptor that is closed: it lives until the last has returned.
    keep: HashMap<u64, Socket>,
    datagrams: Datagrams,
    /// The last packet with which a datagram was whole at its host, and for whom that was.
    brought: Option<(u64, Option<SocketAddr>)>,
    /// What programs have handed to their TCPs.
    pub(super) kept_back: KeptBack,
    waits: Waits,
    /// Hosts whose calls a tracer of programs tells.
    traced: HashSet<Host>,
    /// Whether a lab tells the calls that it makes itself, which are those of both hosts.
    makes_calls: bool,
    /// The event that tells of the end of a host's program.
    ended: Ends<Option<u64>>,
    /// When a host was last given a packet, in nanoseconds.
    arrived_ns: Ends<Option<u64>>,
}

/// A call that has returned.
pub(super) struct Returned {
    /// The call, with all that was told of it.
    pub(super) call: Call,
    /// As it began.
    begun: CallCell,
    /// The socket that it is about, or has made.
    socket: Option<Endpoints>,
    /// The packet whose datagram it has received, as far as its bytes tell.
    pub(super) datagram: Option<u64>,
    /// When its host was last given a packet, in nanoseconds.
    arrived_ns: Option<u64>,
    /// Whether its socket has it wait for nothing.
    pub(super) is_nonblocking: bool,
}

/// A call that sends, or that asks a kernel for what it knows, seems to wait where a tracer or a busy machine keeps it for a moment, in
/// nanoseconds.
const MOMENT_NS: u64 = 1_000_000;

impl Returned {
    /// When it began, in nanoseconds.
    pub(super) fn began_ns(&self) -> u64 {
        self.begun.t_ns
    }

    /// Whether its host was given a packet while it waited, and it returned in a later millisecond than it began: rows show so much.
    pub(super) fn has_visibly_waited(&self, event: &Event) -> bool {
        let given = self.arrived_ns.is_some_and(|at| at > self.begun.t_ns);
        given && Sends::of(&self.begun).is_none() && millis(event.t_ns) > millis(self.begun.t_ns)
    }

    /// Its cell in a row, which is the one where it began, at this time, or another.
    pub(super) fn cell(self, event: &Event, began_ns: Option<u64>) -> CallCell {
        let is_where_it_began = began_ns.is_some();
        let while_it_waited = self.arrived_ns.is_some_and(|at| at > self.begun.t_ns);
        let receives = receives(&self.begun.name) || self.begun.name == "accept";
        let took_ns = event.t_ns.saturating_sub(self.begun.t_ns);
        let waited = while_it_waited && (receives || took_ns >= MOMENT_NS);
        CallCell {
            // Its answer was not there when it began.
            waited: is_where_it_began && waited && !self.is_nonblocking,
            begins: is_where_it_began,
            t_ns: began_ns.unwrap_or(event.t_ns),
            returned_ns: Some(event.t_ns),
            answer: self.call.answer,
            socket: self.socket.or(self.begun.socket),
            datagram: self.datagram,
            // Some are told only when the call returns, and by them what the C library calls it.
            args: self.call.args,
            name: self.call.name,
            ..self.begun
        }
    }
}

impl Calls {
    /// A call begins: its cell, and for whom its packets are.
    pub(super) fn begins(&mut self, event: &Event, call: &Call) -> (CallCell, Toward) {
        self.note_tracer(call);
        let mut cell = CallCell::begun(call, event.t_ns);
        self.descriptors.begins(call);
        cell.socket = self.descriptors.ends(call);
        let toward = Toward::of(call, &self.descriptors);
        let peer = self.descriptors.of(call).and_then(|it| it.peer);
        self.waits.begins(call, peer);
        self.handled.begins(call.host, &cell, toward);
        self.waiting.insert(call.id, (call.host, cell.clone()));
        if receives(&call.name) || call.name == "accept" {
            self.asked.insert(call.id, call.clone());
        }
        (cell, toward)
    }

    /// A call returns.
    pub(super) fn returns(&mut self, event: &Event, call: &Call) -> Returned {
        self.note_tracer(call);
        let begun = self.waiting.remove(&call.id).map(|(_, begun)| begun);
        self.asked.remove(&call.id);
        let begun = begun.unwrap_or_else(|| CallCell::begun(call, event.t_ns));
        let call = whole(call, &begun);
        let port = self.descriptors.of(&call).and_then(Descriptor::known_port);
        self.waits.returns(&call, port, event.t_ns);
        if self.descriptors.chooses_port(&call) {
            self.unbound.insert(call.id);
        }
        self.note_deserted(&call);
        let before = self.descriptors.ends(&call);
        let is_nonblocking = self.descriptors.is_nonblocking(&call);
        let socket = self.descriptors.of(&call);
        let is_tcp = socket.is_some_and(|it| it.transport == Some(Transport::Tcp));
        let got = match is_tcp {
            true => None,
            false => self.datagrams.got(&call, socket),
        };
        let (datagram, cut) = got.unzip();
        if let Some(ends) = before.filter(|_| is_tcp || socket.is_none()) {
            let host = call.host;
            let sure = socket.filter(|_| !self.descriptors.is_ambiguous(host));
            let of = (Socket { host, ends }, sure);
            self.kept_back.gives(&call, of, event.t_ns);
        }
        let said = self
            .descriptors
            .answer(&call, self.keep.contains_key(&call.id))
            .with(cut.flatten());
        let datagram = datagram.flatten();
        let socket = self.descriptors.returned_ends(&call).or(before);
        self.handled.returns(call.host, socket);
        self.note_closed(event, &call, before);
        if !said.is_empty() {
            self.answers.insert(call.id, said);
        }
        let arrived_ns = self.arrived_ns[call.host];
        Returned {
            call,
            begun,
            socket,
            datagram,
            arrived_ns,
            is_nonblocking,
        }
    }

    /// Notes whose last descriptor is closed, and until when calls that wait keep its socket.
    fn note_closed(&mut self, event: &Event, call: &Call, ends: Option<Endpoints>) {
        let host = call.host;
        if self.descriptors.is_ambiguous(host) {
            self.handled.shares(host);
        }
        let mut over = self.keep.remove(&call.id);
        let closes = matches!(call.name.as_str(), "close" | "file.close");
        if let Some(ends) = ends.filter(|_| closes && self.descriptors.is_closed(call)) {
            let socket = Socket { host, ends };
            let waits = |(whose, cell): &(Host, CallCell)| *whose == host && cell.fd == call.fd;
            let waiting = self.waiting.iter().filter(|(_, it)| waits(it));
            self.keep.extend(waiting.map(|(id, _)| (*id, socket)));
            over = Some(socket);
        }
        let over = over.filter(|socket| !self.keep.values().any(|it| it == socket));
        if let Some(socket) = over {
            self.handled.closes(socket, event.t_ns);
        }
    }

    /// Of what waits in accept() when its listener is closed nobody knows whether that listens on.
    fn note_deserted(&mut self, call: &Call) {
        if call.name != "close" || !matches!(call.answer, Some(Answer::Value(_))) {
            return;
        }
        let waits = |(whose, cell): &(Host, CallCell)| {
            *whose == call.host && cell.fd == call.fd && cell.name == "accept"
        };
        let waiting = self.waiting.iter().filter(|(_, it)| waits(it));
        self.deserted.extend(waiting.map(|(id, _)| *id));
    }

    fn note_tracer(&mut self, call: &Call) {
        match call.program {
            Some(_) => _ = self.traced.insert(call.host),
            None => self.makes_calls = true,
        }
    }

    /// A host is given a packet.
    pub(super) fn gets(&mut self, host: Host, at_ns: u64) {
        self.arrived_ns[host] = Some(at_ns);
    }

    /// A log tells something: of the end of a program, perhaps.
    pub(super) fn note(&mut self, event: &Event, note: &Note) {
        if let Some(host) = ended_program(note) {
            self.ended[host] = Some(event.n);
        }
    }

    /// Whether a state has changed because its program has ended.
    pub(super) fn has_ended_with(&self, state: &State) -> bool {
        state.cause.is_some() && state.cause == self.ended[state.host]
    }

    /// Whether the program of a connection has ended, and no call has ended that: its kernel does.
    pub(super) fn is_left_by_its_program(&self, socket: Socket) -> bool {
        self.ended[socket.host].is_some() && self.handled.is_left_open(socket)
    }

    /// A kernel was asked behind a close() that had returned, and its socket is as it was.
    pub(super) fn goes_on(&mut self, state: &State) {
        self.handled.goes_on(Socket {
            host: state.host,
            ends: state.socket,
        });
    }

    /// Whether a tracer of programs tells the calls of a host.
    pub(super) fn is_traced(&self, host: Host) -> bool {
        self.traced.contains(&host)
    }

    /// A connection begins between these ends, which may have had one before.
    pub(super) fn opens(&mut self, socket: Socket) {
        self.handled.forget(socket);
    }

    /// What is known beside a row, of the `sockets` whose states it shows, and by what programs have done with them.
    pub(super) fn beside(&mut self, row: &Row, sockets: &mut Sockets) -> Around {
        let ended = Ends {
            client: self.ended.client.is_some(),
            server: self.ended.server.is_some(),
        };
        let mut deserted = Ends::default();
        for host in [Host::Client, Host::Server] {
            let returned = row.calls[host].as_ref().filter(|it| it.answer.is_some());
            deserted[host] = returned.is_some_and(|it| self.deserted.remove(&it.id));
        }
        let descriptors = &self.descriptors;
        let shut_listener = Ends {
            client: descriptors.has_shut_listener(Host::Client),
            server: descriptors.has_shut_listener(Host::Server),
        };
        let arrow = row.arrow.as_ref();
        let receiver = arrow.and_then(|arrow| of_packet(arrow, arrow.from.other()));
        let defers = receiver.is_some_and(|it| descriptors.defers(it.host, it.ends.local));
        Around {
            deserted,
            defers,
            shut_listener,
            ..sockets.around(row, &self.handled, &ended)
        }
    }

    /// The listener that a call has made, and whether it takes nothing of IPv4.
    pub(super) fn listener(&self, call: &Call) -> Option<(Socket, bool)> {
        self.descriptors.listener(call)
    }

    /// Whether a packet may be about the socket of a call.
    pub(super) fn about<'a>(&self, call: &'a Call) -> impl Fn(&Arrow) -> bool + use<'a> {
        let socket = self.descriptors.of(call).cloned();
        let several = readiness::descriptors(call).map(|fds| self.several(call, fds));
        move |arrow| match &several {
            Some(several) if call.ends().is_none() => several.are_about(arrow, call),
            _ => is_about(arrow, call, socket.as_ref()),
        }
    }

    /// Whether a call waits for what a packet brings that arrives now.
    pub(super) fn waits_for(&self, id: u64, arrow: &Arrow) -> bool {
        let call = self.asked.get(&id).filter(|call| call.host != arrow.from);
        let Some(segment) = arrow.seen.segment() else {
            return call.is_some_and(|call| self.waits_for_datagram(call, arrow));
        };
        call.is_some_and(|call| {
            let opens = matches!(arrow.label, Some(Label::AckThird { .. }));
            let fits = match call.name == "accept" {
                true => opens,
                false => brings(segment) || opens && readiness::descriptors(call).is_some(),
            };
            fits && self.about(call)(arrow)
        })
    }

    /// Whether a call may wait for the datagram that is whole with a packet which has arrived.
    fn waits_for_datagram(&self, call: &Call, arrow: &Arrow) -> bool {
        let Some((_, to)) = self.brought.filter(|(packet, _)| *packet == arrow.id) else {
            return false;
        };
        let may_get = |socket: &Descriptor| {
            let is_its = to.is_none_or(|to| socket.may_have(to.port()));
            is_its && socket.transport != Some(Transport::Tcp)
        };
        let may_get = match readiness::descriptors(call) {
            Some(fds) => {
                let several = self.several(call, fds);
                several.may_be_others || several.known.iter().any(may_get)
            }
            None => self.descriptors.of(call).is_none_or(may_get),
        };
        receives(&call.name) && may_get
    }

    /// The sockets that a call waits for, or has found ready.
    fn several(&self, call: &Call, fds: Vec<i32>) -> Several {
        let is_unknown = readiness::waits_for_unknown(&call.name);
        let of = |fd: i32| {
            let one = Call {
                fd: Some(fd),
                ..call.clone()
            };
            self.descriptors.of(&one).cloned()
        };
        let known: Vec<Descriptor> = fds.iter().filter_map(|fd| of(*fd)).collect();
        Several {
            // What it waits for may be anything; what has made it return is named.
            may_be_others: call.answer.is_none() && (is_unknown || known.len() < fds.len()),
            known,
        }
    }

    /// What there is to say of the answers that a row shows, whose states change by `changes`.
    pub(super) fn said(&mut self, row: &Row, changes: &[Change]) -> Vec<Saying> {
        let mut sayings = Vec::new();
        for who in [Host::Client, Host::Server] {
            let returned = row.calls[who].as_ref().filter(|cell| cell.answer.is_some());
            let answered = returned.and_then(|cell| self.answers.remove(&cell.id));
            let said = answered.map(|it| self.descriptors.say(it));
            sayings.extend(said.into_iter().flatten());
            let chosen = returned.is_some_and(|cell| self.unbound.remove(&cell.id));
            let mut listens = changes.iter().filter(|_| chosen);
            let listens = listens.find(|it| it.is_told_of(who, TcpState::Listen));
            let port = listens.map(|it| it.socket.ends.local.port());
            sayings.extend(port.map(|port| Saying::CallPortChosen { who, port }));
        }
        sayings
    }

    /// What had a packet of TFTP sent again, by the calls of its program: how its last wait on that socket ended, as far as calls tell.
    pub(super) fn cause_of_file(&self, arrow: &Arrow) -> Option<Cause> {
        let (again, step) = (arrow.again?, arrow.file?);
        let asked = match again.cause {
            Cause::Asked | Cause::Gap | Cause::Resumed => true,
            // Packets do not tell whether it is an answer; calls may.
            Cause::Silence => step.asked_again,
            _ => false,
        };
        let to = arrow.seen.to.filter(|_| asked)?;
        let last = self.waits.before(arrow.from, to);
        match last.map(|last| last.wait) {
            Some(Wait::TimedOut) => Some(Cause::Timer(Timer::Program)),
            Some(Wait::Received) if again.cause == Cause::Silence => {
                let ago_ns = arrow.sent_ns.saturating_sub(last?.at_ns);
                (ago_ns < SHORTEST_TIMEOUT_NS).then_some(Cause::Asked)
            }
            Some(Wait::Received) => None,
            // The socket that is asked has got the request again.
            None if self.has_just_received(arrow, step.asked_port) => None,
            // Nobody may have got it: no call tells that it is answered.
            None if step.answers_request && again.wait_ns >= SHORTEST_TIMEOUT_NS => {
                Some(Cause::Silence)
            }
            None => None,
        }
    }

    /// Whether the program that sends a packet has received something at a port of its host right before.
    fn has_just_received(&self, arrow: &Arrow, port: u16) -> bool {
        let received_ns = self.waits.received_ns(arrow.from, port);
        received_ns.is_some_and(|at| arrow.sent_ns.saturating_sub(at) < SHORTEST_TIMEOUT_NS)
    }

    /// A packet has reached a host, undamaged.
    pub(super) fn arrives(&mut self, host: Host, arrow: &Arrow, now_ns: u64) {
        self.kept_back.arrives(host, arrow, now_ns);
        if let Some(to) = self.datagrams.arrives(host, arrow) {
            self.brought = Some((arrow.id, to));
        }
    }

    /// A host has dropped what a packet has brought.
    pub(super) fn drops(&mut self, host: Host, packet: u64) {
        self.datagrams.drops(host, packet);
    }

    /// The address at which a program receives what a packet, an ICMP error, says that nobody does.
    pub(super) fn receives_elsewhere(&self, arrow: &Arrow) -> Option<SocketAddr> {
        let What::IcmpError(error) = &arrow.seen.what else {
            return None;
        };
        let descriptors = &self.descriptors;
        descriptors.receives_elsewhere(arrow.from, error.closed_port()?)
    }

    /// The end that the socket is connected to which has the port of which a packet, an ICMP error, says that nobody receives there.
    pub(super) fn receives_only_from(&self, arrow: &Arrow) -> Option<SocketAddr> {
        let What::IcmpError(error) = &arrow.seen.what else {
            return None;
        };
        let (port, source) = (error.closed_port()?, error.source?);
        self.descriptors
            .receives_only_from(arrow.from, port, source)
    }

    /// A datagram leaves a host, or an ICMP error about one that has come.
    pub(super) fn departs(&mut self, arrow: &Arrow) {
        if let What::IcmpError(error) = &arrow.seen.what {
            self.datagrams.refused(arrow.from, error);
        }
        let ends = arrow.seen.from.zip(arrow.seen.to);
        if let (What::Udp(_), Some((from, to))) = (&arrow.seen.what, ends) {
            self.descriptors.datagram(arrow.from, from, to);
        }
    }

    /// Whether a host has no socket with the port of a datagram, as far as is known: not yet, or not any more.
    pub(super) fn has_no_socket(&self, arrow: &Arrow, host: Host) -> bool {
        let sends = arrow.from == host;
        let end = if sends {
            arrow.seen.from
        } else {
            arrow.seen.to
        };
        let Some(port) = end.map(|it| it.port()) else {
            return false;
        };
        // A host tells of all its sockets where a lab makes its calls, or a tracer tells them. The kernel closes those of a program that has
        // ended.
        let is_udp = matches!(arrow.seen.what, What::Udp(_));
        let tells = self.makes_calls || self.is_traced(host);
        is_udp
            && tells
            && self
                .descriptors
                .has_no_socket(host, port, sends, self.ended[host].is_some())
    }

    /// A lab has made a packet itself.
    pub(super) fn forged(&mut self, arrow: &Arrow) {
        let ends = arrow.seen.from.zip(arrow.seen.to);
        if let (What::Udp(_), Some((from, to))) = (&arrow.seen.what, ends) {
            self.descriptors.forges(arrow.from, from, to);
        }
    }

    /// Whether the program of a host has the packet's connection still, and has shut down receiving.
    pub(super) fn is_deaf(&self, arrow: &Arrow, host: Host) -> bool {
        // The kernel closes the sockets of a program that has ended.
        let socket = of_packet(arrow, host).filter(|_| self.ended[host].is_none());
        socket.is_some_and(|it| self.descriptors.receives_no_more(host, it.ends))
    }

    /// How the program hears of an ICMP error that arrives at its host.
    pub(super) fn hears(&self, arrow: &Arrow) -> Option<Hears> {
        let What::IcmpError(error) = &arrow.seen.what else {
            return None;
        };
        let host = arrow.from.other();
        let (source, target) = (error.source?, error.target?);
        let descriptors = &self.descriptors;
        if self.ended[host].is_some() && !descriptors.is_ambiguous(host) {
            return Some(Hears::Ended);
        }
        let fd = match descriptors.sender(host, source, target) {
            Some(Sender::Connected(fd)) => fd,
            Some(Sender::Unconnected) => return Some(Hears::Never),
            Some(_) | None if descriptors.has_forged(source, target) => {
                return Some(Hears::Forged);
            }
            Some(Sender::ConnectedTo(peer)) => return Some(Hears::NotOf { peer }),
            Some(Sender::Closed) => return Some(Hears::Gone),
            None => return None,
        };
        let waits = |(whose, cell): &&(Host, CallCell)| {
            let gets = matches!(cell.name.as_str(), "recv" | "recvfrom" | "recvmsg" | "read");
            *whose == host && cell.fd == Some(fd) && gets
        };
        let mut calls = self.waiting.values().filter(waits);
        match (calls.next(), calls.next()) {
            (None, _) => Some(Hears::Later),
            (Some((_, cell)), None) => Some(Hears::Waits {
                name: cell.name.clone(),
            }),
            // One of them has it; nobody knows which.
            (Some(_), Some(_)) => None,
        }
    }

    /// Whether a RST has arrived for the packet's connection at a host.
    pub(super) fn is_reset(&self, arrow: &Arrow, host: Host) -> bool {
        let socket = of_packet(arrow, host);
        socket.is_some_and(|it| self.descriptors.is_reset(host, it.ends))
    }

    /// How the program waits that a RST refuses, which has asked for a connection.
    pub(super) fn connecting(&self, arrow: &Arrow) -> Option<Connecting> {
        if arrow.label != Some(Label::RstRefused) {
            return None;
        }
        let (host, peer) = (arrow.from.other(), arrow.seen.from?);
        let asks = |(whose, cell): &(Host, CallCell)| {
            let names = cell
                .args
                .first()
                .is_some_and(|arg| *arg == peer.to_string());
            *whose == host && names && Sends::of(cell) == Some(Sends::Syn)
        };
        match self.waiting.values().any(asks) {
            true => Some(Connecting::InTheCall),
            false if self.descriptors.is_opening(host, peer) => Some(Connecting::Later),
            false => self.is_traced(host).then_some(Connecting::Nobody),
        }
    }
}

/// The sockets of a call that waits for several.
struct Several {
    known: Vec<Descriptor>,
    may_be_others: bool,
}

impl Several {
    /// Whether a packet may have to do with one of them.
    fn are_about(&self, arrow: &Arrow, call: &Call) -> bool {
        let mut known = self.known.iter();
        let is_about = |it: &Descriptor| {
            readiness::by_kind(arrow, it).unwrap_or_else(|| is_about(arrow, call, Some(it)))
        };
        self.may_be_others || known.any(is_about)
    }
}

/// Whose program has ended, if a note tells that.
pub(super) fn ended_program(note: &Note) -> Option<Host> {
    let tells = matches!(
        note.id.as_str(),
        "program.exited" | "program.killed" | "program.stopped"
    );
    let host = note.args.get("host").filter(|_| tells)?;
    let mut hosts = [Host::Client, Host::Server].into_iter();
    hosts.find(|it| it.name() == host)
}

/// A call that has returned, with all that was told of it: some tell its arguments when it begins, some when
/// it returns.
fn whole(returned: &Call, begun: &CallCell) -> Call {
    let args = match returned.args.is_empty() {
        true => &begun.args,
        false => &returned.args,
    };
    Call {
        fd: returned.fd.or(begun.fd),
        socket: returned.ends().or(begun.socket).map(Box::new),
        args: args.clone(),
        ..returned.clone()
    }
}

/// Whether a packet may have to do with the socket of a call of its sender or receiver: another connection of the same
/// program has its own. Where nobody knows whose socket it is, it may.
fn is_about(arrow: &Arrow, call: &Call, socket: Option<&Descriptor>) -> bool {
    if arrow.seen.segment().is_none() {
        let is_tcp = socket.is_some_and(|it| it.transport == Some(Transport::Tcp));
        return !is_tcp || !matches!(arrow.seen.what, What::Udp(_));
    }
    let Some(Socket { ends, .. }) = of_packet(arrow, call.host) else {
        return true;
    };
    if let Some(own) = call.ends() {
        return own == ends;
    }
    let is_other = |known: Option<SocketAddr>, seen: Option<SocketAddr>| {
        known.is_some_and(|known| seen.is_some_and(|seen| seen != known))
    };
    let peer = match call.name.as_str() {
        "accept" => call.accepted_peer(),
        _ => socket.and_then(|it| it.peer).or_else(|| {
            let connects = matches!(call.name.as_str(), "connect" | "connect_ex");
            connects.then(|| call.address()).flatten()
        }),
    };
    let local = socket.and_then(Descriptor::own);
    let port = socket.and_then(|it| it.bound).map(|it| it.port());
    let another_port = port.is_some_and(|port| port != 0 && port != ends.local.port());
    !is_other(peer, ends.remote) && !is_other(local, Some(ends.local)) && !another_port
}
