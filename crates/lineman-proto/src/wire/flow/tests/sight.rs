//! What was not seen, and shows by what was.

use super::*;

/// The capture began after the client's FIN, which came before bytes that were lost: only the server's SACK tells of it. When the bytes have come again, the
/// FIN counts: FIN-WAIT-2 was claimed on.
#[test]
fn what_only_a_sack_tells_of_may_be_a_fin() {
    let mut talk = talk_with_sack();
    talk.forth(ACK, (11, 1), b"0123456789");
    talk.back(ACK, (1, 21), b"x");
    talk.back(FIN, (2, 21), b"");
    talk.forth(ACK, (21, 3), b"");
    let server = |talk: &Talk| talk.flow().state(Way::Back).map(|end| end.state);
    assert_eq!(server(&talk), Some(FinWait2));
    talk.isn[1] = talk.isn[1].wrapping_add(2);
    talk.sacks(21, (31, 32));
    assert_eq!(server(&talk), None);
    talk.isn[1] = talk.isn[1].wrapping_sub(2);
    talk.forth(ACK, (21, 3), b"0123456789");
    assert_eq!(server(&talk), None);
}

/// A capture begins behind the handshake; a FIN of the connection before, between the same ports, comes late. It was taken for one that had been
/// heard: LAST-ACK was claimed.
#[test]
fn a_fin_in_front_of_what_is_acknowledged_is_of_the_connection_before() {
    let mut talk = talk();
    let ahead = 500_000;
    talk.forth(ACK, (1, ahead), b"");
    talk.back(FIN, (1, 1), b"");
    talk.forth(ACK, (1, ahead), b"");
    talk.forth(FIN, (1, ahead), b"");
    let states = [Way::Forth, Way::Back].map(|way| talk.flow().state(way));
    assert_eq!(states, [None, None]);
}

/// As before; but the FIN is what the capture begins with, and the ACK of the new connection comes behind it. LAST-ACK was claimed of an end in FIN-WAIT-1.
#[test]
fn an_ack_beyond_a_fin_tells_that_it_is_of_the_connection_before() {
    let mut talk = talk_with_sack();
    let ahead = 467_146;
    talk.forth(FIN, (1, 1), b"");
    talk.isn[1] = talk.isn[1].wrapping_add(500_000);
    talk.sacks_all(1 + ahead, &[(1, 2)]);
    talk.back(FIN, (1, 1 + ahead), b"");
    let states = [Way::Forth, Way::Back].map(|way| talk.flow().state(way));
    assert_eq!(states, [None, None]);
    assert_eq!(talk.flow().side(Way::Forth).fin, None);
}

/// A peer that acknowledges what was never sent does not make the FIN behind it one of another connection.
#[test]
fn a_fin_counts_whatever_its_receiver_claims_to_have_received() {
    let mut talk = talk().open();
    talk.back(ACK, (1, 500), b"");
    talk.forth(FIN, (1, 1), b"");
    assert_eq!(talk.flow().side(Way::Forth).fin, Some(1));
}

/// "Whether it arrived is not known", and the state of the other end changed because of it.
#[test]
fn what_is_not_known_to_have_arrived_changes_no_state() {
    for flags in [RST, FIN] {
        let mut talk = talk().open();
        let bytes = talk.frame(Way::Forth, flags, (1, 1), b"");
        talk.sent(&bytes);
        let flow = talk.flow.as_mut().expect("begun");
        flow.may_arrive(&segment(&bytes));
        assert_eq!(flow.state(Way::Back), None, "{flags:?}");
        assert_eq!(flow.expects(Way::Forth), 1, "{flags:?}");
    }
}

/// That a FIN has come, its acknowledgment tells; that an acknowledgment has, a later one.
#[test]
fn what_may_have_arrived_is_settled_by_what_has() {
    let mut it = talk().open();
    let fin = it.frame(Way::Forth, FIN, (1, 1), b"");
    it.sent(&fin);
    it.flow.as_mut().expect("begun").may_arrive(&segment(&fin));
    it.back(ACK, (1, 2), b"");
    assert_eq!(it.states(), [FinWait2, CloseWait]);
    let mut it = talk();
    it.forth(SYN, (0, 0), b"");
    it.back(SYN_ACK, (0, 1), b"");
    let third = it.frame(Way::Forth, ACK, (1, 1), b"");
    it.sent(&third);
    let flow = it.flow.as_mut().expect("begun");
    flow.may_arrive(&segment(&third));
    assert_eq!(flow.state(Way::Back), None);
    it.forth(ACK, (1, 1), b"x");
    it.back(ACK, (1, 2), b"");
    assert_eq!(it.states(), [Established, Established]);
}
