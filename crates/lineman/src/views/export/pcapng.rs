//! A capture in the form pcapng (IETF draft-ietf-opsawg-pcapng): an interface for each host, every
//! packet once, when it was sent, with what there is to say about it as its comment.

use std::collections::BTreeMap;

use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::story::Arrow;
use lineman_trace::story::Fate;
use lineman_trace::story::Row;

use super::rows;
use super::start;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::views::Views;
use crate::views::words::paragraph;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;
const ETHERNET: u16 = 1;
/// The longest comment: an option's length has 16 bits.
const COMMENT: usize = 60_000;

/// A packet with everything that was said about it.
struct Told {
    arrow: Arrow,
    comment: String,
}

/// The whole file.
pub(super) fn capture(events: &[Event], lang: Lang) -> Vec<u8> {
    let mut out = Vec::new();
    let (system, utc_ns) =
        start(events).map_or_else(Default::default, |start| (start.system, start.utc_ns));
    section(&system, &mut out);
    interface("client", &mut out);
    interface("server", &mut out);
    for told in told(events, lang).values() {
        packet(told, utc_ns, &mut out);
    }
    out
}

/// Packets by number: one that was held has several rows.
fn told(events: &[Event], lang: Lang) -> BTreeMap<u64, Told> {
    let mut all: BTreeMap<u64, Told> = BTreeMap::new();
    for row in rows(events) {
        let Some(arrow) = &row.arrow else { continue };
        let text = comment(&row, arrow, lang);
        all.entry(arrow.id)
            .and_modify(|told| told.comment.push_str(&format!("\n{text}")))
            .or_insert_with(|| Told {
                arrow: arrow.clone(),
                comment: text.clone(),
            });
    }
    all
}

/// The fate if it is not the usual one, both states, and the sentences.
fn comment(row: &Row, arrow: &Arrow, lang: Lang) -> String {
    let mut parts = Vec::new();
    if arrow.fate == Fate::Dropped {
        parts.push(Views::PacketDropped {}.render(lang));
    }
    for (host, name) in [(Host::Client, "client"), (Host::Server, "server")] {
        if let Some(cell) = row.states[host] {
            parts.push(match cell.before == cell.after {
                true => format!("{name} {}", cell.after.name()),
                false => format!("{name} {} → {}", cell.before.name(), cell.after.name()),
            });
        }
    }
    parts.push(paragraph(row, lang));
    parts.join(" · ")
}

fn section(system: &str, out: &mut Vec<u8>) {
    let mut body = Vec::new();
    body.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
    body.extend_from_slice(&1_u16.to_le_bytes());
    body.extend_from_slice(&0_u16.to_le_bytes());
    body.extend_from_slice(&u64::MAX.to_le_bytes()); // the section's length is not told
    option(3, system.as_bytes(), &mut body);
    option(4, b"lineman", &mut body);
    option(0, b"", &mut body);
    block(SECTION, &body, out);
}

fn interface(name: &str, out: &mut Vec<u8>) {
    let mut body = Vec::new();
    body.extend_from_slice(&ETHERNET.to_le_bytes());
    body.extend_from_slice(&[0; 2]);
    body.extend_from_slice(&0_u32.to_le_bytes()); // nothing is cut
    option(2, name.as_bytes(), &mut body);
    option(9, &[9], &mut body); // times are in units of 10⁻⁹ s
    option(0, b"", &mut body);
    block(INTERFACE, &body, out);
}

fn packet(told: &Told, utc_ns: u64, out: &mut Vec<u8>) {
    let Told { arrow, comment } = told;
    let at = utc_ns.saturating_add(arrow.sent_ns);
    let len = u32::try_from(arrow.bytes.len()).unwrap_or(u32::MAX);
    let mut body = Vec::new();
    body.extend_from_slice(&(arrow.from as u32).to_le_bytes());
    body.extend_from_slice(&((at >> 32) as u32).to_le_bytes());
    body.extend_from_slice(&(at as u32).to_le_bytes());
    body.extend_from_slice(&len.to_le_bytes());
    body.extend_from_slice(&len.to_le_bytes());
    padded(&arrow.bytes, &mut body);
    option(1, shortened(comment).as_bytes(), &mut body);
    option(2, &2_u32.to_le_bytes(), &mut body); // outbound: on its sender's interface
    option(0, b"", &mut body);
    block(PACKET, &body, out);
}

fn shortened(comment: &str) -> &str {
    let end = comment.floor_char_boundary(COMMENT);
    comment.get(..end).unwrap_or(comment)
}

fn block(kind: u32, body: &[u8], out: &mut Vec<u8>) {
    let len = (body.len() + 12) as u32;
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(body);
    out.extend_from_slice(&len.to_le_bytes());
}

fn option(code: u16, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&code.to_le_bytes());
    out.extend_from_slice(&(value.len() as u16).to_le_bytes());
    padded(value, out);
}

fn padded(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(bytes);
    out.resize(out.len().next_multiple_of(4), 0);
}
