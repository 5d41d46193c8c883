//! A request whose file is being opened.

use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::time::Instant;

use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Packet;
use lineman_proto::tftp::Request;
use lineman_proto::tftp::guard::Standing;

use super::Shared;
use super::opening::Wanted;
use super::routing::Target;
use super::start::Asked;
use super::start::Unstarted;
use crate::packet_info::Local;
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
    pub(super) fn open(mut self) {
        let packet = self.packet.clone();
        let Ok(Packet::Request(request)) = Packet::parse(&packet) else {
            return; // it was one when it came
        };
        if self.is_given_up(&request) {
            return;
        }
        let (shared, peer) = (Arc::clone(&self.shared), self.from);
        let Some(target) = self.target.take() else {
            return self.decide(&request);
        };
        let (store, ip) = (shared.store_of(&target), self.local.ip);
        let routing = &shared.config.routing;
        let target = routing.decide_found(target.clone(), &**store, peer, ip, &request);
        self.target = Some(target.clone());
        let unanswered = Unanswered {
            waiting: Some(self),
            began: Instant::now(),
        };
        // A panic drops what is unanswered, and that is an answer.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            let filename = target.filename(&request);
            if target.is_file() && request.direction == Direction::Write {
                if target.source().is_some() {
                    return unanswered.answer(|_| Err(Refusal::StoreReadOnly));
                }
                return unanswered.answer(|request| shared.accept_upload(filename, request));
            }
            let wanted = Wanted {
                peer,
                filename,
                mode: request.mode,
            };
            let answer = move |opened: Result<Source, Refusal>| {
                unanswered.answer(move |_| Ok(Body::Send(opened?)));
            };
            shared.open_target(&target, wanted, Box::new(answer));
        }));
    }

    /// Asks the rules, then goes on: a file is opened in the lane that its own name leads to, whatever was asked for.
    fn decide(mut self, request: &Request<'_>) {
        let shared = Arc::clone(&self.shared);
        let routing = &shared.config.routing;
        let target = routing.decide(self.from, self.local.ip, request);
        let lane = shared.store_of(&target).lane(target.filename(request));
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
