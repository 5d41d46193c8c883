//! Scenarios as data: each file in `scenarios/` is a promise.

use std::path::Path;

use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Failure;
use lineman_proto::tftp::Pipelining;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::Wish;
use serde::Deserialize;

use crate::link::Random;
use crate::link::Rule;
use crate::link::Weather;
use crate::reader::Habits;
use crate::world::Outcome;
use crate::world::Report;
use crate::world::Setup;
use crate::world::Stranger;
use crate::world::World;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    /// One sentence that says what is promised.
    promise: String,
    bytes: usize,
    #[serde(default)]
    write: bool,
    blksize: Option<u16>,
    windowsize: Option<u16>,
    timeout: Option<u8>,
    #[serde(default)]
    tsize: bool,
    #[serde(default)]
    rollover_to_one: bool,
    #[serde(default)]
    unknown_length: bool,
    #[serde(default)]
    weather: Weather,
    #[serde(default)]
    to_server: Vec<Rule>,
    #[serde(default)]
    to_client: Vec<Rule>,
    #[serde(default)]
    stranger: Vec<Intruder>,
    /// In place of our client, one with these habits.
    reader: Option<Habits>,
    #[serde(default)]
    pipeline: bool,
    /// Our client repeats its request this often.
    ask_every_ms: Option<u64>,
    expect: Expect,
}

/// A packet from an address that has no part in the transfer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Intruder {
    at_ms: u64,
    to_client: bool,
    bytes: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    client: String,
    server: String,
    /// Bounds on what the sender did; the sender is the server unless `write`.
    max_resent: Option<u64>,
    min_gaps: Option<u64>,
    timeouts: Option<u64>,
    max_ms: Option<u64>,
    rebukes: Option<usize>,
    /// `off`, `held`, `gave-up`.
    pipelining: Option<String>,
}

impl Scenario {
    fn setup(&self) -> Setup {
        let mut random = Random(self.weather.seed);
        Setup {
            file: (0..self.bytes).map(|_| random.next() as u8).collect(),
            direction: if self.write {
                Direction::Write
            } else {
                Direction::Read
            },
            wish: Wish {
                blksize: self.blksize,
                windowsize: self.windowsize,
                timeout: self.timeout,
                tsize: self
                    .tsize
                    .then_some(if self.write { self.bytes as u64 } else { 0 }),
            },
            rollover: if self.rollover_to_one {
                Rollover::ToOne
            } else {
                Rollover::ToZero
            },
            known_length: !self.unknown_length,
            weather: self.weather.clone(),
            to_server: self.to_server.clone(),
            to_client: self.to_client.clone(),
            reader: self.reader.clone(),
            machine: None,
            pipeline: self.pipeline,
            permits: None,
            ask_every: self.ask_every_ms.map(std::time::Duration::from_millis),
            strangers: self
                .stranger
                .iter()
                .map(|intruder| Stranger {
                    at: std::time::Duration::from_millis(intruder.at_ms),
                    to_client: intruder.to_client,
                    packet: intruder.bytes.clone(),
                })
                .collect(),
        }
    }

    fn check(&self, report: &Report) -> Result<(), String> {
        let expect = &self.expect;
        let sender = if self.write {
            report.client_stats
        } else {
            report.server_stats
        };
        let fault =
            |what: &str, found: &dyn std::fmt::Debug| Err(format!("{what}: found {found:?}"));
        if name(&report.client) != expect.client {
            return fault("client", &report.client);
        }
        if name(&report.server) != expect.server {
            return fault("server", &report.server);
        }
        let receiver = if self.write {
            &expect.server
        } else {
            &expect.client
        };
        if receiver == "complete" && report.received != self.setup().file {
            return fault("received bytes differ", &report.received.len());
        }
        if expect.max_resent.is_some_and(|most| sender.resent > most) {
            return fault("resent too much", &sender);
        }
        if expect.min_gaps.is_some_and(|least| sender.gaps < least) {
            return fault("repaired too little without a time-out", &sender);
        }
        if expect
            .timeouts
            .is_some_and(|exactly| sender.timeouts != exactly)
        {
            return fault("time-outs", &sender);
        }
        if expect
            .max_ms
            .is_some_and(|most| report.took.as_millis() > u128::from(most))
        {
            return fault("took too long", &report.took);
        }
        if expect
            .rebukes
            .is_some_and(|exactly| report.rebukes != exactly)
        {
            return fault("ERRORs to strangers", &report.rebukes);
        }
        let pipelining = pipelining(report.pipelining);
        if expect
            .pipelining
            .as_ref()
            .is_some_and(|wanted| wanted != pipelining)
        {
            return fault("pipelining", &pipelining);
        }
        Ok(())
    }
}

fn pipelining(pipelining: Pipelining) -> &'static str {
    match pipelining {
        Pipelining::Off => "off",
        Pipelining::Held => "held",
        Pipelining::GaveUp => "gave-up",
        _ => "other",
    }
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Running => "none",
        Outcome::Finished { confirmed: true } => "complete",
        Outcome::Finished { confirmed: false } => "unconfirmed",
        Outcome::Failed(Failure::PeerError { .. }) => "peer-error",
        Outcome::Failed(failure) if failure.is_at_rollover() => "rollover",
        Outcome::Failed(Failure::Silent { .. }) => "silent",
        Outcome::Failed(Failure::Unanswered) => "unanswered",
        Outcome::Failed(Failure::Protocol(_)) => "protocol",
        Outcome::Failed(_) => "other",
    }
}

#[test]
fn every_scenario_keeps_its_promise() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tftp/scenarios");
    let mut files: Vec<_> = folder
        .read_dir()
        .expect("scenarios")
        .map(|entry| entry.expect("entry").path())
        .collect();
    files.sort();
    assert!(files.len() >= 25, "only {} scenarios found", files.len());
    let mut broken = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).expect("readable");
        let scenario: Scenario =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let report = World::new(scenario.setup()).run();
        if let Err(fault) = scenario.check(&report) {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            broken.push(format!(
                "{name}: {}\n    {fault}\n    client {:?}\n    server {:?}",
                scenario.promise, report.client_stats, report.server_stats
            ));
        }
    }
    assert!(
        broken.is_empty(),
        "{} of {} broken:\n{}",
        broken.len(),
        files.len(),
        broken.join("\n")
    );
}
