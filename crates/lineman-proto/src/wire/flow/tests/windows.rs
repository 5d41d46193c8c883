//! Windows, their probes, and keep-alives.

use super::*;

#[test]
fn keep_alives_are_no_retransmissions() {
    let mut talk = talk().open();
    talk.forth(ACK, (1, 1), b"x");
    let told = talk.forth(ACK, (1, 1), b"x"); // nobody has acknowledged it
    assert_eq!(told, again(DATA, 4, 1, Cause::Silence));
    talk.back(ACK, (1, 2), b"");
    for payload in [&b""[..], b"x"] {
        assert_eq!(talk.forth(ACK, (1, 1), payload), is(Label::KeepAlive));
        assert_eq!(
            talk.back(ACK, (1, 2), b""),
            is(Label::AckAgain(Prompt::Probe))
        );
    }
}

#[test]
fn a_window_closes_and_opens() {
    let mut talk = talk().open();
    talk.forth(ACK, (1, 1), &[0; 100]);
    talk.windows[1] = 0;
    assert_eq!(talk.back(ACK, (1, 101), b""), ack(100));
    let old = Label::Probe { byte: false };
    assert_eq!(talk.forth(ACK, (100, 1), b""), is(old));
    // "Has no buffer space left", as if that were news: it answers the probe.
    let answer = is(Label::AckAgain(Prompt::Probe));
    assert_eq!(talk.back(ACK, (1, 101), b""), answer);
    let told = talk.forth(ACK, (101, 1), b"y"); // as BSD probes
    assert_eq!(told, is(Label::Probe { byte: true }));
    talk.back(ACK, (1, 101), b"");
    talk.forth(ACK, (102, 1), b"");
    talk.back(ACK, (1, 102), b"");
    talk.forth(ACK, (101, 1), b"");
    talk.windows[1] = 600;
    let update = talk.frame(Way::Back, ACK, (1, 102), b"");
    let sent = talk.sent(&update);
    assert_eq!(sent.label, Label::Window);
    assert_eq!(sent.place.window, 2400);
}

/// The segment that reopens the window is lost: its receiver still takes the window for closed, and goes on probing.
/// That was told as a keep-alive, because the peer had said more.
#[test]
fn a_probe_is_none_the_less_one_when_the_window_update_was_lost() {
    let mut talk = talk().open();
    talk.forth(ACK, (1, 1), &[0; 100]);
    talk.windows[1] = 0;
    talk.back(ACK, (1, 101), b"");
    talk.windows[1] = 600;
    let told = talk.lost(Way::Back, ACK, (1, 101), b"");
    assert_eq!(told, is(Label::Window));
    let probe = is(Label::Probe { byte: false });
    assert_eq!(talk.forth(ACK, (100, 1), b""), probe);
    talk.back(ACK, (1, 101), b"");
    // Now it knows: this one only asks whether the peer is there.
    assert_eq!(talk.forth(ACK, (100, 1), b""), is(Label::KeepAlive));
}

/// It was told as new bytes, or as sent again by a timer, if the last probe was long ago.
/// Its sender had more to say since.
#[test]
fn an_ack_that_was_overtaken_is_no_keep_alive() {
    let mut it = talk().open();
    it.forth(ACK, (1, 1), b"a");
    it.back(ACK, (1, 2), b"");
    it.forth(FIN, (2, 1), b"");
    let late = it.forth(ACK, (1, 1), b"");
    assert_eq!(late.0, Label::AckAgain(Prompt::Unseen));
}

/// The edge that was said last counts; it said more before.
#[test]
fn a_window_that_has_shrunk_is_full_sooner() {
    // The shift is 2.
    let mut it = talk().open();
    it.windows[1] = 75;
    it.back(ACK, (1, 1), b"");
    it.windows[1] = 25;
    it.back(ACK, (1, 1), b"");
    let segment = it.frame(Way::Forth, ACK, (1, 1), &[b'x'; 100]);
    assert!(it.sent(&segment).fills_window);
    // What an older ACK says does not count.
    it.windows[1] = 125;
    it.back(ACK, (1, 101), b"");
    it.windows[1] = 12;
    it.back(ACK, (1, 1), b"");
    let segment = it.frame(Way::Forth, ACK, (101, 1), &[b'x'; 500]);
    assert!(it.sent(&segment).fills_window);
}

/// Without its SYN nobody knows how many bytes a window is.
#[test]
fn a_window_of_unknown_scale_is_not_said_to_be_full() {
    let mut it = talk();
    it.windows[1] = 100;
    it.back(ACK, (1, 1), b"");
    let segment = it.frame(Way::Forth, ACK, (1, 1), &[b'x'; 100]);
    assert!(!it.sent(&segment).fills_window);
}

#[test]
fn the_byte_of_a_probe_is_sent_again_with_the_rest_when_there_is_room() {
    for pause in [0, 300] {
        let mut talk = talk().open();
        talk.forth(ACK, (1, 1), &[0; 100]);
        talk.windows[1] = 0;
        talk.back(ACK, (1, 101), b"");
        for _ in 0..2 {
            talk.pause(1000);
            let told = talk.forth(ACK, (101, 1), b"y");
            assert_eq!(told, is(Label::Probe { byte: true }));
            talk.back(ACK, (1, 101), b"");
        }
        talk.pause(pause);
        talk.windows[1] = 600;
        talk.back(ACK, (1, 101), b"");
        let data = talk.frame(Way::Forth, ACK, (101, 1), &[b'y'; 50]);
        let again = talk.sent(&data).again.expect("its first byte again");
        assert_eq!((again.cause, again.fresh), (Cause::Probed, 49));
        // "Retransmission 2", of the first: the probe had counted.
        talk.pause(1000);
        let bytes = talk.frame(Way::Forth, ACK, (101, 1), &[7; 50]);
        let again = talk.sent(&bytes).again.expect("again");
        assert_eq!((again.times, again.fresh), (1, 0), "{again:?}");
    }
}

/// The window closed behind it: it is no probe when its timer sends it again.
#[test]
fn a_byte_that_was_sent_when_there_was_room_is_no_probe() {
    let mut talk = talk().open();
    talk.forth(ACK, (1, 1), b"x");
    talk.windows[1] = 0;
    talk.back(ACK, (1, 1), b"");
    talk.pause(250);
    let data = talk.frame(Way::Forth, ACK, (1, 1), b"x");
    let sent = talk.sent(&data);
    assert_eq!(sent.label, DATA);
    let cause = sent.again.map(|again| again.cause);
    assert_eq!(cause, Some(RTO));
}

/// Of the client after the server's bytes: there was no memory for them, though it had offered room, and it says so by a window of 0.
fn withdraws(talk: &mut Talk) {
    talk.windows[0] = 0;
    talk.forth(ACK, (1, 1), b"");
    talk.windows[0] = 1000;
}

fn client(talk: &Talk) -> Option<TcpState> {
    talk.flow().state(Way::Forth).map(|end| end.state)
}

/// A kernel whose buffer was full dropped bytes that it had offered room for, and so did not believe the reset behind them: CLOSED was claimed.
#[test]
fn a_reset_behind_bytes_that_were_dropped_for_want_of_memory_is_not_believed() {
    let mut talk = talk().open();
    talk.back(ACK, (1, 1), &[0; 100]);
    assert_eq!(talk.flow().expects(Way::Back), 101);
    withdraws(&mut talk);
    assert_eq!(talk.flow().expects(Way::Back), 1);
    let reset = talk.frame(Way::Back, RST, (101, 1), b"");
    talk.sent(&reset);
    let not_due = Arrival::ResetIgnored(Unbelieved::NotDue { due: 1 });
    assert_eq!(talk.arrives(&reset), not_due);
    assert_eq!(talk.states(), [Established, Closed]);
    talk.back(RST, (1, 1), b"");
    assert_eq!(talk.states(), [Closed, Closed]);
}

/// The same in a capture at the other end, which sees the reset before the window: what became of the resets before that nobody can tell.
#[test]
fn resets_are_not_judged_by_bytes_that_were_dropped() {
    for (seq, before) in [(101, Closed), (1, Established)] {
        let mut talk = talk().open();
        talk.back(ACK, (1, 1), &[0; 100]);
        talk.back(RST, (seq, 1), b"");
        assert_eq!(client(&talk), Some(before));
        withdraws(&mut talk);
        assert_eq!(client(&talk), None);
    }
}

/// It stays where it was until the FIN comes again.
#[test]
fn a_fin_that_was_dropped_for_want_of_memory_closes_nothing() {
    let mut talk = talk().open();
    talk.back(FIN, (1, 1), &[0; 100]);
    assert_eq!(talk.states(), [CloseWait, FinWait1]);
    withdraws(&mut talk);
    let end = talk.flow().state(Way::Forth).expect("a state");
    assert_eq!((end.state, end.source), (Established, Source::Contradicted));
    talk.pause(300);
    talk.back(FIN, (1, 1), &[0; 100]);
    assert_eq!(talk.states(), [CloseWait, FinWait1]);
    talk.forth(FIN, (1, 102), b"");
    assert_eq!(talk.states(), [LastAck, TimeWait]);
}

/// Nor does it where the two have crossed.
#[test]
fn a_fin_that_crossed_and_was_dropped_is_waited_for() {
    let mut talk = talk().open();
    let fins = [Way::Forth, Way::Back].map(|way| talk.frame(way, FIN, (1, 1), b""));
    for fin in &fins {
        talk.sent(fin);
    }
    for fin in &fins {
        talk.arrives(fin);
    }
    assert_eq!(talk.states(), [Closing, Closing]);
    talk.windows[0] = 0;
    talk.forth(ACK, (2, 1), b"");
    assert_eq!(client(&talk), Some(FinWait1));
    talk.back(ACK, (2, 2), b"");
    assert_eq!(client(&talk), Some(FinWait2));
}

/// A window that is closed and not withdrawn tells only that what was offered is full: what comes then is not taken in, and nothing is taken
/// back.
#[test]
fn a_window_that_is_full_takes_nothing_back() {
    let mut talk = talk();
    talk.windows[0] = 25;
    talk.forth(SYN, (0, 0), b"");
    talk.back(SYN_ACK, (0, 1), b"");
    talk.forth(ACK, (1, 1), b"");
    talk.back(ACK, (1, 1), &[0; 100]);
    talk.windows[0] = 0;
    talk.forth(ACK, (1, 101), b"");
    talk.back(ACK, (101, 1), b"x");
    talk.forth(ACK, (1, 101), b"");
    assert_eq!(talk.flow().expects(Way::Back), 101);
}

/// It says nothing of what has come since it left.
#[test]
fn a_window_of_0_that_was_overtaken_takes_nothing_back() {
    let clock = Some(1000);
    let mut talk = Talk { clock, ..talk() }.open();
    talk.clock = Some(1010);
    talk.forth(ACK, (1, 1), b"");
    talk.back(ACK, (1, 1), &[0; 100]);
    talk.clock = Some(1005);
    withdraws(&mut talk);
    assert_eq!(talk.flow().expects(Way::Back), 101);
}

/// What SACK had named was dropped again for want of memory (RFC 2018 §8): the next ACK does not name it. A reset at the number that was due
/// was not believed then, because it stood in front of what was taken to have come.
#[test]
fn what_sack_has_named_and_names_no_more_was_dropped() {
    let mut talk = talk_with_sack().open();
    talk.lost(Way::Forth, ACK, (1, 1), b"ab");
    talk.forth(ACK, (3, 1), b"cd");
    talk.sacks(1, (3, 5));
    talk.forth(ACK, (1, 1), b"ab");
    talk.pause(20);
    talk.back(ACK, (1, 3), b"");
    assert_eq!(talk.flow().expects(Way::Forth), 3);
    talk.forth(Flags::RST, (3, 0), b"");
    assert_eq!(talk.states(), [Closed, Closed]);
}

/// What is sent beyond a closed window was taken to have arrived: its receiver seemed to report a gap, and what came later to fill one.
#[test]
fn what_lies_beyond_a_closed_window_is_not_taken_in() {
    let mut talk = talk().open();
    // The window of the SYN-ACK is filled.
    talk.forth(ACK, (1, 1), &[b'x'; 1000]);
    talk.windows[1] = 0;
    talk.back(ACK, (1, 1001), b"");
    let segment = talk.frame(Way::Forth, ACK, (901, 1), &[b'x'; 200]);
    talk.sent(&segment);
    assert_eq!(talk.arrives(&segment), Arrival::NoRoom);
    assert_eq!(talk.back(ACK, (1, 1001), b"").0, Label::Window);
    talk.windows[1] = 1000;
    talk.back(ACK, (1, 1001), b"");
    let segment = talk.frame(Way::Forth, ACK, (1101, 1), b"9");
    talk.sent(&segment);
    assert_eq!(talk.arrives(&segment), Arrival::Early);
    let segment = talk.frame(Way::Forth, ACK, (1001, 1), &[b'x'; 100]);
    talk.sent(&segment);
    assert_eq!(talk.arrives(&segment), Arrival::InOrder);
}

/// The same of a window that is open, but not as wide: what is acknowledged says where it has ended.
#[test]
fn what_lies_beyond_a_window_is_cut_off() {
    let mut talk = talk().open();
    talk.forth(ACK, (1, 1), &[b'x'; 1200]);
    talk.windows[1] = 0;
    let (label, ..) = talk.back(ACK, (1, 1001), b"");
    assert!(matches!(label, Label::Ack { bytes: 1000, .. }), "{label:?}");
    talk.windows[1] = 1000;
    talk.back(ACK, (1, 1001), b"");
    let segment = talk.frame(Way::Forth, ACK, (1201, 1), b"more");
    talk.sent(&segment);
    assert_eq!(talk.arrives(&segment), Arrival::Early);
}

/// What had been sent beyond a closed window is sent again when that opens: "its timeout must have expired" was said. Where it opened long
/// before, that is so.
#[test]
fn bytes_that_are_sent_again_as_the_window_opens_were_told_as_timed_out() {
    for (pause, cause) in [(0, Cause::Opened), (300, RTO)] {
        let mut talk = talk().open();
        talk.forth(ACK, (1, 1), &[b'x'; 1000]);
        talk.windows[1] = 0;
        talk.back(ACK, (1, 1001), b"");
        talk.pause(100);
        talk.forth(ACK, (1001, 1), b"more");
        talk.back(ACK, (1, 1001), b"");
        talk.pause(600);
        talk.windows[1] = 1000;
        talk.back(ACK, (1, 1001), b"");
        talk.pause(pause);
        let data = talk.frame(Way::Forth, ACK, (1001, 1), b"more");
        let again = talk.sent(&data).again.expect("again");
        assert_eq!((again.cause, again.times), (cause, 1));
    }
}

/// A receiver that has withdrawn its window discards what comes in order behind what it has discarded. That was told as data behind a gap
/// that it keeps, and its ACKs as duplicates.
#[test]
fn what_comes_to_a_withdrawn_window_is_no_data_behind_a_gap() {
    let mut talk = talk().open();
    talk.forth(ACK, (1, 1), &[b'x'; 100]);
    talk.forth(ACK, (101, 1), &[b'x'; 100]);
    talk.windows[1] = 0;
    talk.back(ACK, (1, 101), b"");
    for seq in [201, 301] {
        let segment = talk.frame(Way::Forth, ACK, (seq, 1), &[b'x'; 100]);
        talk.sent(&segment);
        assert_eq!(talk.arrives(&segment), Arrival::NoRoom);
        assert_eq!(talk.back(ACK, (1, 101), b""), is(Label::Window));
    }
    assert_eq!(talk.flow().expects(Way::Forth), 101);
}
