//! What the logs tell.

use std::collections::BTreeSet;

use lineman_proto::wire::compose::Envelope;
use lineman_proto::wire::flow::Label;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Origin;
use lineman_trace::log::Packet;
use lineman_trace::log::Reader;
use lineman_trace::log::TcpState;
use lineman_trace::log::Verdict;
use lineman_trace::story::*;

use crate::composer::ACK;
use crate::composer::Connection;
use crate::composer::SYN;
use crate::composer::Script;
use crate::composer::and_ack;
use crate::scripts;
use crate::truth::Looked;
use crate::truth::look;
use crate::truth::told;

fn rows(log: &[u8]) -> Vec<Row> {
    let mut story = Story::new();
    let mut rows = Vec::new();
    for event in Reader::new(log) {
        rows.extend(story.push(&event.expect("a whole log")));
    }
    rows.extend(story.finish());
    rows
}

fn ids(log: &[u8]) -> Vec<&'static str> {
    let said = |row: Row| row.sayings.into_iter().map(|saying| saying.id());
    rows(log).into_iter().flat_map(said).collect()
}

#[test]
fn every_saying_is_said_by_some_log() {
    let mut never: BTreeSet<&str> = Saying::forms().map(|(id, _)| id).collect();
    for (_, make) in scripts::ALL {
        for id in ids(&make()) {
            never.remove(id);
        }
    }
    for name in [
        "address-in-use",
        "call-errors",
        "crossed",
        "port-reused",
        "programs-end",
        "stale-syn",
        "syn-ack-lost",
        "tftp-ack-lost",
        "tftp-wrong-tid",
        "udp-reordered",
    ] {
        for id in ids(&recorded(name)) {
            never.remove(id);
        }
    }
    for id in ids(&crate::calls::shut_down()) {
        never.remove(id);
    }
    for saying in pieces().into_iter().flat_map(|row| row.sayings) {
        never.remove(saying.id());
    }
    assert!(never.is_empty(), "no log says {never:?}");
}

/// "Repeats its ACK" was said of the client's first, "50 bytes more" of what nobody has seen, which may be a FIN, and "closes at once", "this
/// close takes three segments" of a FIN behind a gap.
#[test]
fn what_a_capture_has_missed_was_told_as_if_it_had_been_seen() {
    let told = ids(&scripts::capture_misses());
    let packets = |id: &&&str| !id.starts_with("state");
    let told: Vec<&str> = told.iter().filter(packets).copied().collect();
    let wanted = [
        "synack.reply",
        "ack.first",
        "ack.unseen",
        "fin.seen",
        "fin.answers",
        "capture.gap",
        "tftp.rrq",
        "capture.copied",
    ];
    assert_eq!(told, wanted);
}

/// The server's FIN is cut out of a capture, and "the other direction is open until the server sends its FIN" was said of the client's, which
/// acknowledges it. Where the capture begins in the middle, nothing tells either.
#[test]
fn a_direction_was_told_as_open_whose_fin_was_not_captured() {
    for begins_late in [false, true] {
        let (mut log, mut tcp) = (Script::captured("cut"), Connection::new(9000));
        let open = [
            (Host::Client, SYN),
            (Host::Server, and_ack(SYN)),
            (Host::Client, ACK),
        ];
        for (from, flags) in open {
            let segment = tcp.next(from, flags, b"");
            if !begins_late {
                log.raw(from, segment);
            }
        }
        tcp.next(Host::Server, and_ack(lineman_proto::wire::Flags::FIN), b"");
        log.raw(Host::Client, tcp.next(Host::Client, ACK, b""));
        log.raw(
            Host::Client,
            tcp.next(Host::Client, and_ack(lineman_proto::wire::Flags::FIN), b""),
        );
        log.raw(Host::Server, tcp.next(Host::Server, ACK, b""));
        let told = ids(&log.done());
        assert!(told.contains(&"fin.seen"), "{told:?}");
        assert!(!told.contains(&"fin.first"), "{told:?}");
    }
}

/// A datagram of 4000 bytes in three pieces, as IP makes them.
fn pieces() -> Vec<Row> {
    let ends = ["10.0.0.1:5000", "10.0.0.2:9000"].map(|end| end.parse().expect("an address"));
    let envelope = Envelope::new(ends[0], ends[1]);
    let whole = envelope.udp(&[b'x'; 4000]);
    let mut story = Story::new();
    let mut rows = Vec::new();
    let (head, body) = whole.split_at(34);
    for (n, piece) in body.chunks(1480).enumerate() {
        let mut bytes = [head, piece].concat();
        bytes[16..18].copy_from_slice(&(20 + piece.len() as u16).to_be_bytes());
        let more = if piece.len() == 1480 { 0x2000 } else { 0 };
        bytes[20..22].copy_from_slice(&(more | (n as u16 * 1480 / 8)).to_be_bytes());
        let id = n as u64 + 1;
        let packet = Packet::new(id, Host::Client, Verdict::Sent, Some(bytes));
        let (n, t_ns, kind) = (n as u64, n as u64, Kind::Packet(packet));
        rows.extend(story.push(&Event { n, t_ns, kind }));
    }
    rows.extend(story.finish());
    rows
}

/// The datagram is as long as its first piece says, the pieces between are told by the arrows alone.
#[test]
fn pieces_of_a_datagram_are_told_as_such() {
    let told: Vec<Saying> = pieces()
        .into_iter()
        .flat_map(|row| row.sayings)
        .filter(|saying| saying.id() != "wire.crossing")
        .collect();
    let who = Host::Client;
    let (len, port) = (4000, 9000);
    let first = Saying::UdpPieces { who, len, port };
    let (offset, len) = (2960, 1048);
    assert_eq!(told, [first, Saying::PieceLast { who, offset, len }]);
}

/// Where both ends have connected, there was no SYN+ACK to wait for and no third segment.
#[test]
fn a_connect_that_crossed_another_does_not_return_with_the_syn_ack() {
    assert!(!ids(&recorded("crossed")).contains(&"call.connect"));
    assert!(ids(&recorded("close")).contains(&"call.connect"));
    // The client has lost the SYN of the server, so that the SYN+ACK made its call return, and an ACK the other's.
    let rows = rows(&recorded("syn-taken-by-one")).into_iter();
    let told = rows.flat_map(|row| row.sayings);
    let returns: Vec<Saying> = told.filter(|it| it.id() == "call.connect").collect();
    assert_eq!(returns, [Saying::CallConnected { who: Host::Client }]);
}

/// "Because it has received a segment that it had already" was said of the ACKs behind SYNs that have crossed: the SYN had come before, the
/// acknowledgment with it had not, and had made its receiver ESTABLISHED.
#[test]
fn the_ack_that_answers_a_crossed_syn_ack_is_told_with_what_was_new_in_that() {
    let told = ids(&recorded("crossed"));
    let again = told.iter().filter(|id| id.starts_with("ack.again"));
    assert!(again.eq(["ack.again.crossed"; 2].iter()), "{told:?}");
}

/// A gap in a window is reported by an ACK; only where that is lost the timer has the blocks sent again.
#[test]
fn a_window_that_begins_anew_is_no_timeout() {
    let told = ids(&scripts::tftp_window());
    let again: Vec<&str> = told
        .into_iter()
        .filter(|id| id.starts_with("tftp.again"))
        .collect();
    let wanted = [
        "tftp.again.gap",
        "tftp.again.window",
        "tftp.again.window",
        "tftp.again.gap",
        "tftp.again",
        "tftp.again",
    ];
    assert_eq!(again, wanted);
}

/// A textbook's server has no opcodes: that is said once of each host, and nothing of it is read as TFTP.
#[test]
fn what_has_no_opcodes_is_no_tftp() {
    let rows = rows(&scripts::tftp_window());
    let asked = rows.iter().rposition(|row| {
        let mut ids = row.sayings.iter().map(Saying::id);
        ids.any(|id| id == "tftp.rrq")
    });
    let after = rows[asked.expect("a request") + 1..].iter();
    let told: Vec<&str> = after
        .flat_map(|row| row.sayings.iter().map(Saying::id))
        .collect();
    let wanted = [
        "udp", "tftp.not", "udp", "tftp.not", "udp", "udp", "udp", "udp",
    ];
    assert_eq!(told, wanted);
}

/// Of recvmsg(), and of a recvfrom() with MSG_TRUNC, nothing said that they had got less than the datagram.
#[test]
fn a_datagram_that_was_cut_is_told_whatever_call_has_got_it() {
    let told = ids(&scripts::udp());
    let cut = told.into_iter().filter(|id| id.starts_with("call.recv"));
    let wanted = ["call.recv.cut", "call.recv.cut", "call.recv.trunc"];
    assert_eq!(cut.collect::<Vec<_>>(), wanted);
}

/// A stranger's block is no part of the file: its end and its size are told right.
#[test]
fn a_stranger_is_told_apart() {
    let log = recorded("tftp-wrong-tid");
    let told = ids(&log);
    let files: Vec<&str> = told
        .into_iter()
        .filter(|id| id.starts_with("tftp.") || id.starts_with("wire."))
        .collect();
    let wanted = [
        "tftp.rrq",
        "tftp.data",
        "tftp.tid",
        "wire.forged",
        "tftp.stray",
        "tftp.ack",
        "tftp.stray.error",
        "tftp.data",
        "tftp.ack",
        "tftp.last",
        "tftp.ack.last",
    ];
    assert_eq!(files, wanted);
    let last = rows(&log).into_iter().flat_map(|row| row.sayings);
    let bytes = last.filter_map(|saying| match saying {
        Saying::TftpAckLast { bytes, .. } => Some(bytes),
        _ => None,
    });
    assert_eq!(bytes.collect::<Vec<_>>(), [1300]);
}

#[test]
fn a_chat_is_told_in_order() {
    let packets = |id: &&&str| !id.starts_with("call") && !id.starts_with("state");
    let told = ids(&scripts::chat());
    let told: Vec<&str> = told.iter().filter(packets).copied().collect();
    let wanted = [
        "syn.first",
        "synack.reply",
        "ack.third",
        "data",
        "ack.delayed",
        "data",
        "ack",
        "fin.first",
        "wire.lost",
        "again.timeout.deduced",
        "ack.fin.delayed",
        "fin.second",
        "ack.fin.last",
        "time_wait",
    ];
    assert_eq!(told, wanted);
}

#[test]
fn a_row_is_a_packet_with_its_calls_and_states() {
    let rows = rows(&scripts::chat());
    let syn = rows.iter().find(|row| row.arrow.is_some()).expect("a SYN");
    assert_eq!(syn.calls.client.as_ref().expect("connect").name, "connect");
    assert_eq!(syn.calls.server.as_ref().expect("accept").answer, None);
    let states = |row: &Row| {
        [row.states.client, row.states.server].map(|cell| cell.expect("a state").after.name())
    };
    assert_eq!(states(syn), ["SYN-SENT", "SYN-RECEIVED"]);
    let place = syn
        .arrow
        .as_ref()
        .and_then(|arrow| arrow.place)
        .expect("numbers");
    assert_eq!((place.seq, place.ack), (0, None));
    let of = |id: u64| {
        rows.iter()
            .find(|row| row.arrow.as_ref().is_some_and(|arrow| arrow.id == id))
            .expect("a row")
    };
    let third = of(3);
    assert_eq!(
        third.arrow.as_ref().and_then(|arrow| arrow.place?.ack),
        Some(1)
    );
    assert!(
        third
            .calls
            .server
            .as_ref()
            .expect("accept")
            .answer
            .is_some()
    );
    let again = of(9);
    let clock = again.timer.expect("a time-out");
    assert_eq!(clock.origin, Origin::Inferred);
    assert_eq!(clock.wait_ns / 1_000_000, 207);
}

#[test]
fn fast_or_slow_a_log_tells_the_same() {
    for (name, make) in scripts::ALL {
        let log = make();
        let mut story = Story::new();
        let mut slow = Vec::new();
        for event in Reader::new(&log[..]) {
            let event = event.expect("a whole log");
            // A view that follows asks at any time; here just before every event.
            slow.extend(story.idle(event.t_ns));
            slow.extend(story.push(&event));
        }
        slow.extend(story.finish());
        assert_eq!(slow, rows(&log), "{name}");
    }
}

#[test]
fn a_log_that_is_cut_tells_its_beginning() {
    let log = scripts::chat();
    let whole = rows(&log);
    for cut in (0..log.len()).step_by(41) {
        let told = rows(&log[..cut]);
        assert!(told.len() <= whole.len());
        let last = told.len().saturating_sub(1);
        assert_eq!(told.get(..last), whole.get(..last));
    }
}

/// Logs of a real lab on Linux 6.18, as it told them.
fn recorded(name: &str) -> Vec<u8> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/logs");
    std::fs::read(format!("{dir}/recorded-{name}.jsonl")).expect("a log")
}

/// For each packet both ends' states after it.
fn states(log: &[u8]) -> Vec<[&'static str; 2]> {
    let name = |cell: Option<StateCell>| cell.map_or("", |cell| cell.after.name());
    let packets = rows(log).into_iter().filter(|row| row.arrow.is_some());
    packets
        .map(|row| [name(row.states.client), name(row.states.server)])
        .collect()
}

#[test]
fn a_recorded_close_has_each_state_at_the_packet_that_made_it() {
    let wanted = [
        ["SYN-SENT", "SYN-RECEIVED"],
        ["ESTABLISHED", "SYN-RECEIVED"],
        ["ESTABLISHED", "ESTABLISHED"],
        ["ESTABLISHED", "ESTABLISHED"],
        ["ESTABLISHED", "ESTABLISHED"],
        ["FIN-WAIT-1", "CLOSE-WAIT"],
        ["FIN-WAIT-2", "CLOSE-WAIT"],
        ["TIME-WAIT", "LAST-ACK"],
        ["TIME-WAIT", "CLOSED"],
    ];
    assert_eq!(states(&recorded("close")), wanted);
    let told = ids(&recorded("close"));
    assert_eq!(told.iter().filter(|id| **id == "time_wait").count(), 1);
    assert!(told.contains(&"ack.fin.delayed"));
}

#[test]
fn a_recorded_step_shows_each_swallowed_resend_with_its_clock() {
    let rows = rows(&recorded("step"));
    let repeats: Vec<u64> = rows
        .iter()
        .filter(|row| {
            row.arrow
                .as_ref()
                .is_some_and(|it| it.stretch == Stretch::Repeat)
        })
        .map(|row| row.timer.expect("a clock").wait_ns / 1_000_000)
        .collect();
    assert_eq!(repeats, [1011, 1023]);
}

/// The RST resets no connection that the server's program has: no call of the server will hear of it.
#[test]
fn a_recorded_stale_syn_ends_with_what_the_client_does_not_know() {
    let told = ids(&recorded("stale-syn"));
    assert!(told.contains(&"rst.late"), "{told:?}");
    assert!(!told.contains(&"rst.broken"), "{told:?}");
}

#[test]
fn a_recorded_overtaking_names_its_rule() {
    let told = ids(&recorded("udp-reordered"));
    let held = told.iter().filter(|id| **id == "wire.held.rule");
    assert_eq!(held.count(), 1, "{told:?}");
}

#[test]
fn a_recorded_crossing_is_told_as_one() {
    let told = ids(&recorded("crossed"));
    for id in ["syn.crossed", "synack.crossed"] {
        assert!(told.contains(&id), "{id} is missing in {told:?}");
    }
    // The window of a SYN is counted otherwise: that the next one is another is no news.
    assert!(!told.contains(&"window"), "{told:?}");
}

/// Not beside it, and not in two steps at once: whatever the order in which packets cross.
#[test]
fn a_recorded_change_of_state_stands_at_the_packet_that_made_it() {
    let mut looked = Looked::default();
    for name in [
        "close",
        "crossed",
        "pieces",
        "stale-syn",
        "step",
        "syn-ack-lost",
        "simultaneous-close-100",
        "half-close-100",
        "quick-close",
        "fin-behind-fin",
        "fin-under-way",
        "syn-not-taken",
        "syns-not-taken",
        "syn-behind-reset",
        "syn-taken-by-one",
        "syn-seen-late",
    ] {
        let log = recorded(name);
        let events: Vec<Event> = Reader::new(&*log)
            .map(|event| event.expect("a whole log"))
            .collect();
        let here = look(&events);
        assert!(here.untrue.is_empty(), "{name}: {:#?}", here.untrue);
        looked.add(here);
    }
    assert!(
        looked.changes >= 50 && looked.at_a_packet >= 30,
        "{looked:?}"
    );
}

/// How long TIME-WAIT lasts is said to the nearest second, at a row that shows it: a kernel that is asked some
/// milliseconds later tells of what is left. A log that lies about it is told all the same.
#[test]
fn time_wait_is_told_in_whole_seconds() {
    for (wait_ns, wanted) in [(59_996_000_000, 60), (u64::MAX, u64::MAX / 1_000_000_000)] {
        let log = recorded("close");
        let rows: Vec<Row> = {
            let mut story = Story::new();
            let mut rows = Vec::new();
            for event in Reader::new(&*log) {
                let mut event = event.expect("a whole log");
                if let Kind::Timer(timer) = &mut event.kind {
                    timer.wait_ns = wait_ns;
                }
                rows.extend(story.push(&event));
            }
            rows.extend(story.finish());
            rows
        };
        let told: Vec<(u64, TcpState)> = rows
            .iter()
            .flat_map(|row| row.sayings.iter().map(move |saying| (row, saying)))
            .filter_map(|(row, saying)| match saying {
                Saying::TimeWait { who, seconds } => Some((*seconds, row.states[*who]?.after)),
                _ => None,
            })
            .collect();
        assert_eq!(told, [(wanted, TcpState::TimeWait)]);
    }
}

/// Linux counts the answer to a SYN that came again as one more retransmission; no timer has expired.
#[test]
fn a_recorded_answer_to_a_repeated_syn_has_no_clock() {
    let rows = rows(&recorded("syn-ack-lost"));
    let answers = rows.iter().filter(|row| {
        let mut sayings = row.sayings.iter();
        sayings.any(|saying| saying.id() == "again.asked")
    });
    let clocks: Vec<Option<Expiry>> = answers.map(|row| row.timer).collect();
    assert_eq!(clocks, [None]);
}

/// What is sent does not fit what seemed to have arrived: where no TCP tells of its state, that is said.
#[test]
fn a_deduced_state_that_packets_contradict_is_told_as_such() {
    let rows = rows(&scripts::capture());
    let states = |host: Host| {
        let cells = rows.iter().filter_map(move |row| row.states[host]);
        let mut all: Vec<(TcpState, Known)> = cells.map(|cell| (cell.after, cell.known)).collect();
        all.dedup();
        all
    };
    let deduced = |state: TcpState| (state, Known::Deduced);
    use TcpState::*;
    let client = [SynSent, Established, FinWait1, FinWait2, TimeWait];
    assert_eq!(states(Host::Client), client.map(deduced));
    let server = [SynReceived, Established, CloseWait, LastAck, Closed].map(deduced);
    let (end, before) = states(Host::Server)
        .split_last()
        .map(|(end, all)| (*end, all.to_vec()))
        .expect("states");
    assert_eq!(before, server);
    assert_eq!(end, (LastAck, Known::Contradicted));
    let mut told = rows.iter().flat_map(|row| &row.sayings);
    let (who, state) = (Host::Server, LastAck);
    assert!(told.any(|saying| *saying == Saying::Contradicted { who, state }));
}

/// A RST was lost in a capture: the client stayed in CLOSED although it sent on, and nothing was said of that.
#[test]
fn a_client_that_a_lost_reset_had_not_reached_was_told_as_closed() {
    let rows = rows(&scripts::reset_lost());
    let cells = rows.iter().filter_map(|row| row.states.client);
    let told: Vec<_> = cells.map(|cell| (cell.after, cell.known)).collect();
    use TcpState::*;
    let wanted = [
        (SynSent, Known::Deduced),
        (Established, Known::Deduced),
        (Established, Known::Deduced),
        (Established, Known::Deduced),
        (Closed, Known::Deduced),
        (Established, Known::Contradicted),
        (Closed, Known::Deduced),
    ];
    assert_eq!(told, wanted);
    let (who, state) = (Host::Client, Established);
    let goes_on = Saying::GoesOn { who, state };
    let said = rows.iter().filter(|row| row.sayings.contains(&goes_on));
    assert_eq!(said.count(), 1);
}

/// A segment of which a capture has kept the beginning is as long as it was on the wire.
#[test]
fn a_packet_that_was_cut_is_told_with_all_its_bytes() {
    let rows = rows(&scripts::capture());
    let data: Vec<Saying> = rows
        .into_iter()
        .flat_map(|row| row.sayings)
        .filter(|saying| saying.id() == "data")
        .collect();
    let (who, len, first, last) = (Host::Client, 900, 1, 900);
    let wanted = Saying::Data {
        who,
        len,
        first,
        last,
    };
    assert_eq!(data, [wanted]);
}

/// Programs that close at once: the server is in CLOSE-WAIT for too short a time to be asked, and the client's
/// close() comes so soon that the third segment of the handshake has just left.
#[test]
fn a_recorded_quick_close_has_each_state_at_its_packet() {
    let rows = rows(&recorded("quick-close"));
    let mut fins = 0;
    for row in &rows {
        let Some(arrow) = &row.arrow else { continue };
        let sends = |host: Host| arrow.from == host && row.states[host].is_some();
        let ends = arrow
            .seen
            .segment()
            .is_some_and(|it| it.has(lineman_proto::wire::Flags::FIN));
        if let Some(cell) = row.states.client.filter(|_| sends(Host::Client)) {
            let moved = cell.before != cell.after && cell.after == TcpState::FinWait1;
            assert!(!moved || ends, "{row:?}");
        }
        let passed = row.states.server.filter(|cell| cell.known == Known::Passed);
        if let Some(cell) = passed {
            assert_eq!(
                (cell.before, cell.after),
                (TcpState::Established, TcpState::CloseWait)
            );
            assert!(arrow.from == Host::Client && ends);
            fins += 1;
        }
    }
    assert!(fins > 0, "no state was passed through");
}

/// A FIN may be seen only when the other one has arrived, though it had left before: it does not acknowledge that.
/// Where no TCP tells of its states, the end that has sent it is not in LAST-ACK.
#[test]
fn a_fin_that_left_before_the_other_one_arrived_has_crossed_it() {
    let log = recorded("fin-behind-fin");
    let mut story = Story::new();
    let mut rows = Vec::new();
    for event in Reader::new(&*log) {
        let mut event = event.expect("a whole log");
        match &mut event.kind {
            Kind::Start(start) => start.origin = Origin::Inferred,
            Kind::State(_) | Kind::Call(_) | Kind::Timer(_) => continue,
            _ => {}
        }
        rows.extend(story.push(&event));
    }
    rows.extend(story.finish());
    let cells = rows.iter().filter_map(|row| row.states.client);
    let mut all: Vec<(TcpState, Known)> = cells.map(|cell| (cell.after, cell.known)).collect();
    all.dedup();
    use TcpState::*;
    let wanted = [
        (SynSent, Known::Deduced),
        (Established, Known::Deduced),
        (CloseWait, Known::Deduced),
        (Closing, Known::Contradicted),
        (TimeWait, Known::Deduced),
    ];
    assert_eq!(all, wanted);
}

/// The kernel is asked only when the server's SYN has left, which is not seen yet, and the client's has arrived:
/// it was in SYN-SENT in between, as its SYN tells, and no step leads from CLOSED to SYN-RECEIVED.
#[test]
fn a_syn_that_is_seen_late_tells_that_its_sender_was_in_syn_sent() {
    let log = recorded("crossed");
    let mut events: Vec<Event> = Reader::new(&*log)
        .map(|event| event.expect("a whole log"))
        .collect();
    let of_server = |event: &Event, wanted: TcpState| match &event.kind {
        Kind::State(state) => state.host == Host::Server && state.to == wanted,
        _ => false,
    };
    events.retain(|event| !of_server(event, TcpState::SynSent));
    let is_syn = |event: &Event| match &event.kind {
        Kind::Packet(packet) => packet.from == Host::Server && packet.verdict == Verdict::Sent,
        _ => false,
    };
    let syn = events.iter().position(is_syn).expect("a SYN");
    let mut syn = events.remove(syn);
    let asked = |event: &Event| of_server(event, TcpState::SynReceived);
    let asked = events.iter().position(asked).expect("a state");
    if let Kind::State(state) = &mut events[asked].kind {
        state.from = None;
    }
    (syn.n, syn.t_ns) = (events[asked].n, events[asked].t_ns);
    events.insert(asked + 1, syn);
    let here = look(&events);
    assert!(here.untrue.is_empty(), "{:#?}", here.untrue);
    let rows = told(&events);
    let mut cells = rows.iter().filter_map(|row| row.states.server);
    let cell = cells.find(|cell| cell.after == TcpState::SynReceived);
    let cell = cell.expect("a state");
    let wanted = (TcpState::Closed, Some(TcpState::SynSent));
    assert_eq!((cell.before, cell.through), wanted);
}

/// The SYN arrives before connect() has made a socket of it, and is answered by a reset; the kernel tells of
/// SYN-SENT while that is on its way. The state waits for its SYN.
#[test]
fn a_reset_that_leaves_before_the_syn_has_not_made_syn_sent() {
    let rows = rows(&recorded("syn-behind-reset"));
    let sent = rows.iter().find(|row| {
        let cell = row.states.client;
        cell.is_some_and(|cell| cell.before != cell.after && cell.after == TcpState::SynSent)
    });
    let arrow = sent.and_then(|row| row.arrow.as_ref()).expect("a packet");
    let flags = arrow.seen.segment().expect("a segment").flags;
    assert_eq!(
        (arrow.from, flags),
        (Host::Client, lineman_proto::wire::Flags::SYN)
    );
}

/// A recorded connection from the port of one that the server has in TIME-WAIT, while nobody listens any more: each segment is told as what it
/// is, and the client goes on to ask.
#[test]
fn a_recorded_connection_from_a_port_of_before_is_told_as_such() {
    let rows = rows(&recorded("port-reused"));
    let since = rows.iter().position(|row| {
        let told = row.sayings.iter().any(|it| it.id() == "ack.earlier");
        told && row
            .states
            .client
            .is_some_and(|cell| cell.after == TcpState::SynSent)
    });
    let since = since.expect("an ACK of the connection before");
    let first = |row: &Row| {
        row.arrow
            .as_ref()
            .and_then(|_| row.sayings.first())
            .map(Saying::id)
    };
    let told: Vec<_> = rows[since..].iter().filter_map(first).collect();
    assert_eq!(
        told,
        [
            "ack.earlier",
            "rst.waiting",
            "again.rejected",
            "rst.refused"
        ]
    );
    // No timer has expired, though that of the SYN was set to the shortest time.
    assert!(rows[since..].iter().all(|row| row.timer.is_none()));
    // The program has closed the connection, and its end the listener.
    let mut all = rows.iter().flat_map(|row| &row.sayings);
    assert!(all.any(|it| it.id() == "state.listen.ended"));
}

/// The server has a connection that its peer has forgotten; a SYN from the same port has that reset, and the next reaches the listener: CLOSED →
/// SYN-RECEIVED was shown. Nobody connects by a socket whose program has closed it, and connect() on one that was connected before asks anew.
#[test]
fn recorded_half_open_connections_and_sockets_used_anew_are_told_truly() {
    let half_open = rows(&recorded("half-open"));
    let moves = |from, to| {
        move |row: &Row| {
            row.states
                .server
                .is_some_and(|it| (it.before, it.after) == (from, to))
        }
    };
    use TcpState::{Closed, Listen, SynReceived};
    assert!(!half_open.iter().any(moves(Closed, SynReceived)));
    let taken = half_open
        .iter()
        .filter(|row| moves(Listen, SynReceived)(row));
    assert_eq!(taken.count(), 2);
    let closed = rows(&recorded("closed-while-connecting"));
    let mut all = closed.iter().flat_map(|row| &row.sayings);
    assert!(!all.any(|it| it.id() == "rst.refused.unseen"));
    let anew = rows(&recorded("connected-anew"));
    let place = |id: &str| {
        let says = |row: &Row| row.sayings.iter().any(|it| it.id() == id);
        anew.iter().position(says).expect("a row")
    };
    assert_eq!(place("rst.refused"), place("call.refused"));
}

/// A program that was killed was said to have closed its socket, or nothing at all; what connect() with `AF_UNSPEC` does and what
/// becomes of connections that nobody has accepted had no reason.
#[test]
fn connections_that_end_with_their_program_or_without_a_close_are_told_truly() {
    let rows = rows(&recorded("programs-end"));
    let of_row = |row: &Row| row.sayings.iter().map(Saying::id).collect::<Vec<_>>();
    let says = |id: &str| {
        let mut all = rows.iter();
        let row = all.find(|row| of_row(row).contains(&id));
        row.unwrap_or_else(|| panic!("no {id}"))
    };
    let label = |row: &Row| row.arrow.as_ref().and_then(|arrow| arrow.label);
    assert_eq!(label(says("end.kernel")), Some(Label::FinFirst));
    for id in ["rst.dissolved", "rst.unaccepted"] {
        assert_eq!(label(says(id)), Some(Label::RstBroken), "{id}");
    }
    for (id, who) in [
        ("state.dissolved", Host::Client),
        ("state.syn.ended", Host::Client),
        ("state.listen.shut", Host::Server),
    ] {
        let row = says(id);
        assert!(row.arrow.is_none(), "{row:#?}");
        assert!(row.states[who].is_some_and(|cell| cell.after == TcpState::Closed));
    }
    let data = says("data.unheard");
    assert_eq!(
        data.states.client.map(|cell| cell.before),
        Some(TcpState::FinWait2)
    );
    let all: Vec<_> = rows.iter().flat_map(of_row).collect();
    assert!(!all.contains(&"state.moved.somehow"), "{all:?}");
    // What the socket did by its next connection was told of the one before.
    let sends = |row: &&Row| {
        let call = row.calls.client.as_ref();
        call.is_some_and(|call| call.name == "send" && call.args[0].contains("nobody reads"))
    };
    let row = rows.iter().find(sends).expect("a send()");
    let call = row.calls.client.as_ref().and_then(|call| call.socket);
    let arrow = row.arrow.as_ref().and_then(|arrow| arrow.seen.from);
    assert_eq!(call.map(|socket| socket.local), arrow);
}

/// `close(5)` of one thread stood below `close(3)` of another, which had waited for it to end.
#[test]
fn a_recorded_close_of_a_thread_stands_above_what_waited_for_it() {
    let rows = rows(&recorded("two-threads"));
    let closes = |fd: i32| {
        let mut all = rows.iter();
        let place = all.position(|row| {
            let call = row.calls.server.as_ref();
            call.is_some_and(|call| call.name == "close" && call.fd == Some(fd))
        });
        place.expect("a call")
    };
    assert!(closes(5) < closes(3), "{} {}", closes(5), closes(3));
}
