//! Makes logs by hand, with real frames in them.

use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;

use lineman_proto::wire::Flags;
use lineman_proto::wire::TcpOption;
use lineman_proto::wire::compose::Envelope;
use lineman_proto::wire::compose::Segment;
use lineman_trace::log::*;

pub use Host::Client;
pub use Host::Server;

/// A log in the making. Times are in microseconds.
pub struct Script {
    writer: Writer<Vec<u8>>,
    now_us: u64,
    /// What times are counted from.
    base_us: u64,
    events: u64,
    packets: u64,
    calls: u64,
    /// How many stories have been told in it before this one.
    pub episode: u16,
}

impl Script {
    pub fn new(scenario: &str) -> Self {
        let (writer, _) = Writer::new(Vec::new(), start(scenario)).expect("memory");
        Self {
            writer,
            now_us: 0,
            base_us: 0,
            events: 1,
            packets: 0,
            calls: 0,
            episode: 0,
        }
    }

    /// Of a capture: nobody was asked, and no host is known.
    pub fn captured(name: &str) -> Self {
        let start = Start {
            origin: Origin::Inferred,
            link: LinkType::RAW,
            hosts: Vec::new(),
            ..start(name)
        };
        let (writer, _) = Writer::new(Vec::new(), start).expect("memory");
        Self {
            writer,
            ..Self::new(name)
        }
    }

    /// Of two captures, between which an address is translated.
    pub fn pair(name: &str, client: SocketAddr, server: SocketAddr) -> Self {
        let outside = SocketAddr::from(([198, 51, 100, 9], client.port() + 1000));
        let start = Start {
            origin: Origin::Inferred,
            captures: Some(Box::new(TwoCaptures {
                client: "a.pcap".to_owned(),
                server: "b.pcap".to_owned(),
                clock: Client,
                offset_ns: 0,
                drift_ppb: 0,
                half_trip_ns: Some(10_000_000),
                translated: Some(Translated {
                    at_client: (client, server),
                    at_server: (outside, server),
                }),
            })),
            ..start(name)
        };
        let (writer, _) = Writer::new(Vec::new(), start).expect("memory");
        Self {
            writer,
            ..Self::new(name)
        }
    }

    /// Nothing happens for some microseconds.
    pub fn later(&mut self, us: u64) -> &mut Self {
        self.now_us += us;
        self
    }

    /// Sends, and delivers what has become of it some microseconds later.
    pub fn comes(&mut self, from: Host, bytes: Vec<u8>, came: Vec<u8>, us: u64) {
        let id = self.send(from, bytes);
        self.later(us);
        self.verdict(id, from, Verdict::Delivered, Some(came));
        self.later(1000);
    }

    /// The same of a part of longer segments, of so many bytes where it was sent and where it came.
    pub fn pieces(&mut self, from: Host, bytes: Vec<u8>, came: Vec<u8>, wholes: (u32, u32)) {
        self.packets += 1;
        for (verdict, bytes, whole) in [
            (Verdict::Sent, bytes, wholes.0),
            (Verdict::Delivered, came, wholes.1),
        ] {
            let mut packet = Packet::new(self.packets, from, verdict, Some(bytes));
            packet.whole = Some(whole);
            self.put(Kind::Packet(packet)).later(10_000);
        }
    }

    /// One capture has it, and the other need not.
    pub fn absent(&mut self, from: Host, bytes: Vec<u8>, absent: Absent) -> &mut Self {
        self.packets += 1;
        let mut packet = Packet::new(self.packets, from, Verdict::Captured, Some(bytes));
        packet.absent = Some(absent);
        packet.at = Some(match absent {
            Absent::Unsent => from.other(),
            _ => from,
        });
        self.put(Kind::Packet(packet))
    }

    /// Only its receiver's capture has it, and the other does not go on then.
    pub fn comes_unseen(&mut self, from: Host, bytes: Vec<u8>) -> &mut Self {
        self.packets += 1;
        let mut packet = Packet::new(self.packets, from, Verdict::Captured, Some(bytes));
        (packet.absent, packet.at) = (Some(Absent::OtherTime), Some(from.other()));
        self.put(Kind::Packet(packet))
    }

    /// Of a simulated lab.
    pub fn simulated(name: &str) -> Self {
        let start = Start {
            origin: Origin::Simulated,
            ..start(name)
        };
        let (writer, _) = Writer::new(Vec::new(), start).expect("memory");
        Self {
            writer,
            ..Self::new(name)
        }
    }

    /// Another story, which begins when this one is long over.
    pub fn then(mut self) -> Self {
        self.base_us = self.now_us + 1_000_000;
        self.now_us = self.base_us;
        self.episode += 1;
        self
    }

    /// The number of the last event.
    pub fn last(&self) -> u64 {
        self.events - 1
    }

    /// What follows happens then.
    pub fn at(&mut self, us: u64) -> &mut Self {
        self.now_us = self.base_us + us;
        self
    }

    pub fn put(&mut self, kind: Kind) -> &mut Self {
        self.writer
            .append(self.now_us * 1000, kind)
            .expect("memory");
        self.events += 1;
        self.now_us += 10;
        self
    }

    pub fn call(&mut self, host: Host, fd: i32, name: &str, args: &[&str]) -> u64 {
        self.calls += 1;
        self.put(Kind::Call(call(self.calls, host, fd, name, args, None)));
        self.calls
    }

    pub fn returns(&mut self, id: u64, host: Host, name: &str, answer: &str) -> &mut Self {
        let answer = match answer.starts_with('E') || answer == "TimeoutError" {
            true => Answer::Error(answer.into()),
            false => Answer::Value(answer.into()),
        };
        self.put(Kind::Call(call(id, host, 0, name, &[], Some(answer))))
    }

    /// A call that returns at once.
    pub fn quick(
        &mut self,
        host: Host,
        fd: i32,
        name: &str,
        args: &[&str],
        answer: &str,
    ) -> &mut Self {
        let id = self.call(host, fd, name, args);
        self.returns(id, host, name, answer)
    }

    pub fn send(&mut self, from: Host, bytes: Vec<u8>) -> u64 {
        self.packets += 1;
        self.verdict(self.packets, from, Verdict::Sent, Some(bytes));
        self.packets
    }

    pub fn verdict(
        &mut self,
        id: u64,
        from: Host,
        verdict: Verdict,
        bytes: Option<Vec<u8>>,
    ) -> &mut Self {
        self.put(Kind::Packet(Packet::new(id, from, verdict, bytes)))
    }

    /// An IP packet in a capture that keeps 100 bytes of each, by a clock that was set back.
    pub fn raw(&mut self, from: Host, frame: Vec<u8>) -> &mut Self {
        const KEPT: usize = 100;
        self.packets += 1;
        let ip = frame[14..].to_vec();
        let wire_len = u32::try_from(ip.len()).expect("a packet");
        let kept = ip[..ip.len().min(KEPT)].to_vec();
        let mut packet = Packet::new(self.packets, from, Verdict::Captured, Some(kept));
        packet.wire_len = (ip.len() > KEPT).then_some(wire_len);
        packet.stamp_ns = (self.packets == 3).then_some(1_794_999_999_999_999_999);
        self.put(Kind::Packet(packet));
        self.now_us += 1010;
        self
    }

    /// Sends and delivers, with the wire's millisecond in between.
    pub fn cross(&mut self, from: Host, bytes: Vec<u8>) -> u64 {
        let id = self.send(from, bytes);
        self.now_us += 1000;
        self.verdict(id, from, Verdict::Delivered, None);
        id
    }

    pub fn lose(&mut self, from: Host, bytes: Vec<u8>, rule: &str) -> u64 {
        let id = self.send(from, bytes);
        self.put(Kind::Fault(Fault {
            packet: id,
            rule: rule.into(),
        }));
        self.verdict(id, from, Verdict::Dropped, None);
        id
    }

    pub fn state(&mut self, host: Host, socket: Endpoints, to: TcpState) -> &mut Self {
        self.put(Kind::State(State {
            host,
            socket,
            from: None,
            to,
            origin: Origin::Kernel,
            cause: None,
            queues: None,
        }))
    }

    pub fn done(&mut self) -> Vec<u8> {
        self.put(Kind::End);
        let (fresh, _) = Writer::new(Vec::new(), start("")).expect("memory");
        std::mem::replace(&mut self.writer, fresh).into_inner()
    }
}

fn start(scenario: &str) -> Start {
    let host = |role: Host, last: u8| Machine {
        name: role.name().into(),
        role: Some(role),
        addresses: vec![
            Ipv4Addr::new(10, 0, 0, last).into(),
            Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last.into()).into(),
        ],
    };
    Start {
        version: VERSION,
        scenario: Some(scenario.into()),
        origin: Origin::Kernel,
        system: "Linux 6.18.1".into(),
        utc_ns: 1_795_000_000_000_000_000,
        link: LinkType::ETHERNET,
        hosts: vec![host(Client, 1), host(Server, 2)],
        captures: None,
    }
}

pub fn call(
    id: u64,
    host: Host,
    fd: i32,
    name: &str,
    args: &[&str],
    answer: Option<Answer>,
) -> Call {
    Call {
        id,
        host,
        program: None,
        fd: (fd > 0).then_some(fd),
        socket: None,
        name: name.into(),
        args: args.iter().map(ToString::to_string).collect(),
        answer,
    }
}

/// A TCP connection that numbers its segments itself.
#[derive(Clone)]
pub struct Connection {
    pub client: SocketAddr,
    pub server: SocketAddr,
    next: [u32; 2],
    pub window: u16,
    /// Whether SYNs offer SACK.
    pub sack: bool,
    /// What both hosts' clocks show, if they send timestamps.
    pub clock: Option<u32>,
}

impl Connection {
    pub fn new(port: u16) -> Self {
        Self {
            client: (Ipv4Addr::new(10, 0, 0, 1), 45110).into(),
            server: (Ipv4Addr::new(10, 0, 0, 2), port).into(),
            next: [3_247_533_107, 1_984_018_112],
            window: 64240,
            sack: false,
            clock: None,
        }
    }

    /// The socket of a host, and the server's listener.
    pub fn socket(&self, host: Host) -> Endpoints {
        let (local, remote) = match host {
            Client => (self.client, self.server),
            Server => (self.server, self.client),
        };
        Endpoints {
            local,
            remote: Some(remote),
        }
    }

    pub fn listener(&self) -> Endpoints {
        Endpoints {
            local: self.server,
            remote: None,
        }
    }

    /// Has a host's numbers be so many lower, as they were in a connection before.
    pub fn shift(&mut self, host: Host, back: u32) {
        self.next[host as usize] = self.next[host as usize].wrapping_sub(back);
    }

    /// The next segment of a host.
    pub fn next(&mut self, from: Host, flags: Flags, payload: &[u8]) -> Vec<u8> {
        let bytes = self.back(from, flags, payload, 0);
        let takes = payload.len() as u32
            + u32::from(flags.has(Flags::SYN))
            + u32::from(flags.has(Flags::FIN));
        self.next[from as usize] = self.next[from as usize].wrapping_add(takes);
        bytes
    }

    /// A segment whose number is `back` lower than the next.
    pub fn back(&self, from: Host, flags: Flags, payload: &[u8], back: u32) -> Vec<u8> {
        let (local, remote) = match from {
            Client => (self.client, self.server),
            Server => (self.server, self.client),
        };
        let of_syn = [TcpOption::Mss(1460), TcpOption::SackPermitted];
        let of_syn = if self.sack { &of_syn[..] } else { &of_syn[..1] };
        let mut options = Vec::new();
        if flags.has(Flags::SYN) {
            options.extend_from_slice(of_syn);
        }
        options.extend(
            self.clock
                .map(|value| TcpOption::Timestamps { value, echo: 0 }),
        );
        Envelope::new(local, remote).tcp(&Segment {
            seq: self.next[from as usize].wrapping_sub(back),
            ack: match flags.has(Flags::ACK) {
                true => self.next[from.other() as usize],
                false => 0,
            },
            flags,
            window: self.window,
            options: &options,
            payload,
        })
    }
}

impl Connection {
    /// An ACK of all but the last `missing` bytes of the peer, whose last `got` bytes a SACK names, if any.
    pub fn ack(&self, from: Host, missing: u32, got: u32) -> Vec<u8> {
        let (local, remote) = match from {
            Client => (self.client, self.server),
            Server => (self.server, self.client),
        };
        let end = self.next[from.other() as usize];
        let block = [end.wrapping_sub(got), end].map(u32::to_be_bytes).concat();
        let sack = [TcpOption::Other {
            kind: 5,
            data: &block,
        }];
        Envelope::new(local, remote).tcp(&Segment {
            seq: self.next[from as usize],
            ack: end.wrapping_sub(missing),
            flags: ACK,
            window: self.window,
            options: if got > 0 { &sack } else { &[] },
            payload: b"",
        })
    }

    /// The RST without ACK that answers the peer's last segment: its number is what that acknowledged.
    pub fn answer_reset(&self, from: Host) -> Vec<u8> {
        self.back(from, RST, b"", 0)
    }
}

pub const SYN: Flags = Flags::SYN;
pub const ACK: Flags = Flags::ACK;
pub const RST: Flags = Flags::RST;

pub fn and_ack(flag: Flags) -> Flags {
    flag | Flags::ACK
}

/// A datagram between two ports of the hosts.
pub fn datagram(from: Host, from_port: u16, to_port: u16, payload: &[u8]) -> Vec<u8> {
    let ip = |host| Ipv4Addr::new(10, 0, 0, if host == Client { 1 } else { 2 });
    let from_address = (ip(from), from_port).into();
    Envelope::new(from_address, (ip(from.other()), to_port).into()).udp(payload)
}
