//! What is said to be the work of a rule of the wire is that rule's, and neither another's nor a person's.

use lineman_trace::log::*;
use lineman_trace::story::Saying;

use crate::causes::ids;
use crate::causes::of;
use crate::causes::rows;
use crate::composer::*;

/// Packets that the wire holds for a person, and a rule has doubled; the person drops the one, and lets the other pass.
fn doubled() -> (Script, [u64; 2]) {
    let (mut log, mut tcp) = (Script::new("held"), Connection::new(9000));
    let syn = log.send(Client, tcp.next(Client, SYN, b""));
    let rule = "c>s:#1 dup".to_owned();
    log.put(Kind::Fault(Fault { packet: syn, rule }));
    let copy = syn + 1;
    log.verdict(syn, Client, Verdict::Duplicated { copy }, None);
    log.verdict(syn, Client, Verdict::Held, None);
    log.verdict(copy, Client, Verdict::Held, None);
    let rule = String::new();
    log.at(200_000)
        .put(Kind::Fault(Fault { packet: syn, rule }));
    log.verdict(syn, Client, Verdict::Dropped, None);
    log.at(300_000)
        .verdict(copy, Client, Verdict::Delivered, None);
    (log, [syn, copy])
}

/// "The wire dropped it, because of the rule c>s:#1 dup."
#[test]
fn what_a_person_drops_was_not_dropped_by_a_rule_that_doubled_it() {
    let (log, [syn, copy]) = doubled();
    let rows = rows(log);
    assert!(of(&rows, syn).contains(&Saying::LostByHand {}), "{rows:?}");
    assert!(!ids(&of(&rows, syn)).contains(&"wire.lost"), "{rows:?}");
    assert_eq!(ids(&of(&rows, copy)), ["wire.copied"]);
}

/// "The wire delays it, because of the rule c>s:data dup; c>s:data delay 50ms."
#[test]
fn each_rule_is_named_for_what_it_does_itself() {
    let (mut log, mut tcp) = (Script::new("rules"), Connection::new(9000));
    let syn = log.send(Client, tcp.next(Client, SYN, b""));
    let rule = "c>s:#1 dup; c>s:#1 delay 50ms; c>s:#1 reorder 1".to_owned();
    log.put(Kind::Fault(Fault { packet: syn, rule }));
    log.verdict(syn, Client, Verdict::Held, None);
    log.at(151_000)
        .verdict(syn, Client, Verdict::Delivered, None);
    let said = of(&rows(log), syn);
    let delays = Saying::Delayed {
        rule: "c>s:#1 delay 50ms".to_owned(),
    };
    let holds = Saying::HeldBy {
        rule: "c>s:#1 reorder 1".to_owned(),
    };
    for both in [delays, holds] {
        assert_eq!(said.iter().filter(|it| **it == both).count(), 1, "{said:?}");
    }
    assert!(ids(&said).contains(&"wire.released.limit"), "{said:?}");
}

/// Of two rules that drop it, each would have.
#[test]
fn all_rules_that_drop_a_packet_are_named() {
    let (mut log, mut tcp) = (Script::new("rules"), Connection::new(9000));
    let rule = "c>s:#1 drop; syn drop";
    let syn = log.lose(Client, tcp.next(Client, SYN, b""), rule);
    let rule = rule.to_owned();
    assert!(of(&rows(log), syn).contains(&Saying::Lost { rule }));
}

/// "It was held on the wire until it was let through", of a packet that the rule `c>s:reorder 1` holds back.
#[test]
fn a_rule_for_all_packets_of_a_direction_is_known_by_its_word() {
    let (mut log, mut tcp) = (Script::new("rules"), Connection::new(9000));
    let syn = log.send(Client, tcp.next(Client, SYN, b""));
    let rule = "c>s:reorder 1".to_owned();
    log.put(Kind::Fault(Fault { packet: syn, rule }));
    log.verdict(syn, Client, Verdict::Held, None);
    log.at(100_000)
        .verdict(syn, Client, Verdict::Delivered, None);
    let said = of(&rows(log), syn);
    let said = ids(&said);
    assert!(said.contains(&"wire.held.rule"), "{said:?}");
    assert!(said.contains(&"wire.released.limit"), "{said:?}");
}

/// "The wire changed it on the way", and no word of what came of it: the bit that was flipped was one of the header's length.
#[test]
fn a_segment_whose_header_cannot_be_read_is_told_to_be_discarded() {
    let (mut log, mut tcp) = (Script::new("rules"), Connection::new(9000));
    let bytes = tcp.next(Client, SYN, b"");
    let id = log.send(Client, bytes.clone());
    let mut came = bytes;
    came[14 + 20 + 12] = 0x20;
    log.verdict(id, Client, Verdict::Delivered, Some(came));
    let said = of(&rows(log), id);
    assert!(ids(&said).contains(&"arrival.damaged"), "{said:?}");
}
