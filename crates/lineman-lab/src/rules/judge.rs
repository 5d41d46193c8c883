//! What becomes of each packet.

use std::collections::HashMap;
use std::time::Duration;

use lineman_proto::wire::Conversations;
use lineman_proto::wire::Frame;
use lineman_proto::wire::Kinds;
use lineman_trace::log::Host;

use super::Rules;
use super::applied::Applied;
use super::draft::Draft;

/// A packet that is to be overtaken waits no longer than this for others to come: longer than a delayed ACK (40 ms),
/// and less than the shortest time-out of TCP (200 ms), which would send it again.
pub const OVERTAKE_WITHIN: Duration = Duration::from_millis(100);

/// A delay that all packets share is not told of each packet; a difference of this much between two packets is.
pub(super) const UNEQUAL: Duration = Duration::from_millis(20);

/// Applies rules to packets, one after the other.
#[derive(Clone, Debug)]
pub struct Judge {
    rules: Vec<Applied>,
    talks: Conversations,
    /// How late every packet is at least, from either host.
    least: Duration,
}

/// What to do with a packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// When it is delivered: never, once, or more often; the second and later ones are copies.
    pub deliveries: Vec<Delivery>,
    /// Earlier packets that waited to be overtaken by this one: those deliveries of theirs that
    /// have not happened become due so much from now, behind this packet's own.
    pub released: Vec<(u64, Duration)>,
    /// The rules that decided, in their text form; `None` if the packet passes as it is, or is about as late
    /// as all are.
    pub rule: Option<String>,
    /// Of these, the ones that decide about more than when it arrives: where a person lets packets go on, the others do
    /// nothing.
    pub rule_when_held: Option<String>,
    /// Whether one of them says when it arrives; else it is about as late as all are.
    pub is_timed: bool,
}

/// A delivery to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// So much from now.
    pub after: Duration,
    /// With these bytes instead of its own.
    pub bytes: Option<Vec<u8>>,
}

/// What rules look at.
pub(super) struct Packet<'a> {
    pub id: u64,
    pub from: Host,
    pub now: Duration,
    pub kinds: Kinds,
    pub block: Option<u16>,
    pub frame: Frame<'a>,
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
            Applied::new(rule.clone(), text, seed, *same)
        });
        Self {
            rules: applied.collect(),
            talks: Conversations::new(),
            least: rules.least(),
        }
    }

    /// Decides from now on by these rules: packets may have been faster before.
    #[must_use]
    pub fn then(&self, rules: &Rules) -> Self {
        let next = Self::new(rules);
        let least = next.least.min(self.least);
        Self { least, ..next }
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
        if after >= self.least.saturating_add(UNEQUAL) {
            draft.tell_slow();
        }
        draft.plan(&packet, after, released)
    }
}
