//! Threads that run transfers: one for each processor, each a loop around one epoll.
//!
//! A transfer stays on one thread, and between two packets there is nothing but the system calls
//! that it needs: wait, receive, read, send. Other threads speak to it through a mailbox. Work that
//! blocks (a disk that has to be waited for, making a file permanent) leaves the loop for a pool.
//! Why not tasks of an asynchronous runtime: `docs/design/scheduling.md`, with figures.

mod busy_poll;
mod event_loop;
mod listener;
mod mailbox;
mod poller;
mod transfer_table;

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
pub(super) use mailbox::TransferHandle;
pub(super) use transfer_table::TransferTable;

/// The threads. Dropped, they end, and their transfers with them.
#[derive(Debug)]
pub(super) struct Engine {
    handle: EngineHandle,
}

/// Where new transfers and listeners find a thread.
#[derive(Clone, Debug)]
pub(super) struct EngineHandle {
    mailboxes: Arc<[Arc<Mailbox>]>,
    next: Arc<AtomicU64>,
}

impl Engine {
    /// Starts `threads` threads. Before it sleeps, each stays awake for up to `busy_poll` while packets
    /// come that soon. What blocks runs on the blocking pool of the runtime that calls this.
    ///
    /// # Errors
    /// When the system allows no more threads or descriptors.
    pub(super) fn start(threads: usize, busy_poll: Duration) -> io::Result<Self> {
        let pool = tokio::runtime::Handle::current();
        let permits = Permits::of_this_machine();
        let mut mailboxes = Vec::new();
        for _ in 0..threads.max(1) {
            let mailbox = Arc::new(Mailbox::new()?);
            let busy_poll = BusyPoll::new(busy_poll, permits.clone());
            let event_loop = EventLoop::new(Arc::clone(&mailbox), pool.clone(), busy_poll)?;
            thread::Builder::new()
                .name("tftp".to_owned())
                // An error here is a system that can wait no longer: its transfers end.
                .spawn(move || event_loop.run())?;
            mailboxes.push(mailbox);
        }
        let handle = EngineHandle {
            mailboxes: mailboxes.into(),
            next: Arc::default(),
        };
        Ok(Self { handle })
    }

    pub(super) fn handle(&self) -> EngineHandle {
        self.handle.clone()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        for mailbox in self.handle.mailboxes.iter() {
            mailbox.post(Message::Quit);
        }
    }
}

impl EngineHandle {
    /// A handle to a transfer that will be, on the thread with the fewest.
    pub(super) fn open(&self) -> TransferHandle {
        let idlest = self.mailboxes.iter().min_by_key(|mailbox| mailbox.load());
        TransferHandle::new(idlest.unwrap_or(&self.mailboxes[0]), self.number())
    }

    /// The same on the first thread. Lockstep transfers mostly wait for their clients: together they
    /// keep one thread awake, apart they would have to be woken for nearly each packet.
    pub(super) fn open_together(&self) -> TransferHandle {
        TransferHandle::new(&self.mailboxes[0], self.number())
    }

    /// A number for something new.
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes requests at a listener until what is returned is dropped.
    pub(super) fn admit(&self, nth: usize, listener: Box<dyn Listener>) -> Registration {
        let mailbox = Arc::clone(&self.mailboxes[nth % self.mailboxes.len()]);
        let number = self.number();
        mailbox.post(Message::Open(number, listener));
        Registration { mailbox, number }
    }
}

/// A listener that is open. Dropped, it is closed.
#[derive(Debug)]
pub(super) struct Registration {
    mailbox: Arc<Mailbox>,
    number: u64,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.mailbox.post(Message::Close(self.number));
    }
}
