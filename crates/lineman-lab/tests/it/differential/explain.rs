//! Why a state that was deduced may differ from the kernel's, although the deduction is right. Each reason is
//! as narrow as what the log tells allows; what none of them covers is a failure.

mod far;

use lineman_proto::wire::Flags;
use lineman_trace::log::Endpoints;
use lineman_trace::log::Host;
use lineman_trace::log::TcpState;
use lineman_trace::log::TcpState::*;

use super::captures::Captured;
use super::connection::Acts;
use super::connection::Connections;
use super::connection::Departure;
use super::connection::Told;

/// A difference, and what is known around it.
pub struct Case<'a> {
    pub claim: TcpState,
    pub kernel: TcpState,
    /// What the kernel has said last of this socket.
    pub told: Option<Told>,
    /// The event behind which it was looked at.
    pub n: u64,
    pub t_ns: u64,
    /// Whether the tracker had claimed another state, and says now that it was wrong.
    pub contradicted: bool,
    /// The packet that was told last.
    pub packet: u64,
    /// Whether this end has sent it.
    pub is_its_own: bool,
    pub host: Host,
    pub socket: Endpoints,
    pub connections: &'a Connections,
    /// By whom the packets were seen, if not by all.
    pub captured: Option<Captured>,
}

/// A reason, and whether it holds.
type Reason = (&'static str, fn(&Case<'_>) -> bool);

const REASONS: &[Reason] = &[
    (
        "its listener answers by SYN cookies: the kernel has no socket",
        no_socket_yet,
    ),
    (
        "a SYN cookie has come again: the kernel has a new socket",
        made_by_a_cookie,
    ),
    (
        "a SYN cookie was answered by a later segment than the third ACK: the kernel knows nothing of what came before that",
        made_by_a_later_segment,
    ),
    (
        "its program has connected anew, and the SYN has not left yet",
        syn_has_not_left,
    ),
    (
        "its program has closed, and its FIN has not left yet",
        fin_has_not_left,
    ),
    (
        "it has reset the connection, and its RST has not left yet",
        rst_has_not_left,
    ),
    (
        "the listener had no room: the kernel has dropped the ACK",
        no_room_to_accept,
    ),
    (
        "its program has closed before the handshake: no packet says so",
        closed_before_open,
    ),
    (
        "its program has aborted when all was sent that both had to say: no packet says so",
        aborted_at_the_end,
    ),
    (
        "its state had changed by then, and the kernel was asked later",
        asked_later,
    ),
    ("it has given up sending again: no packet says so", gave_up),
    (
        "its FIN-WAIT-2 has timed out: no packet says so",
        fin_wait_2_is_over,
    ),
    (
        "its listener was closed: no packet says so",
        listener_was_closed,
    ),
    (
        "its kernel has dropped a SYN that crossed its own: it has never answered it",
        never_answered,
    ),
    (
        "it knows by timestamps that the SYN is old, and has dropped it",
        is_too_old,
    ),
    (
        "its program had closed before the peer's FIN came, and its own FIN left later",
        closed_before_the_peer,
    ),
    (
        "it had left before the kernel's state changed, and was seen later",
        left_before,
    ),
    (
        "it has closed before its crossed SYN was acknowledged, and its FIN left before the capture began",
        far::fin_before_the_capture,
    ),
    (
        "it was sent again before what was seen on its way had arrived, and seems to say that it was lost",
        far::sent_again_before,
    ),
    (
        "what was seen leaving was too old when it came: its receiver had acknowledged more by then",
        far::too_old_when_it_came,
    ),
    (
        "what was seen leaving is on its way: its end was in this state, or comes to be",
        far::on_its_way,
    ),
    (
        "what was seen leaving was lost, or is late: with it, its end would be in this state",
        far::would_be_so,
    ),
    ("what was seen leaving was overtaken", far::not_arrived),
];

/// Why a state differs; `None` if nobody knows.
pub fn explain(case: &Case<'_>) -> Option<&'static str> {
    let reason = REASONS.iter().find(|(_, holds)| holds(case))?;
    Some(reason.0)
}

impl Case<'_> {
    fn remote(&self) -> std::net::SocketAddr {
        self.socket.remote.expect("of a connection")
    }

    fn acts(&self) -> Acts {
        let acts = self.connections.acts(self.socket.local, self.remote());
        acts.cloned().unwrap_or_default()
    }

    fn peers_acts(&self) -> Acts {
        let acts = self.connections.acts(self.remote(), self.socket.local);
        acts.cloned().unwrap_or_default()
    }

    /// What it sends soon after the kernel has changed its state, and was not told yet.
    fn next_soon(&self) -> impl Iterator<Item = Departure> {
        let since_ns = self.told.map_or(0, |told| told.t_ns).max(self.t_ns);
        let all = self
            .connections
            .next(self.socket.local, self.remote(), self.n);
        all.take_while(move |it| it.t_ns.saturating_sub(since_ns) < SOON_NS)
    }

    /// Whether the claim is what packets can tell of a state of the kernel: it is what it was before, while the
    /// FIN has not left.
    fn names(&self, kernel: TcpState) -> bool {
        self.claim == kernel || before_its_fin(kernel).contains(&self.claim) && !self.acts().fin
    }

    /// As [`names`](Self::names), where its FIN counts when it was seen: when it has arrived.
    fn names_as_seen(&self, state: TcpState) -> bool {
        let acts = self.acts();
        let is_seen = acts.fin && !acts.missing.values().any(|it| it.fin);
        let is_it = self.claim == state || (self.claim, state) == (Listen, Closed);
        is_it || !is_seen && before_its_fin(state).contains(&self.claim)
    }

    /// Whether the state that is claimed is passed where these follow each other.
    fn is_passed_in(&self, states: &[TcpState]) -> bool {
        states
            .windows(2)
            .any(|pair| passes(pair[0], pair[1]).contains(&self.claim))
    }

    /// Whether it was in the state that is claimed shortly before the kernel has told the last one, or before the packet.
    fn was_lately(&self) -> bool {
        let told_ns = self.told.map_or(0, |told| told.t_ns);
        let since_ns = told_ns.min(self.t_ns).saturating_sub(SOON_NS);
        let (local, remote) = (self.socket.local, self.remote());
        let since = self.connections.states_since(local, remote, since_ns);
        let since: Vec<_> = since.collect();
        let is_so = |state: &TcpState| {
            let led = leads_to(*state).iter();
            self.names_as_seen(*state) || led.copied().any(|state| self.names_as_seen(state))
        };
        since.iter().any(is_so) || self.is_passed_in(&since)
    }

    /// Whether it is the end that a capture does not stand at.
    fn is_far(&self) -> bool {
        self.captured
            .is_some_and(|captured| captured.at != self.host)
    }

    /// The call that has changed the state last, if one has.
    fn call(&self) -> Option<&str> {
        self.connections.call(self.told?.cause?)
    }
}

/// What an end passes from one state to the other before the sampler has looked: a SYN that meets the peer's; a socket made by a SYN cookie; an ACK of a SYN
/// whose FIN waits for it, with the peer's FIN; a program that has closed, and a reset that comes before the FIN left. Ports are given to a new socket only
/// when what is left of the one before waits in FIN-WAIT-2 or TIME-WAIT.
fn passes(from: TcpState, to: TcpState) -> &'static [TcpState] {
    match (from, to) {
        (Closed, SynReceived) => &[SynSent],
        (FinWait1, SynSent) => &[FinWait2, TimeWait, Closed],
        (FinWait2 | Closing, SynSent) => &[TimeWait, Closed],
        (_, SynSent) => &[Closed],
        (Closed, Established | CloseWait) => &[SynReceived],
        (SynReceived | Established, FinWait2 | Closing) => &[FinWait1],
        (SynReceived | Established, Closed) => &[FinWait1],
        (CloseWait, Closed) => &[LastAck],
        (SynReceived, TimeWait) => &[FinWait1, FinWait2, Closing],
        _ => &[],
    }
}

/// What packets tell of an end in this state whose FIN was not seen.
fn before_its_fin(state: TcpState) -> &'static [TcpState] {
    match state {
        FinWait1 => &[SynReceived, Established],
        LastAck | Closing => &[CloseWait],
        _ => &[],
    }
}

/// Where one packet leads an end that its program, or the next packet, may lead on before the sampler has looked.
fn leads_to(state: TcpState) -> &'static [TcpState] {
    match state {
        SynSent => &[SynReceived, Established, CloseWait],
        SynReceived => &[Established, CloseWait],
        Established => &[CloseWait],
        FinWait1 => &[FinWait2, Closing, TimeWait],
        FinWait2 => &[TimeWait],
        _ => &[],
    }
}

/// What has caused the next state that the kernel tells was told before this packet, or is it: on a busy machine it is asked later.
fn asked_later(case: &Case<'_>) -> bool {
    let (local, remote) = (case.socket.local, case.remote());
    let next = case.connections.next_told(local, remote, case.n);
    next.filter(|(cause, _)| *cause <= case.n)
        .is_some_and(|(_, state)| case.names(state) || case.is_passed_in(&[case.kernel, state]))
}

/// A FIN waits behind bytes that wait for room, or between the host and the wire.
fn fin_has_not_left(case: &Case<'_>) -> bool {
    case.names(case.kernel) && case.claim != case.kernel
}

/// The longest retransmission time-out of the lab's settings, less some ticks.
const LONGEST_NS: u64 = 850_000_000;

/// What waits between a host and the wire is there soon.
const SOON_NS: u64 = 100_000_000;

/// A RST comes from there, soon after the kernel has closed; what was on its way to the wire may be in front of it.
fn rst_has_not_left(case: &Case<'_>) -> bool {
    let mut next = case.next_soon();
    // An old SYN may have come meanwhile.
    let fresh = |told: Told| (told.before, told.state) == (None, SynReceived);
    let gone = case.kernel == Closed || case.told.is_some_and(fresh);
    gone && next.any(|it| it.flags.has(Flags::RST)) && case.was_lately()
}

/// A RST of the connection before may be in front of it.
fn syn_has_not_left(case: &Case<'_>) -> bool {
    let mut next = case.next_soon();
    let is_syn = |it: &Departure| it.flags.has(Flags::SYN) && !it.flags.has(Flags::ACK);
    // The program may have closed the new socket by then.
    let asks = |told: Told| told.state == SynSent || told.before == Some(SynSent);
    case.told.is_some_and(asks) && next.any(|it| is_syn(&it)) && case.was_lately()
}

/// The third ACK of a handshake, and what comes behind it, is dropped while the queue is full. A reset behind bytes that were
/// dropped has not the number that is due.
fn no_room_to_accept(case: &Case<'_>) -> bool {
    let overflowed = case
        .connections
        .has_overflowed(case.socket.local, case.remote());
    let further = case.claim != case.kernel && !matches!(case.claim, SynSent | TimeWait);
    let was_embryonic = |told: Told| told.state == Closed && told.before == Some(SynReceived);
    let is_embryonic = case.kernel == SynReceived || case.told.is_some_and(was_embryonic);
    is_embryonic && further && overflowed
}

/// Where the queue of SYNs is full, the number of the SYN-ACK is all that Linux keeps of a SYN (`tcp_syncookies`
/// of ip-sysctl.rst). It has told of no socket since the last SYN came; or of none ever, where its SYN-ACK had answered the SYN of a
/// connection before.
fn no_socket_yet(case: &Case<'_>) -> bool {
    let early = matches!(case.claim, SynReceived | Established | CloseWait);
    let (local, remote) = (case.socket.local, case.remote());
    let mut ever = case.connections.states_since(local, remote, 0);
    let is_answer = |it: Departure| it.flags.has(Flags::SYN | Flags::ACK);
    let has_answered = || {
        case.connections
            .left_by(local, remote, case.n)
            .any(is_answer)
    };
    if early && case.kernel == Closed && ever.all(|state| state == Closed) && has_answered() {
        return true;
    }
    let acts = case.acts();
    let since = case.connections.states_since(local, remote, acts.asked_ns);
    let had_one = since.into_iter().any(|state| state == SynReceived);
    early && case.kernel == Closed && acts.syn_acks > 0 && !had_one
}

/// A cookie that comes again, in the ACK number of a segment for a socket that is gone, makes a new one: one that
/// was never in SYN-RECEIVED.
fn made_by_a_cookie(case: &Case<'_>) -> bool {
    let gone = matches!(
        case.claim,
        Closed | Listen | Closing | LastAck | FinWait1 | TimeWait
    );
    let (local, remote) = (case.socket.local, case.remote());
    let states: Vec<_> = case.connections.states_since(local, remote, 0).collect();
    let fresh = |pair: &[TcpState]| pair[0] == Closed && matches!(pair[1], Established | CloseWait);
    let is_answer = |it: Departure| it.flags.has(Flags::SYN | Flags::ACK);
    let has_answered = case
        .connections
        .left_by(local, remote, case.n)
        .any(is_answer);
    gone && case.kernel != Closed && has_answered && states.windows(2).any(fresh)
}

/// Linux finds the cookie in the number that a segment acknowledges, and takes its number for the first of the stream: the maximum segment size that it
/// believes to have noted in the cookie is another one then, if it is one at all.
fn made_by_a_later_segment(case: &Case<'_>) -> bool {
    let Some(told) = case.told.filter(|told| told.before.is_none()) else {
        return false;
    };
    let first = case.peers_acts().syn_seq.map(|seq| seq.wrapping_add(1));
    let seq = told.cause.and_then(|n| case.connections.delivered_seq(n));
    (case.claim, case.kernel, told.state) == (CloseWait, Established, Established)
        && seq.is_some()
        && seq != first
}

fn closed_before_open(case: &Case<'_>) -> bool {
    let closes = |call: &str| matches!(call, "close" | "shutdown");
    // The peer's SYN may have come since.
    let asks = matches!(case.claim, SynSent | SynReceived) && case.kernel == Closed;
    let asked = |told: Told| told.before == Some(SynSent);
    // A packet may be delivered while the call is under way: then the kernel is asked for that one.
    let closing = |told: Told| told.closing || case.call().is_some_and(closes);
    asks && case.told.is_some_and(|told| asked(told) && closing(told))
}

/// Linux sends no reset in CLOSING and LAST-ACK when nothing is left to be sent.
fn aborted_at_the_end(case: &Case<'_>) -> bool {
    let was_closing = |told: Told| matches!(told.before, Some(Closing | LastAck));
    // Its FIN may not have left yet.
    let closing = matches!(case.claim, Closing | LastAck | CloseWait);
    let closed = case.kernel == Closed && case.told.is_some_and(was_closing);
    closing && closed && case.call() == Some("close")
}

/// The settings of the lab allow two SYNs and four segments to be sent again; a socket whose program has closed gives up as soon
/// as its timer has run for the longest time, a second (`tcp_orphan_retries` is 0).
fn gave_up(case: &Case<'_>) -> bool {
    let acts = case.acts();
    // The kernel is asked behind calls, too, whatever they are of.
    let is_other = |call: &str| !matches!(call, "close" | "shutdown");
    let by_itself = |told: Told| told.cause.is_none() || case.call().is_some_and(is_other);
    let ran_out = |told: Told| by_itself(told) && told.t_ns >= acts.sent_ns + LONGEST_NS;
    let closing = matches!(case.claim, FinWait1 | Closing | LastAck);
    if case.kernel == Closed && closing && acts.repeats > 0 && case.told.is_some_and(ran_out) {
        return true;
    }
    let often = match case.claim {
        SynSent => acts.syns >= 3,
        SynReceived => acts.syn_acks >= 3,
        _ => acts.repeats >= 4,
    };
    case.kernel == Closed && often
}

/// The settings of the lab allow a second, where the program has closed.
fn fin_wait_2_is_over(case: &Case<'_>) -> bool {
    let timed_out = |told: Told| told.before == Some(FinWait2) && told.lasted_ns >= 1_000_000_000;
    (case.claim, case.kernel) == (FinWait2, Closed) && case.told.is_some_and(timed_out)
}

fn listener_was_closed(case: &Case<'_>) -> bool {
    // What it had not accepted goes when the next packet comes for it.
    let by_call = case.call() == Some("close");
    let gone = by_call || case.connections.has_stopped_listening(case.socket.local);
    (case.claim, case.kernel) == (SynReceived, Closed) && gone
}

/// Why the kernel does so nobody knows; that it did, its silence shows.
fn never_answered(case: &Case<'_>) -> bool {
    let acts = case.acts();
    let silent = acts.syns > 0 && acts.syn_acks == 0 && acts.others == 0;
    let crossed = case.peers_acts().syns > 0;
    let waits = |told: Told| match told.state {
        SynSent => true,
        Closed => told.before == Some(SynSent),
        _ => false,
    };
    let early = matches!(case.claim, SynReceived | Established | CloseWait);
    !case.is_far() && early && silent && crossed && case.told.is_some_and(waits)
}

/// A socket that takes over the ports of one in TIME-WAIT takes over the peer's latest timestamp (RFC 7323 §5),
/// and drops what has an older one.
fn is_too_old(case: &Case<'_>) -> bool {
    let took_over = |told: Told| matches!(told.before, Some(FinWait2 | TimeWait));
    (case.claim, case.kernel) == (SynReceived, SynSent) && case.told.is_some_and(took_over)
}

/// Its FIN waited behind bytes: packets show that it left behind the peer's, as of one that closes second.
fn closed_before_the_peer(case: &Case<'_>) -> bool {
    let second = (case.claim, case.kernel);
    let is_so = matches!(second, (LastAck, Closing) | (Closed, TimeWait));
    // Where the ports are used again meanwhile, what it did is counted to the new connection.
    let left_since = |told: Told| {
        let (local, remote) = (case.socket.local, case.remote());
        let mut left = case.connections.left_by(local, remote, case.n);
        told.state == Closing && left.any(|it| it.flags.has(Flags::FIN) && it.t_ns >= told.t_ns)
    };
    is_so && (case.acts().closing_unsaid || case.told.is_some_and(left_since))
}

/// A packet waits between a host and the wire until the relay takes it, and it is on the wire for some time: in a
/// capture it is seen when it arrives. The state is the one that its sender was in meanwhile.
fn left_before(case: &Case<'_>) -> bool {
    let (local, remote) = (case.socket.local, case.remote());
    let soon_ns = case.t_ns.saturating_sub(SOON_NS);
    let left_ns = match case.is_far() {
        true => case
            .connections
            .left_ns(case.packet)
            .saturating_sub(SOON_NS),
        false => soon_ns,
    };
    let since = case.connections.states_since(local, remote, left_ns);
    let since: Vec<_> = since.collect();
    let was_so = since.iter().any(|state| case.names(*state));
    case.is_its_own && (was_so || case.is_passed_in(&since))
}
