//! The states that are deduced from packets alone are those that the kernel has told.

use std::collections::BTreeMap;

use lineman_proto::wire::Frame;
use lineman_proto::wire::flow::Segment;
use lineman_proto::wire::flow::Source;
use lineman_proto::wire::flow::TcpFlow;
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
    sent: BTreeMap<u64, Segment>,
}

fn lived(events: impl IntoIterator<Item = Event>) -> Lived {
    let mut lived = Lived::default();
    for event in events {
        match &event.kind {
            Kind::State(state) if state.socket.remote.is_some() => {
                push(&mut lived.told, (state.host, state.socket), state.to);
            }
            Kind::Packet(packet) => lived.packet(event.t_ns, packet),
            _ => {}
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
    fn packet(&mut self, now_ns: u64, packet: &Packet) {
        let seen = packet.bytes.as_deref();
        let seen = seen.and_then(|bytes| Segment::of(&Frame::parse(bytes)));
        let Some(segment) = seen.or_else(|| self.sent.get(&packet.id).copied()) else {
            return;
        };
        match packet.verdict {
            Verdict::Sent if !self.sent.contains_key(&packet.id) => {
                self.flows.sent(packet.id, now_ns, &segment);
                self.sent.insert(packet.id, segment);
            }
            Verdict::Duplicated { copy } => {
                self.sent.insert(copy, segment);
            }
            Verdict::Delivered => {
                self.flows.delivered(now_ns, &segment);
            }
            _ => return,
        }
        let Some(flow) = self.flows.get(&segment) else {
            return;
        };
        for way in [Way::Forth, Way::Back] {
            let Some(end) = flow.state(way) else { continue };
            self.contradicted += usize::from(end.source == Source::Contradicted);
            let socket = socket(flow, way);
            let host = match segment.from == socket.local {
                true => packet.from,
                false => packet.from.other(),
            };
            push(&mut self.deduced, (host, socket), end.state);
        }
    }
}

fn socket(flow: &TcpFlow, way: Way) -> Endpoints {
    let (client, server) = flow.ends();
    let (local, remote) = match way {
        Way::Forth => (client, server),
        Way::Back => (server, client),
    };
    Endpoints {
        local,
        remote: Some(remote),
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
