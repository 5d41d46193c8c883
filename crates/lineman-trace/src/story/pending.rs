//! A row that may still grow, and what belongs to it.

use std::net::SocketAddr;

use lineman_proto::wire::Flags;
use lineman_proto::wire::flow::Cause;
use lineman_proto::wire::flow::Label;
use lineman_proto::wire::flow::Segment;
use lineman_proto::wire::flow::Timer;

use super::Arrow;
use super::CallCell;
use super::Ends;
use super::Expiry;
use super::Fate;
use super::Row;
use super::Saying;
use super::Stretch;
use super::What;
use super::around::Connecting;
use super::around::Hears;
use super::change::Change;
use super::change::Socket;
use super::explain_tftp::SHORTEST_TIMEOUT_NS;
use super::millis;
use super::queue::receives;
use super::readiness::is_of_readiness;
use super::sending::Sends;
use super::sending::Toward;
use super::sending::may_have_sent;
use super::sockets::of_packet;
use crate::log::Answer;
use crate::log::Call;
use crate::log::Congestion;
use crate::log::Counted;
use crate::log::Event;
use crate::log::Host;
use crate::log::Kind;
use crate::log::Origin;
use crate::log::TcpState;
use crate::log::TimerKind;

/// A packet is read this late at most, in nanoseconds, after it was sent: with a load of 14 on two processors the latest
/// of 966 packets was read after 240 ms. A row with a state that a SYN or FIN has made waits so long for it.
pub(super) const LATE_NS: u64 = 500_000_000;

/// The reordering timer of Linux runs for two ticks at least (`TCP_TIMEOUT_MIN`), of which the first may be almost over: for no less
/// than this, in nanoseconds, at 1000 Hz.
const SHORTEST_REORDERING_NS: u64 = 1_000_000;

/// A row that may still grow.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) row: Row,
    pub(super) events: Vec<u64>,
    pub(super) changes: Vec<Change>,
    /// The sockets whose states are not known any more, behind its packet.
    pub(super) unknown: Vec<Socket>,
    pub(super) counted: Vec<Counted>,
    pub(super) extra: Vec<Saying>,
    /// Whether it is there to tell of the end of a program.
    pub(super) tells_of_end: bool,
    pub(super) touched_ns: u64,
    /// The number of the last event about its packet.
    pub(super) wire_n: Option<u64>,
    /// The socket of each host whose packet belongs to a change that is here, and has not been seen yet: a kernel
    /// that is asked tells of a FIN when that is on its way to the lab.
    pub(super) waits: Ends<Option<Socket>>,
    /// The socket whose state its packet has changed by its arrival, as far as can be deduced, and of which the kernel has not
    /// told since: the lab that asks it may be late, on a busy machine.
    pub(super) expects: Option<Socket>,
    /// The sockets that its close() has not ended, as their kernel has said behind it.
    pub(super) going_on: Vec<Socket>,
    /// For whom the packets of its calls are.
    pub(super) toward: Ends<Toward>,
    /// Whose program has the socket of its packet still, and has shut down receiving.
    pub(super) deaf: Ends<bool>,
    /// How the program asks that its packet, a RST, refuses.
    pub(super) connecting: Option<Connecting>,
    /// Whose state has changed because its program has ended.
    pub(super) ended: Ends<bool>,
    /// How large the congestion window was in segments, if it was full when the state was told.
    pub(super) full_window: Ends<Option<u32>>,
    /// The address at which a program receives what its packet, an ICMP error, says that nobody does.
    pub(super) elsewhere: Option<SocketAddr>,
    /// The end that the socket is connected to which has the port that its packet, an ICMP error, is about.
    pub(super) only_from: Option<SocketAddr>,
    /// How the other program hears of its packet, an ICMP error.
    pub(super) hears: Option<Hears>,
    /// What the congestion control of its packet's sender has come to.
    pub(super) congestion: Option<Congestion>,
}

impl Open {
    pub(super) fn new(event: &Event) -> Self {
        let mut open = Self::empty(event.t_ns);
        open.touch(event);
        open
    }

    /// A row that begins then and shows nothing yet.
    fn empty(t_ns: u64) -> Self {
        Self {
            row: Row::new(t_ns),
            events: Vec::new(),
            changes: Vec::new(),
            unknown: Vec::new(),
            counted: Vec::new(),
            extra: Vec::new(),
            tells_of_end: false,
            touched_ns: t_ns,
            wire_n: None,
            waits: Ends::default(),
            expects: None,
            going_on: Vec::new(),
            toward: Ends::default(),
            deaf: Ends::default(),
            connecting: None,
            ended: Ends::default(),
            full_window: Ends::default(),
            elsewhere: None,
            only_from: None,
            hears: None,
            congestion: None,
        }
    }

    /// A row of its own for a call that returns.
    pub(super) fn returns(host: Host, cell: CallCell) -> Self {
        let mut open = Self::empty(cell.t_ns);
        open.row.calls[host] = Some(cell);
        open
    }

    /// Whether the fate of its packet is known, or shown by a later row, and no packet or state belongs to it that is
    /// still to come.
    pub(super) fn is_settled(&self, now_ns: u64) -> bool {
        let arrow = self.row.arrow.as_ref();
        let crosses = |it: &Arrow| it.fate == Fate::Crossing && it.stretch == Stretch::Whole;
        let waits = self.is_incomplete() && self.rests(now_ns) < LATE_NS;
        !waits && !arrow.is_some_and(crosses)
    }

    /// Whether a packet or a state belongs to it that has not been told yet.
    pub(super) fn is_incomplete(&self) -> bool {
        self.is_waiting() || self.expects.is_some()
    }

    /// Whether a packet belongs to it that has not been seen yet.
    pub(super) fn is_waiting(&self) -> bool {
        self.waits.client.is_some() || self.waits.server.is_some()
    }

    /// Whether it waits for a packet of this socket.
    pub(super) fn waits_for(&self, socket: Socket) -> bool {
        self.waits[socket.host] == Some(socket)
    }

    /// How long nothing has been added to it, in nanoseconds.
    pub(super) fn rests(&self, now_ns: u64) -> u64 {
        now_ns.saturating_sub(self.touched_ns)
    }

    /// If its packet is on its way, or held there, and is such a one, the row shows only how it departs:
    /// where it arrives, another will show.
    pub(super) fn departs_if(&mut self, such: impl FnOnce(&Arrow) -> bool) {
        let such = |arrow: &&mut Arrow| {
            let under_way = matches!(arrow.fate, Fate::Crossing | Fate::Held);
            under_way && arrow.stretch == Stretch::Whole && such(arrow)
        };
        if let Some(arrow) = self.row.arrow.as_mut().filter(such) {
            arrow.stretch = Stretch::Departure;
        }
    }

    /// A row of its own for what it shows of a host, and for an event that belongs to that.
    pub(super) fn split(&mut self, host: Host, event: &Event) -> Self {
        let mut apart = Self::new(event);
        apart.events.extend(&self.events);
        apart.row.calls[host] = self.row.calls[host].take();
        apart.toward[host] = std::mem::take(&mut self.toward[host]);
        apart.waits[host] = self.waits[host].take();
        let own = |it: &mut Change| it.socket.host == host;
        apart.changes = self.changes.extract_if(.., own).collect();
        for open in [self, &mut apart] {
            open.begins_with_its_calls();
        }
        apart
    }

    /// Whether it is words and nothing else: what a scenario says stands alone.
    pub(super) fn is_words(&self) -> bool {
        !self.extra.is_empty() && self.is_bare()
    }

    /// Whether it tells of the end of a program, and of no packet or call.
    pub(super) fn is_end_of_program(&self) -> bool {
        self.tells_of_end && self.is_bare() && !self.is_waiting()
    }

    /// Its time is that of the first of its calls, where it shows nothing else.
    pub(super) fn begins_with_its_calls(&mut self) {
        let calls = [&self.row.calls.client, &self.row.calls.server];
        let first_ns = calls.into_iter().flatten().map(|cell| cell.t_ns).min();
        if let Some(first_ns) = first_ns.filter(|_| self.is_calls()) {
            self.row.t_ns = first_ns;
        }
    }

    /// Whether it is calls and nothing else.
    pub(super) fn is_calls(&self) -> bool {
        let calls = &self.row.calls;
        let any = calls.client.is_some() || calls.server.is_some();
        let more = self.row.arrow.is_some() || !self.extra.is_empty() || !self.changes.is_empty();
        any && !more && self.counted.is_empty() && !self.is_waiting()
    }

    /// Whether it shows nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.extra.is_empty() && self.changes.is_empty() && self.is_bare()
    }

    /// Whether there is neither call nor packet.
    fn is_bare(&self) -> bool {
        let calls = [Host::Client, Host::Server].map(|host| self.row.calls[host].is_some());
        calls == [false; 2] && self.row.arrow.is_none()
    }

    pub(super) fn touch(&mut self, event: &Event) -> &mut Row {
        self.events.push(event.n);
        self.touched_ns = event.t_ns;
        if let Kind::Packet(_) = event.kind {
            self.wire_n = Some(event.n);
        }
        &mut self.row
    }
}

/// A call begins a row of its own, unless the other host just waits in one.
pub(super) fn takes_beginning(row: &Row, host: Host) -> bool {
    let waits = |cell: &CallCell| cell.answer.is_none();
    row.arrow.is_none()
        && row.calls[host].is_none()
        && row.calls[host.other()].as_ref().is_none_or(waits)
}

/// A call that waits for what is on its way to it begins in the row of that, and returns there: below it, it would seem to begin
/// when that has arrived.
pub(super) fn takes_waiting(row: &Row, host: Host) -> bool {
    let on_its_way = |arrow: &Arrow| {
        let whole = arrow.fate == Fate::Crossing && arrow.stretch == Stretch::Whole;
        whole && arrow.from != host && arrow.seen.segment().is_some_and(brings)
    };
    row.calls[host].is_none() && row.arrow.as_ref().is_some_and(on_its_way)
}

/// Whether a segment has a call return that receives.
pub(super) fn brings(segment: &Segment) -> bool {
    segment.len > 0 || segment.flags.any(Flags::FIN | Flags::RST)
}

/// A call returns in the row in which it began, or in that of the packet that made it return: one that is about its socket.
pub(super) fn takes_return(
    row: &Row,
    call: &Call,
    datagram: Option<u64>,
    about: impl Fn(&Arrow) -> bool,
) -> bool {
    match &row.calls[call.host] {
        Some(cell) => cell.id == call.id,
        None => {
            let arrow = row.arrow.as_ref();
            // Its own datagram, where that is known, also beside others about its socket.
            let brought = |it: &Arrow| match datagram {
                Some(packet) => it.id == packet && it.from != call.host,
                None => about(it),
            };
            let wakes = |it: &Arrow| may_wake(it, call.host, (&call.name, call.answer.as_ref()));
            arrow.is_some_and(|it| brought(it) && wakes(it))
                && !lands_another(row, call.host, (datagram, call.answer.as_ref()))
        }
    }
}

/// Whether a packet of such a kind may have a call of a host return like that, or leave as it returns.
pub(super) fn may_wake(arrow: &Arrow, host: Host, (name, answer): (&str, Option<&Answer>)) -> bool {
    let comes = arrow.from != host;
    match &arrow.seen.what {
        // It has calls fail, or become ready.
        What::IcmpError(_) => {
            let fails = matches!(answer, Some(Answer::Error(_)));
            comes && (fails || is_of_readiness(name))
        }
        What::Udp(_) | What::Piece(_) => comes == receives(name),
        What::Tcp(_) | What::Other => true,
    }
}

/// Whether the datagram that comes in the row is not the one that a call has received: another packet has brought that, as far as is known,
/// or it is of another length.
pub(super) fn lands_another(
    row: &Row,
    host: Host,
    (received, answer): (Option<u64>, Option<&Answer>),
) -> bool {
    let arrow = row.arrow.as_ref().filter(|arrow| arrow.from != host);
    let is_whole = |arrow: &&Arrow| match &arrow.seen.what {
        What::Udp(datagram) => !datagram.in_pieces,
        _ => false,
    };
    if let Some((arrow, packet)) = arrow.filter(is_whole).zip(received) {
        return arrow.id != packet;
    }
    let lands = arrow.filter(|arrow| arrow.stretch == Stretch::Landing);
    let Some(What::Udp(datagram)) = lands.map(|arrow| &arrow.seen.what) else {
        return false;
    };
    let Some(Answer::Value(text)) = answer else {
        return false;
    };
    // A call that receives returns how many bytes, and which.
    let number = text
        .split_once(' ')
        .filter(|(_, rest)| rest.starts_with('"'));
    let received: Option<usize> = number.and_then(|(number, _)| number.parse().ok());
    received.is_some_and(|received| received != datagram.len)
}

/// A packet belongs to the call that sends it, and to calls that wait for it.
pub(super) fn takes_arrow(open: &Open, arrow: &Arrow) -> bool {
    let row = &open.row;
    let from = arrow.from;
    // One that has begun after the packet had left, which is read late, stands below it; one that has waited for longer, above it.
    // A row has the time of its packet: what began before that is not in it, as far as can be seen.
    let waits = |cell: &CallCell| {
        let follows = arrow.sent_ns >= cell.t_ns;
        cell.answer.is_none() && follows && millis(arrow.sent_ns) == millis(cell.t_ns)
    };
    let idle = |cell: &CallCell| waits(cell) && Sends::of(cell).is_none();
    // A connect() of the other host waits for the SYN that it sends itself.
    let waits_for_it = |cell: &CallCell| waits(cell) && Sends::of(cell) != Some(Sends::Syn);
    // One that has returned since, and began elsewhere, is shown below it.
    let returned_since = |cell: &CallCell| !cell.begins && cell.t_ns >= arrow.sent_ns;
    let fits = |cell: &CallCell| idle(cell) || returned_since(cell) || may_have_sent(cell, arrow);
    row.arrow.is_none()
        && row.calls[from].as_ref().is_none_or(fits)
        && row.calls[from.other()].as_ref().is_none_or(waits_for_it)
        && open.toward[from].fits(arrow)
        && !was_sent_before_the_end(open, arrow)
}

/// Whether a row tells that the packet's socket is gone, which sends nothing more but a RST: the packet had left before.
fn was_sent_before_the_end(open: &Open, arrow: &Arrow) -> bool {
    let socket = of_packet(arrow, arrow.from);
    let gone = |it: &Change| it.told && it.to == TcpState::Closed && Some(it.socket) == socket;
    let resets = |segment: &Segment| segment.has(Flags::RST);
    open.changes.iter().any(gone) && !arrow.seen.segment().is_some_and(resets)
}

/// Whether the row shows the packet and waits for its fate.
pub(super) fn is_way_of(open: &Open, id: u64) -> bool {
    open.row.arrow.as_ref().is_some_and(|arrow| {
        arrow.id == id
            && arrow.stretch != Stretch::Repeat
            && matches!(arrow.fate, Fate::Crossing | Fate::Held)
            && arrow.stretch != Stretch::Departure
    })
}

/// Whether a timer that a kernel has told of did expire here. Older logs tell of one where Linux counts the answer to a
/// retransmitted SYN as one more retransmission, though no timer has caused it; and where the wire has doubled a SYN, Linux
/// counts the second answer, too.
pub(super) fn ran_out(row: &Row, timer: &Expiry) -> bool {
    let Some(arrow) = &row.arrow else { return true };
    let not_by_time = |cause| matches!(cause, Cause::Asked | Cause::Doubled | Cause::Rejected);
    let resent = arrow.stretch == Stretch::Repeat
        || arrow.again.is_some_and(|again| !not_by_time(again.cause));
    match timer.kind {
        _ if arrow.from != timer.host => true,
        TimerKind::Retransmission => resent,
        // Logs of before tell of one where the SACK itself had it sent again.
        TimerKind::Reordering => resent && timer.wait_ns >= SHORTEST_REORDERING_NS,
        // It may carry what is new.
        TimerKind::LossProbe => resent || arrow.again.is_none(),
        _ => true,
    }
}

/// How long a timer ran, in nanoseconds, by the packets: that can be looked up.
pub(super) fn ran_ns(arrow: &Arrow, timer: &Expiry) -> Option<u64> {
    match timer.kind {
        // A simulated TCP knows it exactly.
        TimerKind::Persist if timer.origin == Origin::Simulated => None,
        TimerKind::DelayedAck => arrow.label.and_then(Label::after_ns),
        TimerKind::Retransmission => arrow.again.map(|again| again.timer_ns),
        TimerKind::LossProbe => arrow.again.map(|again| again.wait_ns).or(arrow.waited_ns),
        TimerKind::Persist => arrow.waited_ns,
        TimerKind::Reordering | TimerKind::TimeWait => None,
    }
}

/// The timer that must have expired for a packet to be sent.
pub(super) fn timer(arrow: &Arrow) -> Option<Expiry> {
    let (kind, wait_ns) = match (arrow.again, arrow.label) {
        (Some(again), _) => match again.cause {
            Cause::Timer(Timer::Program) if again.wait_ns < SHORTEST_TIMEOUT_NS => return None,
            Cause::Timer(Timer::OrAsked) => return None,
            Cause::Timer(_) => (TimerKind::Retransmission, again.timer_ns),
            _ => return None,
        },
        (None, Some(label)) => (TimerKind::DelayedAck, label.delay_ns()?),
        _ => return None,
    };
    Some(Expiry {
        host: arrow.from,
        kind,
        wait_ns,
        origin: Origin::Inferred,
    })
}
