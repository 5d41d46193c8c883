//! The pitfalls of following connections in a capture, where each packet is seen once and counts as
//! delivered: one test each.

use super::TcpState::*;
use super::*;
use crate::wire::Flags;
use crate::wire::Frame;
use crate::wire::TcpOption;
use crate::wire::compose;
use crate::wire::compose::Envelope;

const ACK: Flags = Flags::ACK;
const SYN: Flags = Flags::SYN;
const FIN: Flags = Flags(0x11);
const SYN_ACK: Flags = Flags(0x12);
const RST: Flags = Flags(0x14);
const BARE_RST: Flags = Flags::RST;

const MS: u64 = 1_000_000;
const DATA: Label = Label::Data { half: false };
const HALF: Label = Label::Data { half: true };

/// What is said of a packet: its label, and the state of client and server behind it.
type Said = (Label, [Option<TcpState>; 2]);

/// A capture of connections between the same two ends.
struct Capture {
    flows: TcpFlows,
    isn: [u32; 2],
    ports: [u16; 2],
    n: u64,
    /// Whether each packet is seen twice, as on a loopback interface.
    twice: bool,
}

fn capture() -> Capture {
    Capture {
        flows: TcpFlows::new(),
        // Both wrap at once.
        isn: [u32::MAX - 1, u32::MAX],
        ports: [45110, 9000],
        n: 0,
        twice: false,
    }
}

impl Capture {
    fn segment(&mut self, way: Way, flags: Flags, (seq, ack): (u32, u32), len: usize) -> Segment {
        let me = way as usize;
        self.n += 1;
        let addresses = [[10, 0, 0, 1], [10, 0, 0, 2]];
        let end = |who: usize| (addresses[who], self.ports[who]).into();
        let mut envelope = Envelope::new(end(me), end(1 - me));
        envelope.id = self.n as u16;
        let bytes = envelope.tcp(&compose::Segment {
            seq: self.isn[me].wrapping_add(seq),
            ack: self.isn[1 - me].wrapping_add(ack),
            flags,
            window: 1000,
            options: match flags.has(SYN) {
                true => &[TcpOption::SackPermitted],
                false => &[],
            },
            payload: &vec![0; len],
        });
        Segment::of(&Frame::parse(&bytes)).expect("a segment")
    }

    fn sees(&mut self, way: Way, flags: Flags, places: (u32, u32), len: usize) -> Captured {
        let segment = self.segment(way, flags, places, len);
        let seen = self.flows.captured(self.n, self.n * MS, &segment);
        if self.twice {
            let copy = self.flows.captured(self.n, self.n * MS, &segment);
            let again = copy.expect("a segment").sent.again.map(|again| again.cause);
            let counts = segment.takes() > 0;
            assert_eq!(again, counts.then_some(Cause::Doubled));
        }
        seen.expect("a segment")
    }

    fn says(&mut self, way: Way, flags: Flags, places: (u32, u32), len: usize) -> Said {
        let seen = self.sees(way, flags, places, len);
        (seen.sent.label, self.states())
    }

    fn forth(&mut self, flags: Flags, places: (u32, u32), len: usize) -> Said {
        self.says(Way::Forth, flags, places, len)
    }

    fn back(&mut self, flags: Flags, places: (u32, u32), len: usize) -> Said {
        self.says(Way::Back, flags, places, len)
    }

    fn flow(&self) -> &TcpFlow {
        let [client, server] = [0, 1].map(|who| {
            let addresses = [[10, 0, 0, 1], [10, 0, 0, 2]];
            (addresses[who], self.ports[who]).into()
        });
        self.flows.between(client, server).expect("begun").1
    }

    /// Of 10.0.0.1 and 10.0.0.2: who counts as the client is another thing where no SYN was seen.
    fn states(&self) -> [Option<TcpState>; 2] {
        let flow = self.flow();
        let mut states = [Way::Forth, Way::Back].map(|way| flow.state(way).map(|end| end.state));
        if flow.ends().0.port() != self.ports[0] {
            states.reverse();
        }
        states
    }

    fn open(mut self) -> Self {
        assert_eq!(self.forth(SYN, (0, 0), 0), said(Label::Syn, SynSent, None));
        let answer = self.back(SYN_ACK, (0, 1), 0);
        assert_eq!(answer, said(Label::SynAck, Established, SynReceived));
        let third = self.forth(ACK, (1, 1), 0);
        assert_eq!(
            third,
            said(Label::AckThird { crossed: false }, Established, Established)
        );
        self
    }
}

fn said(label: Label, client: TcpState, server: impl Into<Option<TcpState>>) -> Said {
    (label, [Some(client), server.into()])
}

fn ack(bytes: i64) -> Label {
    let after_ns = Some(MS);
    Label::Ack { bytes, after_ns }
}

fn ack_fin(last: bool) -> Label {
    let after_ns = Some(MS);
    Label::AckFin {
        bytes: 0,
        last,
        after_ns,
    }
}

/// The client and the server are who they are, whatever was seen first.
#[test]
fn captured_a_syn_ack_before_its_syn() {
    let mut capture = capture();
    let (label, _) = capture.back(SYN_ACK, (0, 1), 0);
    assert_eq!(label, Label::SynAck);
    let seen = capture.sees(Way::Forth, SYN, (0, 0), 0);
    assert_eq!(
        (seen.sent.label, seen.sent.order),
        (Label::Syn, Order::Late)
    );
    capture.forth(ACK, (1, 1), 0);
    assert_eq!(capture.states(), [Some(Established); 2]);
    assert_eq!(capture.flow().ends().0.port(), 45110);
}

/// zeek#3313
#[test]
fn captured_a_syn_ack_with_another_number() {
    let mut capture = capture();
    capture.forth(SYN, (0, 0), 0);
    capture.back(SYN_ACK, (0, 1), 0);
    capture.isn[1] = 77;
    capture.back(SYN_ACK, (0, 1), 0);
    let third = capture.forth(ACK, (1, 1), 0);
    assert_eq!(
        third,
        said(Label::AckThird { crossed: false }, Established, Established)
    );
    assert_eq!(capture.flow().isn(Way::Back), Some(77));
}

/// opte#442: nobody rises from the dead.
#[test]
fn captured_a_late_ack_behind_a_reset() {
    let mut capture = capture().open();
    let reset = capture.back(RST, (1, 1), 0);
    assert_eq!(reset, said(Label::RstBroken, Closed, Closed));
    let (_, states) = capture.forth(ACK, (1, 1), 0);
    assert_eq!(states, [Some(Closed); 2]);
    let (_, states) = capture.forth(ACK, (1, 1), 10);
    assert_eq!(states, [Some(Closed); 2]);
    assert_eq!(capture.flow().ending(), Ending::Reset(Way::Back));
}

#[test]
fn captured_a_fin_with_data() {
    let mut capture = capture().open();
    let fin = capture.forth(FIN, (1, 1), 3);
    assert_eq!(fin, said(Label::FinFirst, FinWait1, CloseWait));
    let answer = capture.back(ACK, (1, 5), 0);
    let both = Label::AckFin {
        bytes: 3,
        last: false,
        after_ns: Some(MS),
    };
    assert_eq!(answer, said(both, FinWait2, CloseWait));
}

#[test]
fn captured_a_fin_before_the_data_in_front_of_it() {
    let mut capture = capture().open();
    let fin = capture.forth(FIN, (4, 1), 0);
    assert_eq!(fin, said(Label::FinFirst, FinWait1, Established));
    let data = capture.sees(Way::Forth, ACK, (1, 1), 3);
    assert_eq!((data.sent.label, data.sent.order), (DATA, Order::Late));
    assert_eq!(capture.states(), [Some(FinWait1), Some(CloseWait)]);
}

#[test]
fn captured_a_fin_twice() {
    let mut capture = capture().open();
    capture.forth(FIN, (1, 1), 0);
    capture.n += 300;
    let again = capture.sees(Way::Forth, FIN, (1, 1), 0).sent.again;
    assert_eq!(again.map(|again| again.times), Some(1));
    assert_eq!(capture.states(), [Some(FinWait1), Some(CloseWait)]);
    capture.back(FIN, (1, 2), 0);
    assert_eq!(capture.states(), [Some(TimeWait), Some(LastAck)]);
    capture.n += 300;
    let again = capture.sees(Way::Back, FIN, (1, 2), 0);
    assert_eq!(again.delivered.arrival, Arrival::FinAgain);
    assert_eq!(capture.states(), [Some(TimeWait), Some(LastAck)]);
}

#[test]
fn captured_three_segments_at_the_end() {
    let mut capture = capture().open();
    capture.forth(FIN, (1, 1), 0);
    let combined = capture.back(FIN, (1, 2), 0);
    assert_eq!(combined, said(Label::FinCombined, TimeWait, LastAck));
    let last = capture.forth(ACK, (2, 2), 0);
    assert_eq!(last, said(ack_fin(true), TimeWait, Closed));
    assert_eq!(capture.flow().ending(), Ending::Finished);
}

#[test]
fn captured_long_data_behind_a_fin() {
    let mut capture = capture().open();
    capture.forth(FIN, (1, 1), 0);
    capture.back(ACK, (1, 2), 0);
    for block in 0..200 {
        let data = capture.back(ACK, (1 + block * 1000, 2), 1000);
        assert_eq!(data, said(HALF, FinWait2, CloseWait));
        let answer = capture.forth(ACK, (2, 1001 + block * 1000), 0);
        assert_eq!(answer, said(ack(1000), FinWait2, CloseWait));
    }
    assert_eq!(capture.flow().ending(), Ending::Half(Way::Forth));
}

#[test]
fn captured_both_open_and_both_close_at_once() {
    let mut capture = capture();
    assert_eq!(capture.forth(SYN, (0, 0), 0).0, Label::Syn);
    assert_eq!(capture.back(SYN, (0, 0), 0).0, Label::SynCrossed);
    capture.forth(SYN_ACK, (0, 1), 0);
    // It had left when the other arrived.
    let answer = capture.back(SYN_ACK, (0, 1), 0);
    assert_eq!(answer, said(Label::SynAckCrossed, Established, Established));
    assert_eq!(capture.flow().opening(), Opening::Crossed);
    capture.forth(FIN, (1, 1), 0);
    capture.back(FIN, (1, 1), 0);
    assert_eq!(capture.states(), [Some(Closing); 2]);
    capture.forth(ACK, (2, 2), 0);
    capture.back(ACK, (2, 2), 0);
    assert_eq!(capture.states(), [Some(TimeWait); 2]);
}

/// RFC 7413: the bytes of a SYN are taken in with it, or come again behind the handshake.
#[test]
fn captured_a_syn_with_data() {
    for taken in [true, false] {
        let mut capture = capture();
        capture.forth(SYN, (0, 0), 5);
        capture.back(SYN_ACK, (0, if taken { 6 } else { 1 }), 0);
        capture.forth(ACK, (if taken { 6 } else { 1 }, 1), 0);
        assert_eq!(capture.states(), [Some(Established); 2]);
        let again = capture.sees(Way::Forth, ACK, (if taken { 6 } else { 1 }, 1), 5);
        assert_eq!(again.sent.again.is_none(), taken);
    }
}

#[test]
fn captured_keep_alives_and_probes_are_no_retransmissions() {
    let mut capture = capture().open();
    capture.forth(ACK, (1, 1), 1);
    capture.back(ACK, (1, 2), 0);
    for len in [0, 1] {
        let seen = capture.sees(Way::Forth, ACK, (1, 1), len);
        assert_eq!((seen.sent.label, seen.sent.again), (Label::KeepAlive, None));
    }
    assert_eq!(capture.flow().counts(Way::Forth).resent, 0);
    assert_eq!(capture.flow().counts(Way::Forth).keep_alives, 2);
}

#[test]
fn captured_a_part_of_a_super_segment_again() {
    let mut capture = capture().open();
    capture.forth(ACK, (1, 1), 9000);
    let again = capture.sees(Way::Forth, ACK, (1449, 1), 1448).sent.again;
    assert_eq!(again.and_then(|again| again.covered), Some((1, 9001)));
    assert_eq!(capture.states(), [Some(Established); 2]);
}

/// A new SYN between the same ends is a new connection; the old one leaves as it was.
#[test]
fn captured_ports_used_again_in_time_wait() {
    let mut capture = capture().open();
    capture.forth(FIN, (1, 1), 0);
    capture.back(FIN, (1, 2), 0);
    capture.forth(ACK, (2, 2), 0);
    assert!(capture.flows.take_left().is_none());
    capture.isn = [5_000, 6_000];
    let syn = capture.sees(Way::Forth, SYN, (0, 0), 0);
    assert_eq!((syn.id, syn.sent.again), (FlowId(1), None));
    let left = capture.flows.take_left().expect("the old one");
    assert_eq!((left.id, left.why), (FlowId(0), Leaving::PortsReused));
    assert_eq!(left.flow.ending(), Ending::Finished);
    assert_eq!(capture.states(), [Some(SynSent), None]);
    capture.back(SYN_ACK, (0, 1), 0);
    let third = capture.forth(ACK, (1, 1), 0);
    assert_eq!(
        third,
        said(Label::AckThird { crossed: false }, Established, Established)
    );
    assert!(capture.flows.take_left().is_none());
}

/// Behind a reset, and by an end that knows nothing of the old connection any more: the server's end of
/// that one is still there, and says so by an ACK of its own numbers.
#[test]
fn captured_ports_used_again_by_an_end_that_was_away() {
    let mut capture = capture().open();
    let old = capture.isn;
    capture.isn[0] = 5_000;
    capture.forth(SYN, (0, 0), 0);
    // The challenge ACK (RFC 5961 §4.2), the reset that answers it, and the SYN once more.
    capture.isn = old;
    let (_, states) = capture.back(ACK, (1, 1), 0);
    assert_eq!(states, [Some(SynSent), None]);
    let (_, states) = capture.forth(BARE_RST, (1, 0), 0);
    assert_eq!(states[0], Some(SynSent));
    capture.isn = [5_000, 6_000];
    capture.forth(SYN, (0, 0), 0);
    capture.back(SYN_ACK, (0, 1), 0);
    let third = capture.forth(ACK, (1, 1), 0);
    assert_eq!(third.1, [Some(Established); 2]);
}

/// A client that asks once more from the same port while its SYN has no answer begins anew, too.
#[test]
fn captured_another_syn_before_an_answer() {
    let mut capture = capture();
    capture.forth(SYN, (0, 0), 0);
    capture.isn[0] = 99;
    let syn = capture.sees(Way::Forth, SYN, (0, 0), 0);
    assert_eq!(syn.id, FlowId(1));
    let left = capture.flows.take_left().expect("the old one");
    assert_eq!(left.flow.opening(), Opening::Unanswered);
}

/// Who has finished before cannot be told, and so no state is: until somebody says something new.
#[test]
fn captured_from_the_middle_on() {
    let mut capture = capture();
    assert_eq!(capture.back(ACK, (5_000, 700), 100), (DATA, [None, None]));
    capture.forth(ACK, (700, 5_100), 0);
    assert_eq!(capture.states(), [None, None]);
    // The client goes on where its last ACK stood: it had not finished.
    capture.forth(ACK, (700, 5_100), 10);
    assert_eq!(capture.states(), [Some(Established), None]);
    capture.back(ACK, (5_100, 710), 0);
    capture.back(ACK, (5_100, 710), 50);
    assert_eq!(capture.states(), [Some(Established); 2]);
    assert_eq!(capture.flow().opening(), Opening::Unseen);
}

/// The FIN came before the capture: an end that only acknowledges may be in FIN-WAIT-2.
#[test]
fn captured_the_second_half_of_a_half_close() {
    let mut capture = capture();
    for block in 0..3 {
        capture.back(ACK, (5_000 + block * 100, 701), 100);
        capture.forth(ACK, (701, 5_100 + block * 100), 0);
        assert_eq!(capture.states(), [None, None]);
    }
    let (_, states) = capture.back(FIN, (5_300, 701), 0);
    assert_eq!(states, [None, None]);
}

/// A FIN was the first that was seen of a download, and taken to be next: CLOSE-WAIT was claimed of an end whose own ACKs say
/// that something in front of it is missing.
#[test]
fn captured_from_a_fin_on_that_came_too_early() {
    let mut capture = capture();
    capture.forth(FIN, (5001, 1), 0);
    capture.back(ACK, (1, 2897), 0);
    capture.back(ACK, (1, 2897), 1000);
    capture.back(ACK, (1001, 2897), 1000);
    assert_eq!(capture.states()[1], None);
    capture.forth(ACK, (2897, 1), 2104);
    capture.back(ACK, (2001, 5002), 0);
    capture.back(ACK, (2001, 5002), 1000);
    assert_eq!(capture.states()[1], Some(CloseWait));
}

/// Of the unseen direction nothing is known; what is seen tells of its sender what it was then.
#[test]
fn captured_one_way_only() {
    let mut capture = capture();
    let syn = capture.forth(SYN, (0, 0), 0);
    assert_eq!(syn, said(Label::Syn, SynSent, None));
    let third = capture.forth(ACK, (1, 1), 0);
    let untold = Label::AckAgain(Prompt::Unseen);
    assert_eq!(third, said(untold, Established, None));
    let data = capture.forth(ACK, (1, 1), 10);
    assert_eq!(data.1, [Some(Established), None]);
    // It has received what nobody saw: bytes, or bytes and a FIN.
    let data = capture.forth(ACK, (11, 301), 10);
    assert_eq!(data.1, [None, None]);
    assert_eq!(capture.flow().counts(Way::Forth).unseen_acked, 1);
    let (_, states) = capture.forth(FIN, (21, 301), 0);
    assert_eq!(states, [None, None]);
}

/// A capture on a loopback interface has each packet twice, and means the same.
#[test]
fn captured_each_packet_twice() {
    let mut capture = capture();
    capture.twice = true;
    let mut capture = capture.open();
    assert_eq!(capture.forth(ACK, (1, 1), 10).0, DATA);
    assert_eq!(capture.back(ACK, (1, 11), 0).0, ack(10));
    assert_eq!(capture.forth(FIN, (11, 1), 0).0, Label::FinFirst);
    assert_eq!(capture.back(FIN, (1, 12), 0).0, Label::FinCombined);
    assert_eq!(capture.forth(ACK, (12, 2), 0).0, ack_fin(true));
    assert_eq!(capture.states(), [Some(TimeWait), Some(Closed)]);
    let counts = capture.flow().counts(Way::Forth);
    assert_eq!((counts.resent, counts.dup_acks), (0, 0));
    assert_eq!(counts.doubled, 3);
}

#[test]
fn captured_four_gigabytes_and_more() {
    let mut capture = capture().open();
    let mut at = 1_u32;
    for _ in 0..70_000 {
        let seen = capture.sees(Way::Forth, ACK, (at, 1), 65_000);
        assert_eq!((seen.sent.label, seen.sent.order), (DATA, Order::Next));
        assert_eq!(seen.sent.again, None);
        at = at.wrapping_add(65_000);
        capture.sees(Way::Back, ACK, (1, at), 0);
    }
    assert_eq!(capture.flow().next(Way::Forth), 70_000 * 65_000 + 1);
    assert_eq!(capture.states(), [Some(Established); 2]);
}

/// The one that was idle for longest leaves, not the one that began first.
#[test]
fn the_idlest_connection_leaves() {
    let mut capture = capture();
    capture.flows = TcpFlows::with_limit(3);
    for port in 1..=3 {
        capture.ports[0] = port;
        capture.forth(SYN, (0, 0), 0);
        assert!(capture.flows.take_left().is_none());
    }
    capture.ports[0] = 1;
    capture.back(SYN_ACK, (0, 1), 0);
    for (port, leaves) in [(4, 2), (5, 3), (6, 1)] {
        capture.ports[0] = port;
        capture.forth(SYN, (0, 0), 0);
        let left = capture.flows.take_left().expect("one leaves");
        assert_eq!(left.why, Leaving::Idlest);
        assert_eq!(left.flow.ends().0.port(), leaves);
        assert_eq!(capture.flows.iter().count(), 3);
    }
    assert!(capture.flows.take_left().is_none());
}

/// A scan: a hundred thousand connections of one packet each.
#[test]
fn many_connections_take_bounded_memory() {
    let mut capture = capture();
    capture.flows = TcpFlows::with_limit(100);
    let mut left = 0;
    for port in 1..=50_000 {
        capture.ports[0] = port;
        capture.forth(SYN, (0, 0), 0);
        left += u32::from(capture.flows.take_left().is_some());
    }
    assert_eq!((capture.flows.iter().count(), left), (100, 49_900));
}

/// A packet of a life: who, flags, places, bytes.
type Step = (Way, Flags, (u32, u32), usize);

/// Whole lives, in the order in which a capture has them.
fn lives() -> Vec<Vec<Step>> {
    use Way::Back;
    use Way::Forth;
    let opened = vec![
        (Forth, SYN, (0, 0), 0),
        (Back, SYN_ACK, (0, 1), 0),
        (Forth, ACK, (1, 1), 0),
        (Forth, ACK, (1, 1), 10),
        (Back, ACK, (1, 11), 0),
        (Back, ACK, (1, 11), 20),
        (Forth, ACK, (11, 21), 0),
    ];
    let ends = [
        // four segments, and bytes in between
        vec![
            (Forth, FIN, (11, 21), 0),
            (Back, ACK, (21, 12), 0),
            (Back, ACK, (21, 12), 30),
            (Forth, ACK, (12, 51), 0),
            (Back, FIN, (51, 12), 0),
            (Forth, ACK, (12, 52), 0),
        ],
        // three
        vec![
            (Back, FIN, (21, 11), 0),
            (Forth, FIN, (11, 22), 0),
            (Back, ACK, (22, 12), 0),
        ],
        // crossed
        vec![
            (Forth, FIN, (11, 21), 0),
            (Back, FIN, (21, 11), 0),
            (Forth, ACK, (12, 22), 0),
            (Back, ACK, (22, 12), 0),
        ],
        // crossed by bytes and by a FIN
        vec![
            (Back, ACK, (21, 11), 1),
            (Forth, ACK, (11, 21), 100),
            (Back, ACK, (22, 111), 0),
            (Back, FIN, (22, 111), 0),
            (Forth, FIN, (111, 21), 0),
            (Back, ACK, (23, 112), 0),
            (Forth, ACK, (112, 22), 0),
            (Forth, ACK, (112, 23), 0),
        ],
        // reset
        vec![(Back, FIN, (21, 11), 5), (Forth, RST, (11, 21), 0)],
    ];
    let whole = |end: &Vec<_>| [opened.clone(), end.clone()].concat();
    ends.iter().map(whole).collect()
}

/// A capture that begins later names no other state than one that has seen all.
#[test]
fn captured_from_any_packet_on() {
    for life in lives() {
        let mut whole = capture();
        let truth: Vec<_> = life
            .iter()
            .map(|(way, flags, places, len)| whole.says(*way, *flags, *places, *len).1)
            .collect();
        for cut in 1..life.len() {
            let mut late = capture();
            for (n, (way, flags, places, len)) in life.iter().enumerate().skip(cut) {
                let (_, states) = late.says(*way, *flags, *places, *len);
                for (claim, truth) in states.into_iter().zip(truth[n]) {
                    assert!(
                        claim.is_none() || claim == truth,
                        "from {cut} on, at {n}: {claim:?}, not {truth:?}, in {life:?}"
                    );
                }
            }
        }
    }
}

/// Nor does one that lacks a packet. (Of FINs that cross, the one that is missing has not crossed.)
#[test]
fn captured_without_any_one_packet() {
    let crossed = 2..=3;
    for (_, life) in lives()
        .iter()
        .enumerate()
        .filter(|(n, _)| !crossed.contains(n))
    {
        let mut whole = capture();
        let truth: Vec<_> = life
            .iter()
            .map(|(way, flags, places, len)| whole.says(*way, *flags, *places, *len).1)
            .collect();
        for lost in 0..life.len() - 1 {
            let mut holed = capture();
            let rest = life.iter().enumerate().filter(|(n, _)| *n != lost);
            for (n, (way, flags, places, len)) in rest {
                let (_, states) = holed.says(*way, *flags, *places, *len);
                // Of an end whose packet is missing, or that has not answered since it did not come, the old
                // state stands until it says something.
                let claim = states[*way as usize];
                assert!(
                    n < lost || claim.is_none() || claim == truth[n][*way as usize],
                    "without {lost}, at {n}: {claim:?}, not {:?}, in {life:?}",
                    truth[n]
                );
            }
        }
    }
}
