//! Programs of an operator's that say, when a client asks, what it is served.

use std::fmt;
use std::io;
use std::time::Duration;

/// Takes what a controller answered. One that is dropped without an answer tells the client of an error of the
/// server.
pub type ControllerAnswer = Box<dyn FnOnce(Result<Vec<u8>, ControllerError>) + Send>;

/// How controllers are asked.
pub trait Controller: fmt::Debug + Send + Sync {
    /// Asks for what is at `url`, for no longer than `timeout`, and gives it to `answer`: from another thread,
    /// or before this returns. It never blocks.
    fn ask(&self, url: String, timeout: Duration, answer: ControllerAnswer);

    /// Begins to work: the server is confined by now and may have threads. Called once.
    ///
    /// # Errors
    /// When the system allows no more threads.
    fn start(&self) -> io::Result<()>;
}

/// Why a controller gave nothing to serve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControllerError {
    /// It has nothing for this client (404, 410).
    #[error("it has nothing for this client")]
    Declined,
    /// It answered with another status than 200.
    #[error("status {0}")]
    Status(u16),
    /// It took longer than it may.
    #[error("no answer in time")]
    TimedOut,
    /// It answered, with nothing.
    #[error("an empty answer")]
    Empty,
    /// As many questions wait for an answer as may.
    #[error("{limit} questions wait already")]
    Busy {
        /// How many may.
        limit: usize,
    },
    /// It answered a page for people.
    #[error("HTML, not a file")]
    Html,
    /// Its answer is longer than this many bytes.
    #[error("longer than {limit} bytes")]
    TooLong {
        /// How long it may be.
        limit: usize,
    },
    /// It cannot be reached, or the connection broke.
    #[error("{0}")]
    Unreachable(String),
}
