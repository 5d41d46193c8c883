//! A peer that says anything at any moment: ACKs of blocks never sent, of both sides of the wrap, from inside
//! flights that have been replaced.

use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Event;
use lineman_proto::tftp::Options;
use lineman_proto::tftp::Payload;
use lineman_proto::tftp::Policy;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::Timing;
use lineman_proto::tftp::answer;

use crate::link::Random;

const WINDOW: u64 = 16;
const BLKSIZE: u64 = 8;
/// Longer than any time-out of a sender.
const LONGEST_WAIT: Duration = Duration::from_secs(4);

struct Server {
    session: Session,
    peer: SocketAddr,
    now: Instant,
    rollover: Rollover,
    length: u64,
    /// The first block that the peer has not acknowledged.
    base: u64,
    /// The block behind the last one ever sent.
    high: u64,
    sent: u64,
    ended: bool,
}

impl Server {
    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary start; time moves by what is added to it"
    )]
    fn new(random: &mut Random) -> Self {
        let mut fields = b"blksize\x008\0".to_vec();
        for option in [
            "windowsize\x0016\0",
            "msftwindow\x0031416\0",
            "timeout\x003\0",
        ] {
            if random.below(2) == 0 {
                fields.extend_from_slice(option.as_bytes());
            }
        }
        let policy = Policy {
            max_blksize: 1468,
            max_windowsize: WINDOW as u16,
            max_window_bytes: 1 << 20,
        };
        let timing = Timing {
            patience: Duration::from_secs(20),
            dally: Duration::from_millis(250),
            unconfirmed_resends: Some(1),
        };
        let is_long = random.below(20) == 0;
        let length = if is_long { 65_600 * BLKSIZE } else { 700 };
        let known = (random.below(2) == 0).then_some(length);
        let rollover = match random.below(2) {
            0 => Rollover::ToZero,
            _ => Rollover::ToOne,
        };
        let offer = answer(Direction::Read, Options::new(&fields), &policy, known);
        let (now, peer) = (Instant::now(), SocketAddr::from(([192, 0, 2, 1], 2070)));
        let mut session = Session::serve_read(now, peer, offer, rollover, timing, known);
        if random.below(2) == 0 {
            session = session.pipelined();
        }
        let mut server = Self {
            session,
            peer,
            now,
            rollover,
            length,
            base: 0,
            high: 1,
            sent: 0,
            ended: false,
        };
        server.drain();
        if is_long {
            server.go_to_the_wrap();
        }
        server
    }

    /// The peer behaves until block 65535 is near.
    fn go_to_the_wrap(&mut self) {
        self.ack(0);
        while self.high < 65_520 {
            self.now += Duration::from_micros(100);
            self.ack(self.high - 1);
        }
    }

    fn ack(&mut self, block: u64) {
        let [high, low] = self.rollover.wire(block).to_be_bytes();
        self.packet(&[0, 4, high, low]);
    }

    fn packet(&mut self, packet: &[u8]) {
        self.session.handle_packet(self.now, self.peer, packet);
        self.drain();
    }

    fn wait(&mut self, moment: Duration) {
        self.now += moment;
        self.session.handle_timeout(self.now);
        self.drain();
    }

    fn drain(&mut self) {
        let before = self.sent;
        self.take_events();
        while let Some(transmit) = self.session.poll_transmit() {
            assert_eq!(transmit.to, self.peer);
            self.sent += 1;
            if let Payload::Data(run) = transmit.payload {
                let end = run.first + u64::from(run.count);
                assert!(!self.ended, "a block behind the end");
                assert!(
                    run.first >= self.base.max(1),
                    "a block that was acknowledged"
                );
                assert!(end <= self.base.max(1) + WINDOW + 1, "more than a window");
                self.high = self.high.max(end);
                if self.length < run.offset() + run.len() as u64 {
                    self.session.handle_end(self.length);
                    self.high = self.high.min(self.length / BLKSIZE + 2);
                }
            }
        }
        assert!(self.sent <= before + 1, "one repeat for one cause");
        self.take_events();
        let due = self.session.poll_timeout();
        assert_eq!(due.is_none(), self.ended, "over without a word, or not");
        if self.session.is_confirmed() {
            assert!(due.is_none_or(|due| due <= self.now + LONGEST_WAIT), "mute");
        }
    }

    fn take_events(&mut self) {
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Acknowledged(block) => {
                    assert!(block < self.high, "acknowledged before it was sent");
                    assert!(block + 1 > self.base, "acknowledged twice");
                    self.base = block + 1;
                }
                Event::Finished { .. } | Event::Failed(_) => {
                    assert!(!self.ended, "it ends twice");
                    self.ended = true;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn step(&mut self, random: &mut Random) {
        let near = |random: &mut Random, block: u64| {
            (block + u64::from(random.below(40))).saturating_sub(20)
        };
        match random.below(10) {
            0 => self.ack(self.high - 1),
            1 => self.ack(self.base.saturating_sub(1)),
            2 => {
                let block = near(random, self.base);
                self.ack(block);
            }
            3 => {
                let block = near(random, self.high);
                self.ack(block);
            }
            4 => {
                let [high, low] = (random.next() as u16).to_be_bytes();
                self.packet(&[0, 4, high, low, random.next() as u8]);
            }
            5 => self.packet(&[0, random.below(7) as u8, 0, random.next() as u8, 1, 0]),
            6 => self.wait(Duration::from_micros(random.below(900).into())),
            7 => self.wait(Duration::from_millis(random.below(2000).into())),
            8 => {
                let due = self.session.poll_timeout().unwrap_or(self.now);
                self.wait(due.saturating_duration_since(self.now));
            }
            _ => {
                self.session.handle_repeated_request(self.now);
                self.drain();
            }
        }
    }

    /// Nobody says anything any more.
    fn run_out(&mut self) {
        for _ in 0..10_000 {
            let Some(due) = self.session.poll_timeout() else {
                return;
            };
            self.wait(due.saturating_duration_since(self.now));
        }
        panic!("does not end");
    }
}

#[test]
fn whatever_a_peer_says_a_server_is_never_mute_never_floods_and_ends() {
    let cases = std::env::var("TFTP_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(3000);
    for seed in 0..cases {
        let mut random = Random(seed);
        let mut server = Server::new(&mut random);
        for _ in 0..random.below(300) {
            server.step(&mut random);
        }
        server.run_out();
    }
}
