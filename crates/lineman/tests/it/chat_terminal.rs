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
    /// A terminal in which `lineman ARGS` runs between two looks at the terminal's settings.
    pub fn run(args: &str) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let terminal = Self {
            socket: format!("lineman-{}-{number}", std::process::id()),
            dir: tempfile::tempdir().expect("a directory"),
        };
        let script = format!(
            "cd '{}'\nstty -a > before\n'{}' {args}\necho $? > code\nstty -a > after\n\
             echo the-end\nexec sleep 1000\n",
            terminal.dir.path().display(),
            env!("CARGO_BIN_EXE_lineman"),
        );
        let file = terminal.dir.path().join("script");
        std::fs::write(&file, script).expect("write");
        let file = file.display().to_string();
        let run = format!("sh '{file}'");
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "60",
            "-y",
            "24",
            &run,
        ]);
        terminal
    }

    fn tmux(&self, args: &[&str]) -> String {
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

    /// The screen without line ends: the editor wraps a long draft itself.
    fn unwrapped(&self) -> String {
        self.screen().replace('\n', "")
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
                let unwrapped = last.replace('\n', "");
                (last.contains(text) || unwrapped.contains(text)).then_some(())
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
        assert_eq!(screen.matches(&line).count(), 1, "{line} in\n{screen}");
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
    assert_eq!(terminal.code(), "0");
}

#[test]
fn the_last_words_of_a_peer_are_shown_before_the_end() {
    let (terminal, mut stream) = called_by("");
    let words: String = (0..15).map(|number| format!("word {number}\n")).collect();
    stream.write_all(words.as_bytes()).expect("write");
    drop(stream);
    assert_eq!(terminal.code(), "0");
    for number in 0..15 {
        terminal.shows(&format!("< word {number}\n"));
    }
    terminal.shows("* the peer has finished sending");
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

#[test]
fn a_signal_leaves_a_sane_terminal() {
    let (terminal, _stream) = called_by("");
    terminal.types("half a li");
    terminal.shows("half a li");
    let shell = terminal.tmux(&["list-panes", "-F", "#{pane_pid}"]);
    let shell = shell.trim();
    let children = format!("/proc/{shell}/task/{shell}/children");
    let child = std::fs::read_to_string(children).expect("the children of the shell");
    let killed = Command::new("kill").args(["-TERM", child.trim()]).status();
    assert!(killed.expect("kill").success());
    assert_eq!(terminal.code(), "130");
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
    assert_eq!(terminal.code(), "5");
    terminal.shows("* the connection broke: the peer reset the connection");
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
