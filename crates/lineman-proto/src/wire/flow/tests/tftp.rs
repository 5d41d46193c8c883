//! Transfers of TFTP.

use super::*;

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
    /// The identification of IP packets, if they have one.
    ip_id: Option<u16>,
    /// Whether nothing is known of arrivals.
    is_capture: bool,
    /// When packets have arrived.
    arrived: std::collections::HashMap<u64, Arrivals>,
}

impl Transfer {
    fn say(&mut self, forth: bool, port: u16, payload: &[u8]) -> TftpStep {
        let (client, server) = (CLIENT.into(), (SERVER, port).into());
        let ends = if forth {
            (client, server)
        } else {
            (server, client)
        };
        let id = self.ip_id.unwrap_or_default();
        let bytes = Envelope {
            id,
            ..Envelope::new(ends.0, ends.1)
        }
        .udp(payload);
        self.id += 1;
        let frame = self.conversations.follow(Frame::parse(&bytes));
        let arrived = |id| self.arrived.get(&id).copied();
        let known: Option<&dyn Fn(u64) -> Option<Arrivals>> = match self.is_capture {
            true => None,
            false => Some(&arrived),
        };
        let step = self.flows.sent(self.id, self.id * MS, &frame, known);
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

/// "It sends this block again, because the ACK has come once more: RFC 1123 forbids that", of one IP packet that the network had
/// doubled. Where all packets of an end have one identification, that tells nothing.
#[test]
fn what_the_network_doubles_is_not_sent_again_by_a_program() {
    for steady in [false, true] {
        let mut talk = Transfer {
            ip_id: Some(100),
            ..Transfer::default()
        };
        let next = |talk: &mut Transfer, forth, port, payload: &[u8], new: bool| {
            let id = talk.ip_id.map(|id| id + u16::from(new && !steady));
            talk.ip_id = id;
            let again = talk.say(forth, port, payload).again;
            again.map(|again| again.cause)
        };
        let block = [&[0, 3, 0, 1][..], &[7; 512]].concat();
        assert_eq!(next(&mut talk, true, 69, b"\0\x01f\0octet\0", true), None);
        assert_eq!(next(&mut talk, false, TID, &block, true), None);
        assert_eq!(next(&mut talk, true, TID, &[0, 4, 0, 1], true), None);
        let copied = next(&mut talk, true, TID, &[0, 4, 0, 1], false);
        assert_eq!(copied == Some(Cause::Doubled), !steady, "{copied:?}");
        let block = [&[0, 3, 0, 2][..], &[7; 512]].concat();
        assert_eq!(next(&mut talk, false, TID, &block, true), None);
        let copied = next(&mut talk, false, TID, &block, false);
        assert_eq!(copied == Some(Cause::Doubled), !steady, "{copied:?}");
        // A program answers the copy, too.
        assert_eq!(next(&mut talk, true, TID, &[0, 4, 0, 2], true), None);
        let answer = next(&mut talk, true, TID, &[0, 4, 0, 2], true);
        assert_eq!(answer, Some(Cause::Asked));
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

/// The network has doubled a block: its ACK comes again because of that, and no timer has expired.
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

/// The Sorcerer's Apprentice: an ACK comes twice, and its block is sent twice (RFC 1123 §4.2.3.1). No timer has expired.
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

/// "Because no answer came before its timeout" was said of the answer to a request that had come again, and of the answer to its copy. Long
/// after the request the server's clock may have had it sent.
#[test]
fn the_answer_to_a_request_that_came_again_was_told_as_a_time_out() {
    let last = [vec![0, 3, 0, 1], vec![0; 5]].concat();
    let answers: [(&[u8], &[u8]); 3] = [
        (b"\0\x01f\0octet\0", &last),
        (b"\0\x01f\0octet\0tsize\x000\0", b"\0\x06tsize\x005\0"),
        (b"\0\x02f\0octet\0", &[0, 4, 0, 0]),
    ];
    for (request, answer) in answers {
        let mut talk = Transfer::default();
        let cause = |step: TftpStep| step.again.map(|again| (step.answers_request, again.cause));
        talk.forth(69, request);
        talk.back(TID, answer);
        talk.id += 300;
        talk.forth(69, request);
        talk.arrives(talk.id); // its copy
        let asked = Some((true, Cause::Asked));
        assert_eq!(cause(talk.back(TID, answer)), asked, "{answer:?}");
        talk.id += 70;
        assert_eq!(cause(talk.back(TID, answer)), asked, "{answer:?}");
        // Each is answered.
        assert_eq!(cause(talk.back(TID, answer)), Some((true, PROGRAM)));
        talk.forth(69, request);
        talk.id += 300;
        assert_eq!(cause(talk.back(TID, answer)), Some((true, PROGRAM)));
    }
}

/// A transfer of blocks of 512 bytes in windows, up to the ACK of the OACK.
fn windows(size: u8) -> Transfer {
    let mut talk = Transfer::default();
    let request = format!("\0\x01f\0octet\0windowsize\0{size}\0");
    let oack = format!("\0\x06windowsize\0{size}\0");
    talk.forth(69, request.as_bytes());
    talk.back(TID, oack.as_bytes());
    talk.forth(TID, &[0, 4, 0, 0]);
    talk
}

fn full(number: u8) -> Vec<u8> {
    [vec![0, 3, 0, number], vec![0; 512]].concat()
}

fn cause_of(step: TftpStep) -> Option<Cause> {
    step.again.map(|again| again.cause)
}

/// "The wire made this copy", of a window that the server had sent again: what is cut into datagrams behind one call (UDP GSO) has
/// identifications that the next call begins within. A lab's wire says itself what it copies.
#[test]
fn a_window_that_gso_had_sent_again_was_told_as_copies_of_the_wire() {
    for is_told in [false, true] {
        let mut talk = windows(4);
        if is_told {
            talk = Transfer::default();
            talk.flows.tells_copies();
            talk.forth(69, b"\0\x01f\0octet\0windowsize\x004\0");
            talk.back(TID, b"\0\x06windowsize\x004\0");
            talk.forth(TID, &[0, 4, 0, 0]);
        }
        let call = |talk: &mut Transfer, first_id: u16, blocks: [u8; 4]| {
            let ids = first_id..;
            let sent = blocks.into_iter().zip(ids).map(|(block, id)| {
                talk.ip_id = Some(id);
                cause_of(talk.back(TID, &full(block)))
            });
            let sent: Vec<_> = sent.collect();
            talk.ip_id = None;
            sent
        };
        assert_eq!(call(&mut talk, 100, [1, 2, 3, 4]), [None; 4]);
        talk.forth(TID, &[0, 4, 0, 1]);
        let again = Some(Cause::Resumed);
        assert_eq!(
            call(&mut talk, 101, [2, 3, 4, 5]),
            [again, again, again, None]
        );
        // A call for the last of them alone, by a timer, may come to have the same again.
        talk.forth(TID, &[0, 4, 0, 5]);
        assert_eq!(call(&mut talk, 103, [6, 7, 8, 9]), [None; 4]);
        talk.ip_id = Some(106);
        assert_eq!(cause_of(talk.back(TID, &full(9))), Some(PROGRAM));
    }
}

/// A lab's program sends the same packet twice with one identification, which it may choose (raw sockets), and the wire says of none that
/// it has copied it.
#[test]
fn where_the_wire_tells_its_copies_none_is_deduced() {
    let mut talk = Transfer {
        ip_id: Some(7),
        ..Transfer::default()
    };
    talk.flows.tells_copies();
    talk.forth(69, b"\0\x01f\0octet\0");
    assert_eq!(cause_of(talk.forth(69, b"\0\x01f\0octet\0")), Some(PROGRAM));
}

/// "Because the last ACK of the client names a block before it … this is not a timeout", of the last block of a window, which was sent
/// alone; and of the first, long after the ACK had come.
#[test]
fn what_a_timer_sent_of_a_window_was_told_as_asked_for_by_an_ack() {
    let sent = |late_ms: u64, blocks: &[u8]| {
        let mut talk = windows(3);
        for block in 1..=3 {
            talk.back(TID, &full(block));
        }
        talk.forth(TID, &[0, 4, 0, 0]);
        talk.id += late_ms;
        let steps = blocks.iter().map(|block| talk.back(TID, &full(*block)));
        steps.map(cause_of).collect::<Vec<_>>()
    };
    let resumed = Some(Cause::Resumed);
    assert_eq!(sent(0, &[1, 2, 3]), [resumed; 3]);
    assert_eq!(sent(0, &[3]), [Some(PROGRAM)]);
    assert_eq!(sent(90, &[3]), [Some(PROGRAM)]);
    assert_eq!(sent(90, &[1, 2, 3]), [Some(PROGRAM); 3]);
}

/// "Because later blocks of the window came and the next one did not; this is not a timeout", of an ACK that a timer sent long after.
#[test]
fn an_ack_long_after_a_gap_was_told_as_its_answer() {
    for (late_ms, wanted) in [(0, Cause::Gap), (100, PROGRAM)] {
        let mut talk = windows(4);
        talk.back(TID, &full(1));
        talk.forth(TID, &[0, 4, 0, 1]);
        talk.back(TID, &full(3));
        talk.id += late_ms;
        let again = cause_of(talk.forth(TID, &[0, 4, 0, 1]));
        assert_eq!(again, Some(wanted), "{late_ms}");
    }
}

/// "That fills the window: now it waits for an ACK", and of the same block, sent again because the ACK was lost: "need not wait yet".
#[test]
fn an_ack_that_was_lost_made_room_in_the_window() {
    let mut talk = windows(3);
    let fills = [1, 2, 3].map(|block| talk.back(TID, &full(block)).fills_window);
    assert_eq!(fills, [false, false, true]);
    talk.forth(TID, &[0, 4, 0, 3]);
    talk.is_lost();
    assert!(talk.back(TID, &full(3)).fills_window);
    talk.forth(TID, &[0, 4, 0, 3]);
    let fills = [4, 5, 6].map(|block| talk.back(TID, &full(block)).fills_window);
    assert_eq!(fills, [false, false, true]);
}

/// A transfer in lockstep: block 1, its ACK, block 2.
fn lockstep(is_capture: bool) -> Transfer {
    let mut talk = Transfer {
        is_capture,
        ..Transfer::default()
    };
    talk.forth(69, b"\0\x01f\0octet\0");
    talk.back(TID, &full(1));
    talk.forth(TID, &[0, 4, 0, 1]);
    talk.back(TID, &full(2));
    talk
}

/// "Because no answer came before its timeout", of blocks that a server had sent again because an ACK came again: the second ACK came
/// later than some milliseconds, but the block was sent right behind it.
#[test]
fn a_block_sent_again_because_of_a_late_ack_was_told_as_a_time_out() {
    let asked = Some(Cause::Asked);
    for is_capture in [false, true] {
        let mut talk = lockstep(is_capture);
        talk.forth(TID, &[0, 4, 0, 2]);
        talk.back(TID, &full(3));
        talk.id += 200;
        match is_capture {
            true => _ = talk.forth(TID, &[0, 4, 0, 1]),
            false => talk.arrives(3), // its copy
        }
        assert_eq!(cause_of(talk.back(TID, &full(2))), asked, "{is_capture}");
        assert_eq!(cause_of(talk.forth(TID, &[0, 4, 0, 2])), asked);
        assert_eq!(cause_of(talk.back(TID, &full(3))), asked, "{is_capture}");
    }
    // Block 2 is not answered yet: 60 ms are less than any program's clock.
    let mut talk = lockstep(false);
    talk.id += 60;
    talk.arrives(3);
    assert_eq!(cause_of(talk.back(TID, &full(2))), asked);
}

/// Both ends have clocks, and both begin them with the same block: the ACK that a timer sent, and the block behind it.
#[test]
fn what_comes_behind_a_timer_of_the_peer_may_be_of_a_timer_too() {
    for (late_ms, wanted) in [(2, Cause::Silence), (200, PROGRAM)] {
        let mut talk = lockstep(true);
        talk.id += 1000;
        assert_eq!(cause_of(talk.forth(TID, &[0, 4, 0, 1])), Some(PROGRAM));
        talk.id += late_ms;
        assert_eq!(cause_of(talk.back(TID, &full(2))), Some(wanted));
    }
}

/// "Because no answer came before its timeout", of what its sender had had an answer to: an ACK that the network had doubled and kept
/// for long, in a capture, and an ERROR, which nobody answers.
#[test]
fn what_has_had_its_answer_was_told_as_a_time_out() {
    for (is_same, wanted) in [(true, Cause::Doubled), (false, Cause::Silence)] {
        let mut talk = Transfer {
            is_capture: true,
            ..Transfer::default()
        };
        let request: &[u8] = b"\0\x01f\0octet\0";
        let sent = [(69, request), (TID, &[0, 4, 0, 1]), (TID, &[0, 4, 0, 2])];
        for (number, (port, bytes)) in (1..).zip(sent) {
            talk.ip_id = Some(100 + u16::from(number));
            talk.forth(port, bytes);
            talk.back(TID, &full(number));
        }
        talk.id += 60;
        talk.ip_id = Some(if is_same { 102 } else { 104 });
        let again = cause_of(talk.forth(TID, &[0, 4, 0, 1]));
        assert_eq!(again, Some(wanted));
    }
    let mut talk = lockstep(false);
    talk.back(TID, b"\0\x05\0\0no\0");
    talk.id += 500;
    let again = cause_of(talk.back(TID, b"\0\x05\0\0no\0"));
    assert_eq!(again, Some(Cause::Silence));
}

/// "Has received the same packet once more and answers it once more; this is not a timeout", of an ACK that a timer had sent 200 ms after
/// that. No program waits for as long with an answer.
#[test]
fn an_ack_long_after_its_block_was_told_as_the_answer() {
    for (late_ms, wanted) in [(20, Cause::Asked), (200, Cause::Silence)] {
        let mut talk = lockstep(false);
        talk.forth(TID, &[0, 4, 0, 2]);
        talk.is_lost();
        talk.id += 500;
        assert_eq!(cause_of(talk.back(TID, &full(2))), Some(PROGRAM));
        talk.id += late_ms;
        let again = talk.forth(TID, &[0, 4, 0, 2]);
        assert!(again.asked_again, "{late_ms}");
        assert_eq!(cause_of(again), Some(wanted), "{late_ms}");
    }
}

/// "It does not belong to the transfer", of what the server had sent for a copy of the request, from a port of its own, as of a stranger's
/// packet (RFC 1350 §4 has it as its example).
#[test]
fn a_second_answer_to_a_request_was_told_as_a_strangers() {
    for copied_by_wire in [false, true] {
        let mut talk = Transfer::default();
        let request = b"\0\x01f\0octet\0";
        talk.forth(69, request);
        match copied_by_wire {
            true => talk.arrives(1),
            false => _ = talk.forth(69, request),
        }
        assert_eq!(talk.back(TID, &full(1)).new_tid, Some(TID));
        let second = talk.back(5000, &full(1));
        let is = |step: TftpStep| (step.is_second, step.stray, step.new_tid);
        assert_eq!(is(second), (true, Some(TID), Some(5000)));
        assert_eq!(second.again, None);
        // Both copies are answered: this is a stranger's.
        assert_eq!(is(talk.back(5001, &full(1))), (false, Some(TID), None));
        talk.forth(TID, &[0, 4, 0, 1]);
        let rejected = talk.forth(5000, b"\0\x05\0\x05no\0");
        assert_eq!(is(rejected), (true, Some(TID), None));
        assert!(rejected.to_stray);
        let goes_on = talk.back(TID, &full(2));
        assert_eq!((goes_on.ended, goes_on.bytes), (None, 1024));
        talk.id += 1000;
        let again = talk.back(5000, &full(1));
        assert!(again.is_second);
        assert_eq!(cause_of(again), Some(PROGRAM));
    }
}

/// The first answer was lost: the client goes on with the second, and what the first port sends later is of the other transfer.
#[test]
fn the_transfer_that_a_client_keeps_is_the_one_that_it_answers() {
    let mut talk = Transfer::default();
    let request = b"\0\x02f\0octet\0";
    talk.forth(69, request);
    talk.back(TID, &[0, 4, 0, 0]);
    talk.is_lost();
    talk.id += 1000;
    talk.forth(69, request);
    assert!(talk.back(5000, &[0, 4, 0, 0]).is_second);
    let first = talk.forth(5000, &full(1));
    assert_eq!((first.stray, first.bytes, first.again), (None, 512, None));
    let again = talk.back(TID, &[0, 4, 0, 0]);
    assert_eq!((again.stray, again.is_second), (Some(5000), true));
    // The copy was answered from the other port: a timer has sent this.
    assert_eq!(cause_of(again), Some(PROGRAM));
    let rejected = talk.forth(TID, b"\0\x05\0\x05no\0");
    assert_eq!((rejected.stray, rejected.is_second), (Some(5000), true));
    assert_eq!(talk.back(5000, &[0, 4, 0, 1]).ended, None);
}

/// A copy of the request that has not come begins nothing, and so does none of another host, or in the middle.
#[test]
fn only_an_answer_to_a_copy_that_has_come_begins_a_second_transfer() {
    let mut talk = Transfer::default();
    let request = b"\0\x01f\0octet\0";
    talk.forth(69, request);
    talk.back(TID, &full(1));
    talk.forth(69, request);
    talk.is_lost();
    let answer = talk.back(5000, &full(1));
    assert_eq!((answer.stray, answer.is_second), (Some(TID), false));
    talk.forth(69, request);
    let middle = talk.back(5000, &full(2));
    assert_eq!((middle.stray, middle.is_second), (Some(TID), false));
}

/// What a capture at the sender of a file sees, whose client is far away: packets with their times. What had each repeat sent.
fn far(packets: &[(u64, bool, &[u8])]) -> Vec<(Option<Cause>, Option<u64>)> {
    let mut talk = Transfer {
        is_capture: true,
        ..Transfer::default()
    };
    talk.forth(69, b"\0\x01f\0octet\0");
    let steps = packets.iter().map(|(at, forth, payload)| {
        talk.id = *at;
        let step = talk.say(*forth, TID, payload);
        (cause_of(step), step.answers_ns.map(|ns| ns / MS))
    });
    steps.collect()
}

fn ack_of(block: u8) -> [u8; 4] {
    [0, 4, 0, block]
}

/// "Because no answer came before its timeout", and "nothing that was seen tells why", of ACKs of a client that answers each time that a
/// block comes, a round trip of 400 ms later: the server's timer has 300 ms.
#[test]
fn the_answer_to_a_repeated_block_was_told_as_a_time_out_a_round_trip_away() {
    let [one, two] = [full(1), full(2)];
    let acks = [ack_of(1), ack_of(2)];
    // How long answers take is known from a block that was sent once.
    let told = far(&[
        (10, false, &one),
        (410, true, &acks[0]),
        (420, false, &two),
        (720, false, &two),
        (820, true, &acks[1]),
        (1120, true, &acks[1]),
    ]);
    assert_eq!(told[3], (Some(PROGRAM), None));
    assert_eq!(told[5], (Some(Cause::Asked), Some(400)));
    // All are sent twice: of the first nobody knows, of the second the same times tell.
    let told = far(&[
        (10, false, &one),
        (310, false, &one),
        (410, true, &acks[0]),
        (420, false, &two),
        (710, true, &acks[0]),
        (720, false, &two),
        (820, true, &acks[1]),
        (1120, true, &acks[1]),
    ]);
    assert_eq!(told[4], (Some(Cause::Silence), None));
    assert_eq!(told[7], (Some(Cause::Asked), Some(400)));
}

/// The client's timer sends an ACK again: the block that it waits for is lost. So is the repeat of the block before.
#[test]
fn what_comes_sooner_or_later_than_answers_do_is_none() {
    let [one, two] = [full(1), full(2)];
    let acks = [ack_of(1), ack_of(2)];
    for (at, wanted) in [(1000, PROGRAM), (1600, PROGRAM)] {
        let told = far(&[
            (10, false, &one),
            (410, true, &acks[0]),
            (420, false, &two),
            (720, false, &two),
            (820, true, &acks[1]),
            (at, true, &acks[1]),
        ]);
        assert_eq!(told[5], (Some(wanted), None), "{at}");
    }
    // The first time it was lost, and the second is answered.
    let told = far(&[
        (10, false, &one),
        (410, true, &acks[0]),
        (420, false, &two),
        (1420, false, &two),
        (1820, true, &acks[1]),
        (2820, true, &acks[1]),
    ]);
    assert_eq!(told[5], (Some(PROGRAM), None));
}
