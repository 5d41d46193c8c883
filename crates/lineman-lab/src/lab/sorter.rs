//! Puts the log in the order in which things happened.
//!
//! What happens in the lab is told as it happens. Calls of other programs are not: strace tells of
//! them a moment later, with their times. As long as there are such programs, events wait for that
//! moment, and until all that strace has written by then was read: on a busy machine that takes longer.
//! They get their numbers when they leave. Only then is it known which call came last before
//! a state changed, and so is its cause, if a call was.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use lineman_trace::log::Answer;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::State;
use lineman_trace::log::TcpState;

use super::woken::Woken;
use crate::programs::Tracers;
use crate::programs::changes_a_state;
use crate::recorder::locked;

/// How long events wait at least: a call's return is written a moment after it. strace needs less than a millisecond, a busy machine more.
const PATIENCE: Duration = Duration::from_millis(40);
/// How often is looked for events that have waited: a quarter of what they wait, so that none waits much longer.
const TICK: Duration = Duration::from_millis(10);
/// How many numbers are remembered, for those that name an event as their cause: that is one of the last few hundred
/// events, also where programs are busy.
const REMEMBERED: usize = 4096;

/// A sink of events that hands them on in order. Clones are the same.
#[derive(Clone)]
pub(super) struct Sorter(Arc<Mutex<Inner>>);

struct Inner {
    sink: Box<dyn FnMut(Event) + Send>,
    begun: Instant,
    waiting: Vec<Event>,
    patience: Duration,
    /// Whether strace tells of calls after they have happened, or has done so.
    is_late: bool,
    next: u64,
    last_ns: u64,
    /// The numbers that events have got.
    numbers: BTreeMap<u64, u64>,
    /// Which of these are calls.
    calls: BTreeSet<u64>,
    /// The last call of each host that can change a state.
    last: BTreeMap<Host, u64>,
    /// Of each host, the last listen() that has succeeded, by the number that it has now.
    listened: BTreeMap<Host, u64>,
    woken: Woken,
    tracers: Tracers,
}

impl Sorter {
    pub(super) fn new(sink: impl FnMut(Event) + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            sink: Box::new(sink),
            begun: Instant::now(),
            waiting: Vec::new(),
            patience: Duration::ZERO,
            is_late: false,
            next: 0,
            last_ns: 0,
            numbers: BTreeMap::new(),
            calls: BTreeSet::new(),
            last: BTreeMap::new(),
            listened: BTreeMap::new(),
            woken: Woken::default(),
            tracers: Tracers::default(),
        })))
    }

    /// The tracers of programs: no event leaves before all is told that they had written when it happened.
    pub(super) fn tracers(&self) -> Tracers {
        locked(&self.0).tracers.clone()
    }

    /// Takes an event.
    pub(super) fn push(&self, mut event: Event) {
        let mut inner = locked(&self.0);
        if event.n == 0 {
            inner.begun = Instant::now();
        }
        if inner.is_late {
            inner.woken.hear(&mut event);
        }
        inner.waiting.push(event);
        inner.release();
    }

    /// From now on events wait, because strace tells of calls after they have happened.
    pub(super) fn wait(&self) {
        let mut inner = locked(&self.0);
        if inner.patience != Duration::ZERO {
            return;
        }
        inner.patience = PATIENCE;
        inner.is_late = true;
        let waiting = Arc::downgrade(&self.0);
        // Without it events wait for the next one, and are told in the end.
        let _ = std::thread::Builder::new().spawn(move || {
            while let Some(inner) = waiting.upgrade() {
                locked(&inner).release();
                drop(inner);
                std::thread::sleep(TICK);
            }
        });
    }

    /// Hands on what still waits.
    pub(super) fn flush(&self) {
        let mut inner = locked(&self.0);
        inner.patience = Duration::ZERO;
        inner.release();
    }
}

impl Inner {
    fn release(&mut self) {
        let waited = self.begun.elapsed().saturating_sub(self.patience);
        // What is told while this is asked waits for the lock.
        let unknown = self.tracers.until();
        let known = unknown.map_or(waited, |at| at.saturating_duration_since(self.begun));
        let now = u64::try_from(waited.min(known).as_nanos()).unwrap_or(u64::MAX);
        let all = self.patience == Duration::ZERO;
        self.waiting.sort_by_key(|event| (event.t_ns, event.n));
        let ready = match all {
            true => self.waiting.len(),
            false => self.waiting.partition_point(|event| event.t_ns <= now),
        };
        let ready: Vec<Event> = self.waiting.drain(..ready).collect();
        for event in ready {
            self.tell(event);
        }
    }

    fn tell(&mut self, mut event: Event) {
        self.numbers.insert(event.n, self.next);
        if self.numbers.len() > REMEMBERED {
            self.numbers.pop_first();
        }
        match &mut event.kind {
            Kind::Call(call) => {
                self.calls.insert(event.n);
                if self.calls.len() > REMEMBERED {
                    self.calls.pop_first();
                }
                if changes_a_state(&call.name, call.answer.as_ref()) {
                    self.last.insert(call.host, self.next);
                }
                if call.name == "listen" && matches!(call.answer, Some(Answer::Value(_))) {
                    self.listened.insert(call.host, self.next);
                }
            }
            Kind::State(state) => state.cause = self.cause(state),
            Kind::Counted(counted) => {
                let now = |cause| self.numbers.get(&cause).copied();
                counted.cause = counted.cause.and_then(now);
            }
            _ => {}
        }
        event.n = self.next;
        event.t_ns = event.t_ns.max(self.last_ns);
        (self.next, self.last_ns) = (self.next + 1, event.t_ns);
        (self.sink)(event);
    }
}

impl Inner {
    /// What caused it, by the number that this has now.
    fn cause(&self, state: &State) -> Option<u64> {
        // A listener is made by nothing else, whatever has been called since.
        let listens = self.is_late && state.to == TcpState::Listen && state.from.is_none();
        let listened = self.listened.get(&state.host).filter(|_| listens);
        if let Some(listened) = listened {
            return Some(*listened);
        }
        let cause = state.cause?;
        let last = self.last.get(&state.host).copied();
        // That a socket goes on is told of one call.
        let changes = state.from != Some(state.to);
        let by_call = self.is_late && changes && self.calls.contains(&cause);
        last.filter(|_| by_call)
            .or_else(|| self.numbers.get(&cause).copied())
    }
}

#[cfg(test)]
mod tests {
    use lineman_trace::log::Call;
    use lineman_trace::log::Fault;
    use lineman_trace::log::Origin;

    use super::*;
    use crate::programs::Progress;

    fn told() -> (Sorter, Arc<Mutex<Vec<Event>>>) {
        let told = Arc::<Mutex<Vec<Event>>>::default();
        let sink = Arc::clone(&told);
        (Sorter::new(move |event| locked(&sink).push(event)), told)
    }

    fn event(n: u64, t_ns: u64) -> Event {
        let (packet, rule) = (t_ns, String::new());
        let kind = Kind::Fault(Fault { packet, rule });
        Event { n, t_ns, kind }
    }

    #[test]
    fn without_patience_everything_passes_as_it_is() {
        let (sorter, told) = told();
        let all: Vec<Event> = (0..3).map(|n| event(n, n * 7)).collect();
        all.iter().for_each(|event| sorter.push(event.clone()));
        assert_eq!(*locked(&told), all);
    }

    fn call(n: u64, t_ns: u64, name: &str) -> Event {
        let kind = Kind::Call(Call {
            id: n,
            host: Host::Client,
            program: None,
            fd: None,
            socket: None,
            name: name.to_owned(),
            args: Vec::new(),
            answer: None,
        });
        Event { n, t_ns, kind }
    }

    fn state(n: u64, t_ns: u64, cause: u64) -> Event {
        let kind = Kind::State(State {
            host: Host::Client,
            socket: lineman_trace::log::Endpoints {
                local: ([10, 0, 0, 1], 1).into(),
                remote: None,
            },
            from: None,
            to: TcpState::Listen,
            origin: Origin::Kernel,
            cause: Some(cause),
            queues: None,
        });
        Event { n, t_ns, kind }
    }

    fn cause_of(event: &Event) -> Option<u64> {
        match &event.kind {
            Kind::State(state) => state.cause,
            _ => None,
        }
    }

    /// When the state was seen, only the earlier call was known.
    #[test]
    fn a_state_is_caused_by_the_call_that_came_last_before_it() {
        let (sorter, told) = told();
        sorter.wait();
        sorter.push(call(0, 0, "connect"));
        sorter.push(state(1, 500, 0));
        sorter.push(call(2, 400, "shutdown"));
        sorter.push(call(3, 450, "poll"));
        sorter.push(event(4, 600));
        sorter.push(state(5, 700, 4));
        sorter.flush();
        let told = locked(&told);
        assert_eq!(cause_of(&told[3]), Some(1), "shutdown: {told:#?}");
        assert_eq!(cause_of(&told[5]), Some(4), "a packet stays the cause");
    }

    /// LISTEN stood beside a listen() that failed, or an accept(): its kernel was asked a moment after the listen() that had made it.
    #[test]
    fn a_listener_was_told_of_the_call_behind_its_own() {
        let (sorter, told) = told();
        sorter.wait();
        let answered = |n, answer| {
            let mut event = call(n, n * 100, "listen");
            if let Kind::Call(call) = &mut event.kind {
                call.answer = Some(answer);
            }
            event
        };
        sorter.push(answered(0, Answer::Value("0".to_owned())));
        sorter.push(call(1, 100, "listen"));
        sorter.push(state(2, 150, 1));
        sorter.push(answered(3, Answer::Error("EADDRINUSE".to_owned())));
        let mut late = state(4, 400, 3);
        if let Kind::State(state) = &mut late.kind {
            state.cause = None;
        }
        sorter.push(late);
        sorter.flush();
        let told = locked(&told);
        assert_eq!([cause_of(&told[2]), cause_of(&told[4])], [Some(0); 2]);
    }

    /// On a busy machine a send() stood below the packet that it had sent: its line lay unread for longer than events wait.
    #[test]
    fn a_packet_waits_for_calls_that_lie_unread() {
        use std::io::Read as _;
        use std::io::Write as _;
        let (sorter, told) = told();
        sorter.push(event(0, 0));
        sorter.wait();
        let begun = Instant::now();
        locked(&sorter.0).begun = begun - Duration::from_secs(2);
        let (source, mut strace) = std::io::pipe().expect("a pipe");
        let source = std::os::fd::OwnedFd::from(source);
        let tracer = Arc::new(Progress::new(source.into(), begun - Duration::from_secs(1)));
        sorter.tracers().add(&tracer);
        let order = || -> Vec<u64> { locked(&told).iter().map(|event| event.t_ns).collect() };
        strace.write_all(b"send(3, ...").expect("a pipe");
        let left_ns = 1_900_000_000;
        sorter.push(event(1, left_ns));
        assert_eq!(order(), [0], "it lies in the pipe");
        let until = tracer.wait();
        (&tracer.source).read_exact(&mut [0; 11]).expect("a pipe");
        locked(&sorter.0).release();
        assert_eq!(order(), [0], "it was read, and not told");
        sorter.push(call(2, left_ns - 1, "send"));
        tracer.told(until);
        locked(&sorter.0).release();
        assert_eq!(order(), [0, left_ns - 1, left_ns]);
        sorter.push(event(3, left_ns + 1));
        assert_eq!(order().len(), 4, "nothing is unknown");
    }

    #[test]
    fn what_is_told_late_is_put_where_it_belongs() {
        let (sorter, told) = told();
        sorter.push(event(0, 0));
        sorter.wait();
        sorter.push(event(1, 900));
        sorter.push(event(2, 100));
        sorter.push(state(3, 950, 2));
        assert_eq!(locked(&told).len(), 1, "the others wait");
        sorter.flush();
        let told = locked(&told);
        let order: Vec<_> = told.iter().map(|event| (event.n, event.t_ns)).collect();
        assert_eq!(order, [(0, 0), (1, 100), (2, 900), (3, 950)]);
        assert_eq!(
            cause_of(&told[3]),
            Some(1),
            "the event that is now the first"
        );
    }
}
