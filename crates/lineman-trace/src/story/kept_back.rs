//! Bytes that a TCP has kept back although its program had handed them over: Nagle's algorithm (RFC 9293 §3.7.4), as far as calls and
//! packets tell.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::VecDeque;

use lineman_proto::wire::Flags;
use lineman_proto::wire::Frame;
use lineman_proto::wire::TcpOption;
use lineman_proto::wire::flow::Label;

use super::Arrow;
use super::change::Socket;
use super::descriptor::Descriptor;
use super::sending::Sends;
use super::sockets::of_packet;
use crate::log::Answer;
use crate::log::Call;
use crate::log::Host;
use crate::log::Origin;
use crate::log::TcpInfo;

/// So many connections are remembered, each with two streams; of more, nothing is claimed.
const MEMORY: usize = 1024;
/// So many calls are remembered whose bytes are not acknowledged; of a stream with more, nothing is claimed.
const CALLS: usize = 256;
/// What an acknowledgment lets go leaves this soon after it, in nanoseconds: a busy machine reads packets late.
const AT_ONCE_NS: u64 = 20_000_000;
/// Kept back for less, in nanoseconds, nobody sees it.
const SEEN_NS: u64 = 1_000_000;

/// The most that TCP's options take, which a segment has less than the MSS (RFC 9293 §3.7.1).
const OPTIONS: u32 = 40;

/// What programs have handed to their TCPs, and what has left.
#[derive(Debug, Default)]
pub(super) struct KeptBack {
    streams: HashMap<Socket, Stream>,
}

/// One direction of a connection. Places are counted from the SYN, which is 0.
#[derive(Debug)]
struct Stream {
    /// The calls whose bytes are not acknowledged: behind their last byte, and when each had returned, in nanoseconds.
    calls: VecDeque<(i64, u64)>,
    /// Behind the last byte of all calls.
    given: i64,
    /// Behind the last that was sent, and behind the last segment that was no full one.
    sent: i64,
    sent_small: i64,
    /// What was acknowledged last, and when.
    acknowledged: i64,
    acknowledged_ns: u64,
    /// How far the peer has room, and how far it had before it acknowledged something last.
    room: i64,
    room_before: i64,
    /// How much a segment may carry, as the peer's SYN says.
    mss: Option<u32>,
    /// Whether something else may have kept bytes back, or a call was not seen.
    unsure: bool,
    /// Whether a call has handed over nobody knows how much.
    uncounted: bool,
    /// When the last byte was sent that had not been sent before, in nanoseconds.
    sent_ns: u64,
    /// How large the congestion window is, in segments, where its kernel says that it is full, and nothing has come since.
    full: Option<u32>,
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            calls: VecDeque::new(),
            given: 1,
            sent: 1,
            sent_small: 0,
            acknowledged: 0,
            acknowledged_ns: 0,
            room: 0,
            room_before: 0,
            mss: None,
            unsure: false,
            uncounted: false,
            sent_ns: 0,
            full: None,
        }
    }
}

impl KeptBack {
    /// A call on a connection has returned, on a socket of which this is known.
    pub(super) fn gives(&mut self, call: &Call, socket: (Socket, Option<&Descriptor>), at_ns: u64) {
        let (socket, known) = socket;
        let Some(stream) = self.streams.get_mut(&socket) else {
            return;
        };
        let sets = matches!(
            call.args.first().map(String::as_str),
            Some("TCP_NODELAY" | "TCP_CORK")
        );
        stream.unsure |= call.name == "setsockopt" && sets;
        let (Some(Answer::Value(value)), Some(Sends::Bytes | Sends::Rest)) =
            (&call.answer, Sends::by(call))
        else {
            return;
        };
        let len = bytes(call, value);
        let counted = len.or_else(|| of_file(&call.name, value));
        stream.uncounted |= counted.is_none();
        let mut flags = call.args.iter().skip(1).flat_map(|arg| arg.split('|'));
        let waits_for_more = flags.any(|flag| matches!(flag, "MSG_MORE" | "MSG_FASTOPEN"));
        let waits = |it: &Descriptor| !it.no_delay && !it.corks;
        stream.given += counted.unwrap_or(0);
        if len.is_none() || waits_for_more || !known.is_some_and(waits) {
            stream.unsure = true;
            return;
        }
        let acknowledged = stream.acknowledged;
        stream.calls.retain(|(end, _)| *end > acknowledged);
        stream.calls.push_back((stream.given, at_ns));
        stream.unsure |= stream.calls.len() > CALLS;
        stream.calls.truncate(CALLS);
    }

    /// A segment leaves: how long its bytes were kept back by Nagle's algorithm, in nanoseconds, if they were.
    pub(super) fn leaves(&mut self, arrow: &Arrow) -> Option<u64> {
        let (segment, place) = (arrow.seen.segment()?, arrow.place?);
        let socket = of_packet(arrow, arrow.from)?;
        if segment.has(Flags::SYN) {
            self.opens(arrow, socket);
            return None;
        }
        let stream = self.streams.get_mut(&socket)?;
        stream.unsure |= arrow.again.is_some() || !place.from_start;
        let (first, len) = (place.seq, segment.len);
        let end = first + i64::from(len);
        let is_small = stream.mss.is_some_and(|mss| len + OPTIONS < mss);
        let kept_ns = stream
            .kept_since(first, end)
            .map(|since_ns| arrow.sent_ns.saturating_sub(since_ns))
            .filter(|_| is_small && matches!(arrow.label, Some(Label::Data { .. })))
            .filter(|kept_ns| *kept_ns >= SEEN_NS)
            .filter(|_| arrow.sent_ns.saturating_sub(stream.acknowledged_ns) < AT_ONCE_NS);
        if len > 0 {
            if end > stream.sent {
                (stream.sent, stream.sent_ns) = (end, arrow.sent_ns);
            }
            if is_small {
                stream.sent_small = end;
            }
        }
        kept_ns
    }

    /// A segment has reached a host undamaged.
    pub(super) fn arrives(&mut self, host: Host, arrow: &Arrow, now_ns: u64) {
        let (Some(place), Some(socket)) = (arrow.place, of_packet(arrow, host)) else {
            return;
        };
        let Some((ack, stream)) = place.ack.zip(self.streams.get_mut(&socket)) else {
            return;
        };
        if ack > stream.acknowledged {
            (stream.acknowledged, stream.acknowledged_ns) = (ack, now_ns);
            stream.room_before = stream.room;
        }
        stream.full = None;
        stream.unsure |= !place.is_scaled && arrow.seen.segment().is_some_and(|it| it.window > 0);
        stream.room = stream.room.max(ack + i64::from(place.window));
    }

    /// A kernel tells how much of a connection is on its way.
    pub(super) fn figures(&mut self, told: &TcpInfo) {
        let (host, ends) = (told.host, told.socket);
        if let Some(stream) = self.streams.get_mut(&Socket { host, ends }) {
            let is_full = told.origin == Origin::Kernel && told.in_flight() >= told.cwnd;
            stream.full = is_full.then_some(told.cwnd);
        }
    }

    /// How large the congestion window of a socket is, in segments, if its kernel has said that it is full, and its peer has room.
    pub(super) fn full_window(&self, socket: Socket) -> Option<u32> {
        let stream = self.streams.get(&socket)?;
        stream.full.filter(|_| stream.room > stream.sent)
    }

    /// Whether all that the program has handed over had left by then, as far as its calls and its segments tell.
    pub(super) fn has_all_left(&self, socket: Socket, by_ns: u64) -> Option<bool> {
        let stream = self.streams.get(&socket)?;
        match stream.given.cmp(&stream.sent) {
            Ordering::Greater => Some(false),
            Ordering::Equal if !stream.uncounted => Some(stream.sent_ns <= by_ns),
            Ordering::Equal | Ordering::Less => None,
        }
    }

    /// A SYN leaves: its sender's stream begins, and what it takes bounds the segments of the other.
    fn opens(&mut self, arrow: &Arrow, socket: Socket) {
        if self.streams.len() >= 2 * MEMORY {
            return;
        }
        let Some(other) = of_packet(arrow, socket.host.other()) else {
            return;
        };
        if arrow.again.is_none() {
            let mss = self.streams.remove(&socket).and_then(|before| before.mss);
            let asks = arrow.seen.segment().is_some_and(|it| !it.has(Flags::ACK));
            let mss = mss.filter(|_| !asks);
            self.streams.insert(
                socket,
                Stream {
                    mss,
                    ..Stream::default()
                },
            );
        }
        let frame = Frame::captured(arrow.link, &arrow.bytes, arrow.wire_len);
        let mut options = frame.tcp().into_iter().flat_map(|tcp| tcp.options());
        let mss = options.find_map(|option| match option {
            TcpOption::Mss(mss) => Some(u32::from(mss)),
            _ => None,
        });
        self.streams.entry(other).or_default().mss = mss;
    }
}

impl Stream {
    /// Since when these bytes, which leave now, were kept back until what had left before them was acknowledged: it had not been when the
    /// call returned that handed over the first of them, and was no full segment. Linux keeps nothing back behind full ones (Minshall).
    fn kept_since(&self, first: i64, end: i64) -> Option<u64> {
        let (_, since_ns) = self.calls.iter().find(|(behind, _)| *behind > first)?;
        let waited = self.sent == first
            && self.sent_small == first
            && self.acknowledged == first
            && self.acknowledged_ns > *since_ns;
        let had_room = self.room_before >= end;
        (waited && had_room && !self.unsure).then_some(*since_ns)
    }
}

/// How many bytes of a file a call has handed over.
fn of_file(name: &str, value: &str) -> Option<i64> {
    let hands = matches!(name, "sendfile" | "splice");
    value.parse().ok().filter(|_| hands)
}

/// How many bytes a call has handed over, as far as its answer tells, or its argument.
fn bytes(call: &Call, value: &str) -> Option<i64> {
    match call.name.as_str() {
        "send" | "sendto" | "sendmsg" | "write" | "writev" => value.parse().ok(),
        "sendall" => {
            let text = call.args.first()?.strip_prefix('"')?.strip_suffix('"')?;
            // An escape stands for fewer bytes than it has signs.
            (text.is_ascii() && !text.contains('\\')).then(|| i64::try_from(text.len()).ok())?
        }
        _ => None,
    }
}
