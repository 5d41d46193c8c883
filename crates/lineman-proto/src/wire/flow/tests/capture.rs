//! What a capture cannot see, or sees otherwise.

use super::*;

#[test]
fn what_the_network_doubled_is_a_copy() {
    let mut talk = talk().open();
    let bytes = talk.frame(Way::Forth, ACK, (1, 1), b"x");
    talk.sent(&bytes);
    let sent = talk.sent(&bytes);
    assert_eq!(told(sent), again(DATA, 4, 1, Cause::Doubled));
}

/// "The server repeats its ACK", of one IP packet that was captured twice. Who has one identification for all packets may have
/// repeated it.
#[test]
fn a_bare_ack_that_was_doubled_is_a_copy() {
    let mut talk = talk().open();
    talk.forth(ACK, (1, 1), b"x");
    let bytes = talk.frame(Way::Back, ACK, (1, 2), b"");
    assert_eq!(talk.sent(&bytes).again, None);
    let copy = talk.sent(&bytes).again.map(|again| again.cause);
    assert_eq!(copy, Some(Cause::Doubled));
    assert_eq!(talk.flow().counts(Way::Back).dup_acks, 0);
}

#[test]
fn order_is_lost_before_the_first_sight() {
    let mut talk = talk().open();
    let gap = talk.forth(ACK, (11, 1), &[0; 10]);
    assert_eq!(gap, (DATA, Order::Gap, None));
    let late = talk.forth(ACK, (1, 1), &[0; 10]);
    assert_eq!(late, (DATA, Order::Late, None));
    assert_eq!(talk.flow().expects(Way::Forth), 21);
}

/// What the end itself says is believed more than what was deduced; what it does tells more than what
/// was thought to have arrived.
#[test]
fn a_state_knows_its_source() {
    let end = |state, source| Some(EndState { state, source });
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    talk.flow.as_mut().expect("begun").told(Way::Back, Listen);
    assert_eq!(talk.flow().state(Way::Back), end(Listen, Source::Kernel));
    talk.forth(SYN, (0, 0), b"");
    let server = end(SynReceived, Source::Deduced);
    assert_eq!(talk.flow().state(Way::Back), server);
    // In a capture this would count as delivered; but the client asks again.
    talk.back(SYN_ACK, (0, 1), b"");
    talk.forth(SYN, (0, 0), b""); // this one had left before
    let client = end(Established, Source::Deduced);
    assert_eq!(talk.flow().state(Way::Forth), client);
    talk.pause(1000);
    talk.forth(SYN, (0, 0), b"");
    let client = end(SynSent, Source::Contradicted);
    assert_eq!(talk.flow().state(Way::Forth), client);
    talk.back(SYN_ACK, (0, 1), b"");
    let client = end(Established, Source::Deduced);
    assert_eq!(talk.flow().state(Way::Forth), client);
}

/// A FIN that does not acknowledge the one that has arrived had left before: the two have crossed.
#[test]
fn an_ack_of_a_syn_that_comes_twice_does_not_tell_of_anything_unseen() {
    let mut talk = talk();
    let syns = [
        talk.frame(Way::Back, SYN, (0, 0), b""),
        talk.frame(Way::Forth, SYN, (0, 0), b""),
    ];
    for syn in &syns {
        talk.sent(syn);
    }
    for syn in &syns {
        talk.arrives(syn);
    }
    assert_eq!(talk.states(), [SynReceived; 2]);
    let answer = talk.frame(Way::Back, SYN_ACK, (0, 1), b"");
    talk.sent(&answer);
    assert_eq!(talk.arrives(&syns[1]), Arrival::SynAgain);
    let repeated = talk.frame(Way::Back, ACK, (1, 1), b"");
    talk.sent(&repeated);
    assert_eq!(talk.states(), [SynReceived; 2]);
    talk.arrives(&answer);
    talk.arrives(&repeated);
    talk.forth(ACK, (1, 1), b"");
    assert_eq!(talk.states(), [Established; 2]);
}

#[test]
fn a_fin_that_is_seen_behind_the_other_one_has_crossed_it() {
    let mut talk = talk().open();
    talk.forth(FIN, (1, 1), b"");
    assert_eq!(talk.states(), [FinWait1, CloseWait]);
    talk.back(FIN, (1, 1), b"");
    let end = |state, source| Some(EndState { state, source });
    let client = end(Closing, Source::Deduced);
    assert_eq!(talk.flow().state(Way::Forth), client);
    let server = end(Closing, Source::Contradicted);
    assert_eq!(talk.flow().state(Way::Back), server);
    talk.forth(ACK, (2, 2), b"");
    assert_eq!(talk.states(), [Closing, TimeWait]);
    talk.back(ACK, (2, 2), b"");
    assert_eq!(talk.states(), [TimeWait, TimeWait]);
}

#[test]
fn ports_are_used_again() {
    let mut talk = talk().open();
    talk.forth(FIN, (1, 1), b"");
    talk.back(FIN, (1, 2), b"");
    talk.forth(ACK, (2, 2), b"");
    talk.isn = [5, 6];
    assert_eq!(talk.forth(SYN, (0, 0), b""), is(Label::Syn));
    assert_eq!(talk.back(SYN_ACK, (0, 1), b""), is(Label::SynAck));
    assert_eq!(
        talk.forth(ACK, (1, 1), b""),
        is(Label::AckThird { crossed: false })
    );
    assert_eq!(talk.flow().isn(Way::Back), Some(6));
    assert_eq!(talk.states(), [Established, Established]);
}

#[test]
fn the_capture_began_later_and_sees_one_way_only() {
    let mut talk = talk();
    assert_eq!(talk.forth(ACK, (5001, 701), b"abc"), is(DATA));
    assert_eq!(talk.flow().isn(Way::Forth), None);
    assert_eq!(talk.flow().next(Way::Forth), 4);
    assert_eq!(talk.forth(ACK, (5004, 701), b"def"), is(DATA));
    assert_eq!(talk.flow().expects(Way::Forth), 7);
    assert_eq!(talk.back(ACK, (701, 5007), b"").1, Order::Next);
    // Both may have finished before.
    let states = [Way::Forth, Way::Back].map(|way| talk.flow().state(way));
    assert_eq!(states, [None, None]);
}

#[test]
fn numbers_beyond_four_gigabytes() {
    let mut talk = talk().open();
    let mut at = 1u32;
    for _ in 0..5 {
        talk.forth(ACK, (at, 1), b"x");
        at = at.wrapping_add(1 << 30);
        talk.lost(Way::Forth, ACK, (at.wrapping_sub(1), 1), b"x");
    }
    assert_eq!(talk.flow().next(Way::Forth), 5 * (1 << 30) + 1);
}

#[test]
fn a_damaged_segment_does_not_arrive() {
    let mut talk = talk().open();
    let mut bytes = talk.frame(Way::Forth, ACK, (1, 1), b"x");
    talk.sent(&bytes);
    *bytes.last_mut().expect("bytes") ^= 1;
    assert_eq!(talk.arrives(&bytes), Arrival::Damaged);
    assert_eq!(talk.flow().expects(Way::Forth), 1);
}
