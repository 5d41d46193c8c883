//! How a ladder is drawn: as was asked for, and as the output allows.

use std::io;
use std::path::Path;

use crate::args::lab_options::Drawing;
use crate::console::Console;
use crate::terminal::surface::Surface;
use crate::views::ladder::Style;

/// How many columns a ladder has where there is no terminal to ask.
const WIDTH: u16 = 120;
/// How many it has at most where lines are typed, or written by programs, in between: the widest layout has
/// calls beside the arrows, and then calls above them are easier to read.
const BETWEEN: u16 = 99;

/// Of a ladder that has its output for itself.
pub fn style(drawing: &Drawing, surface: Surface, console: Console) -> Style {
    Style {
        width: drawing.width.or(surface.columns).unwrap_or(WIDTH).into(),
        lang: console.lang,
        ascii: drawing.ascii || surface.ascii,
        colour: surface.colour,
        absolute: drawing.absolute,
        explain: !drawing.no_explain,
    }
}

/// Of a ladder that has other lines in between.
pub fn style_between(drawing: &Drawing, surface: Surface, console: Console) -> Style {
    let columns = surface.columns.unwrap_or(BETWEEN).min(BETWEEN);
    let columns = Some(columns);
    style(drawing, Surface { columns, ..surface }, console)
}

/// What a result is drawn on that may go to a file.
pub fn surface(output: Option<&Path>) -> Surface {
    match output {
        Some(path) if path != Path::new("-") => Surface::file(),
        _ => Surface::of(io::stdout()),
    }
}

/// How wide stdout is, or would be.
pub fn columns() -> u16 {
    Surface::of(io::stdout()).columns.unwrap_or(WIDTH)
}
