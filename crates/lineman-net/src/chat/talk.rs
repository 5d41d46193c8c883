//! A call held line by line.

use std::io;
use std::io::ErrorKind;
use std::io::Read as _;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::chat::Config;
use lineman_proto::chat::Direction;
use lineman_proto::chat::Event;
use lineman_proto::chat::SendError;
use lineman_proto::chat::Session;
use lineman_proto::chat::Totals;
use lineman_proto::chat::Transmit;
use socket2::SockRef;
use tokio::net::TcpStream;

use super::link;
use crate::sys;

/// The kernel is asked about delivery soon after a line was sent, then ever more rarely.
const FIRST_CHECK: Duration = Duration::from_millis(5);
const RAREST_CHECK: Duration = Duration::from_millis(250);
/// On leaving: how long delivery may take, and how long the peer may take to hang up after it.
const DELIVERY_TIME: Duration = Duration::from_secs(5);
const HANG_UP_TIME: Duration = Duration::from_millis(500);
/// Beyond this many bytes on their way to the kernel no further input should be taken.
const CONGESTED: usize = 64 * 1024;
const READ_SIZE: usize = 16 * 1024;

/// A call held line by line: a [`Session`] and the socket it runs over.
///
/// Call [`next`](Self::next) until it gives `None`; send in between.
#[derive(Debug)]
pub struct Talk {
    stream: TcpStream,
    session: Session,
    unwritten: Vec<u8>,
    /// All bytes are with the kernel; tell it that they were the last.
    finish_due: bool,
    check_at: Option<Instant>,
    check_interval: Duration,
    leaving: Option<Leaving>,
    error: Option<io::Error>,
    buffer: Vec<u8>,
}

/// When a call that is being left is left at the latest.
#[derive(Clone, Copy, Debug)]
struct Leaving {
    delivered_by: Instant,
    hung_up_by: Option<Instant>,
}

impl Talk {
    /// Takes over a connected stream.
    ///
    /// # Errors
    /// When a socket option cannot be set.
    pub fn new(stream: TcpStream, config: Config) -> io::Result<Self> {
        link::prepare_text(&stream)?;
        Ok(Self {
            stream,
            session: Session::new(config),
            unwritten: Vec::new(),
            finish_due: false,
            check_at: None,
            check_interval: FIRST_CHECK,
            leaving: None,
            error: None,
            buffer: vec![0; READ_SIZE],
        })
    }

    /// Sends a line. What becomes of it is told by an event only if it is not delivered.
    ///
    /// # Errors
    /// When nothing can be sent any more.
    pub fn send_line(&mut self, line: &[u8]) -> Result<(), SendError> {
        self.session.send_line(line)
    }

    /// Finishes sending; what arrives is still told.
    pub fn finish(&mut self) {
        self.session.finish(Instant::now());
    }

    /// Ends the call: finishes sending and waits, for a while, until everything is delivered and
    /// the peer has hung up. [`next`](Self::next) tells what happens meanwhile.
    pub fn leave(&mut self) {
        self.finish();
        if self.leaving.is_none() {
            self.leaving = Some(Leaving {
                delivered_by: Instant::now() + DELIVERY_TIME,
                hung_up_by: None,
            });
        }
    }

    /// What happened next; `None` when the call is over. May be dropped and called again at any
    /// time without losing anything.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            self.write();
            if let Some(event) = self.session.poll_event() {
                return Some(event);
            }
            if self.is_over(Instant::now()) {
                return self.session.poll_event(); // what was given up, once
            }
            tokio::select! {
                _ = self.stream.readable(), if self.session.incoming().is_open() => self.read(),
                _ = self.stream.writable(), if !self.unwritten.is_empty() => {}
                () = sleep_until(self.due()) => self.tick(Instant::now()),
            }
        }
    }

    /// Whether so much is on its way that no further lines should be sent for now.
    pub fn is_congested(&self) -> bool {
        self.unwritten.len() > CONGESTED
    }

    /// Our direction.
    pub fn outgoing(&self) -> Direction {
        self.session.outgoing()
    }

    /// The peer's direction.
    pub fn incoming(&self) -> Direction {
        self.session.incoming()
    }

    /// What the call came to so far.
    pub fn totals(&self) -> Totals {
        self.session.totals()
    }

    /// What the system said when the connection broke.
    pub fn error(&self) -> Option<&io::Error> {
        self.error.as_ref()
    }

    fn is_over(&mut self, now: Instant) -> bool {
        if self.session.incoming() == Direction::Broken {
            return true;
        }
        let Some(leaving) = &mut self.leaving else {
            return false;
        };
        if !self.session.is_delivered() {
            let late = now >= leaving.delivered_by;
            if late {
                self.session.give_up();
            }
            return late;
        }
        let hung_up_by = *leaving.hung_up_by.get_or_insert(now + HANG_UP_TIME);
        !self.session.incoming().is_open() || now >= hung_up_by
    }

    /// When something is due.
    fn due(&self) -> Option<Instant> {
        let leaving = self
            .leaving
            .map(|leaving| leaving.hung_up_by.unwrap_or(leaving.delivered_by));
        let dues = [self.session.poll_timeout(), self.check_at, leaving];
        dues.into_iter().flatten().min()
    }

    fn tick(&mut self, now: Instant) {
        self.session.handle_timeout(now);
        if self.check_at.take_if(|at| *at <= now).is_some() {
            self.check_delivery();
            if !self.session.is_delivered() {
                self.check_interval = (self.check_interval * 2).min(RAREST_CHECK);
                self.check_at = Some(now + self.check_interval);
            }
        }
    }

    fn check_delivery(&mut self) {
        self.ask_kernel();
        match self.stream.take_error() {
            Ok(None) => {}
            Ok(Some(error)) | Err(error) => self.broken(error),
        }
    }

    /// Hands the session what the kernel knows; a kernel that does not answer knows of a socket
    /// that is gone, which reading and writing report.
    fn ask_kernel(&mut self) {
        if let Ok(bytes) = sys::unacknowledged(&self.stream) {
            let finish = u64::from(self.finish_due);
            let waiting = bytes + self.unwritten.len() as u64 + finish;
            self.session.handle_delivery(waiting);
        }
    }

    fn write(&mut self) {
        loop {
            while let Some(transmit) = self.session.poll_transmit() {
                match transmit {
                    Transmit::Data(mut data) => self.unwritten.append(&mut data),
                    Transmit::Finish => self.finish_due = true,
                }
                self.check_interval = FIRST_CHECK;
                self.check_at = Some(Instant::now() + FIRST_CHECK);
            }
            if self.unwritten.is_empty() {
                break;
            }
            match self.stream.try_write(&self.unwritten) {
                Ok(written) => drop(self.unwritten.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => return self.broken(error),
            }
        }
        if self.finish_due {
            match link::finish(&self.stream) {
                Ok(()) => self.finish_due = false,
                Err(error) => self.broken(error),
            }
        }
    }

    fn read(&mut self) {
        match self.stream.try_read(&mut self.buffer) {
            Ok(0) => self.session.handle_peer_finished(),
            Ok(len) => self
                .session
                .handle_packet(Instant::now(), &self.buffer[..len]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => self.broken(error),
        }
    }

    /// The connection broke. What arrived before that is still in the socket.
    fn broken(&mut self, error: io::Error) {
        if self.session.incoming() == Direction::Broken {
            return;
        }
        self.ask_kernel();
        while self.session.incoming().is_open()
            && let Ok(len @ 1..) = (&*SockRef::from(&self.stream)).read(&mut self.buffer)
        {
            self.session
                .handle_packet(Instant::now(), &self.buffer[..len]);
        }
        self.unwritten.clear();
        self.check_at = None;
        self.error = Some(error);
        self.session.handle_broken();
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
