//! The loop of one thread.

use std::any::Any;
use std::collections::HashMap;
use std::io;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use super::EngineFailure;
use super::Listener;
use super::PoolHandle;
use super::Task;
use super::TaskTable;
use super::busy_poll::BusyPoll;
use super::mailbox::Mailbox;
use super::mailbox::Message;

/// One thread: its tasks and its listeners.
#[derive(Debug)]
pub(super) struct EventLoop<T: Task> {
    table: TaskTable<T>,
    listeners: HashMap<u64, Box<dyn Listener<T>>>,
    /// Waits that have failed one after another.
    failed_waits: u32,
}

impl<T: Task> EventLoop<T> {
    pub(super) fn new(
        mailbox: Arc<Mailbox<T>>,
        pool: PoolHandle,
        busy_poll: BusyPoll,
    ) -> io::Result<Self> {
        Ok(Self {
            table: TaskTable::new(mailbox, pool, busy_poll)?,
            listeners: HashMap::new(),
            failed_waits: 0,
        })
    }

    /// Works until it is told to quit.
    ///
    /// # Errors
    /// When it can go on no more. Its tasks have been told then, and so have those that are still in
    /// messages.
    pub(super) fn run(mut self) -> Result<(), EngineFailure> {
        let worked = catch_unwind(AssertUnwindSafe(|| self.work()));
        let (failure, why) = match worked {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => {
                let why = io::Error::from(error.kind());
                (EngineFailure::Wait(error), why)
            }
            Err(panic) => {
                let text = text_of(&*panic);
                let why = io::Error::other(text.clone());
                (EngineFailure::Panic(text), why)
            }
        };
        self.table.fail(&why);
        for message in self.table.mailbox.take() {
            if let Message::Start(handle, task) = message {
                let _ = catch_unwind(AssertUnwindSafe(|| self.table.start(handle, task)));
            }
        }
        self.table.fail(&why);
        Err(failure)
    }

    /// Works until it is told to quit.
    ///
    /// # Errors
    /// When the system fails at waiting.
    fn work(&mut self) -> io::Result<()> {
        let mut fired = Instant::now();
        loop {
            for message in self.table.mailbox.take() {
                match message {
                    Message::Start(handle, task) => self.table.start(handle, task),
                    Message::Command(number, command) => self.table.command(number, command),
                    Message::Outcome(number, outcome) => self.table.hand_over(number, outcome),
                    Message::Open(number, listener) => self.open(number, listener)?,
                    Message::Close(number) => self.close(number),
                    Message::Quit => return Ok(()),
                    #[cfg(test)]
                    Message::Panic => panic!("on purpose"),
                }
            }
            self.wait()?;
            let woke = Instant::now();
            let has_all = !self.table.poller.may_have_more();
            while let Some(ready) = self.table.poller.next() {
                match self.listeners.get_mut(&ready.name) {
                    Some(listener) => {
                        if !listener.handle_readable(&mut self.table) {
                            self.close(ready.name);
                        }
                    }
                    None => self.table.handle_ready(ready),
                }
            }
            self.table.answer();
            for listener in self.listeners.values_mut() {
                if listener.has_work() {
                    listener.work(&mut self.table);
                }
            }
            // Not by the time that it is now: what has come since the last look may be just what
            // a task waits for. A crowd whose packets never end must not stop the clocks.
            if has_all || woke.duration_since(fired) > LONGEST_WITHOUT_TIMERS {
                self.table.fire(woke);
                fired = woke;
            }
            for listener in self.listeners.values_mut() {
                listener.flush(&mut self.table);
            }
        }
    }

    /// Waits. Memory that is short for a moment (`ENOMEM` of ppoll) is asked for again.
    fn wait(&mut self) -> io::Result<()> {
        let is_busy = self.listeners.values().any(|listener| listener.has_work());
        let waited = if is_busy {
            self.table.peek()
        } else {
            self.table.wait()
        };
        match waited {
            Ok(()) => {
                self.failed_waits = 0;
                Ok(())
            }
            Err(error) if is_transient(&error) && self.failed_waits < MOST_FAILED_WAITS => {
                self.failed_waits += 1;
                thread::sleep(PAUSE);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn open(&mut self, number: u64, listener: Box<dyn Listener<T>>) -> io::Result<()> {
        self.table.poller.watch(listener.socket(), number)?;
        self.listeners.insert(number, listener);
        Ok(())
    }

    /// Takes no more requests there. Its socket may stay open, for another listener.
    fn close(&mut self, number: u64) {
        if let Some(listener) = self.listeners.remove(&number) {
            self.table.poller.ignore(listener.socket());
        }
    }
}

fn is_transient(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(error.kind(), Kind::OutOfMemory | Kind::WouldBlock)
}

/// What a panic says.
fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic").to_owned()
}

/// However much there is to read, time-outs are looked at as often.
const LONGEST_WITHOUT_TIMERS: Duration = Duration::from_millis(20);
/// Between two waits of which the first one failed.
const PAUSE: Duration = Duration::from_millis(10);
/// So many pauses are two seconds: clients have not given up by then.
const MOST_FAILED_WAITS: u32 = 200;
