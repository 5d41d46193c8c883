//! Resets, and what is refused.

use super::*;

/// Its receiver went on, and nothing told why.
#[test]
fn a_reset_that_is_not_believed_tells_which_check_it_fails() {
    let mut talk = talk().open();
    talk.back(ACK, (1, 1), &[0; 100]);
    for (seq, wanted) in [
        (1, Arrival::ResetIgnored(Unbelieved::Outside { due: 101 })),
        (150, Arrival::ResetIgnored(Unbelieved::NotDue { due: 101 })),
        (
            100_000,
            Arrival::ResetIgnored(Unbelieved::Outside { due: 101 }),
        ),
        (101, Arrival::InOrder),
    ] {
        let reset = talk.frame(Way::Back, RST, (seq, 1), b"");
        talk.sent(&reset);
        assert_eq!(talk.arrives(&reset), wanted, "{seq}");
    }
}

/// Only what acknowledges its SYN refuses it (RFC 9293 §3.10.7.3).
#[test]
fn a_reset_that_acknowledges_no_syn_is_no_answer_to_one() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    let reset = talk.frame(Way::Back, Flags::RST, (0, 0), b"");
    talk.sent(&reset);
    let no_answer = Arrival::ResetIgnored(Unbelieved::NoAnswer);
    assert_eq!(talk.arrives(&reset), no_answer);
    let refusal = talk.frame(Way::Back, RST, (0, 1), b"");
    talk.sent(&refusal);
    assert_eq!(talk.arrives(&refusal), Arrival::InOrder);
}

/// An end whose program has closed answers what still comes with the acknowledged number and no ACK; an
/// end that gives up by itself sends its next number, with ACK.
#[test]
fn bytes_after_a_close_are_answered_by_a_reset_of_their_own() {
    let bare = Flags::RST;
    for (flags, wanted) in [(bare, Label::RstUnheard), (RST, Label::RstBroken)] {
        let mut talk = talk().open();
        talk.back(FIN, (1, 1), b"");
        talk.forth(ACK, (1, 2), b"");
        let half = Label::Data { half: true };
        assert_eq!(talk.forth(ACK, (1, 2), b"late"), is(half));
        assert_eq!(talk.back(flags, (2, 5), b""), is(wanted));
        assert_eq!(talk.states(), [Closed, Closed]);
    }
}

#[test]
fn a_refusal_ends_both() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    assert_eq!(talk.back(RST, (0, 1), b""), is(Label::RstRefused));
    assert_eq!(talk.states(), [Closed, Closed]);
}

/// The end that has not heard of a reset goes on, and is answered by the next.
#[test]
fn a_reset_that_is_lost_ends_its_sender_alone() {
    let mut talk = talk().open();
    let reset = talk.lost(Way::Back, RST, (1, 1), b"");
    assert_eq!(reset, is(Label::RstBroken));
    assert_eq!(talk.states(), [Established, Closed]);
    let data = talk.frame(Way::Forth, ACK, (1, 1), b"x");
    assert_eq!(told(talk.sent(&data)), is(DATA));
    assert_eq!(talk.arrives(&data), Arrival::Gone);
    assert_eq!(talk.states(), [Established, Closed]);
    assert_eq!(talk.back(RST, (1, 2), b""), is(Label::RstLate));
    assert_eq!(talk.states(), [Closed, Closed]);
}

/// A reset is believed at the number that is due, at no other (RFC 5961 §3.2).
#[test]
fn a_reset_beside_the_number_that_is_due_is_not_believed() {
    let mut talk = talk().open();
    talk.back(Flags::RST, (500, 0), b"");
    assert_eq!(talk.states()[0], Established);
    talk.back(Flags::RST, (1, 0), b"");
    assert_eq!(talk.states()[0], Closed);
}

/// A passive end goes back to LISTEN (RFC 9293 §3.10.7.4), an active one is closed.
#[test]
fn a_reset_in_syn_received() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    talk.lost(Way::Back, SYN_ACK, (0, 1), b"");
    assert_eq!(talk.states(), [SynSent, SynReceived]);
    talk.forth(Flags::RST, (1, 0), b"");
    assert_eq!(talk.states(), [Closed, Listen]);
}

/// A stranger's ACK of what was never sent opens and closes nothing.
#[test]
fn an_acknowledgment_of_nothing_moves_nothing() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    talk.back(SYN_ACK, (0, 70), b"");
    let states = [Way::Forth, Way::Back].map(|way| talk.flow().state(way).map(|it| it.state));
    assert_eq!(states, [Some(SynSent), None]);
    let mut talk = self::talk().open();
    talk.forth(FIN, (1, 1), b"");
    talk.back(ACK, (1, 70), b"");
    assert_eq!(talk.states()[0], FinWait1);
    talk.back(ACK, (1, 1), b"");
    assert_eq!(talk.states()[0], FinWait1); // an ACK, but not of the FIN
    talk.back(ACK, (1, 2), b"");
    assert_eq!(talk.states()[0], FinWait2);
}

/// The server sends a FIN that does not acknowledge the client's, which came long before: it has not taken that in. So the number of that is due, and a reset
/// there ends it: FIN-WAIT-1 was claimed on.
#[test]
fn a_reset_is_due_at_a_fin_that_was_not_taken_in() {
    let mut talk = talk().open();
    talk.forth(FIN, (1, 1), b"");
    talk.pause(300);
    talk.back(FIN, (1, 1), b"");
    let server = |talk: &Talk| talk.flow().state(Way::Back).map(|end| end.state);
    assert_eq!(server(&talk), Some(FinWait1));
    talk.forth(Flags::RST, (1, 0), b"");
    assert_eq!(server(&talk), Some(Closed));
}
