//! The served files by HTTP: the real binary, curl, and clients and a store that do as they like.

use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::peer;
use crate::support::wait_for;
use crate::tftp_kit::LIMIT;
use crate::tftp_kit::Served;
use crate::tftp_kit::assert_exit;
use crate::tftp_kit::assert_same;
use crate::tftp_kit::content;
use crate::tftp_kit::run;
use crate::tftp_reports::serve_json_with;

/// A server whose files are had by HTTP.
struct Hall {
    served: Served,
    /// `127.0.0.1:PORT`.
    at: String,
}

impl Hall {
    fn new(args: &[&str]) -> Self {
        let all = [&["--http", "127.0.0.1:0"], args].concat();
        Self::of(Served::new(&all))
    }

    fn of(served: Served) -> Self {
        let line = served.wait_line("/machines"); // as a sentence, or with --json
        let rest = line.split("http://").nth(1).expect("an address");
        let at = rest.split('/').next().expect("an authority").to_owned();
        Self { served, at }
    }

    fn curl(&self, path: &str, args: &[&str]) -> Output {
        let url = format!("http://{}{path}", self.at);
        let mut curl = peer("curl");
        curl.args(["-s", "--noproxy", "*", "--path-as-is"]);
        run(curl.args(args).arg(url))
    }

    /// The status of the answer, and the answer with its head.
    fn ask(&self, path: &str, args: &[&str]) -> (u16, String) {
        let output = self.curl(path, &[&["-i"], args].concat());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let status = text.split(' ').nth(1).and_then(|it| it.parse().ok());
        (status.unwrap_or_else(|| panic!("{path}: {text}")), text)
    }

    /// What comes back for these bytes, until the server closes or says nothing for a second.
    fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(&self.at).expect("connected");
        stream.write_all(bytes).expect("write");
        let timeout = Some(Duration::from_secs(1));
        stream.set_read_timeout(timeout).expect("a time-out");
        let (mut all, mut room) = (Vec::new(), [0; 4096]);
        while let Ok(read) = stream.read(&mut room)
            && read > 0
        {
            all.extend(&room[..read]);
        }
        String::from_utf8_lossy(&all).into_owned()
    }
}

fn field<'a>(head: &'a str, name: &str) -> &'a str {
    let lines = head.lines().take_while(|line| !line.is_empty());
    let fields = lines.filter_map(|line| line.split_once(": "));
    let mut named = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
    named.next().unwrap_or_else(|| panic!("{name}: {head}")).1
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("read")
}

#[test]
fn files_are_had_whole_in_part_and_only_once() {
    let hall = Hall::new(&[]);
    let bytes = content(3_000_000);
    std::fs::create_dir(hall.served.root().join("images")).expect("a directory");
    hall.served.write("images/kernel.img", &bytes);
    thread::sleep(Duration::from_millis(50)); // the clock of the file system goes on
    let got = hall.curl("/images/kernel.img", &[]);
    assert_same(&got.stdout, &bytes, "GET");
    let (status, head) = hall.ask("/images/kernel.img", &["-I"]);
    assert_eq!(status, 200, "HEAD");
    assert_eq!(field(&head, "content-length"), "3000000");
    assert_eq!(field(&head, "accept-ranges"), "bytes");
    assert_eq!(field(&head, "content-type"), "application/vnd.efi-img");
    assert_eq!(field(&head, "x-content-type-options"), "nosniff");
    let tag = field(&head, "etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "strong: {tag}");

    let outside = hall.served.outside().join("part");
    std::fs::write(&outside, &bytes[..1_000_001]).expect("write");
    let part = outside.to_str().expect("UTF-8");
    assert_exit(
        &hall.curl("/images/kernel.img", &["-C", "-", "-o", part]),
        0,
    );
    assert_same(&read(&outside), &bytes, "continued");
    let (status, head) = hall.ask("/images/kernel.img", &["-r", "2999999-", "-o", "-"]);
    assert_eq!(status, 206);
    assert_eq!(
        field(&head, "content-range"),
        "bytes 2999999-2999999/3000000"
    );
    let (status, head) = hall.ask("/images/kernel.img", &["-r", "3000000-"]);
    assert_eq!(status, 416);
    assert_eq!(field(&head, "content-range"), "bytes */3000000");

    let has = format!("If-None-Match: {tag}");
    let (status, head) = hall.ask("/images/kernel.img", &["-H", &has]);
    assert_eq!((status, field(&head, "etag")), (304, &tag[..]));
    hall.served.write("images/kernel.img", &bytes[1..]);
    let (status, head) = hall.ask("/images/kernel.img", &["-I", "-H", &has]);
    assert_eq!((status, field(&head, "content-length")), (200, "2999999"));
    let line = hall.served.wait_line(", 416)");
    assert!(line.contains("behind the end"), "{line}");
    let range = ["-r", "1-2", "-H", &format!("If-Range: {tag}")];
    assert_eq!(
        hall.ask("/images/kernel.img", &range).0,
        200,
        "another state"
    );
}

#[test]
fn an_empty_file_and_one_of_every_length_near_a_piece_come_whole() {
    let hall = Hall::new(&[]);
    for length in [0, 1, 32_767, 32_768, 32_769, 65_536] {
        let bytes = content(length);
        hall.served.write("a", &bytes);
        let got = hall.curl("/a", &[]);
        assert_same(&got.stdout, &bytes, &length.to_string());
    }
}

#[test]
fn no_name_leads_out_of_the_directory_or_shows_what_is_in_it() {
    let hall = Hall::new(&[]);
    std::fs::create_dir(hall.served.root().join("sub")).expect("a directory");
    hall.served.write("sub/a", b"x");
    std::fs::write(hall.served.outside().join("secret"), b"secret").expect("write");
    let outside = hall.served.outside().join("secret");
    std::os::unix::fs::symlink(outside, hall.served.root().join("link")).expect("a link");
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/sub/..%2f..%2fsecret",
        "/..%5csecret",
        "/%2fetc/passwd",
        "//etc/passwd",
        "/link",
        "/sub",
        "/sub/",
        "/",
        "/a%00b",
        "/%00",
        "/missing",
    ] {
        let (status, text) = hall.ask(path, &[]);
        assert_eq!(status, 404, "{path}: {text}");
        let root = hall.served.root();
        let shown = root.to_str().expect("UTF-8");
        assert!(!text.contains(shown) && !text.contains("secret"), "{text}");
    }
    assert_eq!(hall.ask("/sub/a", &[]).0, 200);
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let (status, head) = hall.ask("/sub/a", &["-X", method]);
        assert_eq!(
            (status, field(&head, "allow")),
            (405, "GET, HEAD"),
            "{method}"
        );
    }
}

#[test]
fn with_http_list_a_directory_shows_what_can_be_had_and_nothing_else() {
    let hall = Hall::new(&[
        "--http-list",
        "--route",
        "name=secret,refuse",
        "--route",
        "name=**.key,refuse",
    ]);
    let root = hall.served.root().to_owned();
    for directory in ["sub", "sub/deep", "secret"] {
        std::fs::create_dir(root.join(directory)).expect("a directory");
    }
    hall.served.write("sub/a <b>&.img", b"four");
    hall.served.write("sub/host.key", b"x");
    hall.served.write("secret/x", b"x");
    let outside = hall.served.outside().join("elsewhere");
    std::fs::write(&outside, b"secret").expect("write");
    std::os::unix::fs::symlink(&outside, root.join("sub/link")).expect("a link");
    std::os::unix::fs::symlink("deep", root.join("sub/inner")).expect("a link");

    let (status, text) = hall.ask("/", &[]);
    assert_eq!(status, 200, "{text}");
    assert_eq!(field(&text, "content-type"), "text/html; charset=utf-8");
    assert!(
        field(&text, "content-security-policy").contains("sandbox"),
        "{text}"
    );
    assert!(
        text.contains("href=\"./sub/\"") && !text.contains("secret"),
        "{text}"
    );
    let (status, text) = hall.ask("/sub/", &[]);
    assert_eq!(status, 200, "{text}");
    for there in [
        "href=\"./a%20%3Cb%3E%26.img\">a &lt;b&gt;&amp;.img</a><td align=\"right\">4<",
        "href=\"./deep/\"",
        "href=\"./inner/\"",
        "href=\"../\"",
    ] {
        assert!(text.contains(there), "{there}: {text}");
    }
    for absent in ["link", "host.key", "elsewhere", "<b>"] {
        assert!(!text.contains(absent), "{absent}: {text}");
    }
    assert_eq!(
        hall.ask("/sub/a%20%3Cb%3E%26.img", &[]).0,
        200,
        "the link leads there"
    );
    assert_eq!(hall.ask("/secret/", &[]).0, 403, "a route refuses it");
    for none in [
        "/../",
        "/%2e%2e/",
        "/missing/",
        "/sub/link/",
        "/sub/deep/../../../",
        "/a%00/",
    ] {
        let (status, text) = hall.ask(none, &[]);
        assert_eq!(status, 404, "{none}: {text}");
    }
    let (status, head) = hall.ask("/sub/", &["-I"]);
    assert_eq!(status, 200, "{head}");
    assert_eq!(
        hall.ask("/sub", &[]).0,
        404,
        "without the slash it is the name of a file"
    );
    hall.served.wait_line(r#"got "/sub/""#);
    let machines = hall.curl("/machines.json", &[]).stdout;
    let machines: Value = serde_json::from_slice(&machines).expect("JSON");
    let requests = machines["machines"][0]["requests"].as_array();
    let files = requests.expect("a boot").iter().map(|it| &it["file"]);
    let files: Vec<_> = files.filter_map(Value::as_str).collect();
    let is_directory = |file: &&str| file.is_empty() || file.ends_with('/');
    assert!(
        !files.iter().any(is_directory),
        "nobody boots by that: {files:?}"
    );
}

/// It is one state of the file, or an error that the client sees.
#[test]
fn a_file_that_is_changed_while_it_is_sent_breaks_off() {
    let hall = Hall::new(&[]);
    hall.served.write("big", &content(64_000_000));
    let mut stream = TcpStream::connect(&hall.at).expect("connected");
    let request = b"GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    stream.write_all(request).expect("write");
    let mut first = [0; 1000];
    stream.read_exact(&mut first).expect("the beginning");
    thread::sleep(Duration::from_millis(100)); // the server has filled what there is of room
    let path = hall.served.root().join("big");
    let file = std::fs::File::options().write(true).open(path);
    (&file.expect("open")).write_all(b"other").expect("write");
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest); // a reset is as good
    assert!(rest.len() < 63_000_000, "{}", rest.len());
    let line = hall.served.wait_line("the file was written to");
    assert!(line.contains("\"big\"") && line.contains("GET"), "{line}");
}

#[test]
fn a_client_that_leaves_is_not_said_to_have_the_file() {
    let args = ["--http", "127.0.0.1:0"];
    let hall = Hall::of(serve_json_with(Command::new("sh"), "127.0.0.1:0", &args));
    hall.served.write("big", &content(64_000_000));
    let mut stream = TcpStream::connect(&hall.at).expect("connected");
    stream
        .write_all(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("write");
    let mut some = vec![0; 1_000_000];
    stream.read_exact(&mut some).expect("some of it");
    drop(stream); // with bytes that were not read: a reset
    let line = hall.served.wait_line("\"http-request\"");
    let told: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(told["reason"], "client-left", "{line}");
    assert_eq!(
        (&told["complete"], &told["status"]),
        (&false.into(), &200.into())
    );
    let bytes = told["bytes"].as_u64().expect("a count");
    // Its TCP need not have acknowledged the last two segments yet (RFC 9293 §3.8.6.3), of 64 KiB each on loopback.
    assert!((868_000..60_000_000).contains(&bytes), "{bytes}");
    wait_for("a boot that broke off", LIMIT, || {
        let all = hall.curl("/machines.json", &[]).stdout;
        let all: Value = serde_json::from_slice(&all).ok()?;
        (all["machines"][0]["requests"][0]["outcome"] == "broken").then_some(())
    });
}

#[test]
fn routes_hold_for_http_as_for_tftp() {
    let rules = r#"
[[tftp.serve.route]]
name = "boot.ipxe"
text = "hello {client.ip}\n"

[[tftp.serve.route]]
name = "*.cfg"
path = "boards/{name.1}"

[[tftp.serve.route]]
name = "secret/**"
refuse = true
"#;
    let dir = tempfile::TempDir::new().expect("a directory");
    let file = dir.path().join("lineman.toml");
    std::fs::write(&file, rules).expect("write");
    let hall = Hall::new(&["--config", file.to_str().expect("UTF-8")]);
    for directory in ["boards", "secret"] {
        std::fs::create_dir(hall.served.root().join(directory)).expect("a directory");
    }
    hall.served.write("boards/7", b"seven");
    hall.served.write("secret/a", b"x");
    assert_eq!(hall.curl("/boot.ipxe", &[]).stdout, b"hello 127.0.0.1\n");
    assert_eq!(hall.curl("/7.cfg", &[]).stdout, b"seven");
    assert_eq!(hall.ask("/secret/a", &[]).0, 403);
    let line = hall.served.wait_line("\"7.cfg\"");
    assert!(
        line.contains("route 2") && line.contains("HTTP GET, 200"),
        "{line}"
    );
}

#[test]
fn who_may_not_ask_gets_no_answer() {
    let hall = Hall::new(&["--allow", "192.0.2.0/24"]);
    hall.served.write("a", b"x");
    let output = hall.curl("/a", &[]);
    assert!(!output.status.success() && output.stdout.is_empty());
    let lines = hall.served.end();
    assert!(
        !lines.iter().any(|line| line.contains("HTTP GET")),
        "{lines:?}"
    );
}

/// Nobody may hide a request in another one's body.
#[test]
fn requests_whose_ends_contradict_each_other_are_refused() {
    let hall = Hall::new(&[]);
    hall.served.write("a", b"x");
    let hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
    for lengths in [
        "Content-Length: 4\r\nContent-Length: 40\r\n",
        "Content-Length: +4\r\n",
        "Content-Length: 4, 40\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
    ] {
        let request = format!("POST /a HTTP/1.1\r\nHost: a\r\n{lengths}\r\n{hidden}");
        let answer = hall.raw(request.as_bytes());
        let answers = answer.matches("HTTP/1.1 ").count();
        assert!(answers <= 1, "{lengths}: {answer}");
        assert!(!answer.contains("404"), "{lengths}: {answer}");
    }
    for line in [
        "GET /a b HTTP/1.1",
        "GET /a HTTP/3.0",
        "\u{1}",
        "GET  HTTP/1.1",
    ] {
        let answer = hall.raw(format!("{line}\r\n\r\n").as_bytes());
        assert!(!answer.contains("200 OK"), "{line}: {answer}");
    }
    assert_eq!(hall.ask("/a", &[]).0, 200, "it goes on");
}

#[test]
fn clients_that_only_begin_to_ask_hold_up_nobody() {
    let hall = Hall::new(&[]);
    hall.served.write("a", b"x");
    let slow: Vec<_> = (0..500)
        .map(|_| {
            let mut stream = TcpStream::connect(&hall.at).expect("connected");
            stream.write_all(b"GET /a HTT").expect("write");
            stream
        })
        .collect();
    assert_eq!(hall.ask("/a", &[]).0, 200);
    drop(slow);
}

#[test]
fn machines_that_go_on_by_http_are_not_said_to_have_stopped() {
    let hall = Hall::new(&[]);
    hall.served.write("ipxe.efi", b"loader");
    hall.served.write("vmlinuz", b"kernel");
    let mut get = crate::support::lineman();
    get.args(["tftp", "get", &hall.served.url("ipxe.efi"), "-o", "-"]);
    run(&mut get);
    let agent = ["-A", "iPXE/1.21.1 (g1234)"];
    assert_eq!(hall.curl("/vmlinuz", &agent).stdout, b"kernel");
    let requests = wait_for("both requests", LIMIT, || {
        let all = hall.curl("/machines.json", &[]).stdout;
        let all: Value = serde_json::from_slice(&all).ok()?;
        let requests = all["machines"][0]["requests"].clone();
        let outcomes = requests.as_array()?.iter().map(|it| it["outcome"].clone());
        (outcomes.collect::<Vec<_>>() == ["complete", "complete"]).then_some(requests)
    });
    assert_eq!(requests[0]["protocol"], "tftp");
    assert_eq!(requests[1]["protocol"], "http");
    assert_eq!(requests[1]["firmware"], "iPXE");
    assert_eq!(requests[1]["role"], "kernel");
    let metrics = hall.curl("/metrics", &[]).stdout;
    let metrics = String::from_utf8_lossy(&metrics).into_owned();
    let counted = r#"lineman_http_requests_total{method="GET",status="200",reason="complete"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
    assert!(
        metrics.contains("lineman_http_bytes_total 6\n"),
        "{metrics}"
    );
}

/// A store of one file, which it sends in two halves.
fn store(bytes: Vec<u8>) -> (String, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let address = listener.local_addr().expect("an address");
    let (go_on, waits) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a request");
        let _ = stream.read(&mut [0; 4096]).expect("a head");
        let length = bytes.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nETag: \"v1\"\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("write");
        let (first, second) = bytes.split_at(length / 2);
        stream.write_all(first).expect("write");
        waits.recv().expect("the test goes on");
        stream.write_all(second).expect("write");
        thread::sleep(Duration::from_secs(5));
    });
    (format!("http://{address}/"), go_on)
}

/// A client gets what has come by now of a file that is being fetched, and the store's own tag.
#[test]
fn a_file_of_a_store_is_sent_while_it_is_fetched() {
    let bytes = content(4_000_000);
    let (url, go_on) = store(bytes.clone());
    let mut command = crate::support::lineman();
    command.args(["tftp", "serve", &url, "--listen", "127.0.0.1:0"]);
    command.args(["--http", "127.0.0.1:0"]);
    let hall = Hall::of(Served::under(command));
    let mut stream = TcpStream::connect(&hall.at).expect("connected");
    stream
        .write_all(b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .expect("write");
    stream.set_read_timeout(Some(LIMIT)).expect("a time-out");
    let mut all = Vec::new();
    let mut room = vec![0; 65536];
    while all.len() < 1_900_000 {
        let read = stream
            .read(&mut room)
            .expect("the first half, without the second");
        assert!(read > 0, "closed after {} bytes", all.len());
        all.extend(&room[..read]);
    }
    go_on.send(()).expect("the store waits");
    stream.read_to_end(&mut all).expect("the rest");
    let split = all
        .windows(4)
        .position(|it| it == b"\r\n\r\n")
        .expect("a head");
    let head = String::from_utf8_lossy(&all[..split]).into_owned();
    assert_eq!(field(&head, "etag"), "\"v1\"");
    assert_same(&all[split + 4..], &bytes, "fetched");
}
