//! Why a state that a capture tells of the far end may differ: what was seen leaving has not arrived there yet, or never will.

use std::collections::BTreeMap;

use lineman_proto::wire::flow::TcpFlow;
use lineman_proto::wire::flow::Way;
use lineman_trace::log::TcpState::*;

use super::Case;
use super::SOON_NS;
use super::explain;
use crate::differential::connection::Told;

/// Only in a capture, and only of the far end: it was in this state when what was seen of it last had left, or has been since, or will be
/// when all has arrived that was seen leaving.
pub(super) fn on_its_way(case: &Case<'_>) -> bool {
    if !case.is_far() {
        return false;
    }
    let (acts, peers) = (case.acts(), case.peers_acts());
    let arrivals = peers
        .missing
        .keys()
        .map(|id| case.connections.arrives_ns(*id));
    let last_ns = arrivals.flatten().fold(case.t_ns, u64::max) + SOON_NS;
    let since_ns = acts.seen_left_ns.saturating_sub(SOON_NS);
    let all =
        case.connections
            .states_between(case.socket.local, case.remote(), (since_ns, last_ns));
    let all: Vec<_> = all.collect();
    let is_so = all.iter().any(|state| case.names_as_seen(*state)) || case.is_passed_in(&all);
    is_so && is_right_for_who_sees_all(case)
}

/// Only in a capture, and only of the far end: the tracker that sees all arrivals comes to the same if it is told that all has arrived that was seen leaving.
pub(super) fn would_be_so(case: &Case<'_>) -> bool {
    if !case.is_far() || !is_right_for_who_sees_all(case) {
        return false;
    }
    let Some((flow, way)) = for_who_sees_all(case) else {
        return false;
    };
    let mut flow = flow.clone();
    let missing = case.peers_acts().missing;
    let in_order: BTreeMap<u64, _> = missing.into_iter().collect();
    in_order.values().any(|it| {
        flow.delivered(case.t_ns, &it.segment);
        flow.state(way)
            .is_some_and(|end| case.names_as_seen(end.state))
    })
}

/// Only in a capture, and only of the far end. The tracker that sees all arrivals agrees with the kernel.
pub(super) fn not_arrived(case: &Case<'_>) -> bool {
    if !case.is_far() {
        return false;
    }
    let all = [case.peers_acts(), case.acts()];
    let missing = all
        .iter()
        .any(|acts| !acts.missing.is_empty() || acts.overtaken || acts.fin_lost);
    missing && is_right_for_who_sees_all(case)
}

/// Only of the far end of a capture: an ACK crosses one that acknowledges more than where it stands, and is dropped.
pub(super) fn too_old_when_it_came(case: &Case<'_>) -> bool {
    case.is_far() && case.peers_acts().came_too_old && is_right_for_who_sees_all(case)
}

/// In a capture, what the far end has received is known from what it sends; where it sends again so soon that the answer to the first
/// is still on its way to it, or was when it left, it seems to say that it has not come.
pub(super) fn sent_again_before(case: &Case<'_>) -> bool {
    let left_ns = case.connections.left_ns(case.packet);
    let later = case.told.is_some_and(|told| told.t_ns > left_ns);
    case.is_far() && case.is_its_own && case.contradicted && later
}

/// Linux repeats the SYN-ACK in FIN-WAIT-1, too, until that is acknowledged.
pub(super) fn fin_before_the_capture(case: &Case<'_>) -> bool {
    let late = case
        .captured
        .is_some_and(|captured| captured.late.is_some());
    let closed_early = |told: Told| (told.before, told.state) == (Some(SynReceived), FinWait1);
    let open = matches!(case.claim, SynReceived | Established);
    late && open && case.acts().fin && case.told.is_some_and(closed_early)
}

/// Whether the tracker that sees all arrivals agrees with the kernel, or differs for a reason of its own.
fn is_right_for_who_sees_all(case: &Case<'_>) -> bool {
    let state = for_who_sees_all(case).and_then(|(flow, way)| flow.state(way));
    let seen = state.map(|end| end.state);
    match seen {
        None => true, // it has not said anything yet, and nobody knows whether it listens
        Some(seen) => {
            let all = Case {
                claim: seen,
                captured: None,
                ..*case
            };
            seen == case.kernel
                || (seen, case.kernel) == (Listen, Closed)
                || explain(&all).is_some()
        }
    }
}

/// What the tracker that sees all arrivals knows of the connection, and which way its end sends.
fn for_who_sees_all<'a>(case: &Case<'a>) -> Option<(&'a TcpFlow, Way)> {
    let flow = case.connections.flow(case.socket.local, case.remote())?;
    let way = match flow.ends().0 == case.socket.local {
        true => Way::Forth,
        false => Way::Back,
    };
    Some((flow, way))
}
