//! Finds for each packet of one capture the same packet of the other.

mod course;
mod equals;
mod gone;
mod recent;

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::rc::Rc;

use super::Clocks;
use super::Met;
use super::Outcome;
use super::Part;
use super::Point;
use super::Points;
use super::Sight;
use super::Span;
use super::Tally;
use super::absence::Known;
use super::lane::Lane;
use super::ticket::Ticket;
use crate::log::Host;
use course::Pairing;
use equals::Same;
use recent::Recent;

pub(super) use recent::MEMORY_NS;

/// How much is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a packet is waited for in the other capture, in nanoseconds.
    pub wait_ns: i64,
    /// How many packets may wait; beyond that, what became of the one that waits longest is not known.
    pub waiting: usize,
    /// How many packets are remembered that both have, to know a copy of one.
    pub recent: usize,
    /// How many directions of conversations are told apart; packets of further ones are not compared.
    pub lanes: usize,
}

impl Default for Limits {
    /// Some hundred megabytes at the worst.
    fn default() -> Self {
        Self {
            wait_ns: 10_000_000_000,
            waiting: 1 << 18,
            recent: 1 << 16,
            lanes: 1 << 18,
        }
    }
}

/// What is known before packets are compared.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// How the clocks stand to each other.
    pub clocks: &'a Clocks,
    /// From when to when each capture goes on, by the first's clock; `None` where it has no packet.
    pub spans: Points<Option<Span>>,
    /// Whether a capture says that its capturing has lost packets.
    pub dropped: Points<bool>,
}

/// Takes the packets of both captures in the order of their times, and gives what became of each.
#[derive(Debug)]
pub struct Matcher<'a, T> {
    clocks: &'a Clocks,
    known: Known,
    limits: Limits,
    tickets: HashMap<u64, Ticket<T>>,
    by_key: Points<HashMap<u64, Vec<u64>>>,
    /// In the order in which they came; some wait no more.
    order: VecDeque<(i64, u64)>,
    next: u64,
    now_ns: i64,
    lanes: HashMap<(Point, u64, Host), Lane>,
    /// Pairs of conversations, by their number in the first, and that number by the one in the second.
    pairings: HashMap<u64, Pairing>,
    seconds: HashMap<u64, u64>,
    recent: Recent<T>,
    /// The prints of packets without an identification that both have had.
    met: HashSet<u64>,
    outcomes: VecDeque<Outcome<T>>,
    uncompared: u64,
}

impl<'a, T> Matcher<'a, T> {
    /// One that has seen nothing.
    pub fn new(setting: Setting<'a>, limits: Limits) -> Self {
        Self {
            clocks: setting.clocks,
            known: Known {
                spans: setting.spans,
                dropped: setting.dropped,
            },
            limits,
            tickets: HashMap::new(),
            by_key: Points::default(),
            order: VecDeque::new(),
            next: 0,
            now_ns: i64::MIN,
            lanes: HashMap::new(),
            pairings: HashMap::new(),
            seconds: HashMap::new(),
            recent: Recent::new(limits.recent),
            met: HashSet::new(),
            outcomes: VecDeque::new(),
            uncompared: 0,
        }
    }

    /// Notes that these two conversations are the same, as was found before.
    pub fn expect(&mut self, tally: &Tally) {
        self.seconds
            .insert(tally.numbers.second, tally.numbers.first);
        self.pairings
            .insert(tally.numbers.first, Pairing::known(tally));
    }

    /// Takes the next packet, of whichever capture has the earlier one.
    pub fn take(&mut self, sight: Sight<T>) {
        self.now_ns = self.now_ns.max(sight.at_ns);
        self.expire();
        if !self.note(&sight) {
            self.uncompared += 1;
            return;
        }
        let mut ticket = Ticket::new(Rc::new(sight));
        match self.same(&ticket) {
            Same::Is(id) => return self.meet(id, &ticket.sight),
            Same::MayBe => return self.wait(ticket),
            Same::No => {}
        }
        if self.is_copy(&ticket.sight) {
            return;
        }
        self.meet_parts(&mut ticket);
        if ticket
            .pieces
            .as_ref()
            .is_some_and(|it| it.left().is_empty())
        {
            return;
        }
        self.wait(ticket);
    }

    /// What became of a packet, in no order.
    pub fn outcome(&mut self) -> Option<Outcome<T>> {
        self.outcomes.pop_front()
    }

    /// Of what was seen before this, in nanoseconds by the first's clock, it is known what became of it.
    pub fn settled_ns(&mut self) -> i64 {
        while let Some((_, id)) = self.order.front()
            && !self.tickets.contains_key(id)
        {
            self.order.pop_front();
        }
        let oldest = self.order.front().map(|(at_ns, _)| *at_ns);
        oldest.unwrap_or(i64::MAX).min(self.now_ns)
    }

    /// Nothing more comes.
    pub fn finish(&mut self) {
        while let Some((_, id)) = self.order.pop_front() {
            if let Some(ticket) = self.forget(id) {
                self.gone(&ticket, None);
            }
        }
    }

    /// How many packets were not compared, because there were too many conversations.
    pub fn uncompared(&self) -> u64 {
        self.uncompared
    }

    /// Notes what a packet tells of its direction; false if there is no room for that.
    fn note(&mut self, sight: &Sight<T>) -> bool {
        let key = (sight.point, sight.conversation, sight.from);
        if self.lanes.len() >= self.limits.lanes && !self.lanes.contains_key(&key) {
            return false;
        }
        let lane = self.lanes.entry(key).or_default();
        if let Some((seq, len)) = sight.print.data() {
            lane.seen.add(seq, len);
        }
        if let Some(ack) = sight.print.segment.and_then(|it| it.ack) {
            lane.acknowledges(ack);
        }
        true
    }

    fn wait(&mut self, ticket: Ticket<T>) {
        let (id, sight) = (self.next, &ticket.sight);
        self.next += 1;
        self.by_key[sight.point]
            .entry(sight.print.key)
            .or_default()
            .push(id);
        if let Some(data) = sight.print.data()
            && let Some(lane) = self
                .lanes
                .get_mut(&(sight.point, sight.conversation, sight.from))
        {
            lane.wait(data, id);
        }
        self.order.push_back((sight.at_ns, id));
        self.tickets.insert(id, ticket);
        // Most of those that came have left already.
        if self.order.len() > 4 * self.tickets.len() + 1024 {
            self.order.retain(|(_, id)| self.tickets.contains_key(id));
        }
    }

    /// Takes a packet out of those that wait.
    fn forget(&mut self, id: u64) -> Option<Ticket<T>> {
        let ticket = self.tickets.remove(&id)?;
        let sight = &ticket.sight;
        let all = &mut self.by_key[sight.point];
        if let Some(ids) = all.get_mut(&sight.print.key) {
            ids.retain(|it| *it != id);
            if ids.is_empty() {
                all.remove(&sight.print.key);
            }
        }
        if let Some((seq, _)) = sight.print.data()
            && let Some(lane) = self
                .lanes
                .get_mut(&(sight.point, sight.conversation, sight.from))
        {
            lane.leave(seq, id);
        }
        Some(ticket)
    }

    /// The packet of the other capture that is this one, if it waits: the one that goes best with it.
    fn same(&self, ticket: &Ticket<T>) -> Same {
        let sight = &ticket.sight;
        let ids = self.by_key[sight.point.other()].get(&sight.print.key);
        let rated = ids.into_iter().flatten().filter_map(|id| {
            let other = self.tickets.get(id).filter(|it| !it.is_begun)?;
            Some((self.rate(&other.sight, sight)?, *id, &other.sight))
        });
        match rated.min_by_key(|(rate, id, _)| (*rate, *id)) {
            Some((rate, id, other)) if self.fits(other, sight, rate) => Same::Is(id),
            Some(_) => Same::MayBe,
            None => Same::No,
        }
    }

    /// Notes that two packets are the same one.
    fn meet(&mut self, id: u64, sight: &Rc<Sight<T>>) {
        let Some(other) = self.forget(id) else { return };
        let id = other.sight.print.id.zip(sight.print.id);
        self.tell(&other.sight, sight, None, (true, id.map(|(a, b)| a == b)));
        self.have_met(sight);
        for seen in [&other.sight, sight] {
            self.recent.note(seen, sight.at_ns);
        }
    }

    /// Bytes that one capture has in one segment and the other in several.
    fn meet_parts(&mut self, ticket: &mut Ticket<T>) {
        while let Some(id) = self.sharing(ticket) {
            let Some(other) = self.tickets.get_mut(&id) else {
                return;
            };
            let (Some(theirs), Some(ours)) = (&mut other.pieces, &mut ticket.pieces) else {
                return;
            };
            let shared = theirs.shared(ours);
            for part in &shared {
                theirs.take(*part);
                ours.take(*part);
            }
            let is_new = !std::mem::replace(&mut other.is_begun, true);
            ticket.is_begun = true;
            let is_over = theirs.left().is_empty();
            let other = other.sight.clone();
            if is_over {
                self.forget(id);
            }
            for (nth, (seq, len)) in shared.into_iter().enumerate() {
                let part = Some(Part { seq, len });
                self.tell(&other, &ticket.sight, part, (is_new && nth == 0, None));
            }
        }
    }

    /// A waiting segment of the other capture that shares bytes with this one.
    fn sharing(&self, ticket: &Ticket<T>) -> Option<u64> {
        let (sight, pieces) = (&ticket.sight, ticket.pieces.as_ref()?);
        let (conversation, from) = self.counterpart(sight)?;
        let lane = self.lanes.get(&(sight.point.other(), conversation, from))?;
        let ids = pieces.left().iter().flat_map(|range| lane.sharing(*range));
        let rated = ids.filter_map(|id| {
            let other = self.tickets.get(&id)?;
            // One with the same bytes is another copy of them: as a whole it did not go with this one.
            let is_whole = !other.is_begun && other.sight.print.key == sight.print.key;
            if is_whole {
                return None;
            }
            let shares = !other.pieces.as_ref()?.shared(pieces).is_empty();
            shares.then_some(())?;
            Some((self.rate_parts(&other.sight, sight)?, id))
        });
        rated.min().map(|(_, id)| id)
    }

    /// Tells that both have it, and notes how long it took. `is_new`: nothing of the earlier packet was told before.
    fn tell(
        &mut self,
        earlier: &Rc<Sight<T>>,
        later: &Rc<Sight<T>>,
        part: Option<Part>,
        (is_new, id): (bool, Option<bool>),
    ) {
        let (first, second) = match earlier.point {
            Point::First => (earlier, later),
            Point::Second => (later, earlier),
        };
        self.pair(first, second);
        if let Some(pairing) = self.pairings.get_mut(&first.conversation) {
            let way = &mut pairing.ways[first.from];
            way.count(first.at_ns, second.at_ns, id);
            way.crossed += u64::from(is_new);
        }
        self.outcomes.push_back(Outcome {
            seen: (earlier.clone(), Some(later.clone())),
            part,
            met: Met::Both,
        });
    }
}
