//! Every scenario, row by row, held against what tshark reads of the same packets: flags, numbers, lengths, windows, options,
//! addresses, times, TFTP, ICMP.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use lineman_lab::scenarios::Scenario;
use serde_json::Value;

use crate::support::lineman;
use crate::support::peer;

/// What tshark is asked of each packet.
const FIELDS: [&str; 40] = [
    "frame.interface_name",
    "frame.len",
    "frame.time_epoch",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "udp.srcport",
    "udp.dstport",
    "tcp.flags.fin",
    "tcp.flags.syn",
    "tcp.flags.reset",
    "tcp.flags.push",
    "tcp.flags.ack",
    "tcp.seq_raw",
    "tcp.ack_raw",
    "tcp.len",
    "tcp.seq",
    "tcp.ack",
    "tcp.window_size_value",
    "tcp.window_size",
    "tcp.options.mss_val",
    "tcp.options.wscale.shift",
    "tcp.options.timestamp.tsval",
    "tcp.options.timestamp.tsecr",
    "tcp.options.sack_perm",
    "tcp.options.sack_le",
    "tcp.options.sack_re",
    "udp.length",
    "tftp.opcode",
    "tftp.block",
    "tftp.error.code",
    "icmp.type",
    "icmp.code",
    "icmpv6.type",
    "icmpv6.code",
    "ip.frag_offset",
    "ipv6.fraghdr.offset",
];

/// How many scenarios are played at once: they do little but wait.
const AT_ONCE: usize = 16;
/// A row stands this much later than its packet left at most, in nanoseconds, but for one in twenty: rows are in order, and what a busy
/// machine has told before cannot be moved. It counts in the ladder's last digit.
const LATE_NS: u64 = 5_000_000;

/// What a packet is to tshark, field by field; of several values the first, and all of them for SACK.
type Theirs = BTreeMap<&'static str, String>;

/// What was found.
#[derive(Debug, Default)]
struct Looked {
    packets: usize,
    fields: usize,
    late: usize,
    differ: Vec<String>,
}

impl Looked {
    fn same(&mut self, what: &str, ours: &str, theirs: &str) {
        self.fields += 1;
        if ours != theirs {
            self.differ
                .push(format!("{what}: {ours}, tshark says {theirs}"));
        }
    }
}

fn run(args: &[&str]) -> Vec<u8> {
    let output = lineman().arg("lab").args(args).output().expect("runs");
    // Where its packets were lost a scenario may wait in vain (4); its log is whole all the same.
    let code = output.status.code();
    assert!(
        matches!(code, Some(0 | 4)),
        "{args:?}: {code:?} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn tshark(capture: &Path) -> Vec<Theirs> {
    let output = peer("tshark")
        .args([
            "-n",
            "-T",
            "fields",
            "-E",
            "occurrence=a",
            "-E",
            "aggregator=,",
        ])
        .args(["-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE"])
        .args(FIELDS.iter().flat_map(|field| ["-e", field]))
        .arg("-r")
        .arg(capture)
        .output()
        .expect("runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let of = |line: &str| {
        let cells = line.split('\t').map(str::to_owned);
        FIELDS.into_iter().zip(cells).collect()
    };
    text.lines().map(of).collect()
}

/// A scenario that was played: its rows as JSON lines, the first of which says when its log began, and its packets as pcapng.
struct Played {
    name: String,
    rows: String,
    capture: Vec<u8>,
}

fn play(scenario: &Scenario, options: &[&str], dir: &Path) -> Played {
    let log = dir.join(format!("{}.jsonl", scenario.name));
    let log = log.display().to_string();
    let args = [
        scenario.name,
        "--plain",
        "--export",
        "rows",
        "--record",
        &log,
    ];
    let rows = run(&[&args[..], options].concat());
    Played {
        name: format!("{} {options:?}", scenario.name),
        rows: String::from_utf8(rows).expect("UTF-8"),
        capture: run(&["replay", &log, "--export", "pcapng"]),
    }
}

/// Holds the rows of what was played against its packets.
fn look(played: &Played, theirs: &mut impl Iterator<Item = Theirs>, looked: &mut Looked) {
    let rows = played.rows.lines().map(serde_json::from_str);
    let rows: Vec<Value> = rows.map(|row| row.expect("JSON")).collect();
    let begun = rows[0]["utc_ns"].as_u64().expect("a time");
    // Each packet where it is shown first: a copy that the wire has made is shown only where it lands.
    let mut packets = BTreeMap::new();
    for row in &rows {
        if let Some(id) = row["packet"]["id"].as_u64() {
            packets.entry(id).or_insert(row);
        }
    }
    // A copy that does not arrive is nowhere.
    let made = |packet: &Value| !packet["copy_of"].is_null();
    let comes = |id: u64| {
        let mut shown = rows.iter().map(|row| &row["packet"]);
        shown.any(|packet| packet["id"] == id && packet["fate"] == "delivered")
    };
    packets.retain(|id, row| !made(&row["packet"]) || comes(*id));
    // The capture has them in the order in which they were sent, and a copy where it came.
    let time_ns = |row: &Value| {
        let packet = &row["packet"];
        if made(packet) {
            return packet["decided_ns"].as_u64().expect("a time") + begun;
        }
        let by_log = || packet["sent_ns"].as_u64().expect("a time") + begun;
        packet["stamp_ns"].as_u64().unwrap_or_else(by_log)
    };
    let mut packets: Vec<&Value> = packets.into_values().collect();
    packets.sort_by_key(|row| time_ns(row));
    let mut before = String::new();
    for row in packets {
        let theirs = theirs.next().expect("as many packets in the capture");
        let packet = &row["packet"];
        let name = format!(
            "{}, packet {}, {}: ",
            played.name, packet["id"], packet["text"]
        );
        let known = looked.differ.len();
        let epoch = theirs["frame.time_epoch"].clone();
        if epoch < before {
            looked
                .differ
                .push(format!("its time runs back, from {before} to {epoch}"));
        }
        before = epoch;
        compare(packet, &theirs, looked);
        times(row, &theirs, begun, looked);
        looked.packets += 1;
        for differs in &mut looked.differ[known..] {
            differs.insert_str(0, &name);
        }
    }
}

/// The time of a row is that of its packet, which is what its kernel has stamped.
fn times(row: &Value, theirs: &Theirs, begun: u64, looked: &mut Looked) {
    let packet = &row["packet"];
    let is_shown = packet["part"] == "whole" || packet["part"] == "departure";
    let departs = is_shown && packet["copy_of"].is_null();
    let Some(stamp) = packet["stamp_ns"].as_u64().filter(|_| departs) else {
        return;
    };
    let epoch = theirs["frame.time_epoch"].replace('.', "");
    looked.same("time", &stamp.to_string(), &epoch);
    let shown = row["t_ns"].as_u64().unwrap_or_default();
    match (shown + begun).checked_sub(stamp) {
        Some(late) => looked.late += usize::from(late > LATE_NS),
        None => looked
            .differ
            .push(format!("its row stands before it left: {shown}")),
    }
}

fn compare(packet: &Value, theirs: &Theirs, looked: &mut Looked) {
    let first = |field: &str| theirs[field].split(',').next().unwrap_or_default();
    let text = packet["text"].as_str().unwrap_or_default();
    let line = packet["line"].as_str().unwrap_or_default();
    // What the wire has made is where it comes.
    let host = match (packet["from"].as_str(), packet["copy_of"].is_null()) {
        (Some("client"), true) | (Some("server"), false) => "client",
        _ => "server",
    };
    looked.same("host", host, first("frame.interface_name"));
    looked.same("length", &plain(&packet["wire_len"]), first("frame.len"));
    let is_icmp = !(first("icmp.type").is_empty() && first("icmpv6.type").is_empty());
    if is_icmp {
        icmp(text, theirs, looked);
    } else if !packet["tcp"].is_null() {
        addresses(packet, theirs, "tcp", looked);
        segment(&packet["tcp"], (text, line), theirs, looked);
    } else if !first("udp.length").is_empty() {
        addresses(packet, theirs, "udp", looked);
        datagram(text, theirs, looked);
    } else {
        // The field counts in units of eight bytes (RFC 791 §3.1, RFC 8200 §4.5); tshark 4.0 shows it so, others count bytes.
        let offset = [first("ip.frag_offset"), first("ipv6.fraghdr.offset")].concat();
        let offset: u64 = offset.parse().expect("an offset");
        let ours = after(text, "offset ").unwrap_or("none");
        let counted = match ours == offset.to_string() {
            true => offset,
            false => offset * 8,
        };
        looked.same("offset", ours, &counted.to_string());
    }
}

fn addresses(packet: &Value, theirs: &Theirs, protocol: &str, looked: &mut Looked) {
    let first = |field: &str| theirs[field].split(',').next().unwrap_or_default();
    let ends = [("src", "srcport"), ("dst", "dstport")];
    for (nth, (address, port)) in ends.into_iter().enumerate() {
        let (v4, v6) = (
            first(&format!("ip.{address}")),
            first(&format!("ipv6.{address}")),
        );
        let port = first(&format!("{protocol}.{port}"));
        let theirs = match v6.is_empty() {
            true => format!("{v4}:{port}"),
            false => format!("[{v6}]:{port}"),
        };
        looked.same("address", &plain(&packet["addresses"][nth]), &theirs);
    }
}

/// A segment: its fields, its arrow's words and its line.
fn segment(tcp: &Value, (text, line): (&str, &str), theirs: &Theirs, looked: &mut Looked) {
    let get = |field: &str| theirs[field].split(',').next().unwrap_or_default();
    let names = [
        ("FIN", "fin"),
        ("SYN", "syn"),
        ("RST", "reset"),
        ("PSH", "push"),
        ("ACK", "ack"),
    ];
    let set = |(_, field): &(&str, &str)| get(&format!("tcp.flags.{field}")) == "1";
    let mut flags: Vec<&str> = names.iter().filter(|it| set(it)).map(|it| it.0).collect();
    flags.sort_unstable();
    let flags = flags.join("+");
    looked.same("flags", &sorted(&plain(&tcp["flags"])), &flags);
    let mut words = text.split(' ').peekable();
    // Where there are several connections, it says first which one.
    if let Some(port) = words.next_if(|word| word.starts_with(':')) {
        let ports = [get("tcp.srcport"), get("tcp.dstport")];
        let theirs = ports.iter().find(|it| port[1..] == ***it);
        looked.same(
            "arrow's connection",
            &port[1..],
            theirs.unwrap_or(&"none of its ports"),
        );
    }
    let shown = words.next().unwrap_or_default();
    looked.same("arrow's flags", &sorted(shown), &flags);
    // A reset that answers nothing known has a number of no stream, and tshark counts it from its own.
    let resets = flags.contains("RST") && tcp["relative_seq"] == 0;
    looked.same("seq", &plain(&tcp["seq"]), get("tcp.seq_raw"));
    looked.same("len", &plain(&tcp["len"]), get("tcp.len"));
    looked.same("window", &plain(&tcp["window"]), get("tcp.window_size"));
    if !resets {
        looked.same("relative seq", &plain(&tcp["relative_seq"]), get("tcp.seq"));
    }
    let has_ack = flags.contains("ACK");
    if has_ack {
        looked.same("ack", &plain(&tcp["ack"]), get("tcp.ack_raw"));
        looked.same("relative ack", &plain(&tcp["relative_ack"]), get("tcp.ack"));
        looked.same(
            "line's ack",
            after(line, " ack=").unwrap_or("none"),
            get("tcp.ack_raw"),
        );
    }
    for (word, field) in [
        (" seq=", "tcp.seq"),
        (" ack=", "tcp.ack"),
        (" len=", "tcp.len"),
        (" win=", "tcp.window_size"),
    ] {
        if let Some(number) = after(text, word) {
            looked.same(&format!("arrow's{word}"), number, get(field));
        }
    }
    if after(text, " len=").is_none() {
        looked.same("length of an arrow without one", "0", get("tcp.len"));
    }
    for (word, field) in [
        (" seq=", "tcp.seq_raw"),
        (" len=", "tcp.len"),
        (" win=", "tcp.window_size_value"),
    ] {
        looked.same(
            &format!("line's{word}"),
            after(line, word).unwrap_or("none"),
            get(field),
        );
    }
    options(line, theirs, looked);
}

fn options(line: &str, theirs: &Theirs, looked: &mut Looked) {
    let get = |field: &str| theirs[field].split(',').next().unwrap_or_default();
    let list = line.split_once('<').map_or("", |(_, options)| options);
    for (word, field) in [
        ("mss ", "tcp.options.mss_val"),
        ("wscale ", "tcp.options.wscale.shift"),
        ("ts ", "tcp.options.timestamp.tsval"),
        (" echo ", "tcp.options.timestamp.tsecr"),
    ] {
        looked.same(word, after(list, word).unwrap_or_default(), get(field));
    }
    let permitted = !get("tcp.options.sack_perm").is_empty();
    looked.same(
        "sackOK",
        &list.contains("sackOK").to_string(),
        &permitted.to_string(),
    );
    // The line has the header's numbers and tshark counts from the first: both count from the acknowledgment here.
    let blocks = list.split_once("sack ").map_or("", |(_, blocks)| blocks);
    let blocks = blocks.split([',', '>']).next().unwrap_or_default();
    let number = |text: &str| text.parse::<u32>().expect("a number");
    let ours: Vec<String> = blocks
        .split(' ')
        .filter(|block| !block.is_empty())
        .flat_map(|block| block.split('-'))
        .map(|edge| {
            let ack = number(after(line, " ack=").unwrap_or("0"));
            number(edge).wrapping_sub(ack).to_string()
        })
        .collect();
    let edges = |field: &str| {
        let edges = theirs[field].split(',').filter(|edge| !edge.is_empty());
        let from = number(if get("tcp.ack").is_empty() {
            "0"
        } else {
            get("tcp.ack")
        });
        let counted = edges.map(|edge| number(edge).wrapping_sub(from).to_string());
        counted.collect::<Vec<_>>()
    };
    let (left, right) = (edges("tcp.options.sack_le"), edges("tcp.options.sack_re"));
    let theirs: Vec<String> = left
        .into_iter()
        .zip(right)
        .flat_map(|(l, r)| [l, r])
        .collect();
    looked.same("sack", &ours.join(" "), &theirs.join(" "));
}

fn datagram(text: &str, theirs: &Theirs, looked: &mut Looked) {
    let get = |field: &str| theirs[field].split(',').next().unwrap_or_default();
    let carried = |header: usize| {
        let whole: usize = get("udp.length").parse().expect("a length");
        whole.saturating_sub(header).to_string()
    };
    let mut words = text.split(' ');
    let what = words.next().unwrap_or_default();
    let opcode = match get("tftp.opcode") {
        "1" => "RRQ",
        "2" => "WRQ",
        "3" => "DATA",
        "4" => "ACK",
        "5" => "ERROR",
        "6" => "OACK",
        _ => {
            let len = after(text, " len=").unwrap_or("none");
            return looked.same("datagram's len", len, &carried(8));
        }
    };
    looked.same("opcode", what, opcode);
    match opcode {
        "DATA" => {
            looked.same("block", words.next().unwrap_or_default(), get("tftp.block"));
            let len = after(text, " len=").unwrap_or("none");
            looked.same("block's len", len, &carried(12));
        }
        "ACK" => looked.same("block", words.next().unwrap_or_default(), get("tftp.block")),
        "ERROR" => {
            looked.same(
                "error",
                words.next().unwrap_or_default(),
                get("tftp.error.code"),
            );
        }
        _ => {}
    }
}

/// Only one kind occurs: the port is unreachable (RFC 792, RFC 4443 §3.1). tshark has the ports of the datagram that it quotes.
fn icmp(text: &str, theirs: &Theirs, looked: &mut Looked) {
    let kinds = ["icmp.type", "icmp.code", "icmpv6.type", "icmpv6.code"];
    let kind = kinds.map(|field| theirs[field].as_str()).concat();
    let wanted = if theirs["icmp.type"].is_empty() {
        "14"
    } else {
        "33"
    };
    looked.same("ICMP", wanted, &kind);
    let port = theirs["udp.dstport"].split(',').next().unwrap_or_default();
    looked.same("port", after(text, "port ").unwrap_or("none"), port);
}

/// The number that stands behind a word.
fn after<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(word)?;
    let end = rest.find(|c: char| !c.is_ascii_digit());
    Some(&rest[..end.unwrap_or(rest.len())])
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

fn sorted(flags: &str) -> String {
    let mut flags: Vec<&str> = flags.split('+').collect();
    flags.sort_unstable();
    flags.join("+")
}

/// Plays every scenario, every other one over IPv6, so many at once; tshark reads all captures as the sections of one file: to start it
/// takes longer than to read.
fn every(options: &[&str], odd_over_ipv6: bool) {
    let dir = tempfile::tempdir().expect("a directory");
    let next = AtomicUsize::new(0);
    let scenarios: Vec<&Scenario> = Scenario::all().collect();
    let played = Mutex::new(Vec::new());
    let work = || {
        while let Some((at, scenario)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            scenarios.get(at).map(|scenario| (at, scenario))
        } {
            let mut options = options.to_vec();
            options.extend(((at % 2 == 1) == odd_over_ipv6).then_some("--ipv6"));
            let one = play(scenario, &options, dir.path());
            played.lock().expect("a list").push(one);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let played = played.into_inner().expect("a list");
    let capture = dir.path().join("all.pcapng");
    let sections: Vec<&[u8]> = played.iter().map(|it| &it.capture[..]).collect();
    fs::write(&capture, sections.concat()).expect("a file");
    let mut theirs = tshark(&capture).into_iter();
    let mut sum = Looked::default();
    for one in &played {
        look(one, &mut theirs, &mut sum);
    }
    assert_eq!(theirs.count(), 0, "packets that no row shows");
    println!(
        "{} scenarios {options:?}: {} packets, {} fields, {} rows late",
        played.len(),
        sum.packets,
        sum.fields,
        sum.late
    );
    assert!(sum.differ.is_empty(), "{:#?}", sum.differ);
    assert!(
        sum.packets > 5 * played.len() && sum.fields > 10 * sum.packets,
        "{sum:?}"
    );
    assert!(sum.late * 20 <= sum.packets, "{sum:?}");
}

#[test]
fn tshark_reads_what_the_rows_of_every_scenario_say() {
    every(&[], true);
}

/// Nothing is lost: a script would wait in vain for it.
#[test]
fn tshark_reads_what_the_rows_say_of_a_wire_that_doubles_and_reorders() {
    let faults = "12% dup; 10% reorder 1; 15% delay 15ms";
    every(&["--fault", faults, "--seed", "9"], false);
}
