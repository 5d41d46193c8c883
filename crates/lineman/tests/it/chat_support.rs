//! What the chat tests share: programs that talk, and what they have said so far.

use std::io::Read;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::process::ChildStdin;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::support::Running;
use crate::support::lineman;
use crate::support::wait_for;

/// Generous: the machine may be busy.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// A running program with a pipe at each of its ends.
pub(crate) struct Talker {
    pub(crate) process: Running,
    stdin: Option<ChildStdin>,
    out: Arc<Mutex<Vec<u8>>>,
    err: Arc<Mutex<Vec<u8>>>,
}

impl Talker {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        Self {
            stdin: child.stdin.take(),
            out: collect(child.stdout.take().expect("piped")),
            err: collect(child.stderr.take().expect("piped")),
            process: Running(child),
        }
    }

    /// `lineman chat listen` on a free port of this machine, and the port.
    pub(crate) fn listen(args: &[&str]) -> (Self, u16) {
        Self::listen_on("127.0.0.1:0", args)
    }

    pub(crate) fn listen_on(address: &str, args: &[&str]) -> (Self, u16) {
        let talker = Self::start(lineman().args(["chat", "listen", address]).args(args));
        let line = talker.err_has("listening on ");
        (talker, port_in(&line))
    }

    /// `lineman chat call` of a port of this machine.
    pub(crate) fn call(port: u16, args: &[&str]) -> Self {
        let address = format!("127.0.0.1:{port}");
        Self::start(lineman().args(["chat", "call", &address]).args(args))
    }

    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin.write_all(bytes.as_ref()).expect("it reads");
        stdin.flush().expect("it reads");
    }

    /// Says what it takes: it may end meanwhile.
    pub(crate) fn tries_to_say(&mut self, bytes: &[u8]) {
        let mut stdin = self.stdin.take().expect("stdin is open");
        let bytes = bytes.to_vec();
        thread::spawn(move || {
            let _ = stdin.write_all(&bytes);
            thread::sleep(LIMIT); // its input stays open
        });
    }

    /// Ends its stdin.
    pub(crate) fn finish(&mut self) {
        self.stdin = None;
    }

    pub(crate) fn out(&self) -> Vec<u8> {
        self.out.lock().expect("lock").clone()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.err.lock().expect("lock")).into_owned()
    }

    /// Waits until stdout holds `text`.
    pub(crate) fn out_has(&self, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        let what = format!(
            "{:?} (stderr: {})",
            String::from_utf8_lossy(text),
            self.err()
        );
        wait_for(&what, LIMIT, || {
            let out = self.out();
            out.windows(text.len())
                .any(|part| part == text)
                .then_some(())
        });
    }

    /// Waits until stderr holds a whole line with `text`, and gives that line.
    pub(crate) fn err_has(&self, text: &str) -> String {
        wait_for(text, LIMIT, || {
            let err = self.err();
            let (whole, _) = err.rsplit_once('\n')?;
            let line = whole.lines().find(|line| line.contains(text));
            line.map(str::to_owned)
        })
    }

    /// Waits until it has ended; its exit code.
    pub(crate) fn code(&mut self) -> i32 {
        let status = wait_for("the end of the program", LIMIT, || {
            self.process.0.try_wait().expect("wait")
        });
        status.code().unwrap_or(-1)
    }
}

/// The port at the end of a line.
pub(crate) fn port_in(line: &str) -> u16 {
    let digits = line.rsplit(':').next().expect("a port");
    digits.trim().parse().expect("a port")
}

/// A port on which a peer that cannot choose one itself may listen.
pub(crate) fn free_tcp_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").expect("bind");
    socket.local_addr().expect("address").port()
}

/// Waits until the peer listens on `port`, without calling it: it takes one caller only.
pub(crate) fn wait_listening(port: u16) {
    let wanted = format!(":{port:04X} ");
    wait_for("the peer to listen", LIMIT, || {
        ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(|file| {
            let table = std::fs::read_to_string(file).unwrap_or_default();
            let listens = |line: &str| {
                let mut fields = line.split_whitespace().skip(1);
                let local = fields.next().unwrap_or_default();
                let state = fields.nth(1).unwrap_or_default();
                format!("{local} ").ends_with(&wanted) && state == "0A"
            };
            table.lines().any(listens).then_some(())
        })
    });
}

/// A plain socket that calls `port`.
pub(crate) fn plain_call(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("connect");
    stream.set_read_timeout(Some(LIMIT)).expect("time-out");
    stream
}

/// Closes so that the peer gets a reset.
pub(crate) fn reset(stream: TcpStream) {
    let socket = socket2::Socket::from(stream);
    socket.set_linger(Some(Duration::ZERO)).expect("linger");
}

fn collect(mut from: impl Read + Send + 'static) -> Arc<Mutex<Vec<u8>>> {
    let all = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&all);
    thread::spawn(move || {
        let mut block = [0; 65536];
        while let Ok(len @ 1..) = from.read(&mut block) {
            to.lock().expect("lock").extend_from_slice(&block[..len]);
        }
    });
    all
}
