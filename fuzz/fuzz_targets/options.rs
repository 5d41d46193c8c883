//! Any option fields, as a request to a server of any policy and as an OACK to a client of any
//! wish: nothing is agreed that was not asked, nor beyond what was asked or allowed.
#![no_main]

use std::time::Duration;
use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::ClientConfig;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Event;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Options;
use lineman_proto::tftp::Packet;
use lineman_proto::tftp::Policy;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::Timing;
use lineman_proto::tftp::Wish;
use lineman_proto::tftp::answer;

fuzz_target!(|bytes: &[u8]| {
    let Some((head, fields)) = bytes.split_first_chunk::<12>() else {
        return;
    };
    let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    let policy = Policy {
        max_blksize: word(1),
        max_windowsize: word(3),
        max_window_bytes: u32::from(word(5)) << (head[7] % 17),
    };
    let length = (head[8] > 0).then(|| u64::from(word(8)) << (head[10] % 48));
    let write = head[0] & 1 != 0;
    serve(write, Options::new(fields), &policy, length);
    let wish = Wish {
        blksize: (head[0] & 2 != 0).then(|| word(1).clamp(8, 65464)),
        windowsize: (head[0] & 4 != 0).then(|| word(3).max(1)),
        timeout: (head[0] & 8 != 0).then_some(head[5].max(1)),
        tsize: (head[0] & 16 != 0).then_some(0),
    };
    open(write, fields, wish);
});

fn serve(write: bool, asked: Options<'_>, policy: &Policy, length: Option<u64>) {
    let direction = if write {
        Direction::Write
    } else {
        Direction::Read
    };
    let offer = answer(direction, asked, policy, length);
    let agreed = offer.agreed;
    let window = u64::from(agreed.windowsize) * u64::from(agreed.blksize);
    assert!(agreed.windowsize == 1 || window <= u64::from(policy.max_window_bytes));
    let Some(oack) = offer.oack else {
        let tsize = agreed.tsize;
        let plain = Agreed {
            tsize,
            ..Agreed::default()
        };
        assert_eq!(agreed, plain, "nothing was answered");
        return;
    };
    let Ok(Packet::Oack(answered)) = Packet::parse(&oack) else {
        panic!("no OACK: {oack:?}");
    };
    assert!(answered.iter().next().is_some(), "an empty OACK");
    for (name, value) in answered {
        assert!(asked.iter().any(|(asked, _)| asked == name), "not asked");
        let text = std::str::from_utf8(name).expect("a known name");
        let was = asked.number(text).expect("a number was asked");
        let value = std::str::from_utf8(value).expect("digits");
        let value: u64 = value.parse().expect("a number");
        match text.to_ascii_lowercase().as_str() {
            "blksize" => {
                assert_eq!(value, u64::from(agreed.blksize));
                assert!((8..=was).contains(&value));
                assert!(value <= u64::from(policy.max_blksize.max(8)));
            }
            "windowsize" => {
                assert_eq!(value, u64::from(agreed.windowsize));
                assert!((1..=was).contains(&value));
                assert!(value <= u64::from(policy.max_windowsize.max(1)));
            }
            "tsize" if write => assert_eq!(value, was),
            "tsize" => assert_eq!(Some(value), length),
            "msftwindow" => {
                assert!(!write && was == 31416 && value == 27182);
                let most = agreed.variable_window.expect("agreed");
                assert!((1..=policy.max_windowsize.max(1)).contains(&most));
            }
            "timeout" => assert!(value == was && (1..=255).contains(&value)),
            "utimeout" => assert_eq!(value, was),
            other => panic!("{other} is not known"),
        }
    }
    let has = |name| answered.value(name).is_some();
    assert!(has("blksize") || agreed.blksize == 512);
    assert!(has("windowsize") || agreed.windowsize == 1);
    assert!(has("timeout") || has("utimeout") || agreed.timeout.is_none());
}

fn open(write: bool, fields: &[u8], wish: Wish) {
    let (now, server) = (Instant::now(), ([192, 0, 2, 1], 69).into());
    let config = ClientConfig {
        direction: if write {
            Direction::Write
        } else {
            Direction::Read
        },
        filename: b"name".to_vec(),
        mode: Mode::Octet,
        wish,
        rollover: Rollover::ToZero,
        timing: Timing {
            patience: Duration::from_secs(20),
            dally: Duration::from_secs(1),
            unconfirmed_resends: None,
        },
        length: None,
    };
    let mut session = Session::client(now, server, config);
    while session.poll_transmit().is_some() {}
    let oack = [&[0, 6], fields].concat();
    session.handle_packet(now, ([192, 0, 2, 1], 4711).into(), &oack);
    match session.poll_event() {
        Some(Event::Opened(agreed)) => {
            assert!(agreed.blksize == 512 || Some(agreed.blksize) <= wish.blksize);
            assert!(agreed.blksize >= 8);
            assert!(agreed.windowsize == 1 || Some(agreed.windowsize) <= wish.windowsize);
            assert!(agreed.windowsize >= 1);
            let timeout = wish
                .timeout
                .map(|seconds| Duration::from_secs(seconds.into()));
            assert!(agreed.timeout.is_none() || agreed.timeout == timeout);
        }
        Some(Event::Failed(_)) => assert_eq!(session.poll_timeout(), None),
        other => panic!("{other:?}"),
    }
}
