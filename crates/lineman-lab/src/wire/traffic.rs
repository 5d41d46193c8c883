//! What is on the wire, and what becomes of it. Instants in, packets out: it neither reads a clock nor
//! sends.

use std::collections::BTreeMap;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::wire::Frame;
use lineman_trace::log::FORGED;
use lineman_trace::log::Fault;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Packet;
use lineman_trace::log::Verdict;

use crate::recorder::Recorder;
use crate::rules::Judge;
use crate::rules::Plan;
use crate::rules::Rules;

use super::Command;
use super::agenda::Agenda;
use super::repeat::repeats;

/// A packet on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    id: u64,
    /// The packet of which it is a copy, or itself.
    of: u64,
    pub(crate) from: Host,
    sent: Vec<u8>,
    /// What arrives, if not what was sent.
    altered: Option<Vec<u8>>,
    /// How often its sender has sent it again while it was held.
    repeats: u32,
}

impl Parcel {
    /// What arrives.
    pub(crate) fn frame(&self) -> &[u8] {
        self.altered.as_ref().unwrap_or(&self.sent)
    }
}

/// All packets that are on the wire.
pub(crate) struct Traffic {
    begun: Instant,
    delay: Duration,
    judge: Judge,
    recorder: Recorder,
    agenda: Agenda<Parcel>,
    held: BTreeMap<u64, Parcel>,
    stepping: bool,
    packets: u64,
}

impl Traffic {
    /// None yet. `delay` is how long a frame is on its way.
    pub(crate) fn new(begun: Instant, delay: Duration, rules: &Rules, recorder: Recorder) -> Self {
        Self {
            begun,
            delay,
            judge: Judge::new(rules),
            recorder,
            agenda: Agenda::new(),
            held: BTreeMap::new(),
            stepping: false,
            packets: 0,
        }
    }

    /// A host has sent a frame: now, or when its kernel says, in nanoseconds since 1970 by the log's clock.
    pub(crate) fn enter(&mut self, now: Instant, from: Host, frame: &[u8], stamp_ns: Option<u64>) {
        if self.swallow(from, frame, stamp_ns) {
            return;
        }
        let parcel = self.parcel(from, frame, stamp_ns);
        self.pass(now, parcel);
    }

    /// A user has forged a frame, which is put on the wire in a host's name.
    fn forge(&mut self, now: Instant, from: Host, frame: &[u8]) {
        let parcel = self.parcel(from, frame, None);
        self.fault(&parcel, FORGED.to_owned());
        self.pass(now, parcel);
    }

    fn parcel(&mut self, from: Host, frame: &[u8], stamp_ns: Option<u64>) -> Parcel {
        let id = self.number();
        let parcel = Parcel {
            id,
            of: id,
            from,
            sent: frame.to_vec(),
            altered: None,
            repeats: 0,
        };
        self.recorder.record(Kind::Packet(Packet {
            stamp_ns,
            ..packet(&parcel, Verdict::Sent, Some(&parcel.sent))
        }));
        parcel
    }

    fn pass(&mut self, now: Instant, parcel: Parcel) {
        let frame = Frame::parse(&parcel.sent);
        let since = now.saturating_duration_since(self.begun);
        let plan = self.judge.plan(parcel.id, parcel.from, &frame, since);
        self.carry_out(now, plan, parcel);
    }

    /// Carries out what the user has decided about packets.
    pub(crate) fn obey(&mut self, now: Instant, command: Command) {
        match command {
            Command::Step => self.stepping = true,
            Command::Run => {
                self.stepping = false;
                for (_, parcel) in std::mem::take(&mut self.held) {
                    self.send_off(now, Duration::ZERO, parcel);
                }
            }
            Command::Rules(rules) => self.judge = self.judge.then(&rules),
            Command::Forge(from, frame) => self.forge(now, from, &frame),
            Command::Deliver(id)
            | Command::Drop(id)
            | Command::Duplicate(id)
            | Command::Delay(id, _) => {
                if let Some(parcel) = self.held.remove(&id) {
                    self.release(now, parcel, &command);
                }
            }
        }
    }

    /// When the next packet arrives.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.agenda.next()
    }

    /// Takes a packet that has arrived by now.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Parcel> {
        self.agenda.due(now)
    }

    /// Tells that a packet is delivered, right before it is. Returns the number of the event.
    pub(crate) fn delivered(&self, parcel: &Parcel) -> u64 {
        self.tell(parcel, Verdict::Delivered, parcel.altered.as_deref())
    }

    /// Delivers a packet, and tells that it was when that began. Returns the number of the event.
    ///
    /// # Errors
    /// When it could not be delivered; then nothing is told.
    pub(crate) fn deliver<E>(
        &self,
        parcel: &Parcel,
        send: impl FnOnce() -> Result<(), E>,
    ) -> Result<u64, E> {
        let told = packet(parcel, Verdict::Delivered, parcel.altered.as_deref());
        self.recorder.record_doing(Kind::Packet(told), send)
    }

    /// Tells that a packet could not be delivered.
    pub(crate) fn lost(&self, parcel: &Parcel) {
        self.tell(parcel, Verdict::Dropped, None);
    }

    /// Whether it is held already; then it is counted.
    fn swallow(&mut self, from: Host, frame: &[u8], stamp_ns: Option<u64>) -> bool {
        let same = |parcel: &&mut Parcel| parcel.from == from && repeats(&parcel.sent, frame);
        let Some(parcel) = self.held.values_mut().find(same) else {
            return false;
        };
        parcel.repeats += 1;
        let times = parcel.repeats;
        let parcel = parcel.clone();
        self.recorder.record(Kind::Packet(Packet {
            stamp_ns,
            ..packet(&parcel, Verdict::Repeated { times }, None)
        }));
        true
    }

    fn carry_out(&mut self, now: Instant, plan: Plan, parcel: Parcel) {
        // Where a person decides when it goes on, what the rules say about that has no effect.
        let rule = match self.stepping {
            true => plan.rule_when_held,
            false => plan.rule,
        };
        let told = rule.is_some();
        if let Some(rule) = rule {
            self.fault(&parcel, rule);
        }
        let is_timed = plan.is_timed;
        let mut deliveries = plan.deliveries.into_iter();
        let Some(first) = deliveries.next() else {
            self.tell(&parcel, Verdict::Dropped, None);
            return;
        };
        let mut all = Vec::new();
        for delivery in deliveries {
            let altered = delivery.bytes;
            let copy = self.copy(&parcel);
            all.push((delivery.after, Parcel { altered, ..copy }));
        }
        let altered = first.bytes;
        all.insert(0, (first.after, Parcel { altered, ..parcel }));
        for (after, parcel) in all {
            match self.stepping {
                true => self.hold(parcel),
                false => {
                    // What all packets do is not worth a word at each.
                    let is_copy = parcel.id != parcel.of;
                    if told && (is_timed || is_copy) && after > Duration::ZERO {
                        self.tell(&parcel, Verdict::Held, None);
                    }
                    self.send_off(now, after, parcel);
                }
            }
        }
        for (overtaken, after) in plan.released {
            let at = now + self.way(after);
            self.agenda.postpone(at, |parcel| parcel.of == overtaken);
        }
    }

    fn release(&mut self, now: Instant, parcel: Parcel, command: &Command) {
        if !matches!(command, Command::Deliver(_)) {
            self.fault(&parcel, String::new());
        }
        match command {
            Command::Drop(_) => drop(self.tell(&parcel, Verdict::Dropped, None)),
            Command::Delay(_, delay) => {
                self.tell(&parcel, Verdict::Held, None);
                self.send_off(now, *delay, parcel);
            }
            Command::Duplicate(_) => {
                let copy = self.copy(&parcel);
                self.send_off(now, Duration::ZERO, parcel);
                self.send_off(now, Duration::ZERO, copy);
            }
            _ => self.send_off(now, Duration::ZERO, parcel),
        }
    }

    fn hold(&mut self, parcel: Parcel) {
        self.tell(&parcel, Verdict::Held, None);
        self.held.insert(parcel.id, parcel);
    }

    /// Puts it on its way, for so long beyond the wire's own delay.
    fn send_off(&mut self, now: Instant, after: Duration, parcel: Parcel) {
        self.agenda.add(now + self.way(after), parcel);
    }

    fn way(&self, after: Duration) -> Duration {
        self.delay.saturating_add(after).min(LONGEST_DELAY)
    }

    fn fault(&self, parcel: &Parcel, rule: String) {
        let packet = parcel.id;
        self.recorder.record(Kind::Fault(Fault { packet, rule }));
    }

    fn copy(&mut self, parcel: &Parcel) -> Parcel {
        let id = self.number();
        self.tell(parcel, Verdict::Duplicated { copy: id }, None);
        let repeats = 0;
        Parcel {
            id,
            repeats,
            ..parcel.clone()
        }
    }

    fn number(&mut self) -> u64 {
        self.packets += 1;
        self.packets
    }

    fn tell(&self, parcel: &Parcel, verdict: Verdict, bytes: Option<&[u8]>) -> u64 {
        let told = packet(parcel, verdict, bytes);
        self.recorder.record(Kind::Packet(told))
    }
}

fn packet(parcel: &Parcel, verdict: Verdict, bytes: Option<&[u8]>) -> Packet {
    let bytes = bytes.map(<[u8]>::to_vec);
    Packet::new(parcel.id, parcel.from, verdict, bytes)
}

/// How long a packet is on its way at most, whatever is asked for: beyond it no lesson is left, and clocks can reach it.
const LONGEST_DELAY: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests;
