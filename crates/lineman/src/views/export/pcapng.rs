//! A capture in the form pcapng (IETF draft-ietf-opsawg-pcapng): an interface for each host and kind of
//! link, every packet once, when it was sent, with what there is to say about it as its comment.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use lineman_trace::files::Endian;
use lineman_trace::files::Interface;
use lineman_trace::files::LinkType;
use lineman_trace::files::PcapngWriter;
use lineman_trace::files::Record;
use lineman_trace::files::Section;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::TcpState;
use lineman_trace::story::Arrow;
use lineman_trace::story::Fate;
use lineman_trace::story::Row;

use super::rows;
use super::start;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::views::Views;
use crate::views::cells::state;
use crate::views::words::paragraph;

/// A packet with everything that was said about it.
struct Told {
    arrow: Arrow,
    comment: String,
}

/// The whole file.
///
/// # Errors
/// When `out` cannot be written to.
pub(super) fn capture(events: &[Event], lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let (system, utc_ns) =
        start(events).map_or_else(Default::default, |start| (start.system, start.utc_ns));
    let section = Section {
        system,
        application: "lineman".to_owned(),
    };
    let mut file = PcapngWriter::new(out, Endian::Little, &section)?;
    let told = told(events, lang);
    let interfaces = interfaces(told.values());
    for (host, link) in &interfaces {
        file.interface(&Interface {
            name: Some(host.name().to_owned()),
            ..Interface::new(*link)
        })?;
    }
    for told in told.into_values() {
        file.write(&record(told, utc_ns, &interfaces))?;
    }
    Ok(())
}

/// The hosts' interfaces, and one more where a host sends on another link.
fn interfaces<'t>(told: impl Iterator<Item = &'t Told>) -> Vec<(Host, LinkType)> {
    let mut links = told.map(|told| (told.arrow.from, told.arrow.link));
    let usual = links
        .next()
        .map_or_else(LinkType::default, |(_, link)| link);
    let mut all = vec![(Host::Client, usual), (Host::Server, usual)];
    for interface in links {
        if !all.contains(&interface) {
            all.push(interface);
        }
    }
    all
}

/// On the interface of its sender, whom it leaves.
fn record(told: Told, utc_ns: u64, interfaces: &[(Host, LinkType)]) -> Record {
    let Told { arrow, comment } = told;
    let own = (arrow.from, arrow.link);
    let interface = interfaces.iter().position(|it| *it == own);
    let interface = interface.and_then(|at| u32::try_from(at).ok());
    let stamp_ns = arrow.stamp_ns;
    let utc_ns = stamp_ns.unwrap_or_else(|| utc_ns.saturating_add(arrow.sent_ns));
    Record {
        wire_len: u32::try_from(arrow.wire_len).unwrap_or(u32::MAX),
        comments: vec![comment],
        outbound: Some(true),
        ..Record::new(interface.unwrap_or_default(), utc_ns, arrow.bytes)
    }
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
            let through = cell.through.map(TcpState::name);
            let before = (cell.before != cell.after).then(|| cell.before.name());
            let passed = before.into_iter().chain(through).map(str::to_owned);
            let states: Vec<String> = passed.chain([state(&cell)]).collect();
            parts.push(format!("{name} {}", states.join(" → ")));
        }
    }
    parts.push(paragraph(row, lang));
    parts.join(" · ")
}
