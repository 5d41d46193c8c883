//! What a packet is in its conversation.

/// What a segment is, as it is sent. A segment may have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Label {
    /// The client asks to open.
    Syn,
    /// The other end asks to open too, before it heard of the first (RFC 9293 §3.5, figure 8).
    SimultaneousSyn,
    /// The server agrees.
    SynAck,
    /// A SYN-ACK begins to count anew: the one before is void.
    Renumbered,
    /// The ports were in use before, by a connection that is over.
    NewConnection,
    /// The third segment: the client has seen the server's number.
    HandshakeAck,
    /// Bytes not sent before. On a SYN it is fast open (RFC 7413).
    Data,
    /// Nothing but an acknowledgment, and none of the more special ones below.
    PureAck,
    /// The n-th repetition of an acknowledgment, while bytes are under way to its sender.
    DuplicateAck {
        /// Which repetition, from 1.
        nth: u32,
    },
    /// Sent before.
    Retransmission {
        /// The latest packet with any of its bytes.
        of: u64,
        /// The how-manieth time, from 1.
        nth: u32,
    },
    /// Sent before, and repeated because of acknowledgments (RFC 5681 §3.2, RFC 2018), not a clock.
    FastRetransmission {
        /// The latest packet with any of its bytes.
        of: u64,
    },
    /// The same IP packet once more: the network, or the capture, has doubled it.
    Copy {
        /// Of which.
        of: u64,
    },
    /// Older than what was seen before it, and not seen before.
    OutOfOrder,
    /// Something before it was never seen.
    Gap,
    /// The sender has finished sending.
    Fin,
    /// As [`Fin`](Self::Fin), and at once the first acknowledgment of the peer's FIN: two of the four
    /// segments of the textbook's close in one.
    FinAckCombined,
    /// The peer's FIN is acknowledged for the first time, perhaps along with data.
    AckOfFin,
    /// Is the peer still there? (RFC 9293 §3.8.4)
    KeepAlive,
    /// The answer to a keep-alive or a window probe that has nothing new to tell.
    ProbeAnswer,
    /// No room for more.
    ZeroWindow,
    /// Is there room now? (RFC 9293 §3.8.6.1)
    WindowProbe,
    /// The window has changed, nothing else.
    WindowUpdate,
    /// Nobody listens there: the answer to a SYN.
    Refused,
    /// The connection is broken off.
    Abort,
    /// The connection was reset before; the segment is too late.
    AfterReset,
    /// The conversation was under way when its first packet was seen; its numbers are relative to
    /// that.
    MidStream,
}

/// What a segment is to its receiver, as it is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Nothing to receive, or just what was expected.
    InOrder,
    /// What was expected, and what had come too early now joins it.
    FillsGap,
    /// Something before it is missing.
    OutOfOrder,
    /// The receiver had it all.
    Already,
    /// Its checksum is wrong: the receiver ignores it.
    Damaged,
}

/// What a TFTP packet is, as it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TftpLabel {
    /// A read or write request.
    Request,
    /// The same again.
    RepeatedRequest,
    /// The first packet from the server: its port is its TID from now on.
    ServerTid,
    /// Options are acknowledged.
    Options,
    /// The same again.
    RepeatedOptions,
    /// Block 1.
    FirstData,
    /// Another block, in order.
    Data,
    /// A block that was sent before.
    RepeatedData {
        /// The how-manieth time, from 1.
        nth: u32,
    },
    /// A block shorter than the others: there are no more.
    LastBlock,
    /// An acknowledgment of something new; with block 0, of a request or its options.
    Ack,
    /// The acknowledgment of the last block.
    LastAck,
    /// The n-th repetition of an acknowledgment.
    DuplicateAck {
        /// Which repetition, from 1.
        nth: u32,
    },
    /// From or to a port that has no part in the transfer.
    WrongTid,
    /// The transfer is broken off.
    Error,
}
