//! What an event can be.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use lineman_proto::wire::LinkType;
use lineman_proto::wire::flow::TcpState;
use serde::Deserialize;
use serde::Serialize;

use super::Start;
use super::hex;
use super::link_number;
use super::state_name;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its number: events count from 0, without a gap.
    pub n: u64,
    /// When: nanoseconds since the log began, never less than the event before.
    pub t_ns: u64,
    /// What happened.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// It begins; always event 0.
    Start(Start),
    /// A host made a socket call, or a call returned.
    Call(Call),
    /// A packet entered the wire, or its fate was decided.
    Packet(Packet),
    /// A TCP socket changed its state.
    State(State),
    /// A timer of a host was set, or has expired.
    Timer(Timer),
    /// A rule of the wire was applied to a packet.
    Fault(Fault),
    /// A host's TCP has said why it did something.
    Counted(Counted),
    /// A host's TCP has made its congestion window smaller, because a segment was lost.
    Congestion(Congestion),
    /// The figures that a host's TCP keeps of a connection have changed.
    TcpInfo(TcpInfo),
    /// Something worth a sentence, said by a scenario or the lab.
    Note(Note),
    /// A host is gone before the end.
    Left {
        /// Which.
        host: Host,
        /// Why, as the system said.
        why: String,
    },
    /// It has ended in good order. A log without it was cut short.
    End,
}

impl Kind {
    /// The names of all kinds, as they stand in a log.
    pub const NAMES: [&str; 12] = [
        "start",
        "call",
        "packet",
        "state",
        "timer",
        "fault",
        "counted",
        "congestion",
        "tcp_info",
        "note",
        "left",
        "end",
    ];
}

/// One of the two ends of a conversation: a role, and a column of the ladder, not a machine. In a lab each
/// machine has one role throughout; in a capture it may have one in this conversation and the other in the
/// next, and which machine it is, the packet's own addresses say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Host {
    /// The left one, which begins: it sends the first packet that was seen, or the first SYN.
    Client,
    /// The right one, which is asked.
    Server,
}

impl Host {
    /// Its name in a log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }

    /// The one at the other end.
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// How something is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The kernel said so.
    Kernel,
    /// Deduced from packets and calls.
    Inferred,
    /// A TCP in user space did it; no kernel was asked.
    Simulated,
}

/// A socket call: told when it is made, and again when it returns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Joins the two events of one call.
    pub id: u64,
    /// Who made it.
    pub host: Host,
    /// The program, where it is not lineman itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The descriptor that it is about, where there is one yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fd: Option<i32>,
    /// The ends of the connection that it is about, if the source of the event knows them: of `accept`, when it returns, those of the new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<Box<Endpoints>>,
    /// Its name: `socket`, `bind`, …
    pub name: String,
    /// Its arguments as a programmer writes them, without the descriptor.
    pub args: Vec<String>,
    /// The kernel's answer; `None` when the call begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

impl Call {
    /// The ends of the connection that it is about.
    pub fn ends(&self) -> Option<Endpoints> {
        // What a socket was connected to before is not what connect() asks for; the ends of that are known later.
        let asks = matches!(self.name.as_str(), "connect" | "connect_ex");
        self.socket.as_deref().copied().filter(|_| !asks)
    }

    /// The address that its arguments begin with, as those of `bind` and `connect` do. An IPv4 address in an IPv6 socket's form is the IPv4 one.
    pub fn address(&self) -> Option<SocketAddr> {
        self.args.first()?.parse().ok().map(unmapped)
    }

    /// What it has returned, if it has not failed.
    pub fn value(&self) -> Option<&str> {
        match &self.answer {
            Some(Answer::Value(value)) => Some(value),
            _ => None,
        }
    }

    /// The peer of the connection that `accept` returns: it is answered by `5, 10.0.0.1:40000`.
    pub fn accepted_peer(&self) -> Option<SocketAddr> {
        let Some(Answer::Value(value)) = &self.answer else {
            return None;
        };
        let (_, peer) = value.split_once(',')?;
        peer.trim().parse().ok().map(unmapped)
    }
}

/// What an IPv6 socket calls `::ffff:10.0.0.1` is 10.0.0.1 in packets (RFC 4291 §2.5.5.2).
pub fn unmapped(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// What the kernel answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A value, as a programmer writes it.
    Value(String),
    /// The name of an error (`ECONNREFUSED`).
    Error(String),
}

/// A packet, once for its entry and once for each decision about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    /// Which packet: packets count from 1 in the order in which they enter the wire.
    pub id: u64,
    /// Who sent it.
    pub from: Host,
    /// What happened to it.
    pub verdict: Verdict,
    /// The frame, from the header of its link on, in hexadecimal digits: with [`Verdict::Sent`] as
    /// it was sent, with [`Verdict::Captured`] as it was seen, and with [`Verdict::Delivered`] if it arrives otherwise.
    #[serde(default, with = "hex", skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Vec<u8>>,
    /// How many bytes it had on the wire, where these are not all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire_len: Option<u32>,
    /// What it begins with, where that is not [`Start::link`].
    #[serde(
        default,
        with = "link_number::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub link: Option<LinkType>,
    /// When it was sent, in nanoseconds since 1970, where that is known and not the event's time. A capture states
    /// it: packets of several interfaces may be out of order, and clocks are set back. Of a lab's packets the kernel
    /// says it, by the log's clock: when the lab has read them and told, that may be later, where the machine is busy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp_ns: Option<u64>,
    /// Whether its checksum had still to be computed when it was captured, by the network card or by nobody: the kernel
    /// says so, and it is not wrong.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checksum_pending: bool,
    /// In a log of two captures, with [`Verdict::Captured`]: why the other one does not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<Absent>,
    /// In a log of two captures, with [`Verdict::Captured`]: the host whose capture has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Host>,
    /// In a log of two captures: how many bytes the segment carries of which this is a part, where the capture that tells
    /// of it has a longer one: hardware, or the kernel, has cut it later or joined it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<u32>,
}

/// Why a packet of one capture is not in the other, if it is not lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Absent {
    /// The other does not go on then, as far as its packets tell.
    OtherTime,
    /// The other's capturing has lost packets: it may be one of them.
    CaptureDropped,
    /// The other has its receiver acknowledge what it carries: it came, and was not captured.
    Acknowledged,
    /// It is only where its receiver is: what has sent it is between the two, or it went past the first.
    Unsent,
    /// That is not known: too much was under way.
    Unknown,
    /// The other has packets that are equal to it, and none of them fits: which of them it is, if any, nothing tells.
    Ambiguous,
}

impl Packet {
    /// Of a frame that is there as a whole, on the link that the log is about.
    pub fn new(id: u64, from: Host, verdict: Verdict, bytes: Option<Vec<u8>>) -> Self {
        Self {
            id,
            from,
            verdict,
            bytes,
            wire_len: None,
            link: None,
            stamp_ns: None,
            checksum_pending: false,
            absent: None,
            at: None,
            whole: None,
        }
    }
}

/// What happened to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It entered the wire.
    Sent,
    /// It waits on the wire for the user's decision, or until its delay is over.
    Held,
    /// It is held, and its sender has sent the same again: the copy was swallowed.
    Repeated {
        /// How many copies so far.
        times: u32,
    },
    /// It reached the other end.
    Delivered,
    /// A capture has seen it pass, and tells nothing else: neither when it was sent, nor when it arrived, nor
    /// whether it did. It is the only event about this packet.
    Captured,
    /// It never will.
    Dropped,
    /// Another copy of it, with a number of its own, follows.
    Duplicated {
        /// The number of the copy.
        copy: u64,
    },
}

/// A TCP socket changed its state; or has kept it, where it was asked whether its `cause`, a close(), has ended it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Whose socket.
    pub host: Host,
    /// Which socket.
    pub socket: Endpoints,
    /// Before; `None` when it is seen for the first time.
    #[serde(with = "state_name::optional")]
    pub from: Option<TcpState>,
    /// After.
    #[serde(with = "state_name")]
    pub to: TcpState,
    /// How this is known.
    pub origin: Origin,
    /// The event that caused it, as far as the order of things tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<u64>,
    /// What waits in its queues, where the kernel told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queues: Option<Queues>,
}

/// Which socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Endpoints {
    /// Its own address.
    pub local: SocketAddr,
    /// Its peer's; `None` for one that listens.
    pub remote: Option<SocketAddr>,
}

/// What waits in the queues of a socket, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queues {
    /// Received and not read by the program; for a listener, connections not accepted.
    pub unread: u32,
    /// Written by the program and not acknowledged; for a listener, its backlog.
    pub unsent: u32,
}

/// A timer of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// Whose.
    pub host: Host,
    /// Which timer.
    pub clock: TimerKind,
    /// How long it runs, or ran, in nanoseconds.
    pub wait_ns: u64,
    /// Whether it has expired; else it was set.
    pub expired: bool,
    /// How this is known.
    pub origin: Origin,
}

/// The timers that a lesson speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    /// The retransmission time-out (RFC 6298).
    Retransmission,
    /// The tail loss probe (RFC 8985 §7).
    LossProbe,
    /// The delayed ACK (RFC 1122 §4.2.3.2).
    DelayedAck,
    /// TIME-WAIT, twice the longest life of a segment (RFC 9293 §3.4.2).
    TimeWait,
    /// The probe of a window of size zero (RFC 9293 §3.8.6.1).
    Persist,
    /// The reordering timer of RACK (RFC 8985 §6.2): what has arrived behind a segment may have overtaken it.
    Reordering,
}

/// A counter of a host's TCP or UDP has moved: told before the packet that the host sends because of it, or with the
/// event that it was about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Whose.
    pub host: Host,
    /// Which.
    pub counter: Counter,
    /// How this is known.
    pub origin: Origin,
    /// The event that it is about; `None` if it is the packet that the host sends next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<u64>,
    /// What waits in the queues of the socket that it is about, where the kernel told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queues: Option<Queues>,
}

/// What the congestion control of a connection has come to when its TCP has begun to send again what is lost (RFC
/// 5681 §3.1): told before the packet that is sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Congestion {
    /// Whose.
    pub host: Host,
    /// The name of the algorithm, by which its kernel knows it; empty if that is not known.
    pub algorithm: String,
    /// The congestion window, in segments.
    pub window: u32,
    /// Above this the window grows slowly, in segments; `None` where the algorithm sets none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u32>,
    /// How this is known.
    pub origin: Origin,
}

/// What a TCP knows of a connection (`TCP_INFO` of tcp(7)), in the names of Linux: told when something of it is another than when it
/// was told last, but not more often than a lab can bear. Times are in microseconds, as the kernel has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpInfo {
    /// Whose.
    pub host: Host,
    /// Which connection.
    pub socket: Endpoints,
    /// The round trip, smoothed (`SRTT` of RFC 6298 §2); `None` before the first sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_us: Option<u32>,
    /// How much it varies (`RTTVAR`); `None` before the first sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rttvar_us: Option<u32>,
    /// The retransmission time-out now.
    pub rto_us: u32,
    /// The congestion window, in segments.
    pub cwnd: u32,
    /// Above this the window grows slowly, in segments; `None` while none is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssthresh: Option<u32>,
    /// The largest segment that it sends, in bytes.
    pub mss: u32,
    /// Segments that are sent and not acknowledged.
    pub unacked: u32,
    /// Of these, how many SACK has named.
    #[serde(default)]
    pub sacked: u32,
    /// Of these, how many it holds for lost.
    #[serde(default)]
    pub lost: u32,
    /// Of these, how many were sent again.
    #[serde(default)]
    pub retrans: u32,
    /// Segments that it has sent again, in all.
    pub total_retrans: u32,
    /// How long it holds an ACK back (RFC 1122 §4.2.3.2); `None` before it has received anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ato_us: Option<u32>,
    /// How this is known.
    pub origin: Origin,
}

impl TcpInfo {
    /// How many segments the network holds, as Linux counts them: those that are neither acknowledged nor lost, nor named by SACK.
    pub fn in_flight(&self) -> u32 {
        let gone = self.sacked.saturating_add(self.lost);
        let there = self.unacked.saturating_sub(gone);
        there.saturating_add(self.retrans)
    }
}

/// What a host's TCP and UDP count, by the names of Linux (nstat(8), `snmp_counter.rst`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Counter {
    /// A program closed a socket while received bytes were unread: the connection is reset.
    #[serde(rename = "TCPAbortOnClose")]
    AbortOnClose,
    /// A program closed a socket with `SO_LINGER` 0, or bytes came for a socket that was closed: the
    /// connection is reset.
    #[serde(rename = "TCPAbortOnData")]
    AbortOnData,
    /// The queue of a listener had no room: what came was dropped.
    #[serde(rename = "ListenOverflows")]
    ListenOverflows,
    /// A tail loss probe was sent (RFC 8985 §7).
    #[serde(rename = "TCPLossProbes")]
    LossProbes,
    /// The timer of a delayed ACK expired.
    #[serde(rename = "DelayedACKs")]
    DelayedAcks,
    /// The receive buffer of a UDP socket had no room: what came over IPv4 was dropped.
    #[serde(rename = "UdpRcvbufErrors")]
    ReceiveBufferErrors,
    /// The same of what came over IPv6.
    #[serde(rename = "Udp6RcvbufErrors")]
    ReceiveBufferErrorsV6,
}

impl Counter {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::AbortOnClose,
        Self::AbortOnData,
        Self::ListenOverflows,
        Self::LossProbes,
        Self::DelayedAcks,
        Self::ReceiveBufferErrors,
        Self::ReceiveBufferErrorsV6,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::AbortOnClose => "TCPAbortOnClose",
            Self::AbortOnData => "TCPAbortOnData",
            Self::ListenOverflows => "ListenOverflows",
            Self::LossProbes => "TCPLossProbes",
            Self::DelayedAcks => "DelayedACKs",
            Self::ReceiveBufferErrors => "UdpRcvbufErrors",
            Self::ReceiveBufferErrorsV6 => "Udp6RcvbufErrors",
        }
    }

    /// The counter of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|counter| counter.name() == name)
    }
}

/// A rule was applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// To which packet.
    pub packet: u64,
    /// The rule, in its text form; empty when a person decided.
    pub rule: String,
}

/// A sentence, by its name; the words are the view's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Which sentence.
    pub id: String,
    /// What to put into it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}
