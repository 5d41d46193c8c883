//! Chat at a real terminal, by tmux: keys typed, the screen read back.

use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use tempfile::TempDir;

use crate::chat_support::LIMIT;
use crate::chat_support::Talker;
use crate::chat_support::reset;
use crate::support::peer;
use crate::support::wait_for;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A terminal of 60 columns with a shell in it; its tmux server ends with it.
pub struct Terminal {
    socket: String,
    dir: TempDir,
}

impl Terminal {
    fn new() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self {
            socket: format!("lineman-{}-{number}", std::process::id()),
            dir: tempfile::tempdir().expect("a directory"),
        }
    }

    /// A terminal in which `lineman ARGS` runs between two looks at the terminal's settings.
    pub fn run(args: &str) -> Self {
        Self::with_variable("", args)
    }

    /// [`run`](Self::run) with a variable of the environment.
    pub fn with_variable(variable: &str, args: &str) -> Self {
        let terminal = Self::new();
        let script = format!(
            "cd '{}'\nstty -a > before\n{variable} '{}' {args}\necho $? > code\nstty -a > after\n\
             echo the-end\nexec sleep 1000\n",
            terminal.dir.path().display(),
            env!("CARGO_BIN_EXE_lineman"),
        );
        let file = terminal.dir.path().join("script");
        std::fs::write(&file, script).expect("write");
        let file = file.display().to_string();
        terminal.runs(&format!("sh '{file}'"));
        terminal
    }

    /// A terminal with a shell at its prompt.
    fn with_shell(shell: &str) -> Self {
        let terminal = Self::new();
        terminal.runs(shell);
        terminal
    }

    fn runs(&self, program: &str) {
        let size = ["-x", "60", "-y", "24"];
        let session = ["-f", "/dev/null", "new-session", "-d"];
        self.tmux(&[&session[..], &size, &[program]].concat());
    }

    pub fn tmux(&self, args: &[&str]) -> String {
        let mut command: Command = peer("tmux");
        let output = command
            .args(["-u", "-L", &self.socket])
            .args(args)
            .env("LC_ALL", "C.UTF-8")
            .env_remove("TMUX")
            .env_remove("LINEMAN_LANG")
            .output()
            .expect("tmux");
        assert!(output.status.success(), "tmux {args:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The screen without white space: the editor wraps a long draft itself, and what is said is indented
    /// where it is wrapped.
    fn unwrapped(&self) -> String {
        bare(&self.screen())
    }

    /// The screen; lines that the terminal wrapped are joined.
    pub fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-J"])
    }

    pub fn shows(&self, text: &str) {
        let mut last = String::new();
        let shown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_for(text, LIMIT, || {
                last = self.screen();
                let shown = last.contains(text) || bare(&last).contains(&bare(text));
                shown.then_some(())
            });
        }));
        assert!(shown.is_ok(), "{text:?} never appeared on:\n{last}");
    }

    pub fn types(&self, text: &str) {
        self.tmux(&["send-keys", "-l", "--", text]);
    }

    pub fn key(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    pub fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(name)).unwrap_or_default()
    }

    /// Waits until lineman has ended; its exit code. The terminal must be as it was.
    pub fn code(&self) -> String {
        self.shows("the-end");
        assert_eq!(
            self.file("before"),
            self.file("after"),
            "the terminal is not as it was"
        );
        self.file("code").trim().to_owned()
    }
}

/// Without white space.
fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = peer("tmux")
            .args(["-L", &self.socket, "kill-server"])
            .output();
    }
}

/// A terminal that has called us, and our end of the call.
fn called_by(args: &str) -> (Terminal, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let port = listener.local_addr().expect("address").port();
    let terminal = Terminal::run(&format!("chat call 127.0.0.1:{port} {args}"));
    let (stream, _) = listener.accept().expect("accept");
    stream.set_read_timeout(Some(LIMIT)).expect("time-out");
    terminal.shows("> ");
    (terminal, stream)
}

fn read_line(stream: &TcpStream) -> String {
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stream), &mut line).expect("read");
    line
}

#[test]
fn a_long_chinese_draft_survives_what_arrives() {
    let (terminal, mut stream) = called_by("");
    let draft =
        "这是一份很长的草稿，比屏幕还要宽，输入到一半的时候对方不断地发来消息，它必须保持完整无缺";
    let (one, two) = draft.split_at(draft.len() / 2 / 3 * 3);
    terminal.types(one);
    terminal.shows(one);
    for number in 0..5 {
        writeln!(stream, "第 {number} 行：{}", "长".repeat(40)).expect("write");
    }
    terminal.shows("< 第 4 行");
    terminal.shows(&format!("> {one}"));
    terminal.types(two);
    terminal.shows(&format!("> {draft}"));
    writeln!(stream, "one more").expect("write");
    terminal.shows("< one more");
    terminal.shows(&format!("> {draft}"));
    let screen = terminal.unwrapped();
    assert_eq!(
        screen.matches(one).count(),
        1,
        "the draft is on the screen once:\n{screen}"
    );
    for number in 0..5 {
        let line = format!("< 第 {number} 行：{}", "长".repeat(40));
        assert_eq!(
            screen.matches(&bare(&line)).count(),
            1,
            "{line} in\n{screen}"
        );
    }
    terminal.key("Enter");
    assert_eq!(read_line(&stream), format!("{draft}\n"));
    terminal.types("/quit");
    terminal.key("Enter");
    assert_eq!(terminal.code(), "0");
}

#[test]
fn a_peers_control_characters_are_shown_and_not_obeyed() {
    let (terminal, mut stream) = called_by("");
    stream
        .write_all(b"a\x1b[2Jb\x1b]0;title\x07\x9b1m\xff\xf1\nPassword: ")
        .expect("write");
    terminal.shows("< a^[[2Jb^[]0;title^G\\x9b1m");
    terminal.shows("< Password: …");
    drop(stream);
    terminal.shows("press Enter to end the call");
    terminal.key("Enter");
    assert_eq!(terminal.code(), "0");
}

#[test]
fn the_last_words_of_a_peer_are_shown_before_the_end() {
    let (terminal, mut stream) = called_by("");
    let words: String = (0..15).map(|number| format!("word {number}\n")).collect();
    stream.write_all(words.as_bytes()).expect("write");
    drop(stream);
    terminal.shows("* the peer has finished sending; press Enter to end the call");
    for number in 0..15 {
        terminal.shows(&format!("< word {number}\n"));
    }
    terminal.key("Enter");
    assert_eq!(terminal.code(), "0");
    terminal.shows("* the call is over");
}

#[test]
fn the_first_eof_finishes_sending_and_the_second_leaves() {
    let (terminal, mut stream) = called_by("");
    terminal.key("C-d");
    terminal.shows("* you have finished sending");
    assert_eq!(read_line(&stream), "");
    stream.write_all(b"still listening?\n").expect("write");
    terminal.shows("< still listening?");
    terminal.types("no way");
    terminal.key("Enter");
    terminal.shows("that was not sent");
    terminal.key("C-d");
    assert_eq!(terminal.code(), "0");
}

/// Between two lines the terminal is for a moment not the editor's. It took ^D for itself then.
#[test]
fn keys_pressed_before_the_prompt_is_back_are_not_lost() {
    for _ in 0..5 {
        let (terminal, mut stream) = called_by("");
        terminal.tmux(&["send-keys", "one", "Enter", "two", "Enter", "C-d"]);
        stream.set_read_timeout(Some(LIMIT)).expect("set");
        let mut all = String::new();
        stream.read_to_string(&mut all).expect("read");
        assert_eq!(all, "one\ntwo\n");
    }
}

#[test]
fn interrupt_leaves_at_once() {
    let (terminal, _stream) = called_by("");
    terminal.types("half a li");
    terminal.shows("half a li");
    terminal.key("C-c");
    assert_eq!(terminal.code(), "130");
}

/// The process that the terminal's shell runs.
fn child(terminal: &Terminal) -> String {
    let shell = terminal.tmux(&["list-panes", "-F", "#{pane_pid}"]);
    let shell = shell.trim();
    let children = format!("/proc/{shell}/task/{shell}/children");
    let child = std::fs::read_to_string(children).expect("the children of the shell");
    child.trim().to_owned()
}

fn send_signal(terminal: &Terminal, name: &str) {
    let killed = Command::new("kill").args([name, &child(terminal)]).status();
    assert!(killed.expect("kill").success());
}

/// The exit codes of `docs/exit-codes.md`: told to leave is not interrupted, and a draft is data.
#[test]
fn told_to_leave_a_chat_ends_by_the_table_of_exit_codes() {
    for signal in ["-TERM", "-HUP"] {
        let (terminal, mut stream) = called_by("");
        terminal.types("sent");
        terminal.key("Enter");
        terminal.shows("> sent");
        send_signal(&terminal, signal);
        let mut heard = String::new();
        stream.read_to_string(&mut heard).expect("a clean end");
        assert_eq!(heard, "sent\n");
        drop(stream);
        assert_eq!(terminal.code(), "0", "{signal}");

        let (terminal, _stream) = called_by("");
        terminal.types("half a li");
        terminal.shows("half a li");
        send_signal(&terminal, signal);
        assert_eq!(terminal.code(), "5", "{signal}");
        terminal.shows("* not sent: half a li");
    }
    let terminal = Terminal::run("chat listen 127.0.0.1:0");
    terminal.shows("> ");
    send_signal(&terminal, "-TERM");
    assert_eq!(terminal.code(), "0");
}

/// They end the program as they always do, but not in raw mode.
#[test]
fn every_signal_that_ends_the_program_leaves_a_sane_terminal() {
    for (signal, code) in [("-INT", 130), ("-USR1", 128 + 10), ("-ALRM", 128 + 14)] {
        let (terminal, _stream) = called_by("");
        terminal.types("half a li");
        terminal.shows("half a li");
        send_signal(&terminal, signal);
        assert_eq!(terminal.code(), code.to_string(), "{signal}");
    }
}

/// dash, unlike bash, leaves the terminal of a stopped job as it is; it stayed raw.
#[test]
fn a_stopped_chat_leaves_a_sane_terminal_and_comes_back_with_its_draft() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let port = listener.local_addr().expect("address").port();
    // A shell with job control, and without line editing of its own.
    let terminal = Terminal::with_shell("dash -i");
    let binary = env!("CARGO_BIN_EXE_lineman");
    terminal.types(&format!("{binary} chat call 127.0.0.1:{port}"));
    terminal.key("Enter");
    let (mut stream, _) = listener.accept().expect("accept");
    stream.set_read_timeout(Some(LIMIT)).expect("time-out");
    terminal.shows("/help lists the commands");
    terminal.types("before ");
    terminal.shows("> before");
    let child = child(&terminal);
    let tty = terminal.tmux(&["list-panes", "-F", "#{pane_tty}"]);
    let is_sane = || {
        let modes = Command::new("stty").args(["-a", "-F", tty.trim()]).output();
        let modes = String::from_utf8_lossy(&modes.expect("stty").stdout).into_owned();
        let on = |name: &str| modes.split_whitespace().any(|word| word == name);
        ["icanon", "echo", "icrnl"].map(on)
    };
    for stop in ["key", "signal"] {
        assert_eq!(is_sane(), [false; 3]);
        match stop {
            "key" => terminal.key("C-z"),
            _ => send_signal(&terminal, "-TSTP"),
        }
        wait_for("the stop", LIMIT, || {
            let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).ok()?;
            stat.rsplit_once(") ")?.1.starts_with('T').then_some(())
        });
        assert_eq!(is_sane(), [true; 3], "{stop}");
        terminal.types("fg");
        terminal.key("Enter");
        wait_for("raw mode", LIMIT, || {
            (is_sane() == [false; 3]).then_some(())
        });
        terminal.types("more ");
        terminal.shows("more ");
    }
    writeln!(stream, "welcome back").expect("write");
    terminal.shows("< welcome back");
    terminal.key("Enter");
    assert_eq!(read_line(&stream), "before more more \n");
}

/// Windows' telnet sends each key as it is pressed. There was a row for each, and never the line.
#[test]
fn a_line_that_comes_key_by_key_grows_in_place() {
    let (terminal, mut stream) = called_by("");
    terminal.types("draft");
    terminal.shows("> draft");
    let line = "a line that is wider than sixty columns is typed key by key, slowly, and ends";
    let mut so_far = String::new();
    for part in line.split_inclusive(' ') {
        stream.write_all(part.as_bytes()).expect("write");
        so_far += part;
        terminal.shows(&format!("< {}…", so_far));
    }
    stream.write_all(b"\r\n").expect("write");
    wait_for("the whole line", LIMIT, || {
        (!terminal.screen().contains('…')).then_some(())
    });
    let screen = terminal.screen();
    assert_eq!(screen.matches("< a line").count(), 1, "{screen}");
    assert!(
        bare(&screen).contains(&bare(&format!("< {line}\n> draft"))),
        "{screen}"
    );
    // What was shown in between is not overwritten.
    stream.write_all(b"one").expect("write");
    terminal.shows("< one…");
    terminal.key("Enter");
    assert_eq!(read_line(&stream), "draft\n");
    stream.write_all(b" two\n").expect("write");
    terminal.shows("<… two");
    assert!(
        terminal.screen().contains("> draft"),
        "{}",
        terminal.screen()
    );
}

/// A row of the terminal's own making would begin in the first column, as our sentences do.
#[test]
fn what_a_peer_says_never_begins_a_row_like_a_sentence_of_ours() {
    let (terminal, mut stream) = called_by("");
    let fake = "* the connection broke: ";
    writeln!(stream, "{}{fake}{}", "x".repeat(58), "y".repeat(40)).expect("write");
    writeln!(stream, "\t{}{fake}", "一".repeat(25)).expect("write");
    terminal.shows("the connection broke");
    writeln!(stream, "end").expect("write");
    terminal.shows("< end");
    let screen = terminal.screen();
    let rows: Vec<_> = screen.lines().collect();
    let theirs = rows.iter().position(|row| row.starts_with("< x"));
    let theirs = &rows[theirs.expect("the peer's first row")..];
    assert!(theirs.len() > 4, "{screen}");
    for row in theirs {
        assert!(
            ["< ", "  ", ">"].iter().any(|mark| row.starts_with(mark)) || row.is_empty(),
            "{screen}"
        );
    }
    // And our own look otherwise, whatever the width.
    let coloured = terminal.tmux(&["capture-pane", "-p", "-e"]);
    assert!(coloured.contains("\x1b[2m* connected to"), "{coloured:?}");
    assert!(
        !coloured.contains("\x1b[2m<") && !coloured.contains("\x1b[2m  "),
        "{coloured:?}"
    );
}

/// What was typed next was run by the shell.
#[test]
fn a_call_that_the_peer_ends_waits_for_enter_before_the_shell_gets_the_keys() {
    let (terminal, stream) = called_by("");
    drop(stream);
    terminal.shows("press Enter to end the call");
    terminal.types("touch owned");
    terminal.shows("> touch owned");
    terminal.key("Enter");
    assert_eq!(terminal.code(), "5");
    terminal.shows("* not delivered: touch owned");

    let (terminal, stream) = called_by("");
    reset(stream);
    terminal.shows("press Enter to leave");
    terminal.types("touch owned");
    terminal.key("Enter");
    assert_eq!(terminal.code(), "5");
    terminal.shows("* not sent: touch owned");
}

/// A peer that has said its last word hangs up when it likes, and nothing of ours was on its way.
#[test]
fn a_peer_that_is_gone_while_enter_is_waited_for_is_no_broken_call() {
    let (terminal, stream) = called_by("");
    stream
        .shutdown(std::net::Shutdown::Write)
        .expect("shutdown");
    terminal.shows("press Enter to end the call");
    reset(stream);
    terminal.key("Enter");
    assert_eq!(terminal.code(), "0");
    assert!(
        !terminal.screen().contains("broke"),
        "{}",
        terminal.screen()
    );
}

/// The shell of Emacs edits lines itself. There was nothing but an error.
#[test]
fn a_dumb_terminal_has_plain_lines() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let port = listener.local_addr().expect("address").port();
    let terminal = Terminal::with_variable("TERM=dumb", &format!("chat call 127.0.0.1:{port}"));
    let (mut stream, _) = listener.accept().expect("accept");
    terminal.shows("/help lists the commands");
    terminal.types("typed");
    terminal.key("Enter");
    assert_eq!(read_line(&stream), "typed\n");
    stream.write_all(b"heard\x1b[2J\n").expect("write");
    terminal.shows("< heard^[[2J");
    terminal.types("/quit");
    terminal.key("Enter");
    drop(stream);
    assert_eq!(terminal.code(), "0");
    assert!(
        !terminal
            .tmux(&["capture-pane", "-p", "-e"])
            .contains('\x1b')
    );
}

#[test]
fn a_draft_that_the_peer_cannot_get_any_more_is_not_delivered() {
    let (terminal, stream) = called_by("");
    terminal.types("too late");
    terminal.shows("> too late");
    drop(stream);
    terminal.shows("* the peer has finished sending; Enter tries to send your draft");
    terminal.shows("> too late");
    terminal.key("Enter");
    assert_eq!(terminal.code(), "5");
    terminal.shows("* the connection broke: the peer reset the connection");
    terminal.shows("* not delivered: too late");
    terminal.shows("* 9 bytes did not reach the peer's TCP");
}

#[test]
fn a_draft_still_reaches_a_peer_that_only_finished_sending() {
    let (terminal, stream) = called_by("");
    terminal.types("in time");
    terminal.shows("> in time");
    stream
        .shutdown(std::net::Shutdown::Write)
        .expect("shutdown");
    terminal.shows("* the peer has finished sending; Enter");
    terminal.key("Enter");
    assert_eq!(read_line(&stream), "in time\n");
    drop(stream);
    assert_eq!(terminal.code(), "0");
}

#[test]
fn a_reset_ends_the_call_and_shows_the_draft_that_was_not_sent() {
    let (terminal, stream) = called_by("");
    terminal.types("unsent");
    terminal.shows("> unsent");
    reset(stream);
    terminal.shows("* the connection broke: the peer reset the connection");
    terminal.shows("> unsent");
    terminal.key("Enter");
    assert_eq!(terminal.code(), "5");
    terminal.shows("* not sent: unsent");
}

#[test]
fn commands_are_not_sent_and_two_slashes_are_one() {
    let (terminal, stream) = called_by("");
    terminal.types("/help");
    terminal.key("Enter");
    terminal.shows("/quit ends the call");
    terminal.types("/nonsense");
    terminal.key("Enter");
    terminal.shows("there is no command /nonsense");
    terminal.types("//etc");
    terminal.key("Enter");
    assert_eq!(read_line(&stream), "/etc\n");
}

#[test]
fn a_listener_at_a_terminal_keeps_for_the_next_call() {
    let terminal = Terminal::run("chat listen 127.0.0.1:0 --keep 2> where");
    terminal.shows("> ");
    let port = wait_for("the port", LIMIT, || {
        let line = terminal.file("where");
        line.ends_with('\n')
            .then(|| crate::chat_support::port_in(&line))
    });
    terminal.types("anybody?");
    terminal.key("Enter");
    terminal.shows("nobody is connected");
    for number in 0..2 {
        let mut caller = Talker::call(port, &[]);
        caller.say(format!("caller {number}\n"));
        terminal.shows(&format!("< caller {number}"));
        terminal.types(&format!("answer {number}"));
        terminal.key("Enter");
        caller.out_has(format!("answer {number}\n"));
        caller.finish();
        assert_eq!(caller.code(), 0, "{}", caller.err());
        wait_for("the end of the call", LIMIT, || {
            let over = terminal.screen().matches("* the call is over").count();
            (over == number + 1).then_some(())
        });
    }
    terminal.types("/quit");
    terminal.key("Enter");
    assert_eq!(terminal.code(), "0");
}

#[test]
fn a_half_closed_call_can_be_kept_open() {
    let (terminal, stream) = called_by("--exit-on both");
    stream
        .shutdown(std::net::Shutdown::Write)
        .expect("shutdown");
    terminal.shows("* the peer has finished sending; you can still send");
    terminal.types("still here");
    terminal.key("Enter");
    assert_eq!(read_line(&stream), "still here\n");
    terminal.key("C-d");
    assert_eq!(terminal.code(), "0");
}

#[test]
fn pasted_lines_are_sent_as_lines_and_only_after_enter() {
    let (terminal, stream) = called_by("");
    terminal.tmux(&["set-buffer", "one\ntwo\nthree"]);
    terminal.tmux(&["paste-buffer", "-p"]);
    terminal.shows("three");
    terminal.key("Enter");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(&stream));
    for wanted in ["one", "two", "three"] {
        assert_eq!(lines.next().expect("a line").expect("read"), wanted);
    }
}

#[test]
fn a_narrower_window_keeps_the_draft() {
    let (terminal, mut stream) = called_by("");
    let draft = "改变窗口大小的时候草稿也不能丢失，一个字都不能少，这一行比四十列要长";
    terminal.types(draft);
    terminal.shows(draft);
    terminal.tmux(&["resize-window", "-x", "40"]);
    stream.write_all(b"resized\n").expect("write");
    terminal.shows("< resized");
    terminal.shows(draft);
    terminal.key("Enter");
    assert_eq!(read_line(&stream), format!("{draft}\n"));
}
