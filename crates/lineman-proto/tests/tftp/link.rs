//! A link between two ends that loses, duplicates, delays and corrupts, by rules and by chance.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

/// What the link does to packets, beyond its rules. Rates are percentages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Weather {
    pub seed: u64,
    pub loss: u32,
    pub duplicate: u32,
    pub reorder: u32,
    pub corrupt: u32,
    /// One way, in microseconds.
    pub delay_us: u64,
}

impl Default for Weather {
    fn default() -> Self {
        Self {
            seed: 1,
            loss: 0,
            duplicate: 0,
            reorder: 0,
            corrupt: 0,
            delay_us: 500,
        }
    }
}

/// A rule for one packet or for every one of a kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `request`, `oack`, `data`, `ack`, `error`.
    pub on: String,
    /// Only this number on the wire.
    pub block: Option<u16>,
    /// Only the n-th that matches, counted from 1; all of them if left out.
    pub nth: Option<u32>,
    pub action: Action,
    /// How long the copy or the packet is held back, for `duplicate` and `delay`.
    #[serde(default)]
    pub ms: u64,
    /// The replacement, for `replace`.
    #[serde(default)]
    pub error: u16,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Drop,
    Duplicate,
    Delay,
    /// Put an ERROR with the rule's code in its place.
    Replace,
}

pub struct Link {
    weather: Weather,
    rules: Vec<(Rule, u32)>,
    random: Random,
    queue: BTreeMap<(Duration, u64), Vec<u8>>,
    sent: u64,
}

impl Link {
    pub fn new(weather: &Weather, rules: &[Rule], salt: u64) -> Self {
        Self {
            weather: weather.clone(),
            rules: rules.iter().map(|rule| (rule.clone(), 0)).collect(),
            random: Random(weather.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt),
            queue: BTreeMap::new(),
            sent: 0,
        }
    }

    pub fn send(&mut self, now: Duration, packet: &[u8]) {
        let delay = Duration::from_micros(self.weather.delay_us);
        match self.rule(packet) {
            Some((Action::Drop, ..)) => return,
            Some((Action::Duplicate, ms, _)) => self.put(now + delay + ms, packet.to_vec()),
            Some((Action::Delay, ms, _)) => return self.put(now + delay + ms, packet.to_vec()),
            Some((Action::Replace, _, code)) => {
                let [high, low] = code.to_be_bytes();
                return self.put(
                    now + delay,
                    [&[0, 5, high, low], &b"User aborted the transfer\0"[..]].concat(),
                );
            }
            None => {}
        }
        if self.random.percent(self.weather.loss) {
            return;
        }
        let mut packet = packet.to_vec();
        if self.random.percent(self.weather.corrupt) {
            // UDP's checksum catches damage to the data; what passes it is not from our peer.
            packet[0] ^= 0xff;
        }
        if self.random.percent(self.weather.duplicate) {
            let later = delay * self.random.below(4);
            self.put(now + delay + later, packet.clone());
        }
        let late = if self.random.percent(self.weather.reorder) {
            delay * (1 + self.random.below(3))
        } else {
            Duration::ZERO
        };
        self.put(now + delay + late, packet);
    }

    pub fn next_arrival(&self) -> Option<Duration> {
        self.queue.first_key_value().map(|(&(at, _), _)| at)
    }

    pub fn receive(&mut self, now: Duration) -> Option<Vec<u8>> {
        let entry = self
            .queue
            .first_entry()
            .filter(|entry| entry.key().0 <= now)?;
        Some(entry.remove())
    }

    fn put(&mut self, at: Duration, packet: Vec<u8>) {
        self.sent += 1;
        self.queue.insert((at, self.sent), packet);
    }

    fn rule(&mut self, packet: &[u8]) -> Option<(Action, Duration, u16)> {
        let mut chosen = None;
        for (rule, seen) in &mut self.rules {
            if matches(rule, packet) {
                *seen += 1;
                if rule.nth.is_none_or(|nth| nth == *seen) && chosen.is_none() {
                    chosen = Some((rule.action, Duration::from_millis(rule.ms), rule.error));
                }
            }
        }
        chosen
    }
}

fn matches(rule: &Rule, packet: &[u8]) -> bool {
    let kind = match packet.get(1) {
        Some(1 | 2) => "request",
        Some(3) => "data",
        Some(4) => "ack",
        Some(5) => "error",
        Some(6) => "oack",
        _ => "other",
    };
    let number = packet
        .get(2..4)
        .map(|number| u16::from_be_bytes([number[0], number[1]]));
    rule.on == kind && rule.block.is_none_or(|block| number == Some(block))
}

/// SplitMix64: small, seeded, good enough to decide which packet is lost.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u32) -> u32 {
        (self.next() % u64::from(limit)) as u32
    }

    fn percent(&mut self, rate: u32) -> bool {
        rate > 0 && self.below(100) < rate
    }
}
