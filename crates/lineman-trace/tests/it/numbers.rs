//! Every number of a saying is held against the packets of its log. They are taken apart here by hand, by
//! what the RFCs say stands where, and not by what made the sayings.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;

use lineman_trace::log::*;
use lineman_trace::story::*;

const SYN: u8 = 0x02;
const FIN: u8 = 0x01;
const ACK: u8 = 0x10;

/// What was looked at.
#[derive(Debug, Default)]
pub struct Numbers {
    /// How many numbers.
    pub checked: usize,
    /// Which are not as the packets have them.
    pub untrue: Vec<String>,
}

/// Holds the sayings of a log's rows against its packets.
pub fn look(events: &[Event], rows: &[Row]) -> Numbers {
    let wire = Wire::of(events);
    let mut numbers = Numbers::default();
    for row in rows {
        for saying in &row.sayings {
            let Some(arrow) = &row.arrow else { continue };
            let Some(packet) = wire.packet(arrow.id) else {
                numbers.untrue.push(format!("no packet {}", arrow.id));
                continue;
            };
            for (name, said, true_ones) in wire.facts(saying, arrow.id, packet) {
                numbers.checked += 1;
                if !true_ones.contains(&said) {
                    numbers.untrue.push(format!(
                        "packet {}: {name} {said} is none of {true_ones:?}: {saying:?}",
                        arrow.id
                    ));
                }
            }
        }
    }
    numbers
}

/// A number of a saying: its name, what is said, and what may be said.
type Fact = (&'static str, i64, Vec<i64>);

/// A packet of the log.
struct Packet {
    id: u64,
    sent_ns: u64,
    delivered_ns: Option<u64>,
    from: SocketAddr,
    to: SocketAddr,
    body: Body,
}

enum Body {
    Tcp(Tcp),
    Udp {
        stated: i64,
        payload: Vec<u8>,
    },
    /// A later piece of a packet: where it begins, how long it is.
    Piece(i64, i64),
    /// An ICMP message about a datagram to a port.
    Icmp(i64),
    Other,
}

struct Tcp {
    seq: u32,
    ack: u32,
    flags: u8,
    window: u32,
    scale: Option<u32>,
    len: i64,
    /// In the sequence space that begins with the SYN, as far as one was seen.
    place: Option<i64>,
    next: Option<i64>,
    /// The highest that its sender had acknowledged before.
    acked: i64,
    /// The window, scaled if both SYNs agreed.
    scaled: i64,
}

impl Tcp {
    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The room that it takes in the sequence space.
    fn takes(&self) -> i64 {
        self.len + i64::from(self.has(SYN)) + i64::from(self.has(FIN))
    }
}

/// What one direction has said so far.
#[derive(Clone, Copy, Default)]
struct Direction {
    isn: Option<u32>,
    scale: Option<u32>,
    acked: i64,
}

/// The packets of a log, and what was done to them.
#[derive(Default)]
struct Wire {
    packets: BTreeMap<u64, Packet>,
    copies: BTreeMap<u64, u64>,
    repeats: BTreeMap<u64, BTreeSet<u32>>,
    /// What has arrived, copies too: which, and when.
    arrivals: Vec<(u64, u64)>,
}

/// When a packet was sent: by its kernel's stamp, where a lab has that.
pub fn sent_ns(events: &[Event], event: &Event) -> u64 {
    let begun = events.first().and_then(|first| match &first.kind {
        Kind::Start(start) if start.origin == Origin::Kernel => Some(start.utc_ns),
        _ => None,
    });
    let stamp = match &event.kind {
        Kind::Packet(packet) if packet.verdict == Verdict::Sent => packet.stamp_ns,
        _ => None,
    };
    let stamped = stamp.zip(begun);
    let sent = stamped.and_then(|(stamp, begun)| stamp.checked_sub(begun));
    sent.map_or(event.t_ns, |sent| sent.min(event.t_ns))
}

impl Wire {
    fn of(events: &[Event]) -> Self {
        let mut wire = Self::default();
        let mut directions = BTreeMap::new();
        for event in events {
            let Kind::Packet(packet) = &event.kind else {
                continue;
            };
            match packet.verdict {
                Verdict::Sent | Verdict::Captured => {
                    wire.sent(sent_ns(events, event), packet, &mut directions);
                }
                Verdict::Delivered => {
                    if let Some(known) = wire.packets.get_mut(&packet.id) {
                        known.delivered_ns.get_or_insert(event.t_ns);
                    }
                    wire.arrivals.push((packet.id, event.t_ns));
                }
                Verdict::Duplicated { copy } => {
                    wire.copies.insert(copy, packet.id);
                }
                Verdict::Repeated { times } => {
                    wire.repeats.entry(packet.id).or_default().insert(times);
                }
                Verdict::Held | Verdict::Dropped => {}
            }
        }
        wire
    }

    fn sent(
        &mut self,
        sent_ns: u64,
        packet: &lineman_trace::log::Packet,
        directions: &mut BTreeMap<(SocketAddr, SocketAddr), Direction>,
    ) {
        let Some(parsed) = packet.bytes.as_deref().and_then(parse) else {
            return;
        };
        let (from, to, mut body) = parsed;
        // The wire's own copy says nothing new.
        if let Body::Tcp(tcp) = &mut body {
            let mut own = directions.get(&(from, to)).copied().unwrap_or_default();
            let mut peer = directions.get(&(to, from)).copied().unwrap_or_default();
            if tcp.has(SYN) {
                if !tcp.has(ACK) && own.isn.is_some_and(|isn| isn != tcp.seq) {
                    (own, peer) = Default::default();
                }
                (own.isn, own.scale) = (Some(tcp.seq), tcp.scale);
            }
            let place = |number: u32, isn: u32| i64::from(number.wrapping_sub(isn) as i32);
            tcp.place = own.isn.map(|isn| place(tcp.seq, isn));
            tcp.next = match tcp.has(ACK) {
                true => peer.isn.map(|isn| place(tcp.ack, isn)),
                false => None,
            };
            tcp.acked = own.acked;
            own.acked = own.acked.max(tcp.next.unwrap_or_default());
            let shift = match (own.scale, peer.scale) {
                (Some(shift), Some(_)) if !tcp.has(SYN) => shift,
                _ => 0,
            };
            tcp.scaled = i64::from(tcp.window << shift);
            directions.insert((from, to), own);
            directions.insert((to, from), peer);
        }
        let known = self
            .packets
            .get(&packet.id)
            .map_or(sent_ns, |it| it.sent_ns);
        self.packets.insert(
            packet.id,
            Packet {
                id: packet.id,
                sent_ns: known,
                delivered_ns: None,
                from,
                to,
                body,
            },
        );
    }

    /// A packet; of a copy, its original.
    fn packet(&self, id: u64) -> Option<&Packet> {
        let original = self.copies.get(&id).unwrap_or(&id);
        self.packets.get(&id).or_else(|| self.packets.get(original))
    }

    fn facts(&self, saying: &Saying, id: u64, packet: &Packet) -> Vec<Fact> {
        let mut facts = match &packet.body {
            Body::Tcp(tcp) => self.of_tcp(saying, packet, tcp),
            Body::Udp { stated, payload } => self.of_udp(saying, packet, *stated, payload),
            Body::Piece(offset, len) => match saying {
                Saying::PieceLast {
                    offset: at, len: l, ..
                } => vec![
                    ("offset", number(*at), vec![*offset]),
                    ("len", number(*l), vec![*len]),
                ],
                _ => Vec::new(),
            },
            Body::Icmp(quoted) => match saying {
                Saying::UdpRefused { port, .. } | Saying::UdpElsewhere { port, .. } => {
                    vec![("port", number(*port), vec![*quoted])]
                }
                _ => Vec::new(),
            },
            Body::Other => Vec::new(),
        };
        facts.extend(match saying {
            Saying::HeldAgain { times, .. } => {
                let told = self.repeats.get(&id).into_iter().flatten();
                // Its sender counts on, whichever of its packets the wire holds.
                let before = self.sent_before(packet);
                let told = told.map(|times| before + number(*times)).collect();
                Some(("times", number(*times), told))
            }
            Saying::Copied { at, .. } => {
                // A copy is told with its original, or it is the same IP packet once more.
                let original = self.copies.get(&id).and_then(|id| self.packets.get(id));
                let original = original.into_iter().chain(self.before(packet));
                let times = original.map(|it| millis_between(0, it.sent_ns));
                let told: String = at.chars().filter(char::is_ascii_digit).collect();
                Some(("at", told.parse().unwrap_or(-1), times.collect()))
            }
            Saying::Released { millis }
            | Saying::ReleasedAtLimit { millis }
            | Saying::ReleasedPassed { millis }
            | Saying::CameLate { millis } => {
                let waited = packet
                    .delivered_ns
                    .map(|at| millis_between(packet.sent_ns, at));
                Some(("millis", number(*millis), waited.into_iter().collect()))
            }
            _ => None,
        });
        facts
    }

    fn of_tcp(&self, saying: &Saying, packet: &Packet, tcp: &Tcp) -> Vec<Fact> {
        use Saying as S;
        let (Some(place), next) = (tcp.place, tcp.next) else {
            return Vec::new(); // its beginning was not seen
        };
        let next: Vec<i64> = next.into_iter().collect();
        let (seq, ack) = (vec![i64::from(tcp.seq)], vec![i64::from(tcp.ack)]);
        let more: Vec<i64> = next.iter().map(|next| next - tcp.acked.max(1)).collect();
        // The FIN stands behind the bytes of its segment.
        let fin = vec![place + tcp.len];
        match saying {
            S::Syn { port, isn, .. } => vec![
                ("isn", number(*isn), seq),
                ("port", number(*port), vec![packet.to.port().into()]),
            ],
            S::SynElsewhere { port, isn, .. } => vec![
                ("isn", number(*isn), seq),
                ("port", number(*port), vec![packet.to.port().into()]),
            ],
            S::SynCrossed { isn, .. } => vec![("isn", number(*isn), seq)],
            S::SynAck { isn, ack: a, .. } => {
                vec![("isn", number(*isn), seq), ("ack", number(*a), ack)]
            }
            S::SynAckCrossed { ack: a, .. } | S::AckThird { ack: a, .. } => {
                vec![("ack", number(*a), ack)]
            }
            S::Data {
                len, first, last, ..
            }
            | S::DataHalf {
                len, first, last, ..
            }
            | S::DataUnheard {
                len, first, last, ..
            } => vec![
                ("len", number(*len), vec![tcp.len]),
                ("first", *first, vec![place]),
                ("last", *last, vec![place + tcp.len - 1]),
            ],
            S::Ack { bytes, next: n, .. } => {
                vec![("bytes", number(*bytes), more), ("next", *n, next)]
            }
            S::AckDelayed {
                bytes,
                next: n,
                millis,
                ..
            } => vec![
                ("bytes", number(*bytes), more),
                ("next", *n, next),
                ("millis", number(*millis), self.owed_since(packet, tcp)),
            ],
            S::AckSyn { ack: a, .. } => vec![("ack", number(*a), ack)],
            S::AckProbe {
                next: n, window, ..
            } => vec![
                ("next", *n, next),
                ("window", number(*window), vec![tcp.scaled]),
            ],
            S::AckFin { next: n, .. }
            | S::AckFinLast { next: n, .. }
            | S::AckFinCrossed { next: n, .. }
            | S::AckSame { next: n, .. } => vec![("next", *n, next)],
            S::AckFinDelayed {
                next: n, millis, ..
            } => vec![
                ("next", *n, next),
                ("millis", number(*millis), self.owed_since(packet, tcp)),
            ],
            S::AckFinBytes { bytes } => {
                let before_fin = more.iter().map(|more| more - 1).collect();
                vec![("bytes", number(*bytes), before_fin)]
            }
            S::LossProbeNew { millis, .. } | S::ProbeTimer { millis, .. } => {
                vec![("millis", number(*millis), self.silent_since(packet))]
            }
            S::AckDup { times, next: n, .. } => {
                let before = self.acks_before(packet, tcp);
                vec![
                    ("times", number(*times), (1..=before).collect()),
                    ("next", *n, next),
                ]
            }
            S::AckAgain { next: n, .. } | S::AckCrossed { next: n, .. } => vec![("next", *n, next)],
            S::ProbeByte { first, .. } => {
                vec![("first", *first, vec![place]), ("len", 1, vec![tcp.len])]
            }
            S::DataProbed { first } => {
                let probes = self.before(packet).filter(|it| match &it.body {
                    Body::Tcp(other) => other.place == Some(place) && other.len == 1,
                    _ => false,
                });
                vec![("first", *first, probes.map(|_| place).collect())]
            }
            S::Window { window, .. } => vec![("window", number(*window), vec![tcp.scaled])],
            S::WindowZero { .. } => vec![("window", 0, vec![tcp.scaled])],
            S::KeepAlive { seq: s, .. } => vec![("seq", *s, vec![place])],
            S::FinFirst { seq: s, .. }
            | S::FinSeen { seq: s, .. }
            | S::FinSecond { seq: s, .. }
            | S::FinCrossed { seq: s, .. } => vec![("seq", *s, fin)],
            S::FinCombined { seq: s, ack: a, .. } => {
                vec![("seq", *s, fin), ("ack", *a, next)]
            }
            S::RstRefused { port, .. } | S::RstElsewhere { port, .. } => {
                vec![("port", number(*port), vec![packet.from.port().into()])]
            }
            S::ResentMore { first, last, had } | S::ResentFilled { first, last, had } => {
                let takes = tcp.takes();
                let ends = self.overlapping(packet, place, takes);
                let ends = ends.filter_map(|(_, other)| Some(other.place? + other.takes() - 1));
                vec![
                    ("first", *first, vec![place]),
                    ("last", *last, vec![place + tcp.len - 1]),
                    ("had", *had, ends.collect()),
                ]
            }
            S::LossProbe { millis, .. } => {
                let earlier = self.earlier(packet, place, tcp.takes());
                let waited = earlier.iter().map(|at| millis_between(*at, packet.sent_ns));
                vec![("millis", number(*millis), waited.collect())]
            }
            S::Resent { times, millis, .. }
            | S::ResentSyn { times, millis, .. }
            | S::ResentLinear { times, millis, .. }
            | S::ResentDoubled { times, millis, .. }
            | S::ResentDeduced { times, millis, .. }
            | S::ResentTimer { times, millis, .. }
            | S::ResentNeedless { times, millis, .. } => {
                let earlier = self.earlier(packet, place, tcp.takes());
                let count = earlier.len() as i64;
                // What is sent again starts the timer anew.
                let anew = self.before(packet).filter(|it| match &it.body {
                    Body::Tcp(other) => other.place.is_some_and(|at| {
                        !self.earlier(it, at, other.takes()).is_empty() && other.takes() > 0
                    }),
                    _ => false,
                });
                let began = earlier.iter().copied().chain(anew.map(|it| it.sent_ns));
                // So does what acknowledges something new.
                let began = began.chain(self.acknowledgments(packet));
                let waited = began.map(|at| millis_between(at, packet.sent_ns));
                vec![
                    ("times", number(*times), (1..=count).collect()),
                    ("millis", number(*millis), waited.collect()),
                ]
            }
            S::ResentSomehow { times, millis, .. } => {
                let earlier = self.earlier(packet, place, tcp.takes());
                let waited = earlier.iter().map(|at| millis_between(*at, packet.sent_ns));
                let count = earlier.len() as i64;
                vec![
                    ("times", number(*times), (1..=count).collect()),
                    ("millis", number(*millis), waited.collect()),
                ]
            }
            _ => Vec::new(),
        }
    }

    fn of_udp(&self, saying: &Saying, packet: &Packet, stated: i64, payload: &[u8]) -> Vec<Fact> {
        use Saying as S;
        let word = |at: usize| {
            let bytes = payload.get(at..at + 2);
            let word = bytes.map(|bytes| i64::from(u16::from_be_bytes([bytes[0], bytes[1]])));
            word.into_iter().collect::<Vec<i64>>()
        };
        let rest = |behind: usize| vec![payload.len() as i64 - behind as i64];
        let [from, to] = [packet.from, packet.to].map(|end| vec![i64::from(end.port())]);
        match saying {
            S::Udp { len, port, .. } | S::UdpPieces { len, port, .. } => vec![
                ("len", number(*len), vec![stated - 8]),
                ("port", number(*port), to),
            ],
            S::CallDatagramCut { len, .. } | S::CallDatagramLength { len, .. } => {
                vec![("len", number(*len), vec![stated - 8])]
            }
            S::UdpEmpty { port, .. } => {
                vec![("len", 0, vec![stated - 8]), ("port", number(*port), to)]
            }
            S::TftpTid { port, .. } => vec![("port", number(*port), from)],
            S::TftpData { block, len, .. } => vec![
                ("opcode", 3, word(0)),
                ("block", number(*block), word(2)),
                ("len", number(*len), rest(4)),
            ],
            S::TftpLast {
                block,
                len,
                blksize,
                ..
            } => vec![
                ("block", number(*block), word(2)),
                ("len", number(*len), rest(4)),
                ("blksize", number(*blksize), self.blksize(packet)),
            ],
            S::TftpAck { block, .. } => {
                vec![("opcode", 4, word(0)), ("block", number(*block), word(2))]
            }
            S::TftpAckOptions { .. } | S::TftpReady { .. } => vec![("block", 0, word(2))],
            S::TftpAckLast { block, bytes, .. } => vec![
                ("block", number(*block), word(2)),
                ("bytes", number(*bytes), vec![self.file(packet)]),
            ],
            S::TftpError { code, .. }
            | S::TftpErrorLate { code, .. }
            | S::TftpErrorAgain { code, .. } => {
                vec![("opcode", 5, word(0)), ("code", number(*code), word(2))]
            }
            S::TftpStray { port, .. }
            | S::TftpSecond { port, .. }
            | S::TftpSecondMore { port, .. } => vec![("port", number(*port), from)],
            S::TftpSecondAnswered { port, .. } => vec![("port", number(*port), to)],
            S::TftpSecondEnded { port, code, .. } => vec![
                ("port", number(*port), from),
                ("code", number(*code), word(2)),
            ],
            S::TftpStrayError { port, code, .. } | S::TftpSecondRejected { port, code, .. } => {
                vec![
                    ("port", number(*port), to),
                    ("code", number(*code), word(2)),
                ]
            }
            S::TftpResent { times, millis, .. } => {
                let same = |it: &&Packet| match &it.body {
                    Body::Udp { payload: other, .. } => other == payload,
                    _ => false,
                };
                let earlier: Vec<&Packet> = self.before(packet).filter(same).collect();
                let waited = earlier
                    .iter()
                    .map(|it| millis_between(it.sent_ns, packet.sent_ns));
                vec![
                    ("times", number(*times), vec![earlier.len() as i64]),
                    ("millis", number(*millis), waited.collect()),
                ]
            }
            // So long ago the other end has sent something.
            S::TftpAnsweredLate { millis, .. } => {
                let of_peer = |it: &&Packet| (it.to, it.from) == (packet.from, packet.to);
                let earlier = self.packets.values().filter(|it| it.id < packet.id);
                let came = earlier
                    .filter(of_peer)
                    .map(|it| it.delivered_ns.unwrap_or(it.sent_ns));
                let took = came.map(|came_ns| millis_between(came_ns, packet.sent_ns));
                vec![("millis", number(*millis), took.collect())]
            }
            _ => Vec::new(),
        }
    }

    /// What the same end has sent to the same end before.
    fn before(&self, packet: &Packet) -> impl Iterator<Item = &Packet> {
        let (id, from, to) = (packet.id, packet.from, packet.to);
        let same = move |it: &&Packet| it.id < id && (it.from, it.to) == (from, to);
        self.packets.values().filter(same)
    }

    /// The same IP packet, sent before.
    /// When a segment with an acknowledgment has come to the end that sends this packet.
    fn acknowledgments(&self, packet: &Packet) -> impl Iterator<Item = u64> {
        let (from, to) = (packet.from, packet.to);
        let back = self
            .packets
            .values()
            .filter(move |it| (it.from, it.to) == (to, from));
        let back = back.filter(|it| matches!(it.body, Body::Tcp(_)));
        back.filter_map(|it| it.delivered_ns)
    }

    /// When any of these numbers was sent before.
    fn earlier(&self, packet: &Packet, place: i64, takes: i64) -> Vec<u64> {
        let sent = self.overlapping(packet, place, takes);
        sent.map(|(it, _)| it.sent_ns).collect()
    }

    /// How often a segment was sent before, each time that the wire held one of its packets, too.
    fn sent_before(&self, packet: &Packet) -> i64 {
        let Body::Tcp(tcp) = &packet.body else {
            return 0;
        };
        let sent = tcp.place.into_iter();
        let sent = sent.flat_map(|place| self.overlapping(packet, place, tcp.takes()));
        let times =
            sent.map(|(it, _)| 1 + self.repeats.get(&it.id).map_or(0, BTreeSet::len) as i64);
        times.sum()
    }

    /// The segments that have any of these numbers and were sent before.
    fn overlapping(
        &self,
        packet: &Packet,
        place: i64,
        takes: i64,
    ) -> impl Iterator<Item = (&Packet, &Tcp)> {
        let segments = self.before(packet).filter_map(|it| match &it.body {
            Body::Tcp(tcp) => Some((it, tcp)),
            _ => None,
        });
        segments.filter(move |(_, tcp)| {
            let overlaps = |at| at < place + takes.max(1) && place < at + tcp.takes();
            tcp.takes() > 0 && tcp.place.is_some_and(overlaps)
        })
    }

    /// How many segments of the same end say the same acknowledgment and come before.
    fn acks_before(&self, packet: &Packet, tcp: &Tcp) -> i64 {
        let same = |it: &&Packet| match &it.body {
            Body::Tcp(other) => other.has(ACK) && other.ack == tcp.ack,
            _ => false,
        };
        self.before(packet).filter(same).count() as i64
    }

    /// How long ago the first number has arrived that its sender had not acknowledged before, in milliseconds: by any of the wire's copies, and
    /// not while the sender's window was closed there, which takes in nothing.
    fn owed_since(&self, packet: &Packet, tcp: &Tcp) -> Vec<i64> {
        let first = tcp.acked.max(1);
        let brings = |it: &Packet| match &it.body {
            Body::Tcp(other) => other
                .place
                .is_some_and(|at| at <= first && first < at + other.takes()),
            _ => false,
        };
        let has_room = |at: u64| {
            let said = self.before(packet).filter(|it| it.sent_ns <= at).last();
            let closed = said.is_some_and(|it| match &it.body {
                Body::Tcp(own) => own.scaled == 0 && own.next == Some(first),
                _ => false,
            });
            !closed
        };
        let arrived = self.arrivals.iter().filter(|(id, at)| {
            let other = self.packet(*id);
            let back = |it: &&Packet| (it.from, it.to) == (packet.to, packet.from);
            *at <= packet.sent_ns && other.filter(back).is_some_and(brings) && has_room(*at)
        });
        arrived
            .map(|(_, at)| millis_between(*at, packet.sent_ns))
            .collect()
    }

    /// How long ago its sender has sent anything, or heard anything, in milliseconds.
    fn silent_since(&self, packet: &Packet) -> Vec<i64> {
        let sent = self.before(packet).map(|it| it.sent_ns);
        let heard = self.arrivals.iter().filter_map(|(id, at)| {
            let it = self.packet(*id)?;
            ((it.from, it.to) == (packet.to, packet.from)).then_some(*at)
        });
        let all = sent.chain(heard).filter(|at| *at <= packet.sent_ns);
        all.map(|at| millis_between(at, packet.sent_ns)).collect()
    }

    /// The size of a block: what an OACK to or from this client has, or 512.
    fn blksize(&self, packet: &Packet) -> Vec<i64> {
        let ends = [packet.from, packet.to];
        let mut told = self.packets.values().filter_map(|it| match &it.body {
            Body::Udp { payload, .. } if ends.contains(&it.to) && payload.starts_with(&[0, 6]) => {
                let texts: Vec<&[u8]> = payload[2..].split(|byte| *byte == 0).collect();
                let at = texts.iter().position(|text| *text == b"blksize")?;
                std::str::from_utf8(texts.get(at + 1)?).ok()?.parse().ok()
            }
            _ => None,
        });
        vec![told.next_back().unwrap_or(512)]
    }

    /// How many bytes of a file the other end has sent so far, each block counted once.
    fn file(&self, packet: &Packet) -> i64 {
        let mut blocks = BTreeMap::new();
        for it in self.packets.values() {
            if let Body::Udp { payload, .. } = &it.body
                && it.id < packet.id
                && (it.from, it.to) == (packet.to, packet.from)
                && let [0, 3, high, low, rest @ ..] = &payload[..]
            {
                blocks.insert((*high, *low), rest.len() as i64);
            }
        }
        blocks.values().sum()
    }
}

/// Rounded, as everything is that is shown.
fn millis_between(from: u64, to: u64) -> i64 {
    ((to.saturating_sub(from) + 500_000) / 1_000_000) as i64
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    let word = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes([word[0], word[1]]))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    let high = u32::from(be16(bytes, at)?);
    Some(high << 16 | u32::from(be16(bytes, at + 2)?))
}

/// An Ethernet frame with IP in it.
fn parse(frame: &[u8]) -> Option<(SocketAddr, SocketAddr, Body)> {
    let packet = frame.get(14..)?;
    match packet.first()? >> 4 {
        4 => {
            let address = |at: usize| Some(IpAddr::from(Ipv4Addr::from(be32(packet, at)?)));
            let (from, to) = (address(12)?, address(16)?);
            let head = usize::from(packet[0] & 0x0f) * 4;
            let body = packet.get(head..usize::from(be16(packet, 2)?))?;
            let offset = i64::from(be16(packet, 6)? & 0x1fff) * 8;
            transport(from, to, packet[9], offset, body)
        }
        6 => {
            let address = |at: usize| {
                let bytes: [u8; 16] = packet.get(at..at + 16)?.try_into().ok()?;
                Some(IpAddr::from(Ipv6Addr::from(bytes)))
            };
            let (from, to) = (address(8)?, address(24)?);
            let body = packet.get(40..40 + usize::from(be16(packet, 4)?))?;
            match packet[6] {
                44 => {
                    let offset = i64::from(be16(body, 2)? & 0xfff8);
                    transport(from, to, body[0], offset, body.get(8..)?)
                }
                protocol => transport(from, to, protocol, 0, body),
            }
        }
        _ => None,
    }
}

fn transport(
    from: IpAddr,
    to: IpAddr,
    protocol: u8,
    offset: i64,
    body: &[u8],
) -> Option<(SocketAddr, SocketAddr, Body)> {
    if offset > 0 {
        let piece = Body::Piece(offset, body.len() as i64);
        return Some(((from, 0).into(), (to, 0).into(), piece));
    }
    let ends = |body: &[u8]| {
        let (source, destination) = (be16(body, 0)?, be16(body, 2)?);
        Some(((from, source).into(), (to, destination).into()))
    };
    Some(match protocol {
        6 => {
            let (from, to) = ends(body)?;
            (from, to, Body::Tcp(segment(body)?))
        }
        17 => {
            let (from, to) = ends(body)?;
            let stated = i64::from(be16(body, 4)?);
            let payload = body.get(8..)?.to_vec();
            (from, to, Body::Udp { stated, payload })
        }
        1 | 58 => {
            // The datagram's own header is behind that of the IP packet which is quoted.
            let head = if protocol == 1 { 20 } else { 40 };
            let port = be16(body, 8 + head + 2).map(i64::from);
            let body = port.map_or(Body::Other, Body::Icmp);
            ((from, 0).into(), (to, 0).into(), body)
        }
        _ => ((from, 0).into(), (to, 0).into(), Body::Other),
    })
}

fn segment(body: &[u8]) -> Option<Tcp> {
    let head = usize::from(body.get(12)? >> 4) * 4;
    let mut options = body.get(20..head)?;
    let mut scale = None;
    while let [kind, rest @ ..] = options {
        match (kind, rest) {
            (0, _) => break,
            (1, _) => options = rest,
            (3, [3, shift, ..]) => {
                scale = Some(u32::from(*shift));
                options = &rest[2..];
            }
            (_, [len, ..]) => options = options.get(usize::from(*len).max(2)..)?,
            (_, []) => break,
        }
    }
    Some(Tcp {
        seq: be32(body, 4)?,
        ack: be32(body, 8)?,
        flags: body[13],
        window: be16(body, 14)?.into(),
        scale,
        len: (body.len() - head) as i64,
        place: None,
        next: None,
        acked: 0,
        scaled: 0,
    })
}

/// A number of a saying, whatever its type.
fn number(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}
