//! What is shown of a lab is what has happened, also where packets cross, overtake, come twice and are lost: some
//! scenarios with delays longer than a kernel's delayed ACK, and all of them on wires that are drawn.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use lineman_lab::Kernel;
use lineman_lab::Lab;
use lineman_lab::Network;
use lineman_lab::Options;
use lineman_lab::Paced;
use lineman_lab::Program;
use lineman_lab::Simulated;
use lineman_lab::rules::Rules;
use lineman_lab::scenarios::Scenario;
use lineman_trace::log::Event;
use lineman_trace::log::Hub;
use lineman_trace::log::Kind;
use lineman_trace::log::Writer;

use crate::play::Play;
use crate::rows::Looked;
use crate::rows::look;
use crate::stage::HELPER;

const SCENARIOS: [&str; 6] = [
    "handshake",
    "close-four",
    "half-close",
    "reset-unread",
    "simultaneous-open",
    "simultaneous-close",
];

/// How long each packet is on its way, in milliseconds, and what the wire does to some.
const WIRES: [(u64, &str); 5] = [
    (2, ""),
    (70, ""),
    (250, ""),
    (20, "25% dup; seed 3"),
    (40, "20% reorder 1; seed 4"),
];

/// What is played, and on which wire.
#[derive(Clone, Debug)]
struct Case {
    scenario: Scenario,
    delay: Duration,
    /// What the wire does besides what the scenario wants of it.
    rules: String,
}

impl Case {
    fn new(scenario: Scenario, delay: u64, rules: &str) -> Self {
        Self {
            scenario,
            delay: Duration::from_millis(delay),
            rules: rules.to_owned(),
        }
    }

    fn options(&self) -> Options {
        let mut options = self.scenario.options();
        let more: Rules = self.rules.parse().expect("rules");
        options.delay = self.delay;
        options.rules.rules.extend(more.rules);
        options.rules.seed = more.seed.or(options.rules.seed);
        options
    }

    fn name(&self) -> String {
        let family = if self.scenario.is_over_ipv6() {
            " -6"
        } else {
            ""
        };
        format!(
            "{}{family} {:?} {}",
            self.scenario.name, self.delay, self.rules
        )
    }
}

/// A script that does not get what it waits for has made a log all the same.
fn played(scenario: &Scenario, lab: &mut dyn Network, log: &Hub) {
    if let Err(stop) = scenario.play_within(lab, log, Duration::from_secs(5)) {
        println!("{stop}");
    }
}

fn simulated(case: &Case) -> Vec<Event> {
    let (scenario, options) = (&case.scenario, case.options());
    let hub = Hub::new();
    let log = hub.cursor();
    let lab = Simulated::start(&options, 1, hub.sink());
    let mut lab = Box::new(Paced::new(lab).expect("a lab"));
    played(scenario, &mut *lab, &hub);
    lab.end().expect("in good order");
    log.look(<[Event]>::to_vec)
}

fn real(case: &Case) -> Vec<Event> {
    let (scenario, options) = (&case.scenario, case.options());
    let program = Program {
        path: HELPER.into(),
        args: vec!["lab".into()],
    };
    let hub = Hub::new();
    let log = hub.cursor();
    let lab = Lab::start(&program, &options, hub.sink()).expect("a lab");
    let mut lab = Box::new(Kernel::new(lab));
    played(scenario, &mut *lab, &hub);
    lab.end().expect("in good order");
    log.look(<[Event]>::to_vec)
}

/// Plays so many at once: they do little but wait.
fn looked_at(cases: &[Case], at_once: usize, play: impl Fn(&Case) -> Vec<Event> + Sync) -> Looked {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut sum = Looked::default();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let events = play(case);
            let looked = look(&events);
            if !looked.untrue.is_empty() {
                keep(&case.name(), &events);
            }
            let untrue = looked.untrue.iter();
            let untrue = untrue.map(|what| format!("{}: {what}", case.name()));
            let untrue = untrue.collect();
            sum.add(Looked { untrue, ..looked });
        }
        sum
    };
    let mut sum = Looked::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            sum.add(worker.join().expect("a play"));
        }
    });
    println!(
        "{} plays: {} changes, {} made by packets, {} deduced as told, {} numbers",
        cases.len(),
        sum.changes,
        sum.at_a_packet,
        sum.deduced,
        sum.numbers
    );
    sum
}

/// Keeps the log of what was not told truly, for the developer who looks into the failure.
fn keep(name: &str, events: &[Event]) {
    let file: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '-' })
        .collect();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("untrue-{file}.jsonl"));
    let Some((Kind::Start(start), rest)) = events.split_first().map(|(it, rest)| (&it.kind, rest))
    else {
        return;
    };
    let file = File::create(&path).expect("a file");
    let (mut writer, _) = Writer::new(file, start.clone()).expect("a file");
    for event in rest {
        writer
            .append(event.t_ns, event.kind.clone())
            .expect("a file");
    }
    println!("{name}: {}", path.display());
}

fn every_change_is_true(play: impl Fn(&Case) -> Vec<Event> + Sync) {
    let scenario = |name: &str| *Scenario::find(name).expect("a scenario");
    let cases = SCENARIOS
        .into_iter()
        .flat_map(|name| WIRES.map(|(delay, rules)| Case::new(scenario(name), delay, rules)));
    let cases: Vec<_> = cases.collect();
    let sum = looked_at(&cases, cases.len(), play);
    assert!(sum.untrue.is_empty(), "{:#?}", sum.untrue);
    assert!(sum.changes > 150 && sum.at_a_packet > 100, "{sum:?}");
}

/// A wire that does what wires do, drawn by a number: the same for the same number.
fn drawn(number: u64) -> (u64, String) {
    // Knuth's multiplier (MMIX): its high bits are even enough to draw a few choices from.
    let mut state = number;
    let mut below = |bound: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(number | 1);
        (state >> 33) % bound
    };
    let delay = [1, 5, 20, 45, 70, 120, 250][below(7) as usize];
    let faults = [
        "8% drop",
        "12% dup",
        "15% dup 30ms",
        "15% reorder 1",
        "10% reorder 2",
        "jitter 40ms",
        "10% delay 90ms",
        "4% corrupt 1 bit",
        "rate 200kbit",
    ];
    let mut rules: Vec<String> = Vec::new();
    for _ in 0..=below(3) {
        rules.push(faults[below(faults.len() as u64) as usize].to_owned());
    }
    rules.push(format!("seed {number}"));
    (delay, rules.join("; "))
}

/// Every lesson that passes, each on so many wires that are drawn, every other one over IPv6.
fn drawn_cases(passes: impl Fn(&Scenario) -> bool, wires: u64) -> Vec<Case> {
    let scenarios = Scenario::all().filter(|it| passes(it)).zip(0..);
    let cases = scenarios.flat_map(|(scenario, at)| {
        (0..wires).map(move |nth| {
            let number = at * wires + nth;
            let (delay, rules) = drawn(number);
            let scenario = match number % 2 == 1 {
                true => scenario.over_ipv6(),
                false => *scenario,
            };
            Case::new(scenario, delay, &rules)
        })
    });
    cases.collect()
}

/// Every lesson, on wires that are drawn: what goes wrong on one of these, its number brings back.
#[test]
fn every_scenario_is_told_truly_on_any_wire() {
    let cases = drawn_cases(Scenario::can_be_simulated, 4);
    let sum = looked_at(&cases, cases.len(), simulated);
    assert!(sum.untrue.is_empty(), "{:#?}", sum.untrue);
    assert!(sum.changes > 300 && sum.numbers > 1000, "{sum:?}");
}

/// Every lesson as it is played and on drawn wires, over both families, with three seeds each: in virtual time.
#[test]
fn every_scenario_is_told_truly_over_both_families_with_any_seed() {
    let mut sum = Looked::default();
    let (mut plays, mut number) = (0, 1000);
    for scenario in Scenario::all().filter(|it| it.can_be_simulated()) {
        for scenario in [*scenario, scenario.over_ipv6()] {
            for seed in 1..=3 {
                number += 1;
                let (delay, faults) = drawn(number);
                let own = scenario.options();
                let mut faulty = own.clone();
                let faults: Rules = faults.parse().expect("rules");
                faulty.rules.rules.extend(faults.rules);
                faulty.delay = Duration::from_millis(delay);
                for (mut options, wire) in [(own, "its own"), (faulty, "a drawn one")] {
                    options.rules.seed = Some(seed);
                    let mut play = Play::seeded(&options, seed);
                    play.scenario(&scenario);
                    let events = play.events();
                    let looked = look(&events);
                    plays += 1;
                    let what = format!(
                        "{} {:?} seed {seed} on {wire} ({}, {delay} ms)",
                        scenario.name, options.family, options.rules
                    );
                    if !looked.untrue.is_empty() {
                        keep(&what, &events);
                    }
                    let untrue = looked.untrue.iter();
                    let untrue = untrue.map(|it| format!("{what}: {it}")).collect();
                    sum.add(Looked { untrue, ..looked });
                }
            }
        }
    }
    println!(
        "{plays} plays, {} changes, {} made by packets, {} deduced as told, {} numbers",
        sum.changes, sum.at_a_packet, sum.deduced, sum.numbers
    );
    assert!(sum.untrue.is_empty(), "{:#?}", sum.untrue);
    assert!(plays > 400 && sum.numbers > 4000, "{plays} plays, {sum:?}");
}

/// The same of real kernels.
#[test]
fn every_scenario_is_told_truly_of_real_labs_on_any_wire() {
    let cases = drawn_cases(|_| true, 2);
    let sum = looked_at(&cases, LABS, real);
    assert!(sum.untrue.is_empty(), "{:#?}", sum.untrue);
    assert!(sum.changes > 300 && sum.numbers > 1000, "{sum:?}");
}

/// As each is made by a processor and does little but wait for long clocks.
const LABS: usize = 24;

#[test]
fn every_change_that_is_shown_of_a_simulated_lab_is_true() {
    every_change_is_true(simulated);
}

#[test]
fn every_change_that_is_shown_of_a_real_lab_is_true() {
    every_change_is_true(real);
}
