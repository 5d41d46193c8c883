//! How many segments a second the tracker takes in on one core: `./bench tracker speed` runs it.

use std::time::Instant;

use lineman_proto::wire::Flags;
use lineman_proto::wire::Frame;
use lineman_proto::wire::LinkType;
use lineman_proto::wire::compose::Envelope;
use lineman_proto::wire::compose::Segment as Composed;
use lineman_proto::wire::flow::Segment;
use lineman_proto::wire::flow::TcpFlows;

/// How many segments are told in one round.
const SEGMENTS: usize = 400_000;
const ROUNDS: usize = 7;
/// A full frame of Ethernet.
const PAYLOAD: u32 = 1448;
/// Ethernet, IPv4 and TCP without options.
const HEADERS: usize = 54;

fn main() {
    println!("segments a second, the best and the median of {ROUNDS} rounds of {SEGMENTS}:");
    for (name, flows, loss) in [
        ("one download", 1, 0),
        ("100 downloads", 100, 0),
        ("10,000 downloads", 10_000, 0),
        ("10,000 downloads, each 50th segment sent again", 10_000, 50),
    ] {
        let frames = frames(flows, loss);
        let segments: Vec<Segment> = frames.iter().filter_map(Packet::segment).collect();
        let told = rounds(|| tell(flows, segments.iter().copied()));
        let parsed = rounds(|| tell(flows, frames.iter().filter_map(Packet::segment)));
        println!("{name:48} told {told}   taken apart and told {parsed}");
    }
}

/// A packet as it is in a capture that keeps headers only.
struct Packet {
    bytes: Vec<u8>,
    wire_len: usize,
}

impl Packet {
    fn of(mut bytes: Vec<u8>) -> Self {
        let wire_len = bytes.len();
        bytes.truncate(HEADERS);
        bytes.shrink_to_fit();
        Self { bytes, wire_len }
    }

    fn segment(&self) -> Option<Segment> {
        let frame = Frame::captured(LinkType::ETHERNET, &self.bytes, self.wire_len);
        Segment::of(&frame)
    }
}

fn tell(flows: usize, segments: impl Iterator<Item = Segment>) -> usize {
    let mut tracker = TcpFlows::with_limit(flows);
    let mut told = 0;
    for (n, segment) in segments.enumerate() {
        let at = n as u64;
        told += usize::from(tracker.captured(at, at * 1000, &segment).is_some());
    }
    told
}

/// Millions a second: the best, and the median.
fn rounds(mut work: impl FnMut() -> usize) -> String {
    let mut all: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            let told = work();
            told as f64 / begun.elapsed().as_secs_f64() / 1e6
        })
        .collect();
    all.sort_by(f64::total_cmp);
    format!("{:.2} M, {:.2} M", all[ROUNDS - 1], all[ROUNDS / 2])
}

/// Handshakes, and then two full segments from the server and an ACK of the client, by turns of the connections.
fn frames(flows: usize, loss: usize) -> Vec<Packet> {
    let mut frames = Vec::with_capacity(SEGMENTS);
    let mut sent = vec![0_u32; flows];
    for step in 0.. {
        for (flow, sent) in sent.iter_mut().enumerate() {
            if frames.len() >= SEGMENTS {
                return frames;
            }
            let packet = |forth: bool, flags: Flags, seq: u32, ack: u32, payload: &[u8]| {
                let client = ([10, 1, (flow >> 8) as u8, flow as u8], 40_000).into();
                let server = ([10, 0, 0, 1], 80).into();
                let envelope = match forth {
                    true => Envelope::new(client, server),
                    false => Envelope::new(server, client),
                };
                Packet::of(envelope.tcp(&Composed {
                    seq,
                    ack,
                    flags,
                    window: 60_000,
                    options: &[],
                    payload,
                }))
            };
            let payload = [0; PAYLOAD as usize];
            let syn_ack = Flags(Flags::SYN.0 | Flags::ACK.0);
            match step {
                0 => frames.push(packet(true, Flags::SYN, 0, 0, b"")),
                1 => frames.push(packet(false, syn_ack, 0, 1, b"")),
                2 => frames.push(packet(true, Flags::ACK, 1, 1, b"")),
                _ => {
                    for _ in 0..2 {
                        frames.push(packet(false, Flags::ACK, 1 + *sent, 1, &payload));
                        if loss > 0 && frames.len().is_multiple_of(loss) {
                            frames.push(packet(false, Flags::ACK, 1 + *sent, 1, &payload));
                        }
                        *sent = sent.wrapping_add(PAYLOAD);
                    }
                    frames.push(packet(true, Flags::ACK, 1, 1 + *sent, b""));
                }
            }
        }
    }
    frames
}
