//! The programs, from the first one's start to the last one's end.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use lineman_lab::Ended;
use lineman_lab::Lab;
use lineman_lab::RunRequest;
use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_proto::text::visible;
use lineman_trace::log::Call;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::TcpState;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Channel;
use super::Job;
use super::addresses_beside;
use super::host_name;
use super::start::Heard;
use super::start::Streams;
use super::start::begin;
use super::typed::Typed;
use super::typed::Went;
use crate::commands::trace::session::Next;
use crate::commands::trace::session::Source;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::failure::system_text;
use crate::lang::bench::Bench as Words;

/// Programs on the hosts of a lab.
pub(super) struct Programs {
    lab: Lab,
    /// Those that have not been started.
    waiting: VecDeque<Job>,
    started: Vec<Job>,
    strace: Option<PathBuf>,
    speaks: mpsc::UnboundedSender<Heard>,
    heard: mpsc::UnboundedReceiver<Heard>,
    /// What was heard, and when it is shown: below the packets that made a program say it, which the log tells late.
    held: VecDeque<(Instant, Heard)>,
    /// The hosts whose programs have not ended.
    running: Vec<Host>,
    /// Whether one of them writes to the terminal by itself.
    shares_terminal: bool,
    /// What a person types for them.
    typed: Typed,
    /// The hosts that were told which address is their own.
    told: Vec<Host>,
    /// Whose program's end is the end of all.
    until: Option<Host>,
    /// When it is said that a program runs on by itself, unless it has ended.
    lingers: Option<Instant>,
    stage: Stage,
    /// The first exit code that is not 0, or the program's that has the terminal.
    exit: Option<Failure>,
    console: Console,
}

/// What comes next by itself.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// The next program is started then.
    Start(Instant),
    /// Nothing: they run.
    Run,
    /// They were asked to end, and have had enough time then.
    Goodbye(Instant),
    /// They have ended, and so have their packets then.
    Rest(Instant),
    /// The lab was told to end.
    Over,
}

/// What is heard of them.
pub(super) enum Input {
    Heard(Heard),
    /// What was held is to be shown.
    Show,
    Due,
    /// Something was typed, or may have a reader now.
    Typed,
}

impl Programs {
    /// Programs that will run in this lab, one after the other is there, and the hosts that were told which address is their own.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub(super) fn new(
        lab: Lab,
        (jobs, told): (Vec<Job>, Vec<Host>),
        strace: Option<PathBuf>,
        until: Option<Host>,
        console: Console,
    ) -> Result<Self, Failure> {
        // Where one has the terminal, it has stdin too.
        let typed = match jobs.iter().any(Job::has_terminal) {
            true => Typed::nothing(),
            false => Typed::listen(jobs.len())
                .map_err(SystemError::new(Operation::Listen, "stdin"))
                .map_err(|error| Failure::system(&error, console.lang))?,
        };
        let (speaks, heard) = mpsc::unbounded_channel();
        let alone = matches!(&jobs[..], [job] if job.host == Host::Server && !job.has_terminal());
        Ok(Self {
            lab,
            shares_terminal: jobs.iter().any(Job::has_terminal),
            typed,
            told,
            running: jobs.iter().map(|job| job.host).collect(),
            until,
            lingers: alone.then(|| Instant::now() + LINGERS),
            waiting: jobs.into(),
            started: Vec::new(),
            strace,
            speaks,
            heard,
            held: VecDeque::new(),
            stage: Stage::Start(Instant::now()),
            exit: None,
            console,
        })
    }

    /// As the programs have ended.
    ///
    /// # Errors
    /// With the first exit code that is not 0, or a signal.
    pub(super) fn result(&mut self) -> Result<(), Failure> {
        match self.exit.take() {
            Some(failure) if failure.exit != Exit::Done => Err(failure),
            _ => Ok(()),
        }
    }

    fn start(&mut self) -> Result<(), Failure> {
        let Some(job) = self.waiting.pop_front() else {
            self.stage = Stage::Run;
            return Ok(());
        };
        let request = RunRequest {
            host: job.host,
            words: job.words.clone(),
            strace: self.strace.clone(),
            lines_only: job.channel == Channel::Pty,
            group: rustix::process::getpgrp().as_raw_nonzero().get(),
        };
        let streams = match job.channel {
            Channel::Ours => Streams::Ours,
            Channel::Pipes => Streams::Pipes {
                is_typed: self.typed.is_on(),
            },
            Channel::Pty => Streams::Pty,
        };
        let input = begin(&self.lab, request, streams, &self.speaks)
            .map_err(SystemError::new(Operation::Create, "a program"))
            .map_err(|error| Failure::system(&error, self.console.lang))?;
        input.into_iter().for_each(|input| self.typed.begun(input));
        self.started.push(job);
        self.stage = match self.waiting.is_empty() {
            true => Stage::Run,
            // Without strace a datagram socket is not seen; time has to do.
            false => Stage::Start(Instant::now() + HEAD_START),
        };
        Ok(())
    }

    fn due(&mut self) -> Result<Next, Failure> {
        if self.lingers.take_if(|at| *at <= Instant::now()).is_some() {
            if let Stage::Run = self.stage {
                self.tell_left();
            }
            return Ok(Next::GoOn);
        }
        match self.stage {
            Stage::Start(_) => self.start()?,
            Stage::Goodbye(_) => self.rest(),
            Stage::Rest(_) => {
                self.stage = Stage::Over;
                return Ok(Next::End);
            }
            Stage::Run | Stage::Over => {}
        }
        Ok(Next::GoOn)
    }

    /// Whether a program is left that no person types for, and whose peer has ended.
    fn is_left(&self) -> bool {
        let [host] = self.running[..] else {
            return false;
        };
        let mut jobs = self.started.iter();
        self.waiting.is_empty() && jobs.any(|job| job.host == host && !job.has_terminal())
    }

    /// Says something, on a line of its own.
    fn note(&self, words: &Words<'_>) {
        self.begin_line();
        self.console.note(words);
    }

    /// Has what is said begin a line: a program that has the terminal may have begun one.
    fn begin_line(&self) {
        if let Some(fresh) = super::fresh_line(self.shares_terminal) {
            let _ = write!(io::stderr(), "{fresh}");
        }
    }

    /// Says that a program runs on, and how to end it.
    fn tell_left(&self) {
        let Some(job) = self
            .started
            .iter()
            .find(|job| self.running.contains(&job.host) && !self.has_ended(job.host))
        else {
            return;
        };
        let (program, host) = (&job.words[0], &host_name(job.host, self.console.lang));
        self.note(&match (self.started.len(), job.host) {
            (1, _) => Words::RunsAlone { program, host },
            (_, Host::Server) => Words::RunsOn {
                program,
                host,
                other: &"client",
            },
            (_, Host::Client) => Words::RunsOn {
                program,
                host,
                other: &"server",
            },
        });
    }

    fn rest(&mut self) {
        self.stage = Stage::Rest(Instant::now() + REST);
    }

    /// Keeps what was heard until the log has told what came before it. As JSON nothing is told late: each line has its
    /// own time.
    fn hold(&mut self, heard: Heard) -> Result<(), Failure> {
        if self.console.json {
            return self.heard(heard);
        }
        self.held.push_back((Instant::now() + HOLD, heard));
        Ok(())
    }

    fn heard(&mut self, heard: Heard) -> Result<(), Failure> {
        let console = self.console;
        match heard {
            Heard::Line(host, text) => {
                let name = host_name(host, console.lang);
                let text = visible(text.trim_end_matches(['\n', '\r'])).into_owned();
                if console.json {
                    return console.tell("output", json!({ "host": host, "text": text }));
                }
                self.begin_line();
                console.print(format!("{name}: {text}\n"))?;
                if self.shares_terminal && text.contains("EOFError: EOF when reading a line") {
                    // Python's input(): it has nobody to ask.
                    let option = &match host {
                        Host::Server => "--client",
                        Host::Client => "--server",
                    };
                    self.note(&Words::NobodyTypes {
                        host: &name,
                        option,
                    });
                }
                Ok(())
            }
            Heard::Ended(host, ended) => {
                self.running.retain(|running| *running != host);
                self.typed.ended(host);
                self.lingers = self.is_left().then(|| Instant::now() + LINGERS);
                let over = self.running.is_empty() || self.until == Some(host);
                match self.stage {
                    Stage::Run | Stage::Goodbye(_) if over => self.rest(),
                    Stage::Start(_) if self.until == Some(host) => {
                        self.waiting.clear();
                        self.rest();
                    }
                    // It was ended, because the one that counts had come to its end.
                    Stage::Rest(_) | Stage::Over
                        if self.until.is_some_and(|until| until != host) =>
                    {
                        return Ok(());
                    }
                    _ => {}
                }
                self.note_end(host, &ended);
                self.tell_end(host, &ended);
                Ok(())
            }
        }
    }

    /// Says that a program has ended while the other goes on: else it looks as if both did.
    fn tell_end(&self, host: Host, ended: &Ended) {
        let [left] = self.running[..] else { return };
        if self.has_ended(left) {
            return;
        }
        let Some(job) = self.started.iter().find(|job| job.host == host) else {
            return;
        };
        if !matches!(self.stage, Stage::Run) || self.console.json {
            return;
        }
        let lang = self.console.lang;
        let (program, host) = (&job.words[0], &host_name(host, lang));
        let other = &host_name(left, lang);
        if let Ended::Exited(how) = ended {
            let how = &how;
            self.note(&Words::EndedFirst {
                program,
                host,
                how,
                other,
            });
        }
    }

    /// Whether a host's program is known to have ended, though that is not shown yet: the ladder may have said so.
    fn has_ended(&self, host: Host) -> bool {
        let mut held = self.held.iter();
        held.any(|(_, heard)| matches!(heard, Heard::Ended(ended, _) if *ended == host))
    }

    /// Says once for each host which address the other host has, when a program calls 127.0.0.1, which is its own host.
    fn tell_address(&mut self, call: &Call) {
        let tries = matches!(call.name.as_str(), "connect" | "sendto" | "sendmsg");
        let own = call.args.iter().find_map(|arg| loopback(arg));
        let Some(address) = own.filter(|_| tries && !self.told.contains(&call.host)) else {
            return;
        };
        self.told.push(call.host);
        let (lang, other) = (self.console.lang, call.host.other());
        self.note(&Words::OwnAddress {
            address: &address,
            host: &host_name(call.host, lang),
            peer: &host_name(other, lang),
            there: &addresses_beside(&address)[other],
        });
    }

    /// A program that failed makes us fail, in a way that scripts can tell.
    fn note_end(&mut self, host: Host, ended: &Ended) {
        let lang = self.console.lang;
        let job = self.started.iter().find(|job| job.host == host);
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

impl<P: ?Sized> Source<P> for Programs {
    type Input = Input;

    async fn input(&mut self) -> Input {
        let due = match self.stage {
            Stage::Start(at) | Stage::Goodbye(at) | Stage::Rest(at) => Some(at),
            Stage::Run | Stage::Over => None,
        };
        let due = due.into_iter().chain(self.lingers).min();
        let wait = async {
            match due {
                Some(at) => tokio::time::sleep_until(at).await,
                None => pending().await,
            }
        };
        let shown = self.held.front().map(|(at, _)| *at);
        let hold = async {
            match shown {
                Some(at) => tokio::time::sleep_until(at).await,
                None => pending().await,
            }
        };
        tokio::select! {
            Some(heard) = self.heard.recv() => Input::Heard(heard),
            () = hold => Input::Show,
            () = wait => Input::Due,
            () = self.typed.changed(), if self.typed.is_on() => Input::Typed,
        }
    }

    fn take(&mut self, input: Input, _: &mut P) -> Result<Next, Failure> {
        match input {
            Input::Heard(heard) => self.hold(heard).map(|()| Next::GoOn),
            Input::Show => {
                while let Ok(heard) = self.heard.try_recv() {
                    self.hold(heard)?;
                }
                let Some((_, heard)) = self.held.pop_front() else {
                    return Ok(Next::GoOn);
                };
                self.heard(heard).map(|()| Next::GoOn)
            }
            Input::Due => self.due(),
            Input::Typed => {
                if self.typed.deliver() == Went::Unclear {
                    self.note(&Words::WhoseLine {});
                }
                Ok(Next::GoOn)
            }
        }
    }

    /// The next program is started when the server's waits for a client.
    fn hear(&mut self, event: &Event) {
        if let Kind::Call(call) = &event.kind {
            self.tell_address(call);
        }
        let serves = match &event.kind {
            Kind::State(state) => state.to == TcpState::Listen,
            Kind::Call(call) => call.answer.is_none() && WAITING.contains(&call.name.as_str()),
            _ => false,
        };
        if serves && let Stage::Start(_) = self.stage {
            self.stage = Stage::Start(Instant::now());
        }
    }

    /// The programs hear ^C as well, and may want to say goodbye.
    fn signal(&mut self, exit: Exit) -> Result<Next, Failure> {
        self.exit = Some(Failure::said(exit));
        self.waiting.clear();
        if let Stage::Start(_) | Stage::Run = self.stage {
            self.stage = Stage::Goodbye(Instant::now() + GOODBYE);
        }
        Ok(Next::GoOn)
    }

    fn end(&mut self) {
        let _ = self.lab.finish(); // it may have ended
    }

    /// What they have said last.
    fn ended(&mut self, _: bool, _: &mut P) -> Result<(), Failure> {
        while let Some((_, heard)) = self.held.pop_front() {
            self.heard(heard)?;
        }
        while let Ok(heard) = self.heard.try_recv() {
            self.heard(heard)?;
        }
        Ok(())
    }
}

/// The address in a call's argument that is the host's own, whichever it is.
fn loopback(arg: &str) -> Option<String> {
    let address = arg.rsplit_once(':').map_or(arg, |(address, _)| address);
    let address: IpAddr = address.trim_matches(['[', ']']).parse().ok()?;
    let is_own = address.to_canonical().is_loopback();
    is_own.then(|| address.to_string())
}

/// A program under strace needs some hundred milliseconds to begin, on a busy machine more.
const HEAD_START: Duration = Duration::from_millis(1500);
/// The calls in which a server waits.
const WAITING: [&str; 7] = [
    "accept",
    "epoll_wait",
    "poll",
    "recv",
    "recvfrom",
    "recvmsg",
    "select",
];
/// What the kernel still says when both programs have ended.
const REST: Duration = Duration::from_millis(150);
/// How long what a program says is held back: the log waits 40 ms for the tracer, and a row 60 ms for what belongs to it.
/// As much again is left for a busy machine: a person does not notice it before a prompt.
const HOLD: Duration = Duration::from_millis(200);
/// How long a program may take to end after ^C.
const GOODBYE: Duration = Duration::from_millis(500);
/// How long a program may be left by itself before that is said: a server that serves one client ends
/// soon after it.
const LINGERS: Duration = Duration::from_secs(1);
