//! One rule at work, with its count, its chance and its queues.

use std::collections::BTreeSet;
use std::time::Duration;

use lineman_proto::wire::Layer;
use lineman_trace::log::Host;

use super::Action;
use super::OVERTAKE_WITHIN;
use super::Rule;
use super::draft::Draft;
use super::judge::Packet;
use super::random::Random;

/// A rule, with what it remembers of packets.
#[derive(Clone, Debug)]
pub(super) struct Applied {
    rule: Rule,
    text: String,
    directions: [Direction; 2],
}

/// What a rule remembers of one direction. Each direction has its own count and its own random numbers: which of two packets
/// that cross enters the wire first is decided by threads, and must not decide which of them is lost.
#[derive(Clone, Debug)]
struct Direction {
    /// How many packets of this direction fitted the rule.
    fitted: u64,
    random: Random,
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

impl Applied {
    /// `same` counts the rules of the same words, which have chances of their own.
    pub(super) fn new(rule: Rule, text: String, seed: u64, same: u32) -> Self {
        let words = format!("{text} {same}");
        // A seed means the same in every release, so what can keep its numbers keeps them.
        let back = match rule.selector.from {
            None => format!("{words} s>c"),
            Some(_) => words.clone(),
        };
        let directions = [words, back].map(|words| Direction {
            fitted: 0,
            random: Random::new(seed, &words),
            until: Duration::ZERO,
            waiting: None,
        });
        Self {
            rule,
            text,
            directions,
        }
    }

    fn direction(&mut self, from: Host) -> &mut Direction {
        &mut self.directions[usize::from(from == Host::Server)]
    }

    /// Whether the rule is about this packet; it counts those that fit, and lets chance decide about
    /// those whose turn it is.
    pub(super) fn selects(&mut self, packet: &Packet<'_>) -> bool {
        let selector = &self.rule.selector;
        let fits = selector.from.is_none_or(|from| from == packet.from)
            && selector.kinds.iter().all(|kind| packet.kinds.has(*kind))
            && selector
                .block
                .is_none_or(|block| packet.block == Some(block));
        let (turn, chance) = (selector.turn, selector.chance);
        if !fits {
            return false;
        }
        let direction = self.direction(packet.from);
        direction.fitted += 1;
        let chance = chance.map(|chance| u64::from(chance.millionths()));
        turn.is(direction.fitted)
            && chance.is_none_or(|chance| direction.random.below(1_000_000) < chance)
    }

    /// What depends on nothing but the packet and chance.
    pub(super) fn draw(&mut self, packet: &Packet<'_>, draft: &mut Draft) {
        match self.rule.action {
            Action::Drop => draft.drops.push(self.text.clone()),
            Action::Delay(time) => draft.late(time),
            Action::Jitter(time) => {
                let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
                let random = &mut self.direction(packet.from).random;
                draft.late(Duration::from_nanos(random.below(nanos.saturating_add(1))));
            }
            Action::Duplicate(time) => draft.copies.push(time),
            Action::Corrupt(bits) => {
                let flips = self.flips(bits, packet);
                draft.flips.extend(flips);
            }
            Action::Reorder(_) | Action::Rate(_) => {}
        }
    }

    /// Different bits of what is behind the headers of Ethernet and IP: the damage should reach those
    /// whose checksum tells.
    fn flips(&mut self, bits: u32, packet: &Packet<'_>) -> BTreeSet<usize> {
        let frame = packet.frame;
        let payload = frame
            .layers()
            .find(|(layer, _)| !matches!(layer, Layer::Ethernet | Layer::Ipv4 | Layer::Ipv6));
        let from = payload.map_or(0, |(_, range)| range.start) * 8;
        let all = frame.payload().range().end * 8 - from;
        let wanted = all.min(bits as usize);
        let random = &mut self.direction(packet.from).random;
        let mut flips = BTreeSet::new();
        while flips.len() < wanted {
            flips.insert(from + random.below(all as u64) as usize);
        }
        flips
    }

    /// What depends on the packets before.
    pub(super) fn queue(&mut self, packet: &Packet<'_>, draft: &mut Draft) {
        let now = packet.now;
        match self.rule.action {
            Action::Reorder(_) => {}
            _ if self.rule.is_of_the_wire() => draft.slow.push(self.text.clone()),
            _ => draft
                .texts
                .push((self.text.clone(), self.rule.is_of_time())),
        }
        match self.rule.action {
            Action::Rate(rate) => {
                let nanos = packet.frame.bytes().len() as u128 * 8 * 1_000_000_000;
                let nanos = u64::try_from(nanos.div_ceil(u128::from(rate.max(1))));
                let direction = self.direction(packet.from);
                let took = Duration::from_nanos(nanos.unwrap_or(u64::MAX));
                direction.until = direction.until.max(now).saturating_add(took);
                draft.queue = draft.queue.max(direction.until - now);
            }
            Action::Jitter(_) => {
                draft.not_before = draft.not_before.max(self.direction(packet.from).until);
            }
            _ => {}
        }
    }

    /// What depends on when the packet would arrive.
    pub(super) fn overtake(
        &mut self,
        packet: &Packet<'_>,
        after: Duration,
        chosen: bool,
        draft: &mut Draft,
        released: &mut Vec<(u64, Duration)>,
    ) {
        let arrival = packet.now.saturating_add(after);
        match self.rule.action {
            Action::Jitter(_) if chosen => self.direction(packet.from).until = arrival,
            Action::Reorder(by) => {
                let direction = &mut self.directions[usize::from(packet.from == Host::Server)];
                direction.waiting = direction
                    .waiting
                    .filter(|waiting| packet.now < waiting.until);
                match &mut direction.waiting {
                    Some(waiting) if waiting.by > 1 => waiting.by -= 1,
                    Some(waiting) => {
                        released.push((waiting.packet, after));
                        direction.waiting = None;
                    }
                    None if chosen => {
                        draft.held = true;
                        draft
                            .texts
                            .push((self.text.clone(), self.rule.is_of_time()));
                        direction.waiting = Some(Waiting {
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
