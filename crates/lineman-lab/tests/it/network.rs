//! One script, over the kernel's TCP and over the simulated one.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use lineman_lab::Kernel;
use lineman_lab::Lab;
use lineman_lab::Network;
use lineman_lab::Options;
use lineman_lab::Paced;
use lineman_lab::Program;
use lineman_lab::Simulated;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Family;
use lineman_lab::hosts::Outcome;
use lineman_lab::hosts::Transport;
use lineman_lab::wire::Command;
use lineman_trace::log::Answer;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Host::*;
use lineman_trace::log::Kind;
use lineman_trace::log::TcpState;

use crate::stage::HELPER;
use crate::stage::LONG;
use crate::stage::states;
use crate::stage::v4;

type Log = Arc<Mutex<Vec<Event>>>;

/// A call, waited for.
fn call(network: &mut dyn Network, host: Host, call: Call) -> Outcome {
    let call = network.call(host, call).expect("a lab");
    let outcome = network.outcome(call, LONG).expect("a lab");
    outcome.expect("an outcome")
}

fn socket(network: &mut dyn Network, host: Host) -> i32 {
    let (family, transport) = (Family::Inet, Transport::Stream);
    let outcome = call(network, host, Call::Socket { family, transport });
    outcome.descriptor().expect("a descriptor")
}

fn reached(log: &Log, host: Host, state: TcpState) -> bool {
    states(&log.lock().expect("log"), host).contains(&state)
}

/// A server that echoes one message and closes after its client.
fn script(network: &mut dyn Network, log: &Log) -> Vec<Outcome> {
    let address = v4();
    let mut said = Vec::new();
    let fd = socket(network, Server);
    said.push(call(network, Server, Call::Bind { fd, address }));
    said.push(call(network, Server, Call::Listen { fd, backlog: 1 }));
    let accepts = network.call(Server, Call::Accept { fd }).expect("a lab");
    let client = socket(network, Client);
    said.push(call(
        network,
        Client,
        Call::Connect {
            fd: client,
            address,
        },
    ));
    let accepted = network.outcome(accepts, LONG).expect("a lab");
    let fd = accepted.and_then(|it| it.descriptor()).expect("accept");
    let data = b"echo".to_vec();
    let send = |fd| Call::Send {
        fd,
        data: data.clone(),
    };
    said.push(call(network, Client, send(client)));
    said.push(call(network, Server, Call::Recv { fd, size: 9 }));
    said.push(call(network, Server, send(fd)));
    said.push(call(
        network,
        Client,
        Call::Recv {
            fd: client,
            size: 9,
        },
    ));
    said.push(call(network, Client, Call::Close { fd: client }));
    said.push(call(network, Server, Call::Recv { fd, size: 9 }));
    // Else the kernel has the FIN ride with the ACK, and smoltcp never has.
    let mut waits = || reached(log, Client, TcpState::FinWait2);
    assert!(network.until(LONG, &mut waits).expect("a lab"));
    said.push(call(network, Server, Call::Close { fd }));
    let mut ends = || reached(log, Server, TcpState::Closed);
    assert!(network.until(LONG, &mut ends).expect("a lab"));
    said
}

fn sink(log: &Log) -> impl FnMut(Event) + Send + use<> {
    let log = Arc::clone(log);
    move |event| log.lock().expect("log").push(event)
}

/// What one network answers, and the states of both hosts.
fn play(
    make: impl FnOnce(&Log) -> Box<dyn Network>,
) -> (Vec<Outcome>, Vec<TcpState>, Vec<TcpState>) {
    let log = Log::default();
    let mut network = make(&log);
    let said = script(&mut *network, &log);
    network.pass(Duration::from_millis(10)).expect("a lab");
    network.end().expect("a good end");
    let events = log.lock().expect("log").clone();
    assert_eq!(events.last().map(|event| &event.kind), Some(&Kind::End));
    (said, states(&events, Client), states(&events, Server))
}

#[test]
fn a_script_is_the_same_to_all() {
    let options = Options::default();
    let kernel = play(|log| {
        let (path, args) = (HELPER.into(), vec!["lab".into()]);
        let lab = Lab::start(&Program { path, args }, &options, sink(log));
        Box::new(Kernel::new(lab.expect("a lab")))
    });
    let simulated = play(|log| Box::new(Simulated::start(&options, 1, sink(log))));
    let paced = play(|log| {
        let lab = Simulated::start(&options, 1, sink(log));
        Box::new(Paced::new(lab).expect("a thread"))
    });
    assert_eq!(kernel, simulated);
    assert_eq!(kernel, paced);
}

/// The test asks for nothing, and yet time passes: a timer expires, and a call returns.
#[test]
fn time_passes_by_itself() {
    let log = Log::default();
    let lab = Simulated::start(&Options::default(), 1, sink(&log));
    let mut paced = Paced::new(lab).expect("a thread");
    let fd = socket(&mut paced, Client);
    let timeout = Some(Duration::from_millis(30));
    call(&mut paced, Client, Call::Settimeout { fd, timeout });
    let address = "10.0.0.2:1".parse().expect("an address");
    let lossy = "c>s:#1-8 drop".parse().expect("rules");
    paced.wire(Command::Rules(lossy)).expect("a lab");
    let begun = Instant::now();
    let calls = Call::Connect { fd, address };
    let calls = paced.call(Client, calls).expect("a lab");
    let answer = || {
        let of = |event: &Event| match &event.kind {
            Kind::Call(call) if call.id == calls => call.answer.clone(),
            _ => None,
        };
        log.lock().expect("log").iter().find_map(of)
    };
    while answer().is_none() {
        assert!(begun.elapsed() < LONG);
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(begun.elapsed() >= Duration::from_millis(30));
    assert_eq!(answer(), Some(Answer::Error("TimeoutError".to_owned())));
}
