//! What the tests start: a lab, or a process that owns one.

use std::process::ExitCode;
use std::time::Duration;

use lineman_lab::Kernel;
use lineman_lab::Lab;
use lineman_lab::LabError;
use lineman_lab::Network as _;
use lineman_lab::Options;
use lineman_lab::Program;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Family;
use lineman_lab::hosts::Outcome;
use lineman_lab::hosts::Transport;
use lineman_lab::scenarios::Scenario;
use lineman_trace::log::Host;
use lineman_trace::log::Hub;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("lab") => lineman_lab::serve(),
        Some("owner") => own(),
        Some("refused") => refused(),
        Some("talk") => talk(),
        Some("play") => play(),
        _ => ExitCode::FAILURE,
    }
}

/// Owns a lab in which a call waits, until killed.
fn own() -> ExitCode {
    let lab = start();
    let socket = Call::Socket {
        family: Family::Inet,
        transport: Transport::Stream,
    };
    let fd = made(&lab, Host::Server, socket);
    let listen = Call::Listen { fd, backlog: 1 };
    let listening = lab.call(Host::Server, listen).expect("a lab");
    listening.wait().expect("an answer");
    let _waits = lab.call(Host::Server, Call::Accept { fd }).expect("a lab");
    println!("ready");
    std::thread::sleep(Duration::from_secs(600));
    drop(lab);
    ExitCode::FAILURE
}

/// Says what is refused.
fn refused() -> ExitCode {
    match Lab::start(&Program::this("lab"), &Options::default(), drop) {
        Ok(_) => println!("nothing"),
        Err(LabError::Refused(refusal)) => println!("{:?} {:?}", refusal.rung, refusal.errno),
        Err(error) => println!("{error}"),
    }
    ExitCode::SUCCESS
}

/// Has a datagram sent from one host to the other; the log goes to standard output.
fn talk() -> ExitCode {
    let lab = start();
    let socket = || Call::Socket {
        family: Family::Inet,
        transport: Transport::Datagram,
    };
    let address = "10.0.0.2:69".parse().expect("an address");
    let server = made(&lab, Host::Server, socket());
    let bind = Call::Bind {
        fd: server,
        address,
    };
    let bound = lab.call(Host::Server, bind).expect("a lab");
    assert_eq!(bound.wait().expect("an answer"), Outcome::Done);
    let fd = made(&lab, Host::Client, socket());
    let data = b"hello".to_vec();
    let send = Call::Sendto { fd, data, address };
    lab.call(Host::Client, send).expect("a lab");
    let receive = Call::Recvfrom {
        fd: server,
        size: 100,
    };
    let got = lab.call(Host::Server, receive).expect("a lab");
    println!("{:?}", got.wait().expect("an answer"));
    lab.end().expect("in good order");
    ExitCode::SUCCESS
}

/// Plays the scenarios of these names; their logs go to standard output.
fn play() -> ExitCode {
    for name in std::env::args().skip(2) {
        let scenario = Scenario::find(&name).expect("a scenario");
        let hub = Hub::new();
        let log = hub.cursor();
        let program = Program::this("lab");
        let lab = Lab::start(&program, &scenario.options(), hub.sink()).expect("a lab");
        let mut lab = Box::new(Kernel::new(lab));
        if let Err(stop) = scenario.play(&mut *lab, &hub) {
            eprintln!("{name}: {stop}");
            return ExitCode::FAILURE;
        }
        lab.end().expect("in good order");
        log.look(|events| {
            for event in events {
                println!("{}", serde_json::to_string(event).expect("JSON"));
            }
        });
    }
    ExitCode::SUCCESS
}

fn start() -> Lab {
    Lab::start(&Program::this("lab"), &Options::default(), drop).expect("a lab")
}

fn made(lab: &Lab, host: Host, call: Call) -> i32 {
    let outcome = lab.call(host, call).expect("a lab").wait();
    let outcome = outcome.expect("an answer");
    outcome.descriptor().expect("a descriptor")
}
