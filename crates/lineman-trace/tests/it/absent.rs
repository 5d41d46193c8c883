//! Packets that only one of two captures has: what they change, and what they are a reason for.

use lineman_proto::wire::Flags;
use lineman_trace::log::*;
use lineman_trace::story::Arrow;
use lineman_trace::story::Row;
use lineman_trace::story::Saying;
use lineman_trace::story::Story;

use crate::composer::*;

/// A connection, seen at both ends.
struct Seen {
    tcp: Connection,
    log: Script,
}

impl Seen {
    fn opened() -> Self {
        let tcp = Connection::new(9000);
        let log = Script::pair("absent", tcp.client, tcp.server);
        let mut seen = Self { tcp, log };
        seen.both(Client, SYN, b"");
        seen.both(Server, and_ack(SYN), b"");
        seen.both(Client, ACK, b"");
        seen
    }

    fn both(&mut self, from: Host, flags: Flags, payload: &[u8]) {
        let bytes = self.tcp.next(from, flags, payload);
        self.log.cross(from, bytes);
        self.log.later(1000);
    }

    /// Only the capture of a host has it.
    fn one(&mut self, at: Host, from: Host, flags: Flags, absent: Absent) {
        let bytes = self.tcp.back(from, flags, b"", 0);
        let mut packet = Packet::new(90, from, Verdict::Captured, Some(bytes));
        (packet.absent, packet.at) = (Some(absent), Some(at));
        self.log.put(Kind::Packet(packet)).later(1000);
    }

    fn rows(&mut self) -> Vec<Row> {
        let log = self.log.done();
        let mut story = Story::new();
        let mut rows: Vec<Row> = Vec::new();
        for event in Reader::new(&log[..]) {
            rows.extend(story.push(&event.expect("an event")));
        }
        rows.extend(story.finish());
        rows
    }
}

fn of_packet(rows: &[Row], id: u64) -> (&Row, &Arrow) {
    let arrow = |row: &&Row| row.arrow.as_ref().is_some_and(|it| it.id == id);
    let row = rows.iter().find(arrow).expect("its row");
    (row, row.arrow.as_ref().expect("its packet"))
}

fn state(row: &Row, host: Host) -> Option<TcpState> {
    row.states[host].map(|cell| cell.after)
}

fn ids(row: &Row) -> Vec<&'static str> {
    row.sayings.iter().map(Saying::id).collect()
}

/// "The server: ESTABLISHED → CLOSED, because it has reset the connection itself", of a RST that the capture at the server lacks; and CLOSED it
/// acknowledged data.
#[test]
fn a_reset_that_its_senders_capture_lacks_does_not_close_its_sender() {
    let mut seen = Seen::opened();
    seen.one(Client, Server, and_ack(RST), Absent::Unsent);
    seen.both(Server, and_ack(Flags::PSH), b"more");
    let rows = seen.rows();
    let (row, arrow) = of_packet(&rows, 90);
    assert_eq!(state(row, Client), Some(TcpState::Closed));
    assert_eq!(state(row, Server), Some(TcpState::Established));
    assert_eq!(ids(row), ["pair.absent.unsent", "state.reset"]);
    assert_eq!(arrow.captured_by(), Client);
    assert_eq!(
        state(of_packet(&rows, 4).0, Server),
        Some(TcpState::Established)
    );
}

/// "Whether it arrived is not known", and in the same breath: "The server: ESTABLISHED → CLOSED, because an RST has ended the connection".
#[test]
fn a_reset_of_unknown_fate_closes_nothing_at_the_other_end() {
    for absent in [
        Absent::OtherTime,
        Absent::CaptureDropped,
        Absent::Unknown,
        Absent::Ambiguous,
    ] {
        let mut seen = Seen::opened();
        seen.one(Client, Client, and_ack(RST), absent);
        let rows = seen.rows();
        let (row, _) = of_packet(&rows, 90);
        assert_eq!(state(row, Client), Some(TcpState::Closed));
        assert_eq!(state(row, Server), None, "{absent:?}");
    }
}

/// "The server has received this SYN before", of one of which nobody knows whether it came.
#[test]
fn a_syn_of_unknown_fate_has_not_been_received_before() {
    let tcp = Connection::new(9000);
    let log = Script::pair("absent", tcp.client, tcp.server);
    let mut seen = Seen { tcp, log };
    seen.one(Client, Client, SYN, Absent::OtherTime);
    seen.log.later(1_000_000);
    seen.both(Client, SYN, b"");
    let rows = seen.rows();
    let (row, _) = of_packet(&rows, 1);
    assert!(!ids(row).contains(&"arrival.known.syn"), "{:?}", ids(row));
    assert!(!ids(row).contains(&"again.needless"), "{:?}", ids(row));
}

/// A server without memory discards what it is sent and answers by a window of 0. Its client has sent "again although the segment had arrived:
/// the answer is late or lost", and what came in order was "out of order".
#[test]
fn what_was_discarded_for_want_of_room_has_not_arrived() {
    let mut seen = Seen::opened();
    let first = seen.tcp.next(Client, ACK, &[1; 100]);
    let second = seen.tcp.next(Client, ACK, &[2; 100]);
    seen.log.cross(Client, first.clone());
    seen.tcp.window = 0;
    let closed = seen.tcp.ack(Server, 200, 0);
    seen.log.later(100).cross(Server, closed.clone());
    let behind = seen.log.cross(Client, second);
    seen.log.later(100).cross(Server, closed);
    seen.log.later(300_000);
    let again = seen.log.cross(Client, first);
    let rows = seen.rows();
    assert!(ids(of_packet(&rows, behind).0).contains(&"arrival.no_room"));
    let (row, arrow) = of_packet(&rows, again);
    assert!(arrow.again.is_some());
    assert!(!ids(row).contains(&"again.needless"), "{:?}", ids(row));
}
