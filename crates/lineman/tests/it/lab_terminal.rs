//! The lab at a real terminal, by tmux: keys typed, the screen read back, the terminal given back.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::peer;
use crate::support::wait_for;

const LIMIT: Duration = Duration::from_secs(30);

/// A terminal of a tmux server of its own, which ends with it.
struct Terminal {
    dir: TempDir,
}

impl Terminal {
    /// A terminal in which `lineman lab ARGS` runs between two looks at the terminal's settings.
    fn run(size: (u16, u16), args: &str) -> Self {
        let terminal = Self {
            dir: tempfile::tempdir().expect("a directory"),
        };
        let script = format!(
            "echo the-beginning\nstty -a > before\n'{}' lab {args}\necho $? > code\n\
             stty -a > after\necho the-end\nexec sleep 1000\n",
            env!("CARGO_BIN_EXE_lineman"),
        );
        fs::write(terminal.dir.path().join("script"), script).expect("write");
        let (columns, rows) = (size.0.to_string(), size.1.to_string());
        let session = ["new-session", "-d", "-x", &columns, "-y", &rows];
        terminal.tmux(&[&session[..], &["sh script"]].concat());
        terminal
    }

    fn tmux(&self, args: &[&str]) -> String {
        let mut command: Command = peer("tmux");
        let output = command
            .args(["-u", "-f", "/dev/null", "-S"])
            .arg(self.dir.path().join("tmux"))
            .args(args)
            .current_dir(self.dir.path())
            .env("LC_ALL", "C.UTF-8")
            .env_remove("TMUX")
            .env_remove("LINEMAN_LANG")
            .env_remove("NO_COLOR")
            .output()
            .expect("tmux");
        assert!(output.status.success(), "tmux {args:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Waits until the screen shows `text`; the screen.
    fn shows(&self, text: &str) -> String {
        let mut last = String::new();
        let shown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_for(text, LIMIT, || {
                last = self.screen();
                last.contains(text).then_some(())
            });
        }));
        assert!(shown.is_ok(), "{text:?} never appeared on:\n{last}");
        last
    }

    fn key(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    fn types(&self, text: &str) {
        self.tmux(&["send-keys", "-l", "--", text]);
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap_or_default()
    }

    /// The process of lineman.
    fn process(&self) -> String {
        let shell = self.tmux(&["list-panes", "-F", "#{pane_pid}"]);
        children(shell.trim())
    }

    /// Waits until lineman has ended; its exit code. The terminal must be as it was, with what
    /// stood on it before.
    fn code(&self) -> String {
        let screen = self.shows("the-end");
        assert!(screen.contains("the-beginning"), "{screen}");
        let modes = |name| {
            let all = self.file(name);
            all.lines().skip(1).collect::<Vec<_>>().join("\n") // the first line has the size
        };
        assert_eq!(modes("before"), modes("after"));
        self.file("code").trim().to_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = peer("tmux")
            .arg("-S")
            .arg(self.dir.path().join("tmux"))
            .arg("kill-server")
            .output();
    }
}

/// The processes that a process has started, whichever of its threads.
fn children(id: &str) -> String {
    let threads = fs::read_dir(format!("/proc/{id}/task")).expect("threads");
    let of = |thread: std::io::Result<fs::DirEntry>| {
        let path = thread.expect("a thread").path().join("children");
        fs::read_to_string(path).unwrap_or_default()
    };
    let all: String = threads.map(of).collect();
    all.trim().to_owned()
}

fn log(name: &str) -> String {
    let logs = concat!(env!("CARGO_MANIFEST_DIR"), "/../lineman-trace/tests/logs");
    let log = Path::new(logs).join(name).with_extension("jsonl");
    format!("'{}'", log.display())
}

/// A replay on a terminal of 100 columns.
fn replay(name: &str, options: &str) -> Terminal {
    let terminal = Terminal::run((100, 30), &format!("replay {} --tui {options}", log(name)));
    terminal.shows("1");
    terminal
}

#[test]
fn a_record_is_walked_through_row_by_row() {
    let terminal = replay("chat", "");
    terminal.shows("row 1 of 16");
    terminal.key("Space");
    terminal.shows("row 2 of 16");
    terminal.key("Down");
    let screen = terminal.shows("row 3 of 16");
    assert!(
        screen.contains("lineman lab: chat │ recorded │ kernel"),
        "{screen}"
    );
    terminal.types("g");
    terminal.shows("its port is free again");
    terminal.key("Home");
    terminal.shows("row 1 of 16");
    terminal.types("x");
    terminal.shows("this row has no packet");
    terminal.types("  ");
    terminal.shows("Ethernet destination = ");
    terminal.key("Right");
    terminal.shows("Ethernet source = ");
    terminal.types("?");
    terminal.shows("─ Keys ─");
    terminal.key("Enter"); // not Escape: with a letter close behind it, it is Alt and that letter
    terminal.types("l");
    terminal.shows("第 3 行，共 16 行");
    terminal.types("q");
    assert_eq!(terminal.code(), "0");
}

#[test]
fn everything_is_exported_but_nothing_overwritten() {
    let terminal = replay("chat", "");
    terminal.shows("row 1 of 16");
    for words in ["written to chat.mmd", "not written to chat.mmd"] {
        terminal.types("e");
        terminal.shows("export as pcapng to: chat.pcapng_");
        terminal.key("Tab");
        terminal.key("Tab");
        terminal.shows("export as mermaid to: chat.mmd_");
        terminal.key("Enter");
        terminal.shows(words);
    }
    assert!(terminal.file("chat.mmd").contains("sequenceDiagram"));
    terminal.types("q");
    assert_eq!(terminal.code(), "0");
}

#[test]
fn the_terminal_is_given_back_whatever_ends_it() {
    let interrupted = replay("chat", "");
    interrupted.shows("row 1 of 16");
    interrupted.key("C-c");
    assert_eq!(interrupted.code(), "130");
    for signal in ["-TERM", "-HUP", "-INT", "-USR1", "-QUIT"] {
        let terminal = replay("chat", "");
        terminal.shows("row 1 of 16");
        let sent = Command::new("kill")
            .args([signal, &terminal.process()])
            .status();
        assert!(sent.expect("kill").success());
        let code = match signal {
            "-INT" => "130",
            "-USR1" => "138", // 128 + 10, as for every program
            "-QUIT" => "131",
            _ => "0",
        };
        assert_eq!(terminal.code(), code, "{signal}");
    }
}

#[test]
fn another_size_is_another_layout() {
    let terminal = replay("chat", "--lang zh");
    terminal.shows("第 1 行，共 16 行");
    terminal.tmux(&["resize-window", "-x", "60", "-y", "15"]);
    terminal.shows("需要 80 x 24");
    terminal.tmux(&["resize-window", "-x", "130", "-y", "40"]);
    terminal.shows("├ LISTEN");
    terminal.types("q");
    assert_eq!(terminal.code(), "0");
}

#[test]
fn colours_may_be_refused_and_ascii_asked_for() {
    let coloured = replay("chat", "");
    let colours = |terminal: &Terminal| {
        terminal.types("g");
        terminal.shows("lost");
        let codes = terminal.tmux(&["capture-pane", "-p", "-e"]);
        ["\x1b[31m", "\x1b[38;5;1m"]
            .iter()
            .any(|red| codes.contains(red))
    };
    assert!(colours(&coloured));
    let path = env!("CARGO_BIN_EXE_lineman");
    let args = format!(
        "help >/dev/null; NO_COLOR=1 '{path}' lab replay {} --tui --ascii",
        log("chat")
    );
    let plain = Terminal::run((100, 30), &args);
    plain.shows("row 1 of 16");
    assert!(!colours(&plain));
    assert!(plain.screen().is_ascii());
    plain.types("q");
    assert_eq!(plain.code(), "0");
}

/// The kernel's TCP, packet by packet: the second SYN+ACK is its own.
#[test]
fn a_handshake_is_made_by_keys() {
    let terminal = Terminal::run((100, 30), "handshake --tui --record log.jsonl");
    terminal.shows("handshake │ row by row");
    terminal.types("s");
    let screen = terminal.shows("#1 client → server SYN seq=0 waits");
    assert!(screen.contains("handshake │ step by step"), "{screen}");
    assert!(
        screen.contains("[SYN-SENT]") && screen.contains("[LISTEN]"),
        "{screen}"
    );
    terminal.shows("retransmitted ×1, copies dropped");
    terminal.key("Space");
    let screen = terminal.shows("SYN+ACK seq=0 ack=1 waits");
    assert!(screen.contains("[SYN-RECEIVED]"), "{screen}");
    terminal.key("Space");
    let screen = terminal.shows("ACK ack=1 waits");
    assert!(screen.contains("[ESTABLISHED]"), "{screen}");
    terminal.types("d");
    terminal.shows("packet 3: dropped");
    terminal.shows("SYN+ACK seq=0 ack=1 (retransmission)");
    terminal.shows("#4 server → client SYN+ACK seq=0 ack=1 waits");
    terminal.types("u");
    terminal.types("g");
    terminal.shows("handshake │ ended");
    terminal.types("q");
    assert_eq!(terminal.code(), "0");
    // The walk before it has the name that was asked for.
    assert!(terminal.file("log.jsonl").contains("\"end\""));
    let log = terminal.file("log-2.jsonl");
    assert!(
        log.contains("\"dropped\"") && log.trim_end().ends_with("\"end\"}"),
        "{log}"
    );
}

/// The same keys, and it is said that no kernel is asked.
#[test]
fn a_simulated_handshake_is_made_by_keys_too() {
    let terminal = Terminal::run((100, 30), "handshake --tui --simulated");
    terminal.shows("handshake │ row by row");
    terminal.types("s");
    let screen = terminal.shows("#1 client → server SYN seq=0 waits");
    assert!(
        screen.contains("simulated") && screen.contains("SIMULATED: "),
        "{screen}"
    );
    terminal.key("Space");
    terminal.shows("SYN+ACK seq=0 ack=1 waits");
    terminal.types("g");
    terminal.shows("handshake │ ended");
    terminal.types("q");
    assert_eq!(terminal.code(), "0");
}

/// Nothing of a lab is left when its screen is, whatever ends it.
#[test]
fn a_lab_ends_with_its_screen() {
    for key in ["q", "C-c", ""] {
        let terminal = Terminal::run((80, 24), "handshake --tui");
        terminal.shows("handshake │ row by row");
        terminal.types("s");
        terminal.shows("#1 client → server SYN seq=0 waits");
        let lab = children(&terminal.process());
        assert!(!lab.is_empty(), "a lab has a process");
        match key {
            "" => drop(
                Command::new("kill")
                    .args(["-TERM", &terminal.process()])
                    .status(),
            ),
            key => terminal.key(key),
        }
        let code = if key == "C-c" { "130" } else { "0" };
        assert_eq!(terminal.code(), code, "{key}");
        wait_for("the end of the lab", LIMIT, || {
            let alive = |id: &str| Path::new("/proc").join(id).exists();
            (!lab.split_whitespace().any(alive)).then_some(())
        });
    }
}

/// Packets were held from the start, and timers expired while the user read what a SYN is.
#[test]
fn a_scenario_is_walked_through_first_and_another_is_chosen_inside() {
    let terminal = Terminal::run((80, 24), "handshake --tui");
    let screen = terminal.shows("row 1 of ");
    assert!(screen.contains("Three segments. Look at"), "{screen}");
    std::thread::sleep(Duration::from_secs(2));
    assert!(terminal.screen().contains("row 1 of "), "time stands still");
    for _ in 0..12 {
        terminal.key("Space");
    }
    let screen = terminal.shows("ACK ack=1 ──");
    assert!(!screen.contains("time-out"), "{screen}");
    terminal.types("?");
    terminal.shows("hold: play it anew");
    terminal.key("Enter");
    terminal.types("n");
    terminal.shows("Scenarios: Enter plays");
    terminal.key("End");
    terminal.key("Enter");
    let screen = terminal.shows("tftp-wrong-tid │ row by row");
    assert!(!screen.contains("CLOSE-WAIT"), "no TCP: {screen}");
    terminal.key("Space");
    terminal.types("r");
    terminal.shows("row 1 of ");
    terminal.types("l");
    terminal.shows("逐行");
    terminal.types("q");
    assert_eq!(terminal.code(), "0");
}

#[test]
fn without_a_terminal_there_is_no_screen() {
    let output = crate::support::lineman()
        .args(["lab", "replay", "--tui"])
        .arg(log("chat").trim_matches('\''))
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("--tui needs a terminal"), "{said}");
}

/// The screen was drawn, and no line of JSON was ever written.
#[test]
fn a_screen_is_no_json() {
    let output = crate::support::lineman()
        .args(["--json", "lab", "handshake", "--tui"])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("--json") && said.contains("--tui"), "{said}");
}
