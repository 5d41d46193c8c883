//! What touches the user's terminal: the line editor, and giving the terminal back as it was.

pub mod editor;
pub mod guard;
pub mod screen;
mod watch;
