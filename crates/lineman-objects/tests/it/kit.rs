//! A server on a store, and a client of it in lockstep.

use std::net::SocketAddr;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use lineman_net::tftp::Ending;
use lineman_net::tftp::Refusal;
use lineman_net::tftp::Server;
use lineman_net::tftp::ServerConfig;
use lineman_net::tftp::ServerEvent;
use lineman_net::tftp::StoreFault;
use lineman_objects::CacheConfig;
use lineman_objects::Location;
use lineman_objects::Notice;
use lineman_objects::Objects;

pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    endings: Arc<Mutex<Vec<Ending>>>,
    pub(crate) notices: mpsc::Receiver<Notice>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

pub(crate) fn plain() -> CacheConfig {
    CacheConfig {
        dir: None,
        size: 1 << 30,
        stale_ok: false,
    }
}

pub(crate) fn in_dir(dir: impl Into<PathBuf>) -> CacheConfig {
    CacheConfig {
        dir: Some(dir.into()),
        ..plain()
    }
}

impl Serving {
    pub(crate) fn new(url: &str, cache: &CacheConfig) -> Self {
        let (tell, notices) = mpsc::channel();
        let location = Location::parse(url).expect("a store");
        let objects = Objects::open(location, cache).expect("a cache");
        let objects = objects.with_listener(move |notice| drop(tell.send(notice)));
        let endings = Arc::<Mutex<Vec<Ending>>>::default();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (ready, address) = mpsc::channel();
        let told = Arc::clone(&endings);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("runtime").block_on(async move {
                let any = [([127, 0, 0, 1], 0).into()];
                let config = ServerConfig {
                    max_transfers_per_client: 4096,
                    ..ServerConfig::default()
                };
                let (server, mut events) =
                    Server::bind(&any, Arc::new(objects), config).expect("bind");
                ready.send(server.addresses()[0]).expect("receiver");
                let take = async {
                    while let Some(event) = events.recv().await {
                        if let ServerEvent::Report(report) = event {
                            told.lock().expect("whole").push(report.ending);
                        }
                    }
                };
                tokio::select! {
                    failed = server.run() => panic!("{failed:?}"),
                    () = take => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address: address.recv().expect("an address"),
            endings,
            notices,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Result<Vec<u8>, Told> {
        get(self.address, name, "octet", |_| {})
    }

    /// Why the server has refused something, once it has told.
    pub(crate) fn refusal(&self) -> Refusal {
        loop {
            let mut endings = self.endings.lock().expect("whole");
            if let Some(at) = endings
                .iter()
                .position(|it| matches!(it, Ending::Refused(_)))
                && let Ending::Refused(refusal) = endings.remove(at)
            {
                return refusal;
            }
            drop(endings);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The same for what the store did.
    pub(crate) fn fault(&self) -> StoreFault {
        match self.refusal() {
            Refusal::Store(fault) => fault,
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.expect("once").expect("no panic");
        }
    }
}

/// The code and the words of an ERROR.
pub(crate) type Told = (u16, String);

/// Gets a file block by block; `heard` is told of each block's number.
pub(crate) fn get(
    server: SocketAddr,
    name: &str,
    mode: &str,
    mut heard: impl FnMut(u64),
) -> Result<Vec<u8>, Told> {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
    socket
        .set_read_timeout(Some(Duration::from_secs(40)))
        .expect("limit");
    let ask = format!("\0\x01{name}\0{mode}\0blksize\08192\0");
    socket.send_to(ask.as_bytes(), server).expect("send");
    let (mut bytes, mut buffer, mut blksize, mut next) = (Vec::new(), [0; 9000], 512, 1_u64);
    loop {
        let (length, from) = socket.recv_from(&mut buffer).expect("an answer");
        let packet = &buffer[..length];
        let number = u64::from(u16::from_be_bytes([packet[2], packet[3]]));
        let ack = match packet[1] {
            6 => {
                blksize = 8192;
                0
            }
            3 if number == next & 0xffff => {
                bytes.extend_from_slice(&packet[4..]);
                heard(next);
                next += 1;
                number
            }
            3 => continue, // it came twice
            5 => {
                let text = packet[4..]
                    .split(|byte| *byte == 0)
                    .next()
                    .unwrap_or_default();
                return Err((number as u16, String::from_utf8_lossy(text).into_owned()));
            }
            other => panic!("opcode {other}"),
        };
        let ack = [0, 4, (ack >> 8) as u8, ack as u8];
        socket.send_to(&ack, from).expect("send");
        if packet[1] == 3 && length < 4 + blksize {
            return Ok(bytes);
        }
    }
}

/// Bytes that do not repeat.
pub(crate) fn content(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2) + 1;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}
