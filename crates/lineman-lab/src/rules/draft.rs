//! What all the rules together want with one packet.

use std::collections::HashSet;
use std::time::Duration;

use super::Delivery;
use super::OVERTAKE_WITHIN;
use super::Plan;
use super::judge::Packet;

/// What the rules ask for, in sums and sets in which order means nothing.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub delay: Duration,
    pub queue: Duration,
    pub not_before: Duration,
    pub held: bool,
    pub copies: Vec<Duration>,
    pub flips: Vec<usize>,
    /// The rules that decided, and whether each says nothing but when it arrives.
    pub texts: Vec<(String, bool)>,
    /// The rules that say how slow the wire is for all packets.
    pub slow: Vec<String>,
    pub drops: Vec<String>,
}

impl Draft {
    pub(super) fn late(&mut self, time: Duration) {
        self.delay = self.delay.saturating_add(time);
    }

    pub(super) fn after(&self, now: Duration) -> Duration {
        let after = self.queue.saturating_add(self.delay);
        after.max(self.not_before.saturating_sub(now))
    }

    /// The plan of a packet that is lost. A rule that is written twice is named once.
    pub(super) fn lost(mut self) -> Plan {
        let mut said = HashSet::new();
        self.drops.retain(|text| said.insert(text.clone()));
        let rule = Some(self.drops.join("; "));
        Plan {
            rule_when_held: rule.clone(),
            rule,
            ..Plan::default()
        }
    }

    /// It is later than others, so that these rules have decided about it, too.
    pub(super) fn tell_slow(&mut self) {
        let slow = std::mem::take(&mut self.slow);
        self.texts.extend(slow.into_iter().map(|text| (text, true)));
    }

    fn rule(&self, of_time: bool) -> Option<String> {
        let texts = self.texts.iter().filter(|(_, timed)| of_time || !timed);
        let texts: Vec<&str> = texts.map(|(text, _)| text.as_str()).collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }

    pub(super) fn plan(
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
            rule: self.rule(true),
            rule_when_held: self.rule(false),
            is_timed: self.texts.iter().any(|(_, timed)| *timed),
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
