//! How things stand at a moment of the log: the sockets of both hosts, their calls, what is held.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use lineman_proto::wire::Frame;
use lineman_trace::log::Call;
use lineman_trace::log::Congestion;
use lineman_trace::log::Endpoints;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Origin;
use lineman_trace::log::Packet;
use lineman_trace::log::Queues;
use lineman_trace::log::State;
use lineman_trace::log::TcpInfo;
use lineman_trace::log::TcpState;
use lineman_trace::log::Timer;
use lineman_trace::log::TimerKind;
use lineman_trace::log::Verdict;
use lineman_trace::story::CallCell;
use lineman_trace::story::Ends;

/// How many calls of a host are kept: more than a card shows on any terminal.
const CALLS: usize = 64;

/// The figures of how many connections of a host are kept: only those of one are shown.
const CONNECTIONS: usize = 1024;

/// What calls begin with that fill a queue: `sendall`, `write`.
const SENDS: [&str; 3] = ["send", "write", "flush"];
/// The same, and of those that empty one when they return: `recvfrom`, `readline`.
const TRANSFERS: [&str; 6] = ["send", "write", "flush", "recv", "read", "accept"];

/// How things stand.
#[derive(Clone, Debug, Default)]
pub(in crate::views) struct Scene {
    pub(in crate::views) hosts: Ends<Card>,
    /// The packets that are held, the oldest first.
    pub(in crate::views) held: Vec<Held>,
}

/// What is known of a host.
#[derive(Clone, Debug, Default)]
pub(in crate::views) struct Card {
    /// Its last calls, the newest last.
    pub(in crate::views) calls: VecDeque<CallCell>,
    /// The socket whose state changed last.
    pub(in crate::views) socket: Option<Socket>,
    /// The timers that were set and have not expired, as far as its TCP has told, with the time at which that was told.
    pub(in crate::views) timers: Vec<(u64, Timer)>,
    /// What congestion control had come to when it was told last.
    pub(in crate::views) congestion: Option<Congestion>,
    /// What its TCP has told of its connections last.
    figures: BTreeMap<Endpoints, TcpInfo>,
    /// Why it is gone.
    pub(in crate::views) left: Option<String>,
}

/// A TCP socket.
#[derive(Clone, Copy, Debug)]
pub(in crate::views) struct Socket {
    pub(in crate::views) ends: Endpoints,
    pub(in crate::views) state: TcpState,
    pub(in crate::views) origin: Origin,
    pub(in crate::views) queues: Option<Queues>,
}

/// A packet that waits on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::views) struct Held {
    pub(in crate::views) id: u64,
    pub(in crate::views) from: Host,
    /// How often its sender has sent it again meanwhile.
    pub(in crate::views) repeats: u32,
}

impl Scene {
    /// How things stood after these events.
    pub(in crate::views) fn after<'e>(events: impl IntoIterator<Item = &'e Event>) -> Self {
        let mut scene = Self::default();
        for event in events {
            scene.push(event);
        }
        scene
    }

    /// Moves on by an event.
    pub(in crate::views) fn push(&mut self, event: &Event) {
        match &event.visible().kind {
            Kind::Call(call) => self.hosts[call.host].call(call, event.t_ns),
            Kind::State(state) => self.hosts[state.host].state(state),
            Kind::Packet(packet) => self.packet(packet),
            Kind::Timer(timer) => self.hosts[timer.host].timer(timer, event.t_ns),
            Kind::Congestion(it) => self.hosts[it.host].congestion = Some(it.clone()),
            Kind::TcpInfo(info) => self.hosts[info.host].info(info),
            Kind::Left { host, why } => self.hosts[*host].left = Some(why.clone()),
            Kind::End => self.held.clear(),
            _ => {}
        }
    }

    fn packet(&mut self, packet: &Packet) {
        if packet.verdict == Verdict::Delivered {
            self.hosts[packet.from.other()].forget_queues();
            // It may acknowledge what the retransmission timer runs for: whether that still runs, nothing tells.
            let timers = &mut self.hosts[packet.from.other()].timers;
            let stays = [TimerKind::TimeWait, TimerKind::DelayedAck];
            timers.retain(|(_, timer)| stays.contains(&timer.clock));
        }
        if packet.verdict == Verdict::Sent {
            // Whatever a TCP sends acknowledges what it has received.
            let timers = &mut self.hosts[packet.from].timers;
            timers.retain(|(_, timer)| timer.clock != TimerKind::DelayedAck);
            let frame = packet.bytes.as_deref().map(Frame::parse);
            let tcp = frame.and_then(|frame| frame.tcp());
            if tcp.is_some_and(|tcp| tcp.payload().wire_len() > 0) {
                self.hosts[packet.from].forget_queues();
            }
        }
        let known = self.held.iter().position(|held| held.id == packet.id);
        match (packet.verdict, known) {
            (Verdict::Held, None) => self.held.push(Held {
                id: packet.id,
                from: packet.from,
                repeats: 0,
            }),
            (Verdict::Repeated { times }, Some(at)) => self.held[at].repeats = times,
            (Verdict::Delivered | Verdict::Dropped, Some(at)) => drop(self.held.remove(at)),
            _ => {}
        }
    }
}

impl Card {
    /// What TCP has told last of the connection that is shown; nothing of one that is over.
    pub(in crate::views) fn shown_figures(&self) -> Option<&TcpInfo> {
        self.figures.get(&self.socket?.ends)
    }

    fn info(&mut self, info: &TcpInfo) {
        self.figures.insert(info.socket, info.clone());
        if self.figures.len() > CONNECTIONS {
            self.figures.pop_first();
        }
    }

    /// Something may have come to its queues, or gone from them: a TCP tells how long they are when its state changes.
    fn forget_queues(&mut self) {
        if let Some(socket) = &mut self.socket {
            socket.queues = None;
        }
    }

    fn call(&mut self, call: &Call, t_ns: u64) {
        let takes = call.answer.is_some();
        let names = if takes { &TRANSFERS[..] } else { &SENDS[..] };
        if names.iter().any(|name| call.name.starts_with(name)) {
            self.forget_queues();
        }
        let begun = self.calls.iter_mut().rev().find(|cell| cell.id == call.id);
        match begun {
            Some(cell) => cell.answer.clone_from(&call.answer),
            None => self.calls.push_back(CallCell {
                answer: call.answer.clone(),
                ..CallCell::begun(call, t_ns)
            }),
        }
        if self.calls.len() > CALLS {
            self.calls.pop_front();
        }
    }

    fn timer(&mut self, timer: &Timer, t_ns: u64) {
        self.timers.retain(|(_, it)| it.clock != timer.clock);
        if !timer.expired {
            self.timers.push((t_ns, timer.clone()));
        }
    }

    fn state(&mut self, state: &State) {
        if matches!(state.to, TcpState::TimeWait | TcpState::Closed) {
            self.figures.remove(&state.socket);
            // What is over sends nothing again, and acknowledges nothing late.
            self.timers
                .retain(|(_, timer)| timer.clock == TimerKind::TimeWait);
        }
        if state.from == Some(TcpState::TimeWait) {
            self.timers
                .retain(|(_, timer)| timer.clock != TimerKind::TimeWait);
        }
        // A kernel that was asked and told of nothing has empty queues.
        let asked = state.origin == Origin::Kernel && state.to != TcpState::Closed;
        self.socket = Some(Socket {
            ends: state.socket,
            state: state.to,
            origin: state.origin,
            queues: state.queues.or_else(|| asked.then(Queues::default)),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::logs::LOGS;
    use crate::views::logs::events;

    /// "unacked 0", while five bytes of the client were under way: a TCP tells how long its queues are only when its state changes.
    #[test]
    fn queues_are_not_shown_that_have_changed_since_they_were_told() {
        let events = events("recorded-close");
        let bytes = |event: &Event| match &event.kind {
            Kind::Packet(packet) => {
                let frame = packet.bytes.as_deref().map(Frame::parse);
                let tcp = frame.and_then(|frame| frame.tcp());
                tcp.is_some_and(|tcp| tcp.payload().wire_len() > 0)
            }
            _ => false,
        };
        let at = events.iter().position(bytes).expect("bytes are sent");
        let scene = Scene::after(&events[..=at]);
        for host in [Host::Client, Host::Server] {
            let socket = scene.hosts[host].socket.expect("a connection");
            assert_eq!((socket.state, socket.queues), (TcpState::Established, None));
        }
        let asks =
            |event: &Event| matches!(&event.kind, Kind::State(it) if it.to == TcpState::SynSent);
        let at = events.iter().position(asks).expect("a SYN");
        let scene = Scene::after(&events[..=at]);
        let socket = scene.hosts[Host::Client].socket.expect("a socket");
        assert_eq!(socket.queues.map(|queues| queues.unsent), Some(1));
    }

    /// A bar for the retransmission timer of a socket that had given up.
    #[test]
    fn what_is_closed_retransmits_nothing() {
        let mut closed = 0;
        for name in LOGS {
            let mut scene = Scene::default();
            for event in events(name) {
                scene.push(&event);
                let Kind::State(state) = &event.kind else {
                    continue;
                };
                if state.to == TcpState::Closed {
                    closed += 1;
                    let timers = &scene.hosts[state.host].timers;
                    let all_wait = timers
                        .iter()
                        .all(|(_, timer)| timer.clock == TimerKind::TimeWait);
                    assert!(all_wait, "{name}: {timers:?}");
                }
            }
        }
        assert!(closed > 0);
    }
}
