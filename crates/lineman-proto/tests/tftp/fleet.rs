//! The property that every client of the field is served by: exact bytes, or an ending by the client's
//! own rule; and where nothing is lost, nothing is sent twice.

use std::time::Duration;

use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Failure;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::Wish;

use crate::link::Random;
use crate::link::Weather;
use crate::models::Hardware;
use crate::models::Lockstep;
use crate::models::Machine;
use crate::models::Program;
use crate::models::Windows;
use crate::world::Outcome;
use crate::world::Report;
use crate::world::Setup;
use crate::world::World;

#[derive(Clone, Copy, Debug)]
enum Kind {
    Windows(Windows, u16),
    Lockstep(Lockstep),
}

/// One client, one file, one path.
#[derive(Clone, Debug)]
struct Case {
    kind: Kind,
    blksize: u16,
    length: usize,
    hardware: Hardware,
    weather: Weather,
    pipeline: bool,
    permits: Option<Duration>,
    known_length: bool,
}

impl Case {
    /// The case of this number. Of three paths one loses, reorders and duplicates nothing.
    fn of(seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut pick = |from: &[u64]| from[random.below(from.len() as u32) as usize];
        let kind = match pick(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) as usize {
            nth @ 0..4 => Kind::Windows(Windows::ALL[nth], pick(&[2, 4, 8, 16, 32]) as u16),
            nth => Kind::Lockstep(Lockstep::ALL[nth - 4]),
        };
        let is_clean = pick(&[0, 1, 2]) == 0;
        let blksize = pick(&[8, 32, 512]) as u16;
        let blocks = pick(&[0, 1, 7, 40, 150, 400]) as usize;
        let ring = match kind {
            Kind::Windows(Windows::UBoot, _) => pick(&[4, 32]),
            Kind::Windows(Windows::Edk2, _) => pick(&[8, 64]),
            _ => 128,
        } as usize;
        Self {
            kind,
            blksize,
            length: blocks * usize::from(blksize) + pick(&[0, 1, 5]) as usize,
            hardware: Hardware {
                ring,
                handling: Duration::from_micros(pick(&[5, 50, 200])),
                stalls: pick(&[0, 5, 50]) as u32,
                longest_stall: Duration::from_millis(150),
                seed,
            },
            weather: Weather {
                seed,
                loss: if is_clean {
                    0
                } else {
                    pick(&[0, 1, 2, 5]) as u32
                },
                reorder: if is_clean {
                    0
                } else {
                    pick(&[0, 0, 1, 5]) as u32
                },
                delay_us: pick(&[50, 500, 5000]),
                ..Weather::default()
            },
            pipeline: pick(&[0, 1]) == 1,
            permits: Some(pick(&[0, 0, 20, 3000]))
                .filter(|_| pick(&[0, 1]) == 1)
                .map(Duration::from_millis),
            known_length: pick(&[0, 1]) == 1,
        }
    }

    fn run(&self) -> (Report, Vec<u8>) {
        let mut random = Random(self.hardware.seed);
        let file: Vec<u8> = (0..self.length).map(|_| random.next() as u8).collect();
        let program: Box<dyn Program> = match self.kind {
            Kind::Windows(kind, windowsize) => Box::new(kind.asking(self.blksize, windowsize)),
            Kind::Lockstep(kind) => Box::new(kind.asking(self.blksize)),
        };
        let report = World::new(Setup {
            file: file.clone(),
            direction: Direction::Read,
            wish: Wish::default(),
            rollover: Rollover::ToZero,
            known_length: self.known_length,
            weather: self.weather.clone(),
            to_server: Vec::new(),
            to_client: Vec::new(),
            strangers: Vec::new(),
            reader: None,
            machine: Some(Machine::new(program, self.hardware.clone())),
            pipeline: self.pipeline,
            permits: self.permits,
            ask_every: None,
        })
        .run();
        (report, file)
    }

    /// Whether nothing is lost on the way, nor in the client.
    fn is_clean(&self, report: &Report) -> bool {
        self.weather.loss == 0 && self.weather.reorder == 0 && report.overruns == 0
    }

    /// What is wrong, if anything is.
    fn check(&self) -> Result<(), String> {
        let (report, file) = self.run();
        let stats = report.server_stats;
        let fault = |what: &str| {
            let (client, server) = (&report.client, &report.server);
            Err(format!(
                "{what}: {self:?}\n  client {client:?}, {} of {} bytes, server {server:?}, {stats:?}, took {:?}, {} overruns",
                report.received.len(),
                file.len(),
                report.took,
                report.overruns,
            ))
        };
        let is_clean = self.is_clean(&report);
        // What its own rule makes of a block that comes twice.
        let by_its_rule = !is_clean
            && matches!(
                self.kind,
                Kind::Windows(Windows::Ptftp, _) | Kind::Lockstep(Lockstep::Npm)
            );
        // Both answers to a client that was not heard once are lost, or its ACKs of them.
        let is_forgotten =
            self.weather.loss > 0 && report.server == Outcome::Failed(Failure::Unanswered);
        match &report.client {
            Outcome::Finished { .. } if report.received == file => {}
            Outcome::Failed(_) if is_forgotten => {}
            Outcome::Failed(_) | Outcome::Finished { .. } if by_its_rule => {}
            Outcome::Finished { .. } => return fault("wrong bytes"),
            _ => return fault("not served"),
        }
        if report.server == Outcome::Running {
            return fault("the server does not end");
        }
        if is_clean && stats.resent > 0 {
            return fault("repeated on a clean wire");
        }
        let blocks = (self.length / usize::from(self.blksize) + 1) as u64;
        if stats.data_sent > blocks * 20 + 200 {
            return fault("a storm");
        }
        Ok(())
    }
}

/// Beyond block 32767 U-Boot reports no gap, at the wrap GRUB is deaf, and the last block may be numbered 0.
#[test]
fn every_client_counts_on_behind_65535_blocks() {
    let kinds = (Windows::ALL.map(|kind| Kind::Windows(kind, 16)).into_iter())
        .chain(Lockstep::ALL.map(Kind::Lockstep));
    let faults: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = kinds
            .flat_map(|kind| [(kind, 0), (kind, 1)])
            .map(|(kind, loss)| {
                let case = Case {
                    kind,
                    blksize: 8,
                    length: 65_535 * 8,
                    hardware: Hardware {
                        ring: 64,
                        handling: Duration::from_micros(5),
                        stalls: 1,
                        longest_stall: Duration::from_millis(20),
                        seed: 7,
                    },
                    weather: Weather {
                        seed: 7,
                        loss,
                        delay_us: 50,
                        ..Weather::default()
                    },
                    pipeline: false,
                    permits: None,
                    known_length: loss == 0,
                };
                scope.spawn(move || case.check())
            })
            .collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().expect("no panic").err())
            .collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Ten thousand cases, or as many as `TFTP_CASES` says.
#[test]
fn every_client_gets_the_exact_bytes_and_nothing_twice_on_a_clean_wire() {
    let cases = std::env::var("TFTP_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(10_000);
    let first: u64 = std::env::var("TFTP_FIRST_CASE")
        .ok()
        .and_then(|first| first.parse().ok())
        .unwrap_or(0);
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let faults: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                scope.spawn(move || {
                    (first + worker..first + cases)
                        .step_by(threads as usize)
                        .filter_map(|seed| {
                            Case::of(seed)
                                .check()
                                .err()
                                .map(|fault| format!("case {seed}: {fault}"))
                        })
                        .take(MOST_FAULTS)
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("no panic"))
            .collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

const MOST_FAULTS: usize = 8;
