//! The newer form: sections of blocks, each with its length before and behind it.

mod block;
mod write;

use std::io::Read;

use super::Endian;
use super::Interface;
use super::LinkType;
use super::MAX_INTERFACES;
use super::MAX_PACKET;
use super::Reason;
use super::Record;
use super::Resolution;
use super::Statistics;
use super::bytes::Input;
use super::bytes::Stop;
use block::Block;
use block::BlockOption;

pub use write::Counted;
pub use write::PcapngWriter;
pub use write::Section;

/// The kind of a section's header: the same in either byte order.
pub(super) const SECTION: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// The number by which the header of a section tells its byte order.
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// The version that is written (draft-ietf-opsawg-pcapng §4.1).
const VERSION: (u16, u16) = (1, 0);
/// Written by some programs for a while; the draft has it read as 1.0.
const VERSION_TOO: (u16, u16) = (1, 2);

// Kinds of blocks (draft-ietf-opsawg-pcapng §11.1).
const INTERFACE: u32 = 1;
/// A packet, in files before 2009.
const OLD_PACKET: u32 = 2;
/// A packet of the first interface, without a time.
const SIMPLE_PACKET: u32 = 3;
/// What the capturing of an interface has come to.
const STATISTICS: u32 = 5;
const PACKET: u32 = 6;

/// The length of a block's kind and of its two lengths, in bytes.
const FRAMING: u32 = 12;

// Options: of any block, of an interface, of a packet, and what the flags of one have of its direction (§3.5, §4.2, §4.3).
const END_OF_OPTIONS: u16 = 0;
const COMMENT: u16 = 1;
const IF_NAME: u16 = 2;
const IF_DESCRIPTION: u16 = 3;
const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;
const PACKET_FLAGS: u16 = 2;
const INBOUND: u32 = 1;
const OUTBOUND: u32 = 2;
const DIRECTION: u32 = 3;
/// How many packets were dropped between the one before and this one (§4.3), and in old packets that this is not known.
const PACKET_DROPS: u16 = 4;
const NOT_KNOWN: u16 = 0xffff;

// Options of statistics (§4.6): when it began and ended, packets that were received, those for which the interface or the system had no room, and those that
// were delivered to the program that captured.
const ISB_START: u16 = 2;
const ISB_END: u16 = 3;
const ISB_IF_RECV: u16 = 4;
const ISB_IF_DROP: u16 = 5;
const ISB_OS_DROP: u16 = 7;
const ISB_USR_DELIV: u16 = 8;

/// What is needed to read the blocks of a file.
#[derive(Debug)]
pub(super) struct Blocks {
    endian: Endian,
    /// How many interfaces the sections before have described.
    earlier: usize,
    pub(super) begun: u64,
    pub(super) statistics: Statistics,
}

impl Blocks {
    /// Reads the header of the first section, behind its kind.
    pub(super) fn begin<R: Read>(input: &mut Input<R>) -> Result<Self, Stop> {
        Ok(Self {
            endian: section(input)?,
            earlier: 0,
            begun: 0,
            statistics: Statistics::default(),
        })
    }

    /// Reads to behind the next packet, and that into `record`; false at the end.
    pub(super) fn next<R: Read>(
        &mut self,
        input: &mut Input<R>,
        interfaces: &mut Vec<Interface>,
        record: &mut Record,
    ) -> Result<bool, Stop> {
        loop {
            self.begun = input.at;
            let Some(kind) = input.next()? else {
                return Ok(false);
            };
            if kind == SECTION {
                self.endian = section(input)?;
                self.earlier = interfaces.len();
                continue;
            }
            let len = self.endian.u32(input.array()?);
            let mut block = Block::new(input, self.endian, len)?;
            let kind = self.endian.u32(kind);
            match kind {
                INTERFACE => {
                    if interfaces.len() == MAX_INTERFACES {
                        return Err(Reason::TooManyInterfaces.into());
                    }
                    interfaces.push(interface(&mut block)?);
                }
                PACKET => self.packet(&mut block, interfaces, record)?,
                OLD_PACKET => self.old_packet(&mut block, interfaces, record)?,
                SIMPLE_PACKET => self.simple_packet(&mut block, interfaces, record)?,
                // Packets are read whatever is wrong with what is told of them.
                STATISTICS => match self.statistics(&mut block, interfaces) {
                    Err(Stop::Bad(reason)) if !matches!(reason, Reason::Io(_)) => {}
                    told => told?,
                },
                _ => {}
            }
            block.finish()?;
            if matches!(kind, PACKET | OLD_PACKET | SIMPLE_PACKET) {
                return Ok(true);
            }
        }
    }

    /// Whether the next block is a packet and among these bytes, whole.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        let (words, _) = bytes.as_chunks::<4>();
        let [kind, len, ..] = *words else {
            return false;
        };
        let (kind, len) = (self.endian.u32(kind), self.endian.u32(len));
        matches!(kind, PACKET | OLD_PACKET | SIMPLE_PACKET) && bytes.len() >= len as usize
    }

    fn packet<R: Read>(
        &mut self,
        block: &mut Block<'_, R>,
        interfaces: &[Interface],
        record: &mut Record,
    ) -> Result<(), Stop> {
        let number = block.u32()?;
        self.timed(number, block, interfaces, record)
    }

    fn old_packet<R: Read>(
        &mut self,
        block: &mut Block<'_, R>,
        interfaces: &[Interface],
        record: &mut Record,
    ) -> Result<(), Stop> {
        let number = block.u16()?;
        let dropped = block.u16()?;
        if dropped != NOT_KNOWN {
            self.statistics.packet(dropped.into());
        }
        self.timed(number.into(), block, interfaces, record)
    }

    /// From the time on, both kinds of packet are the same.
    fn timed<R: Read>(
        &mut self,
        number: u32,
        block: &mut Block<'_, R>,
        interfaces: &[Interface],
        record: &mut Record,
    ) -> Result<(), Stop> {
        let (at, interface) = self.interface(number, interfaces)?;
        let (high, low) = (block.u32()?, block.u32()?);
        let (captured, wire_len) = (block.u32()?, block.u32()?);
        record.interface = at;
        record.utc_ns = utc_ns(interface, u64::from(high) << 32 | u64::from(low));
        record.wire_len = wire_len.max(captured);
        packet_bytes(block, captured, &mut record.bytes)?;
        for BlockOption { code, value } in block.options()? {
            match code {
                COMMENT => record
                    .comments
                    .push(String::from_utf8_lossy(&value).into_owned()),
                PACKET_FLAGS => record.outbound = outbound(self.endian, &value),
                PACKET_DROPS => {
                    let dropped = value.try_into().map(|bytes| self.endian.u64(bytes));
                    self.statistics.packet(dropped.unwrap_or(0));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What an interface has come to, told again as often as a program likes.
    fn statistics<R: Read>(
        &mut self,
        block: &mut Block<'_, R>,
        interfaces: &[Interface],
    ) -> Result<(), Stop> {
        let number = block.u32()?;
        let (at, interface) = self.interface(number, interfaces)?;
        let _told_at: [u8; 8] = block.array()?;
        let (mut from_ns, mut to_ns, mut dropped) = (None, None, None);
        for BlockOption { code, value } in block.options()? {
            let Ok(bytes) = <[u8; 8]>::try_from(value) else {
                continue;
            };
            let time = || {
                let [a, b, c, d, e, f, g, h] = bytes;
                let (high, low) = (self.endian.u32([a, b, c, d]), self.endian.u32([e, f, g, h]));
                utc_ns(interface, u64::from(high) << 32 | u64::from(low))
            };
            match code {
                ISB_START => from_ns = time(),
                ISB_END => to_ns = time(),
                ISB_IF_DROP | ISB_OS_DROP => {
                    let more = self.endian.u64(bytes);
                    dropped = Some(dropped.unwrap_or(0_u64).saturating_add(more));
                }
                _ => {}
            }
        }
        self.statistics.went_on(from_ns, to_ns);
        self.statistics.interface(at, dropped);
        Ok(())
    }

    fn simple_packet<R: Read>(
        &self,
        block: &mut Block<'_, R>,
        interfaces: &[Interface],
        record: &mut Record,
    ) -> Result<(), Stop> {
        let (at, interface) = self.interface(0, interfaces)?;
        let wire_len = block.u32()?;
        let captured = match interface.snap_len {
            0 => wire_len,
            limit => wire_len.min(limit),
        };
        (record.interface, record.utc_ns, record.wire_len) = (at, None, wire_len);
        packet_bytes(block, captured, &mut record.bytes)
    }

    /// An interface of this section: its number in the file, and what is known of it.
    fn interface<'a>(
        &self,
        number: u32,
        interfaces: &'a [Interface],
    ) -> Result<(u32, &'a Interface), Reason> {
        let at = self.earlier.saturating_add(number as usize);
        let interface = interfaces.get(at).ok_or(Reason::NoInterface(number))?;
        Ok((at as u32, interface)) // less than `MAX_INTERFACES`
    }
}

/// Reads the header of a section behind its kind, and says in which order its numbers are.
fn section<R: Read>(input: &mut Input<R>) -> Result<Endian, Stop> {
    let len: [u8; 4] = input.array()?;
    let order: [u8; 4] = input.array()?;
    let endian = [Endian::Little, Endian::Big]
        .into_iter()
        .find(|endian| endian.u32(order) == BYTE_ORDER)
        .ok_or(Reason::ByteOrder)?;
    let mut block = Block::new(input, endian, endian.u32(len))?;
    block.passed(order.len())?;
    let (major, minor) = (block.u16()?, block.u16()?);
    if ![VERSION, VERSION_TOO].contains(&(major, minor)) {
        return Err(Reason::Version { major, minor }.into());
    }
    // How long the section is helps only those who want to pass over it.
    let _: [u8; 8] = block.array()?;
    block.finish()?;
    Ok(endian)
}

fn interface<R: Read>(block: &mut Block<'_, R>) -> Result<Interface, Stop> {
    let link = LinkType(block.u16()?);
    let _reserved = block.u16()?;
    let snap_len = block.u32()?;
    let endian = block.endian();
    let mut interface = Interface {
        snap_len,
        resolution: Resolution::MICROSECONDS,
        ..Interface::new(link)
    };
    for BlockOption { code, value } in block.options()? {
        match code {
            IF_NAME => interface.name = Some(name(&value)),
            IF_DESCRIPTION => interface.description = Some(name(&value)),
            IF_TSRESOL => interface.resolution = Resolution(*value.first().unwrap_or(&6)),
            IF_TSOFFSET => {
                interface.offset_s = value.try_into().map_or(0, |bytes| endian.i64(bytes));
            }
            _ => {}
        }
    }
    Ok(interface)
}

/// The most bytes of an interface's name that are kept: Linux has 15, Windows about 80.
const MAX_NAME: usize = 255;

fn name(value: &[u8]) -> String {
    String::from_utf8_lossy(value.get(..MAX_NAME).unwrap_or(value)).into_owned()
}

fn packet_bytes<R: Read>(
    block: &mut Block<'_, R>,
    captured: u32,
    bytes: &mut Vec<u8>,
) -> Result<(), Stop> {
    match captured {
        ..=MAX_PACKET => block.padded(captured, bytes),
        _ => Err(Reason::TooLong(captured).into()),
    }
}

fn utc_ns(interface: &Interface, units: u64) -> Option<u64> {
    let since = i128::try_from(interface.resolution.to_ns(units)).ok()?;
    let offset = i128::from(interface.offset_s) * 1_000_000_000;
    u64::try_from(since + offset).ok()
}

fn outbound(endian: Endian, value: &[u8]) -> Option<bool> {
    match endian.u32(value.try_into().ok()?) & DIRECTION {
        INBOUND => Some(false),
        OUTBOUND => Some(true),
        _ => None,
    }
}
