//! A TCP segment, as much of it as a flow needs.

use std::net::SocketAddr;

use super::point::Point;
use crate::wire::Checksum;
use crate::wire::Flags;
use crate::wire::Frame;
use crate::wire::Layer;
use crate::wire::Tcp;
use crate::wire::TcpOption;
use crate::wire::tcp::MAX_SHIFT;

/// The most blocks that the 40 bytes of options have room for (RFC 2018 §3).
pub(super) const SACK_BLOCKS: usize = 4;

/// The first number of a block that a SACK names, and the one behind its last.
type Block = (u32, u32);

/// A TCP segment, taken out of its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Who sent it.
    pub from: SocketAddr,
    /// For whom it is.
    pub to: SocketAddr,
    /// Its flags.
    pub flags: Flags,
    /// The number of its first byte.
    pub seq: u32,
    /// What its sender expects next; without [`Flags::ACK`] it means nothing.
    pub ack: u32,
    /// The window as it stands in the header.
    pub window: u16,
    /// The shift of later windows, in a SYN (RFC 7323 §2).
    pub scale: Option<u8>,
    /// How many bytes its sender takes in a segment, as a SYN may say (RFC 9293 §3.7.1).
    pub mss: Option<u16>,
    /// Whether it offers SACK, as a SYN may (RFC 2018 §2).
    pub sack_permitted: bool,
    /// How many bytes it carries, captured or not.
    pub len: u32,
    /// Whether its checksum is wrong.
    pub damaged: bool,
    /// Its sender's clock, and the last one of its peer that it has heard (RFC 7323 §3).
    pub time_stamps: Option<(u32, u32)>,
    /// The identification of its IPv4 packet; 0 if it has none.
    pub(super) ip_id: u16,
    /// Where its packet was seen.
    pub(super) point: Point,
    /// The blocks that a SACK names; `None` without the option.
    sacked: Option<[Option<Block>; SACK_BLOCKS]>,
}

impl Segment {
    /// The same, sent once more by its TCP, in a packet of which nothing else was seen.
    #[must_use]
    pub fn resent(self) -> Self {
        Self { ip_id: 0, ..self }
    }

    /// What is left of a SYN that nobody heeds: an empty segment at this number.
    pub(super) fn empty_at(self, seq: u32) -> Self {
        Self {
            flags: Flags(self.flags.0 & !Flags::SYN.0),
            seq,
            len: 0,
            ..self
        }
    }

    /// The segment of a frame, if it has one.
    pub fn of(frame: &Frame<'_>) -> Option<Self> {
        let tcp = frame.tcp()?;
        let (from, to) = frame.endpoints()?;
        let options = Options::of(&tcp);
        Some(Self {
            from,
            to,
            flags: tcp.flags(),
            seq: tcp.seq(),
            ack: tcp.ack(),
            window: tcp.window(),
            scale: options.scale,
            mss: options.mss,
            sack_permitted: options.sack_permitted,
            len: u32::try_from(tcp.payload().wire_len()).unwrap_or(u32::MAX),
            damaged: matches!(frame.checksum(Layer::Tcp), Some(Checksum::Wrong { .. })),
            time_stamps: options.time_stamps,
            ip_id: frame.ipv4().map_or(0, |ip| ip.id()),
            point: Point::of(frame),
            sacked: options.sacked,
        })
    }

    /// Whether `flag` is set.
    pub fn has(&self, flag: Flags) -> bool {
        self.flags.has(flag)
    }

    /// How many numbers it takes up.
    pub fn takes(&self) -> u32 {
        self.len
            .saturating_add(u32::from(self.has(Flags::SYN)))
            .saturating_add(u32::from(self.has(Flags::FIN)))
    }

    pub(super) fn sacked(&self) -> [Option<Block>; SACK_BLOCKS] {
        self.sacked.unwrap_or_default()
    }
}

/// What its options say; of each kind the first counts. All are looked through once: a capture has many segments.
#[derive(Default)]
struct Options {
    scale: Option<u8>,
    mss: Option<u16>,
    sack_permitted: bool,
    time_stamps: Option<(u32, u32)>,
    sacked: Option<[Option<Block>; SACK_BLOCKS]>,
}

impl Options {
    fn of(tcp: &Tcp<'_>) -> Self {
        let mut found = Self::default();
        for option in tcp.options() {
            match option {
                TcpOption::WindowScale(shift) if found.scale.is_none() => {
                    found.scale = Some(shift.min(MAX_SHIFT));
                }
                TcpOption::Mss(mss) if found.mss.is_none() => found.mss = Some(mss),
                TcpOption::SackPermitted => found.sack_permitted = true,
                TcpOption::Timestamps { value, echo } if found.time_stamps.is_none() => {
                    found.time_stamps = Some((value, echo));
                }
                TcpOption::Sack(blocks) if found.sacked.is_none() => {
                    let mut blocks = blocks.iter();
                    found.sacked = Some(std::array::from_fn(|_| blocks.next()));
                }
                _ => {}
            }
        }
        found
    }
}
