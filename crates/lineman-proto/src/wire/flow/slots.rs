//! Room for so many: what was used least recently leaves.

/// Entries in slots, in the order in which they were used last. There is room for so many; who finds an entry by
/// what is the owner's business.
#[derive(Clone, Debug)]
pub struct Slots<T> {
    slots: Vec<Option<Slot<T>>>,
    free: Vec<SlotId>,
    newest: Option<SlotId>,
    idlest: Option<SlotId>,
    room: usize,
}

/// Where an entry is. It is of use until the entry leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotId(u32);

#[derive(Clone, Debug)]
struct Slot<T> {
    entry: T,
    newer: Option<SlotId>,
    older: Option<SlotId>,
}

impl<T> Slots<T> {
    /// With room for so many entries, at least for one.
    pub fn new(room: usize) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            newest: None,
            idlest: None,
            room: room.clamp(1, u32::MAX as usize),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All entries, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().flatten().map(|slot| &slot.entry)
    }

    /// An entry; its age stays what it is.
    pub fn get(&self, at: SlotId) -> Option<&T> {
        let slot = self.slots.get(at.index())?.as_ref()?;
        Some(&slot.entry)
    }

    /// [`get`](Self::get), to be changed.
    pub fn get_mut(&mut self, at: SlotId) -> Option<&mut T> {
        Some(&mut self.slot(at)?.entry)
    }

    /// An entry, which is the newest from now on.
    pub fn used(&mut self, at: SlotId) -> Option<&mut T> {
        if self.newest != Some(at) {
            self.unlink(at)?;
            self.link(at);
        }
        self.get_mut(at)
    }

    /// Whether there is no room for another.
    pub fn is_full(&self) -> bool {
        self.len() >= self.room
    }

    /// The one that was used least recently.
    pub fn idlest(&self) -> Option<SlotId> {
        self.idlest
    }

    /// Takes out the idlest if there is no room for another.
    pub fn make_room(&mut self) -> Option<T> {
        let idlest = self.idlest().filter(|_| self.is_full());
        self.remove(idlest?)
    }

    /// Adds an entry, the newest. A caller that wants to know which one leaves for it [makes room](Self::make_room) before.
    pub fn add(&mut self, entry: T) -> SlotId {
        drop(self.make_room());
        let slot = Some(Slot {
            entry,
            newer: None,
            older: None,
        });
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[at.index()] = slot;
                at
            }
            None => {
                self.slots.push(slot);
                SlotId((self.slots.len() - 1) as u32) // `room` bounds it
            }
        };
        self.link(at);
        at
    }

    /// Takes an entry out.
    pub fn remove(&mut self, at: SlotId) -> Option<T> {
        self.unlink(at)?;
        let slot = self.slots[at.index()].take()?;
        self.free.push(at);
        Some(slot.entry)
    }

    fn slot(&mut self, at: SlotId) -> Option<&mut Slot<T>> {
        self.slots.get_mut(at.index())?.as_mut()
    }

    /// Makes it the newest.
    fn link(&mut self, at: SlotId) {
        let before = self.newest;
        if let Some(slot) = self.slot(at) {
            (slot.older, slot.newer) = (before, None);
        }
        match before.and_then(|before| self.slot(before)) {
            Some(slot) => slot.newer = Some(at),
            None => self.idlest = Some(at),
        }
        self.newest = Some(at);
    }

    /// Takes it out of the order.
    fn unlink(&mut self, at: SlotId) -> Option<()> {
        let slot = self.slot(at)?;
        let (older, newer) = (slot.older, slot.newer);
        match older.and_then(|older| self.slot(older)) {
            Some(slot) => slot.newer = newer,
            None => self.idlest = newer,
        }
        match newer.and_then(|newer| self.slot(newer)) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
        Some(())
    }
}

impl SlotId {
    fn index(self) -> usize {
        self.0 as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drained(slots: &mut Slots<i32>) -> Vec<i32> {
        std::iter::from_fn(|| slots.idlest().and_then(|at| slots.remove(at))).collect()
    }

    #[test]
    fn the_one_that_was_used_least_recently_leaves() {
        let mut slots = Slots::new(3);
        let first = slots.add(1);
        let second = slots.add(2);
        slots.add(3);
        assert_eq!(slots.used(first), Some(&mut 1));
        assert_eq!(slots.make_room(), Some(2));
        assert_eq!(slots.make_room(), None);
        assert_eq!(slots.get(second), None);
        assert_eq!(slots.used(second), None);
        // Its slot is used again.
        assert_eq!(slots.add(4), second);
        let order = drained(&mut slots);
        assert_eq!(order, [3, 1, 4]);
        assert!(slots.is_empty());
    }

    #[test]
    fn the_first_the_last_and_one_in_the_middle_can_be_taken_out() {
        for (gone, rest) in [(0, [1, 2, 3]), (1, [0, 2, 3]), (3, [0, 1, 2])] {
            let mut slots = Slots::new(8);
            let all: Vec<_> = (0..4).map(|n| slots.add(n)).collect();
            assert_eq!(slots.remove(all[gone as usize]), Some(gone));
            assert_eq!(slots.remove(all[gone as usize]), None);
            assert_eq!(slots.len(), 3);
            let order = drained(&mut slots);
            assert_eq!(order, rest);
        }
    }
}
