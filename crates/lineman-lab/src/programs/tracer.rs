//! Makes events of what strace says.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::io::Read as _;
use std::os::fd::AsRawFd as _;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use lineman_trace::log::Answer;
use lineman_trace::log::Call;
use lineman_trace::log::Endpoints;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::pipe::PipeFlags;

use super::progress::Progress;
use super::progress::Tracers;
use crate::kernel::Sampler;
use crate::recorder::Recorder;
use crate::recorder::locked;
use crate::trace::Trace;
use crate::trace::Traced;
use crate::trace::registers;
use crate::wire::together;

/// Where the calls of programs are told.
#[derive(Clone, Debug)]
pub(crate) struct CallRecorder {
    pub(crate) recorder: Recorder,
    pub(crate) sampler: Arc<Mutex<Sampler>>,
    /// Counts the calls of all programs and hosts.
    pub(crate) calls: Arc<AtomicU64>,
    /// When the log began.
    pub(crate) begun: Instant,
    /// What is listened to; the order of the log waits for it.
    pub(crate) tracers: Tracers,
}

/// A strace that is listened to.
#[derive(Debug)]
pub(super) struct Listening {
    /// The end that strace writes to. It opens it by itself, by its name in /proc: a descriptor that
    /// it inherited would be inherited by the program as well.
    pipe: OwnedFd,
    thread: thread::JoinHandle<()>,
}

impl Listening {
    /// What strace is to write to.
    pub(super) fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.pipe.as_raw_fd())
    }

    /// Waits for the last line. The program must have ended.
    pub(super) fn finish(self) {
        drop(self.pipe);
        let _ = self.thread.join();
    }
}

impl CallRecorder {
    pub(super) fn listen(&self, host: Host, program: &str) -> io::Result<Listening> {
        let (read_end, pipe) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let reader = TraceReader {
            recorder: self.clone(),
            host,
            program: program.to_owned(),
            open: HashMap::new(),
            heard: HashMap::new(),
            unasked: None,
            closed: Vec::new(),
        };
        let progress = Arc::new(Progress::new(read_end.into(), Instant::now()));
        self.tracers.add(&progress);
        let thread = thread::Builder::new()
            .name("trace".to_owned())
            .spawn(move || reader.run(&progress))?;
        Ok(Listening { pipe, thread })
    }
}

/// The clock of a log and the time of day, which strace tells, looked at together. They are for each part of what it
/// writes: by what both showed when the log began, a call could seem to begin after it had sent its packet, which is
/// dated by its age.
struct Clocks {
    log_ns: u64,
    utc_ns: u64,
}

impl Clocks {
    fn now(begun: Instant) -> Self {
        let (now, utc) = together(|| SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default());
        let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Self {
            log_ns: ns(now.saturating_duration_since(begun)),
            utc_ns: ns(utc),
        }
    }

    /// What the log's clock showed at a time of day that is over.
    fn log_ns(&self, utc_ns: u64) -> u64 {
        let ago = self.utc_ns.saturating_sub(utc_ns);
        self.log_ns.saturating_sub(ago)
    }
}

/// Tells the calls of one program.
struct TraceReader {
    recorder: CallRecorder,
    host: Host,
    program: String,
    /// The numbers of the calls that threads are in.
    open: HashMap<u32, u64>,
    /// When each thread was last heard of, in nanoseconds of the log: looks at two clocks are never quite at once.
    heard: HashMap<u32, u64>,
    /// The last call that may have changed a state, if the kernel was not asked since.
    unasked: Option<u64>,
    /// The calls of close() that have returned since, and their connections.
    closed: Vec<(u64, Endpoints)>,
}

impl TraceReader {
    fn run(mut self, progress: &Progress) {
        let mut source = &progress.source;
        let (mut trace, mut text) = (Trace::default(), Vec::new());
        let mut part = vec![0; PIPE_LEN];
        loop {
            let until = progress.wait();
            let len = match source.read(&mut part) {
                Ok(0) => return,
                Ok(len) => len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return,
            };
            let clocks = Clocks::now(self.recorder.begun);
            text.extend(&part[..len]);
            let mut at = 0;
            while let Some(len) = text[at..].iter().position(|&byte| byte == b'\n') {
                let line = String::from_utf8_lossy(&text[at..at + len]);
                at += len + 1;
                for mut call in trace.line(&line) {
                    look_up(&mut call, &text[at..], source);
                    self.tell(&call, &clocks);
                }
            }
            text.drain(..at);
            if text.len() > LONGEST_LINE {
                text.clear();
            }
            if let Some(mut call) = trace.unfinished(&String::from_utf8_lossy(&text)) {
                look_up(&mut call, b"", source);
                self.tell(&call, &clocks);
            }
            self.ask();
            progress.told(until);
        }
    }

    /// Asks what the calls did to the sockets: once for all that strace has told at once.
    fn ask(&mut self) {
        if let Some(event) = self.unasked.take() {
            let mut sampler = locked(&self.recorder.sampler);
            sampler.sweep(self.host, Some(event));
            for (close, socket) in self.closed.drain(..) {
                sampler.goes_on(self.host, socket, close);
            }
        }
    }

    fn tell(&mut self, traced: &Traced, clocks: &Clocks) {
        let id = match &traced.answer {
            Some(_) => self.open.remove(&traced.thread),
            None => None,
        };
        let id = id.unwrap_or_else(|| self.recorder.calls.fetch_add(1, Ordering::Relaxed) + 1);
        if traced.answer.is_none() {
            self.open.insert(traced.thread, id);
        }
        let kind = Kind::Call(Call {
            id,
            host: self.host,
            program: Some(self.program.clone()),
            fd: traced.fd,
            socket: traced.socket.map(Box::new),
            name: traced.name.clone(),
            args: traced.args.clone(),
            answer: traced.answer.clone(),
        });
        let heard_ns = self.heard.entry(traced.thread).or_default();
        let t_ns = clocks.log_ns(traced.utc_ns).max(*heard_ns);
        *heard_ns = t_ns;
        let event = self.recorder.recorder.record_at(t_ns, kind);
        if changes_a_state(&traced.name, traced.answer.as_ref()) {
            locked(&self.recorder.sampler).called(self.host, event);
            self.unasked = traced.answer.as_ref().map(|_| event).or(self.unasked);
            let closes = traced.name == "close" && matches!(traced.answer, Some(Answer::Value(_)));
            let closed = traced.socket.filter(|it| closes && it.remote.is_some());
            self.closed.extend(closed.map(|socket| (event, socket)));
        }
    }
}

/// Completes what is known of a call that waits by what its kernel knows. `rest` is what strace has written since: neither there nor in
/// the pipe may be more of its thread, which would be in another call by now.
fn look_up(call: &mut Traced, rest: &[u8], source: &File) {
    let thread = call.thread.to_string();
    let lines = String::from_utf8_lossy(rest);
    let went_on = |line: &str| line.split(' ').next() == Some(&thread);
    if !registers::knows_more(call) || lines.lines().any(went_on) {
        return;
    }
    let path = format!("/proc/{thread}/syscall");
    for _ in 0..LOOKS {
        let Ok(waits) = std::fs::read_to_string(&path) else {
            return;
        };
        let is_running = waits.starts_with("running");
        // One that is about to wait has not had the processor since strace has let it go.
        let patience = if is_running {
            LOOK
        } else {
            Timespec::default()
        };
        let mut more = [PollFd::new(source, PollFlags::IN)];
        if rustix::event::poll(&mut more, Some(&patience)) != Ok(0) {
            return;
        }
        if !is_running {
            call.args = registers::args(call, &waits).unwrap_or_default();
            return;
        }
    }
}

/// How often is looked at a thread that is in its call, or not yet, and how long is waited in between: all in all half of what the log
/// waits for a tracer.
const LOOKS: usize = 20;
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 1_000_000,
};

/// Whether a call changes the state of a socket, or tells of a change that no packet has made: TCP has given its connection up. Others,
/// like accept and poll, only return because of a change.
pub(crate) fn changes_a_state(name: &str, answer: Option<&Answer>) -> bool {
    let gave_up = matches!(answer, Some(Answer::Error(error)) if error == "ETIMEDOUT");
    gave_up || matches!(name, "listen" | "connect" | "shutdown" | "close")
}

/// What a pipe holds at most, in bytes (pipe(7)): one read takes all that is in it.
const PIPE_LEN: usize = 1 << 16;
/// The longest line of strace that is taken in, in bytes. Strings are cut after 64 of them (`-s 64`), so none of its
/// own is as long; a longer one costs no more memory.
const LONGEST_LINE: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// The time of day when the log began was read some fifty microseconds before the log's clock was: every call stood so much too
    /// late, and a close() below the RST that it had sent.
    #[test]
    fn a_call_is_dated_by_how_long_ago_it_was() {
        let clocks = Clocks {
            log_ns: 5_000_000,
            utc_ns: 1_795_407_796_005_050_000,
        };
        assert_eq!(clocks.log_ns(1_795_407_796_003_050_000), 3_000_000);
        let ahead = clocks.utc_ns + 1_000_000;
        assert_eq!(
            clocks.log_ns(ahead),
            clocks.log_ns,
            "a clock that was set back"
        );
        assert_eq!(clocks.log_ns(0), 0, "a clock that was set forward");
    }
}
