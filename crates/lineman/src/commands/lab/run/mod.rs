//! `lineman lab run`: any program on a host of the lab.

mod fold;
mod mistakes;
mod output;
mod programs;
mod pty;
mod runnable;
mod start;
mod typed;
mod words;

use std::io;
use std::io::IsTerminal as _;
use std::io::Write as _;
use std::path::PathBuf;

use lineman_trace::log::Host;
use lineman_trace::story::Ends;

use self::fold::Folded;
use self::mistakes::Mistake;
use self::mistakes::Use;
use self::mistakes::What;
use self::programs::Programs;
use self::runnable::Unfit;
use crate::args::lab_bench::On;
use crate::args::lab_bench::Run;
use crate::args::lab_bench::Until;
use crate::commands::trace::drawing;
use crate::commands::trace::presenter::Lines;
use crate::commands::trace::presenter::Target;
use crate::commands::trace::record::Record;
use crate::commands::trace::session;
use crate::commands::trace::source;
use crate::commands::trace::source::refusal;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::bench::Bench as Words;
use crate::programs::on_path;
use crate::runtime;
use crate::runtime::Signals;
use crate::terminal::surface::Surface;
use crate::terminal::surface::columns;

/// A program that is to run.
struct Job {
    host: Host,
    words: Vec<String>,
    channel: Channel,
}

/// By what a program hears and speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    /// By our own streams: the terminal, if there is one.
    Ours,
    /// By pipes of ours.
    Pipes,
    /// By a terminal of its own.
    Pty,
}

impl Job {
    /// Whether it speaks past us.
    fn has_terminal(&self) -> bool {
        self.channel == Channel::Ours
    }
}

/// Runs the programs to their end.
///
/// # Errors
/// When there is no lab or no program; or with the program's own exit code.
pub fn run(args: &Run, console: Console) -> Result<(), Failure> {
    if args.simulated {
        return Err(Failure::usage(&Words::NotSimulated {}, console.lang));
    }
    let jobs = jobs(args, console)?;
    runtime::block_on(console, watch(args, jobs, console))
}

/// The programs, the server's first.
fn jobs(args: &Run, console: Console) -> Result<Vec<Job>, Failure> {
    let own = match args.pty {
        true => Channel::Pty,
        false => Channel::Pipes,
    };
    let mut jobs = Vec::new();
    for (host, text) in [(Host::Server, &args.server), (Host::Client, &args.client)] {
        let Some(text) = text else { continue };
        let words = words::split(text)
            .ok_or_else(|| Failure::usage(&Words::BadQuotes { text }, console.lang))?;
        jobs.push(Job {
            host,
            words,
            channel: own,
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
            channel: match args.pty {
                true => Channel::Pty,
                false => Channel::Ours,
            },
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
    if let Some(until) = args.until.and_then(Until::host)
        && !jobs.iter().any(|job| job.host == until)
    {
        let host = &host_name(until, console.lang);
        return Err(Failure::usage(&Words::UntilNobody { host }, console.lang));
    }
    Ok(jobs)
}

fn exists(job: &Job, console: Console) -> Result<(), Failure> {
    let program = job.words[0].as_str();
    let Some(unfit) = Unfit::of(program) else {
        return Ok(());
    };
    let instead = runnable::instead(program);
    let words = unfit.words(&program, &instead);
    Err(Failure::usage(&words, console.lang))
}

/// strace, if it may trace here: where it may not, it would say so among what the program says.
fn tracer(console: Console) -> Option<PathBuf> {
    let Some(strace) = on_path("strace") else {
        console.note(&Words::NoStrace {});
        return None;
    };
    match lineman_lab::try_tracing(&strace) {
        Ok(()) => Some(strace),
        Err(error) => {
            let why = &refusal::untraceable(&error, console.lang);
            console.note(&Words::NotTraced { why });
            None
        }
    }
}

/// Says what is wrong with the programs, as far as their text shows it; and whether that was that one sends to its own host.
fn tell_mistakes(job: &Job, console: Console) -> bool {
    let mut sends_to_itself = false;
    for (file, Mistake { line, what }) in mistakes::of_command(&job.words) {
        let (file, line, host) = (&file, &line, &host_name(job.host, console.lang));
        let peer = &host_name(job.host.other(), console.lang);
        let addresses = match &what {
            What::Loopback(address, _) => addresses_beside(address),
            _ => ADDRESSES,
        };
        let (own, there) = (&addresses[job.host], &addresses[job.host.other()]);
        let usual = match job.host {
            Host::Client => Use::Sends,
            Host::Server => Use::Binds,
        };
        let sends = |does: &Option<Use>| does.unwrap_or(usual) == Use::Sends;
        sends_to_itself |= matches!(&what, What::Loopback(_, does) if sends(does));
        console.note(&match &what {
            What::Port(port) => Words::WrongPort { file, line, port },
            What::Encoding(wrong, meant) => Words::WrongEncoding {
                file,
                line,
                wrong,
                meant,
            },
            What::NoOpcode => Words::NoOpcode { file, line },
            What::NoBreakSpace => Words::NoBreakSpace { file, line },
            What::Loopback(address, does) => match does.unwrap_or(usual) {
                Use::Sends => Words::LoopbackSent {
                    file,
                    line,
                    address,
                    host,
                    peer,
                    there,
                },
                Use::Binds => Words::LoopbackBound {
                    file,
                    line,
                    address,
                    host,
                    own,
                },
            },
        });
    }
    sends_to_itself
}

/// Where the hosts of a lab are.
const ADDRESSES: Ends<&str> = Ends {
    client: "10.0.0.1",
    server: "10.0.0.2",
};

/// The same for a program of IPv6.
const ADDRESSES_V6: Ends<&str> = Ends {
    client: "fd00::1",
    server: "fd00::2",
};

/// Where the hosts are for a program that has this address of its own host: of the same family.
fn addresses_beside(loopback: &str) -> Ends<&'static str> {
    let is_v4 = loopback.contains('.') || !loopback.contains(':');
    if is_v4 { ADDRESSES } else { ADDRESSES_V6 }
}

/// The name of a host.
fn host_name(host: Host, lang: Lang) -> String {
    match host {
        Host::Client => Words::Client {},
        Host::Server => Words::Server {},
    }
    .render(lang)
}

async fn watch(args: &Run, jobs: Vec<Job>, console: Console) -> Result<(), Failure> {
    let mut signals = Signals::watch(console.lang)?;
    let strace = tracer(console);
    let mistaken = jobs.iter().filter(|job| tell_mistakes(job, console));
    let told = mistaken.map(|job| job.host).collect();
    let style = drawing::style_between(&args.drawing, Surface::of(io::stderr()), console);
    let shared = jobs.iter().any(Job::has_terminal);
    let beside = Beside { console, shared };
    let lines = Lines::new(beside, style, console);
    // As JSON it is the log, which is whole.
    let mut lines = Folded::new(lines, (!console.json).then_some(args.hide.as_slice()));
    let record = Record::create(args.lab.record.as_deref(), None, console)?;
    let (lab, events) = source::lab(&args.lab, console)?;
    let until = args.until.and_then(Until::host);
    let mut programs = Programs::new(lab, (jobs, told), strace, until, console)?;
    session::run(events, record, &mut programs, &mut lines, &mut signals).await?;
    programs.result()
}

/// Where lines go that are about programs, and not of them: stderr. As JSON they are what was asked for.
struct Beside {
    console: Console,
    /// A program writes to the same terminal, and may have begun a line: `send:`.
    shared: bool,
}

impl Target for Beside {
    fn lines(&mut self, lines: &[String]) -> Result<(), Failure> {
        if lines.is_empty() || self.console.quiet && !self.console.json {
            return Ok(());
        }
        let mut text = lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>();
        if self.console.json {
            let _ = write!(io::stdout(), "{text}");
            return Ok(());
        }
        if let Some(fresh) = fresh_line(self.shared) {
            text.insert_str(0, &fresh);
        }
        let _ = write!(io::stderr(), "{text}");
        Ok(())
    }
}

/// Has what follows on stderr begin a line, where a program writes to the same terminal and the cursor may be
/// anywhere: as many spaces as a line has columns, less one, wrap if something stands in it already, and else
/// are wiped away. (Shells find a fresh line in this way.)
fn fresh_line(shared: bool) -> Option<String> {
    if !shared || !io::stderr().is_terminal() {
        return None;
    }
    let columns = columns(io::stderr()).unwrap_or(COLUMNS);
    let spaces = " ".repeat(usize::from(columns).saturating_sub(1));
    Some(format!("{spaces}\r\x1b[K"))
}

/// Of a terminal that does not say.
const COLUMNS: u16 = 80;
