//! One transfer at its place in the engine: packets, moments and words in, packets and blocks out.
//! Server and client run the same one.
//!
//! Nothing in here waits. What has to be waited for (a disk, a full socket) is a [`Stall`]: until it
//! is over, the transfer neither hears nor sends.

mod ahead;
mod body;
mod meter;
mod sending;
mod task;
mod unproven;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::ErrorCode;
use lineman_proto::tftp::Event;
use lineman_proto::tftp::Failure;
use lineman_proto::tftp::FlightChange;
use lineman_proto::tftp::Payload;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::Transmit;

pub(super) use body::Body;
pub(super) use meter::Meter;
pub(super) use meter::SharedWindow;
pub(super) use sending::Scratch;
use sending::Unsent;
use unproven::Sign;
pub(super) use unproven::Unproven;

use super::Ending;
use super::Refusal;
use super::Replaced;
use super::burst::Method;
use super::engine::Lane;
use super::engine::TaskHandle;
use super::engine::TaskTable;
use super::inbox::Inbox;
use super::inbox::drop_errors;
use super::inbox::receive_together;
use super::sink::Written;
use super::transfer_socket::TransferSocket;

/// A transfer as others know it.
pub(super) type TransferHandle = TaskHandle<Transfer>;
/// The transfers of one thread.
pub(super) type TransferTable = TaskTable<Transfer>;

/// Who wants to know how a transfer is doing. Dropped when the transfer has left its place.
pub(super) trait Observer: Send + std::fmt::Debug {
    /// Called after every packet and every deadline; must be quick.
    fn observe(&mut self, now: Instant, session: &Session, bytes: u64, agreed: &Agreed);
    /// The peer is where it says it is, which its answers alone do not show (see [`Unproven`]).
    fn proved(&mut self) {}
    /// So long after its ACK was taken from the socket, the last of the blocks that it called for had left.
    fn turned_around(&mut self, _took: Duration) {}
    /// Its blocks wait, because it has proved nothing.
    fn slowed(&mut self, _peer: SocketAddr) {}
    /// The ending is certain; some dallying may follow. Called once.
    fn ended(&mut self, result: Result, session: &Session);
}

/// A word from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// The client repeated its request.
    Repeat,
    /// The client asked for something else: end without a word.
    Supersede,
    /// The peer's machine says that nobody has its port: end without a word.
    Gone,
    /// Its window may leave.
    Permit,
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

/// What a transfer waited for, and got.
#[derive(Debug)]
pub(super) enum Waited {
    /// The blocks are in memory now, or never will be.
    ReadAhead,
    /// A piece of the file is written.
    Written(std::result::Result<Written, Refusal>),
    /// The file is permanent, or why not.
    Stored(std::result::Result<Replaced, Refusal>),
    /// Nothing: the thread that was to do it panicked.
    Panicked,
}

/// What a transfer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stall {
    /// The disk.
    Disk,
    /// The socket takes no more; another attempt is due then.
    SocketFull { until: Instant },
}

/// One transfer.
#[derive(Debug)]
pub(super) struct Transfer {
    transfer_socket: TransferSocket,
    session: Session,
    body: Body,
    agreed: Agreed,
    observer: Box<dyn Observer>,
    handle: Option<TransferHandle>,
    /// Which work off the loop may hang together with this transfer's.
    lane: Lane,
    bytes: u64,
    /// How many bytes the source had, once its end was read: text and streams tell it no sooner.
    length: Option<u64>,
    ending: Option<Ending>,
    reported: bool,
    stall: Option<Stall>,
    unsent: Option<Unsent>,
    /// A packet that came by a shared socket while the sink was full. In a socket of its own it would wait in the
    /// kernel; the block before it has been acknowledged, so that its sender need not send it again.
    kept: Option<(SocketAddr, Box<[u8]>)>,
    /// How bursts leave this socket.
    method: Method,
    /// What the system said when it refused to send, and nothing has come from the peer since.
    refused: Option<io::Error>,
    /// The peer's account, as long as the peer has proved nothing and its address could be forged.
    unproven: Option<Box<Unproven>>,
    /// Its part of the congestion window, if it has one.
    meter: Option<Box<Meter>>,
    /// When a sender heard what it has not answered with blocks yet.
    heard: Option<Instant>,
    /// The same, once blocks have left for it.
    answered: Option<Instant>,
}

impl Transfer {
    /// A transfer that [`Self::begin`] will begin.
    pub(super) fn new(
        transfer_socket: TransferSocket,
        session: Session,
        body: Body,
        agreed: Agreed,
        observer: Box<dyn Observer>,
    ) -> Self {
        Self {
            transfer_socket,
            session,
            body,
            agreed,
            observer,
            handle: None,
            lane: Lane::default(),
            bytes: 0,
            length: None,
            ending: None,
            reported: false,
            stall: None,
            unsent: None,
            kept: None,
            method: Method::default(),
            refused: None,
            unproven: None,
            meter: None,
            heard: None,
            answered: None,
        }
    }

    /// The same; its work off the loop goes into `lane`.
    pub(super) fn in_lane(mut self, lane: Lane) -> Self {
        self.lane = lane;
        self
    }

    /// The same for a peer whose answers do not show that it is there.
    pub(super) fn with_unproven_peer(mut self, unproven: Unproven) -> Self {
        self.unproven = Some(Box::new(unproven));
        self
    }

    /// The same; its windows leave as the meter permits.
    pub(super) fn with_meter(mut self, meter: Option<Meter>) -> Self {
        self.meter = meter.map(Box::new);
        self
    }

    /// Sends the first packet. What is waited for off the loop comes back by `handle`.
    fn begin(&mut self, handle: TransferHandle, scratch: &mut Scratch) {
        self.handle = Some(handle);
        if let (Body::Receive(_), TransferSocket::Own(socket)) = (&self.body, &self.transfer_socket)
        {
            receive_together(socket);
        }
        self.advance(&[], scratch);
    }

    /// Whether it takes packets now.
    fn takes_packets(&self) -> bool {
        self.stall.is_none() && !self.body.is_busy()
    }

    /// When [`Self::handle_timeout`] is due.
    fn deadline(&self) -> Option<Instant> {
        match self.stall {
            // Silence while nobody listens proves nothing.
            None if self.body.is_busy() => None,
            None => {
                let not_before = self.unproven.as_deref().and_then(Unproven::not_before);
                self.session
                    .poll_timeout()
                    .map(|due| not_before.map_or(due, |at| due.max(at)))
            }
            Some(Stall::SocketFull { until }) => Some(until),
            Some(Stall::Disk) => None,
        }
    }

    /// Whether nothing is left to do.
    fn is_over(&self) -> bool {
        self.stall.is_none() && self.session.poll_timeout().is_none()
    }

    /// There is something at its socket. Takes one burst; others have their turn then. Gives `true`
    /// when [`Self::answer`] is to follow, before anything else.
    fn handle_readable(&mut self, error: bool, inbox: &mut Inbox, scratch: &mut Scratch) -> bool {
        let to_answer = match self.body {
            Body::Send(_) => self.receive_one(inbox),
            Body::Receive(_) => {
                self.receive_burst(inbox, scratch);
                false
            }
        };
        if error {
            drop_errors(&self.transfer_socket); // not before: that would take the error from the call above
        }
        to_answer
    }

    /// A sender hears one ACK at a time.
    fn receive_one(&mut self, inbox: &mut Inbox) -> bool {
        match inbox.receive_one(&self.transfer_socket) {
            Ok(Some(arrival)) => {
                for packet in arrival.datagrams() {
                    self.pass_to_session(arrival.from, packet);
                }
                true
            }
            Ok(None) => false,
            Err(error) => {
                self.handle_socket_error(error);
                true
            }
        }
    }

    /// A receiver hears a window at a time.
    fn receive_burst(&mut self, inbox: &mut Inbox, scratch: &mut Scratch) {
        match inbox.receive(&self.transfer_socket) {
            Ok(Some(arrival)) => {
                for packet in arrival.datagrams() {
                    // Full or not: what has been taken from the socket would be lost, in the middle of a
                    // window, and it is no more than one burst.
                    if self.stall.is_none() {
                        let now = Instant::now();
                        self.session.handle_packet(now, arrival.from, packet);
                    }
                    self.drain(packet, scratch);
                }
                self.notify();
            }
            Ok(None) => {}
            Err(error) => {
                self.handle_socket_error(error);
                self.advance(&[], scratch);
            }
        }
    }

    /// A packet came by a shared socket.
    fn handle_packet(&mut self, from: SocketAddr, packet: &[u8], scratch: &mut Scratch) {
        match self
            .unproven
            .as_mut()
            .map(|peer| peer.handle_packet(Instant::now(), packet))
        {
            Some(Sign::Forged) => {
                self.end(Ending::Forged);
                self.session.abandon();
                self.forget_stall();
            }
            Some(Sign::Proof) => {
                self.unproven = None;
                self.observer.proved();
            }
            Some(Sign::None) | None => {}
        }
        self.pass_to_session(from, packet);
        self.advance(packet, scratch);
    }

    /// One that comes while the transfer waits for something is lost, as packets are; but for the first that finds a
    /// full sink. Of a window the rest is asked for again.
    fn pass_to_session(&mut self, from: SocketAddr, packet: &[u8]) {
        if self.stall.is_some() {
            return;
        }
        if self.body.is_full() {
            self.kept.get_or_insert_with(|| (from, packet.into()));
        } else {
            let now = Instant::now();
            self.heard = Some(now);
            self.session.handle_packet(now, from, packet);
        }
    }

    /// The sink has room again, if it had none.
    fn take_kept(&mut self, scratch: &mut Scratch) {
        if self.stall.is_none()
            && !self.body.is_full()
            && let Some((from, packet)) = self.kept.take()
        {
            self.session.handle_packet(Instant::now(), from, &packet);
            self.advance(&packet, scratch);
        }
    }

    /// Sends what is to be said to what was heard.
    fn answer(&mut self, scratch: &mut Scratch) {
        self.advance(&[], scratch);
    }

    /// The time that [`Self::deadline`] named has come.
    fn handle_timeout(&mut self, scratch: &mut Scratch) {
        match self.stall.take() {
            None => {
                self.heard = None; // what leaves now answers nothing
                self.session.handle_timeout(Instant::now());
            }
            Some(Stall::SocketFull { .. }) => self.send_rest(scratch),
            waiting @ Some(Stall::Disk) => self.stall = waiting,
        }
        self.advance(&[], scratch);
    }

    /// A word from outside.
    fn handle_command(&mut self, command: Command, scratch: &mut Scratch) {
        match command {
            Command::Repeat => self.session.handle_repeated_request(Instant::now()),
            Command::Supersede => {
                self.end(Ending::Superseded);
                self.session.abandon();
                self.forget_stall();
            }
            Command::Gone => {
                let refused = io::Error::from_raw_os_error(nix::libc::ECONNREFUSED);
                self.end(Ending::Unreachable(refused));
                self.session.abandon();
                self.forget_stall();
            }
            Command::Permit => self.handle_permit(),
            Command::Stop if self.session.is_dallying() => self.session.abandon(),
            Command::Stop => {
                self.end(Ending::Stopped);
                self.session.abort(ErrorCode::NOT_DEFINED, "Stopped");
                self.forget_stall();
            }
        }
        self.advance(&[], scratch);
    }

    /// What it waited for is there.
    fn handle_waited(&mut self, waited: Waited, scratch: &mut Scratch) {
        match waited {
            Waited::Written(written) => self.handle_written(written, scratch),
            Waited::ReadAhead if self.leave_disk() => self.send_rest(scratch),
            Waited::Stored(Ok(replaced)) => {
                if self.leave_disk() {
                    self.session.handle_stored(Instant::now());
                }
                self.advance(&[], scratch); // the last ACK leaves before anything that takes time
                scratch.discard(Waited::Stored(Ok(replaced)));
            }
            Waited::Stored(Err(refusal)) if self.leave_disk() => self.refuse(refusal),
            Waited::Panicked => {
                self.forget_stall();
                self.refuse(Refusal::System(io::Error::other("a panic")));
            }
            Waited::ReadAhead | Waited::Stored(_) => {} // it has been ended meanwhile
        }
        self.advance(&[], scratch);
        self.take_kept(scratch);
    }

    /// It has waited for the disk, and does no more.
    fn leave_disk(&mut self) -> bool {
        self.stall.take_if(|stall| *stall == Stall::Disk).is_some()
    }

    fn forget_stall(&mut self) {
        self.stall = None;
        self.unsent = None;
    }

    fn advance(&mut self, packet: &[u8], scratch: &mut Scratch) {
        self.drain(packet, scratch);
        self.notify();
    }

    /// The drain rule: everything to send and every event, before the next `handle_*`. `packet` is
    /// the one just handled; events point into it.
    fn drain(&mut self, packet: &[u8], scratch: &mut Scratch) {
        while self.stall.is_none() {
            if let Some(transmit) = self.session.poll_transmit() {
                self.transmit(transmit, scratch);
            } else if let Some(event) = self.session.poll_event() {
                self.handle_event(event, packet, scratch);
            } else if let Some(change) = self.session.poll_flight() {
                self.handle_flight(change);
            } else {
                return;
            }
        }
    }

    fn handle_flight(&mut self, change: FlightChange) {
        let now = Instant::now();
        if let Some(meter) = &mut self.meter
            && meter.note(now, change)
        {
            self.session.handle_permit(now);
        }
    }

    fn handle_permit(&mut self) {
        let now = Instant::now();
        let Some(meter) = &mut self.meter else {
            return;
        };
        meter.permitted();
        if !self.session.handle_permit(now) {
            meter.give_back(now);
        }
    }

    /// Tells the owner how it stands.
    fn notify(&mut self) {
        if let Some(ending) = self.ending.take()
            && !std::mem::replace(&mut self.reported, true)
        {
            let result = Result {
                ending,
                bytes: self.bytes,
                agreed: self.agreed,
            };
            self.observer.ended(result, &self.session);
        }
        let now = Instant::now();
        if self.unsent.is_none()
            && let Some(heard) = self.answered.take()
        {
            self.observer.turned_around(now.duration_since(heard));
        }
        self.observer
            .observe(now, &self.session, self.bytes, &self.agreed);
    }

    fn transmit(&mut self, transmit: Transmit, scratch: &mut Scratch) {
        match transmit.payload {
            Payload::Ack(ack) => self.send(transmit.to, &ack),
            Payload::Packet(packet) => self.send(transmit.to, &packet),
            Payload::Data(run) => {
                self.unsent = Some(Unsent::new(transmit.to, run));
                self.send_rest(scratch);
            }
        }
    }

    /// Sends one packet. What cannot be sent counts as lost on the way: the session repairs it, or
    /// gives up in the end.
    fn send(&mut self, to: SocketAddr, packet: &[u8]) {
        if self
            .unproven
            .as_mut()
            .is_some_and(|peer| !peer.take(packet.len()))
        {
            return;
        }
        if let Err(error) = self.transfer_socket.send(to, packet) {
            self.handle_unsent(error);
        }
    }

    fn handle_event(&mut self, event: Event, packet: &[u8], scratch: &mut Scratch) {
        match event {
            Event::Opened(agreed) => self.agreed = agreed,
            Event::Deliver(range) => self.deliver(&packet[range], scratch),
            Event::Store => self.store(scratch),
            Event::Acknowledged(block) => {
                self.refused = None;
                self.acknowledged(block);
            }
            Event::Finished { confirmed } => self.end(Ending::Complete { confirmed }),
            // Who hears nothing, because the system sends nothing, is not to blame for silence.
            Event::Failed(Failure::Silent { .. } | Failure::Unanswered)
                if self.refused.is_some() =>
            {
                let refused = self.refused.take().map(Ending::Unreachable);
                self.end(refused.unwrap_or(Ending::Stopped));
            }
            Event::Failed(failure) => self.end(Ending::Failed(failure)),
            _ => {}
        }
    }

    /// The first ending is the true one: what follows an abort is its echo.
    fn end(&mut self, ending: Ending) {
        if !self.reported {
            self.ending.get_or_insert(ending);
        }
    }

    /// The system has not sent something. Where nothing has been heard from the peer yet, and what the
    /// system says is for good, there is no use in waiting; later it may be a firewall's moment.
    fn handle_unsent(&mut self, error: io::Error) {
        if !is_refusal(&error) {
            return self.handle_socket_error(error);
        }
        if self.session.is_open() && self.session.is_confirmed() {
            self.refused = Some(error);
        } else {
            self.end(Ending::Unreachable(error));
            self.session.abandon();
        }
    }

    /// The network's answer to something sent earlier. Before the server has answered, its word is
    /// final; later, packets are lost for many reasons and the session knows how to deal with that.
    fn handle_socket_error(&mut self, error: io::Error) {
        if !self.session.is_open() {
            self.end(Ending::Unreachable(error));
            self.session.abandon();
        }
    }
}

/// Whether this machine will send nothing there: its firewall, its routes.
fn is_refusal(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::PermissionDenied
            | Kind::NetworkUnreachable
            | Kind::HostUnreachable
            | Kind::NetworkDown
            | Kind::AddrNotAvailable
    )
}
