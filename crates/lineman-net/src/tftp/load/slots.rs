//! The transfers of one thread, each in a slot that its events and timers name.

use std::io;

use super::client::Transfer;

/// Transfers in numbered slots, which are used again.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    free: Vec<usize>,
    held: usize,
}

/// The generation tells a timer whether it is still the same transfer.
#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    transfer: Option<Transfer>,
}

/// Names a transfer: its slot, and which of the transfers that were there it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) slot: usize,
    generation: u32,
}

impl Slots {
    /// Gives a transfer a slot, once `register` has agreed to it.
    pub(super) fn put(
        &mut self,
        transfer: Transfer,
        register: impl FnOnce(&Transfer, usize) -> io::Result<()>,
    ) -> io::Result<usize> {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        if let Err(error) = register(&transfer, slot) {
            self.free.push(slot);
            return Err(error);
        }
        self.slots[slot].transfer = Some(transfer);
        self.held += 1;
        Ok(slot)
    }

    /// The transfer in a slot, and its name.
    pub(super) fn get(&mut self, slot: usize) -> Option<(&mut Transfer, Name)> {
        let found = self.slots.get_mut(slot)?;
        let generation = found.generation;
        let name = Name { slot, generation };
        found.transfer.as_mut().map(|transfer| (transfer, name))
    }

    /// The transfer of this name, if it is still there.
    pub(super) fn named(&mut self, name: Name) -> Option<&mut Transfer> {
        self.get(name.slot)
            .filter(|(_, found)| *found == name)
            .map(|(transfer, _)| transfer)
    }

    /// Frees a slot. The socket is closed, and leaves the epoll by that.
    pub(super) fn remove(&mut self, slot: usize) {
        let freed = &mut self.slots[slot];
        if freed.transfer.take().is_some() {
            freed.generation = freed.generation.wrapping_add(1);
            self.free.push(slot);
            self.held -= 1;
        }
    }

    /// Whether no transfer is left.
    pub(super) fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// Every transfer that is there.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Transfer> {
        self.slots
            .iter_mut()
            .filter_map(|slot| slot.transfer.as_mut())
    }
}
