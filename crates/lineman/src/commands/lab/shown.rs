//! How a log is shown, wherever it comes from: the ladder's style.

use std::io;
use std::path::Path;

use crate::args::lab::View;
use crate::console::Console;
use crate::terminal::surface::Surface;
use crate::views::ladder::Style;

/// The width where there is no terminal to ask.
const WIDTH: u16 = 120;

/// The ladder's style.
pub fn style(view: &View, console: Console) -> Style {
    let is_file = |path: &Path| path != Path::new("-");
    let surface = match view.output.as_deref().is_some_and(is_file) {
        true => Surface::file(),
        false => Surface::of(io::stdout()),
    };
    Style {
        width: view.width.or(surface.columns).unwrap_or(WIDTH).into(),
        lang: console.lang,
        ascii: view.ascii || surface.ascii,
        colour: surface.colour,
        explain: !view.no_explain,
    }
}

/// How wide stdout is, or would be.
pub fn columns() -> u16 {
    Surface::of(io::stdout()).columns.unwrap_or(WIDTH)
}
