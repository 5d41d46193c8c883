//! What Wireshark says of the packets of a file.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::marks::Mark;
use super::marks::Marks;

/// What it says of a packet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Theirs {
    /// Which connection it counts it to.
    pub stream: u64,
    pub marks: Marks,
}

/// Its words, by the number of the packet in the file, from 1. A file that it cannot read fails, and so does a machine
/// without it.
pub fn read(file: &Path) -> BTreeMap<usize, Theirs> {
    // It tells a field once, however often it is asked for.
    let all = Mark::ALL
        .into_iter()
        .flat_map(|mark| mark.fields().iter().copied());
    let fields: Vec<_> = all.collect::<BTreeSet<_>>().into_iter().collect();
    let output = Command::new("tshark")
        .args(["-n", "-Y", "tcp", "-r"])
        .arg(file)
        .args(["-T", "fields", "-E", "occurrence=f"])
        .args(["-e", "frame.number", "-e", "tcp.stream"])
        .args(
            fields
                .iter()
                .flat_map(|field| ["-e".into(), format!("tcp.analysis.{field}")]),
        )
        .output()
        .expect("the peer `tshark` is installed; ./test installs it");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(|line| of(line, &fields)).collect()
}

fn of(line: &str, fields: &[&str]) -> (usize, Theirs) {
    let cells: Vec<_> = line.split('\t').collect();
    assert_eq!(cells.len(), fields.len() + 2, "{line}");
    let says = |field: &&str| {
        let at = fields.iter().position(|it| it == field);
        at.is_some_and(|at| !cells[at + 2].is_empty())
    };
    let mut marks = Marks::default();
    for mark in Mark::ALL {
        marks.put(mark, mark.fields().iter().any(says));
    }
    let theirs = Theirs {
        stream: cells[1].parse().expect("a stream"),
        marks,
    };
    (cells[0].parse().expect("a number"), theirs)
}
