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

pub fn events(name: &str) -> Vec<Event> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../lineman-trace/tests/logs");
    let file = File::open(format!("{dir}/{name}.jsonl")).expect("a log");
    let events: Result<Vec<Event>, _> = Reader::new(BufReader::new(file)).collect();
    events.expect("a whole log")
}
