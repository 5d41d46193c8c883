//! The states of each socket, as slices.

use std::collections::BTreeMap;

use lineman_trace::log::Endpoints;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Origin;
use lineman_trace::log::TcpState;
use lineman_trace::story::Arrow;
use lineman_trace::story::Ends;
use lineman_trace::story::Known;
use lineman_trace::story::Row;
use lineman_trace::story::StateCell;
use serde_json::Value;
use serde_json::json;

use super::PACKETS;
use super::micros;
use super::named;
use super::pid;
use crate::views::cells::mark;

/// A state of a socket, from when on it has been known to be in it.
struct Entered {
    t_ns: u64,
    state: TcpState,
    known: Known,
    through: Option<TcpState>,
}

/// A thread for each socket. What follows from each segment is shown, with the mark that it has in the ladder, of hosts whose TCP has
/// told of no state so far; then what it tells. A state lasts until the next, or to the end of the log.
#[derive(Default)]
pub(super) struct States {
    tracks: BTreeMap<(Host, Endpoints), Track>,
    /// How many threads were named.
    threads: u32,
    /// Whether the TCP of a host has told of a state.
    tells: Ends<bool>,
    /// How far the log has come.
    now_ns: u64,
}

/// The thread of a socket, and the state that it is in.
struct Track {
    tid: u32,
    entered: Entered,
}

impl States {
    /// What a TCP tells of its states: gives what is over by it.
    pub(super) fn told(&mut self, event: &Event) -> Vec<Value> {
        self.now_ns = event.t_ns;
        let Kind::State(state) = &event.kind else {
            return Vec::new();
        };
        self.tells[state.host] = true;
        if state.from == Some(state.to) {
            return Vec::new();
        }
        let entered = Entered {
            t_ns: event.t_ns,
            state: state.to,
            known: match state.origin {
                Origin::Kernel => Known::Kernel,
                Origin::Simulated => Known::Simulated,
                Origin::Inferred => Known::Deduced,
            },
            through: None,
        };
        self.enter((state.host, state.socket), entered)
    }

    /// What follows from the segment of a row, for its sender when it was sent, for its receiver when it arrived.
    pub(super) fn deduced(&mut self, row: &Row) -> Vec<Value> {
        let segment = |it: &&Arrow| it.seen.segment().is_some();
        let arrow = row.arrow.as_ref().filter(segment);
        let ends = arrow.and_then(|it| Some((it, it.seen.from?, it.seen.to?)));
        let Some((arrow, from, to)) = ends else {
            return Vec::new();
        };
        let mut all = Vec::new();
        for host in [Host::Client, Host::Server] {
            let Some(cell) = row.states[host].filter(|_| !self.tells[host]) else {
                continue;
            };
            let (local, remote, t_ns) = match host == arrow.from {
                true => (from, to, arrow.sent_ns),
                false => (to, from, arrow.decided_ns.unwrap_or(row.t_ns)),
            };
            let remote = Some(remote);
            let socket = Endpoints { local, remote };
            all.extend(self.enter((host, socket), after(&cell, t_ns)));
        }
        all
    }

    /// The log has ended.
    pub(super) fn end(&mut self) -> Vec<Value> {
        let tracks = self.tracks.iter();
        let slices = tracks.filter_map(|((host, _), it)| slice(*host, it, self.now_ns));
        slices.collect()
    }

    /// Slices of a thread must not overlap: none begins before the one before it.
    fn enter(&mut self, socket: (Host, Endpoints), mut entered: Entered) -> Vec<Value> {
        let host = socket.0;
        let Some(track) = self.tracks.get_mut(&socket) else {
            self.threads += 1;
            let tid = PACKETS + self.threads;
            let thread = named("thread_name", host, tid, &name(&socket.1));
            self.tracks.insert(socket, Track { tid, entered });
            return vec![thread];
        };
        if track.entered.state == entered.state {
            return Vec::new();
        }
        entered.t_ns = entered.t_ns.max(track.entered.t_ns);
        let over = slice(host, track, entered.t_ns);
        track.entered = entered;
        over.into_iter().collect()
    }
}

/// What a socket is in until then; nothing of one that is closed.
fn slice(host: Host, track: &Track, until_ns: u64) -> Option<Value> {
    let Track { tid, entered: it } = track;
    (it.state != TcpState::Closed).then(|| {
        json!({
            "ph": "X", "cat": "state", "pid": pid(host), "tid": tid,
            "ts": micros(it.t_ns), "dur": micros(until_ns.saturating_sub(it.t_ns)),
            "name": format!("{}{}", mark(it.known), it.state.name()),
            "args": {"deduced": !mark(it.known).is_empty(), "through": it.through.map(TcpState::name)},
        })
    })
}

fn name(socket: &Endpoints) -> String {
    match socket.remote {
        Some(remote) => format!("{} → {remote}", socket.local),
        None => socket.local.to_string(),
    }
}

fn after(cell: &StateCell, t_ns: u64) -> Entered {
    Entered {
        t_ns,
        state: cell.after,
        known: cell.known,
        through: cell.through,
    }
}
