//! On a real terminal: keys typed, screen read back.

use std::process::Command;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use crate::support::peer_path;
use crate::support::wait_for;
use crate::udp_rig::LIMIT;
use crate::udp_rig::hear;
use crate::udp_rig::plain_peer;

/// A terminal of a tmux server of its own, which ends with it.
struct Terminal {
    server: String,
}

impl Terminal {
    /// Runs `lineman udp ARGS` in a shell that tells how it ended and what it left behind.
    fn new(columns: u32, args: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let terminal = Self {
            server: format!("lineman-udp-{}-{count}", std::process::id()),
        };
        let binary = env!("CARGO_BIN_EXE_lineman");
        let script = format!(
            "export LC_ALL=C.UTF-8; {binary} udp {args}; echo code=$?; stty -a | tr ';' '\\n' | \
             grep -o -w -e -*icanon -e '-*echo' | xargs; exec cat"
        );
        let columns = columns.to_string();
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            &columns,
            "-y",
            "24",
            &script,
        ]);
        terminal
    }

    fn tmux(&self, args: &[&str]) -> String {
        let mut command = Command::new(peer_path("tmux"));
        let command = command.args(["-u", "-L", &self.server]).args(args);
        let done = command.env("LC_ALL", "C.UTF-8").output().expect("tmux");
        String::from_utf8(done.stdout).expect("UTF-8")
    }

    fn types(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    fn presses(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Waits until the screen is as wanted.
    fn shows(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        wait_for(&format!("{what} on the screen"), LIMIT, || {
            Some(self.screen()).filter(|screen| wanted(screen))
        })
    }

    fn port(&self) -> u16 {
        let screen = self.shows("an address", |screen| screen.contains("127.0.0.1:"));
        let after = screen.split("127.0.0.1:").nth(1).expect("a part");
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().expect("a port")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

/// The editor wraps what is typed by itself, so the terminal cannot join the lines again.
fn unwrapped(screen: &str) -> String {
    screen.chars().filter(|c| !c.is_whitespace()).collect()
}

const DRAFT: &str =
    "这是一条很长的草稿，正在输入的时候会有消息到达，草稿必须保持完整，一个字也不能少";

#[test]
fn a_long_chinese_draft_stays_intact_while_datagrams_arrive() {
    for columns in [40, 80, 120] {
        let terminal = Terminal::new(columns, "listen 127.0.0.1:0");
        let port = terminal.port();
        let (peer, _) = plain_peer();
        let say = |text: &str| {
            peer.send_to(text.as_bytes(), ("127.0.0.1", port))
                .expect("sent");
        };
        say("hello\n");
        terminal.shows("the first message", |screen| screen.contains("] hello"));
        terminal.types(DRAFT);
        terminal.shows("the draft", |screen| unwrapped(screen).contains(DRAFT));
        say("while you type\n");
        say("\x1b[2J\x1b]0;gone\x07 你好\n");
        say("two\nlines");
        let screen = terminal.shows("all messages and the draft", |screen| {
            screen.contains("while you type")
                && screen.contains("  lines")
                && unwrapped(screen).contains(DRAFT)
        });
        assert!(
            unwrapped(&screen).contains("^[[2J^[]0;gone^G你好"),
            "{screen}"
        );
        assert_eq!(screen.matches("这是一条").count(), 1, "{screen}");
        terminal.types("！");
        terminal.presses("Enter");
        assert_eq!(hear(&peer), format!("{DRAFT}！\n").as_bytes());

        terminal.presses("C-d");
        terminal.shows("that it goes on", |screen| {
            screen.contains("listening goes on")
        });
        terminal.types("unfinished");
        terminal.shows("a new draft", |screen| screen.contains("unfinished"));
        terminal.presses("C-c");
        let screen = terminal.shows("the end", |screen| screen.contains("echo"));
        assert!(screen.contains("code=130\nicanon echo"), "{screen}");
    }
}

#[test]
fn nobody_heard_yet_and_no_such_peer_are_said() {
    let terminal = Terminal::new(80, "listen 127.0.0.1:0");
    terminal.port();
    terminal.types("anybody?");
    terminal.presses("Enter");
    terminal.shows("that it was not sent", |screen| {
        screen.contains("not sent: no datagram has arrived yet")
    });
    terminal.types("@3 you?");
    terminal.presses("Enter");
    terminal.shows("that there is no such peer", |screen| {
        screen.contains("not sent: there is no peer @3")
    });
}

#[test]
fn a_person_sends_hears_and_leaves_with_end_of_input() {
    let (peer, port) = plain_peer();
    let terminal = Terminal::new(80, &format!("--lang zh send 127.0.0.1:{port}"));
    terminal.shows("the Chinese words", |screen| {
        screen.contains("每行是一个数据报")
    });
    terminal.types("你好");
    terminal.presses("Enter");
    let mut buffer = [0; 20];
    let (bytes, from) = peer.recv_from(&mut buffer).expect("heard");
    assert_eq!(&buffer[..bytes], "你好\n".as_bytes());
    peer.send_to("收到".as_bytes(), from).expect("sent");
    terminal.shows("the answer", |screen| {
        screen.contains(&format!("[127.0.0.1:{port}] 收到"))
    });
    terminal.presses("C-d");
    let screen = terminal.shows("the end", |screen| screen.contains("echo"));
    assert!(screen.contains("code=0\nicanon echo"), "{screen}");
    assert!(screen.contains("已发送 1 个（7 字节）"), "{screen}");
}

#[test]
fn the_last_message_before_the_end_is_shown() {
    let terminal = Terminal::new(80, "listen 127.0.0.1:0 --count 2");
    let port = terminal.port();
    let (peer, _) = plain_peer();
    terminal.shows("the prompt", |screen| screen.contains("\n   >"));
    for text in ["one\n", "two\n"] {
        peer.send_to(text.as_bytes(), ("127.0.0.1", port))
            .expect("sent");
    }
    let screen = terminal.shows("the end", |screen| screen.contains("echo"));
    assert!(screen.contains("] one\n"), "{screen}");
    assert!(screen.contains("] two\n"), "{screen}");
    assert!(screen.contains("code=0\nicanon echo"), "{screen}");
}

/// An answer that was begun for one went to another whose datagram came before Enter.
#[test]
fn an_answer_goes_to_whom_the_prompt_named_when_it_was_begun() {
    let terminal = Terminal::new(80, "listen 127.0.0.1:0");
    let port = terminal.port();
    let (one, _) = plain_peer();
    let (two, from_two) = plain_peer();
    let say = |peer: &std::net::UdpSocket, text: &str| {
        let sent = peer.send_to(text.as_bytes(), ("127.0.0.1", port));
        assert_eq!(sent.expect("sent"), text.len());
    };
    say(&one, "a question\n");
    terminal.shows("the first peer and its prompt", |screen| {
        screen.contains("[@1 127.0.0.1:") && screen.contains("\n @1>")
    });
    terminal.types("for one");
    terminal.shows("the draft", |screen| screen.contains(" @1> for one"));
    say(&two, "and another\n");
    terminal.shows("that the draft is still for the first", |screen| {
        screen.contains(&format!("[@2 127.0.0.1:{from_two}] and another"))
            && screen.contains(" @1> for one")
    });
    terminal.presses("Enter");
    assert_eq!(hear(&one), b"for one\n");
    terminal.shows("the next prompt", |screen| screen.contains("\n @2>"));
    say(&one, "thanks\n");
    terminal.shows("a prompt that follows while nothing is typed", |screen| {
        screen.trim_end().ends_with("\n @1>")
    });
    terminal.types("@2 for two");
    terminal.presses("Enter");
    assert_eq!(hear(&two), b"for two\n");
}

/// It was "end of input", and what was typed after it was sent all the same.
#[test]
fn the_end_of_input_at_a_prompt_is_not_told_where_typing_goes_on() {
    let terminal = Terminal::new(80, "listen 127.0.0.1:0");
    let port = terminal.port();
    let (peer, _) = plain_peer();
    peer.send_to(b"hello\n", ("127.0.0.1", port)).expect("sent");
    terminal.shows("the message", |screen| screen.contains("] hello"));
    terminal.presses("C-d");
    let note = "what you type is still sent";
    let screen = terminal.shows("a note", |screen| screen.contains(note));
    assert!(!screen.contains("end of input"), "{screen}");
    terminal.types("still here");
    terminal.presses("Enter");
    assert_eq!(hear(&peer), b"still here\n");
    terminal.presses("C-c");
    terminal.shows("the end", |screen| screen.contains("code=130"));
}
