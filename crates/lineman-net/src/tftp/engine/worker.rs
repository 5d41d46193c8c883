//! The loop of one thread.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use super::door::Door;
use super::floor::Floor;
use super::mailbox::Letter;
use super::mailbox::Mailbox;
use super::vigil::Vigil;

/// One thread: its transfers and its doors.
#[derive(Debug)]
pub(super) struct Worker {
    floor: Floor,
    doors: HashMap<u64, Box<dyn Door>>,
}

impl Worker {
    pub(super) fn new(
        mailbox: Arc<Mailbox>,
        pool: tokio::runtime::Handle,
        vigil: Vigil,
    ) -> io::Result<Self> {
        Ok(Self {
            floor: Floor::new(mailbox, pool, vigil)?,
            doors: HashMap::new(),
        })
    }

    /// Works until it is told to quit.
    ///
    /// # Errors
    /// When the system fails at waiting.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut fired = Instant::now();
        loop {
            for letter in self.floor.mailbox.take() {
                match letter {
                    Letter::Start(number, transfer) => self.floor.start(number, transfer),
                    Letter::Say(number, command) => self.floor.say(number, command),
                    Letter::Waited(number, waited) => self.floor.hand_over(number, waited),
                    Letter::Open(number, door) => self.open(number, door)?,
                    Letter::Close(number) => drop(self.doors.remove(&number)),
                    Letter::Quit => return Ok(()),
                }
            }
            self.floor.wait()?;
            let woke = Instant::now();
            let has_all = !self.floor.poller.may_have_more();
            while let Some(ready) = self.floor.poller.next() {
                match self.doors.get_mut(&ready.name) {
                    Some(door) => {
                        if !door.handle_readable(&mut self.floor) {
                            self.doors.remove(&ready.name);
                        }
                    }
                    None => self.floor.handle_ready(ready),
                }
            }
            self.floor.answer();
            // Not by the time that it is now: what has come since the last look may be just what
            // somebody waits for. A crowd whose packets never end must not stop the clocks.
            if has_all || woke.duration_since(fired) > LONGEST_DEAF {
                self.floor.fire(woke);
                fired = woke;
            }
        }
    }

    fn open(&mut self, number: u64, door: Box<dyn Door>) -> io::Result<()> {
        self.floor.poller.watch(door.socket(), number)?;
        self.doors.insert(number, door);
        Ok(())
    }
}

/// However much there is to read, time-outs are looked at as often.
const LONGEST_DEAF: Duration = Duration::from_millis(20);
