//! Every saying has its words in both languages.

use std::collections::BTreeSet;

use lineman_trace::log::Host;
use lineman_trace::story::Story;

use super::fill::Piece;
use super::fill::pieces;
use super::*;
use crate::views::logs::LOGS;
use crate::views::logs::events;

/// What real labs did, in scenarios that no log has of those that are shown here. That of the pieces is short of all
/// but the first and the last.
const RECORDED: [&str; 31] = [
    "calls",
    "captured-refusals",
    "captured-seldom",
    "descriptors",
    "early-fin",
    "ends",
    "full-buffer",
    "half-crossed",
    "ignored",
    "order",
    "probe",
    "recorded-address-in-use",
    "recorded-call-errors",
    "recorded-listener-shut",
    "recorded-pieces",
    "recorded-port-reused",
    "recorded-programs-end",
    "recorded-stale-syn",
    "recorded-syn-ack-lost",
    "recorded-tftp-ack-lost",
    "recorded-tftp-wrong-tid",
    "recorded-udp-reordered",
    "capture-misses",
    "reset-lost",
    "old-ack",
    "overrun",
    "stale",
    "tftp-mistakes",
    "told",
    "told-simulated",
    "unreachable",
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
    let ids: BTreeSet<&str> = Saying::forms().map(|(id, _)| id).collect();
    assert_eq!(said, ids);
}

#[test]
fn every_saying_has_its_words_and_all_words_a_saying() {
    let sayings: Vec<&str> = Saying::forms().map(|(id, _)| id).collect();
    let rows: Vec<&str> = Words::all().map(|words| words.id).collect();
    for ids in [&sayings, &rows] {
        let once: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(once.len(), ids.len(), "an id stands there twice: {ids:?}");
    }
    let sorted = |ids: Vec<&'static str>| ids.into_iter().collect::<BTreeSet<_>>();
    assert_eq!(sorted(sayings), sorted(rows));
}

/// Between Chinese characters stand Chinese signs: 。，：；（）, not their ASCII twins.
#[test]
fn chinese_words_have_full_width_punctuation() {
    for words in Words::all() {
        let sentence = words.sentence(Lang::Zh);
        let chars: Vec<char> = sentence.chars().collect();
        let mixed = |pair: &[char]| {
            let half = |c: char| ",;:?!()".contains(c);
            is_han(pair[0]) && half(pair[1]) || half(pair[0]) && is_han(pair[1])
        };
        assert!(!chars.windows(2).any(mixed), "{}: {sentence}", words.id);
    }
}

/// Each field has its place in both languages, and each place a field that can fill it.
#[test]
fn fields_and_places_agree_in_both_languages() {
    for (id, fields) in Saying::forms() {
        let words = Words::of(id).expect("there is a row");
        for lang in [Lang::En, Lang::Zh] {
            let sentence = words.sentence(lang);
            assert_eq!(sentence.contains(is_han), lang == Lang::Zh, "{sentence}");
            let places = pieces(sentence).filter_map(|piece| match piece {
                Piece::Field(name) => Some(name),
                Piece::Text(text) => {
                    assert!(!text.contains(['{', '}']), "{id}: {sentence}");
                    None
                }
            });
            // The textbook's names of states are Chinese; and of two hosts, the one that is not `who` needs no field.
            let derived = |place: &&str| match *place {
                "peer" => fields.contains(&"who"),
                "gloss" => fields.contains(&"to") && lang == Lang::Zh,
                _ => false,
            };
            let places: Vec<&str> = places.collect();
            let numbers: &[&str] = match places.contains(&"numbers") {
                true => &["first", "last"],
                false => &[],
            };
            let fields: BTreeSet<&str> = fields.iter().copied().collect();
            let places = places
                .into_iter()
                .filter(|place| !derived(place) && *place != "numbers");
            let places: BTreeSet<&str> = places.chain(numbers.iter().copied()).collect();
            assert_eq!(places, fields, "{id} in {lang:?}: {sentence}");
        }
    }
}

/// "Duplicate ACK no. 2", of the first that its peer got: the other was lost.
#[test]
fn duplicate_acks_are_counted_by_who_sends_them() {
    let (who, times, next) = (Host::Server, 2, 5);
    let said = |lang| sentence(&Saying::AckDup { who, times, next }, lang);
    let en = said(Lang::En);
    assert!(en.contains("duplicate ACK no. 2 that it sends"), "{en}");
    assert!(en.contains("Three that arrive"), "{en}");
    assert!(said(Lang::Zh).contains("它发出的第 2 个重复 ACK"));
}

/// "Sends 1 byte, sequence numbers 4 to 4".
#[test]
fn one_byte_has_one_sequence_number() {
    let said = |last, lang| {
        let (who, first, len) = (Host::Client, 4, 1 + last - 4);
        let len = u64::try_from(len).expect("some bytes");
        sentence(
            &Saying::Data {
                who,
                len,
                first,
                last,
            },
            lang,
        )
    };
    let one = said(4, Lang::En);
    assert!(one.contains("1 byte, sequence number 4. It"), "{one}");
    let two = said(5, Lang::En);
    assert!(
        two.contains("2 bytes, sequence numbers 4 to 5. It"),
        "{two}"
    );
    assert!(said(4, Lang::Zh).contains("1 字节，序号 4；"));
    assert!(said(5, Lang::Zh).contains("2 字节，序号 4 到 5；"));
}

#[test]
fn sentences_begin_with_a_capital_and_hosts_are_named_inside() {
    let saying = Saying::AckThird {
        who: Host::Server,
        seq: 1,
        ack: 7,
        next: 1,
    };
    let text = sentence(&saying, Lang::En);
    assert!(
        text.starts_with("The server confirms the SYN of the client (ACK, the third segment"),
        "{text}"
    );
}
