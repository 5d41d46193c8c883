//! The classic pitfalls of following TCP in a capture, one test each. The list is that of what trackers were found to get wrong: by
//! their issues, and by trying them.

use super::*;
use crate::wire::Checksum;
use crate::wire::Layer;

/// The SYN-ACK is seen before the SYN. The client and the server are who they are, whatever was seen first.
#[test]
fn a_syn_ack_is_seen_before_its_syn() {
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

/// The SYN-ACK is retransmitted with another initial number (zeek#3313).
#[test]
fn a_syn_ack_is_sent_again_with_another_number() {
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

/// A reset, and then a late ACK, which must not have the connection rise from the dead (opte#442).
#[test]
fn a_late_ack_behind_a_reset_revives_nothing() {
    let mut capture = capture().open();
    let reset = capture.back(RST, (1, 1), 0);
    assert_eq!(reset, said(Label::RstBroken, Closed, Closed));
    let (_, states) = capture.forth(ACK, (1, 1), 0);
    assert_eq!(states, [Some(Closed); 2]);
    let (_, states) = capture.forth(ACK, (1, 1), 10);
    assert_eq!(states, [Some(Closed); 2]);
    assert_eq!(capture.flow().ending(), Ending::Reset(Way::Back));
}

/// FIN and data in one segment: the FIN stands behind the data.
#[test]
fn a_fin_and_data_in_one_segment() {
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

/// A FIN comes out of order: it closes nothing until the data in front of it are there.
#[test]
fn a_fin_out_of_order() {
    let mut capture = capture().open();
    // Who has said more than its SYN-ACK has a socket that knows what is missing: a SYN cookie does not.
    capture.back(ACK, (1, 1), 5);
    let fin = capture.forth(FIN, (4, 6), 0);
    assert_eq!(fin, said(Label::FinFirst, FinWait1, Established));
    let data = capture.sees(Way::Forth, ACK, (1, 6), 3);
    assert_eq!((data.sent.label, data.sent.order), (DATA, Order::Late));
    assert_eq!(capture.states(), [Some(FinWait1), Some(CloseWait)]);
}

/// A FIN is retransmitted: it moves nothing twice, and has TIME-WAIT begin anew.
#[test]
fn a_fin_is_sent_again() {
    let mut capture = capture().open();
    // Who has said nothing but its SYN-ACK may have dropped all that came, for want of room.
    capture.back(ACK, (1, 1), 5);
    capture.forth(FIN, (1, 6), 0);
    capture.n += 300;
    let again = capture.sees(Way::Forth, FIN, (1, 6), 0).sent.again;
    assert_eq!(again.map(|again| again.times), Some(1));
    assert_eq!(capture.states(), [Some(FinWait1), Some(CloseWait)]);
    capture.back(FIN, (6, 2), 0);
    assert_eq!(capture.states(), [Some(TimeWait), Some(LastAck)]);
    capture.n += 300;
    let again = capture.sees(Way::Back, FIN, (6, 2), 0);
    assert_eq!(again.delivered.arrival, Arrival::FinAgain);
    assert_eq!(capture.states(), [Some(TimeWait), Some(LastAck)]);
}

/// Three segments at the end instead of four: the second FIN acknowledges the first.
#[test]
fn three_segments_at_the_end() {
    let mut capture = capture().open();
    capture.forth(FIN, (1, 1), 0);
    let combined = capture.back(FIN, (1, 2), 0);
    assert_eq!(combined, said(Label::FinCombined, TimeWait, LastAck));
    let last = capture.forth(ACK, (2, 2), 0);
    assert_eq!(last, said(ack_fin(true), TimeWait, Closed));
    assert_eq!(capture.flow().ending(), Ending::Finished);
}

/// A half-close, and long data behind the FIN: the other direction goes on.
#[test]
fn a_half_close_with_long_data_behind_the_fin() {
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

/// Simultaneous open (RFC 9293 §3.5, figure 8) and simultaneous close (§3.6, figure 13).
#[test]
fn both_open_and_both_close_at_once() {
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

/// A SYN with data, and TCP Fast Open (RFC 7413): the bytes are taken in with the SYN, or come again behind the handshake.
#[test]
fn a_syn_with_data() {
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

/// A keep-alive (at the last number, which is acknowledged) and a probe of a closed window are taken for retransmissions.
#[test]
fn keep_alives_and_probes_are_no_retransmissions() {
    let mut capture = capture().open();
    capture.forth(ACK, (1, 1), 1);
    capture.back(ACK, (1, 2), 0);
    for len in [0, 1] {
        let seen = capture.sees(Way::Forth, ACK, (1, 1), len);
        assert_eq!((seen.sent.label, seen.sent.again), (Label::KeepAlive, None));
    }
    assert_eq!(capture.flow().counts(Way::Forth).resent, 0);
    assert_eq!(capture.flow().counts(Way::Forth).keep_alives, 2);
    capture.windows[1] = 0;
    capture.back(ACK, (1, 2), 0);
    let probes = [(1, false), (2, true)];
    for (seq, byte) in probes {
        let seen = capture.sees(Way::Forth, ACK, (seq, 1), byte.into());
        let said = (seen.sent.label, seen.sent.again);
        assert_eq!(said, (Label::Probe { byte }, None));
        capture.back(ACK, (1, 2), 0);
    }
    assert_eq!(capture.flow().counts(Way::Forth).probes, 2);
}

/// Numbers wrap at 2³²: comparisons are signed, and places do not wrap.
#[test]
fn numbers_wrap() {
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

/// Windows are scaled only if both SYNs offer it, and never in a SYN itself (RFC 7323 §2.2).
#[test]
fn windows_are_scaled_only_if_both_syns_offer_it() {
    let window = |answered: bool| {
        let mut capture = capture();
        capture.scale = [Some(2), answered.then_some(7)];
        let syn = capture.sees(Way::Forth, SYN, (0, 0), 0);
        let answer = capture.sees(Way::Back, SYN_ACK, (0, 1), 0);
        let third = capture.sees(Way::Forth, ACK, (1, 1), 0);
        [syn, answer, third].map(|seen| seen.sent.place.window)
    };
    assert_eq!(window(true), [1000, 1000, 4000]);
    assert_eq!(window(false), [1000, 1000, 1000]);
}

/// A super-segment (GSO) is captured whole, and retransmitted in part.
#[test]
fn a_super_segment_is_sent_again_in_part() {
    let mut capture = capture().open();
    capture.forth(ACK, (1, 1), 9000);
    let again = capture.sees(Way::Forth, ACK, (1449, 1), 1448).sent.again;
    assert_eq!(again.and_then(|again| again.covered), Some((1, 9001)));
    assert_eq!(capture.states(), [Some(Established); 2]);
}

/// Ports are used again while one end is in TIME-WAIT: a new SYN between the same ends is a new connection, and the old one leaves as it was.
#[test]
fn ports_are_used_again_in_time_wait() {
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

/// The capture begins in the middle: numbers count from the first that was seen. Which end has sent its FIN before cannot be told, and so
/// no state is, until one of them sends something new.
#[test]
fn a_capture_begins_in_the_middle() {
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

/// An end that is gone answers by the number that the segment acknowledges. Where that is from before the capture began, it was
/// taken for one of a connection before, and CLOSING was claimed.
#[test]
fn a_reset_at_a_number_from_before_the_capture_may_be_this_connection_s() {
    let mut capture = capture();
    capture.back(ACK, (1001, 1), 100);
    capture.back(ACK, (1101, 1), 100);
    capture.forth(ACK, (1, 901), 100);
    capture.back(ACK, (1201, 101), 0);
    capture.back(FIN, (1201, 101), 0);
    let (_, states) = capture.forth(FIN, (101, 901), 1);
    assert_eq!(states[1], Some(Closing));
    let (_, states) = capture.back(BARE_RST, (901, 0), 0);
    assert_eq!(states[1], None);
}

/// The capture began behind what had come too early, with a FIN: what fills the gap in front of that may end it all. FIN-WAIT-2 was claimed where the end was
/// in TIME-WAIT; until it acknowledges, nothing tells which.
#[test]
fn what_fills_a_gap_from_before_the_capture_may_have_a_fin_behind_it() {
    let mut capture = capture();
    capture.forth(FIN, (1, 1), 0);
    // The server goes on behind its FIN, of which nothing was seen.
    capture.back(ACK, (5003, 2), 0);
    capture.back(ACK, (1, 2), 1);
    let (_, states) = capture.forth(ACK, (2, 2), 0);
    assert_eq!(
        states[0],
        Some(FinWait2),
        "it has heard no FIN: it acknowledges less"
    );
    capture.back(ACK, (2, 2), 1460);
    assert_eq!(capture.states()[0], None);
    capture.back(ACK, (1462, 2), 1460);
    assert_eq!(capture.states()[0], None);
    // This one had left before the last piece came: that one may have been followed by the FIN.
    let (_, states) = capture.forth(ACK, (2, 1462), 0);
    assert_eq!(states[0], None);
    let (_, states) = capture.forth(ACK, (2, 2922), 0);
    assert_eq!(states[0], Some(FinWait2));
    // Behind all that it may have sent before, it says something new: there was no FIN.
    capture.back(ACK, (2922, 2), 2081);
    capture.forth(ACK, (2, 5003), 0);
    capture.back(ACK, (5003, 2), 10);
    let (_, states) = capture.forth(ACK, (2, 5013), 0);
    assert_eq!(states[0], Some(FinWait2));
    capture.back(ACK, (5013, 2), 10);
    assert_eq!(capture.states()[0], Some(FinWait2));
}

/// An asymmetric trace: one direction is never seen. Of the unseen one nothing is known; what is seen tells of its sender what it was then.
#[test]
fn a_capture_sees_one_way_only() {
    let mut capture = capture();
    let syn = capture.forth(SYN, (0, 0), 0);
    assert_eq!(syn, said(Label::Syn, SynSent, None));
    let third = capture.forth(ACK, (1, 1), 0);
    let untold = Label::AckFirst;
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

/// On a loopback interface each packet is captured twice, and means the same.
#[test]
fn a_loopback_interface_doubles_each_packet() {
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
    assert_eq!(counts.doubled, 5); // ACKs that carry nothing, too
}

/// On a loopback interface the MSS is 65495: read as a signed number, a tracker has shown it as 4294967255 (tcptrace 6.6.7).
#[test]
fn a_large_mss_is_no_negative_number() {
    let bytes = Envelope::new(
        ([127, 0, 0, 1], 45110).into(),
        ([127, 0, 0, 1], 9000).into(),
    )
    .tcp(&compose::Segment {
        flags: SYN,
        options: &[TcpOption::Mss(65_495)],
        ..compose::Segment::default()
    });
    let frame = Frame::parse(&bytes);
    let tcp = frame.tcp().expect("a segment");
    let mss = tcp.option(|option| match option {
        TcpOption::Mss(mss) => Some(mss),
        _ => None,
    });
    assert_eq!(mss, Some(65_495));
    assert_eq!(frame.checksum(Layer::Tcp), Some(Checksum::Right));
    let shown = TcpOption::Mss(65_495).to_string();
    assert!(shown.contains("65495"), "{shown}");
}

/// "It acknowledged the FIN of the client before" was said of a FIN that acknowledges less, and so crossed it.
#[test]
fn a_fin_that_does_not_acknowledge_the_first_was_told_as_the_second() {
    let mut capture = capture().open();
    assert_eq!(capture.forth(FIN, (1, 1), 0).0, Label::FinFirst);
    assert_eq!(capture.back(FIN, (1, 1), 0).0, Label::FinCrossed);
}

/// "The client repeats its ACK" was said of the first that it sends, where the SYN, or the answer to it, is not in the capture.
#[test]
fn a_first_ack_behind_what_is_missing_was_told_as_a_repetition() {
    let mut without_syn = capture();
    without_syn.back(SYN_ACK, (0, 1), 0);
    assert_eq!(without_syn.forth(ACK, (1, 1), 0).0, Label::AckFirst);
    let again = Label::AckAgain(Prompt::Unseen);
    assert_eq!(without_syn.forth(ACK, (1, 1), 0).0, again);
    let mut without_answer = capture();
    without_answer.forth(SYN, (0, 0), 0);
    assert_eq!(without_answer.forth(ACK, (1, 1), 0).0, Label::AckFirst);
}

/// The ACK of a FIN that the capture has missed was said to be "of an earlier connection".
#[test]
fn an_ack_of_what_a_capture_has_missed_was_told_as_of_an_earlier_connection() {
    let mut capture = capture();
    capture.forth(SYN, (0, 0), 0);
    capture.forth(ACK, (1, 1), 5);
    capture.back(ACK, (1, 6), 0);
    let seen = capture.sees(Way::Back, ACK, (1, 7), 0);
    assert!(matches!(seen.sent.label, Label::Ack { bytes: 1, .. }));
    assert!(seen.sent.acks_unseen);
}

/// "Closes at once" and "takes three segments" were said of a FIN behind a gap, long after the other.
#[test]
fn a_fin_long_after_the_first_is_late() {
    for (pause, is_late) in [(10, false), (210, true)] {
        let mut capture = capture().open();
        capture.back(FIN, (1, 1), 0);
        capture.n += pause;
        let seen = capture.sees(Way::Forth, FIN, (1, 2), 0).sent;
        assert_eq!((seen.label, seen.acks_late), (Label::FinCombined, is_late));
    }
}
