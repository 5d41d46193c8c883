//! How a log is shown, wherever it comes from: the ladder's style.

use std::io;
use std::io::IsTerminal as _;
use std::path::Path;

use crate::args::lab::View;
use crate::console::Console;
use crate::views::ladder::Style;

/// The width where there is no terminal to ask.
const WIDTH: u16 = 120;

/// The ladder's style.
pub fn style(view: &View, console: Console) -> Style {
    let to_file = view
        .output
        .as_ref()
        .is_some_and(|path| path != Path::new("-"));
    let on_terminal = !to_file && io::stdout().is_terminal();
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
