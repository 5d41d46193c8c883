//! What both say of packets, each in the words of the other.

use lineman_proto::wire::flow::Again;
use lineman_proto::wire::flow::Captured;
use lineman_proto::wire::flow::Cause;
use lineman_proto::wire::flow::Label;
use lineman_proto::wire::flow::Order;
use lineman_proto::wire::flow::Prompt;

/// Something that both can say of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// It carries numbers that are behind what was seen of its sender.
    Behind,
    /// It comes late, and was not seen before.
    Late,
    /// Acknowledgments had it sent again.
    Fast,
    /// Something before it was not seen.
    Gap,
    /// It acknowledges what was not seen.
    AckUnseen,
    DupAck,
    WindowUpdate,
    ZeroWindow,
    WindowFull,
    KeepAlive,
    KeepAliveAck,
    Probe,
    ProbeAck,
    PortsReused,
}

impl Mark {
    pub const ALL: [Self; 14] = [
        Self::Behind,
        Self::Late,
        Self::Fast,
        Self::Gap,
        Self::AckUnseen,
        Self::DupAck,
        Self::WindowUpdate,
        Self::ZeroWindow,
        Self::WindowFull,
        Self::KeepAlive,
        Self::KeepAliveAck,
        Self::Probe,
        Self::ProbeAck,
        Self::PortsReused,
    ];

    /// The fields of Wireshark that say so.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Behind => &[
                "retransmission",
                "fast_retransmission",
                "spurious_retransmission",
                "out_of_order",
            ],
            Self::Late => &["out_of_order"],
            Self::Fast => &["fast_retransmission"],
            Self::Gap => &["lost_segment"],
            Self::AckUnseen => &["ack_lost_segment"],
            Self::DupAck => &["duplicate_ack"],
            Self::WindowUpdate => &["window_update"],
            Self::ZeroWindow => &["zero_window"],
            Self::WindowFull => &["window_full"],
            Self::KeepAlive => &["keep_alive"],
            Self::KeepAliveAck => &["keep_alive_ack"],
            Self::Probe => &["zero_window_probe"],
            Self::ProbeAck => &["zero_window_probe_ack"],
            Self::PortsReused => &["reused_ports"],
        }
    }
}

/// Some of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(u16);

impl Marks {
    pub fn has(self, mark: Mark) -> bool {
        self.0 & (1 << mark as u16) != 0
    }

    pub fn put(&mut self, mark: Mark, is: bool) {
        self.0 |= u16::from(is) << mark as u16;
    }

    pub fn names(self) -> Vec<Mark> {
        Mark::ALL
            .into_iter()
            .filter(|mark| self.has(*mark))
            .collect()
    }
}

/// What the tracker has said of a packet, beside its label.
pub struct Said {
    pub captured: Captured,
    /// How often its sender had closed its window, and acknowledged what was not seen, before it and with it.
    pub closed: [u32; 2],
    pub unseen_acked: [u32; 2],
    /// What the last packet of its peer was.
    pub peer: Option<Label>,
    pub reused: bool,
}

/// The tracker's words.
pub fn ours(said: &Said) -> Marks {
    let sent = &said.captured.sent;
    let again = sent
        .again
        .filter(|_| !matches!(sent.label, Label::Probe { .. }));
    let asked = |again: Again| {
        matches!(
            again.cause,
            Cause::Duplicates { .. } | Cause::Sack { .. } | Cause::Progress
        )
    };
    let takes = !matches!(
        sent.label,
        Label::Ack { .. }
            | Label::AckAgain(_)
            | Label::AckFirst
            | Label::AckEarlier
            | Label::SynInside
            | Label::NoAck
            | Label::AckFin { .. }
    );
    let late = sent.order == Order::Late && takes;
    // A copy of what carries nothing lies behind nothing.
    let again = again.filter(|it| takes || it.cause != Cause::Doubled);
    let peer_is = |label: fn(Label) -> bool| said.peer.is_some_and(label);
    let answers = sent.label == Label::AckAgain(Prompt::Probe);
    let has_no_room = sent.place.window == 0;
    let answers_probe = match sent.label {
        Label::AckAgain(Prompt::Probe) | Label::Window => has_no_room,
        _ => false,
    };
    let mut marks = Marks::default();
    marks.put(Mark::Behind, again.is_some() || late);
    marks.put(Mark::Late, late);
    marks.put(Mark::Fast, again.is_some_and(asked));
    marks.put(Mark::Gap, sent.order == Order::Gap);
    marks.put(Mark::AckUnseen, said.unseen_acked[1] > said.unseen_acked[0]);
    marks.put(Mark::DupAck, matches!(sent.label, Label::AckDup { .. }));
    marks.put(
        Mark::WindowUpdate,
        sent.label == Label::Window && !has_no_room,
    );
    marks.put(Mark::ZeroWindow, said.closed[1] > said.closed[0]);
    marks.put(Mark::WindowFull, sent.fills_window);
    marks.put(Mark::KeepAlive, sent.label == Label::KeepAlive);
    marks.put(
        Mark::KeepAliveAck,
        answers && peer_is(|it| it == Label::KeepAlive),
    );
    marks.put(Mark::Probe, sent.label == Label::Probe { byte: true });
    marks.put(
        Mark::ProbeAck,
        answers_probe && peer_is(|it| it == Label::Probe { byte: true }),
    );
    marks.put(Mark::PortsReused, said.reused);
    marks
}
