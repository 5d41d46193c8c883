//! The pitfalls of following a connection, one test each.

use super::*;
use crate::wire::Conversations;
use crate::wire::Flags;
use crate::wire::Frame;
use crate::wire::TcpOption;
use crate::wire::compose::Envelope;
use crate::wire::compose::Segment;

const ACK: Flags = Flags::ACK;
const SYN: Flags = Flags::SYN;
const FIN: Flags = Flags(0x11);
const SYN_ACK: Flags = Flags(0x12);
const RST: Flags = Flags(0x14);

const ISN: [u32; 2] = [u32::MAX - 3, 9_000];

/// A connection between two ends whose numbers are told as places; they wrap at once.
struct Talk {
    flow: Option<TcpFlow>,
    id: u64,
    isn: [u32; 2],
    windows: [u16; 2],
}

fn talk() -> Talk {
    Talk {
        flow: None,
        id: 0,
        isn: ISN,
        windows: [1000; 2],
    }
}

fn ends(way: Way) -> Envelope {
    let client = ([10, 0, 0, 1], 45110).into();
    let server = ([10, 0, 0, 2], 9000).into();
    match way {
        Way::Forth => Envelope::new(client, server),
        Way::Back => Envelope::new(server, client),
    }
}

impl Talk {
    fn frame(&mut self, way: Way, flags: Flags, (seq, ack): (u32, u32), payload: &[u8]) -> Vec<u8> {
        let me = way as usize;
        self.id += 1;
        let mut envelope = ends(way);
        envelope.id = self.id as u16;
        let options = [TcpOption::WindowScale(2)];
        envelope.tcp(&Segment {
            seq: self.isn[me].wrapping_add(seq),
            ack: self.isn[1 - me].wrapping_add(ack),
            flags,
            window: self.windows[me],
            options: if flags.has(SYN) { &options } else { &[] },
            payload,
        })
    }

    /// Sent, and lost on the way.
    fn lost(&mut self, way: Way, flags: Flags, places: (u32, u32), payload: &[u8]) -> Vec<Label> {
        let bytes = self.frame(way, flags, places, payload);
        self.sent(&bytes).labels
    }

    fn sent(&mut self, bytes: &[u8]) -> Sent {
        let frame = Frame::parse(bytes);
        let fresh = || TcpFlow::new(&frame).expect("a segment");
        let flow = self.flow.get_or_insert_with(fresh);
        let sent = flow.sent(self.id, &frame).expect("of this connection");
        assert!(!sent.labels.is_empty(), "{frame}");
        sent
    }

    fn arrives(&mut self, bytes: &[u8]) -> Arrival {
        let flow = self.flow.as_mut().expect("begun");
        flow.delivered(&Frame::parse(bytes))
            .expect("of this connection")
    }

    /// Sent, and delivered.
    fn say(&mut self, way: Way, flags: Flags, places: (u32, u32), payload: &[u8]) -> Vec<Label> {
        let bytes = self.frame(way, flags, places, payload);
        let labels = self.sent(&bytes).labels;
        self.arrives(&bytes);
        labels
    }

    fn forth(&mut self, flags: Flags, places: (u32, u32), payload: &[u8]) -> Vec<Label> {
        self.say(Way::Forth, flags, places, payload)
    }

    fn back(&mut self, flags: Flags, places: (u32, u32), payload: &[u8]) -> Vec<Label> {
        self.say(Way::Back, flags, places, payload)
    }

    fn open(mut self) -> Self {
        assert_eq!(self.forth(SYN, (0, 0), b""), [Label::Syn]);
        assert_eq!(self.back(SYN_ACK, (0, 1), b""), [Label::SynAck]);
        assert_eq!(self.forth(ACK, (1, 1), b""), [Label::HandshakeAck]);
        self
    }

    fn flow(&self) -> &TcpFlow {
        self.flow.as_ref().expect("begun")
    }
}

#[test]
fn a_whole_life_with_four_segments_at_the_end() {
    let mut talk = talk().open();
    assert_eq!(talk.forth(ACK, (1, 1), b"hi"), [Label::Data]);
    assert_eq!(talk.back(ACK, (1, 3), b""), [Label::PureAck]);
    assert_eq!(talk.back(ACK, (1, 3), b"hello back"), [Label::Data]);
    assert_eq!(talk.forth(ACK, (3, 11), b""), [Label::PureAck]);
    assert_eq!(talk.flow().expects(Way::Back), 11);
    assert_eq!(talk.forth(FIN, (3, 11), b""), [Label::Fin]);
    assert_eq!(talk.back(ACK, (11, 4), b""), [Label::AckOfFin]);
    assert_eq!(talk.back(FIN, (11, 4), b""), [Label::Fin]);
    assert!(!talk.flow().is_over());
    assert_eq!(talk.forth(ACK, (4, 12), b""), [Label::AckOfFin]);
    assert!(talk.flow().is_over());
    assert_eq!(talk.flow().isn(Way::Forth), Some(ISN[0]));
}

#[test]
fn three_segments_at_the_end() {
    let mut talk = talk().open();
    assert_eq!(talk.forth(FIN, (1, 1), b""), [Label::Fin]);
    assert_eq!(talk.back(FIN, (1, 2), b""), [Label::FinAckCombined]);
    assert_eq!(talk.forth(ACK, (2, 2), b""), [Label::AckOfFin]);
    assert!(talk.flow().is_over());
}

#[test]
fn a_half_closed_connection_carries_data() {
    let mut talk = talk().open();
    talk.forth(FIN, (1, 1), b"");
    talk.back(ACK, (1, 2), b"");
    assert_eq!(talk.back(ACK, (1, 2), &[0; 500]), [Label::Data]);
    assert_eq!(talk.forth(ACK, (2, 501), b""), [Label::PureAck]);
    assert_eq!(talk.back(FIN, (501, 2), b""), [Label::Fin]);
}

#[test]
fn data_may_acknowledge_a_fin() {
    let mut talk = talk().open();
    talk.forth(FIN, (1, 1), b"");
    let labels = talk.back(ACK, (1, 2), b"half");
    assert_eq!(labels, [Label::Data, Label::AckOfFin]);
    assert_eq!(talk.back(FIN, (5, 2), b""), [Label::Fin]);
}

#[test]
fn a_fin_with_data_repeated() {
    let mut talk = talk().open();
    let labels = talk.lost(Way::Forth, FIN, (1, 1), b"bye");
    assert_eq!(labels, [Label::Fin, Label::Data]);
    let labels = talk.forth(FIN, (1, 1), b"bye");
    assert_eq!(
        labels,
        [Label::Retransmission { of: 4, nth: 1 }, Label::Fin]
    );
    assert_eq!(talk.flow().expects(Way::Forth), 5);
}

#[test]
fn a_fin_that_arrives_too_early() {
    let mut talk = talk().open();
    let data = talk.frame(Way::Forth, ACK, (1, 1), b"bye");
    talk.sent(&data);
    let fin = talk.frame(Way::Forth, FIN, (4, 1), b"");
    assert_eq!(talk.sent(&fin).labels, [Label::Fin]);
    assert_eq!(talk.arrives(&fin), Arrival::OutOfOrder);
    assert_eq!(talk.flow().expects(Way::Forth), 1);
    assert_eq!(talk.arrives(&data), Arrival::FillsGap);
    assert_eq!(talk.flow().expects(Way::Forth), 5);
    assert_eq!(talk.arrives(&data), Arrival::Already);
}

#[test]
fn the_syn_ack_is_seen_before_the_syn() {
    let mut talk = talk();
    assert_eq!(talk.back(SYN_ACK, (0, 1), b""), [Label::SynAck]);
    assert_eq!(talk.flow().ends().0.port(), 45110);
    assert_eq!(talk.flow().isn(Way::Forth), Some(ISN[0]));
    let labels = talk.forth(SYN, (0, 0), b"");
    assert_eq!(labels, [Label::Syn, Label::OutOfOrder]);
    assert_eq!(talk.forth(ACK, (1, 1), b""), [Label::HandshakeAck]);
}

#[test]
fn a_syn_ack_with_another_number() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    talk.lost(Way::Back, SYN_ACK, (0, 1), b"");
    talk.isn[1] = 77;
    let labels = talk.back(SYN_ACK, (0, 1), b"");
    assert_eq!(labels, [Label::Renumbered, Label::SynAck]);
    assert_eq!(talk.forth(ACK, (1, 1), b""), [Label::HandshakeAck]);
    assert_eq!(talk.flow().isn(Way::Back), Some(77));
}

#[test]
fn a_syn_lost_twice() {
    let mut talk = talk();
    talk.lost(Way::Forth, SYN, (0, 0), b"");
    let again = |of, nth| vec![Label::Syn, Label::Retransmission { of, nth }];
    assert_eq!(talk.lost(Way::Forth, SYN, (0, 0), b""), again(1, 1));
    assert_eq!(talk.lost(Way::Forth, SYN, (0, 0), b""), again(2, 2));
}

#[test]
fn both_open_and_both_close_at_once() {
    let mut talk = talk();
    let forth = talk.frame(Way::Forth, SYN, (0, 0), b"");
    assert_eq!(talk.sent(&forth).labels, [Label::Syn]);
    let back = talk.frame(Way::Back, SYN, (0, 0), b"");
    assert_eq!(talk.sent(&back).labels, [Label::SimultaneousSyn]);
    talk.arrives(&forth);
    talk.arrives(&back);
    for way in [Way::Forth, Way::Back] {
        let labels = talk.say(way, SYN_ACK, (0, 1), b"");
        assert_eq!(labels[0], Label::SynAck);
    }
    assert_eq!(talk.forth(ACK, (1, 1), b"x"), [Label::Data]);
    assert_eq!(talk.back(ACK, (1, 2), b""), [Label::PureAck]);
    let forth = talk.frame(Way::Forth, FIN, (2, 1), b"");
    let back = talk.frame(Way::Back, FIN, (1, 2), b"");
    assert_eq!(talk.sent(&forth).labels, [Label::Fin]);
    assert_eq!(talk.sent(&back).labels, [Label::Fin]);
    assert_eq!(talk.forth(ACK, (3, 2), b""), [Label::AckOfFin]);
    assert_eq!(talk.back(ACK, (2, 3), b""), [Label::AckOfFin]);
    assert!(talk.flow().is_over());
}

#[test]
fn a_syn_with_data() {
    let mut talk = talk();
    assert_eq!(talk.forth(SYN, (0, 0), b"GET"), [Label::Syn, Label::Data]);
    assert_eq!(talk.back(SYN_ACK, (0, 4), b""), [Label::SynAck]);
    assert_eq!(talk.forth(ACK, (4, 1), b""), [Label::HandshakeAck]);
    assert_eq!(talk.flow().next(Way::Forth), 4);
}

#[test]
fn keep_alives_are_no_retransmissions() {
    let mut talk = talk().open();
    talk.forth(ACK, (1, 1), b"x");
    let labels = talk.forth(ACK, (1, 1), b"x"); // nobody has acknowledged it
    assert_eq!(labels, [Label::Retransmission { of: 4, nth: 1 }]);
    talk.back(ACK, (1, 2), b"");
    for payload in [&b""[..], b"x"] {
        assert_eq!(talk.forth(ACK, (1, 1), payload), [Label::KeepAlive]);
        assert_eq!(talk.back(ACK, (1, 2), b""), [Label::ProbeAnswer]);
    }
}

#[test]
fn a_window_closes_and_opens() {
    let mut talk = talk().open();
    talk.forth(ACK, (1, 1), &[0; 100]);
    talk.windows[1] = 0;
    let labels = talk.back(ACK, (1, 101), b"");
    assert_eq!(labels, [Label::PureAck, Label::ZeroWindow]);
    assert_eq!(talk.forth(ACK, (100, 1), b""), [Label::WindowProbe]);
    let labels = talk.back(ACK, (1, 101), b"");
    assert_eq!(labels, [Label::ProbeAnswer, Label::ZeroWindow]);
    let labels = talk.forth(ACK, (101, 1), b"y"); // as BSD probes
    assert_eq!(labels, [Label::WindowProbe, Label::Data]);
    talk.back(ACK, (1, 101), b"");
    talk.forth(ACK, (102, 1), b"");
    talk.back(ACK, (1, 102), b"");
    talk.forth(ACK, (101, 1), b"");
    talk.windows[1] = 600;
    let update = talk.frame(Way::Back, ACK, (1, 102), b"");
    let sent = talk.sent(&update);
    assert_eq!(sent.labels, [Label::WindowUpdate]);
    assert_eq!(sent.window, 2400);
}

#[test]
fn a_window_is_scaled_only_if_both_agree_and_never_in_a_syn() {
    let mut talk = talk();
    let syn = talk.frame(Way::Forth, SYN, (0, 0), b"");
    assert_eq!(talk.sent(&syn).window, 1000);
    let plain = ends(Way::Back).tcp(&Segment {
        seq: ISN[1],
        ack: ISN[0].wrapping_add(1),
        flags: SYN_ACK,
        ..Segment::default()
    });
    talk.sent(&plain);
    let ack = talk.frame(Way::Forth, ACK, (1, 1), b"");
    assert_eq!(talk.sent(&ack).window, 1000);
}

#[test]
fn three_duplicate_acks_and_a_fast_retransmission() {
    let mut talk = talk().open();
    assert_eq!(talk.lost(Way::Forth, ACK, (1, 1), &[0; 100]), [Label::Data]);
    for block in 1..4 {
        talk.forth(ACK, (block * 100 + 1, 1), &[0; 100]);
        let labels = talk.back(ACK, (1, 1), b"");
        assert_eq!(labels, [Label::DuplicateAck { nth: block }]);
    }
    let labels = talk.forth(ACK, (1, 1), &[0; 100]);
    assert_eq!(labels, [Label::FastRetransmission { of: 4 }]);
    assert_eq!(talk.flow().expects(Way::Forth), 401);
}

#[test]
fn a_part_of_a_super_segment_is_repeated() {
    let mut talk = talk().open();
    talk.lost(Way::Forth, ACK, (1, 1), &[0; 9000]);
    let labels = talk.forth(ACK, (1449, 1), &[0; 1448]);
    assert_eq!(labels, [Label::Retransmission { of: 4, nth: 1 }]);
    let labels = talk.forth(ACK, (8001, 1), &[0; 2000]);
    assert_eq!(
        labels,
        [Label::Retransmission { of: 4, nth: 1 }, Label::Data]
    );
}

#[test]
fn what_the_network_doubled_is_a_copy() {
    let mut talk = talk().open();
    let bytes = talk.frame(Way::Forth, ACK, (1, 1), b"x");
    talk.sent(&bytes);
    assert_eq!(talk.sent(&bytes).labels, [Label::Copy { of: 4 }]);
}

#[test]
fn order_is_lost_before_the_first_sight() {
    let mut talk = talk().open();
    assert_eq!(
        talk.forth(ACK, (11, 1), &[0; 10]),
        [Label::Gap, Label::Data]
    );
    assert_eq!(talk.forth(ACK, (1, 1), &[0; 10]), [Label::OutOfOrder]);
    assert_eq!(talk.flow().expects(Way::Forth), 21);
}

#[test]
fn two_kinds_of_reset_and_nothing_lives_after_it() {
    let mut refused = talk();
    refused.forth(SYN, (0, 0), b"");
    assert_eq!(refused.back(RST, (0, 1), b""), [Label::Refused]);
    let mut talk = talk().open();
    assert_eq!(talk.back(RST, (1, 1), b""), [Label::Abort]);
    assert_eq!(talk.forth(ACK, (1, 1), b""), [Label::AfterReset]);
    assert!(talk.flow().is_over());
}

#[test]
fn ports_are_used_again() {
    let mut talk = talk().open();
    talk.forth(FIN, (1, 1), b"");
    talk.back(FIN, (1, 2), b"");
    talk.forth(ACK, (2, 2), b"");
    talk.isn = [5, 6];
    assert_eq!(
        talk.forth(SYN, (0, 0), b""),
        [Label::NewConnection, Label::Syn]
    );
    assert_eq!(talk.back(SYN_ACK, (0, 1), b""), [Label::SynAck]);
    assert_eq!(talk.forth(ACK, (1, 1), b""), [Label::HandshakeAck]);
    assert_eq!(talk.flow().isn(Way::Back), Some(6));
}

#[test]
fn the_capture_began_later_and_sees_one_way_only() {
    let mut talk = talk();
    let labels = talk.forth(ACK, (5001, 701), b"abc");
    assert_eq!(labels, [Label::MidStream, Label::Data]);
    assert_eq!(talk.flow().isn(Way::Forth), None);
    assert_eq!(talk.flow().next(Way::Forth), 4);
    assert_eq!(talk.forth(ACK, (5004, 701), b"def"), [Label::Data]);
    assert_eq!(talk.flow().expects(Way::Forth), 7);
    assert_eq!(talk.back(ACK, (701, 5007), b""), [Label::PureAck]);
}

#[test]
fn numbers_beyond_four_gigabytes() {
    let mut talk = talk().open();
    let mut at = 1u32;
    for _ in 0..5 {
        talk.forth(ACK, (at, 1), b"x");
        at = at.wrapping_add(1 << 30);
        talk.lost(Way::Forth, ACK, (at.wrapping_sub(1), 1), b"x");
    }
    assert_eq!(talk.flow().next(Way::Forth), 5 * (1 << 30) + 1);
}

#[test]
fn a_damaged_segment_does_not_arrive() {
    let mut talk = talk().open();
    let mut bytes = talk.frame(Way::Forth, ACK, (1, 1), b"x");
    talk.sent(&bytes);
    *bytes.last_mut().expect("bytes") ^= 1;
    assert_eq!(talk.arrives(&bytes), Arrival::Damaged);
    assert_eq!(talk.flow().expects(Way::Forth), 1);
}

#[test]
fn a_transfer_with_a_lost_block_and_a_stranger() {
    let (client, tid) = (([10, 0, 0, 1], 44935), ([10, 0, 0, 2], 59557));
    let mut talk = Conversations::new();
    let mut flow = None;
    let mut say = |forth: bool, port: u16, payload: &[u8]| {
        let server = (tid.0, port);
        let bytes = match forth {
            true => Envelope::new(client.into(), server.into()).udp(payload),
            false => Envelope::new(server.into(), client.into()).udp(payload),
        };
        let frame = talk.follow(Frame::parse(&bytes));
        let flow = flow.get_or_insert_with(|| TftpFlow::new(&frame).expect("a request"));
        let labels = flow.sent(&frame).expect("of this transfer").labels;
        (labels, flow.is_over())
    };
    use TftpLabel::*;
    let block = |number: u8, len: usize| [vec![0, 3, 0, number], vec![0; len]].concat();
    let request = b"\0\x01file1\0octet\0blksize\x0016\0";
    assert_eq!(say(true, 69, request).0, [Request]);
    assert_eq!(say(true, 69, request).0, [RepeatedRequest]);
    assert_eq!(
        say(false, 59557, b"\0\x06blksize\x0016\0").0,
        [ServerTid, Options]
    );
    assert_eq!(say(true, 59557, b"\0\x04\0\0").0, [Ack]);
    assert_eq!(say(false, 59557, &block(1, 16)).0, [FirstData]);
    assert_eq!(say(true, 59557, b"\0\x04\0\x01").0, [Ack]);
    assert_eq!(say(false, 59557, &block(2, 16)).0, [Data]);
    assert_eq!(
        say(false, 59557, &block(2, 16)).0,
        [RepeatedData { nth: 1 }]
    );
    assert_eq!(say(true, 59557, b"\0\x04\0\x02").0, [Ack]);
    assert_eq!(
        say(true, 59557, b"\0\x04\0\x02").0,
        [DuplicateAck { nth: 1 }]
    );
    assert_eq!(say(false, 5000, &block(3, 16)).0, [WrongTid]);
    assert_eq!(say(false, 59557, &block(3, 5)).0, [Data, LastBlock]);
    assert_eq!(say(true, 59557, b"\0\x04\0\x03"), (vec![LastAck], true));
}

#[test]
fn an_error_ends_a_transfer() {
    let (client, server) = (([10, 0, 0, 1], 44935), ([10, 0, 0, 2], 69));
    let bytes = Envelope::new(client.into(), server.into()).udp(b"\0\x02f\0octet\0");
    let frame = Frame::parse(&bytes);
    let mut flow = TftpFlow::new(&frame).expect("a request");
    flow.sent(&frame);
    let bytes = Envelope::new(server.into(), client.into()).udp(b"\0\x05\0\x02no\0");
    let sent = flow.sent(&Frame::parse(&bytes)).expect("of this transfer");
    assert_eq!(sent.labels, [TftpLabel::ServerTid, TftpLabel::Error]);
    assert!(flow.is_over());
}
