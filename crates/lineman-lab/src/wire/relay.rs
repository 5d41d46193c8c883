//! The loop that carries frames from one host to the other.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use lineman_trace::log::Endpoints;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::TcpState;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::SendFlags;

use crate::kernel::Sampler;
use crate::recorder::Recorder;
use crate::recorder::locked;

use super::Command;
use super::port::Buffer;
use super::segment::Segment;
use super::segment::family_of_udp;
use super::traffic::Parcel;
use super::traffic::Traffic;

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

pub(super) struct Relay {
    pub(super) ports: Ports,
    pub(super) traffic: Traffic,
    pub(super) recorder: Recorder,
    /// When the log began.
    pub(super) begun: Instant,
    /// The same in nanoseconds since 1970.
    pub(super) utc_ns: u64,
    pub(super) sampler: Arc<Mutex<Sampler>>,
    pub(super) swept: Instant,
    pub(super) gone: Vec<Host>,
}

impl Relay {
    /// Relays until the last sender of commands is gone.
    pub(super) fn run(mut self, waker: &OwnedFd, inbox: &mpsc::Receiver<Command>) {
        let mut buffer = Buffer::new();
        loop {
            self.wait(waker);
            // First: what was ordered before a packet was sent holds for the packet.
            loop {
                match inbox.try_recv() {
                    Ok(command) => self.traffic.obey(Instant::now(), command),
                    Err(mpsc::TryRecvError::Empty) => break,
                    Err(mpsc::TryRecvError::Disconnected) => return,
                }
            }
            for host in [Host::Client, Host::Server] {
                self.receive(host, &mut buffer);
            }
            while let Some(parcel) = self.traffic.due(Instant::now()) {
                // What its receiver has sent by now, it has sent without knowing of it.
                self.receive(parcel.from.other(), &mut buffer);
                self.deliver(&parcel);
            }
            self.sweep();
        }
    }

    fn wait(&self, waker: &OwnedFd) {
        let now = Instant::now();
        let sweep = self.swept + SWEEP;
        let until = self.traffic.next().map_or(sweep, |next| next.min(sweep));
        let time = until.saturating_duration_since(now).try_into().ok();
        let mut sources: Vec<_> = [Host::Client, Host::Server]
            .into_iter()
            .filter(|host| !self.gone.contains(host))
            .map(|host| self.ports.of(host))
            .chain([waker])
            .map(|fd| PollFd::new(fd, PollFlags::IN))
            .collect();
        let _ = rustix::event::poll(&mut sources, time.as_ref());
        let _ = rustix::io::read(waker, &mut [0; 8]);
    }

    /// States also change without packets, when a timer expires.
    fn sweep(&mut self) {
        if self.swept.elapsed() >= SWEEP {
            let mut sampler = locked(&self.sampler);
            sampler.sweep(Host::Client, None);
            sampler.sweep(Host::Server, None);
            self.swept = Instant::now();
        }
    }

    fn receive(&mut self, from: Host, buffer: &mut Buffer) {
        while !self.gone.contains(&from) {
            match buffer.receive(self.ports.of(from)) {
                Ok((frame, sent)) => self.enter(from, frame, sent),
                Err(nix::Error::EINTR) => {}
                Err(nix::Error::EAGAIN) => return,
                Err(error) => self.leave(from, error.into()),
            }
        }
    }

    /// Takes a frame that was sent then.
    fn enter(&mut self, from: Host, frame: &[u8], sent: Instant) {
        let sent_ns = sent.saturating_duration_since(self.begun).as_nanos();
        let sent_ns = u64::try_from(sent_ns).unwrap_or(u64::MAX);
        // What its sender did, it did before.
        let segment = Segment::of(frame);
        if let Some(segment) = &segment {
            let mut sampler = locked(&self.sampler);
            sampler.sent(from, sender(segment), segment, sent);
        }
        let stamp_ns = Some(self.utc_ns.saturating_add(sent_ns));
        self.traffic.enter(Instant::now(), from, frame, stamp_ns);
        if let Some(segment) = segment.filter(|segment| segment.counts) {
            locked(&self.sampler).tell_figures(from, sender(&segment));
        }
    }

    /// Hands the frame to the other host. The kernel is asked for both ends' states before, and for the receiver's after. The
    /// receiver's program runs on at once; the lock makes what it does be told after what the kernel says.
    fn deliver(&mut self, parcel: &Parcel) {
        let (to, frame) = (parcel.from.other(), parcel.frame());
        let sampler = Arc::clone(&self.sampler);
        let mut sampler = locked(&sampler);
        let segment = Segment::of(frame);
        if let Some(segment) = &segment {
            sampler.look(parcel.from, sender(segment), None);
            sampler.look(to, receiver(segment), None);
        }
        let was = |state, segment: &Segment| sampler.was(state, to, receiver(segment));
        let opens = |it: &Segment| it.asks || was(TcpState::SynReceived, it);
        let opens = segment.as_ref().is_some_and(opens);
        // Bytes end a connection whose program has closed: FIN-WAIT-2 does not tell which it is.
        let may_end = |it: &Segment| it.counts && was(TcpState::FinWait2, it);
        let may_end = segment.as_ref().is_some_and(may_end);
        let bytes = |it: &&Segment| it.counts && it.plain;
        let bytes = segment.as_ref().filter(bytes);
        let before = bytes.and_then(|it| sampler.before_bytes(to, receiver(it)));
        let datagram = family_of_udp(frame);
        if let Some(family) = datagram {
            sampler.receives(to, family);
        }
        let port = self.ports.of(to);
        let delivered = Instant::now();
        let send = || rustix::net::send(port, frame, SendFlags::empty()).map(drop);
        let event = match self.traffic.deliver(parcel, send) {
            Ok(event) => event,
            Err(error) => return self.undeliverable(parcel, error),
        };
        let changes = |segment: &Segment| !(segment.plain && sampler.steady(to, receiver(segment)));
        if let Some(segment) = segment.filter(changes) {
            sampler.settle(to, receiver(&segment), event);
            if segment.ends {
                sampler.ended(to, receiver(&segment));
            }
            if opens {
                sampler.asked(to, receiver(&segment), event);
            }
        } else if let Some(segment) = segment.filter(|_| may_end) {
            sampler.look(to, receiver(&segment), Some(event));
        }
        if let Some(segment) = segment {
            sampler.heard(to, receiver(&segment), &segment, delivered);
            if segment.counts {
                sampler.owes(to, receiver(&segment), delivered);
            }
            if let Some(before) = before {
                sampler.after_bytes(to, receiver(&segment), &before);
            }
            sampler.tell_figures(to, receiver(&segment));
        } else if let Some(family) = datagram {
            sampler.received(to, family, event);
        }
    }

    /// The host is gone, or a judge has made of it what no wire takes.
    fn undeliverable(&mut self, parcel: &Parcel, error: Errno) {
        self.traffic.lost(parcel);
        if matches!(error, Errno::NETDOWN | Errno::NXIO | Errno::NODEV) {
            self.leave(parcel.from.other(), error.into());
        }
    }

    fn leave(&mut self, host: Host, error: io::Error) {
        if !self.gone.contains(&host) {
            self.gone.push(host);
            let why = error.to_string();
            self.recorder.record(Kind::Left { host, why });
        }
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

/// How often all sockets are looked at: a state that a timer has ended is told before a person wonders, and an idle
/// lab costs five questions a second.
const SWEEP: Duration = Duration::from_millis(200);
