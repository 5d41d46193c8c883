//! A table with room for so many: what was used least recently leaves.

use std::collections::HashMap;

use lineman_proto::wire::flow::SlotId;
use lineman_proto::wire::flow::Slots;

use super::key::Key;

/// Entries, each found by one key or several, in the order in which they were used.
#[derive(Debug)]
pub(super) struct Table<T> {
    by_key: HashMap<Key, SlotId>,
    slots: Slots<Entry<T>>,
    /// The key that was looked up last: packets of a conversation come in runs.
    last: Option<(Key, SlotId)>,
}

#[derive(Debug)]
struct Entry<T> {
    it: T,
    key: Key,
    /// By which it is found besides: few have any.
    more: Vec<Key>,
}

impl<T> Table<T> {
    /// With room for so many entries, at least for one.
    pub(super) fn new(room: usize) -> Self {
        Self {
            by_key: HashMap::new(),
            slots: Slots::new(room),
            last: None,
        }
    }

    /// The entry of a key.
    pub(super) fn find(&mut self, key: Key) -> Option<SlotId> {
        if let Some((last, slot)) = self.last
            && last == key
        {
            return Some(slot);
        }
        let slot = *self.by_key.get(&key)?;
        self.last = Some((key, slot));
        Some(slot)
    }

    /// All entries, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().map(|entry| &entry.it)
    }

    pub(super) fn get(&self, slot: SlotId) -> Option<&T> {
        Some(&self.slots.get(slot)?.it)
    }

    /// An entry, which is the most recent from now on.
    pub(super) fn used(&mut self, slot: SlotId) -> Option<&mut T> {
        Some(&mut self.slots.used(slot)?.it)
    }

    /// An entry; its age stays what it is.
    pub(super) fn touch_not(&mut self, slot: SlotId) -> Option<&mut T> {
        Some(&mut self.slots.get_mut(slot)?.it)
    }

    /// Adds an entry. Gives the one that had to leave for it.
    pub(super) fn add(&mut self, key: Key, it: T) -> (SlotId, Option<T>) {
        let full = self.slots.is_full();
        let idlest = self.slots.idlest().filter(|_| full);
        let left = idlest.and_then(|idlest| self.take(idlest));
        let more = Vec::new();
        let slot = self.slots.add(Entry { it, key, more });
        self.by_key.insert(key, slot);
        self.last = Some((key, slot));
        (slot, left)
    }

    /// Has an entry be found by another key too.
    pub(super) fn also(&mut self, key: Key, slot: SlotId) {
        if let Some(entry) = self.slots.get_mut(slot) {
            entry.more.push(key);
            self.by_key.insert(key, slot);
            self.last = Some((key, slot));
        }
    }

    /// Takes an entry out.
    pub(super) fn take(&mut self, slot: SlotId) -> Option<T> {
        let entry = self.slots.remove(slot)?;
        Some(self.forgotten(entry, slot))
    }

    /// Takes all entries out, the least recent first.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = T> {
        std::iter::from_fn(|| self.slots.idlest().and_then(|slot| self.take(slot)))
    }

    /// No key finds what was taken out of this slot.
    fn forgotten(&mut self, entry: Entry<T>, slot: SlotId) -> T {
        for key in entry.more.into_iter().chain([entry.key]) {
            // The key may have gone over to a later entry.
            if self.by_key.get(&key) == Some(&slot) {
                self.by_key.remove(&key);
            }
        }
        self.last = None;
        entry.it
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::capture::Kind;

    fn key(port: u16) -> Key {
        let end = SocketAddr::from(([10, 0, 0, 1], port));
        Key::between(Kind::Udp, end, end)
    }

    #[test]
    fn who_was_used_least_recently_leaves() {
        let mut table = Table::new(3);
        for port in 1..=3 {
            assert!(table.add(key(port), port).1.is_none());
        }
        let first = table.find(key(1)).expect("it is there");
        assert_eq!(table.used(first), Some(&mut 1));
        assert_eq!(table.add(key(4), 4).1, Some(2));
        assert_eq!(table.find(key(2)), None);
        assert_eq!(table.drain().collect::<Vec<_>>(), [3, 1, 4]);
        assert_eq!(table.iter().count(), 0);
        assert_eq!(table.find(key(4)), None);
    }

    #[test]
    fn a_key_that_has_gone_over_to_a_later_entry_stays_with_it() {
        let mut table = Table::new(8);
        let (old, _) = table.add(key(1), "old");
        table.also(key(2), old);
        let (new, _) = table.add(key(1), "new");
        assert_eq!(table.take(old), Some("old"));
        assert_eq!(table.find(key(1)), Some(new));
        assert_eq!(table.find(key(2)), None);
    }
}
