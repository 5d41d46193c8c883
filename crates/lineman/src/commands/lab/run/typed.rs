//! Lines that a person types while two programs run: each goes to the program that reads.
//!
//! `server> …` and `client> …` name the program. Else the line waits until one of them reads from its
//! standard input, which Linux tells (proc_pid_syscall(5)). Of one that waits for one of several files (poll)
//! it does not tell which; so if only such are there for a while, the line goes to one of them, first of all
//! to the one that was written to last. A program that is busy, or waits for its peer, is waited for.

use std::collections::VecDeque;
use std::fs::File;
use std::future::pending;
use std::io;
use std::io::BufRead as _;
use std::io::Read as _;
use std::io::Write as _;
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use lineman_trace::log::Host;
use tokio::sync::mpsc;

use super::pty::END_OF_FILE;

/// Where lines go: the standard input of a program.
pub(super) struct Input {
    host: Host,
    writer: File,
    /// What the other end is called under `/proc/PID/fd`.
    name: PathBuf,
    is_terminal: bool,
    /// What there was no room for.
    rest: Vec<u8>,
    /// The threads that read when something was written last, each with how often it had slept: as long as a thread has not
    /// woken up since, it is still to read what was written.
    served: Vec<(PathBuf, u64)>,
    /// Nothing follows that.
    finished: bool,
}

impl Input {
    /// A pipe for a program of this host: the end that the program reads, and what is written to.
    ///
    /// # Errors
    /// When the system refuses a pipe.
    pub(super) fn pipe(host: Host) -> io::Result<(OwnedFd, Self)> {
        let (reader, writer) = io::pipe()?;
        let input = Self::new(host, &reader, writer.into(), false)?;
        Ok((reader.into(), input))
    }

    /// The terminal of a program, and what is written to.
    ///
    /// # Errors
    /// When it cannot be written to without waiting.
    pub(super) fn terminal(host: Host, program: &OwnedFd, ours: OwnedFd) -> io::Result<Self> {
        Self::new(host, program, ours, true)
    }

    fn new(
        host: Host,
        reader: &impl AsRawFd,
        writer: OwnedFd,
        is_terminal: bool,
    ) -> io::Result<Self> {
        let name = std::fs::read_link(format!("/proc/self/fd/{}", reader.as_raw_fd()))?;
        // A program that reads nothing keeps its lines waiting, and not us.
        let flags = rustix::fs::fcntl_getfl(&writer)? | rustix::fs::OFlags::NONBLOCK;
        rustix::fs::fcntl_setfl(&writer, flags)?;
        Ok(Self {
            host,
            writer: writer.into(),
            name,
            is_terminal,
            rest: Vec::new(),
            served: Vec::new(),
            finished: false,
        })
    }

    /// Takes a line, or a part of one; `false` if there is no room for it yet.
    fn take(&mut self, text: &[u8]) -> bool {
        if !self.flush() {
            return false;
        }
        self.served = self.readers();
        self.rest.extend_from_slice(text);
        if self.is_terminal && !text.ends_with(b"\n") {
            self.rest.push(END_OF_FILE); // a terminal hands over whole lines, and what stands before this
        }
        self.flush();
        true
    }

    /// Ends what the program reads; whether that has happened.
    fn finish(&mut self) -> bool {
        if !self.finished && self.is_terminal {
            self.rest.push(END_OF_FILE);
        }
        self.finished = true;
        self.flush()
    }

    /// Whether nothing is left that there was no room for.
    fn flush(&mut self) -> bool {
        while !self.rest.is_empty() {
            match self.writer.write(&self.rest) {
                Ok(len) => drop(self.rest.drain(..len)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // It is gone, or has closed its standard input.
                Err(_) => self.rest.clear(),
            }
        }
        true
    }

    /// What the programs that have this as standard input are doing.
    fn listening(&self) -> Listening {
        let listening = self
            .threads()
            .into_iter()
            .map(|thread| match self.listens(&thread) {
                Listening::Reads if self.served.contains(&(thread.clone(), slept(&thread))) => {
                    Listening::No
                }
                listening => listening,
            });
        listening.max().unwrap_or(Listening::No)
    }

    /// Those that read, each with how often it has slept.
    fn readers(&self) -> Vec<(PathBuf, u64)> {
        let reading = self.threads().into_iter();
        reading
            .filter(|thread| self.listens(thread) == Listening::Reads)
            .map(|thread| (thread.clone(), slept(&thread)))
            .collect()
    }

    /// The threads of the programs that have this as standard input.
    fn threads(&self) -> Vec<PathBuf> {
        let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        all.map(|process| process.path())
            .filter(|process| is_it(&process.join("fd/0"), &self.name))
            .flat_map(|process| {
                std::fs::read_dir(process.join("task"))
                    .into_iter()
                    .flatten()
            })
            .flatten()
            .map(|thread| thread.path())
            .collect()
    }

    /// What a thread is doing.
    fn listens(&self, thread: &Path) -> Listening {
        // It may be that of another user, or have ended.
        let Ok(call) = std::fs::read_to_string(thread.join("syscall")) else {
            return Listening::Perhaps;
        };
        let mut words = call.split_whitespace();
        let number: Option<u32> = words.next().and_then(|it| it.parse().ok());
        let file = words.next().and_then(|it| it.strip_prefix("0x"));
        let file = file.and_then(|it| u32::from_str_radix(it, 16).ok());
        match number {
            None => Listening::No, // it is running
            Some(_) if READ.is_none() => Listening::Perhaps,
            Some(_) if number == READ => match file {
                Some(file) if is_it(&thread.join(format!("fd/{file}")), &self.name) => {
                    Listening::Reads
                }
                _ => Listening::No,
            },
            Some(number) if ANY_FILE.contains(&number) => Listening::Perhaps,
            Some(_) => Listening::No,
        }
    }
}

/// Whether a program hears what is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Listening {
    /// It does something else, or is waiting for something else.
    No,
    /// What it is waiting for cannot be seen.
    Perhaps,
    /// It is reading its standard input.
    Reads,
}

/// How often a thread has gone to sleep (voluntary_ctxt_switches of proc_pid_status(5)).
fn slept(thread: &Path) -> u64 {
    let status = std::fs::read_to_string(thread.join("status")).unwrap_or_default();
    let count = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    count.and_then(|it| it.trim().parse().ok()).unwrap_or(0)
}

/// Whether a descriptor under `/proc` is of the file with this name.
fn is_it(descriptor: &Path, name: &Path) -> bool {
    std::fs::read_link(descriptor).is_ok_and(|it| it == name)
}

/// The number of read(2).
const READ: Option<u32> = match () {
    () if cfg!(target_arch = "x86_64") => Some(0),
    () if cfg!(any(target_arch = "aarch64", target_arch = "riscv64")) => Some(63),
    () => None,
};

/// The numbers of calls that wait for one of several files: poll(2), select(2), epoll_wait(2), io_uring_enter(2), and
/// what is like them.
const ANY_FILE: &[u32] = match () {
    () if cfg!(target_arch = "x86_64") => &[7, 23, 232, 270, 271, 281, 426, 441],
    () => &[22, 72, 73, 426, 441],
};

/// What became of the next line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    /// It waits for a program that reads.
    Nowhere,
    /// It went to this host's program, or was thrown away because that has ended.
    There,
    /// Both programs read, and it does not say which is meant.
    Unclear,
}

/// Lines that were typed, and the programs that they are for.
pub(super) struct Typed {
    lines: Option<mpsc::Receiver<Vec<u8>>>,
    waiting: VecDeque<Vec<u8>>,
    /// How often in a row no program was seen to read, though one may read of which that cannot be seen.
    unseen: u32,
    inputs: Vec<Input>,
    /// How many programs have not begun.
    missing: usize,
    /// Whose program was written to last.
    last: Option<Host>,
}

impl Typed {
    /// Nobody types for these programs: one of them has the terminal.
    pub(super) fn nothing() -> Self {
        Self {
            lines: None,
            waiting: VecDeque::new(),
            unseen: 0,
            inputs: Vec::new(),
            missing: 0,
            last: None,
        }
    }

    /// Begins to read stdin, for so many programs.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub(super) fn listen(programs: usize) -> io::Result<Self> {
        let (sender, lines) = mpsc::channel(MOST_WAITING);
        let read = move || {
            let mut stdin = io::stdin().lock();
            while let Some(line) = line(&mut stdin) {
                if sender.blocking_send(line).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new()
            .name("stdin".to_owned())
            .spawn(read)?;
        let lines = Some(lines);
        Ok(Self {
            lines,
            missing: programs,
            ..Self::nothing()
        })
    }

    /// Whether stdin is still read, or lines still wait to be handed to the programs.
    pub(super) fn is_on(&self) -> bool {
        self.lines.is_some() || !self.waiting.is_empty() || self.is_behind()
    }

    /// Whether there was no room for something.
    fn is_behind(&self) -> bool {
        self.inputs.iter().any(|input| !input.rest.is_empty())
    }

    /// A program has begun that is written to here.
    pub(super) fn begun(&mut self, input: Input) {
        self.inputs.push(input);
        self.missing = self.missing.saturating_sub(1);
        self.close_if_over();
    }

    /// The program of this host has ended.
    pub(super) fn ended(&mut self, host: Host) {
        self.inputs.retain(|input| input.host != host);
    }

    /// Waits for the next line, or until there is something to do about those before.
    pub(super) async fn changed(&mut self) {
        let may_hear = self.waiting.len() < MOST_WAITING;
        // While a line waits, it is looked again whether a program reads.
        let look = !self.waiting.is_empty() || self.is_behind();
        let line = async {
            match self.lines.as_mut().filter(|_| may_hear) {
                Some(lines) => lines.recv().await,
                None => pending().await,
            }
        };
        let heard = tokio::select! {
            line = line => Some(line),
            () = tokio::time::sleep(LOOK), if look => None,
        };
        if let Some(line) = heard {
            self.heard(line);
        }
    }

    fn heard(&mut self, line: Option<Vec<u8>>) {
        match line {
            Some(line) => self.waiting.push_back(line),
            None => self.lines = None,
        }
    }

    /// Has the next line go where it is read.
    pub(super) fn deliver(&mut self) -> Went {
        for input in &mut self.inputs {
            input.flush();
        }
        let Some(line) = self.waiting.front() else {
            self.close_if_over();
            return Went::Nowhere;
        };
        let (named, text) = named(line);
        let hosts: Vec<Host> = self.inputs.iter().map(|input| input.host).collect();
        let host = match (named, &hosts[..]) {
            (Some(host), _) => Some(host),
            // Whom it is for is not known before all are there.
            (None, _) if self.missing > 0 => return Went::Nowhere,
            (None, []) => None,
            (None, [only]) => Some(*only),
            (None, _) => {
                let listening = self.inputs.iter().map(|it| (it.host, it.listening()));
                let listening: Vec<(Host, Listening)> = listening.collect();
                let with = |what: Listening| {
                    let hosts = listening.iter().filter(|(_, it)| *it == what);
                    hosts.map(|(host, _)| *host).collect::<Vec<Host>>()
                };
                match (&with(Listening::Reads)[..], &with(Listening::Perhaps)[..]) {
                    ([one], _) => Some(*one),
                    ([_, ..], _) => {
                        self.waiting.pop_front();
                        return Went::Unclear;
                    }
                    ([], []) => {
                        self.unseen = 0;
                        return Went::Nowhere;
                    }
                    ([], _) if self.unseen < UNSEEN => {
                        self.unseen += 1;
                        return Went::Nowhere;
                    }
                    ([], perhaps) => self
                        .last
                        .filter(|it| perhaps.contains(it))
                        .or_else(|| perhaps.first().copied()),
                }
            }
        };
        // Programs that have not begun are waited for.
        if host.is_none_or(|host| !hosts.contains(&host)) && self.missing > 0 {
            return Went::Nowhere;
        }
        let input = self
            .inputs
            .iter_mut()
            .find(|input| Some(input.host) == host);
        if let Some(input) = input {
            if !input.take(text) {
                return Went::Nowhere;
            }
            self.last = host;
        }
        self.unseen = 0;
        self.waiting.pop_front();
        self.close_if_over();
        Went::There
    }

    /// When the user has ended the input, the programs' standard input ends, too.
    fn close_if_over(&mut self) {
        if self.lines.is_none() && self.waiting.is_empty() {
            self.inputs.retain_mut(|input| !input.finish());
        }
    }
}

/// Whose program a line names, and what is for it.
fn named(line: &[u8]) -> (Option<Host>, &[u8]) {
    let text = |prefix: &[u8]| {
        let rest = line.strip_prefix(prefix)?;
        Some(rest.strip_prefix(b" ").unwrap_or(rest))
    };
    match (text(b"server>"), text(b"client>")) {
        (Some(text), _) => (Some(Host::Server), text),
        (_, Some(text)) => (Some(Host::Client), text),
        _ => (None, line),
    }
}

/// The next line with its end; so much of it as a pipe takes at once.
fn line(stdin: &mut io::StdinLock<'_>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = stdin.take(LONGEST).read_until(b'\n', &mut bytes);
    read.is_ok_and(|len| len > 0).then_some(bytes)
}

/// How often it is looked whether a program reads.
const LOOK: Duration = Duration::from_millis(50);
/// How many looks in a row a line waits for a program that reads, if there is one of which that cannot be seen.
const UNSEEN: u32 = 30;
/// How many lines wait; more stay where they come from.
const MOST_WAITING: usize = 64;
/// What a terminal takes of a line before its end, in bytes (termios(3)); a pipe takes as much at once (PIPE_BUF).
const LONGEST: u64 = 4095;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_name_its_program() {
        let (server, client) = (Some(Host::Server), Some(Host::Client));
        assert_eq!(named(b"server> hi\n"), (server, &b"hi\n"[..]));
        assert_eq!(named(b"client>\n"), (client, &b"\n"[..]));
        assert_eq!(named(b"client>  two"), (client, &b" two"[..]));
        assert_eq!(named(b"serve r"), (None, &b"serve r"[..]));
        assert_eq!(named(b""), (None, &b""[..]));
    }

    /// This test itself reads nothing.
    #[test]
    fn a_program_that_reads_is_seen() {
        let (reader, input) = Input::pipe(Host::Server).expect("a pipe");
        assert_eq!(input.listening(), Listening::No);
        let mut child = std::process::Command::new("cat")
            .stdin(reader)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("cat");
        let begun = std::time::Instant::now();
        while input.listening() != Listening::Reads && READ.is_some() {
            assert!(begun.elapsed() < Duration::from_secs(10), "not seen");
            std::thread::sleep(Duration::from_millis(10));
        }
        drop(input);
        assert!(child.wait().expect("ends").success());
    }
}
