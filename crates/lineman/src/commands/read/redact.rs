//! A capture that can be shown to others (`--redact`).

use std::collections::HashMap;
use std::hash::RandomState;
use std::io;
use std::path::Path;

use lineman_trace::capture::Captured;
use lineman_trace::capture::Conversations;
use lineman_trace::files::Endian;
use lineman_trace::files::Interface;
use lineman_trace::files::LinkType;
use lineman_trace::files::PcapngWriter;
use lineman_trace::files::Record;
use lineman_trace::files::Section;
use lineman_trace::redact::Names;
use lineman_trace::redact::Redactor;
use serde_json::json;

use super::capture::Capture;
use super::capture::End;
use super::table::Reading;
use super::table::interruptible;
use crate::args::read::Read;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::read::Read as Words;
use crate::output::Output;

/// Writes the packets of a capture, or of one conversation of it, redacted.
pub fn run(args: &Read, to: &Path, console: Console) -> Result<(), Failure> {
    let (capture, stop, id) = Capture::open(&args.file, &args.filter, false, console)?;
    let out = Output::create(Some(to), id.as_slice(), console)?;
    let names = match args.keep_names {
        true => Names::Kept,
        false => Names::Hashed,
    };
    let only = args.conversation;
    let reading = Some(Reading {
        file: &args.file,
        meter: capture.meter(),
    });
    let work = move || write(capture, out, names, only);
    let ((out, written), asked) = interruptible(stop, reading, console, work)?;
    let written = written.map_err(|error| out.failure(error))?;
    if let Some(exit) = asked {
        return Err(Failure::said(exit)); // the output is dropped: half of it is of no use
    }
    if let Some(number) = &only.filter(|_| written.packets == 0) {
        let count = &written.conversations;
        let words = Words::NoConversation { number, count };
        return Err(Failure::usage(&words, console.lang));
    }
    out.finish()?;
    let (count, file) = (&written.packets, &to.display());
    console.note(&Words::Redacted { count, file });
    if written.left_out > 0 {
        let count = &written.left_out;
        console.warn(&Words::NotWritten { count });
    }
    if to != Path::new("-") {
        let fields = json!({ "packets": written.packets, "left_out": written.left_out });
        console.tell("redacted", fields)?;
    }
    written.end.tell(&args.file, console)
}

/// What was written.
struct Written {
    packets: u64,
    /// Packets for whose lack of a time the form has no room.
    left_out: u64,
    conversations: u64,
    end: End,
}

fn write(
    capture: Capture,
    mut out: Output,
    names: Names,
    only: Option<u64>,
) -> (Output, io::Result<Written>) {
    let written = redacted(capture, &mut out, names, only);
    (out, written)
}

fn redacted(
    mut capture: Capture,
    out: &mut Output,
    names: Names,
    only: Option<u64>,
) -> io::Result<Written> {
    let section = Section {
        application: "lineman".to_owned(),
        ..Section::default()
    };
    let mut writer = PcapngWriter::new(out, Endian::Little, &section)?;
    // The key is the system's randomness, and gone when the command ends.
    let mut redactor = Redactor::new(RandomState::new(), names);
    let mut interfaces: HashMap<LinkType, u32> = HashMap::new();
    let mut all = Conversations::default();
    let (mut packets, mut left_out) = (0, 0);
    while let Some((packet, sorted)) = capture.next_of(&mut all) {
        if only.is_some() && sorted.conversation != only {
            continue;
        }
        let bytes = redactor.packet(&packet);
        let interface = match interfaces.get(&packet.link) {
            Some(number) => *number,
            None => {
                let number = writer.interface(&Interface::new(packet.link))?;
                interfaces.insert(packet.link, number);
                number
            }
        };
        match writer.write(&record(&packet, interface, bytes)) {
            Ok(()) => packets += 1,
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => left_out += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(Written {
        packets,
        left_out,
        conversations: all.totals().conversations,
        end: capture.end(),
    })
}

fn record(packet: &Captured<'_>, interface: u32, bytes: Vec<u8>) -> Record {
    Record {
        utc_ns: packet.utc_ns,
        wire_len: packet.wire_len,
        ..Record::new(interface, 0, bytes)
    }
}
