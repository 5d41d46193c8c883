//! One end of a TCP connection, as far as packets tell.

use std::collections::VecDeque;

use super::Again;
use super::Arrival;
use super::Cause;
use super::Order;
use super::judge::Packet;
use super::life::Life;
use super::numbers::Numbers;

/// How many sent segments are remembered, to tell what is a repetition of what.
const MEMORY: usize = 1024;

/// How many pieces beyond a gap are remembered.
const ISLANDS: usize = 256;

#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    pub numbers: Option<Numbers>,
    /// Its SYN, if seen, and whether it had ACK.
    pub syn: Option<bool>,
    /// Whether it has sent anything but a SYN: only then is its window what it says from then on.
    pub settled: bool,
    /// Where its FIN stands.
    pub fin: Option<i64>,
    /// The shift of its windows that its SYN offered.
    pub scale: Option<u8>,
    /// Behind the last that it sent.
    pub next: i64,
    sent: VecDeque<Piece>,
    /// The last acknowledgment that it sent.
    pub said: Option<Said>,
    /// Whether it has acknowledged the peer's SYN in a segment without one.
    pub shook: bool,
    /// Whether its last segment was a probe that wants an answer.
    pub probed: bool,
    /// What it expects next, in the peer's numbers.
    pub expects: i64,
    islands: Vec<(i64, i64)>,
    pub heard: Heard,
    /// When the first bytes arrived that it has not acknowledged, in nanoseconds.
    pub owes_since: Option<u64>,
    /// Whether a SYN that it had already has arrived since it last sent its own.
    pub asked_again: bool,
    /// What state it is in.
    pub life: Life,
}

/// A segment that was sent.
#[derive(Clone, Copy, Debug)]
struct Piece {
    from: i64,
    to: i64,
    id: u64,
    ip_id: u16,
    at_ns: u64,
    times: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    pub ack: i64,
    pub window: u16,
    pub repeats: u32,
}

/// The acknowledgments that have reached an end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heard {
    pub ack: i64,
    window: u16,
    pub repeats: u32,
    /// The highest place that a SACK named.
    pub sacked: i64,
}

impl Side {
    /// Notes what a segment takes up of the numbers, and says how it relates to those before.
    pub(super) fn send(
        &mut self,
        (from, to): (i64, i64),
        packet: Packet,
    ) -> (Order, Option<Again>) {
        if from == to {
            return (Order::Next, None);
        }
        // What lies beyond everything sent overlaps nothing: the usual case looks no further.
        let known = if from < self.next { self.sent.len() } else { 0 };
        let mut old = self.sent.iter().rev().take(known).copied();
        let before = old.find(|it| it.from < to && from < it.to);
        let again = before.map(|it| Again {
            times: it.times,
            wait_ns: packet.now_ns.saturating_sub(it.at_ns),
            earlier: it.id,
            cause: self.cause(&it, (from, to), packet.ip_id),
        });
        if again.is_some_and(|again| again.cause == Cause::Doubled) {
            return (Order::Next, again);
        }
        let order = match again {
            None if from < self.next => Order::Late,
            None if from > self.next => Order::Gap,
            _ => Order::Next,
        };
        self.remember(Piece {
            from,
            to,
            id: packet.id,
            ip_id: packet.ip_id,
            at_ns: packet.now_ns,
            times: before.map_or(1, |it| it.times + 1),
        });
        self.next = self.next.max(to);
        (order, again)
    }

    /// Why what begins at `from` comes again, after `earlier`.
    fn cause(&self, earlier: &Piece, (from, to): (i64, i64), ip_id: u16) -> Cause {
        let same = (earlier.from, earlier.to) == (from, to);
        match () {
            () if ip_id != 0 && earlier.ip_id == ip_id && same => Cause::Doubled,
            () if self.asked_for(from) => Cause::Acks,
            () => Cause::Silence,
        }
    }

    /// Whether acknowledgments that it has received ask for what begins at `from`.
    fn asked_for(&self, from: i64) -> bool {
        (self.heard.ack == from && self.heard.repeats >= 3)
            || (self.heard.ack <= from && from < self.heard.sacked)
    }

    fn remember(&mut self, piece: Piece) {
        if self.sent.len() == MEMORY {
            self.sent.pop_front();
        }
        self.sent.push_back(piece);
    }

    /// Notes an acknowledgment that reached it. It is a repetition only if it brings nothing else
    /// (RFC 5681 §2).
    pub(super) fn hear(&mut self, ack: i64, window: u16, bare: bool, sacked: Option<i64>) {
        let heard = &mut self.heard;
        let same = ack == heard.ack && (window == heard.window || sacked.is_some());
        if ack > heard.ack {
            (heard.ack, heard.repeats) = (ack, 0);
        } else if same && bare && self.next > ack {
            heard.repeats += 1;
        }
        heard.window = window;
        heard.sacked = heard.sacked.max(sacked.unwrap_or(0));
    }

    /// Its numbers; if they are unknown, `number` is taken for the one behind its SYN.
    pub(super) fn numbers_before(&mut self, number: u32, certain: bool) -> Numbers {
        *self.numbers.get_or_insert_with(|| {
            self.next = 1;
            Numbers {
                isn: number.wrapping_sub(1),
                certain,
            }
        })
    }

    /// It counts anew: what it sent is void, what it received is not.
    pub(super) fn forget_sent(&mut self) {
        self.sent.clear();
        (self.next, self.fin) = (0, None);
    }

    /// Whether the peer's FIN has arrived, and all before it.
    pub(super) fn has_heard_fin(&self, peer: &Self) -> bool {
        peer.fin.is_some_and(|fin| self.expects > fin)
    }

    /// Whether the ACK of its own FIN has reached it: only then is nothing left to be closed.
    pub(super) fn has_heard_its_fin_acknowledged(&self) -> bool {
        self.fin.is_some_and(|fin| self.heard.ack > fin)
    }

    /// Takes in what a segment brought.
    pub(super) fn receive(&mut self, from: i64, to: i64) -> Arrival {
        if from == to {
            return Arrival::InOrder;
        }
        if to <= self.expects {
            return Arrival::Known;
        }
        if from > self.expects {
            let known = self.islands.iter().any(|it| it.0 <= from && to <= it.1);
            if self.islands.len() < ISLANDS && !known {
                self.islands.push((from, to));
            }
            return if known {
                Arrival::Known
            } else {
                Arrival::Early
            };
        }
        self.expects = to;
        self.join();
        Arrival::InOrder
    }

    /// What had come too early may now be next.
    fn join(&mut self) {
        while let Some(at) = self.islands.iter().position(|it| it.0 <= self.expects) {
            let (_, to) = self.islands.swap_remove(at);
            self.expects = self.expects.max(to);
        }
    }
}
