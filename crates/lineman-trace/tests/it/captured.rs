//! Single captures of what is seldom seen, as their ladders and tables tell it.

use lineman_proto::wire::Flags;
use lineman_proto::wire::compose::Envelope;
use lineman_proto::wire::compose::Segment;
use lineman_trace::capture::Beginning;
use lineman_trace::capture::Captured;
use lineman_trace::capture::Conversation;
use lineman_trace::capture::Conversations;
use lineman_trace::capture::Ending;
use lineman_trace::capture::Recorder;
use lineman_trace::capture::Trouble;
use lineman_trace::log::*;
use lineman_trace::story::*;

use crate::causes::ids;
use crate::composer::*;

const NOW_NS: u64 = 1_790_000_000_000_000_000;
const MS: u64 = 1_000_000;

/// What one capture has seen: frames, each with its time.
pub struct Capture {
    pub tcp: Connection,
    isn: [u32; 2],
    taken: Vec<(u64, Host, Vec<u8>)>,
    now_ns: u64,
}

pub fn capture() -> Capture {
    Capture {
        tcp: Connection::new(9000),
        isn: [u32::MAX - 3, 9_000],
        taken: Vec::new(),
        now_ns: NOW_NS,
    }
}

fn from_port(port: u16) -> Capture {
    let mut capture = capture();
    capture.tcp.client.set_port(port);
    capture
}

impl Capture {
    pub fn ms(&mut self, millis: u64) -> &mut Self {
        self.now_ns += millis * MS;
        self
    }

    /// A segment, with its numbers counted from the first ones.
    pub fn segment(&self, from: Host, flags: Flags, (seq, ack): (u32, u32), len: usize) -> Vec<u8> {
        let (me, peer) = (from as usize, from.other() as usize);
        let ends = [self.tcp.client, self.tcp.server];
        Envelope::new(ends[me], ends[peer]).tcp(&Segment {
            seq: self.isn[me].wrapping_add(seq),
            ack: match flags.has(ACK) {
                true => self.isn[peer].wrapping_add(ack),
                false => 0,
            },
            flags,
            window: self.tcp.window,
            options: &[],
            payload: &vec![7; len],
        })
    }

    pub fn sees(&mut self, from: Host, flags: Flags, places: (u32, u32), len: usize) -> &mut Self {
        let frame = self.segment(from, flags, places, len);
        self.frame(from, frame)
    }

    pub fn frame(&mut self, from: Host, frame: Vec<u8>) -> &mut Self {
        self.ms(1);
        self.taken.push((self.now_ns, from, frame));
        self
    }

    /// The ICMP error of a router about a segment of the client with so many bytes.
    fn too_big(&self, len: usize) -> Vec<u8> {
        let about = self.segment(Client, ACK, (1, 1), len);
        let router = ([10, 0, 9, 9], 0).into();
        let rest = [0, 0, 0x05, 0x14];
        Envelope::new(router, self.tcp.client).icmp(3, 4, rest, &about[14..])
    }

    pub fn opened(mut self) -> Self {
        self.sees(Client, SYN, (0, 0), 0);
        self.sees(Server, and_ack(SYN), (0, 1), 0);
        self.sees(Client, ACK, (1, 1), 0);
        self
    }

    /// The conversations of the table, in the order in which they begin, and the rows of the first.
    pub fn read(&self) -> (Vec<Conversation>, Vec<Row>) {
        let (mut all, mut recorder, mut story) =
            (Conversations::default(), Recorder::new(), Story::new());
        let mut rows = Vec::new();
        for (n, (at_ns, _, bytes)) in self.taken.iter().enumerate() {
            let packet = Captured {
                link: LinkType::ETHERNET,
                utc_ns: Some(*at_ns),
                wire_len: u32::try_from(bytes.len()).expect("a packet"),
                bytes,
                checksum_pending: false,
            };
            let sorted = all.take(&packet);
            if n == 0 {
                rows.extend(story.push(&recorder.start("", &packet, all.current())));
            }
            if sorted.conversation == Some(1) {
                rows.extend(story.push(&recorder.packet(sorted.number, sorted.from, &packet)));
            }
        }
        rows.extend(story.finish());
        let mut conversations = all.finish().conversations;
        conversations.sort_by_key(|it| it.number);
        (conversations, rows)
    }

    pub fn rows(&self) -> Vec<Row> {
        self.read().1
    }
}

/// What captures seldom have, in one log.
pub fn seldom() -> Vec<u8> {
    let mut log = Script::captured("captured-seldom");
    let mut seen = capture().opened();
    seen.sees(Client, RST, (200, 0), 0);
    seen.sees(Server, ACK, (1, 1), 0);
    seen.sees(Client, RST, (90_000_000, 0), 0);
    seen.sees(Client, SYN, (4, 0), 0);
    seen.sees(Server, ACK, (1, 1), 0);
    seen.sees(Client, Flags(0), (4, 0), 0);
    seen.sees(Client, ACK, (1, 1), 90);
    let too_big = seen.too_big(90);
    seen.frame(Server, too_big);
    seen.sees(Client, ACK, (1, 1), 50);
    seen.sees(Server, ACK, (1, 91), 0);
    for (_, from, frame) in std::mem::take(&mut seen.taken) {
        log.raw(from, frame);
    }
    log.later(300_000);
    log.raw(Client, seen.segment(Client, ACK, (1, 1), 50));
    for (_, from, frame) in midway().taken {
        log.raw(from, frame);
    }
    log.raw(Client, seen.segment(Client, SYN, (9_000_000, 0), 0));
    log.raw(
        Server,
        seen.segment(Server, and_ack(SYN), (5_000_000, 7), 0),
    );
    for other in [fed_after_its_end(), probed(), scanned()] {
        for (_, from, frame) in other.taken {
            log.raw(from, frame);
        }
    }
    log.done()
}

/// A reset was captured before what its receiver had sent meanwhile.
fn fed_after_its_end() -> Capture {
    let mut capture = from_port(45_112).opened();
    capture.sees(Server, RST, (1, 0), 0);
    capture.sees(Client, ACK, (1, 1), 5);
    capture
}

/// An ACK of no connection, and what answers it.
fn probed() -> Capture {
    let mut capture = from_port(45_113);
    capture.sees(Client, ACK, (1, 1), 0);
    capture.sees(Server, RST, (1, 0), 0);
    capture
}

/// A SYN that is a FIN as well.
fn scanned() -> Capture {
    let mut capture = from_port(45_114);
    capture.sees(Client, SYN | Flags::FIN, (0, 0), 0);
    capture
}

/// "It keeps a copy until the data is acknowledged", of an end beside which CLOSED stood.
#[test]
fn what_a_closed_end_sends_was_told_as_kept() {
    let rows = fed_after_its_end().rows();
    assert_eq!(ids(&rows[4].sayings), ["data.closed"]);
}

/// "The server resets the connection", of an answer to an ACK of which no connection was seen.
#[test]
fn the_answer_to_a_probe_was_told_as_the_end_of_a_connection() {
    let rows = probed().rows();
    assert_eq!(ids(&rows[1].sayings), ["rst.somehow"]);
}

/// A SYN and a FIN in one segment were told as any SYN.
#[test]
fn a_syn_with_a_fin_was_told_as_a_syn() {
    let rows = scanned().rows();
    assert_eq!(ids(&rows[0].sayings)[..2], ["syn.first", "syn.fin"]);
}

/// "Reset by the client", of what had refused it.
#[test]
fn who_refuses_a_syn_that_was_not_captured_was_taken_for_the_client() {
    let mut capture = capture();
    capture.isn[Server as usize] = 0;
    capture.sees(Server, and_ack(RST), (0, 1), 0);
    let (conversations, _) = capture.read();
    assert_eq!(conversations[0].ending, Ending::Reset(Server));
}

/// A connection whose beginning was not captured: its windows.
fn midway() -> Capture {
    let mut capture = from_port(45_111);
    capture.sees(Client, ACK, (1, 1), 10);
    capture.sees(Server, ACK, (1, 11), 0);
    capture.tcp.window = 12;
    capture.sees(Server, ACK, (1, 11), 0);
    capture
}

/// "Up to 12 bytes may be in flight to it", of a field that may be scaled.
#[test]
fn a_window_whose_scale_was_not_captured_was_told_in_bytes() {
    let rows = midway().rows();
    let told = &rows[2].sayings[0];
    let field = 12;
    let who = Server;
    assert_eq!(*told, Saying::WindowUnscaled { who, field });
}

/// The states of a host beside a row, before and behind it.
pub fn moves(row: &Row, host: Host) -> Option<(TcpState, TcpState)> {
    row.states[host].map(|cell| (cell.before, cell.after))
}

/// "The server: LISTEN → SYN-RECEIVED": it had sent its SYN itself.
#[test]
fn an_end_that_asks_to_open_as_the_peer_does_was_told_as_a_listener() {
    use TcpState::{SynReceived, SynSent};
    let mut capture = capture();
    capture.sees(Client, SYN, (0, 0), 0);
    capture.sees(Server, SYN, (0, 0), 0);
    capture.sees(Client, and_ack(SYN), (0, 1), 0);
    capture.sees(Server, and_ack(SYN), (0, 1), 0);
    let rows = capture.rows();
    for host in [Client, Server] {
        assert_eq!(moves(&rows[1], host), Some((SynSent, SynReceived)));
    }
    let told = ids(&rows[1].sayings);
    let crossed = told.iter().filter(|id| **id == "state.syn.crossed");
    assert_eq!(crossed.count(), 2, "{told:?}");
}

/// "The client resets the connection: nothing more is acknowledged or waited for", and the connection went on; the table said "reset by the
/// client".
#[test]
fn a_reset_that_is_not_due_was_told_as_the_end() {
    for (seq, id) in [(200, "rst.not_due"), (90_000_000, "rst.outside")] {
        let mut capture = capture().opened();
        capture.sees(Client, RST, (seq, 0), 0);
        capture.sees(Server, ACK, (1, 1), 0);
        let (conversations, rows) = capture.read();
        assert_eq!(ids(&rows[3].sayings)[..1], [id]);
        assert_eq!(conversations[0].ending, Ending::Open);
        assert_eq!(conversations[0].troubles.count(Trouble::Reset), 1);
    }
}

/// A SYN inside a connection split it in two, in the table and the ladder.
#[test]
fn a_syn_inside_a_connection_was_told_as_another() {
    let mut capture = capture().opened();
    capture.sees(Client, SYN, (4, 0), 0);
    capture.sees(Server, ACK, (1, 1), 0);
    capture.sees(Client, ACK, (1, 1), 9);
    let (conversations, rows) = capture.read();
    assert_eq!((conversations.len(), rows.len()), (1, 6));
    assert_eq!(ids(&rows[3].sayings), ["syn.inside"]);
    assert_eq!(ids(&rows[5].sayings)[..1], ["data"]);
}

/// "It has no such connection … because it has reset the connection itself."
#[test]
fn an_end_without_a_connection_resets_none() {
    let mut capture = capture();
    capture.sees(Client, SYN, (0, 0), 0);
    capture.sees(Server, and_ack(SYN), (0, 1), 0);
    capture.sees(Client, RST, (1, 0), 0);
    let rows = capture.rows();
    assert_eq!(
        ids(&rows[2].sayings),
        ["rst.late", "state.moved.somehow", "state.listen.reset"]
    );
}

/// "Nothing that was seen tells why", right below the ICMP error that tells.
#[test]
fn what_is_sent_again_in_smaller_segments_was_told_without_its_reason() {
    let mut capture = capture().opened();
    capture.sees(Client, ACK, (1, 1), 1460);
    let error = capture.too_big(1460);
    capture.frame(Server, error);
    capture.sees(Client, ACK, (1, 1), 1260);
    capture.sees(Client, ACK, (1261, 1), 200);
    let rows = capture.rows();
    for row in [5, 6] {
        assert_eq!(ids(&rows[row].sayings)[..1], ["again.smaller"]);
    }
}

/// "No acknowledgment of the segment came", which stands in the ladder.
#[test]
fn a_segment_that_was_acknowledged_was_told_as_never_acknowledged() {
    let mut capture = capture().opened();
    capture.sees(Client, ACK, (1, 1), 10);
    capture.sees(Server, ACK, (1, 11), 0);
    capture.ms(300).sees(Client, ACK, (1, 1), 10);
    let rows = capture.rows();
    assert_eq!(ids(&rows[5].sayings)[..1], ["again.acknowledged"]);
}

/// "Confirms the SYN", by a number that is none of this connection.
#[test]
fn a_syn_ack_with_another_number_was_told_as_the_answer() {
    for ack in [777, 0, u32::MAX - 50] {
        let mut capture = capture();
        capture.sees(Client, SYN, (0, 0), 0);
        capture.sees(Server, and_ack(SYN), (0, ack), 0);
        let rows = capture.rows();
        assert_eq!(ids(&rows[1].sayings)[0], "synack.wrong", "{ack}");
    }
}

/// "This direction is still open", beside CLOSED.
#[test]
fn data_behind_a_reset_was_told_as_sent_in_an_open_direction() {
    let mut capture = capture().opened();
    capture.sees(Server, and_ack(Flags::FIN), (1, 1), 0);
    capture.sees(Client, ACK, (1, 2), 4);
    capture.sees(Server, RST, (2, 0), 0);
    capture.sees(Client, ACK, (5, 2), 4);
    let rows = capture.rows();
    assert_eq!(ids(&rows[4].sayings)[..1], ["data.half"]);
    assert_eq!(ids(&rows[6].sayings)[..1], ["data.closed"]);
}

/// SYN-SENT stood for good beside an ICMP error by which connect() may have failed.
#[test]
fn an_end_that_was_told_of_an_error_may_have_given_up() {
    let mut capture = capture();
    capture.sees(Client, SYN, (0, 0), 0);
    let syn = capture.segment(Client, SYN, (0, 0), 0);
    let router = ([10, 0, 9, 9], 0).into();
    let error = Envelope::new(router, capture.tcp.client).icmp(3, 1, [0; 4], &syn[14..]);
    capture.frame(Server, error);
    let (conversations, _) = capture.read();
    assert_eq!(conversations[0].ending, Ending::Unreachable);
    assert_eq!(conversations[0].states, Ends::default());
}

/// Scans were told as connections that had begun before the capture.
#[test]
fn a_scan_was_told_as_a_connection() {
    let mut capture = capture();
    capture.sees(Client, Flags::FIN, (0, 0), 0);
    capture.sees(Server, and_ack(RST), (0, 1), 0);
    let (conversations, rows) = capture.read();
    assert_eq!(conversations[0].beginning, Beginning::First);
    assert_eq!(conversations[0].ending, Ending::Open);
    assert_eq!(ids(&rows[0].sayings)[..1], ["flags.no_ack"]);
    assert_eq!(ids(&rows[1].sayings)[..1], ["rst.late"]);
}

/// A socket that is connected with itself was told as one that nobody answers.
#[test]
fn a_socket_that_is_connected_with_itself_was_told_as_two() {
    let mut capture = capture();
    capture.tcp.server = capture.tcp.client;
    capture.sees(Client, SYN, (0, 0), 0);
    capture.sees(Client, and_ack(SYN), (0, 1), 0);
    let (conversations, rows) = capture.read();
    assert_eq!(conversations[0].beginning, Beginning::First);
    assert!(rows.iter().all(|row| row.sayings.is_empty()), "{rows:#?}");
    assert!(rows.iter().all(|row| moves(row, Client).is_none()));
}
