//! Connections: what of their bytes has come, when, and how many of them programs have taken. A call cannot have returned what had
//! not come by then.
//!
//! What is taken unseen counts too little, and bytes that a kernel discards too much: both say that a call may have returned earlier
//! than it has, and never that it has returned later.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::net::SocketAddr;

use lineman_trace::log::Answer;
use lineman_trace::log::Call;
use lineman_trace::log::Host;

use crate::wire::Segment;

use super::is_poll;

/// The connections, by what comes to their ends.
#[derive(Debug, Default)]
pub(super) struct Streams(BTreeMap<(Host, SocketAddr, SocketAddr), Stream>);

/// What has come to an end of a connection.
#[derive(Debug)]
struct Stream {
    /// The sequence number of its SYN.
    isn: u32,
    /// Whether bytes have come with that.
    opens_with_bytes: bool,
    /// The sequence number that is expected next.
    next: u32,
    /// How many bytes have come without a gap; the end counts as one.
    len: u64,
    /// When there were how many, until all of them are taken.
    came: VecDeque<(u64, u64)>,
    /// What has come behind a gap.
    ahead: Vec<(u32, u32)>,
    /// How many bytes calls have returned.
    taken: u64,
    /// When the first came that was no SYN.
    opened_ns: Option<u64>,
    /// When it was reset.
    reset_ns: Option<u64>,
    /// Whether its program has shut down receiving: then it is at the end whatever comes.
    deaf: bool,
}

impl Streams {
    /// A segment has come to a host.
    pub(super) fn arrives(&mut self, host: Host, segment: &Segment, t_ns: u64) {
        let key = (host, segment.destination, segment.source);
        if segment.opens() {
            let known = self.0.get(&key).is_some_and(|it| it.isn == segment.seq);
            if !known {
                self.0.insert(key, Stream::new(segment));
                if self.0.len() > CONNECTIONS {
                    self.0.pop_first();
                }
            }
        }
        let Some(stream) = self.0.get_mut(&key) else {
            return;
        };
        stream.arrives(segment, t_ns);
        if stream.came.len() > SEGMENTS || stream.ahead.len() > SEGMENTS {
            self.0.remove(&key);
        }
    }

    /// A call begins.
    pub(super) fn begins(&mut self, call: &Call) {
        let how = call.args.first().map(String::as_str);
        let deafens = call.name == "shutdown" && matches!(how, Some("SHUT_RD" | "SHUT_RDWR"));
        if let Some(stream) = self.of(call).filter(|_| deafens) {
            stream.deaf = true;
        }
    }

    /// A call has returned: when it can have done that at the earliest, if that is known. `None` if nothing tells.
    pub(super) fn returns(&mut self, call: &Call) -> Option<Option<u64>> {
        let stream = self.of(call)?;
        let value = match &call.answer {
            Some(Answer::Value(value)) => value,
            Some(Answer::Error(error)) if error == "ECONNRESET" => return Some(stream.reset_ns),
            _ => return None,
        };
        match call.name.as_str() {
            "accept" if stream.opens_with_bytes => Some(None),
            "accept" => Some(stream.opened_ns),
            "recv" | "recvfrom" | "recvmsg" | "read" | "readv" => {
                let number = value.split([' ', ',']).next()?.parse().ok()?;
                Some(stream.gives(call, number))
            }
            name if is_poll(name) && says_readable(value) && !stream.deaf => {
                Some(stream.when(stream.taken + 1))
            }
            _ => None,
        }
    }

    /// The connection that a call is about, or has made.
    fn of(&mut self, call: &Call) -> Option<&mut Stream> {
        let ends = call.ends()?;
        self.0.get_mut(&(call.host, ends.local, ends.remote?))
    }
}

impl Stream {
    fn new(syn: &Segment) -> Self {
        let next = syn.seq.wrapping_add(1);
        Self {
            isn: syn.seq,
            opens_with_bytes: syn.end != next,
            next,
            len: 0,
            came: VecDeque::new(),
            ahead: Vec::new(),
            taken: 0,
            opened_ns: None,
            reset_ns: None,
            deaf: false,
        }
    }

    fn arrives(&mut self, segment: &Segment, t_ns: u64) {
        if segment.reset {
            self.reset_ns.get_or_insert(t_ns);
            return;
        }
        if !segment.opens() {
            self.opened_ns.get_or_insert(t_ns);
        }
        let before = self.len;
        self.ahead.push((segment.seq, segment.end));
        while let Some(at) = self.ahead.iter().position(|it| !is_behind(self.next, it.0)) {
            let (_, end) = self.ahead.swap_remove(at);
            if is_behind(self.next, end) {
                self.len += u64::from(end.wrapping_sub(self.next));
                self.next = end;
            }
        }
        if self.len > before {
            self.came.push_back((t_ns, self.len));
        }
    }

    /// When a call can have returned so many bytes at the earliest; 0 is the end.
    fn gives(&mut self, call: &Call, bytes: u64) -> Option<u64> {
        let flags = call.args.iter().skip(1).flat_map(|arg| arg.split('|'));
        let (mut peeks, mut apart) = (false, false);
        flags.for_each(|flag| match flag {
            "MSG_PEEK" => peeks = true,
            "MSG_OOB" | "MSG_ERRQUEUE" => apart = true,
            _ => {}
        });
        let nothing_asked = call.args.first().is_some_and(|asked| asked == "0");
        if apart || bytes == 0 && (self.deaf || nothing_asked) {
            return None;
        }
        let came_ns = self.when(self.taken + bytes.max(1));
        if !peeks {
            self.taken += bytes;
            while self.came.front().is_some_and(|it| it.1 <= self.taken) {
                self.came.pop_front();
            }
        }
        came_ns
    }

    /// When so many bytes had come, or the connection was reset.
    fn when(&self, len: u64) -> Option<u64> {
        let came = self.came.iter().find(|it| it.1 >= len);
        let came_ns = came.map(|it| it.0);
        came_ns.into_iter().chain(self.reset_ns).min()
    }
}

/// Whether of two sequence numbers the second lies behind the first.
fn is_behind(number: u32, other: u32) -> bool {
    other.wrapping_sub(number).wrapping_sub(1) < 1 << 31
}

/// Whether a poll() says that there is something to read, and no more than that.
fn says_readable(value: &str) -> bool {
    let more = ["HUP", "ERR", "POLLOUT", "WRNORM", "out ["];
    let reads = value.contains("POLLIN") || value.contains("in [");
    reads && !more.iter().any(|it| value.contains(it))
}

/// How many connections are remembered.
const CONNECTIONS: usize = 1024;
/// Of how many segments is known when they came: of a connection whose program reads by calls that are not seen, nothing is claimed.
const SEGMENTS: usize = 4096;

#[cfg(test)]
mod tests {
    use lineman_proto::wire::Flags;
    use lineman_proto::wire::compose::Envelope;
    use lineman_proto::wire::compose::Segment as Composed;
    use lineman_trace::log::Endpoints;
    use lineman_trace::log::Event;
    use lineman_trace::log::Kind;
    use lineman_trace::log::Packet;
    use lineman_trace::log::Verdict;

    use super::super::Woken;
    use super::*;

    const ISN: u32 = u32::MAX - 2;

    /// What a client's packets and a server's calls come to; times are in microseconds.
    #[derive(Default)]
    struct Server {
        woken: Woken,
        packets: u64,
    }

    impl Server {
        fn hears(&mut self, at: u64, kind: Kind) -> u64 {
            let t_ns = at * 1000;
            let mut event = Event { n: 0, t_ns, kind };
            self.woken.hear(&mut event);
            event.t_ns / 1000
        }

        /// A segment that begins so far behind the SYN arrives from a port.
        fn comes(&mut self, at: u64, port: u16, flags: Flags, seq: u32, payload: &[u8]) {
            let from = ([10, 0, 0, 1], port).into();
            let envelope = Envelope::new(from, ([10, 0, 0, 2], 9000).into());
            let frame = envelope.tcp(&Composed {
                flags,
                seq: ISN.wrapping_add(seq),
                payload,
                ..Composed::default()
            });
            self.packets += 1;
            let told = |verdict, bytes| {
                Kind::Packet(Packet::new(self.packets, Host::Client, verdict, bytes))
            };
            let (sent, delivered) = (
                told(Verdict::Sent, Some(frame)),
                told(Verdict::Delivered, None),
            );
            self.hears(at - 1, sent);
            self.hears(at, delivered);
        }

        fn opens(&mut self, at: u64, port: u16) {
            self.comes(at, port, Flags::SYN, 0, b"");
            self.comes(at + 1, port, Flags::ACK, 1, b"");
        }

        /// When a call returns on the connection with a port, which strace says has begun and returned then.
        fn calls(&mut self, port: u16, call: &str, answer: &str, begun: u64, until: u64) -> u64 {
            let (name, args) = call.split_once('(').expect("a call");
            let args = args.trim_end_matches(')').split(", ").map(str::to_owned);
            let mut call = Call {
                id: self.packets + begun,
                host: Host::Server,
                program: Some("python3".to_owned()),
                fd: Some(4),
                socket: Some(Box::new(Endpoints {
                    local: ([10, 0, 0, 2], 9000).into(),
                    remote: Some(([10, 0, 0, 1], port).into()),
                })),
                name: name.to_owned(),
                args: args.collect(),
                answer: None,
            };
            self.hears(begun, Kind::Call(call.clone()));
            call.answer = Some(match answer.starts_with('E') {
                true => Answer::Error(answer.to_owned()),
                false => Answer::Value(answer.to_owned()),
            });
            self.hears(until, Kind::Call(call))
        }
    }

    /// A recv() stood some microseconds above the segment that had brought its byte: one of another connection had come while it
    /// waited, and was taken for what it had waited for.
    #[test]
    fn of_two_connections_each_has_its_own_calls_return() {
        let mut server = Server::default();
        server.opens(10, 1);
        server.opens(20, 2);
        let bytes = Flags::PSH | Flags::ACK;
        server.comes(400, 1, bytes, 1, b"other");
        server.comes(1000, 2, bytes, 1, b"b");
        assert_eq!(server.calls(2, "recv(4)", "1 \"b\"", 100, 975), 1000);
        assert_eq!(server.calls(1, "recv(4)", "4 \"othe\"", 101, 1030), 1030);
        let seen = server.calls(2, "accept()", "5, 10.0.0.1:2", 1, 15);
        assert_eq!(seen, 21, "its third ACK");
    }

    #[test]
    fn a_call_returns_what_had_come_by_then() {
        let mut server = Server::default();
        server.opens(10, 1);
        let bytes = Flags::PSH | Flags::ACK;
        server.comes(100, 1, bytes, 1, b"abcd");
        server.comes(300, 1, bytes, 9, b"ijkl");
        let read = |server: &mut Server, answer: &str, at| {
            server.calls(1, "recv(4, MSG_X)", answer, at - 1, at)
        };
        let peeked = server.calls(1, "recv(9, MSG_PEEK)", "4 \"abcd\"", 20, 90);
        assert_eq!(peeked, 100);
        assert_eq!(read(&mut server, "2 \"ab\"", 95), 100);
        assert_eq!(read(&mut server, "2 \"cd\"", 98), 100, "short, too");
        server.comes(500, 1, bytes, 5, b"efgh");
        let ready = "1 ([{fd=4, revents=POLLIN}])";
        let polled = server.calls(1, "poll([{fd=4, events=POLLIN}], 1, 9)", ready, 110, 490);
        assert_eq!(polled, 500, "what comes behind a gap makes nothing ready");
        assert_eq!(read(&mut server, "8 \"efghijkl\"", 491), 500);
        server.comes(700, 1, Flags::FIN | Flags::ACK, 13, b"");
        assert_eq!(read(&mut server, "0", 690), 700);
    }

    #[test]
    fn what_no_segment_has_brought_waits_for_none() {
        let mut server = Server::default();
        server.opens(10, 1);
        assert_eq!(server.calls(1, "recv(0)", "0", 20, 30), 30);
        server.calls(1, "shutdown(SHUT_RD)", "0", 40, 41);
        server.comes(100, 1, Flags::FIN | Flags::ACK, 1, b"");
        assert_eq!(server.calls(1, "recv(4)", "0", 50, 60), 60);
        server.comes(200, 1, Flags::RST | Flags::ACK, 2, b"");
        assert_eq!(server.calls(1, "recv(4)", "ECONNRESET", 110, 190), 200);
        assert_eq!(server.calls(1, "recv(4)", "EAGAIN", 120, 130), 130);
    }
}
