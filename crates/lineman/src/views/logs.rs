//! The logs that views are tested with.

use std::fs::File;
use std::io::BufReader;

use lineman_trace::log::Event;
use lineman_trace::log::Reader;

/// Their names: composed ones, and some that a real lab has recorded.
pub const LOGS: [&str; 16] = [
    "capture",
    "capture-gaps",
    "causes",
    "chat",
    "crossed",
    "held",
    "recorded-close",
    "recorded-crossed",
    "recorded-step",
    "refused",
    "tftp-get",
    "tftp-put",
    "tftp-window",
    "two-captures",
    "udp",
    "window",
];

/// Where they are.
const DIR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../lineman-trace/tests/logs");

/// The names of all logs that there are.
pub fn all() -> Vec<String> {
    let entries = std::fs::read_dir(DIR).expect("logs");
    let name = |path: &std::path::Path| Some(path.file_stem()?.to_str()?.to_owned());
    let names = entries.map(|entry| name(&entry.expect("a log").path()).expect("a name"));
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

pub fn events(name: &str) -> Vec<Event> {
    let file = File::open(format!("{DIR}/{name}.jsonl")).expect("a log");
    let events: Result<Vec<Event>, _> = Reader::new(BufReader::new(file)).collect();
    events.expect("a whole log")
}
