//! A simulated lab with what a test needs around it.

use std::net::SocketAddr;
use std::time::Duration;

use lineman_lab::Network;
use lineman_lab::Options;
use lineman_lab::Simulated;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Family;
use lineman_lab::hosts::Outcome;
use lineman_lab::hosts::Transport;
use lineman_lab::rules::Rules;
use lineman_lab::scenarios::Scenario;
use lineman_trace::log::Cursor;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Host::*;
use lineman_trace::log::Hub;
use lineman_trace::log::Kind;
use lineman_trace::log::TimerKind;

/// More than anything here takes: it is virtual.
const HOUR: Duration = Duration::from_secs(3600);

/// A simulated lab with what a test needs around it.
pub(crate) struct Play {
    pub(crate) network: Box<dyn Network>,
    hub: Hub,
    /// From the beginning.
    log: Cursor,
}

impl Play {
    pub(crate) fn new(options: &Options) -> Self {
        Self::seeded(options, 1)
    }

    pub(crate) fn seeded(options: &Options, seed: u64) -> Self {
        let hub = Hub::new();
        let log = hub.cursor();
        let network = Box::new(Simulated::start(options, seed, hub.sink()));
        Self { network, hub, log }
    }

    pub(crate) fn post(&mut self, host: Host, call: Call) -> u64 {
        self.network.call(host, call).expect("a lab")
    }

    pub(crate) fn answer(&mut self, call: u64) -> Option<Outcome> {
        self.network.outcome(call, HOUR).expect("a lab")
    }

    pub(crate) fn call(&mut self, host: Host, call: Call) -> Outcome {
        let name = call.name();
        let call = self.post(host, call);
        let outcome = self.answer(call);
        outcome.unwrap_or_else(|| panic!("{name} does not return"))
    }

    pub(crate) fn done(&mut self, host: Host, call: Call) {
        assert_eq!(self.call(host, call), Outcome::Done);
    }

    pub(crate) fn fails(&mut self, host: Host, call: Call, errno: &str) {
        assert_eq!(self.call(host, call), Outcome::Failed(errno.to_owned()));
    }

    pub(crate) fn send(&mut self, host: Host, fd: i32, data: &[u8]) {
        let data = data.to_vec();
        self.done(host, Call::Sendall { fd, data });
    }

    pub(crate) fn hears(&mut self, host: Host, fd: i32, data: &[u8]) {
        let size = 4096;
        let got = self.call(host, Call::Recv { fd, size });
        assert_eq!(got, Outcome::Bytes(data.to_vec()));
    }

    pub(crate) fn socket(&mut self, host: Host, transport: Transport, address: SocketAddr) -> i32 {
        let family = match address {
            SocketAddr::V4(_) => Family::Inet,
            SocketAddr::V6(_) => Family::Inet6,
        };
        let outcome = self.call(host, Call::Socket { family, transport });
        outcome.descriptor().expect("a descriptor")
    }

    pub(crate) fn listen(&mut self, address: SocketAddr) -> i32 {
        let fd = self.socket(Server, Transport::Stream, address);
        self.done(Server, Call::Bind { fd, address });
        self.done(Server, Call::Listen { fd, backlog: 5 });
        fd
    }

    pub(crate) fn connect(&mut self, address: SocketAddr) -> (i32, i32) {
        let fd = self.listen(address);
        let accepted = self.post(Server, Call::Accept { fd });
        let fd = self.socket(Client, Transport::Stream, address);
        self.done(Client, Call::Connect { fd, address });
        let server = self.answer(accepted).and_then(|it| it.descriptor());
        (fd, server.expect("a connection"))
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.network.pass(time).expect("a lab");
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.log.look(<[Event]>::to_vec)
    }

    /// Plays a lesson; one that does not get what it waits for has made a log all the same.
    pub(crate) fn scenario(&mut self, scenario: &Scenario) {
        if let Err(stop) = scenario.play_within(&mut *self.network, &self.hub, HOUR) {
            println!("{}: {stop}", scenario.name);
        }
    }

    /// Both ways of the chat, and a close by each.
    pub(crate) fn chat(&mut self, address: SocketAddr) {
        let (client, server) = self.connect(address);
        self.send(Client, client, b"hi");
        self.hears(Server, server, b"hi");
        self.send(Server, server, b"hello back");
        self.hears(Client, client, b"hello back");
        self.done(Client, Call::Close { fd: client });
        self.hears(Server, server, b"");
        self.done(Server, Call::Close { fd: server });
        self.pass(Duration::from_secs(60));
    }
}

/// A wire that loses these packets of a host.
pub(crate) fn lossy(from: Host, numbers: Vec<u64>) -> Options {
    Options {
        rules: drops(from, numbers),
        ..Options::default()
    }
}

/// Rules that lose these packets of a host.
pub(crate) fn drops(from: Host, numbers: Vec<u64>) -> Rules {
    let way = match from {
        Client => "c>s",
        Server => "s>c",
    };
    let each: Vec<String> = numbers
        .iter()
        .map(|number| format!("{way}:#{number} drop"))
        .collect();
    each.join(";").parse().expect("rules")
}

/// How long a host waited before it sent something again.
pub(crate) fn timeouts(events: &[Event], host: Host) -> Vec<Duration> {
    let of = |event: &Event| match &event.kind {
        Kind::Timer(timer)
            if timer.host == host && timer.clock == TimerKind::Retransmission && timer.expired =>
        {
            Some(Duration::from_nanos(timer.wait_ns))
        }
        _ => None,
    };
    events.iter().filter_map(of).collect()
}
