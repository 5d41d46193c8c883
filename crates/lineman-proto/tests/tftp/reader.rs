//! A client that is not ours: it reads a file with the habits of some boot program.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::time::Duration;

use lineman_proto::tftp::Failure;
use lineman_proto::tftp::Options;
use lineman_proto::tftp::Packet;
use lineman_proto::tftp::Rollover;
use serde::Deserialize;

use crate::link::Link;
use crate::world::Outcome;

/// What it does that the RFCs leave open, or forbid.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Habits {
    pub early: Early,
    /// Packets that it can hold until it gets to them; what comes then is lost.
    pub ring: usize,
    /// How long it takes over one packet.
    pub handling_us: u64,
    /// After so long it repeats its last ACK by itself.
    pub timeout_ms: u64,
    /// It asks for `msftwindow`, and this is the fifth byte of its ACKs, one after the other.
    pub windows: Vec<u8>,
    /// It says nothing about blocks behind this one.
    pub stops_at: Option<u64>,
    /// In place of the last ACK it sends ERROR 0.
    pub closes: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            early: Early::Drop,
            ring: 64,
            handling_us: 10,
            timeout_ms: 5000,
            windows: Vec::new(),
            stops_at: None,
            closes: false,
        }
    }
}

/// What becomes of a block that comes before its turn.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Early {
    /// Kept, and every packet is answered with what is there in order (iPXE).
    Store,
    /// Thrown away in silence (GRUB).
    Drop,
    /// Thrown away; the first of a gap is answered (U-Boot).
    NackOnce,
    /// Thrown away; each is answered (EDK2).
    AckEach,
}

pub struct Reader {
    pub habits: Habits,
    pub received: Vec<u8>,
    pub outcome: Outcome,
    request: Vec<u8>,
    ring: VecDeque<Vec<u8>>,
    ready_at: Option<Duration>,
    timer: Option<Duration>,
    repeats: u32,
    blksize: usize,
    window: u16,
    in_window: u16,
    expected: u64,
    stored: BTreeMap<u64, Vec<u8>>,
    nacked: Option<u64>,
    acks: usize,
    out: Vec<Vec<u8>>,
}

impl Reader {
    pub fn new(habits: Habits, blksize: Option<u16>, windowsize: Option<u16>) -> Self {
        let mut request = b"\0\x01file\0octet\0".to_vec();
        let variable = (!habits.windows.is_empty()).then_some(31416);
        for (name, value) in [
            ("blksize", blksize),
            ("windowsize", windowsize),
            ("msftwindow", variable),
        ] {
            if let Some(value) = value {
                request.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
            }
        }
        Self {
            habits,
            received: Vec::new(),
            outcome: Outcome::Running,
            out: vec![request.clone()],
            request,
            ring: VecDeque::new(),
            ready_at: None,
            timer: Some(Duration::from_secs(1)),
            repeats: 0,
            blksize: 512,
            window: 1,
            in_window: 0,
            expected: 1,
            stored: BTreeMap::new(),
            nacked: None,
            acks: 0,
        }
    }

    /// When [`Self::work`] has something to do.
    pub fn due(&self) -> Option<Duration> {
        [self.ready_at, self.timer].into_iter().flatten().min()
    }

    /// A packet arrives.
    pub fn take(&mut self, now: Duration, packet: &[u8]) {
        let ready = now + self.handling();
        if self.ring.len() < self.habits.ring {
            self.ring.push_back(packet.to_vec());
            self.ready_at.get_or_insert(ready);
        }
    }

    /// Does what is due.
    pub fn work(&mut self, now: Duration) {
        if self.ready_at.is_some_and(|at| at <= now) {
            if let Some(packet) = self.ring.pop_front() {
                self.handle(now, &packet);
            }
            self.ready_at = (!self.ring.is_empty()).then(|| now + self.handling());
        }
        if self.timer.is_some_and(|at| at <= now) {
            self.repeat(now);
        }
    }

    /// Sends what it has to say.
    pub fn send_all(&mut self, now: Duration, link: &mut Link) {
        for packet in self.out.drain(..) {
            link.send(now, &packet);
        }
    }

    fn handling(&self) -> Duration {
        Duration::from_micros(self.habits.handling_us)
    }

    fn repeat(&mut self, now: Duration) {
        self.repeats += 1;
        self.timer = Some(now + Duration::from_millis(self.habits.timeout_ms));
        if self.outcome != Outcome::Running {
            self.timer = None;
        } else if self.repeats > 10 {
            self.timer = None;
            let block = self.expected;
            self.outcome = Outcome::Failed(Failure::Silent { block });
        } else if self.expected == 1 && self.acks == 0 {
            self.out.push(self.request.clone());
        } else {
            self.ack(self.expected - 1);
        }
    }

    fn handle(&mut self, now: Duration, packet: &[u8]) {
        match Packet::parse(packet) {
            Ok(Packet::Oack(options)) => self.open(options),
            Ok(Packet::Data { block, payload }) => {
                let near = Rollover::ToZero.index(block, self.expected);
                self.data(now, near.expect("every number is a block's"), payload);
            }
            Ok(Packet::Error { code, message }) => {
                self.outcome = Outcome::Failed(Failure::PeerError {
                    code,
                    message: message.to_vec(),
                    block: self.expected,
                });
            }
            _ => {}
        }
    }

    fn open(&mut self, options: Options<'_>) {
        let number = |name| options.number(name).map(|value| value as u16);
        self.blksize = number("blksize").unwrap_or(512).into();
        self.window = number("windowsize").unwrap_or(1);
        if number("msftwindow") != Some(27182) {
            self.habits.windows.clear();
        }
        self.ack(0);
    }

    fn data(&mut self, now: Duration, block: u64, payload: &[u8]) {
        if self.habits.stops_at.is_some_and(|last| block > last) {
            return;
        }
        self.timer = Some(now + Duration::from_millis(self.habits.timeout_ms));
        match self.habits.early {
            _ if block == self.expected => self.accept(payload),
            Early::Store => {
                if block > self.expected {
                    self.stored.insert(block, payload.to_vec());
                }
                self.ack(self.expected - 1);
            }
            Early::Drop if block < self.expected => self.ack(block),
            Early::Drop => {}
            Early::NackOnce if self.nacked == Some(self.expected) => {}
            Early::NackOnce | Early::AckEach => {
                self.nacked = Some(self.expected);
                self.in_window = 0;
                self.ack(self.expected - 1);
            }
        }
    }

    fn accept(&mut self, payload: &[u8]) {
        self.repeats = 0;
        let mut payload = payload.to_vec();
        let is_last = loop {
            self.received.extend_from_slice(&payload);
            self.expected += 1;
            if payload.len() < self.blksize {
                break true;
            }
            let Some(next) = self.stored.remove(&self.expected) else {
                break false;
            };
            payload = next;
        };
        self.in_window += 1;
        if is_last {
            self.outcome = Outcome::Finished { confirmed: true };
        }
        if is_last && self.habits.closes {
            self.out.push(b"\0\x05\0\0closed\0".to_vec());
        } else if is_last || self.in_window >= self.window {
            self.in_window = 0;
            self.ack(self.expected - 1);
        }
    }

    fn ack(&mut self, block: u64) {
        let [high, low] = Rollover::ToZero.wire(block).to_be_bytes();
        let mut ack = vec![0, 4, high, low];
        if let Some(&window) = self
            .habits
            .windows
            .get(self.acks % self.habits.windows.len().max(1))
        {
            ack.push(window);
            self.window = window.max(1).into();
        }
        self.acks += 1;
        self.out.push(ack);
    }
}
