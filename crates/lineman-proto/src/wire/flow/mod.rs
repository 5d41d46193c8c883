//! What the packets of one conversation mean to each other.
//!
//! A packet is two events: its sender sends it, and later, or never, it is delivered. Tell a flow
//! both, in the order in which they happen and with their times; where only one can be seen, as in a
//! capture, tell both at once. What comes back are labels and numbers, not sentences.
//!
//! [`TcpFlows`] and [`TftpFlows`] find the conversation that a packet belongs to. A frame is taken apart once: what
//! a [`TcpFlow`] needs of it is a [`Segment`], which is small and borrows nothing.

mod accept;
mod arrive;
mod counts;
mod crossing;
mod depart;
mod found;
mod judge;
mod label;
mod life;
mod numbers;
mod outcome;
mod owed;
mod pair;
mod point;
mod received;
mod resent;
mod reset;
mod sacks;
mod segment;
mod side;
mod sight;
mod slots;
mod stamps;
mod state;
mod tcp;
mod tcp_flows;
mod tftp;
mod transitions;

#[cfg(test)]
mod capture_tests;
#[cfg(test)]
mod tests;

pub use counts::Counts;
pub use found::Delivered;
pub use found::Place;
pub use found::Sent;
pub use label::Again;
pub use label::Anew;
pub use label::Arrival;
pub use label::Cause;
pub use label::Label;
pub use label::Order;
pub use label::Prompt;
pub use label::Timer;
pub use label::Unbelieved;
pub use outcome::Ending;
pub use outcome::Opening;
pub use segment::Segment;
pub use slots::SlotId;
pub use slots::Slots;
pub use state::EndState;
pub use state::Source;
pub use state::TcpState;
pub use tcp::TcpFlow;
pub use tcp_flows::Captured;
pub use tcp_flows::FlowId;
pub use tcp_flows::Leaving;
pub use tcp_flows::Left;
pub use tcp_flows::TcpFlows;
pub use tftp::Arrivals;
pub use tftp::TftpEnd;
pub use tftp::TftpFlow;
pub use tftp::TftpFlows;
pub use tftp::TftpStep;

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
