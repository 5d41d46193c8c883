//! One thread of the generator: the transfers of its clients, one epoll, one heap of timers.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::event::epoll::CreateFlags;
use rustix::event::epoll::EventData;
use rustix::event::epoll::EventFlags;
use rustix::time::ClockId;
use rustix::time::clock_gettime;

use super::FailureKind;
use super::LoadOptions;
use super::Reference;
use super::Tally;
use super::client::Transfer;
use super::outcome::File;
use super::outcome::Outcome;
use super::slots::Name;
use super::slots::Slots;
use crate::tftp::inbox::Inbox;
use crate::tftp::timers::Timers;

/// What all threads share.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    pub(super) options: &'a LoadOptions,
    pub(super) reference: &'a Reference,
    pub(super) begin: Instant,
    /// Transfers that may still begin.
    pub(super) left: AtomicU64,
    pub(super) stop: &'a AtomicBool,
}

/// One thread.
#[derive(Debug)]
pub(super) struct Worker<'a> {
    shared: &'a Shared<'a>,
    epoll: OwnedFd,
    slots: Slots,
    timers: Timers<Due>,
    inbox: Inbox,
    tally: Tally,
    /// Transfers that have not ended; others stay in their places until the server has heard it.
    running: usize,
    /// Starts among the timers; time-outs of transfers that are gone stay there until they are due.
    starts: usize,
    /// How many transfers each client has begun.
    begun: Vec<u64>,
}

/// What is due at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Start { client: usize },
    Timeout(Name),
}

impl<'a> Worker<'a> {
    /// A thread's worker for the clients `first`, `first + step` and so on.
    pub(super) fn new(shared: &'a Shared<'a>, first: usize, step: usize) -> io::Result<Self> {
        let options = shared.options;
        let mut timers = Timers::default();
        let mut starts = 0;
        for client in (first..options.clients).step_by(step) {
            let share = client as f64 / options.clients.max(1) as f64;
            let at = shared.begin + options.ramp.mul_f64(share);
            timers.set(at, Due::Start { client });
            starts += 1;
        }
        Ok(Self {
            shared,
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            slots: Slots::default(),
            starts,
            timers,
            inbox: Inbox::default(),
            tally: Tally::default(),
            running: 0,
            begun: vec![0; options.clients],
        })
    }

    /// Works until the load is over.
    pub(super) fn run(mut self) -> io::Result<Tally> {
        let cpu = thread_time();
        let end = self.shared.options.duration.map(|d| self.shared.begin + d);
        let mut events = Vec::with_capacity(EVENTS);
        loop {
            let now = Instant::now();
            let is_over = end.is_some_and(|end| now >= end);
            if is_over || self.shared.stop.load(Ordering::Relaxed) {
                self.stop();
                break;
            }
            self.fire(now);
            if self.slots.is_empty() && self.starts == 0 {
                break;
            }
            self.wait(now, end, &mut events)?;
            let now = Instant::now();
            for event in events.drain(..) {
                self.receive(now, event.data.u64() as usize);
            }
        }
        self.tally.cpu = thread_time().saturating_sub(cpu);
        Ok(self.tally)
    }

    /// Waits for a packet, or for the next thing that is due.
    fn wait(
        &self,
        now: Instant,
        end: Option<Instant>,
        events: &mut Vec<epoll::Event>,
    ) -> io::Result<()> {
        let until = self.timers.next().into_iter().chain(end).min();
        let wait = until.map_or(LONGEST_WAIT, |at| at.saturating_duration_since(now));
        let wait = wait.min(LONGEST_WAIT).try_into().unwrap_or_default();
        match epoll::wait(&self.epoll, spare_capacity(events), Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Everything that is due by `now`.
    fn fire(&mut self, now: Instant) {
        while let Some((at, due)) = self.timers.pop(now) {
            match due {
                Due::Start { client } => {
                    self.starts -= 1;
                    self.start(client);
                }
                Due::Timeout(name) => self.time_out(now, at, name),
            }
        }
    }

    fn time_out(&mut self, now: Instant, at: Instant, name: Name) {
        if let Some(transfer) = self.slots.named(name)
            && transfer.timer_at == Some(at)
        {
            transfer.timer_at = None;
            if transfer.deadline().is_some_and(|deadline| deadline <= now) {
                transfer.handle_timeout(now, &mut self.tally);
            }
            self.settle(name.slot);
        }
    }

    /// Begins a client's next transfer, if there is to be one.
    fn start(&mut self, client: usize) {
        let take = |left: u64| left.checked_sub(1);
        let left = &self.shared.left;
        if left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_err()
        {
            return;
        }
        self.begun[client] += 1;
        let options = self.shared.options;
        let dice = options.loss.dice(client as u64, self.begun[client]);
        let file = File::expected(options, self.shared.reference);
        let begun =
            Transfer::begin(options, client, dice, file).and_then(|transfer| self.place(transfer));
        match begun {
            Ok(slot) => {
                if let Some((transfer, _)) = self.slots.get(slot) {
                    transfer.drain(Instant::now(), &[], &mut self.tally);
                }
                self.settle(slot);
            }
            Err(_) => {
                self.tally.fail(FailureKind::System);
                self.start_after(PAUSE, client);
            }
        }
    }

    fn place(&mut self, transfer: Transfer) -> io::Result<usize> {
        let epoll = &self.epoll;
        let slot = self.slots.put(transfer, |transfer, slot| {
            let data = EventData::new_u64(slot as u64);
            Ok(epoll::add(epoll, &transfer.socket, data, EventFlags::IN)?)
        })?;
        self.running += 1;
        Ok(slot)
    }

    fn start_after(&mut self, pause: Duration, client: usize) {
        let at = Instant::now() + pause;
        self.starts += 1;
        self.timers.set(at, Due::Start { client });
    }

    /// Takes what has arrived for a transfer: a window at the most, then others have their turn.
    fn receive(&mut self, now: Instant, slot: usize) {
        let Some((transfer, _)) = self.slots.get(slot) else {
            return;
        };
        let mut taken = 0;
        while taken < transfer.burst() {
            let received = match transfer.takes_bursts {
                true => self.inbox.receive(&transfer.socket),
                false => self.inbox.receive_one(&transfer.socket),
            };
            match received {
                Ok(Some(arrival)) => {
                    for datagram in arrival.datagrams() {
                        taken += 1;
                        transfer.handle_packet(now, arrival.from, datagram, &mut self.tally);
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    transfer.handle_error(error);
                    break;
                }
            }
        }
        self.settle(slot);
    }

    /// After anything has happened to a transfer: has it ended, is it gone, when is it due?
    fn settle(&mut self, slot: usize) {
        let Some((transfer, name)) = self.slots.get(slot) else {
            return;
        };
        let client = transfer.client;
        let outcome = transfer.outcome();
        match transfer.deadline() {
            Some(at) if transfer.timer_at.is_none_or(|timer| at < timer) => {
                transfer.timer_at = Some(at);
                self.timers.set(at, Due::Timeout(name));
            }
            Some(_) => {}
            None => {
                transfer.settle(&mut self.tally);
                self.slots.remove(slot);
            }
        }
        if let Some(outcome) = outcome {
            self.ended(client, &outcome);
        }
    }

    fn ended(&mut self, client: usize, outcome: &Outcome) {
        self.running -= 1;
        self.tally.last_end = self.shared.begin.elapsed();
        if let Some(first_byte) = outcome.first_byte {
            self.tally.first_byte.record(first_byte);
        }
        match &outcome.result {
            Ok(()) => {
                self.tally.done += 1;
                self.tally.completion.record(outcome.elapsed);
                self.start_after(Duration::ZERO, client);
            }
            // A server that refuses does so at once: not to drown in refusals, a pause.
            Err((kind, _)) => {
                self.tally.fail(*kind);
                self.start_after(PAUSE, client);
            }
        }
    }

    /// The load is over: what still runs is told so, and counted as unfinished.
    fn stop(&mut self) {
        self.tally.last_end = self.shared.begin.elapsed();
        self.tally.unfinished = self.running as u64;
        for transfer in self.slots.iter_mut() {
            transfer.stop(&mut self.tally);
            transfer.settle(&mut self.tally);
        }
    }
}

/// How much processor this thread has used.
fn thread_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime)
        .try_into()
        .unwrap_or_default()
}

/// Events taken at a time.
const EVENTS: usize = 256;
/// How soon a word from outside is heard.
const LONGEST_WAIT: Duration = Duration::from_millis(50);
/// A client's pause after a failure.
const PAUSE: Duration = Duration::from_millis(100);
