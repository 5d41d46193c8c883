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
use super::line;
use super::line::Wish;
use super::line::read;
use crate::lang::Lang;

pub(super) fn returned(known: &mut Known, host: Host, fd: Option<i32>, name: &str, answer: &str) {
    let answer = Some(log::Answer::Value(answer.to_owned()));
    let (name, args, program) = (name.to_owned(), Vec::new(), None);
    let id = 1;
    let call = log::Call {
        id,
        host,
        program,
        fd,
        socket: None,
        name,
        args,
        answer,
    };
    let (n, t_ns, kind) = (0, 0, Kind::Call(call));
    known.hear(&Event { n, t_ns, kind });
}

/// A server that listens with 3 and has accepted 4.
pub(super) fn known() -> Known {
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

/// `close 3` was told that nothing may follow; what it means is done, and said.
#[test]
fn a_number_alone_is_a_descriptor_where_it_can_be_nothing_else() {
    for name in ["close", "accept", "getpeername", "readline"] {
        let wish = read(&format!("{name} 3"), &mut known());
        let Ok(Wish::Meant(Host::Server, call)) = wish else {
            panic!("{name}: {wish:?}");
        };
        assert_eq!(call.fd(), Some(3));
        assert_eq!(line::descriptor_meant(&call), format!("{name} fd 3"));
    }
    assert_eq!(fd_of("recv 3"), Some(4), "three bytes");
    assert_eq!(fd_of("listen 3"), Some(4), "a backlog");
}

/// They were only told that they are none.
#[test]
fn what_was_perhaps_meant_is_said() {
    for (line, meant) in [
        ("lisen 5", "did you mean listen?"),
        ("scoket tcp", "did you mean socket?"),
        ("sever", "did you mean server?"),
        ("setsockopt SO_RESUEADDR 1", "did you mean SO_REUSEADDR?"),
        ("recv 10 MSG_PEAK", "did you mean MSG_PEEK?"),
        ("socket(AF_INET, SOCK_STRAEM)", "did you mean SOCK_STREAM?"),
        ("conect(('10.0.0.2', 80))", "did you mean connect?"),
        ("frobnicate", "help lists them all"),
        ("ab", "help lists them all"),
    ] {
        let why = read(line, &mut known()).expect_err(line);
        assert!(
            why.words(Lang::En).contains(meant),
            "{line}: {}",
            why.words(Lang::En)
        );
    }
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
        "accept 1 2",
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
