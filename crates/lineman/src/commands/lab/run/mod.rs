//! `lineman lab run`: any program on a host of the lab.

mod showing;
mod start;
mod words;

use std::io;
use std::io::IsTerminal as _;
use std::time::Duration;

use lineman_lab::Errand;
use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::TcpState;
use tokio::sync::mpsc;

use self::showing::Showing;
use self::showing::show;
use self::start::begin;
use super::follow;
use super::follow::Follower;
use crate::args::lab_bench::On;
use crate::args::lab_bench::Run;
use crate::commands::doctor::on_path;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::bench::Bench as Words;
use crate::runtime;
use crate::runtime::Signals;

/// A program that is to run, and whether it has the terminal.
struct Job {
    host: Host,
    words: Vec<String>,
    has_terminal: bool,
}

/// Runs the programs to their end.
///
/// # Errors
/// When there is no lab or no program; or with the program's own exit code.
pub fn run(args: &Run, console: Console) -> Result<(), Failure> {
    let jobs = jobs(args, console)?;
    runtime::block_on(console, watch(args, jobs, console))
}

/// The programs, the server's first.
fn jobs(args: &Run, console: Console) -> Result<Vec<Job>, Failure> {
    let mut jobs = Vec::new();
    for (host, text) in [(Host::Server, &args.server), (Host::Client, &args.client)] {
        let Some(text) = text else { continue };
        let words = words::split(text)
            .ok_or_else(|| Failure::usage(&Words::BadQuotes { text }, console.lang))?;
        jobs.push(Job {
            host,
            words,
            has_terminal: false,
        });
    }
    if !args.program.is_empty() {
        let host = match (args.on, &args.client) {
            (Some(On::Server), _) | (None, Some(_)) => Host::Server,
            _ => Host::Client,
        };
        jobs.push(Job {
            host,
            words: args.program.clone(),
            has_terminal: true,
        });
    }
    let twice = |host| jobs.iter().filter(|job| job.host == host).count() > 1;
    if twice(Host::Client) || twice(Host::Server) {
        return Err(Failure::usage(&Words::TwoPrograms {}, console.lang));
    }
    if jobs.is_empty() || jobs.iter().any(|job| job.words.is_empty()) {
        return Err(Failure::usage(&Words::NoProgram {}, console.lang));
    }
    jobs.iter().try_for_each(|job| exists(job, console))?;
    Ok(jobs)
}

/// strace would say it in its own words, and late.
fn exists(job: &Job, console: Console) -> Result<(), Failure> {
    let program = &job.words[0];
    if program.contains('/') || on_path(program).is_some() {
        return Ok(());
    }
    Err(Failure::usage(&Words::NotFound { program }, console.lang))
}

async fn watch(args: &Run, jobs: Vec<Job>, console: Console) -> Result<(), Failure> {
    let signals = Signals::watch(console.lang)?;
    let strace = on_path("strace");
    if strace.is_none() {
        console.note(&Words::NoStrace {});
    }
    let on_terminal = io::stderr().is_terminal();
    let colour = on_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let columns = rustix::termios::tcgetwinsize(io::stderr()).ok();
    let columns = columns
        .map(|size| size.ws_col)
        .filter(|columns| *columns > 0);
    let mut follower = Follower::new(&args.watch, columns, colour, console)?;
    let (lab, mut events) = follow::start(&args.watch, false, console)?;
    let (sender, heard) = mpsc::unbounded_channel();
    for (number, job) in jobs.iter().enumerate() {
        if number > 0 {
            let serves = until_served(&mut events, &mut follower, console);
            // Without strace a datagram socket is not seen; time has to do.
            if let Ok(served) = tokio::time::timeout(HEAD_START, serves).await {
                served?;
            }
        }
        let errand = Errand {
            host: job.host,
            words: job.words.clone(),
            strace: strace.clone(),
            group: rustix::process::getpgrp().as_raw_nonzero().get(),
        };
        begin(&lab, errand, job.has_terminal, &sender)
            .map_err(SystemError::new(Operation::Create, "a program"))
            .map_err(|error| Failure::system(&error, console.lang))?;
    }
    drop(sender);
    let done = Showing {
        lab: &lab,
        follower: &mut follower,
        jobs: &jobs,
        exit: None,
        console,
    }
    .go(events, heard, signals)
    .await;
    let last = follower.finish().map(|lines| show(&lines, console));
    done.and(last)
}

/// Shows what happens until the server's program waits for somebody.
async fn until_served(
    events: &mut mpsc::UnboundedReceiver<Event>,
    follower: &mut Follower,
    console: Console,
) -> Result<(), Failure> {
    while let Some(event) = events.recv().await {
        show(&follower.push(&event)?, console);
        let serves = match &event.kind {
            Kind::State(state) => state.to == TcpState::Listen,
            Kind::Call(call) => call.answer.is_none() && WAITING.contains(&call.name.as_str()),
            _ => false,
        };
        if serves {
            break;
        }
    }
    Ok(())
}

/// A program under strace needs some hundred milliseconds to begin, on a busy machine more.
const HEAD_START: Duration = Duration::from_millis(1500);
/// The calls in which a server waits.
const WAITING: [&str; 5] = ["accept", "poll", "recv", "recvfrom", "recvmsg"];
