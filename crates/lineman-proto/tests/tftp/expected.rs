//! What a sender says that it will want next.

use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::DataRun;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Options;
use lineman_proto::tftp::Payload;
use lineman_proto::tftp::Policy;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::Timing;
use lineman_proto::tftp::answer;

/// A hundred blocks of 512 bytes, and one of 17.
const LENGTH: u64 = 100 * 512 + 17;

struct Client {
    session: Session,
    address: SocketAddr,
    now: Instant,
}

impl Client {
    #[expect(
        clippy::disallowed_methods,
        reason = "an arbitrary start; time moves by what is added to it"
    )]
    fn asking(options: &[u8]) -> Self {
        let address = SocketAddr::from(([192, 0, 2, 1], 2070));
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
        let offer = answer(
            Direction::Read,
            Options::new(options),
            &policy,
            Some(LENGTH),
        );
        let now = Instant::now();
        let session =
            Session::serve_read(now, address, offer, Rollover::ToZero, timing, Some(LENGTH));
        Self {
            session,
            address,
            now,
        }
    }

    /// Acknowledges `block` and gives what follows.
    fn ack(&mut self, block: u16) -> Option<DataRun> {
        let [high, low] = block.to_be_bytes();
        self.now += Duration::from_millis(1);
        self.session
            .handle_packet(self.now, self.address, &[0, 4, high, low]);
        self.run()
    }

    fn run(&mut self) -> Option<DataRun> {
        let mut run = None;
        while let Some(transmit) = self.session.poll_transmit() {
            if let Payload::Data(data) = transmit.payload {
                run = Some(data);
            }
        }
        while self.session.poll_event().is_some() {}
        run
    }
}

#[test]
fn the_next_window_is_known_while_this_one_is_on_its_way() {
    let mut client = Client::asking(b"windowsize\x0016\0");
    client.run();
    assert_eq!(client.session.expected_run(), None, "the OACK comes first");
    let mut run = client.ack(0).expect("the first window");
    while let Some(expected) = client.session.expected_run() {
        let last = run.first as u16 + run.count as u16 - 1;
        run = client.ack(last).expect("a window");
        assert_eq!(run, expected);
    }
    assert_eq!((run.first, run.count), (97, 5), "the file's last blocks");
}

#[test]
fn a_gap_changes_what_is_expected() {
    let mut client = Client::asking(b"windowsize\x0016\0");
    client.run();
    client.ack(0);
    let expected = client.session.expected_run().expect("a second window");
    let repeated = client.ack(4).expect("the window behind the gap");
    assert_eq!((expected.first, repeated.first), (17, 5));
    let expected = client.session.expected_run().expect("a window");
    assert_eq!(expected.first, 21);
}

#[test]
fn lockstep_expects_nothing_that_would_be_worth_reading_early() {
    let mut client = Client::asking(b"blksize\x00512\0");
    client.run();
    client.ack(0);
    assert_eq!(client.session.expected_run(), None);
}
