//! How a log is shown: every view and export is a function of its events, and of nothing else.

pub mod cells;
pub mod conversations;
#[cfg(test)]
mod crafted;
pub mod exercise;
pub mod export;
pub mod figures;
pub mod ladder;
#[cfg(test)]
pub mod logs;
pub mod packet;
pub mod page;
pub mod scene;
pub mod text;
pub mod tui;
pub mod watch;
pub mod words;
