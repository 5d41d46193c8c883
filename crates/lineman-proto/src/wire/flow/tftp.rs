//! TFTP transfers, as the wire shows them: which block ends the file, and what was sent before.

mod far;
mod second;

use std::collections::HashMap;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::net::SocketAddr;

use far::Late;
use far::Pace;
use second::Leaving;

use super::Again;
use super::Cause;
use super::Timer;
use crate::tftp::DATA_HEADER;
use crate::tftp::DEFAULT_BLKSIZE;
use crate::tftp::Direction;
use crate::tftp::Options;
use crate::tftp::Packet;
use crate::wire::Frame;

/// How many packets of a transfer are remembered, to tell what is a repetition of what.
const PACKETS: usize = 4096;
/// How many transfers are remembered; the one that began longest ago is forgotten first.
const TRANSFERS: usize = 256;
/// A program answers what lies in its socket this soon, in nanoseconds: more than a busy machine needs, and less than
/// a second's clock of TFTP.
const AT_ONCE_NS: u64 = 50_000_000;

/// No program's clock of TFTP is shorter, in nanoseconds: they have tenths of a second, and RFC 2349 whole seconds.
const SHORTEST_CLOCK_NS: u64 = 100_000_000;

/// How often a packet has arrived: it, or copies that the network made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrivals {
    /// How often.
    pub times: u32,
    /// When last, in nanoseconds.
    pub last_ns: u64,
}

/// The arrivals of a packet, by its number. Where that cannot be seen, as in a capture, each arrives when it is sent.
type Arrived<'a> = Option<&'a dyn Fn(u64) -> Option<Arrivals>>;

impl Sent {
    /// How often it has arrived, each time that it was sent.
    fn arrivals(&self, arrived: Arrived<'_>) -> Option<Arrivals> {
        let Some(arrived) = arrived else {
            let times = self.ids.iter().flatten().count();
            return Some(Arrivals {
                times: u32::try_from(times).unwrap_or(u32::MAX),
                last_ns: self.seen_ns,
            });
        };
        let each = self.ids.iter().flatten().filter_map(|id| arrived(*id));
        each.reduce(|one, other| Arrivals {
            times: one.times.saturating_add(other.times),
            last_ns: one.last_ns.max(other.last_ns),
        })
    }

    /// Whether it has come again since a time at which it was answered, or has come more often than it was answered,
    /// just now.
    fn asks_again(&self, (since_ns, now_ns): (u64, u64), arrived: Arrived<'_>) -> Option<Asks> {
        let it = self.arrivals(arrived)?;
        let ago_ns = now_ns.saturating_sub(it.last_ns);
        let more_often = it.times > self.answered && ago_ns < AT_ONCE_NS;
        let asks = it.last_ns > since_ns || more_often;
        asks.then_some(Asks {
            ago_ns,
            may_be_timed: self.may_be_timed,
        })
    }

    /// The same of a request, whose answer may come again by a clock, too: only what comes sooner than by any is because of it.
    fn asks_lately(&self, (since_ns, now_ns): (u64, u64), arrived: Arrived<'_>) -> bool {
        self.arrivals(arrived).is_some_and(|it| {
            let asks = it.last_ns > since_ns || it.times > self.answered;
            asks && now_ns.saturating_sub(it.last_ns.max(since_ns)) < SHORTEST_CLOCK_NS
        })
    }
}

/// What has come again and asks for an answer.
#[derive(Clone, Copy, Debug)]
struct Asks {
    /// How long ago it has come last, in nanoseconds.
    ago_ns: u64,
    /// Whether a timer of the peer may have sent it.
    may_be_timed: bool,
}

/// How many times that a packet was sent are remembered: a transfer is given up after some, and what is asked is only of
/// what came just now.
const IDS: usize = 8;

/// So many ACKs are remembered: one that is overtaken by more says nothing.
const ACKS: usize = 16;

/// So many identifications of an end are remembered: more than the usual windows have blocks.
const IP_IDS: usize = 64;

/// How many bytes of a request, an OACK or an ERROR are compared: requests have at most 512 (RFC 2347).
const COMPARED: usize = 512;

/// What an OACK begins with (RFC 2347).
const OACK: [u8; 2] = [0, 6];

/// What an ERROR begins with (RFC 1350 §5).
const ERROR: [u8; 2] = [0, 5];

/// How a transfer has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TftpEnd {
    /// Its last block was acknowledged.
    Acknowledged,
    /// An ERROR was sent.
    Failed,
}

/// What a TFTP packet is in its transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TftpStep {
    /// Whether the file goes from the client to the server.
    pub upload: bool,
    /// The server's TID, if this packet comes from or goes to another port of its: it has no part in
    /// the transfer.
    pub stray: Option<u16>,
    /// Whether a stray packet was sent to the other port, and not from it.
    pub to_stray: bool,
    /// Whether a stray packet is of another transfer, that the server has begun for a copy of the same request.
    pub is_second: bool,
    /// Whether it acknowledges a block that has not been seen.
    pub unseen: bool,
    /// Whether it is block 0 of a file that begins with that, or its ACK.
    pub from_zero: bool,
    /// The server's port, if this packet is the first from it: its TID (RFC 1350 §4).
    pub new_tid: Option<u16>,
    /// Whether it is the last block, or its ACK.
    pub last: bool,
    /// The size of a block.
    pub blksize: u64,
    /// How many blocks may be under way without an ACK (RFC 7440).
    pub window: u64,
    /// Whether it is the last block that may be sent before another ACK.
    pub fills_window: bool,
    /// How many bytes of the file have been sent with this packet.
    pub bytes: u64,
    /// How the transfer had ended before this packet, if it had.
    pub ended: Option<TftpEnd>,
    /// Whether it answers the request, and not a packet behind it.
    pub answers_request: bool,
    /// The port to which the request went.
    pub asked_port: u16,
    /// If it was sent before: how often, and when last.
    pub again: Option<Again>,
    /// Whether what it answers has come again since it was sent last.
    pub asked_again: bool,
    /// If it answers what had come again, by how long after that it does, as long as the other answers: how long, in nanoseconds.
    pub answers_ns: Option<u64>,
}

/// A transfer, from its request on.
#[derive(Clone, Debug)]
pub struct TftpFlow {
    client: SocketAddr,
    /// The host that was asked.
    asked: IpAddr,
    /// What is known of a packet right behind the request.
    beginning: TftpStep,
    step: TftpStep,
    tid: Option<u16>,
    /// Whether the client has answered the server's TID.
    is_kept: bool,
    /// The transfers that other copies of the request have begun.
    seconds: Vec<Self>,
    /// When one of them has answered the request last, in nanoseconds.
    elsewhere_ns: u64,
    /// How long the server and the client take to answer.
    paces: [Pace; 2],
    /// The last block whose ACK the sender has heard.
    acked: u16,
    /// The latest block that was acknowledged, whether the sender has heard that or not.
    last_ack: Option<u16>,
    last_block: Option<u16>,
    highest: u64,
    end: Option<TftpEnd>,
    sent: HashMap<(bool, Said), Sent>,
    /// How many bytes of the file each block has that an end has sent.
    lens: HashMap<(bool, u16), usize>,
    oack: Option<Said>,
    /// The request, as it was sent last.
    request: Option<Said>,
    /// The last ACKs that were sent.
    acks: VecDeque<Acked>,
    copies: Copies,
    /// The last identifications of what the server and the client have sent.
    ip_ids: [VecDeque<u16>; 2],
}

/// What tells a copy that the network has made from what was sent again.
#[derive(Clone, Copy, Debug, Default)]
struct Copies {
    /// The network says itself when it makes one: nothing is deduced.
    are_told: bool,
    /// Whether different packets of the server, of the client, had the same identification (RFC 6864: those of packets that may not
    /// be fragmented mean nothing; and what is cut into datagrams behind one call (UDP GSO) has numbers that the next call begins within).
    share_ip_ids: [bool; 2],
}

/// What a packet says, as far as two may say the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Said {
    Data { block: u16, len: usize },
    Ack { block: u16 },
    Words { len: usize, bytes: Vec<u8> },
}

/// An ACK that was sent.
#[derive(Clone, Copy, Debug)]
struct Acked {
    id: u64,
    at_ns: u64,
    block: u16,
}

impl Acked {
    /// When it has arrived last.
    fn came_ns(self, arrived: Arrived<'_>) -> Option<u64> {
        match arrived {
            Some(arrived) => arrived(self.id).map(|it| it.last_ns),
            None => Some(self.at_ns),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    id: u64,
    /// That, and before it the numbers that it had when it was sent before: of each something may have arrived.
    ids: [Option<u64>; IDS],
    /// When it was sent, each of these times.
    sent_ns: [u64; IDS],
    /// How long the first answer took, from when it had come first.
    first_answer_ns: Option<u64>,
    at_ns: u64,
    /// When it, or a copy that the network made of it, was seen last.
    seen_ns: u64,
    /// Whether a timer may have sent it, that last time.
    may_be_timed: bool,
    times: u32,
    wait_ns: Option<u64>,
    /// How often the peer has answered it, however often it was sent.
    answered: u32,
    /// The identification of the IP packet.
    ip_id: u16,
}

impl TftpFlow {
    /// A transfer that begins with this frame, if it is a request; tell it that frame too.
    pub fn new(frame: &Frame<'_>) -> Option<Self> {
        let Packet::Request(request) = frame.tftp()? else {
            return None;
        };
        let (client, server) = frame.endpoints()?;
        let beginning = TftpStep {
            upload: request.direction == Direction::Write,
            stray: None,
            to_stray: false,
            is_second: false,
            unseen: false,
            from_zero: false,
            new_tid: None,
            last: false,
            blksize: DEFAULT_BLKSIZE.into(),
            window: 1,
            fills_window: false,
            bytes: 0,
            ended: None,
            answers_request: false,
            asked_port: server.port(),
            again: None,
            asked_again: false,
            answers_ns: None,
        };
        Some(Self::of(client, server.ip(), beginning))
    }

    fn of(client: SocketAddr, asked: IpAddr, beginning: TftpStep) -> Self {
        Self {
            client,
            asked,
            beginning,
            step: beginning,
            tid: None,
            is_kept: false,
            seconds: Vec::new(),
            elsewhere_ns: 0,
            paces: Default::default(),
            acked: 0,
            last_ack: None,
            last_block: None,
            highest: 0,
            end: None,
            sent: HashMap::new(),
            lens: HashMap::new(),
            oack: None,
            request: None,
            acks: VecDeque::new(),
            copies: Copies::default(),
            ip_ids: Default::default(),
        }
    }

    /// Whether the last block is acknowledged, or an error was sent.
    pub fn is_over(&self) -> bool {
        self.end.is_some()
    }

    /// A packet was sent; `id` is what later packets will call it that repeat it. `arrived` says when an
    /// earlier one, or a copy of it, has arrived: only what has arrived is answered. Without it, as in a
    /// capture, each arrives when it is sent. `None` if
    /// it is none of TFTP to or from the client's port.
    pub fn sent(
        &mut self,
        id: u64,
        now_ns: u64,
        frame: &Frame<'_>,
        arrived: Option<&dyn Fn(u64) -> Option<Arrivals>>,
    ) -> Option<TftpStep> {
        let packet = frame.tftp()?;
        let (from, to) = frame.endpoints()?;
        let by_client = match self.client {
            client if client == from => true,
            client if client == to => false,
            _ => return None,
        };
        let mut step = match packet {
            Packet::Request(_) => self.step,
            _ => {
                let server = if by_client { to } else { from };
                let leaving = Leaving {
                    id,
                    now_ns,
                    frame,
                    by_client,
                    server,
                };
                if let Some(step) = self.in_second(&packet, leaving, arrived) {
                    return Some(step);
                }
                // A frame may have only the beginning of a block: its first fragment, or what was captured.
                let len = frame.datagram_len()?.saturating_sub(DATA_HEADER) as u64;
                self.hear(arrived);
                self.step(&packet, len, by_client, server.port())
            }
        };
        if step.stray.is_none() {
            let said = said(&packet, frame.payload().bytes());
            let ip_id = frame.ipv4().map_or(0, |ip| ip.id());
            let key = (by_client, said);
            if matches!(packet, Packet::Request(_)) {
                self.request = Some(key.1.clone());
            }
            let asked = self.asked_by(&key);
            step.answers_request = asked.is_some_and(|it| self.is_request(&it));
            let before = self.sent.get(&key);
            step.asked_again = before
                .is_some_and(|before| self.asks(&key, (before.at_ns, now_ns), arrived).is_some());
            let late = self.late(&key, now_ns, arrived);
            step.again = match self.doubled(&key, (id, ip_id), now_ns, arrived) {
                None => self.again(key, (id, ip_id), now_ns, arrived),
                doubled => doubled,
            };
            let is_answer = step.again.is_some_and(|it| it.cause == Cause::Asked);
            step.answers_ns = match late {
                Some(Late::Answer { ns }) if is_answer => Some(ns),
                _ => None,
            };
            match packet {
                Packet::Request(_) => self.tell_seconds(),
                Packet::Error { .. } => {}
                _ => self.is_kept |= by_client,
            }
            if let Packet::Ack { block } = packet {
                let at_ns = now_ns;
                self.acks.truncate(ACKS - 1);
                self.acks.push_front(Acked { id, at_ns, block });
                let is_later = self.last_ack.is_none_or(|last| is_behind(last, block));
                if is_later && !step.unseen {
                    self.last_ack = Some(block);
                }
            }
        }
        Some(step)
    }

    /// `len` is how many bytes of the file it carries, if it is DATA.
    fn step(&mut self, packet: &Packet<'_>, len: u64, by_client: bool, server: u16) -> TftpStep {
        let mut step = TftpStep {
            ended: self.end,
            ..self.step
        };
        if !by_client && self.tid.is_none() {
            self.tid = Some(server);
            // A server may keep to the port that was asked: that is no new one.
            step.new_tid = Some(server).filter(|port| *port != self.step.asked_port);
        }
        step.stray = self.tid.filter(|tid| *tid != server);
        step.to_stray = by_client && step.stray.is_some();
        if step.stray.is_some() {
            return step;
        }
        match *packet {
            Packet::Oack(options) => {
                self.agree(options);
                (step.blksize, step.window) = (self.step.blksize, self.step.window);
            }
            Packet::Data { block, .. } => {
                step.last = len < step.blksize;
                self.data(block, len, step.last);
                step.from_zero = block == 0 && self.is_beginning();
                step.bytes = self.step.bytes;
                step.fills_window = u64::from(block.wrapping_sub(self.acked)) == step.window;
            }
            Packet::Ack { block } => {
                // ACK 0 answers a WRQ or an OACK, and no block: those begin with number 1.
                let answers = self.step.upload || self.oack.is_some();
                let of_zero = block == 0 && !answers && self.is_beginning();
                let has_zero = self.lens.contains_key(&(!by_client, 0));
                step.from_zero = of_zero && has_zero;
                step.unseen = self.is_unseen(!by_client, block) || of_zero && !has_zero;
                step.last = self.last_block == Some(block);
                if step.last {
                    self.end.get_or_insert(TftpEnd::Acknowledged);
                }
            }
            Packet::Error { .. } => {
                self.end.get_or_insert(TftpEnd::Failed);
            }
            Packet::Request(_) => {}
        }
        step
    }

    fn agree(&mut self, options: Options<'_>) {
        self.step.blksize = options.number("blksize").unwrap_or(self.step.blksize);
        self.step.window = options.number("windowsize").unwrap_or(self.step.window);
    }

    /// Whether block numbers have not gone round yet: the one behind 65535 is number 0, too.
    fn is_beginning(&self) -> bool {
        self.highest < 1 << 15
    }

    /// Counts the bytes of blocks that were not sent before.
    fn data(&mut self, block: u16, len: u64, last: bool) {
        // The first of a sender that numbers its blocks from 0.
        let is_zero = block == 0 && self.highest == 0 && self.step.bytes == 0;
        if block == (self.highest as u16).wrapping_add(1) {
            self.highest += 1;
            self.step.bytes += len;
        } else if is_zero {
            self.step.bytes = len;
        }
        if last {
            self.last_block = Some(block);
        }
    }

    /// Whether an end has not sent this block, nor one behind it; numbers go round.
    fn is_unseen(&self, by_client: bool, block: u16) -> bool {
        let ahead = block.wrapping_sub(self.highest as u16);
        let is_later = (1..1 << 15).contains(&ahead);
        is_later && !self.lens.contains_key(&(by_client, block))
    }

    /// Notes which ACKs have arrived: the window begins behind the latest; one that comes late names an earlier block.
    fn hear(&mut self, arrived: Arrived<'_>) {
        for ack in self.acks.iter().rev() {
            let ahead = ack.block.wrapping_sub(self.acked);
            // Numbers go round at 65536, so what is less than half of that ahead is later.
            if ahead < 1 << 15 && ack.came_ns(arrived).is_some() {
                self.acked = ack.block;
            }
        }
    }

    /// Whether it is the same IP packet once more: the network or the capture has doubled it, and nobody has sent it again.
    fn doubled(
        &mut self,
        key: &(bool, Said),
        (id, ip_id): (u64, u16),
        now_ns: u64,
        arrived: Arrived<'_>,
    ) -> Option<Again> {
        let Some(known) = self.sent.get(key) else {
            self.note_ip_id(key.0, ip_id);
            return None;
        };
        let (since_ns, wait_ns) = (known.at_ns, now_ns.saturating_sub(known.at_ns));
        let is_soon = wait_ns < AT_ONCE_NS || self.is_done_with(key);
        let is_same = ip_id != 0 && known.ip_id == ip_id && is_soon;
        if !is_same || self.copies.are_told || self.shares_ip_id(key, ip_id) {
            return None;
        }
        let times = (since_ns, now_ns);
        if matches!(key.1, Said::Data { block, .. } if self.resumed_by((key.0, block), times, arrived))
        {
            return None;
        }
        let before = self.sent.get_mut(key)?;
        before.ids.rotate_right(1);
        before.ids[0] = Some(id);
        before.sent_ns.rotate_right(1);
        before.sent_ns[0] = now_ns;
        before.seen_ns = now_ns;
        Some(Again {
            times: before.times,
            wait_ns,
            timer_ns: wait_ns,
            anew: None,
            last_wait_ns: before.wait_ns,
            earlier: before.id,
            covered: None,
            fresh: 0,
            cause: Cause::Doubled,
        })
    }

    /// An end has sent something new with this identification.
    fn note_ip_id(&mut self, by_client: bool, ip_id: u16) {
        let end = usize::from(by_client);
        let ids = &mut self.ip_ids[end];
        self.copies.share_ip_ids[end] |= ids.contains(&ip_id);
        ids.truncate(IP_IDS - 1);
        ids.push_front(ip_id);
    }

    /// Whether this end has sent something else with the same identification.
    fn shares_ip_id(&mut self, (by_client, said): &(bool, Said), ip_id: u16) -> bool {
        let shares = &mut self.copies.share_ip_ids[usize::from(*by_client)];
        let is_other = |(whose, other): &(bool, Said)| whose == by_client && other != said;
        *shares = *shares
            || self
                .sent
                .iter()
                .any(|(key, sent)| sent.ip_id == ip_id && is_other(key));
        *shares
    }

    fn again(
        &mut self,
        key: (bool, Said),
        (id, ip_id): (u64, u16),
        now_ns: u64,
        arrived: Arrived<'_>,
    ) -> Option<Again> {
        let before = self.sent.get(&key).copied();
        let times = before.map_or(0, |before| before.times + 1);
        let since = before.map(|before| before.at_ns);
        let late = self
            .late(&key, now_ns, arrived)
            .filter(|_| before.is_some());
        let cause = since.map(|since_ns| self.cause(&key, (since_ns, now_ns), late, arrived));
        self.note_pace(&key, (now_ns, late), arrived);
        if self.sent.len() >= PACKETS {
            self.lens.clear();
            self.sent.clear(); // only repeats of what is older are no longer known
        }
        self.note(&key);
        let mut ids = before.map_or([None; IDS], |before| before.ids);
        ids.rotate_right(1);
        ids[0] = Some(id);
        let mut sent_ns = before.map_or([0; IDS], |before| before.sent_ns);
        sent_ns.rotate_right(1);
        sent_ns[0] = now_ns;
        let sent = Sent {
            id,
            ids,
            sent_ns,
            first_answer_ns: before.and_then(|before| before.first_answer_ns),
            at_ns: now_ns,
            seen_ns: now_ns,
            may_be_timed: matches!(cause, Some(Cause::Timer(_) | Cause::Silence)),
            times,
            wait_ns: before.map(|before| now_ns.saturating_sub(before.at_ns)),
            answered: before.map_or(0, |before| before.answered),
            ip_id,
        };
        self.sent.insert(key, sent);
        let before = before?;
        let wait_ns = now_ns.saturating_sub(before.at_ns);
        Some(Again {
            times,
            wait_ns,
            timer_ns: wait_ns,
            anew: None,
            last_wait_ns: before.wait_ns,
            earlier: before.id,
            covered: None,
            fresh: 0,
            cause: cause?,
        })
    }

    /// Why a packet is sent again that was sent at `since_ns`: of all that has arrived since then, what it answers, or else a timer of its
    /// program, unless it is done with that packet.
    fn cause(
        &self,
        key: &(bool, Said),
        times: (u64, u64),
        late: Option<Late>,
        arrived: Arrived<'_>,
    ) -> Cause {
        let asks = self.asks(key, times, arrived);
        let is_block = matches!(key.1, Said::Data { .. });
        match self.answers(key, times, arrived) {
            Some(cause) => cause,
            None if matches!(late, Some(Late::Answer { .. })) => Cause::Asked,
            None if self.is_done_with(key) || late.is_some() => Cause::Silence,
            None if self.answers_request(key) => Cause::Timer(Timer::Program),
            // A block that comes again is answered at once, and where that is not so, packets do not tell whether it is answered at all.
            // An ACK that comes again is not: only what follows it soon may be because of it.
            None if asks.is_some_and(|it| it.ago_ns < SHORTEST_CLOCK_NS || !is_block) => {
                Cause::Silence
            }
            None => Cause::Timer(Timer::Program),
        }
    }

    fn answers_request(&self, key: &(bool, Said)) -> bool {
        self.asked_by(key).is_some_and(|it| self.is_request(&it))
    }

    /// What asks for this, if it has come again since this was sent.
    fn asks(&self, key: &(bool, Said), times: (u64, u64), arrived: Arrived<'_>) -> Option<Asks> {
        let asked = self.asked_by(key).and_then(|it| self.sent.get(&it));
        // No ACK asks for one block of a window: it tells where the next window begins.
        let is_block = matches!(key.1, Said::Data { .. });
        asked
            .filter(|_| !is_block || self.step.window <= 1)?
            .asks_again(times, arrived)
    }

    /// What of all that has arrived since then a packet that comes again answers.
    fn answers(
        &self,
        key: &(bool, Said),
        (since_ns, now_ns): (u64, u64),
        arrived: Arrived<'_>,
    ) -> Option<Cause> {
        let times = (since_ns, now_ns);
        if self.answers_request(key) {
            let asked = self.asked_by(key).and_then(|it| self.sent.get(&it));
            let times = (since_ns.max(self.elsewhere_ns), now_ns);
            let asked = asked.is_some_and(|sent| sent.asks_lately(times, arrived));
            return asked.then_some(Cause::Asked);
        }
        let asks = self.asks(key, times, arrived);
        // Sooner than by any clock.
        let lately = asks.filter(|it| it.ago_ns < SHORTEST_CLOCK_NS);
        let soon = now_ns.saturating_sub(since_ns) < SHORTEST_CLOCK_NS;
        let no_timer = |it: &Asks| {
            let at_once = it.ago_ns < AT_ONCE_NS && !it.may_be_timed;
            soon || at_once || self.is_done_with(key)
        };
        match key.1 {
            Said::Data { block, .. } => match () {
                () if self.resumed_by((key.0, block), times, arrived) => Some(Cause::Resumed),
                // An ACK that comes again asks for no block (RFC 1123 §4.2.3.1), and the sender's timer may run out just then, above
                // all if that of its peer has: both began with the same block.
                () => lately.filter(no_timer).map(|_| Cause::Asked),
            },
            Said::Ack { .. } => match lately {
                Some(_) => Some(Cause::Asked),
                None => self.has_gap(key, times, arrived).then_some(Cause::Gap),
            },
            Said::Words { .. } => None,
        }
    }

    /// Whether an end has sent what follows this packet, and so has got its answer: no timer of its program has it sent again. Nor has any
    /// an ERROR, which nobody answers.
    fn is_done_with(&self, (by_client, said): &(bool, Said)) -> bool {
        let sends_blocks = *by_client == self.step.upload;
        match said {
            Said::Data { block, .. } => {
                let behind = (self.highest as u16).wrapping_sub(*block);
                (self.step.window..1 << 15).contains(&behind.into())
            }
            Said::Ack { block } => self.last_ack.is_some_and(|last| is_behind(*block, last)),
            Said::Words { bytes, .. } if bytes.starts_with(&ERROR) => true,
            Said::Words { .. } if sends_blocks => self.highest > 0,
            Said::Words { .. } => self.last_ack.is_some(),
        }
    }

    /// What of the peer this answers: an ACK a block of that number, or the OACK if there is none of number 0; a block the ACK of
    /// the one before it.
    fn asked_by(&self, (by_client, said): &(bool, Said)) -> Option<(bool, Said)> {
        let peer = !*by_client;
        match said {
            Said::Data { block, .. } => {
                let before = Said::Ack {
                    block: block.wrapping_sub(1),
                };
                let before = (peer, before);
                // The first block answers the request itself where no options are agreed on (RFC 1350 §4).
                match *block == 1 && peer && !self.sent.contains_key(&before) && self.highest <= 1 {
                    true => self.requested(),
                    false => Some(before),
                }
            }
            Said::Ack { block } => {
                let len = self.lens.get(&(peer, *block)).copied();
                let data = len.map(|len| Said::Data { block: *block, len });
                let oack = || self.oack.clone().filter(|_| *block == 0);
                match data.or_else(oack) {
                    Some(asked) => Some((peer, asked)),
                    None => self.requested().filter(|_| *block == 0 && peer),
                }
            }
            Said::Words { bytes, .. } if peer && bytes.starts_with(&OACK) => self.requested(),
            Said::Words { .. } => None,
        }
    }

    /// The request of the client.
    fn requested(&self) -> Option<(bool, Said)> {
        Some((true, self.request.clone()?))
    }

    fn is_request(&self, (by_client, said): &(bool, Said)) -> bool {
        *by_client && self.request.as_ref() == Some(said)
    }

    /// Notes what is said, and that what it answers is answered once more.
    fn note(&mut self, key: &(bool, Said)) {
        if let Some(sent) = self.asked_by(key).and_then(|it| self.sent.get_mut(&it)) {
            sent.answered += 1;
        }
        match &key.1 {
            Said::Data { block, len } => {
                self.lens.insert((key.0, *block), *len);
            }
            Said::Words { bytes, .. } if bytes.starts_with(&OACK) => {
                self.oack = Some(key.1.clone());
            }
            _ => {}
        }
    }

    /// Whether the last ACK that has come has the window begin anew before this block, or with one that was sent just now. What is sent
    /// alone from within the window, or long after the ACK, a timer has sent. In lockstep no ACK has a block sent again (RFC 1123
    /// §4.2.3.1).
    fn resumed_by(
        &self,
        (by_client, block): (bool, u16),
        (since_ns, now_ns): (u64, u64),
        arrived: Arrived<'_>,
    ) -> bool {
        let heard = self.acks.iter().rev();
        let heard = heard.filter_map(|ack| Some((ack.came_ns(arrived)?, ack.block)));
        let last = heard.max_by_key(|(came_ns, _)| *came_ns);
        let Some((came_ns, acked)) = last.filter(|(came_ns, _)| *came_ns >= since_ns) else {
            return false;
        };
        let ahead = u64::from(block.wrapping_sub(acked));
        let is_behind = (1..=self.step.window).contains(&ahead) && self.step.window > 1;
        let at_once = |from_ns: u64, to_ns: u64| {
            from_ns <= to_ns && to_ns.saturating_sub(from_ns) < AT_ONCE_NS
        };
        let sent_ns = |block: u16| match block {
            _ if ahead == 1 => Some(now_ns),
            block => self.block_sent_ns(by_client, block),
        };
        let begun_ns = sent_ns(acked.wrapping_add(1)).filter(|begun| at_once(came_ns, *begun));
        let before_ns = sent_ns(block.wrapping_sub(1)).filter(|before| at_once(*before, now_ns));
        is_behind
            && begun_ns
                .zip(before_ns)
                .is_some_and(|(begun, before)| begun <= before)
    }

    /// When an end has sent a block last.
    fn block_sent_ns(&self, by_client: bool, block: u16) -> Option<u64> {
        let len = *self.lens.get(&(by_client, block))?;
        let sent = self.sent.get(&(by_client, Said::Data { block, len }))?;
        Some(sent.at_ns)
    }

    /// Whether a block of the window has come just now, since then, that does not follow the one of this ACK.
    fn has_gap(
        &self,
        (by_client, said): &(bool, Said),
        (since_ns, now_ns): (u64, u64),
        arrived: Arrived<'_>,
    ) -> bool {
        let Said::Ack { block: acked } = said else {
            return false;
        };
        self.blocks_from(!by_client).any(|(block, sent)| {
            let ahead = u64::from(block.wrapping_sub(*acked));
            let behind = (2..=self.step.window).contains(&ahead);
            let arrivals = sent.arrivals(arrived).filter(|_| behind);
            arrivals.is_some_and(|it| {
                it.last_ns >= since_ns && now_ns.saturating_sub(it.last_ns) < AT_ONCE_NS
            })
        })
    }

    /// The blocks that an end has sent, each as it was sent last.
    fn blocks_from(&self, client: bool) -> impl Iterator<Item = (u16, &Sent)> {
        self.sent.iter().filter_map(move |((whose, said), sent)| {
            let &Said::Data { block, .. } = said else {
                return None;
            };
            (*whose == client).then_some((block, sent))
        })
    }
}

/// Whether a block comes before another. Numbers go round at 65536, so what is less than half of that ahead is later.
fn is_behind(block: u16, other: u16) -> bool {
    (1..1 << 15).contains(&other.wrapping_sub(block))
}

fn said(packet: &Packet<'_>, bytes: &[u8]) -> Said {
    match *packet {
        Packet::Data { block, payload } => Said::Data {
            block,
            len: payload.len(),
        },
        Packet::Ack { block } => Said::Ack { block },
        _ => Said::Words {
            len: bytes.len(),
            bytes: bytes.get(..COMPARED).unwrap_or(bytes).to_vec(),
        },
    }
}

/// The transfers, each found by its client's address and port, which is its TID.
#[derive(Debug, Default)]
pub struct TftpFlows {
    by_client: HashMap<SocketAddr, TftpFlow>,
    oldest: VecDeque<SocketAddr>,
    copies: Copies,
}

impl TftpFlows {
    /// Knowing none.
    pub fn new() -> Self {
        Self::default()
    }

    /// The network says itself when it has made a copy, and tells of none as sent: nothing else is one.
    pub fn tells_copies(&mut self) {
        self.copies.are_told = true;
    }

    /// A packet was sent; `arrived` says when an earlier one has arrived last, in nanoseconds, where that is
    /// known. `None` if it is none of TFTP,
    /// or of no transfer whose request was seen.
    pub fn sent(
        &mut self,
        id: u64,
        now_ns: u64,
        frame: &Frame<'_>,
        arrived: Option<&dyn Fn(u64) -> Option<Arrivals>>,
    ) -> Option<TftpStep> {
        let (from, to) = frame.endpoints()?;
        if let Some(Packet::Request(_)) = frame.tftp() {
            self.begin(from, frame);
        }
        let client = [from, to]
            .into_iter()
            .find(|end| self.by_client.contains_key(end))?;
        self.by_client
            .get_mut(&client)?
            .sent(id, now_ns, frame, arrived)
    }

    /// A request begins a transfer, unless it is that of one that goes on.
    fn begin(&mut self, client: SocketAddr, frame: &Frame<'_>) {
        let goes_on = |flow: &TftpFlow| !flow.is_over();
        if self.by_client.get(&client).is_some_and(goes_on) {
            return;
        }
        let Some(flow) = TftpFlow::new(frame) else {
            return;
        };
        let flow = TftpFlow {
            copies: self.copies,
            ..flow
        };
        if self.by_client.insert(client, flow).is_none() {
            self.oldest.push_back(client);
        }
        if self.oldest.len() > TRANSFERS
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.by_client.remove(&oldest);
        }
    }
}
