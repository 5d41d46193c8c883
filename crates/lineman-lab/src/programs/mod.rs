//! Programs on the hosts: any program, in a host's network, with the streams that the owner gives it.
//! Where there is strace(1), its socket calls are told as those of the host.

mod progress;
mod tracer;
mod trial;

use std::collections::BTreeMap;
use std::io;
use std::io::IsTerminal as _;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Note;
use rustix::process::Pid;
use rustix::process::Signal;
use serde::Deserialize;
use serde::Serialize;

use crate::namespace::Namespace;
use crate::recorder::locked;
use crate::sys;

#[cfg(test)]
pub(crate) use progress::Progress;
pub(crate) use progress::Tracers;
pub(crate) use tracer::CallRecorder;
pub(crate) use tracer::changes_a_state;
pub use trial::Untraceable;
pub use trial::try_tracing;

/// A program that is to run on a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRequest {
    /// On which.
    pub host: Host,
    /// Its name or path, and its arguments.
    pub words: Vec<String>,
    /// strace, by which its calls become known; without, only its packets are seen.
    pub strace: Option<PathBuf>,
    /// The process group that it joins: one that has the terminal, so that it may read from there and
    /// hears ^C.
    pub group: i32,
    /// Whether its terminal, if it has one, shows lines and cannot move a cursor: it is told so (`TERM=dumb`).
    pub lines_only: bool,
}

/// How a program has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// By itself, with this code.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    /// It did not begin: the number of the system's answer (errno(3)), and the answer.
    Refused(Option<i32>, String),
}

/// Runs a program to its end, on a thread of its own; `done` hears how it ended. It must be a thread
/// that lives as long: the kernel kills the program with the thread that started it.
pub(crate) fn run(
    request: RunRequest,
    streams: [OwnedFd; 3],
    namespace: Arc<Namespace>,
    recorder: CallRecorder,
    done: impl FnOnce(Ended) + Send + 'static,
) {
    let work = move || {
        let ended = namespace
            .enter()
            .and_then(|()| live(&request, streams, &recorder));
        let ended = ended.unwrap_or_else(|error| refused(&error));
        tell(&request, &ended, &recorder);
        done(ended);
    };
    // It fails only when the system has no thread left; then nobody is told, and the order is dropped
    // with its answer.
    let _ = thread::Builder::new()
        .name("program".to_owned())
        .spawn(work);
}

fn live(request: &RunRequest, streams: [OwnedFd; 3], recorder: &CallRecorder) -> io::Result<Ended> {
    let Some((name, args)) = request.words.split_first() else {
        return Err(io::ErrorKind::NotFound.into());
    };
    let traced = match &request.strace {
        Some(_) => Some(recorder.listen(request.host, name)?),
        None => None,
    };
    let [input, output, errors] = streams;
    let mut command = match (&request.strace, &traced) {
        (Some(strace), Some(traced)) => {
            let mut command = Command::new(strace);
            command.args(TRACE).arg("-o").arg(traced.path());
            command.arg("--").args(SPEAK_APART).arg(name);
            command.stderr(Stdio::null());
            sys::inherit(&mut command, errors, APART);
            command
        }
        _ => {
            let mut command = Command::new(name);
            command.stderr(errors);
            command
        }
    };
    if !output.is_terminal() {
        // Into a pipe Python writes late, and what was asked would be seen after it was answered.
        command.env("PYTHONUNBUFFERED", "1");
    }
    if request.lines_only {
        command.env("TERM", "dumb");
    }
    command.args(args).stdin(input).stdout(output);
    command.process_group(request.group);
    sys::die_with_parent(&mut command);
    let status = command.spawn().and_then(|mut child| {
        drop(command); // with its copies of the streams: who reads them waits for the last
        child.wait()
    });
    if let Some(traced) = traced {
        traced.finish();
    }
    status.map(ended)
}

fn ended(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(code),
        (None, signal) => Ended::Killed(signal.unwrap_or_default()),
    }
}

fn refused(error: &io::Error) -> Ended {
    Ended::Refused(error.raw_os_error(), error.to_string())
}

fn tell(request: &RunRequest, ended: &Ended, recorder: &CallRecorder) {
    let (id, detail) = match ended {
        Ended::Exited(code) => ("program.exited", code.to_string()),
        Ended::Killed(signal) if *signal == KILL && ENDS.load(Ordering::Relaxed) => {
            ("program.stopped", signal.to_string())
        }
        Ended::Killed(signal) => ("program.killed", signal.to_string()),
        Ended::Refused(_, said) => ("program.refused", said.clone()),
    };
    let host = match request.host {
        Host::Client => "client",
        Host::Server => "server",
    };
    let program = request.words.first().cloned().unwrap_or_default();
    let args = [
        ("host", host.to_owned()),
        ("program", program),
        ("how", detail),
    ];
    let args: BTreeMap<_, _> = args.map(|(key, value)| (key.to_owned(), value)).into();
    let id = id.to_owned();
    let event = recorder.recorder.record(Kind::Note(Note { id, args }));
    // No packet tells that these sockets are gone, and so the kernel is asked now.
    locked(&recorder.sampler).looks_at_silent(request.host, event);
}

/// Whether the lab ends, and ends what still runs: no signal that a program's user has to explain.
static ENDS: AtomicBool = AtomicBool::new(false);
/// The number of the signal by which it does.
const KILL: i32 = Signal::KILL.as_raw();

/// Ends whatever runs here, and what that has started. To be called when nothing more is started.
pub(crate) fn end_all() {
    ENDS.store(true, Ordering::Relaxed);
    for _ in 0..ROUNDS {
        let children = children();
        if children.is_empty() {
            return;
        }
        for child in children {
            let _ = rustix::process::kill_process(child, Signal::KILL);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Has orphans of programs become children of this process, where [`end_all`] finds them.
pub(crate) fn adopt() {
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// The children of this process that have not ended.
fn children() -> Vec<Pid> {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let lists = tasks.flatten().map(|task| {
        let list = std::fs::read_to_string(task.path().join("children"));
        list.unwrap_or_default()
    });
    let pids: Vec<i32> = lists
        .flat_map(|list| {
            list.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .filter(|pid| !is_dead(pid))
        .filter_map(|pid| pid.parse().ok())
        .collect();
    pids.into_iter().filter_map(Pid::from_raw).collect()
}

/// The state follows the name, which stands in brackets and may hold anything (proc_pid_stat(5)).
fn is_dead(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| {
        let state = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.chars().next());
        matches!(state, None | Some('Z' | 'X'))
    })
}

/// How many rounds end programs at most. Each ends a generation, what was started by those that were ended in the one
/// before; two are usual, and a program that forks for ever must not keep the lab.
const ROUNDS: usize = 40;

/// What strace runs instead of the program: it becomes the program (exec). strace's own messages go to its standard
/// error, which is thrown away; the program's standard error is another descriptor until then.
const SPEAK_APART: [&str; 4] = ["/bin/sh", "-c", r#"exec "$@" 2>&9 9>&-"#, "sh"];
/// That descriptor: the last that a shell names by one digit, as it must.
const APART: i32 = 9;

/// The tracer is a grandchild (`-D`), so that the program itself is ours to wait for and to kill.
const TRACE: [&str; 10] = [
    "-D",
    "-f",
    "-q",
    "-ttt",
    "-T",
    "-yy",
    "-s",
    "64",
    "--seccomp-bpf",
    "--trace=%network,read,write,?readv,?writev,?splice,close,?poll,?ppoll,?select,?pselect6,?epoll_ctl,?epoll_wait,?epoll_pwait,?epoll_pwait2",
];
