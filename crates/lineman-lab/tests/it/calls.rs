//! Socket calls as Python's sockets have them, over the kernel and simulated.

use std::time::Duration;

use lineman_lab::Kernel;
use lineman_lab::Lab;
use lineman_lab::Network;
use lineman_lab::Options;
use lineman_lab::Program;
use lineman_lab::Simulated;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Direction;
use lineman_lab::hosts::Family;
use lineman_lab::hosts::Flag;
use lineman_lab::hosts::Outcome;
use lineman_lab::hosts::SocketOption;
use lineman_lab::hosts::Transport;
use lineman_trace::log::Answer;
use lineman_trace::log::Host;
use lineman_trace::log::Host::*;

use crate::stage::HELPER;
use crate::stage::LONG;
use crate::stage::v4;

/// What has been answered so far, and who answers.
struct Caller {
    network: Box<dyn Network>,
    said: Vec<String>,
}

impl Caller {
    fn outcome(&mut self, host: Host, call: Call) -> Outcome {
        let call = self.network.call(host, call).expect("a lab");
        let outcome = self.network.outcome(call, LONG).expect("a lab");
        outcome.expect("an outcome")
    }

    /// Makes a call, and takes its answer down.
    fn say(&mut self, host: Host, call: Call) {
        let name = call.name();
        let answer = match self.outcome(host, call).answer() {
            Answer::Value(value) => value,
            Answer::Error(error) => error,
        };
        self.said.push(format!("{name} {answer}"));
    }

    fn socket(&mut self, host: Host, transport: Transport) -> i32 {
        let family = Family::Inet;
        let outcome = self.outcome(host, Call::Socket { family, transport });
        outcome.descriptor().expect("a descriptor")
    }

    fn listen(&mut self) -> i32 {
        let (fd, address) = (self.socket(Server, Transport::Stream), v4());
        self.outcome(Server, Call::Bind { fd, address });
        self.outcome(Server, Call::Listen { fd, backlog: 5 });
        fd
    }

    fn connect(&mut self) -> (i32, i32) {
        let listener = self.listen();
        let (fd, address) = (self.socket(Client, Transport::Stream), v4());
        self.outcome(Client, Call::Connect { fd, address });
        let server = self.outcome(Server, Call::Accept { fd: listener });
        (fd, server.descriptor().expect("a connection"))
    }

    fn send(&mut self, host: Host, fd: i32, data: &str) {
        let data = data.into();
        self.outcome(host, Call::Send { fd, data });
        self.pass();
    }

    /// Lets packets arrive.
    fn pass(&mut self) {
        self.network.pass(Duration::from_millis(60)).expect("a lab");
    }
}

fn play(network: Box<dyn Network>, script: fn(&mut Caller)) -> Vec<String> {
    let said = Vec::new();
    let mut caller = Caller { network, said };
    script(&mut caller);
    caller.network.end().expect("a good end");
    caller.said
}

/// Both labs answer so.
fn answers(script: fn(&mut Caller), expected: &[&str]) {
    let options = Options::default();
    let simulated = Box::new(Simulated::start(&options, 1, drop));
    assert_eq!(play(simulated, script), expected, "simulated");
    let (path, args) = (HELPER.into(), vec!["lab".into()]);
    let lab = Lab::start(&Program { path, args }, &options, drop).expect("a lab");
    assert_eq!(play(Box::new(Kernel::new(lab)), script), expected, "kernel");
}

fn flagged(flags: &[Flag], of: Call) -> Call {
    let (flags, of) = (flags.to_vec(), Box::new(of));
    Call::Flagged { flags, of }
}

#[test]
fn flags_do_what_they_say() {
    let script = |caller: &mut Caller| {
        let (client, fd) = caller.connect();
        let recv = |size| Call::Recv { fd, size };
        caller.say(Server, flagged(&[Flag::DontWait], recv(9)));
        caller.send(Client, client, "abc");
        caller.say(Server, flagged(&[Flag::Peek], recv(2)));
        caller.say(Server, recv(2));
        let all = flagged(&[Flag::WaitAll], recv(4));
        let all = caller.network.call(Server, all).expect("a lab");
        caller.send(Client, client, "defg");
        let got = caller.network.outcome(all, LONG).expect("a lab");
        assert_eq!(got, Some(Outcome::Bytes(b"cdef".to_vec())));
        let data = b"x".to_vec();
        let send = Call::Send { fd, data };
        caller.say(Server, flagged(&[Flag::NoSignal, Flag::More], send));
        caller.say(Server, Call::Recvfrom { fd, size: 9 });
    };
    let expected = [
        "recv EAGAIN",
        "recv 2 \"ab\"",
        "recv 2 \"ab\"",
        "send 1",
        "recvfrom 1 \"g\"", // TCP does not say from whom
    ];
    answers(script, &expected);
}

/// A connect with a time-out ended with EINPROGRESS, a receive with EAGAIN: in Python both time out.
#[test]
fn a_timeout_is_the_sockets_own() {
    let script = |caller: &mut Caller| {
        let rules = "c>s:syn drop".parse().expect("rules");
        let (client, server) = caller.connect();
        let timeout = Some(Duration::from_millis(40));
        caller.say(
            Server,
            Call::Settimeout {
                fd: server,
                timeout,
            },
        );
        caller.say(
            Server,
            Call::Recv {
                fd: server,
                size: 1,
            },
        );
        caller.say(Server, Call::Gettimeout { fd: server });
        caller.send(Client, client, "in time");
        caller.say(
            Server,
            Call::Recv {
                fd: server,
                size: 9,
            },
        );
        caller
            .network
            .wire(lineman_lab::wire::Command::Rules(rules))
            .expect("a lab");
        let (fd, address) = (caller.socket(Client, Transport::Stream), v4());
        caller.say(Client, Call::Settimeout { fd, timeout });
        caller.say(Client, Call::Connect { fd, address });
        let fd = caller.socket(Client, Transport::Stream);
        caller.say(Client, Call::Settimeout { fd, timeout });
        caller.say(Client, Call::ConnectEx { fd, address });
        let (fd, blocking) = (caller.socket(Client, Transport::Stream), false);
        caller.say(Client, Call::Setblocking { fd, blocking });
        caller.say(Client, Call::Connect { fd, address });
        caller.say(Client, Call::Gettimeout { fd });
    };
    let expected = [
        "settimeout 0",
        "recv TimeoutError",
        "gettimeout 0.04",
        "recv 7 \"in time\"",
        "settimeout 0",
        "connect TimeoutError",
        "settimeout 0",
        "connect_ex 11",
        "setblocking 0",
        "connect EINPROGRESS",
        "gettimeout 0",
    ];
    answers(script, &expected);
}

/// The kernel's own time-out is another thing.
#[test]
fn the_kernels_timeout_is_an_error_of_its_own() {
    let script = |caller: &mut Caller| {
        let (_, fd) = caller.connect();
        let option = SocketOption::ReceiveTimeout;
        caller.say(
            Server,
            Call::Setsockopt {
                fd,
                option,
                value: 1,
            },
        );
        caller.say(Server, Call::Getsockopt { fd, option });
        caller.say(Server, Call::Gettimeout { fd });
        caller.say(Server, Call::Recv { fd, size: 1 });
    };
    let expected = [
        "setsockopt 0",
        "getsockopt 1",
        "gettimeout None",
        "recv EAGAIN",
    ];
    answers(script, &expected);
}

#[test]
fn connect_ex_returns_what_connect_fails_with() {
    let script = |caller: &mut Caller| {
        let (fd, address) = (caller.socket(Client, Transport::Stream), v4());
        caller.say(Client, Call::ConnectEx { fd, address });
        caller.listen();
        caller.say(Client, Call::ConnectEx { fd, address });
    };
    answers(script, &["connect_ex 111", "connect_ex 0"]);
}

#[test]
fn select_and_poll_say_who_is_ready() {
    let script = |caller: &mut Caller| {
        let listener = caller.listen();
        let moment = Some(Duration::from_millis(30));
        let select = |read: &[i32], write: &[i32]| Call::Select {
            read: read.to_vec(),
            write: write.to_vec(),
            timeout: moment,
        };
        caller.say(Server, select(&[listener], &[]));
        let (fd, address) = (caller.socket(Client, Transport::Stream), v4());
        caller.outcome(Client, Call::Connect { fd, address });
        caller.say(Server, select(&[listener], &[]));
        let accepted = caller.outcome(Server, Call::Accept { fd: listener });
        let server = accepted.descriptor().expect("a connection");
        caller.say(Server, select(&[listener, server], &[server]));
        let poll = |read: &[i32], write: &[i32]| Call::Poll {
            read: read.to_vec(),
            write: write.to_vec(),
            timeout: moment,
        };
        caller.say(Server, poll(&[listener, server], &[]));
        caller.send(Client, fd, "ready");
        caller.say(Server, poll(&[listener, server], &[server]));
        caller.say(Server, select(&[listener, server], &[]));
        caller.say(Server, select(&[99], &[]));
        // It begins to wait, and then there is something.
        let (read, write, timeout) = (vec![fd], Vec::new(), None);
        let waits = Call::Select {
            read,
            write,
            timeout,
        };
        let waits = caller.network.call(Client, waits).expect("a lab");
        caller.send(Server, server, "at last");
        let outcome = caller.network.outcome(waits, LONG).expect("a lab");
        let (read, write) = (vec![fd], Vec::new());
        assert_eq!(outcome, Some(Outcome::Ready { read, write }));
    };
    let expected = [
        "select [], [], []",
        "select [3], [], []",
        "select [], [4], []",
        "poll []",
        "poll [4: POLLIN|POLLOUT]",
        "select [4], [], []",
        "select EBADF",
    ];
    answers(script, &expected);
}

/// The FIN went out with `close`, and the file could not be read to its end.
#[test]
fn a_file_keeps_its_socket_open() {
    let script = |caller: &mut Caller| {
        let (fd, server) = caller.connect();
        caller.say(Client, Call::Makefile { fd });
        caller.say(Client, Call::Close { fd });
        caller.say(Client, Call::Fileno { fd });
        caller.send(Server, server, "one line\n");
        caller.say(Client, Call::Readline { fd });
        caller.say(
            Client,
            Call::Write {
                fd,
                data: b"the last".to_vec(),
            },
        );
        caller.say(Client, Call::CloseFile { fd });
        caller.pass();
        caller.say(
            Server,
            Call::Recv {
                fd: server,
                size: 99,
            },
        );
        caller.say(
            Server,
            Call::Recv {
                fd: server,
                size: 99,
            },
        );
        caller.say(Client, Call::Fileno { fd });
        caller.say(Client, Call::CloseFile { fd });
        caller.say(Client, Call::Fileno { fd: 99 });
        caller.say(Server, Call::CloseFile { fd: server });
    };
    let expected = [
        "makefile <file fd=3>",
        "close 0",
        "fileno 3",
        "readline 9 \"one line\\n\"",
        "write 8",
        "file.close 0",
        "recv 8 \"the last\"",
        "recv 0",
        "fileno -1",
        "file.close EBADF",
        "fileno EBADF",
        "file.close EBADF",
    ];
    answers(script, &expected);
}

#[test]
fn options_of_lessons() {
    let script = |caller: &mut Caller| {
        let (fd, udp) = (
            caller.socket(Client, Transport::Stream),
            caller.socket(Client, Transport::Datagram),
        );
        use SocketOption as Option;
        for (option, value) in [
            (Option::KeepIdle, 3),
            (Option::KeepInterval, 2),
            (Option::KeepCount, 4),
            (Option::ReusePort, 1),
            (Option::Linger, 5),
        ] {
            caller.say(Client, Call::Setsockopt { fd, option, value });
            caller.say(Client, Call::Getsockopt { fd, option });
        }
        let (option, value) = (Option::Type, 1);
        caller.say(Client, Call::Getsockopt { fd, option });
        caller.say(Client, Call::Getsockopt { fd: udp, option });
        caller.say(Client, Call::Setsockopt { fd, option, value });
        for (option, buflen) in [(Option::Linger, 8), (Option::Linger, 3), (Option::Type, 99)] {
            caller.say(Client, Call::GetsockoptBytes { fd, option, buflen });
        }
    };
    let expected = [
        "setsockopt 0",
        "getsockopt 3",
        "setsockopt 0",
        "getsockopt 2",
        "setsockopt 0",
        "getsockopt 4",
        "setsockopt 0",
        "getsockopt 1",
        "setsockopt 0",
        "getsockopt 5",
        "getsockopt 1",
        "getsockopt 2",
        "setsockopt ENOPROTOOPT",
        "getsockopt 8 bytes: 01 00 00 00 05 00 00 00",
        "getsockopt 3 bytes: 01 00 00",
        "getsockopt 4 bytes: 01 00 00 00",
    ];
    answers(script, &expected);
}

#[test]
fn what_beginners_do_wrong_is_answered_alike() {
    let script = |caller: &mut Caller| {
        let fd = caller.socket(Server, Transport::Stream);
        let address = "10.0.0.1:9000".parse().expect("an address");
        caller.say(Server, Call::Bind { fd, address });
        caller.say(Server, Call::Accept { fd });
        caller.say(Server, Call::Recv { fd, size: 1 });
        caller.say(Server, Call::Getpeername { fd });
        let data = b"x".to_vec();
        caller.say(
            Server,
            Call::Send {
                fd,
                data: data.clone(),
            },
        );
        let direction = Direction::Write;
        caller.say(Server, Call::Shutdown { fd, direction });
        let listener = caller.listen();
        caller.say(
            Server,
            Call::Recv {
                fd: listener,
                size: 1,
            },
        );
        caller.say(
            Server,
            Call::Send {
                fd: listener,
                data: data.clone(),
            },
        );
        let address = v4();
        caller.say(
            Server,
            Call::Connect {
                fd: listener,
                address,
            },
        );
        caller.say(Server, Call::Bind { fd, address });
        let udp = caller.socket(Server, Transport::Datagram);
        caller.say(
            Server,
            Call::Listen {
                fd: udp,
                backlog: 1,
            },
        );
        caller.say(Server, Call::Send { fd: udp, data });
    };
    let expected = [
        "bind EADDRNOTAVAIL",
        "accept EINVAL",
        "recv ENOTCONN",
        "getpeername ENOTCONN",
        "send EPIPE",
        "shutdown ENOTCONN",
        "recv ENOTCONN",
        "send EPIPE",
        "connect EISCONN",
        "bind EADDRINUSE",
        "listen EOPNOTSUPP",
        "send EDESTADDRREQ",
    ];
    answers(script, &expected);
}
