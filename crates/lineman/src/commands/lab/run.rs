//! `lineman lab run`: any program on a host of the lab.

mod words;

use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::IsTerminal as _;
use std::io::PipeReader;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::os::fd::OwnedFd;
use std::time::Duration;

use lineman_lab::Ended;
use lineman_lab::Errand;
use lineman_lab::Lab;
use lineman_lab::log::Event;
use lineman_lab::log::Host;
use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_proto::text::visible;
use serde_json::json;
use tokio::sync::mpsc;

use super::follow;
use super::follow::Follower;
use crate::args::lab_bench::On;
use crate::args::lab_bench::Run;
use crate::commands::doctor::on_path;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::failure::system_text;
use crate::lang::Message as _;
use crate::lang::bench::Bench as Words;
use crate::runtime;
use crate::runtime::Signals;

/// A program that is to run, and whether it has the terminal.
struct Job {
    host: Host,
    words: Vec<String>,
    has_terminal: bool,
}

/// What is heard of programs.
enum Heard {
    Line(Host, String),
    Ended(Host, Ended),
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
    let (lab, events) = follow::start(&args.watch, false, console)?;
    let (sender, heard) = mpsc::unbounded_channel();
    for (number, job) in jobs.iter().enumerate() {
        if number > 0 {
            // Whoever serves needs a moment to begin to.
            tokio::time::sleep(HEAD_START).await;
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
    show(&follower.finish(), console);
    done
}

/// Starts a program, with the terminal or with pipes from which its lines are read.
fn begin(
    lab: &Lab,
    errand: Errand,
    has_terminal: bool,
    sender: &mpsc::UnboundedSender<Heard>,
) -> io::Result<()> {
    let host = errand.host;
    let streams = match has_terminal {
        true => [
            io::stdin().as_fd().try_clone_to_owned()?,
            io::stdout().as_fd().try_clone_to_owned()?,
            io::stderr().as_fd().try_clone_to_owned()?,
        ],
        false => piped(host, sender)?,
    };
    let ticket = lab.run(errand, streams).map_err(io::Error::other)?;
    let sender = sender.clone();
    std::thread::Builder::new().spawn(move || {
        if let Ok(ended) = ticket.wait() {
            let _ = sender.send(Heard::Ended(host, ended));
        }
    })?;
    Ok(())
}

fn piped(host: Host, sender: &mpsc::UnboundedSender<Heard>) -> io::Result<[OwnedFd; 3]> {
    let nothing = std::fs::File::open("/dev/null")?;
    let (reader, writer) = io::pipe()?;
    let errors = writer.try_clone()?;
    let sender = sender.clone();
    std::thread::Builder::new().spawn(move || read_lines(host, reader, &sender))?;
    Ok([nothing.into(), writer.into(), errors.into()])
}

fn read_lines(host: Host, reader: PipeReader, sender: &mpsc::UnboundedSender<Heard>) {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|len| len > 0) {
        let text = String::from_utf8_lossy(&line).into_owned();
        if sender.send(Heard::Line(host, text)).is_err() {
            return;
        }
        line.clear();
    }
}

/// What goes on until everything has ended.
struct Showing<'a> {
    lab: &'a Lab,
    follower: &'a mut Follower,
    jobs: &'a [Job],
    /// The first exit code that is not 0, or the program's that has the terminal.
    exit: Option<Failure>,
    console: Console,
}

impl Showing<'_> {
    async fn go(
        mut self,
        mut events: mpsc::UnboundedReceiver<Event>,
        mut heard: mpsc::UnboundedReceiver<Heard>,
        mut signals: Signals,
    ) -> Result<(), Failure> {
        let mut running = self.jobs.len();
        let mut asked = false;
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => show(&self.follower.push(&event)?, self.console),
                    None => break,
                },
                Some(heard) = heard.recv() => {
                    let ended = usize::from(matches!(heard, Heard::Ended(..)));
                    running = running.saturating_sub(ended); // after ^C nobody is waited for
                    self.hear(heard)?;
                }
                exit = signals.next(), if !asked => {
                    // The program hears ^C as well, and may want to say goodbye.
                    tokio::time::sleep(GOODBYE).await;
                    self.exit = Some(Failure::said(exit));
                    running = 0;
                }
                () = tokio::time::sleep(TICK) => show(&self.follower.idle(), self.console),
            }
            if running == 0 && !asked {
                asked = true;
                tokio::time::sleep(REST).await; // the last packets
                let _ = self.lab.finish(); // it may have ended
            }
        }
        while let Ok(heard) = heard.try_recv() {
            self.hear(heard)?;
        }
        match self.exit {
            Some(failure) if failure.exit != Exit::Done => Err(failure),
            _ => Ok(()),
        }
    }

    fn hear(&mut self, heard: Heard) -> Result<(), Failure> {
        let console = self.console;
        match heard {
            Heard::Line(host, text) => {
                let name = match host {
                    Host::Client => Words::Client {},
                    Host::Server => Words::Server {},
                };
                let text = visible(text.trim_end_matches(['\n', '\r'])).into_owned();
                let written = match console.json {
                    true => console.event("output", json!({ "host": host, "text": text })),
                    false => writeln!(io::stdout(), "{}: {text}", name.render(console.lang)),
                };
                written.map_err(|error| Failure::stdout(error, console.lang))
            }
            Heard::Ended(host, ended) => {
                self.ended(host, &ended);
                Ok(())
            }
        }
    }

    /// A program that failed makes us fail, in a way that scripts can tell.
    fn ended(&mut self, host: Host, ended: &Ended) {
        let lang = self.console.lang;
        let job = self.jobs.iter().find(|job| job.host == host);
        let program = &job.map_or("", |job| job.words[0].as_str());
        let failure = match ended {
            Ended::Exited(0) => return,
            Ended::Exited(code) => {
                Failure::new(Exit::Incomplete, &Words::Exited { program, code }, lang)
            }
            Ended::Killed(signal) => {
                Failure::new(Exit::Incomplete, &Words::Killed { program, signal }, lang)
            }
            Ended::Refused(errno, said) => {
                let why = &match errno {
                    Some(errno) => system_text(&io::Error::from_raw_os_error(*errno), lang),
                    None => said.clone(),
                };
                Failure::new(Exit::Usage, &Words::NotRun { program, why }, lang)
            }
        };
        self.exit.get_or_insert(failure);
    }
}

/// The ladder is about the program, not of it: stderr. As JSON it is what was asked for.
fn show(lines: &[String], console: Console) {
    for line in lines {
        let _ = match console.json {
            true => writeln!(io::stdout(), "{line}"),
            false if console.quiet => Ok(()),
            false => writeln!(io::stderr(), "{line}"),
        };
    }
}

const TICK: Duration = Duration::from_millis(50);
/// A program under strace needs some hundred milliseconds to begin.
const HEAD_START: Duration = Duration::from_millis(700);
/// What the kernel still says when both programs have ended.
const REST: Duration = Duration::from_millis(150);
/// How long a program may take to end after ^C.
const GOODBYE: Duration = Duration::from_millis(500);
