//! Properties that hold for every input.

use lineman_proto::tftp::Direction;
use lineman_proto::tftp::ErrorCode;
use lineman_proto::tftp::Failure;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Options;
use lineman_proto::tftp::Packet;
use lineman_proto::tftp::Request;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::Url;
use lineman_proto::tftp::Wish;
use proptest::prelude::*;

use crate::link::Random;
use crate::link::Weather;
use crate::reader::Early;
use crate::reader::Habits;
use crate::world::Outcome;
use crate::world::Setup;
use crate::world::World;

fn word() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(1u8..=255, 1..20)
}

proptest! {
    #[test]
    fn any_bytes_parse_or_do_not_and_print_without_control_characters(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(packet) = Packet::parse(&bytes) {
            prop_assert!(!packet.to_string().contains(|c: char| c.is_control() && c != '\t'));
        }
    }

    #[test]
    fn a_request_is_what_was_encoded(
        filename in word(),
        options in proptest::collection::vec((word(), proptest::collection::vec(1u8..=255, 0..10)), 0..6),
        read: bool,
        octet: bool,
    ) {
        let mut fields = Vec::new();
        for (name, value) in &options {
            fields.extend_from_slice(name);
            fields.push(0);
            fields.extend_from_slice(value);
            fields.push(0);
        }
        let packet = Packet::Request(Request {
            direction: if read { Direction::Read } else { Direction::Write },
            filename: &filename,
            mode: if octet { Mode::Octet } else { Mode::Netascii },
            options: Options::new(&fields),
        });
        let bytes = packet.encode();
        prop_assert_eq!(Packet::parse(&bytes), Ok(packet));
    }

    #[test]
    fn any_other_packet_is_what_was_encoded(number: u16, payload in proptest::collection::vec(any::<u8>(), 0..100), words in word()) {
        for packet in [
            Packet::Data { block: number, payload: &payload },
            Packet::Ack { block: number },
            Packet::Error { code: ErrorCode(number), message: &words },
        ] {
            let bytes = packet.encode();
        prop_assert_eq!(Packet::parse(&bytes), Ok(packet));
        }
    }

    #[test]
    fn any_text_is_an_address_or_is_not(text in ".{0,40}") {
        let _ = text.parse::<Url>();
        let _ = format!("tftp://{text}").parse::<Url>();
    }

    #[test]
    fn any_link_that_loses_less_than_everything_delivers_the_exact_bytes_or_reports_a_timeout(
        seed: u64,
        length in 0usize..20_000,
        loss in 0u32..60,
        duplicate in 0u32..30,
        reorder in 0u32..30,
        corrupt in 0u32..10,
        write: bool,
        known_length: bool,
        to_one: bool,
        pipeline: bool,
        windowsize in proptest::option::of(1u16..40),
        blksize in proptest::option::of(8u16..1500),
    ) {
        let mut random = Random(seed);
        let file: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        let report = World::new(Setup {
            file: file.clone(),
            direction: if write { Direction::Write } else { Direction::Read },
            wish: Wish { blksize, windowsize, tsize: Some(if write { length as u64 } else { 0 }), ..Wish::default() },
            rollover: if to_one { Rollover::ToOne } else { Rollover::ToZero },
            known_length,
            weather: Weather { seed, loss, duplicate, reorder, corrupt, delay_us: 700 },
            to_server: Vec::new(),
            to_client: Vec::new(),
            strangers: Vec::new(),
            reader: None,
            machine: None,
            pipeline,
            permits: None,
            ask_every: None,
        })
        .run();
        let receiver = if write { &report.server } else { &report.client };
        match receiver {
            Outcome::Finished { .. } => prop_assert_eq!(&report.received, &file),
            Outcome::Failed(Failure::Silent { .. } | Failure::Unanswered) => prop_assert!(loss + corrupt > 8, "gave up at {}% loss", loss + corrupt),
            Outcome::Running => prop_assert!(write && loss + corrupt > 8, "no request arrived at {}% loss", loss + corrupt),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn a_client_of_any_habit_gets_the_exact_bytes_or_the_link_is_very_bad(
        seed: u64,
        length in 0usize..60_000,
        loss in 0u32..20,
        duplicate in 0u32..20,
        reorder in 0u32..20,
        early in prop_oneof![
            Just(Early::Store),
            Just(Early::Drop),
            Just(Early::NackOnce),
            Just(Early::AckEach),
        ],
        ring in 1usize..40,
        handling_us in 1u64..1500,
        windows in proptest::collection::vec(any::<u8>(), 0..4),
        windowsize in proptest::option::of(1u16..40),
        known_length: bool,
        pipeline: bool,
    ) {
        let mut random = Random(seed);
        let file: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        let report = World::new(Setup {
            file: file.clone(),
            direction: Direction::Read,
            wish: Wish { blksize: Some(512), windowsize, ..Wish::default() },
            rollover: Rollover::ToZero,
            known_length,
            weather: Weather { seed, loss, duplicate, reorder, corrupt: 0, delay_us: 700 },
            to_server: Vec::new(),
            to_client: Vec::new(),
            strangers: Vec::new(),
            reader: Some(Habits { early, ring, handling_us, windows, timeout_ms: 1000, ..Habits::default() }),
            machine: None,
            pipeline,
            permits: None,
            ask_every: None,
        })
        .run();
        match &report.client {
            Outcome::Finished { .. } => prop_assert_eq!(&report.received, &file),
            other => prop_assert!(loss > 5, "{:?} of {} bytes, {:?}", other, report.received.len(), report.server_stats),
        }
        let blocks = length as u64 / 512 + 1;
        let most = blocks * 20 + 1000;
        prop_assert!(report.server_stats.data_sent < most, "a storm: {:?}", report.server_stats);
    }
}
