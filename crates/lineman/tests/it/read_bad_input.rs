//! `lineman read` and captures that were made to harm it: they lie about lengths, grow without end, or have more in
//! them than memory holds.

use std::fs;
use std::process::Output;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::wire::Flags;
use lineman_trace::files::MAX_INTERFACES;
use serde_json::Value;
use tempfile::TempDir;

use crate::capture_kit::CLIENT;
use crate::capture_kit::Packets;
use crate::capture_kit::Tcp;
use crate::capture_kit::end;
use crate::capture_kit::mixed;
use crate::support::peer;

const PROGRAM: &str = env!("CARGO_BIN_EXE_lineman");
/// What no command here may take in memory, in MiB: its threads' stacks and allocator alone are reserved with 70.
const MEMORY_MIB: u64 = 192;
/// Longer than any of them takes on a machine with other work.
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory with a file `x`.
fn dir_with(bytes: &[u8]) -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("x"), bytes).expect("a file");
    dir
}

/// `lineman read x …`, with little memory; it ends by itself.
fn read(dir: &TempDir, args: &[&str]) -> Output {
    let begun = Instant::now();
    let mut command = peer("prlimit");
    command.arg(format!("--data={}", MEMORY_MIB << 20));
    command.args([PROGRAM, "read", "x"]).args(args);
    let output = command.current_dir(dir.path()).output().expect("runs");
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked"), "{said}");
    assert!(output.status.code().is_some(), "{}: {said}", output.status);
    output
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// The last line: the summary.
fn summary(output: &Output) -> Value {
    let last = output.stdout.trim_ascii_end().rsplit(|byte| *byte == b'\n');
    let last = last.into_iter().next().unwrap_or_default();
    serde_json::from_slice(last).unwrap_or_else(|error| panic!("{error}: {}", said(output)))
}

/// The length that the block behind the first states.
fn second_block(mut file: Vec<u8>, len: u32) -> Vec<u8> {
    let first = u32::from_be_bytes(file[4..8].try_into().expect("four bytes")) as usize;
    file[first + 4..first + 8].copy_from_slice(&len.to_be_bytes());
    file
}

#[test]
fn a_block_that_lies_about_its_length_takes_neither_memory_nor_time() {
    let whole = mixed().pcapng();
    for len in [0, 8, 11, 13, 0x7fff_fffc, 0xffff_fffc, u32::MAX] {
        let output = read(&dir_with(&second_block(whole.clone(), len)), &[]);
        // A length that may be has the file end within the block; one that cannot be is damage.
        let code = output.status.code();
        assert!(
            matches!(code, Some(0 | 6)),
            "{len}: {code:?} {}",
            said(&output)
        );
        let words = said(&output);
        let is_told = words.contains("is cut short") || words.contains("is damaged at byte");
        assert!(
            is_told || words.contains("is no capture"),
            "{len}: {words:?}"
        );
    }
}

#[test]
fn a_packet_that_lies_about_its_length_takes_neither_memory_nor_time() {
    let whole = mixed().pcap();
    for len in [256 << 10, (256 << 10) + 1, 0x7fff_ffff, u32::MAX] {
        let mut file = whole.clone();
        file[24 + 8..24 + 12].copy_from_slice(&len.to_le_bytes());
        let output = read(&dir_with(&file), &[]);
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 6)), "{len}: {}", said(&output));
        assert!(!said(&output).is_empty(), "{len}");
    }
}

#[test]
fn more_interfaces_than_are_kept_are_refused_for_what_they_are() {
    let whole = mixed().pcapng();
    let first = u32::from_be_bytes(whole[4..8].try_into().expect("four bytes")) as usize;
    let len = u32::from_be_bytes(whole[first + 4..first + 8].try_into().expect("four bytes"));
    let interface = &whole[first..first + len as usize];
    let file = [&whole[..first], &interface.repeat(MAX_INTERFACES + 1)].concat();
    let output = read(&dir_with(&file), &[]);
    assert_eq!(output.status.code(), Some(6));
    let words = format!("more than {MAX_INTERFACES} interfaces");
    assert!(said(&output).contains(&words), "{}", said(&output));
}

/// 128 MiB of nothing in less than a megabyte.
#[test]
fn what_grows_without_end_when_it_is_unpacked_is_passed_over_as_it_comes() {
    let dir = dir_with(&mixed().pcap());
    let line = "{ cat x; head -c 128M /dev/zero; } | gzip -1 > y && mv y x";
    let mut command = peer("sh");
    let packed = command.args(["-c", line]).current_dir(dir.path()).status();
    assert!(packed.expect("sh").success());
    let size = fs::metadata(dir.path().join("x")).expect("a file").len();
    assert!(size < 1 << 20, "{size}");
    let output = read(&dir, &["--json"]);
    // Each 16 of its bytes are a packet without bytes of 1970.
    let found = summary(&output)["packets"].as_u64().expect("a number");
    assert_eq!(found, mixed().records.len() as u64 + (128 << 20) / 16);
}

/// Each of them is a conversation of its own; one sentence tells of them.
#[test]
fn a_scan_of_100_000_ports_stays_bounded() {
    let mut out = Packets::default();
    for nth in 0..100_000_u32 {
        let (host, port) = ((nth / 50_000 + 2) as u8, (nth % 50_000 + 1) as u16);
        let mut tcp = Tcp::new(end(1, 40_000), end(host, port));
        let syn = tcp.next(CLIENT, Flags::SYN, b"");
        out.put(syn);
    }
    let dir = dir_with(&out.pcap());
    let output = read(&dir, &["--json"]);
    assert_eq!(summary(&output)["conversations"], 100_000);
    assert_eq!(summary(&output)["packets"], 100_000);
    let table = read(&dir, &[]);
    let table = String::from_utf8(table.stdout).expect("UTF-8");
    assert!(table.contains("a scan looks like this"), "{table}");
    assert!(table.lines().count() < 100, "{table}");
}

/// Headers that lie: each is a row of its conversation, and no state follows from it, as no host would take it.
#[test]
fn a_malformed_packet_is_a_row_that_says_what_is_wrong() {
    let (ip, tcp) = (14, 14 + 20);
    type Damage = fn(&mut Vec<u8>, usize, usize);
    let cases: [(Damage, &str); 4] = [
        (
            |frame, _, tcp| frame[tcp + 12] = 0xf0,
            "tcp malformed: states 60 bytes, 20 are there",
        ),
        (
            |frame, _, tcp| frame[tcp + 12] = 0x30,
            "tcp malformed: states 12 bytes, has at least 20",
        ),
        (
            |frame, ip, tcp| {
                frame.truncate(tcp + 12);
                frame[ip + 3] = 32;
            },
            "tcp malformed: 12 bytes of at least 20",
        ),
        (
            |frame, ip, _| frame[ip + 3] = 200,
            "ipv4 malformed: states 200 bytes, 40 are there",
        ),
    ];
    for (damage, words) in cases {
        let mut out = Packets::default();
        let mut call = Tcp::new(end(1, 1000), end(2, 80));
        call.open(&mut out);
        let mut fin = call.next(CLIENT, Flags::FIN | Flags::ACK, b"");
        damage(&mut fin, ip, tcp);
        out.put(fin);
        let dir = dir_with(&out.pcap());
        let output = read(&dir, &["-c", "1", "--width", "200"]);
        let shown = String::from_utf8(output.stdout).expect("UTF-8");
        let row = shown.lines().find(|line| line.contains("malformed"));
        let row = row.unwrap_or_else(|| panic!("{words}: {shown}"));
        assert!(row.to_lowercase().contains(words), "{words}: {shown}");
        assert!(!shown.contains("FIN-WAIT"), "{words}: {shown}");
        let table = read(&dir, &["--json"]);
        assert_eq!(summary(&table)["malformed"], 1, "{words}");
        assert_eq!(summary(&table)["conversations"], 1, "{words}");
    }
}

/// A reader of the output who has seen enough, and a disk that is full.
#[test]
fn an_output_that_ends_early_is_no_panic() {
    let dir = dir_with(&mixed().pcap());
    let mut command = peer("sh");
    let line =
        format!("{PROGRAM} read x --json | head -n 1; {PROGRAM} read x -o /dev/full; echo $?");
    let output = command.args(["-c", &line]).current_dir(dir.path()).output();
    let output = output.expect("sh");
    let (out, said) = (
        String::from_utf8(output.stdout).expect("UTF-8"),
        String::from_utf8(output.stderr).expect("UTF-8"),
    );
    assert!(!said.contains("panicked"), "{said}");
    assert!(said.contains("/dev/full"), "{said}");
    assert!(!out.ends_with("\n0\n"), "{out}");
}
