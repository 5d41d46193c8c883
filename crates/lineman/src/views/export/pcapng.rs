//! A capture in the form pcapng (IETF draft-ietf-opsawg-pcapng): an interface for each host and kind of
//! link, every packet once and in order of time, where and when it was captured: where it was sent, or if the wire has made it, where it arrives. What there is to
//! say about it is its comment.

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
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
use lineman_trace::log::Kind;
use lineman_trace::log::Start;
use lineman_trace::log::TcpState;
use lineman_trace::log::Verdict;
use lineman_trace::story::Arrow;
use lineman_trace::story::Fate;
use lineman_trace::story::Row;
use lineman_trace::story::Story;

use super::in_time::InTime;
use super::of_rows::Rows;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::views::Views;
use crate::views::cells::state;
use crate::views::words::paragraph;

/// So many packets wait at most for one before them that has more rows to come. Then it is written with what was said so far.
const WAITING: usize = 1 << 14;

/// A packet with everything that was said about it.
struct Told {
    arrow: Arrow,
    comment: String,
}

/// The file: each packet is written once, in order of time, when no row is to come that shows it. A log names them in the order in
/// which they were read: of two hosts, that is another. Its comment is that of all its rows, one a line.
pub(super) struct Capture {
    lang: Lang,
    section: Section,
    utc_ns: u64,
    /// It begins with the first packet, whose link is that of the hosts.
    file: Option<PcapngWriter<Vec<u8>>>,
    interfaces: Vec<(Host, LinkType)>,
    /// The packets that have a place and are not written.
    waiting: VecDeque<u64>,
    told: HashMap<u64, Option<Told>>,
    /// Those that were written too early.
    early: HashSet<u64>,
    /// The copies that the wire has made: one has its place where it comes, which may be seconds later.
    copies: HashSet<u64>,
    /// Those of which all is said that will be.
    ready: InTime<Told>,
}

impl Capture {
    pub(super) fn new(lang: Lang) -> Self {
        Self {
            lang,
            section: Section {
                system: String::new(),
                application: "lineman".to_owned(),
            },
            utc_ns: 0,
            file: None,
            interfaces: Vec::new(),
            waiting: VecDeque::new(),
            told: HashMap::new(),
            early: HashSet::new(),
            copies: HashSet::new(),
            ready: InTime::new(),
        }
    }

    /// Its place is behind all that have one.
    fn place(&mut self, packet: u64) -> &mut Option<Told> {
        let waiting = &mut self.waiting;
        self.told.entry(packet).or_insert_with(|| {
            waiting.push_back(packet);
            None
        })
    }

    fn tell(&mut self, row: &Row, arrow: &Arrow) {
        if self.early.contains(&arrow.id) {
            return;
        }
        let text = comment(row, arrow, self.lang);
        let place = match self.copies.contains(&arrow.id) {
            true => self.told.entry(arrow.id).or_default(),
            false => self.place(arrow.id),
        };
        match place {
            Some(told) => {
                told.comment.push('\n');
                told.comment.push_str(&text);
                (told.arrow.fate, told.arrow.decided_ns) = (arrow.fate, arrow.decided_ns);
            }
            place => {
                *place = Some(Told {
                    arrow: arrow.clone(),
                    comment: text,
                });
            }
        }
    }

    /// Nothing is to come any more of a packet: it is written when nothing is that was sent before it.
    fn settles(&mut self, told: Told, out: &mut dyn Write) -> io::Result<()> {
        let utc_ns = self.utc_ns(&told.arrow);
        let ready = self.ready.push(utc_ns, told);
        self.write_all(ready, out)
    }

    /// When a packet was sent, or when the wire's copy of it came, in nanoseconds since 1970.
    fn utc_ns(&self, arrow: &Arrow) -> u64 {
        let came_ns = arrow.decided_ns.filter(|_| arrow.copy_of.is_some());
        let stamp_ns = arrow.stamp_ns.filter(|_| came_ns.is_none());
        let at_ns = came_ns.unwrap_or(arrow.sent_ns);
        stamp_ns.unwrap_or_else(|| self.utc_ns.saturating_add(at_ns))
    }

    fn write_all(&mut self, ready: Vec<Told>, out: &mut dyn Write) -> io::Result<()> {
        ready.into_iter().try_for_each(|told| self.write(told, out))
    }

    /// Writes a packet, on the interface that it leaves by, or that has captured it where it came.
    fn write(&mut self, told: Told, out: &mut dyn Write) -> io::Result<()> {
        let Told { arrow, comment } = told;
        // No host has sent a copy that the wire has made, and where it does not arrive, none has had it.
        if arrow.copy_of.is_some() && arrow.fate != Fate::Delivered {
            return Ok(());
        }
        let host = arrow.captured_by();
        let utc_ns = self.utc_ns(&arrow);
        let interface = self.interface(host, arrow.link)?;
        let record = Record {
            wire_len: u32::try_from(arrow.wire_len).unwrap_or(u32::MAX),
            comments: vec![comment],
            outbound: Some(host == arrow.from),
            ..Record::new(interface, utc_ns, arrow.bytes)
        };
        self.file(arrow.link)?.write(&record)?;
        self.passes_on(out)
    }

    /// The interface of a host on this link: one more where it is not the usual one.
    fn interface(&mut self, host: Host, link: LinkType) -> io::Result<u32> {
        self.file(link)?;
        let known = self.interfaces.iter().position(|it| *it == (host, link));
        match known.and_then(|at| u32::try_from(at).ok()) {
            Some(number) => Ok(number),
            None => self.describe(host, link),
        }
    }

    fn file(&mut self, usual: LinkType) -> io::Result<&mut PcapngWriter<Vec<u8>>> {
        if self.file.is_none() {
            let file = PcapngWriter::new(Vec::new(), Endian::Little, &self.section)?;
            self.file = Some(file);
            for host in [Host::Client, Host::Server] {
                self.describe(host, usual)?;
            }
        }
        self.file
            .as_mut()
            .ok_or_else(|| io::ErrorKind::Other.into())
    }

    fn describe(&mut self, host: Host, link: LinkType) -> io::Result<u32> {
        self.interfaces.push((host, link));
        self.file(link)?.interface(&Interface {
            name: Some(host.name().to_owned()),
            ..Interface::new(link)
        })
    }

    /// Writes what the file has become.
    fn passes_on(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let bytes = std::mem::take(file.get_mut());
        out.write_all(&bytes)
    }
}

impl Rows for Capture {
    fn begin(&mut self, start: Option<Start>, _: &mut dyn Write) -> io::Result<()> {
        if let Some(start) = start {
            (self.section.system, self.utc_ns) = (start.system, start.utc_ns);
        }
        Ok(())
    }

    fn event(&mut self, event: &Event, _: &mut dyn Write) -> io::Result<()> {
        let Kind::Packet(packet) = &event.kind else {
            return Ok(());
        };
        match packet.verdict {
            Verdict::Sent | Verdict::Captured => {
                self.place(packet.id);
            }
            Verdict::Duplicated { copy } => _ = self.copies.insert(copy),
            Verdict::Delivered if self.copies.contains(&packet.id) => {
                self.waiting.push_back(packet.id);
            }
            Verdict::Held | Verdict::Delivered | Verdict::Dropped | Verdict::Repeated { .. } => {}
        }
        Ok(())
    }

    fn rows(&mut self, rows: Vec<Row>, story: &Story, out: &mut dyn Write) -> io::Result<()> {
        for row in &rows {
            if let Some(arrow) = &row.arrow {
                self.tell(row, arrow);
            }
        }
        let shown = rows.iter().filter_map(|row| row.arrow.as_ref());
        for arrow in shown.filter(|arrow| story.is_told(arrow.id)) {
            self.early.remove(&arrow.id);
            // A copy that has not come is not written: nothing of it is kept.
            if self.copies.remove(&arrow.id) && arrow.fate != Fate::Delivered {
                self.told.remove(&arrow.id);
            }
        }
        while let Some(first) = self.waiting.front().copied() {
            let is_told = story.is_told(first);
            if !is_told && self.waiting.len() <= WAITING {
                break;
            }
            self.waiting.pop_front();
            if let Some(told) = self.told.remove(&first).flatten() {
                self.settles(told, out)?;
                if !is_told {
                    self.early.insert(first);
                }
            }
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        for packet in std::mem::take(&mut self.waiting) {
            if let Some(told) = self.told.remove(&packet).flatten() {
                self.settles(told, out)?;
            }
        }
        let ready = self.ready.finish();
        self.write_all(ready, out)?;
        self.file(LinkType::default())?; // one without packets is a file, too
        self.passes_on(out)
    }
}

/// The fate if it is not the usual one, both states, and the sentences.
pub(super) fn comment(row: &Row, arrow: &Arrow, lang: Lang) -> String {
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
