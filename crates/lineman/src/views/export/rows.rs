//! Rows of the ladder as JSON, one a line: ids and fields of all that is said, and the words.

use std::io;
use std::io::Write;

use lineman_proto::text::safe_json;
use lineman_trace::log::Start;
use lineman_trace::story::Row;
use lineman_trace::story::Story;
use serde_json::Value;
use serde_json::json;

use super::of_rows::Rows;
use crate::lang::Lang;
use crate::views::packet;
use crate::views::words::sentence;

/// The version of this form (`docs/json.md`).
const VERSION: u32 = 1;

/// The head of the ladder, then its rows.
pub(super) struct Lines {
    lang: Lang,
    /// How many rows there were.
    n: usize,
}

impl Lines {
    pub(super) fn new(lang: Lang) -> Self {
        Self { lang, n: 0 }
    }
}

impl Rows for Lines {
    fn begin(&mut self, start: Option<Start>, out: &mut dyn Write) -> io::Result<()> {
        let Some(start) = start else { return Ok(()) };
        let head = json!({
            "event": "ladder",
            "v": VERSION,
            "lang": match self.lang {
                Lang::En => "en",
                Lang::Zh => "zh",
            },
            "scenario": start.scenario,
            "origin": start.origin,
            "system": start.system,
            "utc_ns": start.utc_ns,
            "link": start.link.0,
            "hosts": start.hosts,
        });
        writeln!(out, "{}", safe_json(&head.to_string()))
    }

    fn rows(&mut self, rows: Vec<Row>, _: &Story, out: &mut dyn Write) -> io::Result<()> {
        for row in rows {
            let line = row_object(self.n, &row, |text| text(self.lang).into());
            writeln!(out, "{}", safe_json(&line.to_string()))?;
            self.n += 1;
        }
        Ok(())
    }

    fn end(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
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
