//! The tasks of one thread, and what they share.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::hash::Hasher;
use std::io;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::time::Instant;

use super::Forwarded;
use super::PoolHandle;
use super::Task;
use super::TaskHandle;
use super::busy_poll::BusyPoll;
use super::mailbox::Mailbox;
use super::poller::Few;
use super::poller::MOST_FEW;
use super::poller::Poller;
use super::poller::Ready;
use crate::tftp::timers::Timers;

/// Everything of a thread but its listeners.
#[derive(Debug)]
pub(in crate::tftp) struct TaskTable<T: Task> {
    pub(super) poller: Poller,
    pub(super) mailbox: Arc<Mailbox<T>>,
    tasks: HashMap<u64, Entry<T>, BuildHasherDefault<Spread>>,
    timers: Timers<u64>,
    scratch: T::Scratch,
    /// Whether there are so many tasks that the poller watches their sockets.
    crowded: bool,
    /// Tasks that have received something and are to answer.
    unanswered: Vec<u64>,
    /// How it waits where answers may be near.
    busy_poll: BusyPoll,
}

#[derive(Debug)]
struct Entry<T> {
    task: Box<T>,
    /// The earliest moment for which a timer stands.
    timer_at: Option<Instant>,
    /// Whether the poller watches its socket.
    watched: bool,
}

impl<T: Task> TaskTable<T> {
    pub(super) fn new(
        mailbox: Arc<Mailbox<T>>,
        pool: PoolHandle,
        busy_poll: BusyPoll,
    ) -> io::Result<Self> {
        Ok(Self {
            poller: Poller::new(mailbox.waker())?,
            mailbox,
            tasks: HashMap::default(),
            timers: Timers::default(),
            scratch: T::scratch(pool),
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
        self.rearrange();
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

    /// Finds out what has happened, without waiting.
    ///
    /// # Errors
    /// When the system fails.
    pub(super) fn peek(&mut self) -> io::Result<()> {
        self.rearrange();
        if self.crowded {
            return self.poller.peek();
        }
        let receiving = self.tasks.iter();
        let receiving = receiving.filter(|(_, entry)| entry.task.is_receiving());
        let few =
            Few::new(receiving.filter_map(|(number, entry)| Some((*number, entry.task.socket()?))));
        self.poller.peek_with(&few)
    }

    fn wait_for_few(&mut self, due: Option<Instant>) -> io::Result<()> {
        // Of several, each would throw away what was read for the others.
        if self.tasks.len() == 1 {
            for entry in self.tasks.values_mut() {
                entry.task.look_ahead(&mut self.scratch);
            }
        }
        let receiving = || {
            self.tasks
                .iter()
                .filter(|(_, entry)| entry.task.is_receiving())
        };
        // Without a task nothing is near; one that writes leaves the processor to the writer.
        let is_near =
            receiving().next().is_some() && receiving().all(|(_, entry)| !entry.task.is_writing());
        let few = Few::new(
            receiving().filter_map(|(number, entry)| Some((*number, entry.task.socket()?))),
        );
        let busy_poll = is_near.then_some(&mut self.busy_poll);
        self.poller.wait_with(&few, due, busy_poll)
    }

    /// Has the poller watch the tasks when there are many, and no more when there are few.
    fn rearrange(&mut self) {
        let crowded = match self.tasks.len() {
            0..=FEW => false,
            MANY.. => true,
            _ => self.crowded,
        };
        if crowded != self.crowded {
            self.crowded = crowded;
            for (number, entry) in &mut self.tasks {
                entry.watch(crowded, *number, &self.poller);
            }
        }
    }

    /// Enters a task; its first packet leaves.
    pub(super) fn start(&mut self, handle: TaskHandle<T>, mut task: Box<T>) {
        let number = handle.number();
        task.begin(handle, &mut self.scratch);
        let entry = Entry {
            task,
            timer_at: None,
            watched: false,
        };
        self.tasks.insert(number, entry);
        self.settle(number);
    }

    /// There is something to read at a task's socket; [`Self::answer`] is to follow.
    pub(super) fn handle_ready(&mut self, ready: Ready) {
        if let Some(entry) = self.tasks.get_mut(&ready.name) {
            if entry.task.handle_readable(ready.error, &mut self.scratch) {
                self.unanswered.push(ready.name);
            } else {
                self.settle(ready.name);
            }
        }
    }

    /// Lets all answer that have received something. First to receive everything, then to send all
    /// answers, lets a client on the same machine work on many answers each time it is woken.
    pub(super) fn answer(&mut self) {
        while let Some(number) = self.unanswered.pop() {
            self.with(number, T::answer);
        }
    }

    /// A listener took a datagram for a task.
    pub(in crate::tftp) fn forward(&mut self, forwarded: Forwarded<'_>) {
        let Forwarded {
            number,
            from,
            packet,
        } = forwarded;
        self.with(number, |task, scratch| {
            task.handle_packet(from, packet, scratch);
        });
    }

    /// A listener could not send what a task had it send.
    pub(in crate::tftp) fn send_failed(&mut self, number: u64, error: io::Error) {
        self.with(number, |task, scratch| {
            task.handle_send_error(error, scratch);
        });
    }

    /// A handle to a task that will run here.
    pub(in crate::tftp) fn handle(&self, number: u64) -> TaskHandle<T> {
        TaskHandle::new(&self.mailbox, number)
    }

    /// Hands a command, which may come from another thread, to a task.
    pub(super) fn command(&mut self, number: u64, command: T::Command) {
        self.with(number, |task, scratch| {
            task.handle_command(command, scratch);
        });
    }

    /// Work that a task has waited for is done.
    pub(super) fn hand_over(&mut self, number: u64, outcome: T::Outcome) {
        if self.tasks.contains_key(&number) {
            self.with(number, |task, scratch| {
                task.handle_outcome(outcome, scratch);
            });
        } else {
            T::discard(outcome, &mut self.scratch);
        }
    }

    /// Everything that is due by `now`.
    pub(super) fn fire(&mut self, now: Instant) {
        while let Some((at, number)) = self.timers.pop(now) {
            if let Some(entry) = self.tasks.get_mut(&number)
                && entry.timer_at == Some(at)
            {
                entry.timer_at = None;
                if entry.task.deadline().is_some_and(|at| at <= now) {
                    entry.task.handle_timeout(&mut self.scratch);
                }
                self.settle(number);
            }
        }
    }

    /// The thread can go on no more: every task tells its peer and ends.
    pub(super) fn fail(&mut self, why: &io::Error) {
        for (_, mut entry) in self.tasks.drain() {
            // After a panic, what one of them finds may be broken: that is no reason not to try the rest.
            let _ = catch_unwind(AssertUnwindSafe(|| entry.task.fail(why, &mut self.scratch)));
        }
    }

    fn with(&mut self, number: u64, handle: impl FnOnce(&mut T, &mut T::Scratch)) {
        if let Some(entry) = self.tasks.get_mut(&number) {
            handle(&mut entry.task, &mut self.scratch);
            self.settle(number);
        }
    }

    /// After anything has happened to a task: is it over, when is it due, may it receive?
    fn settle(&mut self, number: u64) {
        let Some(entry) = self.tasks.get_mut(&number) else {
            return;
        };
        if entry.task.is_over() {
            if let Some(entry) = self.tasks.remove(&number) {
                // Its socket is closed, and leaves the poller by that.
                entry.task.retire(&mut self.scratch);
            }
            self.mailbox.relieve();
            return;
        }
        if let Some(at) = entry.task.deadline()
            && entry.timer_at.is_none_or(|timer| at < timer)
        {
            entry.timer_at = Some(at);
            self.timers.set(at, number);
        }
        entry.watch(self.crowded, number, &self.poller);
    }
}

impl<T: Task> Entry<T> {
    /// Has the socket watched or not: where there are many, and as long as the task receives. If the
    /// system has no memory for it now, the next time-out of the task tries again.
    fn watch(&mut self, crowded: bool, number: u64, poller: &Poller) {
        let wanted = crowded && self.task.is_receiving();
        let Some(socket) = self.task.socket().filter(|_| wanted != self.watched) else {
            return;
        };
        if wanted {
            self.watched = poller.watch(socket, number).is_ok();
        } else {
            self.watched = false;
            poller.ignore(socket);
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
const MANY: usize = MOST_FEW + 1;
