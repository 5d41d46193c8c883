//! The states that are deduced from packets alone are those that the kernel has told.

use std::collections::BTreeMap;

use lineman_proto::wire::flow::Source;
use lineman_proto::wire::flow::TcpFlows;
use lineman_proto::wire::flow::Way;
use lineman_trace::log::*;

/// The states of each connected socket, in their order.
type Lives = BTreeMap<(Host, Endpoints), Vec<TcpState>>;

/// What a log tells of the states of TCP.
#[derive(Debug, Default)]
struct Lived {
    /// As the kernel, or the simulated TCP, told them.
    told: Lives,
    /// As they are deduced from the packets of the same log.
    deduced: Lives,
    /// Where what was deduced was contradicted later.
    contradicted: usize,
    flows: TcpFlows,
    segments: Segments,
}

fn lived(events: impl IntoIterator<Item = Event>) -> Lived {
    let mut lived = Lived::default();
    for event in events {
        if let Kind::State(state) = &event.kind
            && state.socket.remote.is_some()
        {
            push(&mut lived.told, (state.host, state.socket), state.to);
        }
        if let Some(passing) = lived.segments.event(&event) {
            lived.passes(&passing);
        }
    }
    lived
}

fn push(lives: &mut Lives, socket: (Host, Endpoints), state: TcpState) {
    let life = lives.entry(socket).or_default();
    if life.last() != Some(&state) {
        life.push(state);
    }
}

impl Lived {
    fn passes(&mut self, it: &Passing) {
        match it.passage {
            Passage::Left => drop(self.flows.sent(it.id, it.t_ns, &it.segment)),
            Passage::Arrived => drop(self.flows.delivered(it.t_ns, &it.segment)),
            Passage::Copied { .. } | Passage::Lost => return,
        }
        let Some(flow) = self.flows.get(&it.segment) else {
            return;
        };
        for way in [Way::Forth, Way::Back] {
            let Some(end) = flow.state(way) else { continue };
            self.contradicted += usize::from(end.source == Source::Contradicted);
            let socket = Endpoints::of(flow, way);
            push(&mut self.deduced, (it.host_of(socket), socket), end.state);
        }
    }
}

/// A log of a real lab on Linux 6.18.
fn recorded(name: &str) -> Vec<Event> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/logs");
    read(&format!("{dir}/recorded-{name}.jsonl"))
}

fn read(path: &str) -> Vec<Event> {
    let log = std::fs::read(path).expect("a log");
    Reader::new(&*log).map_while(Result::ok).collect()
}

#[test]
fn the_kernels_states_are_deduced_from_its_packets() {
    for name in ["close", "crossed", "step", "syn-ack-lost"] {
        let lived = lived(recorded(name));
        assert_eq!(lived.deduced, lived.told, "{name}");
        assert_eq!(lived.contradicted, 0, "{name}");
        assert!(!lived.told.is_empty(), "{name}");
    }
}

/// The kernel forgets an embryonic connection without a word; by RFC 9293 §3.10.7.4 the end that was
/// passive is in LISTEN again.
#[test]
fn a_passive_end_that_is_reset_listens_again() {
    let lived = lived(recorded("stale-syn"));
    let server = |lives: &Lives| {
        let mut lives = lives.iter().filter(|((host, _), _)| *host == Host::Server);
        lives.next().expect("a socket").1.clone()
    };
    assert_eq!(
        server(&lived.deduced),
        [TcpState::SynReceived, TcpState::Listen]
    );
    assert_eq!(
        server(&lived.told),
        [TcpState::SynReceived, TcpState::Closed]
    );
}
