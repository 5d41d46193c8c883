//! What the TFTP tests share: a running server, programs with a time limit, files.
#![allow(dead_code, reason = "each test module uses its part")]

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::Running;
use crate::support::lineman;
use crate::support::peer;
use crate::support::registry;
use crate::support::wait_for;

/// More than anything takes on a machine that is busy with something else.
pub const LIMIT: Duration = Duration::from_secs(60);

/// `lineman tftp serve`, and what it says.
pub struct Served {
    running: Running,
    dir: TempDir,
    address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Served {
    /// Serves a new directory on a port of 127.0.0.1.
    pub fn new(args: &[&str]) -> Self {
        Self::listening("127.0.0.1:0", args)
    }

    pub fn listening(address: &str, args: &[&str]) -> Self {
        let mut command = lineman();
        command.args(["tftp", "serve", "--listen", address]);
        Self::start(command, args)
    }

    /// `command` with `args` and a new directory behind it.
    pub fn start(mut command: Command, args: &[&str]) -> Self {
        let dir = TempDir::new().expect("temporary directory");
        command.args(args).arg(dir.path().join("root"));
        Self::spawn(command, dir)
    }

    /// `command` as it is; the root it serves is its own.
    pub fn under(command: Command) -> Self {
        Self::spawn(command, TempDir::new().expect("temporary directory"))
    }

    fn spawn(mut command: Command, dir: TempDir) -> Self {
        std::fs::create_dir(dir.path().join("root")).expect("directory");
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.current_dir(dir.path()).spawn().expect("start");
        let stderr = BufReader::new(child.stderr.take().expect("stderr"));
        let running = Running(child);
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let line = unstamped(&line).to_owned();
                lines.lock().expect("log").push(line);
            }
        });
        let mut served = Self {
            running,
            dir,
            address: ([0, 0, 0, 0], 0).into(),
            log,
            reader: Some(reader),
        };
        // As a sentence, or with --json.
        let line = served.wait_line("serving");
        let mut parts = line.split([' ', '"']);
        served.address = parts
            .rfind(|part| part.parse::<SocketAddr>().is_ok())
            .and_then(|part| part.parse().ok())
            .expect("address");
        served
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn pid(&self) -> u32 {
        self.running.0.id()
    }

    /// The address of a file, as a client types it.
    pub fn url(&self, name: &str) -> String {
        format!("tftp://{}/{name}", self.address)
    }

    pub fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    /// A directory beside the root, where clients put their files.
    pub fn outside(&self) -> &Path {
        self.dir.path()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.root().join(name);
        std::fs::write(&path, bytes).expect("write");
        path
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.root().join(name)).expect("read")
    }

    /// The names in the root, sorted.
    pub fn names(&self) -> Vec<String> {
        names(&self.root())
    }

    pub fn lines(&self) -> Vec<String> {
        self.log.lock().expect("log").clone()
    }

    /// Waits for a line of the log that has `part` in it.
    pub fn wait_line(&self, part: &str) -> String {
        self.wait_lines(part, 1).remove(0)
    }

    /// Waits until so many lines of the log have `part` in them. Says what it has said instead, if it has ended.
    pub fn wait_lines(&self, part: &str, count: usize) -> Vec<String> {
        wait_for(&format!("{count} times `{part}`"), LIMIT, || {
            let ended = self.reader.as_ref().is_some_and(JoinHandle::is_finished);
            let mut lines = self.lines();
            let all = lines.clone();
            lines.retain(|line| line.contains(part));
            let found = (lines.len() >= count).then_some(lines);
            assert!(found.is_some() || !ended, "no `{part}` any more: {all:#?}");
            found
        })
    }

    pub fn signal(&self, name: &str) {
        signal(self.pid(), name);
    }

    /// Waits for the end; gives the exit code and everything that was said.
    pub fn wait(mut self) -> (Option<i32>, Vec<String>) {
        let status = wait_for("the server's end", LIMIT, || {
            self.running.0.try_wait().expect("wait")
        });
        if let Some(reader) = self.reader.take() {
            reader.join().expect("reader");
        }
        (status.code(), self.lines())
    }

    /// Asks it to leave; gives everything that was said.
    pub fn end(self) -> Vec<String> {
        self.signal("TERM");
        let (code, lines) = self.wait();
        assert_eq!(code, Some(0), "{lines:#?}");
        lines
    }
}

/// A line of the log without the time before it.
pub fn unstamped(line: &str) -> &str {
    match line.split_once("Z ") {
        Some((time, rest)) if is_time(time) => rest,
        _ => line,
    }
}

/// Whether this is a time as RFC 3339 writes it, without its Z.
pub fn is_time(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    shape == "0000-00-00T00:00:00.000"
}

pub fn signal(pid: u32, name: &str) {
    let script = format!("kill -{name} {pid}");
    let status = Command::new("sh").args(["-c", &script]).status();
    assert!(status.expect("sh").success(), "{script}");
}

/// Runs a program to its end, which must come.
pub fn run(command: &mut Command) -> Output {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    finish(Running(child), &format!("{command:?}"))
}

/// Waits for the end of a program that was started with its outputs piped.
pub fn finish(mut running: Running, what: &str) -> Output {
    let stdout = drain(running.0.stdout.take());
    let stderr = drain(running.0.stderr.take());
    let status = wait_for(what, LIMIT, || running.0.try_wait().expect("wait"));
    Output {
        status,
        stdout: stdout.join().expect("stdout"),
        stderr: stderr.join().expect("stderr"),
    }
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut all);
        }
        all
    })
}

/// `lineman tftp` with these arguments, run in `dir`.
pub fn tftp(dir: &Path, args: &[&str]) -> Output {
    run(lineman().current_dir(dir).arg("tftp").args(args))
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
pub fn assert_exit(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", stderr(output));
}

pub fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .expect("directory")
        .map(|entry| entry.expect("entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Bytes that repeat nowhere near: a block in the wrong place does not go unnoticed.
pub fn content(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Equality without printing megabytes.
#[track_caller]
pub fn assert_same(found: &[u8], wanted: &[u8], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}: length");
    let differs = found.iter().zip(wanted).position(|(a, b)| a != b);
    assert_eq!(differs, None, "{what}: first difference");
}

/// Metrics as Python's reader of OpenMetrics gives them, a sample a line; it refuses what the standard does not allow.
pub fn strictly_read(metrics: &str) -> String {
    let file = tempfile::NamedTempFile::new().expect("file");
    std::fs::write(file.path(), metrics).expect("write");
    let script = "import sys\n\
        from prometheus_client.openmetrics.parser import text_string_to_metric_families as read\n\
        for family in read(open(sys.argv[1]).read()):\n\
        \x20   for it in family.samples: print(it.name, sorted(it.labels.items()), it.value)\n";
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", registry("python"));
    let output = run(python.args(["-c", script]).arg(file.path()));
    assert!(output.status.success(), "{}\n{metrics}", stderr(&output));
    String::from_utf8(output.stdout).expect("text")
}

/// What `/metrics` of a server says.
pub fn metrics(server: &Served) -> String {
    let line = server.wait_line("machines, metrics and health at");
    let rest = line.split("http://").nth(1).expect("an address");
    let at = rest.split('/').next().expect("an authority");
    let mut curl = peer("curl");
    let url = format!("http://{at}/metrics");
    let output = run(curl.args(["-sf", "--noproxy", "*", &url]));
    strictly_read(&String::from_utf8(output.stdout).expect("text"))
}

/// The value of a sample whose line begins so.
#[track_caller]
pub fn value(samples: &str, start: &str) -> f64 {
    let found = samples.lines().find_map(|line| line.strip_prefix(start));
    let value = found.unwrap_or_else(|| panic!("no {start} in {samples}"));
    value.parse().expect("a number")
}
