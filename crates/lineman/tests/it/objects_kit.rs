//! SeaweedFS, a real store of objects that speaks S3, on this machine; and a way to it that counts what is
//! asked and can be narrow.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::net::Shutdown;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::Running;
use crate::support::free_port;
use crate::support::lineman;
use crate::support::peer;
use crate::support::registry;
use crate::support::wait_for;
use crate::tftp_kit::Served;
use crate::tftp_kit::run;

/// A client without a signature may do everything; a client that signs must sign right.
const IDENTITIES: &str = r#"{"identities": [
    {"name": "anonymous", "actions": ["Admin", "Read", "Write", "List"]},
    {"name": "reader", "credentials": [{"accessKey": "reader", "secretKey": "reader-secret"}], "actions": ["Read"]}
]}"#;
const KEY: &str = "reader";
const SECRET: &str = "reader-secret";
/// A busy machine starts a store slowly.
const START: Duration = Duration::from_secs(60);
/// The parts of it, each with two ports: HTTP, and gRPC.
const PARTS: [&str; 4] = ["master", "volume", "filer", "s3"];

/// The store, with a bucket `boot`.
pub struct Weed {
    running: Option<Running>,
    dir: TempDir,
    ports: [[u16; 2]; PARTS.len()],
}

impl Weed {
    pub fn start() -> Self {
        let dir = TempDir::new().expect("directory");
        std::fs::create_dir(dir.path().join("data")).expect("directory");
        std::fs::write(dir.path().join("identities"), IDENTITIES).expect("write");
        let mut weed = Self {
            running: None,
            dir,
            ports: [[(); 2]; PARTS.len()].map(|both| both.map(|()| free_port())),
        };
        weed.restart();
        weed.done("/boot", &["-X", "PUT"]);
        weed
    }

    /// Starts it anew on what it has, after [`Self::kill`].
    pub fn restart(&mut self) {
        let dir = self.dir.path();
        let log = std::fs::File::create(dir.join("log")).expect("log");
        let mut weed = Command::new(registry("python").join("bin/weed"));
        weed.arg(format!("-logdir={}", dir.display()))
            .args(["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"])
            .args(["-filer", "-s3", "-s3.iam=false"])
            .args(["-s3.port.iceberg=0", "-s3.port.lance=0"])
            .args(["-master.telemetry=false", "-master.volumeSizeLimitMB=512"])
            .arg("-volume.max=100") // a bucket takes seven to begin with
            .arg(format!("-dir={}", dir.join("data").display()))
            .arg(format!("-s3.config={}", dir.join("identities").display()));
        for (part, [http, grpc]) in PARTS.iter().zip(self.ports) {
            weed.arg(format!("-{part}.port={http}"));
            weed.arg(format!("-{part}.port.grpc={grpc}"));
        }
        for part in ["filer", "s3"] {
            let socket = dir.join(format!("{part}.sock"));
            weed.arg(format!("-{part}.localSocket={}", socket.display()));
        }
        weed.current_dir(dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("clone"))
            .stderr(log);
        self.running = Some(Running(
            weed.spawn()
                .expect("SeaweedFS is a peer; ./test installs it"),
        ));
        self.done("/", &[]);
    }

    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.ports[3][0]).into()
    }

    /// Stores an object, as a plain client of HTTP would.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        let file = self.dir.path().join("body");
        std::fs::write(&file, bytes).expect("write");
        self.done(
            &format!("/boot/{key}"),
            &["-T", file.to_str().expect("a path")],
        );
    }

    pub fn delete(&self, key: &str) {
        self.done(&format!("/boot/{key}"), &["-X", "DELETE"]);
    }

    /// Asks until it is done: for some moments after its start the store has no place for anything.
    fn done(&self, path: &str, args: &[&str]) {
        let url = format!("http://{}{path}", self.address());
        let attempt = || {
            let mut curl = peer("curl");
            curl.args(["-s", "--noproxy", "*", "--max-time", "60"])
                .args(["-o", "/dev/null", "-w", "%{http_code}"])
                .args(args);
            let said = run(curl.arg(&url)).stdout;
            matches!(&said[..], b"200" | b"204").then_some(())
        };
        wait_for(&format!("{args:?} {url}"), START, attempt);
    }

    /// With SIGKILL.
    pub fn kill(&mut self) {
        self.running = None;
        // It leaves sockets in a place that cannot be chosen.
        for (part, [_, grpc]) in PARTS.iter().zip(self.ports) {
            let _ = std::fs::remove_file(format!("/tmp/seaweedfs-{part}-grpc-{grpc}.sock"));
        }
    }
}

impl Drop for Weed {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            let end: Vec<&str> = log.lines().rev().take(40).collect();
            for line in end.iter().rev() {
                eprintln!("SeaweedFS: {line}");
            }
        }
    }
}

/// An exchange between the server and its store.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub method: String,
    pub path: String,
    /// The value of `Range`, and of `If-None-Match`.
    pub range: Option<String>,
    pub condition: Option<String>,
    /// The status of the answer, once it has one.
    pub status: Option<u16>,
}

/// Between the server and its store: it understands requests without a body, and answers that have a length.
pub struct Way {
    pub address: SocketAddr,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    /// Bytes of bodies that came from the store.
    carried: Arc<AtomicU64>,
}

impl Way {
    /// A way to `store` that carries `rate` bytes a second and connection.
    pub fn to(store: SocketAddr, rate: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let way = Self {
            address: listener.local_addr().expect("address"),
            exchanges: Arc::default(),
            carried: Arc::default(),
        };
        let (exchanges, carried) = (Arc::clone(&way.exchanges), Arc::clone(&way.carried));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (exchanges, carried) = (Arc::clone(&exchanges), Arc::clone(&carried));
                // A connection ends where the store is not there, or ends it.
                std::thread::spawn(move || {
                    let ended = client.try_clone().expect("clone");
                    let _ = TcpStream::connect(store)
                        .and_then(|store| carry(client, store, rate, &exchanges, &carried));
                    let _ = ended.shutdown(Shutdown::Both);
                });
            }
        });
        way
    }

    /// All that was asked so far.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.lock().expect("whole").clone()
    }

    pub fn carried(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }
}

fn carry(
    client: TcpStream,
    store: TcpStream,
    rate: u64,
    exchanges: &Mutex<Vec<Exchange>>,
    carried: &AtomicU64,
) -> std::io::Result<()> {
    let (mut to_client, mut to_store) = (client.try_clone()?, store.try_clone()?);
    let (mut from_client, mut from_store) = (BufReader::new(client), BufReader::new(store));
    let mut buffer = vec![0; 64 << 10];
    while let Some(asked) = head(&mut from_client)? {
        let mut words = asked.split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let exchange = Exchange {
            method: word(),
            path: word(),
            range: field(&asked, "range"),
            condition: field(&asked, "if-none-match"),
            status: None,
        };
        let nth = {
            let mut all = exchanges.lock().expect("whole");
            all.push(exchange);
            all.len() - 1
        };
        to_store.write_all(asked.as_bytes())?;
        let Some(answered) = head(&mut from_store)? else {
            return Ok(());
        };
        let status = answered.split(' ').nth(1).and_then(|it| it.parse().ok());
        exchanges.lock().expect("whole")[nth].status = status;
        to_client.write_all(answered.as_bytes())?;
        let length = field(&answered, "content-length").and_then(|it| it.parse().ok());
        let mut left: u64 = match status {
            Some(204 | 304) => 0,
            _ => length.unwrap_or(0),
        };
        while left > 0 {
            let most = buffer
                .len()
                .min(usize::try_from(left).unwrap_or(usize::MAX));
            let read = from_store.read(&mut buffer[..most])?;
            if read == 0 {
                return Ok(());
            }
            to_client.write_all(&buffer[..read])?;
            carried.fetch_add(read as u64, Ordering::Relaxed);
            left -= read as u64;
            std::thread::sleep(Duration::from_nanos(read as u64 * 1_000_000_000 / rate));
        }
    }
    Ok(())
}

/// The lines of a message before its body, with the empty one; `None` at the end.
fn head(from: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let mut lines = String::new();
    loop {
        if from.read_line(&mut lines)? == 0 {
            return Ok(None);
        }
        if lines.ends_with("\r\n\r\n") {
            return Ok(Some(lines));
        }
    }
}

fn field(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

/// A server on the bucket, by way of `endpoint`.
pub fn serve(endpoint: SocketAddr, cache: &Path, args: &[&str]) -> Served {
    serve_as(SECRET, endpoint, cache, args)
}

/// The same, with this secret.
pub fn serve_as(secret: &str, endpoint: SocketAddr, cache: &Path, args: &[&str]) -> Served {
    let mut command = lineman();
    command
        .args(["tftp", "serve", "s3://boot/v1"])
        .args(["--listen", "127.0.0.1:0", "--cache"])
        .arg(cache)
        .args(args)
        .env("AWS_ENDPOINT", format!("http://{endpoint}"))
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", secret);
    Served::under(command)
}

/// The most memory that a process has had, in bytes.
pub fn most_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kilobytes.expect("VmHWM").parse::<u64>().expect("a number") << 10
}
