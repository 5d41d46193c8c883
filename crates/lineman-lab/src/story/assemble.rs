//! Joins events to rows.

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;

use lineman_proto::wire::Conversations;

use super::Arrival;
use super::Arrow;
use super::CallCell;
use super::Clock;
use super::Fate;
use super::Row;
use super::Saying;
use super::Seen;
use super::Stretch;
use super::explain::explain;
use super::file::Files;
use super::sockets::Sockets;
use super::stream::Streams;
use crate::log::Call;
use crate::log::Event;
use crate::log::Host;
use crate::log::Kind;
use crate::log::Origin;
use crate::log::Packet;
use crate::log::State;
use crate::log::Timer;
use crate::log::TimerKind;
use crate::log::Verdict;

/// What happens this soon after the last event of a row still belongs to it.
const TOGETHER_NS: u64 = 60_000_000;
/// How many rows wait for the fate of an earlier packet.
const PENDING: usize = 512;

/// The story so far.
#[derive(Debug, Default)]
pub struct Story {
    pending: VecDeque<Open>,
    packets: HashMap<u64, Arrow>,
    fates: HashMap<u64, Fate>,
    rules: HashMap<u64, Vec<String>>,
    calls: HashMap<u64, CallCell>,
    streams: Streams,
    files: Files,
    conversations: Conversations,
    sockets: Sockets,
    /// Lessons about calls that were given already.
    taught: HashSet<(&'static str, Host)>,
}

/// A row that may still grow.
#[derive(Debug)]
struct Open {
    row: Row,
    events: Vec<u64>,
    changes: Vec<State>,
    extra: Vec<Saying>,
    touched_ns: u64,
}

impl Open {
    /// Whether the fate of its packet is known.
    fn is_settled(&self) -> bool {
        let fate = self.row.arrow.as_ref().map(|arrow| arrow.fate);
        fate != Some(Fate::Crossing)
    }

    fn touch(&mut self, event: &Event) -> &mut Row {
        self.events.push(event.n);
        self.touched_ns = event.t_ns;
        &mut self.row
    }
}

impl Story {
    /// Nothing has happened yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an event, and gives the rows that are complete now.
    pub fn push(&mut self, event: &Event) -> Vec<Row> {
        let mut rows = self.idle(event.t_ns);
        match &event.kind {
            Kind::Call(call) => self.call(event, call),
            Kind::Packet(packet) => self.packet(event, packet),
            Kind::State(state) => self.state(event, state),
            Kind::Timer(timer) => self.timer(event, timer),
            Kind::Fault(fault) => {
                let rules = self.rules.entry(fault.packet).or_default();
                rules.push(fault.rule.clone());
            }
            Kind::Note(note) => self.say(
                event,
                Saying::Note {
                    id: note.id.clone(),
                    args: note.args.clone(),
                },
            ),
            Kind::Left { host, why } => self.say(
                event,
                Saying::Left {
                    who: *host,
                    why: why.clone(),
                },
            ),
            Kind::Start(_) | Kind::End => {}
        }
        rows.extend(self.complete());
        rows
    }

    /// The rows that are complete because nothing has happened until `now_ns`: for a view that
    /// follows a lab, which need not wait for the next event.
    pub fn idle(&mut self, now_ns: u64) -> Vec<Row> {
        let quiet = self
            .pending
            .back()
            .is_some_and(|open| open.touched_ns + TOGETHER_NS <= now_ns);
        if !quiet {
            return Vec::new();
        }
        let mut rows = Vec::new();
        while self.pending.front().is_some_and(Open::is_settled) {
            rows.extend(self.pop());
        }
        rows
    }

    /// The log has ended: the rows that are left, complete or not.
    pub fn finish(&mut self) -> Vec<Row> {
        let mut rows = Vec::new();
        while !self.pending.is_empty() {
            rows.extend(self.pop());
        }
        rows
    }

    fn complete(&mut self) -> Vec<Row> {
        let mut rows = Vec::new();
        while self.pending.len() > 1 && self.pending.front().is_some_and(Open::is_settled)
            || self.pending.len() > PENDING
        {
            rows.extend(self.pop());
        }
        rows
    }

    /// Takes the first row out and says what there is to say, as all of it is known now.
    fn pop(&mut self) -> Option<Row> {
        let Open {
            mut row,
            changes,
            extra,
            ..
        } = self.pending.pop_front()?;
        if let Some(arrow) = &mut row.arrow {
            arrow.rules = self.rules.remove(&arrow.id).unwrap_or_default();
            if let Some(again) = &mut arrow.again {
                let fate = self.fates.get(&again.earlier);
                again.earlier_lost = fate.map(|fate| *fate == Fate::Dropped);
            }
        }
        row.states = self.sockets.advance(&row, &changes);
        row.sayings = explain(&row);
        row.sayings.retain(|saying| match saying.lesson() {
            Some(lesson) => self.taught.insert(lesson),
            None => true,
        });
        row.sayings.extend(extra);
        Some(row)
    }

    fn open(&mut self, event: &Event) -> &mut Row {
        self.pending.push_back(Open {
            row: Row::new(event.t_ns),
            events: vec![event.n],
            changes: Vec::new(),
            extra: Vec::new(),
            touched_ns: event.t_ns,
        });
        let last = self.pending.len() - 1;
        &mut self.pending[last].row
    }

    /// The last row, if `fits` says that the event belongs to it; else a new one.
    fn join(&mut self, event: &Event, fits: impl FnOnce(&Row) -> bool) -> &mut Row {
        if self.pending.back().is_none_or(|open| !fits(&open.row)) {
            return self.open(event);
        }
        let last = self.pending.len() - 1;
        self.pending[last].touch(event)
    }

    fn say(&mut self, event: &Event, saying: Saying) {
        self.join(event, |_| true);
        if let Some(open) = self.pending.back_mut() {
            open.extra.push(saying);
        }
    }

    fn call(&mut self, event: &Event, call: &Call) {
        let Some(answer) = &call.answer else {
            let cell = cell(call);
            self.calls.insert(call.id, cell.clone());
            let row = self.join(event, |row| takes_beginning(row, call.host));
            row.calls[call.host] = Some(cell);
            return;
        };
        let begun = self.calls.remove(&call.id).unwrap_or_else(|| cell(call));
        let row = self.join(event, |row| takes_return(row, call));
        let here = row.calls[call.host]
            .as_ref()
            .is_some_and(|cell| cell.id == call.id);
        row.calls[call.host] = Some(CallCell {
            begins: here,
            answer: Some(answer.clone()),
            ..begun
        });
    }

    fn packet(&mut self, event: &Event, packet: &Packet) {
        match packet.verdict {
            Verdict::Sent => self.sent(event, packet),
            Verdict::Held => self.decide(event, packet, Fate::Held),
            Verdict::Delivered => self.decide(event, packet, Fate::Delivered),
            Verdict::Dropped => self.decide(event, packet, Fate::Dropped),
            Verdict::Repeated { times } => self.repeated(event, packet, times),
            Verdict::Duplicated { copy } => self.duplicated(packet.id, copy),
        }
    }

    fn sent(&mut self, event: &Event, packet: &Packet) {
        let copy = self.packets.get(&packet.id).cloned();
        let is_copy = copy.is_some();
        let mut arrow = copy.unwrap_or_else(|| self.arrow(event, packet));
        arrow.sent_ns = event.t_ns;
        self.packets.insert(packet.id, arrow.clone());
        let deduced = clock(&arrow).filter(|_| !is_copy);
        let row = self.join(event, |row| !is_copy && takes_arrow(row, packet.from));
        row.clock = row.clock.or(deduced);
        row.arrow = Some(arrow);
    }

    fn arrow(&mut self, event: &Event, packet: &Packet) -> Arrow {
        let seen = match &packet.bytes {
            Some(bytes) => Seen::of(bytes, &mut self.conversations),
            None => Seen::nothing(),
        };
        let told = self.streams.sent(packet.id, event.t_ns, &seen);
        let file = self.files.sent(packet.id, event.t_ns, &seen);
        let (file, file_again) = file.unzip();
        Arrow {
            id: packet.id,
            from: packet.from,
            sent_ns: event.t_ns,
            decided_ns: None,
            fate: Fate::Crossing,
            stretch: Stretch::Whole,
            repeats: 0,
            copy_of: None,
            rules: Vec::new(),
            altered: false,
            deduced: packet.bytes.is_none(),
            label: told.as_ref().map(|told| told.label),
            place: told.as_ref().map(|told| told.place),
            again: told
                .and_then(|told| told.again)
                .or_else(|| file_again.flatten()),
            file,
            arrival: Arrival::InOrder,
            bytes: packet.bytes.clone().unwrap_or_default(),
            seen,
        }
    }

    fn decide(&mut self, event: &Event, packet: &Packet, fate: Fate) {
        let Some(arrow) = self.packets.get(&packet.id) else {
            return;
        };
        let arrival = match fate {
            Fate::Delivered => self.streams.delivered(event.t_ns, &arrow.seen),
            _ => Arrival::InOrder,
        };
        self.fates.insert(packet.id, fate);
        if !self.pending.iter().any(|open| is_way_of(open, packet.id)) {
            let mut arrow = arrow.clone();
            if arrow.copy_of.is_none() {
                arrow.stretch = Stretch::Landing;
            }
            self.open(event).arrow = Some(arrow);
        }
        let Some(open) = self
            .pending
            .iter_mut()
            .rfind(|open| is_way_of(open, packet.id))
        else {
            return;
        };
        if let Some(arrow) = &mut open.touch(event).arrow {
            arrow.fate = fate;
            arrow.arrival = arrival;
            arrow.altered = fate == Fate::Delivered && packet.bytes.is_some();
            arrow.decided_ns = Some(event.t_ns);
        }
        if fate != Fate::Held {
            self.packets.remove(&packet.id);
        }
    }

    fn repeated(&mut self, event: &Event, packet: &Packet, times: u32) {
        let Some(known) = self.packets.get_mut(&packet.id) else {
            return;
        };
        known.repeats = times;
        let mut arrow = known.clone();
        arrow.stretch = Stretch::Repeat;
        arrow.fate = Fate::Held;
        self.departs(packet.id);
        self.open(event).arrow = Some(arrow);
    }

    /// A held packet whose row is still open is shown as such: the next row shows more of it.
    fn departs(&mut self, id: u64) {
        for open in &mut self.pending {
            if let Some(arrow) = open.row.arrow.as_mut().filter(|arrow| arrow.id == id)
                && arrow.stretch == Stretch::Whole
            {
                arrow.stretch = Stretch::Departure;
            }
        }
    }

    fn duplicated(&mut self, id: u64, copy: u64) {
        let known = self.pending.iter().find_map(|open| {
            let arrow = open.row.arrow.as_ref();
            arrow.filter(|arrow| arrow.id == id)
        });
        if let Some(arrow) = known.or_else(|| self.packets.get(&id)) {
            let doubled = Arrow {
                id: copy,
                copy_of: Some(id),
                fate: Fate::Crossing,
                stretch: Stretch::Whole,
                ..arrow.clone()
            };
            self.packets.insert(copy, doubled);
        }
    }

    fn state(&mut self, event: &Event, state: &State) {
        let caused = |open: &Open| {
            state
                .cause
                .is_some_and(|cause| open.events.contains(&cause))
        };
        let place = match self.pending.iter().rposition(caused) {
            Some(place) => place,
            None => {
                // A cause that has come out already is older than the packet that is under way.
                self.join(event, |row| state.cause.is_none() || row.arrow.is_some());
                self.pending.len() - 1
            }
        };
        let open = &mut self.pending[place];
        open.touch(event);
        open.changes.push(state.clone());
    }

    fn timer(&mut self, event: &Event, timer: &Timer) {
        if !timer.expired {
            if timer.clock == TimerKind::TimeWait {
                let seconds = timer.wait_ns / 1_000_000_000;
                let who = timer.host;
                self.say(event, Saying::TimeWait { who, seconds });
            }
            return;
        }
        // A kernel that is asked tells of a clock when the packet has been sent already.
        let sent = |row: &Row| row.arrow.as_ref().is_some_and(|it| it.from == timer.host);
        self.join(event, sent).clock = Some(Clock {
            host: timer.host,
            kind: timer.clock,
            wait_ns: timer.wait_ns,
            origin: timer.origin,
        });
    }
}

fn cell(call: &Call) -> CallCell {
    CallCell {
        id: call.id,
        name: call.name.clone(),
        fd: call.fd,
        args: call.args.clone(),
        begins: true,
        answer: None,
    }
}

/// A call begins a row of its own, unless the other host just waits in one.
fn takes_beginning(row: &Row, host: Host) -> bool {
    let waits = |cell: &CallCell| cell.answer.is_none();
    row.arrow.is_none()
        && row.calls[host].is_none()
        && row.calls[host.other()].as_ref().is_none_or(waits)
}

/// A call returns in the row in which it began, or in that of the packet that made it return.
fn takes_return(row: &Row, call: &Call) -> bool {
    match &row.calls[call.host] {
        Some(cell) => cell.id == call.id,
        None => row.arrow.is_some(),
    }
}

/// A packet belongs to the call that sends it, and to calls that wait for it.
fn takes_arrow(row: &Row, from: Host) -> bool {
    let sends = |cell: &CallCell| cell.answer.is_none() || SENDING.contains(&cell.name.as_str());
    let waits = |cell: &CallCell| cell.answer.is_none();
    row.arrow.is_none()
        && row.calls[from].as_ref().is_none_or(sends)
        && row.calls[from.other()].as_ref().is_none_or(waits)
}

const SENDING: [&str; 8] = [
    "connect", "send", "sendall", "sendto", "write", "close", "shutdown", "sendmsg",
];

/// Whether the row shows the packet and waits for its fate.
fn is_way_of(open: &Open, id: u64) -> bool {
    open.row.arrow.as_ref().is_some_and(|arrow| {
        arrow.id == id
            && arrow.stretch != Stretch::Repeat
            && matches!(arrow.fate, Fate::Crossing | Fate::Held)
            && arrow.stretch != Stretch::Departure
    })
}

/// The clock that must have run out for a packet to be sent.
fn clock(arrow: &Arrow) -> Option<Clock> {
    let (kind, wait_ns) = match (arrow.again, arrow.label) {
        (Some(again), _) if !again.fast => (TimerKind::Retransmission, again.wait_ns),
        (None, Some(label)) => (TimerKind::DelayedAck, label.delay_ns()?),
        _ => return None,
    };
    Some(Clock {
        host: arrow.from,
        kind,
        wait_ns,
        origin: Origin::Inferred,
    })
}
