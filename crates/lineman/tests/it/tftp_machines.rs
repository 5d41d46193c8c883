//! What a server shows by HTTP of the machines that boot from it: the real binary, curl, tftp-hpa, a strict reader.

use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpStream;
use std::process::Output;

use serde_json::Value;

use crate::support::lineman;
use crate::support::peer;
use crate::support::wait_for;
use crate::tftp_kit::LIMIT;
use crate::tftp_kit::Served;
use crate::tftp_kit::content;
use crate::tftp_kit::run;
use crate::tftp_kit::strictly_read;
use crate::tftp_kit::value;

/// A server that is looked at.
struct Hall {
    served: Served,
    /// `127.0.0.1:PORT`.
    at: String,
}

impl Hall {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(args: &[&str]) -> Self {
        let served = Served::new(&[&["--http", "127.0.0.1:0"], args].concat());
        let line = served.wait_line("machines, metrics and health at");
        let rest = line.split("http://").nth(1).expect("an address");
        let at = rest.split('/').next().expect("an authority").to_owned();
        Self { served, at }
    }

    /// What curl gets of a path, with these arguments: the body, and the status behind it.
    fn curl(&self, path: &str, args: &[&str]) -> (String, String) {
        let url = format!("http://{}{path}", self.at);
        let mut curl = peer("curl");
        curl.args(["-s", "-w", "\n%{http_code}", "--noproxy", "*"]);
        let output = run(curl.args(args).arg(url));
        let text = String::from_utf8(output.stdout).expect("text");
        let (body, status) = text.rsplit_once('\n').expect("a status");
        (body.to_owned(), status.to_owned())
    }

    fn machines(&self) -> Value {
        let (body, status) = self.curl("/machines.json", &[]);
        assert_eq!(status, "200");
        serde_json::from_str(&body).expect("JSON")
    }

    /// Waits until the one machine there is has come so far.
    fn wait_state(&self, state: &str) -> Value {
        wait_for(state, LIMIT, || {
            let all = self.machines();
            let machine = all["machines"][0].clone();
            (machine["state"] == state).then_some(machine)
        })
    }

    /// Waits until so many requests are told of.
    fn wait_requests(&self, count: usize) -> Value {
        wait_for("requests", LIMIT, || {
            let machine = self.machines()["machines"][0].clone();
            let requests = machine["requests"].as_array()?.iter();
            let ended = requests.filter(|it| it["outcome"] != "running").count();
            (ended == count).then_some(machine)
        })
    }

    fn get(&self, name: &str) -> Output {
        let mut get = lineman();
        get.args(["tftp", "get", &self.served.url(name), "-o", "-"]);
        run(&mut get)
    }

    fn table(&self, width: &str) -> String {
        let mut table = lineman();
        table.args(["tftp", "machines", &self.at, "--width", width]);
        String::from_utf8(run(&mut table).stdout).expect("text")
    }
}

/// What PXELINUX asks for before it finds `default`.
const TRIES: [&str; 10] = [
    "pxelinux.cfg/44454c4c-4a00-1051-8056-b4c04f4b3332",
    "pxelinux.cfg/01-52-54-00-12-34-56",
    "pxelinux.cfg/7F000001",
    "pxelinux.cfg/7F00000",
    "pxelinux.cfg/7F0000",
    "pxelinux.cfg/7F000",
    "pxelinux.cfg/7F00",
    "pxelinux.cfg/7F0",
    "pxelinux.cfg/7F",
    "pxelinux.cfg/7",
];

fn boots(hall: &Hall) {
    std::fs::create_dir(hall.served.root().join("pxelinux.cfg")).expect("directory");
    for (name, length) in [
        ("pxelinux.0", 60_000),
        ("pxelinux.cfg/default", 300),
        ("vmlinuz", 2_000_000),
    ] {
        hall.served.write(name, &content(length));
    }
    assert!(hall.get("pxelinux.0").status.success());
    for name in TRIES {
        assert!(!hall.get(name).status.success());
    }
    assert!(hall.get("pxelinux.cfg/default").status.success());
    // Another client, of another hand.
    let mut tftp = peer("tftp");
    let port = hall.served.port().to_string();
    let out = hall.served.outside().join("vmlinuz");
    let out = out.to_str().expect("a path");
    tftp.args([
        "-m",
        "octet",
        "127.0.0.1",
        &port,
        "-c",
        "get",
        "vmlinuz",
        out,
    ]);
    assert!(run(&mut tftp).status.success());
    hall.wait_requests(13);
}

#[test]
fn a_pxelinux_boot_is_a_line_of_requests_and_missing_names_are_no_fault() {
    let hall = Hall::new();
    boots(&hall);
    hall.served.write("initrd.gz", &content(1_000_000));
    assert!(hall.get("initrd.gz").status.success());
    let machine = hall.wait_state("complete");
    assert_eq!(machine["address"], "127.0.0.1");
    assert_eq!(machine["boots"], 1);
    assert_eq!(machine["stopped_at"], Value::Null);
    let requests = machine["requests"].as_array().expect("requests");
    let outcomes: Vec<_> = requests.iter().map(|it| it["outcome"].as_str()).collect();
    assert_eq!(outcomes[0], Some("complete"));
    assert!(outcomes[1..=10].iter().all(|it| *it == Some("missing")));
    assert!(outcomes[11..].iter().all(|it| *it == Some("complete")));
    let roles: Vec<_> = requests.iter().map(|it| it["role"].as_str()).collect();
    assert_eq!(roles[0], Some("loader"));
    assert_eq!(
        roles[11..],
        [Some("config"), Some("kernel"), Some("initrd")]
    );
    assert_eq!(requests[12]["bytes"], 2_000_000);
    let text = machine["text"]["en"].as_str().expect("text");
    assert!(
        text.starts_with("complete, as far as can be told"),
        "{text}"
    );
}

#[test]
fn where_a_boot_stopped_and_why_is_told_as_json_on_the_page_and_in_the_terminal() {
    let hall = Hall::new();
    boots(&hall);
    hall.served.write("initrd.gz", &content(1000));
    assert!(!hall.get("initrd.img").status.success());
    let machine = hall.wait_state("stopped");
    assert_eq!(machine["stopped_at"], 13);
    assert_eq!(machine["reason"], "not-found");
    let en = machine["text"]["en"].as_str().expect("text");
    assert!(
        en.starts_with("stopped at \"initrd.img\": no such file"),
        "{en}"
    );
    let zh = machine["text"]["zh"].as_str().expect("text");
    assert!(zh.starts_with("停在 \"initrd.img\""), "{zh}");
    for width in ["80", "120"] {
        let table = hall.table(width);
        assert!(table.contains("stopped at \"initrd.img\""), "{table}");
        assert!(table.contains("10 names not there"), "{table}");
        let most = width.parse().expect("a number");
        assert!(table.lines().all(|line| line.chars().count() <= most));
    }
    let mut json = lineman();
    json.args(["tftp", "machines", &hall.at, "--json"]);
    let told: Value = serde_json::from_slice(&run(&mut json).stdout).expect("a line");
    assert_eq!(told["event"], "machine");
    assert_eq!(told["state"], "stopped");
    hall.served.end();
}

/// Python's reader of OpenMetrics refuses what the standard does not allow.
#[test]
fn metrics_are_read_by_a_strict_reader_and_say_what_happened() {
    let hall = Hall::new();
    boots(&hall);
    let (text, status) = hall.curl("/metrics", &[]);
    assert_eq!(status, "200");
    let said = strictly_read(&text);
    for line in [
        "lineman_tftp_requests_total [('direction', 'read'), ('reason', 'complete')] 3",
        "lineman_tftp_requests_total [('direction', 'read'), ('reason', 'not-found')] 10",
        "lineman_tftp_bytes_total [('direction', 'read')] 2060300",
        "lineman_tftp_transfers_running [] 0",
        "lineman_tftp_machines [] 1",
    ] {
        assert!(said.contains(line), "no {line} in {said}");
    }
    // Each block but the first of a file answers an ACK.
    let count = value(&said, "lineman_tftp_turnaround_seconds_count [] ");
    let sent = value(&said, "lineman_tftp_blocks_sent_total [] ");
    assert!(count > 10.0 && count <= sent, "{said}");
    let all = "lineman_tftp_turnaround_seconds_bucket [('le', '+Inf')] ";
    assert!((value(&said, all) - count).abs() < f64::EPSILON, "{said}");
    let sum = value(&said, "lineman_tftp_turnaround_seconds_sum [] ");
    assert!(sum > 0.0, "{said}");
    assert!(!said.contains("lineman_cache"), "there is no store: {said}");
}

#[test]
fn a_name_that_the_operator_gives_is_answered_to_and_no_other() {
    let hall = Hall::with(&["--http-host", "tftp.boot.svc", "--http-host", "Boot"]);
    for path in ["/machines.json", "/metrics"] {
        for host in ["tftp.boot.svc", "TFTP.boot.svc:6980", "boot"] {
            let (_, status) = hall.curl(path, &["-H", &format!("Host: {host}")]);
            assert_eq!(status, "200", "{host}");
        }
        for host in ["boot.svc", "tftp.boot.svc.evil.example", "evil.boot"] {
            let (_, status) = hall.curl(path, &["-H", &format!("Host: {host}")]);
            assert_eq!(status, "403", "{host}");
        }
    }
    for wrong in [
        &["--http-host", "a:1"][..],
        &["--http-host", ""],
        &["--http-host", "a"],
    ] {
        let mut serve = lineman();
        serve.args(["tftp", "serve", "."]).args(wrong);
        assert_eq!(run(&mut serve).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn another_site_reads_nothing_and_what_a_client_sends_is_no_markup() {
    let hall = Hall::new();
    hall.get("<script>alert(1)</script>\u{1b}[2J");
    hall.wait_requests(1);
    for path in ["/machines", "/machines.json", "/metrics"] {
        for host in ["evil.example", "localhost.evil.example", ""] {
            let (_, status) = hall.curl(path, &["-H", &format!("Host: {host}")]);
            assert!(["403", "400"].contains(&status.as_str()), "{host} {status}");
        }
        assert_eq!(hall.curl(path, &[]).1, "200");
    }
    assert_eq!(
        hall.curl("/healthz", &["-H", "Host: any"]),
        ("ok\n".to_owned(), "200".to_owned())
    );
    let (head, _) = hall.curl("/machines", &["-I"]);
    assert!(
        head.contains("content-security-policy: default-src 'self'"),
        "{head}"
    );
    let (body, _) = hall.curl("/machines.json", &[]);
    assert!(!body.contains('\u{1b}'), "{body}");
    assert!(body.contains("<script>"), "{body}"); // JSON: the page sets it as text
    let (_, status) = hall.curl("/machines.json?most=x", &[]);
    assert_eq!(status, "400");
    assert_eq!(hall.curl("/nothing", &[]).1, "404");
    let (page, _) = hall.curl("/machines", &[]);
    assert!(!page.contains("<script>alert"));
}

#[test]
fn slow_clients_and_huge_heads_hold_up_neither_transfers_nor_others() {
    let hall = Hall::new();
    hall.served.write("kernel", &content(100_000));
    let huge = format!("GET /{} HTTP/1.1\r\n", "x".repeat(1 << 20));
    let mut stream = TcpStream::connect(&hall.at).expect("connect");
    stream.set_read_timeout(Some(LIMIT)).expect("set");
    let _ = stream.write_all(huge.as_bytes()); // it may be closed meanwhile
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer); // or reset
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"));
    // More than there are places for.
    let idle: Vec<_> = (0..300)
        .map(|nth| {
            let mut stream = TcpStream::connect(&hall.at).expect("connect");
            if nth % 2 == 0 {
                let _ = stream.write_all(b"GET /machines HT");
            }
            stream
        })
        .collect();
    assert!(hall.get("kernel").status.success());
    let (body, status) = hall.curl("/healthz", &["--max-time", "50"]);
    assert_eq!((body.as_str(), status.as_str()), ("ok\n", "200"));
    drop(idle);
}

#[test]
fn a_server_that_is_not_there_or_not_ours_is_told() {
    let hall = Hall::new();
    hall.served.write("kernel", &content(10));
    let url = hall.at.clone();
    hall.served.end();
    let mut table = lineman();
    let output = run(table.args(["tftp", "machines", &url]));
    assert_eq!(output.status.code(), Some(3));
    let mut table = lineman();
    let output = run(table.args(["tftp", "machines", "ftp://x:1"]));
    assert_eq!(output.status.code(), Some(2));
}
