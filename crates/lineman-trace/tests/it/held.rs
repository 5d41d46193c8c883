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
