//! A whole session of any kind against any packets, from the peer and from strangers, with time
//! that passes: it never panics, never sends more than a window for one cause, is never mute, delivers blocks in
//! their order and no others, and ends.
#![no_main]

use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use lineman_proto::tftp::ClientConfig;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::ErrorCode;
use lineman_proto::tftp::Event;
use lineman_proto::tftp::FlightChange;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Options;
use lineman_proto::tftp::Payload;
use lineman_proto::tftp::Policy;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::Timing;
use lineman_proto::tftp::Wish;
use lineman_proto::tftp::answer;

fuzz_target!(|bytes: &[u8]| {
    let Some((head, script)) = bytes.split_first_chunk::<4>() else {
        return;
    };
    let mut world = World::new(*head);
    world.drain(&[]);
    let mut script = Script(script);
    while let Some(step) = script.byte() {
        world.step(step, &mut script);
    }
    world.run_out();
});

struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

struct World {
    session: Session,
    now: Instant,
    /// The source's length, which a sender may have to find out.
    length: u64,
    rollover: Rollover,
    /// The block behind the last one sent, and the first that is not acknowledged.
    high: u64,
    base: u64,
    /// Blocks that were delivered.
    delivered: u64,
    refuses: bool,
    ended: bool,
    patience: Duration,
    /// Time without a permit is added to its patience.
    is_metered: bool,
    /// Bytes of the last flight that was asked for.
    asked: u64,
}

const WINDOW: u16 = 16;
/// A window may leave block by block, with pauses, for each of the time-outs of 17 minutes.
const MOST_DEADLINES: usize = 6000;

impl World {
    fn new([kind, wished, length, bits]: [u8; 4]) -> Self {
        let (now, length) = (
            Instant::now(),
            u64::from(length) * 17 + u64::from(bits & 0xf0 == 0xf0) * 65_536 * 512,
        );
        let mut rollover = if bits & 1 == 0 {
            Rollover::ToZero
        } else {
            Rollover::ToOne
        };
        let known = (bits & 2 != 0).then_some(length);
        let timing = Timing {
            patience: Duration::from_secs(20),
            dally: Duration::from_millis(250),
            unconfirmed_resends: (kind & 2 != 0).then_some(1),
        };
        let direction = if kind & 1 == 0 {
            Direction::Read
        } else {
            Direction::Write
        };
        let timeout = (wished & 8 != 0).then_some(wished);
        let session = if kind & 2 == 0 {
            let config = ClientConfig {
                direction,
                filename: b"name".to_vec(),
                mode: Mode::Octet,
                wish: Wish {
                    blksize: (wished & 1 != 0).then_some(8),
                    windowsize: (wished & 2 != 0).then_some(WINDOW),
                    timeout,
                    tsize: (wished & 4 != 0).then_some(0),
                },
                rollover,
                timing,
                length: known,
            };
            Session::client(now, peer(), config)
        } else {
            let policy = Policy {
                max_blksize: 65464,
                max_windowsize: WINDOW,
                max_window_bytes: 1 << 20,
            };
            let mut fields = Vec::new();
            for (bit, field) in [
                (1, "blksize\x008\0".to_owned()),
                (2, "windowsize\x00999\0".to_owned()),
                (4, "tsize\x000\0".to_owned()),
                (8, format!("timeout\0{wished}\0")),
                (16, "msftwindow\x0031416\0".to_owned()),
                (32, format!("rollover\0{}\0", wished & 1)),
            ] {
                if wished & bit != 0 {
                    fields.extend_from_slice(field.as_bytes());
                }
            }
            if wished & 32 != 0 {
                rollover = match wished & 1 {
                    0 => Rollover::ToZero,
                    _ => Rollover::ToOne,
                };
            }
            let offer = answer(direction, Options::new(&fields), &policy, known);
            match direction {
                Direction::Read if bits & 8 != 0 => {
                    Session::serve_read(now, peer(), offer, rollover, timing, known).pipelined()
                }
                Direction::Read => Session::serve_read(now, peer(), offer, rollover, timing, known),
                Direction::Write => Session::serve_write(now, peer(), offer, rollover, timing),
            }
        };
        let session = match kind & 4 {
            0 => session,
            _ => session.metered(kind),
        };
        let mut world = Self {
            session,
            now,
            length,
            rollover,
            high: 1,
            base: 1,
            delivered: 0,
            refuses: bits & 4 != 0,
            ended: false,
            patience: Duration::from_secs(20).max(Duration::from_secs(5 * u64::from(wished))),
            is_metered: kind & 6 == 6,
            asked: 0,
        };
        if bits & 0xf0 == 0xf0 {
            world.go_to_the_wrap();
        }
        world
    }

    /// A sender's peer behaves until block 65535 is near.
    fn go_to_the_wrap(&mut self) {
        self.drain(&[]);
        self.packet(peer(), &[0, 4, 0, 0]);
        for _ in 0..65_500 {
            if self.high == 1 || self.high > 65_500 {
                return;
            }
            self.ack(self.high - 1);
        }
    }

    fn ack(&mut self, block: u64) {
        let number = self.rollover.wire(block);
        self.packet(peer(), &numbered(4, number, &[]));
    }

    fn step(&mut self, step: u8, script: &mut Script<'_>) {
        let argument = script.byte().unwrap_or(0);
        let number = u16::from(argument);
        match step % 13 {
            // Near what is on its way, on both sides.
            10 => self.ack((self.high + u64::from(argument)).saturating_sub(128)),
            11 => self.ack((self.base + u64::from(argument % 40)).saturating_sub(20)),
            12 => self.packet(
                peer(),
                &numbered(
                    3,
                    self.rollover
                        .wire(self.delivered + 1 + u64::from(argument % 3)),
                    &[7; 8],
                ),
            ),
            0 => self.packet(peer(), script.take(number.into())),
            1 => self.packet(stranger(), script.take(number.into())),
            2 => self.packet(peer(), &numbered(4, number, script.take(1))),
            3 => self.packet(peer(), &numbered(3, number, &[7; 8])),
            4 => self.packet(peer(), &numbered(3, number, &[7; 512])),
            5 => self.packet(peer(), &numbered(3, number, b"end")),
            6 => {
                self.now += Duration::from_millis(number.into());
                self.timeout();
            }
            7 => {
                self.now = self.session.poll_timeout().unwrap_or(self.now);
                self.timeout();
            }
            8 if argument & 1 == 1 => {
                self.session.handle_permit(self.now);
                self.drain(&[]);
            }
            8 => {
                self.session.handle_repeated_request(self.now);
                self.drain(&[]);
            }
            _ if argument == 255 => {
                self.session.abort(ErrorCode::NOT_DEFINED, "enough");
                self.drain(&[]);
                assert_eq!(self.session.poll_timeout(), None);
            }
            _ => self.packet(peer(), &[&[0, 6], script.take(number.into())].concat()),
        }
    }

    fn packet(&mut self, from: SocketAddr, bytes: &[u8]) {
        self.session.handle_packet(self.now, from, bytes);
        self.drain(bytes);
    }

    fn timeout(&mut self) {
        self.session.handle_timeout(self.now);
        self.drain(&[]);
    }

    /// The drain rule, as a driver does it.
    fn drain(&mut self, packet: &[u8]) {
        let mut transmits = 0;
        loop {
            if let Some(transmit) = self.session.poll_transmit() {
                transmits += 1;
                assert!(transmits <= 4, "a flood");
                if let Payload::Data(run) = transmit.payload {
                    assert!(!self.ended && run.first >= self.base);
                    self.high = self.high.max(run.first + u64::from(run.count));
                    assert!(run.first >= 1 && (1..=u32::from(WINDOW)).contains(&run.count));
                    let end = run.offset() + u64::from(run.count) * u64::from(run.blksize);
                    if self.length < end {
                        self.session.handle_end(self.length.max(run.offset()));
                    }
                }
            } else if let Some(event) = self.session.poll_event() {
                self.event(event, packet);
            } else if let Some(change) = self.session.poll_flight() {
                self.flight(change);
            } else {
                break;
            }
        }
        let due = self.session.poll_timeout();
        // A peer that was heard waits for no longer than the longest time-out; a receiver's disk may take longer.
        if self.session.is_confirmed() && self.high > 1 {
            assert!(
                due.is_none_or(|due| due <= self.now + Duration::from_secs(5)),
                "mute"
            );
        }
    }

    /// What is in flight was asked for, and is accounted for.
    fn flight(&mut self, change: FlightChange) {
        match change {
            FlightChange::Asks { bytes } => self.asked = bytes,
            FlightChange::Ended {
                delivered,
                lost,
                left,
            } => assert!(
                delivered + lost + left <= self.asked,
                "more than was asked for"
            ),
            FlightChange::Withdraws => {}
        }
    }

    fn event(&mut self, event: Event, packet: &[u8]) {
        match event {
            Event::Deliver(range) => {
                assert!(!self.ended && packet.get(range).is_some());
                self.delivered += 1;
                let number = self.rollover.wire(self.delivered).to_be_bytes();
                assert_eq!(packet[2..4], number, "another block");
            }
            Event::Acknowledged(block) => {
                assert!(block >= self.base && block < self.high);
                self.base = block + 1;
            }
            Event::Store if self.refuses => {
                self.session.abort(ErrorCode::DISK_FULL, "full");
            }
            Event::Store => self.session.handle_stored(self.now),
            Event::Finished { .. } | Event::Failed(_) => {
                assert!(!self.ended, "it ends twice: {event:?}");
                self.ended = true;
            }
            _ => {}
        }
    }

    /// Nobody says anything any more.
    fn run_out(&mut self) {
        let last = self.now + self.patience + Duration::from_secs(2);
        for _ in 0..MOST_DEADLINES {
            let Some(deadline) = self.session.poll_timeout() else {
                assert!(self.ended, "over without a word");
                return;
            };
            assert!(self.is_metered || deadline <= last, "patience without end");
            self.now = self.now.max(deadline);
            if self.session.handle_permit(self.now) {
                self.drain(&[]);
            }
            self.timeout();
        }
        panic!("does not end");
    }
}

fn numbered(opcode: u8, number: u16, bytes: &[u8]) -> Vec<u8> {
    [&[0, opcode][..], &number.to_be_bytes(), bytes].concat()
}

fn peer() -> SocketAddr {
    ([192, 0, 2, 1], 69).into()
}

fn stranger() -> SocketAddr {
    ([192, 0, 2, 99], 9).into()
}
