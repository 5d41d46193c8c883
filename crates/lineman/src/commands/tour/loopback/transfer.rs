//! A file over TFTP: lineman's server, and a client made of lineman's protocol core and plain
//! socket calls, so that each call can be shown.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_net::calls::Call;
use lineman_net::calls::TracedSocket;
use lineman_net::tftp::Server;
use lineman_net::tftp::ServerConfig;
use lineman_net::tftp::Store;
use lineman_net::tftp::WritePolicy;
use lineman_proto::tftp::ClientConfig;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Event;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Packet;
use lineman_proto::tftp::Payload;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::Timing;
use lineman_proto::tftp::Wish;
use sha2::Digest as _;
use sha2::Sha256;
use tokio::runtime::Runtime;

use super::any_port;
use super::stage::CLIENT;
use super::stage::Stage;
use crate::commands::tftp::words::size;
use crate::failure::Failure;
use crate::lang::tour::Tour as Words;

/// Shows a get; gives the number of bytes that arrived.
pub fn run(stage: &mut Stage) -> Result<usize, Failure> {
    stage.title(&Words::TftpTitle {})?;
    let dir = tempfile::tempdir().map_err(|error| stage.failed(Operation::Create, error))?;
    let file = generate(dir.path()).map_err(|error| stage.failed(Operation::Create, error))?;
    let runtime = Runtime::new().map_err(|error| stage.failed(Operation::Create, error))?;
    let server = runtime
        .block_on(serve(dir.path()))
        .map_err(|error| stage.failed(Operation::Bind, error.source))?;
    let address = server.addresses()[0];
    runtime.spawn(async move { server.run().await });
    stage.explain(&Words::TftpServer {
        size: &size(LENGTH as f64),
        address: &address,
    })?;
    let received = get(stage, address)?;
    runtime.shutdown_background();
    compare(stage, &file, &received)
}

fn generate(dir: &Path) -> io::Result<Vec<u8>> {
    let mut file = vec![0; LENGTH];
    io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut file)?;
    std::fs::write(dir.join(NAME), &file)?;
    Ok(file)
}

async fn serve(dir: &Path) -> Result<Server, SystemError> {
    let store = Store::open(dir, WritePolicy::Refuse, 0, false)?;
    Server::bind(&[any_port()], store, ServerConfig::default()).map(|(server, _)| server)
}

fn get(stage: &mut Stage, server: SocketAddr) -> Result<Vec<u8>, Failure> {
    let started = Instant::now();
    let mut client =
        Client::open(server).map_err(|error| stage.failed(Operation::Create, error))?;
    stage.explain(&Words::TftpAsk {})?;
    let mut shown = Shown::default();
    let mut blocks = 0;
    while !client.finished {
        let mut calls = Vec::new();
        let stepped = client.step(&mut |call| calls.push(call.clone()));
        for call in calls {
            blocks += usize::from(call.answer.starts_with("DATA"));
            shown.take(stage, call)?;
        }
        stepped.map_err(|error| stage.failed(Operation::Receive, error))?;
        if let Some(why) = &client.failed {
            return Err(stage.untrue(&Words::TransferFailed { why }));
        }
    }
    let took = started.elapsed();
    shown.finish(stage)?;
    stage.line(&Words::TftpRate {
        size: &size(client.received.len() as f64),
        millis: &took.as_millis(),
        blocks: &blocks,
        resent: &client.session.stats().duplicates,
    })?;
    Ok(client.received)
}

fn compare(stage: &mut Stage, file: &[u8], received: &[u8]) -> Result<usize, Failure> {
    let sum = |bytes: &[u8]| -> String {
        let digest = Sha256::digest(bytes);
        digest
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    };
    let (sent, got) = (sum(file), sum(received));
    stage.line(&Words::TftpSum {
        sent: &sent,
        received: &got,
    })?;
    if Sha256::digest(file) != Sha256::digest(received) {
        return Err(stage.untrue(&Words::SumsDiffer {}));
    }
    stage.line(&Words::SumsMatch {})?;
    Ok(received.len())
}

/// A session with the least of a driver around it.
struct Client {
    socket: TracedSocket,
    session: Session,
    received: Vec<u8>,
    finished: bool,
    failed: Option<String>,
    opened: Vec<Call>,
}

impl Client {
    fn open(server: SocketAddr) -> io::Result<Self> {
        let mut opened = Vec::new();
        let mut log = |call: &Call| opened.push(call.clone());
        let socket = TracedSocket::datagram(CLIENT, &mut log)?;
        socket.bind(any_port(), &mut log)?;
        socket.set_timeout(Duration::from_secs(1), &mut log)?;
        let config = ClientConfig {
            direction: Direction::Read,
            filename: NAME.into(),
            mode: Mode::Octet,
            wish: Wish {
                blksize: Some(1428),
                windowsize: Some(8),
                tsize: Some(0),
                timeout: None,
            },
            rollover: Rollover::ToZero,
            timing: Timing {
                patience: Duration::from_secs(20),
                dally: Duration::ZERO,
                unconfirmed_resends: None,
            },
            length: None,
        };
        Ok(Self {
            socket,
            session: Session::client(Instant::now(), server, config),
            received: Vec::with_capacity(LENGTH),
            finished: false,
            failed: None,
            opened,
        })
    }

    /// Sends what is due, then takes one packet or lets the time-out run out.
    fn step(&mut self, log: &mut dyn FnMut(&Call)) -> io::Result<()> {
        self.opened.drain(..).for_each(|call| log(&call));
        self.send_all(log)?;
        if self.finished {
            return Ok(());
        }
        match self.socket.recv_from(2048, describe, log) {
            Ok((packet, from)) => {
                self.session.handle_packet(Instant::now(), from, &packet);
                self.handle_events(&packet);
                self.send_all(log)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.session.handle_timeout(Instant::now());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn send_all(&mut self, log: &mut dyn FnMut(&Call)) -> io::Result<()> {
        while let Some(transmit) = self.session.poll_transmit() {
            let packet = match transmit.payload {
                Payload::Ack(ack) => ack.to_vec(),
                Payload::Packet(packet) => packet,
                Payload::Data(_) => continue, // a client that only gets sends none
            };
            self.socket
                .send_to(&packet, transmit.to, &describe(&packet), log)?;
        }
        Ok(())
    }

    fn handle_events(&mut self, packet: &[u8]) {
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Deliver(range) => self.received.extend_from_slice(&packet[range]),
                Event::Store => self.session.handle_stored(Instant::now()),
                Event::Finished { .. } => self.finished = true,
                Event::Failed(failure) => self.failed = Some(format!("{failure:?}")),
                _ => {}
            }
        }
    }
}

fn describe(packet: &[u8]) -> String {
    Packet::parse(packet).map_or_else(|error| error.to_string(), |packet| packet.to_string())
}

/// Shows the first calls and the last ones; those between are only counted.
#[derive(Default)]
struct Shown {
    first: usize,
    last: Vec<Call>,
    between: usize,
}

impl Shown {
    fn take(&mut self, stage: &mut Stage, call: Call) -> Result<(), Failure> {
        if self.first < FIRST {
            self.first += 1;
            let locks = call.answer.starts_with("OACK");
            stage.call(&call);
            if locks {
                stage.explain(&Words::TftpLock {})?;
            }
            return Ok(());
        }
        if self.last.len() == LAST {
            self.last.remove(0);
            self.between += 1;
        }
        self.last.push(call);
        Ok(())
    }

    fn finish(self, stage: &mut Stage) -> Result<(), Failure> {
        stage.explain(&Words::TftpMore {
            calls: &self.between,
        })?;
        for call in &self.last {
            stage.call(call);
        }
        stage.explain(&Words::TftpLast {})
    }
}

const NAME: &str = "tour.bin";
const LENGTH: usize = 2 << 20;
const FIRST: usize = 15;
const LAST: usize = 3;
