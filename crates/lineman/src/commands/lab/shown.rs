//! How a log is shown, wherever it comes from: the ladder's style, and where it goes.

use std::fs::File;
use std::io;
use std::io::IsTerminal as _;
use std::io::Write;

use lineman_net::Operation;
use lineman_net::SystemError;

use crate::args::lab::View;
use crate::console::Console;
use crate::failure::Failure;
use crate::views::ladder::Style;

/// The width where there is no terminal to ask.
const WIDTH: u16 = 120;

/// The ladder's style.
pub fn style(view: &View, console: Console) -> Style {
    let on_terminal = view.output.is_none() && io::stdout().is_terminal();
    let colour = on_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    Style {
        width: view.width.unwrap_or_else(|| columns(on_terminal)).into(),
        lang: console.lang,
        ascii: view.ascii || !crate::lang::is_utf8(),
        colour,
        explain: !view.no_explain,
    }
}

/// How wide stdout is, or would be.
pub fn columns(on_terminal: bool) -> u16 {
    let size = on_terminal.then(|| rustix::termios::tcgetwinsize(io::stdout()));
    match size {
        Some(Ok(size)) if size.ws_col > 0 => size.ws_col,
        _ => WIDTH,
    }
}

/// Where it goes.
///
/// # Errors
/// When the file cannot be made.
pub fn output(view: &View, console: Console) -> Result<Box<dyn Write>, Failure> {
    let Some(path) = &view.output else {
        return Ok(Box::new(io::BufWriter::new(io::stdout())));
    };
    let file = File::create(path)
        .map_err(SystemError::new(Operation::Create, path.display()))
        .map_err(|error| Failure::system(&error, console.lang))?;
    Ok(Box::new(io::BufWriter::new(file)))
}

/// What is to be said when that cannot be written to.
pub fn unwritable(view: &View, error: io::Error, console: Console) -> Failure {
    match &view.output {
        None => Failure::stdout(error, console.lang),
        Some(path) => {
            let error = SystemError::new(Operation::Write, path.display())(error);
            Failure::system(&error, console.lang)
        }
    }
}
