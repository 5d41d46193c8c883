//! Programs on hosts: their streams, their calls in the log, and that none outlives the lab.

use std::io::Read as _;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use lineman_lab::Ended;
use lineman_lab::Lab;
use lineman_lab::Options;
use lineman_lab::Program;
use lineman_lab::RunRequest;
use lineman_lab::Ticket;
use lineman_trace::log::Answer;
use lineman_trace::log::Call;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::TcpState;

use crate::stage::HELPER;

const STRACE: &str = "/usr/bin/strace";

struct Hall {
    lab: Lab,
    log: std::sync::mpsc::Receiver<Event>,
}

/// A program's end of its standard input and output.
struct Talk {
    ticket: Ticket<Ended>,
    input: Option<std::io::PipeWriter>,
    output: std::io::PipeReader,
}

impl Hall {
    fn new() -> Self {
        let (sender, log) = std::sync::mpsc::channel();
        let program = Program {
            path: HELPER.into(),
            args: vec!["lab".into()],
        };
        let lab = Lab::start(&program, &Options::default(), move |event| {
            let _ = sender.send(event);
        });
        let lab = lab.expect("a lab");
        Self { lab, log }
    }

    fn run(&self, host: Host, strace: Option<PathBuf>, words: &[&str]) -> Talk {
        let (theirs, input) = std::io::pipe().expect("a pipe");
        let (output, out) = std::io::pipe().expect("a pipe");
        let errors = out.try_clone().expect("a clone");
        let request = RunRequest {
            host,
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            strace,
            lines_only: false,
            group: rustix::process::getpgrp().as_raw_nonzero().get(),
        };
        let streams = [theirs.into(), out.into(), errors.into()];
        let streams: [OwnedFd; 3] = streams;
        Talk {
            ticket: self.lab.run(request, streams).expect("a lab"),
            input: Some(input),
            output,
        }
    }

    fn end(self) -> Vec<Event> {
        self.lab.end().expect("good order");
        self.log.iter().collect()
    }
}

impl Talk {
    fn say(&mut self, text: &str) {
        let input = self.input.as_mut().expect("open");
        input.write_all(text.as_bytes()).expect("writes");
    }

    fn finish(mut self) -> (Ended, String) {
        self.input = None;
        let mut said = String::new();
        self.output.read_to_string(&mut said).expect("reads");
        (self.ticket.wait().expect("an answer"), said)
    }
}

fn chat(strace: Option<PathBuf>) -> Vec<Event> {
    let hall = Hall::new();
    let server = hall.run(Host::Server, strace.clone(), &["nc", "-l", "-p", "9000"]);
    std::thread::sleep(Duration::from_millis(800));
    let words = ["nc", "-q", "1", "10.0.0.2", "9000"];
    let mut client = hall.run(Host::Client, strace, &words);
    client.say("hello\n");
    let (ended, said) = client.finish();
    assert_eq!((ended, said.as_str()), (Ended::Exited(0), ""));
    let (ended, said) = server.finish();
    assert_eq!((ended, said.as_str()), (Ended::Exited(0), "hello\n"));
    hall.end()
}

fn calls(events: &[Event]) -> impl Iterator<Item = (u64, &Call)> {
    events.iter().filter_map(|event| match &event.kind {
        Kind::Call(call) => Some((event.t_ns, call)),
        _ => None,
    })
}

fn assert_in_order(events: &[Event]) {
    for (n, pair) in events.windows(2).enumerate() {
        assert!(pair[0].t_ns <= pair[1].t_ns, "{n}: {pair:#?}");
        assert_eq!(pair[0].n + 1, pair[1].n);
    }
}

#[test]
fn two_programs_talk_and_their_calls_stand_among_the_packets() {
    let strace = Path::new(STRACE);
    assert!(strace.exists(), "./test installs strace");
    let events = chat(Some(strace.into()));
    assert_in_order(&events);
    let place = |host: Host, name: &str, returned: bool| {
        let found = calls(&events).find(|(_, call)| {
            call.host == host && call.name == name && call.answer.is_some() == returned
        });
        found.unwrap_or_else(|| panic!("no {name}: {events:#?}")).0
    };
    let packet = |n: usize| {
        let all = events.iter().filter(|event| match &event.kind {
            Kind::Packet(packet) => packet.bytes.is_some(),
            _ => false,
        });
        all.map(|event| event.t_ns).nth(n).expect("a packet")
    };
    assert!(place(Host::Server, "listen", true) < packet(0));
    assert!(place(Host::Client, "connect", false) < packet(0), "the SYN");
    assert!(
        place(Host::Server, "accept", true) > packet(2),
        "the third ACK"
    );
    let heard = calls(&events).find_map(|(_, call)| match (&call.answer, call.host) {
        (Some(Answer::Value(value)), Host::Server) if call.name == "read" => Some(value.clone()),
        _ => None,
    });
    assert_eq!(heard.as_deref(), Some("6 \"hello\\n\""));
    let listens = events.iter().find_map(|event| match &event.kind {
        Kind::State(state) if state.to == TcpState::Listen => state.cause,
        _ => None,
    });
    let cause = &events[usize::try_from(listens.expect("a cause")).expect("small")];
    assert!(
        matches!(&cause.kind, Kind::Call(call) if call.name == "listen"),
        "{cause:?}"
    );
}

#[test]
fn without_strace_there_are_packets_and_states() {
    let events = chat(None);
    assert_eq!(calls(&events).count(), 0);
    let states = events
        .iter()
        .filter(|event| matches!(event.kind, Kind::State(_)));
    assert!(states.count() > 6);
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let hall = Hall::new();
    let talk = hall.run(Host::Client, None, &["no-such-program"]);
    let (ended, _) = talk.finish();
    assert!(matches!(ended, Ended::Refused(Some(2), _)), "{ended:?}");
    let events = hall.end();
    let noted = events
        .iter()
        .any(|event| matches!(&event.kind, Kind::Note(note) if note.id == "program.refused"));
    assert!(noted, "{events:#?}");
}

fn is_alive(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// The shell starts others, and ignores what it can ignore.
#[test]
fn nothing_that_was_started_outlives_the_lab() {
    for strace in [None, Some(PathBuf::from(STRACE))] {
        let hall = Hall::new();
        let script = "trap '' INT TERM HUP; setsid sleep 600 & echo $! $$; wait";
        let mut talk = hall.run(Host::Client, strace, &["sh", "-c", script]);
        let mut line = [0; 64];
        let len = talk.output.read(&mut line).expect("reads");
        let pids = String::from_utf8_lossy(&line[..len]).into_owned();
        hall.end();
        let end = Instant::now() + Duration::from_secs(5);
        while pids.split_whitespace().any(is_alive) {
            assert!(Instant::now() < end, "{pids} are alive");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
