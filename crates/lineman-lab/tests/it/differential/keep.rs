//! Keeps what nobody can explain: the log, the capture, the scripts.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use lineman_trace::files::Endian;
use lineman_trace::files::Interface;
use lineman_trace::files::PcapngWriter;
use lineman_trace::files::Record;
use lineman_trace::files::Section;
use lineman_trace::log::Event;
use lineman_trace::log::Kind;
use lineman_trace::log::Reader;
use lineman_trace::log::Verdict;
use lineman_trace::log::Writer;

use super::compare::Compared;
use super::script::Batch;

/// Where to: beside what is built, so that nothing but `cargo clean` takes it away.
fn directory() -> PathBuf {
    let target = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/differential");
    std::env::var_os("LINEMAN_DIFFERENTIAL").map_or_else(|| target.into(), PathBuf::from)
}

/// Keeps a batch in which something is unexplained; where.
pub fn keep_if_unexplained(
    batch: &Batch,
    events: &[Event],
    seen: &[(&'static str, Compared)],
) -> Option<String> {
    if seen
        .iter()
        .all(|(_, compared)| compared.unexplained.is_empty())
    {
        return None;
    }
    let directory = directory().join(format!("batch-{}", batch.number));
    keep(&directory, batch, events, seen).expect("a place to keep it");
    Some(directory.display().to_string())
}

/// What was kept of a batch: its number, which is in the directory's name, and its events.
pub fn kept(directory: &Path) -> io::Result<(u64, Vec<Event>)> {
    let name = directory.file_name().and_then(|name| name.to_str());
    let number = name.and_then(|name| name.strip_prefix("batch-")?.parse().ok());
    let number = number.ok_or_else(|| io::Error::other("no directory of a batch: batch-N"))?;
    let file = fs::File::open(directory.join("log.jsonl"))?;
    let events: Result<_, _> = Reader::new(io::BufReader::new(file)).collect();
    Ok((number, events.map_err(io::Error::other)?))
}

/// Keeps a batch: its log, its packets, its scripts and what was found.
pub fn keep(
    directory: &Path,
    batch: &Batch,
    events: &[Event],
    seen: &[(&'static str, Compared)],
) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let mut text = String::new();
    for (name, compared) in seen {
        let _ = writeln!(text, "{name}:\n{compared}\n");
    }
    let _ = writeln!(text, "{:#?}", batch.options);
    // The run of a connection is told by the server's port: 9000 and on.
    for (nth, script) in batch.scripts.iter().enumerate() {
        let (seed, port) = (script.seed, 9000 + nth);
        let _ = writeln!(text, "\nseed {seed}, port {port}: {script:?}");
    }
    fs::write(directory.join("script.txt"), text)?;
    fs::write(
        directory.join("wire.pcapng"),
        pcapng(events, &sent(events))?,
    )?;
    log(&directory.join("log.jsonl"), events)
}

/// The log, as `lineman lab replay` reads it.
fn log(path: &Path, events: &[Event]) -> io::Result<()> {
    let Some((Kind::Start(start), rest)) = events.split_first().map(|(it, rest)| (&it.kind, rest))
    else {
        return Ok(());
    };
    let (mut writer, _) = Writer::new(fs::File::create(path)?, start.clone())?;
    for event in rest {
        writer.append(event.t_ns, event.kind.clone())?;
    }
    Ok(())
}

/// The packets as they entered the wire.
fn sent(events: &[Event]) -> Vec<(u64, Vec<u8>)> {
    let of = |event: &Event| match &event.kind {
        Kind::Packet(packet) if packet.verdict == Verdict::Sent => {
            Some((event.t_ns, packet.bytes.clone()?))
        }
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// A capture file of packets of a log.
pub fn pcapng(events: &[Event], packets: &[(u64, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut writer = PcapngWriter::new(&mut file, Endian::Little, &Section::default())?;
    if let Some(Kind::Start(start)) = events.first().map(|event| &event.kind) {
        let interface = writer.interface(&Interface::new(start.link))?;
        for (t_ns, bytes) in packets {
            let utc_ns = start.utc_ns + t_ns;
            writer.write(&Record::new(interface, utc_ns, bytes.clone()))?;
        }
    }
    Ok(file)
}
