//! A log as it is made of two captures: everything that can happen between them, once.

use lineman_proto::wire::Flags;
use lineman_proto::wire::checksum;
use lineman_trace::log::*;

use crate::composer::*;
use crate::pair::OUTSIDE_PORT;
use crate::pair::routed;

/// A connection through a NAT that clamps the MSS and changes what it should not.
pub fn two_captures() -> Vec<u8> {
    let mut tcp = Connection::new(9000);
    tcp.sack = true;
    let mut log = Script::pair("two-captures", tcp.client, tcp.server);
    let push = and_ack(Flags::PSH);
    note(&mut log);
    // Without SACK and timestamps from here on, and with a smaller MSS.
    tcp.clock = Some(7);
    let syn = tcp.next(Client, SYN, b"");
    let mut came = routed(&syn, true, true, Some(1400));
    came[58..70].fill(1);
    checksum::fill(&mut came);
    log.comes(Client, syn, came, 10_000);
    let answer = outside(tcp.next(Server, and_ack(SYN), b""));
    tcp.clock = None;
    let mut came = routed(&answer, false, true, None);
    came[48..50].copy_from_slice(&1024_u16.to_be_bytes());
    came[58..70].copy_from_slice(&[4, 2, 8, 10, 0, 0, 0, 7, 0, 0, 0, 0]);
    checksum::fill(&mut came);
    log.comes(Server, answer, came, 10_000);
    let ack = tcp.next(Client, ACK, b"");
    let came = routed(&ack, true, true, None);
    log.comes(Client, ack, came, 10_000);
    // A router marks it, and another way it has other bytes.
    let mut marked = tcp.next(Client, push, b"marked");
    marked[15] = 2;
    let mut came = routed(&marked, true, true, None);
    came[15] = 3;
    let at = came.len() - 1;
    came[at] = b'D';
    checksum::fill(&mut came);
    log.comes(Client, marked, came, 100_000);
    // The second is faster than the first, which comes twice.
    let first = tcp.next(Client, push, &[1; 10]);
    let second = tcp.next(Client, push, &[2; 10]);
    let slow = log.send(Client, first.clone());
    let fast = log.send(Client, second.clone());
    log.verdict(slow, Client, Verdict::Duplicated { copy: 100 }, None);
    log.later(10_000);
    log.verdict(
        fast,
        Client,
        Verdict::Delivered,
        Some(routed(&second, true, true, None)),
    );
    log.later(1000);
    let came = routed(&first, true, true, None);
    log.verdict(slow, Client, Verdict::Delivered, Some(came.clone()));
    log.later(1000);
    log.verdict(100, Client, Verdict::Delivered, Some(came));
    // Cut behind the one, joined before the other.
    let piece = tcp.next(Client, push, &[3; 60]);
    let came = routed(&piece, true, true, None);
    log.pieces(Client, piece, came, (120, 120));
    let lost = tcp.next(Client, push, &[4; 5]);
    let id = log.send(Client, lost);
    log.verdict(id, Client, Verdict::Dropped, None);
    for absent in [
        Absent::Acknowledged,
        Absent::CaptureDropped,
        Absent::Unsent,
        Absent::Unknown,
        Absent::Ambiguous,
        Absent::OtherTime,
    ] {
        let bytes = tcp.next(Client, push, b"?");
        log.later(10_000).absent(Client, bytes, absent);
    }
    // Only where it comes, and not in the time of the other.
    let bytes = tcp.next(Client, push, b"?");
    log.later(10_000).comes_unseen(Client, bytes);
    let end = tcp.next(Client, and_ack(Flags::FIN), b"");
    let mut came = routed(&end, true, true, None);
    came[20] = 0; // may be fragmented from here on
    checksum::fill(&mut came);
    log.comes(Client, end, came, 10_000);
    log.done()
}

/// What the server sends is for the address outside.
fn outside(bytes: Vec<u8>) -> Vec<u8> {
    let mut out = bytes;
    out[30..34].copy_from_slice(&[198, 51, 100, 9]);
    out[36..38].copy_from_slice(&OUTSIDE_PORT.to_be_bytes());
    out[58..70].fill(1); // no SACK and no timestamp are offered, but both will come
    checksum::fill(&mut out);
    out
}

fn note(log: &mut Script) {
    let args = [("client", "a.pcap"), ("server", "b.pcap"), ("packets", "4")];
    let args = args.map(|(name, value)| (name.to_owned(), value.to_owned()));
    log.put(Kind::Note(Note {
        id: "pair.sides".to_owned(),
        args: args.into(),
    }));
}
