//! Captures made by us: of real labs and of simulated ones.

use std::path::Path;

use lineman_lab::Options;
use lineman_lab::Program;
use lineman_lab::scenarios::Scenario;
use lineman_proto::wire::LinkType;
use lineman_trace::files::Endian;
use lineman_trace::files::Interface;
use lineman_trace::files::PcapngWriter;
use lineman_trace::files::Record;
use lineman_trace::files::Section;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Reader;
use lineman_trace::log::Verdict;

use crate::differential::play;
use crate::differential::script::Batch;
use crate::play::Play;
use crate::stage::HELPER;

/// Packets as a program that captures sees them, with their times in nanoseconds.
pub struct Capture {
    pub name: String,
    pub link: LinkType,
    pub packets: Vec<(u64, Vec<u8>)>,
    /// Of which captures it consists: where each begins, and its name.
    pub parts: Vec<(usize, String)>,
}

/// Where the packets of a log are seen.
#[derive(Clone, Copy, Debug)]
enum At {
    /// On the wire, as they enter it.
    Wire,
    /// At a host: what it sends, and what is delivered to it.
    Host(Host),
}

impl Capture {
    /// The packets of a log.
    fn of(name: &str, events: &[Event], at: At) -> Self {
        let Some(Kind::Start(start)) = events.first().map(|event| &event.kind) else {
            panic!("{name}: a log begins with its start");
        };
        let mut bytes = std::collections::HashMap::new();
        let mut packets = Vec::new();
        for event in events {
            let Kind::Packet(packet) = &event.kind else {
                continue;
            };
            if let Some(sent) = &packet.bytes {
                bytes.insert(packet.id, sent.clone());
            }
            if let Verdict::Duplicated { copy } = packet.verdict
                && let Some(sent) = bytes.get(&packet.id).cloned()
            {
                bytes.insert(copy, sent);
            }
            let seen = match (at, packet.verdict) {
                (At::Wire, Verdict::Sent) => true,
                (At::Host(host), Verdict::Sent) => packet.from == host,
                (At::Host(host), Verdict::Delivered) => packet.from != host,
                _ => false,
            };
            if let Some(sent) = bytes.get(&packet.id).filter(|_| seen) {
                packets.push((event.t_ns, sent.clone()));
            }
        }
        Self {
            name: format!("{name}, {at:?}"),
            link: start.link,
            packets,
            parts: Vec::new(),
        }
    }

    /// The name of the part that a packet is of; they count from 1.
    pub fn part(&self, n: usize) -> &str {
        let at = self.parts.partition_point(|(from, _)| *from < n);
        at.checked_sub(1).map_or(&self.name, |at| &self.parts[at].1)
    }

    fn of_all(name: &str, events: &[Event]) -> [Self; 3] {
        [At::Wire, At::Host(Host::Client), At::Host(Host::Server)]
            .map(|at| Self::of(name, events, at))
    }

    /// The same without its beginning.
    fn late(&self, missing: usize) -> Self {
        Self {
            name: format!("{} without its first {missing}", self.name),
            link: self.link,
            packets: self.packets.iter().skip(missing).cloned().collect(),
            parts: Vec::new(),
        }
    }

    pub fn pcapng(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let mut writer =
            PcapngWriter::new(&mut file, Endian::Little, &Section::default()).expect("begins");
        let interface = writer
            .interface(&Interface::new(self.link))
            .expect("an interface");
        for (t_ns, bytes) in &self.packets {
            // A second after the beginning of time: Wireshark takes 0 for no time.
            let record = Record::new(interface, t_ns + 1_000_000_000, bytes.clone());
            writer.write(&record).expect("written");
        }
        file
    }

    /// Keeps it beside what is built; where.
    pub fn keep(&self) -> String {
        let target = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/labels");
        std::fs::create_dir_all(target).expect("a directory");
        let name: String = self
            .name
            .chars()
            .map(|it| if it.is_ascii_alphanumeric() { it } else { '-' })
            .collect();
        let path = Path::new(target).join(format!("{name}.pcapng"));
        std::fs::write(&path, self.pcapng()).expect("kept");
        path.display().to_string()
    }
}

/// Captures as one, so that one call of tshark reads all. Each has addresses of its own, whose checksums come out the same:
/// what is added to one word of an address is taken from the next.
pub fn joined(name: &str, captures: Vec<Capture>) -> Capture {
    let mut all = Capture {
        name: name.to_owned(),
        link: LinkType::ETHERNET,
        packets: Vec::new(),
        parts: Vec::new(),
    };
    for (nth, capture) in (1..).zip(captures) {
        assert_eq!(capture.link, all.link, "{}", capture.name);
        all.parts.push((all.packets.len(), capture.name));
        let packets = capture.packets.into_iter();
        all.packets
            .extend(packets.map(|(t_ns, bytes)| (t_ns, elsewhere(bytes, nth))));
    }
    all
}

/// A frame between other addresses.
fn elsewhere(mut frame: Vec<u8>, nth: u16) -> Vec<u8> {
    // Where a word begins that grows, in front of one that shrinks as much.
    let words: [usize; 2] = match frame.get(12..14) {
        Some([8, 0]) => [26, 30],
        Some([0x86, 0xdd]) => [22, 38],
        _ => return frame,
    };
    for at in words {
        let word = |at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
        let more = word(at).checked_add(nth).expect("few captures");
        // In ones' complement 0 and 0xffff are the same.
        let less = word(at + 2)
            .checked_sub(nth)
            .unwrap_or_else(|| word(at + 2) + (u16::MAX - nth));
        frame[at..at + 2].copy_from_slice(&more.to_be_bytes());
        frame[at + 2..at + 4].copy_from_slice(&less.to_be_bytes());
    }
    frame
}

/// A batch of scripts that the test of states does not play, in a real lab.
pub fn random(number: u64) -> Capture {
    let program = Program {
        path: HELPER.into(),
        args: vec!["lab".into()],
    };
    let events = play::play(&program, &Batch::of(number)).expect("a log");
    let whole = Capture::of_all(&format!("batch {number}"), &events);
    let late = whole.each_ref().map(|it| it.late(it.packets.len() / 3));
    joined(
        &format!("batch {number}"),
        whole.into_iter().chain(late).collect(),
    )
}

/// What the wire does in simulated labs.
const WIRES: [&str; 4] = [
    "",
    "20% drop; seed 1",
    "25% dup; seed 2",
    "30% reorder 2; seed 3",
];

/// All lessons that can be simulated, on several wires.
pub fn lessons() -> Capture {
    let mut all = Vec::new();
    for scenario in Scenario::all().filter(|it| it.can_be_simulated()) {
        for wire in WIRES {
            let mut options: Options = scenario.options();
            let rules = [scenario.rules, wire].join(";");
            options.rules = rules.parse().expect("rules");
            let mut play = Play::new(&options);
            play.scenario(scenario);
            let name = format!("{} {wire}", scenario.name);
            all.extend(Capture::of_all(&name, &play.events()));
        }
    }
    joined("lessons", all)
}

/// The logs of real labs that are kept for other tests.
pub fn recorded() -> Capture {
    let logs = concat!(env!("CARGO_MANIFEST_DIR"), "/../lineman-trace/tests/logs");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(logs).expect("logs") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if !name.starts_with("recorded-") {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a log");
        let events: Vec<_> = Reader::new(&*bytes).map_while(Result::ok).collect();
        all.extend(Capture::of_all(&name, &events));
    }
    joined("recorded", all)
}
