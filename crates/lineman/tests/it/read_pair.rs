//! `lineman read FIRST SECOND`: two captures of the same traffic by the real binary.

use std::fs;
use std::net::SocketAddr;
use std::process::Output;
use std::process::Stdio;

use lineman_proto::wire::Flags;
use lineman_proto::wire::TcpOption;
use lineman_proto::wire::compose::Envelope;
use lineman_proto::wire::compose::Segment;
use lineman_trace::files::Endian;
use lineman_trace::files::Interface;
use lineman_trace::files::LinkType;
use lineman_trace::files::PcapWriter;
use lineman_trace::files::Record;
use serde_json::Value;
use tempfile::TempDir;

use crate::capture_kit::mixed;
use crate::support::lineman;
use crate::support::peer_path;

/// 2026, in nanoseconds; and how far the clock of the server's capture is ahead.
const NOW_NS: u64 = 1_790_000_000_000_000_000;
const AHEAD_NS: u64 = 3_000_000_000;
const MS: u64 = 1_000_000;

/// Two captures in the making, with a NAT between them that clamps the MSS.
struct Both {
    dir: TempDir,
    /// The client's, and the server's.
    captures: [Vec<Record>; 2],
    now_ns: u64,
    id: u16,
}

const PUSH: Flags = Flags(Flags::PSH.0 | Flags::ACK.0);
const SYN_ACK: Flags = Flags(Flags::SYN.0 | Flags::ACK.0);

impl Both {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().expect("a directory"),
            captures: Default::default(),
            now_ns: NOW_NS,
            id: 0,
        }
    }

    /// A segment, as it is at the client and at the server.
    fn segment(
        &mut self,
        by_client: bool,
        flags: Flags,
        numbers: (u32, u32),
        payload: &[u8],
    ) -> [Vec<u8>; 2] {
        self.id += 1;
        let end = |text: &str| text.parse::<SocketAddr>().expect("an end");
        let (inside, outside) = (end("10.0.0.1:45110"), end("198.51.100.9:61000"));
        let server = end("192.0.2.2:80");
        [(inside, 1460, 0), (outside, 1400, 1)].map(|(client, mss, hops)| {
            let (from, to) = if by_client {
                (client, server)
            } else {
                (server, client)
            };
            let options = [TcpOption::Mss(mss)];
            let syn = flags.has(Flags::SYN);
            let far = if by_client { hops } else { 1 - hops };
            Envelope {
                id: self.id,
                ttl: 64 - far,
                ..Envelope::new(from, to)
            }
            .tcp(&Segment {
                seq: numbers.0,
                ack: if flags.has(Flags::ACK) { numbers.1 } else { 0 },
                flags,
                window: 64_000,
                options: if syn { &options } else { &[] },
                payload,
            })
        })
    }

    /// It is sent, and comes after `delays`: once for each of them.
    fn fly(&mut self, by_client: bool, bytes: &[Vec<u8>; 2], delays: &[u64]) {
        self.now_ns += 30 * MS;
        let (near, far) = if by_client { (0, 1) } else { (1, 0) };
        self.put(near, self.now_ns, &bytes[near]);
        for delay in delays {
            self.put(far, self.now_ns + delay, &bytes[far]);
        }
    }

    fn put(&mut self, point: usize, at_ns: u64, bytes: &[u8]) {
        let ahead = if point == 1 { AHEAD_NS } else { 0 };
        self.captures[point].push(Record::new(0, at_ns + ahead, bytes.to_vec()));
    }

    fn pcap(records: &[Record]) -> Vec<u8> {
        let mut records = records.to_vec();
        records.sort_by_key(|record| record.utc_ns);
        let interface = Interface::new(LinkType::ETHERNET);
        let mut writer = PcapWriter::new(Vec::new(), Endian::Little, &interface).expect("memory");
        records
            .iter()
            .for_each(|record| writer.write(record).expect("memory"));
        writer.into_inner()
    }

    fn write(self) -> TempDir {
        for (name, records) in ["client.pcap", "server.pcap"].iter().zip(&self.captures) {
            fs::write(self.dir.path().join(name), Self::pcap(records)).expect("a file");
        }
        self.dir
    }
}

/// A connection with a segment that is lost and sent again, one that comes twice, and one that is late.
fn connection() -> TempDir {
    let mut both = Both::new();
    let mut say = |by_client, flags, numbers, payload: &[u8], delays: &[u64]| {
        let bytes = both.segment(by_client, flags, numbers, payload);
        both.fly(by_client, &bytes, delays);
    };
    say(true, Flags::SYN, (1000, 0), b"", &[10 * MS]);
    say(false, SYN_ACK, (5000, 1001), b"", &[10 * MS]);
    say(true, Flags::ACK, (1001, 5001), b"", &[11 * MS]);
    say(true, PUSH, (1001, 5001), b"lost and sent again", &[]);
    say(true, PUSH, (1001, 5001), b"lost and sent again", &[12 * MS]);
    say(false, Flags::ACK, (5001, 1020), b"", &[12 * MS]);
    say(false, PUSH, (5001, 1020), b"twice", &[12 * MS, 13 * MS]);
    say(true, Flags::ACK, (1020, 5006), b"", &[150 * MS]);
    say(
        true,
        Flags(Flags::FIN.0 | Flags::ACK.0),
        (1020, 5006),
        b"",
        &[12 * MS],
    );
    say(
        false,
        Flags(Flags::FIN.0 | Flags::ACK.0),
        (5006, 1021),
        b"",
        &[12 * MS],
    );
    say(true, Flags::ACK, (1021, 5007), b"", &[12 * MS]);
    both.write()
}

fn read(dir: &TempDir, args: &[&str]) -> Output {
    let mut command = lineman();
    command.arg("read").args(args).current_dir(dir.path());
    command.output().expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn told(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = text(&output.stdout);
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[test]
fn the_ladder_shows_what_one_capture_cannot() {
    let dir = connection();
    for lang in ["en", "zh"] {
        let output = read(
            &dir,
            &[
                "--lang",
                lang,
                "client.pcap",
                "server.pcap",
                "--width",
                "120",
            ],
        );
        assert!(output.status.success(), "{}", text(&output.stderr));
        insta::assert_snapshot!(format!("read_pair_ladder_{lang}"), text(&output.stdout));
    }
}

/// Either order of the files: which is where, the packets tell.
#[test]
fn the_order_of_the_files_does_not_matter() {
    let dir = connection();
    let rows = |args: &[&str]| -> Vec<(Value, Value, Value)> {
        let output = read(&dir, &[args, &["--export", "rows"]].concat());
        let all = told(&output);
        let packets = all
            .iter()
            .filter_map(|it| it.get("packet"))
            .filter(|it| !it.is_null());
        packets
            .map(|it| {
                (
                    it["from"].clone(),
                    it["fate"].clone(),
                    it["tcp"]["relative_seq"].clone(),
                )
            })
            .collect()
    };
    let there = rows(&["client.pcap", "server.pcap"]);
    assert_eq!(there, rows(&["server.pcap", "client.pcap"]));
    assert_eq!(there.iter().filter(|it| it.1 == "dropped").count(), 1);
    let all = told(&read(&dir, &["--json", "server.pcap", "client.pcap"]));
    assert_eq!(
        (
            &all[0]["first"]["nearer_to"],
            &all[0]["second"]["nearer_to"]
        ),
        (&"server".into(), &"client".into())
    );
}

#[test]
fn the_summary_tells_clocks_and_what_became_of_packets() {
    let dir = connection();
    let all = told(&read(&dir, &["--json", "client.pcap", "server.pcap"]));
    let clocks = &all[0];
    assert_eq!(clocks["event"], "captures");
    let off = clocks["offset_ns"].as_i64().expect("a number") - AHEAD_NS as i64;
    let within = clocks["within_ns"].as_i64().expect("a number");
    assert!(off.abs() <= within && within == 10 * MS as i64, "{clocks}");
    let it = &all[1]["compared"];
    assert_eq!(it["client"], "198.51.100.9:61000");
    assert_eq!(it["translated"], true);
    let (forth, back) = (&it["to_server"], &it["to_client"]);
    assert_eq!((&forth["crossed"], &forth["lost"]), (&6.into(), &1.into()));
    assert_eq!(
        (&back["crossed"], &back["duplicated"], &back["lost"]),
        (&4.into(), &1.into(), &0.into())
    );
    let most = forth["most_ns"].as_i64().expect("a number");
    assert!((most - 150 * MS as i64).abs() <= within, "{forth}");
}

/// Of files longer than what is read ahead, the rest was taken to be missing.
#[test]
fn long_captures_are_read_to_their_end() {
    const SEGMENTS: u32 = 3000;
    let mut both = Both::new();
    let payload = [b'x'; 1000];
    for n in 0..SEGMENTS {
        let bytes = both.segment(true, PUSH, (1 + n * 1000, 1), &payload);
        both.fly(true, &bytes, &[10 * MS]);
        let bytes = both.segment(false, Flags::ACK, (1, 1 + (n + 1) * 1000), b"");
        both.fly(false, &bytes, &[10 * MS]);
    }
    let dir = both.write();
    let output = read(&dir, &["--json", "client.pcap", "server.pcap"]);
    assert_eq!(text(&output.stderr), "");
    let all = told(&output);
    for way in ["to_server", "to_client"] {
        assert_eq!(all[1]["compared"][way]["crossed"], SEGMENTS, "{way}");
    }
    let whole = all.iter().filter(|it| it["event"] == "summary");
    assert!(whole.map(|it| &it["whole"]).eq([true, true]));
    let rows = told(&read(
        &dir,
        &["client.pcap", "server.pcap", "-c", "1", "--export", "rows"],
    ));
    let packets = rows.iter().filter(|it| !it["packet"].is_null());
    assert!(packets.count() >= 2 * SEGMENTS as usize);
}

#[test]
fn two_tables_side_by_side_fit() {
    let dir = connection();
    // Another conversation, that only one has, makes a table of it.
    fs::write(dir.path().join("mixed.pcap"), mixed().pcap()).expect("a file");
    let both = |name: &str| {
        let bytes = fs::read(dir.path().join("client.pcap")).expect("the file");
        let more = mixed().pcap();
        fs::write(dir.path().join(name), [&bytes[..], &more[24..]].concat()).expect("a file");
    };
    both("more.pcap");
    for (lang, width) in [("en", "80"), ("en", "130"), ("zh", "80")] {
        let output = read(
            &dir,
            &[
                "--lang",
                lang,
                "more.pcap",
                "server.pcap",
                "--width",
                width,
                "--top",
                "3",
            ],
        );
        let table = text(&output.stdout);
        assert!(output.status.success(), "{}", text(&output.stderr));
        insta::assert_snapshot!(format!("read_pair_table_{width}_{lang}"), table);
    }
}

#[test]
fn what_cannot_be_compared_is_a_sentence_and_a_code() {
    let dir = connection();
    fs::write(dir.path().join("other.pcap"), mixed().pcap()).expect("a file");
    fs::write(dir.path().join("empty.pcap"), Both::pcap(&[])).expect("a file");
    for (args, code, says) in [
        (&["client.pcap", "other.pcap"][..], 5, "no packet in common"),
        (&["client.pcap", "empty.pcap"], 5, "no packet with a time"),
        (
            &["client.pcap", "server.pcap", "other.pcap"],
            2,
            "3 captures were named",
        ),
        (
            &["client.pcap", "server.pcap", "--redact", "x.pcapng"],
            2,
            "--redact is for one capture",
        ),
        (
            &["client.pcap", "server.pcap", "-c", "1", "--follow"],
            2,
            "--follow is for one capture",
        ),
        (&["client.pcap", "-"], 2, "no regular file"),
        (&["client.pcap", "gone.pcap"], 1, "gone.pcap"),
        (
            &["client.pcap", "server.pcap", "-c", "7"],
            2,
            "no conversation 7",
        ),
        (
            &["client.pcap", "server.pcap", "tcp", "prot", "80"],
            2,
            "prot",
        ),
    ] {
        let output = read(&dir, args);
        let err = text(&output.stderr);
        assert!(err.contains(says), "{args:?}: {err}");
        if code != 1 {
            assert_eq!(output.status.code(), Some(code), "{args:?}: {err}");
        }
        assert!(!output.status.success(), "{args:?}");
    }
}

/// A file that is called like a word of the filter does not make a capture of the filter.
#[test]
fn a_filter_stays_a_filter() {
    let dir = connection();
    fs::write(dir.path().join("tcp"), "no capture").expect("a file");
    let output = read(&dir, &["--json", "client.pcap", "tcp"]);
    assert_eq!(told(&output)[0]["event"], "conversation");
    let output = read(
        &dir,
        &["--json", "client.pcap", "server.pcap", "tcp port 80"],
    );
    assert_eq!(told(&output)[0]["event"], "captures");
}

#[test]
fn exports_tell_of_both() {
    let dir = connection();
    for format in ["svg", "mermaid", "text", "jsonl", "perfetto", "pcapng"] {
        let output = read(
            &dir,
            &[
                "client.pcap",
                "server.pcap",
                "--export",
                format,
                "-o",
                "out",
            ],
        );
        assert!(
            output.status.success(),
            "{format}: {}",
            text(&output.stderr)
        );
        let bytes = fs::read(dir.path().join("out")).expect("the export");
        assert!(!bytes.is_empty(), "{format}");
    }
    // Neither capture is written over.
    let output = read(
        &dir,
        &[
            "client.pcap",
            "server.pcap",
            "--export",
            "svg",
            "-o",
            "server.pcap",
        ],
    );
    assert!(!output.status.success());
    let kept = fs::read(dir.path().join("server.pcap")).expect("the capture");
    assert_eq!(kept[..4], [0x4d, 0x3c, 0xb2, 0xa1]);
}

/// Two kernels and a wire that loses packets: each end is watched, and what is said to be lost is what the wire has dropped.
#[test]
fn what_a_real_wire_has_dropped_is_what_two_captures_miss() {
    let dir = tempfile::tempdir().expect("a directory");
    let _ = peer_path("socat");
    fs::write(dir.path().join("data"), vec![7; 30_000]).expect("a file");
    let lineman_path = env!("CARGO_BIN_EXE_lineman");
    // Both captures have all that is sent: each end waits until both are watched, and watches on until neither has a connection that may
    // still send (LISTEN and TIME-WAIT do not of themselves; /proc/net/tcp gives the states as numbers, 0A and 06).
    let is_still = "awk 'FNR > 1 && $4 != \"06\" && $4 != \"0A\" { exit 1 }' /proc/net/tcp";
    for (name, other, work) in [
        (
            "server",
            "client",
            // The client need not be refused first.
            "timeout 60 socat -u TCP-LISTEN:9000 OPEN:got,creat & work=$!\n\
             until grep -q ' 0A ' /proc/net/tcp; do sleep 0.05; done\n\
             touch server.ready; wait $work",
        ),
        (
            "client",
            "server",
            "until [ -e server.ready ]; do sleep 0.05; done\n\
             timeout 60 socat -u OPEN:data TCP:10.0.0.2:9000,retry=5",
        ),
    ] {
        let script = format!(
            "{lineman_path} watch -w {name}.pcapng ip > {name}.out 2> {name}.err & watch=$!\n\
             until grep -q watching {name}.err {name}.out; do sleep 0.05; done\n\
             touch {name}.watches\nuntil [ -e {other}.watches ]; do sleep 0.05; done\n\
             {work}\nuntil {is_still}; do sleep 0.05; done\n\
             touch {name}.still\nuntil [ -e {other}.still ]; do sleep 0.05; done\n\
             sleep 1; kill -INT $watch; wait $watch || true\n"
        );
        fs::write(dir.path().join(name), script).expect("a file");
    }
    let mut command = lineman();
    command.args([
        "lab",
        "run",
        "--no-explain",
        "--fault",
        "loss 8%",
        "--seed",
        "5",
    ]);
    command.args([
        "--delay",
        "20",
        "--record",
        "log.jsonl",
        "--server",
        "sh server",
    ]);
    command
        .args(["--client", "sh client"])
        .current_dir(dir.path())
        .stdin(Stdio::null());
    let output = command.output().expect("runs");
    assert_eq!(
        fs::read(dir.path().join("got")).expect("a file").len(),
        30_000,
        "{}",
        text(&output.stderr)
    );
    let log = fs::read_to_string(dir.path().join("log.jsonl")).expect("the log");
    let events: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let count = |from: &str, verdict: &str| {
        let such =
            |it: &&Value| it["event"] == "packet" && it["from"] == from && it["verdict"] == verdict;
        events.iter().filter(such).count() as u64
    };
    assert!(count("client", "dropped") + count("server", "dropped") > 0);
    let all = told(&read(&dir, &["--json", "client.pcapng", "server.pcapng"]));
    let number = |it: &Value| it.as_u64().expect("a number");
    // One clock, in truth: what is reckoned of their distance is what the reckoning is wrong by.
    let (off, within) = (all[0]["offset_ns"].as_i64(), all[0]["within_ns"].as_i64());
    let wrong_by = off.expect("a number").abs();
    assert!(wrong_by <= within.expect("a number"), "{}", all[0]);
    for (way, from) in [("to_server", "client"), ("to_client", "server")] {
        let it = &all[1]["compared"][way];
        assert_eq!(number(&it["crossed"]), count(from, "delivered"), "{it}");
        // The last may be lost when the other capture has seen its last packet.
        let lost = number(&it["lost"]) + number(&it["other_time"]);
        assert_eq!(lost, count(from, "dropped"), "{it}");
        let least = it["least_ns"].as_i64().expect("a number");
        let reckoned = 20 * MS as i64 - wrong_by..200 * MS as i64 + wrong_by;
        assert!(reckoned.contains(&least), "{it} wrong by {wrong_by}");
    }
}
