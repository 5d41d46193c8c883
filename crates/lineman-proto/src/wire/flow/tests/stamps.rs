//! What an end throws away for its timestamp (RFC 7323 §5).

use super::*;

/// A connection whose ends send timestamps: the clock shows 1000 when it opens.
fn stamped() -> Talk {
    let clock = Some(1000);
    Talk { clock, ..talk() }.open()
}

/// The client's first ten bytes are lost. The next ten are under way for so long that the first, sent again, overtake them.
fn overtaken(talk: &mut Talk, flags: Flags) -> Vec<u8> {
    talk.clock = Some(1010);
    talk.lost(Way::Forth, ACK, (1, 1), b"0123456789");
    let late = talk.frame(Way::Forth, flags, (11, 1), b"0123456789");
    talk.sent(&late);
    talk.pause(200);
    talk.clock = Some(1210);
    talk.forth(ACK, (1, 1), b"0123456789");
    talk.back(ACK, (1, 11), b"");
    late
}

#[test]
fn bytes_with_an_old_timestamp_have_not_arrived() {
    let mut talk = stamped();
    let late = overtaken(&mut talk, ACK);
    assert_eq!(talk.arrives(&late), Arrival::Stale);
    assert_eq!(talk.flow().expects(Way::Forth), 11);
    // A FIN behind them is too early.
    let fin = talk.frame(Way::Forth, FIN, (21, 1), b"");
    talk.sent(&fin);
    assert_eq!(talk.arrives(&fin), Arrival::Early);
    assert_eq!(talk.states(), [FinWait1, Established]);
    talk.pause(200);
    talk.clock = Some(1410);
    talk.forth(ACK, (11, 1), b"0123456789");
    assert_eq!(talk.states(), [FinWait1, CloseWait]);
}

#[test]
fn a_fin_with_an_old_timestamp_has_not_arrived() {
    let mut talk = stamped();
    let late = overtaken(&mut talk, FIN);
    assert_eq!(talk.arrives(&late), Arrival::Stale);
    assert_eq!(talk.states(), [FinWait1, Established]);
}

/// Its acknowledgment is not heard, either.
#[test]
fn an_ack_with_an_old_timestamp_is_not_heard() {
    let mut talk = stamped();
    talk.back(FIN, (1, 1), b"");
    let late = overtaken(&mut talk, ACK);
    let acks = Talk {
        flow: None,
        ..stamped()
    }
    .frame(Way::Forth, ACK, (11, 2), b"");
    talk.arrives(&late);
    talk.sent(&acks);
    assert_eq!(talk.arrives(&acks), Arrival::Stale);
    assert_eq!(talk.states()[1], FinWait1);
    talk.forth(ACK, (21, 2), b"");
    assert_eq!(talk.states()[1], FinWait2);
}

/// What is known already is said to be that.
#[test]
fn what_came_before_is_known_whatever_its_timestamp() {
    let mut talk = stamped();
    talk.clock = Some(1010);
    let first = talk.frame(Way::Forth, ACK, (1, 1), b"0123456789");
    talk.sent(&first);
    talk.clock = Some(1210);
    talk.forth(ACK, (1, 1), b"0123456789");
    assert_eq!(talk.arrives(&first), Arrival::Known);
}

/// A timestamp counts only of what begins where the receiver has acknowledged to (§4.3): that of bytes behind a gap does not.
#[test]
fn a_timestamp_behind_a_gap_does_not_count() {
    let mut talk = stamped();
    talk.clock = Some(1010);
    let first = talk.frame(Way::Forth, ACK, (1, 1), b"0123456789");
    talk.sent(&first);
    talk.clock = Some(1210);
    talk.forth(ACK, (11, 1), b"0123456789");
    assert_eq!(talk.arrives(&first), Arrival::InOrder);
    assert_eq!(talk.flow().expects(Way::Forth), 21);
}

/// Linux allows a tick.
#[test]
fn a_timestamp_that_is_older_by_a_tick_is_taken() {
    let mut talk = stamped();
    let late = overtaken(&mut talk, ACK);
    let mut tick = stamped();
    tick.clock = Some(1209);
    let fresh = tick.frame(Way::Forth, ACK, (11, 1), b"0123456789");
    assert_eq!(talk.arrives(&fresh), Arrival::InOrder);
    assert_eq!(talk.arrives(&late), Arrival::Known);
}

/// Clocks wrap like numbers.
#[test]
fn a_clock_that_comes_round_is_not_old() {
    let mut talk = talk();
    talk.clock = Some(u32::MAX - 5);
    let mut talk = talk.open();
    talk.clock = Some(20);
    assert_eq!(talk.forth(ACK, (1, 1), b"x"), is(DATA));
    assert_eq!(talk.flow().expects(Way::Forth), 2);
}

/// Resets are not judged by their timestamp (§5.2).
#[test]
fn a_reset_with_an_old_timestamp_is_believed() {
    let mut talk = stamped();
    overtaken(&mut talk, ACK);
    talk.clock = Some(900);
    talk.forth(RST, (11, 1), b"");
    assert_eq!(talk.states(), [Closed, Closed]);
}

/// Where one end has not offered timestamps, none counts (§3.2).
#[test]
fn timestamps_that_were_not_agreed_on_do_not_count() {
    let mut talk = talk();
    talk.clock = Some(1000);
    talk.forth(SYN, (0, 0), b"");
    talk.clock = None;
    talk.back(SYN_ACK, (0, 1), b"");
    talk.clock = Some(1000);
    talk.forth(ACK, (1, 1), b"");
    let late = overtaken(&mut talk, ACK);
    assert_eq!(talk.arrives(&late), Arrival::InOrder);
}

/// An old SYN comes to an end in SYN-RECEIVED, which answers by an ACK with its clock; what echoes that, and not the SYN-ACK, does not
/// connect it: the kernel stayed in SYN-RECEIVED, and ESTABLISHED was claimed.
#[test]
fn only_the_timestamp_of_a_syn_ack_connects() {
    let mut talk = talk();
    talk.clock = Some(1000);
    let syn = talk.frame(Way::Forth, SYN, (0, 0), b"");
    talk.sent(&syn);
    talk.arrives(&syn);
    talk.back(SYN_ACK, (0, 1), b"");
    talk.arrives(&syn);
    talk.clock = Some(1014);
    talk.back(ACK, (1, 1), b"");
    (talk.clock, talk.echo) = (Some(1050), 1014);
    let early = talk.frame(Way::Forth, ACK, (1, 1), b"0123456789");
    talk.sent(&early);
    assert_eq!(talk.arrives(&early), Arrival::Stale);
    assert_eq!(talk.flow().expects(Way::Forth), 1);
    // Nor is a reset believed.
    let reset = talk.frame(Way::Forth, RST, (1, 1), b"");
    talk.arrives(&reset);
    assert_eq!(talk.states()[1], SynReceived);
    talk.echo = 1000;
    talk.forth(ACK, (1, 1), b"");
    assert_eq!(talk.states(), [Established, Established]);
    // An end that is connected does not check the echo.
    talk.echo = 1014;
    talk.forth(ACK, (1, 1), b"0123456789");
    assert_eq!(talk.flow().expects(Way::Forth), 11);
}

/// A capture begins behind the first SYN-ACK, and sees the second: the ACK that echoes the first connects all the same.
#[test]
fn the_timestamp_of_a_syn_ack_that_was_not_seen_connects() {
    let mut talk = talk();
    talk.clock = Some(2000);
    talk.back(SYN_ACK, (0, 1), b"");
    (talk.clock, talk.echo) = (Some(1050), 1000);
    talk.forth(ACK, (1, 1), b"");
    assert_eq!(talk.states(), [Established, Established]);
}

/// The SYN comes twice, and the listener's connection is reset in between. The reset comes twice, too, and echoes the SYN-ACK before: it was believed
/// to end the new one.
#[test]
fn what_echoes_the_syn_ack_before_is_thrown_away() {
    let mut talk = Talk {
        clock: Some(1000),
        ..talk()
    };
    let syn = talk.frame(Way::Forth, SYN, (0, 0), b"");
    talk.sent(&syn);
    talk.arrives(&syn);
    talk.back(SYN_ACK, (0, 1), b"");
    talk.echo = 1000;
    let reset = talk.frame(Way::Forth, RST, (1, 1), b"");
    talk.sent(&reset);
    talk.arrives(&reset);
    talk.arrives(&syn);
    talk.clock = Some(1030);
    talk.isn[1] = talk.isn[1].wrapping_add(7000);
    talk.back(SYN_ACK, (0, 1), b"");
    let server = |talk: &Talk| talk.flow().state(Way::Back).map(|end| end.state);
    assert_eq!(server(&talk), Some(SynReceived));
    talk.arrives(&reset);
    assert_eq!(server(&talk), Some(SynReceived));
    talk.echo = 1030;
    talk.forth(RST, (1, 1), b"");
    assert_eq!(server(&talk), Some(Listen));
}

/// A capture begins with a SYN that has come twice, and with the second SYN-ACK: the third ACK echoes the first, which was not seen. It was taken for
/// that of another connection.
#[test]
fn the_first_syn_ack_that_was_seen_may_not_be_the_first() {
    let mut talk = Talk {
        clock: Some(1000),
        ..talk()
    };
    talk.forth(SYN, (0, 0), b"");
    talk.clock = Some(1003);
    talk.back(SYN_ACK, (0, 1), b"");
    talk.echo = 1000;
    talk.forth(ACK, (1, 1), b"");
    assert_eq!(talk.states(), [Established, Established]);
}
