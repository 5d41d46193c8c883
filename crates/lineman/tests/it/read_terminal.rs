//! `lineman read` at a terminal: a long file is seen to be read.

use std::fs;

use crate::capture_kit::mixed;
use crate::support::wait_for;
use crate::terminal_kit::Terminal;
use crate::tftp_kit::LIMIT;

/// So many bytes take longer than a second to be read.
const LONG: usize = 160 << 20;

#[test]
fn a_long_file_has_a_bar_while_it_is_read() {
    let program = env!("CARGO_BIN_EXE_lineman");
    let script = format!(
        "until test -e x; do sleep 0.1; done; '{program}' --lang en read x --top 1; echo exit $?; sleep 60"
    );
    let terminal = Terminal::start(&script);
    let whole = mixed().pcap();
    let (head, packets) = whole.split_at(24);
    let file = [head, &packets.repeat(LONG / packets.len())].concat();
    fs::write(terminal.dir.path().join("y"), file).expect("a file");
    fs::rename(terminal.dir.path().join("y"), terminal.dir.path().join("x")).expect("a name");
    let bar = |screen: &str| screen.contains("MiB/1") && screen.contains("ETA");
    wait_for("the bar", LIMIT, || bar(&terminal.screen()).then_some(()));
    let screen = wait_for("the end", LIMIT, || {
        let screen = terminal.screen();
        screen.contains("exit ").then_some(screen)
    });
    assert!(screen.contains("exit 0"), "{screen}");
    assert!(!screen.contains("ETA"), "the bar is taken away: {screen}");
}
