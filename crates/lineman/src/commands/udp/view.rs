//! What a session shows: payloads on stdout, everything about them on stderr.

use std::io;
use std::io::IsTerminal as _;
use std::io::Write as _;
use std::net::SocketAddr;

use lineman_proto::datagram::show;
use serde_json::Value;
use serde_json::json;

use crate::args::udp::Form;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::Message;
use crate::lang::udp::Udp;
use crate::terminal::editor::Editor;

/// The output of a session.
pub struct View {
    console: Console,
    raw: bool,
    /// What is typed on the same terminal must survive what is shown.
    editor: Option<Editor>,
}

impl View {
    /// Output without an editor.
    pub fn new(console: Console, form: &Form) -> Self {
        let raw = form.raw;
        Self {
            console,
            raw,
            editor: None,
        }
    }

    /// Output above the draft of an editor.
    pub fn with_editor(console: Console, editor: Editor) -> Self {
        Self {
            console,
            raw: false,
            editor: Some(editor),
        }
    }

    /// Whether a person types at the editor.
    pub fn is_edited(&self) -> bool {
        self.editor.is_some()
    }

    /// Shows the next prompt of the editor.
    pub fn go_on(&self) {
        if let Some(editor) = &self.editor {
            editor.go_on();
        }
    }

    /// Waits until a datagram can be shown: those of a peer that is faster than the terminal stay
    /// in the socket, where the kernel drops what is too much.
    pub async fn room(&self) {
        if let Some(editor) = &self.editor {
            editor.room().await;
        }
    }

    /// Ends the editor: what is shown from now on goes straight to the terminal.
    pub fn close_editor(&mut self) {
        self.editor = None;
    }

    /// Whom the prompt of the line that was finished last named.
    pub fn addressee(&self) -> Option<u64> {
        self.editor.as_ref().and_then(Editor::addressee)
    }

    /// A datagram of peer `number`, which is `named` by it where several may be heard: the user can answer to
    /// that number.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn datagram(
        &mut self,
        from: SocketAddr,
        number: u64,
        named: Option<u64>,
        payload: &[u8],
    ) -> Result<(), Failure> {
        if self.console.json {
            return self
                .console
                .tell("datagram", datagram_fields(from, number, payload));
        }
        if self.raw {
            self.console.print(payload)?;
            let flushed = io::stdout().flush();
            return flushed.map_err(|error| Failure::stdout(error, self.console.lang));
        }
        let sender = match named {
            Some(number) => format!("@{number} {from}"),
            None => from.to_string(),
        };
        let text = show(&sender, payload, &Udp::Empty {}.render(self.console.lang));
        match &self.editor {
            Some(editor) => {
                if let Some(number) = named {
                    editor.address(number); // before the prompt is drawn again
                }
                editor.say(&text, sender.len() + "[] ".len());
                Ok(())
            }
            None => self.console.print(text + "\n"),
        }
    }

    /// A sentence about what goes on.
    pub fn note(&mut self, message: &dyn Message) {
        if !self.console.quiet {
            self.warn(message);
        }
    }

    /// A sentence that is shown even under `--quiet`.
    pub fn warn(&mut self, message: &dyn Message) {
        match &self.editor {
            Some(editor) if io::stderr().is_terminal() => {
                editor.note(&message.render(self.console.lang));
            }
            _ => self.console.warn(message),
        }
    }

    /// An event under `--json`.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn tell(&self, name: &str, fields: Value) -> Result<(), Failure> {
        self.console.tell(name, fields)
    }
}

fn datagram_fields(from: SocketAddr, number: u64, payload: &[u8]) -> Value {
    let mut fields = json!({ "from": from.to_string(), "n": number, "bytes": payload.len() });
    match std::str::from_utf8(payload) {
        Ok(text) => fields["text"] = text.into(),
        Err(_) => fields["hex"] = hex(payload).into(),
    }
    fields
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    let both = |byte: &u8| [digit(byte >> 4), digit(byte & 15)];
    bytes.iter().flat_map(both).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_as_text_and_other_bytes_as_hexadecimal() {
        let from = SocketAddr::from(([192, 0, 2, 7], 42));
        let text = datagram_fields(from, 1, "你\n".as_bytes());
        assert_eq!(
            text,
            json!({ "from": "192.0.2.7:42", "n": 1, "bytes": 4, "text": "你\n" })
        );
        let binary = datagram_fields(from, 2, b"\xff\x0a");
        assert_eq!(
            binary,
            json!({ "from": "192.0.2.7:42", "n": 2, "bytes": 2, "hex": "ff0a" })
        );
    }
}
