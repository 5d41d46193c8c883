//! Segments that end nothing and begin nothing, though they have RST or SYN: nobody heeds them (RFC 5961).

use super::*;

fn opened() -> Capture {
    let mut capture = capture().open();
    capture.forth(ACK, (1, 1), 10);
    capture.back(ACK, (1, 11), 0);
    capture
}

/// The connection was told as reset, and as open in the same line.
#[test]
fn a_reset_that_is_not_due_ends_no_connection() {
    for seq in [200, 90_000_000, 5] {
        let mut capture = opened();
        let seen = capture.sees(Way::Forth, BARE_RST, (seq, 0), 0);
        assert!(matches!(seen.delivered.arrival, Arrival::ResetIgnored(_)));
        assert_eq!(capture.flow().ending(), Ending::Open, "{seq}");
        capture.back(ACK, (1, 11), 0);
        capture.forth(ACK, (11, 1), 5);
        assert_eq!(capture.flow().ending(), Ending::Open, "{seq}");
        // The one that is due does.
        capture.forth(BARE_RST, (16, 0), 0);
        assert_eq!(capture.flow().ending(), Ending::Reset(Way::Forth));
        // One more takes nothing back.
        capture.forth(BARE_RST, (200, 0), 0);
        assert_eq!(capture.flow().ending(), Ending::Reset(Way::Forth));
    }
}

/// A SYN within the window was told as a new connection: the rest of this one was counted to that, in numbers that mean nothing there.
#[test]
fn a_syn_inside_a_connection_begins_no_other() {
    let mut capture = opened();
    let isn = capture.isn[0];
    for place in [11, 300] {
        capture.isn[0] = isn.wrapping_add(place);
        let seen = capture.sees(Way::Forth, SYN, (0, 0), 0);
        assert_eq!(seen.sent.label, Label::SynInside);
        assert_eq!((seen.id, seen.sent.place.seq), (FlowId(0), place.into()));
        capture.isn[0] = isn;
        // The challenge ACK.
        let (label, states) = capture.back(ACK, (1, 11), 0);
        assert_eq!(label, Label::AckAgain(Prompt::Unseen));
        assert_eq!(states, [Some(Established); 2]);
    }
    let (label, states) = capture.forth(ACK, (11, 1), 5);
    assert_eq!((label, states), (DATA, [Some(Established); 2]));
    let (label, _) = capture.back(ACK, (1, 16), 0);
    assert_eq!(label, ack(5));
    assert!(capture.flows.take_left().is_none());
    assert_eq!(capture.flow().opening(), Opening::Handshake);
}

/// At any other number it may be that of an end that has begun anew, and behind a reset or FIN it is.
#[test]
fn a_syn_behind_the_end_of_a_connection_begins_another() {
    for (flags, places) in [(RST, (11, 1)), (FIN, (11, 1))] {
        let mut capture = opened();
        capture.forth(flags, places, 0);
        capture.isn[0] = capture.isn[0].wrapping_add(12);
        let seen = capture.sees(Way::Forth, SYN, (0, 0), 0);
        assert_eq!(seen.sent.label, Label::Syn);
        assert_eq!(seen.id, FlowId(1));
    }
}

/// An answer to forged SYNs: "refuses the connection: nothing is listening there". It has not been asked for one.
#[test]
fn who_resets_an_answer_to_no_syn_refuses_nothing() {
    let mut capture = capture();
    capture.back(SYN_ACK, (0, 1), 0);
    let (label, _) = capture.forth(BARE_RST, (1, 0), 0);
    assert_eq!(label, Label::RstLate);
    assert_eq!(capture.flow().opening(), Opening::Unseen);
}

/// A reset that says that the answer to its SYN is none ends nothing: the connection that came of the next answer was told as reset.
#[test]
fn a_reset_by_which_an_end_goes_on_waiting_ends_nothing() {
    let mut capture = capture();
    capture.forth(SYN, (0, 0), 0);
    capture.back(SYN_ACK, (0, 777), 0);
    let (label, _) = capture.forth(BARE_RST, (777, 0), 0);
    assert_eq!(label, Label::RstWaiting);
    assert_eq!(capture.flow().ending(), Ending::Open);
}
