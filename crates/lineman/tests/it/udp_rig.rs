//! What the tests of `lineman udp` share: a program whose output can be waited for.

use std::io::Read;
use std::io::Write as _;
use std::net::UdpSocket;
use std::process::ChildStdin;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::support::Running;
use crate::support::lineman;
use crate::support::wait_for;

/// Long for a healthy machine, so that a busy one passes too.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// A running program, its input held open.
pub(crate) struct Program {
    child: Running,
    stdin: Option<ChildStdin>,
    stdout: Output,
    stderr: Output,
}

/// How a program ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Program {
    pub(crate) fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped());
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        Self {
            stdin: child.stdin.take(),
            stdout: Output::of(child.stdout.take().expect("piped")),
            stderr: Output::of(child.stderr.take().expect("piped")),
            child: Running(child),
        }
    }

    /// `lineman udp listen ARGS…` and the port that it listens on.
    pub(crate) fn listen(args: &[&str]) -> (Self, u16) {
        Self::listening(lineman().args(["udp", "listen"]).args(args))
    }

    /// The same for a command line made elsewhere.
    pub(crate) fn listening(command: &mut Command) -> (Self, u16) {
        let program = Self::start(command);
        let said = program.stderr.wait_for("listening on ");
        (program, port_of(&said))
    }

    /// `lineman udp send 127.0.0.1:PORT ARGS…`
    pub(crate) fn send(port: u16, args: &[&str]) -> Self {
        let to = format!("127.0.0.1:{port}");
        Self::start(lineman().args(["udp", "send", &to]).args(args))
    }

    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let stdin = self.stdin.as_mut().expect("input is open");
        stdin.write_all(bytes.as_ref()).expect("it reads");
        stdin.flush().expect("it reads");
    }

    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Waits until stdout has `text`; gives all of it so far.
    pub(crate) fn shows(&self, text: &str) -> String {
        self.stdout.wait_for(text)
    }

    /// Like [`Program::shows`], but gives up soon.
    pub(crate) fn shown_within_a_moment(&self, text: &str) -> Option<String> {
        thread::sleep(Duration::from_millis(20));
        self.stdout.whole_lines(text)
    }

    /// Waits until stderr has `text`; gives all of it so far.
    pub(crate) fn notes(&self, text: &str) -> String {
        self.stderr.wait_for(text)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.0.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.expect("kill").success());
    }

    /// Whether it still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.0.try_wait().expect("wait").is_none()
    }

    /// Ends its input and waits for its end.
    pub(crate) fn ended(mut self) -> Ended {
        self.end_input();
        let child = &mut self.child.0;
        let status = wait_for("the end", LIMIT, || child.try_wait().expect("wait"));
        Ended {
            status,
            stdout: self.stdout.all(),
            stderr: String::from_utf8(self.stderr.all()).expect("UTF-8"),
        }
    }
}

impl Ended {
    pub(crate) fn code(&self) -> i32 {
        self.status.code().expect("no signal ended it")
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).expect("UTF-8")
    }

    /// The events on stdout with this name.
    pub(crate) fn events(&self, name: &str) -> Vec<serde_json::Value> {
        let text = self.text();
        let all = text
            .lines()
            .map(|line| serde_json::from_str(line).expect(line));
        all.filter(|event: &serde_json::Value| event["event"] == name)
            .collect()
    }
}

/// `lineman udp send 127.0.0.1:PORT ARGS…` with this input, to its end.
pub(crate) fn send(port: u16, args: &[&str], input: impl AsRef<[u8]>) -> Ended {
    let mut sender = Program::send(port, args);
    sender.say(input);
    sender.ended()
}

/// A peer made of the standard library, which cuts and joins nothing.
pub(crate) fn plain_peer() -> (UdpSocket, u16) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(LIMIT)).expect("a limit");
    let port = socket.local_addr().expect("its address").port();
    (socket, port)
}

/// The next datagram that a plain peer hears.
pub(crate) fn hear(socket: &UdpSocket) -> Vec<u8> {
    let mut buffer = vec![0; 70_000];
    let (bytes, _) = socket.recv_from(&mut buffer).expect("a datagram in time");
    buffer.truncate(bytes);
    buffer
}

/// Waits until some program has bound this UDP port.
pub(crate) fn wait_until_bound(port: u16) {
    let wanted = format!(":{port:04X} ");
    wait_for("a bound port", LIMIT, || {
        let tables = ["/proc/net/udp", "/proc/net/udp6"];
        let bound = |table| {
            let text = std::fs::read_to_string(table).unwrap_or_default();
            let mut local = text.lines().filter_map(|line| line.get(..46));
            local.any(|line| line.contains(&wanted))
        };
        tables.into_iter().any(bound).then_some(())
    });
}

/// `bytes` bytes that no text has, in no order that repeats soon.
pub(crate) fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    (0..bytes).map(|_| next()).collect()
}

fn port_of(said: &str) -> u16 {
    let line = said.lines().find(|line| line.contains("listening on "));
    let address = line.expect("said").rsplit("listening on ").next();
    let address = address.expect("a part").split(',').next().expect("a part");
    let port = address.rsplit(':').next().expect("a part");
    port.parse().expect("a port")
}

/// What a program has written so far.
struct Output {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Output {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&text);
        let reader = thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(bytes @ 1..) = pipe.read(&mut buffer) {
                let mut sink = sink.lock().expect("not poisoned");
                sink.extend_from_slice(&buffer[..bytes]);
            }
        });
        Self {
            text,
            reader: Some(reader),
        }
    }

    fn wait_for(&self, wanted: &str) -> String {
        wait_for(&format!("`{wanted}`"), LIMIT, || self.whole_lines(wanted))
    }

    /// The whole lines so far, if they have `wanted`.
    fn whole_lines(&self, wanted: &str) -> Option<String> {
        let text = self.text.lock().expect("not poisoned");
        let text = String::from_utf8_lossy(&text).into_owned();
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        whole.contains(wanted).then(|| whole.to_owned())
    }

    /// All of it, after the program's end.
    fn all(&mut self) -> Vec<u8> {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader");
        }
        self.text.lock().expect("not poisoned").clone()
    }
}
