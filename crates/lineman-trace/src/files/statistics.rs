//! What a file says of the capturing itself.

use std::collections::BTreeMap;

/// What a file says of the capturing itself: when it went on, and what it has lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// When it began, in nanoseconds since 1970, where the file says so.
    pub from_ns: Option<u64>,
    /// When it ended.
    pub to_ns: Option<u64>,
    /// By interface, as last told: packets that were dropped.
    by_interface: BTreeMap<u32, u64>,
    /// Packets that were dropped between others, as these say.
    between: Option<u64>,
}

impl Statistics {
    /// How many packets were dropped while it was taken, for lack of room; `None` where the file does not say.
    pub fn dropped(&self) -> Option<u64> {
        let by_interface = self
            .by_interface
            .values()
            .copied()
            .reduce(u64::saturating_add);
        // Both may tell of the same packets.
        by_interface.max(self.between)
    }

    pub(super) fn interface(&mut self, number: u32, dropped: Option<u64>) {
        if let Some(dropped) = dropped {
            self.by_interface.insert(number, dropped);
        }
    }

    pub(super) fn packet(&mut self, dropped: u64) {
        self.between = Some(self.between.unwrap_or(0).saturating_add(dropped));
    }

    pub(super) fn went_on(&mut self, from_ns: Option<u64>, to_ns: Option<u64>) {
        self.from_ns = [self.from_ns, from_ns].into_iter().flatten().min();
        self.to_ns = self.to_ns.max(to_ns);
    }
}
