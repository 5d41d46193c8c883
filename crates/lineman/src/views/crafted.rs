//! Logs that an attacker has crafted: whatever control characters a text of a log has, no view lets them act.

use std::collections::BTreeSet;

use lineman_trace::log::Event;
use lineman_trace::log::Reader;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::Value;

use super::export;
use super::export::Format;
use super::ladder::Ladder;
use super::ladder::Style;
use super::logs::LOGS;
use super::tui::Key;
use super::tui::Model;
use super::tui::Setup;
use super::tui::draw;
use crate::lang::Lang;

/// What must not happen: a title set, a line forged, a sentence reversed, mark-up, a second line.
const EVIL: &str = "\x1b]0;title\x07\x1b[2J\r\nFORGED\t\u{202e}\u{2028}\u{9b}1m</text><script>alert(1)</script>&\"';#-->";

/// Every sample log with `EVIL` in the place of one text, if a reader takes it for a log; and
/// which texts these are.
fn crafted(mut check: impl FnMut(&str, &[Event])) -> BTreeSet<String> {
    let mut accepted = BTreeSet::new();
    for name in LOGS {
        let lines: Vec<Value> = super::logs::events(name)
            .iter()
            .map(|event| serde_json::to_value(event).expect("JSON"))
            .chain(more())
            .collect();
        let mut seen = BTreeSet::new();
        for (number, line) in lines.iter().enumerate() {
            for path in texts(line, "") {
                let kind = line["event"].as_str().unwrap_or_default();
                let called = format!("{kind}{}", generic(&path));
                if !seen.insert(called.clone()) {
                    continue;
                }
                let mut lines = lines.clone();
                *lines[number].pointer_mut(&path).expect("a text") = EVIL.into();
                if let Some(events) = log(&lines) {
                    accepted.insert(called);
                    check(name, &events);
                }
            }
        }
    }
    accepted
}

/// Events that the samples lack.
fn more() -> Vec<Value> {
    vec![
        serde_json::json!({ "event": "call", "id": 900, "host": "client", "program": "nc", "fd": 3,
            "name": "connect", "args": ["('10.0.0.2', 9000)"], "answer": { "error": "ECONNREFUSED" } }),
        serde_json::json!({ "event": "note", "id": "program.exited",
            "args": { "host": "server", "program": "nc", "how": "0" } }),
        serde_json::json!({ "event": "left", "host": "server", "why": "killed" }),
        serde_json::json!({ "event": "fault", "packet": 1, "rule": "c>s:#1 drop" }),
    ]
}

/// The lines as a log, numbered, if they are one. The last event of a sample is its end.
fn log(lines: &[Value]) -> Option<Vec<Event>> {
    let (end, mut lines): (Vec<Value>, Vec<Value>) =
        lines.iter().cloned().partition(|it| it["event"] == "end");
    lines.extend(end);
    let last = lines.iter().filter_map(|it| it["t_ns"].as_u64()).max();
    let mut text = String::new();
    for (number, line) in lines.iter_mut().enumerate() {
        line["n"] = number.into();
        if line["t_ns"].is_null() {
            line["t_ns"] = last.into();
        }
        text += &format!("{line}\n");
    }
    Reader::new(text.as_bytes()).collect::<Result<_, _>>().ok()
}

/// Where in a line there are texts.
fn texts(value: &Value, at: &str) -> Vec<String> {
    match value {
        Value::String(_) => vec![at.to_owned()],
        Value::Array(all) => (0..)
            .zip(all)
            .flat_map(|(number, value)| texts(value, &format!("{at}/{number}")))
            .collect(),
        Value::Object(all) => all
            .iter()
            .filter(|(key, _)| *key != "event") // of an unknown kind are left out
            .flat_map(|(key, value)| texts(value, &format!("{at}/{key}")))
            .collect(),
        _ => Vec::new(),
    }
}

/// The path without numbers: each argument of a call is like the others.
fn generic(path: &str) -> String {
    path.split('/')
        .map(|part| {
            if part.parse::<u32>().is_ok() {
                "#"
            } else {
                part
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}

fn is_safe(text: &str) -> bool {
    text.chars()
        .filter(|c| !matches!(c, '\n' | ' '..='~')) // most of it, and it takes most of the time
        .all(|c| lineman_proto::text::visible(&c.to_string()) == c.to_string())
        && text
            .lines()
            .all(|line| !line.trim_start().starts_with("FORGED"))
}

#[test]
fn every_text_of_a_log_is_looked_through() {
    let accepted = crafted(|_, _| {});
    // Where else a log has texts, it names one of a few, or an address: a reader refuses others.
    let expected = [
        "call/answer/error",
        "call/answer/value",
        "call/args/#",
        "call/name",
        "call/program",
        "congestion/algorithm",
        "fault/rule",
        "left/why",
        "note/args/how",
        "note/args/host",
        "note/args/port",
        "note/args/program",
        "note/args/client",
        "note/args/packets",
        "note/args/server",
        "note/id",
        "start/captures/client",
        "start/captures/server",
        "start/hosts/#/name",
        "start/scenario",
        "start/system",
    ];
    assert_eq!(accepted, expected.map(str::to_owned).into());
}

#[test]
fn no_text_of_a_log_acts_on_a_terminal_or_in_an_export() {
    acts_nowhere(Lang::En);
}

/// Apart, as it takes long on a busy machine.
#[test]
fn no_text_of_a_log_acts_on_a_terminal_or_in_an_export_in_chinese() {
    acts_nowhere(Lang::Zh);
}

fn acts_nowhere(lang: Lang) {
    crafted(|name, events| {
        let mut ladder = Ladder::new(Style {
            width: 100,
            lang,
            ascii: false,
            colour: false,
            absolute: false,
            explain: true,
        });
        let mut lines: Vec<String> = events.iter().flat_map(|it| ladder.push(it)).collect();
        lines.extend(ladder.finish());
        assert!(
            lines
                .iter()
                .all(|line| !line.contains('\n') && is_safe(line)),
            "{name}: {lines:#?}"
        );
        for format in [
            Format::Svg,
            Format::Mermaid,
            Format::Text,
            Format::Jsonl,
            Format::Rows,
            Format::Perfetto,
        ] {
            let mut out = Vec::new();
            export::write(format, events, lang, &mut out).expect("memory");
            let text = String::from_utf8(out).expect("UTF-8");
            assert!(is_safe(&text), "{name} {format:?}: {text}");
            let markup = matches!(format, Format::Svg | Format::Mermaid);
            assert!(!markup || !text.contains("<script"), "{name}: {text}");
        }
        let mut capture = Vec::new();
        export::write(Format::Pcapng, events, lang, &mut capture).expect("memory");
        // The packets are in it as they are, and one of a sample holds an escape sequence.
        for act in ["\x1b]0;title", "\nFORGED", "FORGED\t", "\u{202e}"] {
            let found = capture.windows(act.len()).any(|it| it == act.as_bytes());
            assert!(!found, "{name}: {act:?} in a comment");
        }
    });
}

#[test]
fn no_text_of_a_log_acts_on_the_whole_terminal() {
    crafted(|name, events| {
        let mut model = Model::new(Setup {
            lang: Lang::En,
            ascii: false,
            colour: false,
            live: false,
            step: false,
            captured: false,
            walk: false,
            choices: false,
            rules: String::new(),
            subject: String::new(),
        });
        events.iter().for_each(|event| model.push(event.clone()));
        model.finish();
        let mut terminal = Terminal::new(TestBackend::new(120, 40)).expect("memory");
        for _ in 0..events.len().min(4) {
            terminal.draw(|frame| draw(&model, frame)).expect("memory");
            for cell in terminal.backend().buffer().content() {
                assert!(is_safe(cell.symbol()), "{name}: {:?}", cell.symbol());
            }
            let _ = model.key(Key::Down);
        }
    });
}

/// The only text of a log that is in it is the scenario's name.
#[test]
fn no_name_of_a_log_acts_in_a_picture_of_figures() {
    let mut lines: Vec<Value> = super::logs::events("chat")
        .iter()
        .map(|event| serde_json::to_value(event).expect("JSON"))
        .collect();
    for text in ["scenario", "system"] {
        lines[0][text] = EVIL.into();
    }
    let events = log(&lines).expect("a log");
    let mut out = Vec::new();
    export::write(Format::Figures, &events, Lang::En, &mut out).expect("memory");
    let picture = String::from_utf8(out).expect("UTF-8");
    assert!(picture.contains("FORGED"), "the name is in it");
    assert!(
        is_safe(&picture) && !picture.contains("<script"),
        "{picture}"
    );
}

#[test]
fn a_text_of_a_log_has_an_end() {
    let long = "x".repeat(1 << 20);
    for text in ["start/system", "call/name", "note/id"] {
        let (kind, field) = text.split_once('/').expect("a path");
        let mut lines: Vec<Value> = super::logs::events("chat")
            .iter()
            .map(|event| serde_json::to_value(event).expect("JSON"))
            .chain(more())
            .collect();
        let line = lines.iter_mut().find(|line| line["event"] == kind);
        line.expect("an event")[field] = long.clone().into();
        let events = log(&lines).expect("a log");
        for format in [
            Format::Svg,
            Format::Mermaid,
            Format::Text,
            Format::Pcapng,
            Format::Figures,
        ] {
            let mut out = Vec::new();
            export::write(format, &events, Lang::En, &mut out).expect("memory");
            assert!(out.len() < 200_000, "{text} {format:?}: {}", out.len());
        }
    }
}

/// It wrapped, or panicked where overflow is looked for.
#[test]
fn a_log_at_the_end_of_time() {
    for name in LOGS {
        let mut events = super::logs::events(name);
        for shift in [u64::MAX - 1, u64::MAX] {
            for event in &mut events {
                event.t_ns = event.t_ns.saturating_add(shift);
            }
            for format in [
                Format::Svg,
                Format::Mermaid,
                Format::Text,
                Format::Pcapng,
                Format::Figures,
            ] {
                let mut out = Vec::new();
                export::write(format, &events, Lang::En, &mut out).expect("memory");
            }
        }
    }
}
