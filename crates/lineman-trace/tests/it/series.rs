//! Figures over time. What is expected was worked out by hand from the scripts.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use lineman_proto::wire::Flags;
use lineman_proto::wire::TcpOption;
use lineman_proto::wire::compose::Envelope;
use lineman_proto::wire::compose::Segment;
use lineman_trace::log::*;
use lineman_trace::series::*;

use crate::composer::*;

/// Milliseconds in nanoseconds.
const MS: u64 = 1_000_000;

fn events(log: &[u8]) -> Vec<Event> {
    let events: Result<_, _> = Reader::new(log).collect();
    events.expect("a whole log")
}

fn samples(script: &mut Script) -> Vec<Sample> {
    let mut series = Series::default();
    let log = script.done();
    let mut samples: Vec<Sample> = events(&log).iter().flat_map(|it| series.push(it)).collect();
    samples.extend(series.finish());
    samples
}

/// The values of one kind at one end, with their times in microseconds.
fn of<T>(samples: &[Sample], at: Host, pick: impl Fn(Figure) -> Option<T>) -> Vec<(u64, T)> {
    let here = samples.iter().filter(|it| it.at == at);
    here.filter_map(|it| Some((it.t_ns / 1000, pick(it.figure)?)))
        .collect()
}

fn in_flight(figure: Figure) -> Option<u64> {
    match figure {
        Figure::InFlight(bytes) => Some(bytes),
        _ => None,
    }
}

fn round_trip(figure: Figure) -> Option<(u64, bool)> {
    match figure {
        Figure::RoundTrip { ns, by_time_stamps } => Some((ns / 1000, by_time_stamps)),
        _ => None,
    }
}

fn window(figure: Figure) -> Option<u32> {
    match figure {
        Figure::Window(bytes) => Some(bytes),
        _ => None,
    }
}

fn goodput(figure: Figure) -> Option<u64> {
    match figure {
        Figure::Goodput(rate) => Some(rate),
        _ => None,
    }
}

/// A connection whose segments have what a test gives them.
struct Wire {
    script: Script,
    ends: [SocketAddr; 2],
}

/// What a segment says beside its flags: numbers counted from both SYNs, which are 1000 and 5000.
#[derive(Clone, Copy, Default)]
struct Says {
    seq: u32,
    ack: u32,
    window: u16,
    len: usize,
    stamps: Option<(u32, u32)>,
}

impl Wire {
    fn new() -> Self {
        Self {
            script: Script::new("figures"),
            ends: ["10.0.0.1:45110", "10.0.0.2:9000"].map(|end| end.parse().expect("an address")),
        }
    }

    fn frame(&self, from: Host, flags: Flags, says: Says) -> Vec<u8> {
        let (me, isn) = (from as usize, [1000, 5000]);
        let mut options = Vec::new();
        if flags.has(SYN) {
            options.push(TcpOption::WindowScale(7));
        }
        if let Some((value, echo)) = says.stamps {
            options.push(TcpOption::Timestamps { value, echo });
        }
        Envelope::new(self.ends[me], self.ends[1 - me]).tcp(&Segment {
            seq: isn[me] + says.seq,
            ack: if flags.has(ACK) {
                isn[1 - me] + says.ack
            } else {
                0
            },
            flags,
            window: says.window,
            options: &options,
            payload: &vec![b'x'; says.len],
        })
    }

    /// A handshake that takes 4 ms: the next moment is 10 ms.
    fn opened() -> Self {
        let mut wire = Self::new();
        wire.at(0).passes(
            Client,
            2000,
            SYN,
            Says {
                window: 64240,
                ..Says::default()
            },
        );
        let answer = Says {
            ack: 1,
            window: 65160,
            ..Says::default()
        };
        wire.at(2000).passes(Server, 4000, and_ack(SYN), answer);
        let third = Says {
            seq: 1,
            ack: 1,
            window: 502,
            ..Says::default()
        };
        wire.at(4000).passes(Client, 6000, ACK, third);
        wire
    }

    fn at(&mut self, us: u64) -> &mut Self {
        self.script.at(us);
        self
    }

    /// A segment that arrives then.
    fn passes(&mut self, from: Host, us: u64, flags: Flags, says: Says) -> &mut Self {
        let id = self.sends(from, flags, says);
        self.script
            .at(us)
            .verdict(id, from, Verdict::Delivered, None);
        self
    }

    fn sends(&mut self, from: Host, flags: Flags, says: Says) -> u64 {
        let frame = self.frame(from, flags, says);
        self.script.send(from, frame)
    }
}

const DATA: Flags = Flags(0x18);

/// 1000 bytes of the client's.
fn data(seq: u32) -> Says {
    Says {
        seq,
        ack: 1,
        window: 502,
        len: 1000,
        stamps: None,
    }
}

fn ack(to: u32) -> Says {
    Says {
        seq: 1,
        ack: to,
        window: 509,
        ..Says::default()
    }
}

#[test]
fn bytes_are_in_flight_from_when_they_leave_until_their_sender_hears_of_it() {
    let mut wire = Wire::opened();
    wire.at(10_000).passes(Client, 12_000, DATA, data(1));
    wire.at(12_500).passes(Client, 14_500, DATA, data(1001));
    wire.at(15_000).passes(Server, 17_000, ACK, ack(1001));
    wire.at(18_000).passes(Server, 20_000, ACK, ack(2001));
    let fin = Says {
        len: 0,
        ..data(2001)
    };
    wire.at(30_000)
        .passes(Client, 32_000, and_ack(Flags::FIN), fin);
    let samples = samples(&mut wire.script);
    let expected = [
        (0, 0),
        (10_000, 1000),
        (12_500, 2000),
        (17_000, 1000),
        (20_000, 0),
    ];
    assert_eq!(
        of(&samples, Client, in_flight),
        expected,
        "neither SYN nor FIN is a byte"
    );
    // The window of a SYN is never scaled, and before both SYNs were heard nobody knows whether others are.
    assert_eq!(
        of(&samples, Client, window),
        [(4000, 65_160), (17_000, 509 << 7)]
    );
    assert_eq!(of(&samples, Server, window), [(6000, 502 << 7)]);
    // 2000 bytes within a tenth of a second, and nothing after it.
    assert_eq!(of(&samples, Client, goodput), [(0, 20_000), (100_000, 0)]);
    assert_eq!(of(&samples, Server, goodput), []);
}

/// Where nothing came behind the last span its goodput was told only with the end of the log: a page that is looked at live had no
/// graph of it.
#[test]
fn goodput_of_the_last_span_is_told_when_that_is_over_though_nothing_happens() {
    let mut wire = Wire::opened();
    wire.at(10_000).passes(Client, 12_000, DATA, data(1));
    let log = wire.script.done();
    let mut series = Series::default();
    for event in events(&log) {
        let told = series.push(&event);
        assert_eq!(of(&told, Client, goodput), [], "the span is not over");
    }
    assert_eq!(series.due_ns(), Some(100 * MS));
    assert_eq!(series.idle(100 * MS - 1), []);
    assert_eq!(series.due_ns(), Some(100 * MS), "as before");
    let told = series.idle(100 * MS);
    assert_eq!(of(&told, Client, goodput), [(0, 10_000), (100_000, 0)]);
    assert_eq!(series.due_ns(), None);
}

#[test]
fn round_trips_are_of_the_last_segment_that_is_acknowledged() {
    let mut wire = Wire::opened();
    wire.at(10_000).passes(Client, 12_000, DATA, data(1));
    wire.at(12_500).passes(Client, 14_500, DATA, data(1001));
    wire.at(15_000).passes(Server, 17_000, ACK, ack(2001));
    let samples = samples(&mut wire.script);
    // 4 ms for the SYN; 17 − 12.5 for the second segment.
    let expected = [(4000, (4000, false)), (17_000, (4500, false))];
    assert_eq!(of(&samples, Client, round_trip), expected);
    assert_eq!(of(&samples, Server, round_trip), [(6000, (4000, false))]);
}

/// Karn: nobody can tell which of the two is acknowledged.
#[test]
fn no_round_trip_is_of_a_segment_that_was_sent_twice() {
    let mut wire = Wire::opened();
    wire.at(10_000);
    let lost = wire.sends(Client, DATA, data(1));
    wire.script.verdict(lost, Client, Verdict::Dropped, None);
    wire.at(12_000).passes(Client, 14_000, DATA, data(1001));
    wire.at(14_000).passes(Server, 16_000, ACK, ack(1));
    wire.at(214_000).passes(Client, 216_000, DATA, data(1));
    wire.at(216_000).passes(Server, 218_000, ACK, ack(2001));
    wire.at(230_000).passes(Client, 232_000, DATA, data(2001));
    wire.at(232_000).passes(Server, 234_000, ACK, ack(3001));
    let samples = samples(&mut wire.script);
    let expected = [(4000, (4000, false)), (234_000, (4000, false))];
    assert_eq!(of(&samples, Client, round_trip), expected);
    let sent = of(&samples, Client, |it| match it {
        Figure::Sent {
            from, to, again, ..
        } => Some((from, to, again)),
        _ => None,
    });
    let expected = [
        (0, (0, 1, false)),
        (10_000, (1, 1001, false)),
        (12_000, (1001, 2001, false)),
        (214_000, (1, 1001, true)),
        (230_000, (2001, 3001, false)),
    ];
    assert_eq!(sent, expected);
    let losses = of(&samples, Client, |it| match it {
        Figure::Lost { packet } => Some(packet),
        _ => None,
    });
    assert_eq!(losses, [(10_010, lost)]);
    // What lies behind a gap arrives in order only when that is closed: all of it counts then.
    assert_eq!(
        of(&samples, Client, goodput),
        [(200_000, 30_000), (300_000, 0)]
    );
}

#[test]
fn time_stamps_tell_which_of_two_segments_is_acknowledged() {
    let stamped = |value, echo, says| Says {
        stamps: Some((value, echo)),
        ..says
    };
    for (second, expected) in [(310, Some((4000, true))), (100, None)] {
        let mut wire = Wire::opened();
        wire.at(10_000);
        let lost = wire.sends(Client, DATA, stamped(100, 7, data(1)));
        wire.script.verdict(lost, Client, Verdict::Dropped, None);
        wire.at(220_000)
            .passes(Client, 222_000, DATA, stamped(second, 7, data(1)));
        wire.at(222_000)
            .passes(Server, 224_000, ACK, stamped(9, second, ack(1001)));
        let told = of(&samples(&mut wire.script), Client, round_trip);
        let told = told.into_iter().map(|(_, it)| it).nth(1);
        assert_eq!(told, expected, "time stamp {second}");
    }
}

/// What a host sends again while the wire holds the first is not on the wire, and Karn's rule holds all the same.
#[test]
fn no_round_trip_is_of_a_held_segment_that_was_repeated() {
    let mut wire = Wire::opened();
    wire.at(10_000);
    let held = wire.sends(Client, DATA, data(1));
    wire.script.verdict(held, Client, Verdict::Held, None);
    wire.at(220_000)
        .script
        .verdict(held, Client, Verdict::Repeated { times: 1 }, None);
    wire.at(300_000)
        .script
        .verdict(held, Client, Verdict::Delivered, None);
    wire.at(301_000).passes(Server, 303_000, ACK, ack(1001));
    let told = of(&samples(&mut wire.script), Client, round_trip);
    assert_eq!(told, [(4000, (4000, false))]);
}

/// A capture that begins in the middle has not seen the SYNs: what a window is worth nobody knows.
#[test]
fn no_window_is_told_where_nobody_knows_its_scale() {
    let mut wire = Wire::new();
    wire.script = Script::captured("late");
    for (from, says) in [
        (Client, data(1)),
        (Server, ack(1001)),
        (Client, data(1001)),
        (Server, ack(2001)),
    ] {
        let frame = wire.frame(from, DATA, says);
        wire.script.raw(from, frame);
    }
    let samples = samples(&mut wire.script);
    assert_eq!(of(&samples, Client, window), []);
    let flight: Vec<u64> = of(&samples, Client, in_flight)
        .into_iter()
        .map(|it| it.1)
        .collect();
    assert_eq!(flight, [1000, 0, 1000, 0]);
}

/// Whatever is fed one by one comes out as of the whole, and in order of time for each figure of each end.
#[test]
fn samples_of_one_kind_are_in_order_of_time() {
    for (name, make) in crate::scripts::ALL {
        let (_, samples) = Series::of(&events(&make()));
        let mut last = BTreeMap::new();
        for sample in samples {
            let kind = std::mem::discriminant(&sample.figure);
            let key = format!("{} {:?} {kind:?}", sample.connection, sample.at);
            let before = last.insert(key, sample.t_ns);
            assert!(
                before.is_none_or(|before| before <= sample.t_ns),
                "{name}: {sample:?}"
            );
        }
    }
}

/// How long a log is, is known at its end, and until then nothing is kept of it but bytes in some hundred units of time.
#[test]
fn goodput_that_is_told_in_the_end_is_what_spans_of_that_length_tell() {
    let mut rates = 0;
    for (name, make) in crate::scripts::ALL {
        let events = events(&make());
        let (fitted, samples) = Series::of(&events);
        let mut series = Series::new(fitted.span_ns());
        let mut told: Vec<Sample> = events.iter().flat_map(|it| series.push(it)).collect();
        told.extend(series.finish());
        let in_order = |samples: &[Sample]| {
            let mut texts: Vec<String> = samples.iter().map(|it| format!("{it:?}")).collect();
            texts.sort();
            texts
        };
        assert_eq!(in_order(&samples), in_order(&told), "{name}");
        rates += of(&samples, Client, goodput).len();
    }
    assert!(rates > 20, "{rates}");
}

/// Units that a log has outgrown are joined: this one goes on for some seconds, ever more slowly.
#[test]
fn goodput_of_a_long_log_is_that_of_its_spans() {
    let mut wire = Wire::opened();
    let mut us = 10_000;
    for n in 0..400 {
        let little = Says {
            len: 100,
            ..data(1 + 100 * n)
        };
        wire.at(us).passes(Client, us + 500, DATA, little);
        us += 1000 + u64::from(n) * 137;
    }
    let events = events(&wire.script.done());
    let (fitted, samples) = Series::of(&events);
    let mut series = Series::new(fitted.span_ns());
    let mut told: Vec<Sample> = events.iter().flat_map(|it| series.push(it)).collect();
    told.extend(series.finish());
    let rates = of(&samples, Client, goodput);
    assert_eq!(fitted.span_ns(), 500 * MS);
    assert_eq!(rates, of(&told, Client, goodput));
    assert!(rates.len() > 15, "{rates:?}");
}

/// 50 spans at most, and none shorter than a millisecond.
#[test]
fn spans_suit_the_length_of_a_log() {
    for (length_ms, span_ms) in [(1, 1), (49, 1), (50, 2), (1234, 50), (3_600_000, 100_000)] {
        let mut wire = Wire::new();
        wire.at(1000).sends(Client, SYN, Says::default());
        wire.at(1000 + length_ms * 1000)
            .sends(Client, SYN, Says::default());
        // A state that ends a minute later tells nothing of how long packets were sent.
        let socket = Endpoints {
            local: wire.ends[0],
            remote: Some(wire.ends[1]),
        };
        wire.at(length_ms * 1000 + 60_000_000);
        wire.script.state(Client, socket, TcpState::Closed);
        let (series, _) = Series::of(&events(&wire.script.done()));
        assert_eq!(series.span_ns(), span_ms * MS, "{length_ms} ms");
    }
}

/// In a capture nobody sees what a receiver without room throws away: it was counted as goodput.
#[test]
fn goodput_of_a_capture_is_what_is_acknowledged() {
    let mut wire = Wire {
        script: Script::captured("figures"),
        ..Wire::new()
    };
    let syn = Says {
        window: 64240,
        ..Says::default()
    };
    let closed = Says {
        window: 0,
        ..ack(1001)
    };
    let segments = [
        (0, Client, SYN, syn),
        (2000, Server, and_ack(SYN), Says { ack: 1, ..syn }),
        (4000, Client, ACK, Says { seq: 1, ..ack(1) }),
        (10_000, Client, DATA, data(1)),
        (11_000, Client, DATA, data(1001)),
        (12_000, Server, ACK, closed),
        (300_000, Client, DATA, data(1001)),
        (302_000, Server, ACK, ack(2001)),
    ];
    for (at, from, flags, says) in segments {
        let frame = wire.frame(from, flags, says);
        wire.at(at).script.raw(from, frame);
    }
    let samples = samples(&mut wire.script);
    let expected = [(0, 10_000), (100_000, 0), (300_000, 10_000), (400_000, 0)];
    assert_eq!(of(&samples, Client, goodput), expected);
}
