//! Exports of every log.

use std::collections::BTreeSet;

use lineman_trace::files::Record;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Reader;
use lineman_trace::log::Verdict;

use super::*;
use crate::views::logs::LOGS;
use crate::views::logs::events;

fn exported(name: &str, format: Format, lang: Lang) -> Vec<u8> {
    let mut out = Vec::new();
    write(format, &events(name), lang, &mut out).expect("memory");
    out
}

fn text(name: &str, format: Format, lang: Lang) -> String {
    String::from_utf8(exported(name, format, lang)).expect("UTF-8")
}

#[test]
fn a_capture_is_a_chain_of_blocks() {
    for name in LOGS {
        let bytes = exported(name, Format::Pcapng, Lang::Zh);
        let (mut rest, mut kinds) = (&bytes[..], Vec::new());
        while let Some((head, _)) = rest.split_first_chunk::<8>() {
            let word = |at: usize| {
                u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
            };
            let len = word(4) as usize;
            let (block, next) = rest.split_at(len);
            assert_eq!(block.last_chunk(), Some(&(len as u32).to_le_bytes()));
            kinds.push(word(0));
            rest = next;
        }
        assert!(rest.is_empty());
        assert_eq!(kinds[..3], [0x0a0d_0d0a, 1, 1]);
        assert!(kinds[3..].iter().all(|kind| *kind == 6), "{name}");
    }
}

#[test]
fn a_capture_holds_every_packet_and_says_which_are_dropped() {
    let bytes = exported("chat", Format::Pcapng, Lang::En);
    let text = String::from_utf8_lossy(&bytes);
    assert_eq!(text.matches(" · ").count(), 12 * 2 + 1);
    assert_eq!(text.matches("dropped · client").count(), 1);
    assert!(text.contains("client CLOSED → SYN-SENT · server LISTEN → SYN-RECEIVED"));
}

#[test]
fn a_diagram_for_mermaid() {
    insta::assert_snapshot!("mermaid-chat-en", text("chat", Format::Mermaid, Lang::En));
    insta::assert_snapshot!("mermaid-held-zh", text("held", Format::Mermaid, Lang::Zh));
}

#[test]
fn a_picture() {
    insta::assert_snapshot!("svg-udp-en", text("udp", Format::Svg, Lang::En));
    insta::assert_snapshot!("svg-tftp-get-zh", text("tftp-get", Format::Svg, Lang::Zh));
}

/// Enough of XML to know that what is opened is closed, and that no text became markup.
#[test]
fn pictures_are_well_formed() {
    let all = LOGS
        .iter()
        .flat_map(|name| [(name, Format::Svg), (name, Format::Figures)]);
    for (name, format) in all {
        let svg = text(name, format, Lang::Zh);
        let mut open: Vec<&str> = Vec::new();
        for piece in svg.split('<').skip(1) {
            let (tag, text) = piece.split_once('>').expect("a tag ends");
            assert!(
                !text.contains('>') && !tag.contains('\n'),
                "{name}: {piece}"
            );
            if let Some(closed) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(closed), "{name}");
            } else if !tag.ends_with('/') {
                open.push(tag.split(' ').next().unwrap_or(tag));
            }
        }
        assert!(open.is_empty(), "{name}: {open:?}");
    }
}

#[test]
fn no_export_but_the_capture_holds_a_control_character() {
    for name in LOGS {
        for format in [
            Format::Svg,
            Format::Mermaid,
            Format::Text,
            Format::Jsonl,
            Format::Rows,
            Format::Perfetto,
            Format::Figures,
        ] {
            let text = text(name, format, Lang::En);
            assert!(
                !text.contains(|c: char| c.is_control() && c != '\n'),
                "{name} {format:?}"
            );
        }
    }
}

#[test]
fn json_lines_are_the_log() {
    for name in LOGS {
        let text = text(name, Format::Jsonl, Lang::En);
        let back: Result<Vec<Event>, _> = Reader::new(text.as_bytes()).collect();
        assert_eq!(back.expect("a log"), events(name));
    }
}

fn rows_of(name: &str, lang: Lang) -> Vec<serde_json::Value> {
    let text = text(name, Format::Rows, lang);
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("JSON")
}

#[test]
fn rows_as_json() {
    insta::assert_snapshot!("rows-udp-en", text("udp", Format::Rows, Lang::En));
    insta::assert_snapshot!("rows-refused-zh", text("refused", Format::Rows, Lang::Zh));
}

/// A page needs nothing else to word a row: each saying has its id, its fields and its words.
#[test]
fn rows_say_the_same_as_the_ladder() {
    for name in LOGS {
        for lang in [Lang::En, Lang::Zh] {
            let lines = rows_of(name, lang);
            let (head, told) = lines.split_first().expect("a head");
            assert_eq!((&head["event"], &head["v"]), (&"ladder".into(), &1.into()));
            let rows = whole::rows(&events(name));
            assert_eq!(told.len(), rows.len());
            for (n, (line, row)) in told.iter().zip(&rows).enumerate() {
                assert_eq!((&line["event"], &line["n"]), (&"row".into(), &n.into()));
                let sayings = line["sayings"].as_array().expect("a list");
                let texts = sayings
                    .iter()
                    .map(|saying| saying["text"].as_str().expect("text"));
                let joint = if lang == Lang::En { " " } else { "" };
                let paragraph = crate::views::words::paragraph(row, lang);
                assert_eq!(texts.collect::<Vec<_>>().join(joint), paragraph);
                for (object, saying) in sayings.iter().zip(&row.sayings) {
                    assert_eq!(object["id"], saying.id());
                    let fields = object["fields"].as_object().expect("an object");
                    assert_eq!(fields.len(), saying.fields().len());
                }
            }
        }
    }
}

/// What programs read is documented: each name, and each kind of field.
#[test]
fn rows_are_as_the_manual_has_them() {
    fn names(value: &serde_json::Value, out: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::Object(object) => {
                for (name, value) in object {
                    out.insert(name.clone());
                    match name.as_str() {
                        // The names of fields are their sayings' own; their kinds are not.
                        "fields" => {
                            for field in value.as_object().expect("an object").values() {
                                out.extend(field.as_object().expect("a kind").keys().cloned());
                            }
                        }
                        _ => names(value, out),
                    }
                }
            }
            serde_json::Value::Array(list) => list.iter().for_each(|value| names(value, out)),
            _ => {}
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/json.md");
    let manual = std::fs::read_to_string(path).expect("the manual");
    let (_, manual) = manual
        .split_once("## Rows of the ladder")
        .expect("a chapter");
    let mut all = BTreeSet::new();
    for name in LOGS {
        for line in &rows_of(name, Lang::En)[1..] {
            names(line, &mut all);
        }
    }
    all.retain(|name| !manual.contains(&format!("`{name}`")));
    all.retain(|name| !manual.contains(&format!("\"{name}\"")));
    assert!(all.is_empty(), "docs/json.md does not name {all:?}");
}

/// The languages differ in words only.
#[test]
fn rows_have_the_same_ids_and_fields_in_both_languages() {
    let bare = |lang| {
        let mut lines = rows_of("chat", lang);
        for line in &mut lines[1..] {
            line["packet"]["text"].take();
            for saying in line["sayings"].as_array_mut().expect("a list") {
                saying["text"].take();
            }
        }
        lines.split_off(1)
    };
    assert_eq!(bare(Lang::En), bare(Lang::Zh));
}

/// Two FINs that crossed on the wire are two lines that cross in the picture.
#[test]
fn arrows_cross_where_packets_have_crossed() {
    let picture = text("crossed", Format::Svg, Lang::En);
    let number = |line: &str, name: &str| -> f64 {
        let (_, rest) = line
            .split_once(&format!("{name}=\""))
            .expect("an attribute");
        let (number, _) = rest.split_once('"').expect("its end");
        number.parse().expect("a number")
    };
    let arrows: Vec<[f64; 4]> = picture
        .split("<line ")
        .filter(|line| line.starts_with("x1"))
        .map(|line| ["x1", "y1", "x2", "y2"].map(|name| number(line, name)))
        .collect();
    assert_eq!(arrows.len(), 8, "{arrows:?}");
    for pair in arrows.chunks(2) {
        let [[x1, y1, x2, y2], other] = [pair[0], pair[1]];
        assert_eq!((x1, x2), (other[2], other[0]));
        assert!(y1 < other[3] && other[1] < y2, "{pair:?}");
    }
}

/// A copy that the wire makes was written as a packet that its sender has sent once more.
#[test]
fn a_copy_is_where_it_comes_and_nowhere_else() {
    let mut copies = 0;
    for name in LOGS {
        let mut sent = BTreeSet::new();
        let mut made = BTreeSet::new();
        let mut expected = Vec::new();
        for event in events(name) {
            let Kind::Packet(packet) = event.kind else {
                continue;
            };
            let other = packet.from.other();
            match packet.verdict {
                Verdict::Sent if !made.contains(&packet.id) => {
                    sent.insert(packet.id);
                    expected.push(packet.from);
                }
                Verdict::Captured => expected.push(packet.at.unwrap_or(packet.from)),
                Verdict::Duplicated { copy } => _ = made.insert(copy),
                Verdict::Delivered if made.contains(&packet.id) => {
                    copies += 1;
                    expected.push(other);
                }
                _ => {}
            }
        }
        let bytes = exported(name, Format::Pcapng, Lang::En);
        let mut reader = lineman_trace::files::Reader::new(&bytes[..]).expect("a capture");
        let (mut found, mut record) = ([0, 0], Record::new(0, 0, Vec::new()));
        while let Some(read) = reader.read_into(&mut record) {
            read.expect("whole");
            found[(record.interface % 2) as usize] += 1;
        }
        let of = |host: Host| expected.iter().filter(|it| **it == host).count();
        assert_eq!(found, [of(Host::Client), of(Host::Server)], "{name}");
    }
    assert!(copies > 0);
}

/// "Note over S: CLOSED", of the listener, stood between the states of the connection.
#[test]
fn a_listener_that_is_closed_is_no_connection_that_is() {
    let mut listeners = 0;
    for name in LOGS {
        let diagram = text(name, Format::Mermaid, Lang::En);
        let rows = rows_of(name, Lang::En);
        let cells = rows
            .iter()
            .flat_map(|row| ["client", "server"].map(|host| &row["states"][host]));
        let ends = cells.filter(|cell| cell["before"] == "LISTEN" && cell["after"] == "CLOSED");
        let ends = ends.count();
        listeners += ends;
        assert_eq!(diagram.matches("LISTEN → CLOSED").count(), ends, "{name}");
    }
    assert!(listeners > 0);
}
