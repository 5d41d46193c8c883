//! Connections in a capture, where each packet is seen once and counts as delivered.

mod copies;
mod crossing;
mod forged;
mod pitfalls;

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
    windows: [u16; 2],
    /// The shifts of windows that SYNs offer.
    scale: [Option<u8>; 2],
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
        windows: [1000; 2],
        scale: [None; 2],
        n: 0,
        twice: false,
    }
}

impl Capture {
    fn segment(&mut self, way: Way, flags: Flags, places: (u32, u32), len: usize) -> Segment {
        let bytes = self.frame(way, flags, places, len, |_| {});
        Segment::of(&Frame::parse(&bytes)).expect("a segment")
    }

    fn frame(
        &mut self,
        way: Way,
        flags: Flags,
        (seq, ack): (u32, u32),
        len: usize,
        change: impl FnOnce(&mut Envelope),
    ) -> Vec<u8> {
        let me = way as usize;
        self.n += 1;
        let addresses = [[10, 0, 0, 1], [10, 0, 0, 2]];
        let end = |who: usize| (addresses[who], self.ports[who]).into();
        let mut envelope = Envelope::new(end(me), end(1 - me));
        envelope.id = self.n as u16;
        change(&mut envelope);
        let mut options = Vec::new();
        if flags.has(SYN) {
            options.push(TcpOption::SackPermitted);
            options.extend(self.scale[me].map(TcpOption::WindowScale));
        }
        envelope.tcp(&compose::Segment {
            seq: self.isn[me].wrapping_add(seq),
            ack: self.isn[1 - me].wrapping_add(ack),
            flags,
            window: self.windows[me],
            options: &options,
            payload: &vec![0; len],
        })
    }

    fn sees(&mut self, way: Way, flags: Flags, places: (u32, u32), len: usize) -> Captured {
        let segment = self.segment(way, flags, places, len);
        let seen = self.flows.captured(self.n, self.n * MS, &segment);
        if self.twice {
            let copy = self.flows.captured(self.n, self.n * MS, &segment);
            let again = copy.expect("a segment").sent.again.map(|again| again.cause);
            // A reset is no more and no less of one when it comes twice.
            let counts = segment.takes() > 0 || !segment.has(Flags::RST);
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
