//! One end of a TCP connection, as far as packets tell.

use std::collections::VecDeque;

use super::Arrival;
use super::Label;
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
}

/// A segment that was sent.
#[derive(Clone, Copy, Debug)]
struct Piece {
    from: i64,
    to: i64,
    id: u64,
    ip_id: u16,
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
    pub(super) fn send(&mut self, (from, to): (i64, i64), id: u64, ip_id: u16) -> Option<Label> {
        if from == to {
            return None;
        }
        // What lies beyond everything sent overlaps nothing: the usual case looks no further.
        let known = if from < self.next { self.sent.len() } else { 0 };
        let mut old = self.sent.iter().rev().take(known).copied();
        let before = old.find(|it| it.from < to && from < it.to);
        let label = match before {
            Some(it) if ip_id != 0 && it.ip_id == ip_id && (it.from, it.to) == (from, to) => {
                return Some(Label::Copy { of: it.id });
            }
            Some(it) if self.asked_for(from) => Some(Label::FastRetransmission { of: it.id }),
            Some(it) => Some(Label::Retransmission {
                of: it.id,
                nth: it.times,
            }),
            None if from < self.next => Some(Label::OutOfOrder),
            None if from > self.next => Some(Label::Gap),
            None => None,
        };
        self.remember(Piece {
            from,
            to,
            id,
            ip_id,
            times: before.map_or(1, |it| it.times + 1),
        });
        self.next = self.next.max(to);
        label
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

    /// Takes in what a segment brought; says whether something that had come too early joins it.
    pub(super) fn receive(&mut self, from: i64, to: i64) -> Arrival {
        if from == to {
            return Arrival::InOrder;
        }
        if to <= self.expects {
            return Arrival::Already;
        }
        if from > self.expects {
            let known = self.islands.iter().any(|it| it.0 <= from && to <= it.1);
            if self.islands.len() < ISLANDS && !known {
                self.islands.push((from, to));
            }
            return if known {
                Arrival::Already
            } else {
                Arrival::OutOfOrder
            };
        }
        self.expects = to;
        if self.join() {
            Arrival::FillsGap
        } else {
            Arrival::InOrder
        }
    }

    fn join(&mut self) -> bool {
        let before = self.islands.len();
        while let Some(at) = self.islands.iter().position(|it| it.0 <= self.expects) {
            let (_, to) = self.islands.swap_remove(at);
            self.expects = self.expects.max(to);
        }
        self.islands.len() < before
    }
}
