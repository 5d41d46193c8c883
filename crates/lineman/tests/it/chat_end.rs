//! Chat to its end: exactness, delivery, and what a second caller hears.

use std::io::Read as _;
use std::io::Write as _;
use std::net::Shutdown;
use std::net::TcpListener;

use serde_json::Value;

use crate::chat_support::LIMIT;
use crate::chat_support::Talker;
use crate::chat_support::free_tcp_port;
use crate::chat_support::plain_call;
use crate::chat_support::reset;
use crate::chat_support::wait_listening;
use crate::support::lineman;
use crate::support::wait_for;

/// Every byte value, and no pattern that a block boundary could hide in.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    };
    (0..1 << 20).map(|_| next()).collect()
}

#[test]
fn a_mebibyte_both_ways_at_once_is_exact() {
    let (there, back) = (noise(1), noise(2));
    let (mut listener, port) = Talker::listen(&[]);
    let mut caller = Talker::call(port, &[]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            caller.say(&there);
            caller.finish();
        });
        scope.spawn(|| {
            listener.say(&back);
            listener.finish();
        });
    });
    assert_eq!((caller.code(), listener.code()), (0, 0));
    wait_for("all bytes", LIMIT, || {
        (listener.out().len() == there.len() && caller.out().len() == back.len()).then_some(())
    });
    assert!(
        listener.out() == there && caller.out() == back,
        "bytes differ"
    );
}

#[test]
fn a_second_caller_hears_busy() {
    let (mut ours, port) = Talker::listen(&[]);
    let mut first = plain_call(port);
    ours.err_has("connected to");
    let mut second = plain_call(port);
    second.write_all(b"let me in\n").expect("write");
    let mut heard = String::new();
    second.read_to_string(&mut heard).expect("a clean end");
    assert_eq!(heard, "busy: this listener is in another call\n");
    ours.err_has("called meanwhile and was told");
    first.write_all(b"still mine\n").expect("write");
    ours.out_has("still mine\n");
    drop(first);
    ours.finish();
    assert_eq!(ours.code(), 0, "{}", ours.err());
}

/// It was connected, read `busy` as the peer's words, and exited 0.
#[test]
fn a_caller_who_is_turned_away_is_refused() {
    let (ours, port) = Talker::listen(&[]);
    let first = plain_call(port);
    ours.err_has("connected to");
    for input in [&b""[..], &[b'x'; 1 << 20]] {
        let mut caller = Talker::call(port, &[]);
        // The listener may have hung up in the middle of it.
        caller.tries_to_say(input);
        let said = caller.err_has("answered that it is in another call");
        assert!(said.contains(&format!("127.0.0.1:{port}")), "{said}");
        assert_eq!(caller.code(), 3, "{}", caller.err());
    }
    let mut caller = Talker::call(port, &["--json"]);
    caller.out_has(r#""event":"busy""#);
    assert_eq!(caller.code(), 3, "{}", caller.err());
    drop(first);
}

/// A person who types "busy" is no listener that turns us away.
#[test]
fn a_peer_who_says_busy_is_heard() {
    for words in ["busy\n", "busy: this listener is in another call\nno\n"] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let port = listener.local_addr().expect("address").port();
        let mut caller = Talker::call(port, &["--exit-on", "peer"]);
        let (mut stream, _) = listener.accept().expect("accept");
        stream.write_all(words.as_bytes()).expect("write");
        drop(stream);
        assert_eq!(caller.code(), 0, "{}", caller.err());
        assert_eq!(caller.out(), words.as_bytes());
    }
}

/// A connection that no program has accepted is made all the same, and takes some bytes.
#[test]
fn a_call_that_nobody_accepts_is_told_what_that_may_mean() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let port = listener.local_addr().expect("address").port();
    let mut piped = Talker::call(port, &[]);
    piped.tries_to_say(&vec![b'x'; 8 << 20]);
    let json = Talker::call(port, &["--json"]);
    piped.err_has("its program may not have accepted the call");
    json.out_has(r#"{"event":"unheard","seconds":10,"v":1}"#);
}

/// `abcXdef` arrived as `abcdef` where lineman had been called.
#[test]
fn an_urgent_byte_in_a_pipe_stays_in_its_place() {
    let send = |stream: std::net::TcpStream| {
        let socket = socket2::Socket::from(stream);
        assert_eq!(socket.send(b"abc").expect("send"), 3);
        assert_eq!(socket.send_out_of_band(b"X").expect("send"), 1);
        assert_eq!(socket.send(b"def\n").expect("send"), 4);
    };
    let (called, port) = Talker::listen(&[]);
    send(plain_call(port));
    called.out_has("abcXdef\n");

    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let calling = Talker::call(listener.local_addr().expect("address").port(), &[]);
    send(listener.accept().expect("accept").0);
    calling.out_has("abcXdef\n");
}

/// A line of 300 MB took 907 MiB.
#[test]
fn a_line_without_end_is_left_out_under_json_and_takes_no_memory() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let port = listener.local_addr().expect("address").port();
    let mut caller = Talker::call(port, &["--json"]);
    let (stream, _) = listener.accept().expect("accept");
    let block = vec![b'x'; 1 << 20];
    for _ in 0..100 {
        caller.say(&block);
    }
    caller.say("\nshort\n");
    caller.out_has(r#""bytes":104857600,"event":"not-sent","limit":1048576,"reason":"too-long""#);
    let status = format!("/proc/{}/status", caller.process.0.id());
    let status = std::fs::read_to_string(status).expect("a process");
    let peak = status.lines().find(|line| line.starts_with("VmHWM:"));
    let peak = peak.and_then(|line| line.split_whitespace().nth(1));
    let peak: u64 = peak.expect("a peak").parse().expect("a number");
    assert!(peak < 48 << 10, "{peak} KiB");
    caller.finish();
    let mut heard = String::new();
    (&stream).read_to_string(&mut heard).expect("a clean end");
    assert_eq!(heard, "short\n");
    drop(stream);
    assert_eq!(caller.code(), 5, "{}", caller.err());
}

#[test]
fn keep_waits_for_the_next_call() {
    let (mut ours, port) = Talker::listen(&["--keep", "--exit-on", "peer"]);
    for number in 0..3 {
        let mut caller = Talker::call(port, &[]);
        caller.say(format!("call {number}\n"));
        caller.finish();
        ours.out_has(format!("call {number}\n"));
        assert_eq!(caller.code(), 0, "{}", caller.err());
        wait_for("the end of the call", LIMIT, || {
            (ours.err().matches("the call is over").count() == number + 1).then_some(())
        });
    }
    assert!(ours.process.0.try_wait().expect("wait").is_none());
}

#[test]
fn nobody_there_is_exit_3_and_says_what_was_tried() {
    let port = free_tcp_port();
    let mut ours = Talker::call(port, &[]);
    assert_eq!(ours.code(), 3);
    let said = ours.err_has("connection refused");
    assert!(said.contains(&format!("127.0.0.1:{port}")), "{said}");
    assert_eq!(ours.err().lines().count(), 1);
}

#[test]
fn an_address_that_is_none_is_exit_2() {
    for address in ["host:88888", "[::1", ":8888"] {
        let mut ours = Talker::start(lineman().args(["chat", "call", address]));
        assert_eq!(ours.code(), 2, "{address}: {}", ours.err());
    }
    let mut ours = Talker::start(lineman().args(["chat", "listen", ":88888"]));
    assert_eq!(ours.code(), 2);
    ours.err_has("65535 is the largest");
}

#[test]
fn a_line_after_the_peer_is_gone_is_exit_5() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let mut ours = Talker::call(listener.local_addr().expect("address").port(), &[]);
    let (peer, _) = listener.accept().expect("accept");
    ours.err_has("connected to");
    drop(peer);
    ours.say("too late\n");
    assert_eq!(ours.code(), 5, "{}", ours.err());
    ours.err_has("9 bytes did not reach the peer's TCP");
}

#[test]
fn a_reset_is_exit_5_and_what_came_before_is_kept() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let mut ours = Talker::call(listener.local_addr().expect("address").port(), &[]);
    let (mut peer, _) = listener.accept().expect("accept");
    peer.write_all(b"before\n").expect("write");
    ours.out_has("before\n");
    reset(peer);
    assert_eq!(ours.code(), 5, "{}", ours.err());
    ours.err_has("reset the connection");
}

#[test]
fn a_closed_stdout_is_success() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let port = listener.local_addr().expect("address").port();
    let mut command = lineman();
    command.args(["chat", "call", &format!("127.0.0.1:{port}")]);
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("start");
    drop(child.stdout.take());
    let (mut peer, _) = listener.accept().expect("accept");
    peer.write_all(b"nobody reads this\n").expect("write");
    let status = wait_for("its end", LIMIT, || child.try_wait().expect("wait"));
    assert_eq!(status.code(), Some(0));
}

#[test]
fn linger_leaves_a_silent_peer_after_our_end() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let port = listener.local_addr().expect("address").port();
    let mut ours = Talker::call(port, &["--linger", "0.3"]);
    let (mut peer, _) = listener.accept().expect("accept");
    ours.say("question\n");
    ours.finish();
    let mut heard = String::new();
    peer.read_to_string(&mut heard).expect("read");
    assert_eq!(heard, "question\n");
    assert_eq!(ours.code(), 0, "{}", ours.err());
}

fn events(talker: &Talker) -> Vec<Value> {
    let out = String::from_utf8(talker.out()).expect("JSON is UTF-8");
    let whole = out
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    whole
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn event(talker: &Talker, name: &str) -> Value {
    wait_for(name, LIMIT, || {
        let mut events = events(talker).into_iter();
        events.find(|event| event["event"] == name)
    })
}

fn json_listener() -> (Talker, u16) {
    let mut command = lineman();
    command.args(["--json", "chat", "listen", "127.0.0.1:0"]);
    let ours = Talker::start(&mut command);
    let address = event(&ours, "listening")["address"].to_string();
    let port = crate::chat_support::port_in(address.trim_matches('"'));
    (ours, port)
}

#[test]
fn telnet_is_refused_politely_and_controls_are_shown() {
    let (mut ours, port) = json_listener();
    let mut peer = plain_call(port);
    // DO ECHO, a subnegotiation that a read splits, DO ECHO again, and an escape sequence.
    peer.write_all(b"\xff\xfd\x01a\xff\xfa\x18\x01x")
        .expect("write");
    event(&ours, "telnet");
    assert_eq!(event(&ours, "partial")["text"], "a");
    peer.write_all(b"\xff\xf0\xff\xfd\x01b\x1b[2J\r\nlogin: ")
        .expect("write");
    let line = event(&ours, "line");
    assert_eq!(line["text"], "b^[[2J");
    assert_eq!(line["continues"], true, "`a` was shown as a part");
    wait_for("the partial line", LIMIT, || {
        let login = |event: &Value| event["event"] == "partial" && event["text"] == "login: ";
        events(&ours).iter().any(login).then_some(())
    });
    ours.say("你好\n");
    ours.finish();
    let mut heard = Vec::new();
    peer.read_to_end(&mut heard).expect("read");
    assert_eq!(
        heard,
        [&b"\xff\xfc\x01"[..], "你好\r\n".as_bytes()].concat()
    );
    peer.shutdown(Shutdown::Write).expect("shutdown");
    assert_eq!(ours.code(), 0);
    let ended = event(&ours, "ended");
    assert_eq!(
        (&ended["lines_sent"], &ended["lines_received"]),
        (&1.into(), &2.into())
    );
}

#[test]
fn json_says_which_line_was_not_delivered() {
    let (mut ours, port) = json_listener();
    let peer = plain_call(port);
    event(&ours, "connected");
    drop(peer);
    event(&ours, "peer-finished");
    ours.say("too late\n");
    let lost = event(&ours, "not-delivered");
    assert_eq!(lost["lines"], serde_json::json!(["too late"]));
    assert_eq!(lost["bytes"], 9);
    assert_eq!(ours.code(), 5);
}

#[test]
fn chinese_is_spoken() {
    let port = free_tcp_port();
    let address = format!("127.0.0.1:{port}");
    let mut ours = Talker::start(lineman().args(["--lang", "zh", "chat", "call", &address]));
    assert_eq!(ours.code(), 3);
    ours.err_has("连接被拒绝");
}

/// The shell said 143, as if the signal had ended it, and a listener that nobody had called as well.
#[test]
fn told_to_leave_a_pipe_is_incomplete_and_a_listener_is_done() {
    for json in [&[][..], &["--json"]] {
        for (signal, idle, held) in [("TERM", 0, 5), ("HUP", 0, 5), ("INT", 130, 130)] {
            let port = free_tcp_port().to_string();
            let listen = || {
                let mut command = lineman();
                command.args(["chat", "listen", &port]).args(json);
                let talker = Talker::start(&mut command);
                wait_listening(port.parse().expect("a port"));
                talker
            };
            let mut listener = listen();
            crate::tftp_kit::signal(listener.process.0.id(), signal);
            assert_eq!(listener.code(), idle, "{signal} {json:?}");

            let mut listener = listen();
            let mut stream = plain_call(port.parse().expect("a port"));
            stream.write_all(b"first\n").expect("write");
            listener.out_has("first");
            crate::tftp_kit::signal(listener.process.0.id(), signal);
            assert_eq!(listener.code(), held, "{signal} {json:?}");
        }
    }
}
