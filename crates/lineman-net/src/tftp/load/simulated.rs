//! Losses on purpose between two sessions, on a clock that is only counted: the same seed gives the
//! same course.

use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::ClientConfig;
use lineman_proto::tftp::DATA_HEADER;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Event;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Offer;
use lineman_proto::tftp::Payload;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::Stats;
use lineman_proto::tftp::Timing;
use lineman_proto::tftp::Wish;

use super::Dice;
use super::Loss;

const LENGTH: u64 = 300_000;
const DELAY: Duration = Duration::from_millis(1);
const TIMING: Timing = Timing {
    patience: Duration::from_secs(60),
    dally: Duration::from_millis(100),
    unconfirmed_resends: None,
};

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Everything that `session` wants sent and that is not lost, and the bytes that were delivered.
fn drain(session: &mut Session, now: Instant, dice: &mut Dice) -> (Vec<Vec<u8>>, u64) {
    let (mut packets, mut delivered) = (Vec::new(), 0);
    loop {
        if let Some(transmit) = session.poll_transmit() {
            match transmit.payload {
                Payload::Ack(ack) => packets.push(ack.to_vec()),
                Payload::Packet(packet) => packets.push(packet),
                Payload::Data(run) => packets.extend((0..run.count).map(|nth| {
                    let at = run.offset() + u64::from(nth) * u64::from(run.blksize);
                    let len = (LENGTH - at).min(run.blksize.into()) as usize;
                    let mut packet = run.header(nth).to_vec();
                    packet.resize(DATA_HEADER + len, 0);
                    packet
                })),
            }
        } else if let Some(event) = session.poll_event() {
            match event {
                Event::Deliver(range) => delivered += range.len() as u64,
                Event::Store => session.handle_stored(now),
                _ => {}
            }
        } else {
            packets.retain(|_| !dice.lost());
            return (packets, delivered);
        }
    }
}

/// One transfer: its length as it arrived, what it cost on both sides, how long it took.
fn transfer(loss: Loss) -> (u64, Stats, Stats, Duration) {
    let begin = Instant::now();
    let mut now = begin;
    let agreed = Agreed {
        blksize: 512,
        windowsize: 8,
        ..Agreed::default()
    };
    let oack = b"\0\x06blksize\x00512\0windowsize\x008\0".to_vec();
    let offer = Offer {
        agreed,
        oack: Some(oack),
    };
    let wanted = ClientConfig {
        direction: Direction::Read,
        filename: b"file".to_vec(),
        mode: Mode::Octet,
        wish: Wish {
            blksize: Some(512),
            windowsize: Some(8),
            ..Wish::default()
        },
        rollover: Rollover::ToZero,
        timing: TIMING,
        length: None,
    };
    let peers = [address(1), address(2)];
    let mut ends = [
        Session::serve_read(now, peers[1], offer, Rollover::ToZero, TIMING, Some(LENGTH)),
        Session::client(now, peers[0], wanted),
    ];
    let mut dice = [loss.dice(0, 0), loss.dice(1, 0)];
    let mut arrived = 0;
    let mut ways: Vec<(Instant, usize, Vec<u8>)> = Vec::new();
    loop {
        for from in 0..2 {
            let (packets, delivered) = drain(&mut ends[from], now, &mut dice[from]);
            arrived += delivered;
            ways.extend(
                packets
                    .into_iter()
                    .map(|packet| (now + DELAY, 1 - from, packet)),
            );
        }
        let due = ways.iter().map(|(at, ..)| *at);
        let Some(next) = due
            .chain(ends.iter().filter_map(Session::poll_timeout))
            .min()
        else {
            break;
        };
        now = now.max(next);
        if let Some(first) = ways.iter().position(|(at, ..)| *at <= now) {
            let (_, to, packet) = ways.remove(first);
            ends[to].handle_packet(now, peers[1 - to], &packet);
            let (packets, delivered) = drain(&mut ends[to], now, &mut dice[to]);
            arrived += delivered;
            ways.extend(
                packets
                    .into_iter()
                    .map(|packet| (now + DELAY, 1 - to, packet)),
            );
        } else {
            ends.iter_mut().for_each(|end| end.handle_timeout(now));
        }
    }
    (arrived, ends[0].stats(), ends[1].stats(), now - begin)
}

#[test]
fn the_same_seed_gives_the_same_course_and_the_file_arrives() {
    for percent in [1.0, 5.0, 20.0] {
        let run = |seed| transfer(Loss { percent, seed });
        let first = run(7);
        assert_eq!(first.0, LENGTH);
        assert_eq!(first, run(7));
        assert_ne!(first, run(8), "{percent} %");
    }
}

#[test]
fn without_loss_nothing_is_repaired() {
    let (arrived, sender, receiver, _) = transfer(Loss::default());
    assert_eq!(arrived, LENGTH);
    assert_eq!((sender.resent, receiver.timeouts, receiver.gaps), (0, 0, 0));
}
