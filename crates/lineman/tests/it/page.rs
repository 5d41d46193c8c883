//! The lab's page, asked over HTTP by hand: who is answered, what is told, what is obeyed.

use std::fs;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::ErrorKind;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use crate::chat_terminal::Terminal;
use crate::support::Running;
use crate::support::lineman;
use crate::support::wait_for;

/// A page that is served, with the SYN of a handshake held.
struct Served {
    program: Running,
    /// `127.0.0.1:PORT`.
    host: String,
    token: String,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Served {
    fn new() -> Self {
        Self::of(&["lab", "handshake", "--simulated", "--step", "--no-open"])
    }

    fn of(words: &[&str]) -> Self {
        let mut command = lineman();
        command.args(words);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("lineman");
        let said = child.stderr.take().expect("piped");
        let program = Running(child);
        let address = BufReader::new(said)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("http://")?.1.to_owned()))
            .expect("the page's address");
        let mut parts = address.split(['/', ' ']);
        let mut part = || parts.next().expect("host and token").to_owned();
        Self {
            program,
            host: part(),
            token: part(),
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.host).expect("connect");
        let limit = Some(Duration::from_secs(20));
        stream.set_read_timeout(limit).expect("limit");
        stream
    }

    /// A request with these lines in its head.
    fn ask(&self, line: &str, head: &[String], body: &str) -> Answer {
        let mut stream = self.connect();
        let len = body.len();
        let head: String = head.iter().map(|line| format!("{line}\r\n")).collect();
        let request = format!(
            "{line} HTTP/1.1\r\n{head}Connection: close\r\nContent-Length: {len}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).expect("request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
        Answer {
            status: status.expect("a status"),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    fn own_host(&self) -> String {
        format!("Host: {}", self.host)
    }

    fn get(&self, path: &str) -> Answer {
        let line = format!("GET /{}/{path}", self.token);
        self.ask(&line, &[self.own_host()], "")
    }

    fn order(&self, body: &str) -> Answer {
        let line = format!("POST /{}/do", self.token);
        self.ask(&line, &[self.own_host()], body)
    }

    /// The messages from the stream, until one of this kind has come: kind, number, content.
    fn messages(&self, last: Option<usize>, until: &str) -> Vec<(String, Option<usize>, String)> {
        let mut stream = self.connect();
        let last = last.map_or_else(String::new, |last| format!("Last-Event-ID: {last}\r\n"));
        let (token, host) = (&self.token, self.own_host());
        let request = format!("GET /{token}/events HTTP/1.1\r\n{host}\r\n{last}\r\n");
        stream.write_all(request.as_bytes()).expect("request");
        let mut messages = Vec::new();
        let (mut kind, mut number, mut data) = (String::new(), None, String::new());
        for line in BufReader::new(stream).lines() {
            let line = line.expect("the stream goes on");
            match line.split_once(": ") {
                Some(("event", text)) => kind = text.to_owned(),
                Some(("id", text)) => number = text.parse().ok(),
                Some(("data", text)) => data = text.to_owned(),
                _ if line.is_empty() && !data.is_empty() => {
                    let is_last = kind == until;
                    messages.push((kind.clone(), number.take(), std::mem::take(&mut data)));
                    if is_last {
                        return messages;
                    }
                }
                _ => {}
            }
        }
        panic!("no {until} in {messages:?}");
    }

    /// Waits until this packet, and no other, is held.
    fn wait_for_held(&self, id: u64) {
        wait_for("a held packet", Duration::from_secs(20), || {
            let scene = self.messages(None, "scene").pop()?.2;
            let scene: serde_json::Value = serde_json::from_str(&scene).expect("JSON");
            let held = scene["held"].as_array()?;
            (held.len() == 1 && held[0]["id"] == id).then_some(())
        });
    }
}

#[test]
fn only_the_page_itself_is_answered() {
    let served = Served::new();
    let own = served.own_host();
    let port = served.host.split(':').nth(1).expect("a port").to_owned();
    assert_eq!(served.get("").status, 200);
    let path = |token: &str| format!("GET /{token}/events");
    for token in [
        "",
        "0",
        &served.token[..31],
        &served.token.replace(['a', 'b', '1'], "x"),
        "..",
        "%00",
    ] {
        let answer = served.ask(&path(token), std::slice::from_ref(&own), "");
        assert_eq!(answer.status, 403, "{token}");
    }
    // A name that an attacker's DNS leads here (DNS rebinding).
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        "127.0.0.1".to_owned(),
    ] {
        let line = format!("GET /{}/", served.token);
        let answer = served.ask(&line, &[format!("Host: {host}")], "");
        assert_eq!(answer.status, 403, "{host}");
    }
    let line = format!("GET http://evil.example/{}/", served.token);
    assert_eq!(
        served.ask(&line, std::slice::from_ref(&own), "").status,
        403
    );
    // Another site's page, in the name of this one.
    for origin in [
        "http://evil.example",
        "null",
        "http://127.0.0.1:1",
        "https://127.0.0.1",
    ] {
        let head = [own.clone(), format!("Origin: {origin}")];
        let answer = served.ask(
            &format!("POST /{}/do", served.token),
            &head,
            r#"{"do":"run"}"#,
        );
        assert_eq!(answer.status, 403, "{origin}");
    }
    served.wait_for_held(1); // nothing was obeyed
}

#[test]
fn a_browser_is_told_to_run_the_pages_own_files_only() {
    let served = Served::new();
    for path in ["", "main.js", "style.css", "words", "nothing"] {
        let answer = served.get(path);
        for line in [
            "content-security-policy: default-src 'self'",
            "frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
        ] {
            assert!(answer.head.contains(line), "{path}: {}", answer.head);
        }
    }
    assert_eq!(served.get("nothing").status, 404);
    assert_eq!(served.get("..%2f..%2fetc%2fpasswd").status, 404);
}

#[test]
fn words_are_there_in_both_languages() {
    let served = Served::new();
    let words: serde_json::Value = serde_json::from_str(&served.get("words").body).expect("JSON");
    let (en, zh) = (&words["en"], &words["zh"]);
    assert_eq!(words["first"], "en");
    let names = en.as_object().expect("words").keys();
    for name in names {
        assert!(
            zh[name].as_str().is_some_and(|text| !text.is_empty()),
            "{name}"
        );
    }
}

#[test]
fn a_wrong_command_changes_nothing_and_is_answered_in_json() {
    let served = Served::new();
    served.messages(None, "scene");
    let huge = format!(r#"{{"do":"rules","rules":"{}"}}"#, "x".repeat(1 << 20));
    for wrong in [
        "",
        "{}",
        "[1]",
        r#"{"do":"explode"}"#,
        r#"{"do":"drop","id":-1}"#,
        r#"{"do":"rules","rules":"loss 200%"}"#,
        r#"{"do":"deliver","id":99}"#,
        r#"{"do":"lines","host":"client","lines":["socket tcp",7]}"#,
        r#"{"do":"lines","host":"client","lines":["explode"]}"#,
        r#"{"do":"lines","host":"client","lines":["bind 10.0.0.1:88888"]}"#,
        r#"{"do":"lines","host":"client","lines":["quit"]}"#,
        r#"{"do":"tftp","way":"get","size":1,"blksize":1}"#,
        r#"{"do":"start","scenario":"../handshake"}"#,
        r#"{"do":"start","scenario":"handshake","rules":"loss 200%"}"#,
        r#"{"do":"start","scenario":"handshake","rules":["loss 20%"]}"#,
    ] {
        let answer = served.order(wrong);
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.body);
        let said: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
        assert!(
            ["en", "zh"].iter().all(|lang| said["error"][lang]
                .as_str()
                .is_some_and(|why| !why.is_empty())),
            "{wrong}"
        );
    }
    // What cannot be read as a request, and what is larger than a command, is answered in the same form.
    let large = format!(r#"{{"do":"rules","rules":"{}"}}"#, "x".repeat(140_000));
    let odd = [
        (413, served.order(&large)),
        (400, served.get("packet/x")),
        (400, served.get("exercise/x")),
        (404, served.get("exercise/1/2/3")),
        (405, served.get("do")),
    ];
    for (status, answer) in odd {
        assert_eq!(answer.status, status, "{}", answer.body);
        let said: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
        assert!(said["error"]["zh"].is_string(), "{said}");
    }
    // Nine thousand rules were taken, when they were short enough.
    let many = vec!["drop"; 9000].join(";");
    let refused = served.order(&format!(r#"{{"do":"rules","rules":"{many}"}}"#));
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("1000 at most") && refused.body.contains("规则太多"));
    assert!(refused.body.len() < 500, "{}", refused.body);
    // Of a body that is announced with 100 MiB nothing is waited for.
    let mut stream = served.connect();
    let head = format!(
        "POST /{}/do HTTP/1.1\r\n{}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        served.token,
        served.own_host(),
        100 << 20
    );
    stream.write_all(head.as_bytes()).expect("a head");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(
        answer.contains(r#"{"error":{"en":"this is larger"#),
        "{answer}"
    );
    // Too long to be looked at; the connection may break while it is still being sent.
    let mut stream = served.connect();
    let head = format!(
        "POST /{}/do HTTP/1.1\r\n{}\r\nContent-Length: {}\r\n\r\n",
        served.token,
        served.own_host(),
        huge.len()
    );
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(huge.as_bytes()));
    served.wait_for_held(1);
}

#[test]
fn a_held_syn_is_delivered_and_the_answer_is_held() {
    let served = Served::new();
    served.wait_for_held(1);
    assert_eq!(served.order(r#"{"do":"deliver","id":1}"#).status, 202);
    served.wait_for_held(2);
}

#[test]
fn a_browser_that_comes_back_gets_what_it_has_not() {
    let served = Served::new();
    let all = served.messages(None, "scene");
    let numbers: Vec<usize> = all.iter().filter_map(|(_, number, _)| *number).collect();
    assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>());
    assert_eq!(all[0].0, "session");
    let rest = served.messages(Some(numbers.len() - 1), "scene");
    assert_eq!(rest[0].1, Some(numbers.len()));
    assert_eq!(rest[0].2, all[numbers.len() - 1].2);
}

#[test]
fn an_open_stream_holds_up_no_end() {
    let mut served = Served::new();
    let mut stream = served.connect();
    let request = format!(
        "GET /{}/events HTTP/1.1\r\n{}\r\n\r\n",
        served.token,
        served.own_host()
    );
    stream.write_all(request.as_bytes()).expect("request");
    stream.read_exact(&mut [0; 64]).expect("it streams");
    let program = &mut served.program.0;
    let id = rustix::process::Pid::from_raw(program.id() as i32).expect("a process");
    let began = Instant::now();
    rustix::process::kill_process(id, rustix::process::Signal::INT).expect("interrupted");
    assert_eq!(program.wait().expect("ended").code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_packets_fields_and_bytes_are_told_when_they_are_asked_for() {
    let served = Served::new();
    served.wait_for_held(1);
    let syn = wait_for("the SYN's row", Duration::from_secs(20), || {
        let rows = served.messages(None, "scene");
        let rows = rows.iter().filter(|(kind, ..)| kind == "row");
        let mut rows = rows.map(|(.., row)| serde_json::from_str(row).expect("JSON"));
        rows.position(|row: serde_json::Value| row["packet"]["bytes"] == true)
    });
    let answer = served.get(&format!("packet/{}", syn));
    assert_eq!(answer.status, 200);
    let packet: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
    let fields = packet["fields"].as_array().expect("fields");
    assert!(
        fields
            .iter()
            .any(|field| field["layer"] == "TCP" && field["name"]["en"] == "flags")
    );
    let last = fields.iter().filter_map(|field| field["to"].as_u64()).max();
    let bytes = packet["bytes"].as_str().map(|bytes| bytes.len() as u64 / 2);
    assert_eq!(last, bytes);
    for row in ["0", "99999", "-1", "x", "18446744073709551616"] {
        assert!(
            matches!(served.get(&format!("packet/{row}")).status, 400 | 404),
            "{row}"
        );
    }
}

/// A transfer is not begun while a scenario is played, and a recorded log obeys no order.
#[test]
fn what_comes_at_the_wrong_time_is_refused_and_changes_nothing() {
    let served = Served::new();
    served.wait_for_held(1);
    let answer = served.order(r#"{"do":"tftp","way":"get","size":100}"#);
    assert_eq!(answer.status, 409, "the handshake is being played");
    let dir = tempfile::tempdir().expect("a directory");
    let log = dir.path().join("a.jsonl").display().to_string();
    let recorded = lineman()
        .args(["lab", "handshake", "--simulated", "--record", &log])
        .output();
    assert!(recorded.expect("lineman").status.success());
    let served = Served::of(&["lab", "replay", &log, "--page", "--no-open"]);
    for wrong in [
        r#"{"do":"run"}"#,
        r#"{"do":"lines","host":"client","lines":["socket tcp"]}"#,
        r#"{"do":"tftp","way":"put","size":1}"#,
        r#"{"do":"start","scenario":"handshake"}"#,
    ] {
        let answer = served.order(wrong);
        assert_eq!(answer.status, 409, "{wrong}: {}", answer.body);
        assert!(answer.body.contains("记录"), "{}", answer.body);
    }
}

/// Each line waits for the calls before it: a socket that is bound has to be there.
#[test]
fn lines_are_obeyed_in_their_order() {
    let served = Served::of(&["lab", "--simulated", "--page", "--no-open"]);
    let order = r#"{"do":"lines","host":"server","lines":
        ["socket tcp","bind :8888","listen","accept","client socket tcp","client connect 10.0.0.2:8888"]}"#;
    assert_eq!(served.order(order).status, 202);
    wait_for("both ESTABLISHED", Duration::from_secs(20), || {
        let scene = served.messages(None, "scene").pop()?.2;
        let scene: serde_json::Value = serde_json::from_str(&scene).expect("JSON");
        let is = |host: &str| scene[host]["socket"]["state"] == "ESTABLISHED";
        (is("client") && is("server")).then_some(())
    });
    let state = served.order(r#"{"do":"lines","host":"server","lines":["state"]}"#);
    assert!(state.body.contains("10.0.0.2:8888"), "{}", state.body);
}

/// A client that begins to ask and does not go on is not waited for, and keeps nobody else out.
#[test]
fn a_request_that_does_not_go_on_is_given_up() {
    let served = Served::new();
    let slow: Vec<TcpStream> = (0..40)
        .map(|_| {
            let mut stream = served.connect();
            stream.write_all(b"GET /").expect("begun");
            stream
        })
        .collect();
    assert_eq!(served.get("").status, 200);
    for mut stream in slow {
        let mut rest = Vec::new();
        let read = stream.read_to_end(&mut rest);
        assert!(
            read.is_ok() || read.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset)
        );
    }
    assert_eq!(served.get("").status, 200);
}

/// At a terminal beside a browser the page opens by itself; with `--plain` it does not.
#[test]
fn a_browser_is_opened_where_there_is_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let opener = dir.path().join("xdg-open");
    fs::write(
        &opener,
        "#!/bin/sh\necho \"$1\" > \"$OPENED.part\" && mv \"$OPENED.part\" \"$OPENED\"\n",
    )
    .expect("a script");
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).expect("executable");
    let opened = dir.path().join("opened");
    let path = std::env::var("PATH").unwrap_or_default();
    let desktop = format!(
        "PATH='{}:{path}' DISPLAY=:7 OPENED='{}'",
        dir.path().display(),
        opened.display()
    );
    let handshake = "--lang en lab handshake --simulated";
    let terminal = Terminal::with_variable(&desktop, handshake);
    let address = wait_for("a browser", Duration::from_secs(20), || {
        fs::read_to_string(&opened).ok()
    });
    assert!(address.starts_with("http://127.0.0.1:"), "{address}");
    drop(terminal);
    fs::remove_file(&opened).expect("removed");
    let plain = Terminal::with_variable(&desktop, &format!("{handshake} --plain"));
    plain.shows("the-end");
    let without = Terminal::with_variable("DISPLAY= WAYLAND_DISPLAY=", handshake);
    without.shows("the-end");
    assert!(!opened.exists());
}
