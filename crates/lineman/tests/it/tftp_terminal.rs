//! The progress bar, on a terminal that tmux plays.

use crate::support::wait_for;
use crate::terminal_kit::Terminal;
use crate::tftp_kit::LIMIT;
use crate::tftp_raw::Raw;
use crate::tftp_raw::data;
use crate::tftp_raw::oack;

#[test]
fn a_bar_while_it_runs_and_a_line_at_the_end() {
    let server = Raw::new();
    let program = env!("CARGO_BIN_EXE_lineman");
    let address = server.address();
    let script = format!(
        "'{program}' --lang en tftp get tftp://{address}/name -o /dev/null; echo exit $?; sleep 60"
    );
    let terminal = Terminal::start(&script);
    let (_, client) = server.receive();
    let agreed = oack(&[("tsize", "1100"), ("blksize", "512")]);
    server.ask(client, &agreed);
    server.ask(client, &data(1, &[1; 512]));
    let bar = |screen: &str| screen.contains("512 B/1.1 KiB") && screen.contains("ETA");
    wait_for("the bar", LIMIT, || bar(&terminal.screen()).then_some(()));
    server.ask(client, &data(2, &[1; 512]));
    server.ask(client, &data(3, &[1; 76]));
    let screen = wait_for("the end", LIMIT, || {
        let screen = terminal.screen();
        screen.contains("exit 0").then_some(screen)
    });
    assert!(
        screen.contains("got tftp://") && screen.contains("1.1 KiB"),
        "{screen}"
    );
    assert!(!screen.contains("ETA"), "the bar is gone: {screen}");
}

/// It was wrapped, and each drawing left its first half behind.
#[test]
fn a_bar_of_a_narrow_terminal_is_one_line() {
    let server = Raw::new();
    let program = env!("CARGO_BIN_EXE_lineman");
    let url = format!("tftp://{}/a/long/way/to/the/directory/of", server.address());
    let script =
        format!("'{program}' --lang en tftp get {url}/one {url}/two -o .; echo exit $?; sleep 60");
    let terminal = Terminal::of_width(50, &script);
    let (_, client) = server.receive();
    server.ask(client, &oack(&[("tsize", "10240"), ("blksize", "512")]));
    for block in 1..=10 {
        server.ask(client, &data(block, &[1; 512]));
        // Slowly enough for several drawings.
        std::thread::sleep(std::time::Duration::from_millis(60));
    }
    let screen = wait_for("the bar", LIMIT, || {
        let screen = terminal.screen();
        screen.contains(" 50%").then_some(screen)
    });
    let lines: Vec<&str> = screen.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 1, "{screen}");
    assert!(lines[0].starts_with("1 of 2  …"), "{screen}");
    assert!(lines[0].contains("of/one"), "{screen}");
}

#[test]
fn a_load_test_is_seen_to_run() {
    let program = env!("CARGO_BIN_EXE_lineman");
    let script = format!("'{program}' --lang en tftp bench --self-test --duration 60; sleep 60");
    let terminal = Terminal::start(&script);
    let runs = |screen: &str| screen.contains("running: 1 of 60 s");
    wait_for("the line", LIMIT, || runs(&terminal.screen()).then_some(()));
}
