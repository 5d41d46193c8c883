//! Makes a capture of a given size for `./bench read`: TCP connections over IPv4 and IPv6 that go on side by
//! side, with losses, and queries over UDP between them. The same arguments make the same file.
//!
//!     cargo run --release --example make_capture -- FILE MEGABYTES CONVERSATIONS

use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;

use lineman_proto::wire::Flags;
use lineman_proto::wire::TcpOption;
use lineman_proto::wire::compose::Envelope;
use lineman_proto::wire::compose::Segment;
use lineman_trace::files::Endian;
use lineman_trace::files::Interface;
use lineman_trace::files::LinkType;
use lineman_trace::files::PcapWriter;
use lineman_trace::files::Record;

/// What an Ethernet carries in a segment with IPv6.
const MSS: usize = 1440;
/// How many conversations go on at once.
const AT_ONCE: usize = 500;
/// 2026, in nanoseconds.
const BEGIN_NS: u64 = 1_790_000_000_000_000_000;

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, megabytes, conversations] = &args[..] else {
        return Err(io::Error::other(
            "make_capture FILE MEGABYTES CONVERSATIONS",
        ));
    };
    let number = |text: &String| text.parse::<u64>().map_err(io::Error::other);
    let (bytes, count) = (number(megabytes)? << 20, number(conversations)?.max(1));
    let interface = Interface::new(LinkType::ETHERNET);
    let out = BufWriter::with_capacity(1 << 20, File::create(file)?);
    let mut capture = Capture {
        out: PcapWriter::new(out, Endian::Little, &interface)?,
        now_ns: BEGIN_NS,
        chance: 0x9e37_79b9_7f4a_7c15,
    };
    // A full segment has 90 bytes of headers, an ACK for two of them about as many.
    let segments = (bytes / count / (MSS as u64 + 140)).max(1);
    let mut waiting = 0..count;
    let mut active: Vec<Talk> = Vec::new();
    loop {
        while active.len() < AT_ONCE
            && let Some(number) = waiting.next()
        {
            active.push(Talk::new(number, segments));
        }
        if active.is_empty() {
            return Ok(());
        }
        let at = capture.below(active.len() as u64) as usize;
        if !active[at].step(&mut capture)? {
            active.swap_remove(at);
        }
    }
}

struct Capture {
    out: PcapWriter<BufWriter<File>>,
    now_ns: u64,
    chance: u64,
}

impl Capture {
    fn put(&mut self, frame: Vec<u8>) -> io::Result<()> {
        self.now_ns += 20_000;
        self.out.write(&Record::new(0, self.now_ns, frame))
    }

    /// A number less than `limit` (xorshift64*).
    fn below(&mut self, limit: u64) -> u64 {
        self.chance ^= self.chance >> 12;
        self.chance ^= self.chance << 25;
        self.chance ^= self.chance >> 27;
        (self.chance.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }
}

/// A connection, or every tenth time a query and its answer.
struct Talk {
    ends: [SocketAddr; 2],
    next: [u32; 2],
    left: u64,
    begun: bool,
    is_query: bool,
}

impl Talk {
    fn new(number: u64, segments: u64) -> Self {
        let host = (number % 200 + 1) as u8;
        let port = (number / 200 + 10_000) as u16;
        let ends = match number % 4 {
            3 => [(100, port), (200, 443)].map(|(net, port)| {
                let ip = Ipv6Addr::new(0x2001, 0xdb8, net, 0, 0, 0, 0, host.into());
                SocketAddr::from((ip, port))
            }),
            _ => [(1, port), (2, 443)]
                .map(|(net, port)| SocketAddr::from((Ipv4Addr::new(10, 0, net, host), port))),
        };
        Self {
            ends,
            next: [number as u32 * 7919, number as u32 * 104_729],
            left: segments,
            begun: false,
            is_query: number % 10 == 9,
        }
    }

    /// Goes on by some packets; false when it is over.
    fn step(&mut self, out: &mut Capture) -> io::Result<bool> {
        if self.is_query {
            let envelope = |from: usize| Envelope::new(self.ends[from], self.ends[1 - from]);
            out.put(envelope(0).udp(&[1; 40]))?;
            out.put(envelope(1).udp(&[2; 200]))?;
            return Ok(false);
        }
        if !self.begun {
            self.begun = true;
            self.send(0, Flags::SYN, 0, out)?;
            self.send(1, Flags::SYN | Flags::ACK, 0, out)?;
            self.send(0, Flags::ACK, 0, out)?;
            self.send(0, Flags::PSH | Flags::ACK, 300, out)?;
            return Ok(true);
        }
        if self.left == 0 {
            self.send(1, Flags::FIN | Flags::ACK, 0, out)?;
            self.send(0, Flags::FIN | Flags::ACK, 0, out)?;
            self.send(1, Flags::ACK, 0, out)?;
            return Ok(false);
        }
        self.send(1, Flags::ACK, MSS, out)?;
        if out.below(100) == 0 {
            // Lost behind this place: it is sent again.
            self.next[1] = self.next[1].wrapping_sub(MSS as u32);
            out.now_ns += 1_000;
            self.send(1, Flags::ACK, MSS, out)?;
        }
        if self.left.is_multiple_of(2) {
            self.send(0, Flags::ACK, 0, out)?;
        }
        self.left -= 1;
        Ok(true)
    }

    fn send(&mut self, from: usize, flags: Flags, len: usize, out: &mut Capture) -> io::Result<()> {
        static BYTES: [u8; MSS] = [0x5a; MSS];
        let ack = flags.has(Flags::ACK);
        let options = [
            TcpOption::Mss(MSS as u16),
            TcpOption::SackPermitted,
            TcpOption::WindowScale(7),
        ];
        let frame = Envelope::new(self.ends[from], self.ends[1 - from]).tcp(&Segment {
            seq: self.next[from],
            ack: if ack { self.next[1 - from] } else { 0 },
            flags,
            window: 64_240,
            options: if flags.has(Flags::SYN) { &options } else { &[] },
            payload: &BYTES[..len],
        });
        let ends = [Flags::SYN, Flags::FIN].map(|flag| u32::from(flags.has(flag)));
        self.next[from] = self.next[from].wrapping_add(len as u32 + ends[0] + ends[1]);
        out.put(frame)
    }
}
