//! When to ask, and what has changed since.

mod telling;

use std::collections::HashMap;
use std::io;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use lineman_trace::log::Congestion;
use lineman_trace::log::Counted;
use lineman_trace::log::Counter;
use lineman_trace::log::Endpoints;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Origin;
use lineman_trace::log::Queues;
use lineman_trace::log::State;
use lineman_trace::log::TcpState;
use lineman_trace::log::Timer;
use lineman_trace::log::TimerKind;

use crate::hosts::Family;
use crate::recorder::Recorder;
use crate::wire::Segment;

use super::Diagnosis;
use super::Seen;
use super::answer::KernelTimer;
use telling::Telling;

/// Knows the state of every TCP socket of both hosts as of the last time it asked, and tells the
/// log what is different now.
///
/// A caller that makes something happen has states asked before and after it, and holds the lock meanwhile: so each
/// change has its cause.
#[derive(Debug)]
pub(crate) struct Sampler {
    recorder: Recorder,
    client: Diagnosis,
    server: Diagnosis,
    known: HashMap<(Host, Endpoints), Known>,
    /// What was told of connections' figures.
    telling: HashMap<(Host, Endpoints), Telling>,
    /// The last thing that each host itself did, and so the cause of changes that no packet made.
    calls: HashMap<Host, u64>,
}

/// What was last seen of a socket.
#[derive(Clone, Copy, Debug)]
struct Known {
    state: TcpState,
    /// How often its time-out had expired.
    timeouts: u8,
    /// When it last sent something that must be acknowledged.
    sent: Instant,
    /// How long its retransmission time-out was when it was last set.
    armed: Option<Duration>,
    /// The number behind the last that it has sent.
    next: Option<u32>,
    /// When the first arrived that it has not acknowledged.
    owes: Option<Instant>,
    /// When its TIME-WAIT is over.
    waits: Option<Instant>,
    /// When it was last asked to acknowledge, or heard.
    heard: Option<Instant>,
    /// The timer that ran when a SACK had just arrived, and when that was.
    sacked: Option<(Instant, Duration)>,
    /// Whether it sends again what is lost.
    recovers: bool,
    /// Whether a FIN has come before something in front of it: what fills the gap changes the state.
    ends_early: bool,
}

impl Known {
    /// One that is seen for the first time.
    fn new(state: TcpState) -> Self {
        Self {
            state,
            timeouts: 0,
            sent: Instant::now(),
            armed: None,
            next: None,
            owes: None,
            waits: None,
            heard: None,
            sacked: None,
            recovers: false,
            ends_early: false,
        }
    }

    /// Whether a segment asks for an ACK by an old number: a probe of a window, or a keep-alive (RFC 9293 §3.8.4).
    fn probes(&self, segment: &Segment) -> bool {
        self.next == Some(segment.seq.wrapping_add(1))
    }

    /// How long it has waited, if the timer that ran when it heard a SACK has expired since.
    fn waited(&self, now: Instant) -> Option<Duration> {
        let (heard, left) = self.sacked?;
        let waited = now.saturating_duration_since(heard);
        // Sooner it was the SACK itself that had it sent again: by then enough had come behind the gap (RFC 8985 §6.2, step 4).
        let ran = waited >= SHORTEST_REORDERING;
        (ran && waited + TICK >= left).then_some(waited)
    }

    /// Whether a timer that has counted one more has expired. That of a SYN-ACK counts answers to a SYN that
    /// came again too; but only if it expires it is set for twice as long.
    fn grows(&self, timer: &KernelTimer) -> bool {
        let longer = |armed: Duration| timer.left > armed + armed / 2;
        self.state != TcpState::SynReceived || self.armed.is_some_and(longer)
    }
}

impl Sampler {
    /// Knows nothing yet.
    pub(crate) fn new(recorder: Recorder, client: Diagnosis, server: Diagnosis) -> Self {
        Self {
            recorder,
            client,
            server,
            known: HashMap::new(),
            telling: HashMap::new(),
            calls: HashMap::new(),
        }
    }

    /// Hears that a call has begun or returned.
    pub(crate) fn called(&mut self, host: Host, event: u64) {
        self.calls.insert(host, event);
    }

    /// Looks at one socket. Without a `cause` it is the last call of its host.
    pub(crate) fn look(&mut self, host: Host, socket: Endpoints, cause: Option<u64>) {
        let cause = cause.or_else(|| self.calls.get(&host).copied());
        self.check(host, socket, cause);
    }

    /// Looks at a socket that sent a segment `at` this moment, and asks why, where that may be asked.
    pub(crate) fn sent(&mut self, host: Host, socket: Endpoints, segment: &Segment, at: Instant) {
        let known = self.known.get(&(host, socket)).copied();
        self.look(host, socket, None);
        if segment.reset {
            // A socket that is gone already was counted before it answered.
            let tries = if known.is_some() { TRIES } else { 1 };
            self.counted(host, ABORTS, tries);
        } else if segment.counts {
            self.sent_again(host, socket, segment, at);
        } else if let Some(known) = known.filter(|known| known.probes(segment)) {
            self.probed(host, &socket, &known, at);
        } else if let Some(since) = known.and_then(|known| known.owes) {
            self.acknowledged(host, at.saturating_duration_since(since));
        }
        if let Some(known) = self.known.get_mut(&(host, socket)) {
            known.owes = None;
        }
    }

    /// It has sent something that must be acknowledged: it has a timer for that, and perhaps sent it because a
    /// timer had expired.
    fn sent_again(&mut self, host: Host, socket: Endpoints, segment: &Segment, at: Instant) {
        let Some(known) = self.known.get(&(host, socket)).copied() else {
            return;
        };
        let mut timer = self.resends(host, &socket);
        // The kernel counts a SYN-ACK after it has sent it.
        let mut tries = match known.state {
            TcpState::SynReceived => TRIES,
            _ => 0,
        };
        while tries > 0 && timer.is_none_or(|timer| timer.count <= known.timeouts) {
            thread::sleep(PAUSE);
            timer = self.resends(host, &socket);
            tries -= 1;
        }
        let timeouts = timer.map_or(0, |timer| timer.count);
        let waited = at.saturating_duration_since(known.sent);
        let is_old = |next: u32| next.wrapping_sub(segment.end) < HALF;
        let old = known.next.is_some_and(is_old);
        let mut recovers = known.recovers;
        let ran_out = |timer: &KernelTimer| timeouts > known.timeouts && known.grows(timer);
        if let Some(timer) = timer.filter(ran_out) {
            self.timer(host, timer.kind, waited, true);
            self.timer(host, timer.kind, timer.left, false);
            self.congestion(host, &socket);
            recovers = true;
        } else if old {
            recovers = self.resent(host, &socket, &known, at);
        } else if recovers {
            recovers = self.recovers(host, &socket);
        } else if waited >= SHORTEST_PROBE && self.probes_with_new(host, &socket, waited) {
            self.timer(host, TimerKind::LossProbe, waited, true);
        }
        if let Some(known) = self.known.get_mut(&(host, socket)) {
            known.recovers = recovers;
            (known.timeouts, known.sent) = (timeouts, at);
            known.armed = timer.map(|timer| timer.left);
            known.next = match known.next {
                Some(next) if is_old(next) => Some(next),
                _ => Some(segment.end),
            };
        }
    }

    /// It sends again what no time-out has it send. A tail loss probe is counted, and leaves TCP neither in recovery
    /// nor in loss, as an acknowledgment or a time-out does. Gives whether it is in one of these.
    fn resent(&mut self, host: Host, socket: &Endpoints, known: &Known, at: Instant) -> bool {
        let recovers = self.recovers(host, socket);
        if !recovers && self.moved(host, &[Counter::LossProbes], TRIES) {
            let waited = at.saturating_duration_since(known.sent);
            self.timer(host, TimerKind::LossProbe, waited, true);
        }
        if recovers && !known.recovers {
            if let Some(waited) = known.waited(at) {
                self.timer(host, TimerKind::Reordering, waited, true);
            }
            self.congestion(host, socket);
        }
        recovers
    }

    /// Whether its TCP holds something for lost, and sends it again.
    fn recovers(&mut self, host: Host, socket: &Endpoints) -> bool {
        let figures = self.figures(host, socket).ok().flatten();
        figures.is_some_and(|figures| !figures.is_open)
    }

    /// Whether it sends something new as a tail loss probe (RFC 8985 §7.3): older bytes are not acknowledged, and it
    /// has been silent for as long as the probe waits.
    fn probes_with_new(&mut self, host: Host, socket: &Endpoints, silent: Duration) -> bool {
        let figures = self.figures(host, socket).ok().flatten();
        let may = figures.is_some_and(|it| {
            it.is_open && it.unacknowledged > 1 && silent >= it.rtt.saturating_mul(2)
        });
        may && self.moved(host, &[Counter::LossProbes], FEW_TRIES)
    }

    /// It has asked for an ACK by an old number. If its persist timer runs again, that timer had expired and was the cause.
    fn probed(&mut self, host: Host, socket: &Endpoints, known: &Known, at: Instant) {
        let mut timer = None;
        for _ in 0..FEW_TRIES {
            timer = self.exact(host, socket).and_then(|seen| seen.timer);
            if timer.is_some() {
                break;
            }
            thread::sleep(PAUSE); // it is set when the probe has left
        }
        if timer.is_some_and(|timer| timer.kind == TimerKind::Persist) {
            let since = known
                .heard
                .map_or(known.sent, |heard| heard.max(known.sent));
            let waited = at.saturating_duration_since(since);
            self.timer(host, TimerKind::Persist, waited, true);
        }
        if let Some(known) = self.known.get_mut(&(host, *socket)) {
            known.heard = Some(at);
        }
    }

    /// Tells what congestion control has come to.
    fn congestion(&mut self, host: Host, socket: &Endpoints) {
        let Ok(Some(figures)) = self.figures(host, socket) else {
            return;
        };
        let algorithm = self.diagnosis(host).algorithm(socket);
        self.recorder.record(Kind::Congestion(Congestion {
            host,
            algorithm,
            window: figures.congestion_window,
            threshold: figures.threshold(),
            origin: Origin::Kernel,
        }));
    }

    /// A segment has reached a socket, `at` this moment. Behind a gap it may start a timer, which is not told: what is missing may only
    /// be late (RFC 8985 §6.2).
    pub(crate) fn heard(&mut self, host: Host, socket: Endpoints, segment: &Segment, at: Instant) {
        if !self.known.contains_key(&(host, socket)) {
            return;
        }
        let timer = match segment.sacks {
            true => self.resends(host, &socket),
            false => None,
        };
        if let Some(known) = self.known.get_mut(&(host, socket)) {
            known.heard = Some(at);
            known.sacked = timer.map(|timer| (at, timer.left));
        }
    }

    /// An ACK that carries nothing, so long after what it acknowledges.
    fn acknowledged(&mut self, host: Host, after: Duration) {
        if after >= SHORTEST_DELAY && self.moved(host, &[Counter::DelayedAcks], TRIES) {
            self.timer(host, TimerKind::DelayedAck, after, true);
        }
    }

    /// Something has arrived `at` this moment that must be acknowledged.
    pub(crate) fn owes(&mut self, host: Host, socket: Endpoints, at: Instant) {
        if let Some(known) = self.known.get_mut(&(host, socket)) {
            known.owes.get_or_insert(at);
        }
    }

    /// Whether a socket was in this state when it was last looked at.
    pub(crate) fn was(&self, state: TcpState, host: Host, socket: Endpoints) -> bool {
        let known = self.known.get(&(host, socket));
        known.is_some_and(|known| known.state == state)
    }

    /// A listener has been asked for a connection, or been told that one is complete, and nothing has come of
    /// it: tells if it had no room.
    pub(crate) fn asked(&mut self, host: Host, socket: Endpoints, cause: u64) {
        let state = self.known.get(&(host, socket)).map(|known| known.state);
        let nothing = matches!(state, None | Some(TcpState::SynReceived));
        // That is counted before the packet is dropped.
        if !nothing
            || !self
                .diagnosis(host)
                .counted()
                .contains(&Counter::ListenOverflows)
        {
            return;
        }
        let all = self.all(host).unwrap_or_default();
        let listener = all.into_iter().find(|seen| {
            let local = seen.socket.local;
            let here = local.ip().is_unspecified() || local.ip() == socket.local.ip();
            seen.state == TcpState::Listen && here && local.port() == socket.local.port()
        });
        self.recorder.record(Kind::Counted(Counted {
            host,
            counter: Counter::ListenOverflows,
            origin: Origin::Kernel,
            cause: Some(cause),
            queues: listener.map(|seen| seen.queues),
        }));
    }

    /// A datagram is about to reach a host, or a piece of one: what its kernel has dropped before is not that.
    pub(crate) fn receives(&mut self, host: Host, family: Family) {
        // A host's own datagrams, which never reach the wire, are counted, too.
        self.diagnosis(host).has_dropped(family);
    }

    /// It has: tells if the receive buffer of its socket had no room.
    pub(crate) fn received(&mut self, host: Host, family: Family, cause: u64) {
        // That is counted where the datagram is dropped, before the wire goes on.
        if self.diagnosis(host).has_dropped(family) {
            self.recorder.record(Kind::Counted(Counted {
                host,
                counter: match family {
                    Family::Inet => Counter::ReceiveBufferErrors,
                    Family::Inet6 => Counter::ReceiveBufferErrorsV6,
                },
                origin: Origin::Kernel,
                cause: Some(cause),
                queues: None,
            }));
        }
    }

    /// Tells which of these counters have moved: because of the segment that is sent now.
    fn counted(&mut self, host: Host, wanted: &[Counter], tries: u32) {
        for counter in self.wait_for(host, wanted, tries) {
            self.recorder.record(Kind::Counted(Counted {
                host,
                counter,
                origin: Origin::Kernel,
                cause: None,
                queues: None,
            }));
        }
    }

    fn moved(&mut self, host: Host, wanted: &[Counter], tries: u32) -> bool {
        !self.wait_for(host, wanted, tries).is_empty()
    }

    /// Which of these counters have moved. The kernel counts some things after it has done them.
    fn wait_for(&mut self, host: Host, wanted: &[Counter], tries: u32) -> Vec<Counter> {
        for left in (0..tries).rev() {
            let mut moved = self.diagnosis(host).counted();
            moved.retain(|counter| wanted.contains(counter));
            if !moved.is_empty() || left == 0 {
                return moved;
            }
            thread::sleep(PAUSE);
        }
        Vec::new()
    }

    /// The timer whose expiry makes it retransmit.
    fn resends(&mut self, host: Host, socket: &Endpoints) -> Option<KernelTimer> {
        let timer = self.exact(host, socket).and_then(|seen| seen.timer);
        timer.filter(|timer| timer.kind == TimerKind::Retransmission)
    }

    /// A FIN has arrived, and its consequences were looked at.
    pub(crate) fn ended(&mut self, host: Host, socket: Endpoints) {
        if let Some(known) = self.known.get_mut(&(host, socket)) {
            use TcpState::{Established, FinWait2};
            known.ends_early |= matches!(known.state, Established | FinWait2);
        }
    }

    /// Whether a socket is in a state that only a SYN, a FIN or a RST can change, or its own program
    /// (RFC 9293 §3.10.7.4).
    pub(crate) fn steady(&self, host: Host, socket: Endpoints) -> bool {
        self.known.get(&(host, socket)).is_some_and(|known| {
            use TcpState::{CloseWait, Established, FinWait2};
            match known.state {
                CloseWait => true,
                Established | FinWait2 => !known.ends_early,
                _ => false,
            }
        })
    }

    /// Looks at one socket until it looks the same twice, or for 5 ms: the kernel may be still busy
    /// with what it was given.
    pub(crate) fn settle(&mut self, host: Host, socket: Endpoints, cause: u64) {
        let end = Instant::now() + PATIENCE;
        let mut last = self.exact(host, &socket);
        loop {
            thread::sleep(PAUSE);
            let now = self.exact(host, &socket);
            let quiet = match (&now, &last) {
                (Some(now), Some(last)) => now.like(last),
                (now, last) => now.is_none() && last.is_none(),
            };
            if quiet || Instant::now() >= end {
                return self.compare(host, socket, now, Some(cause));
            }
            last = now;
        }
    }

    /// Looks at all sockets of a host, and so finds new ones. A change without a `cause` is taken for a timer's: nothing
    /// else is known that could have caused it.
    pub(crate) fn sweep(&mut self, host: Host, cause: Option<u64>) {
        let Ok(all) = self.diagnosis(host).all() else {
            return;
        };
        for seen in &all {
            self.compare(host, seen.socket, Some(*seen), cause);
        }
        for socket in self.missing(host, &all) {
            // A dump is no snapshot: what was not in it may only have moved meanwhile.
            self.check(host, socket, cause);
        }
        self.tell_rest(host);
    }

    /// Tells that a socket goes on whose close() has returned, if it does: another process has it too, or another descriptor.
    pub(crate) fn goes_on(&mut self, host: Host, socket: Endpoints, close: u64) {
        // A close() that ends it leaves it in none of these.
        let open = |state: &TcpState| matches!(state, TcpState::Established | TcpState::CloseWait);
        let known = self.known.get(&(host, socket)).map(|known| known.state);
        let state = self.exact(host, &socket).map(|seen| seen.state);
        if let Some(to) = state.filter(|state| open(state) && known == Some(*state)) {
            self.recorder.record(Kind::State(State {
                host,
                socket,
                from: known,
                to,
                origin: Origin::Kernel,
                cause: Some(close),
                queues: None,
            }));
        }
    }

    /// Looks at a host's listeners, and at sockets that still ask for a connection, because of an event: no packet tells that
    /// they are gone.
    pub(crate) fn looks_at_silent(&mut self, host: Host, cause: u64) {
        let is_silent = |((whose, socket), known): (&(Host, Endpoints), &Known)| {
            let silent = matches!(known.state, TcpState::Listen | TcpState::SynSent);
            (*whose == host && silent).then_some(*socket)
        };
        let silent: Vec<Endpoints> = self.known.iter().filter_map(is_silent).collect();
        for socket in silent {
            self.check(host, socket, Some(cause));
        }
    }

    /// All TCP sockets of a host that have a state.
    pub(crate) fn all(&mut self, host: Host) -> io::Result<Vec<Seen>> {
        self.diagnosis(host).all()
    }

    /// What TCP knows of a connection.
    pub(crate) fn figures(
        &mut self,
        host: Host,
        socket: &Endpoints,
    ) -> io::Result<Option<super::Figures>> {
        self.diagnosis(host).figures(socket)
    }

    fn check(&mut self, host: Host, socket: Endpoints, cause: Option<u64>) {
        let Ok(mut seen) = self.diagnosis(host).exact(&socket) else {
            return;
        };
        // A socket that has closed is exchanged for a smaller one in FIN-WAIT-2 or TIME-WAIT, and for a
        // moment the kernel finds neither (inet_twsk_hashdance_schedule).
        let known = self.known.contains_key(&(host, socket));
        let mut tries = if known { EXCHANGED } else { 0 };
        while seen.is_none() && tries > 0 {
            thread::sleep(PAUSE);
            seen = self.exact(host, &socket);
            tries -= 1;
        }
        self.compare(host, socket, seen, cause);
    }

    fn diagnosis(&mut self, host: Host) -> &mut Diagnosis {
        match host {
            Host::Client => &mut self.client,
            Host::Server => &mut self.server,
        }
    }

    fn exact(&mut self, host: Host, socket: &Endpoints) -> Option<Seen> {
        self.diagnosis(host).exact(socket).ok().flatten()
    }

    fn missing(&self, host: Host, all: &[Seen]) -> Vec<Endpoints> {
        let there = |socket: &Endpoints| all.iter().any(|seen| seen.socket == *socket);
        self.known
            .keys()
            .filter(|(whose, socket)| *whose == host && !there(socket))
            .map(|(_, socket)| *socket)
            .collect()
    }

    fn compare(&mut self, host: Host, socket: Endpoints, seen: Option<Seen>, cause: Option<u64>) {
        let to = seen.map_or(TcpState::Closed, |seen| seen.state);
        let from = self.remember(host, socket, to);
        if from.unwrap_or(TcpState::Closed) == to {
            return self.waits_anew(host, socket, seen.and_then(|seen| seen.timer));
        }
        // Into some states an end comes by its own act, whatever has just reached it.
        let cause = match to {
            TcpState::SynSent | TcpState::FinWait1 | TcpState::LastAck => {
                self.calls.get(&host).copied()
            }
            _ => cause,
        };
        let queues = seen.map(|seen| seen.queues);
        self.recorder.record(Kind::State(State {
            host,
            socket,
            from,
            to,
            origin: Origin::Kernel,
            cause,
            queues: queues.filter(|queues| *queues != Queues::default()),
        }));
        let timer = seen.and_then(|seen| seen.timer);
        // Linux keeps an orphan in FIN-WAIT-2 by the same timer.
        let waits =
            |timer: &KernelTimer| timer.kind == TimerKind::TimeWait && to == TcpState::TimeWait;
        if let Some(timer) = timer.filter(waits) {
            self.timer(host, timer.kind, timer.left, false);
            self.waits_until(host, socket, Instant::now() + timer.left);
        }
    }

    /// What arrives in TIME-WAIT may have it begin anew (RFC 9293 §3.10.7.4).
    fn waits_anew(&mut self, host: Host, socket: Endpoints, timer: Option<KernelTimer>) {
        let before = self.known.get(&(host, socket)).and_then(|it| it.waits);
        let (Some(timer), Some(before)) = (timer, before) else {
            return;
        };
        let until = Instant::now() + timer.left;
        if until > before + RENEWED {
            self.timer(host, timer.kind, timer.left, false);
            self.waits_until(host, socket, until);
        }
    }

    fn waits_until(&mut self, host: Host, socket: Endpoints, until: Instant) {
        if let Some(known) = self.known.get_mut(&(host, socket)) {
            known.waits = Some(until);
        }
    }

    /// Takes down the state of a socket; returns the one before.
    fn remember(&mut self, host: Host, socket: Endpoints, state: TcpState) -> Option<TcpState> {
        let key = (host, socket);
        if state == TcpState::Closed {
            self.telling.remove(&key);
            return self.known.remove(&key).map(|known| known.state);
        }
        if let Some(known) = self.known.get_mut(&key) {
            return Some(std::mem::replace(&mut known.state, state));
        }
        self.known.insert(key, Known::new(state));
        None
    }

    fn timer(&self, host: Host, kind: TimerKind, wait: Duration, expired: bool) {
        self.recorder.record(Kind::Timer(Timer {
            host,
            clock: kind,
            wait_ns: u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX),
            expired,
            origin: Origin::Kernel,
        }));
    }
}

/// How long to wait at most till the kernel has done with a packet: it takes microseconds, and meanwhile the wire
/// stands still, so no more than a lesson's delays can hide.
const PATIENCE: Duration = Duration::from_millis(5);
/// How often to ask for a socket that is not found before it is taken to be closed: the kernel
/// takes the one out of its table and puts the other in right after.
const EXCHANGED: u32 = 3;
/// How often to ask whether something is counted: the kernel counts microseconds after it has sent, and half a
/// millisecond ([`PAUSE`] between two) is nothing beside the times that are told.
const TRIES: u32 = 10;
/// The same for a counter that has usually not moved: the wire waits meanwhile, so it is asked less often.
const FEW_TRIES: u32 = 3;
/// A tail loss probe waits for two round trips and two ticks of the kernel at least (`TCP_TIMEOUT_MIN`), which are
/// 2 ms at 1000 Hz.
const SHORTEST_PROBE: Duration = Duration::from_millis(2);
/// The reordering timer waits for two ticks at least, too, of which the first may be almost over.
const SHORTEST_REORDERING: Duration = Duration::from_millis(1);
/// A tick of the kernel at 250 Hz: it tells what is left of a timer no better.
const TICK: Duration = Duration::from_millis(4);
/// Between two questions: some times as long as a question takes (about 5 µs).
const PAUSE: Duration = Duration::from_micros(50);
/// Numbers that are so much less are old (RFC 9293 §3.4).
const HALF: u32 = 1 << 31;
/// Linux waits 40 ms with a delayed ACK, by the ticks of its timer up to 10 less: what is sooner is not asked
/// about.
const SHORTEST_DELAY: Duration = Duration::from_millis(30);
/// The kernel tells what is left of TIME-WAIT in milliseconds, and its ticks are up to 10 of them: a timer that
/// ends so much later was set anew.
const RENEWED: Duration = Duration::from_millis(100);
/// What counts that a program's close has reset a connection, or that bytes came after it.
const ABORTS: &[Counter] = &[Counter::AbortOnClose, Counter::AbortOnData];

#[cfg(test)]
mod tests {
    use super::*;

    /// "After 0 ms": with the third segment behind a gap Linux sends at once what is missing, and no timer runs.
    #[test]
    fn what_a_sack_had_sent_again_at_once_was_told_as_a_timer_of_nine_microseconds() {
        let heard = Instant::now();
        let left = Duration::from_millis(2);
        let known = Known {
            sacked: Some((heard, left)),
            ..Known::new(TcpState::Established)
        };
        let waited = |micros: u64| known.waited(heard + Duration::from_micros(micros));
        assert_eq!(waited(9), None);
        assert_eq!(waited(4854), Some(Duration::from_micros(4854)));
    }
}
