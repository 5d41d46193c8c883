use serde_json::Value;

use super::Model;
use crate::lang::Lang;
use crate::views::export;
use crate::views::export::Format;
use crate::views::logs;

/// The page tells the rows that the terminal and the export tell, each with its words in both languages.
#[test]
fn every_row_is_told_once_in_both_languages() {
    for name in logs::LOGS {
        let events = logs::events(name);
        let mut model = Model::default();
        let mut messages: Vec<_> = events.iter().flat_map(|event| model.push(event)).collect();
        messages.extend(model.finish());
        let rows: Vec<Value> = messages
            .iter()
            .filter(|message| message.kind == "row")
            .map(|message| serde_json::from_str(&message.json).expect("JSON"))
            .collect();
        for lang in [Lang::En, Lang::Zh] {
            let tag = match lang {
                Lang::En => "en",
                Lang::Zh => "zh",
            };
            let mut exported = Vec::new();
            export::write(Format::Rows, &events, lang, &mut exported).expect("written");
            let exported = String::from_utf8(exported).expect("text");
            let exported: Vec<Value> = exported
                .lines()
                .skip(1)
                .map(|line| serde_json::from_str(line).expect("JSON"))
                .collect();
            assert_eq!(rows.len(), exported.len(), "{name}");
            for (row, exported) in rows.iter().zip(&exported) {
                assert_eq!(
                    row["packet"]["text"][tag], exported["packet"]["text"],
                    "{name}"
                );
                let told = row["sayings"].as_array().expect("sayings");
                for (nth, saying) in told.iter().enumerate() {
                    assert_eq!(
                        saying["text"][tag], exported["sayings"][nth]["text"],
                        "{name}"
                    );
                }
            }
        }
    }
}
