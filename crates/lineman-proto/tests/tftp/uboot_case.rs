//! What U-Boot said in a transfer that failed, word for word.

use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Options;
use lineman_proto::tftp::Payload;
use lineman_proto::tftp::Policy;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::Timing;
use lineman_proto::tftp::answer;

const LENGTH: u64 = 8 << 20;
const WINDOW: u64 = 16;

/// U-Boot 2023.01 with blocks of 512 bytes and windows of 16: its ACKs from block 12960 on, with their
/// microseconds since that one, for the five time-outs of patience that it has asked for.
const ACKS: &[(u64, u16)] = &[
    (739, 12976),
    (884, 12976),
    (1071, 12992),
    (1422, 13008),
    (1761, 13024),
    (2080, 13040),
    (2809, 13056),
    (3386, 13056),
    (3594, 13072),
    (4395, 13072),
    (4791, 13088),
    (4932, 13088),
    (5_006_327, 13103),
    (10_007_097, 13103),
    (15_008_484, 13103),
    (20_008_959, 13103),
    (25_009_983, 13103),
];

/// The blocks that leave, each with the moment.
struct Server {
    session: Session,
    client: SocketAddr,
    now: Instant,
    sent: Vec<(Instant, u64)>,
}

impl Server {
    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary start; time moves by what is added to it"
    )]
    fn new() -> Self {
        let client = SocketAddr::from(([192, 0, 2, 1], 3319));
        let policy = Policy {
            max_blksize: 1468,
            max_windowsize: 64,
            max_window_bytes: 1 << 20,
        };
        let timing = Timing {
            patience: Duration::from_secs(20),
            dally: Duration::from_secs(3),
            unconfirmed_resends: Some(1),
        };
        let asked = b"timeout\x005\0blksize\x00512\0windowsize\x0016\0";
        let offer = answer(Direction::Read, Options::new(asked), &policy, Some(LENGTH));
        let now = Instant::now();
        let session =
            Session::serve_read(now, client, offer, Rollover::ToZero, timing, Some(LENGTH));
        let mut server = Self {
            session,
            client,
            now,
            sent: Vec::new(),
        };
        server.drain();
        server
    }

    fn drain(&mut self) {
        while let Some(transmit) = self.session.poll_transmit() {
            if let Payload::Data(run) = transmit.payload {
                self.sent
                    .extend((0..u64::from(run.count)).map(|nth| (self.now, run.first + nth)));
            }
        }
        while self.session.poll_event().is_some() {}
    }

    /// Lets time pass, with all time-outs in it.
    fn wait_until(&mut self, moment: Instant) {
        while let Some(due) = self.session.poll_timeout().filter(|&due| due < moment) {
            self.now = self.now.max(due);
            self.session.handle_timeout(self.now);
            self.drain();
        }
        self.now = moment;
    }

    fn ack(&mut self, block: u16) {
        let [high, low] = block.to_be_bytes();
        self.session
            .handle_packet(self.now, self.client, &[0, 4, high, low]);
        self.drain();
    }
}

#[test]
fn an_ack_from_inside_a_flight_is_answered_as_often_as_it_comes() {
    let mut server = Server::new();
    let mut block = 0;
    while block <= 12_960 {
        server.ack(block);
        server.wait_until(server.now + Duration::from_micros(300));
        block += WINDOW as u16;
    }
    let begin = server.now;
    for &(at, block) in ACKS {
        let moment = begin + Duration::from_micros(at);
        server.wait_until(moment);
        server.ack(block);
        if block == 13_103 {
            server.wait_until(moment + Duration::from_secs(4));
            let follows = server
                .sent
                .iter()
                .any(|&(at, sent)| at >= moment && sent == u64::from(block) + 1);
            assert!(follows, "mute after {at} us");
        }
    }
}
