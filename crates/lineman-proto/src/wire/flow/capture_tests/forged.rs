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
        assert_eq!(states, [None, Some(Established)]);
    }
    let (label, states) = capture.forth(ACK, (11, 1), 5);
    assert_eq!((label, states), (DATA, [Some(Established); 2]));
    let (label, _) = capture.back(ACK, (1, 16), 0);
    assert_eq!(label, ack(5));
    assert!(capture.flows.take_left().is_none());
    assert_eq!(capture.flow().opening(), Opening::Handshake);
}

/// ESTABLISHED stood beside a client that had reset the connection, by a packet that was lost, and asked to open it anew. It answers the challenge ACK by a
/// reset, and goes on waiting.
#[test]
fn who_sends_a_syn_inside_a_connection_may_have_begun_anew() {
    let mut capture = opened();
    let isn = capture.isn[0];
    capture.isn[0] = isn.wrapping_add(300);
    capture.forth(SYN, (0, 0), 0);
    capture.isn[0] = isn;
    let (_, states) = capture.back(ACK, (1, 11), 0);
    assert_eq!(states, [None, Some(Established)]);
    let (_, states) = capture.forth(BARE_RST, (11, 0), 0);
    assert_eq!(states, [None, Some(Closed)]);
    capture.n += 1000;
    capture.isn[0] = isn.wrapping_add(300);
    let seen = capture.sees(Way::Forth, SYN, (0, 0), 0);
    assert_eq!((seen.id, seen.sent.label), (FlowId(1), Label::Syn));
    assert_eq!(capture.states(), [Some(SynSent), None]);
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

/// Scans by NULL, FIN and Xmas were told as a connection: "has nothing more to send", and "resets the connection".
#[test]
fn a_scan_is_of_no_connection() {
    for flags in [Flags(0), Flags::FIN, Flags(0x29)] {
        let mut capture = capture();
        let (label, states) = capture.says(Way::Forth, flags, (0, 0), 0);
        assert_eq!((label, states), (Label::NoAck, [None, None]));
        let (label, _) = capture.back(RST, (0, 1), 0);
        assert_eq!(label, Label::RstLate);
        assert!(capture.flow().shows_none());
        assert_eq!(capture.flow().ending(), Ending::Open);
    }
}

/// Within a connection it changes nothing: the receiver drops it.
#[test]
fn a_fin_without_ack_ends_nothing() {
    let mut capture = opened();
    let (label, states) = capture.says(Way::Forth, Flags::FIN, (11, 0), 0);
    assert_eq!((label, states), (Label::NoAck, [Some(Established); 2]));
    assert_eq!(capture.flow().ending(), Ending::Open);
    let (label, _) = capture.forth(ACK, (11, 1), 5);
    assert_eq!(label, DATA);
}

/// All of it was told as sent by one end to the other, which never answered.
#[test]
fn of_a_socket_that_is_connected_with_itself_nothing_is_told() {
    let mut capture = capture();
    let mut segment = capture.segment(Way::Forth, SYN, (0, 0), 0);
    segment.to = segment.from;
    assert!(capture.flows.captured(1, 1, &segment).is_none());
}

/// Where one way was not captured, nobody has seen whether acknowledgments came.
#[test]
fn what_is_sent_again_to_a_peer_that_was_not_captured_may_have_been_asked_for() {
    let mut capture = capture();
    capture.back(SYN_ACK, (0, 1), 0);
    capture.back(ACK, (1, 6), 10);
    capture.n += 270;
    let seen = capture.sees(Way::Back, ACK, (1, 6), 10);
    assert_eq!(seen.sent.again.map(|it| it.cause), Some(Cause::Silence));
    assert_eq!(capture.flow().counts(Way::Back).by_timer, 0);
}

/// A SYN was not answered in any case: else it would not be sent again.
#[test]
fn a_syn_that_is_sent_again_has_timed_out() {
    let mut capture = capture();
    capture.forth(SYN, (0, 0), 0);
    capture.n += 1000;
    let seen = capture.sees(Way::Forth, SYN, (0, 0), 0);
    let cause = seen.sent.again.map(|it| it.cause);
    assert_eq!(cause, Some(Cause::Timer(Timer::Retransmission)));
}
