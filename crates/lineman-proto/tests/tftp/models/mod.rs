//! Clients of the field, written from their behaviour: what each sends, keeps, ignores and dies of.
//!
//! A [`Machine`] is the computer around a client: it has a receive ring, a processor that is busy with
//! something else now and then, and a clock.

mod lockstep;
mod windows;

use std::collections::VecDeque;
use std::time::Duration;

use lineman_proto::tftp::Failure;
use lineman_proto::tftp::Options;
use lineman_proto::tftp::Packet;
use lineman_proto::tftp::Rollover;

pub use self::lockstep::Lockstep;
pub use self::windows::Windows;

use crate::link::Link;
use crate::link::Random;
use crate::world::Outcome;

/// The program of a client.
pub trait Program {
    /// Its request.
    fn request(&self) -> Vec<u8>;
    /// The server has agreed to options.
    fn oack(&mut self, options: Options<'_>, say: &mut Say);
    /// A block, by its number on the wire.
    fn data(&mut self, wire: u16, payload: &[u8], say: &mut Say);
    /// Its timer has expired.
    fn timer(&mut self, say: &mut Say);
}

/// What a program does to the world.
pub struct Say {
    pub now: Duration,
    pub received: Vec<u8>,
    pub outcome: Outcome,
    /// Whether it ended because a block came that it did not expect.
    pub died: bool,
    timer: Option<Duration>,
    out: Vec<Vec<u8>>,
}

impl Say {
    pub fn ack(&mut self, block: u64) {
        let [high, low] = Rollover::ToZero.wire(block).to_be_bytes();
        self.out.push(vec![0, 4, high, low]);
    }

    pub fn packet(&mut self, packet: Vec<u8>) {
        self.out.push(packet);
    }

    /// Its timer expires after so long.
    pub fn wait(&mut self, timeout: Duration) {
        self.timer = Some(self.now + timeout);
    }

    pub fn finish(&mut self) {
        self.timer = None;
        self.outcome = Outcome::Finished { confirmed: true };
    }

    pub fn give_up(&mut self, block: u64) {
        self.timer = None;
        self.outcome = Outcome::Failed(Failure::Silent { block });
    }

    /// It ends because of a block that it did not expect.
    pub fn die(&mut self, block: u64) {
        self.died = true;
        self.give_up(block);
        self.out.push(b"\0\x05\0\x04Illegal operation\0".to_vec());
    }
}

/// A client and the computer that it runs on.
pub struct Machine {
    pub say: Say,
    /// Packets that came while the ring was full.
    pub overruns: u64,
    program: Box<dyn Program>,
    hardware: Hardware,
    random: Random,
    ring: VecDeque<Vec<u8>>,
    ready_at: Option<Duration>,
    /// Until then the processor is not taken from it: it has just waited for it.
    favoured_until: Duration,
}

/// What it runs on.
#[derive(Clone, Debug)]
pub struct Hardware {
    /// Packets that wait until the program gets to them; what comes when it is full is lost.
    pub ring: usize,
    /// How long the program takes over one packet.
    pub handling: Duration,
    /// Of a thousand packets so many find the processor busy with something else…
    pub stalls: u32,
    /// … for up to this long.
    pub longest_stall: Duration,
    pub seed: u64,
}

impl Machine {
    pub fn new(program: Box<dyn Program>, hardware: Hardware) -> Self {
        let request = program.request();
        Self {
            say: Say {
                now: Duration::ZERO,
                received: Vec::new(),
                outcome: Outcome::Running,
                died: false,
                timer: Some(Duration::from_secs(1)),
                out: vec![request],
            },
            overruns: 0,
            program,
            random: Random(hardware.seed),
            hardware,
            ring: VecDeque::new(),
            ready_at: None,
            favoured_until: Duration::ZERO,
        }
    }

    /// When [`Self::work`] has something to do.
    pub fn due(&self) -> Option<Duration> {
        [self.ready_at, self.say.timer].into_iter().flatten().min()
    }

    /// A packet arrives.
    pub fn take(&mut self, now: Duration, packet: &[u8]) {
        if self.say.outcome != Outcome::Running {
            return; // nobody listens at this port any more
        }
        if self.ring.len() >= self.hardware.ring {
            self.overruns += 1;
            return;
        }
        self.ring.push_back(packet.to_vec());
        if self.ready_at.is_none() {
            self.ready_at = Some(self.ready(now));
        }
    }

    /// Does what is due.
    pub fn work(&mut self, now: Duration) {
        self.say.now = now;
        if self.ready_at.is_some_and(|at| at <= now) {
            if let Some(packet) = self.ring.pop_front() {
                self.handle(&packet);
            }
            self.ready_at = match self.ring.is_empty() {
                true => None,
                false => Some(self.ready(now)),
            };
        }
        // A program that is busy does not look at its clock, and looks at its packets first.
        if self.ready_at.is_none() && self.say.timer.take_if(|at| *at <= now).is_some() {
            self.program.timer(&mut self.say);
        }
        if self.ready_at.is_some() && self.say.timer.is_some_and(|at| at <= now) {
            self.say.timer = self.ready_at;
        }
    }

    /// Sends what it has to say.
    pub fn send_all(&mut self, now: Duration, link: &mut Link) {
        for packet in self.say.out.drain(..) {
            link.send(now, &packet);
        }
    }

    fn handle(&mut self, packet: &[u8]) {
        if self.say.outcome != Outcome::Running {
            return;
        }
        match Packet::parse(packet) {
            Ok(Packet::Oack(options)) => self.program.oack(options, &mut self.say),
            Ok(Packet::Data { block, payload }) => {
                self.program.data(block, payload, &mut self.say);
            }
            Ok(Packet::Error { code, message }) => {
                self.say.timer = None;
                self.say.outcome = Outcome::Failed(Failure::PeerError {
                    code,
                    message: message.to_vec(),
                    block: 0,
                });
            }
            _ => {}
        }
    }

    /// When the program is through with the next packet.
    fn ready(&mut self, now: Duration) -> Duration {
        let ready = now + self.hardware.handling;
        let stalls = self.random.below(1000) < self.hardware.stalls;
        if !stalls || now < self.favoured_until {
            return ready;
        }
        let longest = self.hardware.longest_stall.as_micros() as u32 + 1;
        let ready = ready + Duration::from_micros(self.random.below(longest).into());
        self.favoured_until = ready + FAVOURED;
        ready
    }
}

/// Longer than any window takes.
const FAVOURED: Duration = Duration::from_millis(100);

/// A request to read `file` with these options.
fn read_request(options: &[(&str, u64)]) -> Vec<u8> {
    let mut request = b"\0\x01file\0octet\0".to_vec();
    for (name, value) in options {
        request.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
    }
    request
}

/// The number of the block that `wire` means, near the one expected.
fn unwrapped(wire: u16, expected: u64) -> u64 {
    let near = Rollover::ToZero.index(wire, expected);
    near.expect("every number is a block's")
}
