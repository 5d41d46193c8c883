//! What a segment is in its connection: one word for each, of all that the dissection finds.

use lineman_proto::wire::flow;

use super::stream::Finder;

/// What a segment is in its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// It asks to open.
    Syn,
    /// It asks to open, as the peer has done already.
    SynCrossed,
    /// It agrees and asks in turn.
    SynAck,
    /// It agrees to a SYN that crossed its own.
    SynAckCrossed,
    /// The third of the handshake.
    AckThird,
    /// Bytes; `half` if the peer has finished sending.
    Data {
        /// Whether the peer has finished.
        half: bool,
    },
    /// It acknowledges bytes.
    Ack {
        /// How many more than before.
        bytes: i64,
        /// How long after they arrived.
        after_ns: Option<u64>,
    },
    /// It acknowledges the peer's FIN; `after_ns` is how long after it arrived.
    AckFin {
        /// Whether its sender had finished before, and the peer has acknowledged that.
        last: bool,
        /// How long after the FIN arrived.
        after_ns: Option<u64>,
    },
    /// It acknowledges the same as before while bytes are under way.
    AckDup {
        /// How many in a row.
        times: u32,
    },
    /// It only tells of another window.
    Window,
    /// It asks whether the peer still has no room.
    Probe,
    /// It asks whether the peer is still there.
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
    /// It answers what is for a socket that is gone.
    RstLate,
}

/// Numbers of a segment, counted from the first of its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Of its first byte.
    pub seq: i64,
    /// What it acknowledges.
    pub ack: Option<i64>,
    /// The window in bytes.
    pub window: u32,
    /// Whether the beginning was seen; else the first number seen counts as 1.
    pub from_start: bool,
}

/// A packet that was sent before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    /// The how manieth resend.
    pub times: u32,
    /// How long after it was sent last.
    pub wait_ns: u64,
    /// Which packet it was then.
    pub earlier: u64,
    /// Whether that was lost; `None` while its fate is open.
    pub earlier_lost: Option<bool>,
    /// Whether three equal acknowledgments asked for it (RFC 5681 §3.2); else a clock did.
    pub fast: bool,
    /// Whether it answers a packet of the peer that came again: no clock had it sent.
    pub answer: bool,
}

/// An acknowledgment this late was held back on purpose: Linux waits 40 ms.
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

/// The one word for a segment; the first that fits, from the rarest to the most usual.
pub(super) fn label(it: &Finder<'_>) -> Label {
    of_reset(it)
        .or_else(|| of_opening(it))
        .or_else(|| of_end(it))
        .or_else(|| of_asking(it))
        .or_else(|| of_data(it))
        .unwrap_or_else(|| of_acknowledgment(it))
}

fn of_reset(it: &Finder<'_>) -> Option<Label> {
    if !it.is_reset() {
        return None;
    }
    Some(match it.sender.fin {
        _ if it.is(flow::Label::Refused) => Label::RstRefused,
        Some(_) => Label::RstLate,
        None if it.is(flow::Label::AfterReset) => Label::RstLate,
        // It has never acknowledged anything: it answers an answer that it does not expect.
        None if it.is_unexpected() => Label::RstLate,
        None => Label::RstBroken,
    })
}

fn of_opening(it: &Finder<'_>) -> Option<Label> {
    let answers = it.is(flow::Label::SynAck);
    Some(match () {
        () if answers && it.sender.asked && it.sender.acked.is_none() => Label::SynAckCrossed,
        () if answers => Label::SynAck,
        () if it.is(flow::Label::SimultaneousSyn) => Label::SynCrossed,
        () if it.is(flow::Label::Syn) => Label::Syn,
        () => return None,
    })
}

fn of_end(it: &Finder<'_>) -> Option<Label> {
    if it.is(flow::Label::FinAckCombined) {
        return Some(Label::FinCombined);
    }
    if !it.is(flow::Label::Fin) {
        return None;
    }
    Some(match it.peer.fin {
        None => Label::FinFirst,
        Some(_) if it.sender.heard_fin => Label::FinSecond,
        Some(_) => Label::FinCrossed,
    })
}

fn of_asking(it: &Finder<'_>) -> Option<Label> {
    if it.is(flow::Label::WindowProbe) {
        Some(Label::Probe)
    } else if it.is(flow::Label::KeepAlive) {
        Some(Label::KeepAlive)
    } else {
        None
    }
}

fn of_data(it: &Finder<'_>) -> Option<Label> {
    let half = it.sender.heard_fin;
    (it.sent.len > 0).then_some(Label::Data { half })
}

fn of_acknowledgment(it: &Finder<'_>) -> Label {
    let after_ns = it.owed_ns;
    if it.is(flow::Label::HandshakeAck) {
        return Label::AckThird;
    }
    if it.is(flow::Label::AckOfFin) {
        // Where FINs have crossed, only the second of the two is the last, and neither waits for a FIN.
        let last = it.sender.fin.is_some() && it.peer.acked >= it.sender.fin;
        let after_ns = after_ns.filter(|_| last || it.sender.fin.is_none());
        return Label::AckFin { last, after_ns };
    }
    for label in &it.sent.labels {
        match label {
            flow::Label::DuplicateAck { nth } => return Label::AckDup { times: *nth },
            // That of a SYN was counted otherwise, so the next one is another in any case.
            flow::Label::WindowUpdate if it.sender.settled => return Label::Window,
            _ => {}
        }
    }
    match it.newly_acknowledged() {
        0 if it.is(flow::Label::ZeroWindow) => Label::Window,
        0 => Label::AckAgain,
        bytes => Label::Ack { bytes, after_ns },
    }
}
