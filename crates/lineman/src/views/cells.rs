//! What ladder and pictures write alike.

use lineman_trace::log::Answer;
use lineman_trace::log::Host;
use lineman_trace::log::Numbered;
use lineman_trace::log::Start;
use lineman_trace::story::CallCell;
use lineman_trace::story::Known;
use lineman_trace::story::StateCell;
use lineman_trace::story::millis;

use crate::views::text::clean;
use crate::views::text::cut;

/// How much of an argument or an answer is shown, in columns: a megabyte is no reading.
const LONGEST: usize = 48;

/// Seconds since the lab began.
pub fn time(t_ns: u64) -> String {
    let millis = millis(t_ns);
    let (seconds, millis) = (millis / 1000, millis % 1000);
    format!("{:>8}", format!("{seconds}.{millis:03}"))
}

/// The address that stands above a column, where the log names one.
pub fn address(start: &Start, host: Host) -> String {
    let address = start.address(host);
    address.map_or_else(|| "?".to_owned(), |address| address.to_string())
}

/// How many bytes are in a queue, and the flag that a kernel counts with them.
pub fn queued(bytes: u32, flag: Option<Numbered>) -> String {
    match flag {
        Some(flag) if bytes == 0 => flag.name().to_owned(),
        Some(flag) => format!("{bytes}+{}", flag.name()),
        None => bytes.to_string(),
    }
}

/// What stands before the name of a state that no TCP has told of.
pub fn mark(known: Known) -> &'static str {
    match known {
        Known::Deduced | Known::Passed => "~",
        Known::Contradicted => "?",
        Known::Kernel | Known::Simulated => "",
    }
}

/// Whether packets tell of a state, and no TCP has.
pub fn is_deduced(cell: &StateCell) -> bool {
    !mark(cell.known).is_empty()
}

/// The state that a row leaves a socket in.
pub fn state(cell: &StateCell) -> String {
    format!("{}{}", mark(cell.known), cell.after.name())
}

/// The same, and which connection its socket is of, where the row says so nowhere else.
pub fn state_of(cell: &StateCell) -> String {
    let own = cell.connection.map(|it| format!("{it} "));
    own.unwrap_or_default() + &state(cell)
}

/// A call as a programmer writes it: begun (with `more` to come), returned, or both.
pub fn call(cell: &CallCell, more: &str) -> String {
    let name = &cell.name;
    let fd = cell.fd.map(|fd| fd.to_string());
    let short = |text: &String| cut(text, LONGEST, more);
    let args: Vec<String> = fd.into_iter().chain(cell.args.iter().map(short)).collect();
    let begun = match cell.begins {
        true => format!("{name}({})", args.join(", ")),
        // Without its flags it would seem to be another: what was peeked at is received again.
        false => match cell.args.iter().find(|arg| arg.starts_with("MSG_")) {
            Some(flags) => format!("{name}({more}, {})", short(flags)),
            None => format!("{name}()"),
        },
    };
    let lead = cell.connection.map(|it| format!("{it} "));
    // Its answer was not there when it began.
    let whole = cell.begins && cell.answer.is_some();
    let waited = match cell.waited && whole {
        true => format!(" {more}"),
        false => String::new(),
    };
    let begun = lead.unwrap_or_default() + &begun + &waited;
    clean(&match &cell.answer {
        None => format!("{begun} {more}"),
        Some(Answer::Value(value)) => format!("{begun} = {}", short(value)),
        Some(Answer::Error(error)) if is_errno(error) => format!("{begun} = -1 {error}"),
        // An exception is raised: nothing is returned.
        Some(Answer::Error(error)) => format!("{begun} = {error}"),
    })
}

/// Whether it is the name of an error (errno(3)), and not of an exception of Python.
fn is_errno(error: &str) -> bool {
    error.chars().all(|sign| !sign.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use lineman_trace::log::Call;

    use super::*;

    /// `recv() = 5 "hello"` stood twice below its packet: the first was a peek.
    #[test]
    fn what_was_peeked_at_seemed_to_be_received() {
        let begun = CallCell::begun(
            &Call {
                id: 1,
                host: Host::Server,
                program: None,
                fd: Some(4),
                socket: None,
                name: "recv".to_owned(),
                args: vec!["100".to_owned(), "MSG_PEEK".to_owned()],
                answer: None,
            },
            0,
        );
        assert_eq!(call(&begun, "…"), "recv(4, 100, MSG_PEEK) …");
        let mut returned = CallCell {
            begins: false,
            answer: Some(Answer::Value("5 \"hello\"".to_owned())),
            ..begun
        };
        assert_eq!(call(&returned, "…"), "recv(…, MSG_PEEK) = 5 \"hello\"");
        returned.args = vec!["\"MSG_PEEK\"".to_owned()];
        assert_eq!(call(&returned, "…"), "recv() = 5 \"hello\"");
    }
}
