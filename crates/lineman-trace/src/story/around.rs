//! What is known beside a row, and what its sayings need of other rows.

use std::net::SocketAddr;

use super::Ends;
use crate::log::Congestion;
use crate::log::Counted;

/// What is known beside a row.
#[derive(Debug, Default)]
pub(super) struct Around {
    /// A listener at the port that the row's segment comes from, or that its ICMP error is about, but at another address.
    pub(super) elsewhere: Option<SocketAddr>,
    /// The end that the socket is connected to which has the port that the row's ICMP error is about.
    pub(super) only_from: Option<SocketAddr>,
    /// Whose program has closed the socket that the row is about.
    pub(super) closed: Ends<bool>,
    /// Whether the kernel of the packet's sender ends the connection, because its program has ended without a call for it.
    pub(super) left_open: bool,
    /// Whether a close() of the packet's sender has returned before, which has not ended the connection.
    pub(super) closed_before: bool,
    /// Whether the packet's receiver takes a connection in only with its first data (tcp(7), TCP_DEFER_ACCEPT).
    pub(super) defers: bool,
    /// Whose new socket has taken the place of one in TIME-WAIT.
    pub(super) replaced: Ends<bool>,
    /// Whose program has shut a listener down.
    pub(super) shut_listener: Ends<bool>,
    /// Whether the packet's sender breaks off what accept() has not returned, and its listener is gone.
    pub(super) untaken: bool,
    /// Whose accept() has returned a connection of a listener whose descriptor was closed while it waited.
    pub(super) deserted: Ends<bool>,
    /// Whose program has its socket still, and has shut down receiving.
    pub(super) deaf: Ends<bool>,
    /// Whose state has changed because its program has ended.
    pub(super) ended: Ends<bool>,
    /// Whether all that a program has handed over had left when it ended its direction; `None` where that is not known.
    pub(super) all_left: Ends<Option<bool>>,
    /// How large the congestion window was then, in segments, if its kernel says that it was full.
    pub(super) full_window: Ends<Option<u32>>,
    /// What a TCP has counted about what arrived.
    pub(super) counted: Vec<Counted>,
    /// Whether the log tells the states of all hosts.
    pub(super) all_asked: bool,
    /// How the program asks that the row's RST refuses, if a call has told.
    pub(super) connecting: Option<Connecting>,
    /// How the sender of the datagram hears of the row's ICMP error, where calls tell.
    pub(super) hears: Option<Hears>,
    /// What the congestion control of the sender has come to.
    pub(super) congestion: Option<Congestion>,
    /// How many packets are to overtake the row's packet, by the rule that holds it.
    pub(super) wanted: Option<u32>,
    /// Whether a rule has it arrive later.
    pub(super) delayed: bool,
    /// Whether both ends are simulated.
    pub(super) is_simulated: bool,
}

/// How a program is told that its datagram was received by no program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hears {
    /// By this call, which waits on the connected socket.
    Waits {
        /// Its name.
        name: String,
    },
    /// By a later call on the connected socket.
    Later,
    /// Not at all: the socket is not connected.
    Never,
    /// Not at all: the socket is connected to another end than the datagram was for.
    NotOf {
        /// To which.
        peer: SocketAddr,
    },
    /// Not at all: it has closed the socket.
    Gone,
    /// Not at all: it has ended.
    Ended,
    /// Not at all: the lab itself has made the datagram.
    Forged,
}

/// How a program waits for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connecting {
    /// In the call.
    InTheCall,
    /// Not at all: it asks later.
    Later,
    /// Not at all: its calls are known, and none has the socket any more.
    Nobody,
}
