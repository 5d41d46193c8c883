//! Every saying has its words in both languages.

use std::collections::BTreeSet;

use lineman_trace::story::Story;

use super::*;
use crate::views::logs::LOGS;
use crate::views::logs::events;

/// What real labs did, in scenarios that no made log has. That of the pieces is short of all but the
/// first and the last.
const RECORDED: [&str; 6] = [
    "recorded-pieces",
    "recorded-stale-syn",
    "recorded-syn-ack-lost",
    "recorded-tftp-ack-lost",
    "recorded-tftp-wrong-tid",
    "recorded-udp-reordered",
];

fn sayings() -> Vec<Saying> {
    let mut all = Vec::new();
    for name in LOGS.iter().chain(&RECORDED).copied() {
        let mut story = Story::new();
        let mut rows: Vec<Row> = events(name)
            .iter()
            .flat_map(|event| story.push(event))
            .collect();
        rows.extend(story.finish());
        all.extend(rows.into_iter().flat_map(|row| row.sayings));
    }
    all
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

#[test]
fn every_saying_is_worded_in_both_languages() {
    let mut said = BTreeSet::new();
    for saying in sayings() {
        said.insert(saying.id());
        let (en, zh) = (sentence(&saying, Lang::En), sentence(&saying, Lang::Zh));
        assert!(!en.contains(is_han) && en != saying.id(), "{en}");
        assert!(zh.contains(is_han), "{zh}");
        assert!(!en.contains('{') && !zh.contains('{'), "{en} {zh}");
    }
    assert_eq!(said, Saying::IDS.iter().copied().collect());
}

#[test]
fn sentences_begin_with_a_capital_and_hosts_are_named_inside() {
    let saying = Saying::AckThird {
        who: Host::Server,
        ack: 7,
    };
    let text = sentence(&saying, Lang::En);
    assert!(
        text.starts_with("The server confirms the SYN of the client (ACK 7)"),
        "{text}"
    );
}
