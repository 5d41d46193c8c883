//! Rows as JSON: the contract with programs and pages that draw ladders, as `docs/json.md` states it.
//!
//! It is written out here, and not derived from [`Row`]: what is in a row may be kept otherwise tomorrow.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::net::SocketAddr;

use lineman_proto::wire::flow::Again;
use lineman_proto::wire::flow::Arrival;
use lineman_proto::wire::flow::Cause;
use lineman_proto::wire::flow::Label;
use lineman_proto::wire::flow::Segment;
use lineman_proto::wire::flow::Timer;
use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeStruct as _;

use super::Arrow;
use super::Between;
use super::CallCell;
use super::Ends;
use super::Expiry;
use super::Fate;
use super::Known;
use super::Row;
use super::StateCell;
use super::Stretch;
use super::Tftp;
use super::What;
use crate::log::Absent;
use crate::log::Answer;
use crate::log::Counter;
use crate::log::Host;
use crate::log::Origin;
use crate::log::TcpState;
use crate::log::TimerKind;
use crate::pair::Change;

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut row = to.serialize_struct("Row", 6)?;
        row.serialize_field("t_ns", &self.t_ns)?;
        row.serialize_field("calls", &both(&self.calls, call))?;
        row.serialize_field("packet", &self.arrow.as_ref().map(packet))?;
        row.serialize_field("states", &both(&self.states, state))?;
        row.serialize_field("timer", &self.timer.as_ref().map(timer))?;
        row.serialize_field("sayings", &self.sayings)?;
        row.end()
    }
}

/// One of something for each host.
#[derive(Serialize)]
struct Both<T> {
    client: Option<T>,
    server: Option<T>,
}

fn both<'a, T, U>(ends: &'a Ends<Option<T>>, of: impl Fn(&'a T) -> U) -> Both<U> {
    Both {
        client: ends.client.as_ref().map(&of),
        server: ends.server.as_ref().map(&of),
    }
}

#[derive(Serialize)]
struct CallForm<'a> {
    id: u64,
    t_ns: u64,
    name: &'a str,
    fd: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<String>,
    args: &'a [String],
    begins: bool,
    answer: Option<&'a Answer>,
    waited: bool,
}

impl Serialize for CallCell {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        call(self).serialize(to)
    }
}

fn call(cell: &CallCell) -> CallForm<'_> {
    CallForm {
        id: cell.id,
        t_ns: cell.t_ns,
        name: &cell.name,
        fd: cell.fd,
        connection: cell.connection.map(|it| it.to_string()),
        args: &cell.args,
        begins: cell.begins,
        answer: cell.answer.as_ref(),
        waited: cell.waited,
    }
}

#[derive(Serialize)]
struct StateForm {
    before: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<&'static str>,
    after: &'static str,
    known: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<String>,
}

fn state(cell: &StateCell) -> StateForm {
    StateForm {
        before: cell.before.name(),
        through: cell.through.map(TcpState::name),
        after: cell.after.name(),
        known: match cell.known {
            Known::Kernel => "kernel",
            Known::Simulated => "simulated",
            Known::Deduced => "deduced",
            Known::Passed => "passed",
            Known::Contradicted => "contradicted",
        },
        connection: cell.connection.map(|it| it.to_string()),
    }
}

#[derive(Serialize)]
struct ExpiryForm {
    host: Host,
    kind: TimerKind,
    wait_ns: u64,
    origin: Origin,
}

fn timer(timer: &Expiry) -> ExpiryForm {
    ExpiryForm {
        host: timer.host,
        kind: timer.kind,
        wait_ns: timer.wait_ns,
        origin: timer.origin,
    }
}

#[derive(Serialize)]
struct PacketForm<'a> {
    id: u64,
    from: Host,
    sent_ns: u64,
    decided_ns: Option<u64>,
    fate: &'static str,
    part: &'static str,
    held: bool,
    repeats: u32,
    copy_of: Option<u64>,
    rules: &'a [String],
    altered: bool,
    deduced: bool,
    nobody: Option<IpAddr>,
    counter: Option<Counter>,
    arrival: &'static str,
    again: Option<AgainForm>,
    addresses: Option<[SocketAddr; 2]>,
    protocol: &'static str,
    line: &'a str,
    tcp: Option<TcpForm>,
    tftp: Option<TftpForm>,
    link: u16,
    wire_len: usize,
    stamp_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    between: Option<BetweenForm<'a>>,
    bytes: Option<String>,
}

/// What two captures tell.
#[derive(Serialize)]
struct BetweenForm<'a> {
    absent: Option<Absent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Host>,
    sent_whole: Option<u32>,
    came_whole: Option<u32>,
    overtaken: u32,
    changes: Vec<ChangeForm<'a>>,
}

#[derive(Serialize)]
struct ChangeForm<'a> {
    field: &'static str,
    from: &'a str,
    to: &'a str,
}

fn between<'a>(arrow: &Arrow, it: &'a Between) -> BetweenForm<'a> {
    let change = |it: &'a Change| ChangeForm {
        field: it.field.name(),
        from: &it.from,
        to: &it.to,
    };
    BetweenForm {
        absent: it.absent,
        at: it.at,
        sent_whole: it.sent_whole,
        came_whole: it.came_whole,
        overtaken: arrow.overtaken,
        changes: it.changes.iter().map(change).collect(),
    }
}

fn packet(arrow: &Arrow) -> PacketForm<'_> {
    let seen = &arrow.seen;
    PacketForm {
        id: arrow.id,
        from: arrow.from,
        sent_ns: arrow.sent_ns,
        decided_ns: arrow.decided_ns,
        fate: match arrow.fate {
            Fate::Crossing => "crossing",
            Fate::Held => "held",
            Fate::Delivered => "delivered",
            Fate::Captured => "captured",
            Fate::Dropped => "dropped",
        },
        part: match arrow.stretch {
            Stretch::Whole => "whole",
            Stretch::Departure => "departure",
            Stretch::Repeat => "repeat",
            Stretch::Landing => "landing",
        },
        held: arrow.held,
        repeats: arrow.repeats,
        copy_of: arrow.copy_of,
        rules: &arrow.rules,
        altered: arrow.altered,
        deduced: arrow.deduced,
        nobody: arrow.nobody,
        counter: arrow.counter,
        arrival: match arrow.arrival {
            Arrival::InOrder => "in_order",
            Arrival::Early => "early",
            Arrival::Known => "known",
            Arrival::SynAgain => "syn_again",
            Arrival::FinAgain => "fin_again",
            Arrival::FinTooEarly => "fin_too_early",
            Arrival::NoRoom => "no_room",
            Arrival::Stale => "stale",
            Arrival::OldAck => "old_ack",
            Arrival::Passed { .. } => "passed",
            Arrival::ResetIgnored(_) => "reset_ignored",
            Arrival::Damaged => "damaged",
            Arrival::Gone => "gone",
        },
        again: arrow.again.map(|it| again(it, arrow.earlier_lost)),
        addresses: seen.from.zip(seen.to).map(|(from, to)| [from, to]),
        protocol: match &seen.what {
            What::Tcp(_) => "tcp",
            What::Udp(datagram) if datagram.tftp.is_some() => "tftp",
            What::Udp(_) => "udp",
            What::Piece(_) => "ip",
            What::IcmpError(_) => "icmp",
            What::Other => "other",
        },
        line: &seen.line,
        tcp: seen.segment().map(|segment| tcp(arrow, segment)),
        tftp: tftp(arrow),
        link: arrow.link.0,
        wire_len: arrow.wire_len,
        stamp_ns: arrow.stamp_ns,
        connection: arrow.connection.map(|it| it.to_string()),
        between: arrow.between.as_ref().map(|it| between(arrow, it)),
        // Once is enough: the row in which it lands names the same packet.
        bytes: matches!(arrow.stretch, Stretch::Whole | Stretch::Departure)
            .then(|| digits(&arrow.bytes)),
    }
}

#[derive(Serialize)]
struct AgainForm {
    times: u32,
    wait_ns: u64,
    earlier: u64,
    earlier_lost: Option<bool>,
    cause: &'static str,
}

fn again(again: Again, earlier_lost: Option<bool>) -> AgainForm {
    AgainForm {
        times: again.times,
        wait_ns: again.wait_ns,
        earlier: again.earlier,
        earlier_lost,
        cause: match again.cause {
            Cause::Silence => "silence",
            Cause::Timer(Timer::Retransmission) => "retransmission_timeout",
            Cause::Timer(Timer::Either) => "timer",
            Cause::Timer(Timer::OrAsked) => "timeout_or_asked",
            Cause::Timer(Timer::Program) => "program",
            Cause::Duplicates { .. } => "duplicate_acks",
            Cause::Sack { .. } => "sack",
            Cause::Progress => "partial_ack",
            Cause::Asked => "asked",
            Cause::Rejected => "no_answer",
            Cause::SlowStart => "slow_start",
            Cause::Resumed => "resumed",
            Cause::Gap => "gap",
            Cause::Probed => "probed",
            Cause::Opened => "opened",
            Cause::Doubled => "doubled",
        },
    }
}

#[derive(Serialize)]
struct TcpForm {
    flags: String,
    seq: u32,
    ack: Option<u32>,
    len: u32,
    window: Option<u32>,
    relative_seq: Option<i64>,
    relative_ack: Option<i64>,
    label: Option<&'static str>,
}

fn tcp(arrow: &Arrow, segment: &Segment) -> TcpForm {
    let has_ack = segment.has(lineman_proto::wire::Flags::ACK);
    TcpForm {
        flags: segment.flags.to_string(),
        seq: segment.seq,
        ack: has_ack.then_some(segment.ack),
        len: segment.len,
        window: arrow
            .place
            .filter(|place| place.is_scaled)
            .map(|place| place.window),
        relative_seq: arrow
            .counted()
            .filter(|_| !arrow.stands_nowhere())
            .map(|place| place.seq),
        relative_ack: arrow.counted().and_then(|place| place.ack),
        label: arrow.label.map(label),
    }
}

fn label(label: Label) -> &'static str {
    match label {
        Label::Syn => "syn",
        Label::SynCrossed => "syn_crossed",
        Label::SynAck => "syn_ack",
        Label::SynAckCrossed => "syn_ack_crossed",
        Label::AckThird { .. } => "ack_third",
        Label::Data { half: false } => "data",
        Label::Data { half: true } => "data_half",
        Label::Ack { .. } => "ack",
        Label::AckFin { last: false, .. } => "ack_fin",
        Label::AckFin { last: true, .. } => "ack_fin_last",
        Label::AckDup { .. } => "ack_dup",
        Label::Window => "window",
        Label::Probe { .. } => "probe",
        Label::KeepAlive => "keep_alive",
        Label::AckAgain(_) => "ack_again",
        Label::AckFirst => "ack_first",
        Label::AckEarlier => "ack_earlier",
        Label::SynInside => "syn_inside",
        Label::NoAck => "no_ack",
        Label::FinFirst => "fin_first",
        Label::FinSecond => "fin_second",
        Label::FinCombined => "fin_combined",
        Label::FinCrossed => "fin_crossed",
        Label::RstRefused => "rst_refused",
        Label::RstBroken => "rst_broken",
        Label::RstLate => "rst_late",
        Label::RstWaiting => "rst_waiting",
        Label::RstUnheard => "rst_unheard",
    }
}

#[derive(Serialize)]
struct TftpForm {
    packet: &'static str,
    block: Option<u16>,
    last: bool,
    stray: Option<u16>,
    new_tid: Option<u16>,
    blksize: u64,
    windowsize: u64,
    bytes: u64,
}

/// A packet of TFTP, and what it is in its transfer.
fn tftp(arrow: &Arrow) -> Option<TftpForm> {
    let What::Udp(datagram) = &arrow.seen.what else {
        return None;
    };
    let (packet, step) = (datagram.tftp.as_ref()?, arrow.file?);
    let (name, block) = match packet {
        Tftp::Request(ask) if ask.write => ("wrq", None),
        Tftp::Request(_) => ("rrq", None),
        Tftp::Oack(_) => ("oack", None),
        Tftp::Data { block, .. } => ("data", Some(*block)),
        Tftp::Ack { block } => ("ack", Some(*block)),
        Tftp::Error { .. } => ("error", None),
    };
    Some(TftpForm {
        packet: name,
        block,
        last: step.last,
        stray: step.stray,
        new_tid: step.new_tid,
        blksize: step.blksize,
        windowsize: step.window,
        bytes: step.bytes,
    })
}

fn digits(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}
