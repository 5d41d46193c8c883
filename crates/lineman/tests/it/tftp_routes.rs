//! Which file a name gets, by the rules of an operator: served by the real server to the real client, shown by
//! `lineman tftp route`, and for maps compared with the program that they come from.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use tempfile::TempDir;

use crate::firmware_kit::SERVER;
use crate::firmware_kit::Segment;
use crate::support::lineman;
use crate::tftp_client_peers::Daemon;
use crate::tftp_kit::LIMIT;
use crate::tftp_kit::Served;
use crate::tftp_kit::metrics;
use crate::tftp_kit::run;
use crate::tftp_kit::stderr;
use crate::tftp_kit::value;
use crate::tftp_raw::Raw;
use crate::tftp_raw::assert_error;
use crate::tftp_raw::wrq;

fn got(served: &Served, name: &str, more: &[&str]) -> Result<Vec<u8>, String> {
    let output = run(lineman()
        .args(["tftp", "get", "-o", "-", &served.url(name)])
        .args(more));
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(stderr(&output)),
    }
}

fn settings(dir: &Path, text: &str) -> String {
    let file = dir.join("lineman.toml");
    std::fs::write(&file, text).expect("write");
    file.to_str().expect("UTF-8").to_owned()
}

const RULES: &str = r##"
[[tftp.serve.route]]
name = "*.cfg"
from = "127.0.0.0/8"
path = "boards/{client.ip}-{name.1}"

[[tftp.serve.route]]
name = "boot.ipxe"
text = """#!ipxe
echo a, b and {client.ip}
"""

[[tftp.serve.route]]
regex = "^v([0-9]+)/(kernel|initrd)$"
asks = ["tsize", "blksize", "windowsize"]
path = "{name.2}-{name.1}"

[[tftp.serve.route]]
name = "secret/**"
refuse = true

[[tftp.serve.route]]
name = "away/*"
path = "../outside/{name.1}"
"##;

#[test]
fn each_client_gets_what_the_first_route_says() {
    let dir = TempDir::new().expect("temporary directory");
    let file = settings(dir.path(), RULES);
    let served = Served::new(&["--config", &file]);
    std::fs::create_dir_all(served.root().join("boards")).expect("directory");
    std::fs::create_dir_all(served.root().join("secret")).expect("directory");
    std::fs::create_dir_all(served.outside().join("outside")).expect("directory");
    std::fs::write(served.outside().join("outside/file"), "outside").expect("write");
    served.write("boards/127.0.0.1-a", b"for one board");
    served.write("secret/key", b"secret");
    served.write("initrd-12", b"initrd of version 12");
    served.write("plain", b"plain");

    assert_eq!(got(&served, "/a.cfg", &[]), Ok(b"for one board".to_vec()));
    assert_eq!(got(&served, "plain", &[]), Ok(b"plain".to_vec()));
    assert_eq!(
        got(&served, "boot.ipxe", &[]),
        Ok(b"#!ipxe\necho a, b and 127.0.0.1\n".to_vec())
    );
    let netascii = got(&served, "boot.ipxe", &["--netascii"]);
    assert_eq!(netascii, Ok(b"#!ipxe\necho a, b and 127.0.0.1\n".to_vec()));
    assert_eq!(
        got(&served, "v12/initrd", &["--windowsize", "8"]),
        Ok(b"initrd of version 12".to_vec())
    );
    // Without options it is another client, whom that route is not for.
    assert!(got(&served, "v12/initrd", &["--no-options"]).is_err());
    for (name, words) in [
        ("secret/key", "Access violation"),
        ("away/file", "Access violation"),
        ("b.cfg", "File not found"),
    ] {
        let said = got(&served, name, &[]).expect_err(name);
        assert!(said.contains(words), "{name}: {said}");
        for hidden in ["boards", "outside", "route"] {
            assert!(!said.contains(hidden), "{name}: {said}");
        }
    }
    served.wait_line("route 1: boards/127.0.0.1-a");
    served.wait_line("no such file (route 1: boards/127.0.0.1-b)");
    let shown = served.wait_line("secret/key");
    assert!(shown.contains("(route 4: refused)"), "{shown}");
    served.end();
}

#[test]
fn what_route_shows_is_what_serve_serves() {
    let dir = TempDir::new().expect("temporary directory");
    let file = settings(dir.path(), RULES);
    std::fs::create_dir_all(dir.path().join("boards")).expect("directory");
    std::fs::write(dir.path().join("boards/192.0.2.7-a"), "12345").expect("write");
    let root = dir.path().to_str().expect("UTF-8");
    let route = |words: &[&str]| {
        let command = ["--config", &file, "tftp", "route", "--root", root];
        let output = run(lineman().args(command).args(words));
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    // The first route is for 127.0.0.0/8.
    let other = route(&["a.cfg", "--from", "192.0.2.7"]);
    assert!(
        other.contains("\"a.cfg\": no rule: the file of this name"),
        "{other}"
    );
    let own = route(&["a.cfg", "plain", "secret/x"]);
    for line in [
        "\"a.cfg\": route 1: boards/127.0.0.1-a",
        "  looked there: no such file",
        "\"plain\": no rule: the file of this name",
        "\"secret/x\": route 4: refused",
    ] {
        assert!(own.contains(line), "{line}\n{own}");
    }
    let json = route(&["--json", "boot.ipxe"]);
    let told: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(told["route"], 2);
    assert_eq!(told["served_text"], "#!ipxe\necho a, b and 127.0.0.1\n");
    let away = route(&["secret/../a.cfg", "secret/../../x"]);
    for line in [
        "\"secret/../a.cfg\": route 1: boards/127.0.0.1-a",
        "\"secret/../../x\": no rule: the file of this name",
    ] {
        assert!(away.contains(line), "{line}\n{away}");
    }
    std::fs::create_dir(dir.path().join("secret")).expect("directory");
    std::fs::write(dir.path().join("secret/x"), "x").expect("write");
    let found = route(&["tftpboot/secret/x"]);
    assert!(found.contains("route 4: refused"), "{found}");
    let source = format!("name=*,source={root}/boards");
    for (name, found) in [("192.0.2.7-a", "5 B"), ("192.0.2.7-b", "no such file")] {
        let elsewhere = route(&["--route", &source, name]);
        assert!(elsewhere.contains(found), "{name}: {elsewhere}");
    }
    // A rule of the command line takes the place of the file's.
    let typed = route(&[
        "--route",
        "mac=52:54:00:*,path=boards/{client.mac.plain}",
        "x",
        "--mac",
        "52:54:00:12:34:56",
    ]);
    assert!(typed.contains("route 1: boards/525400123456"), "{typed}");
}

/// A controller of HTTP that answers by the path that it is asked for, one request for each connection.
struct Controller {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Controller {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = listener.local_addr().expect("address");
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || answer(stream, &seen));
            }
        });
        Self { address, asked }
    }
}

fn answer(mut stream: TcpStream, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("clone"));
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        if let Some(target) = line
            .strip_prefix("GET ")
            .and_then(|it| it.split(' ').next())
        {
            seen.lock().expect("whole").push(target.to_owned());
        }
        line.clear();
    }
    let asked = seen
        .lock()
        .expect("whole")
        .last()
        .cloned()
        .unwrap_or_default();
    let name = asked.split(['/', '?']).nth(2).unwrap_or_default();
    let head = |status: &str, kind: &str, length: usize| {
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        )
    };
    let said = match name {
        "good" => head("200 OK", "text/plain", 12) + "hello client",
        "html" => head("200 OK", "text/html; charset=utf-8", 6) + "<html>",
        "page" => head("200 OK", "application/octet-stream", 17) + "\n<!DOCTYPE html>\n",
        "large" => head("200 OK", "text/plain", 10 << 20) + &"x".repeat(10 << 20),
        "endless" => "HTTP/1.1 200 OK\r\n\r\n".to_owned() + &"x".repeat(1 << 20),
        "empty" => head("200 OK", "text/plain", 0),
        "away" => head(
            "302 Found\r\nLocation: http://127.0.0.1:1/",
            "text/plain",
            0,
        ),
        "broken" => head("200 OK", "text/plain", 12) + "hello",
        "error" => head("500 Oops", "text/plain", 0),
        "nonsense" => "hello\r\n\r\n".to_owned(),
        "silent" => {
            std::thread::sleep(LIMIT);
            return;
        }
        _ => head("404 Not Found", "text/plain", 0),
    };
    let _ = stream.write_all(said.as_bytes()); // who has heard enough goes away
}

/// Confined: only the controller's port is left open.
#[test]
fn a_controller_is_asked_at_request_time_and_believed_only_where_it_makes_sense() {
    let controller = Controller::start();
    let dir = TempDir::new().expect("temporary directory");
    let rules = format!(
        r#"
[[tftp.serve.route]]
name = "ask/*"
url = "http://{0}/ask/{{name.1}}?ip={{client.ip}}&who=a,b"
timeout = 1

[[tftp.serve.route]]
name = "else/*"
url = "http://{0}/else/{{name.1}}"
fallback = "default"
"#,
        controller.address
    );
    let file = settings(dir.path(), &rules);
    let served = Served::new(&["--config", &file]);
    served.write("default", b"the default");
    served.wait_line(&format!("TCP to ports {}", controller.address.port()));

    assert_eq!(got(&served, "ask/good", &[]), Ok(b"hello client".to_vec()));
    served.wait_line("ask/good?ip=127.0.0.1&who=a,b");
    for (name, told, logged) in [
        ("other", "File not found", "has nothing for this client"),
        ("html", "Server error", "a page of HTML"),
        ("page", "Server error", "a page of HTML"),
        ("large", "Server error", "is longer than 64.0 KiB"),
        ("endless", "Server error", "is longer than 64.0 KiB"),
        ("empty", "Server error", "answered with nothing"),
        ("away", "Server error", "status 302"),
        ("broken", "Server error", "cannot be reached"),
        ("error", "Server error", "status 500"),
        ("nonsense", "Server error", "cannot be reached"),
        ("silent", "Server error", "did not answer in time"),
    ] {
        let asked = format!("ask/{name}");
        let said = got(&served, &asked, &[]).expect_err(name);
        assert!(said.contains(told), "{name}: {said}");
        assert!(!said.contains("http:"), "{name}: {said}");
        let line = served.wait_line(&format!("get \"{asked}\""));
        assert!(line.contains(logged), "{name}: {line}");
    }
    assert_eq!(got(&served, "else/error", &[]), Ok(b"the default".to_vec()));
    served.wait_line("gets \"default\" instead: the controller answered with HTTP status 500");
    // What a client puts into a name does not leave the path that the operator wrote.
    let before = controller.asked.lock().expect("whole").len();
    for name in ["else/..", "else/a%0d%0aHost:%20x"] {
        assert!(got(&served, name, &[]).is_err(), "{name}");
    }
    assert_eq!(controller.asked.lock().expect("whole").len(), before);
    assert_eq!(
        got(&served, "else/a%3fb%20c", &[]),
        Ok(b"the default".to_vec())
    );
    let last = controller.asked.lock().expect("whole").last().cloned();
    assert_eq!(last.as_deref(), Some("/else/a%3Fb%20c"));
    served.end();
}

/// A device that never ends took all memory.
#[test]
fn a_file_that_is_no_map_ends_in_a_sentence() {
    for (file, words) in [
        (
            "/dev/zero",
            "/dev/zero is longer than 1.0 MiB, and no map of names",
        ),
        ("/", "it is a directory"),
        ("/nonexistent", "not found"),
    ] {
        let output = run(lineman().args(["tftp", "route", "a", "--map", file]));
        assert_eq!(output.status.code(), Some(2), "{file}: {}", stderr(&output));
        assert!(
            stderr(&output).contains(words),
            "{file}: {}",
            stderr(&output)
        );
    }
}

/// Two machines on a switch, told apart by nothing but their link-layer addresses; the server is confined.
#[test]
fn a_machine_is_known_by_its_link_layer_address() {
    let segment = Segment::with_switch();
    let rules = [
        "--route",
        "mac=52:54:00:aa:*,name=config,path=boards/{client.mac.hyphens}",
        "--route",
        "name=config,path=boards/{client.mac}",
        "--route",
        "name=config,path=boards/default",
    ];
    let served = segment.serve_with(&rules);
    std::fs::create_dir(served.root().join("boards")).expect("directory");
    served.write("boards/52-54-00-aa-00-01", b"first");
    served.write("boards/52:54:00:bb:00:02", b"second");
    served.write("boards/default", b"default");
    let program = lineman();
    let get = format!(
        "env LC_ALL=C.UTF-8 XDG_CONFIG_HOME=/nonexistent {} -q tftp get -o - tftp://{SERVER}/config",
        program.get_program().to_str().expect("UTF-8")
    );
    for (address, mac, wanted) in [
        ("10.79.0.21", "52:54:00:aa:00:01", "first"),
        ("10.79.0.22", "52:54:00:bb:00:02", "second"),
        // Another machine takes the first one's address over.
        ("10.79.0.21", "52:54:00:bb:00:02", "second"),
    ] {
        let script = format!(
            "ip link set host down && ip link set host address {mac} && ip link set host up && {get}"
        );
        let (_host, mut said) = segment.host(address, &script);
        let mut got = String::new();
        said.read_to_string(&mut got).expect("stdout");
        assert_eq!(got, wanted, "{address} {mac}");
    }
    // The server's own machine has no entry.
    let own = run(segment.command("sh").args(["-c", &get]));
    assert_eq!(
        String::from_utf8_lossy(&own.stdout),
        "default",
        "{}",
        stderr(&own)
    );
}

/// Rules as they stand in the field, and what is asked for.
const MAPS: &[(&str, &[&str])] = &[
    (r"rg \\ /", &[r"\boot\bcd", r"a\\b", "plain"]),
    ("r ^/tftpboot/ /\nr ^[^/] /\\0", &["/tftpboot/k", "k", "/k"]),
    (
        "ri ^/?grub2?/(.*)$ /GRUB/\\1",
        &["grub/x", "/Grub2/y/z", "grub3/x"],
    ),
    ("re ^a b\nr ^b c", &["ax", "bx"]),
    ("rs aa a\nr ^a b", &["aaaa", "ca"]),
    ("r q x\nrs aa a\nr ^a b", &["aaaa", "ca"]),
    (
        "a ^/etc\n~a ^/?pub\nr ^ /x/",
        &["/etc/passwd", "pub/a", "/pub/b", "other"],
    ),
    (
        r"r ^pxelinux.cfg/([0-9A-F]+)$ cfg/\x-\1",
        &["pxelinux.cfg/C0A8", "pxelinux.cfg/default"],
    ),
    (
        r"r ^(.*)\.([A-Za-z]+)$ \L\1\E.\U\2",
        &["Boot.Efi", "NOEXT", "a.b.C"],
    ),
    (r"r [[:space:]]+ _", &["a b"]),
    (r"r []\.]+ X", &["a]b", r"a\b", "a.b"]),
    ("r x{2,3} y", &["xxxx", "x", "xx"]),
    ("G4r ^ get-\\i/\n6r ^ v6/\nPr ^ put/", &["f"]),
    ("rg (a|ab)(c|bcd)(d*) [\\1,\\2,\\3]", &["acd", "ac"]),
    (r"r ^x\ y$ x\ \#z", &["x y"]),
    ("# nothing\n\n   \n", &["a"]),
];

/// The file is there only under the name that we make of it: the other program finds it, or has made another.
#[test]
fn a_map_leads_to_the_same_file_as_in_tftpd_hpa() {
    for (rules, names) in MAPS {
        let dir = TempDir::new().expect("temporary directory");
        let map = dir.path().join("map");
        std::fs::write(&map, format!("{rules}\n")).expect("write");
        let map = map.to_str().expect("UTF-8");
        let theirs = Daemon::tftpd_hpa(&["-m", map]);
        for name in *names {
            let what = format!("{rules}\n{name}");
            let ours = run(lineman().args(["--json", "tftp", "route", "--map", map, name]));
            assert!(ours.status.success(), "{}", stderr(&ours));
            let told: serde_json::Value = serde_json::from_slice(&ours.stdout).expect("JSON");
            let served = told["served"].as_str().unwrap_or(name);
            let file = theirs.root().join(served.trim_start_matches('/'));
            if served != "nothing" {
                std::fs::create_dir_all(file.parent().expect("directory")).expect("directory");
                std::fs::write(&file, &what).expect("write");
            }
            let url = format!("tftp://127.0.0.1/{}", percent_encoded(name));
            let theirs = theirs.lineman(&["get", "-o", "-", &url]);
            match served {
                "nothing" => {
                    let said = stderr(&theirs);
                    assert!(said.contains("error 2"), "{what}: {said}");
                }
                _ => {
                    let got = String::from_utf8_lossy(&theirs.stdout);
                    assert_eq!(got, what, "{served}: {}", stderr(&theirs));
                    std::fs::remove_file(file).expect("remove");
                }
            }
        }
    }
}

fn percent_encoded(name: &str) -> String {
    let mut encoded = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' => encoded.push(byte.into()),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

/// Of a directory and of a web server, beside the files that are served; and of nothing else.
#[test]
fn a_route_may_lead_to_another_source() {
    let dir = TempDir::new().expect("temporary directory");
    let other = dir.path().join("other");
    std::fs::create_dir(&other).expect("a directory");
    std::fs::write(other.join("a.iso"), "of the other directory").expect("write");
    std::fs::write(dir.path().join("secret"), "secret").expect("write");
    let web = web_of_one("of the web");
    let file = settings(
        dir.path(),
        &format!(
            r#"
[tftp.serve]
cache = "{cache}"
http = "127.0.0.1:0"

[[tftp.serve.route]]
name = "iso/*"
source = "{other}"
path = "{{name.1}}.iso"

[[tftp.serve.route]]
name = "web/**"
source = "{web}"
"#,
            cache = dir.path().join("cache").display(),
            other = other.display(),
        ),
    );
    let served = Served::new(&["--config", &file]);
    served.write("plain", b"plain");
    assert_eq!(got(&served, "plain", &[]), Ok(b"plain".to_vec()));
    assert_eq!(
        got(&served, "iso/a", &[]),
        Ok(b"of the other directory".to_vec())
    );
    assert_eq!(got(&served, "web/x", &[]), Ok(b"of the web".to_vec()));
    for (name, words) in [("iso/b", "File not found"), ("a.iso", "File not found")] {
        let failed = got(&served, name, &[]).expect_err(name);
        assert!(failed.contains(words), "{name}: {failed}");
    }
    let store = format!("('store', '{web}')");
    let counted = metrics(&served);
    let fetched = format!("lineman_cache_requests_total [('result', 'miss'), {store}] ");
    assert_eq!(value(&counted, &fetched), 1.0, "{counted}");
    let line = served.wait_line("got \"iso/a\"");
    let led = format!("route 1: {} a.iso", other.display());
    assert!(line.contains(&led), "{line}");
    let lines = served.end();
    let confined = lines.iter().any(|line| line.contains("confined: "));
    let named = |line: &String| {
        line.contains("for routes, the files of") && line.contains(other.to_str().expect("UTF-8"))
    };
    assert!(!confined || lines.iter().any(named), "{lines:#?}");
    let mut kept = std::fs::read_dir(dir.path().join("cache")).expect("a cache");
    assert!(kept.next().is_some(), "under the source's own name");
}

/// A web server that answers everything with this, again and again; its address.
fn web_of_one(text: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let _ = stream.read(&mut [0; 4096]);
            let length = text.len();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nETag: \"1\"\r\n");
            let all = format!("{head}Connection: close\r\n\r\n{text}");
            let _ = stream.write_all(all.as_bytes());
        }
    });
    format!("http://{address}/")
}

/// A store finds a file by several names. `sub/../secret/key`, `tftpboot/secret/key` and, where case does not count, `SECRET/key` were
/// served, though a route refused `secret/**`; and what was put to `tftpboot/secret/new` was taken.
#[test]
fn a_rule_holds_for_a_file_by_whatever_name_it_is_asked_for() {
    let rules = ["name=secret/**,refuse", "name=secret/**,write,refuse"];
    let routes = rules.iter().flat_map(|rule| ["--route", rule]);
    let args: Vec<_> = ["--ignore-case", "--write", "create"]
        .into_iter()
        .chain(routes)
        .collect();
    let served = Served::new(&args);
    for directory in ["sub", "secret"] {
        std::fs::create_dir(served.root().join(directory)).expect("a directory");
    }
    served.write("secret/key", b"secret");
    served.write("sub/plain", b"plain");
    let own = served.root().join("secret/key");
    let own = own.to_str().expect("UTF-8").as_bytes();
    for name in [
        &b"secret/key"[..],
        b"sub/../secret/key",
        b"nowhere/../secret/key",
        b"\\sub\\..\\secret\\key\xff",
        b"tftpboot/secret/key",
        b"/srv/tftp/sub/../secret/key",
        b"/var/lib/tftpboot/SECRET/Key",
        b"SECRET/KEY",
        own,
    ] {
        let refused = Raw::new().read(served.address(), name);
        let shown = String::from_utf8_lossy(name);
        assert_error(&refused.expect_err(&shown), 2);
    }
    for name in [
        &b"sub/plain"[..],
        b"secret/../sub/plain",
        b"tftpboot/SUB/plain",
    ] {
        let got = Raw::new().read(served.address(), name).expect("a file");
        assert_eq!(got, b"plain", "{}", String::from_utf8_lossy(name));
    }
    for name in [
        &b"secret/new"[..],
        b"sub/../secret/new",
        b"tftpboot/secret/new",
    ] {
        let (answer, _) = Raw::new().ask(served.address(), &wrq(name, &[]));
        assert_error(&answer, 2);
    }
    served.wait_line("route 2: refused");
}

#[test]
fn a_source_that_is_not_there_is_told_at_the_start() {
    let mut serve = lineman();
    serve.args(["tftp", "serve", ".", "--listen", "127.0.0.1:0"]);
    serve.args(["--route", "name=*,source=/nowhere/at/all"]);
    let output = run(&mut serve);
    assert!(!output.status.success());
    let said = stderr(&output);
    assert!(said.contains("/nowhere/at/all"), "{said}");
}
