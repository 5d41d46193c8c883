//! Whatever a log tells, its ladder shows each change of state at the packet that made it, and as one
//! step of RFC 9293's figure 5; and packets depart and arrive in it in the order in which they did.

use std::collections::BTreeMap;

use lineman_proto::wire::Flags;
use lineman_proto::wire::flow::Cause;
use lineman_trace::log::*;
use lineman_trace::story::*;

#[path = "numbers.rs"]
pub mod numbers;

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

/// What a host does by sending something, a SYN or a FIN.
const ACTS: [TcpState; 3] = [TcpState::SynSent, TcpState::FinWait1, TcpState::LastAck];
/// The calls that send one.
const CALLS: [&str; 5] = ["connect", "close", "shutdown", "exit", "exit_group"];

/// What was looked at.
#[derive(Debug, Default)]
pub struct Looked {
    /// Changes that are shown.
    pub changes: usize,
    /// Changes that the log tells of, and that a packet made.
    pub at_a_packet: usize,
    /// Numbers of sayings.
    pub numbers: usize,
    /// States that follow from packets, and that a TCP has told of too.
    pub deduced: usize,
    /// What is not as it should be.
    pub untrue: Vec<String>,
}

impl Looked {
    /// Both together.
    pub fn add(&mut self, other: Self) {
        self.changes += other.changes;
        self.at_a_packet += other.at_a_packet;
        self.numbers += other.numbers;
        self.deduced += other.deduced;
        self.untrue.extend(other.untrue);
    }
}

/// The rows of a log.
pub fn told(events: &[Event]) -> Vec<Row> {
    let mut story = Story::new();
    let mut rows: Vec<Row> = events.iter().flat_map(|event| story.push(event)).collect();
    rows.extend(story.finish());
    rows
}

/// Holds the rows of a log against the log.
pub fn look(events: &[Event]) -> Looked {
    let mut looked = Looked::default();
    let rows = told(events);
    let mut shown: BTreeMap<u64, Vec<(Host, TcpState)>> = BTreeMap::new();
    for row in &rows {
        for host in [Host::Client, Host::Server] {
            let Some(cell) = row.states[host].filter(|cell| cell.before != cell.after) else {
                continue;
            };
            looked.changes += 1;
            looked.untrue.extend(wrong_steps(row, host, cell));
            looked.untrue.extend(misplaced(events, row, host, cell));
            if let Some(arrow) = &row.arrow {
                shown.entry(arrow.id).or_default().push((host, cell.after));
                let through = cell.through.map(|through| (host, through));
                shown.entry(arrow.id).or_default().extend(through);
            }
        }
    }
    looked.untrue.extend(out_of_order(&rows));
    looked.untrue.extend(backwards(&rows));
    looked.untrue.extend(rows.iter().filter_map(no_clock));
    looked.untrue.extend(rows.iter().filter_map(two_waits));
    looked.untrue.extend(rows.iter().flat_map(about_the_lost));
    looked
        .untrue
        .extend(apart_from_its_packet(&rows, &read_at(events)));
    looked.untrue.extend(no_gap(&rows));
    for (packet, state) in made_by_packets(events) {
        looked.at_a_packet += 1;
        let here = shown.get(&packet);
        let at = here.map_or(&[][..], |here| here);
        // What it sends itself stands at what it sends; a request of a listener that is gone without a word
        // is the listener's again.
        let shown = at.contains(&(state.host, state.to)) || ACTS.contains(&state.to);
        let listens = state.to == TcpState::Closed && at.contains(&(state.host, TcpState::Listen));
        if !shown && !listens {
            let to = state.to.name();
            let host = state.host;
            looked.untrue.push(format!(
                "packet {packet} made the {host:?} {to}; its row does not say so"
            ));
        }
    }
    let numbers = numbers::look(events, &rows);
    looked.numbers = numbers.checked;
    looked.untrue.extend(numbers.untrue);
    let (deduced, untrue) = without_states(events, &rows);
    looked.deduced = deduced;
    looked.untrue.extend(untrue);
    looked
}

fn at(row: &Row) -> String {
    let packet = row.arrow.as_ref().map(|arrow| arrow.id);
    let packet = packet.map_or_else(String::new, |id| format!(" (packet {id})"));
    format!("{} ms{packet}", row.t_ns / 1_000_000)
}

/// Steps that the figure does not have.
fn wrong_steps(row: &Row, host: Host, cell: StateCell) -> Vec<String> {
    let states = [Some(cell.before), cell.through, Some(cell.after)];
    let states: Vec<TcpState> = states.into_iter().flatten().collect();
    let steps = states.windows(2).map(|step| (step[0], step[1]));
    // FIN and ACK in one segment take two steps at once; the figure has them as one elsewhere.
    let both = (TcpState::FinWait1, TcpState::TimeWait);
    let known = |step: &(TcpState, TcpState)| {
        step.1 == TcpState::Closed || STEPS.contains(step) || *step == both
    };
    steps
        .filter(|step| !known(step))
        .map(|(before, after)| {
            let [before, after] = [before, after].map(TcpState::name);
            format!("{}: the {host:?}: {before} → {after}", at(row))
        })
        .collect()
}

/// A state at a packet that cannot have made it.
fn misplaced(events: &[Event], row: &Row, host: Host, cell: StateCell) -> Option<String> {
    let arrow = row.arrow.as_ref()?;
    let state = cell.after;
    let told = matches!(cell.known, Known::Kernel | Known::Simulated);
    let calls = row.calls[host].as_ref();
    let calls = calls.is_some_and(|call| CALLS.contains(&call.name.as_str()));
    let arrives = arrow.from != host && arrow.fate == Fate::Delivered;
    let fits = match state {
        _ if !told && cell.known != Known::Passed => true,
        TcpState::Closed | TcpState::Listen => true,
        _ if ACTS.contains(&state) => {
            let ends = arrow
                .seen
                .segment()
                .is_some_and(|it| it.flags.any(Flags::SYN | Flags::FIN));
            arrow.from == host && ends || calls && !told_behind(events, host, state, arrow)
        }
        _ => arrives,
    };
    let name = state.name();
    (!fits).then(|| format!("{}: cannot have made the {host:?} {name}", at(row)))
}

/// Whether it was told only when the packet had left: it does not go with that.
fn told_behind(events: &[Event], host: Host, to: TcpState, arrow: &Arrow) -> bool {
    let mut times = events.iter().filter_map(|event| match &event.kind {
        Kind::State(state) if (state.host, state.to) == (host, to) => Some(event.t_ns),
        _ => None,
    });
    // Connections come one after the other: the next that is told is this one.
    let before = arrow.sent_ns.saturating_sub(1_000_000_000);
    times
        .find(|at| *at >= before)
        .is_some_and(|at| at > arrow.sent_ns)
}

/// The same log as a capture has it, without a word of either TCP: what follows from its packets is what
/// they have told. Gives how many states were compared.
fn without_states(events: &[Event], rows: &[Row]) -> (usize, Vec<String>) {
    let mute: Vec<Event> = events
        .iter()
        .filter(|event| !matches!(event.kind, Kind::State(_) | Kind::Call(_) | Kind::Timer(_)))
        .cloned()
        .map(|mut event| {
            if let Kind::Start(start) = &mut event.kind {
                start.origin = Origin::Inferred;
            }
            event
        })
        .collect();
    let key = |row: &Row| {
        let arrow = row.arrow.as_ref()?;
        let landed = arrow.fate == Fate::Delivered;
        (landed && arrow.arrival == lineman_proto::wire::flow::Arrival::InOrder)
            .then_some((arrow.id, arrow.from))
    };
    let known: BTreeMap<_, _> = rows
        .iter()
        .filter_map(|row| Some((key(row)?, row)))
        .collect();
    let (mut compared, mut untrue) = (0, Vec::new());
    if is_simulated(events) && rows.iter().any(is_overtaken) {
        return (compared, untrue);
    }
    let mute = told(&mute);
    // A kernel may lose what has arrived. Later packets show that, and then it is said.
    let contradicted = |host: Host| {
        let mut cells = mute.iter().filter_map(move |row| row.states[host]);
        cells.any(|cell| cell.known == Known::Contradicted)
    };
    let contradicted = [Host::Client, Host::Server].map(contradicted);
    for row in &mute {
        let Some(like) = key(row).and_then(|key| known.get(&key)) else {
            continue;
        };
        // The end that it arrives at: what the sender does later is not in this row.
        let host = row
            .arrow
            .as_ref()
            .map_or(Host::Client, |arrow| arrow.from.other());
        let (Some(deduced), Some(cell)) = (row.states[host], like.states[host]) else {
            continue;
        };
        let told = matches!(cell.known, Known::Kernel | Known::Simulated);
        // Bytes for an end whose program has closed reset it (RFC 1122 §4.2.2.13); its packets do not say
        // before that whether the program has closed, or finished sending.
        let bytes = row.arrow.as_ref().and_then(|arrow| arrow.seen.segment());
        let unheard = cell.after == TcpState::Closed && bytes.is_some_and(|it| it.len > 0);
        if !told || unheard || deduced.known != Known::Deduced {
            continue;
        }
        if is_on_its_way(events, rows, row, host, (deduced, cell))
            || is_not_taken(events, rows, row, host, (deduced, cell))
            || has_reset_unseen(events, rows, row, host, cell)
        {
            continue;
        }
        compared += 1;
        if deduced.after != cell.after && !contradicted[host as usize] {
            let [deduced, told] = [deduced.after, cell.after].map(TcpState::name);
            let at = at(row);
            untrue.push(format!("{at}: the {host:?} is in {told}, not in {deduced}"));
        }
    }
    (compared, untrue)
}

/// When the lab has read each of these packets.
fn read<'a>(events: &'a [Event], ids: &'a [u64]) -> impl Iterator<Item = u64> + 'a {
    events.iter().filter_map(|event| match &event.kind {
        Kind::Packet(packet) if packet.verdict == Verdict::Sent => {
            ids.contains(&packet.id).then_some(event.t_ns)
        }
        _ => None,
    })
}

/// A kernel that is asked tells of a SYN or FIN as soon as its socket has sent it. That may be on the cable to the
/// lab still, or a busy lab may not have read it, when another packet arrives: no packet tells of it so far.
fn is_on_its_way(
    events: &[Event],
    rows: &[Row],
    row: &Row,
    host: Host,
    (deduced, told): (StateCell, StateCell),
) -> bool {
    let flag = match told.after {
        TcpState::SynSent => Flags::SYN,
        _ => Flags::FIN,
    };
    let arrived = row.arrow.as_ref().and_then(|arrow| arrow.decided_ns);
    let sent: Vec<u64> = sent_by(rows, row, host, flag).map(|it| it.id).collect();
    ACTS.contains(&told.after)
        && deduced.after.leads_to(told.after)
        && !read(events, &sent).any(|at| arrived.is_none_or(|arrived| at <= arrived))
}

/// A kernel that is asked tells that its socket is closed as soon as that has sent its reset. A busy lab may deliver another
/// packet before it comes to read that: no packet tells of it so far.
fn has_reset_unseen(
    events: &[Event],
    rows: &[Row],
    row: &Row,
    host: Host,
    told: StateCell,
) -> bool {
    let Some(arrived) = row.arrow.as_ref().and_then(|arrow| arrow.decided_ns) else {
        return false;
    };
    let resets: Vec<u64> = sent_by(rows, row, host, Flags::RST)
        .map(|it| it.id)
        .collect();
    told.after == TcpState::Closed && read(events, &resets).any(|at| at > arrived)
}

/// A kernel may lose a SYN that has arrived. A host that takes one in SYN-SENT answers with SYN and ACK (RFC 9293
/// §3.10.7.3): where none has left until the packet arrives that ends SYN-SENT (perhaps a copy of the same SYN), or
/// until the kernel tells of that, it was right to say that it was in it still.
fn is_not_taken(
    events: &[Event],
    rows: &[Row],
    row: &Row,
    host: Host,
    (deduced, told): (StateCell, StateCell),
) -> bool {
    let Some(arrived) = row.arrow.as_ref().and_then(|arrow| arrow.decided_ns) else {
        return false;
    };
    let mut left = events.iter().filter_map(|event| match &event.kind {
        Kind::State(state) if state.host == host && state.from == Some(TcpState::SynSent) => {
            let cause = state.cause.and_then(|n| events.iter().find(|it| it.n == n));
            Some((event.t_ns, cause.map_or(event.t_ns, |cause| cause.t_ns)))
        }
        _ => None,
    });
    let until = left
        .find(|(told, _)| *told >= arrived)
        .map_or(u64::MAX, |(_, caused)| caused);
    told.known == Known::Kernel
        && (deduced.after, told.after) == (TcpState::SynReceived, TcpState::SynSent)
        && !sent_by(rows, row, host, Flags::SYN | Flags::ACK)
            .any(|it| (arrived..until).contains(&it.sent_ns))
}

/// What the end that a row's packet is for has sent with these flags in the same connection.
fn sent_by<'a>(
    rows: &'a [Row],
    row: &'a Row,
    host: Host,
    flags: Flags,
) -> impl Iterator<Item = &'a Arrow> {
    let ends = row.arrow.as_ref().map(|it| (it.seen.to, it.seen.from));
    rows.iter()
        .filter_map(|row| row.arrow.as_ref())
        .filter(move |it| it.from == host && Some((it.seen.from, it.seen.to)) == ends)
        .filter(move |it| it.seen.segment().is_some_and(|it| it.has(flags)))
}

/// A retransmission time-out where nothing is sent again, or where something else had it sent.
fn no_clock(row: &Row) -> Option<String> {
    let (clock, arrow) = (row.timer?, row.arrow.as_ref()?);
    let resent = match arrow.again {
        Some(again) => again.cause != Cause::Asked && again.cause != Cause::Doubled,
        None => arrow.stretch == Stretch::Repeat,
    };
    let fits = clock.kind != TimerKind::Retransmission || clock.host != arrow.from || resent;
    let id = arrow.id;
    (!fits).then(|| format!("packet {id} has a clock, but was not sent again by one"))
}

/// One interval that has two numbers in a row: its clock's, and that of what is said.
fn two_waits(row: &Row) -> Option<String> {
    let (clock, arrow) = (row.timer?, row.arrow.as_ref()?);
    if clock.host != arrow.from || arrow.stretch == Stretch::Repeat {
        return None;
    }
    let shown = millis(clock.wait_ns);
    let said = row.sayings.iter().find_map(|saying| {
        let mut fields = saying.fields().into_iter();
        let is_wait = !saying.id().starts_with("wire.");
        fields.find_map(|(name, value)| match value {
            Value::Millis(millis) if is_wait && name == "millis" => Some(millis),
            _ => None,
        })
    })?;
    let id = arrow.id;
    (said != shown).then(|| format!("packet {id}: a clock of {shown} ms, and {said} ms are said"))
}

/// What is said of how a packet arrives, where it never does.
fn about_the_lost(row: &Row) -> Vec<String> {
    let lost = row.arrow.as_ref().filter(|it| it.fate == Fate::Dropped);
    let Some(arrow) = lost else { return Vec::new() };
    let ids = row.sayings.iter().map(Saying::id);
    let arrives = ids.filter(|id| id.starts_with("arrival.") || id.starts_with("rst.noticed"));
    arrives
        .map(|id| format!("packet {} is lost, and {id} is said", arrow.id))
        .collect()
}

/// When the log heard of each packet: on a busy machine later than it was sent.
fn read_at(events: &[Event]) -> BTreeMap<u64, u64> {
    let sent = events.iter().filter_map(|event| match &event.kind {
        Kind::Packet(packet) if packet.verdict == Verdict::Sent => Some((packet.id, event.t_ns)),
        _ => None,
    });
    sent.collect()
}

/// A state that an end comes into by what it sends, above the packet that it has sent. A row waits 60 ms for its
/// packet, and no longer: of a machine that reads it later the state stands alone, which is true, if not beautiful.
fn apart_from_its_packet(rows: &[Row], read_at: &BTreeMap<u64, u64>) -> Vec<String> {
    let mut untrue = Vec::new();
    for (at, row) in rows
        .iter()
        .enumerate()
        .filter(|(_, row)| row.arrow.is_none())
    {
        for host in [Host::Client, Host::Server] {
            let moved = row.states[host].filter(|cell| cell.before != cell.after);
            let Some(cell) = moved.filter(|cell| ACTS.contains(&cell.after)) else {
                continue;
            };
            let flag = match cell.after {
                TcpState::SynSent => Flags::SYN,
                _ => Flags::FIN,
            };
            // A wire may see the packet when its sender has come into the next state already.
            let stays = |it: &&Row| {
                let moves = it.states[host].filter(|cell| cell.before != cell.after);
                moves.is_none() || std::ptr::eq(*it, row)
            };
            let soon = rows[at..].iter().take_while(stays);
            let soon = soon.take_while(|it| it.t_ns < row.t_ns + AT_ONCE_NS);
            let sent = soon.filter_map(|row| row.arrow.as_ref()).find(|it| {
                let has = it.seen.segment().is_some_and(|segment| segment.has(flag));
                it.from == host && has && it.again.is_none() && it.stretch != Stretch::Landing
            });
            let in_time = |it: &&Arrow| {
                let read = read_at.get(&it.id);
                read.is_none_or(|read| *read < row.t_ns + ROW_WAITS_NS)
            };
            let sent = sent.filter(in_time);
            untrue.extend(sent.map(|arrow| {
                let name = cell.after.name();
                format!(
                    "{}: the {host:?} {name} stands above its packet {}",
                    at_ms(row),
                    arrow.id
                )
            }));
        }
    }
    untrue
}

/// How long a row waits for the packet that its call sends, in nanoseconds (`story`'s own bound).
const ROW_WAITS_NS: u64 = 60_000_000;
/// A packet that a call sends is seen this soon.
const AT_ONCE_NS: u64 = 15_000_000;

fn at_ms(row: &Row) -> String {
    format!("{} ms", row.t_ns / 1_000_000)
}

/// A duplicate ACK that is told as the report of a gap, where nothing behind one has arrived.
fn no_gap(rows: &[Row]) -> Vec<String> {
    let mut untrue = Vec::new();
    for row in rows {
        let Some(arrow) = &row.arrow else { continue };
        let (Some(place), Some(ends)) = (arrow.place, arrow.seen.from.zip(arrow.seen.to)) else {
            continue;
        };
        let gap = row.sayings.iter().any(|saying| saying.id() == "ack.dup");
        let Some(next) = place.ack.filter(|_| gap) else {
            continue;
        };
        let behind = |it: &Arrow| {
            let place = it.place.filter(|it| it.seq > next);
            let back = (it.seen.to, it.seen.from) == (Some(ends.0), Some(ends.1));
            let came =
                it.fate == Fate::Delivered && it.decided_ns.is_some_and(|at| at <= arrow.sent_ns);
            place.is_some() && back && came
        };
        if !rows.iter().filter_map(|row| row.arrow.as_ref()).any(behind) {
            let id = arrow.id;
            untrue.push(format!(
                "packet {id} reports a gap, and nothing behind it has come"
            ));
        }
    }
    untrue
}

/// Times that a reader sees run backwards, as he goes down the rows: in milliseconds, as they are shown.
fn backwards(rows: &[Row]) -> Vec<String> {
    let mut last = 0;
    let mut untrue = Vec::new();
    for row in rows {
        let of = |host| row.calls[host].as_ref();
        let cells = [Host::Client, Host::Server].into_iter().filter_map(of);
        let above = |cell: &&CallCell| row.arrow.is_none() || cell.begins && cell.t_ns <= row.t_ns;
        let mut shown: Vec<u64> = cells.filter(above).map(|cell| cell.t_ns).collect();
        shown.sort_unstable();
        let is_shown = row.arrow.is_some() || row.states != Ends::default();
        shown.extend(is_shown.then_some(row.t_ns));
        for t_ns in shown {
            let time = millis(t_ns);
            if time < last {
                untrue.push(format!("{time} ms below {last} ms: {row:?}"));
            }
            last = time;
        }
    }
    untrue
}

/// Rows that stand below what happened later.
fn out_of_order(rows: &[Row]) -> Vec<String> {
    let (mut untrue, mut last, mut arrived) = (Vec::new(), 0, 0);
    for row in rows {
        if row.t_ns < last {
            untrue.push(format!("{} ns stands below {last} ns", row.t_ns));
        }
        let before = std::mem::replace(&mut last, row.t_ns);
        let Some(arrow) = &row.arrow else { continue };
        let begins = match arrow.stretch {
            Stretch::Whole | Stretch::Departure => Some(arrow.sent_ns),
            Stretch::Landing => arrow.decided_ns,
            Stretch::Repeat => None,
        };
        // What was told late stands behind what was told before, and at its own time else.
        let behind = |begins: u64| begins < row.t_ns && row.t_ns == before;
        if begins.is_some_and(|begins| begins != row.t_ns && !behind(begins)) {
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

fn is_simulated(events: &[Event]) -> bool {
    let start = events.first().map(|event| &event.kind);
    matches!(start, Some(Kind::Start(start)) if start.origin == Origin::Simulated)
}

/// What smoltcp does not take where RFC 9293 does: a FIN that came too early, or behind its own ACK.
fn is_overtaken(row: &Row) -> bool {
    let landing = |arrow: &Arrow| arrow.stretch == Stretch::Landing && !arrow.held;
    row.arrow.as_ref().is_some_and(|arrow| {
        use lineman_proto::wire::flow::Arrival;
        matches!(arrow.arrival, Arrival::Early | Arrival::FinTooEarly)
            || landing(arrow)
            || arrow.rules.iter().any(|rule| rule.contains("reorder"))
    })
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
