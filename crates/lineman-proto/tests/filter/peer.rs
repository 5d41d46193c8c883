//! tcpdump's compiler, which is libpcap's.

use std::process::Command;

use lineman_proto::wire::filter::Instruction;
use lineman_proto::wire::filter::Program;

/// What `tcpdump -ddd` makes of a filter.
pub(crate) fn tcpdump(text: &str, link: &str) -> Program {
    let output = Command::new("tcpdump")
        .args(["-ddd", "-y", link, "--", text])
        .output()
        .expect("tcpdump runs: ./test install installs it");
    let said = String::from_utf8_lossy(&output.stderr);
    // It refuses to make a program that accepts nothing; ours is one.
    if said.contains("expression rejects all packets") {
        return Program::new(Vec::new());
    }
    assert!(
        output.status.success(),
        "tcpdump: {text:?} on {link}: {said}"
    );
    let listing = String::from_utf8(output.stdout).expect("numbers");
    Program::new(listing.lines().skip(1).map(instruction).collect())
}

fn instruction(line: &str) -> Instruction {
    let mut numbers = line.split_ascii_whitespace().map(str::parse::<u64>);
    let mut next = || numbers.next().expect("four numbers").expect("a number");
    Instruction {
        code: next() as u16,
        jt: next() as u8,
        jf: next() as u8,
        k: next() as u32,
    }
}
