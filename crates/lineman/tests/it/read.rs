//! `lineman read`: captures as tables and ladders by the real binary, held against tshark.

use std::collections::BTreeMap;
use std::fs;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use lineman_proto::wire::compose::Envelope;
use serde_json::Value;
use tempfile::TempDir;

use crate::capture_kit::CLIENT;
use crate::capture_kit::Packets;
use crate::capture_kit::Tcp;
use crate::capture_kit::end;
use crate::capture_kit::mixed;
use crate::support::lineman;
use crate::support::peer;

/// A directory with a file in it.
fn dir_with(name: &str, bytes: &[u8]) -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join(name), bytes).expect("a file");
    dir
}

fn read(dir: &TempDir, args: &[&str]) -> Output {
    let mut command = lineman();
    command.arg("read").args(args).current_dir(dir.path());
    command.output().expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn shown(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn told(output: &Output) -> Vec<Value> {
    let lines = text(&output.stdout);
    let lines = lines.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

fn of_kind<'a>(all: &'a [Value], event: &str) -> Vec<&'a Value> {
    all.iter().filter(|it| it["event"] == event).collect()
}

#[test]
fn a_capture_is_a_table_with_the_worst_first() {
    let dir = dir_with("a.pcap", &mixed().pcap());
    for (lang, width) in [("en", "80"), ("en", "120"), ("zh", "80"), ("zh", "120")] {
        let output = read(&dir, &["--lang", lang, "a.pcap", "--width", width]);
        let table = shown(&output);
        let widest = table.lines().map(|line| line.chars().count()).max();
        let columns: usize = width.parse().expect("a number");
        assert!(widest.is_some_and(|widest| widest <= columns), "{table}");
        insta::assert_snapshot!(format!("read_table_{width}_{lang}"), table);
    }
}

/// Names in a capture are strangers' text.
#[test]
fn nothing_in_a_capture_acts_on_a_terminal() {
    let dir = dir_with("a.pcap", &mixed().pcap());
    for args in [
        &["a.pcap"][..],
        &["a.pcap", "--json"],
        &["a.pcap", "-c", "5"],
    ] {
        let output = read(&dir, args);
        assert!(shown(&output).contains("boot"), "{args:?}");
        let all = [&output.stdout[..], &output.stderr].concat();
        assert!(!all.contains(&0x1b), "{args:?}");
    }
}

/// The client's port of the transfer, which is three streams to tshark and one conversation here.
const TRANSFER: u16 = 4000;

/// Packets and bytes by the number of a stream, as tshark counts them.
fn by_tshark(dir: &Path, file: &str, protocol: &str) -> Vec<(u64, u64)> {
    let stream = format!("{protocol}.stream");
    let output = peer("tshark")
        .args([
            "-r",
            file,
            "-Y",
            &format!("{protocol} and not icmp and not udp.port == {TRANSFER}"),
        ])
        .args(["-T", "fields", "-e", &stream, "-e", "frame.len"])
        .current_dir(dir)
        .output()
        .expect("tshark");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let mut streams: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for line in text(&output.stdout).lines() {
        let (stream, len) = line.split_once('\t').expect("two fields");
        let count = streams
            .entry(stream.parse().expect("a number"))
            .or_default();
        count.0 += 1;
        count.1 += len.parse::<u64>().expect("a length");
    }
    let mut all: Vec<(u64, u64)> = streams.into_values().collect();
    all.sort_unstable();
    all
}

fn by_lineman(all: &[Value], protocol: &str) -> Vec<(u64, u64)> {
    let of = |it: &&&Value| it["protocol"] == protocol;
    let number = |it: &Value, name: &str| it[name].as_u64().expect("a number");
    let single = of_kind(all, "conversation");
    let single = single.iter().filter(of);
    let mut counts: Vec<(u64, u64)> = single
        .map(|it| (number(it, "packets"), number(it, "bytes")))
        .collect();
    for fold in of_kind(all, "conversations").iter().filter(of) {
        let count = number(fold, "conversations");
        let each = (
            number(fold, "packets") / count,
            number(fold, "bytes") / count,
        );
        counts.extend((0..count).map(|_| each));
    }
    counts.sort_unstable();
    counts
}

#[test]
fn conversations_packets_and_bytes_are_those_of_tshark() {
    for (name, bytes) in [("a.pcap", mixed().pcap()), ("a.pcapng", mixed().pcapng())] {
        let dir = dir_with(name, &bytes);
        let all = told(&read(&dir, &["--json", name]));
        for protocol in ["tcp", "udp"] {
            let theirs = by_tshark(dir.path(), name, protocol);
            assert!(!theirs.is_empty());
            assert_eq!(by_lineman(&all, protocol), theirs, "{protocol} of {name}");
        }
    }
}

/// What simulated hosts did in the lessons, lost and repeated packets and all.
#[test]
fn the_captures_of_lessons_are_counted_as_tshark_does() {
    for lesson in ["close-four", "syn-lost", "refused", "simultaneous-close"] {
        let dir = tempfile::tempdir().expect("a directory");
        let made = lineman()
            .args([
                "lab",
                lesson,
                "--simulated",
                "--export",
                "pcapng",
                "-o",
                "a.pcapng",
            ])
            .current_dir(dir.path())
            .status();
        assert!(made.expect("runs").success(), "{lesson}");
        let all = told(&read(&dir, &["--json", "a.pcapng"]));
        let theirs = by_tshark(dir.path(), "a.pcapng", "tcp");
        assert_eq!(by_lineman(&all, "tcp"), theirs, "{lesson}");
    }
}

#[test]
fn compressed_captures_and_pipes_are_read_as_they_are() {
    // Long enough for something of it to be there when it is cut.
    let mut long = Packets::default();
    let mut chance = 1_u64;
    for port in 1..=800 {
        let mut tcp = Tcp::new(end(1, port), end(2, 80));
        tcp.open(&mut long);
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            chance = chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (chance >> 56) as u8
        })
        .take(1000)
        .collect();
        tcp.send(CLIENT, &bytes, &mut long);
    }
    let dir = dir_with("a.pcap", &long.pcap());
    let plain = read(&dir, &["--json", "a.pcap"]);
    shown(&plain);
    for (program, args, name) in [
        ("gzip", &["-k", "a.pcap"][..], "a.pcap.gz"),
        ("zstd", &["-q", "a.pcap"], "a.pcap.zst"),
    ] {
        let packed = Command::new(program)
            .args(args)
            .current_dir(dir.path())
            .status();
        assert!(packed.expect("runs").success(), "{program}");
        let output = read(&dir, &["--json", name]);
        assert_eq!(output.stdout, plain.stdout, "{name}");
        // Two files in one, as `cat` makes them, and through a pipe.
        let bytes = fs::read(dir.path().join(name)).expect("a file");
        let piped = piped(&["--json", "read", "-"], &bytes);
        assert_eq!(piped.stdout, plain.stdout, "{name} through a pipe");
        // Cut in the middle: what is there is shown.
        fs::write(dir.path().join("cut"), &bytes[..bytes.len() / 2]).expect("a file");
        let cut = read(&dir, &["cut"]);
        assert!(shown(&cut).contains("packets"), "{name}");
        assert!(
            text(&cut.stderr).contains("cut short"),
            "{}",
            text(&cut.stderr)
        );
        // Nothing is there, and nobody can see what it is: it was said to be no capture.
        fs::write(dir.path().join("cut"), &bytes[..12]).expect("a file");
        let cut = read(&dir, &["cut"]);
        let said = text(&cut.stderr);
        assert_eq!(cut.status.code(), Some(6), "{said}");
        assert!(said.contains("nothing of cut can be read"), "{said}");
    }
}

fn piped(args: &[&str], bytes: &[u8]) -> Output {
    let mut child = lineman()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = child.wait_with_output().expect("ends");
    let _ = writer.join();
    output
}

#[test]
fn a_file_that_is_cut_is_read_up_to_the_cut() {
    let bytes = mixed().pcap();
    let dir = dir_with("a.pcap", &bytes[..bytes.len() - 10]);
    let output = read(&dir, &["a.pcap"]);
    shown(&output);
    let said = text(&output.stderr);
    assert!(
        said.contains("a.pcap is cut short: the packet at byte "),
        "{said}"
    );
    let all = told(&read(&dir, &["--json", "a.pcap"]));
    let last = all.last().expect("a summary");
    assert_eq!(last["event"], "summary");
    assert_eq!(last["whole"], false);
    assert!(last["cut_at"].as_u64().is_some_and(|at| at > 1000));
    assert_eq!(last["packets"], mixed().records.len() - 1);
}

#[test]
fn what_is_no_capture_has_a_sentence_and_exit_code_6() {
    let log = "{\"n\":0,\"t_ns\":0,\"event\":\"end\"}\n";
    let mut damaged = mixed().pcap();
    let at = 24 + 16 + mixed().records[0].bytes.len();
    damaged[at + 8..at + 12].copy_from_slice(&u32::MAX.to_le_bytes());
    for (bytes, code, words) in [
        (
            &b"hello, this is text\n"[..],
            6,
            "x is no capture: it begins with 68 65 6c 6c",
        ),
        (b"", 6, "x is no capture: it is empty"),
        (log.as_bytes(), 2, "lineman lab replay x"),
        (
            b"\x1f\x8b\x08\0\0\0\0\0\0\0hello hello hello",
            6,
            "compressed",
        ),
        (&damaged, 6, "a packet of 4294967295 bytes is stated"),
    ] {
        let dir = dir_with("x", bytes);
        let output = read(&dir, &["x"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "{said}");
    }
    let none = read(&dir_with("x", b""), &["y"]);
    assert_eq!(none.status.code(), Some(2));
}

#[test]
fn a_conversation_is_shown_as_a_ladder_with_its_own_ends() {
    let dir = dir_with("a.pcap", &mixed().pcap());
    let ladder = shown(&read(&dir, &["a.pcap", "-c", "3", "--width", "110"]));
    for part in [
        "CLIENT 10.0.0.1",
        "SERVER 10.0.0.2",
        "──SYN seq=0",
        "~ESTABLISHED",
        "RST+ACK",
    ] {
        assert!(ladder.contains(part), "{part} is missing in:\n{ladder}");
    }
    assert!(
        ladder.contains("A capture shows when packets passed"),
        "{ladder}"
    );
    assert!(
        !ladder.contains("10.0.0.3") && !ladder.contains("in flight"),
        "{ladder}"
    );
    let transfer = shown(&read(&dir, &["a.pcap", "-c", "5", "--no-explain"]));
    assert!(transfer.contains("DATA 2 len=10 (last)"), "{transfer}");
    let missing = read(&dir, &["a.pcap", "-c", "999"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("there is no conversation 999"));
}

/// Nothing that only the receiver could know is claimed: that it had a segment already, that one was lost.
#[test]
fn a_ladder_of_a_capture_claims_nothing_of_arrivals() {
    let dir = dir_with("a.pcap", &mixed().pcap());
    let rows = told(&read(&dir, &["a.pcap", "-c", "2", "--export", "rows"]));
    let rows = of_kind(&rows, "row");
    let again = rows.iter().find(|row| !row["packet"]["again"].is_null());
    let again = again.expect("a retransmission");
    assert_eq!(again["packet"]["again"]["earlier_lost"], Value::Null);
    for row in rows {
        assert_eq!(row["packet"]["fate"], "captured");
        assert_eq!(row["packet"]["decided_ns"], Value::Null);
        let sayings = row["sayings"].as_array().expect("sayings");
        for saying in sayings {
            let id = saying["id"].as_str().expect("an id");
            assert!(!id.starts_with("arrival."), "{saying}");
        }
    }
}

#[test]
fn every_export_of_the_lab_is_there() {
    let dir = dir_with("a.pcap", &mixed().pcap());
    for (format, part) in [
        ("text", "SYN seq=0"),
        ("svg", "<svg"),
        ("mermaid", "sequenceDiagram"),
        ("rows", "\"event\":\"row\""),
        ("jsonl", "\"verdict\":\"captured\""),
    ] {
        let made = shown(&read(&dir, &["a.pcap", "-c", "1", "--export", format]));
        assert!(made.contains(part), "{format}: {made}");
    }
    let args = ["a.pcap", "-c", "1", "--export", "pcapng", "-o", "b.pcapng"];
    shown(&read(&dir, &args));
    let streams = by_tshark(dir.path(), "b.pcapng", "tcp");
    assert_eq!(streams.len(), 1);
    // The log can be replayed, and is then the same ladder.
    let args = ["a.pcap", "-c", "1", "--export", "jsonl", "-o", "a.jsonl"];
    shown(&read(&dir, &args));
    let replayed = lineman()
        .args(["lab", "replay", "a.jsonl"])
        .current_dir(dir.path())
        .output()
        .expect("runs");
    assert_eq!(replayed.stdout, read(&dir, &["a.pcap", "-c", "1"]).stdout);
    // What is read is never written over.
    let over = read(&dir, &["a.pcap", "-c", "1", "-o", "a.pcap"]);
    assert_eq!(over.status.code(), Some(2));
}

/// Nobody has to choose where there is no choice.
#[test]
fn the_only_conversation_is_shown_at_once() {
    let (mut out, mut tcp) = (Packets::default(), Tcp::new(end(1, 1000), end(2, 80)));
    tcp.open(&mut out);
    tcp.send(CLIENT, b"hello", &mut out);
    let dir = dir_with("a.pcap", &out.pcap());
    let at_once = shown(&read(&dir, &["a.pcap"]));
    assert_eq!(at_once, shown(&read(&dir, &["a.pcap", "-c", "1"])));
    assert!(at_once.contains("SYN+ACK"), "{at_once}");
    let picture = shown(&read(&dir, &["a.pcap", "--export", "svg"]));
    assert!(picture.contains("<svg"));
    for format in ["svg", "rows", "jsonl", "perfetto", "figures"] {
        let asked = shown(&read(&dir, &["a.pcap", "-c", "1", "--export", format]));
        assert_eq!(asked, shown(&read(&dir, &["a.pcap", "--export", format])));
        let from_pipe = piped(&["read", "-", "--export", format], &out.pcap());
        assert_eq!(asked, shown(&from_pipe), "{format}");
    }
    // Programs get the table, whatever is in the file.
    let all = told(&read(&dir, &["--json", "a.pcap"]));
    assert_eq!(all[0]["event"], "conversation");
    let many = dir_with("a.pcap", &mixed().pcap());
    let output = read(&many, &["a.pcap", "--export", "svg"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("say which one with -c N"));
}

/// "0 packets" was all that was said of a capture in a VLAN to who asked for tcp.
#[test]
fn a_filter_that_fits_nothing_says_so_and_names_the_vlan() {
    let (mut out, mut tcp) = (Packets::default(), Tcp::new(end(1, 1000), end(2, 80)));
    tcp.open(&mut out);
    let plain = dir_with("a.pcap", &out.pcap());
    let said = text(&read(&plain, &["a.pcap", "udp"]).stderr);
    assert_eq!(said, "the filter fits none of these packets: 3\n");
    for record in &mut out.records {
        record.bytes.splice(12..12, [0x81, 0, 0, 7]);
        record.wire_len += 4;
    }
    let tagged = dir_with("a.pcap", &out.pcap());
    let said = text(&read(&tagged, &["a.pcap", "tcp", "port", "80"]).stderr);
    assert!(
        said.contains("only after the word vlan: vlan and (tcp port 80)"),
        "{said}"
    );
    let found = read(&tagged, &["a.pcap", "vlan and (tcp port 80)"]);
    assert!(shown(&found).contains("SYN+ACK") && found.stderr.is_empty());
}

/// All of a capture was held for a picture of it, however long it was, and nobody looks through one of a million rows.
#[test]
fn a_picture_of_too_many_packets_is_refused_and_leaves_nothing() {
    let (mut out, mut tcp) = (Packets::default(), Tcp::new(end(1, 1000), end(2, 80)));
    tcp.open(&mut out);
    for _ in out.records.len()..10_000 {
        tcp.send(CLIENT, b"x", &mut out);
    }
    out.records.truncate(10_000);
    let dir = dir_with("a.pcap", &out.pcap());
    let args = ["a.pcap", "-c", "1", "--export", "svg", "-o", "a.svg"];
    shown(&read(&dir, &args));
    fs::remove_file(dir.path().join("a.svg")).expect("a picture");
    tcp.send(CLIENT, b"one too many", &mut out);
    fs::write(dir.path().join("a.pcap"), out.pcap()).expect("a file");
    let refused = read(&dir, &args);
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(said.contains("has room for 10000 packets"), "{said}");
    assert!(!dir.path().join("a.svg").exists());
    let to_stdout = read(&dir, &args[..5]);
    assert_eq!(
        (to_stdout.status.code(), to_stdout.stdout.len()),
        (Some(2), 0)
    );
}

/// Whether a pipe has one conversation is known at its end, and all of it was kept till then.
#[test]
fn what_is_kept_of_a_pipe_until_it_is_known_to_have_one_conversation_is_bounded() {
    let mut out = Packets::default();
    let envelope = Envelope::new(end(1, 1000), end(2, 2000));
    for n in 0..1100 {
        out.put(envelope.udp(&[n as u8; 62_000]));
    }
    let refused = piped(&["read", "-", "--export", "jsonl"], &out.pcap());
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(
        said.contains("can be read only once") && said.contains("-c 1"),
        "{said}"
    );
    let chosen = piped(
        &["read", "-", "-c", "1", "--export", "mermaid"],
        &out.pcap(),
    );
    assert!(shown(&chosen).lines().count() > 1100);
}

/// A file that another program still writes: half a packet is waited for, ^C ends it in good order.
#[test]
fn a_growing_file_is_followed() {
    let (mut out, mut tcp) = (Packets::default(), Tcp::new(end(1, 1000), end(2, 80)));
    tcp.open(&mut out);
    let begun = out.pcap();
    tcp.send(CLIENT, b"hello", &mut out);
    let whole = out.pcap();
    let dir = dir_with("a.pcap", &whole[..begun.len() - 7]);
    let mut child = lineman()
        .args(["read", "a.pcap", "-c", "1", "--follow", "--no-explain"])
        .current_dir(dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut until = |part: &str| {
        let found = lines
            .by_ref()
            .find(|line| line.as_ref().is_ok_and(|it| it.contains(part)));
        found
            .unwrap_or_else(|| panic!("{part} never came"))
            .expect("a line")
    };
    until("SYN+ACK"); // the row before the packet that is half
    append(&dir, "a.pcap", &whole[begun.len() - 7..]);
    until("len=5");
    let pid = rustix_pid(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a signal");
    until("A capture shows");
    assert_eq!(child.wait().expect("ends").code(), Some(130));
}

/// Another program writes so many bytes more.
fn append(dir: &TempDir, file: &str, bytes: &[u8]) {
    let file = fs::File::options().append(true).open(dir.path().join(file));
    file.and_then(|mut file| file.write_all(bytes))
        .expect("written on");
}

/// Of a file that was cut, or that lost its name to another, no more can come: that is said, and nobody waits for ever.
#[test]
fn a_followed_file_that_is_cut_or_replaced_ends_with_a_sentence() {
    let (mut out, mut tcp) = (Packets::default(), Tcp::new(end(1, 1000), end(2, 80)));
    tcp.open(&mut out);
    let whole = out.pcap();
    let cut: fn(&Path) = |file| {
        let file = fs::File::options().write(true).open(file);
        file.and_then(|file| file.set_len(24)).expect("cut");
    };
    let replaced: fn(&Path) = |file| {
        let other = file.with_extension("new");
        fs::copy(file, &other).expect("copied");
        fs::rename(other, file).expect("renamed");
    };
    let cases = [
        (cut, "a.pcap has only 24 bytes now"),
        (replaced, "another file has taken the place of a.pcap"),
    ];
    for (happens, sentence) in cases {
        let dir = dir_with("a.pcap", &whole);
        let mut child = lineman()
            .args(["read", "a.pcap", "-c", "1", "--follow", "--no-explain"])
            .current_dir(dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("runs");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let shown =
            |line: &std::io::Result<String>| line.as_ref().is_ok_and(|it| it.contains("SYN+ACK"));
        let row = out.by_ref().find(shown);
        assert!(row.is_some(), "no row came");
        happens(&dir.path().join("a.pcap"));
        let rest: Vec<String> = out.map(|line| line.expect("a line")).collect();
        let output = child.wait_with_output().expect("ends");
        let said = text(&output.stderr);
        assert!(said.contains(sentence), "{said}\n{rest:?}");
        assert_eq!(output.status.code(), Some(0), "{said}");
    }
}

fn rustix_pid(child: &std::process::Child) -> rustix::process::Pid {
    rustix::process::Pid::from_child(child)
}

/// A pipe that has no end: ^C shows what was read by then.
#[test]
fn an_interrupted_pipe_shows_what_was_read() {
    let mut child = lineman()
        .args(["read", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(&mixed().pcap()).expect("a reader");
    // It has read all when nothing is left in the pipe, and hears ^C when it has a handler for it.
    let status = format!("/proc/{}/status", child.id());
    let limit = std::time::Duration::from_secs(20);
    crate::support::wait_for("the pipe to be read", limit, || {
        let left = rustix::io::ioctl_fionread(&stdin).ok()?;
        let status = fs::read_to_string(&status).ok()?;
        let caught = status
            .lines()
            .find_map(|line| line.strip_prefix("SigCgt:"))?;
        let caught = u64::from_str_radix(caught.trim(), 16).ok()?;
        (left == 0 && caught & 1 << 1 != 0).then_some(())
    });
    let pid = rustix_pid(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a signal");
    let output = child.wait_with_output().expect("ends");
    drop(stdin);
    assert_eq!(output.status.code(), Some(130));
    assert!(text(&output.stderr).contains("interrupted: this is what was read"));
    assert!(text(&output.stdout).contains("10.0.0.1:45110"));
}

/// What others may see: the same conversations, between other hosts.
#[test]
fn a_redacted_capture_tells_the_same_of_other_hosts() {
    let dir = dir_with("a.pcap", &mixed().pcap());
    let output = read(&dir, &["a.pcap", "--redact", "b.pcapng"]);
    shown(&output);
    let said = text(&output.stderr);
    let count = mixed().records.len();
    assert!(
        said.contains(&format!("packets in b.pcapng: {count}")),
        "{said}"
    );
    let lesson = |file: &str| {
        let all = told(&read(&dir, &["--json", file]));
        let mut all: Vec<String> = of_kind(&all, "conversation")
            .into_iter()
            .map(|it| {
                let names = [
                    "number", "protocol", "packets", "bytes", "ending", "troubles",
                ];
                let parts = names.map(|name| it[name].to_string());
                format!("{} {}", parts.join(" "), it["server"]["port"])
            })
            .collect();
        all.sort_unstable();
        all
    };
    assert!(lesson("a.pcap").len() > 5);
    assert_eq!(lesson("a.pcap"), lesson("b.pcapng"));
    let bytes = fs::read(dir.path().join("b.pcapng")).expect("a file");
    for secret in [
        &b"boot"[..],
        b"GET /",
        b"who is it",
        &[10, 0, 0, 1],
        &[10, 0, 0, 66],
    ] {
        let found = bytes.windows(secret.len()).any(|part| part == secret);
        assert!(!found, "{secret:?}");
    }
    let theirs = by_tshark(dir.path(), "a.pcap", "tcp");
    assert_eq!(by_tshark(dir.path(), "b.pcapng", "tcp"), theirs);
    // One conversation alone; and never over what is read.
    shown(&read(&dir, &["a.pcap", "-c", "1", "--redact", "c.pcapng"]));
    let one = told(&read(&dir, &["--json", "c.pcapng"]));
    assert_eq!(one.last().expect("a summary")["packets"], 10);
    let over = read(&dir, &["a.pcap", "--redact", "a.pcap"]);
    assert_eq!(over.status.code(), Some(2));
    let none = read(&dir, &["a.pcap", "-c", "99", "--redact", "d.pcapng"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(!dir.path().join("d.pcapng").exists());
}

#[test]
fn numbers_are_relative_unless_absolute_ones_are_asked_for() {
    let dir = dir_with("a.pcap", &mixed().pcap());
    let args = ["a.pcap", "-c", "1", "--no-explain", "--width", "120"];
    let relative = shown(&read(&dir, &args));
    assert!(relative.contains("SYN seq=0 "), "{relative}");
    let absolute = shown(&read(&dir, &[&args[..], &["--absolute"]].concat()));
    let isn = 45_110_u32.wrapping_mul(65_537);
    assert!(absolute.contains(&format!("SYN seq={isn} ")), "{absolute}");
    let next = isn.wrapping_add(1);
    assert!(
        absolute.contains(&format!("seq={next} len=300 ")),
        "{absolute}"
    );
}
