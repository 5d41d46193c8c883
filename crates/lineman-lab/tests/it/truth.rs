//! What is shown of a lab's states is what has happened, also where packets cross, overtake and come
//! twice: every scenario of TCP that needs no long clock, with delays longer than a kernel's delayed ACK.

use std::thread;
use std::time::Duration;

use lineman_lab::Kernel;
use lineman_lab::Lab;
use lineman_lab::Network;
use lineman_lab::Options;
use lineman_lab::Paced;
use lineman_lab::Program;
use lineman_lab::Simulated;
use lineman_lab::scenarios::Scenario;
use lineman_trace::log::Event;
use lineman_trace::log::Hub;

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

fn options(name: &str, (delay, rules): (u64, &str)) -> (&'static Scenario, Options) {
    let scenario = Scenario::find(name).expect("a scenario");
    let options = Options {
        delay: Duration::from_millis(delay),
        rules: rules.parse().expect("rules"),
        ..scenario.options()
    };
    (scenario, options)
}

/// A script that does not get what it waits for has made a log all the same.
fn played(scenario: &Scenario, lab: &mut dyn Network, log: &Hub) {
    if let Err(stop) = scenario.play_within(lab, log, Duration::from_secs(5)) {
        println!("{stop}");
    }
}

fn simulated(name: &str, wire: (u64, &str)) -> Vec<Event> {
    let (scenario, options) = options(name, wire);
    let hub = Hub::new();
    let log = hub.cursor();
    let lab = Simulated::start(&options, 1, hub.sink());
    let mut lab = Box::new(Paced::new(lab).expect("a lab"));
    played(scenario, &mut *lab, &hub);
    lab.end().expect("in good order");
    log.look(<[Event]>::to_vec)
}

fn real(name: &str, wire: (u64, &str)) -> Vec<Event> {
    let (scenario, options) = options(name, wire);
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

/// All at once: they do nothing but wait.
fn every_change_is_true(play: impl Fn(&str, (u64, &str)) -> Vec<Event> + Sync) {
    let wires = SCENARIOS
        .into_iter()
        .flat_map(|name| WIRES.map(|wire| (name, wire)));
    let play = &play;
    let all: Vec<_> = thread::scope(|scope| {
        let plays: Vec<_> = wires
            .map(|(name, wire)| (name, wire, scope.spawn(move || look(&play(name, wire)))))
            .collect();
        let looked = plays.into_iter();
        looked
            .map(|(name, wire, play)| (name, wire, play.join().expect("a play")))
            .collect()
    });
    let mut sum = Looked::default();
    for (name, wire, looked) in all {
        sum.changes += looked.changes;
        sum.at_a_packet += looked.at_a_packet;
        let untrue = looked.untrue.into_iter();
        sum.untrue
            .extend(untrue.map(|what| format!("{name} {wire:?}: {what}")));
    }
    assert!(sum.untrue.is_empty(), "{:#?}", sum.untrue);
    assert!(sum.changes > 150 && sum.at_a_packet > 100, "{sum:?}");
    println!(
        "{} changes, {} made by packets",
        sum.changes, sum.at_a_packet
    );
}

#[test]
fn every_change_that_is_shown_of_a_simulated_lab_is_true() {
    every_change_is_true(simulated);
}

#[test]
fn every_change_that_is_shown_of_a_real_lab_is_true() {
    every_change_is_true(real);
}
