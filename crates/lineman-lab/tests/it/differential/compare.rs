//! Walks through a log, tells the tracker the packets as a capture shows them, and holds its states against
//! the kernel's after each.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt;

use lineman_proto::wire::flow::EndState;
use lineman_proto::wire::flow::Source;
use lineman_proto::wire::flow::TcpFlows;
use lineman_proto::wire::flow::Way;
use lineman_trace::log::Endpoints;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Origin;
use lineman_trace::log::Passage;
use lineman_trace::log::Passing;
use lineman_trace::log::Segments;
use lineman_trace::log::State;
use lineman_trace::log::TcpState;
use lineman_trace::log::Verdict;

use super::captures::Captured;
use super::connection::Connections;
use super::connection::Told;
use super::explain::Case;
use super::explain::explain;

/// How the packets are seen.
#[derive(Clone, Copy, Debug)]
pub enum Lens {
    /// Each as it is sent and as it is delivered.
    Lab,
    /// Each once, as in a capture.
    Capture(Captured),
}

impl Lens {
    /// All of them; `seed` draws where captures begin.
    pub fn all(seed: u64) -> Vec<(&'static str, Self)> {
        let mut all = vec![("sent and delivered", Self::Lab)];
        all.extend(
            Captured::all(seed)
                .into_iter()
                .map(|(name, captured)| (name, Self::Capture(captured))),
        );
        all
    }
}

/// What came of comparing.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// States that the tracker named, and the kernel too.
    pub agreed: u64,
    /// Of these, those in which the tracker had contradicted itself before.
    pub contradicted: u64,
    /// Where the tracker names none.
    pub unclaimed: u64,
    /// Those that differ for a known reason.
    pub explained: BTreeMap<&'static str, u64>,
    /// How often which state was named rightly.
    pub states: BTreeMap<TcpState, u64>,
    /// The others.
    pub unexplained: Vec<Difference>,
}

/// A state that the kernel does not bear out.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The number of the event behind which it was looked at.
    pub n: u64,
    pub host: Host,
    pub socket: Endpoints,
    pub claim: EndState,
    pub kernel: TcpState,
}

impl Compared {
    pub fn add(&mut self, other: Self) {
        self.agreed += other.agreed;
        self.contradicted += other.contradicted;
        self.unclaimed += other.unclaimed;
        for (reason, count) in other.explained {
            *self.explained.entry(reason).or_default() += count;
        }
        for (state, count) in other.states {
            *self.states.entry(state).or_default() += count;
        }
        self.unexplained.extend(other.unexplained);
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "  {} agreed ({} after a contradiction)",
            self.agreed, self.contradicted
        )?;
        writeln!(f, "  {} not claimed", self.unclaimed)?;
        for (reason, count) in &self.explained {
            writeln!(f, "  {count} explained: {reason}")?;
        }
        let states = self.states.iter();
        let states: Vec<_> = states
            .map(|(state, count)| format!("{} {count}", state.name()))
            .collect();
        writeln!(f, "  by state: {}", states.join(", "))?;
        write!(f, "  {} unexplained", self.unexplained.len())?;
        for it in self.unexplained.iter().take(8) {
            let (n, host, socket) = (it.n, it.host.name(), it.socket);
            let (claim, kernel) = (it.claim.state.name(), it.kernel.name());
            let source = it.claim.source;
            write!(
                f,
                "\n    event {n}, {host} {socket:?}: {claim} ({source:?}), kernel {kernel}"
            )?;
        }
        Ok(())
    }
}

/// How many packets a log has.
pub fn packets(events: &[Event]) -> u64 {
    let sent =
        |event: &&Event| matches!(&event.kind, Kind::Packet(it) if it.verdict == Verdict::Sent);
    events.iter().filter(sent).count() as u64
}

pub fn compare(events: &[Event], lens: &Lens) -> Compared {
    let mut walk = Walk {
        lens: *lens,
        flows: TcpFlows::new(),
        kernel: HashMap::new(),
        connections: Connections::of(events),
        segments: Segments::default(),
        pending: None,
        answers: answers(events),
        times: events.iter().map(|event| (event.n, event.t_ns)).collect(),
        compared: Compared::default(),
    };
    for event in events {
        walk.event(event);
    }
    // What is delivered right before the end nobody has been asked about any more.
    let end_ns = events.last().map_or(0, |event| event.t_ns);
    walk.pending.take_if(|it| end_ns < it.t_ns + ANSWERED_NS);
    walk.check();
    walk.compared
}

/// What changes later than this after a packet has another reason, unless the log says that it is the packet.
const ANSWERED_NS: u64 = 30_000_000;

fn answers(events: &[Event]) -> HashMap<u64, u64> {
    let of = |event: &Event| match &event.kind {
        Kind::State(state) => Some((state.cause?, event.n)),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

struct Walk {
    lens: Lens,
    /// The tracker, as it sees packets through the lens.
    flows: TcpFlows,
    kernel: HashMap<(Host, Endpoints), Told>,
    connections: Connections,
    segments: Segments,
    pending: Option<Pending>,
    /// The last state that each event has caused.
    answers: HashMap<u64, u64>,
    /// When each event was told.
    times: HashMap<u64, u64>,
    compared: Compared,
}

/// What was told the tracker last; the kernel's answers are still to come.
struct Pending {
    n: u64,
    t_ns: u64,
    passing: Passing,
    /// About whom there is something to say.
    about: [bool; 2],
}

impl Walk {
    fn event(&mut self, event: &Event) {
        // What changes later is no answer to the packet.
        let is_late = self.pending.as_ref().is_some_and(|it| {
            let answered = self.answers.get(&it.n).is_none_or(|last| event.n > *last);
            event.t_ns > it.t_ns + ANSWERED_NS && answered
        });
        if is_late {
            self.check();
        }
        match &event.kind {
            Kind::State(state) => self.state(event, state),
            _ => self.connections.hear(event),
        }
        if let Some(passing) = self.segments.event(event) {
            self.passes(event, &passing);
        }
    }

    fn state(&mut self, event: &Event, state: &State) {
        if state.origin != Origin::Kernel {
            return;
        }
        self.connections.changed(event.t_ns, state);
        let before = self.kernel.get(&(state.host, state.socket));
        let told = Told {
            lasted_ns: before.map_or(0, |before| event.t_ns - before.since_ns),
            // The sampler may look late.
            since_ns: state
                .cause
                .and_then(|n| self.times.get(&n).copied())
                .unwrap_or(event.t_ns),
            state: state.to,
            before: state.from,
            t_ns: event.t_ns,
            cause: state.cause,
            closing: self.connections.is_closing(state.socket.local),
        };
        self.kernel.insert((state.host, state.socket), told);
    }

    fn passes(&mut self, event: &Event, it: &Passing) {
        let sent = match it.passage {
            Passage::Left => true,
            Passage::Arrived => false,
            Passage::Copied { copy } => return self.connections.copied(it.id, copy),
            Passage::Lost => return self.connections.dropped(&it.segment),
        };
        self.check();
        match sent {
            true => self.connections.sent(it),
            false => self.connections.delivered(event.n, it),
        }
        let about = match self.lens {
            Lens::Lab => {
                match sent {
                    true => drop(self.flows.sent(it.id, it.t_ns, &it.segment)),
                    false => drop(self.flows.delivered(it.t_ns, &it.segment)),
                }
                [true; 2]
            }
            Lens::Capture(captured) => {
                if !captured.sees(it.from, sent, &it.segment, &mut self.connections) {
                    return;
                }
                self.flows.captured(it.id, it.t_ns, &it.segment);
                captured.about()
            }
        };
        self.pending = Some(Pending {
            n: event.n,
            t_ns: event.t_ns,
            passing: *it,
            about,
        });
    }

    /// Holds the states of both ends of the connection that was told of last against the kernel's.
    fn check(&mut self) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        let passing = &pending.passing;
        let Some(flow) = self.flows.get(&passing.segment) else {
            return;
        };
        for way in [Way::Forth, Way::Back] {
            let socket = Endpoints::of(flow, way);
            let host = passing.host_of(socket);
            if !pending.about[host as usize] {
                continue;
            }
            let Some(claim) = flow.state(way) else {
                self.compared.unclaimed += 1;
                continue;
            };
            let told = self.kernel.get(&(host, socket)).copied();
            let kernel = told.map_or(TcpState::Closed, |told| told.state);
            if is_same(claim.state, kernel) {
                self.compared.agreed += 1;
                self.compared.contradicted += u64::from(claim.source == Source::Contradicted);
                *self.compared.states.entry(claim.state).or_default() += 1;
                continue;
            }
            let case = Case {
                claim: claim.state,
                kernel,
                told,
                n: pending.n,
                t_ns: pending.t_ns,
                contradicted: claim.source == Source::Contradicted,
                packet: passing.id,
                is_its_own: host == passing.from,
                host,
                socket,
                connections: &self.connections,
                captured: match self.lens {
                    Lens::Lab => None,
                    Lens::Capture(captured) => Some(captured),
                },
            };
            match explain(&case) {
                Some(reason) => *self.compared.explained.entry(reason).or_default() += 1,
                None => self.compared.unexplained.push(Difference {
                    n: pending.n,
                    host,
                    socket,
                    claim,
                    kernel,
                }),
            }
        }
    }
}

/// An end that listens has no socket for a connection that does not exist.
fn is_same(claim: TcpState, kernel: TcpState) -> bool {
    claim == kernel || (claim, kernel) == (TcpState::Listen, TcpState::Closed)
}
