//! Lessons about calls: what they return, and which packets there are, from a real kernel.

use lineman_lab::scenarios::Scenario;
use lineman_proto::wire::Flags;
use lineman_proto::wire::Frame;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Host::*;
use lineman_trace::log::Kind;
use lineman_trace::log::TcpState;
use lineman_trace::log::TcpState::*;

use crate::scenarios::*;
use crate::stage::*;

/// What calls of this name came to, in the words of the log.
fn returned(events: &[Event], host: Host, name: &str) -> Vec<String> {
    use lineman_trace::log::Answer;
    let of = |event: &Event| match &event.kind {
        Kind::Call(call) if call.host == host && call.name == name => match &call.answer {
            Some(Answer::Value(text) | Answer::Error(text)) => Some(text.clone()),
            None => None,
        },
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// How long calls of this name took, in milliseconds.
fn took(events: &[Event], host: Host, name: &str) -> Vec<u64> {
    let calls = |answered: bool| {
        let of = move |event: &Event| match &event.kind {
            Kind::Call(call)
                if call.host == host && call.name == name && call.answer.is_some() == answered =>
            {
                Some((call.id, event.t_ns))
            }
            _ => None,
        };
        events.iter().filter_map(of)
    };
    let begun: Vec<_> = calls(false).collect();
    calls(true)
        .filter_map(|(id, at)| {
            let (_, from) = begun.iter().find(|(begun, _)| *begun == id)?;
            Some((at - from) / 1_000_000)
        })
        .collect()
}

/// The segments of a host that carry bytes: when, and how many bytes.
fn data(events: &[Event], from: Host) -> Vec<(u64, usize)> {
    let carries = |(at, _, bytes): (u64, u64, Vec<u8>)| {
        let len = Frame::parse(&bytes).tcp()?.payload().wire_len();
        (len > 0).then_some((at / 1_000_000, len))
    };
    sent(events, from).into_iter().filter_map(carries).collect()
}

#[test]
fn two_sends_are_one_recv() {
    let events = play("stream-merged");
    assert_eq!(returned(&events, Client, "send"), ["5", "5"]);
    assert_eq!(returned(&events, Server, "recv"), ["10 \"helloworld\""]);
}

#[test]
fn one_send_is_two_recvs() {
    let events = play("stream-split");
    assert_eq!(returned(&events, Client, "send"), ["11"]);
    let received = ["6 \"hello \"", "5 \"world\""];
    assert_eq!(returned(&events, Server, "recv"), received);
}

#[test]
fn recv_gives_what_is_there() {
    let events = play("partial-recv");
    let first = &returned(&events, Server, "recv")[0];
    assert_eq!(data(&events, Client).len(), 3, "nothing is sent twice");
    assert!(first.starts_with("1460 "), "{first}");
}

#[test]
fn messages_have_the_boundaries_that_programs_give_them() {
    let events = play("framing-length");
    let received = returned(&events, Server, "recv");
    assert_eq!(received[..3], ["2 \"05\"", "5 \"hello\"", "2 \"05\""]);
    let events = play("framing-line");
    let lines = ["6 \"hello\\n\"", "6 \"world\\n\""];
    assert_eq!(returned(&events, Server, "readline"), lines);
}

#[test]
fn datagrams_keep_their_boundaries_and_lose_what_has_no_room() {
    let words = |name| {
        let all = returned(&play(name), Server, "recvfrom").into_iter();
        all.map(|text| text.split(',').next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(words("udp-boundaries"), ["5 \"hello\"", "5 \"world\""]);
    assert_eq!(words("udp-truncated"), ["3 \"hel\"", "5 \"wor\""]);
}

#[test]
fn recv_waits_or_does_not() {
    let events = play("recv-blocking");
    assert!(took(&events, Server, "recv")[0] >= 290);
    let events = play("recv-timeout");
    assert!(took(&events, Server, "recv")[0] >= 290);
    assert_eq!(returned(&events, Server, "recv")[1], "8 \"too late\"");
    let events = play("recv-nonblocking");
    let received = ["EAGAIN", "9 \"here I am\""];
    assert_eq!(returned(&events, Server, "recv"), received);
    assert!(took(&events, Server, "recv")[0] < 100);
}

#[test]
fn connect_does_not_wait_and_the_error_tells() {
    let events = play("connect-nonblocking");
    assert_eq!(returned(&events, Client, "connect"), ["EINPROGRESS"]);
    assert_eq!(returned(&events, Client, "getsockopt"), ["0"]);
}

#[test]
fn send_takes_what_has_room() {
    let events = play("partial-send");
    let sends = returned(&events, Client, "send");
    let first: usize = sends[0].parse().expect("a number");
    assert!(first < 10_000, "{first}");
    assert_eq!(sends.last().map(String::as_str), Some("EAGAIN"));
    assert_eq!(returned(&events, Client, "sendall"), ["None"]);
}

/// The second part waits for an ACK that is delayed, or does not.
#[test]
fn nagle_waits_for_the_delayed_ack() {
    let apart = |name| {
        let events = play(name);
        let data = data(&events, Client);
        // On a busy machine one may be sent again: what counts is when it left first.
        let first = |length| data.iter().find(|it| it.1 == length).expect("a part").0;
        let (one, other) = (first(4), first(7));
        assert!(one <= other, "{data:?}");
        other - one
    };
    let with = apart("nagle");
    assert!((35..400).contains(&with), "{with} ms");
    let without = apart("nagle-off");
    assert!(without < 35, "{without} ms");
}

#[test]
fn segments_carry_no_more_than_the_mss() {
    for (ipv6, mss) in [(false, 1460), (true, 1440)] {
        let scenario = Scenario::find("mss").expect("a scenario");
        let events = play_one(if ipv6 {
            scenario.over_ipv6()
        } else {
            *scenario
        });
        for host in [Client, Server] {
            let frames = sent(&events, host);
            let syn = Frame::parse(&frames[0].2);
            assert_eq!(syn.tcp().and_then(|tcp| tcp.mss()), Some(mss));
        }
        let sizes: Vec<_> = data(&events, Client).iter().map(|(_, len)| *len).collect();
        let mss = usize::from(mss);
        assert_eq!(sizes, [mss, mss, 4000 - 2 * mss]);
    }
}

#[test]
fn the_window_is_scaled_after_the_syn() {
    let events = play("window-scale");
    let frames = sent(&events, Client);
    let syn = Frame::parse(&frames[0].2);
    let scale = syn.tcp().and_then(|tcp| tcp.window_scale());
    let ack = Frame::parse(&frames[1].2);
    let (scale, window) = (scale.expect("a scale"), ack.tcp().map(|tcp| tcp.window()));
    let first = u32::from(syn.tcp().expect("TCP").window());
    let second = u32::from(window.expect("TCP")) << scale;
    assert!(first.abs_diff(second) < 1 << scale, "{first}, {second}");
}

/// Each probe is answered; without an answer the connection is given up.
#[test]
fn keep_alive_asks_and_gives_up() {
    let events = play("keepalive");
    let asked = sent(&events, Client).len() - 2;
    assert!(
        asked >= 2 && sent(&events, Server).len() >= asked,
        "{asked}"
    );
    let events = play("keepalive-lost");
    assert_eq!(returned(&events, Client, "recv"), ["ETIMEDOUT"]);
    assert!((2500..6000).contains(&took(&events, Client, "recv")[0]));
}

#[test]
fn select_tells_which_one_has_something() {
    let events = play("select");
    assert_eq!(returned(&events, Server, "select"), ["[5], [], []"]);
    assert_eq!(returned(&events, Server, "recv"), ["8 \"it is me\""]);
    assert!(took(&events, Server, "select")[0] >= 290);
    assert!(took(&events, Server, "recv")[0] < 290);
}

#[test]
fn the_second_write_after_the_end_is_a_broken_pipe() {
    let events = play("broken-pipe");
    assert_eq!(returned(&events, Client, "send"), ["3", "EPIPE"]);
    has_in_order(&events, "s:fin c:data s:rst");
}

#[test]
fn linger_resets_or_waits() {
    let events = play("linger-reset");
    has_in_order(&events, "c:syn s:syn-ack c:ack c:rst");
    assert_eq!(returned(&events, Server, "recv"), ["ECONNRESET"]);
    let events = play("linger-wait");
    let waited = took(&events, Client, "close")[0];
    assert!((200..5000).contains(&waited), "{waited} ms");
}

#[test]
fn a_half_open_connection_is_found_by_who_sends() {
    let events = play("half-open");
    has_in_order(&events, "s:rst! c:data s:rst");
    assert_eq!(returned(&events, Client, "recv"), ["ECONNRESET"]);
}

#[test]
fn an_address_is_in_use_reused_or_free() {
    let binds = |name| returned(&play(name), Server, "bind");
    assert_eq!(binds("address-in-use"), ["0", "EADDRINUSE", "EADDRINUSE"]);
    assert_eq!(binds("address-reused"), ["0", "0"]);
    assert_eq!(binds("address-free"), ["0", "0"]);
    let events = play("address-free");
    assert_eq!(states(&events, Client).last(), Some(&TimeWait));
}

/// Over IPv6 there are the same packets and the same states, in all lessons whose packets do not depend
/// on clocks.
#[test]
fn ipv6_shows_the_same() {
    let names = [
        "handshake",
        "refused",
        "close-four",
        "reset-unread",
        "stale-syn",
        "stream-split",
        "udp-closed",
        "tftp-get",
    ];
    for name in names {
        let scenario = Scenario::find(name).expect("a scenario");
        let (four, six) = (play_one(*scenario), play_one(scenario.over_ipv6()));
        let Kind::Start(start) = &six[0].kind else {
            panic!("{name}: no start");
        };
        // Not 10.0.0.1 over an address that no packet has.
        let client = start.address(Client).map(|address| address.to_string());
        assert_eq!(client.as_deref(), Some("fd00::1"), "{name}");
        for (_, _, bytes) in sent(&six, Client) {
            assert!(Frame::parse(&bytes).ipv6().is_some(), "{name}");
        }
        assert_eq!(plot(&four), plot(&six), "{name}");
        for host in [Client, Server] {
            let all = |events: &[Event]| -> Vec<TcpState> { states(events, host) };
            assert_eq!(all(&four), all(&six), "{name}");
        }
    }
}

/// A script that waits for long with nothing on the wire says for what, and one that does not is silent.
#[test]
fn a_long_wait_says_what_it_waits_for() {
    let said = |events: &[Event]| {
        let of = |event: &Event| match &event.kind {
            Kind::Note(note) if note.id.starts_with("waits.") => Some(note.id.clone()),
            _ => None,
        };
        events.iter().filter_map(of).collect::<Vec<_>>()
    };
    // The client's SYN is lost three times: the fourth one comes after seven seconds.
    let scenario = *Scenario::find("syn-lost").expect("a scenario");
    let events = simulate(scenario, "c>s:syn #1-3 drop");
    assert_eq!(said(&events), ["waits.call"]);
    assert_eq!(said(&simulate(scenario, "")), [""; 0]);
    let syns = |(_, _, bytes): &(u64, u64, Vec<u8>)| {
        let frame = Frame::parse(bytes);
        frame.tcp().is_some_and(|tcp| tcp.flags() == Flags::SYN)
    };
    let sent = sent(&events, Client);
    assert_eq!(sent.iter().filter(|frame| syns(frame)).count(), 4);
}
