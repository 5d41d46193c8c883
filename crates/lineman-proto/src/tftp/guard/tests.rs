//! Tests of the guard, and of its bounds under any flood.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

#[expect(
    clippy::disallowed_methods,
    reason = "an arbitrary start; time moves by what is added to it"
)]
fn start() -> Instant {
    Instant::now()
}

fn guard(now: Instant) -> Guard {
    let rules = Rules {
        allow: Some(Prefix::local()),
        trust: vec!["10.77.0.0/16".parse().expect("a range")],
        listening: vec![at("0.0.0.0:69"), at("10.0.0.1:6969")],
    };
    Guard::new(now, rules)
}

/// The same request from another port each time, as forgers and clients send them.
fn take(guard: &mut Guard, now: Instant, from: IpAddr, port: u32) -> Result<Standing, Ignored> {
    guard.take_request(now, (from, port as u16).into(), &port.to_be_bytes())
}

/// What it costs to answer a request of `question` bytes with DATA 1 of 512 once.
fn first_block(guard: &mut Guard, now: Instant, from: &str) -> Result<Taken, Ignored> {
    let standing = take(guard, now, ip(from), 1)?;
    guard.take_answer(now, ip(from), standing, 20, 516, 1)
}

fn at(text: &str) -> SocketAddr {
    text.parse().expect(text)
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect(text)
}

#[test]
fn only_whom_it_serves_and_who_cannot_make_a_loop() {
    let guard = guard(start());
    let ours = at("10.0.0.1:6969");
    let look = |text| guard.look(at(text), ours);
    assert_eq!(look("10.0.0.2:2070"), Ok(()));
    assert_eq!(look("10.0.0.1:2070"), Ok(()));
    assert_eq!(look("192.0.2.1:2070"), Err(Ignored::NotAllowed));
    assert_eq!(look("[2001:db8::1]:2070"), Err(Ignored::NotAllowed));
    assert_eq!(look("[fe80::1]:2070"), Ok(()));
    assert_eq!(look("10.0.0.1:6969"), Err(Ignored::Loop));
    for port in ["0", "7", "19", "53"] {
        let from = format!("10.0.0.2:{port}");
        assert_eq!(guard.look(at(&from), ours), Err(Ignored::Loop));
    }
    let open = Guard::new(start(), Rules::default());
    assert_eq!(open.look(at("192.0.2.1:2070"), ours), Ok(()));
}

#[test]
fn a_client_whose_port_is_69_is_served_and_our_own_sockets_are_not() {
    let guard = guard(start());
    let look = |from, to| guard.look(at(from), at(to));
    assert_eq!(look("10.0.0.2:69", "10.0.0.1:69"), Ok(()));
    assert_eq!(look("10.0.0.2:6969", "10.0.0.1:6969"), Ok(()));
    for (from, to) in [
        ("10.0.0.1:69", "10.0.0.1:69"),
        ("10.0.0.1:69", "10.0.0.1:6969"),
        ("10.0.0.1:6969", "10.0.0.1:69"),
        ("10.0.0.1:6969", "10.0.0.3:69"),
        ("127.0.0.1:69", "127.0.0.1:69"),
    ] {
        assert_eq!(look(from, to), Err(Ignored::Loop), "{from} {to}");
    }
}

#[test]
fn a_thousand_machines_that_ask_with_options_are_answered_at_once() {
    for hall in [
        |n: u32| IpAddr::from([10, 0, (n / 250) as u8, (n % 250) as u8]),
        |_| IpAddr::from([10, 0, 0, 1]),
        |n: u32| IpAddr::from([0xfd00, 0, 0, 1, 0, 0, 0, n as u16]),
    ] {
        let now = start();
        let mut guard = guard(now);
        for n in 0..1000 {
            // Ten names that do not exist, then a file.
            for name in 0..10 {
                take(&mut guard, now, hall(n), n * 16 + name).expect("a name");
                guard.refuse(hall(n));
            }
            let standing = take(&mut guard, now, hall(n), n * 16 + 15).expect("a transfer");
            let taken = guard.take_answer(now, hall(n), standing, 60, 46, 2);
            assert_eq!(taken, Ok(Taken::default()));
        }
        for n in 0..1000 {
            guard.confirm(now, hall(n), Taken::default());
            take(&mut guard, now, hall(n), n).expect("the next");
        }
    }
}

#[test]
fn clients_without_options_begin_as_fast_as_they_answer() {
    let now = start();
    let mut guard = guard(now);
    for n in 0..10_000_u32 {
        let from = format!("10.0.{}.{}", n / 250, n % 250);
        let taken = first_block(&mut guard, now, &from).expect("its first block");
        guard.confirm(now, ip(&from), taken);
    }
}

#[test]
fn who_never_confirms_comes_to_an_end_and_its_neighbours_elsewhere_do_not() {
    let now = start();
    let mut guard = guard(now);
    let victim = ip("10.0.0.9");
    let begun = (0..100_000)
        .take_while(|port| take(&mut guard, now, victim, *port).is_ok())
        .count();
    assert_eq!(begun, 4096);
    assert_eq!(guard.take_error(now, victim), Err(Ignored::TooFast));
    for other in ["10.0.1.9", "127.0.0.1", "10.77.1.1"] {
        assert!(take(&mut guard, now, ip(other), 1).is_ok(), "{other}");
    }
    let later = now + Duration::from_secs(1);
    let begun = (200_000..300_000)
        .take_while(|port| take(&mut guard, later, victim, *port).is_ok())
        .count();
    assert_eq!(begun, 256);
}

#[test]
fn a_host_that_answers_is_served_while_its_neighbours_names_are_flooded() {
    let start = start();
    let mut guard = guard(start);
    guard.confirm(start, ip("10.0.0.77"), Taken::default());
    let mut refused = 0;
    for n in 0..40_000_u32 {
        let now = start + Duration::from_micros(250) * n;
        let forged = ip(&format!("10.0.0.{}", n % 256));
        refused += u32::from(take(&mut guard, now, forged, n).is_err());
        if n % 4000 == 3999 {
            let standing = take(&mut guard, now, ip("10.0.0.77"), 70_000 + n).expect("served");
            let answer = guard.take_answer(now, ip("10.0.0.77"), standing, 20, 516, 1);
            answer.expect("without options, too");
        }
    }
    assert!(refused > 20_000, "{refused}: the flood was one");
}

#[test]
fn a_host_that_has_proved_nothing_is_served_in_a_flood_when_it_asks_again() {
    let start = start();
    let mut guard = guard(start);
    let (client, request) = (at("10.0.0.200:2070"), b"\0\x01boot\0octet\0");
    let mut asked = Vec::new();
    for n in 0..20_000_u32 {
        let now = start + Duration::from_micros(250) * n;
        let forged = ip(&format!("10.0.0.{}", n % 256));
        if let Ok(standing) = take(&mut guard, now, forged, n) {
            let _ = guard.take_answer(now, forged, standing, 20, 516, 1);
        }
        // A second later, and again: one of 30 is forgotten for those that come in between.
        if [7000, 11_000, 15_000, 19_000].contains(&n) {
            let standing = guard.take_request(now, client, request);
            asked.push(standing.map(|standing| standing.repeated));
        }
    }
    assert_eq!(asked[0], Err(Ignored::TooFast));
    assert!(asked[1..].contains(&Ok(true)), "{asked:?}");
}

#[test]
fn plain_requests_from_anywhere_do_not_spend_what_repeated_ones_may() {
    let start = start();
    let mut guard = guard(start);
    let (client, request) = (at("10.250.0.200:2070"), b"\0\x01boot\0octet\0");
    let mut asked = Vec::new();
    for n in 0..11_000_u32 {
        let now = start + Duration::from_micros(400) * n;
        let forged = IpAddr::from((0x0a00_0000 + (n << 8)).to_be_bytes());
        if let Ok(standing) = take(&mut guard, now, forged, n) {
            let _ = guard.take_answer(now, forged, standing, 20, 516, 1);
        }
        if [3000, 5500, 8000, 10_500].contains(&n) {
            let answer = guard
                .take_request(now, client, request)
                .and_then(|standing| guard.take_answer(now, client.ip(), standing, 20, 516, 1));
            asked.push(answer.is_ok());
        }
    }
    assert!(!asked[0], "the first time");
    assert!(asked[1..].contains(&true), "a second later: {asked:?}");
}

#[test]
fn a_proof_is_the_address_s_own() {
    let now = start();
    let mut guard = guard(now);
    guard.confirm(now, ip("10.9.9.1"), Taken::default());
    assert!(guard.is_known(now, ip("10.9.9.1")));
    assert!(!guard.is_known(now, ip("10.9.9.2")));
    let later = now + proofs::HOLDS + Duration::from_secs(1);
    assert!(!guard.is_known(later, ip("10.9.9.1")));
    for n in 0..3 * proofs::REMEMBERED as u32 {
        guard.confirm(
            now,
            IpAddr::from((0x0b00_0000 + n).to_be_bytes()),
            Taken::default(),
        );
    }
    assert_eq!(guard.proofs.len(), proofs::REMEMBERED);
}

#[test]
fn the_account_is_empty_for_strangers_and_not_for_the_proved_and_trusted() {
    let now = start();
    let mut guard = guard(now);
    guard.confirm(now, ip("10.9.9.1"), Taken::default());
    let served = (0..1000_u32)
        .map(|n| IpAddr::from((0x0a00_0000 + (n << 8)).to_be_bytes()).to_string())
        .take_while(|from| first_block(&mut guard, now, from).is_ok())
        .count();
    assert!((150..170).contains(&served), "{served}");
    let stranger = ip("10.200.0.1");
    let short = guard.take_answer(now, stranger, Standing::default(), 60, 80, 2);
    assert_eq!(
        short,
        Ok(Taken::default()),
        "no more than three times the question"
    );
    assert!(first_block(&mut guard, now, "10.200.0.1").is_err());
    assert!(
        first_block(&mut guard, now, "10.9.9.2").is_err(),
        "a neighbour"
    );
    for _ in 0..9 {
        assert!(first_block(&mut guard, now, "10.9.9.1").is_ok());
        assert!(first_block(&mut guard, now, "10.77.3.3").is_ok());
    }
    assert!(first_block(&mut guard, now, "10.9.9.1").is_ok());
    assert!(
        first_block(&mut guard, now, "10.9.9.1").is_err(),
        "it never answers"
    );
}

#[test]
fn a_flood_of_uploads_from_anywhere_begins_few_of_them() {
    let start = start();
    let mut guard = guard(start);
    let mut begun = 0;
    for n in 0..100_000_u32 {
        let now = start + Duration::from_micros(50) * n;
        let from = SocketAddr::from((anywhere(n), 1024 + (n % 60_000) as u16));
        let asked = format!("\0\x02up{n}\0octet\0");
        begun += u32::from(guard.take_request(now, from, asked.as_bytes()).is_ok());
    }
    assert!(
        (1600..1700).contains(&begun),
        "{begun}: 1024, and 128 a second"
    );
    let ours = at("127.0.0.1:9");
    let now = start + Duration::from_secs(5);
    assert!(guard.take_request(now, ours, b"\0\x02up\0octet\0").is_ok());
}

fn anywhere(n: u32) -> IpAddr {
    IpAddr::from((0x0a00_0000 + n.wrapping_mul(0x9E37_79B1) % (1 << 22)).to_be_bytes())
}

#[test]
fn each_neighbourhood_is_named_once_and_a_flood_of_them_a_few_times() {
    let now = start();
    let mut guard = guard(now);
    let why = Ignored::NotAllowed;
    let named = guard.note(now, why, ip("192.0.2.1")).expect("the first");
    assert_eq!(named.to_string(), "192.0.2.0/24");
    assert_eq!(guard.note(now, why, ip("192.0.2.2")), None);
    assert!(guard.note(now, Ignored::Loop, ip("192.0.2.2")).is_some());
    let flood = (0..10_000u32).map(|n| IpAddr::from((0x0a00_0000 + (n << 8)).to_be_bytes()));
    let said = flood.filter_map(|from| guard.note(now, why, from)).count();
    assert!(said < 16, "{said}");
    assert_eq!(guard.counts().not_allowed, 10_002);
}

#[test]
fn a_forger_does_not_fill_the_log() {
    let now = start();
    let mut guard = guard(now);
    guard.confirm(now, ip("10.9.9.1"), Taken::default());
    let stranger = ip("10.0.0.1");
    let told = (0..100_000).filter(|_| guard.take_report(now, stranger));
    assert_eq!(told.count(), 10_000);
    assert!(guard.take_report(now, ip("10.9.9.1")), "one that is there");
    assert!(guard.take_report(now, ip("127.0.0.1")));
}

/// One step of a flood.
#[derive(Clone, Debug)]
struct Step {
    millis: u64,
    from: u32,
    question: usize,
    answer: usize,
}

fn step() -> impl Strategy<Value = Step> {
    (0u64..20, any::<u32>(), 6usize..600, 4usize..600).prop_map(
        |(millis, from, question, answer)| Step {
            millis,
            from,
            question,
            answer,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_flood_of_forged_requests_gets_at_most_three_times_its_bytes_and_the_accounts(
        steps in proptest::collection::vec(step(), 0..400),
        rounds in 1usize..20,
        proved in any::<u32>(),
    ) {
        let start = start();
        let (mut now, mut sent, mut received) = (start, 0, 0);
        let mut guard = Guard::new(start, Rules::default());
        // One address has proved itself; what is sent in its name, or its neighbours', is forged.
        guard.confirm(start, IpAddr::from(proved.to_be_bytes()), Taken::default());
        for (round, step) in (0..rounds).flat_map(|round| steps.iter().map(move |step| (round, step))) {
            now += Duration::from_millis(step.millis);
            let address = match step.from % 4 {
                0 => proved,
                1 => proved ^ (step.from & 0xFF),
                _ => step.from.wrapping_add(round as u32 * 256),
            };
            let from = IpAddr::from(address.to_be_bytes());
            if from.is_loopback() {
                continue;
            }
            received += on_the_wire(from, step.question);
            // The same request from the same port round after round: forgers may repeat them, too.
            let taken = guard
                .take_request(now, (from, step.from as u16).into(), &step.from.to_be_bytes())
                .and_then(|standing| {
                    guard.take_answer(now, from, standing, step.question, step.answer, 2)
                });
            match taken {
                Ok(_) => sent += 2 * on_the_wire(from, step.answer),
                Err(why) => { guard.note(now, why, from); }
            }
            prop_assert!(guard.neighbourhoods.len() <= buckets::REMEMBERED);
        }
        let elapsed = now.duration_since(start).as_secs() + 1;
        let account = |rate: Rate| rate.burst + elapsed * rate.each_second;
        let accounts = account(FIRST)
            + account(REPEATED)
            + account(proofs::BYTES)
            + account(proofs::REPEATED);
        prop_assert!(sent <= FREE * received + accounts);
    }

    #[test]
    fn the_half_open_are_never_more_than_may_be_and_the_newest_is_among_them(
        limit in 0usize..50,
        closes in proptest::collection::vec(any::<Option<u64>>(), 0..500),
    ) {
        let mut table = HalfOpen::new(limit);
        for (number, close) in closes.into_iter().enumerate() {
            let number = number as u64;
            if let Some((gone, _)) = table.open(number, at("10.0.0.1:1"), number.is_multiple_of(3)) {
                prop_assert!(gone < number);
            }
            prop_assert!(table.len() <= limit.max(1));
            if let Some(close) = close {
                table.close(close % (number + 1));
            }
        }
    }
}
