//! Line chat over TCP, as `nc`, `ncat`, `socat` and `telnet` speak it: plain text, no framing.
//!
//! [`Session`] is one call. Its driver hands in what arrived, what the user typed and what the
//! kernel says about delivery; it gets back bytes to send and events that are safe to show.
//!
//! | part | what it knows |
//! |---|---|
//! | [`Lines`] | where a line ends, in any convention, however the bytes were split |
//! | [`Telnet`] | which bytes are telnet's, and how to refuse what it offers |
//! | [`Session`] | both directions, what was delivered, what is due when |
//! | [`BusyDetector`] | that a listener turned us away |
//! | [`Screen`] | a byte stream made safe for a terminal, without lines |

mod busy;
mod lines;
mod screen;
mod session;
mod telnet;
mod types;

pub use busy::BUSY;
pub use busy::BusyDetector;
pub use lines::Lines;
pub use lines::MAX_LINE;
pub use lines::Piece;
pub use screen::Screen;
pub use session::QUIET;
pub use session::Session;
pub use telnet::Telnet;
pub use types::Config;
pub use types::Direction;
pub use types::Event;
pub use types::SendError;
pub use types::Totals;
pub use types::Transmit;
pub use types::Undelivered;
pub use types::Until;

/// How many bytes at the end of `bytes` are a character of UTF-8 whose rest has not arrived.
fn incomplete_tail(bytes: &[u8]) -> usize {
    let last = bytes.utf8_chunks().last();
    let invalid = last.map_or(&[][..], |chunk| chunk.invalid());
    match std::str::from_utf8(invalid) {
        Err(error) if error.error_len().is_none() => invalid.len(),
        _ => 0,
    }
}
