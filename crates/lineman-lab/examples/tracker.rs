//! Plays random conversations in labs, and holds the states that are deduced from packets against the
//! kernel's. `./bench tracker` runs it.
//!
//! ```text
//! tracker [RUNS [FROM-SEED [LABS]]]     play so many runs, and print the totals by kind
//! tracker seed SEED [TIMES]             play the run of one seed again
//! tracker batch N                       play a batch again, as it is kept
//! tracker kept DIRECTORY                compare what was kept of a batch once more, without playing it
//! ```

#![allow(
    unreachable_pub,
    missing_docs,
    reason = "what it shares with the tests is documented there"
)]

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Instant;

use lineman_lab::Program;

#[path = "../tests/it/differential/mod.rs"]
mod differential;

use differential::Totals;

/// Between two words about how far it is.
const WORD_EVERY: u64 = 2000;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u64>().ok();
    match *args {
        ["lab"] => lineman_lab::serve(),
        ["seed", seed] if number(seed).is_some() => again(number(seed).unwrap_or(0), 1),
        ["seed", seed, times] => again(number(seed).unwrap_or(0), number(times).unwrap_or(1)),
        ["batch", batch] if number(batch).is_some() => {
            let totals = differential::batch_again(&program(), number(batch).unwrap_or(0));
            println!("batch {batch}: {totals}");
            ended(&totals)
        }
        ["kept", directory] => match differential::compare_kept(Path::new(directory)) {
            Ok(totals) => {
                println!("{directory}: {totals}");
                ended(&totals)
            }
            Err(error) => {
                eprintln!("{directory}: {error}");
                ExitCode::from(2)
            }
        },
        ref numbers => {
            let mut given = numbers.iter().map(|text| number(text));
            let mut next = |otherwise| given.next().unwrap_or(Some(otherwise));
            match (next(1000), next(0), next(8)) {
                (Some(runs), Some(from), Some(labs)) => many(runs, from, labs as usize),
                _ => {
                    eprintln!(
                        "usage: tracker [RUNS [FROM-SEED [LABS]]] | tracker seed SEED [TIMES] | tracker batch N | tracker kept DIRECTORY"
                    );
                    ExitCode::from(2)
                }
            }
        }
    }
}

fn many(runs: u64, from: u64, labs: usize) -> ExitCode {
    let begun = Instant::now();
    let said = AtomicU64::new(0);
    let totals = differential::run(&program(), from, runs, labs, &|totals: &Totals| {
        let done = totals.runs / WORD_EVERY;
        if said.fetch_max(done, Ordering::Relaxed) < done {
            let (seconds, unexplained) = (begun.elapsed().as_secs(), totals.unexplained());
            eprintln!(
                "{} runs, {unexplained} unexplained, {seconds} s",
                totals.runs
            );
        }
    });
    println!(
        "seeds from {from} on, {} s\n{totals}",
        begun.elapsed().as_secs()
    );
    ended(&totals)
}

fn again(seed: u64, times: u64) -> ExitCode {
    let mut all = ExitCode::SUCCESS;
    for _ in 0..times {
        let totals = differential::again(&program(), seed);
        println!("seed {seed}: {totals}");
        if !totals.is_good() {
            all = ended(&totals);
        }
    }
    all
}

fn program() -> Program {
    Program::this("lab")
}

fn ended(totals: &Totals) -> ExitCode {
    match totals.is_good() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
