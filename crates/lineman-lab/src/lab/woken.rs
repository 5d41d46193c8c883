//! When calls of programs have returned that waited for packets.
//!
//! strace tells when a call began and how long it took, and looks at its clock for the second only when it has written down the
//! first: what it takes for that is missing. So a call seems to return before the packet has come that made it return; it is put
//! behind that. What a call on a connection has returned tells which segment that was; of other calls, how long they took tells
//! whether they have waited.

mod streams;

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::net::SocketAddr;

use lineman_proto::wire::Frame;
use lineman_trace::log::Answer;
use lineman_trace::log::Call;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Packet;
use lineman_trace::log::Verdict;
use lineman_trace::log::unmapped;

use crate::wire::Segment;

use streams::Streams;

/// What has come to the hosts, and which calls wait.
#[derive(Debug, Default)]
pub(super) struct Woken {
    /// What packets bring, by their numbers.
    carried: BTreeMap<u64, Carried>,
    /// What has come to a host, and when.
    brought: BTreeMap<Host, VecDeque<(u64, Carried)>>,
    /// When calls began that have not returned, by their numbers.
    begun: BTreeMap<u64, u64>,
    /// When a host's program last had taken all that had come to it.
    emptied: BTreeMap<Host, u64>,
    streams: Streams,
}

/// What a packet may have a call return.
#[derive(Clone, Copy, Debug)]
struct Carried {
    /// The segment, if it is one.
    segment: Option<Segment>,
    /// The sender of a datagram, if it is a whole one.
    datagram_of: Option<SocketAddr>,
    /// Whether it opens a connection.
    opens: bool,
    /// Whether it brings bytes, or an end.
    brings: bool,
}

impl Woken {
    /// Hears of an event, and corrects the time of a call that returned.
    pub(super) fn hear(&mut self, event: &mut Event) {
        match &event.kind {
            Kind::Packet(packet) => self.packet(event.t_ns, packet),
            Kind::Call(call) if call.answer.is_none() => {
                self.streams.begins(call);
                self.begun.insert(call.id, event.t_ns);
                if self.begun.len() > REMEMBERED {
                    self.begun.pop_first();
                }
            }
            Kind::Call(call) => {
                let begun_ns = self.begun.remove(&call.id);
                let came_ns = self.streams.returns(call);
                let guessed_ns = || begun_ns.and_then(|at| self.woken(call, at, event.t_ns));
                let woken_ns = came_ns.unwrap_or_else(guessed_ns);
                event.t_ns = woken_ns.map_or(event.t_ns, |at| at.max(event.t_ns));
                if has_taken_all(call) {
                    self.emptied.insert(call.host, event.t_ns);
                }
                self.opened(call);
            }
            _ => {}
        }
    }

    fn packet(&mut self, t_ns: u64, packet: &Packet) {
        let carried = match (packet.verdict, &packet.bytes) {
            (Verdict::Sent, Some(bytes)) => Carried::of(bytes).map(|it| (packet.id, it)),
            (Verdict::Duplicated { copy }, _) => self.carried.get(&packet.id).map(|it| (copy, *it)),
            (Verdict::Delivered, _) => {
                if let Some(carried) = self.carried.remove(&packet.id) {
                    let to = packet.from.other();
                    if let Some(segment) = &carried.segment {
                        self.streams.arrives(to, segment, t_ns);
                    }
                    let brought = self.brought.entry(to).or_default();
                    brought.push_back((t_ns, carried));
                    if brought.len() > REMEMBERED {
                        brought.pop_front();
                    }
                }
                None
            }
            _ => None,
        };
        self.carried.extend(carried);
        if self.carried.len() > REMEMBERED {
            self.carried.pop_first();
        }
    }

    /// What has opened a connection makes nothing ready any more when its program has got that.
    fn opened(&mut self, call: &Call) {
        let done = matches!(call.answer, Some(Answer::Value(_)));
        let peer = match call.name.as_str() {
            "accept" => call.accepted_peer(),
            "connect" => call.address(),
            _ => None,
        };
        let brought = self.brought.get_mut(&call.host);
        if let Some((peer, brought)) = peer.filter(|_| done).zip(brought) {
            brought.retain(|(_, it)| !(it.opens && it.segment_of() == Some(peer)));
        }
    }

    /// When the first came that a call can have waited for, if it had to wait and seems to have returned before that.
    fn woken(&self, call: &Call, begun_ns: u64, returned_ns: u64) -> Option<u64> {
        let waited_ns = returned_ns.saturating_sub(begun_ns);
        let by_packet = match &call.answer {
            Some(Answer::Value(value)) => !(is_poll(&call.name) && is_zero(value)),
            Some(Answer::Error(error)) => error == "ECONNREFUSED" || error == "ECONNRESET",
            None => false,
        };
        if !by_packet {
            return None;
        }
        let brought = self.brought.get(&call.host)?;
        let wakes = |it: &&(u64, Carried)| it.1.wakes(call);
        let since = brought.iter().filter(|(at, _)| *at > begun_ns);
        let (first_ns, _) = since.clone().find(wakes)?;
        let has_waited = waited_ns >= SHORTEST_WAIT_NS || {
            // Of a short one only its packet tells that it has: nothing else was there, and its own came at once.
            let emptied_ns = self.emptied.get(&call.host).copied().unwrap_or_default();
            let was_there = |at: u64| emptied_ns < at && at <= begun_ns;
            let mut before = brought.iter().filter(wakes);
            !before.any(|(at, _)| was_there(*at))
                && first_ns.saturating_sub(returned_ns) < SHORTEST_WAIT_NS
        };
        (has_waited && *first_ns > returned_ns).then_some(*first_ns)
    }
}

/// Whether a call says that something is ready, or that nothing is.
fn is_poll(name: &str) -> bool {
    matches!(
        name,
        "poll" | "ppoll" | "select" | "pselect" | "epoll_wait" | "epoll_pwait" | "epoll_pwait2"
    )
}

/// Whether an answer that may have more in it begins with the number 0.
fn is_zero(value: &str) -> bool {
    value.split([' ', ',']).next() == Some("0")
}

/// Whether a call has returned all that had come: it has got less than it asked for, or nothing.
fn has_taken_all(call: &Call) -> bool {
    if !matches!(call.name.as_str(), "recv" | "recvfrom" | "read") {
        return false;
    }
    match &call.answer {
        Some(Answer::Value(value)) => {
            let number = |text: &str| text.split([' ', ',']).next()?.parse::<u64>().ok();
            let asked = call.args.first().and_then(|asked| number(asked));
            number(value)
                .zip(asked)
                .is_some_and(|(got, asked)| got < asked)
        }
        Some(Answer::Error(error)) => error == "EAGAIN",
        None => false,
    }
}

impl Carried {
    fn of(frame: &[u8]) -> Option<Self> {
        let segment = Segment::of(frame);
        if segment.is_none() && frame.get(12..14) == Some(&ARP) {
            return None;
        }
        let other = segment.is_none().then(|| Frame::parse(frame));
        let datagram = other.filter(|it| it.udp().is_some() && it.fragment().is_none());
        let counts = |it: Segment| it.reset || it.counts && (it.plain || it.ends);
        Some(Self {
            segment,
            datagram_of: datagram.and_then(|it| Some(it.endpoints()?.0)),
            opens: segment.is_some_and(|it| it.opens()),
            brings: segment.is_none_or(counts),
        })
    }

    /// Its sender, if it is a segment.
    fn segment_of(&self) -> Option<SocketAddr> {
        self.segment.map(|segment| segment.source)
    }

    /// Whether a call of this name may have waited for it.
    fn wakes(&self, call: &Call) -> bool {
        if !self.may_be_for(call) {
            return false;
        }
        let is_from =
            |peer: Option<SocketAddr>| self.segment.is_some() && self.segment_of() == peer;
        match call.name.as_str() {
            "accept" => !self.opens && is_from(call.accepted_peer()),
            "connect" => {
                let fails = matches!(call.answer, Some(Answer::Error(_)));
                (if fails { self.brings } else { self.opens }) && is_from(call.address())
            }
            name if is_poll(name) => self.opens || self.brings,
            "recv" | "recvfrom" | "recvmsg" | "read" => self.brings,
            _ => false,
        }
    }

    /// Whether it is not known to be for another socket than that of a call.
    fn may_be_for(&self, call: &Call) -> bool {
        let ends = call.ends().filter(|ends| ends.remote.is_some());
        match (ends, &self.segment) {
            (Some(ends), Some(segment)) => {
                (ends.local, ends.remote) == (segment.destination, Some(segment.source))
            }
            (Some(_), None) => self.datagram_of.is_none(),
            (None, None) => {
                let sender = sender(call).filter(|_| self.datagram_of.is_some());
                sender.is_none_or(|sender| Some(sender) == self.datagram_of)
            }
            (None, Some(_)) => sender(call).is_none(),
        }
    }
}

/// The sender of the datagram that a call has received, if it says so: `5 "hello", 10.0.0.1:40000`.
fn sender(call: &Call) -> Option<SocketAddr> {
    let value = call.value().filter(|_| call.name == "recvfrom")?;
    let (_, sender) = value.rsplit_once(", ")?;
    sender.parse().ok().map(unmapped)
}

/// How many of each are remembered: what is under way at once, and calls of programs that are busy.
const REMEMBERED: usize = 4096;
/// A call that takes less may not have waited: what it returned had been there before. With strace one takes some ten microseconds.
const SHORTEST_WAIT_NS: u64 = 200_000;
/// The number of ARP in a frame.
const ARP: [u8; 2] = [0x08, 0x06];

#[cfg(test)]
mod tests {
    use lineman_proto::wire::Flags;
    use lineman_proto::wire::compose::Envelope;
    use lineman_proto::wire::compose::Segment as Composed;

    use super::*;

    fn packet(n: u64, t_ns: u64, verdict: Verdict, bytes: Option<Vec<u8>>) -> Event {
        let kind = Kind::Packet(Packet::new(1, Host::Client, verdict, bytes));
        Event { n, t_ns, kind }
    }

    fn call(t_ns: u64, name: &str, answer: Option<&str>) -> Event {
        let answer = answer.map(|it| match it.starts_with('E') {
            true => Answer::Error(it.to_owned()),
            false => Answer::Value(it.to_owned()),
        });
        let kind = Kind::Call(Call {
            id: 7,
            host: Host::Server,
            program: Some("python3".to_owned()),
            fd: Some(3),
            socket: None,
            name: name.to_owned(),
            args: vec!["10.0.0.1:40000".to_owned()],
            answer,
        });
        Event { n: 0, t_ns, kind }
    }

    fn envelope() -> Envelope {
        Envelope::new(([10, 0, 0, 1], 40000).into(), ([10, 0, 0, 2], 9000).into())
    }

    /// When a call returns that began at 1 ms and that strace says took so long; the packet came at 5 ms.
    fn returns(name: &str, answer: &str, frame: Vec<u8>, returned_ns: u64) -> u64 {
        let mut woken = Woken::default();
        let mut last = call(returned_ns, name, Some(answer));
        woken.hear(&mut call(1_000_000, name, None));
        woken.hear(&mut packet(1, 3_000_000, Verdict::Sent, Some(frame)));
        woken.hear(&mut packet(2, 5_000_000, Verdict::Delivered, None));
        woken.hear(&mut last);
        last.t_ns
    }

    /// `recvfrom() = 5 "hello"` stood above the datagram: strace had counted half a millisecond too little.
    #[test]
    fn a_call_returns_after_what_made_it_return() {
        let datagram = || envelope().udp(b"hello");
        let (early, late) = (4_500_000, 5_600_000);
        let got = "5 \"hello\", 10.0.0.1:40000";
        assert_eq!(returns("recvfrom", got, datagram(), early), 5_000_000);
        assert_eq!(returns("recvfrom", got, datagram(), late), late);
        assert_eq!(returns("poll", "1", datagram(), early), 5_000_000);
        // It had not waited: what it returned was there.
        assert_eq!(returns("recvfrom", got, datagram(), 1_020_000), 1_020_000);
        assert_eq!(returns("setsockopt", "0", datagram(), early), early);
    }

    /// A poll() stood a tenth of a millisecond above the RST that it told of: it had waited for less than strace had needed to
    /// write it down.
    #[test]
    fn a_short_poll_returns_after_what_made_it_return() {
        let reset = || {
            envelope().tcp(&Composed {
                flags: Flags::RST | Flags::ACK,
                ..Composed::default()
            })
        };
        let ready = "1 ([{fd=4, revents=POLLIN|POLLERR|POLLHUP}])";
        let (begun, returned, came) = (4_900_000, 4_950_000, 5_000_000);
        let returns = |before: &[(u64, u64)], answer: &str, returned| {
            let mut woken = Woken::default();
            for (id, at) in before {
                let told = |verdict, bytes| {
                    let kind = Kind::Packet(Packet::new(*id, Host::Client, verdict, bytes));
                    Event {
                        n: 0,
                        t_ns: *at,
                        kind,
                    }
                };
                woken.hear(&mut told(Verdict::Sent, Some(reset())));
                woken.hear(&mut told(Verdict::Delivered, None));
            }
            woken.hear(&mut call(begun, "poll", None));
            let mut last = call(returned, "poll", Some(answer));
            woken.hear(&mut packet(1, begun, Verdict::Sent, Some(reset())));
            woken.hear(&mut packet(2, came, Verdict::Delivered, None));
            woken.hear(&mut last);
            last.t_ns
        };
        assert_eq!(returns(&[], ready, returned), came);
        assert_eq!(
            returns(&[(9, 1_000_000)], ready, returned),
            returned,
            "what had come before made it return"
        );
        // It has told of nothing, however late a packet comes.
        assert_eq!(returns(&[], "0 (Timeout)", returned), returned);
    }

    /// The first poll() behind accept() had the SYN still before it.
    #[test]
    fn a_connection_that_was_accepted_makes_no_poll_return() {
        let segment = |flags| {
            envelope().tcp(&Composed {
                flags,
                ..Composed::default()
            })
        };
        let told = |n, t_ns, verdict, bytes| {
            let kind = Kind::Packet(Packet::new(n, Host::Client, verdict, bytes));
            Event { n: 0, t_ns, kind }
        };
        let mut woken = Woken::default();
        woken.hear(&mut told(
            8,
            1_000_000,
            Verdict::Sent,
            Some(segment(Flags::SYN)),
        ));
        woken.hear(&mut told(8, 1_000_000, Verdict::Delivered, None));
        woken.hear(&mut call(2_000_000, "accept", None));
        woken.hear(&mut call(2_100_000, "accept", Some("4, 10.0.0.1:40000")));
        woken.hear(&mut call(4_900_000, "poll", None));
        let fin = segment(Flags::FIN | Flags::ACK);
        woken.hear(&mut told(9, 4_950_000, Verdict::Sent, Some(fin)));
        woken.hear(&mut told(9, 5_000_000, Verdict::Delivered, None));
        let mut last = call(4_960_000, "poll", Some("1 ([{fd=4, revents=POLLIN}])"));
        woken.hear(&mut last);
        assert_eq!(last.t_ns, 5_000_000);
    }

    /// A poll() that had waited in vain was put below a packet that came after it.
    #[test]
    fn a_poll_that_times_out_was_woken_by_no_packet() {
        let datagram = envelope().udp(b"hello");
        assert_eq!(
            returns("poll", "0 (Timeout)", datagram, 3_000_000),
            3_000_000
        );
    }

    #[test]
    fn a_segment_has_calls_return_that_wait_for_such_a_one() {
        let segment = |flags: Flags, bytes: &[u8]| {
            envelope().tcp(&Composed {
                flags,
                payload: bytes,
                ..Composed::default()
            })
        };
        let (early, came) = (4_500_000, 5_000_000);
        let bare = || segment(Flags::ACK, b"");
        assert_eq!(returns("recv", "5 \"hello\"", bare(), early), early);
        assert_eq!(returns("accept", "4, 10.0.0.1:40000", bare(), early), came);
        assert_eq!(
            returns("accept", "4, [::ffff:10.0.0.1]:40000", bare(), early),
            came
        );
        assert_eq!(returns("accept", "4, 10.0.0.1:40001", bare(), early), early);
        let bytes = segment(Flags::ACK | Flags::PSH, b"hello");
        assert_eq!(returns("recv", "5 \"hello\"", bytes, early), came);
        let end = segment(Flags::ACK | Flags::FIN, b"");
        assert_eq!(returns("recv", "0", end, early), came);
    }

    /// `recv() = -1 ECONNREFUSED` could stand above the ICMP error that it told of, and a refused connect() above the RST.
    #[test]
    fn a_call_fails_after_what_made_it_fail() {
        let (early, came) = (4_500_000, 5_000_000);
        let reset = || {
            envelope().tcp(&Composed {
                flags: Flags::RST | Flags::ACK,
                ..Composed::default()
            })
        };
        let error = envelope().icmp(3, 3, [0; 4], &envelope().udp(b"hello")[14..]);
        assert_eq!(returns("recv", "ECONNREFUSED", error, early), came);
        assert_eq!(returns("connect", "ECONNREFUSED", reset(), early), came);
        assert_eq!(returns("recv", "ECONNRESET", reset(), early), came);
        // That no packet has brought about.
        assert_eq!(returns("recv", "EAGAIN", reset(), early), early);
    }
}
