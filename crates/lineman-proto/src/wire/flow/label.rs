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
    /// A SYN without ACK that stands within the numbers of a connection that goes on: no new one begins with it (RFC 5961 §4).
    SynInside,
    /// None of SYN, ACK and RST: no segment of a connection is like that (RFC 9293 §3.10.7.4).
    NoAck,
    /// The third of the handshake: its sender has seen the server's number.
    AckThird {
        /// Whether it answers an end that had asked to open, too: then it is no third of three.
        crossed: bool,
    },
    /// Bytes; `half` if the peer has finished sending and its sender knows.
    Data {
        /// Whether the peer has finished.
        half: bool,
    },
    /// It acknowledges bytes.
    Ack {
        /// How many more than before.
        bytes: i64,
        /// How long after the first of them arrived, in nanoseconds; `None` if that is long, and something has come since that had to be answered at once.
        after_ns: Option<u64>,
    },
    /// It acknowledges the peer's FIN.
    AckFin {
        /// How many bytes before the FIN it acknowledges as well.
        bytes: i64,
        /// Whether its sender had finished before, and has received the peer's ACK of that.
        last: bool,
        /// How long after the first of that arrived, in nanoseconds; `None` as in [`Ack`](Self::Ack), and where no FIN is waited for.
        after_ns: Option<u64>,
    },
    /// It acknowledges the same as before, because bytes behind a gap have arrived (RFC 5681 §4.2).
    AckDup {
        /// Which repetition, from 1.
        times: u32,
    },
    /// It only tells of another window.
    Window,
    /// It asks whether there is room now (RFC 9293 §3.8.6.1).
    Probe {
        /// Whether it carries a byte for which there is none; else it repeats an old number.
        byte: bool,
    },
    /// It asks whether the peer is still there (RFC 9293 §3.8.4).
    KeepAlive,
    /// It acknowledges the same as before.
    AckAgain(Prompt),
    /// It acknowledges the peer's SYN, or what came before all that was seen, and is the first ACK that was seen of its sender.
    AckFirst,
    /// It answers the peer's SYN, or SYN-ACK, by acknowledging what is of a connection before this one, of which its sender has its end still
    /// (RFC 9293 §3.5.1, figure 10).
    AckEarlier,
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
    /// It answers an acknowledgment of something that its sender has not sent, and that still waits for the answer to its SYN
    /// (RFC 9293 §3.5.2).
    RstWaiting,
    /// It answers bytes that came after its sender had finished: nobody there will read them (RFC 9293
    /// §3.6.1, RFC 1122 §4.2.2.13).
    RstUnheard,
}

/// An acknowledgment this late was held back on purpose: Linux waits 40 ms, others up to 500 (RFC 1122
/// §4.2.3.2).
pub(super) const HELD_BACK_NS: u64 = 30_000_000;

impl Label {
    /// How long after the first of what it acknowledges an acknowledgment was sent, in nanoseconds.
    pub fn after_ns(self) -> Option<u64> {
        match self {
            Self::Ack { after_ns, .. } | Self::AckFin { after_ns, .. } => after_ns,
            _ => None,
        }
    }

    /// How long an acknowledgment was held back, if it was, in nanoseconds.
    pub fn delay_ns(self) -> Option<u64> {
        self.after_ns().filter(|after| *after >= HELD_BACK_NS)
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

/// What had an end acknowledge the same once more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prompt {
    /// Nothing that was seen.
    #[default]
    Unseen,
    /// A segment that it had already.
    Known,
    /// The peer's SYN, which it had already, with the acknowledgment of its own SYN, which it had not: SYNs have crossed
    /// (RFC 9293 §3.5, figure 8).
    CrossedAnswer,
    /// A segment whose number it has passed, and that takes up none.
    Passed,
    /// A probe of its window, or a keep-alive.
    Probe,
}

/// A packet that was sent before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    /// Which repetition, from 1.
    pub times: u32,
    /// How long after it was sent last, in nanoseconds.
    pub wait_ns: u64,
    /// How long a timer of its sender can have run, in nanoseconds: since then, or since its last segment was sent
    /// again or an ACK came that acknowledged something new, if that was later. Both start the timer anew (RFC 8985 §7.3,
    /// RFC 6298 §5.3).
    pub timer_ns: u64,
    /// What has started that timer anew since, if anything has.
    pub anew: Option<Anew>,
    /// How long it was till then from the time before, if this is not the first repetition.
    pub last_wait_ns: Option<u64>,
    /// Which packet it was then: the latest with the first of its bytes.
    pub earlier: u64,
    /// What that packet took up of the numbers: from the first to behind the last; `None` where there are no
    /// numbers.
    pub covered: Option<(i64, i64)>,
    /// How many numbers it takes up that were never sent before.
    pub fresh: u32,
    /// What had it sent.
    pub cause: Cause,
}

/// What starts a retransmission timer anew that runs for a segment already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anew {
    /// An acknowledgment of what was sent before that segment has come (RFC 6298 §5.3).
    Acknowledged,
    /// The last segment was sent again, as a tail loss probe is (RFC 8985 §7.3).
    Tail,
    /// A tail loss probe was sent, as its TCP has told (RFC 8985 §7.3).
    Probe,
}

/// What had a packet sent again, as far as packets tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nothing that was seen, and too soon for a time-out of TCP.
    Silence,
    /// A timer of its sender: nothing else was seen, and so much time had passed.
    Timer(Timer),
    /// Three equal acknowledgments, or more: fast retransmit (RFC 5681 §3.2).
    Duplicates {
        /// How many.
        acks: u32,
    },
    /// Fewer, but a SACK says that something behind it has arrived (RFC 6675, RFC 8985).
    Sack {
        /// How many equal acknowledgments there were.
        acks: u32,
    },
    /// An acknowledgment of a part of what was under way when something was found lost (RFC 6582 §3.2).
    Progress,
    /// The same after a time-out: what was under way then is sent again, as acknowledgments come (RFC 5681 §3.1).
    SlowStart,
    /// What came was no answer to its SYN, and it has said so by a reset: Linux does not wait for its timer then.
    Rejected,
    /// A packet of the peer that came again, and that it answers. In TFTP that may be an ACK: a block that is sent
    /// again because of one is against RFC 1123 §4.2.3.1.
    Asked,
    /// An ACK of TFTP that has arrived, for a block before it: with windows, its sender goes on behind that block
    /// (RFC 7440 §4).
    Resumed,
    /// A block of TFTP that has arrived and does not follow the one that was acknowledged: with windows, its
    /// receiver says again what it has (RFC 7440 §4).
    Gap,
    /// A window that has opened: its first byte has been in the probe of the zero window, and the rest was not
    /// sent before.
    Probed,
    /// A window that has just opened: it was sent before although there was no room for it.
    Opened,
    /// Nobody: it is the same IP packet once more, doubled by the network or by the capture.
    Doubled,
}

/// Which timer expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// The retransmission time-out (RFC 6298): no other can have had it sent.
    Retransmission,
    /// That one, or the shorter one of a tail loss probe (RFC 8985 §7): packets do not tell which.
    Either,
    /// That of a SYN+ACK, or none: the peer's SYN came again, too, and has that answered. Packets do not tell which.
    OrAsked,
    /// One of the program (TFTP): UDP has none.
    Program,
}

/// What a segment is to its receiver, as it is delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrival {
    /// Just what was expected, or nothing to receive.
    #[default]
    InOrder,
    /// Something before it is missing.
    Early,
    /// The receiver had all of it already; it must acknowledge it once more (RFC 9293 §3.10.7.4).
    Known,
    /// A SYN that the receiver had already; it must answer once more.
    SynAgain,
    /// The peer's FIN, to an end in TIME-WAIT, where time begins anew (RFC 9293 §3.10.7.4).
    FinAgain,
    /// A FIN before which something is missing, and which the receiver discards: smoltcp keeps none.
    FinTooEarly,
    /// What of it is new lies beyond the window of 0 that the receiver has announced: it discards that, and answers by an ACK (RFC 9293
    /// §3.10.7.4).
    NoRoom,
    /// Its timestamp is older than one that the receiver has heard: that throws it away, and answers by an ACK (RFC 7323
    /// §5).
    Stale,
    /// What it acknowledges is older than any segment would that belongs to this connection, and is not late by more than a window: the
    /// receiver throws it away, and answers by an ACK (RFC 5961 §5.2).
    OldAck,
    /// It takes up no number, and its own is one that the receiver has passed: that heeds nothing in it, and answers by an
    /// ACK (RFC 9293 §3.10.7.4).
    Passed {
        /// The number that is due.
        due: i64,
    },
    /// A reset that the receiver does not believe.
    ResetIgnored(Unbelieved),
    /// Its checksum is wrong: the receiver ignores it.
    Damaged,
    /// The receiver's end of the connection is gone: nobody takes it in.
    Gone,
}

/// Which check a reset has not passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unbelieved {
    /// Its number lies outside of the window: it is discarded silently (RFC 9293 §3.10.7.4).
    Outside {
        /// The number that is due.
        due: i64,
    },
    /// Its number lies in the window, but is not the one that is due: by RFC 9293 §3.10.7.4 (RFC 5961 §3.2) a challenge ACK asks its
    /// sender for another.
    NotDue {
        /// The number that is due.
        due: i64,
    },
    /// The receiver waits for the answer to its SYN, and this does not acknowledge that (RFC 9293 §3.10.7.3).
    NoAnswer,
}
