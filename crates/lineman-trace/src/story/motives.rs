//! What a host's TCP has said of its reasons, until the packet comes that it is about.

use super::Clock;
use super::Ends;
use crate::log::Congestion;
use crate::log::Counter;
use crate::log::Host;

/// A packet is told of this soon after its reasons, in nanoseconds: a lab tells both in one go, on a busy machine with
/// some milliseconds between them.
const TOGETHER_NS: u64 = 15_000_000;

/// What was said and is about a packet that was not told of yet.
#[derive(Debug, Default)]
pub(super) struct Motives(Ends<Motive>);

/// Why a host sends a packet.
#[derive(Clone, Debug, Default)]
pub(super) struct Motive {
    /// A timer that expired.
    pub(super) clock: Option<Clock>,
    /// What its TCP has counted.
    pub(super) counter: Option<Counter>,
    /// What its congestion control has come to.
    pub(super) congestion: Option<Congestion>,
    told_ns: u64,
}

impl Motives {
    pub(super) fn clock(&mut self, clock: Clock, now_ns: u64) {
        self.fresh(clock.host, now_ns).clock = Some(clock);
    }

    pub(super) fn counter(&mut self, host: Host, counter: Counter, now_ns: u64) {
        self.fresh(host, now_ns).counter = Some(counter);
    }

    pub(super) fn congestion(&mut self, told: &Congestion, now_ns: u64) {
        self.fresh(told.host, now_ns).congestion = Some(told.clone());
    }

    /// Why `host` sends the packet that is told of now.
    pub(super) fn take(&mut self, host: Host, now_ns: u64) -> Motive {
        std::mem::take(self.fresh(host, now_ns))
    }

    fn fresh(&mut self, host: Host, now_ns: u64) -> &mut Motive {
        let motive = &mut self.0[host];
        if now_ns.saturating_sub(motive.told_ns) > TOGETHER_NS {
            *motive = Motive::default();
        }
        motive.told_ns = now_ns;
        motive
    }
}
