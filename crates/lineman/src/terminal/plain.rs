//! A terminal that lines cannot be edited on, like the shell of Emacs (`TERM=dumb`): it edits them itself.

use std::io;
use std::io::BufRead as _;
use std::thread;

use tokio::sync::mpsc;

use super::editor::Input;

/// The terminals that rustyline knows it cannot draw on.
const PLAIN: [&str; 3] = ["dumb", "cons25", "emacs"];

/// Whether the terminal is one of these.
pub fn is_plain() -> bool {
    let name = std::env::var("TERM").unwrap_or_default();
    PLAIN.iter().any(|plain| name.eq_ignore_ascii_case(plain))
}

/// Begins to read lines. ^C is a signal here.
///
/// # Errors
/// When the system gives no thread.
pub fn lines() -> io::Result<mpsc::UnboundedReceiver<Input>> {
    let (sender, inputs) = mpsc::unbounded_channel();
    let read = move || {
        let mut stdin = io::stdin().lock();
        loop {
            let mut line = Vec::new();
            let input = match stdin.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => Input::Eof,
                Ok(_) => {
                    line.pop_if(|byte| *byte == b'\n');
                    Input::Line(String::from_utf8_lossy(&line).into_owned())
                }
            };
            let ended = input == Input::Eof;
            // The end of input of a terminal is an event: more may follow.
            if sender.send(input).is_err() || (ended && line_is_closed()) {
                return;
            }
        }
    };
    thread::Builder::new()
        .name("lines".to_owned())
        .spawn(read)?;
    Ok(inputs)
}

/// Whether stdin has ended for good: a terminal that is gone gives nothing but ends.
fn line_is_closed() -> bool {
    rustix::termios::tcgetattr(io::stdin()).is_err()
}
