//! What becomes of each packet.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::time::Duration;

use lineman_proto::wire::Conversations;
use lineman_proto::wire::Frame;
use lineman_proto::wire::Kinds;
use lineman_proto::wire::Layer;

use super::Action;
use super::Rule;
use super::Rules;
use super::random::Random;
use crate::log::Host;

/// A packet that is to be overtaken waits no longer than this for others to come.
pub const OVERTAKE_WITHIN: Duration = Duration::from_millis(100);

/// Applies rules to packets, one after the other.
#[derive(Clone, Debug)]
pub struct Judge {
    rules: Vec<Applied>,
    talks: Conversations,
}

/// What to do with a packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// When it is delivered: never, once, or more often; the second and later ones are copies.
    pub deliveries: Vec<Delivery>,
    /// Earlier packets that waited to be overtaken by this one: those deliveries of theirs that
    /// have not happened become due so much from now, behind this packet's own.
    pub released: Vec<(u64, Duration)>,
    /// The rules that decided, in their text form; `None` if the packet passes as it is.
    pub rule: Option<String>,
}

/// A delivery to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// So much from now.
    pub after: Duration,
    /// With these bytes instead of its own.
    pub bytes: Option<Vec<u8>>,
}

/// A rule with all that it remembers.
#[derive(Clone, Debug)]
struct Applied {
    rule: Rule,
    text: String,
    random: Random,
    fitted: u64,
    lines: [Line; 2],
}

/// What a rule remembers of one direction.
#[derive(Clone, Debug, Default)]
struct Line {
    /// Until when the wire is busy, or before when nothing may arrive.
    until: Duration,
    waiting: Option<Waiting>,
}

/// A packet that waits to be overtaken.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    packet: u64,
    by: u32,
    until: Duration,
}

/// What the rules ask for, in sums and sets in which order means nothing.
#[derive(Debug, Default)]
struct Draft {
    delay: Duration,
    queue: Duration,
    not_before: Duration,
    held: bool,
    copies: Vec<Duration>,
    flips: Vec<usize>,
    texts: Vec<String>,
    drops: Vec<String>,
}

/// What rules look at.
struct Packet<'a> {
    id: u64,
    from: Host,
    now: Duration,
    kinds: Kinds,
    block: Option<u16>,
    frame: Frame<'a>,
}

impl Judge {
    /// That has seen no packet.
    pub fn new(rules: &Rules) -> Self {
        let seed = rules.seed.unwrap_or(1);
        let mut seen = HashMap::<String, u32>::new();
        let applied = rules.rules.iter().map(|rule| {
            let text = rule.to_string();
            let same = seen.entry(text.clone()).or_default();
            *same += 1;
            Applied {
                rule: rule.clone(),
                // Rules of the same words differ in their luck.
                random: Random::new(seed, &format!("{text} {same}")),
                text,
                fitted: 0,
                lines: Default::default(),
            }
        });
        Self {
            rules: applied.collect(),
            talks: Conversations::new(),
        }
    }

    /// Decides about a packet that enters the wire. `now` is any clock that does not go back.
    pub fn plan(&mut self, id: u64, from: Host, frame: &Frame<'_>, now: Duration) -> Plan {
        let frame = self.talks.follow(*frame);
        let packet = Packet {
            id,
            from,
            now,
            kinds: frame.kinds(),
            block: frame.tftp_block(),
            frame,
        };
        let mut draft = Draft::default();
        let chosen: Vec<bool> = self
            .rules
            .iter_mut()
            .map(|it| it.selects(&packet))
            .collect();
        let pairs = || chosen.iter().copied();
        // A packet that does not travel is not queued and overtakes nobody.
        for (it, _) in self
            .rules
            .iter_mut()
            .zip(pairs())
            .filter(|(_, chosen)| *chosen)
        {
            it.draw(&packet, &mut draft);
        }
        if !draft.drops.is_empty() {
            return draft.lost();
        }
        for (it, _) in self
            .rules
            .iter_mut()
            .zip(pairs())
            .filter(|(_, chosen)| *chosen)
        {
            it.queue(&packet, &mut draft);
        }
        let after = draft.after(now);
        let mut released = Vec::new();
        for (it, chosen) in self.rules.iter_mut().zip(pairs()) {
            it.overtake(&packet, after, chosen, &mut draft, &mut released);
        }
        released.sort_unstable();
        released.dedup();
        draft.plan(&packet, after, released)
    }
}

impl Applied {
    fn line(&mut self, from: Host) -> &mut Line {
        &mut self.lines[usize::from(from == Host::Server)]
    }

    /// Whether the rule is about this packet; it counts those that fit, and tries its luck with
    /// those whose turn it is.
    fn selects(&mut self, packet: &Packet<'_>) -> bool {
        let selector = &self.rule.selector;
        let fits = selector.from.is_none_or(|from| from == packet.from)
            && selector.kinds.iter().all(|kind| packet.kinds.has(*kind))
            && selector
                .block
                .is_none_or(|block| packet.block == Some(block));
        self.fitted += u64::from(fits);
        if !fits || !selector.turn.is(self.fitted) {
            return false;
        }
        let chance = selector.chance.map(|chance| u64::from(chance.millionths()));
        chance.is_none_or(|chance| self.random.below(1_000_000) < chance)
    }

    /// What depends on nothing but the packet and luck.
    fn draw(&mut self, packet: &Packet<'_>, draft: &mut Draft) {
        match self.rule.action {
            Action::Drop => draft.drops.push(self.text.clone()),
            Action::Delay(time) => draft.late(time),
            Action::Jitter(time) => {
                let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
                draft.late(Duration::from_nanos(
                    self.random.below(nanos.saturating_add(1)),
                ));
            }
            Action::Duplicate(time) => draft.copies.push(time),
            Action::Corrupt(bits) => {
                let flips = self.flips(bits, packet.frame);
                draft.flips.extend(flips);
            }
            Action::Reorder(_) | Action::Rate(_) => {}
        }
    }

    /// Different bits of what is behind the headers of Ethernet and IP: the damage should reach those
    /// whose checksum tells.
    fn flips(&mut self, bits: u32, frame: Frame<'_>) -> BTreeSet<usize> {
        let payload = frame
            .layers()
            .find(|(layer, _)| !matches!(layer, Layer::Ethernet | Layer::Ipv4 | Layer::Ipv6));
        let from = payload.map_or(0, |(_, range)| range.start) * 8;
        let all = frame.payload().range().end * 8 - from;
        let wanted = all.min(bits as usize);
        let mut flips = BTreeSet::new();
        while flips.len() < wanted {
            flips.insert(from + self.random.below(all as u64) as usize);
        }
        flips
    }

    /// What depends on the packets before.
    fn queue(&mut self, packet: &Packet<'_>, draft: &mut Draft) {
        let now = packet.now;
        if !matches!(self.rule.action, Action::Reorder(_)) {
            draft.texts.push(self.text.clone());
        }
        match self.rule.action {
            Action::Rate(rate) => {
                let nanos = packet.frame.bytes().len() as u128 * 8 * 1_000_000_000;
                let nanos = u64::try_from(nanos.div_ceil(u128::from(rate.max(1))));
                let line = self.line(packet.from);
                let took = Duration::from_nanos(nanos.unwrap_or(u64::MAX));
                line.until = line.until.max(now).saturating_add(took);
                draft.queue = draft.queue.max(line.until - now);
            }
            Action::Jitter(_) => {
                draft.not_before = draft.not_before.max(self.line(packet.from).until);
            }
            _ => {}
        }
    }

    /// What depends on when the packet would arrive.
    fn overtake(
        &mut self,
        packet: &Packet<'_>,
        after: Duration,
        chosen: bool,
        draft: &mut Draft,
        released: &mut Vec<(u64, Duration)>,
    ) {
        let arrival = packet.now.saturating_add(after);
        match self.rule.action {
            Action::Jitter(_) if chosen => self.line(packet.from).until = arrival,
            Action::Reorder(by) => {
                let line = &mut self.lines[usize::from(packet.from == Host::Server)];
                line.waiting = line.waiting.filter(|waiting| packet.now < waiting.until);
                match &mut line.waiting {
                    Some(waiting) if waiting.by > 1 => waiting.by -= 1,
                    Some(waiting) => {
                        released.push((waiting.packet, after));
                        line.waiting = None;
                    }
                    None if chosen => {
                        draft.held = true;
                        draft.texts.push(self.text.clone());
                        line.waiting = Some(Waiting {
                            packet: packet.id,
                            by,
                            until: arrival.saturating_add(OVERTAKE_WITHIN),
                        });
                    }
                    None => {}
                }
            }
            _ => {}
        }
    }
}

impl Draft {
    fn late(&mut self, time: Duration) {
        self.delay = self.delay.saturating_add(time);
    }

    fn after(&self, now: Duration) -> Duration {
        let after = self.queue.saturating_add(self.delay);
        after.max(self.not_before.saturating_sub(now))
    }

    fn lost(self) -> Plan {
        Plan {
            rule: Some(self.drops.join("; ")),
            ..Plan::default()
        }
    }

    fn rule(&self) -> Option<String> {
        (!self.texts.is_empty()).then(|| self.texts.join("; "))
    }

    fn plan(
        mut self,
        packet: &Packet<'_>,
        after: Duration,
        released: Vec<(u64, Duration)>,
    ) -> Plan {
        let patience = if self.held {
            OVERTAKE_WITHIN
        } else {
            Duration::ZERO
        };
        let after = after.saturating_add(patience);
        let bytes = self.altered(packet.frame.bytes());
        self.copies.sort_unstable();
        let copies = self.copies.iter().map(|time| after.saturating_add(*time));
        let deliveries = [after].into_iter().chain(copies).map(|after| Delivery {
            after,
            bytes: bytes.clone(),
        });
        Plan {
            deliveries: deliveries.collect(),
            released,
            rule: self.rule(),
        }
    }

    fn altered(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        if self.flips.is_empty() {
            return None;
        }
        let mut bytes = bytes.to_vec();
        for bit in &self.flips {
            if let Some(byte) = bytes.get_mut(bit / 8) {
                *byte ^= 0x80 >> (bit % 8);
            }
        }
        Some(bytes)
    }
}
