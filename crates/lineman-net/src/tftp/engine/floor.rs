//! The transfers of one thread, and the tools that they share.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::door::Passed;
use super::mailbox::Line;
use super::mailbox::Mailbox;
use super::poller::Poller;
use super::poller::Ready;
use crate::tftp::inbox::Inbox;
use crate::tftp::timers::Timers;
use crate::tftp::transfer::Command;
use crate::tftp::transfer::Desk;
use crate::tftp::transfer::Transfer;
use crate::tftp::transfer::Waited;

/// Everything of a thread but its doors.
#[derive(Debug)]
pub(in crate::tftp) struct Floor {
    pub(super) poller: Poller,
    pub(super) mailbox: Arc<Mailbox>,
    transfers: HashMap<u64, Place>,
    timers: Timers<u64>,
    inbox: Inbox,
    desk: Desk,
}

#[derive(Debug)]
struct Place {
    transfer: Box<Transfer>,
    /// The earliest moment for which a timer stands.
    timer_at: Option<Instant>,
    /// Whether the poller watches its socket.
    watched: bool,
}

impl Floor {
    pub(super) fn new(mailbox: Arc<Mailbox>, pool: tokio::runtime::Handle) -> io::Result<Self> {
        Ok(Self {
            poller: Poller::new(mailbox.bell())?,
            mailbox,
            transfers: HashMap::new(),
            timers: Timers::default(),
            inbox: Inbox::default(),
            desk: Desk::new(pool),
        })
    }

    /// How many transfers there are.
    pub(super) fn len(&self) -> usize {
        self.transfers.len()
    }

    /// When something is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Puts a transfer in its place; its first packet leaves.
    pub(super) fn start(&mut self, number: u64, mut transfer: Box<Transfer>) {
        let line = Line::new(&self.mailbox, number);
        transfer.begin(line, &mut self.desk);
        let place = Place {
            transfer,
            timer_at: None,
            watched: false,
        };
        self.transfers.insert(number, place);
        self.settle(number);
    }

    /// There is something to read at a transfer's socket.
    pub(super) fn handle_ready(&mut self, ready: Ready) {
        if let Some(place) = self.transfers.get_mut(&ready.name) {
            place
                .transfer
                .handle_readable(ready.error, &mut self.inbox, &mut self.desk);
            self.settle(ready.name);
        }
    }

    /// A door took a datagram for a transfer.
    pub(in crate::tftp) fn pass(&mut self, passed: Passed<'_>) {
        if let Some(place) = self.transfers.get_mut(&passed.number) {
            place
                .transfer
                .handle_packet(passed.from, passed.packet, &mut self.desk);
            self.settle(passed.number);
        }
    }

    /// A line to a transfer that will have its place here.
    pub(in crate::tftp) fn line(&self, number: u64) -> Line {
        Line::new(&self.mailbox, number)
    }

    /// A word from outside.
    pub(super) fn say(&mut self, number: u64, command: Command) {
        if let Some(place) = self.transfers.get_mut(&number) {
            place.transfer.handle_command(command, &mut self.desk);
            self.settle(number);
        }
    }

    /// What a transfer has waited for.
    pub(super) fn hand_over(&mut self, number: u64, waited: Waited) {
        if let Some(place) = self.transfers.get_mut(&number) {
            place.transfer.handle_waited(waited, &mut self.desk);
            self.settle(number);
        }
    }

    /// Everything that is due by `now`.
    pub(super) fn fire(&mut self, now: Instant) {
        while let Some(number) = self.timers.pop(now) {
            if let Some(place) = self.transfers.get_mut(&number) {
                place.timer_at = None;
                if place.transfer.deadline().is_some_and(|at| at <= now) {
                    place.transfer.handle_timeout(&mut self.desk);
                }
                self.settle(number);
            }
        }
    }

    /// After anything has happened to a transfer: is it over, when is it due, may it hear?
    fn settle(&mut self, number: u64) {
        let Some(place) = self.transfers.get_mut(&number) else {
            return;
        };
        if place.transfer.is_over() {
            // Its socket is closed, and leaves the poller by that.
            self.transfers.remove(&number);
            self.mailbox.relieve();
            return;
        }
        if let Some(at) = place.transfer.deadline()
            && place.timer_at.is_none_or(|timer| at < timer)
        {
            place.timer_at = Some(at);
            self.timers.set(at, number);
        }
        let hears = place.transfer.hears();
        if hears != place.watched
            && let Some(socket) = place.transfer.socket()
        {
            if hears {
                // Without memory for it the transfer hears nothing, and its patience ends it.
                let _ = self.poller.watch(socket, number);
            } else {
                self.poller.ignore(socket);
            }
            place.watched = hears;
        }
    }
}
