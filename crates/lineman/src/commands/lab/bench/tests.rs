//! Lines, read.

use std::time::Duration;

use lineman_lab::hosts::Call;
use lineman_lab::hosts::Flag;
use lineman_lab::wire::Command;
use lineman_trace::log;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;

use super::complaint::Complaint;
use super::known::Known;
use super::line::Wish;
use super::line::read;

fn returned(known: &mut Known, host: Host, fd: Option<i32>, name: &str, answer: &str) {
    let answer = Some(log::Answer::Value(answer.to_owned()));
    let (name, args, program) = (name.to_owned(), Vec::new(), None);
    let id = 1;
    let call = log::Call {
        id,
        host,
        program,
        fd,
        name,
        args,
        answer,
    };
    let (n, t_ns, kind) = (0, 0, Kind::Call(call));
    known.hear(&Event { n, t_ns, kind });
}

/// The textbook's calls, as Python has them: they were no commands, and nothing said why.
#[test]
fn a_call_in_pythons_words_is_told_in_those_of_the_bench() {
    for (line, words) in [
        (
            "s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
            "socket tcp",
        ),
        (
            "sk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
            "socket udp",
        ),
        ("socket.socket()", "socket tcp"),
        ("s.bind(('10.0.0.2', 8888))", "bind 10.0.0.2:8888"),
        ("server_socket.bind(('', 80))", "bind :80"),
        ("s.listen(5)", "listen 5"),
        ("listen()", "listen"),
        ("conn, addr = s.accept()", "accept"),
        ("s.connect((\"10.0.0.2\", 80))", "connect 10.0.0.2:80"),
        ("s.send(b'hello, (you)')", "send \"hello, (you)\""),
        (
            "s.sendto(\"hi\", ('10.0.0.2', 69))",
            "sendto \"hi\" 10.0.0.2:69",
        ),
        ("data = s.recv(1024)", "recv 1024"),
        ("s.recv(10, socket.MSG_PEEK)", "recv 10 MSG_PEEK"),
        (
            "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)",
            "setsockopt SO_REUSEADDR 1",
        ),
        ("s.settimeout(None)", "settimeout none"),
        ("s.setblocking(False)", "setblocking false"),
        ("s.shutdown(socket.SHUT_WR)", "shutdown SHUT_WR"),
        ("s.makefile('r')", "makefile"),
        ("s.close()", "close"),
    ] {
        let told = read(line, &mut known());
        assert_eq!(told, Err(Complaint::Python(words.to_owned())), "{line}");
        // What is advised can be typed.
        assert!(read(words, &mut known()).is_ok(), "{words}");
    }
    for line in [
        "print(s)",
        "(",
        "s.bind(",
        "bind()",
        "s.sendto()",
        "s.send(b'",
    ] {
        assert!(read(line, &mut known()).is_err(), "{line}");
    }
}

/// A server that listens with 3 and has accepted 4.
fn known() -> Known {
    let mut known = Known::new();
    returned(&mut known, Host::Server, None, "socket", "3");
    returned(&mut known, Host::Server, Some(3), "listen", "0");
    returned(&mut known, Host::Server, Some(3), "accept", "4, 10.0.0.1:5");
    known
}

fn fd_of(line: &str) -> Option<i32> {
    match read(line, &mut known()) {
        Ok(Wish::Call(_, call)) => call.fd(),
        _ => None,
    }
}

#[test]
fn the_socket_that_makes_sense_need_not_be_named() {
    assert_eq!(fd_of("accept"), Some(3));
    assert_eq!(fd_of("recv"), Some(4));
    assert_eq!(fd_of("close"), Some(4));
    assert_eq!(fd_of("close fd 3"), Some(3));
    assert_eq!(fd_of("send fd 3 hello"), Some(3));
    assert_eq!(read("client recv", &mut known()), Err(Complaint::NoSocket));
    assert_eq!(fd_of("close fd 99"), Some(99), "EBADF is a lesson");
}

#[test]
fn what_a_call_takes_is_read() {
    let address = "10.0.0.2:8888".parse().expect("an address");
    let sendto = |fd| Call::Sendto {
        fd,
        data: b"hello you".to_vec(),
        address,
    };
    assert_eq!(
        read("sendto hello you server:8888", &mut known()),
        Ok(Wish::Call(Host::Server, sendto(4)))
    );
    assert_eq!(
        read("server settimeout 1.5", &mut known()),
        Ok(Wish::Call(
            Host::Server,
            Call::Settimeout {
                fd: 4,
                timeout: Some(Duration::from_millis(1500)),
            }
        ))
    );
    assert_eq!(read("client", &mut known()), Ok(Wish::Host(Host::Client)));
    assert_eq!(read("  # a comment", &mut known()), Ok(Wish::Nothing));
}

#[test]
fn flags_follow_what_they_are_for() {
    let call = |line: &str| match read(line, &mut known()) {
        Ok(Wish::Call(_, call)) => call,
        other => panic!("{line}: {other:?}"),
    };
    let flagged = |flags: &[Flag], of| Call::Flagged {
        flags: flags.to_vec(),
        of: Box::new(of),
    };
    let (fd, size) = (4, 10);
    let recv = flagged(&[Flag::Peek, Flag::DontWait], Call::Recv { fd, size });
    assert_eq!(call("recv 10 MSG_PEEK|MSG_DONTWAIT"), recv);
    let size = 4096;
    let recv = flagged(&[Flag::WaitAll], Call::Recv { fd, size });
    assert_eq!(call("recv waitall"), recv);
    let data = b"hello you".to_vec();
    let send = flagged(&[Flag::More], Call::Send { fd, data });
    assert_eq!(call("send hello you MSG_MORE"), send);
    // What stands in quotes, or is not quite a flag, is data.
    for words in ["\"MSG_MORE\"", "MSG_MORE", "peek more", "a MSG_LATER"] {
        let data = words.trim_matches('"').as_bytes().to_vec();
        assert_eq!(call(&format!("send {words}")), Call::Send { fd, data });
    }
    let address = "10.0.0.2:53".parse().expect("an address");
    let data = b"one".to_vec();
    let sendto = flagged(&[Flag::DontWait], Call::Sendto { fd, data, address });
    assert_eq!(call("sendto one MSG_DONTWAIT server:53"), sendto);
}

#[test]
fn sockets_to_wait_for_are_named_or_the_last_used() {
    let (read, write) = (vec![3, 4], vec![4]);
    let timeout = Some(Duration::from_millis(1500));
    let select = Call::Select {
        read: read.clone(),
        write: write.clone(),
        timeout,
    };
    let poll = Call::Poll {
        read,
        write,
        timeout,
    };
    let host = Host::Server;
    for (line, wanted) in [
        ("select read [3,4] write 4 1.5", select),
        ("poll read 3,4 write 4 1500", poll),
        (
            "select none",
            Call::Select {
                read: vec![4],
                write: Vec::new(),
                timeout: None,
            },
        ),
    ] {
        assert_eq!(
            self::read(line, &mut known()),
            Ok(Wish::Call(host, wanted)),
            "{line}"
        );
    }
}

/// A socket that was closed while a file had it was gone, and the file could not be named.
#[test]
fn a_socket_is_known_until_its_file_is_closed() {
    let mut known = known();
    returned(&mut known, Host::Server, Some(4), "makefile", "4");
    returned(&mut known, Host::Server, Some(4), "close", "0");
    assert_eq!(known.descriptors(Host::Server), [3, 4]);
    let closes = read("close file fd 4", &mut known);
    assert!(closes.is_err(), "the descriptor stands first");
    assert_eq!(
        read("close fd 4 file", &mut known),
        Ok(Wish::Call(Host::Server, Call::CloseFile { fd: 4 }))
    );
    returned(&mut known, Host::Server, Some(4), "file.close", "0");
    assert_eq!(known.descriptors(Host::Server), [3]);
}

#[test]
fn packets_are_named_or_are_the_first_that_is_held() {
    let mut known = known();
    assert_eq!(read("deliver", &mut known), Err(Complaint::NothingHeld));
    for (n, id) in [(0, 7), (1, 4)] {
        let packet = log::Packet::new(id, Host::Client, log::Verdict::Held, None);
        let (t_ns, kind) = (0, Kind::Packet(packet));
        known.hear(&Event { n, t_ns, kind });
    }
    let wire = |command| Ok(Wish::Wire(command));
    assert_eq!(read("deliver", &mut known), wire(Command::Deliver(4)));
    assert_eq!(read("drop #7", &mut known), wire(Command::Drop(7)));
    let delay = Command::Delay(4, Duration::from_millis(300));
    assert_eq!(read("delay 300", &mut known), wire(delay));
    assert_eq!(read("dup 9", &mut known), Err(Complaint::NothingHeld));
}

#[test]
fn a_line_that_makes_no_sense_is_told_apart() {
    let wrong = [
        "nonsense",
        "bind",
        "bind x",
        "listen x",
        "listen 1 2",
        "socket",
        "socket sctp",
        "send",
        "sendto x",
        "shutdown",
        "shutdown left",
        "setsockopt SO_LINGER",
        "setsockopt SO_WHAT 1",
        "settimeout soon",
        "delay",
        "delay x",
        "fault",
        "fault what",
        "state now",
        "recv fd",
        "recv fd x",
        "accept 1",
        "client nonsense",
        "send \"half",
        "recv -1",
        "wait x",
        "quit now",
        "deliver x",
        "server server",
        "recv 10 MSG_NONE",
        "recv MSG_PEEK 10",
        "close fd 3 door",
        "select read",
        "select read x",
        "select 1 2",
        "poll soon",
        "getsockopt SO_LINGER x",
        "connect_ex",
        "bind :88888",
    ];
    for line in wrong {
        assert!(read(line, &mut known()).is_err(), "{line}");
    }
}

/// A line copied with its prompt was "there is no command server>".
#[test]
fn a_line_copied_with_its_prompt_is_the_line_that_was_typed() {
    let mut known = known();
    for (copied, typed) in [
        ("server> accept", "server accept"),
        ("client> socket tcp", "client socket tcp"),
        ("client>", "client"),
    ] {
        let copied = read(copied, &mut known).expect("a wish");
        assert_eq!(copied, read(typed, &mut known).expect("a wish"));
    }
    assert!(read("serv> accept", &mut known).is_err());
}
