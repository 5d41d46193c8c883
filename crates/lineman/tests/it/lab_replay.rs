//! `lineman lab replay`: logs shown and exported by the real binary, and exports read by tshark.

use std::fs;
use std::path::PathBuf;
use std::process::Output;
use std::process::Stdio;

use crate::support::lineman;
use crate::support::peer;

fn log(name: &str) -> PathBuf {
    let logs = concat!(env!("CARGO_MANIFEST_DIR"), "/../lineman-trace/tests/logs");
    PathBuf::from(logs).join(name).with_extension("jsonl")
}

fn replay(args: &[&str]) -> Output {
    lineman()
        .args(["lab", "replay"])
        .args(args)
        .output()
        .expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn chat() -> String {
    log("chat").display().to_string()
}

#[test]
fn a_log_is_shown_as_a_ladder() {
    let output = replay(&[&chat()]);
    assert!(output.status.success());
    let shown = text(&output.stdout);
    for part in [
        "──SYN seq=0 ──",
        "✗ lost",
        "══FIN+ACK seq=3",
        "TIME-WAIT",
        "asks to open",
    ] {
        assert!(shown.contains(part), "{part} is missing in:\n{shown}");
    }
    assert!(!shown.contains('\x1b'), "colour in a pipe");
    assert!(output.stderr.is_empty());
}

#[test]
fn it_speaks_chinese_and_it_can_be_silent() {
    let chinese = text(&replay(&["--lang", "zh", &chat()]).stdout);
    assert!(
        chinese.contains("第一次握手：客户端请求与服务器的端口 9000 建立连接"),
        "{chinese}"
    );
    let bare = text(&replay(&["--no-explain", "--width", "80", &chat()]).stdout);
    assert!(
        bare.lines().count() < 45 && !bare.contains("asks to"),
        "{bare}"
    );
}

#[test]
fn where_the_locale_is_not_utf_8_signs_are_ascii() {
    let output = lineman()
        .env("LC_ALL", "C")
        .args(["lab", "replay", "--no-explain"])
        .arg(log("window"))
        .output()
        .expect("runs");
    let shown = text(&output.stdout);
    assert!(
        shown.is_ascii() && shown.contains("--SYN seq=0 --"),
        "{shown}"
    );
}

#[test]
fn a_log_that_is_cut_is_shown_as_far_as_it_goes() {
    let whole = fs::read(log("chat")).expect("a log");
    let dir = tempfile::tempdir().expect("a directory");
    let cut = dir.path().join("cut.jsonl");
    fs::write(&cut, &whole[..whole.len() / 2]).expect("a file");
    let output = replay(&[&cut.display().to_string()]);
    assert!(output.status.success());
    assert!(text(&output.stdout).contains("SYN seq=0"));
    assert!(text(&output.stderr).contains("the log is cut short: line "));
}

#[test]
fn what_is_no_log_is_refused_with_its_line() {
    let dir = tempfile::tempdir().expect("a directory");
    let bad = dir.path().join("bad.jsonl");
    fs::write(&bad, "hello\n").expect("a file");
    let output = replay(&[&bad.display().to_string()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("line 1: no event"));
    assert_eq!(replay(&["/nonexistent"]).status.code(), Some(2));
}

#[test]
fn a_log_comes_from_stdin_too_and_json_gives_it_back() {
    let file = fs::File::open(log("udp")).expect("a log");
    let output = lineman()
        .args(["--json", "lab", "replay", "-"])
        .stdin(Stdio::from(file))
        .output()
        .expect("runs");
    assert_eq!(output.stdout, fs::read(log("udp")).expect("a log"));
}

#[test]
fn rows_are_objects_with_ids_fields_and_words() {
    let output = replay(&["--lang", "zh", &chat(), "--export", "rows"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    let lines: Vec<serde_json::Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(
        (&lines[0]["event"], &lines[0]["lang"]),
        (&"ladder".into(), &"zh".into())
    );
    let sayings = lines.iter().filter_map(|line| line["sayings"].as_array());
    let syn = sayings.flatten().find(|saying| saying["id"] == "syn.first");
    let syn = syn.expect("a SYN");
    assert_eq!(syn["fields"]["port"]["port"], 9000);
    assert_eq!(syn["fields"]["who"]["host"], "client");
    assert!(
        syn["text"]
            .as_str()
            .expect("words")
            .starts_with("第一次握手"),
        "{syn}"
    );
}

/// The numbers of the rows are those that Wireshark reads in the same packets.
#[test]
fn tshark_reads_the_same_numbers() {
    let dir = tempfile::tempdir().expect("a directory");
    for log in ["chat", "crossed", "recorded-close"].map(|name| log(name).display().to_string()) {
        let capture = dir.path().join("a.pcapng").display().to_string();
        assert!(
            replay(&[&log, "--export", "pcapng", "-o", &capture])
                .status
                .success()
        );
        let fields = [
            "tcp.seq_raw",
            "tcp.ack_raw",
            "tcp.len",
            "tcp.seq",
            "tcp.ack",
            "tcp.window_size",
        ];
        let output = peer("tshark")
            .args(["-r", &capture, "-T", "fields"])
            .args(fields.iter().flat_map(|field| ["-e", field]))
            .output()
            .expect("runs");
        let rows = text(&replay(&[&log, "--export", "rows"]).stdout);
        let packets = rows.lines().filter_map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let first = row["packet"]["part"] == "whole" || row["packet"]["part"] == "departure";
            first.then(|| row["packet"].clone())
        });
        let mut packets: Vec<_> = packets.collect();
        packets.sort_by_key(|packet| packet["id"].as_u64());
        let ours: Vec<String> = packets
            .iter()
            .map(|packet| {
                let number = |name: &str| packet["tcp"][name].as_i64().unwrap_or_default();
                let names = [
                    "seq",
                    "ack",
                    "len",
                    "relative_seq",
                    "relative_ack",
                    "window",
                ];
                names.map(|name| number(name).to_string()).join("\t")
            })
            .collect();
        assert!(ours.len() >= 8, "{rows}");
        let theirs = text(&output.stdout);
        assert_eq!(ours, theirs.lines().collect::<Vec<_>>(), "{log}");
    }
}

/// Wireshark's own reader finds the packets, their order, the comments and no flaw.
#[test]
fn tshark_reads_the_capture() {
    let dir = tempfile::tempdir().expect("a directory");
    let capture = dir.path().join("chat.pcapng").display().to_string();
    assert!(
        replay(&[&chat(), "--export", "pcapng", "-o", &capture])
            .status
            .success()
    );
    let fields = [
        "frame.interface_name",
        "tcp.flags.str",
        "tcp.analysis.retransmission",
        "frame.comment",
    ];
    let output = peer("tshark")
        .args(["-r", &capture, "-T", "fields"])
        .args(fields.iter().flat_map(|field| ["-e", field]))
        .output()
        .expect("runs");
    let read = text(&output.stdout);
    let lines: Vec<&str> = read.lines().collect();
    assert_eq!(lines.len(), 12, "{read}");
    assert!(
        lines[0].starts_with("client\t") && lines[1].starts_with("server\t"),
        "{read}"
    );
    assert!(
        lines[0].contains("The initial sequence number (ISN) x is 3247533107"),
        "{read}"
    );
    assert!(
        lines[7].contains("dropped · client ESTABLISHED → FIN-WAIT-1"),
        "{read}"
    );
    assert!(lines[8].contains("retransmission 1"), "{read}");
}
