//! A TFTP transfer, packet by packet.

use std::net::SocketAddr;

use super::TftpLabel;
use super::Way;
use crate::tftp::Direction;
use crate::tftp::Options;
use crate::tftp::Packet;
use crate::tftp::Rollover;
use crate::wire::Frame;

/// A transfer, from its request on.
#[derive(Clone, Debug)]
pub struct TftpFlow {
    client: SocketAddr,
    asked: SocketAddr,
    server: Option<SocketAddr>,
    direction: Direction,
    blksize: u64,
    requested: bool,
    oack: bool,
    data: Count,
    ack: Option<Count>,
    last: Option<u64>,
    error: bool,
}

/// The highest number of a kind, and how often it was sent since it first was.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    block: u64,
    repeats: u32,
}

/// What was found about a packet as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TftpSent {
    /// Which way it goes.
    pub way: Way,
    /// The block of a DATA or an ACK, counted without wrapping at 65,536 (a client whose numbers
    /// skip 0 is one off for each round).
    pub block: Option<u64>,
    /// What it is; never empty.
    pub labels: Vec<TftpLabel>,
}

impl TftpFlow {
    /// A transfer that begins with this frame, if it is a request; tell it that frame too.
    pub fn new(frame: &Frame<'_>) -> Option<Self> {
        let Packet::Request(request) = frame.tftp()? else {
            return None;
        };
        let (client, asked) = frame.endpoints()?;
        Some(Self {
            client,
            asked,
            server: None,
            direction: request.direction,
            blksize: 512,
            requested: false,
            oack: false,
            data: Count::default(),
            ack: None,
            last: None,
            error: false,
        })
    }

    /// The client's TID.
    pub fn client(&self) -> SocketAddr {
        self.client
    }

    /// The server's TID, once it has answered.
    pub fn server(&self) -> Option<SocketAddr> {
        self.server
    }

    /// The number of the last block, once it was seen.
    pub fn last_block(&self) -> Option<u64> {
        self.last
    }

    /// Whether the last block is acknowledged, or an error was sent.
    pub fn is_over(&self) -> bool {
        let acknowledged = self.ack.map(|ack| ack.block);
        self.error || self.last.is_some() && acknowledged >= self.last
    }

    /// Which way a frame goes, if one of its ends is the client's.
    pub fn way(&self, frame: &Frame<'_>) -> Option<Way> {
        frame.tftp()?;
        match frame.endpoints()? {
            (from, _) if from == self.client => Some(Way::Forth),
            (_, to) if to == self.client => Some(Way::Back),
            _ => None,
        }
    }

    /// A packet was sent; `None` if it is none of TFTP to or from the client's port.
    pub fn sent(&mut self, frame: &Frame<'_>) -> Option<TftpSent> {
        let way = self.way(frame)?;
        let packet = frame.tftp()?;
        let (from, to) = frame.endpoints()?;
        let mut labels = Vec::new();
        let mut block = None;
        if let Packet::Request(_) = packet {
            labels.push(self.request());
        } else if self.is_stranger(way, from, to, &mut labels) {
            labels.push(TftpLabel::WrongTid);
        } else {
            block = self.label(&packet, &mut labels);
        }
        Some(TftpSent { way, block, labels })
    }

    fn request(&mut self) -> TftpLabel {
        match std::mem::replace(&mut self.requested, true) {
            true => TftpLabel::RepeatedRequest,
            false => TftpLabel::Request,
        }
    }

    /// The first answer settles the server's TID (RFC 1350 §4).
    fn is_stranger(
        &mut self,
        way: Way,
        from: SocketAddr,
        to: SocketAddr,
        labels: &mut Vec<TftpLabel>,
    ) -> bool {
        match (way, self.server) {
            (Way::Forth, server) => server != Some(to),
            (Way::Back, Some(server)) => server != from,
            (Way::Back, None) => {
                self.server = Some(from);
                labels.push(TftpLabel::ServerTid);
                false
            }
        }
    }

    fn label(&mut self, packet: &Packet<'_>, labels: &mut Vec<TftpLabel>) -> Option<u64> {
        match *packet {
            Packet::Data { block, payload } => {
                let block = place(block, self.data.block);
                labels.push(self.data_label(block));
                if (payload.len() as u64) < self.blksize {
                    self.last = Some(block);
                    labels.push(TftpLabel::LastBlock);
                }
                Some(block)
            }
            Packet::Ack { block } => {
                let block = place(block, self.data.block);
                labels.push(self.ack_label(block));
                Some(block)
            }
            Packet::Oack(options) => {
                labels.push(self.oack_label(options));
                None
            }
            Packet::Error { .. } => {
                self.error = true;
                labels.push(TftpLabel::Error);
                None
            }
            Packet::Request(_) => None,
        }
    }

    fn data_label(&mut self, block: u64) -> TftpLabel {
        if block <= self.data.block {
            if block == self.data.block {
                self.data.repeats += 1;
            }
            let nth = if block == self.data.block {
                self.data.repeats
            } else {
                1
            };
            return TftpLabel::RepeatedData { nth };
        }
        self.data = Count { block, repeats: 0 };
        match block {
            1 => TftpLabel::FirstData,
            _ => TftpLabel::Data,
        }
    }

    fn ack_label(&mut self, block: u64) -> TftpLabel {
        match &mut self.ack {
            Some(last) if last.block == block => {
                last.repeats += 1;
                TftpLabel::DuplicateAck { nth: last.repeats }
            }
            Some(last) if last.block > block => TftpLabel::DuplicateAck { nth: 1 },
            _ => {
                self.ack = Some(Count { block, repeats: 0 });
                let is_last = self.last == Some(block);
                if is_last {
                    TftpLabel::LastAck
                } else {
                    TftpLabel::Ack
                }
            }
        }
    }

    fn oack_label(&mut self, options: Options<'_>) -> TftpLabel {
        self.blksize = options.number("blksize").unwrap_or(512);
        match std::mem::replace(&mut self.oack, true) {
            true => TftpLabel::RepeatedOptions,
            false => TftpLabel::Options,
        }
    }

    /// Which way the file goes, and whom the request asked.
    pub fn asked(&self) -> (Direction, SocketAddr) {
        (self.direction, self.asked)
    }
}

fn place(block: u16, near: u64) -> u64 {
    Rollover::ToZero.index(block, near).unwrap_or(near)
}
