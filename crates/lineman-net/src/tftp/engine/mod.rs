//! Threads that run tasks, transfers above all: one for each processor, each a loop around one epoll.
//!
//! A task stays on one thread, and between two packets there is nothing but the system calls
//! that it needs: wait, receive, read, send. Other threads speak to it through a mailbox. Work that
//! blocks (a file that is opened, a disk that has to be waited for) leaves the loop for a pool.
//! A thread that can go on no more tells its tasks, and the code that has started the engine.
//! Why not tasks of an asynchronous runtime: `docs/design/scheduling.md`, with figures.

mod busy_poll;
mod event_loop;
mod listener;
mod mailbox;
mod poller;
mod pool;
mod task;
mod task_table;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use busy_poll::BusyPoll;
use busy_poll::Permits;
use event_loop::EventLoop;
pub(super) use listener::Forwarded;
pub(super) use listener::Listener;
use mailbox::Mailbox;
use mailbox::Message;
pub(super) use mailbox::TaskHandle;
pub use pool::Lane;
use pool::Pool;
pub(super) use pool::PoolHandle;
pub(super) use task::Task;
pub(super) use task_table::TaskTable;
use tokio::sync::mpsc;

use crate::Operation;
use crate::SystemError;

/// The threads. Dropped, they end, and their tasks with them.
#[derive(Debug)]
pub(super) struct Engine<T: Task> {
    handle: EngineHandle<T>,
    pool: Pool,
}

/// How an engine is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct EngineConfig {
    /// Threads with an event loop each.
    pub(super) threads: usize,
    /// How long a thread stays awake for a packet before it sleeps; zero for not at all.
    pub(super) busy_poll: Duration,
    /// Threads for work that may block.
    pub(super) pool_threads: usize,
}

/// Where new tasks and listeners find a thread.
#[derive(Debug)]
pub(super) struct EngineHandle<T: Task> {
    mailboxes: Arc<[Arc<Mailbox<T>>]>,
    pool: PoolHandle,
    next: Arc<AtomicU64>,
}

/// Why a thread of the engine has ended. Its tasks have been told.
#[derive(Debug)]
pub(super) enum EngineFailure {
    /// The system lets it wait for packets no more.
    Wait(io::Error),
    /// It has panicked, and said this.
    Panic(String),
}

impl From<EngineFailure> for SystemError {
    fn from(failure: EngineFailure) -> Self {
        match failure {
            EngineFailure::Wait(error) => Self::new(Operation::Wait, "packets")(error),
            EngineFailure::Panic(text) => {
                Self::new(Operation::Run, "an event loop")(io::Error::other(text))
            }
        }
    }
}

impl<T: Task> Engine<T> {
    /// Starts the threads. Should one fail, why comes by the receiver.
    ///
    /// # Errors
    /// When the system allows no more threads or descriptors.
    pub(super) fn start(
        config: EngineConfig,
    ) -> io::Result<(Self, mpsc::UnboundedReceiver<EngineFailure>)> {
        let (failed, failures) = mpsc::unbounded_channel();
        let permits = Permits::of_this_machine();
        let pool = Pool::start(config.pool_threads)?;
        let threads = 0..config.threads.max(1);
        let mailboxes = threads.map(|_| Mailbox::new().map(Arc::new));
        let mailboxes: Vec<_> = mailboxes.collect::<Result<_, _>>()?;
        let engine = Self {
            handle: EngineHandle {
                mailboxes: mailboxes.into(),
                pool: pool.handle(),
                next: Arc::default(),
            },
            pool,
        };
        // An error drops the engine, and that ends the threads that have been started.
        for mailbox in engine.handle.mailboxes.iter() {
            let busy_poll = BusyPoll::new(config.busy_poll, permits.clone());
            let event_loop = EventLoop::new(Arc::clone(mailbox), engine.pool.handle(), busy_poll)?;
            let failed = failed.clone();
            thread::Builder::new()
                .name("tftp".to_owned())
                .spawn(move || {
                    if let Err(failure) = event_loop.run() {
                        let _ = failed.send(failure); // nobody waits for it any more
                    }
                })?;
        }
        Ok((engine, failures))
    }

    pub(super) fn handle(&self) -> EngineHandle<T> {
        self.handle.clone()
    }
}

impl<T: Task> Drop for Engine<T> {
    fn drop(&mut self) {
        for mailbox in self.handle.mailboxes.iter() {
            mailbox.post(Message::Quit);
        }
    }
}

impl<T: Task> EngineHandle<T> {
    /// A handle to a task that will be, on the thread with the fewest.
    pub(super) fn open(&self) -> TaskHandle<T> {
        let idlest = self.mailboxes.iter().min_by_key(|mailbox| mailbox.load());
        TaskHandle::new(idlest.unwrap_or(&self.mailboxes[0]), self.number())
    }

    /// The same on the first thread. Lockstep transfers mostly wait for their clients: together they
    /// keep one thread awake, apart they would have to be woken for nearly each packet.
    pub(super) fn open_together(&self) -> TaskHandle<T> {
        TaskHandle::new(&self.mailboxes[0], self.number())
    }

    /// How many tasks the first thread has.
    pub(super) fn together(&self) -> usize {
        self.mailboxes[0].load()
    }

    /// A number for something new.
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Where work that may block is done.
    pub(super) fn pool(&self) -> &PoolHandle {
        &self.pool
    }

    /// Takes requests at a listener until what is returned is dropped.
    pub(super) fn admit(&self, nth: usize, listener: Box<dyn Listener<T>>) -> Registration<T> {
        let mailbox = Arc::clone(&self.mailboxes[nth % self.mailboxes.len()]);
        let number = self.number();
        mailbox.post(Message::Open(number, listener));
        Registration { mailbox, number }
    }

    /// Has a thread panic, for tests.
    #[cfg(test)]
    pub(super) fn panic(&self, nth: usize) {
        self.mailboxes[nth].post(Message::Panic);
    }
}

impl<T: Task> Clone for EngineHandle<T> {
    fn clone(&self) -> Self {
        Self {
            mailboxes: Arc::clone(&self.mailboxes),
            pool: self.pool.clone(),
            next: Arc::clone(&self.next),
        }
    }
}

/// A listener that is open. Dropped, it is closed.
#[derive(Debug)]
pub(super) struct Registration<T: Task> {
    mailbox: Arc<Mailbox<T>>,
    number: u64,
}

impl<T: Task> Drop for Registration<T> {
    fn drop(&mut self) {
        self.mailbox.post(Message::Close(self.number));
    }
}
