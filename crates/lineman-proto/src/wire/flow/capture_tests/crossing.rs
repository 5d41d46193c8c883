//! What seems to have arrived in a capture, and has not: later packets show that, and then the state is another.

use super::*;

fn end(state: TcpState, source: Source) -> Option<EndState> {
    Some(EndState { state, source })
}

fn contradicted(state: TcpState) -> Option<EndState> {
    end(state, Source::Contradicted)
}

impl Capture {
    fn client(&self) -> Option<EndState> {
        self.flow().state(Way::Forth)
    }

    fn server(&self) -> Option<EndState> {
        self.flow().state(Way::Back)
    }
}

/// A reset was lost, and the client went on sending, a segment each 10 ms: each was answered by a reset, was less than 15 ms behind
/// that, and so taken to have left before. The client stayed in CLOSED for ever.
#[test]
fn a_client_that_goes_on_sending_was_told_as_closed_for_a_reset_was_lost() {
    let mut capture = capture().open();
    let (_, states) = capture.back(RST, (1, 1), 0);
    assert_eq!(states, [Some(Closed); 2]);
    let mut seen = Vec::new();
    for block in 0..4 {
        capture.n += 8;
        capture.forth(ACK, (1 + block * 10, 1), 10);
        seen.push(capture.client());
        capture.back(BARE_RST, (1, 0), 0);
    }
    let gone = end(Closed, Source::Deduced);
    let open = contradicted(Established);
    assert_eq!(seen, [gone, open, gone, open]);
    assert_eq!(capture.server(), gone);
}

/// The same of what is sent again, of an ACK, and of a FIN.
#[test]
fn whatever_is_sent_long_after_a_reset_contradicts_that_it_has_arrived() {
    let open = |then: fn(&mut Capture)| {
        let mut capture = capture().open();
        capture.forth(ACK, (1, 1), 10);
        capture.back(RST, (1, 1), 0);
        assert_eq!(capture.client(), end(Closed, Source::Deduced));
        capture.n += 300;
        then(&mut capture);
        capture.client()
    };
    let again = open(|it| _ = it.forth(ACK, (1, 1), 10));
    assert_eq!(again, contradicted(Established));
    let bare = open(|it| _ = it.forth(ACK, (11, 1), 0));
    assert_eq!(bare, contradicted(Established));
    let fin = open(|it| _ = it.forth(FIN, (11, 1), 0));
    assert_eq!(fin, contradicted(FinWait1));
}

/// On a long path, what the client sends comes for a whole round trip after the reset has left.
#[test]
fn what_was_under_way_for_a_round_trip_contradicts_no_reset() {
    let mut capture = capture();
    capture.forth(SYN, (0, 0), 0);
    capture.back(SYN_ACK, (0, 1), 0);
    capture.n += 100;
    capture.forth(ACK, (1, 1), 0);
    capture.back(RST, (1, 1), 0);
    capture.n += 90;
    capture.forth(ACK, (1, 1), 10);
    assert_eq!(capture.client(), end(Closed, Source::Deduced));
    capture.n += 30;
    capture.forth(ACK, (11, 1), 10);
    assert_eq!(capture.client(), contradicted(Established));
}

/// A SYN was answered by a reset that was lost, or that somebody else sent, and then by its peer: the client acknowledged that, and was told as
/// closed.
#[test]
fn what_acknowledges_more_than_had_come_before_a_reset_left_behind_it() {
    let mut capture = capture();
    capture.forth(SYN, (0, 0), 0);
    capture.back(RST, (0, 1), 0);
    assert_eq!(capture.client(), end(Closed, Source::Deduced));
    capture.back(SYN_ACK, (0, 1), 0);
    capture.forth(ACK, (1, 1), 0);
    assert_eq!(capture.client(), contradicted(Established));
}

/// A reset in the server's name, which it had not sent: it answered and was told as closed, and the connection as reset.
#[test]
fn an_end_that_goes_on_behind_a_reset_of_its_own_has_not_sent_it() {
    let mut capture = capture().open();
    capture.forth(ACK, (1, 1), 10);
    capture.back(RST, (1, 11), 0);
    assert_eq!(capture.flow().ending(), Ending::Reset(Way::Back));
    capture.n += 20;
    // An ACK may have been overtaken by the reset. New bytes behind it were not.
    capture.back(ACK, (1, 11), 0);
    assert_eq!(capture.server(), end(Closed, Source::Deduced));
    capture.back(ACK, (1, 11), 50);
    assert_eq!(capture.server(), contradicted(Established));
    assert_eq!(capture.flow().ending(), Ending::Open);
    capture.forth(ACK, (11, 51), 0);
    assert_eq!(capture.client(), contradicted(Established));
}

/// What acknowledged the last FIN was lost: bytes in front of that come again.
#[test]
fn bytes_again_behind_the_last_ack_say_that_this_was_lost() {
    let mut capture = capture().open();
    capture.forth(FIN, (1, 1), 0);
    capture.back(ACK, (1, 2), 10);
    capture.back(FIN, (11, 2), 0);
    capture.forth(ACK, (2, 12), 0);
    assert_eq!(capture.server(), end(Closed, Source::Deduced));
    capture.n += 300;
    capture.back(ACK, (1, 2), 10);
    assert_eq!(capture.server(), contradicted(LastAck));
}

/// The server's program had closed first, and its FIN waited behind bytes until the client's had come. It answers a late ACK in TIME-WAIT, where LAST-ACK
/// was claimed. A server that had closed second may answer so, too, if what acknowledged its FIN was lost.
#[test]
fn an_ack_behind_the_last_ack_does_not_say_that_this_was_lost() {
    let mut capture = capture().open();
    capture.forth(FIN, (1, 1), 0);
    capture.back(ACK, (1, 2), 10);
    capture.back(FIN, (11, 2), 0);
    capture.forth(ACK, (2, 12), 0);
    for _ in 0..2 {
        capture.n += 50;
        capture.forth(ACK, (2, 12), 0);
        capture.back(ACK, (12, 2), 0);
        assert_eq!(capture.server(), None);
    }
}

/// A FIN was lost, and its receiver acknowledged less: CLOSE-WAIT stayed beside its ACKs.
#[test]
fn close_wait_stood_beside_an_ack_of_less_than_the_fin() {
    let mut capture = capture().open();
    capture.back(ACK, (1, 1), 5);
    capture.forth(FIN, (1, 6), 0);
    assert_eq!(capture.server(), end(CloseWait, Source::Deduced));
    // This one may have left before.
    capture.back(ACK, (6, 1), 5);
    assert_eq!(capture.server(), end(CloseWait, Source::Deduced));
    capture.n += 100;
    capture.back(ACK, (11, 1), 5);
    assert_eq!(capture.server(), contradicted(Established));
    capture.n += 100;
    capture.forth(FIN, (1, 16), 0);
    assert_eq!(capture.server(), end(CloseWait, Source::Deduced));
    capture.back(ACK, (16, 2), 0);
    assert_eq!(capture.server(), end(CloseWait, Source::Deduced));
}

/// What was in front of the FIN was lost: a report of the gap says at once that the FIN cannot count; by SACK that it has come,
/// else perhaps not. What fills the gap ends the connection if the FIN waits behind it, which the next ACK tells.
#[test]
fn close_wait_stood_beside_a_duplicate_ack() {
    let mut capture = capture().open();
    capture.back(ACK, (1, 1), 5);
    capture.forth(ACK, (1, 6), 10);
    capture.forth(FIN, (11, 6), 10);
    assert_eq!(capture.server(), end(CloseWait, Source::Deduced));
    let (label, states) = capture.back(ACK, (6, 1), 0);
    assert_eq!((label, states[1]), (Label::AckDup { times: 1 }, None));
    capture.n += 30;
    capture.back(ACK, (6, 1), 0);
    assert_eq!(capture.server(), end(Established, Source::Deduced));
    capture.n += 200;
    capture.forth(ACK, (1, 6), 10);
    assert_eq!(capture.server(), None);
    let (_, states) = capture.back(ACK, (6, 22), 0);
    assert_eq!(states[1], Some(CloseWait));
}

/// The same in the states of an end that has finished itself.
#[test]
fn time_wait_stood_beside_an_ack_of_less_than_the_fin() {
    let mut capture = capture().open();
    capture.forth(FIN, (1, 1), 0);
    capture.back(ACK, (1, 2), 0);
    capture.back(FIN, (1, 2), 10);
    assert_eq!(capture.client(), end(TimeWait, Source::Deduced));
    capture.n += 100;
    capture.forth(ACK, (2, 1), 0);
    assert_eq!(capture.client(), contradicted(FinWait2));
    capture.back(FIN, (1, 2), 10);
    assert_eq!(capture.client(), end(TimeWait, Source::Deduced));
}

/// An end that may have been refused sent its SYN again as the reset came: it was told as asking once more. (Linux sends a SYN again at
/// once when something of the connection before has come.)
#[test]
fn a_syn_that_crosses_a_reset_does_not_tell_that_its_end_asks_again() {
    let mut capture = capture();
    capture.forth(SYN, (0, 0), 0);
    // Of the connection before, whose ports are used again.
    capture.forth(BARE_RST, (5_000, 0), 0);
    assert_eq!(capture.client(), None);
    capture.back(RST, (0, 1), 0);
    capture.forth(SYN, (0, 0), 0);
    assert_eq!(capture.client(), None);
    capture.n += 1000;
    capture.forth(SYN, (0, 0), 0);
    assert_eq!(capture.client(), end(SynSent, Source::Deduced));
}

/// Where the capture begins later, nobody has seen how long a round trip takes: a FIN that was sent again 25 ms after the peer's was
/// taken to say that this had not come. It says only that its own was not acknowledged by then.
#[test]
fn where_no_round_trip_was_seen_it_may_be_a_long_one() {
    for (pause, state) in [(25, Closing), (225, FinWait1)] {
        let mut capture = capture();
        capture.back(ACK, (1, 1), 10);
        capture.forth(ACK, (1, 11), 10);
        capture.back(FIN, (11, 11), 0);
        capture.forth(FIN, (11, 12), 0);
        assert_eq!(capture.states()[1], Some(TimeWait));
        capture.n += pause;
        let (_, states) = capture.back(FIN, (11, 11), 0);
        assert_eq!(states[1], Some(state), "{pause}");
    }
}

/// What it lacks is behind a gap to it, or was lost: its duplicate ACKs were told as mere repetitions when the FIN was taken back.
#[test]
fn duplicate_acks_of_an_end_that_lacks_a_fin_stay_such() {
    let mut capture = capture().open();
    capture.back(ACK, (1, 1), 5);
    capture.forth(FIN, (1, 6), 100);
    capture.n += 100;
    for times in 1..=3 {
        let (label, states) = capture.back(ACK, (6, 1), 0);
        assert_eq!(label, Label::AckDup { times });
        assert_eq!(states[1], Some(Established));
    }
}
