//! A table with room for so many: what was used least recently leaves.

use std::collections::HashMap;

use super::key::Key;

/// Where an entry stands in a table. It is of use until the entry leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(usize);

/// Entries, each found by one key or several, in the order in which they were used.
#[derive(Debug)]
pub(super) struct Table<T> {
    by_key: HashMap<Key, Place>,
    slots: Vec<Option<Slot<T>>>,
    free: Vec<Place>,
    newest: Option<Place>,
    oldest: Option<Place>,
    room: usize,
    /// The key that was looked up last: packets of a conversation come in runs.
    last: Option<(Key, Place)>,
}

#[derive(Debug)]
struct Slot<T> {
    entry: T,
    keys: Vec<Key>,
    newer: Option<Place>,
    older: Option<Place>,
}

impl<T> Table<T> {
    /// With room for so many entries, at least for one.
    pub(super) fn new(room: usize) -> Self {
        Self {
            by_key: HashMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            newest: None,
            oldest: None,
            room: room.max(1),
            last: None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// The entry of a key.
    pub(super) fn find(&mut self, key: Key) -> Option<Place> {
        if let Some((last, place)) = self.last
            && last == key
        {
            return Some(place);
        }
        let place = *self.by_key.get(&key)?;
        self.last = Some((key, place));
        Some(place)
    }

    /// All entries, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().flatten().map(|slot| &slot.entry)
    }

    pub(super) fn get(&self, place: Place) -> Option<&T> {
        let slot = self.slots.get(place.0)?.as_ref()?;
        Some(&slot.entry)
    }

    /// An entry, which is the most recent from now on.
    pub(super) fn used(&mut self, place: Place) -> Option<&mut T> {
        if self.newest != Some(place) {
            self.unlink(place)?;
            self.link(place);
        }
        self.touch_not(place)
    }

    /// An entry; its age stays what it is.
    pub(super) fn touch_not(&mut self, place: Place) -> Option<&mut T> {
        let slot = self.slots.get_mut(place.0)?.as_mut()?;
        Some(&mut slot.entry)
    }

    /// Adds an entry. Gives the one that had to leave for it.
    pub(super) fn add(&mut self, key: Key, entry: T) -> (Place, Option<T>) {
        let left = match self.len() < self.room {
            true => None,
            false => self.oldest.and_then(|oldest| self.take(oldest)),
        };
        let slot = Some(Slot {
            entry,
            keys: vec![key],
            newer: None,
            older: None,
        });
        let place = match self.free.pop() {
            Some(place) => {
                self.slots[place.0] = slot;
                place
            }
            None => {
                self.slots.push(slot);
                Place(self.slots.len() - 1)
            }
        };
        self.link(place);
        self.by_key.insert(key, place);
        self.last = Some((key, place));
        (place, left)
    }

    /// Has an entry be found by another key too.
    pub(super) fn also(&mut self, key: Key, place: Place) {
        if let Some(Some(slot)) = self.slots.get_mut(place.0) {
            slot.keys.push(key);
            self.by_key.insert(key, place);
            self.last = Some((key, place));
        }
    }

    /// Takes an entry out.
    pub(super) fn take(&mut self, place: Place) -> Option<T> {
        self.unlink(place)?;
        let slot = self.slots[place.0].take()?;
        for key in slot.keys {
            // The key may have gone over to a later entry.
            if self.by_key.get(&key) == Some(&place) {
                self.by_key.remove(&key);
            }
        }
        self.free.push(place);
        self.last = None;
        Some(slot.entry)
    }

    /// Takes all entries out, the least recent first.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = T> {
        std::iter::from_fn(|| self.oldest.and_then(|oldest| self.take(oldest)))
    }

    fn slot(&mut self, place: Option<Place>) -> Option<&mut Slot<T>> {
        self.slots.get_mut(place?.0)?.as_mut()
    }

    /// Makes it the newest.
    fn link(&mut self, place: Place) {
        let before = self.newest;
        if let Some(slot) = self.slot(Some(place)) {
            (slot.older, slot.newer) = (before, None);
        }
        match self.slot(before) {
            Some(slot) => slot.newer = Some(place),
            None => self.oldest = Some(place),
        }
        self.newest = Some(place);
    }

    fn unlink(&mut self, place: Place) -> Option<()> {
        let slot = self.slot(Some(place))?;
        let (older, newer) = (slot.older, slot.newer);
        match self.slot(older) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
        match self.slot(newer) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
        Some(())
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
        assert_eq!(table.len(), 0);
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
