//! Connections of which is known when each segment is sent, and when it is delivered.

mod accept;
mod anew;
mod sight;
mod stamps;

use super::TcpState::*;
use super::*;
use crate::wire::Conversations;
use crate::wire::Flags;
use crate::wire::Frame;
use crate::wire::TcpOption;
use crate::wire::compose;
use crate::wire::compose::Envelope;

const ACK: Flags = Flags::ACK;
const SYN: Flags = Flags::SYN;
const FIN: Flags = Flags(0x11);
const SYN_ACK: Flags = Flags(0x12);
const RST: Flags = Flags(0x14);

const ISN: [u32; 2] = [u32::MAX - 3, 9_000];

/// A connection between two ends whose numbers are told as places; they wrap at once.
struct Talk {
    flow: Option<TcpFlow>,
    id: u64,
    isn: [u32; 2],
    windows: [u16; 2],
    /// Whether SYNs offer SACK.
    sack: bool,
    /// What the clock of both ends shows, if they send timestamps.
    clock: Option<u32>,
    /// What of the peer's clock they say to have heard.
    echo: u32,
}

fn talk() -> Talk {
    Talk {
        flow: None,
        id: 0,
        isn: ISN,
        windows: [1000; 2],
        sack: false,
        clock: None,
        echo: 0,
    }
}

fn talk_with_sack() -> Talk {
    Talk {
        sack: true,
        ..talk()
    }
}

fn ends(way: Way) -> Envelope {
    let client = ([10, 0, 0, 1], 45110).into();
    let server = ([10, 0, 0, 2], 9000).into();
    match way {
        Way::Forth => Envelope::new(client, server),
        Way::Back => Envelope::new(server, client),
    }
}

impl Talk {
    fn frame(&mut self, way: Way, flags: Flags, (seq, ack): (u32, u32), payload: &[u8]) -> Vec<u8> {
        let me = way as usize;
        self.id += 1;
        let mut envelope = ends(way);
        envelope.id = self.id as u16;
        let mut options = Vec::new();
        if flags.has(SYN) {
            options.push(TcpOption::WindowScale(2));
            options.extend(self.sack.then_some(TcpOption::SackPermitted));
        }
        let echo = self.echo;
        options.extend(
            self.clock
                .map(|value| TcpOption::Timestamps { value, echo }),
        );
        envelope.tcp(&compose::Segment {
            seq: self.isn[me].wrapping_add(seq),
            ack: self.isn[1 - me].wrapping_add(ack),
            flags,
            window: self.windows[me],
            options: &options,
            payload,
        })
    }

    /// The server acknowledges up to `ack`, and by SACK what lies between `from` and `to`.
    fn sacks(&mut self, ack: u32, (from, to): (u32, u32)) -> Told {
        self.id += 1;
        let numbers = [from, to].map(|place| self.isn[0].wrapping_add(place).to_be_bytes());
        let bytes = ends(Way::Back).tcp(&compose::Segment {
            seq: self.isn[1].wrapping_add(1),
            ack: self.isn[0].wrapping_add(ack),
            flags: ACK,
            window: self.windows[1],
            options: &[TcpOption::Other {
                kind: 5,
                data: &numbers.concat(),
            }],
            payload: b"",
        });
        let sent = self.sent(&bytes);
        self.arrives(&bytes);
        told(sent)
    }

    /// Time passes.
    fn pause(&mut self, millis: u64) {
        self.id += millis;
    }

    /// Sent, and lost on the way.
    fn lost(&mut self, way: Way, flags: Flags, places: (u32, u32), payload: &[u8]) -> Told {
        let bytes = self.frame(way, flags, places, payload);
        told(self.sent(&bytes))
    }

    fn sent(&mut self, bytes: &[u8]) -> Sent {
        let segment = segment(bytes);
        self.flow.take_if(|flow| flow.is_succeeded_by(&segment));
        let flow = self.flow.get_or_insert_with(|| TcpFlow::new(&segment));
        let sent = flow.sent(self.id, self.id * MS, &segment);
        sent.expect("of this connection")
    }

    fn arrives(&mut self, bytes: &[u8]) -> Arrival {
        let flow = self.flow.as_mut().expect("begun");
        let delivered = flow.delivered(self.id * MS, &segment(bytes));
        delivered.expect("of this connection").arrival
    }

    /// Sent, and delivered.
    fn say(&mut self, way: Way, flags: Flags, places: (u32, u32), payload: &[u8]) -> Told {
        let bytes = self.frame(way, flags, places, payload);
        let sent = self.sent(&bytes);
        self.arrives(&bytes);
        told(sent)
    }

    fn forth(&mut self, flags: Flags, places: (u32, u32), payload: &[u8]) -> Told {
        self.say(Way::Forth, flags, places, payload)
    }

    fn back(&mut self, flags: Flags, places: (u32, u32), payload: &[u8]) -> Told {
        self.say(Way::Back, flags, places, payload)
    }

    fn open(mut self) -> Self {
        assert_eq!(self.forth(SYN, (0, 0), b""), is(Label::Syn));
        assert_eq!(self.back(SYN_ACK, (0, 1), b""), is(Label::SynAck));
        assert_eq!(
            self.forth(ACK, (1, 1), b""),
            is(Label::AckThird { crossed: false })
        );
        assert_eq!(self.states(), [Established, Established]);
        self
    }

    fn flow(&self) -> &TcpFlow {
        self.flow.as_ref().expect("begun")
    }

    /// Both ends', where both are known and nothing contradicts.
    fn states(&self) -> [TcpState; 2] {
        [Way::Forth, Way::Back].map(|way| {
            let end = self.flow().state(way).expect("a state");
            assert_eq!(end.source, Source::Deduced);
            end.state
        })
    }
}

/// Packets are a millisecond apart, and numbered by it.
const MS: u64 = 1_000_000;

const RTO: Cause = Cause::Timer(Timer::Retransmission);

fn segment(bytes: &[u8]) -> Segment {
    Segment::of(&Frame::parse(bytes)).expect("a segment")
}

/// What is said of a segment, without its numbers.
type Told = (Label, Order, Option<(u64, u32, Cause)>);

fn told(sent: Sent) -> Told {
    let again = sent.again.map(|it| (it.earlier, it.times, it.cause));
    (sent.label, sent.order, again)
}

/// A segment in order and for the first time.
fn is(label: Label) -> Told {
    (label, Order::Next, None)
}

fn again(label: Label, of: u64, times: u32, cause: Cause) -> Told {
    (label, Order::Next, Some((of, times, cause)))
}

const DATA: Label = Label::Data { half: false };

/// Bytes acknowledged a millisecond after they came.
fn ack(bytes: i64) -> Told {
    let after_ns = Some(MS);
    is(Label::Ack { bytes, after_ns })
}

fn ack_fin(last: bool) -> Told {
    is(Label::AckFin {
        bytes: 0,
        last,
        after_ns: Some(MS),
    })
}

#[test]
fn a_whole_life_with_four_segments_at_the_end() {
    let mut talk = talk().open();
    assert_eq!(talk.forth(ACK, (1, 1), b"hi"), is(DATA));
    assert_eq!(talk.back(ACK, (1, 3), b""), ack(2));
    assert_eq!(talk.back(ACK, (1, 3), b"hello back"), is(DATA));
    assert_eq!(talk.forth(ACK, (3, 11), b""), ack(10));
    assert_eq!(talk.flow().expects(Way::Back), 11);
    assert_eq!(talk.forth(FIN, (3, 11), b""), is(Label::FinFirst));
    assert_eq!(talk.states(), [FinWait1, CloseWait]);
    assert_eq!(talk.back(ACK, (11, 4), b""), ack_fin(false));
    assert_eq!(talk.states(), [FinWait2, CloseWait]);
    assert_eq!(talk.back(FIN, (11, 4), b""), is(Label::FinSecond));
    assert_eq!(talk.states(), [TimeWait, LastAck]);
    assert_eq!(talk.forth(ACK, (4, 12), b""), ack_fin(true));
    assert_eq!(talk.states(), [TimeWait, Closed]);
    assert_eq!(talk.flow().isn(Way::Forth), Some(ISN[0]));
}

#[test]
fn three_segments_at_the_end() {
    let mut talk = talk().open();
    assert_eq!(talk.forth(FIN, (1, 1), b""), is(Label::FinFirst));
    assert_eq!(talk.back(FIN, (1, 2), b""), is(Label::FinCombined));
    assert_eq!(talk.states(), [TimeWait, LastAck]);
    assert_eq!(talk.forth(ACK, (2, 2), b""), ack_fin(true));
    assert_eq!(talk.states(), [TimeWait, Closed]);
}

#[test]
fn a_half_closed_connection_carries_data() {
    let mut talk = talk().open();
    talk.forth(FIN, (1, 1), b"");
    talk.back(ACK, (1, 2), b"");
    let half = Label::Data { half: true };
    assert_eq!(talk.back(ACK, (1, 2), &[0; 500]), is(half));
    assert_eq!(talk.forth(ACK, (2, 501), b""), ack(500));
    assert_eq!(talk.states(), [FinWait2, CloseWait]);
    assert_eq!(talk.back(FIN, (501, 2), b""), is(Label::FinSecond));
}

#[test]
fn data_may_acknowledge_a_fin() {
    let mut talk = talk().open();
    talk.forth(FIN, (1, 1), b"");
    let half = Label::Data { half: true };
    assert_eq!(talk.back(ACK, (1, 2), b"half"), is(half));
    assert_eq!(talk.states(), [FinWait2, CloseWait]);
    assert_eq!(talk.back(FIN, (5, 2), b""), is(Label::FinSecond));
}

#[test]
fn a_fin_with_data_repeated() {
    let mut talk = talk().open();
    let told = talk.lost(Way::Forth, FIN, (1, 1), b"bye");
    assert_eq!(told, is(Label::FinFirst));
    assert_eq!(talk.states(), [FinWait1, Established]);
    let told = talk.forth(FIN, (1, 1), b"bye");
    assert_eq!(told, again(Label::FinFirst, 4, 1, Cause::Silence));
    assert_eq!(talk.flow().expects(Way::Forth), 5);
    assert_eq!(talk.states(), [FinWait1, CloseWait]);
}

#[test]
fn a_fin_that_arrives_too_early() {
    let mut talk = talk().open();
    let data = talk.frame(Way::Forth, ACK, (1, 1), b"bye");
    talk.sent(&data);
    let fin = talk.frame(Way::Forth, FIN, (4, 1), b"");
    assert_eq!(talk.sent(&fin).label, Label::FinFirst);
    assert_eq!(talk.arrives(&fin), Arrival::Early);
    assert_eq!(talk.flow().expects(Way::Forth), 1);
    assert_eq!(talk.states(), [FinWait1, Established]);
    assert_eq!(talk.arrives(&data), Arrival::InOrder);
    assert_eq!(talk.flow().expects(Way::Forth), 5);
    assert_eq!(talk.states(), [FinWait1, CloseWait]);
    assert_eq!(talk.arrives(&data), Arrival::Known);
}

#[test]
fn the_syn_ack_is_seen_before_the_syn() {
    let mut talk = talk();
    assert_eq!(talk.back(SYN_ACK, (0, 1), b""), is(Label::SynAck));
    assert_eq!(talk.flow().ends().0.port(), 45110);
    assert_eq!(talk.flow().isn(Way::Forth), Some(ISN[0]));
    let told = talk.forth(SYN, (0, 0), b"");
    assert_eq!(told, (Label::Syn, Order::Late, None));
    assert_eq!(
        talk.forth(ACK, (1, 1), b""),
        is(Label::AckThird { crossed: false })
    );
}

#[test]
fn a_syn_ack_with_another_number() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    talk.lost(Way::Back, SYN_ACK, (0, 1), b"");
    talk.isn[1] = 77;
    assert_eq!(talk.back(SYN_ACK, (0, 1), b""), is(Label::SynAck));
    assert_eq!(
        talk.forth(ACK, (1, 1), b""),
        is(Label::AckThird { crossed: false })
    );
    assert_eq!(talk.flow().isn(Way::Back), Some(77));
    assert_eq!(talk.states(), [Established, Established]);
}

#[test]
fn a_syn_lost_twice() {
    let mut talk = talk();
    talk.lost(Way::Forth, SYN, (0, 0), b"");
    for nth in 1..3 {
        let told = talk.lost(Way::Forth, SYN, (0, 0), b"");
        let wanted = again(Label::Syn, nth, nth as u32, Cause::Silence);
        assert_eq!(told, wanted);
    }
    assert_eq!(talk.flow().state(Way::Back), None);
}

/// Its SYN comes again, and is answered: no clock of the server has run out.
#[test]
fn a_syn_ack_that_answers_a_repeated_syn() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    talk.lost(Way::Back, SYN_ACK, (0, 1), b"");
    talk.forth(SYN, (0, 0), b"");
    let told = talk.lost(Way::Back, SYN_ACK, (0, 1), b"");
    assert_eq!(told, again(Label::SynAck, 2, 1, Cause::Asked));
    talk.id += 1000; // a second later
    let told = talk.back(SYN_ACK, (0, 1), b"");
    assert_eq!(told, again(Label::SynAck, 4, 2, RTO));
}

#[test]
fn both_open_and_both_close_at_once() {
    let mut talk = talk();
    let forth = talk.frame(Way::Forth, SYN, (0, 0), b"");
    assert_eq!(talk.sent(&forth).label, Label::Syn);
    let back = talk.frame(Way::Back, SYN, (0, 0), b"");
    assert_eq!(talk.sent(&back).label, Label::SynCrossed);
    assert_eq!(talk.states(), [SynSent, SynSent]);
    talk.arrives(&forth);
    talk.arrives(&back);
    assert_eq!(talk.states(), [SynReceived, SynReceived]);
    let answers = [Way::Forth, Way::Back].map(|way| talk.frame(way, SYN_ACK, (0, 1), b""));
    for answer in &answers {
        assert_eq!(told(talk.sent(answer)), is(Label::SynAckCrossed));
    }
    for answer in &answers {
        talk.arrives(answer);
    }
    assert_eq!(talk.states(), [Established, Established]);
    assert_eq!(talk.forth(ACK, (1, 1), b"x"), is(DATA));
    talk.back(ACK, (1, 2), b"");
    let forth = talk.frame(Way::Forth, FIN, (2, 1), b"");
    let back = talk.frame(Way::Back, FIN, (1, 2), b"");
    assert_eq!(talk.sent(&forth).label, Label::FinFirst);
    assert_eq!(talk.sent(&back).label, Label::FinCrossed);
    assert_eq!(talk.states(), [FinWait1, FinWait1]);
    talk.arrives(&forth);
    talk.arrives(&back);
    assert_eq!(talk.states(), [Closing, Closing]);
    let not_last = Label::AckFin {
        bytes: 0,
        last: false,
        after_ns: None,
    };
    assert_eq!(talk.forth(ACK, (3, 2), b""), is(not_last));
    assert_eq!(talk.states(), [Closing, TimeWait]);
    let (label, ..) = talk.back(ACK, (2, 3), b"");
    assert!(matches!(label, Label::AckFin { last: true, .. }));
    assert_eq!(talk.states(), [TimeWait, TimeWait]);
}

#[test]
fn a_syn_with_data() {
    let mut talk = talk();
    assert_eq!(talk.forth(SYN, (0, 0), b"GET"), is(Label::Syn));
    assert_eq!(talk.back(SYN_ACK, (0, 4), b""), is(Label::SynAck));
    assert_eq!(
        talk.forth(ACK, (4, 1), b""),
        is(Label::AckThird { crossed: false })
    );
    assert_eq!(talk.flow().next(Way::Forth), 4);
}

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
}

/// Both ask, and one SYN is lost: the last ACK is not the third segment of three.
#[test]
fn the_ack_of_an_answer_to_a_crossed_syn_is_no_third() {
    let mut talk = talk();
    talk.lost(Way::Forth, SYN, (0, 0), b"");
    assert_eq!(talk.back(SYN, (0, 0), b""), is(Label::SynCrossed));
    talk.pause(10);
    let (label, ..) = talk.forth(SYN_ACK, (0, 1), b"");
    assert_eq!(label, Label::SynAckCrossed);
    let last = talk.back(ACK, (1, 1), b"");
    assert_eq!(last, is(Label::AckThird { crossed: true }));
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

/// It was told as one that nothing had asked for.
#[test]
fn an_empty_segment_that_comes_too_late_has_its_receiver_repeat_its_ack() {
    let mut talk = talk().open();
    let late = talk.frame(Way::Back, ACK, (1, 1), b"");
    talk.sent(&late);
    talk.back(ACK, (1, 1), &[0; 10]);
    talk.forth(ACK, (1, 11), b"");
    assert_eq!(talk.arrives(&late), Arrival::Passed { due: 11 });
    let told = talk.forth(ACK, (1, 11), b"");
    assert_eq!(told, is(Label::AckAgain(Prompt::Passed)));
}

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

/// "Its timeout must have expired" was said of an answer that left some microseconds after the SYN had come again.
#[test]
fn a_syn_ack_that_its_timer_or_the_syn_sends_again_is_told_as_either() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    talk.lost(Way::Back, SYN_ACK, (0, 1), b"");
    talk.pause(1000);
    talk.forth(SYN, (0, 0), b"");
    let told = talk.back(SYN_ACK, (0, 1), b"");
    let either = Cause::Timer(Timer::OrAsked);
    assert_eq!(told, again(Label::SynAck, 2, 1, either));
    talk.pause(1000);
    let told = talk.back(SYN_ACK, (0, 1), b"");
    let timer = Cause::Timer(Timer::Retransmission);
    assert_eq!(
        (told.0, told.2.map(|it| it.2)),
        (Label::SynAck, Some(timer))
    );
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

/// It is no duplicate to be thrown away: TIME-WAIT is there to answer it, and begins anew.
#[test]
fn a_fin_that_comes_again_reaches_time_wait() {
    let mut talk = talk().open();
    talk.forth(FIN, (1, 1), b"");
    let fin = talk.frame(Way::Back, FIN, (1, 2), b"");
    talk.sent(&fin);
    assert_eq!(talk.arrives(&fin), Arrival::InOrder);
    talk.lost(Way::Forth, ACK, (2, 2), b"");
    talk.pause(200);
    let fin = talk.frame(Way::Back, FIN, (1, 2), b"");
    assert_eq!(told(talk.sent(&fin)).2.map(|it| it.2), Some(RTO));
    assert_eq!(talk.arrives(&fin), Arrival::FinAgain);
    let told = talk.forth(ACK, (2, 2), b"");
    assert_eq!(told, is(Label::AckAgain(Prompt::Known)));
    assert_eq!(talk.states(), [TimeWait, Closed]);
}

#[test]
fn a_syn_that_comes_again_is_known() {
    let mut talk = talk();
    talk.forth(SYN, (0, 0), b"");
    talk.lost(Way::Back, SYN_ACK, (0, 1), b"");
    let syn = talk.frame(Way::Forth, SYN, (0, 0), b"");
    talk.sent(&syn);
    assert_eq!(talk.arrives(&syn), Arrival::SynAgain);
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
fn a_part_of_a_super_segment_is_repeated() {
    let mut talk = talk().open();
    talk.lost(Way::Forth, ACK, (1, 1), &[0; 9000]);
    let repeated = again(DATA, 4, 1, Cause::Silence);
    assert_eq!(talk.forth(ACK, (1449, 1), &[0; 1448]), repeated);
    assert_eq!(talk.forth(ACK, (8001, 1), &[0; 2000]), repeated);
}

#[test]
fn what_the_network_doubled_is_a_copy() {
    let mut talk = talk().open();
    let bytes = talk.frame(Way::Forth, ACK, (1, 1), b"x");
    talk.sent(&bytes);
    let sent = talk.sent(&bytes);
    assert_eq!(told(sent), again(DATA, 4, 1, Cause::Doubled));
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

const CLIENT: ([u8; 4], u16) = ([10, 0, 0, 1], 44935);
const SERVER: [u8; 4] = [10, 0, 0, 2];
const TID: u16 = 59557;
const PROGRAM: Cause = Cause::Timer(Timer::Program);

/// A transfer, whose packets are a millisecond apart.
#[derive(Default)]
struct Transfer {
    conversations: Conversations,
    flows: TftpFlows,
    id: u64,
    /// When packets have arrived.
    arrived: std::collections::HashMap<u64, Arrivals>,
}

impl Transfer {
    fn say(&mut self, forth: bool, port: u16, payload: &[u8]) -> TftpStep {
        let (client, server) = (CLIENT.into(), (SERVER, port).into());
        let bytes = match forth {
            true => Envelope::new(client, server).udp(payload),
            false => Envelope::new(server, client).udp(payload),
        };
        self.id += 1;
        let frame = self.conversations.follow(Frame::parse(&bytes));
        let arrived = |id| self.arrived.get(&id).copied();
        let step = self
            .flows
            .sent(self.id, self.id * MS, &frame, Some(&arrived));
        self.arrives(self.id);
        step.expect("of this transfer")
    }

    /// A packet arrives half a millisecond after the last was sent.
    fn arrives(&mut self, id: u64) {
        let times = self.arrived.get(&id).map_or(0, |it| it.times) + 1;
        let last_ns = self.id * MS + MS / 2;
        self.arrived.insert(id, Arrivals { times, last_ns });
    }

    /// The last packet does not arrive.
    fn is_lost(&mut self) {
        self.arrived.remove(&self.id);
    }

    fn forth(&mut self, port: u16, payload: &[u8]) -> TftpStep {
        self.say(true, port, payload)
    }

    fn back(&mut self, port: u16, payload: &[u8]) -> TftpStep {
        self.say(false, port, payload)
    }
}

#[test]
fn a_transfer_with_a_lost_block_and_a_stranger() {
    let mut talk = Transfer::default();
    let block = |number: u8, len: usize| [vec![0, 3, 0, number], vec![0; len]].concat();
    let request = b"\0\x01file1\0octet\0blksize\x0016\0";
    let cause = |step: TftpStep| step.again.map(|it| (it.earlier, it.times, it.cause));
    assert_eq!(cause(talk.forth(69, request)), None);
    let again = talk.forth(69, request);
    assert_eq!(cause(again), Some((1, 1, PROGRAM)));
    let oack = talk.back(TID, b"\0\x06blksize\x0016\0");
    assert_eq!((oack.new_tid, oack.blksize), (Some(TID), 16));
    talk.forth(TID, b"\0\x04\0\0");
    let data = talk.back(TID, &block(1, 16));
    assert_eq!((data.last, data.bytes, data.new_tid), (false, 16, None));
    talk.forth(TID, b"\0\x04\0\x01");
    assert_eq!(talk.back(TID, &block(2, 16)).bytes, 32);
    let again = talk.back(TID, &block(2, 16));
    assert_eq!(cause(again), Some((7, 1, PROGRAM)));
    assert_eq!(again.bytes, 32);
    talk.forth(TID, b"\0\x04\0\x02");
    // Block 2 has come twice, and this answers the second.
    let again = talk.forth(TID, b"\0\x04\0\x02");
    assert_eq!(cause(again), Some((9, 1, Cause::Asked)));
    let again = talk.forth(TID, b"\0\x04\0\x02");
    assert_eq!(cause(again), Some((10, 2, PROGRAM)));
    talk.back(TID, &block(2, 16));
    let answer = talk.forth(TID, b"\0\x04\0\x02");
    assert_eq!(cause(answer), Some((11, 3, Cause::Asked)));
    let stray = talk.back(5000, &block(3, 16));
    assert_eq!((stray.stray, stray.again), (Some(TID), None));
    let last = talk.back(TID, &block(3, 5));
    assert_eq!((last.last, last.bytes), (true, 37));
    assert!(talk.forth(TID, b"\0\x04\0\x03").last);
}

/// RFC 7440: a window of blocks is acknowledged as one.
#[test]
fn the_last_block_of_a_window_fills_it() {
    let mut talk = Transfer::default();
    let block = |number: u8| [vec![0, 3, 0, number], vec![0; 512]].concat();
    talk.forth(69, b"\0\x01f\0octet\0windowsize\x003\0");
    assert_eq!(talk.back(TID, b"\0\x06windowsize\x003\0").window, 3);
    talk.forth(TID, &[0, 4, 0, 0]);
    let fills: Vec<bool> = [1, 2, 3]
        .map(|number| talk.back(TID, &block(number)).fills_window)
        .into();
    assert_eq!(fills, [false, false, true]);
    // The third was lost: the next window begins with it, and no timer had it sent again.
    talk.forth(TID, &[0, 4, 0, 2]);
    let steps = [3, 4, 5].map(|number| talk.back(TID, &block(number)));
    let fills = steps.map(|step| step.fills_window);
    assert_eq!(fills, [false, false, true]);
    let cause = |step: TftpStep| step.again.map(|again| again.cause);
    assert_eq!(cause(steps[0]), Some(Cause::Resumed));
    assert_eq!(cause(steps[1]), None);
    let again = talk.back(TID, &block(3));
    assert_eq!(cause(again), Some(Cause::Timer(Timer::Program)));
    // An ACK that comes late moves nothing.
    talk.forth(TID, &[0, 4, 0, 5]);
    talk.forth(TID, &[0, 4, 0, 2]);
    assert!(talk.back(TID, &block(8)).fills_window);
}

/// Block 2 is lost. Block 3 was taken for what had the ACK repeated, also where that was lost, too.
#[test]
fn only_a_block_that_has_come_shows_a_gap() {
    for (lost, wanted) in [(false, Cause::Gap), (true, PROGRAM)] {
        let mut talk = Transfer::default();
        let block = |number: u8| [vec![0, 3, 0, number], vec![0; 512]].concat();
        talk.forth(69, b"\0\x01f\0octet\0windowsize\x004\0");
        talk.back(TID, b"\0\x06windowsize\x004\0");
        talk.forth(TID, &[0, 4, 0, 0]);
        talk.back(TID, &block(1));
        talk.forth(TID, &[0, 4, 0, 1]);
        for number in [2, 3] {
            talk.back(TID, &block(number));
            if number == 2 || lost {
                talk.is_lost();
            }
        }
        let again = talk.forth(TID, &[0, 4, 0, 1]).again;
        assert_eq!(again.map(|again| again.cause), Some(wanted), "{lost}");
    }
}

/// The network has doubled a block: its ACK comes again because of that, and no timer ran out.
#[test]
fn a_copy_of_a_block_is_answered() {
    let mut talk = Transfer::default();
    let block = [vec![0, 3, 0, 1], vec![0; 512]].concat();
    talk.forth(69, b"\0\x01f\0octet\0");
    talk.back(TID, &block);
    talk.forth(TID, &[0, 4, 0, 1]);
    talk.arrives(2); // its copy
    let again = talk.forth(TID, &[0, 4, 0, 1]).again;
    assert_eq!(again.map(|again| again.cause), Some(Cause::Asked));
}

/// Both lay in the client's socket before it sent its first ACK: the second was told as a time-out of a millisecond.
#[test]
fn a_copy_that_came_before_the_first_ack_is_answered_too() {
    let mut talk = Transfer::default();
    let cause = |step: TftpStep| step.again.map(|again| again.cause);
    talk.forth(69, b"\0\x01f\0octet\0tsize\x000\0");
    talk.back(TID, b"\0\x06tsize\x001000\0");
    talk.arrives(2); // its copy
    talk.forth(TID, &[0, 4, 0, 0]);
    let again = talk.forth(TID, &[0, 4, 0, 0]);
    assert_eq!(cause(again), Some(Cause::Asked));
    // It came twice and was answered twice.
    assert_eq!(cause(talk.forth(TID, &[0, 4, 0, 0])), Some(PROGRAM));
    talk.back(TID, &[vec![0, 3, 0, 1], vec![0; 512]].concat());
    talk.arrives(6);
    talk.forth(TID, &[0, 4, 0, 1]);
    let again = talk.forth(TID, &[0, 4, 0, 1]);
    assert_eq!(cause(again), Some(Cause::Asked));
}

/// A block that was sent three times comes three times in a moment, and each is answered: the third ACK was told as a time-out of 2 ms.
#[test]
fn each_time_that_a_block_comes_is_answered() {
    let mut talk = Transfer::default();
    let block = [vec![0, 3, 0, 1], vec![0; 512]].concat();
    let cause = |step: TftpStep| step.again.map(|again| again.cause);
    talk.forth(69, b"\0\x01f\0octet\0");
    for _ in 0..3 {
        talk.back(TID, &block);
    }
    talk.forth(TID, &[0, 4, 0, 1]);
    for wanted in [Cause::Asked, Cause::Asked, PROGRAM] {
        assert_eq!(cause(talk.forth(TID, &[0, 4, 0, 1])), Some(wanted));
    }
}

/// The Sorcerer's Apprentice: an ACK comes twice, and its block is sent twice (RFC 1123 §4.2.3.1). No timer ran out.
#[test]
fn a_block_that_an_ack_had_sent_again_is_no_timeout() {
    let mut talk = Transfer::default();
    let block = |number: u8| [vec![0, 3, 0, number], vec![0; 512]].concat();
    let cause = |step: TftpStep| step.again.map(|again| again.cause);
    talk.forth(69, b"\0\x01f\0octet\0");
    talk.back(TID, &block(1));
    talk.forth(TID, &[0, 4, 0, 1]);
    talk.back(TID, &block(2));
    talk.arrives(3); // its copy
    assert_eq!(cause(talk.back(TID, &block(2))), Some(Cause::Asked));
    assert_eq!(cause(talk.back(TID, &block(2))), Some(PROGRAM));
    // Much later it is a clock, whatever has come in between.
    talk.arrives(3);
    talk.id += 1000;
    assert_eq!(cause(talk.back(TID, &block(2))), Some(PROGRAM));
}

/// An ACK that is lost has nothing sent again.
#[test]
fn only_an_ack_that_has_come_resumes_a_window() {
    for (lost, wanted) in [(false, Cause::Resumed), (true, PROGRAM)] {
        let mut talk = Transfer::default();
        let block = |number: u8| [vec![0, 3, 0, number], vec![0; 512]].concat();
        talk.forth(69, b"\0\x01f\0octet\0windowsize\x002\0");
        talk.back(TID, b"\0\x06windowsize\x002\0");
        talk.forth(TID, &[0, 4, 0, 0]);
        talk.back(TID, &block(1));
        talk.back(TID, &block(2));
        talk.forth(TID, &[0, 4, 0, 1]);
        if lost {
            talk.is_lost();
        }
        let again = talk.back(TID, &block(2)).again;
        assert_eq!(again.map(|again| again.cause), Some(wanted), "{lost}");
    }
}

/// The first fragment of a block is shorter than the block, and still not the last.
#[test]
fn a_block_in_fragments_is_as_long_as_all_of_them() {
    let mut talk = Transfer::default();
    talk.forth(69, b"\0\x01f\0octet\0blksize\x004096\0");
    talk.back(TID, b"\0\x06blksize\x004096\0");
    let block = [vec![0, 3, 0, 1], vec![7; 4096]].concat();
    let mut bytes = Envelope::new((SERVER, TID).into(), CLIENT.into()).udp(&block);
    bytes.truncate(14 + 1500);
    bytes[16..18].copy_from_slice(&1500_u16.to_be_bytes());
    bytes[20] |= 0x20; // more fragments
    let frame = talk.conversations.follow(Frame::parse(&bytes));
    let step = talk.flows.sent(9, 9 * MS, &frame, None);
    let step = step.expect("DATA");
    assert_eq!((step.last, step.bytes), (false, 4096));
}

#[test]
fn in_lockstep_each_block_waits() {
    let mut talk = Transfer::default();
    talk.forth(69, b"\0\x02f\0octet\0");
    talk.back(TID, &[0, 4, 0, 0]);
    let block = [vec![0, 3, 0, 1], vec![0; 512]].concat();
    assert!(talk.forth(TID, &block).fills_window);
    assert!(talk.forth(TID, &block).fills_window);
}

/// One that has a single port for all answers from there (the textbook's server does, too).
#[test]
fn a_server_that_keeps_to_the_port_that_was_asked_has_no_new_one() {
    let mut talk = Transfer::default();
    talk.forth(69, b"\0\x01f\0octet\0");
    let data = talk.back(69, &[0, 3, 0, 1, 7]);
    assert_eq!((data.new_tid, data.stray), (None, None));
    assert_eq!(talk.back(TID, &[0, 3, 0, 1, 7]).stray, Some(69));
}

/// A client may ask for the next file from the same port.
#[test]
fn a_port_asks_for_a_second_file() {
    let mut talk = Transfer::default();
    talk.forth(69, b"\0\x01f\0octet\0");
    talk.back(TID, b"\0\x05\0\x01no\0");
    let request = talk.forth(69, b"\0\x02g\0octet\0");
    assert!(request.upload);
    assert_eq!(talk.back(TID + 1, b"\0\x04\0\0").new_tid, Some(TID + 1));
}
