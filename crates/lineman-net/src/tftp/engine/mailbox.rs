//! Messages from other threads to a thread of the engine.

use std::io;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use rustix::event::EventfdFlags;
use rustix::event::eventfd;

use super::Listener;
use super::Task;

/// A message to a thread.
#[derive(Debug)]
pub(super) enum Message<T: Task> {
    /// Run this task.
    Start(TaskHandle<T>, Box<T>),
    /// Hand a command to a task.
    Command(u64, T::Command),
    /// Work that a task has waited for is done.
    Outcome(u64, T::Outcome),
    /// Take requests here.
    Open(u64, Box<dyn Listener<T>>),
    /// Take no more requests there.
    Close(u64),
    /// End, and everything with you.
    Quit,
    /// Panic.
    #[cfg(test)]
    Panic,
}

/// Where a thread finds its messages.
#[derive(Debug)]
pub(super) struct Mailbox<T: Task> {
    messages: Mutex<Vec<Message<T>>>,
    /// Whether the thread waits, or is about to, and has to be woken.
    asleep: AtomicBool,
    waker: OwnedFd,
    /// Tasks of this thread, those in messages included.
    tasks: AtomicUsize,
}

/// A task as others know it: the thread that runs it, or will, and its number there.
#[derive(Debug)]
pub(in crate::tftp) struct TaskHandle<T: Task> {
    mailbox: Arc<Mailbox<T>>,
    number: u64,
    /// The command after which no other matters; it may come before the task has been started.
    last: Arc<OnceLock<T::Command>>,
}

impl<T: Task> TaskHandle<T> {
    pub(super) fn new(mailbox: &Arc<Mailbox<T>>, number: u64) -> Self {
        Self {
            mailbox: Arc::clone(mailbox),
            number,
            last: Arc::default(),
        }
    }

    /// Its number, which no other task of this program has.
    pub(in crate::tftp) fn number(&self) -> u64 {
        self.number
    }

    /// Begins the task. It gets the last command of [`Self::say`] even if that came before.
    pub(in crate::tftp) fn start(&self, task: T) {
        self.mailbox.tasks.fetch_add(1, Ordering::Relaxed);
        self.mailbox
            .post(Message::Start(self.clone(), Box::new(task)));
        // A thread that gives it after this sends it after `Start`.
        if let Some(command) = self.last() {
            self.mailbox.post(Message::Command(self.number, command));
        }
    }

    /// Hands a command to the task; if it has ended, to nobody.
    pub(in crate::tftp) fn say(&self, command: T::Command) {
        if T::is_last(command) {
            let _ = self.last.set(command); // the first one is the true one
        }
        self.mailbox.post(Message::Command(self.number, command));
    }

    /// The command that ends the task, if it was given, even before the start.
    pub(in crate::tftp) fn last(&self) -> Option<T::Command> {
        self.last.get().copied()
    }

    /// Hands over the outcome of work that the task has waited for.
    pub(in crate::tftp) fn hand_over(&self, outcome: T::Outcome) {
        self.mailbox.post(Message::Outcome(self.number, outcome));
    }

    /// A handle to a thread that is not there, for tests.
    #[cfg(test)]
    pub(in crate::tftp) fn to_nobody() -> Self {
        Self::new(&Arc::new(Mailbox::new().expect("descriptors")), 0)
    }

    /// The commands so far, for tests.
    #[cfg(test)]
    pub(in crate::tftp) fn said(&self) -> Vec<T::Command> {
        let messages = self.mailbox.take();
        let (mine, others): (Vec<_>, Vec<_>) = messages.into_iter().partition(
            |message| matches!(message, Message::Command(number, _) if *number == self.number),
        );
        self.mailbox.lock().extend(others);
        mine.iter()
            .filter_map(|message| match message {
                Message::Command(_, command) => Some(*command),
                _ => None,
            })
            .collect()
    }
}

impl<T: Task> Clone for TaskHandle<T> {
    fn clone(&self) -> Self {
        Self {
            mailbox: Arc::clone(&self.mailbox),
            number: self.number,
            last: Arc::clone(&self.last),
        }
    }
}

impl<T: Task> Mailbox<T> {
    /// # Errors
    /// When the system allows no more descriptors.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            messages: Mutex::default(),
            asleep: AtomicBool::new(false),
            waker: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            tasks: AtomicUsize::new(0),
        })
    }

    pub(super) fn waker(&self) -> BorrowedFd<'_> {
        self.waker.as_fd()
    }

    /// Puts a message in, and wakes the thread if it sleeps.
    pub(super) fn post(&self, message: Message<T>) {
        self.lock().push(message);
        if self.asleep.swap(false, Ordering::SeqCst) {
            // It can fail only when it has been written 2^64 times.
            let _ = rustix::io::write(&self.waker, &1_u64.to_ne_bytes());
        }
    }

    /// Takes all messages.
    pub(super) fn take(&self) -> Vec<Message<T>> {
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

    /// How many tasks the thread has.
    pub(super) fn load(&self) -> usize {
        self.tasks.load(Ordering::Relaxed)
    }

    /// One of its tasks is over.
    pub(super) fn relieve(&self) {
        self.tasks.fetch_sub(1, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Message<T>>> {
        // It is whole after every statement.
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
