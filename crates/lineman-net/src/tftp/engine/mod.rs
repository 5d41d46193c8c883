//! Threads that run transfers: one for each processor, each a loop around one epoll.
//!
//! A transfer stays on one thread, and between two packets there is nothing but the system calls
//! that it needs: wait, receive, read, send. Other threads speak to it through a mailbox. Work that
//! blocks (a disk that has to be waited for, making a file permanent) leaves the loop for a pool.
//! Why not tasks of an asynchronous runtime: `docs/design/scheduling.md`, with figures.

mod door;
mod floor;
mod mailbox;
mod poller;
mod vigil;
mod worker;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

pub(super) use door::Door;
pub(super) use door::Passed;
pub(super) use floor::Floor;
use mailbox::Letter;
pub(super) use mailbox::Line;
use mailbox::Mailbox;
use vigil::Places;
use vigil::Vigil;
use worker::Worker;

/// The threads. Dropped, they end, and their transfers with them.
#[derive(Debug)]
pub(super) struct Engine {
    lines: Lines,
}

/// Where new transfers and doors find a thread.
#[derive(Clone, Debug)]
pub(super) struct Lines {
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
        let places = Places::of_this_machine();
        let mut mailboxes = Vec::new();
        for _ in 0..threads.max(1) {
            let mailbox = Arc::new(Mailbox::new()?);
            let vigil = Vigil::new(busy_poll, places.clone());
            let worker = Worker::new(Arc::clone(&mailbox), pool.clone(), vigil)?;
            thread::Builder::new()
                .name("tftp".to_owned())
                // An error here is a system that can wait no longer: its transfers end.
                .spawn(move || worker.run())?;
            mailboxes.push(mailbox);
        }
        let lines = Lines {
            mailboxes: mailboxes.into(),
            next: Arc::default(),
        };
        Ok(Self { lines })
    }

    pub(super) fn lines(&self) -> Lines {
        self.lines.clone()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        for mailbox in self.lines.mailboxes.iter() {
            mailbox.post(Letter::Quit);
        }
    }
}

impl Lines {
    /// A line to a transfer that will be, on the thread with the fewest.
    pub(super) fn open(&self) -> Line {
        let idlest = self.mailboxes.iter().min_by_key(|mailbox| mailbox.load());
        Line::new(idlest.unwrap_or(&self.mailboxes[0]), self.number())
    }

    /// The same on the first thread. Lockstep transfers mostly wait for their clients: together they
    /// keep one thread awake, apart they would have to be woken for nearly each packet.
    pub(super) fn open_together(&self) -> Line {
        Line::new(&self.mailboxes[0], self.number())
    }

    /// A number for something new.
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes requests at a door until what is returned is dropped.
    pub(super) fn admit(&self, nth: usize, door: Box<dyn Door>) -> OpenDoor {
        let mailbox = Arc::clone(&self.mailboxes[nth % self.mailboxes.len()]);
        let number = self.number();
        mailbox.post(Letter::Open(number, door));
        OpenDoor { mailbox, number }
    }
}

/// A door that is open. Dropped, it is closed.
#[derive(Debug)]
pub(super) struct OpenDoor {
    mailbox: Arc<Mailbox>,
    number: u64,
}

impl Drop for OpenDoor {
    fn drop(&mut self) {
        self.mailbox.post(Letter::Close(self.number));
    }
}
