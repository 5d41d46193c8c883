//! What the kernel tells of its reasons: which timer expired, why a connection was reset, what a listener
//! dropped.

use std::time::Duration;

use lineman_lab::Options;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Family;
use lineman_lab::hosts::SocketOption;
use lineman_lab::hosts::Transport;
use lineman_trace::log::Counter;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::TcpState::*;
use lineman_trace::log::TimerKind;
use lineman_trace::log::Verdict;
use lineman_trace::story::Row;
use lineman_trace::story::Story;

use crate::stage::*;

/// Counters of a host, in the order in which they moved.
fn counted(events: &[Event], host: Host) -> Vec<Counter> {
    let of = |event: &Event| match &event.kind {
        Kind::Counted(counted) if counted.host == host => Some(counted.counter),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// Timers of a host that expired, and after how long.
fn expired(events: &[Event], host: Host) -> Vec<(TimerKind, u64)> {
    let of = |event: &Event| match &event.kind {
        Kind::Timer(timer) if timer.host == host && timer.expired => {
            Some((timer.clock, timer.wait_ns / 1_000_000))
        }
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

fn said(events: &[Event]) -> Vec<&'static str> {
    let mut story = Story::new();
    let mut rows: Vec<Row> = events.iter().flat_map(|event| story.push(event)).collect();
    rows.extend(story.finish());
    let sayings = rows.into_iter().flat_map(|row| row.sayings);
    sayings.map(|saying| saying.id()).collect()
}

fn ruled(rules: &str) -> Options {
    Options {
        rules: rules.parse().expect("rules"),
        ..Options::default()
    }
}

fn send(stage: &Stage, host: Host, fd: i32, data: &[u8]) {
    let data = data.to_vec();
    stage.call(host, Call::Send { fd, data });
}

/// Nobody has left anything unread: SO_LINGER 0 makes the reset.
#[test]
fn a_reset_at_a_close_has_its_own_reason() {
    for (linger, unread, counter, saying) in [
        (true, false, Counter::AbortOnData, "rst.linger"),
        (false, true, Counter::AbortOnClose, "rst.unread"),
    ] {
        let stage = Stage::new(&Options::default());
        let (client, server) = stage.connect(v4());
        if linger {
            let (fd, option, value) = (server, SocketOption::Linger, 0);
            stage.done(Host::Server, Call::Setsockopt { fd, option, value });
        }
        if unread {
            send(&stage, Host::Client, client, b"nobody reads this");
            stage.until("the acknowledgment", |events| {
                sent(events, Host::Server).get(1).cloned()
            });
        }
        stage.done(Host::Server, Call::Close { fd: server });
        stage.until_state(Host::Client, Closed);
        let events = stage.events();
        assert_eq!(counted(&events, Host::Server), [counter]);
        let said = said(&events);
        assert!(said.contains(&saying), "{said:?}");
    }
}

/// The client goes on sending to a program that has closed. Linux counts nothing here: the numbers tell.
#[test]
fn data_after_a_close_is_answered_by_a_reset_that_says_why() {
    let stage = Stage::new(&Options::default());
    let (client, server) = stage.connect(v4());
    stage.done(Host::Server, Call::Close { fd: server });
    stage.until_state(Host::Server, FinWait2);
    send(&stage, Host::Client, client, b"too late");
    stage.until_state(Host::Client, Closed);
    let said = said(&stage.events());
    for saying in ["data.unheard", "state.data.unheard", "rst.unheard"] {
        assert!(said.contains(&saying), "no {saying} in {said:?}");
    }
}

/// Linux first probes the tail, and only then its time-out expires; the second is not twice the first.
#[test]
fn a_tail_loss_probe_is_no_time_out() {
    let stage = Stage::new(&ruled("c>s:data #2-4 drop"));
    let (client, server) = stage.connect(v4());
    // A first round trip of data, so that there is an estimate.
    send(&stage, Host::Client, client, b"first");
    let (fd, size) = (server, 100);
    stage.call(Host::Server, Call::Recv { fd, size });
    send(&stage, Host::Client, client, b"lost thrice");
    stage.call(Host::Server, Call::Recv { fd, size });
    let events = stage.events();
    let timers = expired(&events, Host::Client);
    let kinds: Vec<TimerKind> = timers.iter().map(|(kind, _)| *kind).collect();
    use TimerKind::{LossProbe, Retransmission};
    assert_eq!(
        kinds,
        [LossProbe, Retransmission, Retransmission],
        "{timers:?}"
    );
    let said = said(&events);
    assert!(said.contains(&"again.probe"), "{said:?}");
    assert!(said.contains(&"again.timeout.doubled"), "{said:?}");
}

/// A full listener drops a SYN and says nothing on the wire; its counter and its queue say it.
#[test]
fn a_listener_without_room_is_known_by_its_counter() {
    let stage = Stage::new(&Options::default());
    let fd = stage.listen(v4());
    stage.done(Host::Server, Call::Listen { fd, backlog: 0 });
    let address = v4();
    let client = || stage.socket(Host::Client, Family::Inet, Transport::Stream);
    let fd = client();
    stage.done(Host::Client, Call::Connect { fd, address });
    stage.until_state(Host::Server, Established);
    let fd = client();
    let _waits = stage.post(Host::Client, Call::Connect { fd, address });
    let queues = stage.until("a drop", |events| {
        events.iter().find_map(|event| match &event.kind {
            Kind::Counted(counted) if counted.counter == Counter::ListenOverflows => counted.queues,
            _ => None,
        })
    });
    assert_eq!((queues.unread, queues.unsent), (1, 0));
    let said = said(&stage.events());
    assert!(said.contains(&"listen.full"), "{said:?}");
}

/// The answer to a SYN that came again is no time-out, though Linux counts it as one more. The SYN is doubled on the wire:
/// if its sender's timer repeated it, the server's own would run out at the same moment.
#[test]
fn an_answer_to_a_repeated_syn_is_told_of_no_timer() {
    let stage = Stage::new(&ruled("c>s:syn #1 dup 300ms; s>c:syn-ack #1 drop"));
    stage.connect(v4());
    let events = stage.events();
    let answers = events.iter().filter(|event| match &event.kind {
        Kind::Packet(packet) => packet.from == Host::Server && packet.verdict == Verdict::Sent,
        _ => false,
    });
    assert_eq!(answers.count(), 2, "{}", lines(&events));
    for host in [Host::Server, Host::Client] {
        let expired = expired(&events, host);
        assert!(expired.is_empty(), "{host:?}: {expired:?}");
    }
}

/// TIME-WAIT starts anew when the FIN comes again (inet_twsk_reschedule).
#[test]
fn time_wait_is_told_to_begin_anew() {
    let stage = Stage::new(&ruled("c>s:ack #2 drop"));
    let (client, server) = stage.connect(v4());
    stage.done(Host::Client, Call::Close { fd: client });
    let (fd, size) = (server, 10);
    stage.call(Host::Server, Call::Recv { fd, size });
    stage.done(Host::Server, Call::Close { fd: server });
    let waits = |events: &[Event]| {
        let of = |event: &Event| match &event.kind {
            Kind::Timer(timer) if timer.clock == TimerKind::TimeWait => Some(timer.wait_ns),
            _ => None,
        };
        let all = events.iter().filter_map(of);
        all.filter(|wait| Duration::from_nanos(*wait).as_secs() > 58)
            .count()
    };
    stage.until("TIME-WAIT anew", |events| {
        (waits(events) >= 2).then_some(())
    });
    let said = said(&stage.events());
    assert!(said.contains(&"arrival.known.fin"), "{said:?}");
}

/// Data behind the lost ones have arrived, and perhaps only the order has changed: RACK waits for a fraction of the round
/// trip before it sends again (RFC 8985 §6.2), and its timer is named.
#[test]
fn the_reordering_timer_is_told_where_a_kernel_waits_for_it() {
    // A quarter of a long round trip is long enough to see the timer run. The SACK comes a round trip before a tail loss probe
    // would leave: a busy machine is not as late as that.
    let stage = Stage::new(&Options {
        delay: Duration::from_millis(100),
        ..ruled("c>s:data #2 drop")
    });
    let (client, server) = stage.connect(v4());
    let (fd, option, value) = (client, SocketOption::NoDelay, 1);
    stage.done(Host::Client, Call::Setsockopt { fd, option, value });
    send(&stage, Host::Client, client, b"first");
    let (fd, size) = (server, 100);
    stage.call(Host::Server, Call::Recv { fd, size });
    // Two segments, of which the first is lost; they leave together.
    send(&stage, Host::Client, client, &[b'x'; 2 * 1400]);
    stage.call(Host::Server, Call::Recv { fd, size });
    let events = stage.events();
    let timers = expired(&events, Host::Client);
    let kinds: Vec<TimerKind> = timers.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [TimerKind::Reordering], "{timers:?}");
    let said = said(&events);
    assert!(said.contains(&"again.rack"), "{said:?}");
}

/// All in flight is lost; after the time-out and the first ACK, Linux sends new data before it sends more of the old
/// again (F-RTO, RFC 5682), and that is said.
#[test]
fn new_data_after_a_time_out_are_told_as_f_rto() {
    let stage = Stage::new(&ruled("c>s:data #2-14 drop"));
    let (client, server) = stage.connect(v4());
    send(&stage, Host::Client, client, b"first");
    let (fd, size) = (server, 100);
    stage.call(Host::Server, Call::Recv { fd, size });
    // More than the first congestion window of ten segments, so that new data wait (RFC 6928).
    let (fd, data) = (client, vec![b'x'; 30 * 1460]);
    stage.call(Host::Client, Call::Send { fd, data });
    let said = stage.until("new data", |events| {
        let said = said(events);
        said.contains(&"data.frto").then_some(said)
    });
    assert!(
        said.iter().any(|id| id.starts_with("again.timeout")),
        "{said:?}"
    );
}
