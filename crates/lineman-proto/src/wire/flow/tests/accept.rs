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
