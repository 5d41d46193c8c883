//! What a packet is in its conversation.

/// What a segment is, as it is sent: one word for each, the rarest that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// It asks to open.
    Syn,
    /// It asks to open, as the peer has done already (RFC 9293 §3.5, figure 8).
    SynCrossed,
    /// It agrees and asks in turn.
    SynAck,
    /// It agrees to a SYN that crossed its own.
    SynAckCrossed,
    /// The third of the handshake: its sender has seen the server's number.
    AckThird,
    /// Bytes; `half` if the peer has finished sending and its sender knows.
    Data {
        /// Whether the peer has finished.
        half: bool,
    },
    /// It acknowledges bytes.
    Ack {
        /// How many more than before.
        bytes: i64,
        /// How long after they arrived, in nanoseconds.
        after_ns: Option<u64>,
    },
    /// It acknowledges the peer's FIN.
    AckFin {
        /// Whether its sender had finished before, and has received the peer's ACK of that.
        last: bool,
        /// How long after the FIN arrived, in nanoseconds.
        after_ns: Option<u64>,
    },
    /// It acknowledges the same as before while bytes are under way (RFC 5681 §2).
    AckDup {
        /// Which repetition, from 1.
        times: u32,
    },
    /// It only tells of another window.
    Window,
    /// It asks whether there is room now (RFC 9293 §3.8.6.1).
    Probe,
    /// It asks whether the peer is still there (RFC 9293 §3.8.4).
    KeepAlive,
    /// It acknowledges the same as before.
    AckAgain,
    /// The first of the two ends.
    FinFirst,
    /// The second end, after the first was acknowledged apart.
    FinSecond,
    /// The second end and the acknowledgment of the first in one.
    FinCombined,
    /// An end that crosses the peer's.
    FinCrossed,
    /// Nobody listens where the SYN went.
    RstRefused,
    /// It breaks the connection off.
    RstBroken,
    /// It answers what is for a socket that is gone, or that never was.
    RstLate,
}

/// An acknowledgment this late was held back on purpose: Linux waits 40 ms, others up to 500 (RFC 1122
/// §4.2.3.2).
const HELD_BACK_NS: u64 = 30_000_000;

impl Label {
    /// How long an acknowledgment was held back, if it was.
    pub fn delay_ns(self) -> Option<u64> {
        match self {
            Self::Ack { after_ns, .. } | Self::AckFin { after_ns, .. } => {
                after_ns.filter(|after| *after >= HELD_BACK_NS)
            }
            _ => None,
        }
    }
}

/// Where a segment stands in the stream of its sender, as it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Just behind what was sent before, or again.
    Next,
    /// Something before it was never seen.
    Gap,
    /// Older than what was seen before it, and not seen before.
    Late,
}

/// A packet that was sent before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    /// Which repetition, from 1.
    pub times: u32,
    /// How long after it was sent last, in nanoseconds.
    pub wait_ns: u64,
    /// Which packet it was then: the latest with any of its bytes.
    pub earlier: u64,
    /// What had it sent.
    pub cause: Cause,
}

/// What had a packet sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nothing that was seen: a clock of its sender, as far as that tells.
    Silence,
    /// Acknowledgments say that it is missing (RFC 5681 §3.2, RFC 2018).
    Acks,
    /// A packet of the peer that came again, and that it answers.
    Asked,
    /// Nobody: it is the same IP packet once more, doubled by the network or by the capture.
    Doubled,
}

/// What a segment is to its receiver, as it is delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrival {
    /// Just what was expected, or nothing to receive.
    #[default]
    InOrder,
    /// Something before it is missing.
    Early,
    /// The receiver had all of it already.
    Known,
    /// Its checksum is wrong: the receiver ignores it.
    Damaged,
    /// The receiver's end of the connection is gone: nobody takes it in.
    Gone,
}
