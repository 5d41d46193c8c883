//! What has become of the sockets of a host since they were last looked at, for the log.

use std::collections::BTreeMap;
use std::time::Duration;

use lineman_trace::log::Counted;
use lineman_trace::log::Endpoints;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Origin;
use lineman_trace::log::Queues;
use lineman_trace::log::State;
use lineman_trace::log::TcpState;
use lineman_trace::log::Timer;
use lineman_trace::log::TimerKind;
use smoltcp::socket::tcp;

use crate::recorder::Recorder;
use crate::wire::Segment;

use super::socket_table::SocketTable;
use super::sockets;

/// Knows the state of every TCP socket of a host as of the last time it looked.
pub(super) struct Sampler {
    host: Host,
    recorder: Recorder,
    states: BTreeMap<Endpoints, TcpState>,
    /// The last segment of each connection that must be acknowledged: its number, and when it left.
    sent: BTreeMap<Endpoints, (u32, Duration)>,
    /// The connections whose peers have no room.
    full: BTreeMap<Endpoints, Full>,
}

/// A peer that has no room.
#[derive(Clone, Copy)]
struct Full {
    /// What it has acknowledged so far.
    acknowledged: u32,
    /// When the interval before the next window probe began: with its last acknowledgment, or the last probe.
    since: Duration,
}

impl Sampler {
    pub(super) fn new(host: Host, recorder: Recorder) -> Self {
        Self {
            host,
            recorder,
            states: BTreeMap::new(),
            sent: BTreeMap::new(),
            full: BTreeMap::new(),
        }
    }

    /// Hears that a frame reaches the host. If the peer's window in it is 0, the timer that expires next is the persist timer.
    pub(super) fn hears(&mut self, frame: &[u8], now: Duration) {
        let Some(segment) = Segment::of(frame).filter(|segment| !segment.reset) else {
            return;
        };
        let (local, remote) = (segment.destination, Some(segment.source));
        let connection = Endpoints { local, remote };
        if segment.window > 0 {
            self.full.remove(&connection);
            return;
        }
        let now = Full {
            acknowledged: segment.ack,
            since: now,
        };
        let full = self.full.entry(connection).or_insert(now);
        if full.acknowledged != segment.ack {
            *full = now;
        }
    }

    /// Tells what is different now, and what caused it.
    pub(super) fn look(&mut self, table: &mut SocketTable, cause: Option<u64>) {
        let seen = table.seen();
        for (socket, (state, queues)) in &seen {
            let from = self.states.insert(*socket, *state);
            if from != Some(*state) {
                self.changed(*socket, from, *state, cause, Some(*queues));
            }
        }
        let gone: Vec<_> = self
            .states
            .iter()
            .filter(|(socket, _)| !seen.contains_key(socket))
            .map(|(socket, state)| (*socket, *state))
            .collect();
        for (socket, state) in gone {
            self.states.remove(&socket);
            self.sent.remove(&socket);
            self.full.remove(&socket);
            self.changed(socket, Some(state), TcpState::Closed, cause, None);
        }
        for (counter, queues) in table.counted.drain(..) {
            // What is about no queue is about the segment that is sent next.
            let cause = cause.filter(|_| queues.is_some());
            self.recorder.record(Kind::Counted(Counted {
                host: self.host,
                counter,
                origin: Origin::Simulated,
                cause,
                queues,
            }));
        }
    }

    fn changed(
        &self,
        socket: Endpoints,
        from: Option<TcpState>,
        to: TcpState,
        cause: Option<u64>,
        queues: Option<Queues>,
    ) {
        self.recorder.record(Kind::State(State {
            host: self.host,
            socket,
            from,
            to,
            origin: Origin::Simulated,
            cause,
            queues: queues.filter(|queues| *queues != Queues::default()),
        }));
        if to == TcpState::TimeWait {
            self.timer(TimerKind::TimeWait, TIME_WAIT, false);
        }
    }

    /// Hears that the host sends a frame; `clock` says whether a timer made the host send it. If a timer made it
    /// retransmit, the retransmission time-out has expired; if a timer made it send a byte for which the peer has no
    /// room, that is a window probe.
    pub(super) fn sending(&mut self, frame: &[u8], now: Duration, clock: bool) {
        let Some(segment) = Segment::of(frame).filter(|segment| segment.counts) else {
            return;
        };
        let number = segment.seq;
        let (local, remote) = (segment.source, Some(segment.destination));
        let connection = Endpoints { local, remote };
        let before = self.sent.insert(connection, (number, now));
        let byte = segment.plain && segment.end == number.wrapping_add(1);
        if let Some(full) = self.full.get_mut(&connection)
            && clock
            && byte
        {
            let waited = now.saturating_sub(std::mem::replace(&mut full.since, now));
            self.timer(TimerKind::Persist, waited, true);
        } else if let Some((last, at)) = before
            && clock
            && last.wrapping_sub(number) < HALF
        {
            let waited = now.saturating_sub(at);
            self.timer(TimerKind::Retransmission, waited, true);
        }
    }

    fn timer(&self, clock: TimerKind, wait: Duration, expired: bool) {
        self.recorder.record(Kind::Timer(Timer {
            host: self.host,
            clock,
            wait_ns: u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX),
            expired,
            origin: Origin::Simulated,
        }));
    }
}

impl SocketTable {
    /// The state of every TCP socket that has one.
    fn seen(&mut self) -> BTreeMap<Endpoints, (TcpState, Queues)> {
        let mut seen: BTreeMap<_, _> = self
            .stack
            .connections()
            .filter(|(_, socket)| socket.state() != tcp::State::Closed)
            .map(|(ends, socket)| (ends, (state(socket.state()), queues(socket))))
            .collect();
        for descriptor in self.fds.values() {
            if let sockets::Kind::Listener { backlog, waiting } = &descriptor.kind {
                let (local, remote) = (descriptor.local(), None);
                let queues = backlogged(waiting.len(), *backlog);
                seen.insert(Endpoints { local, remote }, (TcpState::Listen, queues));
            }
        }
        seen
    }
}

/// The queues of a listener with so many sockets of the stack, of which one listens.
pub(super) fn backlogged(waiting: usize, backlog: usize) -> Queues {
    Queues {
        unread: short(waiting.saturating_sub(1)),
        unsent: short(backlog),
    }
}

pub(super) fn queues(socket: &tcp::Socket<'_>) -> Queues {
    Queues {
        unread: short(socket.recv_queue()),
        unsent: short(socket.send_queue()),
    }
}

fn short(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// A state of smoltcp, as the log has it.
pub(super) fn state(state: tcp::State) -> TcpState {
    match state {
        tcp::State::Closed => TcpState::Closed,
        tcp::State::Listen => TcpState::Listen,
        tcp::State::SynSent => TcpState::SynSent,
        tcp::State::SynReceived => TcpState::SynReceived,
        tcp::State::Established => TcpState::Established,
        tcp::State::FinWait1 => TcpState::FinWait1,
        tcp::State::FinWait2 => TcpState::FinWait2,
        tcp::State::CloseWait => TcpState::CloseWait,
        tcp::State::Closing => TcpState::Closing,
        tcp::State::LastAck => TcpState::LastAck,
        tcp::State::TimeWait => TcpState::TimeWait,
    }
}

/// How long TIME-WAIT lasts: smoltcp's, fixed (`CLOSE_DELAY`).
const TIME_WAIT: Duration = Duration::from_secs(10);
/// Numbers less than this far behind are old (RFC 9293 §3.4).
const HALF: u32 = 1 << 31;
