//! What is told of a program of TFTP that errs.

use lineman_proto::wire::compose::Envelope;
use lineman_trace::log::*;
use lineman_trace::story::Saying;

use crate::causes::MS;
use crate::causes::of;
use crate::causes::rows;
use crate::composer::*;

/// The client's TID, the port that is asked, the server's TID.
const PORTS: [&str; 3] = ["10.0.0.1:50140", "10.0.0.2:69", "10.0.0.2:39919"];

/// A client that keeps to port 69, acknowledges what it was not sent, a server that gives up, and a client that does, too; the packets.
fn mistakes(log: &mut Script) -> [u64; 6] {
    let [client, asked, tid] = PORTS.map(|end| end.parse().expect("an address"));
    let block = [&[0, 3, 0, 1][..], &[b'x'; 512]].concat();
    let mut say = |from, to, host, bytes: &[u8]| {
        log.later(5 * MS);
        log.cross(host, Envelope::new(from, to).udp(bytes))
    };
    [
        say(client, asked, Client, b"\0\x01boot\0octet\0"),
        say(tid, client, Server, &block),
        say(client, asked, Client, &[0, 4, 0, 1]),
        say(client, tid, Client, &[0, 4, 0, 2]),
        say(tid, client, Server, b"\0\x05\0\x04illegal\0"),
        say(client, tid, Client, b"\0\x05\0\0stopped\0"),
    ]
}

/// A file of one block, and an ERROR behind its ACK.
fn late(log: &mut Script) -> u64 {
    let [client, asked, tid] = PORTS.map(|end| end.parse().expect("an address"));
    let mut say = |from, to, host, bytes: &[u8]| {
        log.later(5 * MS);
        log.cross(host, Envelope::new(from, to).udp(bytes))
    };
    say(client, asked, Client, b"\0\x01boot\0octet\0");
    say(tid, client, Server, b"\0\x03\0\x01all");
    say(client, tid, Client, &[0, 4, 0, 1]);
    say(tid, client, Server, b"\0\x05\0\0timed out\0")
}

/// A server whose blocks begin with number 0, without options; block 0 and its ACK.
fn from_zero(log: &mut Script) -> [u64; 2] {
    let [client, asked, tid] = ["10.0.0.1:50141", PORTS[1], PORTS[2]];
    let [client, asked, tid] = [client, asked, tid].map(|end| end.parse().expect("an address"));
    let block = [&[0, 3, 0, 0][..], &[b'x'; 512]].concat();
    let mut say = |from, to, host, bytes: &[u8]| {
        log.later(5 * MS);
        log.cross(host, Envelope::new(from, to).udp(bytes))
    };
    say(client, asked, Client, b"\0\x01boot\0octet\0");
    [
        say(tid, client, Server, &block),
        say(client, tid, Client, &[0, 4, 0, 0]),
    ]
}

/// A request that comes twice, and a server that answers each from a port of its own; the packets of the second transfer, and what
/// the first sends behind them.
fn asked_twice(log: &mut Script) -> [u64; 6] {
    let ends = ["10.0.0.1:50142", PORTS[1], PORTS[2], "10.0.0.2:39920"];
    let [client, asked, tid, second] = ends.map(|end| end.parse().expect("an address"));
    let block = [&[0, 3, 0, 1][..], &[b'x'; 512]].concat();
    let to = |from, to, bytes: &[u8]| Envelope::new(from, to).udp(bytes);
    let request = to(client, asked, b"\0\x01boot\0octet\0");
    log.later(5 * MS).lose(Client, request.clone(), "loss");
    log.later(1000 * MS).cross(Client, request.clone());
    log.later(1000 * MS).cross(Client, request);
    log.later(5 * MS).cross(Server, to(tid, client, &block));
    let begins = log.later(5 * MS).cross(Server, to(second, client, &block));
    log.later(5 * MS)
        .cross(Client, to(client, tid, &[0, 4, 0, 1]));
    log.later(5 * MS);
    let rejects = to(client, second, b"\0\x05\0\x05unknown TID\0");
    let rejects = log.cross(Client, rejects);
    let goes_on = log
        .later(5 * MS)
        .cross(Server, to(tid, client, b"\0\x03\0\x02all"));
    let again = log
        .later(990 * MS)
        .cross(Server, to(second, client, &block));
    let answers = to(client, second, &[0, 4, 0, 1]);
    let answers = log.later(5 * MS).cross(Client, answers);
    let gives_up = to(second, client, b"\0\x05\0\0timed out\0");
    let gives_up = log.later(5 * MS).cross(Server, gives_up);
    [begins, rejects, goes_on, again, answers, gives_up]
}

/// Requests that lack something, each from a port of its own; the packets.
fn malformed(log: &mut Script) -> [u64; 8] {
    let requests: [&[u8]; 8] = [
        b"\0\x01boot\0octet",
        b"\0\x02boot\0octet\0tsize\x009",
        b"\0\x01boot\0octet\0tsize\x000\0blksize\0",
        b"\0\x01boot\0octet\0\0blksize\x001432\0",
        b"\0\x01boot\0binary\0",
        b"\0\x01boot\0",
        b"\0\x02boot",
        b"\0\x01\0octet\0",
    ];
    let mut port = 50150;
    requests.map(|request| {
        port += 1;
        log.later(5 * MS);
        log.cross(Client, datagram(Client, port, 69, request))
    })
}

/// A client that is 400 ms away from a server whose timer has 300 ms: when each packet is seen beside the server, in milliseconds.
fn far_away() -> [(u64, Host, Vec<u8>); 7] {
    let (client, tid) = (50160, 39921);
    let [one, two] = [1, 2].map(|number| [&[0, 3, 0, number][..], &[b'x'; 512]].concat());
    let from = |payload: &[u8]| (Server, datagram(Server, tid, client, payload));
    let to = |port, payload: &[u8]| (Client, datagram(Client, client, port, payload));
    let packets = [
        (0, to(69, b"\0\x01boot\0octet\0")),
        (10, from(&one)),
        (410, to(tid, &[0, 4, 0, 1])),
        (411, from(&two)),
        (711, from(&two)),
        (811, to(tid, &[0, 4, 0, 2])),
        (1111, to(tid, &[0, 4, 0, 2])),
    ];
    packets.map(|(at_ms, (host, frame))| (at_ms, host, frame))
}

/// What every kind of it says, in one log.
pub fn all() -> Vec<u8> {
    let mut log = Script::new("tftp-mistakes");
    mistakes(&mut log);
    late(&mut log);
    from_zero(&mut log);
    asked_twice(&mut log);
    malformed(&mut log);
    let mut before_ms = 0;
    for (at_ms, from, frame) in far_away() {
        log.later((at_ms - before_ms) * MS).cross(from, frame);
        before_ms = at_ms;
    }
    log.done()
}

/// "Ends the transfer with error 0", of an ERROR behind the last ACK or behind another ERROR: it was over.
#[test]
fn an_error_ends_no_transfer_that_is_over() {
    let mut log = Script::new("");
    let [.., second] = mistakes(&mut log);
    let behind_the_last = late(&mut log);
    let rows = rows(log);
    let ids = |packet| -> Vec<&str> { of(&rows, packet).iter().map(Saying::id).collect() };
    assert_eq!(ids(second), ["tftp.error.again"]);
    assert_eq!(ids(behind_the_last), ["tftp.error.late"]);
}

/// "612 bytes in all", of a file whose first 512 bytes came as block 0: they were left out.
#[test]
fn a_block_0_was_left_out_of_what_a_file_has_in_all() {
    let mut log = Script::new("");
    from_zero(&mut log);
    let [client, tid] = ["10.0.0.1:50141", PORTS[2]].map(|end| end.parse().expect("an address"));
    let last = [&[0, 3, 0, 1][..], &[b'y'; 100]].concat();
    log.later(5 * MS);
    log.cross(Server, Envelope::new(tid, client).udp(&last));
    log.later(5 * MS);
    let ack = log.cross(Client, Envelope::new(client, tid).udp(&[0, 4, 0, 1]));
    let rows = rows(log);
    let in_all = of(&rows, ack).iter().find_map(|saying| match saying {
        Saying::TftpAckLast { bytes, .. } => Some(*bytes),
        _ => None,
    });
    assert_eq!(in_all, Some(612), "{:?}", of(&rows, ack));
}

/// "The client has the TID 39919, but this packet comes from port 50140", of the client's own ACK, sent to port 69; "the next
/// may come", of the ACK of a block that nobody had sent.
#[test]
fn an_ack_to_the_wrong_port_or_of_no_block_is_told_as_that() {
    let mut log = Script::new("");
    let [_, _, to_69, of_2, ..] = mistakes(&mut log);
    let rows = rows(log);
    let misdirected = Saying::TftpMisdirected {
        who: Client,
        port: 69,
        tid: 39919,
    };
    assert_eq!(of(&rows, to_69), [misdirected]);
    let unseen = Saying::TftpAckUnseen {
        who: Client,
        block: 2,
    };
    assert_eq!(of(&rows, of_2), [unseen]);
}

/// "The client asks the server for the file boot (RRQ, octet)", and nothing else, of a request that ended without its last NUL; of one
/// that could not be read nothing but its length.
#[test]
fn a_malformed_request_was_told_as_a_valid_one() {
    let mut log = Script::new("");
    let packets = malformed(&mut log);
    let rows = rows(log);
    let told = packets.map(|packet| -> Vec<&str> {
        let sayings = of(&rows, packet);
        let ids = sayings.iter().map(Saying::id);
        ids.collect()
    });
    let wanted: [&[&str]; 8] = [
        &["tftp.rrq", "tftp.malformed.mode.end"],
        &["tftp.wrq", "tftp.size.told", "tftp.malformed.value.end"],
        &["tftp.rrq", "tftp.size.asked", "tftp.malformed.value"],
        &["tftp.rrq", "tftp.malformed.option"],
        &["tftp.rrq", "tftp.malformed.mode.unknown"],
        &["udp", "tftp.malformed.mode"],
        &["udp", "tftp.malformed.file.end"],
        &["udp", "tftp.malformed.file"],
    ];
    assert_eq!(told, wanted.map(<[&str]>::to_vec));
    let named = |packet| {
        of(&rows, packet).into_iter().find_map(|it| match it {
            Saying::TftpNoMode { request, file } => Some((request, file)),
            _ => None,
        })
    };
    let wanted = Some(("RRQ".to_owned(), "boot".to_owned()));
    assert_eq!(named(packets[5]), wanted);
}

/// "Because no answer came before its timeout" (where it came later than the next ACK, "nothing that was seen tells why"), of an ACK that a
/// client far away had sent for the repeat of a block: the first had taken as long.
#[test]
fn an_answer_from_far_away_was_told_as_a_time_out() {
    let mut log = Script::captured("");
    for (id, (at_ms, from, frame)) in (1..).zip(far_away()) {
        let ip = frame[14..].to_vec();
        let packet = Packet::new(id, from, Verdict::Captured, Some(ip));
        log.at(at_ms * MS).put(Kind::Packet(packet));
    }
    let told = rows(log).into_iter().flat_map(|row| row.sayings);
    let again: Vec<Saying> = told.filter(|it| it.id().contains("again")).collect();
    let wanted = [
        Saying::TftpResent {
            who: Server,
            times: 1,
            millis: 300,
        },
        Saying::TftpAnsweredLate {
            who: Client,
            millis: 400,
        },
    ];
    assert_eq!(again, wanted);
}

/// Where a capture has only the beginning of a request, nobody knows how it ends.
#[test]
fn a_request_that_was_cut_is_not_called_malformed() {
    let mut log = Script::new("");
    let mut whole = datagram(Client, 50150, 69, b"\0\x01boot\0octet\0");
    let wire_len = whole.len();
    whole.pop();
    let mut packet = Packet::new(1, Client, Verdict::Sent, Some(whole));
    packet.wire_len = Some(u32::try_from(wire_len).expect("a frame"));
    log.put(Kind::Packet(packet));
    let told = of(&rows(log), 1);
    let ids: Vec<&str> = told.iter().map(Saying::id).collect();
    assert!(ids.contains(&"tftp.rrq"), "{ids:?}");
    assert!(!ids.iter().any(|id| id.starts_with("tftp.mal")), "{ids:?}");
}

/// "It does not belong to the transfer", of what a server had sent from a second port because the request had come twice: as of a
/// stranger's packet (RFC 1350 §4 has it as its example).
#[test]
fn a_servers_second_answer_was_told_as_a_strangers() {
    let mut log = Script::new("");
    let packets = asked_twice(&mut log);
    let rows = rows(log);
    let told = packets.map(|packet| -> Vec<&str> {
        let sayings = of(&rows, packet);
        let ids = sayings.iter().map(Saying::id);
        ids.filter(|id| id.starts_with("tftp.")).collect()
    });
    let wanted: [&[&str]; 6] = [
        &["tftp.second"],
        &["tftp.second.rejected"],
        &["tftp.last"],
        &["tftp.again", "tftp.second.more"],
        &["tftp.second.answered"],
        &["tftp.second.ended"],
    ];
    assert_eq!(told, wanted.map(<[&str]>::to_vec));
}

/// "The server tells only port 50140 that it does not belong to the transfer", of an ERROR that a stranger had sent there.
#[test]
fn a_strangers_error_was_told_as_one_to_a_stranger() {
    let [client, _, _] = PORTS.map(|end| end.parse().expect("an address"));
    let mut log = Script::new("");
    mistakes(&mut log);
    let stranger = "10.0.0.2:40000".parse().expect("an address");
    let error = Envelope::new(stranger, client).udp(b"\0\x05\0\x05unknown TID\0");
    let error = log.later(5 * MS).cross(Server, error);
    let rows = rows(log);
    let ids: Vec<&str> = of(&rows, error).iter().map(Saying::id).collect();
    assert_eq!(ids, ["tftp.stray"]);
}

/// "From now on both sides accept only packets between these two ports", of an ERROR that ended the transfer.
#[test]
fn nothing_is_promised_of_a_transfer_that_an_error_ends() {
    let [client, asked, tid] = PORTS.map(|end| end.parse().expect("an address"));
    let mut log = Script::new("");
    log.cross(
        Client,
        Envelope::new(client, asked).udp(b"\0\x01no\0octet\0"),
    );
    let error = Envelope::new(tid, client).udp(b"\0\x05\0\x01no such file\0");
    let error = log.cross(Server, error);
    let rows = rows(log);
    let ids: Vec<&str> = of(&rows, error).iter().map(Saying::id).collect();
    assert_eq!(ids, ["tftp.error"]);
}

/// "Accepts the options with ACK 0", where nobody had asked for any: the server had sent a block 0.
#[test]
fn the_ack_of_a_block_0_was_told_as_that_of_options() {
    let mut log = Script::new("");
    let [block, ack] = from_zero(&mut log);
    let rows = rows(log);
    let ids = |packet| -> Vec<&str> { of(&rows, packet).iter().map(Saying::id).collect() };
    assert_eq!(ids(block), ["tftp.data", "tftp.from_zero", "tftp.tid"]);
    assert_eq!(ids(ack), ["tftp.ack", "tftp.from_zero"]);
}
