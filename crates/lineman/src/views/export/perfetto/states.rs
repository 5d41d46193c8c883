//! The states of each socket, as slices.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use lineman_trace::log::Endpoints;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Origin;
use lineman_trace::log::TcpState;
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

type Tracks = BTreeMap<(Host, Endpoints), Vec<Entered>>;

/// A thread for each socket. Where a host's TCP has told of its states, these are shown; else those that are deduced, with
/// the mark that they have in the ladder. A state lasts until the next, or to the end of the log.
pub(super) fn slices(events: &[Event], rows: &[Row]) -> Vec<Value> {
    let mut tracks = told(events);
    let hosts: BTreeSet<Host> = tracks.keys().map(|(host, _)| *host).collect();
    deduced(rows, &hosts, &mut tracks);
    let end_ns = events.last().map_or(0, |event| event.t_ns);
    let mut all = Vec::new();
    for (tid, ((host, socket), entered)) in (PACKETS + 1..).zip(&tracks) {
        all.push(named("thread_name", *host, tid, &name(socket)));
        for (at, it) in entered.iter().enumerate() {
            if it.state == TcpState::Closed {
                continue;
            }
            let until = entered.get(at + 1).map_or(end_ns, |next| next.t_ns);
            all.push(json!({
                "ph": "X", "cat": "state", "pid": pid(*host), "tid": tid,
                "ts": micros(it.t_ns), "dur": micros(until.saturating_sub(it.t_ns)),
                "name": format!("{}{}", mark(it.known), it.state.name()),
                "args": {"deduced": !mark(it.known).is_empty(), "through": it.through.map(TcpState::name)},
            }));
        }
    }
    all
}

fn name(socket: &Endpoints) -> String {
    match socket.remote {
        Some(remote) => format!("{} → {remote}", socket.local),
        None => socket.local.to_string(),
    }
}

fn told(events: &[Event]) -> Tracks {
    let mut tracks = Tracks::new();
    for event in events {
        let Kind::State(state) = &event.kind else {
            continue;
        };
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
        enter(&mut tracks, (state.host, state.socket), entered);
    }
    tracks
}

/// Of the hosts whose TCP has told nothing: what follows from each segment, for its sender when it was sent, for its
/// receiver when it arrived.
fn deduced(rows: &[Row], told: &BTreeSet<Host>, tracks: &mut Tracks) {
    for row in rows {
        let Some(arrow) = row.arrow.as_ref().filter(|it| it.seen.segment().is_some()) else {
            continue;
        };
        let Some((from, to)) = arrow.seen.from.zip(arrow.seen.to) else {
            continue;
        };
        for host in [Host::Client, Host::Server] {
            let Some(cell) = row.states[host].filter(|_| !told.contains(&host)) else {
                continue;
            };
            let (local, remote, t_ns) = match host == arrow.from {
                true => (from, to, arrow.sent_ns),
                false => (to, from, arrow.decided_ns.unwrap_or(row.t_ns)),
            };
            let remote = Some(remote);
            enter(
                tracks,
                (host, Endpoints { local, remote }),
                after(&cell, t_ns),
            );
        }
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

/// Slices of a thread must not overlap: none begins before the one before it.
fn enter(tracks: &mut Tracks, socket: (Host, Endpoints), mut entered: Entered) {
    let track = tracks.entry(socket).or_default();
    if let Some(last) = track.last() {
        if last.state == entered.state {
            return;
        }
        entered.t_ns = entered.t_ns.max(last.t_ns);
    }
    track.push(entered);
}
