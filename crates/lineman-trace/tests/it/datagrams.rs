//! Which datagram a call has got, and what is said of one that was asked for too little.

use lineman_proto::wire::compose::Envelope;
use lineman_trace::log::*;
use lineman_trace::story::Row;
use lineman_trace::story::Saying;

use crate::causes::rows;
use crate::composer::*;

/// Three datagrams, of which the last finds the buffer full; and the packet that has brought it.
fn full_buffer(mut log: Script) -> (Script, u64) {
    log.quick(Server, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "3");
    log.quick(Server, 3, "bind", &["0.0.0.0:5005"], "0");
    for len in [613, 613] {
        comes(&mut log, len);
    }
    let dropped = finds_no_room(&mut log, 113);
    gets(&mut log, 2000, 613);
    gets(&mut log, 2000, 613);
    (log, dropped)
}

/// What `tests/logs/full-buffer.jsonl` has.
pub fn dropped() -> Vec<u8> {
    full_buffer(Script::new("full-buffer")).0.done()
}

/// Five of eight datagrams never came to their program, and nothing told why.
#[test]
fn a_datagram_that_finds_no_room_is_said_to_be_dropped() {
    let (log, dropped) = full_buffer(Script::new(""));
    let rows = rows(log);
    let told = |row: &&Row| row.sayings.contains(&Saying::UdpNoRoom { who: Server });
    let told: Vec<_> = rows.iter().filter(told).collect();
    let packets: Vec<_> = told
        .iter()
        .filter_map(|row| Some(row.arrow.as_ref()?.id))
        .collect();
    assert_eq!(packets, [dropped]);
}

/// A call that has room for exactly as much as the dropped one has got the beginning of the other.
#[test]
fn a_datagram_that_was_dropped_is_none_that_a_call_may_have_got() {
    let mut log = bound();
    comes(&mut log, 863);
    finds_no_room(&mut log, 113);
    gets(&mut log, 113, 113);
    assert_eq!(cut(log), [863]);
}

/// The lengths of datagrams of which a call is said to have got less.
fn cut(log: Script) -> Vec<u64> {
    let rows = rows(log);
    let sayings = rows.iter().flat_map(|row| &row.sayings);
    let lens = sayings.filter_map(|saying| match saying {
        Saying::CallDatagramCut { len, .. } => Some(*len),
        _ => None,
    });
    lens.collect()
}

/// A socket of the server at port 5005.
fn bound() -> Script {
    let mut log = Script::new("");
    log.quick(Server, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "3");
    log.quick(Server, 3, "bind", &["0.0.0.0:5005"], "0");
    log
}

/// So many bytes that begin as all do.
fn sample(len: usize) -> Vec<u8> {
    let mut bytes = b"sample number ".to_vec();
    bytes.resize(len, b'.');
    bytes
}

fn comes(log: &mut Script, len: usize) {
    log.cross(Client, datagram(Client, 5000, 5005, &sample(len)));
}

/// The packet that brings a datagram for which the receive buffer has no room.
fn finds_no_room(log: &mut Script, len: usize) -> u64 {
    let id = log.cross(Client, datagram(Client, 5000, 5005, &sample(len)));
    let delivered = log.last();
    log.put(Kind::Counted(Counted {
        host: Server,
        counter: Counter::ReceiveBufferErrors,
        origin: Origin::Kernel,
        cause: Some(delivered),
        queues: None,
    }));
    id
}

/// A call that asks for so much, and gets so much.
fn gets(log: &mut Script, room: usize, got: usize) {
    let answer = format!("{got} \"sample number ..\"..., 10.0.0.1:5000");
    log.quick(Server, 3, "recvfrom", &[&room.to_string()], &answer);
}

/// "Returns 113 bytes, because it was asked for no more; the datagram has 863 bytes", of a call that had room for 2000: a full receive
/// buffer had dropped the longer one, and this one had come since.
#[test]
fn a_datagram_that_a_full_buffer_dropped_was_told_as_cut() {
    let mut log = bound();
    for len in [1013, 863, 813] {
        comes(&mut log, len);
    }
    gets(&mut log, 2000, 1013);
    comes(&mut log, 113);
    gets(&mut log, 2000, 113);
    // What came before it on the same way is dropped, too.
    comes(&mut log, 613);
    gets(&mut log, 100, 100);
    assert_eq!(cut(log), [613]);
}

/// One that a full buffer may have dropped, and one of exactly that length: which it is nothing tells.
#[test]
fn a_call_with_room_for_exactly_one_of_two_datagrams_tells_nothing_of_the_other() {
    let mut log = bound();
    comes(&mut log, 863);
    comes(&mut log, 113);
    gets(&mut log, 113, 113);
    assert_eq!(cut(log), [0; 0]);
}

/// "The datagram has 19 bytes", of one that a connected socket does not take, which ICMP had told.
#[test]
fn a_datagram_that_was_refused_was_told_as_cut() {
    let mut log = Script::new("");
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "3");
    log.quick(Client, 3, "connect", &["10.0.0.2:5005"], "0");
    log.quick(Client, 3, "send", &["\"hello\""], "5");
    log.cross(Client, datagram(Client, 5000, 5005, b"hello"));
    let stranger = datagram(Server, 6000, 5000, b"from the wrong port");
    log.cross(Server, stranger.clone());
    let ends = ["10.0.0.1:5000", "10.0.0.2:6000"].map(|end| end.parse().expect("an address"));
    let refused = Envelope::new(ends[0], ends[1]).icmp(3, 3, [0; 4], &stranger[14..]);
    log.cross(Client, refused);
    log.quick(Client, 3, "recv", &["18"], "18 \"from the wrong po\"");
    log.cross(Server, datagram(Server, 5005, 5000, b"from the right one"));
    log.quick(Client, 3, "recv", &["18"], "18 \"from the right one\"");
    assert_eq!(cut(log), [0; 0]);
}

/// The pieces of a datagram, each of at most 1480 bytes.
pub fn pieces(whole: &[u8]) -> Vec<Vec<u8>> {
    const PIECE: usize = 1480;
    let (head, body) = whole.split_at(34);
    let chunks: Vec<&[u8]> = body.chunks(PIECE).collect();
    let last = chunks.len() - 1;
    let piece = |(nth, chunk): (usize, &&[u8])| {
        let mut bytes = [head, chunk].concat();
        let len = u16::try_from(20 + chunk.len()).expect("a packet");
        bytes[16..18].copy_from_slice(&len.to_be_bytes());
        let place = u16::try_from(nth * PIECE / 8).expect("a place");
        let more = if nth < last { 1 << 13 } else { 0 };
        bytes[20..22].copy_from_slice(&(place | more).to_be_bytes());
        bytes
    };
    chunks.iter().enumerate().map(piece).collect()
}

/// `recvfrom() = 3000`, of a datagram of 4000 bytes in three pieces: nothing said that the rest is lost. It is whole once all pieces have
/// come, in whatever order.
#[test]
fn a_datagram_in_pieces_that_was_cut_had_no_word() {
    let told = |order: &[usize]| {
        let mut log = bound();
        let ends = ["10.0.0.1:5000", "10.0.0.2:5005"].map(|end| end.parse().expect("an address"));
        let whole = Envelope {
            id: 77,
            ..Envelope::new(ends[0], ends[1])
        };
        let pieces = pieces(&whole.udp(&[0; 4000]));
        for place in order {
            log.cross(Client, pieces[*place].clone());
        }
        if order.len() < 3 || order[1] == order[2] {
            log.cross(Client, Envelope::new(ends[0], ends[1]).udp(&[0; 3000]));
        }
        let answer = "3000 \"^@^@^@^@^@^@^@^@^@^@^@^@\"..., 10.0.0.1:5000";
        log.quick(Server, 3, "recvfrom", &["3000"], answer);
        cut(log)
    };
    assert_eq!(told(&[0, 1, 2]), [4000]);
    assert_eq!(told(&[2, 0, 1]), [4000]);
    // One is lost, and another datagram comes, which is whole.
    assert_eq!(told(&[0, 2]), [0; 0]);
    // The wire has copied one piece and dropped another.
    assert_eq!(told(&[0, 1, 1]), [0; 0]);
}

/// A tracer tells that a call has returned, and the wire some microseconds later that the last piece has come.
#[test]
fn the_last_piece_of_a_datagram_came_after_the_call_that_had_got_it() {
    let mut log = bound();
    let ends = ["10.0.0.1:5000", "10.0.0.2:5005"].map(|end| end.parse().expect("an address"));
    let [first, second, last] = &pieces(&Envelope::new(ends[0], ends[1]).udp(&sample(4000)))[..]
    else {
        panic!("three pieces");
    };
    log.cross(Client, first.clone());
    log.cross(Client, second.clone());
    gets(&mut log, 3000, 3000);
    log.cross(Client, last.clone());
    assert_eq!(cut(log), [4000]);
}
