//! Joins events to rows.

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::net::SocketAddr;

use lineman_proto::wire::Conversations;
use lineman_proto::wire::Flags;
use lineman_proto::wire::LinkType;
use lineman_proto::wire::flow::Arrival;
use lineman_proto::wire::flow::TcpFlows;
use lineman_proto::wire::flow::TftpFlows;

use super::Around;
use super::Arrow;
use super::CallCell;
use super::Clock;
use super::Ends;
use super::Fate;
use super::Row;
use super::Saying;
use super::Stretch;
use super::What;
use super::addresses::Addresses;
use super::arrivals::Arrivals;
use super::change::Change;
use super::change::Socket;
use super::connections::Connections;
use super::descriptor::Descriptor;
use super::descriptors::Answered;
use super::descriptors::Descriptors;
use super::explain::REORDER;
use super::explain::delays;
use super::explain::explain;
use super::explain::words;
use super::motives::Motives;
use super::pending::Open;
use super::pending::cell;
use super::pending::lands_another;
use super::pending::ran_ns;
use super::pending::ran_out;
use super::pending::takes_beginning;
use super::pending::takes_return;
use super::pending::takes_waiting;
use super::pending::whole;
use super::sending::Sends;
use super::sending::Toward;
use super::sockets::Sockets;
use super::sockets::about;
use super::sockets::of_packet;
use crate::log::Answer;
use crate::log::Call;
use crate::log::Counted;
use crate::log::Counter;
use crate::log::Event;
use crate::log::Host;
use crate::log::Kind;
use crate::log::Note;
use crate::log::Origin;
use crate::log::SentClock;
use crate::log::TcpState;
use crate::log::Timer;
use crate::log::TimerKind;
use crate::log::TwoCaptures;

/// What happens this soon after the last event of a row still belongs to it: longer than a delayed ACK
/// (40 ms on Linux), and than a busy machine takes to tell of a return.
pub(super) const TOGETHER_NS: u64 = 60_000_000;
/// A packet is read this late at most, in nanoseconds, after it was sent: with a load of 14 on two processors the latest
/// of 966 packets was read after 240 ms. A row with a state that a SYN or FIN has made waits so long for it.
pub(super) const LATE_NS: u64 = 500_000_000;
/// A kernel that is asked for its states answers this soon, in nanoseconds: three times as long as a lab waits for it.
const ASKED_NS: u64 = 15_000_000;
/// What stands between rules that decide about one packet.
pub(super) const BETWEEN_RULES: &str = "; ";
/// The least that the time of a row shows, in nanoseconds: a call that begins so much after the row needs one of its own.
const SHOWN_NS: u64 = 1_000_000;
/// How many nanoseconds a second has.
const SECOND_NS: u64 = 1_000_000_000;
/// How many rows wait at most for the fate of an earlier packet: what is held for as long is shown as held.
const PENDING: usize = 512;

/// Whose program has ended, if a note tells that.
fn ended_program(note: &Note) -> Option<Host> {
    let tells = matches!(
        note.id.as_str(),
        "program.exited" | "program.killed" | "program.stopped"
    );
    let host = note.args.get("host").filter(|_| tells)?;
    let mut hosts = [Host::Client, Host::Server].into_iter();
    hosts.find(|it| it.name() == host)
}

/// The story so far.
#[derive(Debug, Default)]
pub struct Story {
    /// What the packets begin with.
    pub(super) link: LinkType,
    pub(super) clock: SentClock,
    /// The time of the last row that was given away.
    given_ns: u64,
    pub(super) pending: VecDeque<Open>,
    pub(super) packets: HashMap<u64, Arrow>,
    pub(super) arrivals: Arrivals,
    pub(super) fates: HashMap<u64, Fate>,
    /// The packets whose fates are known, in the order in which they were decided.
    pub(super) decided: VecDeque<u64>,
    pub(super) rules: HashMap<u64, Vec<String>>,
    pub(super) calls: HashMap<u64, (Host, CallCell)>,
    pub(super) tcp: TcpFlows,
    pub(super) tftp: TftpFlows,
    pub(super) conversations: Conversations,
    sockets: Sockets,
    pub(super) connections: Connections,
    /// Whether it was said that there are several.
    told_of_connections: bool,
    /// What is known of open sockets by the calls on them.
    pub(super) descriptors: Descriptors,
    /// What there is to say of the answers of calls, by the calls' numbers.
    answers: HashMap<u64, Answered>,
    /// Calls of listen() on sockets that no address was given to.
    unbound: HashSet<u64>,
    /// How long the fastest packet was on the wire of a lab, in nanoseconds; `None` where it is no lab's, or none has arrived.
    pub(super) fastest_ns: Option<u64>,
    /// Whether the last packet has arrived late because of the lab.
    pub(super) was_late: bool,
    /// Whether a lab's kernel has told the log.
    pub(super) is_lab: bool,
    /// Whether the log tells the states of all hosts.
    pub(super) all_asked: bool,
    /// The addresses of hosts whose states it tells.
    pub(super) asked: HashSet<IpAddr>,
    pub(super) motives: Motives,
    pub(super) hosts: Addresses,
    /// The two captures that the log was made of, if it was.
    pub(super) captures: Option<Box<TwoCaptures>>,
    /// What changes alike in each packet of a host, and was told.
    pub(super) changed: HashSet<(Host, crate::pair::Change)>,
    /// The number of the last event that was about a packet.
    wire_n: u64,
    /// Hosts whose calls a tracer of programs tells.
    pub(super) traced: HashSet<Host>,
    /// The event that tells of the end of a host's program.
    pub(super) ended: Ends<Option<u64>>,
    /// Lessons about calls that were given already.
    taught: HashSet<(&'static str, Host)>,
    /// Whose TIME-WAIT was told of, since it is in that.
    waits_out: Ends<bool>,
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
            Kind::State(state) if self.made(state).is_some() => Vec::new(),
            _ => self.idle(event.t_ns),
        };
        if let Kind::Packet(_) = event.kind {
            self.wire_n = event.n;
        }
        match &event.kind {
            Kind::Call(call) => self.call(event, call),
            Kind::Packet(packet) => self.packet(event, packet),
            Kind::State(state) => self.state(event, state),
            Kind::Timer(timer) => self.timer(event, timer),
            Kind::Counted(counted) => self.counted(event, counted),
            Kind::Congestion(told) => self.motives.congestion(told, event.t_ns),
            Kind::Fault(fault) => {
                let rules = self.rules.entry(fault.packet).or_default();
                rules.extend(fault.rule.split(BETWEEN_RULES).map(str::to_owned));
            }
            Kind::Note(note) => {
                if let Some(host) = ended_program(note) {
                    self.ended[host] = Some(event.n);
                }
                let saying = Saying::Note {
                    note: note.id.clone(),
                    args: note.args.clone().into_iter().collect(),
                };
                self.say(event, saying);
            }
            Kind::Left { host, why } => self.say(
                event,
                Saying::Left {
                    who: *host,
                    why: why.clone(),
                },
            ),
            Kind::Start(start) => {
                self.link = start.link;
                self.clock = SentClock::of(start);
                self.all_asked = start.origin != Origin::Inferred;
                if start.origin == Origin::Simulated {
                    self.tcp.discard_early_fins();
                }
                self.descriptors.start(start);
                // A capture is no proof that nobody has an address.
                self.hosts = match start.captures {
                    Some(_) => Addresses::default(),
                    None => Addresses::of(start),
                };
                self.captures = start.captures.clone();
                self.is_lab = start.origin == Origin::Kernel && !start.hosts.is_empty();
            }
            // Figures have no row: they are shown beside it.
            Kind::TcpInfo(_) | Kind::End => {}
        }
        rows.extend(self.complete(event.t_ns));
        rows
    }

    /// The rows that are complete because nothing has happened until `now_ns`: for a view that
    /// follows a lab, which need not wait for the next event.
    pub fn idle(&mut self, now_ns: u64) -> Vec<Row> {
        let mut rows = Vec::new();
        let quiet = |open: &Open| open.is_settled(now_ns) && open.rests(now_ns) >= TOGETHER_NS;
        while self.pending.front().is_some_and(quiet) {
            rows.extend(self.pop());
        }
        rows
    }

    /// When the next row is complete, unless something happens before: [`idle`](Self::idle) gives it then.
    pub fn due_ns(&self) -> Option<u64> {
        let first = self.pending.front()?;
        let rests_ns = match first.is_waiting() {
            true => LATE_NS,
            false => TOGETHER_NS,
        };
        let due_ns = first.touched_ns.saturating_add(rests_ns);
        first.is_settled(due_ns).then_some(due_ns)
    }

    /// Whether no row that is still to come shows this packet, unless something happens to it that the log has not told yet.
    /// A packet has several rows where it is held or meets others, and is divided as late as its fate is known; so neither of
    /// its rows tells whether it is the last.
    pub fn is_told(&self, packet: u64) -> bool {
        let shows = |open: &Open| open.row.arrow.as_ref().is_some_and(|it| it.id == packet);
        !self.packets.contains_key(&packet) && !self.pending.iter().any(shows)
    }

    /// The log has ended: the rows that are left, complete or not.
    pub fn finish(&mut self) -> Vec<Row> {
        let mut rows = Vec::new();
        while !self.pending.is_empty() {
            rows.extend(self.pop());
        }
        rows
    }

    /// Rows that have a successor, and about which no kernel can still answer: it is asked about a
    /// packet before the wire goes on to the next.
    fn complete(&mut self, now_ns: u64) -> Vec<Row> {
        let mut rows = Vec::new();
        let wire_n = self.wire_n;
        let done = |open: &Open| {
            let answered = open.wire_n.is_none_or(|n| n < wire_n);
            open.is_settled(now_ns) && answered && open.rests(now_ns) >= ASKED_NS
        };
        while self.pending.len() > 1 && self.pending.front().is_some_and(done)
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
            unknown,
            counted,
            extra,
            connecting,
            elsewhere,
            hears,
            congestion,
            deaf,
            ended,
            ..
        } = self.pending.pop_front()?;
        self.hands_on_returns(&mut row);
        // The time of its packet, unless that was told late; rows that stood before it may have moved since.
        let departs = row.arrow.as_ref().filter(|arrow| {
            let shown = matches!(arrow.stretch, Stretch::Whole | Stretch::Departure);
            shown && arrow.copy_of.is_none()
        });
        let own_ns = departs.map_or(row.t_ns, |arrow| arrow.sent_ns);
        row.t_ns = own_ns.max(self.given_ns);
        self.given_ns = row.t_ns;
        let (mut wanted, mut delayed) = (None, false);
        if let Some(arrow) = &mut row.arrow {
            let rules = match arrow.fate {
                Fate::Held | Fate::Crossing => self.rules.get(&arrow.id).cloned(),
                Fate::Delivered | Fate::Captured | Fate::Dropped => self.rules.remove(&arrow.id),
            };
            let rules = rules.unwrap_or_default();
            wanted = rules.iter().find_map(|rule| overtakers(rule));
            delayed = rules.iter().any(|rule| delays(rule));
            // Where it lands, they were told before; where it is lost, which of them has dropped it is told there.
            if arrow.stretch != Stretch::Landing || arrow.fate == Fate::Dropped {
                arrow.rules = rules;
            }
            if let Some(again) = arrow.again {
                let fate = self.fates.get(&again.earlier);
                arrow.earlier_lost = fate.and_then(|fate| fate.is_lost());
            }
        }
        row.clock = row.clock.filter(|clock| ran_out(&row, clock));
        if let (Some(clock), Some(arrow)) = (&mut row.clock, &row.arrow)
            && clock.host == arrow.from
        {
            clock.wait_ns = ran_ns(arrow, clock.kind).unwrap_or(clock.wait_ns);
        }
        let pending = &self.pending;
        row.states = self.sockets.advance(
            &row,
            (&changes, &unknown),
            |it| told_next(pending, it),
            |it| acted(pending, it),
        );
        let beside = self.sockets.around(&row);
        let around = Around {
            ended,
            elsewhere: beside.elsewhere.or(elsewhere),
            counted,
            deaf,
            all_asked: self.all_asked,
            connecting,
            hears,
            congestion,
            wanted,
            delayed,
            ..beside
        };
        let several = self.tell_apart(&mut row, &changes);
        row.sayings = explain(&row, &around);
        row.sayings.extend(several);
        for who in [Host::Client, Host::Server] {
            let returned = row.calls[who].as_ref().filter(|cell| cell.answer.is_some());
            let answered = returned.and_then(|cell| self.answers.remove(&cell.id));
            let said = answered.map(|it| self.descriptors.say(it));
            row.sayings.extend(said.into_iter().flatten());
            let chosen = returned.is_some_and(|cell| self.unbound.remove(&cell.id));
            let mut listens = changes.iter().filter(|_| chosen);
            let listens = listens.find(|it| it.is_told_of(who, TcpState::Listen));
            let port = listens.map(|it| it.socket.ends.local.port());
            row.sayings
                .extend(port.map(|port| Saying::CallPortChosen { who, port }));
        }
        row.sayings.retain(|saying| match saying.lesson() {
            Some(lesson) => self.taught.insert(lesson),
            None => true,
        });
        // That it begins anew was said of the FIN that came again.
        let again = row
            .arrow
            .as_ref()
            .is_some_and(|arrow| arrow.arrival == Arrival::FinAgain);
        let waits = |who: Host| {
            let state = row.states[who].map(|cell| cell.after);
            state == Some(TcpState::TimeWait) && !again
        };
        for saying in extra {
            let Saying::TimeWait { who, seconds } = saying else {
                row.sayings.push(saying);
                continue;
            };
            // Linux keeps an orphan in FIN-WAIT-2 with the clock of TIME-WAIT; that is no TIME-WAIT.
            if !waits(who) {
                continue;
            }
            let stays = row.states[who].is_some_and(|cell| cell.before == TcpState::TimeWait);
            row.sayings.push(match stays && self.waits_out[who] {
                true => Saying::TimeWaitAnew { who, seconds },
                false => Saying::TimeWait { who, seconds },
            });
            self.waits_out[who] = true;
        }
        for who in [Host::Client, Host::Server] {
            let cell = row.states[who].filter(|cell| cell.before != cell.after);
            self.waits_out[who] &= cell.is_none_or(|cell| cell.after == TcpState::TimeWait);
        }
        Some(row)
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
        let connection = said.filter(|_| !self.told_of_connections)?.to_string();
        self.told_of_connections = true;
        Some(Saying::Connections { connection })
    }

    /// A call that has returned after what the next row shows first stands there: a row's call is shown with its own time,
    /// below the packet that made it return.
    fn hands_on_returns(&mut self, row: &mut Row) {
        let Some(next) = self.pending.front_mut() else {
            return;
        };
        let begun = |cell: &CallCell| cell.begins.then_some(cell.t_ns);
        let calls = [&next.row.calls.client, &next.row.calls.server];
        let first = calls.into_iter().flatten().filter_map(begun);
        let first_ns = first.fold(next.row.t_ns, u64::min);
        let shows = next.row.arrow.is_some() || next.is_calls();
        for host in [Host::Client, Host::Server] {
            let answer = row.calls[host]
                .as_ref()
                .and_then(|cell| cell.answer.as_ref());
            let taken =
                !shows || next.row.calls[host].is_some() || lands_another(&next.row, host, answer);
            let cell = row.calls[host].as_mut().filter(|_| !taken);
            let woken = |cell: &&mut CallCell| {
                let late = cell.returned_ns.is_some_and(|at| at > first_ns);
                let arrow = row.arrow.as_ref();
                late && arrow.is_some_and(|arrow| !cell.begins || arrow.from != host)
            };
            let Some(cell) = cell.filter(woken) else {
                continue;
            };
            let returned = CallCell {
                begins: false,
                t_ns: cell.returned_ns.unwrap_or(cell.t_ns),
                ..cell.clone()
            };
            next.row.calls[host] = Some(returned);
            match cell.begins {
                true => (cell.answer, cell.returned_ns) = (None, None),
                false => row.calls[host] = None,
            }
        }
    }

    /// The time that a row may have at the earliest: that of those before it.
    pub(super) fn earliest(&self, place: usize) -> u64 {
        let before = self.pending.iter().take(place).map(|open| open.row.t_ns);
        before.fold(self.given_ns, u64::max)
    }

    /// A new row at the end; its place.
    pub(super) fn open(&mut self, event: &Event) -> usize {
        self.pending.push_back(Open::new(event));
        self.pending.len() - 1
    }

    /// The last row, if `fits` says that the event, of `host`, belongs to it; else a new one. Gives its place.
    /// A row that waits for a packet is passed over by what does not belong to it.
    pub(super) fn join(
        &mut self,
        event: &Event,
        host: Option<Host>,
        fits: impl Fn(&Open) -> bool,
    ) -> usize {
        // One that is kept back by others before it takes no more than if it had come out.
        let fresh = |open: &Open| open.rests(event.t_ns) < TOGETHER_NS;
        let fits = |open: &Open| !open.is_words() && fresh(open) && fits(open);
        let passed = |open: &Open| {
            let awaited = host.is_some_and(|host| open.waits[host].is_some());
            open.is_waiting() && !(awaited && fits(open))
        };
        let last = self.pending.iter().rposition(|open| !passed(open));
        match last.filter(|at| fits(&self.pending[*at])) {
            Some(at) => {
                self.pending[at].touch(event);
                at
            }
            None => self.open(event),
        }
    }

    fn say(&mut self, event: &Event, saying: Saying) {
        let place = self.join(event, None, |_| true);
        self.pending[place].extra.push(saying);
    }

    /// A clock of TIME-WAIT belongs to a row that shows that state: the last, if it has a segment, else the
    /// one in which it begins.
    fn time_wait(&mut self, event: &Event, timer: &Timer) {
        let who = timer.host;
        // A kernel that is asked some milliseconds later tells of what is left.
        let seconds = timer.wait_ns.saturating_add(SECOND_NS / 2) / SECOND_NS;
        let last = self.pending.back().and_then(|open| open.row.arrow.as_ref());
        let shown = last.is_some_and(|arrow| arrow.seen.segment().is_some());
        let begins = |open: &&mut Open| {
            let mut changes = open.changes.iter();
            !shown && changes.any(|it| it.is_told_of(who, TcpState::TimeWait))
        };
        let saying = Saying::TimeWait { who, seconds };
        match self.pending.iter_mut().rfind(begins) {
            Some(open) => open.extra.push(saying),
            None => self.say(event, saying),
        }
    }

    fn call(&mut self, event: &Event, call: &Call) {
        if call.program.is_some() {
            self.traced.insert(call.host);
        }
        let Some(answer) = &call.answer else {
            let mut cell = cell(call, event.t_ns);
            cell.socket = self.descriptors.ends(call);
            self.calls.insert(call.id, (call.host, cell.clone()));
            let socket = self.descriptors.of(call).cloned();
            let about = |arrow: &Arrow| is_about(arrow, call, socket.as_ref());
            let place = self.join(event, Some(call.host), |open| {
                let arrow = open.row.arrow.as_ref();
                let at_once = event.t_ns.saturating_sub(open.row.t_ns) < SHOWN_NS;
                at_once && takes_beginning(&open.row, call.host)
                    || receives(&call.name)
                        && takes_waiting(&open.row, call.host)
                        && arrow.is_none_or(about)
            });
            // A segment that arrives while recv() waits is in its row; a datagram in fragments is whole with the last.
            self.precedes_arrivals(place, call, |arrow| match &arrow.seen.what {
                What::Udp(datagram) => !datagram.in_pieces,
                _ => false,
            });
            let open = &mut self.pending[place];
            open.toward[call.host] = Toward::of(call, &self.descriptors);
            open.row.calls[call.host] = Some(cell);
            return;
        };
        let begun = self.calls.remove(&call.id).map(|(_, begun)| begun);
        let begun = begun.unwrap_or_else(|| cell(call, event.t_ns));
        let whole = whole(call, &begun);
        if self.descriptors.chooses_port(&whole) {
            self.unbound.insert(call.id);
        }
        let before = self.descriptors.ends(&whole);
        let said = self.descriptors.answer(&whole);
        let socket = self.descriptors.returned_ends(&whole).or(before);
        let place = self.row_of_return(event, &whole);
        // A segment may have arrived before the log is told so: only of a call that has got nothing is it known that none had.
        let got_nothing = matches!(answer, Answer::Error(_));
        self.precedes_arrivals(place, call, |arrow| {
            got_nothing || matches!(arrow.seen.what, What::Udp(_))
        });
        let row = &mut self.pending[place].row;
        let here = row.calls[call.host]
            .as_ref()
            .is_some_and(|cell| cell.id == call.id);
        row.calls[call.host] = Some(CallCell {
            begins: here,
            t_ns: if here { begun.t_ns } else { event.t_ns },
            returned_ns: Some(event.t_ns),
            answer: Some(answer.clone()),
            socket: socket.or(begun.socket),
            // Some are told only when the call returns: where it began stands what was known then.
            args: if here { whole.args } else { begun.args },
            ..begun
        });
        if !said.is_empty() {
            self.answers.insert(call.id, said);
        }
    }

    /// What is on its way to a host has not arrived when a call there begins or returns that would receive it: shown below it, the
    /// call would seem to wait for what is there, or to return something else.
    fn precedes_arrivals(&mut self, place: usize, call: &Call, such: impl Fn(&Arrow) -> bool) {
        if !receives(&call.name) {
            return;
        }
        for open in self.pending.iter_mut().take(place) {
            open.departs_if(|arrow| arrow.from != call.host && such(arrow));
        }
    }

    /// The row in which a call returns: if its packet is still to come, that in which it began.
    fn row_of_return(&mut self, event: &Event, call: &Call) -> usize {
        let began = |open: &Open| {
            let cell = open.row.calls[call.host].as_ref();
            let own = cell.filter(|cell| cell.id == call.id);
            open.row.arrow.is_none() && own.is_some_and(|cell| Sends::of(cell).is_some())
        };
        match self.pending.iter().rposition(began) {
            Some(place) => {
                self.pending[place].touch(event);
                place
            }
            None => {
                let socket = self.descriptors.of(call).cloned();
                let about = |arrow: &Arrow| is_about(arrow, call, socket.as_ref());
                self.join(event, Some(call.host), |open| {
                    takes_return(&open.row, call, about)
                })
            }
        }
    }

    /// A TCP tells why: of the packet that it sends next, or of what it has made of one that arrived.
    fn counted(&mut self, event: &Event, counted: &Counted) {
        let Some(cause) = counted.cause else {
            return self
                .motives
                .counter(counted.host, counted.counter, event.t_ns);
        };
        let caused = |open: &&mut Open| open.events.contains(&cause);
        if let Some(open) = self.pending.iter_mut().rfind(caused) {
            open.touch(event);
            open.counted.push(counted.clone());
            let dropped = open.row.arrow.as_ref().map(|arrow| arrow.id);
            // To its sender it is as good as lost.
            if let Some(id) = dropped.filter(|_| counted.counter == Counter::ListenOverflows) {
                self.note_fate(id, Fate::Dropped);
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
        // Whoever asks a kernel asks before it tells of the packet.
        let clock = Clock {
            host: timer.host,
            kind: timer.clock,
            wait_ns: timer.wait_ns,
            origin: timer.origin,
        };
        self.motives.clock(clock, event.t_ns);
    }
}

/// Whether a call is one that returns what has arrived, or says whether anything has. A connection that accept() returns may be older
/// than what is on its way to it.
fn receives(name: &str) -> bool {
    let calls = [
        "recv",
        "read",
        "select",
        "pselect",
        "poll",
        "ppoll",
        "epoll_wait",
        "epoll_pwait",
    ];
    calls.iter().any(|call| name.starts_with(call))
}

/// Whether a packet may have to do with the socket of a call of its sender or receiver: another connection of the same
/// program has its own. Where nobody knows whose socket it is, it may.
fn is_about(arrow: &Arrow, call: &Call, socket: Option<&Descriptor>) -> bool {
    if arrow.seen.segment().is_none() {
        return true;
    }
    let Some(Socket { ends, .. }) = of_packet(arrow, call.host) else {
        return true;
    };
    if let Some(own) = call.ends() {
        return own == ends;
    }
    let is_other = |known: Option<SocketAddr>, seen: Option<SocketAddr>| {
        known.is_some_and(|known| seen.is_some_and(|seen| seen != known))
    };
    let peer = match call.name.as_str() {
        "accept" => call.accepted_peer(),
        _ => socket.and_then(|it| it.peer).or_else(|| {
            let connects = matches!(call.name.as_str(), "connect" | "connect_ex");
            connects.then(|| call.address()).flatten()
        }),
    };
    let local = socket.and_then(|it| it.local);
    let port = socket.and_then(|it| it.bound).map(|it| it.port());
    let another_port = port.is_some_and(|port| port != 0 && port != ends.local.port());
    !is_other(peer, ends.remote) && !is_other(local, Some(ends.local)) && !another_port
}

/// How many packets are to overtake one by a rule like `reorder 1`.
fn overtakers(rule: &str) -> Option<u32> {
    let mut words = words(rule);
    words.find(|word| *word == REORDER)?;
    words.next().and_then(|count| count.parse().ok())
}

/// The next state that the TCP of a socket has told of, in a row that is still to come.
fn told_next(pending: &VecDeque<Open>, socket: Socket) -> Option<TcpState> {
    let told = |it: &&Change| it.told && it.socket == socket;
    let mut rows = pending.iter();
    let next = rows.find_map(|open| open.changes.iter().find(told));
    next.map(|change| change.to)
}

/// The state that a socket has come into by a packet that is in a row still to come: its TCP may be asked only
/// when that has left, and when another has arrived. A SYN without ACK leaves in SYN-SENT, wherever it is seen.
fn acted(pending: &VecDeque<Open>, socket: Socket) -> Option<TcpState> {
    pending.iter().find_map(|open| {
        let arrow = open.row.arrow.as_ref()?;
        let segment = arrow.seen.segment()?;
        if arrow.from != socket.host || of_packet(arrow, socket.host) != Some(socket) {
            return None;
        }
        match (segment.has(Flags::SYN), segment.has(Flags::FIN)) {
            (true, _) => (!segment.has(Flags::ACK)).then_some(TcpState::SynSent),
            (_, true) => Some(TcpState::FinWait1),
            _ => None,
        }
    })
}
