//! Connections of which is known when each segment is sent, and when it is delivered.

mod accept;
mod anew;
mod capture;
mod life;
mod resent;
mod resets;
mod sacks;
mod sight;
mod stamps;
mod tftp;
mod windows;

use super::TcpState::*;
use super::*;
use crate::wire::Conversations;
use crate::wire::Flags;
use crate::wire::Frame;
use crate::wire::TcpOption;
use crate::wire::compose;
use crate::wire::compose::Envelope;

const ACK: Flags = Flags::ACK;
const SYN: Flags = Flags::SYN;
const FIN: Flags = Flags(0x11);
const SYN_ACK: Flags = Flags(0x12);
const RST: Flags = Flags(0x14);

const ISN: [u32; 2] = [u32::MAX - 3, 9_000];

/// A connection between two ends whose numbers are told as places; they wrap at once.
#[derive(Clone)]
struct Talk {
    flow: Option<TcpFlow>,
    id: u64,
    isn: [u32; 2],
    windows: [u16; 2],
    /// How much both take in a segment, if their SYNs say.
    mss: Option<u16>,
    /// Whether SYNs offer SACK.
    sack: bool,
    /// What the clock of both ends shows, if they send timestamps.
    clock: Option<u32>,
    /// What of the peer's clock they say to have heard.
    echo: u32,
}

fn talk() -> Talk {
    Talk {
        flow: None,
        id: 0,
        isn: ISN,
        windows: [1000; 2],
        mss: None,
        sack: false,
        clock: None,
        echo: 0,
    }
}

fn talk_with_sack() -> Talk {
    Talk {
        sack: true,
        ..talk()
    }
}

fn ends(way: Way) -> Envelope {
    let client = ([10, 0, 0, 1], 45110).into();
    let server = ([10, 0, 0, 2], 9000).into();
    match way {
        Way::Forth => Envelope::new(client, server),
        Way::Back => Envelope::new(server, client),
    }
}

impl Talk {
    fn frame(&mut self, way: Way, flags: Flags, (seq, ack): (u32, u32), payload: &[u8]) -> Vec<u8> {
        let me = way as usize;
        self.id += 1;
        let mut envelope = ends(way);
        envelope.id = self.id as u16;
        let mut options = Vec::new();
        if flags.has(SYN) {
            options.push(TcpOption::WindowScale(2));
            options.extend(self.mss.map(TcpOption::Mss));
            options.extend(self.sack.then_some(TcpOption::SackPermitted));
        }
        let echo = self.echo;
        options.extend(
            self.clock
                .map(|value| TcpOption::Timestamps { value, echo }),
        );
        envelope.tcp(&compose::Segment {
            seq: self.isn[me].wrapping_add(seq),
            ack: self.isn[1 - me].wrapping_add(ack),
            flags,
            window: self.windows[me],
            options: &options,
            payload,
        })
    }

    /// The server acknowledges up to `ack`, and by SACK what lies between `from` and `to`.
    fn sacks(&mut self, ack: u32, block: (u32, u32)) -> Told {
        self.sacks_all(ack, &[block])
    }

    /// As [`sacks`](Self::sacks), with so many blocks.
    fn sacks_all(&mut self, ack: u32, blocks: &[(u32, u32)]) -> Told {
        self.id += 1;
        let numbers: Vec<_> = blocks
            .iter()
            .flat_map(|(from, to)| [from, to])
            .map(|place| self.isn[0].wrapping_add(*place).to_be_bytes())
            .collect();
        let bytes = ends(Way::Back).tcp(&compose::Segment {
            seq: self.isn[1].wrapping_add(1),
            ack: self.isn[0].wrapping_add(ack),
            flags: ACK,
            window: self.windows[1],
            options: &[TcpOption::Other {
                kind: 5,
                data: &numbers.concat(),
            }],
            payload: b"",
        });
        let sent = self.sent(&bytes);
        self.arrives(&bytes);
        told(sent)
    }

    /// Time passes.
    fn pause(&mut self, millis: u64) {
        self.id += millis;
    }

    /// Sent, and lost on the way.
    fn lost(&mut self, way: Way, flags: Flags, places: (u32, u32), payload: &[u8]) -> Told {
        let bytes = self.frame(way, flags, places, payload);
        told(self.sent(&bytes))
    }

    fn sent(&mut self, bytes: &[u8]) -> Sent {
        let segment = segment(bytes);
        self.flow.take_if(|flow| flow.is_succeeded_by(&segment));
        let flow = self.flow.get_or_insert_with(|| TcpFlow::new(&segment));
        let sent = flow.sent(self.id, self.id * MS, &segment);
        sent.expect("of this connection")
    }

    fn arrives(&mut self, bytes: &[u8]) -> Arrival {
        let flow = self.flow.as_mut().expect("begun");
        let delivered = flow.delivered(self.id * MS, &segment(bytes));
        delivered.expect("of this connection").arrival
    }

    /// Sent, and delivered.
    fn say(&mut self, way: Way, flags: Flags, places: (u32, u32), payload: &[u8]) -> Told {
        let bytes = self.frame(way, flags, places, payload);
        let sent = self.sent(&bytes);
        self.arrives(&bytes);
        told(sent)
    }

    fn forth(&mut self, flags: Flags, places: (u32, u32), payload: &[u8]) -> Told {
        self.say(Way::Forth, flags, places, payload)
    }

    fn back(&mut self, flags: Flags, places: (u32, u32), payload: &[u8]) -> Told {
        self.say(Way::Back, flags, places, payload)
    }

    fn open(mut self) -> Self {
        assert_eq!(self.forth(SYN, (0, 0), b""), is(Label::Syn));
        assert_eq!(self.back(SYN_ACK, (0, 1), b""), is(Label::SynAck));
        assert_eq!(
            self.forth(ACK, (1, 1), b""),
            is(Label::AckThird { crossed: false })
        );
        assert_eq!(self.states(), [Established, Established]);
        self
    }

    fn flow(&self) -> &TcpFlow {
        self.flow.as_ref().expect("begun")
    }

    /// Both ends', where both are known and nothing contradicts.
    fn states(&self) -> [TcpState; 2] {
        [Way::Forth, Way::Back].map(|way| {
            let end = self.flow().state(way).expect("a state");
            assert_eq!(end.source, Source::Deduced);
            end.state
        })
    }
}

/// Packets are a millisecond apart, and numbered by it.
const MS: u64 = 1_000_000;

const RTO: Cause = Cause::Timer(Timer::Retransmission);

fn segment(bytes: &[u8]) -> Segment {
    Segment::of(&Frame::parse(bytes)).expect("a segment")
}

/// What is said of a segment, without its numbers.
type Told = (Label, Order, Option<(u64, u32, Cause)>);

fn told(sent: Sent) -> Told {
    let again = sent.again.map(|it| (it.earlier, it.times, it.cause));
    (sent.label, sent.order, again)
}

/// A segment in order and for the first time.
fn is(label: Label) -> Told {
    (label, Order::Next, None)
}

fn again(label: Label, of: u64, times: u32, cause: Cause) -> Told {
    (label, Order::Next, Some((of, times, cause)))
}

const DATA: Label = Label::Data { half: false };

/// Bytes acknowledged a millisecond after they came.
fn ack(bytes: i64) -> Told {
    let after_ns = Some(MS);
    is(Label::Ack { bytes, after_ns })
}

fn ack_fin(last: bool) -> Told {
    is(Label::AckFin {
        bytes: 0,
        last,
        after_ns: Some(MS),
    })
}
