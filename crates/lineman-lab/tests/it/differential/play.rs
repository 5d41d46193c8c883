//! Plays the scripts of a batch in a lab; gives its log.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use lineman_lab::Lab;
use lineman_lab::LabError;
use lineman_lab::Program;
use lineman_lab::Ticket;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Family;
use lineman_lab::hosts::Outcome;
use lineman_lab::hosts::SocketOption;
use lineman_lab::hosts::Transport;
use lineman_lab::rules::Rules;
use lineman_lab::wire::Command;
use lineman_trace::log::Event;
use lineman_trace::log::Host;

use super::script::Act;
use super::script::Batch;
use super::script::Script;

/// More than any call here takes, since no socket of a script waits, and more than a lab takes to end.
const LONG: Duration = Duration::from_secs(30);
/// A machine that stands still for so long while a batch is played has spoilt it: the lab reads later than any reason allows for.
/// That is measured, and does not depend on what comes of the batch.
const STANDSTILL: Duration = Duration::from_millis(500);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// How often a lab is started before that has failed.
pub const TRIES: u32 = 5;
/// How long an accept waits for a connection.
const MOMENT: Duration = Duration::from_millis(25);
/// The server's port of the first run; the next has the next one.
const PORT: u16 = 9000;
/// The client's ports of the first run. Each run has so many.
const CLIENT_PORT: u16 = 20_000;
const PORTS: u16 = 16;
/// How long the wire stays without faults at the end, so that what can end does.
const TAIL: Duration = Duration::from_millis(300);

/// Why there is no log of a batch: what did not come in time, or the lab ended. A machine that stands still does that to a
/// lab; so would a lab that hangs, and that comes again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spoilt(pub String);

impl From<LabError> for Spoilt {
    fn from(error: LabError) -> Self {
        Self(error.to_string())
    }
}

/// Plays all of it, one script after the other.
pub fn play(program: &Program, batch: &Batch) -> Result<Vec<Event>, Spoilt> {
    let standstill = Standstill::watched();
    let log = Arc::<Mutex<Vec<Event>>>::default();
    let (lab, complete) = start(program, batch, &log)?;
    for (nth, script) in (0..).zip(&batch.scripts) {
        Run::new(&lab, batch.options.family, nth, script).play(script)?;
    }
    lab.wire(Command::Rules(Rules::default()))?;
    thread::sleep(TAIL);
    lab.finish()?;
    match complete.recv_timeout(LONG) {
        Err(mpsc::RecvTimeoutError::Timeout) => Err(Spoilt("the lab does not end".to_owned())),
        _ if standstill.longest() > STANDSTILL => Err(Spoilt("the machine stood still".to_owned())),
        _ => Ok(std::mem::take(&mut log.lock().expect("log"))),
    }
}

/// How late a thread that sleeps is woken at the worst.
struct Standstill {
    longest: Arc<Mutex<Duration>>,
    /// The thread ends with it.
    _watching: mpsc::Sender<()>,
}

impl Standstill {
    fn watched() -> Self {
        let longest = Arc::<Mutex<Duration>>::default();
        let (watching, over) = mpsc::channel::<()>();
        let tells = Arc::clone(&longest);
        thread::spawn(move || {
            let mut before = Instant::now();
            while over.recv_timeout(LOOK) == Err(mpsc::RecvTimeoutError::Timeout) {
                let late = before.elapsed().saturating_sub(LOOK);
                before = Instant::now();
                let mut longest = tells.lock().expect("a time");
                *longest = late.max(*longest);
            }
        });
        Self {
            longest,
            _watching: watching,
        }
    }

    fn longest(&self) -> Duration {
        *self.longest.lock().expect("a time")
    }
}

/// A lab whose cables the kernel has not laid in time, on a busy machine, is started once more. The channel ends with its log.
fn start(
    program: &Program,
    batch: &Batch,
    log: &Arc<Mutex<Vec<Event>>>,
) -> Result<(Lab, mpsc::Receiver<()>), Spoilt> {
    let mut refused = Spoilt(String::new());
    for _ in 0..TRIES {
        let tells = Arc::clone(log);
        let (ends, complete) = mpsc::channel();
        let sink = move |event| {
            let _until_the_end = &ends;
            tells.lock().expect("log").push(event);
        };
        match Lab::start(program, &batch.options, sink) {
            Ok(lab) => return Ok((lab, complete)),
            Err(error) => refused = Spoilt(format!("no lab: {error}")),
        }
        log.lock().expect("log").clear();
    }
    Err(refused)
}

/// A script that is being played.
struct Run<'a> {
    lab: &'a Lab,
    family: Family,
    nth: u16,
    connected: u16,
    buffers: [Option<i32>; 2],
    listener: Option<i32>,
    /// The open sockets of the connections: the client's, with their ports, and the server's.
    clients: Vec<(i32, u16)>,
    servers: Vec<i32>,
    /// The port of the client's socket that was closed last.
    left: Option<u16>,
    /// Which connection it is about.
    at: usize,
}

impl<'a> Run<'a> {
    fn new(lab: &'a Lab, family: Family, nth: u16, script: &Script) -> Self {
        Self {
            lab,
            family,
            nth,
            connected: 0,
            buffers: script.buffers,
            listener: None,
            clients: Vec::new(),
            servers: Vec::new(),
            left: None,
            at: 0,
        }
    }

    fn play(mut self, script: &Script) -> Result<(), Spoilt> {
        let rules: Rules = script.rules.parse().expect("rules");
        self.lab.wire(Command::Rules(rules))?;
        match script.crossed {
            true => {
                let port = self.client_port();
                self.cross(port)?;
            }
            false => self.listen(script.backlog)?,
        }
        script.acts.iter().try_for_each(|act| self.act(*act))
    }

    fn act(&mut self, act: Act) -> Result<(), Spoilt> {
        match act {
            Act::Connect if self.listener.is_none() && !self.clients.is_empty() => {}
            Act::Connect => {
                let port = self.client_port();
                self.connect(port)?;
            }
            Act::Accept => self.accept()?,
            Act::Send(host, len) => {
                let data = vec![b'x'; len];
                self.on(host, |fd| Call::Send { fd, data })?;
            }
            Act::Read(host, size) => self.on(host, |fd| Call::Recv { fd, size })?,
            Act::Shutdown(host, direction) => {
                self.on(host, |fd| Call::Shutdown { fd, direction })?;
            }
            Act::Close(host) => self.close(host)?,
            Act::Abort(host) => {
                self.on(host, |fd| option(fd, SocketOption::Linger, 0))?;
                self.close(host)?;
            }
            Act::CloseListener => {
                if let Some(fd) = self.listener.take() {
                    self.call(Host::Server, Call::Close { fd })?;
                }
            }
            Act::Reconnect => {
                let Some((fd, port)) = self.clients.get(self.at).copied() else {
                    return Ok(());
                };
                self.call(Host::Client, Call::Close { fd })?;
                self.clients.remove(self.at);
                self.connect(port)?;
                self.clients.rotate_right(1);
            }
            Act::Return => {
                if let Some(port) = self.left {
                    self.connect(port)?;
                    self.clients.rotate_right(1);
                    self.at = 0;
                }
            }
            Act::CrossAgain => {
                let port = self.clients.get(self.at).map(|(_, port)| *port);
                self.close(Host::Client)?;
                self.close(Host::Server)?;
                if let Some(port) = port.or(self.left) {
                    self.at = 0;
                    self.cross(port)?;
                }
            }
            Act::Next => self.at += 1,
            Act::Pause(ms) => thread::sleep(Duration::from_millis(ms)),
        }
        Ok(())
    }

    fn call(&self, host: Host, call: Call) -> Result<Outcome, Spoilt> {
        let name = call.name();
        let ticket = self.lab.call(host, call)?;
        answer(name, &ticket)
    }

    /// A call on the socket that a host has in the connection, if it has one.
    fn on(&mut self, host: Host, call: impl FnOnce(i32) -> Call) -> Result<(), Spoilt> {
        if let Some(fd) = self.fd(host) {
            self.call(host, call(fd))?;
        }
        Ok(())
    }

    fn fd(&self, host: Host) -> Option<i32> {
        match host {
            Host::Client => self.clients.get(self.at).map(|(fd, _)| *fd),
            Host::Server => self.servers.get(self.at).copied(),
        }
    }

    fn close(&mut self, host: Host) -> Result<(), Spoilt> {
        let Some(fd) = self.fd(host) else {
            return Ok(());
        };
        self.call(host, Call::Close { fd })?;
        match host {
            Host::Client => self.left = Some(self.clients.remove(self.at).1),
            Host::Server => drop(self.servers.remove(self.at)),
        }
        Ok(())
    }

    /// A socket that never waits.
    fn socket(&self, host: Host, port: u16, buffer: Option<i32>) -> Result<i32, Spoilt> {
        let socket = Call::Socket {
            family: self.family,
            transport: Transport::Stream,
        };
        let fd = self.call(host, socket)?.descriptor().expect("a descriptor");
        let timeout = Some(Duration::ZERO);
        self.call(host, Call::Settimeout { fd, timeout })?;
        self.call(host, option(fd, SocketOption::ReuseAddress, 1))?;
        if let Some(bytes) = buffer {
            self.call(host, option(fd, SocketOption::ReceiveBuffer, bytes))?;
        }
        let address = self.address(host, port);
        self.call(host, Call::Bind { fd, address })?;
        Ok(fd)
    }

    fn address(&self, host: Host, port: u16) -> SocketAddr {
        let text = match (self.family, host) {
            (Family::Inet, Host::Client) => "10.0.0.1",
            (Family::Inet, Host::Server) => "10.0.0.2",
            (Family::Inet6, Host::Client) => "fd00::1",
            (Family::Inet6, Host::Server) => "fd00::2",
        };
        SocketAddr::new(text.parse().expect("an address"), port)
    }

    fn port(&self) -> u16 {
        PORT + self.nth
    }

    fn client_port(&mut self) -> u16 {
        self.connected += 1;
        CLIENT_PORT + self.nth * PORTS + self.connected
    }

    fn listen(&mut self, backlog: i32) -> Result<(), Spoilt> {
        let fd = self.socket(Host::Server, self.port(), self.buffers[1])?;
        self.call(Host::Server, Call::Listen { fd, backlog })?;
        self.listener = Some(fd);
        Ok(())
    }

    fn connect(&mut self, port: u16) -> Result<(), Spoilt> {
        let fd = self.socket(Host::Client, port, self.buffers[0])?;
        let address = self.address(Host::Server, self.port());
        self.call(Host::Client, Call::Connect { fd, address })?;
        self.clients.push((fd, port));
        Ok(())
    }

    /// Both connect, each to the other's port, as soon after each other as can be.
    fn cross(&mut self, client_port: u16) -> Result<(), Spoilt> {
        let server_port = self.port();
        let client = self.socket(Host::Client, client_port, self.buffers[0])?;
        let server = self.socket(Host::Server, server_port, self.buffers[1])?;
        let calls = [
            (
                Host::Client,
                client,
                self.address(Host::Server, server_port),
            ),
            (
                Host::Server,
                server,
                self.address(Host::Client, client_port),
            ),
        ];
        let tickets = calls.map(|(host, fd, address)| {
            let call = Call::Connect { fd, address };
            self.lab.call(host, call)
        });
        for ticket in tickets {
            answer("connect", &ticket?)?;
        }
        self.clients.insert(0, (client, client_port));
        self.servers.insert(0, server);
        Ok(())
    }

    fn accept(&mut self) -> Result<(), Spoilt> {
        let Some(fd) = self.listener else {
            return Ok(());
        };
        let end = Instant::now() + MOMENT;
        loop {
            if let Outcome::Accepted(fd, _) = self.call(Host::Server, Call::Accept { fd })? {
                let timeout = Some(Duration::ZERO);
                self.call(Host::Server, Call::Settimeout { fd, timeout })?;
                self.servers.push(fd);
                return Ok(());
            }
            if Instant::now() >= end {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// What comes of a call.
fn answer(name: &str, ticket: &Ticket<Outcome>) -> Result<Outcome, Spoilt> {
    let outcome = ticket.wait_for(LONG);
    outcome.ok_or_else(|| Spoilt(format!("{name} does not return")))
}

fn option(fd: i32, option: SocketOption, value: i32) -> Call {
    Call::Setsockopt { fd, option, value }
}
