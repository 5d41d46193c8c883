//! The transfers of one thread, and the tools that they share.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::hash::Hasher;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::busy_poll::BusyPoll;
use super::listener::Forwarded;
use super::mailbox::Mailbox;
use super::mailbox::TransferHandle;
use super::poller::Poller;
use super::poller::Ready;
use crate::tftp::inbox::Inbox;
use crate::tftp::timers::Timers;
use crate::tftp::transfer::Command;
use crate::tftp::transfer::Scratch;
use crate::tftp::transfer::Transfer;
use crate::tftp::transfer::Waited;

/// Everything of a thread but its listeners.
#[derive(Debug)]
pub(in crate::tftp) struct TransferTable {
    pub(super) poller: Poller,
    pub(super) mailbox: Arc<Mailbox>,
    transfers: HashMap<u64, Entry, BuildHasherDefault<Spread>>,
    timers: Timers<u64>,
    inbox: Inbox,
    scratch: Scratch,
    /// Whether there are so many transfers that the poller watches their sockets.
    crowded: bool,
    /// Who was heard and is to be answered.
    unanswered: Vec<u64>,
    /// How it waits where answers may be near.
    busy_poll: BusyPoll,
}

#[derive(Debug)]
struct Entry {
    transfer: Box<Transfer>,
    /// The earliest moment for which a timer stands.
    timer_at: Option<Instant>,
    /// Whether the poller watches its socket.
    watched: bool,
}

impl TransferTable {
    pub(super) fn new(
        mailbox: Arc<Mailbox>,
        pool: tokio::runtime::Handle,
        busy_poll: BusyPoll,
    ) -> io::Result<Self> {
        Ok(Self {
            poller: Poller::new(mailbox.waker())?,
            mailbox,
            transfers: HashMap::default(),
            timers: Timers::default(),
            inbox: Inbox::default(),
            scratch: Scratch::new(pool),
            crowded: false,
            unanswered: Vec::new(),
            busy_poll,
        })
    }

    /// Waits for a packet, a message or the next moment that is due.
    ///
    /// # Errors
    /// When the system fails at waiting.
    pub(super) fn wait(&mut self) -> io::Result<()> {
        self.rearrange()?;
        if !self.mailbox.may_sleep() {
            return self.poller.peek();
        }
        let due = self.timers.next();
        let waited = if self.crowded {
            self.poller.wait(due, Some(&mut self.busy_poll))
        } else {
            self.wait_for_few(due)
        };
        self.mailbox.wake();
        waited
    }

    fn wait_for_few(&mut self, due: Option<Instant>) -> io::Result<()> {
        // Of several, each would throw away what was read for the others.
        if self.transfers.len() == 1 {
            for entry in self.transfers.values_mut() {
                entry.transfer.look_ahead(&mut self.scratch);
            }
        }
        let hearing = || {
            self.transfers
                .iter()
                .filter(|(_, entry)| entry.transfer.hears())
        };
        // Without a transfer nothing is near; one that writes leaves the processor to the writer.
        let is_near =
            hearing().next().is_some() && hearing().all(|(_, entry)| !entry.transfer.writes());
        let few: Vec<_> = hearing()
            .filter_map(|(number, entry)| Some((*number, entry.transfer.socket()?)))
            .collect();
        let busy_poll = is_near.then_some(&mut self.busy_poll);
        self.poller.wait_with(&few, due, busy_poll)
    }

    /// Has the poller watch the transfers when there are many, and no more when there are few.
    fn rearrange(&mut self) -> io::Result<()> {
        let crowded = match self.transfers.len() {
            0..=FEW => false,
            MANY.. => true,
            _ => self.crowded,
        };
        if crowded != self.crowded {
            self.crowded = crowded;
            for (number, entry) in &mut self.transfers {
                entry.watch(crowded, *number, &self.poller)?;
            }
        }
        Ok(())
    }

    /// Enters a transfer; its first packet leaves.
    pub(super) fn start(&mut self, number: u64, mut transfer: Box<Transfer>) {
        let handle = TransferHandle::new(&self.mailbox, number);
        transfer.begin(handle, &mut self.scratch);
        let entry = Entry {
            transfer,
            timer_at: None,
            watched: false,
        };
        self.transfers.insert(number, entry);
        self.settle(number);
    }

    /// There is something to read at a transfer's socket; [`Self::answer`] is to follow.
    pub(super) fn handle_ready(&mut self, ready: Ready) {
        if let Some(entry) = self.transfers.get_mut(&ready.name) {
            let to_answer =
                entry
                    .transfer
                    .handle_readable(ready.error, &mut self.inbox, &mut self.scratch);
            if to_answer {
                self.unanswered.push(ready.name);
            } else {
                self.settle(ready.name);
            }
        }
    }

    /// Answers everybody who was heard. First to hear all, then to answer all, lets a client on the
    /// same machine work on many answers each time it is woken.
    pub(super) fn answer(&mut self) {
        while let Some(number) = self.unanswered.pop() {
            if let Some(entry) = self.transfers.get_mut(&number) {
                entry.transfer.answer(&mut self.scratch);
                self.settle(number);
            }
        }
    }

    /// A listener took a datagram for a transfer.
    pub(in crate::tftp) fn forward(&mut self, forwarded: Forwarded<'_>) {
        if let Some(entry) = self.transfers.get_mut(&forwarded.number) {
            entry
                .transfer
                .handle_packet(forwarded.from, forwarded.packet, &mut self.scratch);
            self.settle(forwarded.number);
        }
    }

    /// A handle to a transfer that will run here.
    pub(in crate::tftp) fn handle(&self, number: u64) -> TransferHandle {
        TransferHandle::new(&self.mailbox, number)
    }

    /// A word from outside.
    pub(super) fn say(&mut self, number: u64, command: Command) {
        if let Some(entry) = self.transfers.get_mut(&number) {
            entry.transfer.handle_command(command, &mut self.scratch);
            self.settle(number);
        }
    }

    /// What a transfer has waited for.
    pub(super) fn hand_over(&mut self, number: u64, waited: Waited) {
        if let Some(entry) = self.transfers.get_mut(&number) {
            entry.transfer.handle_waited(waited, &mut self.scratch);
            self.settle(number);
        } else {
            self.scratch.drop_off_the_loop(waited);
        }
    }

    /// Everything that is due by `now`.
    pub(super) fn fire(&mut self, now: Instant) {
        while let Some((at, number)) = self.timers.pop(now) {
            if let Some(entry) = self.transfers.get_mut(&number)
                && entry.timer_at == Some(at)
            {
                entry.timer_at = None;
                if entry.transfer.deadline().is_some_and(|at| at <= now) {
                    entry.transfer.handle_timeout(&mut self.scratch);
                }
                self.settle(number);
            }
        }
    }

    /// After anything has happened to a transfer: is it over, when is it due, may it hear?
    fn settle(&mut self, number: u64) {
        let Some(entry) = self.transfers.get_mut(&number) else {
            return;
        };
        if entry.transfer.is_over() {
            // Its socket is closed, and leaves the poller by that.
            self.transfers.remove(&number);
            self.mailbox.relieve();
            return;
        }
        if let Some(at) = entry.transfer.deadline()
            && entry.timer_at.is_none_or(|timer| at < timer)
        {
            entry.timer_at = Some(at);
            self.timers.set(at, number);
        }
        // Without memory for it the transfer hears nothing, and its patience ends it.
        let _ = entry.watch(self.crowded, number, &self.poller);
    }
}

impl Entry {
    /// Has the socket watched or not: where there are many, and as long as the transfer hears.
    fn watch(&mut self, crowded: bool, number: u64, poller: &Poller) -> io::Result<()> {
        let wanted = crowded && self.transfer.hears();
        let Some(socket) = self.transfer.socket().filter(|_| wanted != self.watched) else {
            return Ok(());
        };
        self.watched = wanted;
        if wanted {
            poller.watch(socket, number)
        } else {
            poller.ignore(socket);
            Ok(())
        }
    }
}

/// Spreads numbers that are given out here, one after another: nobody can choose them.
#[derive(Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // Fibonacci hashing: 2^64 divided by the golden ratio.
        self.0 = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

/// With so few the kernel is asked anew each time.
const FEW: usize = 2;
/// With so many the kernel keeps a list of them.
const MANY: usize = 5;
