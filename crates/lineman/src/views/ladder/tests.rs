//! The ladder of each log, at three widths and in both languages.

use lineman_trace::log::Call;
use lineman_trace::log::Host;

use super::*;
use crate::views::logs::LOGS;
use crate::views::logs::all;
use crate::views::logs::events;
use crate::views::text::width;

fn style(width: usize, lang: Lang) -> Style {
    Style {
        width,
        lang,
        ascii: false,
        colour: false,
        absolute: false,
        explain: true,
    }
}

fn drawn(name: &str, style: Style) -> String {
    let mut ladder = Ladder::new(style);
    let events = events(name);
    let mut lines: Vec<String> = events.iter().flat_map(|event| ladder.push(event)).collect();
    lines.extend(ladder.finish());
    lines.join("\n")
}

fn snapshot(name: &str, columns: usize, lang: Lang) {
    let tag = format!("{name}-{columns}-{lang:?}").to_lowercase();
    insta::assert_snapshot!(tag, drawn(name, style(columns, lang)));
}

/// Calls stood below rows of later times: a close() of 0.124 below the FIN of another connection that left at 0.126.
#[test]
fn printed_times_never_run_backwards() {
    let time = |line: &str| -> Option<f64> {
        let begin: String = line.chars().take(8).collect();
        let (_, millis) = begin.rsplit_once('.')?;
        let shown = millis.len() == 3 && millis.parse::<u32>().is_ok();
        begin.trim_start().parse().ok().filter(|_| shown)
    };
    for name in all() {
        for columns in [50, 80, 140] {
            let ladder = drawn(&name, style(columns, Lang::En));
            let times = ladder.lines().filter_map(|line| Some((time(line)?, line)));
            let times: Vec<_> = times.collect();
            for pair in times.windows(2) {
                let [(above, first), (below, second)] = pair else {
                    unreachable!("two")
                };
                assert!(above <= below, "{name}, {columns}:\n{first}\n{second}");
            }
        }
    }
}

#[test]
fn wide() {
    for name in ["chat", "udp", "tftp-get"] {
        snapshot(name, 120, Lang::En);
        snapshot(name, 120, Lang::Zh);
    }
}

#[test]
fn medium() {
    for name in ["chat", "held", "tftp-put"] {
        snapshot(name, 80, Lang::En);
        snapshot(name, 80, Lang::Zh);
    }
}

#[test]
fn narrow() {
    for name in ["chat", "tftp-get"] {
        snapshot(name, 50, Lang::En);
        snapshot(name, 50, Lang::Zh);
    }
}

#[test]
fn everything_that_is_said_in_english() {
    for name in ["capture", "crossed", "refused", "window"] {
        snapshot(name, 110, Lang::En);
    }
}

/// A view that follows a lab asks all the time, and shows the same.
#[test]
fn a_ladder_that_is_followed_is_the_ladder_that_is_replayed() {
    for name in LOGS {
        let mut ladder = Ladder::new(style(120, Lang::En));
        let mut lines = Vec::new();
        for event in events(name) {
            lines.extend(ladder.idle(event.t_ns));
            lines.extend(ladder.push(&event));
        }
        lines.extend(ladder.finish());
        assert_eq!(lines.join("\n"), drawn(name, style(120, Lang::En)));
    }
}

/// A call that a packet had returned stood above it with its answer, or above a packet that had left before it returned; a timer
/// stood above the call that had begun before it expired, and a call below the packet that its bytes had to wait for.
#[test]
fn times_never_go_back() {
    for name in LOGS.into_iter().chain(["order"]) {
        for columns in [50, 80, 120] {
            let text = drawn(name, style(columns, Lang::En));
            let time = |line: &str| {
                let time = line.get(..8)?.trim();
                let (_, millis) = time.split_once('.')?;
                time.parse().ok().filter(|_: &f64| millis.len() == 3)
            };
            let times: Vec<f64> = text.lines().filter_map(time).collect();
            assert!(times.is_sorted(), "{name} {columns}:\n{text}");
        }
    }
}

/// "0.248 getsockname()" stood above "0.247 ACK": the packet had left before the call began, and was read after that.
#[test]
fn a_packet_that_is_read_late_stands_above_the_call_in_its_row() {
    let mut events = events("chat");
    let sent =
        |event: &Event| matches!(&event.kind, Kind::Packet(packet) if packet.from == Host::Client);
    let at = events.iter().position(sent).expect("a SYN");
    let (n, t_ns) = (events[at].n, events[at].t_ns);
    let Kind::Start(start) = &events[0].kind else {
        panic!("a log begins otherwise");
    };
    let stamp_ns = start.utc_ns + t_ns - 5_000_000;
    let mut syn = events.swap_remove(at);
    events.truncate(1);
    if let Kind::Packet(packet) = &mut syn.kind {
        packet.stamp_ns = Some(stamp_ns);
    }
    let call = Kind::Call(Call {
        id: 77,
        host: Host::Client,
        program: None,
        fd: Some(3),
        socket: None,
        name: "getsockname".to_owned(),
        args: Vec::new(),
        answer: None,
    });
    let t_ns = t_ns - 1_000_000;
    events.extend([
        Event {
            n,
            t_ns,
            kind: call,
        },
        syn,
    ]);
    let mut ladder = Ladder::new(style(80, Lang::En));
    let mut lines: Vec<_> = events.iter().flat_map(|it| ladder.push(it)).collect();
    lines.extend(ladder.finish());
    let place = |part: &str| lines.iter().position(|line| line.contains(part));
    assert!(place("──SYN") < place("getsockname"), "{lines:#?}");
}

/// A packet that a rule delays was drawn as held, as if the user had to let it through.
#[test]
fn what_a_rule_delays_is_drawn_as_delayed() {
    assert!(drawn("causes", style(110, Lang::En)).contains("┃ delayed"));
    assert!(drawn("held", style(110, Lang::En)).contains("┃ held"));
}

/// The probes of a zero window that repeat their byte were drawn as `ACK len=1`, as if they were data.
#[test]
fn each_window_probe_is_drawn_as_one() {
    let probes = |word: &str, style| {
        let drawn = drawn("probe", style);
        let lines = drawn.lines().filter(|line| line.contains("len=1 "));
        assert!(lines.clone().all(|line| line.contains(word)), "{drawn}");
        lines.count()
    };
    assert_eq!(probes("(window probe)", style(140, Lang::En)), 2);
    assert_eq!(probes("（窗口探测）", style(140, Lang::Zh)), 2);
    let narrow = drawn("probe", style(80, Lang::En));
    assert_eq!(narrow.matches("(window probe)").count(), 2, "{narrow}");
}

#[test]
fn plain_ascii_has_nothing_else() {
    for name in ["crossed", "held", "refused", "tftp-get", "window"] {
        let ascii = Style {
            ascii: true,
            ..style(100, Lang::En)
        };
        let text = drawn(name, ascii);
        assert!(text.is_ascii(), "{text}");
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for name in LOGS {
        for columns in [40, 50, 60, 80, 99, 100, 120, 200] {
            for lang in [Lang::En, Lang::Zh] {
                for line in drawn(name, style(columns, lang)).lines() {
                    assert!(width(line) <= columns, "{name} {columns}: {line}");
                }
            }
        }
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    for name in LOGS {
        let coloured = Style {
            colour: true,
            ..style(120, Lang::En)
        };
        let mut text = drawn(name, coloured);
        for code in ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[33m"] {
            text = text.replace(code, "");
        }
        let trimmed = |text: &str| -> Vec<String> {
            text.lines()
                .map(|line| line.trim_end().to_owned())
                .collect()
        };
        assert_eq!(trimmed(&text), trimmed(&drawn(name, style(120, Lang::En))));
    }
}

#[test]
fn sentences_can_be_left_out() {
    let bare = Style {
        absolute: false,
        explain: false,
        ..style(120, Lang::En)
    };
    assert!(!drawn("chat", bare).contains("asks to open"));
}
