//! What touches the user's terminal: the line editor, and giving the terminal back as it was.

pub mod editor;
mod editor_state;
pub mod guard;
mod plain;
mod rows;
pub mod screen;
pub mod stop;
pub mod surface;
