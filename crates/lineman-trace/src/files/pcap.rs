//! The classic form: a header of 24 bytes, then packets with 16 bytes before each.

use std::io;
use std::io::Read;
use std::io::Write;

use super::Endian;
use super::Interface;
use super::LinkType;
use super::MAX_PACKET;
use super::Reason;
use super::Record;
use super::Resolution;
use super::bytes::Input;
use super::bytes::Stop;

// How a file begins, by the unit of its times (draft-ietf-opsawg-pcap §4), and its version.
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
/// A patch of libpcap of 1999 has put an interface, a protocol and a kind of packet behind the header
/// of each packet.
const EXTENDED: u32 = 0xa1b2_cd34;
/// How many bytes those are.
const EXTENSION: u64 = 8;
/// The only version that programs write.
const VERSION: (u16, u16) = (2, 4);
/// How many nanoseconds a second has.
const SECOND_NS: u64 = 1_000_000_000;

/// How many bytes stand before a packet.
const HEADER: u64 = 16;

/// What stands before a packet.
struct Header {
    seconds: u32,
    fraction: u32,
    captured: u32,
    wire_len: u32,
}

/// What is needed to read the packets of a file.
#[derive(Debug)]
pub(super) struct Records {
    endian: Endian,
    resolution: Resolution,
    extension: u64,
    minor: u16,
    pub(super) begun: u64,
}

impl Records {
    /// Reads the header behind its first four bytes; `None` if these are no header's.
    pub(super) fn begin<R: Read>(
        magic: [u8; 4],
        input: &mut Input<R>,
    ) -> Result<Option<(Self, Interface)>, Stop> {
        let Some((endian, resolution, extension)) = recognised(magic) else {
            return Ok(None);
        };
        let (major, minor) = (endian.u16(input.array()?), endian.u16(input.array()?));
        if major != VERSION.0 || minor > VERSION.1 {
            return Err(Reason::Version { major, minor }.into());
        }
        // A time zone and an accuracy, which nobody has ever filled in.
        let _: [u8; 8] = input.array()?;
        let snap_len = endian.u32(input.array()?);
        // The upper half is about a checksum at the end of each frame.
        let link = LinkType(endian.u32(input.array()?) as u16);
        let records = Self {
            endian,
            resolution,
            extension,
            minor,
            begun: input.at,
        };
        let interface = Interface {
            snap_len,
            resolution,
            ..Interface::new(link)
        };
        Ok(Some((records, interface)))
    }

    /// Reads the next packet into `record`; false at the end.
    pub(super) fn next<R: Read>(
        &mut self,
        input: &mut Input<R>,
        record: &mut Record,
    ) -> Result<bool, Stop> {
        self.begun = input.at;
        let Some(header) = input.next()? else {
            return Ok(false);
        };
        let Header {
            seconds,
            fraction,
            captured,
            wire_len,
        } = self.header(header);
        input.skip(self.extension)?;
        if captured > MAX_PACKET {
            return Err(Reason::TooLong(captured).into());
        }
        let fraction_ns = self.resolution.to_ns(fraction.into()) as u64;
        record.interface = 0;
        record.utc_ns = Some(u64::from(seconds) * SECOND_NS + fraction_ns);
        record.wire_len = wire_len.max(captured);
        input.take(captured.into(), &mut record.bytes)?;
        Ok(true)
    }

    /// Whether the next packet is among these bytes, whole.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        let Some(header) = bytes.first_chunk() else {
            return false;
        };
        let len = HEADER + self.extension + u64::from(self.header(*header).captured);
        bytes.len() as u64 >= len
    }

    fn header(&self, bytes: [u8; HEADER as usize]) -> Header {
        let (words, _) = bytes.as_chunks::<4>();
        let word = |at: usize| words.get(at).map_or(0, |word| self.endian.u32(*word));
        let (captured, wire_len) = self.in_order((word(2), word(3)));
        Header {
            seconds: word(0),
            fraction: word(1),
            captured,
            wire_len,
        }
    }

    /// The captured length and that on the wire. Before version 2.3 they stood the other way round, and
    /// in 2.3 some programs wrote them so, some otherwise.
    fn in_order(&self, (first, second): (u32, u32)) -> (u32, u32) {
        match self.minor {
            ..3 => (second, first),
            3 => (first.min(second), first.max(second)),
            _ => (first, second),
        }
    }
}

fn recognised(magic: [u8; 4]) -> Option<(Endian, Resolution, u64)> {
    [Endian::Little, Endian::Big]
        .into_iter()
        .find_map(|endian| {
            let (resolution, extension) = match endian.u32(magic) {
                MICROSECONDS => (Resolution::MICROSECONDS, 0),
                NANOSECONDS => (Resolution::NANOSECONDS, 0),
                EXTENDED => (Resolution::MICROSECONDS, EXTENSION),
                _ => return None,
            };
            Some((endian, resolution, extension))
        })
}

/// Writes a file of the classic form.
#[derive(Debug)]
pub struct PcapWriter<W> {
    out: W,
    endian: Endian,
    resolution: Resolution,
}

impl<W: Write> PcapWriter<W> {
    /// Begins a file of one interface, whose times are in microseconds or in nanoseconds. Of the
    /// interface, the form has room for the kind of its frames and for the length to which they were
    /// cut.
    ///
    /// # Errors
    /// When `out` cannot be written to; [`InvalidInput`](io::ErrorKind::InvalidInput) when the
    /// interface's times have another unit or an offset.
    pub fn new(mut out: W, endian: Endian, interface: &Interface) -> io::Result<Self> {
        let magic = match interface.resolution {
            Resolution::MICROSECONDS => MICROSECONDS,
            Resolution::NANOSECONDS => NANOSECONDS,
            other => return Err(unfit(format!("pcap has no times in units of {other:?}"))),
        };
        if interface.offset_s != 0 {
            return Err(unfit("pcap has no times with an offset".to_owned()));
        }
        let mut header = Vec::with_capacity(24);
        endian.put32(magic, &mut header);
        endian.put16(VERSION.0, &mut header);
        endian.put16(VERSION.1, &mut header);
        endian.put64(0, &mut header);
        let snap_len = match interface.snap_len {
            0 => MAX_PACKET,
            limit => limit,
        };
        endian.put32(snap_len, &mut header);
        endian.put32(interface.link.0.into(), &mut header);
        out.write_all(&header)?;
        Ok(Self {
            out,
            endian,
            resolution: interface.resolution,
        })
    }

    /// Writes a packet, complete at once. Its comments and its direction have no place here.
    ///
    /// # Errors
    /// When the output cannot be written to; [`InvalidInput`](io::ErrorKind::InvalidInput) when it has
    /// no time or one after 2106, or more bytes than [`MAX_PACKET`].
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        let utc_ns = record
            .utc_ns
            .ok_or_else(|| unfit("a packet without a time".to_owned()))?;
        let seconds = u32::try_from(utc_ns / SECOND_NS);
        let seconds = seconds.map_err(|_| unfit(format!("no room for the time {utc_ns} ns")))?;
        // Less than a second, in units of 10⁻⁶ s or 10⁻⁹ s: it fits.
        let fraction = self.resolution.of_ns(utc_ns % SECOND_NS).unwrap_or(0) as u32;
        let captured = captured(record)?;
        let mut bytes = Vec::with_capacity(16 + record.bytes.len());
        for number in [seconds, fraction, captured, record.wire_len.max(captured)] {
            self.endian.put32(number, &mut bytes);
        }
        bytes.extend_from_slice(&record.bytes);
        self.out.write_all(&bytes)
    }

    /// Gives the output back.
    pub fn into_inner(self) -> W {
        self.out
    }
}

/// How many bytes of a packet there are, if a file may have so many.
pub(super) fn captured(record: &Record) -> io::Result<u32> {
    let len = u32::try_from(record.bytes.len()).unwrap_or(u32::MAX);
    match len {
        ..=MAX_PACKET => Ok(len),
        _ => Err(unfit(format!("a packet of {len} bytes"))),
    }
}

pub(super) fn unfit(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}
