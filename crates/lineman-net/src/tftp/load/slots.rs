//! The transfers of one thread, each at a place that its events and timers name.

use std::io;

use super::client::Transfer;

/// Transfers in numbered places, which are used again.
#[derive(Debug, Default)]
pub(super) struct Slots {
    places: Vec<Place>,
    free: Vec<usize>,
    held: usize,
}

/// The generation tells a timer whether it is still the same transfer.
#[derive(Debug, Default)]
struct Place {
    generation: u32,
    transfer: Option<Transfer>,
}

/// Names a transfer: its place, and which of the transfers that were there it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) slot: usize,
    generation: u32,
}

impl Slots {
    /// Gives a transfer a place, once `register` has agreed to it.
    pub(super) fn put(
        &mut self,
        transfer: Transfer,
        register: impl FnOnce(&Transfer, usize) -> io::Result<()>,
    ) -> io::Result<usize> {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place::default());
            self.places.len() - 1
        });
        if let Err(error) = register(&transfer, slot) {
            self.free.push(slot);
            return Err(error);
        }
        self.places[slot].transfer = Some(transfer);
        self.held += 1;
        Ok(slot)
    }

    /// The transfer at a place, and its name.
    pub(super) fn get(&mut self, slot: usize) -> Option<(&mut Transfer, Name)> {
        let place = self.places.get_mut(slot)?;
        let generation = place.generation;
        let name = Name { slot, generation };
        place.transfer.as_mut().map(|transfer| (transfer, name))
    }

    /// The transfer of this name, if it is still there.
    pub(super) fn named(&mut self, name: Name) -> Option<&mut Transfer> {
        self.get(name.slot)
            .filter(|(_, found)| *found == name)
            .map(|(transfer, _)| transfer)
    }

    /// Frees a place. The socket is closed, and leaves the epoll by that.
    pub(super) fn remove(&mut self, slot: usize) {
        let place = &mut self.places[slot];
        if place.transfer.take().is_some() {
            place.generation = place.generation.wrapping_add(1);
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
        self.places
            .iter_mut()
            .filter_map(|place| place.transfer.as_mut())
    }
}
