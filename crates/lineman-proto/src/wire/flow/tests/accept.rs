//! What an end heeds of a segment that it does not accept (RFC 9293 §3.10.7.4): nothing.

use super::*;

/// The server has sent twice ten bytes, which the client has acknowledged; that has not come back, and the client has
/// finished, which the server knows.
fn finished_and_acknowledged() -> Talk {
    let mut talk = talk().open();
    let fin = talk.frame(Way::Forth, FIN, (1, 1), b"");
    talk.sent(&fin);
    talk.back(ACK, (1, 1), b"0123456789");
    talk.back(ACK, (11, 1), b"0123456789");
    talk.lost(Way::Forth, ACK, (2, 21), b"");
    talk.arrives(&fin);
    assert_eq!(talk.states(), [FinWait1, CloseWait]);
    talk
}

/// Linux drops a segment that ends before what it has acknowledged, and the ACK in it: the FIN is not acknowledged yet.
#[test]
fn an_ack_in_a_segment_that_is_too_old_is_not_heard() {
    let mut talk = finished_and_acknowledged();
    talk.pause(300);
    talk.back(ACK, (1, 2), b"0123456789");
    assert_eq!(talk.states(), [FinWait1, CloseWait]);
    // Nor does it count when something else comes that the client takes in.
    talk.back(ACK, (21, 1), b"x");
    assert_eq!(talk.states(), [FinWait1, CloseWait]);
    talk.back(ACK, (22, 2), b"");
    assert_eq!(talk.states(), [FinWait2, CloseWait]);
}

/// What ends just where it has acknowledged is not too old for Linux; for RFC 9293 it is.
#[test]
fn an_ack_in_the_last_segment_that_was_acknowledged_is_heard() {
    let mut talk = finished_and_acknowledged();
    talk.pause(300);
    talk.back(ACK, (11, 2), b"0123456789");
    assert_eq!(talk.states(), [FinWait2, CloseWait]);
}

/// The window in it is old, too, and it is no duplicate ACK.
#[test]
fn a_bare_ack_that_is_too_old_is_no_duplicate() {
    let mut talk = talk().open();
    let old: Vec<_> = (0..3)
        .map(|_| {
            let old = talk.frame(Way::Back, ACK, (1, 1), b"");
            talk.sent(&old);
            old
        })
        .collect();
    talk.back(ACK, (1, 1), b"0123456789");
    talk.forth(ACK, (1, 11), b"");
    talk.forth(ACK, (1, 11), b"x");
    for old in &old {
        talk.arrives(old);
    }
    // Three equal ACKs would have had it send this.
    let cause = talk.forth(ACK, (1, 11), b"x").2.map(|again| again.2);
    assert_eq!(cause, Some(Cause::Silence));
}

/// A SYN-ACK that comes again is answered; what else it says is not heeded (RFC 5961 §4).
#[test]
fn a_syn_ack_that_comes_again_closes_no_window() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    let answer = talk.frame(Way::Back, SYN_ACK, (0, 1), b"");
    talk.sent(&answer);
    assert_eq!(talk.arrives(&answer), Arrival::InOrder);
    talk.forth(ACK, (1, 1), b"");
    talk.windows[1] = 0;
    talk.back(ACK, (1, 1), b"");
    assert_eq!(talk.arrives(&answer), Arrival::SynAgain);
    // It asks whether there is room: it knows that there is none.
    assert_eq!(talk.forth(ACK, (0, 1), b"").0, Label::Probe { byte: false });
}

/// What lies beyond all the room that was offered is answered, and nothing in it is heeded.
#[test]
fn an_ack_beyond_the_window_is_not_heard() {
    let mut talk = talk().open();
    talk.forth(FIN, (1, 1), b"");
    // The client has room for 4000 bytes: 1000 shifted by 2.
    talk.lost(Way::Back, ACK, (1, 1), &[b'x'; 4001]);
    talk.back(ACK, (4002, 2), b"");
    assert_eq!(talk.states(), [FinWait1, CloseWait]);
    talk.back(ACK, (4001, 2), b"");
    assert_eq!(talk.states(), [FinWait2, CloseWait]);
}

/// A listener without room keeps nothing of a SYN but the number of its answer, and drops the ACK of that if it has no room for a
/// connection, either. The same SYN, delayed, then is the first for it: the kernel was in SYN-RECEIVED, and ESTABLISHED was claimed.
#[test]
fn a_delayed_syn_that_comes_to_a_listener_may_find_no_connection() {
    let mut talk = talk();
    let syn = talk.frame(Way::Forth, SYN, (0, 0), b"");
    talk.sent(&syn);
    talk.arrives(&syn);
    talk.back(SYN_ACK, (0, 1), b"");
    talk.forth(ACK, (1, 1), b"");
    assert_eq!(talk.states(), [Established, Established]);
    talk.pause(120);
    talk.arrives(&syn);
    assert_eq!(talk.flow().state(Way::Back), None);
    // It says itself which it is: here it has a connection, and answers the SYN by an ACK (RFC 5961 §4).
    let mut has_one = talk;
    let mut begins = Talk {
        flow: has_one.flow.clone(),
        ..self::talk()
    };
    has_one.back(ACK, (1, 1), b"");
    assert_eq!(has_one.states(), [Established, Established]);
    // Here it had none.
    begins.pause(150);
    begins.isn[1] = 77;
    begins.back(SYN_ACK, (0, 1), b"");
    let server = begins.flow().state(Way::Back).map(|end| end.state);
    assert_eq!(server, Some(SynReceived));
}

/// A server that has sent anything but a SYN-ACK has a connection.
#[test]
fn a_delayed_syn_moves_nothing_where_the_server_has_spoken() {
    let mut talk = talk();
    let syn = talk.frame(Way::Forth, SYN, (0, 0), b"");
    talk.sent(&syn);
    talk.arrives(&syn);
    talk.back(SYN_ACK, (0, 1), b"");
    talk.forth(ACK, (1, 1), b"x");
    talk.back(ACK, (1, 2), b"");
    assert_eq!(talk.arrives(&syn), Arrival::SynAgain);
    assert_eq!(talk.states(), [Established, Established]);
}

/// In FIN-WAIT-2, Linux keeps a small socket for a program that has closed, which any reset in the window ends; where the program
/// only sends no more, the number must be the one that is due. Packets do not tell which: FIN-WAIT-2 was claimed.
#[test]
fn a_reset_beside_the_number_that_is_due_may_end_fin_wait_2() {
    let mut talk = talk().open();
    talk.forth(FIN, (1, 1), b"");
    talk.back(ACK, (1, 2), b"");
    talk.lost(Way::Back, ACK, (1, 2), b"x");
    assert_eq!(talk.states(), [FinWait2, CloseWait]);
    talk.back(RST, (2, 2), b"");
    assert_eq!(talk.flow().state(Way::Forth), None);
    // In ESTABLISHED, and in FIN-WAIT-2 beyond the window, it is not believed.
    let mut talk = self::talk().open();
    talk.lost(Way::Back, ACK, (1, 1), b"x");
    talk.back(RST, (2, 1), b"");
    assert_eq!(talk.states(), [Established, Closed]);
}

/// A listener without room drops the ACK of the handshake, and the bytes behind it. That the SYN-ACK comes again tells so; the bytes
/// were thought to have arrived all the same, and a reset at the number behind the SYN not to be believed.
#[test]
fn what_came_before_a_syn_ack_was_sent_again_has_not_arrived() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    talk.back(SYN_ACK, (0, 1), b"");
    talk.forth(ACK, (1, 1), b"");
    talk.forth(ACK, (1, 1), b"0123456789");
    talk.pause(1000);
    talk.back(SYN_ACK, (0, 1), b"");
    let server = talk.flow().state(Way::Back);
    let again = EndState {
        state: SynReceived,
        source: Source::Contradicted,
    };
    assert_eq!(server, Some(again));
    assert_eq!(talk.flow().expects(Way::Forth), 1);
    talk.forth(Flags::RST, (1, 0), b"");
    assert_eq!(talk.states(), [Closed, Listen]);
}

/// A listener that had answered by a SYN cookie dropped the third ACK for want of room, and the next bytes were lost: Linux takes what comes then for the first
/// of the stream, and its FIN for the last. ESTABLISHED was claimed of an end in CLOSE-WAIT.
#[test]
fn a_fin_behind_a_gap_may_be_the_first_that_a_listener_takes_in() {
    let mut talk = talk().open();
    talk.lost(Way::Forth, ACK, (1, 1), b"x");
    talk.forth(FIN, (2, 1), b"0123456789");
    let server = |talk: &Talk| talk.flow().state(Way::Back).map(|end| end.state);
    assert_eq!(server(&talk), None);
    let mut goes_on = talk.clone();
    // Whether it was so, its first word tells.
    talk.back(ACK, (1, 13), b"");
    assert_eq!(server(&talk), Some(CloseWait));
    // When all has come again, it does not matter.
    goes_on.forth(ACK, (1, 1), b"x");
    assert_eq!(server(&goes_on), Some(CloseWait));
}

/// As before, when the third ACK itself was lost.
#[test]
fn a_fin_behind_a_gap_may_be_the_third_ack_too() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    talk.back(SYN_ACK, (0, 1), b"");
    talk.lost(Way::Forth, ACK, (1, 1), b"");
    talk.lost(Way::Forth, ACK, (1, 1), b"x");
    talk.forth(FIN, (2, 1), b"");
    let server = |talk: &Talk| talk.flow().state(Way::Back).map(|end| end.state);
    assert_eq!(server(&talk), None);
    // It had a socket: it waits for what is missing.
    talk.back(ACK, (1, 1), b"");
    assert_eq!(server(&talk), Some(Established));
}
