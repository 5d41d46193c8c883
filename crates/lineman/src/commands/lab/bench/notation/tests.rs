//! Lines of the ladder, of Python and of the textbook, read.

use lineman_lab::hosts::Call;
use lineman_trace::log::Host;

use super::super::complaint::Complaint;
use super::super::known::Known;
use super::super::line::Wish;
use super::super::line::read;
use super::super::tests::known;
use super::super::tests::returned;

fn call(line: &str, known: &mut Known) -> (Host, Call) {
    match read(line, known) {
        Ok(Wish::Call(host, call)) => (host, call),
        other => panic!("{line}: {other:?}"),
    }
}

/// The same as when it is typed in words, on what there is in [`known`].
fn same(line: &str, words: &str) {
    assert_eq!(
        call(line, &mut known()),
        call(words, &mut known()),
        "{line}"
    );
}

/// The textbook's calls, as Python has them: they were told how they are typed here, and not made.
#[test]
fn a_call_in_pythons_words_is_made() {
    for (line, words) in [
        (
            "s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
            "socket tcp",
        ),
        (
            "sk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
            "socket udp",
        ),
        ("socket(AF_INET, SOCK_STREAM)", "socket tcp"),
        ("socket(type=SOCK_DGRAM, family=AF_INET6)", "socket udp6"),
        ("socket.socket()", "socket tcp"),
        ("bind(('10.0.0.2', 8888))", "bind 10.0.0.2:8888"),
        ("bind(('', 80))", "bind :80"),
        ("connect(('fd00::2', 80, 0, 0))", "connect [fd00::2]:80"),
        ("listen(5)", "listen 5"),
        ("listen()", "listen"),
        (
            "connect((\"10.0.0.2\", 80))  # the server",
            "connect 10.0.0.2:80",
        ),
        ("connect(('localhost', 80))", "connect 127.0.0.1:80"),
        ("send(b'hello, (you)')", "send \"hello, (you)\""),
        (
            "sendall('a \"b\" \\x00\\'\\n'.encode('utf8'))",
            "sendall \"a \\\"b\\\" \\0'\\n\"",
        ),
        ("send('你好'.encode())", "send 你好"),
        (
            "sendto(\"hi\", ('10.0.0.2', 69))",
            "sendto \"hi\" 10.0.0.2:69",
        ),
        (
            "sendto(b'..', MSG_DONTWAIT, ('10.0.0.2', 69))",
            "sendto .. MSG_DONTWAIT 10.0.0.2:69",
        ),
        ("data = recv(1024)", "recv 1024"),
        (
            "recv(10, socket.MSG_PEEK | socket.MSG_DONTWAIT)",
            "recv 10 MSG_PEEK|MSG_DONTWAIT",
        ),
        (
            "setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)",
            "setsockopt SO_REUSEADDR 1",
        ),
        ("settimeout(None)", "settimeout none"),
        ("settimeout(1.5)", "settimeout 1.5"),
        ("setblocking(False)", "setblocking false"),
        ("shutdown(socket.SHUT_WR)", "shutdown SHUT_WR"),
        ("shutdown(1)", "shutdown wr"),
        ("makefile('r')", "makefile"),
        (
            "select.select([3, 4], [4], [], 1.5)",
            "select read 3,4 write 4 1.5",
        ),
        ("client socket(AF_INET, SOCK_DGRAM)", "client socket udp"),
    ] {
        same(line, words);
    }
}

/// A line of the ladder was no line that could be typed.
#[test]
fn a_line_of_the_ladder_is_made_on_its_descriptor() {
    for (line, words) in [
        (
            "server bind(3, 10.0.0.2:8888) = 0",
            "bind fd 3 10.0.0.2:8888",
        ),
        ("bind(3, [fd00::2]:8888)", "bind fd 3 [fd00::2]:8888"),
        ("listen(3, 5)", "listen fd 3 5"),
        ("server accept(3) …", "accept fd 3"),
        ("accept() = 4, 10.0.0.1:45678", "accept"),
        ("recv(3, 4096)", "recv fd 3 4096"),
        (
            "recv(3, 9, MSG_DONTWAIT) = -1 EAGAIN",
            "recv fd 3 9 MSG_DONTWAIT",
        ),
        ("send(3, \"hello\\n\") = 6", "send fd 3 \"hello\\n\""),
        (
            "sendto(3, \"one\", 10.0.0.2:53) = 3",
            "sendto fd 3 one 10.0.0.2:53",
        ),
        ("shutdown(3, SHUT_WR)", "shutdown fd 3 wr"),
        ("settimeout(3, 0.05) = 0", "settimeout fd 3 0.05"),
        ("getsockopt(3, SO_LINGER, 8)", "getsockopt fd 3 SO_LINGER 8"),
        (
            "setsockopt(3, SO_REUSEADDR, 1)",
            "setsockopt fd 3 SO_REUSEADDR 1",
        ),
        ("close(3) = 0", "close fd 3"),
        ("file.close(3)", "close fd 3 file"),
        (
            "poll([3: POLLIN, 4: POLLIN|POLLOUT], 50) = [4: POLLOUT]",
            "poll read 3,4 write 4 50",
        ),
    ] {
        same(line, words);
    }
}

/// `c.send('hi')` was made, where Python raises TypeError, and `.encode('uft8')` as if that were UTF-8.
#[test]
fn a_text_is_not_sent_as_bytes_in_pythons_words() {
    let mut known = Known::new();
    known.host = Host::Client;
    let _ = call("s = socket()", &mut known);
    returned(&mut known, Host::Client, None, "socket", "3");
    let _ = read("to = ('10.0.0.2', 69)", &mut known);
    let _ = read("text = 'hi'", &mut known);
    for line in [
        "s.send('hi')",
        "s.sendall(\"hi\")",
        "s.sendto('hi', to)",
        "s.send(text)",
    ] {
        let text = "hi".to_owned();
        assert_eq!(read(line, &mut known), Err(Complaint::NotBytes(text)));
    }
    for line in [
        "s.send(b'hi')",
        "s.send('hi'.encode())",
        "s.send('hi'.encode(\"utf-8\"))",
        "s.send('hi'.encode(encoding='UTF8'))",
        "send(3, \"hi\")", // the ladder's
        "send('hi')",
    ] {
        same_in(line, "send fd 3 hi", &mut known);
    }
    let encoding = Complaint::Encoding("uft8".to_owned());
    assert_eq!(
        read("s.send('hi'.encode('uft8'))", &mut known),
        Err(encoding)
    );
    let letter = Complaint::NotAscii('你');
    assert_eq!(read("s.send(b'你')", &mut known), Err(letter));
}

#[test]
fn names_stand_for_what_calls_have_returned() {
    let mut known = Known::new();
    let fd = |line: &str, known: &mut Known| call(line, known).1.fd();
    known.host = Host::Server;
    let _ = call("s = socket(AF_INET, SOCK_STREAM)", &mut known);
    let waits = Complaint::NotYet("s".to_owned(), "socket");
    assert_eq!(read("s.listen(5)", &mut known), Err(waits));
    returned(&mut known, Host::Server, None, "socket", "3");
    assert_eq!(fd("s.listen(5)", &mut known), Some(3));
    assert_eq!(
        read("host_port = ('', 8888)", &mut known),
        Ok(Wish::Nothing)
    );
    same_in("s.bind(host_port)", "bind fd 3 :8888", &mut known);
    let _ = call("c, a = s.accept()", &mut known);
    let waits = Complaint::NotYet("c".to_owned(), "accept");
    assert_eq!(read("c.recv(9)", &mut known), Err(waits));
    returned(&mut known, Host::Server, Some(3), "accept", "4, 10.0.0.1:5");
    assert_eq!(fd("c.recv(9)", &mut known), Some(4));
    // Named, it need not be said whose it is.
    known.host = Host::Client;
    assert_eq!(call("c.close()", &mut known).0, Host::Server);
    assert!(read("client c.close()", &mut known).is_err());
    known.host = Host::Server;
    let _ = call("data, addr = c.recvfrom(99)", &mut known);
    returned(
        &mut known,
        Host::Server,
        Some(4),
        "recvfrom",
        "3 \"hi\\n\", 10.0.0.1:7",
    );
    same_in(
        "c.sendto(data, addr)",
        "sendto fd 4 \"hi\\n\" 10.0.0.1:7",
        &mut known,
    );
    let _ = call("f = c.makefile('rwb')", &mut known);
    returned(&mut known, Host::Server, Some(4), "makefile", "4");
    same_in("f.close()", "close fd 4 file", &mut known);
    same_in("select([s, c], [], [], 1)", "select read 3,4 1", &mut known);
}

fn same_in(line: &str, words: &str, known: &mut Known) {
    assert_eq!(call(line, known), call(words, known), "{line}");
}

/// A name must never mean a socket that was not called so, nor bytes that were not received.
#[test]
fn a_name_means_what_it_was_given_or_nothing() {
    let mut known = Known::new();
    let said = |line: &str, known: &mut Known| read(line, known).expect_err(line);
    let _ = call("s = socket()", &mut known);
    returned(&mut known, Host::Server, None, "socket", "3");
    returned(&mut known, Host::Server, Some(3), "close", "0");
    // EBADF is a lesson, until the number is another's.
    assert_eq!(call("s.listen()", &mut known).1.fd(), Some(3));
    returned(&mut known, Host::Server, None, "socket", "3");
    assert_eq!(
        said("s.listen()", &mut known),
        Complaint::Replaced("s".to_owned())
    );
    let _ = call("s = socket()", &mut known);
    returned(&mut known, Host::Server, None, "socket", "4");
    for (answer, bytes) in [
        ("2 \"hi\"", Some(&b"hi"[..])),
        ("0", Some(b"")),
        ("40 \"0123456789\"…", None),
        ("1 \"^A\"", None),
        ("2 \"^A\"", None),
        ("2 \"\\n\"", None),
    ] {
        let _ = call("data = s.recv(99)", &mut known);
        returned(&mut known, Host::Server, Some(4), "recv", answer);
        match bytes {
            Some(data) => {
                let data = data.to_vec();
                let send = Call::Send { fd: 4, data };
                assert_eq!(call("s.send(data)", &mut known).1, send);
            }
            None => assert_eq!(
                said("s.send(data)", &mut known),
                Complaint::NotKept("data".to_owned())
            ),
        }
    }
    let names = vec!["data".to_owned(), "s".to_owned()];
    assert_eq!(
        said("q.send(b'')", &mut known),
        Complaint::Name("q".to_owned(), names)
    );
    assert_eq!(
        said("data.send(b'')", &mut known),
        Complaint::NotKept("data".to_owned())
    );
}

#[test]
fn words_stay_words() {
    for (line, data) in [
        ("send (you)", "(you)"),
        ("send s = f(x)", "s = f(x)"),
        ("send = hello", "= hello"),
        ("send a=b(c)", "a=b(c)"),
    ] {
        let data = data.as_bytes().to_vec();
        assert_eq!(
            call(line, &mut known()).1,
            Call::Send { fd: 4, data },
            "{line}"
        );
    }
}

#[test]
fn what_is_no_call_is_refused_with_a_reason() {
    for line in [
        "print(s)",
        "(",
        "s.bind(",
        "bind(",
        "bind()",
        "bind('', 80)",
        "bind(('', 88888))",
        "bind((((((('', 80)))))))",
        "sendto()",
        "send(b'",
        "send(b'\\q')",
        "listen(5",
        "listen(5) now",
        "recv(x)",
        "accept(3, 4)",
        "x = y",
        "x = ",
        "a, b = 5",
        "s.listen(5)",
        "socket(AF_UNIX)",
        "select([], [], [3])",
        "[",
        "=",
        "s =",
        ".(",
        "é(",
        "poll([3: ], 5)",
    ] {
        let why = read(line, &mut known()).expect_err(line);
        assert!(!why.words(crate::lang::Lang::Zh).is_empty());
    }
    let tuple = read("bind('', 80)", &mut known()).expect_err("no tuple");
    assert_eq!(tuple, Complaint::Tuple("80".to_owned()));
}
