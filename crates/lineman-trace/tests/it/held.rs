//! What a sender sends again while the wire holds its packet: the wire keeps no copy, but its sender's clock has begun anew.

use lineman_proto::wire::Flags;
use lineman_trace::log::*;
use lineman_trace::story::*;

use crate::causes::MS;
use crate::causes::rows;
use crate::causes::talk;
use crate::composer::*;

/// "The client retransmits after 21368 ms (retransmission 1)": it had sent the segment twice in between.
#[test]
fn what_was_sent_again_while_it_was_held_counts_as_sent() {
    let mut talk = talk(Script::new(""), false);
    let bytes = talk.tcp.next(Client, and_ack(Flags::PSH), b"hello");
    let id = talk.log.at(1_000 * MS).send(Client, bytes);
    talk.log.verdict(id, Client, Verdict::Held, None);
    for (at, times) in [(4_000, 1), (10_000, 2)] {
        let verdict = Verdict::Repeated { times };
        talk.log.at(at * MS).verdict(id, Client, verdict, None);
    }
    talk.log.at(11_000 * MS);
    talk.log.verdict(id, Client, Verdict::Delivered, None);
    let again = talk.tcp.back(Client, and_ack(Flags::PSH), b"hello", 5);
    let again = talk.log.at(22_000 * MS).cross(Client, again);
    let rows = rows(talk.log);
    let arrow = |row: &Row| row.arrow.clone().filter(|arrow| arrow.id == again);
    let resent = rows.iter().find_map(arrow).and_then(|it| it.again);
    let (times, waited) = resent.map(|it| (it.times, it.wait_ns)).expect("sent again");
    assert_eq!((times, waited / 1_000_000_000), (3, 12));
}

/// One SYN was sent again five times, and counted 1, 2, 1, 2, 3: anew for each packet that the wire holds. And with "timeout 1024 ms" each time.
#[test]
fn what_is_sent_again_is_counted_on_whichever_packet_is_held() {
    let (mut log, mut tcp) = (Script::new(""), Connection::new(9000));
    let syn = tcp.next(Client, SYN, b"");
    let again = |log: &mut Script, id: u64, (at, times): (u64, u32)| {
        let verdict = Verdict::Repeated { times };
        log.at(at * MS).verdict(id, Client, verdict, None);
    };
    let first = log.send(Client, syn.clone());
    log.verdict(first, Client, Verdict::Held, None);
    again(&mut log, first, (1_000, 1));
    log.at(1_500 * MS)
        .verdict(first, Client, Verdict::Dropped, None);
    let second = log.at(2_000 * MS).send(Client, syn);
    log.verdict(second, Client, Verdict::Held, None);
    again(&mut log, second, (3_000, 1));
    again(&mut log, second, (5_000, 2));
    let all = rows(log);
    let sayings = all.iter().flat_map(|row| &row.sayings);
    let told = sayings.filter_map(|saying| match saying {
        Saying::HeldAgain { times, .. } => Some(*times),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [1, 3, 4]);
}

/// "The server retransmits after 1785 ms although the segment had arrived": it answers a SYN that was held for so long, and its timer was not due.
#[test]
fn a_syn_that_was_held_is_answered_before_the_timer_is_due() {
    let (mut log, mut tcp) = (Script::new(""), Connection::new(9000));
    log.state(Server, tcp.listener(), TcpState::Listen);
    let syn = tcp.next(Client, SYN, b"");
    log.cross(Client, syn.clone());
    log.state(Server, tcp.socket(Server), TcpState::SynReceived);
    let answer = tcp.next(Server, and_ack(SYN), b"");
    let held = log.send(Server, answer.clone());
    log.verdict(held, Server, Verdict::Held, None);
    let second = log.at(1_000 * MS).send(Client, syn);
    log.verdict(second, Client, Verdict::Held, None);
    for (at, times) in [(1_020, 1), (3_030, 2)] {
        let verdict = Verdict::Repeated { times };
        log.at(at * MS).verdict(held, Server, verdict, None);
    }
    log.at(3_600 * MS)
        .verdict(held, Server, Verdict::Delivered, None);
    log.at(4_800 * MS)
        .verdict(second, Client, Verdict::Delivered, None);
    let again = log.cross(Server, answer);
    let all = rows(log);
    let of = |row: &&Row| row.arrow.as_ref().is_some_and(|arrow| arrow.id == again);
    let told = all.iter().find(of).map(|row| row.sayings[0].id());
    assert_eq!(told, Some("again.asked"));
}

/// A packet that a person had held for 36 ms was drawn as one that nobody had held, where nothing else happened meanwhile.
#[test]
fn what_was_held_without_a_row_between_was_told_by_no_word() {
    for (millis, told) in [(36, true), (3, false)] {
        let mut talk = talk(Script::new(""), false);
        let bytes = talk.tcp.next(Client, and_ack(Flags::PSH), b"a");
        let id = talk.log.at(1_000 * MS).send(Client, bytes);
        talk.log.verdict(id, Client, Verdict::Held, None);
        talk.log.later(millis * MS);
        talk.log.verdict(id, Client, Verdict::Delivered, None);
        let rows = rows(talk.log);
        let row = rows
            .iter()
            .find(|row| row.arrow.as_ref().is_some_and(|it| it.id == id));
        let row = row.expect("a row");
        assert!(row.arrow.as_ref().is_some_and(|it| it.held));
        let says = row.sayings.contains(&Saying::LetThrough {});
        assert_eq!(says, told, "{millis} ms");
    }
}
