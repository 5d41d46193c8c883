//! Words from other threads to a thread of the engine.

use std::io;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use rustix::event::EventfdFlags;
use rustix::event::eventfd;

use super::listener::Listener;
use crate::tftp::transfer::Command;
use crate::tftp::transfer::Transfer;
use crate::tftp::transfer::Waited;

/// A word to a thread.
#[derive(Debug)]
pub(super) enum Message {
    /// Run this transfer.
    Start(u64, Box<Transfer>),
    /// Tell a transfer.
    Say(u64, Command),
    /// What a transfer waited for off the loop is there.
    Waited(u64, Waited),
    /// Take requests here.
    Open(u64, Box<dyn Listener>),
    /// Take no more requests there.
    Close(u64),
    /// End, and everything with you.
    Quit,
}

/// Where a thread finds its messages.
#[derive(Debug)]
pub(super) struct Mailbox {
    messages: Mutex<Vec<Message>>,
    /// Whether the thread waits, or is about to, and has to be woken.
    asleep: AtomicBool,
    waker: OwnedFd,
    /// Transfers of this thread, those in messages included.
    transfers: AtomicUsize,
}

/// A transfer as others know it: the thread that runs it, or will, and its number there.
#[derive(Clone, Debug)]
pub(in crate::tftp) struct TransferHandle {
    mailbox: Arc<Mailbox>,
    number: u64,
}

impl TransferHandle {
    pub(super) fn new(mailbox: &Arc<Mailbox>, number: u64) -> Self {
        Self {
            mailbox: Arc::clone(mailbox),
            number,
        }
    }

    /// Its number, which no other transfer of this program has.
    pub(in crate::tftp) fn number(&self) -> u64 {
        self.number
    }

    /// Begins the transfer.
    pub(in crate::tftp) fn start(&self, transfer: Transfer) {
        self.mailbox.transfers.fetch_add(1, Ordering::Relaxed);
        self.mailbox
            .post(Message::Start(self.number, Box::new(transfer)));
    }

    /// Says something to the transfer; if it has ended, to nobody.
    pub(in crate::tftp) fn say(&self, command: Command) {
        self.mailbox.post(Message::Say(self.number, command));
    }

    /// Hands over what the transfer has waited for.
    pub(in crate::tftp) fn hand_over(&self, waited: Waited) {
        self.mailbox.post(Message::Waited(self.number, waited));
    }

    /// A handle to a thread that is not there, for tests.
    #[cfg(test)]
    pub(in crate::tftp) fn to_nobody() -> Self {
        Self::new(&Arc::new(Mailbox::new().expect("descriptors")), 0)
    }

    /// What was said so far, for tests.
    #[cfg(test)]
    pub(in crate::tftp) fn said(&self) -> Vec<Command> {
        let messages = self.mailbox.take();
        let (mine, others): (Vec<_>, Vec<_>) = messages.into_iter().partition(
            |message| matches!(message, Message::Say(number, _) if *number == self.number),
        );
        self.mailbox.lock().extend(others);
        mine.iter()
            .filter_map(|message| match message {
                Message::Say(_, command) => Some(*command),
                _ => None,
            })
            .collect()
    }
}

impl Mailbox {
    /// # Errors
    /// When the system allows no more descriptors.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            messages: Mutex::default(),
            asleep: AtomicBool::new(false),
            waker: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            transfers: AtomicUsize::new(0),
        })
    }

    pub(super) fn waker(&self) -> BorrowedFd<'_> {
        self.waker.as_fd()
    }

    /// Puts a message in, and wakes the thread if it sleeps.
    pub(super) fn post(&self, message: Message) {
        self.lock().push(message);
        if self.asleep.swap(false, Ordering::SeqCst) {
            // It can fail only when it has been rung 2^64 times.
            let _ = rustix::io::write(&self.waker, &1_u64.to_ne_bytes());
        }
    }

    /// Takes all messages.
    pub(super) fn take(&self) -> Vec<Message> {
        std::mem::take(&mut *self.lock())
    }

    /// Whether the thread may sleep: there is no message, and from now on a new one will wake it.
    pub(super) fn may_sleep(&self) -> bool {
        self.asleep.store(true, Ordering::SeqCst);
        let is_empty = self.is_empty();
        if !is_empty {
            self.wake();
        }
        is_empty
    }

    /// The thread has woken.
    pub(super) fn wake(&self) {
        self.asleep.store(false, Ordering::SeqCst);
    }

    /// Whether no message is there.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// How many transfers the thread has.
    pub(super) fn load(&self) -> usize {
        self.transfers.load(Ordering::Relaxed)
    }

    /// One of its transfers is over.
    pub(super) fn relieve(&self) {
        self.transfers.fetch_sub(1, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Message>> {
        // It is whole after every statement.
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
