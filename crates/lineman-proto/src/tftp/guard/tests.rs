//! Tests of the guard, and of its bounds under any flood.

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
    Guard::new(now, Some(Prefix::local()))
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
    for port in ["0", "7", "19", "53", "69"] {
        let from = format!("10.0.0.2:{port}");
        assert_eq!(guard.look(at(&from), ours), Err(Ignored::Loop));
    }
    let open = Guard::new(start(), None);
    assert_eq!(open.look(at("192.0.2.1:2070"), ours), Ok(()));
}

#[test]
fn a_hall_of_a_thousand_machines_boots_at_once_behind_one_24() {
    let now = start();
    let mut guard = guard(now);
    let hall = |n: u16| IpAddr::from([10, 0, 0, (n % 250) as u8]);
    let mut taken = 0;
    for machine in 0..1000 {
        // A length probe, ten names that do not exist, then a file without options.
        for _ in 0..10 {
            guard.take_request(now, hall(machine)).expect("a name");
            guard.refuse(hall(machine));
        }
        guard.take_request(now, hall(machine)).expect("a transfer");
        let answer = guard.take_answer(now, hall(machine), 30, 516, 2);
        taken = answer.expect("its first block");
    }
    for machine in 0..1000 {
        guard.confirm(now, hall(machine), taken);
        guard.take_request(now, hall(machine)).expect("the next");
    }
}

#[test]
fn who_never_confirms_comes_to_an_end_and_its_neighbours_elsewhere_do_not() {
    let now = start();
    let mut guard = guard(now);
    let victim = ip("10.0.0.9");
    let begun = (0..100_000)
        .take_while(|_| guard.take_request(now, victim).is_ok())
        .count();
    assert_eq!(begun, 4096);
    assert_eq!(guard.take_error(now, victim), Err(Ignored::TooFast));
    assert_eq!(guard.take_request(now, ip("10.0.1.9")), Ok(()));
    assert_eq!(guard.take_request(now, ip("127.0.0.1")), Ok(()));
    let later = now + Duration::from_secs(1);
    let begun = (0..100_000)
        .take_while(|_| guard.take_request(later, victim).is_ok())
        .count();
    assert_eq!(begun, 256);
}

#[test]
fn the_account_is_empty_for_strangers_and_not_for_neighbours_of_the_proved() {
    let now = start();
    let mut guard = guard(now);
    guard.take_request(now, ip("10.9.9.1")).expect("a request");
    guard.confirm(now, ip("10.9.9.1"), 0);
    let mut strangers = (0..u32::MAX).map(|n| IpAddr::from((0x0a00_0000 + (n << 8)).to_be_bytes()));
    let served = strangers
        .by_ref()
        .take_while(|from| guard.take_answer(now, *from, 20, 516, 2).is_ok())
        .count();
    assert!((1000..1200).contains(&served), "{served}");
    let stranger = ip("10.200.0.1");
    let short = guard.take_answer(now, stranger, 60, 30, 2);
    assert_eq!(short, Ok(0), "an answer no longer than the question");
    assert_eq!(guard.take_answer(now, ip("10.9.9.2"), 20, 516, 2), Ok(0));
    let later = now + PROOF_HOLDS + Duration::from_secs(1);
    assert!(guard.take_answer(later, stranger, 20, 516, 2).is_ok());
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
    guard.take_request(now, ip("10.9.9.1")).expect("a request");
    guard.confirm(now, ip("10.9.9.1"), 0);
    let stranger = ip("10.0.0.1");
    let told = (0..100_000).filter(|_| guard.take_report(now, stranger));
    assert_eq!(told.count(), 10_000);
    assert!(guard.take_report(now, ip("10.9.9.2")), "a proved neighbour");
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
    fn any_flood_of_forged_requests_gets_at_most_twice_its_bytes_and_the_account(
        steps in proptest::collection::vec(step(), 0..400),
        rounds in 1usize..20,
    ) {
        let start = start();
        let (mut now, mut sent, mut received) = (start, 0, 0);
        let mut guard = Guard::new(start, None);
        for (round, step) in (0..rounds).flat_map(|round| steps.iter().map(move |step| (round, step))) {
            now += Duration::from_millis(step.millis);
            let address = (step.from.wrapping_add(round as u32 * 256)).to_be_bytes();
            let from = IpAddr::from(address);
            if from.is_loopback() {
                continue;
            }
            received += step.question as u64 + HEADERS;
            let taken = guard
                .take_request(now, from)
                .and_then(|()| guard.take_answer(now, from, step.question, step.answer, 2));
            match taken {
                Ok(_) => sent += 2 * (step.answer as u64 + HEADERS),
                Err(why) => { guard.note(now, why, from); }
            }
            prop_assert!(guard.buckets.len() <= buckets::REMEMBERED);
        }
        let elapsed = now.duration_since(start).as_secs() + 1;
        prop_assert!(sent <= 2 * received + ACCOUNT.burst + elapsed * ACCOUNT.each_second);
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
