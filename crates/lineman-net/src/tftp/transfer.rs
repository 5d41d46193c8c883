//! One transfer on its socket: drains the session, and waits for a packet, a deadline or a word
//! from outside. Server and client run the same loop.

use std::io;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::time::Instant;

use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::DATA_HEADER;
use lineman_proto::tftp::DataRun;
use lineman_proto::tftp::ErrorCode;
use lineman_proto::tftp::Event;
use lineman_proto::tftp::Payload;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::Transmit;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::SockaddrStorage;
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::Ending;
use super::Refusal;
use super::Sink;
use super::Source;
use super::socket::canonical;

/// The file's side of a transfer.
#[derive(Debug)]
pub(super) enum Body {
    /// Blocks are read from here.
    Send(Source),
    /// Blocks go here; taken when they are made permanent.
    Receive(Option<Sink>),
}

/// What the outside may say to a running transfer, and what it wants to know.
pub(super) trait Observer {
    /// Waits until the outside has something to say.
    async fn command(&mut self) -> Command;
    /// Called after every packet and every deadline.
    fn observe(&mut self, session: &Session, bytes: u64, agreed: &Agreed);
}

/// A word from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// The client repeated its request.
    Repeat,
    /// The client asked for something else: end without a word.
    Supersede,
    /// Tell the peer and end.
    Stop,
}

/// What became of a transfer.
#[derive(Debug)]
pub(super) struct Result {
    pub(super) ending: Ending,
    pub(super) bytes: u64,
    pub(super) agreed: Agreed,
}

/// Runs a transfer to its end, dallying included. `on_done` hears of the ending as soon as it is
/// certain, before the dallying.
pub(super) async fn run<O: Observer>(
    socket: &UdpSocket,
    session: &mut Session,
    body: Body,
    agreed: Agreed,
    observer: &mut O,
    on_done: impl FnOnce(Result, &Session),
) {
    let mut transfer = Transfer {
        socket,
        session,
        body,
        agreed,
        bytes: 0,
        ending: None,
        blocks: Vec::new(),
    };
    let mut on_done = Some(on_done);
    let mut buffer = vec![0; LARGEST_DATAGRAM];
    loop {
        transfer.drain(&[]).await;
        if let Some(ending) = transfer.ending.take()
            && let Some(on_done) = on_done.take()
        {
            let result = Result {
                ending,
                bytes: transfer.bytes,
                agreed: transfer.agreed,
            };
            on_done(result, transfer.session);
        }
        observer.observe(transfer.session, transfer.bytes, &transfer.agreed);
        let Some(deadline) = transfer.session.poll_timeout() else {
            return;
        };
        tokio::select! {
            biased;
            received = socket.recv_from(&mut buffer) => match received {
                Ok((len, from)) => transfer.handle_packet(canonical(from), &buffer[..len]).await,
                Err(error) => transfer.handle_socket_error(error),
            },
            () = tokio::time::sleep_until(deadline.into()) => {
                transfer.session.handle_timeout(Instant::now());
            }
            command = observer.command() => transfer.handle_command(command),
        }
    }
}

struct Transfer<'a> {
    socket: &'a UdpSocket,
    session: &'a mut Session,
    body: Body,
    agreed: Agreed,
    bytes: u64,
    ending: Option<Ending>,
    /// The blocks of the run being sent, without headers; reused.
    blocks: Vec<u8>,
}

impl Transfer<'_> {
    async fn handle_packet(&mut self, from: SocketAddr, packet: &[u8]) {
        self.session.handle_packet(Instant::now(), from, packet);
        self.drain(packet).await;
    }

    fn handle_command(&mut self, command: Command) {
        match command {
            Command::Repeat => self.session.handle_repeated_request(Instant::now()),
            Command::Supersede => {
                self.ending = Some(Ending::Superseded);
                self.session.abandon();
            }
            Command::Stop => {
                self.ending.get_or_insert(Ending::Stopped);
                self.session.abort(ErrorCode::NOT_DEFINED, "Stopped");
            }
        }
    }

    /// The network's answer to something sent earlier. Before the server has answered, its word is
    /// final; later, packets are lost for many reasons and the session knows how to deal with that.
    fn handle_socket_error(&mut self, error: io::Error) {
        if !self.session.is_open() {
            self.ending = Some(Ending::Unreachable(error));
            self.session.abandon();
        }
    }

    /// The drain rule: everything to send and every event, before the next `handle_*`. `packet` is
    /// the one just handled; events point into it.
    async fn drain(&mut self, packet: &[u8]) {
        loop {
            if let Some(transmit) = self.session.poll_transmit() {
                self.transmit(transmit).await;
            } else if let Some(event) = self.session.poll_event() {
                self.handle_event(event, packet).await;
            } else {
                return;
            }
        }
    }

    async fn handle_event(&mut self, event: Event, packet: &[u8]) {
        match event {
            Event::Opened(agreed) => self.agreed = agreed,
            Event::Deliver(range) => self.deliver(&packet[range]),
            Event::Store => self.store().await,
            Event::Acknowledged(block) => self.acknowledged(block),
            Event::Finished { confirmed } => self.end(Ending::Complete { confirmed }),
            Event::Failed(failure) => self.end(Ending::Failed(failure)),
            _ => {}
        }
    }

    /// The first ending is the true one: what follows an abort is its echo.
    fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }

    fn deliver(&mut self, block: &[u8]) {
        self.bytes += block.len() as u64;
        if let Body::Receive(Some(sink)) = &mut self.body
            && let Err(refusal) = sink.write(block)
        {
            self.refuse(refusal);
        }
    }

    async fn store(&mut self) {
        let Body::Receive(sink) = &mut self.body else {
            return;
        };
        let Some(sink) = sink.take() else { return };
        let stored = tokio::task::spawn_blocking(move || sink.commit()).await;
        match stored {
            Ok(Ok(())) => self.session.handle_stored(Instant::now()),
            Ok(Err(refusal)) => self.refuse(refusal),
            Err(panic) => self.refuse(Refusal::System(io::Error::other(panic))),
        }
    }

    fn acknowledged(&mut self, block: u64) {
        let offset = block * u64::from(self.agreed.blksize);
        if let Body::Send(source) = &mut self.body {
            source.release(offset);
            self.bytes = source.length().map_or(offset, |length| offset.min(length));
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        if let Body::Receive(sink) = &mut self.body {
            *sink = None; // an incomplete file is removed at once
        }
        self.session.abort(refusal.code(), refusal.words());
        self.end(Ending::Refused(refusal));
    }

    async fn transmit(&mut self, transmit: Transmit) {
        match transmit.payload {
            Payload::Ack(ack) => self.send(transmit.to, &ack, &[]).await,
            Payload::Packet(packet) => self.send(transmit.to, &packet, &[]).await,
            Payload::Data(run) => self.send_run(transmit.to, &run).await,
        }
    }

    async fn send_run(&mut self, to: SocketAddr, run: &DataRun) {
        let mut blocks = std::mem::take(&mut self.blocks);
        let Body::Send(source) = &mut self.body else {
            return;
        };
        if let Err(refusal) = source.read(run, &mut blocks) {
            return self.refuse(refusal);
        }
        let blksize = usize::from(run.blksize);
        for nth in 0..run.count {
            let rest = &blocks[(nth as usize * blksize).min(blocks.len())..];
            let block = &rest[..blksize.min(rest.len())];
            self.send(to, &run.header(nth), block).await;
            if block.len() < blksize {
                self.session.handle_end(run.offset() + blocks.len() as u64);
                break;
            }
        }
        self.blocks = blocks;
    }

    /// Sends one datagram of two parts. What cannot be sent counts as lost on the way: the session
    /// repairs it, or gives up in the end.
    async fn send(&mut self, to: SocketAddr, head: &[u8], body: &[u8]) {
        let fd = self.socket.as_raw_fd();
        let parts = [IoSlice::new(head), IoSlice::new(body)];
        let addr = SockaddrStorage::from(to);
        let sent = self
            .socket
            .async_io(Interest::WRITABLE, || {
                nix::sys::socket::sendmsg(fd, &parts, &[], MsgFlags::empty(), Some(&addr))
                    .map_err(io::Error::from)
            })
            .await;
        if let Err(error) = sent {
            self.handle_socket_error(error);
        }
    }
}

/// A block of the largest size with its header, and one byte more to notice what is larger.
const LARGEST_DATAGRAM: usize = lineman_proto::tftp::MAX_BLKSIZE as usize + DATA_HEADER + 1;
