//! The loop that carries frames from one host to the other.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::RecvFlags;
use rustix::net::SendFlags;

use crate::kernel::Sampler;
use crate::log::Endpoints;
use crate::log::Fault;
use crate::log::Host;
use crate::log::Kind;
use crate::log::Packet;
use crate::log::Verdict;
use crate::recorder::Recorder;
use crate::recorder::locked;

use super::Command;
use super::agenda::Agenda;
use super::judge::Arrival;
use super::judge::Fate;
use super::judge::Judge;
use super::judge::Judgement;
use super::repeat::repeats;
use super::segment::Segment;

/// The sockets at the middle's ends of the two cables.
#[derive(Debug)]
pub(crate) struct Ports {
    pub(super) client: OwnedFd,
    pub(super) server: OwnedFd,
}

impl Ports {
    fn of(&self, host: Host) -> &OwnedFd {
        match host {
            Host::Client => &self.client,
            Host::Server => &self.server,
        }
    }
}

/// A packet on the wire.
#[derive(Clone)]
struct Parcel {
    id: u64,
    from: Host,
    sent: Vec<u8>,
    /// What arrives, if not what was sent.
    altered: Option<Vec<u8>>,
    /// How often its sender has sent it again while it was held.
    repeats: u32,
}

pub(super) struct Relay {
    ports: Ports,
    delay: Duration,
    judge: Box<dyn Judge>,
    recorder: Recorder,
    sampler: Arc<Mutex<Sampler>>,
    agenda: Agenda<Parcel>,
    held: BTreeMap<u64, Parcel>,
    stepping: bool,
    packets: u64,
    swept: Instant,
    gone: Vec<Host>,
}

impl Relay {
    pub(super) fn new(
        ports: Ports,
        delay: Duration,
        judge: Box<dyn Judge>,
        recorder: Recorder,
        sampler: Arc<Mutex<Sampler>>,
    ) -> Self {
        Self {
            ports,
            delay,
            judge,
            recorder,
            sampler,
            agenda: Agenda::new(),
            held: BTreeMap::new(),
            stepping: false,
            packets: 0,
            swept: Instant::now(),
            gone: Vec::new(),
        }
    }

    /// Relays until nobody can send commands any more.
    pub(super) fn run(mut self, bell: &OwnedFd, inbox: &mpsc::Receiver<Command>) {
        let mut buffer = vec![0; LARGEST_FRAME];
        loop {
            self.wait(bell);
            // First: what was ordered before a packet was sent holds for the packet.
            loop {
                match inbox.try_recv() {
                    Ok(command) => self.obey(command),
                    Err(mpsc::TryRecvError::Empty) => break,
                    Err(mpsc::TryRecvError::Disconnected) => return,
                }
            }
            for host in [Host::Client, Host::Server] {
                self.receive(host, &mut buffer);
            }
            while let Some(parcel) = self.agenda.due(Instant::now()) {
                self.deliver(&parcel);
            }
            self.sweep();
        }
    }

    fn wait(&self, bell: &OwnedFd) {
        let now = Instant::now();
        let sweep = self.swept + SWEEP;
        let until = self.agenda.next().map_or(sweep, |next| next.min(sweep));
        let time = until.saturating_duration_since(now).try_into().ok();
        let mut sources: Vec<_> = [Host::Client, Host::Server]
            .into_iter()
            .filter(|host| !self.gone.contains(host))
            .map(|host| self.ports.of(host))
            .chain([bell])
            .map(|fd| PollFd::new(fd, PollFlags::IN))
            .collect();
        let _ = rustix::event::poll(&mut sources, time.as_ref());
        let _ = rustix::io::read(bell, &mut [0; 8]);
    }

    /// States also change without packets, when a clock runs out.
    fn sweep(&mut self) {
        if self.swept.elapsed() >= SWEEP {
            let mut sampler = locked(&self.sampler);
            sampler.sweep(Host::Client, None);
            sampler.sweep(Host::Server, None);
            self.swept = Instant::now();
        }
    }

    fn receive(&mut self, from: Host, buffer: &mut [u8]) {
        while !self.gone.contains(&from) {
            match rustix::net::recv(self.ports.of(from), &mut *buffer, RecvFlags::empty()) {
                Ok((len, _)) => self.enter(from, &buffer[..len]),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(error) => self.leave(from, error),
            }
        }
    }

    fn leave(&mut self, host: Host, error: Errno) {
        if !self.gone.contains(&host) {
            self.gone.push(host);
            let why = error.to_string();
            self.recorder.record(Kind::Left { host, why });
        }
    }

    fn enter(&mut self, from: Host, frame: &[u8]) {
        // What its sender did, it did before.
        if let Some(segment) = Segment::of(frame) {
            let mut sampler = locked(&self.sampler);
            match segment.counts {
                true => sampler.sent(from, sender(&segment)),
                false => sampler.look(from, sender(&segment), None),
            }
        }
        if self.swallow(from, frame) {
            return;
        }
        let parcel = Parcel {
            id: self.number(),
            from,
            sent: frame.to_vec(),
            altered: None,
            repeats: 0,
        };
        self.tell(&parcel, Verdict::Sent, Some(&parcel.sent));
        let arrival = Arrival {
            id: parcel.id,
            from,
            frame,
        };
        let judgement = self.judge.judge(&arrival);
        self.carry_out(judgement, parcel);
    }

    /// Whether it is held already; then it is counted.
    fn swallow(&mut self, from: Host, frame: &[u8]) -> bool {
        let same = |parcel: &&mut Parcel| parcel.from == from && repeats(&parcel.sent, frame);
        let Some(parcel) = self.held.values_mut().find(same) else {
            return false;
        };
        parcel.repeats += 1;
        let times = parcel.repeats;
        let parcel = parcel.clone();
        self.tell(&parcel, Verdict::Repeated { times }, None);
        true
    }

    fn number(&mut self) -> u64 {
        self.packets += 1;
        self.packets
    }

    fn carry_out(&mut self, judgement: Judgement, mut parcel: Parcel) {
        for rule in judgement.rules {
            let packet = parcel.id;
            self.recorder.record(Kind::Fault(Fault { packet, rule }));
        }
        parcel.altered = judgement.altered;
        match judgement.fate {
            Fate::Drop => self.drop(&parcel),
            Fate::Deliver if !self.stepping => {
                let copies: Vec<_> = (0..judgement.copies).map(|_| self.copy(&parcel)).collect();
                self.send_off(parcel, judgement.delay);
                for copy in copies {
                    self.send_off(copy, judgement.delay);
                }
            }
            Fate::Deliver | Fate::Hold => {
                self.tell(&parcel, Verdict::Held, None);
                self.held.insert(parcel.id, parcel);
            }
        }
    }

    fn copy(&mut self, parcel: &Parcel) -> Parcel {
        let copy = self.number();
        self.tell(parcel, Verdict::Duplicated { copy }, None);
        Parcel {
            id: copy,
            ..parcel.clone()
        }
    }

    fn drop(&self, parcel: &Parcel) {
        self.tell(parcel, Verdict::Dropped, None);
    }

    /// Puts it on its way; a delay beyond the wire's own is told.
    fn send_off(&mut self, parcel: Parcel, delay: Duration) {
        if delay > Duration::ZERO {
            self.tell(&parcel, Verdict::Held, None);
        }
        let at = Instant::now() + self.delay + delay.min(LONGEST_DELAY);
        self.agenda.add(at, parcel);
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Step => self.stepping = true,
            Command::Run => {
                self.stepping = false;
                for (_, parcel) in std::mem::take(&mut self.held) {
                    self.send_off(parcel, Duration::ZERO);
                }
            }
            Command::Faults(faults) => self.judge = faults.judge(),
            Command::Deliver(id)
            | Command::Drop(id)
            | Command::Duplicate(id)
            | Command::Delay(id, _) => {
                if let Some(parcel) = self.held.remove(&id) {
                    self.release(parcel, command);
                }
            }
        }
    }

    fn release(&mut self, parcel: Parcel, command: Command) {
        if !matches!(command, Command::Deliver(_)) {
            let (packet, rule) = (parcel.id, String::new());
            self.recorder.record(Kind::Fault(Fault { packet, rule }));
        }
        match command {
            Command::Drop(_) => self.drop(&parcel),
            Command::Delay(_, delay) => self.send_off(parcel, delay),
            Command::Duplicate(_) => {
                let copy = self.copy(&parcel);
                self.send_off(parcel, Duration::ZERO);
                self.send_off(copy, Duration::ZERO);
            }
            _ => self.send_off(parcel, Duration::ZERO),
        }
    }

    /// Hands it to the other host, and asks both ends before and the receiver after. The receiver's
    /// program runs on at once; the lock has what it tells come after what the kernel says.
    fn deliver(&mut self, parcel: &Parcel) {
        let to = parcel.from.other();
        let frame = parcel.altered.as_ref().unwrap_or(&parcel.sent);
        let sampler = Arc::clone(&self.sampler);
        let mut sampler = locked(&sampler);
        let segment = Segment::of(frame);
        if let Some(segment) = &segment {
            sampler.look(parcel.from, sender(segment), None);
            sampler.look(to, receiver(segment), None);
        }
        let event = self.tell(parcel, Verdict::Delivered, parcel.altered.as_deref());
        if let Err(error) = rustix::net::send(self.ports.of(to), frame, SendFlags::empty()) {
            return self.undeliverable(to, error);
        }
        let changes = |segment: &Segment| !(segment.plain && sampler.steady(to, receiver(segment)));
        if let Some(segment) = segment.filter(changes) {
            sampler.settle(to, receiver(&segment), event);
        }
    }

    fn undeliverable(&mut self, to: Host, error: Errno) {
        if matches!(error, Errno::NETDOWN | Errno::NXIO | Errno::NODEV) {
            self.leave(to, error);
        }
    }

    fn tell(&self, parcel: &Parcel, verdict: Verdict, bytes: Option<&[u8]>) -> u64 {
        self.recorder.record(Kind::Packet(Packet {
            id: parcel.id,
            from: parcel.from,
            verdict,
            bytes: bytes.map(<[u8]>::to_vec),
        }))
    }
}

fn sender(segment: &Segment) -> Endpoints {
    Endpoints {
        local: segment.source,
        remote: Some(segment.destination),
    }
}

fn receiver(segment: &Segment) -> Endpoints {
    Endpoints {
        local: segment.destination,
        remote: Some(segment.source),
    }
}

/// More than an Ethernet frame can have.
const LARGEST_FRAME: usize = 64 << 10;
/// How often all sockets are looked at.
const SWEEP: Duration = Duration::from_millis(200);
/// Beyond it no lesson is left.
const LONGEST_DELAY: Duration = Duration::from_secs(3600);
