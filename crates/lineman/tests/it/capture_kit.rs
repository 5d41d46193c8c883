//! Captures that tests make, with real frames in them.
#![allow(dead_code, reason = "each test module uses its part")]

use std::net::Ipv4Addr;
use std::net::SocketAddr;

use lineman_proto::wire::Flags;
use lineman_proto::wire::TcpOption;
use lineman_proto::wire::compose::Envelope;
use lineman_proto::wire::compose::Segment;
use lineman_trace::files::Endian;
use lineman_trace::files::Interface;
use lineman_trace::files::LinkType;
use lineman_trace::files::PcapWriter;
use lineman_trace::files::PcapngWriter;
use lineman_trace::files::Record;
use lineman_trace::files::Section;

/// 2026, in nanoseconds.
const NOW_NS: u64 = 1_790_000_000_000_000_000;

pub const CLIENT: usize = 0;
pub const SERVER: usize = 1;

/// Packets in the making, one each millisecond.
#[derive(Default)]
pub struct Packets {
    pub records: Vec<Record>,
    now_us: u64,
}

impl Packets {
    pub fn ms(&mut self, millis: u64) -> &mut Self {
        self.now_us += millis * 1000;
        self
    }

    pub fn put(&mut self, frame: Vec<u8>) -> &mut Self {
        self.ms(1);
        let record = Record::new(0, NOW_NS + self.now_us * 1000, frame);
        self.records.push(record);
        self
    }

    /// The classic form, on Ethernet.
    pub fn pcap(&self) -> Vec<u8> {
        let interface = Interface::new(LinkType::ETHERNET);
        let mut writer = PcapWriter::new(Vec::new(), Endian::Little, &interface).expect("memory");
        for record in &self.records {
            writer.write(record).expect("memory");
        }
        writer.into_inner()
    }

    /// The newer form, on two interfaces by turns.
    pub fn pcapng(&self) -> Vec<u8> {
        let section = Section::default();
        let mut writer = PcapngWriter::new(Vec::new(), Endian::Big, &section).expect("memory");
        for name in ["eth0", "eth1"] {
            let interface = Interface {
                name: Some(name.into()),
                ..Interface::new(LinkType::ETHERNET)
            };
            writer.interface(&interface).expect("memory");
        }
        for (n, record) in self.records.iter().enumerate() {
            let interface = n as u32 % 2;
            let record = Record {
                interface,
                ..record.clone()
            };
            writer.write(&record).expect("memory");
        }
        writer.into_inner()
    }
}

pub fn end(last: u8, port: u16) -> SocketAddr {
    (Ipv4Addr::new(10, 0, 0, last), port).into()
}

pub fn end6(last: u16, port: u16) -> SocketAddr {
    let ip = std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last);
    (ip, port).into()
}

/// A TCP connection that numbers its segments itself.
pub struct Tcp {
    ends: [SocketAddr; 2],
    next: [u32; 2],
    pub window: u16,
}

impl Tcp {
    pub fn new(client: SocketAddr, server: SocketAddr) -> Self {
        let port = u32::from(client.port());
        Self {
            ends: [client, server],
            next: [port.wrapping_mul(65_537), port.wrapping_mul(131_071)],
            window: 64_240,
        }
    }

    pub fn next(&mut self, from: usize, flags: Flags, payload: &[u8]) -> Vec<u8> {
        let frame = self.back(from, flags, payload, 0);
        let ends = [Flags::SYN, Flags::FIN].map(|flag| u32::from(flags.has(flag)));
        let takes = payload.len() as u32 + ends[0] + ends[1];
        self.next[from] = self.next[from].wrapping_add(takes);
        frame
    }

    /// A segment whose number is `back` lower than the next.
    pub fn back(&self, from: usize, flags: Flags, payload: &[u8], back: u32) -> Vec<u8> {
        let options = [TcpOption::Mss(1460)];
        let with_ack = flags.has(Flags::ACK);
        Envelope::new(self.ends[from], self.ends[1 - from]).tcp(&Segment {
            seq: self.next[from].wrapping_sub(back),
            ack: if with_ack { self.next[1 - from] } else { 0 },
            flags,
            window: self.window,
            options: if flags.has(Flags::SYN) { &options } else { &[] },
            payload,
        })
    }

    pub fn open(&mut self, out: &mut Packets) {
        out.put(self.next(CLIENT, Flags::SYN, b""));
        out.put(self.next(SERVER, Flags::SYN | Flags::ACK, b""));
        out.put(self.next(CLIENT, Flags::ACK, b""));
    }

    /// Some bytes and their acknowledgment.
    pub fn send(&mut self, from: usize, bytes: &[u8], out: &mut Packets) {
        out.put(self.next(from, Flags::PSH | Flags::ACK, bytes));
        out.put(self.next(1 - from, Flags::ACK, b""));
    }

    pub fn close(&mut self, out: &mut Packets) {
        out.put(self.next(CLIENT, Flags::FIN | Flags::ACK, b""));
        out.put(self.next(SERVER, Flags::FIN | Flags::ACK, b""));
        out.put(self.next(CLIENT, Flags::ACK, b""));
    }
}

/// A datagram.
pub fn udp(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Vec<u8> {
    Envelope::new(from, to).udp(payload)
}

/// A bit of everything: good and bad connections over both families, a query and its answer, a transfer
/// whose file has a name that would clear a screen, a datagram that nobody received, a ping without reply, a
/// scan, and a frame that is nothing of IP.
pub fn mixed() -> Packets {
    let mut out = Packets::default();
    let mut good = Tcp::new(end(1, 45_110), end(2, 443));
    good.open(&mut out);
    good.send(CLIENT, &[7; 300], &mut out);
    good.send(SERVER, &[8; 1400], &mut out);
    good.close(&mut out);
    let mut slow = Tcp::new(end6(1, 45_111), end6(2, 80));
    slow.open(&mut out);
    out.put(slow.next(CLIENT, Flags::PSH | Flags::ACK, &[1; 100]));
    out.ms(300);
    out.put(slow.back(CLIENT, Flags::PSH | Flags::ACK, &[1; 100], 100));
    out.put(slow.next(SERVER, Flags::ACK, b""));
    let mut reset = Tcp::new(end(1, 45_112), end(2, 80));
    reset.open(&mut out);
    reset.send(CLIENT, b"GET / HTTP/1.0\r\n\r\n", &mut out);
    out.put(reset.next(SERVER, Flags::RST | Flags::ACK, b""));
    out.put(udp(end(1, 5353), end(2, 53), b"who is it?"));
    out.put(udp(end(2, 53), end(1, 5353), b"it is me"));
    out.put(udp(
        end(1, 4000),
        end(3, 69),
        b"\0\x01boot\x1b[2J.img\0octet\0",
    ));
    for block in 1..=2_u8 {
        let len = if block == 1 { 512 } else { 10 };
        let data = [&[0, 3, 0, block][..], &vec![9; len]].concat();
        out.put(udp(end(3, 5000), end(1, 4000), &data));
        out.put(udp(end(1, 4000), end(3, 5000), &[0, 4, 0, block]));
    }
    let lost = udp(end(1, 4001), end(2, 9), b"anybody?");
    out.put(lost.clone());
    let router = Envelope::new(end(2, 0), end(1, 0));
    out.put(router.icmp(3, 3, [0; 4], &lost[14..]));
    out.put(Envelope::new(end(1, 0), end(9, 0)).icmp(8, 0, [0, 1, 0, 1], b"ping"));
    for port in 1..=60 {
        let mut scan = Tcp::new(end(66, 50_000), end(2, port));
        out.put(scan.next(CLIENT, Flags::SYN, b""));
    }
    let lldp = [1, 0x80, 0xc2, 0, 0, 0xe, 2, 0, 0, 0, 0, 1, 0x88, 0xcc];
    out.put([&lldp[..], &[0; 46]].concat());
    out
}
