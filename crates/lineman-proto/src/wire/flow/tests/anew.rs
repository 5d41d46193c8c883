//! Connections between the same two ports, one behind the other, whose segments mix.

use super::*;

/// Both ask to open. The client gives up, and asks anew from the same port; the server hears of the first SYN only, and answers that.
/// What it had sent before the new connection began is of that, too: the client was claimed to be connected.
#[test]
fn an_old_syn_that_crossed_is_answered_when_a_new_one_was_sent() {
    let mut talk = talk();
    let server = talk.frame(Way::Back, SYN, (0, 0), b"");
    talk.sent(&server);
    let old = talk.frame(Way::Forth, SYN, (0, 0), b"");
    talk.sent(&old);
    let isn = talk.isn[0];
    talk.isn[0] = isn.wrapping_add(78_337);
    let new = talk.frame(Way::Forth, SYN, (0, 0), b"");
    talk.sent(&new);
    talk.arrives(&server);
    let client = |talk: &Talk| talk.flow().state(Way::Forth).map(|end| end.state);
    assert_eq!(client(&talk), Some(SynReceived));
    let crossed = talk.frame(Way::Forth, SYN_ACK, (0, 1), b"");
    talk.sent(&crossed);
    talk.arrives(&old);
    talk.isn[0] = isn;
    let answer = talk.frame(Way::Back, SYN_ACK, (0, 1), b"");
    talk.sent(&answer);
    talk.isn[0] = isn.wrapping_add(78_337);
    talk.arrives(&crossed);
    talk.arrives(&answer);
    assert_eq!(client(&talk), Some(SynReceived));
    // It answers what it does not expect (RFC 5961 §4).
    talk.forth(ACK, (1, 1), b"");
    assert_eq!(client(&talk), Some(SynReceived));
    assert_eq!(talk.flow().state(Way::Back), None);
}

/// An answer to the SYN before is on its way when the client asks anew: what the server says is of that, and tells nothing of this one.
#[test]
fn an_answer_to_the_syn_before_does_not_connect_the_new_one() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    let answer = talk.frame(Way::Back, SYN_ACK, (0, 1), b"");
    talk.sent(&answer);
    let isn = talk.isn[0];
    talk.isn[0] = isn.wrapping_add(454_296);
    let new = talk.frame(Way::Forth, SYN, (0, 0), b"");
    talk.sent(&new);
    talk.arrives(&answer);
    talk.arrives(&new);
    talk.isn[0] = isn;
    let challenge = talk.frame(Way::Back, ACK, (1, 1), b"");
    talk.sent(&challenge);
    let states = [Way::Forth, Way::Back].map(|way| talk.flow().state(way).map(|end| end.state));
    assert_eq!(states, [Some(SynSent), None]);
}

/// An end in SYN-RECEIVED that answers an older connection by a reset may still be there, or may have been reset by a packet that the
/// capture lacks. With its next ACK it was taken for connected.
#[test]
fn a_reset_for_the_connection_before_does_not_connect() {
    let mut talk = talk();
    talk.back(SYN_ACK, (0, 1), b"");
    let server = |talk: &Talk| talk.flow().state(Way::Back).map(|end| end.state);
    assert_eq!(server(&talk), Some(SynReceived));
    talk.back(Flags::RST, (500_000, 0), b"");
    assert_eq!(server(&talk), None);
    talk.back(ACK, (1, 1), b"");
    assert_eq!(server(&talk), None);
}

/// A FIN of the connection before stands, by chance of its sender's number, where the next is due; but what it acknowledges is older than
/// the SYN (RFC 5961 §5): CLOSING was claimed.
#[test]
fn a_fin_that_acknowledges_the_connection_before_closes_nothing() {
    let mut talk = talk().open();
    talk.forth(FIN, (1, 1), b"");
    let isn = talk.isn[0];
    talk.isn[0] = isn.wrapping_sub(684_739);
    talk.back(FIN, (1, 1), b"");
    assert_eq!(
        talk.flow().state(Way::Forth).map(|end| end.state),
        Some(FinWait1)
    );
    assert_eq!(talk.flow().expects(Way::Back), 1);
}

/// Only an ACK was seen of it since its SYN-ACK, and nothing of its peer: it may wait for the third ACK still.
#[test]
fn an_end_that_only_acknowledges_behind_its_syn_ack_may_not_be_connected() {
    let mut talk = talk();
    talk.back(SYN_ACK, (0, 1), b"");
    talk.back(ACK, (1, 1), b"");
    talk.back(ACK, (1, 1), b"");
    assert_eq!(talk.flow().state(Way::Back), None);
    talk.back(ACK, (1, 1), b"x");
    let server = talk.flow().state(Way::Back).map(|end| end.state);
    assert_eq!(server, Some(Established));
}

/// A byte that was under way since long before acknowledges what lies more than a window behind (RFC 5961 §5.2): it was taken for the one that is
/// due, and the FIN behind it for received.
#[test]
fn a_segment_that_acknowledges_more_than_a_window_less_is_not_taken() {
    let mut talk = talk().open();
    let late = talk.frame(Way::Forth, ACK, (1, 1), b"x");
    talk.sent(&late);
    // The client's window is 4000 bytes: 1000 shifted by 2.
    for block in 0..5 {
        talk.back(ACK, (1 + block * 1000, 1), &[b'y'; 1000]);
        talk.forth(ACK, (2, 1001 + block * 1000), b"");
    }
    assert_eq!(talk.arrives(&late), Arrival::OldAck);
    talk.forth(FIN, (2, 5001), b"");
    assert_eq!(talk.states(), [FinWait1, Established]);
    assert_eq!(talk.flow().expects(Way::Forth), 1);
}

/// Both ask to open, and one does not answer, though all that the other sends has arrived, up to a FIN; that it repeats its SYN tells that it took
/// none of it. When it is connected at last, CLOSE-WAIT was claimed.
#[test]
fn what_came_before_a_syn_was_sent_again_has_not_arrived() {
    let mut talk = talk();
    let server = talk.frame(Way::Back, SYN, (0, 0), b"");
    talk.sent(&server);
    talk.forth(SYN, (0, 0), b"");
    talk.arrives(&server);
    talk.forth(SYN_ACK, (0, 1), b"");
    talk.forth(FIN, (1, 1), b"");
    talk.pause(1000);
    talk.back(SYN, (0, 0), b"");
    let state = |talk: &Talk| talk.flow().state(talk_way(talk)).map(|end| end.state);
    assert_eq!(state(&talk), Some(SynSent));
    talk.forth(SYN_ACK, (0, 1), b"");
    assert_eq!(state(&talk), Some(Established));
}

/// An end that has refused a SYN asks to open later, while the other asks again: that SYN was taken to have crossed its own, though nobody was
/// there to take it.
#[test]
fn a_syn_that_was_refused_has_not_crossed_a_later_one() {
    let mut talk = talk();
    let old = talk.frame(Way::Forth, SYN, (0, 0), b"");
    talk.sent(&old);
    let isn = talk.isn[0];
    talk.isn[0] = isn.wrapping_add(490_736);
    talk.forth(SYN, (0, 0), b"");
    talk.back(RST, (0, 1), b"");
    talk.arrives(&old);
    talk.isn[0] = isn;
    talk.back(RST, (0, 1), b"");
    talk.pause(100);
    talk.back(SYN, (0, 0), b"");
    let server = talk.flow().state(Way::Back).map(|end| end.state);
    assert_eq!(server, Some(SynSent));
}

/// The client asks anew from the same port while the server sends much: what the server had heard of the connection before was compared with
/// the third ACK of the new one, which seemed too old, and SYN-RECEIVED was claimed on.
#[test]
fn what_was_heard_before_a_new_syn_ack_is_void() {
    let mut talk = talk();
    let isn = talk.isn;
    talk.isn[0] = isn[0].wrapping_add(485_008);
    let new = talk.frame(Way::Forth, SYN, (0, 0), b"");
    talk.sent(&new);
    talk.isn[0] = isn[0];
    talk.back(ACK, (17_377, 2), &[b'x'; 1000]);
    let late = talk.frame(Way::Forth, ACK, (2, 18_377), b"");
    talk.arrives(&late);
    talk.arrives(&new);
    talk.isn = [isn[0].wrapping_add(485_008), isn[1].wrapping_sub(250_000)];
    talk.back(SYN_ACK, (0, 1), b"");
    talk.forth(ACK, (1, 1), b"");
    assert_eq!(talk.states(), [Established, Established]);
}

/// Both ask to open; to the server comes an old SYN of the client first, and it waits for what fits that. The client's SYN-ACK does not:
/// the server was claimed to be connected by it.
#[test]
fn a_syn_ack_connects_no_end_that_has_taken_in_an_older_syn() {
    let mut talk = talk();
    talk.flow = None;
    talk.back(SYN, (0, 0), b"");
    let isn = talk.isn[0];
    talk.isn[0] = isn.wrapping_sub(524_528);
    talk.forth(SYN, (0, 0), b"");
    let server = |talk: &Talk| talk.flow().state(talk_way(talk)).map(|end| end.state);
    assert_eq!(server(&talk), Some(SynReceived));
    let answer = talk.frame(Way::Back, SYN_ACK, (0, 1), b"");
    talk.sent(&answer);
    talk.isn[0] = isn;
    talk.forth(SYN_ACK, (0, 1), b"");
    assert_eq!(server(&talk), None);
    talk.back(ACK, (1, 1), b"");
    assert_eq!(server(&talk), Some(Established));
}

/// Only what the client sends is seen. It resets a connection before this one: whether it was reset itself meanwhile nobody can tell. FIN-WAIT-1
/// was claimed on.
#[test]
fn who_resets_another_connection_may_be_gone_where_its_peer_is_not_seen() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    talk.forth(ACK, (1, 1), b"");
    talk.forth(FIN, (1, 1), b"");
    let client = |talk: &Talk| talk.flow().state(Way::Forth).map(|end| end.state);
    assert_eq!(client(&talk), Some(FinWait1));
    let isn = talk.isn[0];
    talk.isn[0] = isn.wrapping_sub(163_389);
    talk.forth(Flags::RST, (0, 0), b"");
    assert_eq!(client(&talk), None);
}

/// The SYN-ACK of the connection before comes once more, and then the new one. What the client had said in between was taken for an acknowledgment of
/// far more than the server has sent; that of its FIN seemed old, and FIN-WAIT-1 was claimed on.
#[test]
fn what_was_said_while_an_old_syn_ack_came_is_void() {
    let mut talk = talk();
    let isn = talk.isn[1];
    let capture = |talk: &mut Talk, way, flags, places| {
        let bytes = talk.frame(way, flags, places, b"");
        talk.sent(&bytes);
        talk.arrives(&bytes);
    };
    capture(&mut talk, Way::Forth, SYN, (0, 0));
    capture(&mut talk, Way::Back, SYN_ACK, (0, 1));
    capture(&mut talk, Way::Forth, ACK, (1, 1));
    talk.isn = [talk.isn[0].wrapping_sub(410_000), isn.wrapping_sub(394_235)];
    capture(&mut talk, Way::Back, SYN_ACK, (0, 1));
    talk.isn = [ISN[0], isn];
    capture(&mut talk, Way::Forth, ACK, (1, 1));
    capture(&mut talk, Way::Back, SYN_ACK, (0, 1));
    capture(&mut talk, Way::Forth, ACK, (1, 1));
    capture(&mut talk, Way::Forth, FIN, (1, 1));
    capture(&mut talk, Way::Back, ACK, (1, 2));
    let client = talk.flow().state(Way::Forth).map(|end| end.state);
    assert_eq!(client, Some(FinWait2));
}

/// A SYN of the server's from long ago comes late, and is taken for the beginning of a connection; the server's next segments are of the one that there
/// is. That they acknowledge first of all was taken for the client's SYN, and CLOSE-WAIT was claimed of a client in TIME-WAIT.
#[test]
fn what_a_segment_far_behind_a_syn_acknowledges_is_no_syn() {
    let mut talk = talk();
    let isn = talk.isn[1];
    talk.isn[1] = isn.wrapping_sub(483_597);
    talk.back(SYN, (0, 0), b"");
    talk.isn[1] = isn;
    talk.back(ACK, (1, 2), b"");
    talk.back(FIN, (1, 2), b"");
    talk.forth(ACK, (2, 2), b"");
    let states = [Way::Forth, Way::Back].map(|way| talk.flow().state(way));
    assert_eq!(states, [None, None]);
}

/// The client connects from the port of a connection of which the server has its end still, in TIME-WAIT, and nobody listens any more. The server's ACK
/// was told as one of this connection, the client's answer to it as the end of this, and the refusal of the next SYN as one, too.
#[test]
fn an_end_that_has_an_earlier_connection_still_answers_a_syn_by_that() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    let earlier = [ISN[0].wrapping_sub(9_818_291), ISN[1].wrapping_sub(500)];
    talk.isn = earlier;
    assert_eq!(talk.back(ACK, (9, 1), b""), is(Label::AckEarlier));
    assert_eq!(talk.forth(Flags::RST, (1, 0), b""), is(Label::RstWaiting));
    let client = |talk: &Talk| talk.flow().state(Way::Forth).map(|end| end.state);
    assert_eq!(client(&talk), Some(SynSent));
    talk.isn = ISN;
    talk.pause(10);
    let told = talk.forth(SYN, (0, 0), b"");
    assert_eq!(told, again(Label::Syn, 1, 1, Cause::Rejected));
    // Nothing more has come: the next one waits for its timer.
    talk.pause(1000);
    assert_eq!(talk.forth(SYN, (0, 0), b""), again(Label::Syn, 14, 2, RTO));
    assert_eq!(talk.back(RST, (0, 1), b""), is(Label::RstRefused));
    assert_eq!(client(&talk), Some(Closed));
}

/// Which way the server's segments go: the end that sent the first SYN counts as the client.
fn talk_way(talk: &Talk) -> Way {
    match talk.flow().ends().0.port() {
        9000 => Way::Forth,
        _ => Way::Back,
    }
}

/// A SYN of before comes late, and is taken for the beginning of another connection. The real one's FIN comes before its third ACK, echoes an answer to
/// that SYN, and is thrown away; but nobody can tell who has not seen the SYN-ACK. When the server says more, and does not acknowledge the FIN,
/// CLOSE-WAIT was claimed.
#[test]
fn a_fin_that_its_receiver_does_not_acknowledge_has_closed_nothing() {
    let clock = Some(1000);
    let mut talk = Talk { clock, ..talk() };
    talk.forth(SYN, (0, 0), b"");
    talk.back(SYN_ACK, (0, 1), b"");
    let isn = talk.isn[0];
    talk.isn[0] = isn.wrapping_sub(301_652);
    talk.forth(SYN, (0, 0), b"");
    talk.isn[0] = isn;
    let server = |talk: &Talk| talk.flow().state(Way::Back).map(|end| end.state);
    talk.clock = Some(1004);
    talk.back(ACK, (1, 1), b"");
    talk.echo = 1004;
    talk.forth(FIN, (1, 1), b"");
    talk.back(ACK, (1, 1), b"");
    assert_eq!(server(&talk), None);
    talk.echo = 1000;
    talk.forth(ACK, (1, 1), b"");
    for block in 0..2 {
        talk.back(ACK, (1 + block * 100, 1), &[0; 100]);
        assert_eq!(server(&talk), None);
    }
    talk.forth(FIN, (1, 1), b"");
    talk.back(ACK, (201, 2), &[0; 100]);
    assert_eq!(server(&talk), Some(CloseWait));
}

/// Copies of an old SYN, of an old FIN and of what the client says now come to the server, and the SYN is taken for the beginning of a connection.
/// The FIN stands in front of what the client has sent, so it is of another: CLOSE-WAIT was claimed of a server in ESTABLISHED.
#[test]
fn a_fin_in_front_of_what_its_sender_has_sent_is_of_the_connection_before() {
    for fin_comes_first in [false, true] {
        let mut talk = talk();
        talk.forth(SYN, (0, 0), b"");
        let ahead = 65_639;
        let server = |talk: &Talk| talk.flow().state(Way::Back).map(|end| end.state);
        if fin_comes_first {
            talk.forth(FIN, (101, 1), b"");
        }
        talk.back(ACK, (1, ahead), b"");
        for block in 0..2 {
            talk.forth(ACK, (ahead + block * 100, 1), &[b'x'; 100]);
            talk.back(ACK, (1 + block, ahead + (block + 1) * 100), b"y");
        }
        let known = (!fin_comes_first).then_some(Established);
        assert_eq!(server(&talk), known);
        talk.forth(FIN, (101, 1), b"");
        for _ in 0..2 {
            talk.pause(300);
            talk.back(ACK, (3, ahead + 200), b"");
            assert_eq!(server(&talk), known);
        }
    }
}

/// An old segment was answered by a reset in SYN-RECEIVED, an old SYN by an ACK, and the third ACK was lost: with that ACK, the server was
/// claimed to be connected.
#[test]
fn an_end_that_answers_old_segments_without_the_third_ack_is_not_connected() {
    let mut talk = talk().open();
    let old = talk.frame(Way::Forth, ACK, (1, 1), b"x");
    talk.sent(&old);
    talk.back(RST, (1, 1), b"");
    let isn = talk.isn;
    let old_syn = talk.frame(Way::Forth, SYN, (0, 0), b"");
    talk.isn = isn.map(|isn| isn.wrapping_add(500_000));
    talk.forth(SYN, (0, 0), b"");
    talk.back(SYN_ACK, (0, 1), b"");
    talk.lost(Way::Forth, ACK, (1, 1), b"");
    talk.arrives(&old);
    talk.isn[1] = isn[1];
    talk.back(Flags::RST, (1, 0), b"");
    talk.isn[1] = isn[1].wrapping_add(500_000);
    assert_eq!(talk.states(), [Established, SynReceived]);
    talk.arrives(&old_syn);
    talk.lost(Way::Back, ACK, (1, 1), b"");
    assert_eq!(talk.states(), [Established, SynReceived]);
}

/// Both ask to open, and the client anew; an older connection's reset came with the number that was due, and an older timestamp. Only a listener's
/// connection goes by that: SYN-RECEIVED was claimed of an end that was gone.
#[test]
fn a_reset_is_believed_by_an_end_that_has_asked_itself_whatever_it_echoes() {
    let mut talk = talk();
    (talk.clock, talk.echo) = (Some(1000), 0);
    let isn = talk.isn;
    // The server's two SYNs had left before the client's began this connection.
    let old = talk.frame(Way::Back, SYN, (0, 0), b"");
    talk.isn[1] = isn[1].wrapping_add(500_000);
    let server = talk.frame(Way::Back, SYN, (0, 0), b"");
    let client = talk.frame(Way::Forth, SYN, (0, 0), b"");
    talk.sent(&client);
    talk.arrives(&old);
    talk.isn[1] = isn[1];
    talk.echo = 1000;
    let crossed = talk.frame(Way::Forth, SYN_ACK, (0, 1), b"");
    talk.sent(&crossed);
    let reset = talk.frame(Way::Forth, RST, (1, 1), b"");
    talk.sent(&reset);
    talk.arrives(&server);
    talk.arrives(&client);
    talk.isn[1] = isn[1].wrapping_add(500_000);
    (talk.clock, talk.echo) = (Some(1050), 1000);
    let answer = talk.frame(Way::Back, SYN_ACK, (0, 1), b"");
    talk.sent(&answer);
    let state = |talk: &Talk| talk.flow().state(Way::Back).map(|end| end.state);
    assert_eq!(state(&talk), Some(SynReceived));
    talk.arrives(&reset);
    assert_eq!(state(&talk), Some(Closed));
}

/// A copy of the SYN reaches the listener when the connection is over, and is answered as a new one. The client, in TIME-WAIT, says again what it has of
/// the connection before; that was told in numbers of the new one, as thrown away by its timestamp, and the reset for it as the end of the new one.
#[test]
fn an_ack_of_the_connection_before_is_no_ack_of_a_late_syns_answer() {
    let clock = Some(1000);
    let mut talk = Talk { clock, ..talk() }.open();
    talk.forth(FIN, (1, 1), b"");
    talk.back(FIN, (1, 2), b"");
    talk.forth(ACK, (2, 2), b"");
    let isn = talk.isn[1];
    talk.isn[1] = isn.wrapping_add(4_689_326);
    talk.flow.as_mut().expect("begun").told(Way::Back, Listen);
    talk.back(SYN_ACK, (0, 1), b"");
    talk.flow
        .as_mut()
        .expect("begun")
        .told(Way::Back, SynReceived);
    talk.isn[1] = isn;
    let late = talk.frame(Way::Forth, ACK, (2, 2), b"");
    assert_eq!(told(talk.sent(&late)), is(Label::AckEarlier));
    assert_eq!(talk.arrives(&late), Arrival::InOrder);
    assert_eq!(talk.back(Flags::RST, (2, 0), b""), is(Label::RstWaiting));
    let server = talk.flow().state(Way::Back).map(|end| end.state);
    assert_eq!(server, Some(SynReceived));
    // Its timer runs on.
    talk.isn[1] = isn.wrapping_add(4_689_326);
    talk.pause(1000);
    let (label, _, again) = talk.back(SYN_ACK, (0, 1), b"");
    let cause = again.map(|(_, _, cause)| cause);
    assert_eq!((label, cause), (Label::SynAck, Some(RTO)));
}

/// After `shutdown()` the client has read what came. A reset that answers the answer to a late SYN is none to that data.
#[test]
fn a_reset_that_answers_no_data_does_not_tell_of_data() {
    let mut talk = talk().open();
    talk.forth(FIN, (1, 1), b"");
    talk.back(ACK, (1, 2), b"hello");
    talk.forth(ACK, (2, 6), b"");
    talk.back(FIN, (6, 2), b"");
    talk.forth(ACK, (2, 7), b"");
    talk.isn[1] = talk.isn[1].wrapping_add(7_825_805);
    talk.back(SYN_ACK, (0, 1), b"");
    assert_eq!(talk.forth(Flags::RST, (1, 0), b""), is(Label::RstLate));
}
