//! The loop of one thread.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use super::busy_poll::BusyPoll;
use super::listener::Listener;
use super::mailbox::Mailbox;
use super::mailbox::Message;
use super::transfer_table::TransferTable;

/// One thread: its transfers and its listeners.
#[derive(Debug)]
pub(super) struct EventLoop {
    table: TransferTable,
    listeners: HashMap<u64, Box<dyn Listener>>,
}

impl EventLoop {
    pub(super) fn new(
        mailbox: Arc<Mailbox>,
        pool: tokio::runtime::Handle,
        busy_poll: BusyPoll,
    ) -> io::Result<Self> {
        Ok(Self {
            table: TransferTable::new(mailbox, pool, busy_poll)?,
            listeners: HashMap::new(),
        })
    }

    /// Works until it is told to quit.
    ///
    /// # Errors
    /// When the system fails at waiting.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut fired = Instant::now();
        loop {
            for message in self.table.mailbox.take() {
                match message {
                    Message::Start(number, transfer) => self.table.start(number, transfer),
                    Message::Say(number, command) => self.table.say(number, command),
                    Message::Waited(number, waited) => self.table.hand_over(number, waited),
                    Message::Open(number, listener) => self.open(number, listener)?,
                    Message::Close(number) => drop(self.listeners.remove(&number)),
                    Message::Quit => return Ok(()),
                }
            }
            self.table.wait()?;
            let woke = Instant::now();
            let has_all = !self.table.poller.may_have_more();
            while let Some(ready) = self.table.poller.next() {
                match self.listeners.get_mut(&ready.name) {
                    Some(listener) => {
                        if !listener.handle_readable(&mut self.table) {
                            self.listeners.remove(&ready.name);
                        }
                    }
                    None => self.table.handle_ready(ready),
                }
            }
            self.table.answer();
            // Not by the time that it is now: what has come since the last look may be just what
            // somebody waits for. A crowd whose packets never end must not stop the clocks.
            if has_all || woke.duration_since(fired) > LONGEST_DEAF {
                self.table.fire(woke);
                fired = woke;
            }
        }
    }

    fn open(&mut self, number: u64, listener: Box<dyn Listener>) -> io::Result<()> {
        self.table.poller.watch(listener.socket(), number)?;
        self.listeners.insert(number, listener);
        Ok(())
    }
}

/// However much there is to read, time-outs are looked at as often.
const LONGEST_DEAF: Duration = Duration::from_millis(20);
