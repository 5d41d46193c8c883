//! Pairs of captures that were generated: what is found is held against what the generator did.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::net::SocketAddr;

use lineman_proto::wire::Flags;
use lineman_proto::wire::Frame;
use lineman_proto::wire::TcpOption;
use lineman_proto::wire::compose::Envelope;
use lineman_proto::wire::compose::Segment;
use lineman_trace::capture::Captured;
use lineman_trace::capture::Conversations;
use lineman_trace::capture::Ending;
use lineman_trace::log::Absent;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::LinkType;
use lineman_trace::log::Origin;
use lineman_trace::log::Start;
use lineman_trace::log::TcpState;
use lineman_trace::log::VERSION;
use lineman_trace::pair::*;
use lineman_trace::story::Row;
use lineman_trace::story::Story;

/// 2026, in nanoseconds.
pub const NOW_NS: u64 = 1_790_000_000_000_000_000;
pub const MS: u64 = 1_000_000;

/// Chance from a seed (splitmix64).
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ it >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ it >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ it >> 31
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub fn percent(&mut self, of: u64) -> bool {
        self.below(100) < of
    }
}

/// A packet of a capture.
#[derive(Clone)]
pub struct Taken {
    pub utc_ns: u64,
    pub bytes: Vec<u8>,
    pub wire_len: u32,
}

impl Taken {
    pub fn packet(&self) -> Captured<'_> {
        Captured {
            link: LinkType::ETHERNET,
            utc_ns: Some(self.utc_ns),
            wire_len: self.wire_len,
            checksum_pending: false,
            bytes: &self.bytes,
        }
    }
}

/// What a way does with packets.
#[derive(Clone, Copy)]
pub struct Way {
    pub delay_ns: u64,
    pub jitter_ns: u64,
    pub loss: u64,
    pub copies: u64,
}

/// What becomes of a packet: the time at which it is sent, and when it comes, once or twice, or never.
struct Flight {
    by_client: bool,
    sent_ns: u64,
    sent: Vec<u8>,
    came: Vec<(u64, Vec<u8>)>,
}

pub struct World {
    pub chance: Chance,
    pub way: Way,
    /// How far the second's clock is ahead at the beginning, and how much it gains.
    pub offset_ns: i64,
    pub drift_ppb: i64,
    pub nat: bool,
    pub mss: Option<u16>,
    pub stamps: bool,
    pub v6: bool,
    flights: Vec<Flight>,
    ids: [u16; 2],
}

/// What really became of the packets, by their numbers in the captures.
pub struct Truth {
    /// First and second.
    pub both: BTreeSet<(u64, u64)>,
    /// The one that the far one is a copy of, by the point of the sender.
    pub copies: BTreeSet<(u64, u64)>,
    pub lost: BTreeSet<(Point, u64)>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self {
            chance: Chance(seed),
            way: Way {
                delay_ns: 10 * MS,
                jitter_ns: 3 * MS,
                loss: 5,
                copies: 2,
            },
            offset_ns: 0,
            drift_ppb: 0,
            nat: false,
            mss: None,
            stamps: false,
            v6: false,
            flights: Vec::new(),
            ids: [1, 30_000],
        }
    }

    fn id(&mut self, by_client: bool) -> u16 {
        let id = &mut self.ids[usize::from(by_client)];
        *id = id.wrapping_add(1).max(1);
        *id
    }

    /// A packet is on its way; gives whether it came.
    pub fn fly(&mut self, at_ns: u64, by_client: bool, bytes: &[u8]) -> bool {
        let after = routed(bytes, by_client, self.nat, self.mss);
        let mut came = Vec::new();
        let way = self.way;
        let times = match (
            self.chance.percent(way.loss),
            self.chance.percent(way.copies),
        ) {
            (true, _) => 0,
            (false, true) => 2,
            (false, false) => 1,
        };
        let mut at = at_ns + way.delay_ns + self.jitter();
        for _ in 0..times {
            came.push((at, after.clone()));
            at += 200_000 + self.jitter();
        }
        self.flights.push(Flight {
            by_client,
            sent_ns: at_ns,
            sent: bytes.to_vec(),
            came,
        });
        times > 0
    }

    /// Most packets wait little, some long.
    fn jitter(&mut self) -> u64 {
        let most = self.way.jitter_ns;
        let one = self.chance.below(most);
        one * self.chance.below(1000) / 1000
    }

    /// A connection with exchanges of data, each packet sent again until it comes.
    pub fn connection(&mut self, mut at_ns: u64, number: u16, exchanges: usize) -> u64 {
        let mut next = [self.chance.next() as u32, self.chance.next() as u32];
        let mut send =
            |world: &mut Self, at_ns: &mut u64, by_client: bool, flags: Flags, len: usize| {
                let own = usize::from(!by_client);
                let payload: Vec<u8> = (0..len).map(|_| world.chance.next() as u8).collect();
                for attempt in 0.. {
                    let (from, to) = world.ends(number, by_client);
                    let id = if world.v6 { 0 } else { world.id(by_client) };
                    let mut options = vec![];
                    if flags.has(Flags::SYN) {
                        options.push(TcpOption::Mss(1460));
                    }
                    if world.stamps {
                        options.push(TcpOption::Nop);
                        options.push(TcpOption::Nop);
                        let value = (*at_ns / MS) as u32;
                        options.push(TcpOption::Timestamps { value, echo: 7 });
                    }
                    let has_ack = flags.has(Flags::ACK);
                    let bytes = Envelope {
                        id,
                        ..Envelope::new(from, to)
                    }
                    .tcp(&Segment {
                        seq: next[own],
                        ack: if has_ack { next[1 - own] } else { 0 },
                        flags,
                        window: 64_000,
                        options: &options,
                        payload: &payload,
                    });
                    if world.fly(*at_ns, by_client, &bytes) || attempt > 5 {
                        break;
                    }
                    *at_ns += 250 * MS + world.chance.below(20 * MS);
                }
                let ends = u32::from(flags.has(Flags::SYN)) + u32::from(flags.has(Flags::FIN));
                next[own] = next[own].wrapping_add(len as u32 + ends);
                *at_ns += 15 * MS + world.chance.below(10 * MS);
            };
        let syn_ack = Flags::SYN | Flags::ACK;
        send(self, &mut at_ns, true, Flags::SYN, 0);
        send(self, &mut at_ns, false, syn_ack, 0);
        send(self, &mut at_ns, true, Flags::ACK, 0);
        for _ in 0..exchanges {
            let by_client = self.chance.percent(50);
            let len = 1 + self.chance.below(1400) as usize;
            send(self, &mut at_ns, by_client, Flags::ACK | Flags::PSH, len);
            send(self, &mut at_ns, !by_client, Flags::ACK, 0);
        }
        send(self, &mut at_ns, true, Flags::FIN | Flags::ACK, 0);
        send(self, &mut at_ns, false, Flags::FIN | Flags::ACK, 0);
        send(self, &mut at_ns, true, Flags::ACK, 0);
        at_ns
    }

    /// Datagrams back and forth.
    pub fn datagrams(&mut self, mut at_ns: u64, number: u16, count: usize) -> u64 {
        for n in 0..count {
            let by_client = n % 2 == 0;
            let (from, to) = self.ends(number, by_client);
            let len = self.chance.below(900) as usize;
            let mut payload: Vec<u8> = (0..len).map(|_| self.chance.next() as u8).collect();
            payload.splice(0..0, (n as u32).to_be_bytes());
            let id = if self.v6 { 0 } else { self.id(by_client) };
            let bytes = Envelope {
                id,
                ..Envelope::new(from, to)
            }
            .udp(&payload);
            self.fly(at_ns, by_client, &bytes);
            at_ns += 2 * MS + self.chance.below(20 * MS);
        }
        at_ns
    }

    fn second_ns(&self, at_ns: u64) -> u64 {
        let since = i128::from(at_ns - NOW_NS);
        let drift = since * i128::from(self.drift_ppb) / 1_000_000_000;
        (i128::from(at_ns) + i128::from(self.offset_ns) + drift) as u64
    }

    /// The captures at both ends, and what really became of their packets. The first is the client's.
    pub fn captures(&self) -> (Vec<Taken>, Vec<Taken>, Truth) {
        // Each sight: when, and the flight with which coming of it, if it is one.
        let mut sights: [Vec<(u64, usize, Option<usize>)>; 2] = Default::default();
        for (n, flight) in self.flights.iter().enumerate() {
            let near = usize::from(!flight.by_client);
            sights[near].push((flight.sent_ns, n, None));
            for (nth, (at_ns, _)) in flight.came.iter().enumerate() {
                sights[1 - near].push((*at_ns, n, Some(nth)));
            }
        }
        let mut numbers: BTreeMap<(usize, usize, Option<usize>), u64> = BTreeMap::new();
        let mut captures: [Vec<Taken>; 2] = Default::default();
        for (point, sights) in sights.iter_mut().enumerate() {
            sights.sort();
            for (at_ns, n, came) in sights {
                let flight = &self.flights[*n];
                let bytes = came.map_or(&flight.sent, |nth| &flight.came[nth].1).clone();
                let utc_ns = if point == 0 {
                    *at_ns
                } else {
                    self.second_ns(*at_ns)
                };
                captures[point].push(Taken {
                    utc_ns,
                    wire_len: bytes.len() as u32,
                    bytes,
                });
                numbers.insert((point, *n, *came), captures[point].len() as u64);
            }
        }
        let mut truth = Truth {
            both: BTreeSet::new(),
            copies: BTreeSet::new(),
            lost: BTreeSet::new(),
        };
        for (n, flight) in self.flights.iter().enumerate() {
            let near = usize::from(!flight.by_client);
            let sent = numbers[&(near, n, None)];
            let order = |far: u64| if near == 0 { (sent, far) } else { (far, sent) };
            let came = |nth| order(numbers[&(1 - near, n, Some(nth))]);
            match flight.came.len() {
                0 => _ = truth.lost.insert((Point::BOTH[near], sent)),
                1 => _ = truth.both.insert(came(0)),
                _ => {
                    truth.both.insert(came(0));
                    truth.copies.insert(came(1));
                }
            }
        }
        let [first, second] = captures;
        (first, second, truth)
    }
}

/// The client's address, and what the NAT makes of it; by how much it moves ports.
const INSIDE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 9);
const MOVED: u16 = 1000;
/// What becomes of the port 45110.
pub const OUTSIDE_PORT: u16 = 45_110 + MOVED;

impl World {
    /// From whom to whom a packet is where it is sent.
    fn ends(&self, number: u16, by_client: bool) -> (SocketAddr, SocketAddr) {
        let port = 40_000 + number;
        let (client, server): (SocketAddr, SocketAddr) = match self.v6 {
            true => (
                format!("[2001:db8::1]:{port}").parse().expect("an end"),
                "[2001:db8:1::2]:80".parse().expect("an end"),
            ),
            false => (
                (INSIDE, port).into(),
                "192.0.2.2:80".parse().expect("an end"),
            ),
        };
        match by_client {
            true => (client, server),
            false if self.nat && !self.v6 => (server, (OUTSIDE, port + MOVED).into()),
            false => (server, client),
        }
    }
}

/// What a router makes of a packet: one hop less, and another address and port, and no larger segments than it likes.
pub fn routed(bytes: &[u8], by_client: bool, nat: bool, mss: Option<u16>) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let v4 = out[14] >> 4 == 4;
    out[if v4 { 22 } else { 21 }] -= 1;
    if nat && v4 {
        let (address, port, ip) = match by_client {
            true => (26, 34, OUTSIDE),
            false => (30, 36, INSIDE),
        };
        out[address..address + 4].copy_from_slice(&ip.octets());
        let number = u16::from_be_bytes([out[port], out[port + 1]]);
        let number = if by_client {
            number + MOVED
        } else {
            number - MOVED
        };
        out[port..port + 2].copy_from_slice(&number.to_be_bytes());
    }
    if let (Some(mss), Some(at)) = (
        mss,
        Frame::parse(bytes)
            .fields()
            .find(|field| field.name == "maximum segment size"),
    ) {
        out[at.range.start + 2..at.range.start + 4].copy_from_slice(&mss.to_be_bytes());
    }
    lineman_proto::wire::checksum::fill(&mut out);
    out
}

/// Both captures, compared.
pub struct Compared {
    pub clocks: Clocks,
    pub outcomes: Vec<Outcome<()>>,
    pub tallies: Vec<Tally>,
}

fn samples(taken: &[Taken]) -> Samples {
    let (mut all, mut samples) = (Conversations::default(), Samples::new());
    for it in taken {
        let sorted = all.take(&it.packet());
        if let Some(print) = Print::of(&it.packet()) {
            samples.take(&print, sorted, Some(it.utc_ns));
        }
    }
    samples
}

pub fn compare(first: &[Taken], second: &[Taken]) -> Compared {
    compare_with(first, second, Points::default()).expect("something in common")
}

pub fn compare_with(
    first: &[Taken],
    second: &[Taken],
    dropped: Points<bool>,
) -> Result<Compared, Unrelated> {
    let clocks = Clocks::of(samples(first), samples(second))?;
    let (sights, spans) = sights(first, second, &clocks, |_| ());
    let setting = Setting {
        clocks: &clocks,
        spans,
        dropped,
    };
    let mut matcher = Matcher::new(setting, Limits::default());
    let mut outcomes = Vec::new();
    for sight in sights {
        matcher.take(sight);
        outcomes.extend(std::iter::from_fn(|| matcher.outcome()));
    }
    matcher.finish();
    outcomes.extend(std::iter::from_fn(|| matcher.outcome()));
    let tallies = matcher.tallies();
    Ok(Compared {
        clocks,
        outcomes,
        tallies,
    })
}

type Spans = Points<Option<Span>>;

/// The packets of both by one clock, and from when to when each goes on.
fn sights<T>(
    first: &[Taken],
    second: &[Taken],
    clocks: &Clocks,
    keep: fn(&Captured<'_>) -> T,
) -> (Vec<Sight<T>>, Spans) {
    let mut sights = Vec::new();
    let mut spans = Spans::default();
    for (point, taken) in [(Point::First, first), (Point::Second, second)] {
        let mut all = Conversations::default();
        for it in taken {
            let sorted = all.take(&it.packet());
            let at_ns = clocks.on_first(point, it.utc_ns);
            let span = spans[point].get_or_insert(Span {
                from_ns: at_ns,
                to_ns: at_ns,
            });
            span.from_ns = span.from_ns.min(at_ns);
            span.to_ns = span.to_ns.max(at_ns);
            let print = Print::of(&it.packet());
            if let Some((print, conversation)) = print.zip(sorted.conversation) {
                sights.push(Sight {
                    point,
                    at_ns,
                    number: sorted.number,
                    conversation,
                    from: sorted.from,
                    print,
                    kept: keep(&it.packet()),
                });
            }
        }
    }
    sights.sort_by_key(|it| it.at_ns);
    (sights, spans)
}

/// One log of both, told while they are read.
fn log_of(first: &[Taken], second: &[Taken], tally: &Tally) -> Vec<Event> {
    let clocks = Clocks::of(samples(first), samples(second)).expect("something in common");
    let (sights, spans) = sights(first, second, &clocks, Kept::of);
    let setting = Setting {
        clocks: &clocks,
        spans,
        dropped: Points::default(),
    };
    let mut matcher = Matcher::new(setting, Limits::default());
    matcher.expect(tally);
    let client = tally.client.expect("its side");
    let start = Start {
        version: VERSION,
        scenario: None,
        origin: Origin::Inferred,
        system: String::new(),
        utc_ns: NOW_NS,
        link: LinkType::ETHERNET,
        hosts: Vec::new(),
        captures: None,
    };
    let (mut recorder, event) = Recorder::new(start, sights[0].at_ns, client, tally.is_flipped);
    let mut events = vec![event];
    for sight in sights {
        matcher.take(sight);
        while let Some(outcome) = matcher.outcome() {
            recorder.take(outcome);
        }
        events.extend(recorder.settled(matcher.settled_ns()));
    }
    matcher.finish();
    while let Some(outcome) = matcher.outcome() {
        recorder.take(outcome);
    }
    events.extend(recorder.finish());
    events
}

/// The numbers of a packet in the first and in the second.
fn numbers(outcome: &Outcome<()>) -> (u64, u64) {
    let (one, other) = (&outcome.seen.0, outcome.seen.1.as_ref().expect("two"));
    match one.point {
        Point::First => (one.number, other.number),
        Point::Second => (other.number, one.number),
    }
}

/// Two sets that are the same.
fn same(found: &BTreeSet<(u64, u64)>, truth: &BTreeSet<(u64, u64)>, context: &str) {
    let wrong: Vec<_> = found.difference(truth).collect();
    let missed: Vec<_> = truth.difference(found).collect();
    assert!(
        wrong.is_empty() && missed.is_empty(),
        "{context}: wrong {wrong:?}, missed {missed:?}"
    );
}

/// Holds what was found against what happened. What comes in the last moments may be in no time of the other capture.
fn hold(compared: &Compared, truth: &Truth, context: &str) {
    let of = |met: Met| {
        let all = compared.outcomes.iter().filter(move |it| it.met == met);
        all.map(numbers).collect::<BTreeSet<_>>()
    };
    same(&of(Met::Both), &truth.both, context);
    same(&of(Met::Copy), &truth.copies, context);
    let single = compared.outcomes.iter().filter(|it| it.seen.1.is_none());
    let mut lost = BTreeSet::new();
    let mut excused = 0;
    for it in single {
        let sight = &it.seen.0;
        match it.met {
            Met::Lost => _ = lost.insert((sight.point, sight.number)),
            Met::Only(Absent::OtherTime) => {
                excused += 1;
                assert!(
                    truth.lost.contains(&(sight.point, sight.number)),
                    "{context}"
                );
            }
            other => panic!("{context}: {other:?}"),
        }
    }
    assert!(lost.is_subset(&truth.lost), "{context}");
    assert_eq!(lost.len() + excused, truth.lost.len(), "{context}");
    assert!(excused <= 3, "{context}: {excused} at the edges");
}

#[test]
fn every_packet_finds_its_own_copy_and_lost_ones_are_named() {
    for seed in 0..36 {
        let mut world = World::new(seed);
        world.offset_ns = (world.chance.next() as i64) / 20_000;
        world.nat = seed % 2 == 1;
        world.v6 = seed % 6 == 4;
        world.stamps = seed % 3 == 0 || world.v6;
        world.mss = (seed % 5 == 0).then_some(1400);
        world.way.loss = seed % 4 * 5;
        let mut at_ns = NOW_NS;
        for number in 0..6 {
            let begun = at_ns + world.chance.below(50 * MS);
            at_ns = world.connection(begun, number, 12);
            world.datagrams(begun, 100 + number, 30);
        }
        let (first, second, truth) = world.captures();
        let compared = compare(&first, &second);
        hold(&compared, &truth, &format!("seed {seed}"));
        let clocks = &compared.clocks;
        assert_eq!(clocks.clients, Some(Point::First), "seed {seed}");
        let within = clocks.half_trip_ns.expect("both ways") as i64;
        let off = clocks.ahead_ns(NOW_NS) - world.offset_ns;
        assert!(off.abs() <= within, "seed {seed}: {off} {within}");
        assert!(
            compared
                .tallies
                .iter()
                .all(|it| it.client == Some(Point::First)),
            "seed {seed}"
        );
        // In the other order everything is the other way round.
        let turned = compare(&second, &first);
        assert_eq!(turned.clocks.clients, Some(Point::Second), "seed {seed}");
        let pairs = |it: &Compared| it.outcomes.iter().filter(|it| it.met == Met::Both).count();
        assert_eq!(pairs(&turned), pairs(&compared), "seed {seed}");
    }
}

#[test]
fn the_clocks_are_found_within_what_is_said_of_them() {
    for seed in 0..15 {
        let mut world = World::new(1000 + seed);
        world.stamps = true;
        world.offset_ns = (world.chance.next() as i64) / 1000;
        world.drift_ppb = [0, 12_000, -80_000, 150_000, -3_000][seed as usize % 5];
        let mut at_ns = NOW_NS;
        for number in 0..20 {
            at_ns = world.connection(at_ns, number, 40);
        }
        let (first, second, truth) = world.captures();
        let compared = compare(&first, &second);
        hold(&compared, &truth, &format!("seed {seed}"));
        let clocks = &compared.clocks;
        let within = clocks.half_trip_ns.expect("both ways") as i64;
        for at in [NOW_NS, NOW_NS.midpoint(at_ns), at_ns] {
            let drifted =
                (i128::from(at - NOW_NS) * i128::from(world.drift_ppb) / 1_000_000_000) as i64;
            let off = clocks.ahead_ns(at) - world.offset_ns - drifted;
            assert!(
                off.abs() <= within,
                "seed {seed}: off by {off}, said {within}: {:?}",
                clocks.drift
            );
        }
        match clocks.drift {
            Drift::Found { ppb, within_ppb } => {
                let off = ppb.abs_diff(world.drift_ppb);
                assert!(
                    off <= within_ppb.max(2000),
                    "seed {seed}: {ppb} ± {within_ppb}, is {}",
                    world.drift_ppb
                );
            }
            Drift::Below(most) => assert!(world.drift_ppb.unsigned_abs() <= most, "seed {seed}"),
            Drift::Unknown => panic!("seed {seed}"),
        }
        if world.drift_ppb.abs() > 10_000 {
            assert!(
                matches!(clocks.drift, Drift::Found { .. }),
                "seed {seed}: {:?}",
                clocks.drift
            );
        }
    }
}

/// A capture of packets at these times.
fn capture(packets: &[(u64, Vec<u8>)]) -> Vec<Taken> {
    let taken = |(at_ns, bytes): &(u64, Vec<u8>)| Taken {
        utc_ns: NOW_NS + at_ns,
        wire_len: bytes.len() as u32,
        bytes: bytes.clone(),
    };
    packets.iter().map(taken).collect()
}

/// A segment from the client or the server, with its identification.
fn segment(by_client: bool, id: u16, flags: Flags, seq: u32, ack: u32, payload: &[u8]) -> Vec<u8> {
    let world = World::new(0);
    let (from, to) = world.ends(1, by_client);
    Envelope {
        id,
        ..Envelope::new(from, to)
    }
    .tcp(&Segment {
        seq,
        ack,
        flags,
        window: 64_000,
        options: &[],
        payload,
    })
}

const ACK: Flags = Flags::ACK;
const SYN_ACK: Flags = Flags(Flags::SYN.0 | Flags::ACK.0);

/// Packets with their times.
type Packets = Vec<(u64, Vec<u8>)>;

/// A handshake with 10 ms each way: as the client has it, and as the server does.
fn handshake() -> (Packets, Packets) {
    let syn = segment(true, 1, Flags::SYN, 99, 0, b"");
    let syn_ack = segment(false, 2, SYN_ACK, 499, 100, b"");
    let ack = segment(true, 3, ACK, 100, 500, b"");
    let client = vec![
        (0, syn.clone()),
        (20 * MS, syn_ack.clone()),
        (21 * MS, ack.clone()),
    ];
    let server = vec![(10 * MS, syn), (10 * MS, syn_ack), (31 * MS, ack)];
    (client, server)
}

/// What became of all packets but those of the handshake: which bytes, and what.
fn parts(compared: &Compared) -> Vec<(Option<(u32, u32)>, Met)> {
    let of_handshake = |it: &&Outcome<()>| {
        it.seen.0.number > 3 || it.seen.1.as_ref().is_some_and(|it| it.number > 3)
    };
    let all = compared.outcomes.iter().filter(of_handshake);
    let mut all: Vec<_> = all
        .map(|it| (it.part.map(|part| (part.seq, part.len)), it.met))
        .collect();
    all.sort_by_key(|it| it.0);
    all
}

#[test]
fn a_segment_that_hardware_has_cut_is_found_in_its_pieces_and_what_is_missing_is_lost() {
    let (mut client, mut server) = handshake();
    client.push((30 * MS, segment(true, 10, ACK, 100, 500, &[7; 4380])));
    for (nth, seq) in [(0, 100), (2, 3020)] {
        server.push((
            40 * MS + nth,
            segment(true, 10 + nth as u16, ACK, seq, 500, &[7; 1460]),
        ));
    }
    // Another way to cut: what one has in two, the other has in two that are not the same.
    client.push((50 * MS, segment(true, 20, ACK, 4480, 500, &[8; 1000])));
    client.push((50 * MS, segment(true, 21, ACK, 5480, 500, &[8; 1000])));
    server.push((60 * MS, segment(true, 20, ACK, 4480, 500, &[8; 700])));
    server.push((60 * MS, segment(true, 21, ACK, 5180, 500, &[8; 1300])));
    let late = segment(false, 30, ACK, 500, 6480, b"");
    client.push((20_000 * MS, late.clone()));
    server.push((19_990 * MS, late));
    let compared = compare(&capture(&client), &capture(&server));
    let whole = (None, Met::Both);
    let part = |seq, len, met| (Some((seq, len)), met);
    assert_eq!(
        parts(&compared),
        [
            whole,
            part(100, 1460, Met::Both),
            part(1560, 1460, Met::Lost),
            part(3020, 1460, Met::Both),
            part(4480, 700, Met::Both),
            part(5180, 300, Met::Both),
            part(5480, 1000, Met::Both),
        ]
    );
    // The other way round, pieces are joined before they are captured.
    let turned = compare(&capture(&server), &capture(&client));
    assert_eq!(parts(&turned), parts(&compared));
}

#[test]
fn what_the_other_capture_need_not_have_is_not_called_lost() {
    let (mut client, mut server) = handshake();
    let beat = |n: u32| segment(true, 100 + n as u16, ACK, 100 + n, 500, b"x");
    for n in 0..10 {
        let at = 100 * MS + u64::from(n) * 100 * MS;
        client.push((at, beat(n)));
        if n != 4 && n < 8 {
            server.push((at + 10 * MS, beat(n)));
        }
    }
    let compared = compare(&capture(&client), &capture(&server));
    let (met, lost): (Vec<_>, Vec<_>) = parts(&compared)
        .into_iter()
        .partition(|it| it.1 == Met::Both);
    assert_eq!(met.len(), 7);
    let time = Met::Only(Absent::OtherTime);
    assert_eq!(
        lost.iter().map(|it| it.1).collect::<Vec<_>>(),
        [Met::Lost, time, time]
    );
    // The server's capture has dropped packets itself.
    let dropped = Points {
        first: false,
        second: true,
    };
    let compared = compare_with(&capture(&client), &capture(&server), dropped).expect("related");
    let lost: Vec<Met> = parts(&compared)
        .iter()
        .map(|it| it.1)
        .filter(|it| *it != Met::Both)
        .collect();
    assert_eq!(lost, [Met::Only(Absent::CaptureDropped), time, time]);
}

#[test]
fn what_its_receiver_acknowledges_where_it_was_not_captured_was_not_lost() {
    let (mut client, mut server) = handshake();
    client.push((30 * MS, segment(true, 10, ACK, 100, 500, &[7; 100])));
    client.push((31 * MS, segment(true, 11, ACK, 200, 500, &[8; 100])));
    server.push((41 * MS, segment(true, 11, ACK, 200, 500, &[8; 100])));
    let ack = segment(false, 12, ACK, 500, 300, b"");
    server.push((42 * MS, ack.clone()));
    client.push((52 * MS, ack));
    // A reset that nobody at the client has sent.
    server.push((60 * MS, segment(true, 77, Flags::RST, 300, 0, b"")));
    let end = segment(false, 13, ACK, 500, 300, b"later");
    server.push((300 * MS, end.clone()));
    client.push((310 * MS, end));
    let compared = compare(&capture(&client), &capture(&server));
    let odd: Vec<Met> = parts(&compared)
        .iter()
        .map(|it| it.1)
        .filter(|it| *it != Met::Both)
        .collect();
    assert_eq!(
        odd,
        [Met::Only(Absent::Acknowledged), Met::Only(Absent::Unsent)]
    );
    let tally = &compared.tallies[0].ways.client;
    assert_eq!((tally.acknowledged, tally.appeared, tally.lost), (1, 1, 0));
}

/// Only the last packet of its kind was remembered, so a copy of the one before it seemed to be sent by nobody.
#[test]
fn a_copy_that_comes_behind_a_packet_like_it_is_a_copy() {
    let (mut client, mut server) = handshake();
    let data = segment(false, 9, ACK, 500, 100, b"data");
    server.push((40 * MS, data.clone()));
    client.push((50 * MS, data));
    for id in [10, 11] {
        let ack = segment(true, id, ACK, 100, 504, b"");
        client.push((50 * MS + u64::from(id), ack.clone()));
        server.push((60 * MS + u64::from(id), ack));
    }
    server.push((62 * MS, segment(true, 10, ACK, 100, 504, b"")));
    let end = segment(false, 13, ACK, 504, 100, b"later");
    server.push((300 * MS, end.clone()));
    client.push((310 * MS, end));
    let compared = compare(&capture(&client), &capture(&server));
    let odd = parts(&compared).into_iter().map(|it| it.1);
    let odd: Vec<Met> = odd.filter(|it| *it != Met::Both).collect();
    assert_eq!(odd, [Met::Copy]);
    let tally = &compared.tallies[0].ways.client;
    assert_eq!((tally.copied, tally.appeared, tally.lost), (1, 0, 0));
}

/// A copy was one for a second since its packet was sent: of packets that are on their way for longer, copies seemed to be sent by nobody.
#[test]
fn copies_are_copies_though_packets_are_on_their_way_for_seconds() {
    for (seed, delay_ns) in [(1, 900), (2, 1500), (3, 2500), (4, 4000)] {
        let mut world = World::new(seed);
        world.stamps = seed % 2 == 0;
        world.way.delay_ns = delay_ns * MS;
        world.way.copies = 20;
        world.datagrams(NOW_NS, 100, 1000);
        let (first, second, truth) = world.captures();
        assert!(truth.copies.len() > 100);
        let context = format!("{delay_ns} ms");
        let compared = compare(&first, &second);
        same_copies(&compared, &truth, &context);
        let events = log_of(&first, &second, &compared.tallies[0]);
        let mut story = Story::new();
        let mut rows: Vec<Row> = events.iter().flat_map(|it| story.push(it)).collect();
        rows.extend(story.finish());
        let arrows = rows.iter().filter_map(|it| it.arrow.as_ref());
        let copies = arrows.filter(|arrow| arrow.copy_of.is_some());
        assert_eq!(copies.count(), truth.copies.len(), "{context}");
        let unsent = |event: &&Event| {
            let Kind::Packet(packet) = &event.kind else {
                return false;
            };
            packet.absent == Some(Absent::Unsent)
        };
        assert_eq!(events.iter().filter(unsent).count(), 0, "{context}");
    }
}

/// Which packets are said to be copies.
fn same_copies(compared: &Compared, truth: &Truth, context: &str) {
    let copies = compared.outcomes.iter().filter(|it| it.met == Met::Copy);
    same(&copies.map(numbers).collect(), &truth.copies, context);
}

/// One capture keeps 60 bytes of each packet.
#[test]
fn packets_that_one_capture_has_cut_are_found() {
    for seed in 0..6 {
        let mut world = World::new(seed);
        world.stamps = seed % 2 == 0;
        let at_ns = world.connection(NOW_NS, 1, 20);
        world.datagrams(at_ns, 100, 20);
        let (first, mut second, truth) = world.captures();
        for it in &mut second {
            it.bytes.truncate(68);
        }
        hold(&compare(&first, &second), &truth, &format!("seed {seed}"));
    }
}

#[test]
fn captures_of_other_traffic_have_nothing_in_common() {
    let capture = |seed| {
        let mut world = World::new(seed);
        world.connection(NOW_NS, 1, 5);
        world.captures().0
    };
    let none = compare_with(&capture(1), &capture(2), Points::default());
    assert_eq!(none.err(), Some(Unrelated::NothingInCommon));
    let none = compare_with(&capture(1), &[], Points::default());
    assert_eq!(none.err(), Some(Unrelated::NothingToCompare(Point::Second)));
}

#[test]
fn a_clock_that_is_set_meanwhile_is_told() {
    let mut world = World::new(5);
    for number in 0..8 {
        let at_ns = NOW_NS + u64::from(number) * 400 * MS;
        world.connection(at_ns, number, 8);
    }
    let (first, mut second, _) = world.captures();
    for it in &mut second {
        let since = it.utc_ns - NOW_NS;
        it.utc_ns += if (1500 * MS..2500 * MS).contains(&since) {
            900 * MS
        } else {
            0
        };
    }
    let compared = compare(&first, &second);
    assert!(compared.clocks.is_broken);
}

/// A capture and its copy, by a clock that is ahead: nothing tells which host was nearer to which point, and so neither is claimed.
#[test]
fn a_copy_of_a_capture_tells_no_side() {
    let mut world = World::new(6);
    world.connection(NOW_NS, 1, 20);
    let (first, _, _) = world.captures();
    for ahead_ns in [0, 4 * MS] {
        let mut copy = first.clone();
        for it in &mut copy {
            it.utc_ns += ahead_ns;
        }
        let compared = compare(&first, &copy);
        assert_eq!(compared.clocks.clients, None, "{ahead_ns}");
        assert_eq!(compared.clocks.offset_ns, ahead_ns as i64);
    }
}

/// The same datagram again and again, without an identification, from the end that is nearer to the second capture; of some only one capture
/// has it, and the times of the others tell which is which. They were paired the wrong way round, and said to have waited on the way for 90 ms.
#[test]
fn equal_packets_are_paired_by_the_time_that_others_take() {
    let (mut client, mut server) = handshake();
    let from = "192.0.2.9:5000".parse().expect("an end");
    let to = "239.1.1.1:5000".parse().expect("an end");
    let announce = Envelope {
        id: 0,
        ..Envelope::new(from, to)
    }
    .udp(b"announce");
    for n in 0..6 {
        let at = (100 + 100 * n) * MS;
        client.push((at + 10 * MS, announce.clone()));
        if n >= 2 {
            server.push((at, announce.clone()));
        }
    }
    let beat = segment(true, 9, ACK, 100, 500, b"x");
    client.push((2000 * MS, beat.clone()));
    server.push((2010 * MS, beat));
    let compared = compare(&capture(&client), &capture(&server));
    let tally = compared
        .tallies
        .iter()
        .find(|it| it.ends.first.client == from);
    let way = tally.expect("the announcements").ways.client;
    assert_eq!((way.crossed, way.copied, way.lost), (4, 0, 0));
    assert!(way.most_ns < 11 * MS as i64, "{way:?}");
}

/// Where no time fits, one of them was said to be late by a hundred milliseconds, and the others to be copies of it.
#[test]
fn which_of_equal_packets_it_is_is_not_said_where_nothing_tells() {
    let (mut client, mut server) = handshake();
    let (from, to) = World::new(0).ends(7, true);
    let announce = Envelope {
        id: 0,
        ..Envelope::new(from, to)
    }
    .udp(b"announce");
    for at in [100, 200] {
        client.push((at * MS, announce.clone()));
    }
    for at in [110, 310, 410, 510] {
        server.push((at * MS, announce.clone()));
    }
    let beat = segment(true, 9, ACK, 100, 500, b"x");
    client.push((2000 * MS, beat.clone()));
    server.push((2010 * MS, beat));
    let compared = compare(&capture(&client), &capture(&server));
    let of_udp = |it: &&Outcome<()>| it.seen.0.conversation == 2;
    let met: Vec<Met> = compared
        .outcomes
        .iter()
        .filter(of_udp)
        .map(|it| it.met)
        .collect();
    let doubtful = Met::Only(Absent::Ambiguous);
    assert_eq!(met, [Met::Both, doubtful, doubtful, doubtful, doubtful]);
}

/// "Reset by the server", by a RST that the capture at the server lacks.
#[test]
fn who_has_reset_a_connection_is_told_by_the_capture_at_that_end() {
    let rst = segment(false, 77, Flags(Flags::RST.0 | Flags::ACK.0), 500, 100, b"");
    let told = |at_server: bool| {
        let (mut client, mut server) = handshake();
        client.push((50 * MS, rst.clone()));
        if at_server {
            server.push((40 * MS, rst.clone()));
        }
        let beat = segment(true, 9, ACK, 100, 500, b"x");
        client.push((2000 * MS, beat.clone()));
        server.push((2010 * MS, beat));
        let (client, server) = (capture(&client), capture(&server));
        let tally = compare(&client, &server).tallies.remove(0);
        let [first, second] = [&client, &server].map(|taken| {
            let mut all = Conversations::default();
            for it in taken {
                all.take(&it.packet());
            }
            all.finish().conversations.remove(0)
        });
        tally.of_both(&first, &second)
    };
    assert_eq!(told(true).ending, Ending::Reset(Host::Server));
    let forged = told(false);
    assert_eq!(forged.ending, Ending::ResetBetween);
    let server = forged.states.server.map(|it| it.state);
    assert_eq!(server, Some(TcpState::Established));
}
