//! The fields of a TFTP packet, with their places.

use super::Layer;
use super::Part;
use super::field::Field;
use super::field::Sheet;
use crate::text::visible_bytes;
use crate::tftp::Direction;
use crate::tftp::Packet;

pub(super) fn fields(packet: &Packet<'_>, part: Part<'_>, out: &mut Vec<Field>) {
    let bytes = part.bytes();
    let mut sheet = Sheet::new(Layer::Tftp, part.at(), out);
    let opcode = bytes.get(1).copied().unwrap_or_default();
    sheet.put("opcode", 0..2, format!("{opcode} ({})", name(packet)));
    match packet {
        Packet::Request(_) => strings(&["file name", "mode"], 2, bytes, &mut sheet),
        Packet::Oack(_) => strings(&[], 2, bytes, &mut sheet),
        Packet::Ack { block } => sheet.put("block", 2..4, block),
        Packet::Data { block, payload } => {
            sheet.put("block", 2..4, block);
            let text = format!("{} bytes", payload.len());
            sheet.put("data", 4..4 + payload.len(), text);
        }
        Packet::Error { code, message } => {
            sheet.put("error code", 2..4, code.0);
            sheet.put("message", 4..4 + message.len(), visible_bytes(message));
        }
    }
}

/// Strings that each end with a NUL: the first have names of their own, then pairs of options.
fn strings(names: &[&'static str], from: usize, bytes: &[u8], sheet: &mut Sheet<'_>) {
    let mut at = from;
    let pairs = ["option", "value"].iter().cycle();
    let mut names = names.iter().chain(pairs);
    while let (Some(rest), Some(name)) = (
        bytes.get(at..).filter(|rest| !rest.is_empty()),
        names.next(),
    ) {
        let len = rest
            .iter()
            .position(|&byte| byte == 0)
            .unwrap_or(rest.len());
        let text = rest.get(..len).unwrap_or_default();
        if !text.is_empty() {
            sheet.put(name, at..at + len, visible_bytes(text));
        }
        at += len + 1;
    }
}

fn name(packet: &Packet<'_>) -> &'static str {
    match packet {
        Packet::Request(request) if request.direction == Direction::Read => "RRQ",
        Packet::Request(_) => "WRQ",
        Packet::Data { .. } => "DATA",
        Packet::Ack { .. } => "ACK",
        Packet::Error { .. } => "ERROR",
        Packet::Oack(_) => "OACK",
    }
}
