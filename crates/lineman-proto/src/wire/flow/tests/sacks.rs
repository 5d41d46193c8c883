//! What the blocks of a SACK tell of the acknowledgment that has them.

use super::*;

const KNOWN: Label = Label::AckAgain(Prompt::Known);

fn dup(times: u32) -> Told {
    is(Label::AckDup { times })
}

/// Five segments as a capture at their sender sees them: all seem to have come, and the second has not.
fn sent_five(talk: Talk) -> Talk {
    let mut talk = talk.open();
    for block in 0..5 {
        talk.forth(ACK, (block * 100 + 1, 1), &[0; 100]);
    }
    talk.back(ACK, (1, 101), b"");
    talk
}

/// The second was sent again while duplicate ACKs were still on their way: they were told as its answer, "because it has received a
/// segment that it had already", and the table counted fewer than the rows.
#[test]
fn a_duplicate_ack_behind_a_retransmission_tells_of_its_own_blocks() {
    let mut talk = sent_five(talk_with_sack());
    assert_eq!(talk.sacks(101, (201, 301)), dup(1));
    assert_eq!(talk.sacks(101, (201, 401)), dup(2));
    talk.forth(ACK, (101, 1), &[0; 100]);
    assert_eq!(talk.sacks(101, (201, 501)), dup(3));
    assert_eq!(talk.flow().counts(Way::Back).dup_acks, 3);
}

/// The same without SACK: an end that still waits for what was sent again has not had it.
#[test]
fn a_duplicate_ack_behind_a_retransmission_tells_that_its_end_lacks_that() {
    let mut talk = sent_five(talk());
    assert_eq!(talk.back(ACK, (1, 101), b""), dup(1));
    talk.forth(ACK, (101, 1), &[0; 100]);
    assert_eq!(talk.back(ACK, (1, 101), b""), dup(2));
    assert_eq!(talk.flow().counts(Way::Back).dup_acks, 2);
}

/// A block that is acknowledged already, or lies within the second, reports what has come again (RFC 2883 §4): it was told as data behind
/// the gap, and three of them as what has a segment sent again.
#[test]
fn a_d_sack_is_no_data_behind_the_gap() {
    let mut talk = sent_five(talk_with_sack());
    assert_eq!(talk.sacks_all(101, &[(1, 101)]), is(KNOWN));
    assert_eq!(talk.sacks_all(101, &[(201, 401)]), dup(1));
    let acknowledged: &[_] = &[(1, 101), (201, 401)];
    let within: &[_] = &[(201, 301), (201, 401)];
    for blocks in [acknowledged, within, within] {
        assert_eq!(talk.sacks_all(101, blocks), is(KNOWN), "{blocks:?}");
    }
    assert_eq!(talk.sacks_all(101, &[(201, 501)]), dup(2));
    assert_eq!(talk.flow().counts(Way::Back).dup_acks, 2);
    let (_, _, again) = talk.forth(ACK, (101, 1), &[0; 100]);
    let cause = again.map(|(_, _, cause)| cause);
    assert_eq!(cause, Some(Cause::Sack { acks: 2 }));
}

/// With another window, too: that was told as nothing but a window.
#[test]
fn a_d_sack_with_another_window_answers_what_has_come_again() {
    let mut talk = sent_five(talk_with_sack());
    talk.back(ACK, (1, 501), b"");
    talk.windows[1] += 1;
    assert_eq!(talk.sacks(501, (101, 201)), is(KNOWN));
}

/// What acknowledges the retransmission names no gap: the next duplicate ACK is the first.
#[test]
fn blocks_are_news_only_once() {
    let mut talk = sent_five(talk_with_sack());
    assert_eq!(talk.sacks(101, (301, 401)), dup(1));
    talk.forth(ACK, (101, 1), &[0; 100]);
    talk.sacks(201, (301, 401));
    talk.forth(ACK, (101, 1), &[0; 100]);
    // It names the same as before: what came was what it had.
    assert_eq!(talk.sacks(201, (301, 401)), is(KNOWN));
    assert_eq!(talk.sacks_all(201, &[(101, 201), (301, 401)]), is(KNOWN));
    assert_eq!(talk.sacks(201, (301, 501)).0, Label::AckDup { times: 2 });
}
