//! The lab's page: what a browser is told of a log, as messages of JSON. The page itself, its script and its
//! style are in `crates/lineman/page/`; it knows nothing that is not in these messages.

mod model;
mod words;

#[cfg(test)]
mod tests;

pub use model::FrameBytes;
pub use model::Message;
pub use model::Model;
pub use words::words;
