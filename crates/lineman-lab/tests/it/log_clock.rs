//! How long something took is told by the kernel's stamps, however late the lab comes to read a packet.

use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use lineman_lab::Options;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Outcome;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Verdict;
use lineman_trace::story::Row;
use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::rows::look;
use crate::rows::numbers::sent_ns;
use crate::rows::told;
use crate::stage::*;

/// TCP's own clock (RFC 7323) counts milliseconds, and may be read some before the packet is on the cable.
const TOLERANCE: Duration = Duration::from_millis(5);

/// A lab, that process itself, which can be kept from running.
struct Stoppable(Pid);

impl Stoppable {
    fn of(_: &Stage) -> Self {
        let own = std::process::id().to_string();
        let child = |pid: &i32| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let behind = stat.rsplit(')').next().unwrap_or_default().to_owned();
            behind.split_whitespace().nth(1) == Some(&own)
        };
        let all = std::fs::read_dir("/proc").expect("proc");
        let pids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let children: Vec<i32> = pids.filter(child).collect();
        assert_eq!(children.len(), 1, "the lab alone is a child of this test");
        Self(Pid::from_raw(children[0]))
    }

    /// Nothing of the lab runs meanwhile; its hosts are in the kernel, and go on.
    fn stalls(&self, time: Duration) {
        kill(self.0, Signal::SIGSTOP).expect("its owner may");
        thread::sleep(time);
        kill(self.0, Signal::SIGCONT).expect("its owner may");
    }
}

/// Keeps every processor busy until it is dropped.
struct BusyLoops(Vec<Child>);

impl BusyLoops {
    fn start() -> Self {
        let processors = thread::available_parallelism().map_or(2, usize::from);
        let busy = || {
            let mut shell = Command::new("sh");
            shell.args(["-c", "while :; do :; done"]);
            shell.stdin(Stdio::null()).spawn().expect("a shell")
        };
        Self((0..processors * 3).map(|_| busy()).collect())
    }
}

impl Drop for BusyLoops {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn lossy(rules: &str) -> Options {
    Options {
        rules: rules.parse().expect("rules"),
        ..Options::default()
    }
}

fn send(stage: &Stage, host: Host, fd: i32, data: &[u8]) {
    let data = data.to_vec();
    stage.call(host, Call::Send { fd, data });
}

fn hear(stage: &Stage, host: Host, fd: i32) {
    let size = 100;
    let heard = stage.call(host, Call::Recv { fd, size });
    assert!(matches!(heard, Outcome::Bytes(_)), "{heard:?}");
}

/// The server has data to answer with, so that it holds back the next ACK.
fn greeted(stage: &Stage) -> (i32, i32) {
    let (client, server) = stage.connect(v4());
    for (host, sends, hears) in [
        (Host::Client, client, server),
        (Host::Server, server, client),
    ] {
        send(stage, host, sends, b"hello");
        hear(stage, host.other(), hears);
    }
    (client, server)
}

/// The value of the timestamps option, which its sender's TCP writes into every segment (RFC 7323 §3).
fn tsval(frame: &[u8]) -> Option<u32> {
    let tcp = frame.get(14 + 20..)?;
    let mut options = tcp.get(20..usize::from(tcp[12] >> 4) * 4)?;
    loop {
        match options {
            [8, 10, a, b, c, d, ..] => return Some(u32::from_be_bytes([*a, *b, *c, *d])),
            [1, rest @ ..] => options = rest,
            [_, len, ..] => options = options.get(usize::from(*len).max(2)..)?,
            _ => return None,
        }
    }
}

/// By how much the log's clock and the one of the sender's TCP go apart, at most.
fn drift(events: &[Event], host: Host) -> Duration {
    let offsets = events.iter().filter_map(|event| match &event.kind {
        Kind::Packet(packet) if packet.from == host && packet.verdict == Verdict::Sent => {
            let clock = i64::from(tsval(packet.bytes.as_deref()?)?) * 1_000_000;
            i64::try_from(sent_ns(events, event))
                .ok()
                .map(|at| at - clock)
        }
        _ => None,
    });
    let offsets: Vec<i64> = offsets.collect();
    assert!(offsets.len() > 2, "{offsets:?}");
    let spread = offsets.iter().max().zip(offsets.iter().min());
    let spread = spread.map_or(0, |(max, min)| max - min);
    Duration::from_nanos(spread.unsigned_abs())
}

/// The packet of the client that was sent again: how long after, as it is told, and by TCP's own clock. The server's last may
/// have come again, too, if the lab stood still before it had been acknowledged.
fn sent_again(events: &[Event]) -> (Duration, Duration) {
    let rows = told(events);
    let again = rows.iter().find_map(|row| {
        let arrow = row.arrow.as_ref().filter(|it| it.from == Host::Client)?;
        Some((arrow.id, arrow.again?))
    });
    let (id, again) = again.expect("something sent again");
    let clock = |id| {
        let frames = sent(events, Host::Client);
        let frame = frames.into_iter().find(|(_, it, _)| *it == id);
        tsval(&frame.expect("a packet").2).expect("a timestamp")
    };
    let passed = clock(id).wrapping_sub(clock(again.earlier));
    let told = Duration::from_nanos(again.wait_ns);
    (told, Duration::from_millis(passed.into()))
}

/// By how much the lab was late to read a packet, at most.
fn latest(events: &[Event]) -> Duration {
    let late = events.iter().filter_map(|event| match &event.kind {
        Kind::Packet(packet) if packet.verdict == Verdict::Sent => {
            Some(event.t_ns - sent_ns(events, event))
        }
        _ => None,
    });
    Duration::from_nanos(late.max().unwrap_or_default())
}

fn is_delayed(row: &Row) -> bool {
    let mut sayings = row.sayings.iter();
    sayings.any(|saying| saying.id() == "ack.delayed")
}

/// How long the server has held its ACK back, as it is told.
fn held_back(events: &[Event]) -> Option<Duration> {
    let rows = told(events);
    let arrow = rows.iter().find(|row| is_delayed(row))?.arrow.as_ref()?;
    Some(Duration::from_nanos(arrow.label?.delay_ns()?))
}

fn data_lost(stage: &Stage, client: i32) {
    send(stage, Host::Client, client, b"lost");
    stage.until("a loss", |events| {
        let lost =
            |(_, packet): &(u64, lineman_trace::log::Packet)| packet.verdict == Verdict::Dropped;
        packets(events).iter().any(lost).then_some(())
    });
}

/// It was told as long as the lab had stood still.
#[test]
fn a_time_out_is_as_long_as_it_was_also_if_the_lab_stood_still() {
    let stage = Stage::new(&lossy("c>s:data #2 drop"));
    let (client, server) = greeted(&stage);
    let lab = Stoppable::of(&stage);
    data_lost(&stage, client);
    lab.stalls(Duration::from_millis(700));
    hear(&stage, Host::Server, server);
    let events = stage.events();
    let (told, true_one) = sent_again(&events);
    assert!(
        latest(&events) > Duration::from_millis(200),
        "nothing was late"
    );
    assert!(
        told.abs_diff(true_one) <= TOLERANCE,
        "{told:?} was {true_one:?}"
    );
    assert!(drift(&events, Host::Client) <= TOLERANCE);
    assert_eq!(look(&events).untrue, Vec::<String>::new());
}

#[test]
fn a_delayed_ack_is_as_late_as_it_was_also_if_the_lab_stood_still() {
    let stage = Stage::new(&Options::default());
    let (client, server) = greeted(&stage);
    let lab = Stoppable::of(&stage);
    // On a busy machine the greeting may be too long ago: then the ACK is not held back.
    let held = (0..5).find_map(|_| {
        send(&stage, Host::Server, server, b"again");
        hear(&stage, Host::Client, client);
        stalled(&stage, &lab, client)
    });
    let held = held.expect("an ACK that was held back");
    let events = stage.events();
    assert!(
        latest(&events) > Duration::from_millis(150),
        "nothing was late"
    );
    // Linux' TCP_DELACK_MIN, by ticks of up to 10 ms, and one of the machine's own.
    assert!((30..80).contains(&held.as_millis()), "{held:?}");
    assert!(drift(&events, Host::Server) <= TOLERANCE);
    assert_eq!(look(&events).untrue, Vec::<String>::new());
}

/// How long the server holds its ACK back of something that the client sends, if it does, while the lab stands still.
fn stalled(stage: &Stage, lab: &Stoppable, client: i32) -> Option<Duration> {
    let before = sent(&stage.events(), Host::Client).len();
    send(stage, Host::Client, client, b"more");
    stage.until("the delivery", |events| {
        let sent = sent(events, Host::Client);
        let (_, id, _) = sent.get(before..)?.last()?;
        let arrived = |(_, packet): &(u64, lineman_trace::log::Packet)| {
            packet.id == *id && packet.verdict == Verdict::Delivered
        };
        packets(events).iter().any(arrived).then_some(())
    });
    lab.stalls(Duration::from_millis(300));
    thread::sleep(Duration::from_millis(100)); // the lab reads what has come meanwhile
    held_back(&stage.events())
}

/// Many processes want the processors: what the lab reads late, it does not tell as late.
#[test]
fn times_are_true_beside_busy_loops() {
    let stage = Stage::new(&lossy("c>s:data #2 drop"));
    let busy = BusyLoops::start();
    let (client, server) = greeted(&stage);
    data_lost(&stage, client);
    hear(&stage, Host::Server, server);
    for _ in 0..5 {
        send(&stage, Host::Client, client, b"more");
        hear(&stage, Host::Server, server);
        thread::sleep(Duration::from_millis(150));
    }
    let events = stage.events();
    drop(busy);
    println!("read late by up to {:?}", latest(&events));
    let (told, true_one) = sent_again(&events);
    assert!(
        told.abs_diff(true_one) <= TOLERANCE,
        "{told:?} was {true_one:?}"
    );
    for host in [Host::Client, Host::Server] {
        let drift = drift(&events, host);
        assert!(drift <= TOLERANCE, "{host:?}: {drift:?}");
    }
    assert_eq!(look(&events).untrue, Vec::<String>::new());
}
