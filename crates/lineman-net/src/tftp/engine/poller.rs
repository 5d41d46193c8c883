//! Waiting for sockets, for a moment, and for a word from another thread, in one system call.

use std::array;
use std::io;
use std::iter;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::time::Duration;
use std::time::Instant;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::epoll;
use rustix::event::epoll::CreateFlags;
use rustix::event::epoll::EventData;
use rustix::event::epoll::EventFlags;
use rustix::event::poll;
use rustix::io::Errno;
use rustix::time::Itimerspec;
use rustix::time::TimerfdClockId;
use rustix::time::TimerfdFlags;
use rustix::time::TimerfdTimerFlags;
use rustix::time::Timespec;
use rustix::time::timerfd_create;
use rustix::time::timerfd_settime;

use super::busy_poll::BusyPoll;

/// An epoll whose time-outs are finer than milliseconds.
///
/// The timer is a descriptor of its own (`timerfd`) that is set again only when a moment earlier
/// than the one it stands for is asked for, or when it has expired: a transfer whose time-out moves
/// with each packet costs no system call for that.
#[derive(Debug)]
pub(super) struct Poller {
    epoll: OwnedFd,
    timer: OwnedFd,
    /// The moment that the timer stands for.
    armed: Option<Instant>,
    found: Vec<Ready>,
}

/// Something to look after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ready {
    /// What was registered under this name can be read, or has an error.
    pub(super) name: u64,
    /// There is a message in the error queue of the socket.
    pub(super) error: bool,
}

/// A few sockets, each with its name. They need no memory of the heap: after a slow client's two milliseconds
/// that would be one more thing that has left the processor's caches.
#[derive(Debug)]
pub(super) struct Few<'fd>([Option<(u64, BorrowedFd<'fd>)>; MOST_FEW]);

impl<'fd> Few<'fd> {
    /// These, of which there are [`MOST_FEW`] at most.
    pub(super) fn new(sockets: impl IntoIterator<Item = (u64, BorrowedFd<'fd>)>) -> Self {
        let mut few = [None; MOST_FEW];
        let mut sockets = sockets.into_iter();
        few.iter_mut()
            .zip(&mut sockets)
            .for_each(|(place, it)| *place = Some(it));
        debug_assert!(sockets.next().is_none(), "a socket that nobody waits for");
        Self(few)
    }
}

impl Poller {
    /// A poller that is also woken by `wake`, an eventfd that nobody need read.
    ///
    /// # Errors
    /// When the system allows no more descriptors.
    pub(super) fn new(wake: impl AsFd) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let edge = EventFlags::IN | EventFlags::ET;
        epoll::add(&epoll, &wake, EventData::new_u64(NOBODY), edge)?;
        epoll::add(&epoll, &timer, EventData::new_u64(NOBODY), edge)?;
        Ok(Self {
            epoll,
            timer,
            armed: None,
            found: Vec::with_capacity(EVENTS),
        })
    }

    /// Watches a socket for something to read. It is told as long as there is something.
    ///
    /// # Errors
    /// When the system has no memory for it.
    pub(super) fn watch(&self, socket: impl AsFd, name: u64) -> io::Result<()> {
        Ok(epoll::add(
            &self.epoll,
            socket,
            EventData::new_u64(name),
            EventFlags::IN,
        )?)
    }

    /// Looks away. Closing the only descriptor of a socket does the same.
    pub(super) fn ignore(&self, socket: impl AsFd) {
        // It fails if it was not watched, which is what is wanted.
        let _ = epoll::delete(&self.epoll, socket);
    }

    /// Waits for something to happen, until `until` at the latest. With `busy_poll` it looks for a while
    /// before it sleeps.
    ///
    /// # Errors
    /// When the system fails; being interrupted is no failure.
    pub(super) fn wait(
        &mut self,
        until: Option<Instant>,
        busy_poll: Option<&mut BusyPoll>,
    ) -> io::Result<()> {
        // A crowd seldom leaves time for sleep: the timer is not touched before there is some.
        if self.look(Some(&NOW))? {
            return Ok(());
        }
        let keeps = |busy_poll: &mut BusyPoll| busy_poll.keep(until, || self.look(Some(&NOW)));
        if busy_poll.map_or(Ok(false), keeps)? {
            return Ok(());
        }
        self.wake_at(until)?;
        self.look(None).map(drop)
    }

    /// The same with a few sockets that are not watched: for so few, asking the kernel anew each time
    /// (`poll`) is quicker than having it keep a list.
    ///
    /// # Errors
    /// As [`Self::wait`].
    pub(super) fn wait_with(
        &mut self,
        few: &Few<'_>,
        until: Option<Instant>,
        busy_poll: Option<&mut BusyPoll>,
    ) -> io::Result<()> {
        let keeps =
            |busy_poll: &mut BusyPoll| busy_poll.keep(until, || self.look_with(few, Some(&NOW)));
        if busy_poll.map_or(Ok(false), keeps)? {
            return Ok(());
        }
        self.wake_at(until)?;
        self.look_with(few, None).map(drop)
    }

    fn wake_at(&mut self, until: Option<Instant>) -> io::Result<()> {
        let Some(until) = until else { return Ok(()) };
        let now = Instant::now();
        // A crowd has a moment of its own for each; what is due at about the same time shares one.
        let until = until + GRAIN;
        // One that has expired may have been seen by a peek: it wakes nobody any more.
        if self.armed.is_none_or(|armed| until < armed || armed <= now) {
            self.arm(now, until)?;
        }
        Ok(())
    }

    /// What has happened by now, without waiting.
    ///
    /// # Errors
    /// As [`Self::wait`].
    pub(super) fn peek(&mut self) -> io::Result<()> {
        self.look(Some(&NOW)).map(drop)
    }

    /// The same with a few sockets that are not watched.
    ///
    /// # Errors
    /// As [`Self::wait`].
    pub(super) fn peek_with(&mut self, few: &Few<'_>) -> io::Result<()> {
        self.look_with(few, Some(&NOW)).map(drop)
    }

    /// Whether there was more than the last wait could take.
    pub(super) fn may_have_more(&self) -> bool {
        self.found.len() >= EVENTS
    }

    /// Takes one of the things that the last wait has found.
    pub(super) fn next(&mut self) -> Option<Ready> {
        self.found.pop()
    }

    /// Looks after a few sockets and all that is watched. Gives whether there was something, or may be.
    fn look_with(&mut self, few: &Few<'_>, timeout: Option<&Timespec>) -> io::Result<bool> {
        let (epoll, sockets) = (self.epoll.as_fd(), few.0.iter().flatten());
        let mut fds = iter::once(epoll).chain(sockets.clone().map(|(_, socket)| *socket));
        let mut asked: [_; MOST_FEW + 1] = array::from_fn(|_| {
            // The places behind the last socket are not asked for.
            PollFd::from_borrowed_fd(fds.next().unwrap_or(epoll), PollFlags::IN)
        });
        let asked = &mut asked[..=sockets.clone().count()];
        match poll(asked, timeout) {
            Ok(0) => return Ok(false),
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
        for (answer, (name, _)) in asked[1..].iter().zip(sockets) {
            let flags = answer.revents();
            if !flags.is_empty() {
                self.found.push(Ready {
                    name: *name,
                    error: flags.contains(PollFlags::ERR),
                });
            }
        }
        if !asked[0].revents().is_empty() {
            self.look(Some(&NOW))?;
        }
        Ok(true)
    }

    /// Looks after all that is watched. Gives whether there was something, or may be.
    fn look(&mut self, timeout: Option<&Timespec>) -> io::Result<bool> {
        let mut room = [MaybeUninit::uninit(); EVENTS];
        let events = match epoll::wait(&self.epoll, &mut room, timeout) {
            Ok((events, _)) => events,
            Err(Errno::INTR) => return Ok(true),
            Err(error) => return Err(error.into()),
        };
        let found = !events.is_empty();
        let ready = events.iter().map(|event| {
            let flags = event.flags; // copied: the kernel's form is packed
            Ready {
                name: event.data.u64(),
                error: flags.contains(EventFlags::ERR),
            }
        });
        self.found
            .extend(ready.filter(|ready| ready.name != NOBODY));
        Ok(found)
    }

    fn arm(&mut self, now: Instant, at: Instant) -> io::Result<()> {
        // Zero would disarm it.
        let wait = at.saturating_duration_since(now).max(SHORTEST);
        let value = Itimerspec {
            it_interval: Timespec::default(),
            it_value: wait.try_into().unwrap_or(FAR),
        };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &value)?;
        self.armed = Some(at);
        Ok(())
    }
}

/// Without waiting.
const NOW: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 0,
};
/// Nothing is late by more.
const GRAIN: Duration = Duration::from_micros(100);
/// The name of what only wakes.
const NOBODY: u64 = u64::MAX;
/// So many sockets are asked for one by one at the most.
pub(super) const MOST_FEW: usize = 4;
/// Events taken at a time.
const EVENTS: usize = 1024;
const SHORTEST: Duration = Duration::from_nanos(1);
/// For moments beyond what the kernel can count: it is set again then.
const FAR: Timespec = Timespec {
    tv_sec: 1 << 30,
    tv_nsec: 0,
};
