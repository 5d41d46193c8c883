//! Where a mark is only ours or only Wireshark's, and why. Each kind is looked at in what the capture itself shows; what
//! none of them covers is a failure.

use lineman_proto::wire::Flags;
use lineman_proto::wire::flow::Cause;
use lineman_proto::wire::flow::Label;
use lineman_proto::wire::flow::Order;
use lineman_proto::wire::flow::Prompt;
use lineman_proto::wire::flow::Segment;

use super::evidence::Known;
use super::evidence::Seen;
use super::marks::Mark;

/// A deliberate difference.
pub struct Kind {
    pub name: &'static str,
    pub mark: Mark,
    /// Whether the mark is ours, and not theirs.
    pub ours: bool,
    pub holds: fn(&Seen) -> bool,
}

use Mark::*;

pub const KINDS: &[Kind] = &[
    // Behind.
    ours(
        "the rest behind the byte of a probe: its first byte was sent before",
        Behind,
        |it| it.known == Known::Some && it.behind() <= 1 && it.segment.len > 1,
    ),
    ours("a byte sent again that is not acknowledged", Behind, |it| {
        it.known == Known::All
            && it.segment.takes() == 1
            && it.theirs.has(KeepAlive)
            && !it.is_acknowledged()
    }),
    theirs("a SYN-ACK answers a SYN that crossed", Behind, |it| {
        it.sent.label == Label::SynAckCrossed
    }),
    theirs(
        "what lies before all that was seen may be late or sent again",
        Behind,
        Seen::lies_before_all,
    ),
    theirs(
        "what carries nothing has no place in the stream: it overtook this",
        Behind,
        |it| it.known == Known::None && it.me.next_is_bare,
    ),
    theirs(
        "what is older than the SYN is of the connection before",
        Behind,
        Seen::is_older_than_syn,
    ),
    theirs(
        "it was acknowledged before it was seen, once",
        Behind,
        |it| it.known == Known::None && it.is_acknowledged(),
    ),
    // Late.
    ours(
        "its numbers were never seen, however late it comes",
        Late,
        |it| it.known == Known::None,
    ),
    theirs(
        "its numbers were seen before, however soon it comes",
        Late,
        |it| it.known != Known::None,
    ),
    theirs(
        "what lies before all that was seen is not known to be late",
        Late,
        Seen::lies_before_all,
    ),
    theirs(
        "what is older than the SYN is not late, but of the connection before",
        Late,
        Seen::is_older_than_syn,
    ),
    theirs(
        "what carries nothing has no place in the stream: what it overtook is not late",
        Late,
        |it| it.known == Known::None && it.me.next_is_bare,
    ),
    // Fast.
    ours(
        "acknowledgments asked for it, though it has not counted two as duplicates just now: a window or a reset came between",
        Fast,
        |it| {
            let cause = it.sent.again.map(|again| again.cause);
            let part = matches!(cause, Some(Cause::Progress | Cause::Sack { .. }))
                && !it.is_acknowledged();
            part || it.peer.their_duplicates < 2 || it.since_peer_ns() >= FAST_NS
        },
    ),
    theirs(
        "fewer than three equal acknowledgments, or for other bytes",
        Fast,
        |it| {
            let last = it.peer.last.map(|last| last.ack);
            it.known != Known::None && (it.peer.equal < 3 || last != Some(it.segment.seq))
        },
    ),
    theirs(
        "its numbers were never seen: it is not sent again",
        Fast,
        |it| it.known == Known::None,
    ),
    // Gap.
    ours(
        "the first of its sender that was seen, behind what was acknowledged",
        Gap,
        |it| it.me.pieces.is_empty(),
    ),
    theirs("what carries nothing has no gap before it", Gap, |it| {
        it.is_bare() && it.behind() < 0
    }),
    theirs("a SYN behind resets has no gap before it", Gap, |it| {
        it.has(Flags::SYN) && it.only_resets
    }),
    theirs(
        "what the connection before has sent has come behind the SYN: the SYN-ACK answers this",
        Gap,
        Seen::answers_syn,
    ),
    ours(
        "a bare ACK stood there before: theirs has told of the gap at that",
        Gap,
        |it| it.known == Known::None && it.me.next_is_bare && it.behind() == 0,
    ),
    theirs(
        "the byte before it was no probe, for a reset closes no window: no gap is behind it",
        Gap,
        |it| it.behind() == 0 && it.me.last_theirs.has(Probe) && !is_probe(it.me.last_label),
    ),
    // AckUnseen.
    theirs(
        "of its peer only packets without bytes were seen: where it stands they do not tell",
        AckUnseen,
        |it| it.peer.pieces.is_empty(),
    ),
    ours(
        "nothing of the peer was seen but what is older, or has no numbers",
        AckUnseen,
        |it| it.peer.pieces.iter().all(|piece| piece.1 <= 0),
    ),
    theirs(
        "all that it acknowledges was seen, in other pieces",
        AckUnseen,
        |it| it.acks_known,
    ),
    theirs(
        "what it acknowledges is missing before what was seen: that was told as a gap",
        AckUnseen,
        |it| !it.acks_known && it.peer_next.is_some_and(|next| it.acks_to <= next),
    ),
    // DupAck.
    ours(
        "a reset before it has told of no other window",
        DupAck,
        Seen::is_behind_own_reset,
    ),
    theirs(
        "it came late, behind what acknowledges more",
        DupAck,
        |it| it.is_bare() && it.sent.order == Order::Late,
    ),
    ours("it reports a gap, whatever its own number", DupAck, |it| {
        it.is_bare() && it.behind() != 0
    }),
    theirs(
        "a reset before it has acknowledged nothing",
        DupAck,
        Seen::is_behind_own_reset,
    ),
    ours(
        "an older ACK, or the SYN once more, came between",
        DupAck,
        Seen::is_behind_older,
    ),
    ours("it has SACK blocks, whatever its window", DupAck, |it| {
        it.theirs.has(WindowUpdate) && Some(it.segment.window) != it.last_window()
    }),
    theirs("nothing is under way that could be missing", DupAck, |it| {
        it.peer_next.is_none_or(|next| it.acks_to >= next)
    }),
    theirs(
        "it acknowledges what is of the connection before the SYN",
        DupAck,
        |it| it.sent.label == Label::AckEarlier,
    ),
    theirs("it is the same IP packet once more", DupAck, |it| {
        it.sent
            .again
            .is_some_and(|again| again.cause == Cause::Doubled)
    }),
    theirs("it answers what had come before", DupAck, |it| {
        it.peer.last_known
    }),
    theirs("a D-SACK says that it had come before", DupAck, |it| {
        it.has_d_sack
    }),
    ours(
        "it repeats itself, and its peer's last packet was no keep-alive",
        DupAck,
        |it| it.theirs.has(KeepAliveAck) && it.peer.last_label != Some(Label::KeepAlive),
    ),
    // WindowUpdate.
    ours(
        "a reset before it has acknowledged nothing else",
        WindowUpdate,
        Seen::is_behind_own_reset,
    ),
    ours(
        "an older ACK came before the other window",
        WindowUpdate,
        Seen::is_behind_older,
    ),
    ours("it was overtaken", WindowUpdate, |it| it.behind() > 0),
    theirs(
        "the window of a SYN is not scaled: it has not changed",
        WindowUpdate,
        |it| it.me.last.is_some_and(|last| last.has(Flags::SYN)),
    ),
    theirs(
        "it has SACK blocks, and reports a gap",
        WindowUpdate,
        |it| it.ours.has(DupAck),
    ),
    theirs(
        "a reset before it has told of no window",
        WindowUpdate,
        Seen::is_behind_own_reset,
    ),
    theirs(
        "it has SACK blocks, and answers what had come before",
        WindowUpdate,
        |it| {
            let label = it.sent.label;
            let was_known = it.has_d_sack || it.has_sack && it.peer.last_known;
            let answers = [Prompt::Known, Prompt::CrossedAnswer].map(Label::AckAgain);
            was_known && answers.contains(&label)
        },
    ),
    // ZeroWindow.
    ours("a FIN tells of a window as well", ZeroWindow, |it| {
        it.has(Flags::FIN)
    }),
    theirs("it was closed already", ZeroWindow, |it| {
        it.last_window() == Some(0)
    }),
    // KeepAlive.
    theirs(
        "a repeated number to a closed window is a probe, also while what opens it is on its way",
        KeepAlive,
        |it| it.sent.label == Label::Probe { byte: false } && it.finds_no_room(),
    ),
    theirs(
        "a byte sent again that was not acknowledged",
        KeepAlive,
        |it| it.known == Known::All && it.segment.takes() == 1 && it.sent.again.is_some(),
    ),
    theirs(
        "an ACK that a byte or FIN has overtaken is no keep-alive: that is not acknowledged",
        KeepAlive,
        |it| it.is_bare() && it.behind() == 1 && !it.peer_has(it.segment.seq.wrapping_add(1)),
    ),
    theirs(
        "what carries nothing has no place in the stream: this is no byte behind it",
        KeepAlive,
        |it| it.known == Known::None && it.me.next_is_bare && !it.is_bare(),
    ),
    theirs(
        "its peer's last packet was no keep-alive, but an ACK that was overtaken",
        KeepAliveAck,
        |it| {
            it.peer
                .last_label
                .is_some_and(|last| !matches!(last, Label::KeepAlive | Label::Probe { .. }))
        },
    ),
    theirs(
        "the keep-alive was answered before it",
        KeepAliveAck,
        |it| it.peer.last_label == Some(Label::KeepAlive) && it.me.last_ns >= it.peer.last_ns,
    ),
    // WindowFull.
    ours("a reset says nothing of room", WindowFull, |it| {
        it.peer.last.is_some_and(|last| last.has(Flags::RST))
    }),
    ours(
        "its peer's last packet is older than another: the room that there is it does not tell",
        WindowFull,
        |it| {
            let is_older = |last: Segment| Some(last.ack) != it.peer.acked;
            it.peer.last.is_some_and(is_older)
        },
    ),
    // Probe.
    theirs("a reset does not close a window", Probe, |it| {
        it.peer.last.is_some_and(|last| last.has(Flags::RST))
    }),
    // PortsReused.
    theirs(
        "the SYN-ACK answers the SYN behind which the connection before was heard",
        PortsReused,
        Seen::answers_syn,
    ),
    theirs(
        "a SYN behind resets: these have no numbers",
        PortsReused,
        |it| it.only_resets,
    ),
];

/// So long after an acknowledgment Wireshark takes nothing for its answer.
const FAST_NS: u64 = 20_000_000;

const fn ours(name: &'static str, mark: Mark, holds: fn(&Seen) -> bool) -> Kind {
    Kind {
        name,
        mark,
        ours: true,
        holds,
    }
}

const fn theirs(name: &'static str, mark: Mark, holds: fn(&Seen) -> bool) -> Kind {
    Kind {
        name,
        mark,
        ours: false,
        holds,
    }
}

fn is_probe(label: Option<Label>) -> bool {
    matches!(label, Some(Label::Probe { .. }))
}

impl Seen {
    /// Whether it answers its peer's SYN, and its sender was heard since, but not its SYN.
    fn answers_syn(&self) -> bool {
        let answers = self
            .peer
            .syn
            .is_some_and(|syn| self.segment.ack == syn.wrapping_add(1));
        self.has(Flags::SYN | Flags::ACK)
            && answers
            && self.me.packets > 0
            && self.me.syn != Some(self.segment.seq)
    }

    /// Whether it stands before its sender's SYN.
    fn is_older_than_syn(&self) -> bool {
        self.sent.place.from_start && self.sent.place.seq < 0
    }

    /// Whether its sender's last packet was a reset.
    fn is_behind_own_reset(&self) -> bool {
        self.me.last.is_some_and(|last| last.has(Flags::RST))
    }

    /// Whether its peer has acknowledged all before a number.
    fn peer_has(&self, number: u32) -> bool {
        self.peer
            .acked
            .is_some_and(|acked| acked.wrapping_sub(number) < 1 << 31)
    }

    /// Whether all that it carries was acknowledged before.
    fn is_acknowledged(&self) -> bool {
        self.peer_has(self.segment.seq.wrapping_add(self.segment.takes()))
    }

    /// Whether the capture began behind what it carries.
    fn lies_before_all(&self) -> bool {
        !self.sent.place.from_start && self.known == Known::None && self.place() < 0
    }
}
