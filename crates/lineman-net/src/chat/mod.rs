//! Chat over TCP: listening, calling, and the two ways to hold a call.
//!
//! [`Listener`] and [`dial()`] give a connected stream. [`Talk`] drives a
//! [`Session`](lineman_proto::chat::Session) over it, line by line; [`pipe()`] carries bytes exactly
//! as they are. Both know what reached the peer's TCP and neither closes in a way that destroys
//! data: a close with unread bytes makes the kernel send a reset.

mod dial;
mod link;
mod listen;
mod pipe;
mod talk;
mod threads;

pub use dial::Attempt;
pub use dial::DialError;
pub use dial::dial;
pub use listen::Listener;
pub use pipe::PipeConfig;
pub use pipe::PipeEnd;
pub use pipe::PipeError;
pub use pipe::PipeInput;
pub use pipe::PipeNotice;
pub use pipe::PipeTotals;
pub use pipe::pipe;
pub use talk::Talk;
pub use threads::InputLine;
pub use threads::LineInput;
pub use threads::MAX_INPUT_LINE;
