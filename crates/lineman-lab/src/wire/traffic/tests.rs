//! The wire in virtual time.

use std::sync::mpsc;

use super::*;

const MS: Duration = Duration::from_millis(1);

/// What was told: the packet, and its verdict or the rule that was applied.
type Told = mpsc::Receiver<(u64, Result<Verdict, String>)>;

fn traffic(now: Instant, rules: &str) -> (Traffic, Told) {
    let (sender, told) = mpsc::channel();
    let recorder = Recorder::new(move |event| {
        let line = match event.kind {
            Kind::Packet(packet) => (packet.id, Ok(packet.verdict)),
            Kind::Fault(fault) => (fault.packet, Err(fault.rule)),
            _ => return,
        };
        sender.send(line).expect("a test");
    });
    let rules = rules.parse().expect("rules");
    (Traffic::new(now, MS, &rules, recorder), told)
}

fn arrivals(traffic: &mut Traffic, now: Instant) -> Vec<(u64, Vec<u8>)> {
    std::iter::from_fn(|| traffic.due(now))
        .map(|parcel| (parcel.id, parcel.frame().to_vec()))
        .collect()
}

#[test]
fn a_copy_that_arrives_late_and_altered() {
    let now = Instant::now();
    let (mut traffic, told) = traffic(now, "#1 dup; #1 delay 1ms; #1 corrupt 8 bits");
    traffic.enter(now, Host::Client, &[1], None);
    assert_eq!(traffic.next(), Some(now + 2 * MS));
    assert!(traffic.due(now + MS).is_none());
    let all = arrivals(&mut traffic, now + 2 * MS);
    assert_eq!(all, [(1, vec![0xfe]), (2, vec![0xfe])]);
    let told: Vec<_> = told.try_iter().collect();
    let rules = "#1 dup; #1 delay 1ms; #1 corrupt 8 bits".to_owned();
    let verdicts = [
        (1, Ok(Verdict::Sent)),
        (1, Err(rules)),
        (1, Ok(Verdict::Duplicated { copy: 2 })),
        (1, Ok(Verdict::Held)),
        (2, Ok(Verdict::Held)),
    ];
    assert_eq!(told, verdicts);
}

/// The one that was held arrives right behind the one that overtook it, copies and all.
#[test]
fn who_is_overtaken_comes_behind() {
    let now = Instant::now();
    let (mut traffic, _told) = traffic(now, "#1 reorder 1; #1 dup");
    traffic.enter(now, Host::Client, &[1], None);
    traffic.enter(now, Host::Client, &[2], None);
    let ids: Vec<_> = arrivals(&mut traffic, now + MS)
        .iter()
        .map(|(id, _)| *id)
        .collect();
    assert_eq!(ids, [3, 1, 2]);
}

/// Nobody came to overtake it.
#[test]
fn who_waits_in_vain_arrives_all_the_same() {
    let now = Instant::now();
    let (mut traffic, told) = traffic(now, "#1 reorder 1");
    traffic.enter(now, Host::Client, &[1], None);
    assert_eq!(
        traffic.next(),
        Some(now + MS + crate::rules::OVERTAKE_WITHIN)
    );
    assert_eq!(told.try_iter().count(), 3);
}

/// What happens to every packet is told of none.
#[test]
fn a_slow_wire_is_not_news() {
    let now = Instant::now();
    let (mut traffic, told) = traffic(now, "delay 5ms; rate 1mbit; c>s:jitter 1ms; #2 drop");
    traffic.enter(now, Host::Client, &[1], None);
    traffic.enter(now, Host::Client, &[2], None);
    let told: Vec<_> = told.try_iter().collect();
    let news = [
        (1, Ok(Verdict::Sent)),
        (2, Ok(Verdict::Sent)),
        (2, Err("#2 drop".to_owned())),
        (2, Ok(Verdict::Dropped)),
    ];
    assert_eq!(told, news);
    assert!(traffic.next() > Some(now + 6 * MS));
}

/// "No rule of the wire has delayed it: the machine is too busy", of packets for which the wire had no time: a rule about all
/// of them was told of none.
#[test]
fn what_is_later_than_others_by_a_rule_about_all_is_told() {
    let late = |rules: &str, enter: &[(u64, Host)]| {
        let now = Instant::now();
        let (mut traffic, told) = traffic(now, rules);
        for (at, from) in enter {
            traffic.enter(now + Duration::from_millis(*at), *from, &[0; 1000], None);
        }
        told.try_iter()
            .filter_map(|(id, it)| it.err().map(|rule| (id, rule)))
            .collect::<Vec<_>>()
    };
    let burst = [(0, Host::Client), (0, Host::Client)];
    let rate = "rate 500kbit".to_owned();
    assert_eq!(late("rate 500kbit", &burst), [(2, rate)]);
    let to_and_fro = [(0, Host::Server), (1, Host::Client)];
    let one_way = "c>s:delay 300ms".to_owned();
    assert_eq!(late("c>s:delay 300ms", &to_and_fro), [(2, one_way)]);
    assert_eq!(late("delay 300ms; jitter 10ms", &to_and_fro), []);
    let jitter = late("jitter 1s", &to_and_fro);
    assert!(!jitter.is_empty(), "by chance that begins at 1");
}

/// The user sets rules while the lab runs: packets were faster before.
#[test]
fn what_is_late_by_new_rules_is_told() {
    let now = Instant::now();
    let (mut traffic, told) = traffic(now, "");
    traffic.enter(now, Host::Client, &[1], None);
    let rules = "delay 300ms".parse().expect("rules");
    traffic.obey(now, Command::Rules(rules));
    traffic.enter(now, Host::Client, &[2], None);
    let told: Vec<_> = told.try_iter().filter_map(|(_, it)| it.err()).collect();
    assert_eq!(told, ["delay 300ms"]);
}

/// "It is held on the wire", until it was "let through": a rule had doubled it, and the wire is slow for all packets.
#[test]
fn what_is_doubled_on_a_slow_wire_is_not_held() {
    let now = Instant::now();
    let (mut traffic, told) = traffic(now, "dup; delay 5ms; jitter 1ms");
    traffic.enter(now, Host::Client, &[1], None);
    let told: Vec<_> = told.try_iter().collect();
    let acts = [
        (1, Ok(Verdict::Sent)),
        (1, Err("dup".to_owned())),
        (1, Ok(Verdict::Duplicated { copy: 2 })),
        (2, Ok(Verdict::Held)),
    ];
    assert_eq!(told, acts);
}

#[test]
fn what_nobody_has_sent_is_marked() {
    let now = Instant::now();
    let (mut traffic, told) = traffic(now, "");
    traffic.obey(now, Command::Forge(Host::Server, vec![7]));
    assert_eq!(arrivals(&mut traffic, now + MS), [(1, vec![7])]);
    let told: Vec<_> = told.try_iter().collect();
    assert_eq!(told[..2], [(1, Ok(Verdict::Sent)), (1, Err(FORGED.into()))]);
}

#[test]
fn what_is_held_waits_for_ever() {
    let now = Instant::now();
    let (mut traffic, told) = traffic(now, "");
    traffic.obey(now, Command::Step);
    traffic.enter(now, Host::Server, &[1], None);
    assert_eq!(traffic.next(), None);
    traffic.obey(now, Command::Deliver(2));
    assert_eq!(traffic.next(), None);
    traffic.obey(now, Command::Delay(1, Duration::MAX));
    assert_eq!(traffic.next(), Some(now + LONGEST_DELAY));
    assert_eq!(told.try_iter().count(), 4); // sent, held, a person's word, held for its delay
}

/// "The wire delays it, because of the rule": a person did, and dropped it in the end.
#[test]
fn a_rule_about_time_is_not_named_where_a_person_decides_when() {
    let now = Instant::now();
    let rules = "#1 delay 1ms; #1 dup; #1 reorder 1; #1 rate 1kbit; #1 jitter 1ms";
    let (mut traffic, told) = traffic(now, rules);
    traffic.obey(now, Command::Step);
    traffic.enter(now, Host::Client, &[1], None);
    traffic.obey(now, Command::Drop(1));
    let told: Vec<_> = told.try_iter().collect();
    let acts = [
        (1, Ok(Verdict::Sent)),
        (1, Err("#1 dup".to_owned())),
        (1, Ok(Verdict::Duplicated { copy: 2 })),
        (1, Ok(Verdict::Held)),
        (2, Ok(Verdict::Held)),
        (1, Err(String::new())),
        (1, Ok(Verdict::Dropped)),
    ];
    assert_eq!(told, acts);
}
