//! Writes the newer form.

use std::io;
use std::io::Write;

use super::*;
use crate::files::MAX_OPTIONS;
use crate::files::pcap::captured;
use crate::files::pcap::unfit;

/// What a file says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// The system that it was captured on.
    pub system: String,
    /// The program that wrote it.
    pub application: String,
}

/// What a capture on an interface has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// When it began and ended, in nanoseconds since 1970.
    pub from_ns: u64,
    /// When it ended.
    pub to_ns: u64,
    /// How many packets were received that the filter has let through, with those that were dropped.
    pub received: u64,
    /// For how many of these there was no room.
    pub dropped: u64,
    /// How many are in the file.
    pub written: u64,
}

// Options of a section's header (draft-ietf-opsawg-pcapng §4.1).
const SHB_SYSTEM: u16 = 3;
const SHB_APPLICATION: u16 = 4;

/// Writes a file of one section.
#[derive(Debug)]
pub struct PcapngWriter<W> {
    out: W,
    endian: Endian,
    interfaces: Vec<Interface>,
}

impl<W: Write> PcapngWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// When `out` cannot be written to.
    pub fn new(out: W, endian: Endian, section: &Section) -> io::Result<Self> {
        let mut writer = Self {
            out,
            endian,
            interfaces: Vec::new(),
        };
        let mut body = Vec::new();
        endian.put32(BYTE_ORDER, &mut body);
        endian.put16(VERSION.0, &mut body);
        endian.put16(VERSION.1, &mut body);
        endian.put64(-1, &mut body); // how long the section is cannot be known yet
        writer.text(SHB_SYSTEM, &section.system, &mut body);
        writer.text(SHB_APPLICATION, &section.application, &mut body);
        writer.block(u32::from_le_bytes(SECTION), body)?;
        Ok(writer)
    }

    /// Describes an interface, and returns its number for [`Record::interface`].
    ///
    /// # Errors
    /// When the output cannot be written to; [`InvalidInput`](io::ErrorKind::InvalidInput) when there
    /// are [`MAX_INTERFACES`] already.
    pub fn interface(&mut self, interface: &Interface) -> io::Result<u32> {
        let number = self.interfaces.len();
        if number == MAX_INTERFACES {
            return Err(unfit(format!("more than {MAX_INTERFACES} interfaces")));
        }
        let endian = self.endian;
        let mut body = Vec::new();
        endian.put16(interface.link.0, &mut body);
        endian.put16(0, &mut body);
        endian.put32(interface.snap_len, &mut body);
        for (code, text) in [
            (IF_NAME, &interface.name),
            (IF_DESCRIPTION, &interface.description),
        ] {
            self.text(code, text.as_deref().unwrap_or_default(), &mut body);
        }
        self.option(IF_TSRESOL, &[interface.resolution.0], &mut body);
        if interface.offset_s != 0 {
            let mut offset = Vec::new();
            endian.put64(interface.offset_s, &mut offset);
            self.option(IF_TSOFFSET, &offset, &mut body);
        }
        self.block(INTERFACE, body)?;
        self.interfaces.push(interface.clone());
        Ok(number as u32)
    }

    /// Writes a packet, complete at once. A comment of more than 65,535 bytes is shortened: an
    /// option has no room for more.
    ///
    /// # Errors
    /// When the output cannot be written to; [`InvalidInput`](io::ErrorKind::InvalidInput) when its
    /// interface was not described or cannot tell its time, when it has more bytes than
    /// [`MAX_PACKET`], comments that are longer than a reader may expect, or no time and something
    /// that only a packet with a time can have.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        let found = self.interfaces.get(record.interface as usize);
        let interface = found.ok_or_else(|| unfit(format!("no interface {}", record.interface)))?;
        let captured = captured(record)?;
        let Some(utc_ns) = record.utc_ns else {
            return self.simple(record, interface.snap_len, captured);
        };
        let units = units(interface, utc_ns);
        let units = units.ok_or_else(|| unfit(format!("no room for the time {utc_ns} ns")))?;
        let mut body = Vec::with_capacity(32 + record.bytes.len());
        for number in [
            record.interface,
            (units >> 32) as u32,
            units as u32,
            captured,
            record.wire_len.max(captured),
        ] {
            self.endian.put32(number, &mut body);
        }
        padded(&record.bytes, &mut body);
        let before = body.len();
        for comment in &record.comments {
            self.text(COMMENT, comment, &mut body);
        }
        if (body.len() - before) as u64 > MAX_OPTIONS / 2 {
            return Err(unfit(format!("{} comments", record.comments.len())));
        }
        if let Some(outbound) = record.outbound {
            let mut flags = Vec::new();
            let flag = if outbound { OUTBOUND } else { INBOUND };
            self.endian.put32(flag, &mut flags);
            self.option(PACKET_FLAGS, &flags, &mut body);
        }
        self.block(PACKET, body)
    }

    /// Says what the capture on an interface has come to (draft-ietf-opsawg-pcapng §4.6).
    ///
    /// # Errors
    /// When the output cannot be written to; [`InvalidInput`](io::ErrorKind::InvalidInput) when the interface was not described or cannot tell the times.
    pub fn statistics(&mut self, number: u32, counted: &Counted) -> io::Result<()> {
        let interface = self.interfaces.get(number as usize);
        let interface = interface.ok_or_else(|| unfit(format!("no interface {number}")))?;
        let time = |utc_ns: u64| {
            let units = units(interface, utc_ns);
            units.ok_or_else(|| unfit(format!("no room for the time {utc_ns} ns")))
        };
        let (from, to) = (time(counted.from_ns)?, time(counted.to_ns)?);
        let halves = |units: u64| [(units >> 32) as u32, units as u32];
        let mut body = Vec::new();
        self.endian.put32(number, &mut body);
        for half in halves(to) {
            self.endian.put32(half, &mut body);
        }
        for (code, units) in [(ISB_START, from), (ISB_END, to)] {
            let mut value = Vec::new();
            for half in halves(units) {
                self.endian.put32(half, &mut value);
            }
            self.option(code, &value, &mut body);
        }
        for (code, count) in [
            (ISB_IF_RECV, counted.received),
            (ISB_IF_DROP, counted.dropped),
            (ISB_USR_DELIV, counted.written),
        ] {
            let mut value = Vec::new();
            self.endian.put64(count as i64, &mut value);
            self.option(code, &value, &mut body);
        }
        self.block(STATISTICS, body)
    }

    /// A packet without a time: of the first interface, cut nowhere but at its limit, and nothing else
    /// said of it.
    fn simple(&mut self, record: &Record, snap_len: u32, captured: u32) -> io::Result<()> {
        let wire_len = record.wire_len.max(captured);
        let limit = if snap_len == 0 { u32::MAX } else { snap_len };
        let plain = record.comments.is_empty() && record.outbound.is_none();
        if record.interface != 0 || captured != wire_len.min(limit) || !plain {
            return Err(unfit("a packet without a time".to_owned()));
        }
        let mut body = Vec::with_capacity(8 + record.bytes.len());
        self.endian.put32(wire_len, &mut body);
        padded(&record.bytes, &mut body);
        self.block(SIMPLE_PACKET, body)
    }

    fn text(&self, code: u16, text: &str, body: &mut Vec<u8>) {
        let end = text.floor_char_boundary(u16::MAX.into());
        let text = text.get(..end).unwrap_or(text);
        if !text.is_empty() {
            self.option(code, text.as_bytes(), body);
        }
    }

    /// `value` is not longer than 65,535 bytes.
    fn option(&self, code: u16, value: &[u8], body: &mut Vec<u8>) {
        self.endian.put16(code, body);
        self.endian.put16(value.len() as u16, body);
        padded(value, body);
    }

    fn block(&mut self, kind: u32, mut body: Vec<u8>) -> io::Result<()> {
        if kind != SIMPLE_PACKET {
            self.option(END_OF_OPTIONS, &[], &mut body);
        }
        let len = body.len() as u32 + FRAMING;
        let mut block = Vec::with_capacity(len as usize);
        self.endian.put32(kind, &mut block);
        self.endian.put32(len, &mut block);
        block.append(&mut body);
        self.endian.put32(len, &mut block);
        self.out.write_all(&block)
    }

    /// The output.
    pub fn get_ref(&self) -> &W {
        &self.out
    }

    /// The output, to have what was written be seen.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.out
    }

    /// Gives the output back.
    pub fn into_inner(self) -> W {
        self.out
    }
}

fn units(interface: &Interface, utc_ns: u64) -> Option<u64> {
    let offset = i128::from(interface.offset_s) * 1_000_000_000;
    let since = u64::try_from(i128::from(utc_ns) - offset).ok()?;
    interface.resolution.of_ns(since)
}

fn padded(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(bytes);
    out.resize(out.len().next_multiple_of(4), 0);
}
