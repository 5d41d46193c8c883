//! Rows of the ladder as JSON, one a line: ids and fields of all that is said, and the words.

use std::io;
use std::io::Write;

use lineman_proto::text::safe_json;
use lineman_trace::log::Event;
use lineman_trace::story::Row;
use serde_json::Value;
use serde_json::json;

use super::rows as all_rows;
use super::start;
use crate::lang::Lang;
use crate::views::packet;
use crate::views::words::sentence;

/// The version of this form (`docs/json.md`).
const VERSION: u32 = 1;

/// The head of the ladder, then its rows.
///
/// # Errors
/// When `out` cannot be written to.
pub(super) fn lines(events: &[Event], lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let lang_tag = match lang {
        Lang::En => "en",
        Lang::Zh => "zh",
    };
    if let Some(start) = start(events) {
        let head = json!({
            "event": "ladder",
            "v": VERSION,
            "lang": lang_tag,
            "scenario": start.scenario,
            "origin": start.origin,
            "system": start.system,
            "utc_ns": start.utc_ns,
            "link": start.link.0,
            "hosts": start.hosts,
        });
        writeln!(out, "{}", safe_json(&head.to_string()))?;
    }
    for (n, row) in all_rows(events).iter().enumerate() {
        let line = row_object(n, row, |text| text(lang).into());
        writeln!(out, "{}", safe_json(&line.to_string()))?;
    }
    Ok(())
}

/// A row with the words for its packet and for each of its sayings, in the languages that `words` asks for.
pub(in crate::views) fn row_object(
    n: usize,
    row: &Row,
    words: impl Fn(&dyn Fn(Lang) -> String) -> Value,
) -> Value {
    // A row has no map whose keys are no texts, and that is all that could fail.
    let mut object = serde_json::to_value(row).unwrap_or_default();
    object["event"] = "row".into();
    object["v"] = VERSION.into();
    object["n"] = n.into();
    if let Some(arrow) = &row.arrow {
        object["packet"]["text"] = words(&|lang| packet::label(arrow, lang));
    }
    let sayings = object["sayings"].as_array_mut();
    for (object, saying) in sayings.into_iter().flatten().zip(&row.sayings) {
        object["text"] = words(&|lang| sentence(saying, lang));
    }
    object
}
