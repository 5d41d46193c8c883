//! Joins events to rows.

use super::Around;
use super::Arrow;
use super::Ends;
use super::Expiry;
use super::Fate;
use super::Row;
use super::Saying;
use super::Stretch;
use super::calls::Calls;
use super::calls::ended_program;
use super::change::Change;
use super::change::Socket;
use super::change::is_own_act;
use super::connections::Connections;
use super::explain::REORDER;
use super::explain::delays;
use super::explain::explain;
use super::explain::words;
use super::flows::Flows;
use super::lessons::Lessons;
use super::motives::Motives;
use super::pending::Open;
use super::pending::ran_ns;
use super::pending::ran_out;
use super::queue::Queue;
use super::scope::Scope;
use super::sockets::Sockets;
use super::sockets::about;
use super::sockets::of_packet;
use super::wire::Wire;
use crate::log::Call;
use crate::log::Counted;
use crate::log::Counter;
use crate::log::Event;
use crate::log::FORGED;
use crate::log::Host;
use crate::log::Kind;
use crate::log::Origin;
use crate::log::Start;
use crate::log::TcpState;
use crate::log::Timer;
use crate::log::TimerKind;

/// How many nanoseconds a second has.
const SECOND_NS: u64 = 1_000_000_000;

/// The story so far.
#[derive(Debug, Default)]
pub struct Story {
    pub(super) scope: Scope,
    pub(super) queue: Queue,
    pub(super) wire: Wire,
    pub(super) flows: Flows,
    pub(super) calls: Calls,
    pub(super) connections: Connections,
    pub(super) motives: Motives,
    /// The states of sockets, as of the last row that came out.
    sockets: Sockets,
    lessons: Lessons,
}

impl Story {
    /// Nothing has happened yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an event, and gives the rows that are complete now.
    pub fn push(&mut self, event: &Event) -> Vec<Row> {
        let event = &*event.visible();
        // A state belongs to its packet's row however late it is told.
        let mut rows = match &event.kind {
            Kind::State(state) if self.queue.made(state).is_some() => Vec::new(),
            _ => self.idle(event.t_ns),
        };
        self.queue.note(event);
        match &event.kind {
            Kind::Call(call) => self.call(event, call),
            Kind::Packet(packet) => self.packet(event, packet),
            Kind::State(state) => self.state(event, state),
            Kind::Timer(timer) => self.timer(event, timer),
            Kind::Counted(counted) => self.counted(event, counted),
            Kind::Congestion(told) => self.motives.congestion(told, event),
            Kind::Fault(fault) => {
                let made = self.wire.get(fault.packet).filter(|_| fault.rule == FORGED);
                if let Some(made) = made {
                    self.calls.forged(made);
                }
                self.wire.fault(fault);
            }
            Kind::Note(note) => {
                self.calls.note(event, note);
                let saying = Saying::Note {
                    note: note.id.clone(),
                    args: note.args.clone().into_iter().collect(),
                };
                match ended_program(note) {
                    Some(_) => self.tell_end(event, saying),
                    None => self.say(event, saying),
                }
            }
            Kind::Left { host, why } => self.say(
                event,
                Saying::Left {
                    who: *host,
                    why: why.clone(),
                },
            ),
            Kind::Start(start) => self.start(start),
            // Figures have no row: they are shown beside it.
            Kind::TcpInfo(told) => self.calls.kept_back.figures(told),
            Kind::End => {}
        }
        while self.queue.is_over(event.t_ns) {
            rows.extend(self.pop());
        }
        rows
    }

    /// The rows that are complete because nothing has happened until `now_ns`: for a view that
    /// follows a lab, which need not wait for the next event.
    pub fn idle(&mut self, now_ns: u64) -> Vec<Row> {
        let mut rows = Vec::new();
        while self.queue.has_rested(now_ns) {
            rows.extend(self.pop());
        }
        rows
    }

    /// When the next row is complete, unless something happens before: [`idle`](Self::idle) gives it then.
    pub fn due_ns(&self) -> Option<u64> {
        self.queue.due_ns()
    }

    /// Whether no row that is still to come shows this packet, unless something happens to it that the log has not told yet.
    /// A packet has several rows where it is held or meets others, and is divided as late as its fate is known; so neither of
    /// its rows tells whether it is the last.
    pub fn is_told(&self, packet: u64) -> bool {
        self.wire.get(packet).is_none() && !self.queue.shows(packet)
    }

    /// The log has ended: the rows that are left, complete or not.
    pub fn finish(&mut self) -> Vec<Row> {
        let mut rows = Vec::new();
        while !self.queue.is_empty() {
            rows.extend(self.pop());
        }
        rows
    }

    /// Takes the first row out and says what there is to say, as all of it is known now.
    fn pop(&mut self) -> Option<Row> {
        let Open {
            mut row,
            changes,
            unknown,
            counted,
            extra,
            connecting,
            elsewhere,
            only_from,
            hears,
            congestion,
            deaf,
            ended,
            full_window,
            ..
        } = self.queue.take()?;
        let (mut wanted, mut delayed) = (None, false);
        if let Some(arrow) = &mut row.arrow {
            let rules = self.wire.rules_of(arrow);
            wanted = rules.iter().find_map(|rule| overtakers(rule));
            delayed = rules.iter().any(|rule| delays(rule));
            // Where it lands, they were told before; where it is lost, which of them has dropped it is told there.
            if arrow.stretch != Stretch::Landing || arrow.fate == Fate::Dropped {
                arrow.rules = rules;
            }
            if let Some(again) = arrow.again {
                let came_ns = self.flows.came_ns(again.earlier);
                arrow.earlier_lost = self.wire.was_lost(again.earlier, came_ns, arrow.sent_ns);
            }
        }
        row.timer = row.timer.filter(|timer| ran_out(&row, timer));
        if let (Some(timer), Some(arrow)) = (&mut row.timer, &row.arrow)
            && timer.host == arrow.from
        {
            timer.wait_ns = ran_ns(arrow, timer).unwrap_or(timer.wait_ns);
        }
        let queue = &self.queue;
        row.states = self.sockets.advance(
            &row,
            (&changes, &unknown),
            |it| queue.told_next(it),
            |it| queue.acted(it),
        );
        let beside = self.calls.beside(&row, &mut self.sockets);
        let all_left = self.fins_behind_all(&row, &changes);
        let around = Around {
            ended,
            all_left,
            full_window,
            elsewhere: beside.elsewhere.or(elsewhere),
            counted,
            deaf,
            all_asked: self.scope.all_asked,
            connecting,
            only_from,
            hears,
            congestion,
            wanted,
            delayed,
            is_simulated: self.scope.is_simulated,
            ..beside
        };
        let several = self.tell_apart(&mut row, &changes);
        row.sayings = explain(&row, &around);
        row.sayings.extend(several);
        let answers = self.calls.said(&row, &changes);
        row.sayings.extend(answers);
        self.lessons.keep_new(&mut row);
        self.lessons.add(&mut row, extra);
        Some(row)
    }

    /// Whose FIN is behind all that its program has handed over, which had left by then; `None` where that is not known.
    fn fins_behind_all(&self, row: &Row, changes: &[Change]) -> Ends<Option<bool>> {
        let mut left = Ends::default();
        let acts = changes.iter().filter(|it| is_own_act(it.to));
        for Change { socket, .. } in acts {
            left[socket.host] = self.calls.kept_back.has_all_left(*socket, row.t_ns);
        }
        left
    }

    /// Says which connections a row is about, once there are several; and so, where it is the first that does.
    fn tell_apart(&mut self, row: &mut Row, changes: &[Change]) -> Option<Saying> {
        let t_ns = row.t_ns;
        let of = |socket: Option<Socket>| self.connections.of(socket?, t_ns);
        let states = Ends {
            client: of(about(row, changes, Host::Client)),
            server: of(about(row, changes, Host::Server)),
        };
        let packet = row.arrow.as_mut().and_then(|arrow| {
            arrow.connection = of(of_packet(arrow, arrow.from));
            arrow.connection
        });
        let mut said = packet;
        for host in [Host::Client, Host::Server] {
            let call = row.calls[host].as_mut().and_then(|cell| {
                let socket = cell.socket.map(|ends| Socket { host, ends });
                cell.connection = of(socket).filter(|it| packet != Some(*it));
                cell.connection
            });
            said = said.or(call);
            if let Some(cell) = row.states[host].as_mut().filter(|_| packet.is_none()) {
                cell.connection = states[host].filter(|it| call != Some(*it));
                said = said.or(cell.connection);
            }
        }
        let connection = said.filter(|_| self.connections.introduce())?.to_string();
        Some(Saying::Connections { connection })
    }

    fn start(&mut self, start: &Start) {
        self.scope.start(start);
        if start.origin == Origin::Simulated {
            self.flows.discard_early_fins();
        }
        if self.scope.is_lab || self.scope.is_simulated {
            self.flows.tells_copies();
        }
        self.calls.descriptors.start(start);
    }

    fn say(&mut self, event: &Event, saying: Saying) {
        let place = self.queue.join(event, None, |_| true);
        self.queue[place].extra.push(saying);
    }

    /// A program has ended: that has a row of its own. In that of a packet it would seem to have happened before what its kernel has sent
    /// by then.
    fn tell_end(&mut self, event: &Event, saying: Saying) {
        let place = self.queue.open(event);
        let open = &mut self.queue[place];
        open.extra.push(saying);
        open.tells_of_end = true;
    }

    /// A timer of TIME-WAIT belongs to a row that shows that state: the last, if it has a segment, else the
    /// one in which it begins.
    fn time_wait(&mut self, event: &Event, timer: &Timer) {
        let who = timer.host;
        // A kernel that is asked some milliseconds later tells of what is left.
        let seconds = timer.wait_ns.saturating_add(SECOND_NS / 2) / SECOND_NS;
        let last = self.queue.back().and_then(|open| open.row.arrow.as_ref());
        let shown = last.is_some_and(|arrow| arrow.seen.segment().is_some());
        let begins = |open: &Open| {
            let mut changes = open.changes.iter();
            !shown && changes.any(|it| it.is_told_of(who, TcpState::TimeWait))
        };
        let saying = Saying::TimeWait { who, seconds };
        match self.queue.last(begins) {
            Some(open) => open.extra.push(saying),
            None => self.say(event, saying),
        }
    }

    fn call(&mut self, event: &Event, call: &Call) {
        if call.answer.is_none() {
            let (cell, toward) = self.calls.begins(event, call);
            let about = self.calls.about(call);
            let place = self.queue.row_of_beginning(event, call, about);
            let open = &mut self.queue[place];
            open.toward[call.host] = toward;
            open.row.calls[call.host] = Some(cell);
            return;
        }
        let returned = self.calls.returns(event, call);
        if let Some((listener, v6_only)) = self.calls.listener(&returned.call) {
            self.sockets.takes_ipv4(listener, !v6_only);
        }
        let about = self.calls.about(&returned.call);
        let is_reset = |arrow: &Arrow| self.calls.is_reset(arrow, call.host);
        let place = self.queue.row_of_return(event, &returned, about, is_reset);
        let cell = &mut self.queue[place].row.calls[call.host];
        let own = cell.as_ref().filter(|cell| cell.id == call.id);
        let began_ns = own.map(|cell| cell.t_ns);
        *cell = Some(returned.cell(event, began_ns));
    }

    /// A TCP tells why: of the packet that it sends next, or of what it has made of one that arrived.
    fn counted(&mut self, event: &Event, counted: &Counted) {
        let Some(cause) = counted.cause else {
            return self.motives.counter(counted.host, counted.counter, event);
        };
        let caused = |open: &Open| open.events.contains(&cause);
        if let Some(open) = self.queue.last(caused) {
            open.touch(event);
            open.counted.push(counted.clone());
            let dropped = open.row.arrow.as_ref().map(|arrow| arrow.id);
            let drops = matches!(
                counted.counter,
                Counter::ListenOverflows
                    | Counter::ReceiveBufferErrors
                    | Counter::ReceiveBufferErrorsV6
            );
            // To its sender it is as good as lost.
            if let Some(id) = dropped.filter(|_| drops) {
                self.wire.note_fate(id, Fate::Dropped);
                self.calls.drops(counted.host, id);
            }
        }
    }

    fn timer(&mut self, event: &Event, timer: &Timer) {
        if !timer.expired {
            if timer.clock == TimerKind::TimeWait {
                self.time_wait(event, timer);
            }
            return;
        }
        // The sampler asks the kernel before the packet is told: the packet that the timer sent comes next.
        let expiry = Expiry {
            host: timer.host,
            kind: timer.clock,
            wait_ns: timer.wait_ns,
            origin: timer.origin,
        };
        self.motives.timer(expiry, event);
    }
}

/// How many packets are to overtake one by a rule like `reorder 1`.
fn overtakers(rule: &str) -> Option<u32> {
    let mut words = words(rule);
    words.find(|word| *word == REORDER)?;
    words.next().and_then(|count| count.parse().ok())
}
