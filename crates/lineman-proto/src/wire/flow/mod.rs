//! What the packets of one conversation mean to each other.
//!
//! A packet is two events: its sender sends it, and later, or never, it is delivered. Tell a flow
//! both, in the order in which they happen; where only one can be seen, as in a capture, tell both
//! at once. What comes back are labels, not sentences.

mod judge;
mod label;
mod numbers;
mod side;
mod tcp;
mod tftp;

#[cfg(test)]
mod tests;

pub use label::Arrival;
pub use label::Label;
pub use label::TftpLabel;
pub use tcp::Sent;
pub use tcp::TcpFlow;
pub use tftp::TftpFlow;
pub use tftp::TftpSent;

/// Which way a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// From the client, who began, to the server.
    Forth,
    /// From the server to the client.
    Back,
}

impl Way {
    /// The other way.
    pub fn other(self) -> Self {
        match self {
            Self::Forth => Self::Back,
            Self::Back => Self::Forth,
        }
    }
}
