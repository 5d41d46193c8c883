//! `lineman lab run`: programs on the hosts of the lab.

use std::io::Read as _;
use std::io::Write as _;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;

use crate::support::Running;
use crate::support::lineman;
use crate::support::peer_path;
use crate::support::wait_for;
use crate::support::without_namespaces;

const LIMIT: Duration = Duration::from_secs(20);

fn run(args: &[&str]) -> Command {
    let mut command = lineman();
    command.args(["lab", "run", "--no-explain"]).args(args);
    command.stdin(Stdio::null());
    command
}

fn both(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// Where peers are, without strace.
fn path_without_strace() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    for name in ["nc", "sh", "sleep"] {
        let link = dir.path().join(name);
        std::os::unix::fs::symlink(peer_path(name), link).expect("links");
    }
    dir
}

const SERVER: &str = "nc -l -p 9000";
const CLIENT: &str = "sh -c 'echo hello | nc -q 1 10.0.0.2 9000'";

#[test]
fn two_programs_talk_and_their_calls_and_packets_are_one_story() {
    let _ = (peer_path("nc"), peer_path("strace"));
    let output = run(&["--server", SERVER, "--client", CLIENT]).output();
    let output = output.expect("runs");
    let (out, err) = both(&output);
    assert_eq!(
        (output.status.code(), out.as_str()),
        (Some(0), "server: hello\n"),
        "{err}"
    );
    let at = |part: &str| {
        err.find(part)
            .unwrap_or_else(|| panic!("no {part:?} in:\n{err}"))
    };
    assert!(at("server listen(3, 1) = 0") < at("client connect(3, 10.0.0.2:9000)"));
    assert!(at("client connect(3") < at("──SYN seq=0"));
    assert!(at("SYN+ACK seq=0") < at("server accept() = 4, 10.0.0.1:"));
    assert!(at("client write(3, \"hello\\n\") = 6") < at("len=6"));
    // strace knows the size only when a call has returned, so it may be missing.
    let read = at("server read(4");
    assert!(err[read..].contains(" = 6 \"hello\\n\""), "{err}");
    let _ = at("ESTABLISHED");
}

/// A peek that waited was shown as `recv(4) …`, and returned as `recv()`: like one that takes the bytes. Bytes that `MSG_TRUNC` discards
/// were shown as what the buffer had held before.
#[test]
fn a_call_that_waits_says_its_size_and_flags() {
    let python = peer_path("python3").display().to_string();
    let program = |text: &str| format!("{python} -c \"{text}\"");
    let server = program(
        "import socket as S; s = S.create_server(('10.0.0.2', 9000)); c, a = s.accept(); \
         c.recv(100, S.MSG_PEEK); print(c.recv(5)); c.recv(100, S.MSG_TRUNC); c.recv(100)",
    );
    let client = program(
        "import socket as S, time; s = S.create_connection(('10.0.0.2', 9000)); time.sleep(.5); \
         s.send(b'hello'); time.sleep(.5); s.send(b'world'); time.sleep(.5)",
    );
    let output = run(&["--server", &server, "--client", &client]).output();
    let (out, err) = both(&output.expect("runs"));
    assert_eq!(out, "server: b'hello'\n", "{err}");
    let mut rest = err.as_str();
    for part in [
        "server recv(…, MSG_PEEK) = 5 \"hello\"",
        "server recv(4, 5) = 5 \"hello\"",
        "server recv(…, MSG_TRUNC) = 5\n",
    ] {
        let at = rest.find(part);
        let at = at.unwrap_or_else(|| panic!("no {part:?} there in:\n{err}"));
        rest = &rest[at + part.len()..];
    }
    // A thread that gets no processor for long, before it waits, is not in its call yet.
    let begins = [
        "recv(4, 100, MSG_PEEK) …",
        "recv(4, 100, MSG_TRUNC) …",
        "recv(4, 100) …",
    ];
    assert!(begins.iter().any(|it| err.contains(it)), "{err}");
}

/// The programs of a conversation: each says something of its own, so that every byte on the wire tells which call has sent it.
const TALKS: [&str; 2] = [
    "
import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('', 9000))
s.listen(5)
c, a = s.accept()
for n in range(6):
    c.recv(100)
    c.send(b'server-%d' % n)
c.recv(100)
c.close()
s.close()
",
    "
import socket
c = socket.socket()
c.connect(('10.0.0.2', 9000))
for n in range(6):
    c.send(b'client-%d' % n)
    c.recv(100)
c.close()
",
];

/// Where each call stands in the ladder of two programs: in the program's order, its packet not before it, its return not before what
/// made it return.
#[test]
fn calls_stand_where_their_packets_do() {
    let dir = tempfile::tempdir().expect("a directory");
    let program = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("writes");
        format!("python3 {}", path.display())
    };
    let server = program("server.py", TALKS[0]);
    let client = program("client.py", TALKS[1]);
    let log = dir.path().join("a.jsonl").display().to_string();
    let args = ["--server", &server, "--client", &client, "--record", &log];
    let output = run(&args).output().expect("runs");
    assert_eq!(output.status.code(), Some(0), "{}", both(&output).1);
    let rows = lineman()
        .args(["lab", "replay", &log, "--export", "rows"])
        .output()
        .expect("runs");
    let rows = both(&rows).0;
    let rows = rows.lines().map(serde_json::from_str::<serde_json::Value>);
    let rows: Vec<_> = rows.map(|row| row.expect("JSON")).collect();
    let at = |what: &str, is: &dyn Fn(&serde_json::Value) -> bool| {
        let found = rows.iter().position(is);
        found.unwrap_or_else(|| panic!("no {what} in {rows:#?}"))
    };
    let begins = |row: &serde_json::Value, host: &str, name: &str| {
        let call = &row["calls"][host];
        call["begins"] == true && call["name"] == name
    };
    // The payload, as hexadecimal digits; it arrives where its fate is known.
    let carries = |row: &serde_json::Value, text: &str| {
        let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        let bytes = row["packet"]["bytes"].as_str();
        bytes.is_some_and(|bytes| bytes.ends_with(&digits))
    };
    let arrives = |row: &serde_json::Value| row["packet"]["fate"] == "delivered";
    let flags = |row: &serde_json::Value, flags: &str| row["packet"]["tcp"]["flags"] == flags;

    let sends = |host: &str| -> Vec<String> {
        let sends = rows.iter().filter(|row| begins(row, host, "send"));
        let args = sends.map(|row| row["calls"][host]["args"][0].as_str());
        args.map(|arg| arg.unwrap_or_default().to_owned()).collect()
    };
    for host in ["client", "server"] {
        let wanted: Vec<String> = (0..6).map(|n| format!("\"{host}-{n}\"")).collect();
        assert_eq!(sends(host), wanted, "the program's order");
        for text in &wanted {
            let text = text.trim_matches('"');
            let call = at(text, &|row| {
                begins(row, host, "send") && row["calls"][host]["args"][0] == format!("\"{text}\"")
            });
            let leaves = at(text, &|row| carries(row, text));
            assert!(
                call <= leaves,
                "{text}: its call stands in row {call}, its packet in {leaves}"
            );
            // A packet that others cross lands in a row of its own, which has its number only.
            let id = &rows[leaves]["packet"]["id"];
            let lands = at(text, &|row| row["packet"]["id"] == *id && arrives(row));
            let peer = if host == "client" { "server" } else { "client" };
            let got = at(text, &|row| {
                let answer = row["calls"][peer]["answer"]["value"].as_str();
                row["calls"][peer]["name"] == "recv"
                    && answer.is_some_and(|answer| answer.contains(text))
            });
            assert!(
                lands <= got,
                "{text}: arrives in row {lands}, was received in {got}"
            );
        }
    }
    let syn = at("SYN", &|row| flags(row, "SYN"));
    assert!(at("connect", &|row| begins(row, "client", "connect")) <= syn);
    let returns = |host: &'static str, name: &'static str| {
        at(name, &move |row: &serde_json::Value| {
            let call = &row["calls"][host];
            call["name"] == name && !call["answer"].is_null()
        })
    };
    let answered = at("SYN+ACK", &|row| flags(row, "SYN+ACK") && arrives(row));
    assert!(answered <= returns("client", "connect"));
    let third = at("the third", &|row| {
        row["packet"]["from"] == "client" && flags(row, "ACK") && arrives(row)
    });
    assert!(third <= returns("server", "accept"));
    let fin = at("FIN", &|row| flags(row, "FIN+ACK"));
    let close = at("close", &|row| begins(row, "client", "close"));
    assert!(
        close <= fin,
        "close() stands in row {close}, its FIN in {fin}"
    );
}

#[test]
fn without_strace_it_says_so_once_and_shows_packets() {
    let path = path_without_strace();
    let mut command = run(&["--server", SERVER, "--client", CLIENT]);
    let output = command.env("PATH", path.path()).output().expect("runs");
    let (out, err) = both(&output);
    assert_eq!(
        (output.status.code(), out.as_str()),
        (Some(0), "server: hello\n"),
        "{err}"
    );
    assert_eq!(err.matches("strace is not installed").count(), 1, "{err}");
    assert!(!err.contains("connect("), "{err}");
    assert!(
        err.contains("SYN seq=0") && err.contains("ESTABLISHED"),
        "{err}"
    );
}

#[test]
fn one_program_has_our_stdin_and_stdout() {
    let mut command = run(&[
        "--server", SERVER, "--", "nc", "-q", "1", "10.0.0.2", "9000",
    ]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"from here\n").expect("writes");
    drop(stdin);
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(both(&output).0, "server: from here\n");
}

/// lineman's own programs are programs, too.
#[test]
fn linemans_own_tftp_on_the_hosts() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("hello.txt"), "hello\n").expect("writes");
    let own = lineman().get_program().to_string_lossy().into_owned();
    let dir_name = dir.path().display();
    let server = format!("timeout 4 {own} tftp serve --no-confine {dir_name}");
    let client = format!("{own} tftp get tftp://10.0.0.2/hello.txt -o {dir_name}/got");
    let output = run(&["--server", &server, "--client", &client]).output();
    let (_, err) = both(&output.expect("runs"));
    let got = std::fs::read_to_string(dir.path().join("got"));
    assert_eq!(got.ok().as_deref(), Some("hello\n"), "{err}");
    assert!(err.contains("RRQ") && err.contains("DATA"), "{err}");
}

#[test]
fn linemans_own_chat_and_udp_on_the_hosts() {
    let own = lineman().get_program().to_string_lossy().into_owned();
    let server = format!("{own} chat listen 10.0.0.2:8888");
    let client = format!("sh -c 'echo hello | {own} chat call 10.0.0.2'");
    let output = run(&["--server", &server, "--client", &client]).output();
    let (out, err) = both(&output.expect("runs"));
    assert!(out.contains("server: hello"), "{out}\n{err}");
    let server = format!("timeout 3 {own} udp listen 10.0.0.2:8888");
    let client = format!("sh -c 'echo hello | {own} udp send 10.0.0.2:8888'");
    let output = run(&["--server", &server, "--client", &client]).output();
    let (out, err) = both(&output.expect("runs"));
    assert!(
        out.contains("hello") && err.contains("client send("),
        "{out}\n{err}"
    );
}

#[test]
fn what_cannot_be_run_is_said_before_there_is_a_lab() {
    let cases: [(&[&str], &str); 5] = [
        (&[], "no program is named"),
        (
            &["--", "no-such-program"],
            "there is no program no-such-program",
        ),
        (&["--client", "nc '"], "a quote is not closed"),
        (
            &["--client", "nc a", "--on", "client", "--", "nc"],
            "two programs for one host",
        ),
        (&["--server", " "], "no program is named"),
    ];
    for (args, said) in cases {
        let output = run(args).output().expect("runs");
        let (out, err) = both(&output);
        assert_eq!((output.status.code(), out.as_str()), (Some(2), ""), "{err}");
        assert!(err.contains(said), "{err}");
    }
}

#[test]
fn the_exit_code_tells_of_a_program_that_failed() {
    let output = run(&["--", "sh", "-c", "exit 3"]).output().expect("runs");
    let (_, err) = both(&output);
    assert_eq!(output.status.code(), Some(5), "{err}");
    assert!(err.contains("sh has ended with exit code 3"), "{err}");
}

/// What of these programs is alive.
fn alive(mark: &str) -> Vec<String> {
    let all = std::fs::read_dir("/proc").expect("/proc").flatten();
    all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(mark))
        .collect()
}

/// As a terminal does: to the whole process group.
#[test]
fn an_interrupt_leaves_nothing_behind() {
    use std::os::unix::process::CommandExt as _;
    // A number that nobody else sleeps for.
    let mark = format!("{}", 700_000 + std::process::id());
    let script = format!("trap '' INT; sleep {mark} & echo ready; sleep {mark}; sleep {mark}");
    let mut command = run(&["--", "sh", "-c", &script]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = Running(command.process_group(0).spawn().expect("runs"));
    let mut first = [0; 5];
    let out = child.0.stdout.as_mut().expect("a pipe");
    out.read_exact(&mut first).expect("reads");
    assert!(!alive(&format!("sleep {mark}")).is_empty());
    let group = format!("-{}", child.0.id());
    let killed = Command::new("kill").args(["-INT", "--", &group]).status();
    assert!(killed.expect("kill").success());
    assert_eq!(child.0.wait().expect("ends").code(), Some(130));
    wait_for("the end of everything", LIMIT, || {
        alive(&mark).is_empty().then_some(())
    });
}

/// The program reads from the terminal, which only the group in the foreground may.
#[test]
fn a_program_has_the_terminal() {
    let terminal = crate::chat_terminal::Terminal::run(
        "lab run --no-explain -- sh -c 'read word; echo \"got <$word>\"' 2> ladder",
    );
    std::thread::sleep(Duration::from_millis(500));
    terminal.types("hello");
    terminal.key("Enter");
    terminal.shows("got <hello>");
    assert_eq!(terminal.code(), "0");
}

/// Runs lineman where ptrace is refused, as in a container whose seccomp profile does not allow it.
fn without_ptrace(args: &[&str]) -> Command {
    const FILTER: &str = r"
import ctypes, os, struct, sys
number = {'x86_64': 101, 'aarch64': 117}[os.uname().machine]
code = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7fff0000)]
code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *each) for each in code))
class Program(ctypes.Structure):
    _fields_ = [('len', ctypes.c_ushort), ('filter', ctypes.c_void_p)]
program = Program(4, ctypes.cast(code, ctypes.c_void_p))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
";
    let own = lineman();
    let mut command = Command::new(peer_path("python3"));
    command
        .args(["-c", FILTER])
        .arg(own.get_program())
        .args(args);
    for (name, value) in own.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(Stdio::null());
    command
}

/// Ten lines of strace's own stood between those of the program, whose calls were never shown.
#[test]
fn where_tracing_is_refused_it_says_so_once_and_the_program_speaks_alone() {
    let _ = peer_path("strace");
    let args = [
        "lab",
        "run",
        "--no-explain",
        "--server",
        SERVER,
        "--client",
        CLIENT,
    ];
    let output = without_ptrace(&args).output().expect("runs");
    let (out, err) = both(&output);
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert_eq!(out, "server: hello\n", "{err}");
    assert!(!err.contains("strace: "), "{err}");
    assert_eq!(err.matches("strace may not trace here").count(), 1, "{err}");
    assert!(err.contains("SYN seq=0"), "{err}");
}

/// What strace says of itself stood between what the program says.
#[test]
fn what_strace_says_is_not_said_by_the_program() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("strace");
    let real = peer_path("strace").display().to_string();
    let script = format!("#!/bin/sh\necho 'strace: a warning' >&2\nexec {real} \"$@\"\n");
    std::fs::write(&path, script).expect("writes");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&path, mode).expect("sets");
    let others = std::env::var("PATH").unwrap_or_default();
    let client = "sh -c 'echo of the program >&2; echo hello | nc -q 1 10.0.0.2 9000'";
    let mut command = run(&["--server", SERVER, "--client", client]);
    let command = command.env("PATH", format!("{}:{others}", dir.path().display()));
    let output = command.output().expect("runs");
    let (out, err) = both(&output);
    assert_eq!(
        (output.status.code(), out.as_str()),
        (Some(0), "client: of the program\nserver: hello\n"),
        "{err}"
    );
    assert!(!err.contains("a warning"), "{err}");
    assert!(err.contains("client connect(3, 10.0.0.2:9000)"), "{err}");
}

/// It had only looked whether there is a strace.
#[test]
fn doctor_tries_to_trace() {
    let _ = peer_path("strace");
    let output = without_ptrace(&["--json", "doctor"])
        .output()
        .expect("runs");
    let (out, _) = both(&output);
    let check = out.lines().find(|line| line.contains("\"strace\""));
    let check = check.unwrap_or_else(|| panic!("{out}"));
    assert!(
        check.contains("\"limited\"") && check.contains("ptrace"),
        "{check}"
    );
}

#[test]
fn a_server_that_runs_for_ever_ends_with_its_client_if_that_is_asked_for() {
    let server = format!(
        "{} -m http.server 80 --bind 10.0.0.2",
        peer_path("python3").display()
    );
    let client =
        "sh -c 'sleep 2; printf \"GET / HTTP/1.0\\r\\n\\r\\n\" | nc -q 2 10.0.0.2 80 > /dev/null'";
    let dir = tempfile::tempdir().expect("a directory");
    let record = dir.path().join("log");
    let record_name = record.display().to_string();
    let args = [
        "--server",
        &server,
        "--client",
        client,
        "--until",
        "client",
        "--hide",
        "close",
        "--record",
        &record_name,
    ];
    let output = run(&args).current_dir(dir.path()).output().expect("runs");
    let (_, err) = both(&output);
    assert_eq!(output.status.code(), Some(0), "{err}");
    // It looks every half second whether it is to end: that fills no screen, and the record has it all.
    let waits = |text: &str| text.matches("poll([{fd=3, events=POLLIN}], 500)").count();
    assert!((1..4).contains(&waits(&err)), "{err}");
    let log = std::fs::read_to_string(record).expect("the record");
    assert!(log.matches("\"poll\"").count() > 6, "{log}");
    assert!(err.contains("accept(") && !err.contains(" close("), "{err}");
}

#[test]
fn a_server_that_is_left_alone_is_told_of_and_how_to_end_it() {
    use std::os::unix::process::CommandExt as _;
    let sleep = format!("sh -c 'exec sleep {}'", 800_000 + std::process::id());
    for (args, said) in [
        (
            vec!["--server", sleep.as_str(), "--client", "sh -c true"],
            "sh on the server is still running; ^C ends it (with --until client",
        ),
        (
            vec!["--server", sleep.as_str()],
            "no program on the other host; ^C ends it",
        ),
    ] {
        let mut command = run(&args);
        command.stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = Running(command.process_group(0).spawn().expect("runs"));
        let mut err = child.0.stderr.take().expect("a pipe");
        let (mut text, mut part) = (String::new(), [0; 512]);
        while !text.contains(said) {
            let len = err.read(&mut part).expect("reads");
            assert!(len > 0, "{text}");
            text.push_str(&String::from_utf8_lossy(&part[..len]));
        }
        let group = format!("-{}", child.0.id());
        let killed = Command::new("kill").args(["-INT", "--", &group]).status();
        assert!(killed.expect("kill").success());
        assert_eq!(child.0.wait().expect("ends").code(), Some(130));
    }
}

/// Run as they are printed, they said a traceback, or nothing.
#[test]
fn what_is_wrong_with_the_textbooks_programs_is_said() {
    let dir = tempfile::tempdir().expect("a directory");
    let write =
        |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("writes");
    write(
        "server.py",
        "from socket import *\ns = socket(AF_INET, SOCK_STREAM)\ns.bind(('', 88888))\n",
    );
    write(
        "client.py",
        "from socket import *\nprint(b'x'.decode('uft8'))\n",
    );
    let tftp = "import struct\nblock_number = 1\nrrq = b'\\x00\\x01'\nack = struct.pack('!H', block_number)\n\
        address = ('127.0.0.1', 69)\n";
    write("tftp.py", tftp);
    let python = peer_path("python3").display().to_string();
    let cases: [(&str, &[&str]); 3] = [
        (
            "server.py",
            &["server.py, line 3: there is no port 88888; a port is a number from 0 to 65535"],
        ),
        (
            "client.py",
            &["client.py, line 2: there is no encoding uft8; utf-8 is meant"],
        ),
        (
            "tftp.py",
            &[
                "tftp.py, line 4: this is not TFTP",
                "tftp.py, line 5: 127.0.0.1 is the client itself",
            ],
        ),
    ];
    for (program, said) in cases {
        let output = run(&["--", &python, program])
            .current_dir(dir.path())
            .output();
        let (_, err) = both(&output.expect("runs"));
        for words in said {
            assert!(err.contains(words), "{err}");
        }
    }
    // A file's name alone is no program's.
    let output = run(&["--", "server.py"]).current_dir(dir.path()).output();
    let (_, err) = both(&output.expect("runs"));
    assert!(err.contains("is run by: python3 server.py"), "{err}");
    let output = run(&["--until", "client", "--server", SERVER]).output();
    let output = output.expect("runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        both(&output).1.contains("no program runs on the client"),
        "{output:?}"
    );
}

/// No simulated lab has sockets for programs: that is said, with what helps and what there is instead.
#[test]
fn programs_cannot_be_simulated_and_that_is_said() {
    let program = ["--", "true"];
    let asked = run(&[&["--simulated"], &program[..]].concat()).output();
    let refused = without_namespaces(&["lab", "run", "--", "true"]).output();
    for (output, code) in [(asked, 2), (refused, 7)] {
        let output = output.expect("runs");
        let (out, err) = both(&output);
        assert_eq!(output.status.code(), Some(code), "{err}");
        assert_eq!(out, "");
        for part in [
            "cannot be simulated",
            "lineman doctor",
            "lab bench --simulated",
        ] {
            assert!(err.contains(part), "{part} is missing in {err}");
        }
        assert_eq!(err.lines().count(), 1, "{err}");
    }
}

/// The textbook's chat, as its reader mends it: on another port, to the server's address, in an encoding that exists.
fn chat(dir: &std::path::Path) -> [String; 2] {
    let server = "from socket import *\n\
        tcp_server = socket(AF_INET, SOCK_STREAM)\n\
        tcp_server.bind(('', 8888))\ntcp_server.listen(5)\n\
        newSocket, host_port = tcp_server.accept()\nwhile True:\n\
        \x20   recvData = newSocket.recv(1024)\n\
        \x20   if len(recvData) > 0:\n        print('recv:', recvData)\n    else:\n        break\n\
        \x20   sendData = input('send:')\n    newSocket.send(sendData.encode('utf8'))\n";
    let client = "from socket import *\n\
        tcp_client = socket(AF_INET, SOCK_STREAM)\ntcp_client.connect(('10.0.0.2', 8888))\n\
        while True:\n    sendData = input('send:')\n    if len(sendData) > 0:\n\
        \x20       tcp_client.send(sendData.encode('utf8'))\n    else:\n        break\n\
        \x20   recvData = tcp_client.recv(1024)\n    print('recv:', recvData.decode('utf8'))\n";
    let python = peer_path("python3").display().to_string();
    [("server.py", server), ("client.py", client)].map(|(name, text)| {
        let path = dir.join(name);
        std::fs::write(&path, text).expect("writes");
        format!("{python} {}", path.display())
    })
}

/// Its server called input() and died of the end of its standard input.
#[test]
fn typed_lines_reach_the_program_that_reads_them() {
    let dir = tempfile::tempdir().expect("a directory");
    let [server, client] = chat(dir.path());
    let mut command = run(&["--server", &server, "--client", &client]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    // The client reads first, then the server; the last two lines name theirs.
    stdin
        .write_all(b"hello\nhi there\nclient> again\nserver> and again\nclient>\n")
        .expect("writes");
    let output = child.wait_with_output().expect("ends");
    drop(stdin);
    let (out, err) = both(&output);
    assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
    for line in [
        "recv: b'hello'",
        "recv: hi there",
        "recv: b'again'",
        "recv: and again",
    ] {
        assert!(out.contains(line), "{line} in:\n{out}\n{err}");
    }
    assert!(err.contains("\"hi there\""), "{err}");
}

/// A line that nobody read for 1.5 s went to the client, though the server was only slow to ask for it.
#[test]
fn a_line_waits_for_a_program_that_is_busy() {
    let dir = tempfile::tempdir().expect("a directory");
    let server = "import socket, time\ns = socket.create_server(('', 8888))\nc, _ = s.accept()\n\
        time.sleep(3)\nprint('typed:', input())\nc.close()\n";
    let client = "import socket, sys\nc = socket.create_connection(('10.0.0.2', 8888))\n\
        c.recv(1)\nprint('left:', sys.stdin.read().strip())\n";
    let python = peer_path("python3").display().to_string();
    let [server, client] = [("server.py", server), ("client.py", client)].map(|(name, text)| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("writes");
        format!("{python} {}", path.display())
    });
    let mut child = run(&["--server", &server, "--client", &client])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"for whom\n").expect("writes");
    drop(stdin);
    let output = child.wait_with_output().expect("ends");
    let (out, err) = both(&output);
    assert!(out.contains("typed: for whom"), "{out}\n{err}");
    assert!(
        out.contains("left: \n") || out.contains("left:\n"),
        "{out}\n{err}"
    );
}

/// Both talk, and both find terminals; the one behind `--` shares what is typed then.
#[test]
fn with_pty_programs_have_terminals_and_hear_what_is_typed() {
    let dir = tempfile::tempdir().expect("a directory");
    let [server, client] = chat(dir.path());
    let mut command = run(&["--pty", "--server", &server, "--"]);
    let asks = "test -t 0 && test -t 1 && test -t 2 && echo \"terminals, $TERM\"; exec \"$@\"";
    command
        .args(["sh", "-c", asks, "sh"])
        .args(client.split(' '));
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let lines = b"hello\nhi there\nclient> again\nserver> and again\nclient>\n";
    stdin.write_all(lines).expect("writes");
    let output = child.wait_with_output().expect("ends");
    drop(stdin);
    let (out, err) = both(&output);
    assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
    for line in [
        "client: terminals, dumb\n",
        "server: recv: b'hello'\n",
        "client: recv: hi there\n",
        "server: recv: b'again'\n",
        "client: recv: and again\n",
    ] {
        assert!(out.contains(line), "{line} in:\n{out}\n{err}");
    }
    assert!(!out.contains('\r'), "{out:?}");
}

/// What stays in a pipe's buffer until the program ends is seen at once at a terminal.
#[test]
fn with_pty_what_a_program_writes_is_seen_as_it_writes() {
    let late = "import ctypes, time; libc = ctypes.CDLL(None); libc.puts(b'first'); time.sleep(60)";
    let client = format!("{} -c \"{late}\"", peer_path("python3").display());
    let mut command = run(&["--pty", "--client", &client]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("runs");
    let out = child.stdout.take().expect("a pipe");
    let mut line = String::new();
    let mut reader = std::io::BufReader::new(out);
    std::io::BufRead::read_line(&mut reader, &mut line).expect("reads");
    assert_eq!(line, "client: first\n");
    drop(Running(child));
}

/// The longest line that a terminal takes, one that is longer, and the end of what is typed.
#[test]
fn with_pty_every_byte_that_is_typed_arrives() {
    for typed in [4094, 4095, 4096, 20_000] {
        let mut command = run(&["--pty", "--client", "wc -c"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        let text = format!("{}\nrest", "x".repeat(typed));
        stdin.write_all(text.as_bytes()).expect("writes");
        drop(stdin);
        let output = child.wait_with_output().expect("ends");
        assert_eq!(both(&output).0, format!("client: {}\n", text.len()));
    }
}

#[test]
fn the_end_of_what_is_typed_is_the_end_of_what_programs_read() {
    let mut command = run(&["--client", "cat", "--server", "cat"]);
    let output = command.output().expect("runs");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

/// With the client gone, the server went on, and nothing said why nothing more happened.
#[test]
fn a_program_that_ends_first_is_told_of() {
    let output = run(&["--server", "sleep 3", "--client", "true", "--until", "both"]).output();
    let (_, err) = both(&output.expect("runs"));
    let said = "true on the client has ended with exit code 0; the program on the server goes on";
    assert!(err.contains(said), "{err}");
}

/// The ladder had told of both ends when a line below it said that the other program went on.
#[test]
fn a_program_that_has_ended_too_is_not_said_to_go_on() {
    let mut command = lineman();
    command.args(["lab", "run", "--server", "nc -l -p 9"]);
    command.args(["--client", "nc -q 0 10.0.0.2 9"]);
    let output = command.stdin(Stdio::null()).output();
    let (_, err) = both(&output.expect("runs"));
    let err = err.split_whitespace().collect::<Vec<_>>().join(" ");
    for host in ["client", "server"] {
        let ended = err.find(&format!("nc on the {host} has ended"));
        let goes_on = format!("the program on the {host} goes on");
        let behind = &err[ended.expect("both ends are told")..];
        assert!(!behind.contains(&goes_on), "{err}");
    }
}

/// A client that tried its own address reached nobody, and only the text of a Python program was looked at.
#[test]
fn whoever_tries_its_own_address_is_told_the_servers() {
    let _ = peer_path("strace");
    let client = "nc -u -w 1 127.0.0.1 9000";
    let output = run(&["--client", &format!("sh -c 'echo x | {client}'")]).output();
    let (_, err) = both(&output.expect("runs"));
    let said = "127.0.0.1 is the client itself, and what is sent there never reaches the wire; the server is 10.0.0.2";
    assert_eq!(err.matches(said).count(), 1, "{err}");
}

/// The same sentence stood there twice: by the text of the program, and again when it made the call.
#[test]
fn the_hint_about_its_own_address_was_printed_for_the_text_and_again_for_the_call() {
    let _ = peer_path("strace");
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("client.py");
    let text = "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.sendto(b'x', ('127.0.0.1', 9000))\n";
    std::fs::write(&file, text).expect("written");
    let (_, err) = both(
        &run(&["--client", &format!("python3 {}", file.display())])
            .output()
            .expect("runs"),
    );
    let said = "127.0.0.1 is the client itself, and what is sent there never reaches the wire; the server is 10.0.0.2";
    assert_eq!(err.matches(said).count(), 1, "{err}");
    assert!(err.contains("line 3: 127.0.0.1"), "{err}");
}

/// "::1 is the client itself …; the server is 10.0.0.2", of a program whose socket takes no such address.
#[test]
fn a_program_of_ipv6_is_told_the_servers_address_of_ipv6() {
    let _ = peer_path("strace");
    let client = "sh -c 'echo x | nc -6 -u -w 1 ::1 9000'";
    let (_, err) = both(&run(&["--client", client]).output().expect("runs"));
    let said = "::1 is the client itself, and what is sent there never reaches the wire; the server is fd00::2";
    assert_eq!(err.matches(said).count(), 1, "{err}");
}

/// `send:   0.004 server recv(…)`: a question of the program, and the ladder behind it.
#[test]
fn the_ladder_begins_a_line_where_a_program_has_begun_one() {
    let terminal = crate::chat_terminal::Terminal::run(
        "lab run --no-explain --server 'sh -c \"sleep 2; nc -w 1 -l -p 9\"' -- \
         sh -c 'printf send:; sleep 5; printf \"and:\"; read word'",
    );
    terminal.shows("listen(");
    let screen = terminal.screen();
    let question = screen.lines().find(|line| line.contains("send:"));
    assert_eq!(question.map(str::trim_end), Some("send:"), "{screen}");
    let ladder = screen.lines().find(|line| line.contains("listen("));
    assert!(
        ladder.is_some_and(|line| line.starts_with("   ")),
        "{screen}"
    );
    terminal.key("C-c");
}
