//! What ladder and pictures write alike.

use lineman_trace::log::Answer;
use lineman_trace::story::CallCell;

use crate::views::text::clean;
use crate::views::text::cut;

/// How much of an argument or an answer is shown, in columns: a megabyte is no reading.
const LONGEST: usize = 48;

/// Seconds since the lab began.
pub fn time(t_ns: u64) -> String {
    let (seconds, millis) = (t_ns / 1_000_000_000, t_ns / 1_000_000 % 1000);
    format!("{:>8}", format!("{seconds}.{millis:03}"))
}

/// A call as a programmer writes it: begun (with `more` to come), returned, or both.
pub fn call(cell: &CallCell, more: &str) -> String {
    let name = &cell.name;
    let fd = cell.fd.map(|fd| fd.to_string());
    let short = |text: &String| cut(text, LONGEST, more);
    let args: Vec<String> = fd.into_iter().chain(cell.args.iter().map(short)).collect();
    let begun = match cell.begins {
        true => format!("{name}({})", args.join(", ")),
        false => format!("{name}()"),
    };
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
