//! What is sent again, why, and what a gap shows.

use super::*;

/// A tail loss probe starts the retransmission timer anew: the time since the segment was sent first is longer than
/// the timer ran, and was told as its time.
#[test]
fn the_timer_of_a_segment_runs_from_the_tail_loss_probe() {
    let mut talk = talk_with_sack().open();
    talk.lost(Way::Forth, ACK, (1, 1), &[0; 100]);
    talk.pause(10);
    talk.lost(Way::Forth, ACK, (101, 1), &[0; 100]);
    talk.pause(200);
    talk.lost(Way::Forth, ACK, (101, 1), &[0; 100]);
    talk.pause(210);
    let bytes = talk.frame(Way::Forth, ACK, (1, 1), &[0; 100]);
    let again = talk.sent(&bytes).again.expect("again");
    assert_eq!((again.wait_ns, again.timer_ns), (423 * MS, 211 * MS));
    assert_eq!(again.anew, Some(Anew::Tail));
}

/// "No acknowledgment came within 269 ms", though one had come after 40 ms, and started the timer anew.
#[test]
fn the_timer_of_a_segment_runs_from_the_last_acknowledgment_of_something_new() {
    let mut talk = talk().open();
    talk.forth(ACK, (1, 1), &[0; 100]);
    talk.lost(Way::Forth, ACK, (101, 1), &[0; 100]);
    talk.pause(40);
    talk.back(ACK, (1, 101), b"");
    talk.pause(229);
    let bytes = talk.frame(Way::Forth, ACK, (101, 1), &[0; 100]);
    let again = talk.sent(&bytes).again.expect("again");
    assert!(again.wait_ns >= 269 * MS, "{again:?}");
    assert!((229 * MS..235 * MS).contains(&again.timer_ns), "{again:?}");
    assert_eq!(again.anew, Some(Anew::Acknowledged));
}

/// Where it was lost behind the place of the capture, it started no timer anew.
#[test]
fn an_acknowledgment_of_what_is_sent_again_has_not_come() {
    let mut talk = talk().open();
    talk.forth(ACK, (1, 1), &[0; 100]);
    talk.pause(40);
    talk.back(ACK, (1, 101), b"");
    talk.pause(460);
    let bytes = talk.frame(Way::Forth, ACK, (1, 1), &[0; 100]);
    let again = talk.sent(&bytes).again.expect("again");
    assert_eq!(again.timer_ns, again.wait_ns, "{again:?}");
    assert_eq!(again.anew, None);
    assert!(again.wait_ns >= 500 * MS, "{again:?}");
}

/// "Retransmission 2, because no acknowledgment came within 901 ms": of a SYN+ACK of a simultaneous open, which is the SYN once
/// more; the timer of that ran for a second, and nothing had been sent again before.
#[test]
fn the_timer_of_a_syn_runs_on_when_the_peers_syn_is_answered() {
    let mut talk = talk();
    talk.forth(Flags::SYN, (0, 0), b"");
    talk.pause(100);
    talk.back(Flags::SYN, (0, 0), b"");
    talk.lost(Way::Forth, Flags::SYN | ACK, (0, 1), b"");
    talk.pause(896);
    let bytes = talk.frame(Way::Forth, Flags::SYN | ACK, (0, 1), b"");
    let again = talk.sent(&bytes).again.expect("again");
    assert_eq!((again.times, again.last_wait_ns), (1, None), "{again:?}");
    assert!(again.timer_ns >= 996 * MS, "{again:?}");
    assert!(again.wait_ns < 900 * MS, "{again:?}");
    talk.pause(2000);
    let bytes = talk.frame(Way::Forth, Flags::SYN | ACK, (0, 1), b"");
    let again = talk.sent(&bytes).again.expect("again");
    assert_eq!(again.times, 2, "{again:?}");
    assert!(again.last_wait_ns >= Some(996 * MS), "{again:?}");
}

#[test]
fn three_duplicate_acks_and_a_fast_retransmission() {
    let mut talk = talk().open();
    assert_eq!(talk.lost(Way::Forth, ACK, (1, 1), &[0; 100]), is(DATA));
    for block in 1..4 {
        talk.forth(ACK, (block * 100 + 1, 1), &[0; 100]);
        let told = talk.back(ACK, (1, 1), b"");
        assert_eq!(told, is(Label::AckDup { times: block }));
    }
    let told = talk.forth(ACK, (1, 1), &[0; 100]);
    assert_eq!(told, again(DATA, 4, 1, Cause::Duplicates { acks: 3 }));
    assert_eq!(talk.flow().expects(Way::Forth), 401);
}

/// RFC 6675 and RFC 8985 wait for fewer than three duplicate ACKs if a SACK tells what has arrived.
#[test]
fn one_duplicate_ack_with_a_sack_is_not_three() {
    let mut talk = talk_with_sack().open();
    talk.lost(Way::Forth, ACK, (1, 1), &[0; 100]);
    talk.forth(ACK, (101, 1), &[0; 100]);
    let told = talk.sacks(1, (101, 201));
    assert_eq!(told, is(Label::AckDup { times: 1 }));
    let told = talk.forth(ACK, (1, 1), &[0; 100]);
    assert_eq!(told, again(DATA, 4, 1, Cause::Sack { acks: 1 }));
}

/// "Data behind the gap has arrived", where a copy of what was behind it had been there.
#[test]
fn a_copy_of_what_is_behind_a_gap_is_no_news_of_it() {
    let mut talk = talk_with_sack().open();
    talk.forth(ACK, (1, 1), &[0; 100]);
    talk.back(ACK, (1, 101), b"");
    talk.lost(Way::Forth, ACK, (101, 1), &[0; 100]);
    let behind = talk.frame(Way::Forth, ACK, (201, 1), &[0; 100]);
    talk.sent(&behind);
    talk.arrives(&behind);
    assert_eq!(talk.sacks(101, (201, 301)), is(Label::AckDup { times: 1 }));
    talk.arrives(&behind); // doubled
    let told = talk.sacks(101, (201, 301));
    assert_eq!(told, is(Label::AckAgain(Prompt::Known)));
    talk.forth(ACK, (301, 1), &[0; 100]);
    assert_eq!(talk.sacks(101, (301, 401)), is(Label::AckDup { times: 3 }));
}

/// A later segment was sent, and lost: what has the ACK repeated is a copy of the first.
#[test]
fn what_was_only_sent_is_no_gap() {
    for (mut talk, sack) in [(talk().open(), false), (talk_with_sack().open(), true)] {
        let first = talk.frame(Way::Forth, ACK, (1, 1), &[0; 100]);
        talk.sent(&first);
        talk.arrives(&first);
        talk.back(ACK, (1, 101), b"");
        talk.lost(Way::Forth, ACK, (101, 1), &[0; 100]);
        talk.arrives(&first); // doubled
        let told = match sack {
            true => talk.sacks(101, (1, 101)), // a D-SACK (RFC 2883)
            false => talk.back(ACK, (1, 101), b""),
        };
        assert_eq!(told, is(Label::AckAgain(Prompt::Known)), "{sack}");
    }
}

/// In a capture at the sender what is lost behind it seems to have arrived; the ACKs tell that it has not.
#[test]
fn a_gap_is_seen_where_the_loss_is_not() {
    let mut talk = talk().open();
    for block in 0..3 {
        talk.forth(ACK, (block * 100 + 1, 1), &[0; 100]);
    }
    talk.back(ACK, (1, 101), b"");
    let told = talk.back(ACK, (1, 101), b"");
    assert_eq!(told, is(Label::AckDup { times: 1 }));
}

/// An ACK that leaves late acknowledges less than has come meanwhile: that waits since then, and not since the next.
#[test]
fn a_delayed_ack_waits_since_the_first_that_it_covers() {
    let mut talk = talk().open();
    talk.forth(ACK, (1, 1), &[0; 100]); // 4 ms
    talk.forth(ACK, (101, 1), &[0; 100]); // 5 ms
    let after = |told: Told| match told.0 {
        Label::Ack { bytes, after_ns } => (bytes, after_ns.map(|ns| ns / MS)),
        other => panic!("{other:?}"),
    };
    assert_eq!(after(talk.back(ACK, (1, 101), b"")), (100, Some(2)));
    talk.forth(ACK, (201, 1), &[0; 100]);
    talk.pause(40);
    assert_eq!(after(talk.back(ACK, (1, 301), b"")), (200, Some(43)));
}

/// What comes again, or behind a gap, is answered at once: that was told as a delayed ACK of what had come before. The next ACK may be
/// delayed again.
#[test]
fn an_ack_that_something_had_sent_at_once_was_told_as_delayed() {
    for again in [true, false] {
        let mut talk = talk().open();
        talk.forth(ACK, (1, 1), &[0; 100]);
        talk.pause(40);
        talk.forth(ACK, (if again { 1 } else { 201 }, 1), &[0; 100]);
        let frame = talk.frame(Way::Back, ACK, (1, 101), b"");
        let sent = talk.sent(&frame);
        let (bytes, after_ns) = (100, None);
        assert_eq!(sent.label, Label::Ack { bytes, after_ns }, "{again}");
        assert_eq!(sent.answers_again, again);
        talk.forth(ACK, (101, 1), &[0; 100]);
        talk.pause(40);
        let frame = talk.frame(Way::Back, ACK, (1, if again { 201 } else { 301 }), b"");
        let sent = talk.sent(&frame);
        assert!(sent.label.delay_ns().is_some(), "{again}");
        assert!(!sent.answers_again);
    }
}

/// "A delayed ACK waits a while for data", of one that was due at once by RFC 9293: two full segments had come. One that is not full
/// changes nothing.
#[test]
fn an_ack_of_two_full_segments_was_told_as_delayed() {
    for (last, is_delayed) in [(100, false), (99, true)] {
        let mut talk = Talk {
            mss: Some(100),
            ..talk()
        };
        talk = talk.open();
        talk.forth(ACK, (1, 1), &[0; 100]);
        talk.forth(ACK, (101, 1), &vec![0; last]);
        talk.pause(40);
        let behind = 101 + u32::try_from(last).expect("a length");
        let frame = talk.frame(Way::Back, ACK, (1, behind), b"");
        let sent = talk.sent(&frame);
        assert_eq!(sent.label.delay_ns().is_some(), is_delayed, "{last}");
        assert!(!sent.answers_again);
        talk.forth(ACK, (behind, 1), &[0; 100]);
        talk.pause(40);
        let frame = talk.frame(Way::Back, ACK, (1, behind + 100), b"");
        assert!(talk.sent(&frame).label.delay_ns().is_some(), "one alone");
    }
}

/// A TCP may discard what comes too early, as smoltcp does with a FIN: an ACK of less, later, tells that it has.
#[test]
fn what_was_not_taken_is_not_owed() {
    let mut talk = talk().open();
    talk.forth(FIN, (4, 1), b"");
    talk.forth(ACK, (1, 1), b"bye");
    talk.pause(40);
    talk.back(ACK, (1, 4), b"");
    talk.pause(2000);
    talk.forth(FIN, (4, 1), b"");
    let (label, ..) = talk.back(ACK, (1, 5), b"");
    assert!(
        matches!(label, Label::AckFin { after_ns: None, .. }),
        "{label:?}"
    );
}

/// Bytes and FIN were told as a FIN.
#[test]
fn an_ack_of_bytes_and_fin_tells_both() {
    let mut talk = talk().open();
    talk.forth(ACK, (1, 1), b"how many?");
    talk.forth(FIN, (10, 1), b"");
    let wanted = Label::AckFin {
        bytes: 9,
        last: false,
        after_ns: Some(2 * MS),
    };
    assert_eq!(talk.back(ACK, (1, 11), b""), is(wanted));
}

/// After a time-out and an ACK of a part, Linux sends new bytes to find out whether anything was lost (RFC 5682);
/// what it sends again then is no partial acknowledgment of RFC 6582.
#[test]
fn after_a_time_out_new_bytes_are_tried_first() {
    let mut talk = talk().open();
    for block in 0..3 {
        talk.lost(Way::Forth, ACK, (block * 100 + 1, 1), &[0; 100]);
    }
    talk.pause(300);
    let told = talk.forth(ACK, (1, 1), &[0; 100]);
    assert_eq!(told, again(DATA, 4, 1, RTO));
    talk.back(ACK, (1, 101), b"");
    let new = talk.frame(Way::Forth, ACK, (301, 1), &[0; 100]);
    assert!(talk.sent(&new).tries_new);
    talk.arrives(&new);
    talk.back(ACK, (1, 101), b"");
    let told = talk.forth(ACK, (101, 1), &[0; 100]);
    assert_eq!(told, again(DATA, 5, 1, Cause::SlowStart));
    let new = talk.frame(Way::Forth, ACK, (401, 1), &[0; 100]);
    talk.back(ACK, (1, 401), b"");
    assert!(!talk.sent(&new).tries_new, "all is acknowledged");
}

/// "They are new, although data before them is still missing (F-RTO)", of what was sent when all that was under way had been sent again.
#[test]
fn new_bytes_behind_all_that_was_sent_again_are_not_tried_first() {
    let mut talk = talk().open();
    for block in 0..3 {
        talk.lost(Way::Forth, ACK, (block * 100 + 1, 1), &[0; 100]);
    }
    talk.pause(300);
    talk.forth(ACK, (1, 1), &[0; 100]);
    talk.back(ACK, (1, 101), b"");
    for seq in [101, 201] {
        talk.forth(ACK, (seq, 1), &[0; 100]);
    }
    let new = talk.frame(Way::Forth, ACK, (301, 1), &[0; 100]);
    assert!(!talk.sent(&new).tries_new);
}

/// What acknowledgments asked for long ago is not what has it sent now.
#[test]
fn a_fast_retransmission_that_is_lost_is_followed_by_a_time_out() {
    let mut talk = talk().open();
    talk.lost(Way::Forth, ACK, (1, 1), &[0; 100]);
    for block in 1..4 {
        talk.forth(ACK, (block * 100 + 1, 1), &[0; 100]);
        talk.back(ACK, (1, 1), b"");
    }
    let fast = talk.id + 1;
    talk.lost(Way::Forth, ACK, (1, 1), &[0; 100]);
    talk.pause(300);
    let told = talk.forth(ACK, (1, 1), &[0; 100]);
    assert_eq!(told, again(DATA, fast, 2, RTO));
}

/// Of two that are lost, the second is asked for by the acknowledgment of the first (RFC 6582).
#[test]
fn a_partial_acknowledgment_asks_for_the_next() {
    let mut talk = talk().open();
    talk.lost(Way::Forth, ACK, (1, 1), &[0; 100]);
    talk.lost(Way::Forth, ACK, (101, 1), &[0; 100]);
    for block in 2..5 {
        talk.forth(ACK, (block * 100 + 1, 1), &[0; 100]);
        talk.back(ACK, (1, 1), b"");
    }
    let told = talk.forth(ACK, (1, 1), &[0; 100]);
    assert_eq!(told, again(DATA, 4, 1, Cause::Duplicates { acks: 3 }));
    talk.back(ACK, (1, 101), b"");
    let told = talk.forth(ACK, (101, 1), &[0; 100]);
    assert_eq!(told, again(DATA, 5, 1, Cause::Progress));
    talk.back(ACK, (1, 501), b"");
    talk.lost(Way::Forth, ACK, (501, 1), &[0; 100]);
    let told = talk.forth(ACK, (501, 1), &[0; 100]);
    assert_eq!(told.2.map(|it| it.2), Some(Cause::Silence));
}

/// A tail loss probe repeats the last segment, once, and only where there is SACK (RFC 8985 §7).
#[test]
fn packets_do_not_tell_a_tail_loss_probe_from_a_time_out() {
    for (mut talk, wanted) in [
        (talk_with_sack().open(), Cause::Timer(Timer::Either)),
        (talk().open(), RTO),
    ] {
        talk.lost(Way::Forth, ACK, (1, 1), b"x");
        talk.pause(210);
        let first = talk.id + 1;
        let told = talk.lost(Way::Forth, ACK, (1, 1), b"x");
        assert_eq!(told, again(DATA, 4, 1, wanted));
        talk.pause(220);
        let told = talk.lost(Way::Forth, ACK, (1, 1), b"x");
        assert_eq!(told, again(DATA, first, 2, RTO));
    }
    let mut talk = talk_with_sack().open();
    talk.lost(Way::Forth, ACK, (1, 1), b"x");
    talk.lost(Way::Forth, ACK, (2, 1), b"y");
    talk.pause(210);
    let told = talk.lost(Way::Forth, ACK, (1, 1), b"x"); // not the last
    assert_eq!(told, again(DATA, 4, 1, RTO));
}

/// Linux puts small segments together when it sends them again (tcp_retrans_try_collapse).
#[test]
fn a_repeated_segment_that_covers_more_says_what_was_sent_before() {
    let mut talk = talk().open();
    for (seq, bytes) in [(1, b"aaaa"), (5, b"bbbb"), (9, b"cccc")] {
        talk.lost(Way::Forth, ACK, (seq, 1), bytes);
    }
    talk.pause(200);
    let bytes = talk.frame(Way::Forth, ACK, (1, 1), b"aaaabbbbccccdd");
    let sent = talk.sent(&bytes).again.expect("a repetition");
    assert_eq!(sent.earlier, 4); // the first of them, not the last
    assert_eq!((sent.covered, sent.fresh), (Some((1, 5)), 2));
}

/// "Retransmission 2" of bytes that had been sent once: behind older ones, which were sent again then. Older ones that come a
/// third time are counted for themselves.
#[test]
fn bytes_that_were_sent_first_behind_a_retransmission_were_counted_with_it() {
    let mut talk = talk().open();
    talk.lost(Way::Forth, ACK, (1, 1), &[0; 100]);
    talk.pause(300);
    talk.lost(Way::Forth, ACK, (1, 1), &[0; 200]);
    talk.pause(600);
    let mut again = |seq: u32, len: usize| {
        let bytes = talk.frame(Way::Forth, ACK, (seq, 1), &vec![0; len]);
        let again = talk.sent(&bytes).again.expect("again");
        (again.times, again.last_wait_ns.is_some())
    };
    assert_eq!(again(101, 100), (1, false));
    assert_eq!(again(1, 200), (2, true));
    assert_eq!(again(101, 200), (3, true));
    assert_eq!(again(201, 100), (1, false));
}

/// Of linear and doubled time-outs the numbers tell which they are.
#[test]
fn a_repetition_knows_the_wait_before() {
    let mut talk = talk();
    talk.lost(Way::Forth, SYN, (0, 0), b"");
    let mut waits = Vec::new();
    for millis in [1000, 1000, 2000] {
        talk.pause(millis - 1);
        let bytes = talk.frame(Way::Forth, SYN, (0, 0), b"");
        let again = talk.sent(&bytes).again.expect("a repetition");
        waits.push((again.last_wait_ns.map(|ns| ns / MS), again.wait_ns / MS));
    }
    let wanted = [(None, 1000), (Some(1000), 1000), (Some(1000), 2000)];
    assert_eq!(waits, wanted);
}

#[test]
fn a_part_of_a_super_segment_is_repeated() {
    let mut talk = talk().open();
    talk.lost(Way::Forth, ACK, (1, 1), &[0; 9000]);
    let repeated = again(DATA, 4, 1, Cause::Silence);
    assert_eq!(talk.forth(ACK, (1449, 1), &[0; 1448]), repeated);
    assert_eq!(talk.forth(ACK, (8001, 1), &[0; 2000]), repeated);
}
