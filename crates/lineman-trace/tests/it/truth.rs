//! Whatever a log tells, its ladder shows each change of state at the packet that made it, and as one
//! step of RFC 9293's figure 5; and packets depart and arrive in it in the order in which they did.

use std::collections::BTreeMap;

use lineman_proto::wire::flow::Cause;
use lineman_trace::log::*;
use lineman_trace::story::*;

/// The steps of figure 5, without those to CLOSED: a reset, an error or a clock leads there from
/// anywhere.
const STEPS: [(TcpState, TcpState); 16] = {
    use TcpState::*;
    [
        (Closed, Listen),
        (Closed, SynSent),
        (Listen, SynReceived),
        (Listen, SynSent),
        (SynSent, SynReceived),
        (SynSent, Established),
        (SynReceived, Established),
        (SynReceived, FinWait1),
        (SynReceived, Listen),
        (Established, FinWait1),
        (Established, CloseWait),
        (FinWait1, FinWait2),
        (FinWait1, Closing),
        (FinWait2, TimeWait),
        (CloseWait, LastAck),
        (Closing, TimeWait),
    ]
};

/// How many changes were looked at.
#[derive(Debug, Default)]
pub struct Looked {
    /// Shown.
    pub changes: usize,
    /// Told by the log, and made by a packet.
    pub at_a_packet: usize,
    /// What is not as it should be.
    pub untrue: Vec<String>,
}

/// Holds the rows of a log against the log.
pub fn look(events: &[Event]) -> Looked {
    let mut looked = Looked::default();
    let mut story = Story::new();
    let mut rows: Vec<Row> = events.iter().flat_map(|event| story.push(event)).collect();
    rows.extend(story.finish());
    let mut shown: BTreeMap<u64, Vec<(Host, TcpState)>> = BTreeMap::new();
    for row in &rows {
        for host in [Host::Client, Host::Server] {
            let Some(cell) = row.states[host].filter(|cell| cell.before != cell.after) else {
                continue;
            };
            looked.changes += 1;
            let step = (cell.before, cell.after);
            // FIN and ACK in one segment take two steps at once; the figure has them as one elsewhere.
            let both = (TcpState::FinWait1, TcpState::TimeWait);
            if cell.after != TcpState::Closed && !STEPS.contains(&step) && step != both {
                let [before, after] = [cell.before, cell.after].map(TcpState::name);
                let at = row.t_ns / 1_000_000;
                looked
                    .untrue
                    .push(format!("{at} ms: the {host:?}: {before} → {after}"));
            }
            if let Some(arrow) = &row.arrow {
                shown.entry(arrow.id).or_default().push((host, cell.after));
            }
        }
    }
    looked.untrue.extend(out_of_order(&rows));
    looked.untrue.extend(rows.iter().filter_map(no_clock));
    for (packet, state) in made_by_packets(events) {
        looked.at_a_packet += 1;
        let here = shown.get(&packet);
        if !here.is_some_and(|here| here.contains(&(state.host, state.to))) {
            let to = state.to.name();
            let host = state.host;
            looked.untrue.push(format!(
                "packet {packet} made the {host:?} {to}; its row does not say so"
            ));
        }
    }
    looked
}

/// A retransmission time-out where nothing is sent again, or where something else had it sent.
fn no_clock(row: &Row) -> Option<String> {
    let (clock, arrow) = (row.clock?, row.arrow.as_ref()?);
    let resent = match arrow.again {
        Some(again) => again.cause != Cause::Asked && again.cause != Cause::Doubled,
        None => arrow.stretch == Stretch::Repeat,
    };
    let fits = clock.kind != TimerKind::Retransmission || clock.host != arrow.from || resent;
    let id = arrow.id;
    (!fits).then(|| format!("packet {id} has a clock, but was not sent again by one"))
}

/// Rows that stand below what happened later.
fn out_of_order(rows: &[Row]) -> Vec<String> {
    let (mut untrue, mut last, mut arrived) = (Vec::new(), 0, 0);
    for row in rows {
        if row.t_ns < last {
            untrue.push(format!("{} ns stands below {last} ns", row.t_ns));
        }
        last = row.t_ns;
        let Some(arrow) = &row.arrow else { continue };
        let begins = match arrow.stretch {
            Stretch::Whole | Stretch::Departure => Some(arrow.sent_ns),
            Stretch::Landing => arrow.decided_ns,
            Stretch::Repeat => None,
        };
        if begins.is_some_and(|begins| begins != row.t_ns) {
            let (id, at) = (arrow.id, row.t_ns);
            untrue.push(format!("packet {id} of {begins:?} ns stands at {at} ns"));
        }
        let delivered = arrow.decided_ns.filter(|_| arrow.fate == Fate::Delivered);
        let Some(at) = delivered else { continue };
        if at < arrived {
            let id = arrow.id;
            untrue.push(format!("packet {id} has arrived before one above it"));
        }
        arrived = at;
    }
    untrue
}

/// The changes whose cause is that a packet was delivered.
fn made_by_packets(events: &[Event]) -> Vec<(u64, &State)> {
    let delivered: BTreeMap<u64, u64> = events
        .iter()
        .filter_map(|event| match &event.kind {
            Kind::Packet(packet) if packet.verdict == Verdict::Delivered => {
                Some((event.n, packet.id))
            }
            _ => None,
        })
        .collect();
    let changes = events.iter().filter_map(|event| match &event.kind {
        Kind::State(state) => Some(state),
        _ => None,
    });
    changes
        .filter_map(|state| Some((*delivered.get(&state.cause?)?, state)))
        .collect()
}
