//! Connections that open, carry data and end.

use super::*;

#[test]
fn a_whole_life_with_four_segments_at_the_end() {
    let mut talk = talk().open();
    assert_eq!(talk.forth(ACK, (1, 1), b"hi"), is(DATA));
    assert_eq!(talk.back(ACK, (1, 3), b""), ack(2));
    assert_eq!(talk.back(ACK, (1, 3), b"hello back"), is(DATA));
    assert_eq!(talk.forth(ACK, (3, 11), b""), ack(10));
    assert_eq!(talk.flow().expects(Way::Back), 11);
    assert_eq!(talk.forth(FIN, (3, 11), b""), is(Label::FinFirst));
    assert_eq!(talk.states(), [FinWait1, CloseWait]);
    assert_eq!(talk.back(ACK, (11, 4), b""), ack_fin(false));
    assert_eq!(talk.states(), [FinWait2, CloseWait]);
    assert_eq!(talk.back(FIN, (11, 4), b""), is(Label::FinSecond));
    assert_eq!(talk.states(), [TimeWait, LastAck]);
    assert_eq!(talk.forth(ACK, (4, 12), b""), ack_fin(true));
    assert_eq!(talk.states(), [TimeWait, Closed]);
    assert_eq!(talk.flow().isn(Way::Forth), Some(ISN[0]));
}

#[test]
fn three_segments_at_the_end() {
    let mut talk = talk().open();
    assert_eq!(talk.forth(FIN, (1, 1), b""), is(Label::FinFirst));
    assert_eq!(talk.back(FIN, (1, 2), b""), is(Label::FinCombined));
    assert_eq!(talk.states(), [TimeWait, LastAck]);
    assert_eq!(talk.forth(ACK, (2, 2), b""), ack_fin(true));
    assert_eq!(talk.states(), [TimeWait, Closed]);
}

#[test]
fn a_half_closed_connection_carries_data() {
    let mut talk = talk().open();
    talk.forth(FIN, (1, 1), b"");
    talk.back(ACK, (1, 2), b"");
    let half = Label::Data { half: true };
    assert_eq!(talk.back(ACK, (1, 2), &[0; 500]), is(half));
    assert_eq!(talk.forth(ACK, (2, 501), b""), ack(500));
    assert_eq!(talk.states(), [FinWait2, CloseWait]);
    assert_eq!(talk.back(FIN, (501, 2), b""), is(Label::FinSecond));
}

#[test]
fn data_may_acknowledge_a_fin() {
    let mut talk = talk().open();
    talk.forth(FIN, (1, 1), b"");
    let half = Label::Data { half: true };
    assert_eq!(talk.back(ACK, (1, 2), b"half"), is(half));
    assert_eq!(talk.states(), [FinWait2, CloseWait]);
    assert_eq!(talk.back(FIN, (5, 2), b""), is(Label::FinSecond));
}

#[test]
fn a_fin_with_data_repeated() {
    let mut talk = talk().open();
    let told = talk.lost(Way::Forth, FIN, (1, 1), b"bye");
    assert_eq!(told, is(Label::FinFirst));
    assert_eq!(talk.states(), [FinWait1, Established]);
    let told = talk.forth(FIN, (1, 1), b"bye");
    assert_eq!(told, again(Label::FinFirst, 4, 1, Cause::Silence));
    assert_eq!(talk.flow().expects(Way::Forth), 5);
    assert_eq!(talk.states(), [FinWait1, CloseWait]);
}

#[test]
fn a_fin_that_arrives_too_early() {
    let mut talk = talk().open();
    let data = talk.frame(Way::Forth, ACK, (1, 1), b"bye");
    talk.sent(&data);
    let fin = talk.frame(Way::Forth, FIN, (4, 1), b"");
    assert_eq!(talk.sent(&fin).label, Label::FinFirst);
    assert_eq!(talk.arrives(&fin), Arrival::Early);
    assert_eq!(talk.flow().expects(Way::Forth), 1);
    // A listener that had answered by a SYN cookie may take it for the first.
    assert_eq!(talk.flow().state(Way::Back), None);
    assert_eq!(talk.arrives(&data), Arrival::InOrder);
    assert_eq!(talk.flow().expects(Way::Forth), 5);
    assert_eq!(talk.states(), [FinWait1, CloseWait]);
    assert_eq!(talk.arrives(&data), Arrival::Known);
}

#[test]
fn the_syn_ack_is_seen_before_the_syn() {
    let mut talk = talk();
    assert_eq!(talk.back(SYN_ACK, (0, 1), b""), is(Label::SynAck));
    assert_eq!(talk.flow().ends().0.port(), 45110);
    assert_eq!(talk.flow().isn(Way::Forth), Some(ISN[0]));
    let told = talk.forth(SYN, (0, 0), b"");
    assert_eq!(told, (Label::Syn, Order::Late, None));
    assert_eq!(
        talk.forth(ACK, (1, 1), b""),
        is(Label::AckThird { crossed: false })
    );
}

#[test]
fn a_syn_ack_with_another_number() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    talk.lost(Way::Back, SYN_ACK, (0, 1), b"");
    talk.isn[1] = 77;
    assert_eq!(talk.back(SYN_ACK, (0, 1), b""), is(Label::SynAck));
    assert_eq!(
        talk.forth(ACK, (1, 1), b""),
        is(Label::AckThird { crossed: false })
    );
    assert_eq!(talk.flow().isn(Way::Back), Some(77));
    assert_eq!(talk.states(), [Established, Established]);
}

#[test]
fn a_syn_lost_twice() {
    let mut talk = talk();
    talk.lost(Way::Forth, SYN, (0, 0), b"");
    for nth in 1..3 {
        let told = talk.lost(Way::Forth, SYN, (0, 0), b"");
        let wanted = again(Label::Syn, nth, nth as u32, Cause::Silence);
        assert_eq!(told, wanted);
    }
    assert_eq!(talk.flow().state(Way::Back), None);
}

/// The client's SYN comes again, and is answered: no timer of the server has expired.
#[test]
fn a_syn_ack_that_answers_a_repeated_syn() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    talk.lost(Way::Back, SYN_ACK, (0, 1), b"");
    talk.forth(SYN, (0, 0), b"");
    let told = talk.lost(Way::Back, SYN_ACK, (0, 1), b"");
    assert_eq!(told, again(Label::SynAck, 2, 1, Cause::Asked));
    talk.id += 1000; // a second later
    let told = talk.back(SYN_ACK, (0, 1), b"");
    assert_eq!(told, again(Label::SynAck, 4, 2, RTO));
}

#[test]
fn both_open_and_both_close_at_once() {
    let mut talk = talk();
    let forth = talk.frame(Way::Forth, SYN, (0, 0), b"");
    assert_eq!(talk.sent(&forth).label, Label::Syn);
    let back = talk.frame(Way::Back, SYN, (0, 0), b"");
    assert_eq!(talk.sent(&back).label, Label::SynCrossed);
    assert_eq!(talk.states(), [SynSent, SynSent]);
    talk.arrives(&forth);
    talk.arrives(&back);
    assert_eq!(talk.states(), [SynReceived, SynReceived]);
    let answers = [Way::Forth, Way::Back].map(|way| talk.frame(way, SYN_ACK, (0, 1), b""));
    for answer in &answers {
        assert_eq!(told(talk.sent(answer)), is(Label::SynAckCrossed));
    }
    for answer in &answers {
        talk.arrives(answer);
    }
    assert_eq!(talk.states(), [Established, Established]);
    assert_eq!(talk.forth(ACK, (1, 1), b"x"), is(DATA));
    talk.back(ACK, (1, 2), b"");
    let forth = talk.frame(Way::Forth, FIN, (2, 1), b"");
    let back = talk.frame(Way::Back, FIN, (1, 2), b"");
    assert_eq!(talk.sent(&forth).label, Label::FinFirst);
    assert_eq!(talk.sent(&back).label, Label::FinCrossed);
    assert_eq!(talk.states(), [FinWait1, FinWait1]);
    talk.arrives(&forth);
    talk.arrives(&back);
    assert_eq!(talk.states(), [Closing, Closing]);
    let not_last = Label::AckFin {
        bytes: 0,
        last: false,
        after_ns: None,
    };
    assert_eq!(talk.forth(ACK, (3, 2), b""), is(not_last));
    assert_eq!(talk.states(), [Closing, TimeWait]);
    let (label, ..) = talk.back(ACK, (2, 3), b"");
    assert!(matches!(label, Label::AckFin { last: true, .. }));
    assert_eq!(talk.states(), [TimeWait, TimeWait]);
}

#[test]
fn a_syn_with_data() {
    let mut talk = talk();
    assert_eq!(talk.forth(SYN, (0, 0), b"GET"), is(Label::Syn));
    assert_eq!(talk.back(SYN_ACK, (0, 4), b""), is(Label::SynAck));
    assert_eq!(
        talk.forth(ACK, (4, 1), b""),
        is(Label::AckThird { crossed: false })
    );
    assert_eq!(talk.flow().next(Way::Forth), 4);
}

/// Both ask, and one SYN is lost: the last ACK is not the third segment of three.
#[test]
fn the_ack_of_an_answer_to_a_crossed_syn_is_no_third() {
    let mut talk = talk();
    talk.lost(Way::Forth, SYN, (0, 0), b"");
    assert_eq!(talk.back(SYN, (0, 0), b""), is(Label::SynCrossed));
    talk.pause(10);
    let (label, ..) = talk.forth(SYN_ACK, (0, 1), b"");
    assert_eq!(label, Label::SynAckCrossed);
    let last = talk.back(ACK, (1, 1), b"");
    assert_eq!(last, is(Label::AckThird { crossed: true }));
}

/// "It has received a segment that it had already" was said of it: only the SYN had come before, not the ACK with it.
#[test]
fn the_ack_of_a_syn_ack_that_crossed_answers_a_syn_that_comes_again_and_an_ack_that_does_not() {
    let mut talk = talk();
    let forth = talk.frame(Way::Forth, SYN, (0, 0), b"");
    let back = talk.frame(Way::Back, SYN, (0, 0), b"");
    talk.sent(&forth);
    talk.sent(&back);
    assert_eq!(talk.arrives(&forth), Arrival::InOrder);
    assert_eq!(talk.arrives(&back), Arrival::InOrder);
    let answer = talk.frame(Way::Back, SYN_ACK, (0, 1), b"");
    assert_eq!(told(talk.sent(&answer)).0, Label::SynAckCrossed);
    talk.lost(Way::Forth, SYN_ACK, (0, 1), b"");
    assert_eq!(talk.arrives(&answer), Arrival::SynAgain);
    let told = talk.forth(ACK, (1, 1), b"");
    assert_eq!(told, is(Label::AckAgain(Prompt::CrossedAnswer)));
    assert_eq!(talk.arrives(&answer), Arrival::SynAgain);
    let told = talk.forth(ACK, (1, 1), b"");
    assert_eq!(told, is(Label::AckAgain(Prompt::Known)));
}

/// It was told as one that nothing had asked for.
#[test]
fn an_empty_segment_that_comes_too_late_has_its_receiver_repeat_its_ack() {
    let mut talk = talk().open();
    let late = talk.frame(Way::Back, ACK, (1, 1), b"");
    talk.sent(&late);
    talk.back(ACK, (1, 1), &[0; 10]);
    talk.forth(ACK, (1, 11), b"");
    assert_eq!(talk.arrives(&late), Arrival::Passed { due: 11 });
    let told = talk.forth(ACK, (1, 11), b"");
    assert_eq!(told, is(Label::AckAgain(Prompt::Passed)));
}

/// "Its timeout must have expired" was said of an answer that left some microseconds after the SYN had come again.
#[test]
fn a_syn_ack_that_its_timer_or_the_syn_sends_again_is_told_as_either() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    talk.lost(Way::Back, SYN_ACK, (0, 1), b"");
    talk.pause(1000);
    talk.forth(SYN, (0, 0), b"");
    let told = talk.back(SYN_ACK, (0, 1), b"");
    let either = Cause::Timer(Timer::OrAsked);
    assert_eq!(told, again(Label::SynAck, 2, 1, either));
    talk.pause(1000);
    let told = talk.back(SYN_ACK, (0, 1), b"");
    let timer = Cause::Timer(Timer::Retransmission);
    assert_eq!(
        (told.0, told.2.map(|it| it.2)),
        (Label::SynAck, Some(timer))
    );
}

/// It is no duplicate to be thrown away: TIME-WAIT is there to answer it, and begins anew.
#[test]
fn a_fin_that_comes_again_reaches_time_wait() {
    let mut talk = talk().open();
    talk.forth(FIN, (1, 1), b"");
    let fin = talk.frame(Way::Back, FIN, (1, 2), b"");
    talk.sent(&fin);
    assert_eq!(talk.arrives(&fin), Arrival::InOrder);
    talk.lost(Way::Forth, ACK, (2, 2), b"");
    talk.pause(200);
    let fin = talk.frame(Way::Back, FIN, (1, 2), b"");
    assert_eq!(told(talk.sent(&fin)).2.map(|it| it.2), Some(RTO));
    assert_eq!(talk.arrives(&fin), Arrival::FinAgain);
    let told = talk.forth(ACK, (2, 2), b"");
    assert_eq!(told, is(Label::AckAgain(Prompt::Known)));
    assert_eq!(talk.states(), [TimeWait, Closed]);
}

#[test]
fn a_syn_that_comes_again_is_known() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    talk.lost(Way::Back, SYN_ACK, (0, 1), b"");
    let syn = talk.frame(Way::Forth, SYN, (0, 0), b"");
    talk.sent(&syn);
    assert_eq!(talk.arrives(&syn), Arrival::SynAgain);
}

/// A listener without room drops the third ACK, and all that follows; when there is room, the FIN that is sent again makes the socket, and what was in front
/// of it is missing: CLOSE-WAIT was claimed.
#[test]
fn a_fin_that_comes_again_to_a_listener_that_has_said_nothing_may_be_the_first() {
    let mut talk = talk_with_sack().open();
    talk.forth(ACK, (1, 1), b"x");
    let fin = talk.frame(Way::Forth, FIN, (2, 1), b"");
    talk.sent(&fin);
    talk.arrives(&fin);
    talk.pause(200);
    talk.forth(FIN, (2, 1), b"");
    let server = |talk: &Talk| talk.flow().state(Way::Back).map(|end| end.state);
    assert_eq!(server(&talk), None);
    // It says itself that the FIN waits behind a gap.
    talk.sacks(1, (2, 3));
    assert_eq!(server(&talk), Some(Established));
    talk.forth(ACK, (1, 1), b"x");
    assert_eq!(server(&talk), None);
    talk.back(ACK, (1, 3), b"");
    assert_eq!(server(&talk), Some(CloseWait));
}

/// As before; but the third ACK comes again, and makes the socket: the data and the FIN that were dropped are missing still. CLOSE-WAIT was claimed of a
/// server in ESTABLISHED.
#[test]
fn a_third_ack_that_comes_again_to_a_listener_that_has_said_nothing_may_be_the_first() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    talk.back(SYN_ACK, (0, 1), b"");
    let third = talk.frame(Way::Forth, ACK, (1, 1), b"");
    talk.sent(&third);
    talk.arrives(&third);
    talk.forth(ACK, (1, 1), b"data");
    talk.forth(FIN, (5, 1), b"");
    assert_eq!(talk.states(), [FinWait1, CloseWait]);
    talk.pause(100);
    talk.arrives(&third);
    assert_eq!(talk.flow().state(Way::Back), None);
    talk.back(ACK, (1, 1), b"");
    assert_eq!(talk.states(), [FinWait1, Established]);
    talk.forth(FIN, (1, 1), b"data");
    talk.back(ACK, (1, 6), b"");
    assert_eq!(talk.states(), [FinWait2, CloseWait]);
}
