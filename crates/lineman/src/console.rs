//! Where a command speaks: sentences on stderr for people, JSON lines on stdout for programs.

use std::io;
use std::io::Write as _;

use lineman_proto::text::safe_json;
use lineman_proto::text::visible_lines;
use serde_json::Value;
use serde_json::json;

use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message;
use crate::log;
use crate::log::Level;
use crate::log::Log;

/// The version of the JSON schema (`docs/json.md`); it changes when a field changes its meaning.
pub const JSON_VERSION: u32 = 1;

/// How a command speaks to the outside.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    /// The language of sentences.
    pub lang: Lang,
    /// JSON lines instead of sentences.
    pub json: bool,
    /// Errors only.
    pub quiet: bool,
    /// Where it all goes instead, with the time: writing to it never waits and never fails.
    pub log: Option<&'static Log>,
}

impl Console {
    /// A sentence about what goes on: to stderr, unless `--quiet` or `--json`.
    pub fn note(&self, message: &dyn Message) {
        if !self.quiet && !self.json {
            self.line(Level::Info, &message.render(self.lang));
        }
    }

    /// A sentence that is shown even under `--quiet`: something was lost or went wrong.
    pub fn warn(&self, message: &dyn Message) {
        if !self.json {
            self.line(Level::Warning, &message.render(self.lang));
        }
    }

    /// A sentence that is ready, about something that failed and that no JSON event tells.
    pub fn say(&self, text: &str) {
        if !text.is_empty() {
            self.line(Level::Error, text);
        }
    }

    /// A line on stderr; a closed stderr is no reason to stop. Here, and not where each sentence is
    /// made, the names and words in it are made safe: a file's name may hold an escape sequence.
    fn line(&self, level: Level, text: &str) {
        let text = visible_lines(text);
        match self.log {
            Some(log) => log.line(level, &text),
            None => {
                let _ = writeln!(io::stderr(), "{text}");
            }
        }
    }

    /// Something that a server tells: to its log, as a sentence or with its fields, as the log is written; under `--json`
    /// as an event instead. Under `--quiet` errors only.
    pub fn record(&self, level: Level, name: &str, sentence: &str, fields: Value) {
        if self.json {
            if self.log.is_none_or(|log| log.takes(level)) {
                let _ = self.tell(name, fields); // a log takes everything
            }
        } else if !self.quiet || level == Level::Error {
            match self.log {
                Some(log) => log.record(level, name, &visible_lines(sentence), fields),
                None => self.line(level, sentence),
            }
        }
    }

    /// An event as one line of JSON on stdout, under `--json` only: `{"v":1,"event":NAME,…fields}`.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn tell(&self, name: &str, fields: Value) -> Result<(), Failure> {
        if !self.json {
            return Ok(());
        }
        match self.log {
            Some(log) => {
                log.event(json_line(name, fields, Some(log::now())));
                Ok(())
            }
            None => self.print(json_line(name, fields, None)),
        }
    }

    /// What was asked for, on stdout as it is.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn print(&self, text: impl AsRef<[u8]>) -> Result<(), Failure> {
        let written = io::stdout().lock().write_all(text.as_ref());
        written.map_err(|error| Failure::stdout(error, self.lang))
    }
}

/// An event as a line of JSON, with its end.
pub fn json_line(name: &str, fields: Value, time: Option<String>) -> String {
    let mut object = json!({ "v": JSON_VERSION, "event": name });
    if let (Value::Object(all), Value::Object(more)) = (&mut object, fields) {
        all.extend(time.map(|time| ("time".to_owned(), time.into())));
        all.extend(more);
    }
    safe_json(&object.to_string()).into_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_holds_no_control_character_and_means_the_same() {
        let text = "你好\x7f\u{9b}1m\u{202e}\u{e0041}\n\t";
        let json = json!({ "text": text }).to_string();
        let line = safe_json(&json);
        assert!(
            line.contains("你好\\u007f\\u009b1m\\u202e\\udb40\\udc41"),
            "{line}"
        );
        let back: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(back["text"], text);
    }
}
