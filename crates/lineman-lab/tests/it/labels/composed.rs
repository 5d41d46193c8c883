//! Captures of a few packets each: together they have every kind of difference, and everything that both say. Numbers
//! are places, with the SYN at 0.

use std::net::SocketAddr;

use lineman_proto::wire::Flags;
use lineman_proto::wire::LinkType;
use lineman_proto::wire::TcpOption;
use lineman_proto::wire::compose::Envelope;
use lineman_proto::wire::compose::Segment;

use super::captures::Capture;
use super::captures::joined;

const SYN: Flags = Flags::SYN;
const SYN_ACK: Flags = Flags(0x12);
const ACK: Flags = Flags::ACK;
const FIN_ACK: Flags = Flags(0x11);
const RST: Flags = Flags::RST;
const RST_ACK: Flags = Flags(0x14);

/// What an end says unless a capture is about windows.
const WINDOW: u16 = 1000;

/// Where both directions' numbers begin, and more than one place where they wrap: before, in and behind the bytes.
pub const BEGINNINGS: [[u32; 2]; 4] = [
    [1_000_000, 2_000_000],
    [u32::MAX - 150, u32::MAX - 10],
    [u32::MAX - 1, u32::MAX - 120],
    [(1 << 31) - 100, u32::MAX - 3500],
];

struct Talk {
    name: &'static str,
    beginnings: [u32; 2],
    packets: Vec<(u64, Vec<u8>)>,
    ms: u64,
    window: u16,
    blocks: Vec<u8>,
}

impl Talk {
    /// The network doubles the last packet.
    fn doubled(mut self) -> Self {
        let last = self.packets.last().cloned();
        self.packets.extend(last);
        self
    }

    /// The client (0) or the server (1) says something, so many milliseconds later.
    fn say(
        mut self,
        who: usize,
        ms: u64,
        flags: Flags,
        (seq, ack): (i32, u32),
        len: usize,
    ) -> Self {
        self.ms += ms;
        let ends: [SocketAddr; 2] = [([10, 0, 0, 1], 45110).into(), ([10, 0, 0, 2], 9000).into()];
        let mut envelope = Envelope::new(ends[who], ends[1 - who]);
        envelope.id = self.packets.len() as u16 + 1;
        let sack = TcpOption::Other {
            kind: 5,
            data: &self.blocks,
        };
        let options: &[TcpOption<'_>] = match (flags.has(SYN), self.blocks.is_empty()) {
            (true, _) => &[TcpOption::SackPermitted],
            (false, false) => &[sack],
            (false, true) => &[],
        };
        let bytes = envelope.tcp(&Segment {
            seq: self.beginnings[who].wrapping_add_signed(seq),
            ack: match flags.has(ACK) {
                true => self.beginnings[1 - who].wrapping_add(ack),
                false => 0,
            },
            flags,
            window: self.window,
            options,
            payload: &vec![b'x'; len],
        });
        self.packets.push((self.ms * 1_000_000, bytes));
        (self.window, self.blocks) = (WINDOW, Vec::new());
        self
    }

    fn new(name: &'static str, beginnings: [u32; 2]) -> Self {
        Self {
            name,
            beginnings,
            packets: Vec::new(),
            ms: 0,
            window: WINDOW,
            blocks: Vec::new(),
        }
    }

    fn open(self) -> Self {
        self.c(0, SYN, (0, 0), 0)
            .s(3, SYN_ACK, (0, 1), 0)
            .c(0, ACK, (1, 1), 0)
    }

    /// The window of what is said next.
    fn window(self, window: u16) -> Self {
        Self { window, ..self }
    }

    /// What is said next has a SACK, of the client's numbers.
    fn sack(mut self, from: u32, to: u32) -> Self {
        let numbers = [from, to].map(|place| self.beginnings[0].wrapping_add(place).to_be_bytes());
        self.blocks = numbers.concat();
        self
    }

    fn c(self, ms: u64, flags: Flags, places: (i32, u32), len: usize) -> Self {
        self.say(0, ms, flags, places, len)
    }

    fn s(self, ms: u64, flags: Flags, places: (i32, u32), len: usize) -> Self {
        self.say(1, ms, flags, places, len)
    }

    /// The client's hundred bytes from here on.
    fn data(self, ms: u64, from: i32) -> Self {
        self.c(ms, ACK, (from, 1), 100)
    }

    /// The server acknowledges, and nothing else.
    fn ack(self, ms: u64, to: u32) -> Self {
        self.s(ms, ACK, (1, to), 0)
    }
}

fn talks(beginnings: [u32; 2]) -> Vec<Talk> {
    let new = |name| Talk::new(name, beginnings);
    let open = |name| new(name).open();
    vec![
        open("sent again").data(1, 1).data(300, 1).ack(5, 101),
        open("a byte sent again")
            .c(1, ACK, (1, 1), 1)
            .c(300, ACK, (1, 1), 1)
            .ack(1, 2),
        open("late, and acknowledged behind it")
            .data(1, 1)
            .data(0, 201)
            .data(1, 101)
            .ack(1, 301),
        open("in other pieces")
            .data(1, 1)
            .c(300, ACK, (1, 1), 200)
            .ack(1, 201),
        open("overtaken by a FIN")
            .s(1, ACK, (1, 1), 100)
            .c(1, FIN_ACK, (1, 1), 0)
            .c(0, ACK, (1, 101), 0)
            .s(1, ACK, (101, 1), 0)
            .s(0, ACK, (101, 1), 0),
        open("two duplicate ACKs")
            .data(1, 1)
            .data(0, 101)
            .data(0, 201)
            .ack(1, 101)
            .ack(1, 101)
            .ack(1, 101)
            .data(1, 101),
        open("as much as there is room for, behind a reset")
            .s(1, RST, (5000, 0), 0)
            .c(0, ACK, (1, 1), 1000),
        open("a duplicate ACK in front of bytes that it overtook")
            .data(1, 1)
            .data(0, 101)
            .data(0, 201)
            .ack(1, 101)
            .s(1, ACK, (101, 101), 0),
        open("an ACK and another behind a reset")
            .ack(1, 1)
            .s(1, RST_ACK, (1, 1), 0)
            .data(0, 1)
            .data(0, 101)
            .s(1, RST_ACK, (1, 101), 0)
            .ack(1, 101),
        open("another window behind a reset")
            .data(1, 1)
            .s(1, RST_ACK, (1, 101), 0)
            .window(900)
            .ack(1, 101),
        open("a byte behind a reset")
            .s(1, RST, (5000, 0), 0)
            .c(0, ACK, (1, 1), 1),
        open("the connection before is heard behind the SYN")
            .data(1, 1)
            .c(1, SYN, (700_000, 0), 0)
            .s(1, ACK, (1, 101), 7)
            .s(1, SYN_ACK, (900_000, 700_001), 0),
        open("the connection before is heard behind a SYN, and acknowledges as well")
            .c(1, SYN, (70_000, 0), 0)
            .c(1, FIN_ACK, (1, 1), 0)
            .s(1, ACK, (1, 2), 0)
            .s(1, ACK, (1, 2), 0),
        open("acknowledged before it was seen")
            .data(1, 1)
            .ack(1, 201)
            .data(1, 101),
        open("an ACK in front of the FIN behind a gap")
            .data(1, 1)
            .c(1, ACK, (201, 1), 0)
            .c(1, FIN_ACK, (201, 1), 0),
        new("begun at a probe")
            .window(0)
            .ack(0, 1000)
            .c(1, ACK, (999, 1), 0)
            .window(0)
            .ack(1, 1000),
        open("an ACK that the network doubles")
            .data(1, 1)
            .data(0, 101)
            .ack(1, 101)
            .doubled(),
        open("a duplicate ACK behind a reset")
            .data(1, 1)
            .data(0, 101)
            .data(0, 201)
            .ack(1, 101)
            .window(0)
            .s(1, RST, (1, 0), 0)
            .ack(1, 101),
        open("a late ACK twice")
            .data(1, 1)
            .data(0, 101)
            .ack(1, 201)
            .ack(1, 101)
            .ack(0, 101),
        open("a window behind a reset")
            .data(1, 1)
            .ack(1, 101)
            .window(0)
            .s(1, RST, (1, 0), 0)
            .window(900)
            .ack(1, 101),
        open("a byte that an ACK overtook")
            .data(1, 1)
            .c(1, ACK, (102, 1), 0)
            .c(1, ACK, (101, 1), 1),
        open("closed by a reset alone")
            .window(0)
            .s(1, RST, (1, 0), 0)
            .c(1, ACK, (1, 1), 1),
        open("a SYN, and the one before it once more")
            .c(1, SYN, (70_000, 0), 0)
            .c(1, SYN, (0, 0), 0)
            .c(1, SYN, (70_000, 0), 0)
            .s(1, SYN_ACK, (70_000, 70_001), 0)
            .c(1, ACK, (70_001, 70_001), 0),
        open("another connection, whose SYN was not seen")
            .data(1, 1)
            .c(1, RST_ACK, (101, 1), 0)
            .s(1, SYN_ACK, (70_000, 80_001), 0)
            .c(1, ACK, (80_001, 70_001), 0)
            .c(1, ACK, (80_001, 70_001), 100),
        open("no room, and no more to say")
            .data(1, 1)
            .window(0)
            .s(1, FIN_ACK, (1, 101), 0),
        open("a keep-alive, answered twice")
            .data(1, 1)
            .ack(1, 101)
            .c(9000, ACK, (100, 1), 0)
            .s(1, ACK, (1, 101), 10)
            .s(1, ACK, (11, 101), 0),
        open("late by half a second")
            .data(1, 1)
            .data(1, 201)
            .data(500, 101),
        open("sent again at once")
            .data(1, 1)
            .data(0, 101)
            .data(0, 201)
            .data(1, 1),
        fast(open("three duplicate ACKs")).data(1, 101),
        open("no room but for this, and an older ACK between")
            .data(1, 1)
            .window(100)
            .ack(1, 101)
            .ack(0, 1)
            .data(1, 101),
        open("a byte behind a reset, and more")
            .window(0)
            .s(1, RST, (5000, 0), 0)
            .c(0, ACK, (1, 1), 1)
            .c(0, ACK, (2, 1), 100),
        open("bytes that an ACK overtook, late")
            .data(1, 1)
            .c(0, ACK, (301, 1), 0)
            .data(1, 101)
            .ack(0, 201),
        open("sent twice behind a gap, and answered with a SACK and another window")
            .data(1, 1)
            .data(0, 201)
            .sack(201, 301)
            .ack(1, 101)
            .data(300, 1)
            .sack(201, 301)
            .window(900)
            .ack(1, 101),
        fast(open("three duplicate ACKs, and a reset"))
            .s(1, RST, (5000, 0), 0)
            .data(1, 101),
        fast(open("three duplicate ACKs for what was never seen").data(1, 1)).data(1, 101),
        open("a SACK, and the answer later")
            .data(1, 1)
            .data(0, 101)
            .data(0, 201)
            .sack(101, 301)
            .ack(1, 1)
            .data(50, 1),
        open("a SACK with another window")
            .data(1, 1)
            .data(0, 101)
            .data(0, 201)
            .ack(1, 101)
            .sack(201, 301)
            .window(900)
            .ack(1, 101),
        open("a D-SACK, while more is under way")
            .data(1, 1)
            .data(0, 101)
            .ack(1, 101)
            .sack(1, 101)
            .ack(1, 101),
        new("from the middle on")
            .ack(0, 1000)
            .ack(5, 3000)
            .data(5, 3000),
        new("from behind on")
            .data(0, 1000)
            .ack(5, 1100)
            .data(1, 500),
        new("from behind on, at once").data(0, 1000).data(1, 500),
        open("an ACK in front of bytes that it overtook")
            .data(1, 1)
            .c(0, ACK, (201, 1), 0)
            .data(9, 101),
        open("acknowledged and never seen").data(1, 1).ack(1, 201),
        open("acknowledged over a gap")
            .data(1, 1)
            .data(0, 201)
            .ack(50, 301),
        open("an old ACK between")
            .data(1, 1)
            .data(0, 101)
            .data(0, 201)
            .ack(1, 101)
            .ack(1, 201)
            .ack(1, 101)
            .ack(1, 201),
        open("an old ACK before another window")
            .data(1, 1)
            .data(0, 101)
            .ack(1, 101)
            .ack(1, 201)
            .ack(1, 101)
            .window(900)
            .ack(1, 201),
        open("nothing under way").data(1, 1).ack(1, 101).ack(1, 101),
        open("what had come before")
            .data(1, 1)
            .data(0, 101)
            .ack(1, 101)
            .data(300, 1)
            .ack(1, 101),
        open("another window")
            .data(1, 1)
            .ack(1, 101)
            .window(900)
            .ack(1, 101),
        open("another window, overtaken")
            .s(1, ACK, (1, 1), 10)
            .window(900)
            .ack(1, 1),
        new("crossed")
            .window(64240)
            .c(0, SYN, (0, 0), 0)
            .window(64240)
            .s(0, SYN, (0, 0), 0)
            .window(64240)
            .c(5, SYN_ACK, (0, 1), 0)
            .window(64240)
            .s(0, SYN_ACK, (0, 1), 0)
            .window(63)
            .c(5, ACK, (1, 1), 0),
        open("no room")
            .c(1, ACK, (1, 1), 1000)
            .window(0)
            .ack(1, 1001)
            .c(300, ACK, (1001, 1), 1)
            .window(0)
            .ack(1, 1001)
            .window(800)
            .ack(50, 1001)
            .c(1, ACK, (1001, 1), 500),
        open("no room, and an old number")
            .c(1, ACK, (1, 1), 1000)
            .window(0)
            .ack(1, 1001)
            .c(300, ACK, (1000, 1), 0)
            .window(0)
            .ack(1, 1001),
        open("idle")
            .data(1, 1)
            .ack(1, 101)
            .c(9000, ACK, (100, 1), 0)
            .ack(1, 101),
        open("the same ports")
            .c(1, RST_ACK, (1, 1), 0)
            .c(5000, SYN, (70_000, 0), 0),
        new("refused, and the other way round")
            .c(0, SYN, (0, 0), 0)
            .s(1, RST_ACK, (-5000, 1), 0)
            .s(1, SYN, (0, 0), 0),
        new("a reset of nobody's")
            .s(0, RST, (-5000, 0), 0)
            .s(1, SYN_ACK, (0, 1), 0),
    ]
}

/// The second of several segments is missing, and three acknowledgments say so.
fn fast(talk: Talk) -> Talk {
    let begun = talk.name.ends_with("seen");
    let talk = if begun {
        talk
    } else {
        talk.data(1, 1).data(0, 101)
    };
    let talk = talk.data(0, 201).data(0, 301).data(0, 401).ack(1, 101);
    talk.ack(1, 101).ack(1, 101).ack(1, 101)
}

pub fn all(beginnings: [u32; 2]) -> Capture {
    let captures = talks(beginnings).into_iter().map(|talk| Capture {
        name: talk.name.to_owned(),
        link: LinkType::ETHERNET,
        packets: talk.packets,
        parts: Vec::new(),
    });
    joined("composed", captures.collect())
}
