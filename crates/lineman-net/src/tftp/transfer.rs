//! One transfer on its socket: drains the session, and waits for a packet, a deadline or a word
//! from outside. Server and client run the same loop.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::DATA_HEADER;
use lineman_proto::tftp::DataRun;
use lineman_proto::tftp::ErrorCode;
use lineman_proto::tftp::Event;
use lineman_proto::tftp::Payload;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::Transmit;
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::Ending;
use super::Refusal;
use super::Sink;
use super::Source;
use super::body::ReadError;
use super::burst::Burst;
use super::burst::Method;
use super::socket::Received;
use super::socket::receive;
use super::socket::receive_together;

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

/// Runs a transfer to its end, dallying included. `blksize` is the largest that the peer may send
/// in; what is larger is cut by the system, and still too large by then. `on_done` hears of the ending as soon as it is
/// certain, before the dallying.
pub(super) async fn run<O: Observer>(
    socket: &UdpSocket,
    session: &mut Session,
    body: Body,
    agreed: Agreed,
    blksize: u16,
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
        method: Method::default(),
    };
    let mut on_done = Some(on_done);
    let mut buffer = transfer.receive_buffer(blksize);
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
            received = receive(socket, &mut buffer) => match received {
                Ok(received) => transfer.handle_received(received, &buffer).await,
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
    /// How bursts leave this socket.
    method: Method,
}

impl Transfer<'_> {
    /// Who sends hears ACKs only, and there may be thousands of senders; who receives gets a window
    /// in one call, if the kernel can.
    fn receive_buffer(&self, blksize: u16) -> Vec<u8> {
        let largest = match self.body {
            Body::Send(_) => LARGEST_CONTROL,
            Body::Receive(_) => {
                receive_together(self.socket);
                LARGEST_TOGETHER.max(usize::from(blksize) + DATA_HEADER + 1)
            }
        };
        vec![0; largest]
    }

    async fn handle_received(&mut self, received: Received, buffer: &[u8]) {
        for packet in buffer[..received.len].chunks(received.segment) {
            self.session
                .handle_packet(Instant::now(), received.from, packet);
            self.drain(packet).await;
        }
    }

    fn handle_command(&mut self, command: Command) {
        match command {
            Command::Repeat => self.session.handle_repeated_request(Instant::now()),
            Command::Supersede => {
                self.ending = Some(Ending::Superseded);
                self.session.abandon();
            }
            Command::Stop if self.session.is_dallying() => self.session.abandon(),
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
            Payload::Ack(ack) => self.send(transmit.to, &ack).await,
            Payload::Packet(packet) => self.send(transmit.to, &packet).await,
            Payload::Data(run) => self.send_run(transmit.to, run).await,
        }
    }

    /// Sends one packet. What cannot be sent counts as lost on the way: the session repairs it, or
    /// gives up in the end.
    async fn send(&mut self, to: SocketAddr, packet: &[u8]) {
        if let Err(error) = self.socket.send_to(packet, to).await {
            self.handle_socket_error(error);
        }
    }

    /// Sends a run burst by burst, until all of it has left, the source has ended or failed.
    async fn send_run(&mut self, to: SocketAddr, mut run: DataRun) {
        let mut misses = 0;
        while !run.is_empty() {
            let mut rest = run;
            let next = rest.take(Burst::capacity(run.blksize));
            let step = BURST.with_borrow_mut(|burst| self.send_burst(to, &next, burst));
            match step {
                Step::Sent { blocks } => drop(run.take(blocks)),
                Step::Ended { length } => return self.session.handle_end(length),
                Step::SocketFull => {
                    // An error shows in the next attempt.
                    let _ = self.socket.writable().await;
                }
                Step::NotCached => {
                    misses += 1;
                    self.read_ahead(&next, misses).await;
                }
                Step::Refused(refusal) => return self.refuse(refusal),
                Step::Failed(error) => {
                    self.handle_socket_error(error);
                    return;
                }
            }
        }
    }

    /// Reads and sends a burst, without waiting for anything.
    fn send_burst(&mut self, to: SocketAddr, run: &DataRun, burst: &mut Burst) -> Step {
        let Body::Send(source) = &mut self.body else {
            return Step::Sent { blocks: run.count }; // a receiver has no blocks to send
        };
        burst.lay_out(run);
        let bytes = match source.read(run, burst) {
            Ok(bytes) => bytes,
            Err(ReadError::NotCached) => return Step::NotCached,
            Err(ReadError::Refused(refusal)) => return Step::Refused(refusal),
        };
        let ends = bytes < run.len();
        if ends {
            burst.end_at(bytes);
        }
        let blocks = if ends {
            (bytes / usize::from(run.blksize)) as u32 + 1
        } else {
            run.count
        };
        let (socket, method) = (self.socket, &mut self.method);
        match socket.try_io(Interest::WRITABLE, || burst.send(socket, to, method)) {
            Ok(sent) if sent == blocks && ends => Step::Ended {
                length: run.offset() + bytes as u64,
            },
            Ok(sent) => Step::Sent { blocks: sent },
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Step::SocketFull,
            Err(error) => Step::Failed(error),
        }
    }

    async fn read_ahead(&mut self, run: &DataRun, misses: u32) {
        let Body::Send(source) = &mut self.body else {
            return;
        };
        if misses > PATIENT_MISSES {
            return source.wait_for_disk();
        }
        // A panic there would show as a miss again.
        let _ = tokio::task::spawn_blocking(source.read_ahead(run)).await;
    }
}

/// What came of sending a burst.
enum Step {
    /// So many blocks have left.
    Sent { blocks: u32 },
    /// The source ends here, and everything has left.
    Ended { length: u64 },
    /// The socket takes no more for the moment.
    SocketFull,
    /// The blocks are not in memory.
    NotCached,
    /// The source failed.
    Refused(Refusal),
    /// The network refused; the blocks count as lost.
    Failed(io::Error),
}

thread_local! {
    /// One for all transfers of a thread: between two waits a burst is read and sent, and nothing
    /// of it is kept.
    static BURST: RefCell<Burst> = RefCell::default();
}

/// Room for packets that are no blocks: options and error messages.
const LARGEST_CONTROL: usize = 2048;
/// What the kernel hands over together at the most.
const LARGEST_TOGETHER: usize = 65535;
/// After so many misses for the same burst, reading waits for the disk.
const PATIENT_MISSES: u32 = 3;
