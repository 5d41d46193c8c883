//! The packets that are on their way, and what has become of those that were.

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;

use lineman_proto::wire::Frame;
use lineman_proto::wire::flow::Label;

use super::Arrow;
use super::Fate;
use super::Stretch;
use super::arrow::Between;
use super::between::changed;
use super::millis;
use crate::log::Fault;
use crate::log::Host;
use crate::log::Packet;
use crate::pair::Change;

/// The fates of so many packets are remembered: a flow tells of a repetition of one of the last 4096
/// packets that one end has sent (TFTP; TCP: 1024).
const FATES: usize = 16_384;
/// So late, in nanoseconds, is a packet that it is worth a word, whatever comes of it: half of the time that Linux' TCP holds an ACK
/// back at least (40 ms). A tail loss probe may leave sooner, twice a round trip and two milliseconds after the data (RFC 8985 §7.2).
const LAB_LATE_NS: u64 = 20_000_000;
/// The same if a timer has expired while it was on its way: more than the whole way of a lesson's packets takes.
const LATE_FOR_TIMER_NS: u64 = 5_000_000;
/// What stands between rules that decide about one packet.
pub(super) const BETWEEN_RULES: &str = "; ";

/// The packets that are on their way, and what has become of those that were.
#[derive(Debug, Default)]
pub(super) struct Wire {
    /// Those whose fate is not known, as they were sent.
    packets: HashMap<u64, Arrow>,
    fates: HashMap<u64, Fate>,
    /// The packets whose fates are known, in the order in which they were decided.
    decided: VecDeque<u64>,
    /// The rules that have decided about a packet, until its row comes out.
    rules: HashMap<u64, Vec<String>>,
    /// What changes alike in each packet of a host, between two captures, and was told.
    changed: HashSet<(Host, Change)>,
    /// How long the fastest packet was on the wire of a lab, in nanoseconds; `None` where none has arrived.
    fastest_ns: Option<u64>,
    /// How late a packet was told to have come, in nanoseconds, of those that have come late without a pause because of the lab; the
    /// latest of them.
    told_late_ns: Option<u64>,
    /// When a packet has left last because a timer had expired, in nanoseconds.
    timed_ns: Option<u64>,
}

impl Wire {
    /// A packet leaves.
    pub(super) fn sent(&mut self, arrow: Arrow) {
        self.packets.insert(arrow.id, arrow);
    }

    /// A packet whose fate is not known.
    pub(super) fn get(&self, id: u64) -> Option<&Arrow> {
        self.packets.get(&id)
    }

    /// A packet is another in its connection than was known when it left.
    pub(super) fn labels(&mut self, id: u64, label: Label) {
        if let Some(arrow) = self.packets.get_mut(&id) {
            arrow.label = Some(label);
        }
    }

    /// A held packet was sent again so many times, all in all.
    pub(super) fn repeated(&mut self, id: u64, times: u32) -> Option<&Arrow> {
        let known = self.packets.get_mut(&id)?;
        known.repeats = times;
        Some(known)
    }

    /// Rules decide about a packet.
    pub(super) fn fault(&mut self, fault: &Fault) {
        let rules = self.rules.entry(fault.packet).or_default();
        rules.extend(fault.rule.split(BETWEEN_RULES).map(str::to_owned));
    }

    /// The rules that have decided about a packet whose row comes out; they are forgotten with its last.
    pub(super) fn rules_of(&mut self, arrow: &Arrow) -> Vec<String> {
        let rules = match arrow.fate {
            Fate::Held | Fate::Crossing => self.rules.get(&arrow.id).cloned(),
            Fate::Delivered | Fate::Captured | Fate::Dropped => self.rules.remove(&arrow.id),
        };
        rules.unwrap_or_default()
    }

    /// What becomes of a packet is known: `taken` is how its sender sees that.
    pub(super) fn note_fate(&mut self, id: u64, taken: Fate) {
        if self.fates.insert(id, taken).is_none() {
            self.decided.push_back(id);
        }
        if self.decided.len() > FATES
            && let Some(oldest) = self.decided.pop_front()
        {
            self.fates.remove(&oldest);
        }
    }

    /// Whether a packet was lost, or had arrived by then, as far as that is known: what is still on its way, held or delayed, is
    /// neither. `came_ns` is when it has arrived first.
    pub(super) fn was_lost(&self, id: u64, came_ns: Option<u64>, by_ns: u64) -> Option<bool> {
        let fate = self.fates.get(&id)?;
        let is_over = match fate {
            Fate::Delivered => came_ns.is_none_or(|at| at <= by_ns),
            Fate::Held | Fate::Crossing => false,
            Fate::Dropped | Fate::Captured => true,
        };
        is_over.then(|| fate.is_lost()).flatten()
    }

    /// What becomes of a packet has been told: another that is held goes on waiting.
    pub(super) fn decided(&mut self, id: u64, fate: Fate) {
        match fate {
            Fate::Held => {
                if let Some(known) = self.packets.get_mut(&id) {
                    known.held = true;
                }
            }
            _ => {
                self.packets.remove(&id);
            }
        }
    }

    /// A packet has overtaken what was sent before it and has not arrived.
    pub(super) fn overtakes(&mut self, arrow: &Arrow) {
        let behind = |other: &&mut Arrow| {
            let waits = other.held || other.between.is_some();
            waits && other.from == arrow.from && other.sent_ns < arrow.sent_ns
        };
        let overtaken = self.packets.values_mut().filter(behind);
        overtaken.for_each(|other| other.overtaken += 1);
    }

    /// What is known of a packet's way when it has come as `came`.
    pub(super) fn changed(
        &mut self,
        arrow: &Arrow,
        packet: &Packet,
        came: &Frame<'_>,
    ) -> Option<Between> {
        changed(arrow, packet, came, &mut self.changed)
    }

    /// A packet leaves because a timer has expired.
    pub(super) fn timed(&mut self, sent_ns: u64) {
        self.timed_ns = Some(sent_ns);
    }

    /// How much longer than the fastest a packet was on the wire of a lab that nobody and no rule has held, if that is so
    /// long that timers may have expired meanwhile, or one has: the process that carries packets did not get to run.
    pub(super) fn lateness(&mut self, arrow: &Arrow, now_ns: u64) -> Option<u64> {
        let excused = arrow.held || arrow.copy_of.is_some() || arrow.between.is_some();
        if excused || self.rules.contains_key(&arrow.id) {
            return None;
        }
        let way_ns = now_ns.saturating_sub(arrow.sent_ns);
        let fastest_ns = self
            .fastest_ns
            .map_or(way_ns, |fastest| fastest.min(way_ns));
        self.fastest_ns = Some(fastest_ns);
        let late_ns = way_ns - fastest_ns;
        let was_waited_for = self.timed_ns.is_some_and(|at| at > arrow.sent_ns);
        let is_late = late_ns
            >= match was_waited_for {
                true => LATE_FOR_TIMER_NS,
                false => LAB_LATE_NS,
            };
        // Those behind it wait for the same reason: the first says so, and each that is later than all of which that was said.
        let told_ns = self.told_late_ns.take().filter(|_| is_late);
        let is_told = told_ns.is_some_and(|told_ns| millis(told_ns) >= millis(late_ns));
        self.told_late_ns = is_late.then(|| told_ns.map_or(late_ns, |told| told.max(late_ns)));
        Some(late_ns).filter(|_| is_late && !is_told)
    }

    /// The wire makes a copy of a packet: of `shown`, if a row shows that.
    pub(super) fn duplicated(&mut self, id: u64, copy: u64, shown: Option<&Arrow>) {
        if let Some(arrow) = shown.or_else(|| self.packets.get(&id)) {
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
}
