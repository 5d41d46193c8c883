//! `lineman lab bench`: as a script through a pipe, and at a real terminal.

use std::io::Write as _;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use serde_json::Value;

use crate::chat_terminal::Terminal;
use crate::support::lineman;
use crate::support::without_namespaces;

fn bench(args: &[&str], script: &str) -> Output {
    let mut command = lineman();
    command.args(["lab", "bench"]).args(args);
    fed(command, script)
}

/// This machine's kernel, and simulated hosts: what calls come to is the same.
const LABS: [&[&str]; 2] = [&[], &["--simulated"]];

fn fed(mut command: Command, script: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(script.as_bytes()).expect("writes");
    drop(stdin);
    child.wait_with_output().expect("ends")
}

fn shown(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(output.stderr, b"", "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// Each of these stands in the text, behind the one before.
fn assert_in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let at = rest
            .find(part)
            .unwrap_or_else(|| panic!("no {part:?} in its place:\n{text}"));
        rest = &rest[at + part.len()..];
    }
}

const CHAT: &str = r#"
# A handshake, a line each way, and both say goodbye.
socket tcp
bind 10.0.0.2:8888
listen 5
accept
client
socket tcp
connect server:8888
send "hello\n"
server recv
server send "hi you\n"
recv
getpeername
close
server
recv
close
close
"#;

#[test]
fn a_script_shakes_hands_talks_and_closes() {
    let text = shown(&bench(&["--no-explain"], CHAT));
    assert_in_order(
        &text,
        &[
            "server bind(3, 10.0.0.2:8888) = 0",
            "server listen(3, 5) = 0",
            "LISTEN",
            "server accept(3) …",
            "client connect(3, 10.0.0.2:8888) …",
            "SYN-SENT      ──SYN seq=0",
            "SYN+ACK seq=0 ack=1── SYN-RECEIVED",
            "server accept() = 4, 10.0.0.1:",
            "client send(3, \"hello\\n\") = 6",
            "server recv(4, 4096) = 6 \"hello\\n\"",
            "client recv(3, 4096) = 7 \"hi you\\n\"",
            "client getpeername(3) = 10.0.0.2:8888",
            "client close(3) = 0",
            "FIN-WAIT-1    ──FIN+ACK",
            "server recv(4, 4096) = 0",
            "server close(4) = 0",
            "LAST-ACK",
            "server close(3) = 0",
        ],
    );
}

#[test]
fn a_line_that_makes_no_sense_ends_a_script() {
    let output = bench(
        &[],
        "socket tcp\n\nbind 10.0.0.2:80\nnonsense now\nlisten\n",
    );
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("bind(3, 10.0.0.2:80) = 0"), "{text}");
    assert!(!text.contains("listen"), "{text}");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.contains("line 4: there is no command nonsense"),
        "{error}"
    );
    let output = bench(&["--lang", "zh"], "accept\n");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.contains("第 1 行：这台主机没有打开的套接字"),
        "{error}"
    );
}

/// A script's line without an end took all memory.
#[test]
fn a_line_that_does_not_end_is_refused() {
    let script = format!("socket tcp\nsend \"{}\"\n", "x".repeat(50 << 20));
    let output = bench(&["--simulated"], &script);
    assert_eq!(output.status.code(), Some(2));
    let (_, err) = (&output.stdout, String::from_utf8_lossy(&output.stderr));
    assert!(
        err.contains("line 2: the line is longer than 263164 bytes"),
        "{err}"
    );
    assert!(err.len() < 1000);
}

#[test]
fn packets_are_held_and_each_order_is_obeyed() {
    let script = "socket udp\nbind :53\nclient socket udp\nrecvfrom\nstep\n\
        client sendto one 10.0.0.2:53\ndrop\nclient sendto two 10.0.0.2:53\ndup\n\
        wait 2\nrecvfrom\nrun\nclient sendto three 10.0.0.2:53\nrecvfrom\n";
    let text = shown(&bench(&["--no-explain"], script));
    assert_in_order(
        &text,
        &[
            "sendto(3, \"one\", 10.0.0.2:53) = 3",
            "sendto(3, \"two\", 10.0.0.2:53) = 3",
            "recvfrom() = 3 \"two\", 10.0.0.1:",
            "= 3 \"two\", 10.0.0.1:",
            "= 5 \"three\", 10.0.0.1:",
        ],
    );
}

#[test]
fn rules_hold_and_a_lost_syn_is_sent_again() {
    let script = "socket tcp\nbind :80\nlisten\nfault c>s:#1 drop\nclient\nsocket tcp\n\
        connect 10.0.0.2:80\nwait 5\nclose\n";
    let text = shown(&bench(&["--no-explain", "--textbook"], script));
    assert_in_order(&text, &["SYN seq=0", "lost", "SYN seq=0", "connect() = 0"]);
}

#[test]
fn state_has_both_ends_with_queues_and_figures() {
    let script = format!(
        "{}\nstate\n",
        CHAT.split("server recv").next().expect("text")
    );
    let text = shown(&bench(&["--no-explain"], &script));
    assert_in_order(
        &text,
        &[
            "\nclient\n  fd 3  tcp  10.0.0.1:",
            " → 10.0.0.2:8888  ESTABLISHED  unread 0, not acknowledged 0",
            "rto ",
            "\nserver\n  fd 3  tcp  10.0.0.2:8888  LISTEN  waiting for accept 0 of 5",
            "  fd 4  tcp  10.0.0.2:8888 → 10.0.0.1:",
            "ESTABLISHED  unread 6, not acknowledged 0",
            "cwnd ",
        ],
    );
}

#[test]
fn as_json_it_is_the_log_and_recorded_it_can_be_replayed() {
    let dir = tempfile::tempdir().expect("a directory");
    let log = dir.path().join("a.jsonl");
    let file = log.display().to_string();
    let output = bench(&["--json", "--record", &file], &format!("{CHAT}\nstate\n"));
    let text = shown(&output);
    let events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let has = |kind: &str| events.iter().filter(|event| event["event"] == kind).count();
    assert!(has("packet") > 10 && has("call") > 20 && has("end") == 1);
    assert_eq!(has("sockets"), 2);
    let replayed = lineman().args(["lab", "replay", &file]).output();
    let replayed = replayed.expect("runs");
    assert!(
        replayed.status.success() && replayed.stderr.is_empty(),
        "{replayed:?}"
    );
}

/// `state` was answered at once, above the rows of what had led to it.
#[test]
fn state_stands_below_what_happened_before_it() {
    let script = "socket tcp\nbind :80\nlisten\nclient socket tcp\nclient connect server:80\n\
        accept\nclient send \"unread\"\nclose fd 4\nstate\n";
    let text = shown(&bench(&["--no-explain"], script));
    let state = text.find("\nclient\n").expect("the state");
    let (before, after) = text.split_at(state);
    assert!(before.contains("RST"), "{text}");
    assert!(!after.contains("──"), "{text}");
    // Its connection was reset: it is no socket that has not had any yet.
    let line = after.lines().find(|line| line.contains("fd 3  tcp  "));
    assert!(line.is_some_and(|line| line.contains("CLOSED")), "{text}");
}

/// A socket in SYN-SENT stood there twice, as CLOSED and without a descriptor: before the handshake is complete, getpeername()
/// names no peer.
#[test]
fn a_socket_whose_handshake_goes_on_is_one_socket() {
    let script = "client\nsocket tcp\nsettimeout 0.2\nconnect 10.0.0.50:80\nstate\n";
    for lab in LABS {
        let text = shown(&bench(&[&["--no-explain"], lab].concat(), script));
        let is_its = |line: &&str| line.contains("tcp  10.0.0.1:");
        let [one] = text.lines().filter(is_its).collect::<Vec<_>>()[..] else {
            panic!("{text}")
        };
        let opens = one.contains("→ 10.0.0.50:80  SYN-SENT");
        assert!(one.contains("fd 3") && opens, "{text}");
    }
}

#[test]
fn a_socket_without_a_connection_has_no_state_yet() {
    let text = shown(&bench(&["--no-explain"], "socket tcp\nstate\n"));
    assert_in_order(
        &text,
        &["\nserver\n  fd 3  tcp  0.0.0.0:0  has no state yet"],
    );
}

#[test]
fn calls_with_flags_and_without_waiting() {
    let script = "socket tcp\nbind :80\nlisten\nselect 0.05\nclient socket tcp\n\
        client connect_ex server:81\nclient connect_ex server:80\nselect read 3\naccept\n\
        recv fd 4 9 MSG_DONTWAIT\nclient send hello MSG_NOSIGNAL\nrecv 2 peek\nrecv\n\
        poll read 3,4 write 4 50\nsettimeout 0.05\nrecv\ngetsockopt SO_TYPE\n\
        getsockopt SO_LINGER 8\nmakefile\nclose\nclose file\nfileno fd 4\n";
    for lab in LABS {
        let text = shown(&bench(&[&["--no-explain"], lab].concat(), script));
        assert_in_order(&text, &FLAGGED);
    }
}

/// What the calls with flags and without waiting come to.
const FLAGGED: [&str; 20] = [
    "server select([3], [], [], 0.05) ",
    "= [], [], []",
    "client connect_ex(3, 10.0.0.2:81)",
    "connect_ex() = 111",
    "connect_ex() = 0",
    "server select([3], [], []) = [3], [], []",
    "server recv(4, 9, MSG_DONTWAIT) = -1 EAGAIN",
    "client send(3, \"hello\", MSG_NOSIGNAL) = 5",
    "server recv(4, 2, MSG_PEEK) = 2 \"he\"",
    "server recv(4, 4096) = 5 \"hello\"",
    "server poll([3: POLLIN, 4: POLLIN|POLLOUT], 50) = [4: POLLOUT]",
    "server settimeout(4, 0.05) = None",
    "= TimeoutError",
    "server getsockopt(4, SO_TYPE) = 1",
    "server getsockopt(4, SO_LINGER, 8) = 8 bytes: 00 00",
    "server makefile(4) = <file fd=4>",
    "server close(4) = 0",
    "server file.close(4)",
    "FIN+ACK",
    "server fileno(4) = -1",
];

/// The answer to each was an errno without a reason, or a wrong one.
#[test]
fn what_beginners_do_wrong_has_a_reason_and_a_way_out() {
    let cases: [(&str, &str); 9] = [
        (
            "send x",
            "this socket was never connected. Call connect() first",
        ),
        (
            "recv",
            "this socket was never connected. Call connect() first",
        ),
        (
            "accept",
            "this socket does not listen. Call bind() and listen() first",
        ),
        ("bind 10.0.0.1:80", "10.0.0.1 is an address of the client."),
        ("bind :80\nbind :81", "this socket has an address already"),
        (
            "listen\nrecv fd 3",
            "a listening socket has no peer. Bytes come on the sockets",
        ),
        (
            "connect 10.0.0.1:80",
            "Python: ConnectionRefusedError [Errno 111]",
        ),
        ("connect 127.0.0.1:80", "which is the server itself"),
        ("recv fd 9", "no open socket has this descriptor"),
    ];
    for (lines, said) in cases {
        for lab in LABS {
            let text = shown(&bench(lab, &format!("socket tcp\n{lines}\n")));
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.contains(said), "{lines}: {text}");
        }
    }
    let chinese = shown(&bench(&["--lang", "zh"], "socket tcp\naccept\n"));
    let chinese: String = chinese.split_whitespace().collect();
    assert!(chinese.contains("请先调用bind()和listen()"), "{chinese}");
}

/// SO_REUSEADDR was advised to one who had set it: the first listener must have had it, too.
#[test]
fn an_address_in_use_is_told_who_has_it_and_what_helps() {
    LABS.iter().for_each(|lab| address_in_use(lab));
}

fn address_in_use(lab: &[&str]) {
    let again = |first: &str, second: &str| {
        let script = format!(
            "socket tcp\n{first}\nbind :80\nlisten\nclient socket tcp\nclient connect server:80\n\
             accept\nclose fd 4\nclient recv\nclient close\nclose fd 3\nwait 1\n\
             socket tcp\n{second}\nbind :80\n"
        );
        let text = shown(&bench(lab, &script));
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let set = "setsockopt SO_REUSEADDR 1";
    let text = again("", "");
    assert!(
        text.contains("still in TIME-WAIT. Linux allows bind() only if both"),
        "{text}"
    );
    let text = again("", set);
    assert!(
        text.contains("both need it. The socket of a connection inherits it from its listener"),
        "{text}"
    );
    let text = again(set, "");
    assert!(
        text.contains("Set SO_REUSEADDR on this socket before bind()"),
        "{text}"
    );
    let text = again(set, set);
    assert!(!text.contains("EADDRINUSE"), "{text}");
}

/// "It means nothing here", of the port that the textbook takes.
#[test]
fn the_textbooks_port_is_told_where_ports_end() {
    let output = bench(&[], "socket tcp\nbind :88888\n");
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.contains("there is no port 88888: a port is a number from 0 to 65535"),
        "{error}"
    );
}

/// The textbook's programs, line by line: each was told how it is typed here, and none was made.
const IN_PYTHON: &str = r#"
from socket import *
server tcp_server = socket(AF_INET, SOCK_STREAM)
tcp_server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
host_port = ('', 8888)
tcp_server.bind(host_port)
tcp_server.listen(5)
newSocket, host_port = tcp_server.accept()
client tcp_client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
tcp_client.connect(('10.0.0.2', 8888))
tcp_client.sendall(b'hi')
recvData = newSocket.recv(1024)
newSocket.send(recvData)
tcp_client.recv(1024)
tcp_client.close()
newSocket.close()
tcp_server.close()
server sk = socket(AF_INET, SOCK_DGRAM)
sk.bind(('', 69))
client s = socket(AF_INET, SOCK_DGRAM)
client s.sendto(b'..', ('10.0.0.2', 69))
server msg, addr = sk.recvfrom(1024)
sk.sendto('answer'.encode('utf-8'), addr)
client s.recvfrom(1024)
"#;

#[test]
fn the_textbooks_lines_are_made_as_they_stand() {
    for lab in LABS {
        let text = shown(&bench(&[&["--no-explain"], lab].concat(), IN_PYTHON));
        assert_in_order(
            &text,
            &[
                "server socket(AF_INET, SOCK_STREAM) = 3",
                "server setsockopt(3, SO_REUSEADDR, 1) = 0",
                "server bind(3, 0.0.0.0:8888) = 0",
                "server listen(3, 5) = 0",
                "server accept(3) …",
                "client connect(3, 10.0.0.2:8888)",
                "client sendall(3, \"hi\") = None",
                "server recv(4, 1024) = 2 \"hi\"",
                "server send(4, \"hi\") = 2",
                "client recv(3, 1024) = 2 \"hi\"",
                "client close(3) = 0",
                "server close(4) = 0",
                "server close(3) = 0",
                "server bind(3, 0.0.0.0:69) = 0",
                "client sendto(3, \"..\", 10.0.0.2:69) = 2",
                "server recvfrom(3, 1024) = 2 \"..\", 10.0.0.1:",
                "server sendto(3, \"answer\", 10.0.0.1:",
                "client recvfrom(3, 1024) = 6 \"answer\", 10.0.0.2:69",
            ],
        );
    }
}

/// What the ladder shows is what can be typed: the calls of one run make the next.
#[test]
fn the_ladders_own_lines_are_a_script() {
    let first = shown(&bench(&["--no-explain", "--simulated"], CHAT));
    // A call that waits has a row of its own, and another when it returns.
    let calls = |text: &str| -> Vec<String> {
        let rows = text.lines().map(str::trim);
        let calls = rows.filter(|row| ["(AF_INET", "(3", "(4"].iter().any(|it| row.contains(it)));
        calls.map(str::to_owned).collect()
    };
    let rows = calls(&first);
    assert_eq!(rows.len(), 15, "{first}");
    let again = shown(&bench(&["--no-explain", "--simulated"], &rows.join("\n")));
    let timeless = |rows: &[String]| -> Vec<String> {
        let row = |row: &String| {
            row.split_once("  ")
                .map_or(row.as_str(), |(_, row)| row)
                .to_owned()
        };
        rows.iter().map(row).collect()
    };
    assert_eq!(timeless(&calls(&again)), timeless(&rows));
}

#[test]
fn at_a_terminal_a_number_alone_is_a_descriptor_and_mistakes_are_near_something() {
    let terminal = Terminal::run("lab bench --no-explain --simulated");
    terminal.shows("server> ");
    let types = |line: &str, shows: &str| {
        terminal.types(line);
        terminal.key("Enter");
        terminal.shows(shows);
    };
    types("s = socket(AF_INET, SOCK_STREAM)", "SOCK_STREAM) = 3");
    types("s.lisen(5)", "no command lisen; did you mean listen?");
    types("ss.listen(5)", "is called ss here");
    types("s.listen(5)", "server listen(3, 5) = 0");
    types("close 3", "a number alone is a descriptor here: close fd 3");
    terminal.shows("server close(3) = 0");
    terminal.key("C-d");
    assert_eq!(terminal.code(), "0");
}

#[test]
fn help_is_in_both_languages() {
    let english = shown(&bench(&[], "help\nhelp accept\n"));
    assert!(
        english.contains("server's side:  bind listen accept"),
        "{english}"
    );
    assert!(
        english.contains("Server's side: waits for a connection"),
        "{english}"
    );
    let chinese = shown(&bench(&["--lang", "zh"], "help accept\n"));
    assert!(
        chinese.contains("服务器：等待一个已完成的连接"),
        "{chinese}"
    );
}

#[test]
fn at_a_terminal_what_returns_later_is_shown_above_the_draft() {
    let terminal = Terminal::run("lab bench --no-explain");
    terminal.shows("server> ");
    for line in [
        "socket tcp",
        "bind 10.0.0.2:8888",
        "listen 5",
        "accept",
        "client",
    ] {
        terminal.types(line);
        terminal.key("Enter");
    }
    terminal.shows("server accept(3) …");
    terminal.shows("client> ");
    terminal.types("socket tcp");
    terminal.key("Enter");
    terminal.shows("client socket(AF_INET, SOCK_STREAM) = 3");
    terminal.types("server recv");
    terminal.key("Enter");
    terminal.types("connect server:8888");
    terminal.key("Enter");
    terminal.types("half a li");
    terminal.shows("server accept() = 4, 10.0.0.1:");
    terminal.shows("client> half a li");
    terminal.key("C-u");
    terminal.types("nonsense");
    terminal.key("Enter");
    terminal.shows("there is no command nonsense");
    terminal.key("C-d");
    assert_eq!(terminal.code(), "0");
}

#[test]
fn the_tabulator_completes_and_history_comes_back() {
    let terminal = Terminal::run("lab bench --no-explain");
    terminal.shows("server> ");
    terminal.types("sock");
    terminal.key("Tab");
    terminal.types("ud");
    terminal.key("Tab");
    terminal.shows("server> socket udp"); // or udp6
    terminal.key("BSpace");
    terminal.key("BSpace");
    terminal.key("BSpace");
    terminal.types("tcp");
    terminal.key("Enter");
    terminal.shows("socket(AF_INET, SOCK_STREAM) = 3");
    terminal.types("bind 10.0.0.2");
    terminal.key("Tab");
    terminal.shows("server> bind 10.0.0.2:8888");
    terminal.key("Enter");
    terminal.shows("server bind(3, 10.0.0.2:8888) = 0");
    terminal.key("Up");
    terminal.shows("server> bind 10.0.0.2:8888");
    terminal.key("C-c");
    assert_eq!(terminal.code(), "130");
}

/// What a beginner types first, at a terminal of 60 columns: no line is broken in a word.
#[test]
fn at_a_terminal_mistakes_are_explained_and_state_comes_last() {
    let terminal = Terminal::run("lab bench");
    terminal.shows("server> ");
    let types = |line: &str, shows: &str| {
        terminal.types(line);
        terminal.key("Enter");
        terminal.shows(shows);
    };
    types("socket tcp", "SOCK_STREAM) = 3");
    types("bind :88888", "there is no port 88888");
    types("send x", "BrokenPipeError [Errno 32]");
    types("bind 10.0.0.1:80", "is an address of the");
    types("bind :80", "bind(3, 0.0.0.0:80) = 0");
    types("listen", "LISTEN");
    types(
        "client socket tcp",
        "client socket(AF_INET, SOCK_STREAM) = 3",
    );
    types("client settimeout 0.05", "settimeout(3, 0.05) = None");
    types("client connect server:80", "client connect() = 0");
    terminal.types("client recv");
    terminal.key("Enter");
    types("state", "waiting for accept 1 of 5");
    terminal.shows("not acknowledged 0");
    let screen = terminal.screen();
    let state = screen.rfind("\nclient\n").expect("the state");
    let recv = screen.rfind("= TimeoutError");
    assert!(recv.is_some_and(|recv| recv < state), "{screen}");
    let fits = |line: &str| line.chars().count() <= 60;
    assert!(screen.lines().all(fits), "{screen}");
    terminal.key("C-d");
    assert_eq!(terminal.code(), "0");
}

/// The shell of Emacs edits lines itself. There was nothing but an error.
#[test]
fn a_dumb_terminal_has_plain_lines_at_the_bench() {
    let terminal = Terminal::with_variable("TERM=dumb", "lab bench --no-explain");
    terminal.shows("^D leaves");
    terminal.types("socket tcp");
    terminal.key("Enter");
    terminal.shows("server socket(AF_INET, SOCK_STREAM) = 3");
    terminal.key("C-d");
    assert_eq!(terminal.code(), "0");
}

/// As the tour does: what differs is said first, then all goes on as with the kernel.
#[test]
fn simulated_hosts_take_the_same_calls() {
    let text = shown(&bench(&["--simulated", "--no-explain"], CHAT));
    assert_in_order(
        &text,
        &[
            "SIMULATED: both hosts are ",
            "server listen(3, 5) = 0",
            "LISTEN",
            "client connect(3, 10.0.0.2:8888) …",
            "SYN-SENT      ──SYN seq=0",
            "SYN+ACK seq=0 ack=1── SYN-RECEIVED",
            "server accept() = 4, 10.0.0.1:",
            "server recv(4, 4096) = 6 \"hello\\n\"",
            "client recv(3, 4096) = 7 \"hi you\\n\"",
            "FIN-WAIT-1    ──FIN+ACK",
            "server recv(4, 4096) = 0",
            "LAST-ACK",
            "no kernel's TCP took part",
        ],
    );
}

#[test]
fn where_namespaces_are_refused_calls_are_simulated() {
    let output = fed(without_namespaces(&["lab", "bench"]), CHAT);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.starts_with("simulated: the system refuses a network namespace of its own"),
        "{said}"
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_in_order(
        &text,
        &[
            "SIMULATED: ",
            "TIME-WAIT lasts 10 s; on Linux it is 60 s.",
            "server accept() = 4",
        ],
    );
    let output = fed(without_namespaces(&["lab", "bench", "--kernel"]), CHAT);
    assert_eq!(output.status.code(), Some(7), "{output:?}");
}

/// Of a simulated host it was said to have no state yet.
#[test]
fn a_socket_whose_call_was_refused_is_closed() {
    for lab in LABS {
        let text = shown(&bench(
            lab,
            "client\nsocket tcp\nconnect 10.0.0.2:80\nstate\n",
        ));
        let state = text.lines().find(|line| line.contains("fd 3  tcp"));
        assert!(
            state.is_some_and(|it| it.contains("CLOSED")),
            "{lab:?}: {text}"
        );
    }
}

/// Packets are held, decided about and looked at as in a real lab; there is no TCP_INFO.
#[test]
fn simulated_packets_wait_and_simulated_sockets_have_states() {
    let script = "socket tcp\nbind :80\nlisten\nstep\nclient\nsocket tcp\nconnect 10.0.0.2:80\n\
        state\ndeliver\ndeliver\ndeliver\nstate\n";
    let text = shown(&bench(&["--simulated", "--no-explain"], script));
    assert_in_order(
        &text,
        &[
            "fd 3  tcp  10.0.0.1:49152 → 10.0.0.2:80  SYN-SENT",
            "fd 3  tcp  0.0.0.0:80  LISTEN  waiting for accept 0 of",
            "fd 3  tcp  10.0.0.1:49152 → 10.0.0.2:80  ESTABLISHED",
            "fd 3  tcp  0.0.0.0:80  LISTEN  waiting for accept 1 of",
            "-     tcp  10.0.0.2:80 → 10.0.0.1:49152  ESTABLISHED",
        ],
    );
    assert!(!text.contains("rto "), "{text}");
}
