//! Both hosts, the wire and the clock: what happens next, and what follows from it.

use std::time::Duration;

use lineman_trace::log;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;

use crate::Options;
use crate::hosts::Call;
use crate::hosts::Outcome;
use crate::hosts::SocketView;
use crate::recorder::Recorder;
use crate::wire::Command;
use crate::wire::Parcel;
use crate::wire::Traffic;

use super::clock::Clock;
use super::sampler::Sampler;
use super::socket_table::SocketTable;
use super::stack::Stack;
use super::task::Task;

pub(super) struct World {
    clock: Clock,
    recorder: Recorder,
    traffic: Traffic,
    client: SimulatedHost,
    server: SimulatedHost,
    /// Whether hosts ask for each other's hardware addresses on the wire.
    resolving: bool,
    calls: u64,
    returned: Vec<(u64, Outcome)>,
}

/// A host, its calls that wait, and who looks at its states.
struct SimulatedHost {
    table: SocketTable,
    sampler: Sampler,
    waiting: Vec<Task>,
    /// When its stack must be asked again.
    next: Option<Duration>,
}

/// Why a host is attended to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// A call began or returned.
    Call,
    /// A packet has come.
    Packet,
    /// A timer has expired.
    Clock,
}

impl World {
    pub(super) fn new(options: &Options, seed: u64, clock: Clock, recorder: Recorder) -> Self {
        let simulated = |host, settings, seed| SimulatedHost {
            table: SocketTable::new(host, Stack::new(host, seed, clock.clone()), settings),
            sampler: Sampler::new(host, recorder.clone()),
            waiting: Vec::new(),
            next: None,
        };
        let mut world = Self {
            traffic: Traffic::new(
                clock.instant(),
                options.delay,
                &options.rules,
                recorder.clone(),
            ),
            // Two different chances of one seed.
            client: simulated(Host::Client, &options.client, seed),
            server: simulated(Host::Server, &options.server, !seed),
            resolving: options.resolving,
            calls: 0,
            returned: Vec::new(),
            recorder,
            clock,
        };
        if options.step {
            world.obey(Command::Step);
        }
        world
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.elapsed()
    }

    pub(super) fn tell(&self, kind: Kind) {
        self.recorder.record(kind);
    }

    /// The calls that have returned since this was last asked.
    pub(super) fn returned(&mut self) -> Vec<(u64, Outcome)> {
        std::mem::take(&mut self.returned)
    }

    /// All sockets of a host, as they are now.
    pub(super) fn sockets(&mut self, host: Host) -> Vec<SocketView> {
        self.simulated(host).table.inspect()
    }

    pub(super) fn obey(&mut self, command: Command) {
        self.traffic.obey(self.clock.instant(), command);
    }

    /// Has a host make a call. Returns the number of the call.
    pub(super) fn call(&mut self, host: Host, call: Call) -> u64 {
        self.calls += 1;
        let id = self.calls;
        let event = self.record(host, id, &call, None);
        let now = self.now();
        let simulated = self.simulated(host);
        let task = Task::new(id, call, &simulated.table, now);
        simulated.waiting.push(task);
        self.attend(host, Some(event), Reason::Call);
        id
    }

    /// When the next thing will happen by itself.
    pub(super) fn next(&self) -> Option<Duration> {
        let wire = self.traffic.next().map(|at| self.clock.of_wire(at));
        let both = [&self.client, &self.server];
        let hosts = both.into_iter().flat_map(|simulated| {
            let calls = simulated.waiting.iter().filter_map(|task| task.until);
            calls.chain(simulated.next)
        });
        hosts.chain(wire).min()
    }

    /// Goes on to the next thing that happens by then; false if there is none, and it is then.
    pub(super) fn step(&mut self, until: Duration) -> bool {
        let Some(next) = self.next().filter(|next| *next <= until) else {
            self.clock.set(until);
            return false;
        };
        self.clock.set(next);
        while let Some(parcel) = self.traffic.due(self.clock.instant()) {
            self.deliver(&parcel);
        }
        for host in [Host::Client, Host::Server] {
            let now = self.now();
            let simulated = self.simulated(host);
            let late = |at: Duration| at <= now;
            let expired = simulated
                .waiting
                .iter()
                .filter_map(|task| task.until)
                .any(late);
            if expired || simulated.next.is_some_and(late) {
                self.attend(host, None, Reason::Clock);
            }
        }
        true
    }

    fn deliver(&mut self, parcel: &Parcel) {
        let to = parcel.from.other();
        let event = self.traffic.delivered(parcel);
        let now = self.now();
        let simulated = self.simulated(to);
        simulated.sampler.hears(parcel.frame(), now);
        simulated.table.receive(parcel.frame());
        self.attend(to, Some(event), Reason::Packet);
    }

    /// Has a host do all that follows now: its calls return that can, and nothing more happens.
    fn attend(&mut self, host: Host, mut cause: Option<u64>, reason: Reason) {
        if reason != Reason::Call {
            self.settle(host, cause, reason);
        }
        loop {
            let returned = self.answer(host);
            cause = returned.or(cause);
            // Also for the calls that still wait: one has called, or handed over more to be sent.
            self.settle(host, cause, Reason::Call);
            if returned.is_none() {
                break;
            }
        }
        let now = self.now();
        let simulated = self.simulated(host);
        // A stack that has just been polled and asks to be polled at once would ask so for ever.
        let next = simulated.table.stack.next();
        simulated.next = next.map(|at| if at <= now { now + BREATH } else { at });
    }

    /// Tells what has become of a host's sockets, and has it send what it wants to send.
    fn settle(&mut self, host: Host, cause: Option<u64>, reason: Reason) {
        let simulated = self.simulated(host);
        simulated.table.tidy(reason == Reason::Packet);
        simulated.sampler.look(&mut simulated.table, cause);
        self.send(host, reason == Reason::Clock);
        let simulated = self.simulated(host);
        simulated.table.tidy(false);
        simulated.sampler.look(&mut simulated.table, None);
    }

    /// Puts on the wire what a host sends.
    fn send(&mut self, host: Host, clock: bool) {
        let now = self.now();
        loop {
            let frames = self.simulated(host).table.stack.send();
            let (asking, telling): (Vec<_>, Vec<_>) = frames
                .into_iter()
                .partition(|frame| !self.resolving && resolves(frame));
            for frame in telling {
                self.simulated(host).sampler.sending(&frame, now, clock);
                self.traffic.enter(self.clock.instant(), host, &frame, None);
            }
            if asking.is_empty() {
                return;
            }
            self.introduce(host, &asking);
        }
    }

    /// Has the other host answer what is not part of the lesson, outside of the wire.
    fn introduce(&mut self, host: Host, questions: &[Vec<u8>]) {
        for question in questions {
            let other = &mut self.simulated(host.other()).table.stack;
            other.receive(question);
            for answer in other.sent() {
                self.simulated(host).table.stack.receive(&answer);
            }
        }
    }

    /// Has the first call return that can. Returns the number of the event.
    fn answer(&mut self, host: Host) -> Option<u64> {
        let now = self.now();
        let simulated = self.simulated(host);
        let SimulatedHost { table, waiting, .. } = simulated;
        let mut tasks = waiting.iter_mut().enumerate();
        let (at, outcome) = tasks.find_map(|(at, task)| Some((at, table.attempt(task, now)?)))?;
        let task = waiting.remove(at);
        let answer = Some(task.call.answer(&outcome));
        self.returned.push((task.id, outcome));
        Some(self.record(host, task.id, &task.call, answer))
    }

    fn record(&self, host: Host, id: u64, call: &Call, answer: Option<log::Answer>) -> u64 {
        self.recorder.record(Kind::Call(log::Call {
            id,
            host,
            program: None,
            fd: call.fd(),
            socket: None,
            name: call.name().to_owned(),
            args: call.args(),
            answer,
        }))
    }

    fn simulated(&mut self, host: Host) -> &mut SimulatedHost {
        match host {
            Host::Client => &mut self.client,
            Host::Server => &mut self.server,
        }
    }
}

/// Whether a frame is about hardware addresses: ARP, or neighbour discovery (RFC 4861 §4).
fn resolves(frame: &[u8]) -> bool {
    match frame.get(12..14) {
        Some([0x08, 0x06]) => true,
        Some([0x86, 0xdd]) => {
            frame.get(20) == Some(&ICMPV6)
                && frame.get(54).is_some_and(|kind| NEIGHBOUR.contains(kind))
        }
        _ => false,
    }
}

/// The protocol number of ICMPv6 (RFC 4443 §1).
const ICMPV6: u8 = 58;
/// Neighbour solicitation and advertisement (RFC 4861 §4.3, §4.4).
const NEIGHBOUR: std::ops::RangeInclusive<u8> = 135..=136;
/// How soon a stack is asked again that wants to be asked at once and does nothing: shorter than any of its clocks.
const BREATH: Duration = Duration::from_millis(1);
