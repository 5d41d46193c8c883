//! A lab with what a test needs around it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use lineman_lab::Lab;
use lineman_lab::Options;
use lineman_lab::Program;
use lineman_lab::Ticket;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Family;
use lineman_lab::hosts::Outcome;
use lineman_lab::hosts::Transport;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Packet;
use lineman_trace::log::TcpState;
use lineman_trace::log::Verdict;

pub(crate) const HELPER: &str = env!("CARGO_BIN_EXE_lineman-lab-helper");
pub(crate) const PORT: u16 = 9000;
/// More than anything here takes on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(20);

type Log = Arc<(Mutex<Vec<Event>>, Condvar)>;

pub(crate) struct Stage {
    pub(crate) lab: Lab,
    log: Log,
}

impl Stage {
    pub(crate) fn new(options: &Options) -> Self {
        let log = Log::default();
        let tells = Arc::clone(&log);
        let sink = move |event| {
            tells.0.lock().expect("log").push(event);
            tells.1.notify_all();
        };
        let program = Program {
            path: HELPER.into(),
            args: vec!["lab".into()],
        };
        let lab = Lab::start(&program, options, sink).expect("a lab");
        Self { lab, log }
    }

    pub(crate) fn post(&self, host: Host, call: Call) -> Ticket<Outcome> {
        self.lab.call(host, call).expect("a lab")
    }

    pub(crate) fn call(&self, host: Host, call: Call) -> Outcome {
        let name = call.name();
        answer(&self.post(host, call), name)
    }

    pub(crate) fn done(&self, host: Host, call: Call) {
        assert_eq!(self.call(host, call), Outcome::Done);
    }

    pub(crate) fn socket(&self, host: Host, family: Family, transport: Transport) -> i32 {
        let outcome = self.call(host, Call::Socket { family, transport });
        outcome.descriptor().expect("a descriptor")
    }

    /// A listening socket of the server.
    pub(crate) fn listen(&self, address: SocketAddr) -> i32 {
        let family = match address {
            SocketAddr::V4(_) => Family::Inet,
            SocketAddr::V6(_) => Family::Inet6,
        };
        let fd = self.socket(Host::Server, family, Transport::Stream);
        self.done(Host::Server, Call::Bind { fd, address });
        self.done(Host::Server, Call::Listen { fd, backlog: 5 });
        fd
    }

    /// A connection: the client's descriptor, and the server's.
    pub(crate) fn connect(&self, address: SocketAddr) -> (i32, i32) {
        let fd = self.listen(address);
        let accepted = self.post(Host::Server, Call::Accept { fd });
        let family = match address {
            SocketAddr::V4(_) => Family::Inet,
            SocketAddr::V6(_) => Family::Inet6,
        };
        let client = self.socket(Host::Client, family, Transport::Stream);
        let call = Call::Connect {
            fd: client,
            address,
        };
        self.done(Host::Client, call);
        let server = answer(&accepted, "accept").descriptor();
        (client, server.expect("a connection"))
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.log.0.lock().expect("log").clone()
    }

    /// Waits until the log shows something.
    pub(crate) fn until<T>(&self, what: &str, find: impl Fn(&[Event]) -> Option<T>) -> T {
        let end = Instant::now() + LONG;
        let mut events = self.log.0.lock().expect("log");
        loop {
            if let Some(found) = find(&events) {
                return found;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no {what} in:\n{}", lines(&events));
            (events, _) = self.log.1.wait_timeout(events, left).expect("log");
        }
    }

    pub(crate) fn until_state(&self, host: Host, state: TcpState) {
        self.until(state.name(), |events| {
            states(events, host).contains(&state).then_some(())
        });
    }
}

/// A line for each of the last events, so that a report of a failure shows them, and other failures too.
pub(crate) fn lines(events: &[Event]) -> String {
    let mut text = String::new();
    for event in &events[events.len().saturating_sub(LAST)..] {
        let mut line = format!("{} ms {:?}", event.t_ns / 1_000_000, event.kind);
        line.truncate(line.floor_char_boundary(LINE));
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// How many events are shown of a log that lacks something: more than a lesson has after its last packet.
const LAST: usize = 40;
/// How much of each is shown, in bytes: what it is, and of whom.
const LINE: usize = 200;

pub(crate) fn answer(ticket: &Ticket<Outcome>, name: &str) -> Outcome {
    ticket
        .wait_for(LONG)
        .unwrap_or_else(|| panic!("{name} does not return"))
}

pub(crate) fn v4() -> SocketAddr {
    (([10, 0, 0, 2]), PORT).into()
}

/// The states that a host's connections went through; what listens is left out.
pub(crate) fn states(events: &[Event], host: Host) -> Vec<TcpState> {
    let of = |event: &Event| match &event.kind {
        Kind::State(state) if state.host == host && state.socket.remote.is_some() => Some(state.to),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

pub(crate) fn packets(events: &[Event]) -> Vec<(u64, Packet)> {
    let of = |event: &Event| match &event.kind {
        Kind::Packet(packet) => Some((event.t_ns, packet.clone())),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// The packets of a host that entered the wire: when, number, bytes.
pub(crate) fn sent(events: &[Event], from: Host) -> Vec<(u64, u64, Vec<u8>)> {
    packets(events)
        .into_iter()
        .filter(|(_, packet)| packet.from == from && packet.verdict == Verdict::Sent)
        .map(|(t_ns, packet)| (t_ns, packet.id, packet.bytes.unwrap_or_default()))
        .collect()
}

/// The flags of a TCP segment over IPv4 without options.
pub(crate) fn flags(frame: &[u8]) -> u8 {
    frame.get(14 + 20 + 13).copied().unwrap_or(0)
}

pub(crate) const FIN: u8 = 1;
pub(crate) const SYN: u8 = 2;
pub(crate) const RST: u8 = 4;
pub(crate) const PSH: u8 = 8;
pub(crate) const ACK: u8 = 16;
