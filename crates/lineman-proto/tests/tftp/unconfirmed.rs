//! What a server sends to a peer that never answers, or that falls silent.

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

#[expect(
    clippy::disallowed_methods,
    reason = "an arbitrary start; time moves by what is added to it"
)]
fn start() -> Instant {
    Instant::now()
}

/// How many packets leave until the session gives up, if its client says nothing.
fn packets_into_silence(direction: Direction, options: &[u8]) -> u32 {
    let peer = SocketAddr::from(([192, 0, 2, 1], 2070));
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
    let offer = answer(direction, Options::new(options), &policy, Some(1 << 20));
    let (mut now, rollover) = (start(), Rollover::ToZero);
    let mut session = match direction {
        Direction::Read => Session::serve_read(now, peer, offer, rollover, timing, Some(1 << 20)),
        Direction::Write => Session::serve_write(now, peer, offer, rollover, timing),
    };
    let mut packets = 0;
    loop {
        while let Some(transmit) = session.poll_transmit() {
            packets += match transmit.payload {
                Payload::Data(run) => run.count,
                _ => 1,
            };
        }
        while session.poll_event().is_some() {}
        let Some(deadline) = session.poll_timeout() else {
            return packets;
        };
        now = deadline;
        session.handle_timeout(now);
    }
}

#[test]
fn an_oack_is_sent_twice() {
    let options = b"blksize\x001468\0windowsize\x0064\0tsize\x000\0";
    assert_eq!(packets_into_silence(Direction::Read, options), 2);
    assert_eq!(packets_into_silence(Direction::Write, options), 2);
}

#[test]
fn without_options_the_first_block_or_ack_is_sent_twice() {
    assert_eq!(packets_into_silence(Direction::Read, b""), 2);
    assert_eq!(packets_into_silence(Direction::Write, b""), 2);
}

/// However short the round trips were: the least wait is what doubles.
#[test]
fn a_receiver_whose_sender_falls_silent_waits_twice_as_long_each_time() {
    for round_trip in [Duration::ZERO, Duration::from_micros(50)] {
        let (mut now, rollover) = (start(), Rollover::ToZero);
        let timing = Timing {
            patience: Duration::from_secs(60),
            dally: Duration::from_secs(3),
            unconfirmed_resends: Some(1),
        };
        let policy = Policy {
            max_blksize: 1468,
            max_windowsize: 64,
            max_window_bytes: 1 << 20,
        };
        let options = Options::new(b"blksize\x008\0windowsize\x004\0");
        let offer = answer(Direction::Write, options, &policy, None);
        let peer = SocketAddr::from(([192, 0, 2, 1], 2070));
        let mut session = Session::serve_write(now, peer, offer, rollover, timing);
        now += round_trip;
        session.handle_packet(now, peer, &[0, 3, 0, 1, 7, 7, 7, 7, 7, 7, 7, 7]);
        // A gap, after which the waits may be short.
        session.handle_packet(now, peer, &[0, 3, 0, 3, 7, 7, 7, 7, 7, 7, 7, 7]);
        let mut waits = Vec::new();
        loop {
            while session.poll_transmit().is_some() || session.poll_event().is_some() {}
            let Some(deadline) = session.poll_timeout() else {
                break;
            };
            waits.push(deadline - now);
            now = deadline;
            session.handle_timeout(now);
        }
        let doubled = waits.windows(2).take(5).all(|pair| pair[1] == pair[0] * 2);
        assert!(doubled && waits.len() < 25, "{waits:?}");
    }
}
