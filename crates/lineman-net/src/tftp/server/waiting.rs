//! A request whose file is being opened.

use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::time::Instant;

use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Packet;
use lineman_proto::tftp::Request;
use lineman_proto::tftp::guard::Standing;

use super::ServerEvent;
use super::Shared;
use super::routing::Target;
use super::start::Asked;
use super::start::Unstarted;
use crate::packet_info::Local;
use crate::tftp::ControllerError;
use crate::tftp::Ending;
use crate::tftp::Refusal;
use crate::tftp::Source;
use crate::tftp::admission::Ticket;
use crate::tftp::socket::RequestSocket;
use crate::tftp::transfer::Body;

/// What is kept of it.
pub(super) struct Waiting {
    pub(super) shared: Arc<Shared>,
    pub(super) socket: RequestSocket,
    pub(super) from: SocketAddr,
    pub(super) local: Local,
    pub(super) packet: Vec<u8>,
    pub(super) standing: Standing,
    /// What the rules made of it; `None` where they are still to be asked.
    pub(super) target: Option<Target>,
    pub(super) ticket: Ticket,
}

/// A request that a store is to answer. One that it drops, or panics over, is answered too.
struct Unanswered {
    waiting: Option<Waiting>,
    /// Since when the store knows of it.
    began: Instant,
}

impl Waiting {
    /// Opens the file, and begins the transfer, or has its store do that later. On the pool: it may block.
    pub(super) fn open(self) {
        let packet = self.packet.clone();
        let Ok(Packet::Request(request)) = Packet::parse(&packet) else {
            return; // it was one when it came
        };
        if self.is_given_up(&request) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let Some(target) = self.target.clone() else {
            return self.decide(&request);
        };
        let unanswered = Unanswered {
            waiting: Some(self),
            began: Instant::now(),
        };
        // A panic drops what is unanswered, and that is an answer.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            if let Some(refusal) = target.refusal() {
                return unanswered.answer(|_| Err(refusal));
            }
            if let Some(text) = target.text() {
                let source = Source::bytes(text.to_vec(), request.mode);
                return unanswered.answer(|_| Ok(Body::Send(source)));
            }
            let filename = target.filename(&request);
            match (target.controller(), request.direction) {
                (Some(_), _) => unanswered.ask(&shared, &target, request.mode),
                (None, Direction::Read) => unanswered.read(&shared, filename, request.mode),
                (None, Direction::Write) => {
                    unanswered.answer(|request| shared.accept_upload(filename, request));
                }
            }
        }));
    }

    /// Asks the rules, then goes on: a file is opened in the lane that its own name leads to, whatever was asked for.
    fn decide(mut self, request: &Request<'_>) {
        let shared = Arc::clone(&self.shared);
        let target = shared.config.routing.decide(self.from, self.local, request);
        let lane = shared.store.lane(target.filename(request));
        let is_file = target.is_file();
        self.target = Some(target);
        match is_file {
            true => shared.engine.pool().submit(lane, move || self.open()),
            false => self.open(),
        }
    }

    fn is_given_up(&self, request: &Request<'_>) -> bool {
        self.shared.given_up(self.from, request, &self.ticket)
    }

    fn begin(self, opened: Result<Body, Refusal>, request: &Request<'_>) {
        if self.is_given_up(request) {
            return;
        }
        let asked = Asked {
            socket: &self.socket,
            from: self.from,
            local: self.local,
            packet: &self.packet,
            standing: self.standing,
            target: self.target.as_ref(),
        };
        // To a client that has asked for something else since, an ERROR would be the answer to that.
        if opened.is_err() && self.ticket.is_set_aside() {
            let report = asked.report(request, Ending::Superseded);
            return self.shared.send_report(report);
        }
        let started = opened
            .map_err(Unstarted::Refused)
            .and_then(|body| self.shared.start(&asked, request, body, self.ticket));
        self.shared.conclude(&asked, request, started);
    }
}

impl Unanswered {
    /// Has the store open a file. It may block.
    fn read(self, shared: &Arc<Shared>, filename: &[u8], mode: Mode) {
        let answer = |opened| self.answer(move |_| Ok(Body::Send(opened?)));
        shared.store.open(filename, mode, Box::new(answer));
    }

    /// Asks a controller; where it gives nothing, the file of the route is opened that was named for that.
    fn ask(self, shared: &Arc<Shared>, target: &Target, mode: Mode) {
        let Some((url, timeout, fallback)) = target.controller() else {
            return; // its drop answers
        };
        let Some(controller) = &shared.config.routing.controller else {
            let none = ControllerError::Unreachable("no HTTP in this program".to_owned());
            return self.answer(|_| Err(Refusal::Controller(none)));
        };
        let (shared, fallback) = (Arc::clone(shared), fallback.map(<[u8]>::to_vec));
        let answer = move |answered: Result<Vec<u8>, ControllerError>| match (answered, fallback) {
            (Ok(bytes), _) => self.answer(move |_| Ok(Body::Send(Source::bytes(bytes, mode)))),
            (Err(why), None) => self.answer(|_| Err(Refusal::Controller(why))),
            (Err(why), Some(filename)) => {
                self.tell_fallback(&shared, &filename, why);
                let lane = shared.store.lane(&filename);
                let pool = shared.engine.pool().clone();
                pool.submit(lane, move || self.read(&shared, &filename, mode));
            }
        };
        controller.ask(url.to_owned(), timeout, Box::new(answer));
    }

    fn tell_fallback(&self, shared: &Shared, fallback: &[u8], why: ControllerError) {
        if let Some(waiting) = &self.waiting {
            shared.send_event(ServerEvent::FellBack {
                peer: waiting.from,
                fallback: fallback.to_vec(),
                why,
            });
        }
    }

    /// `open` may block.
    fn answer(mut self, open: impl FnOnce(&Request<'_>) -> Result<Body, Refusal>) {
        let Some(packet) = self.waiting.as_ref().map(|waiting| waiting.packet.clone()) else {
            return; // it is taken once
        };
        let Ok(Packet::Request(request)) = Packet::parse(&packet) else {
            return;
        };
        let mut opened = open(&request);
        if let Some(waiting) = self.waiting.take() {
            if opened.is_ok() && self.began.elapsed() > waiting.shared.config.timing.patience {
                opened = Err(Refusal::System(io::ErrorKind::TimedOut.into()));
            }
            waiting.begin(opened, &request);
        }
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        let Some(waiting) = self.waiting.take() else {
            return;
        };
        let packet = waiting.packet.clone();
        if let Ok(Packet::Request(request)) = Packet::parse(&packet) {
            let unanswered = io::Error::other("a panic");
            waiting.begin(Err(Refusal::System(unanswered)), &request);
        }
    }
}
