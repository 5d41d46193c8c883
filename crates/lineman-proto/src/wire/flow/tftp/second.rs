//! Copies of a request, each of which may begin a transfer of its own at the server (RFC 1350 §4).

use std::net::SocketAddr;

use super::Arrived;
use super::TftpFlow;
use super::TftpStep;
use crate::tftp::Packet;
use crate::wire::Frame;

/// So many are followed, with the one that the client keeps: clients give up after some requests.
const TRANSFERS: usize = 8;

/// A packet that is sent.
#[derive(Clone, Copy)]
pub(super) struct Leaving<'a> {
    pub(super) id: u64,
    pub(super) now_ns: u64,
    pub(super) frame: &'a Frame<'a>,
    pub(super) by_client: bool,
    /// The server's end.
    pub(super) server: SocketAddr,
}

impl TftpFlow {
    /// What a packet is in a transfer that another copy of the request has begun; `None` if it is in none.
    pub(super) fn in_second(
        &mut self,
        packet: &Packet<'_>,
        leaving: Leaving<'_>,
        arrived: Arrived<'_>,
    ) -> Option<TftpStep> {
        let Leaving {
            by_client, server, ..
        } = leaving;
        let tid = self.tid.filter(|tid| *tid != server.port())?;
        let its = |flow: &Self| flow.tid == Some(server.port());
        let second = match self.seconds.iter().position(its) {
            // The client keeps the one whose answer has come first, and that is seen by what it answers.
            Some(at) if by_client && !self.is_kept && !matches!(packet, Packet::Error { .. }) => {
                self.keep(at);
                return None;
            }
            Some(at) => at,
            None if !by_client && self.may_begin(packet, server, arrived) => {
                self.begin_second(leaving.now_ns);
                self.seconds.len() - 1
            }
            None => return None,
        };
        let step = self.seconds.get_mut(second)?;
        let step = step.sent(leaving.id, leaving.now_ns, leaving.frame, arrived)?;
        Some(TftpStep {
            stray: Some(tid),
            to_stray: by_client,
            is_second: true,
            ..step
        })
    }

    /// Whether it may be the server's answer to a copy of the request: one has come for which there is no transfer yet.
    fn may_begin(&self, packet: &Packet<'_>, server: SocketAddr, arrived: Arrived<'_>) -> bool {
        let answers = match *packet {
            Packet::Data { block, .. } => !self.step.upload && block == 1,
            Packet::Ack { block } => self.step.upload && block == 0,
            Packet::Oack(_) | Packet::Error { .. } => true,
            Packet::Request(_) => false,
        };
        let request = self.requested().and_then(|key| self.sent.get(&key));
        let came = request.and_then(|request| request.arrivals(arrived));
        let transfers = 1 + self.seconds.len();
        let is_left = came.is_some_and(|it| it.times as usize > transfers);
        answers && is_left && server.ip() == self.asked && transfers < TRANSFERS
    }

    fn begin_second(&mut self, now_ns: u64) {
        let mut second = Self::of(self.client, self.asked, self.beginning);
        second.copies = self.copies;
        self.tell_request(&mut second);
        self.seconds.push(second);
        let answered = self.seconds.len() - 1;
        self.answered_elsewhere(now_ns);
        let before = self.seconds.iter_mut().take(answered);
        before.for_each(|second| second.answered_elsewhere(now_ns));
    }

    /// Another transfer has answered the request: this one has one copy less to answer.
    fn answered_elsewhere(&mut self, now_ns: u64) {
        self.elsewhere_ns = now_ns;
        let asked = self.requested().and_then(|key| self.sent.get_mut(&key));
        if let Some(request) = asked {
            request.answered += 1;
        }
    }

    /// The client has answered this one first.
    fn keep(&mut self, at: usize) {
        let mut seconds = std::mem::take(&mut self.seconds);
        std::mem::swap(self, &mut seconds[at]);
        self.seconds = seconds;
    }

    /// The request has been sent again: all that answer it know.
    pub(super) fn tell_seconds(&mut self) {
        let mut seconds = std::mem::take(&mut self.seconds);
        seconds
            .iter_mut()
            .for_each(|second| self.tell_request(second));
        self.seconds = seconds;
    }

    fn tell_request(&self, second: &mut Self) {
        second.request = self.request.clone();
        let Some(key) = self.requested() else { return };
        if let Some(sent) = self.sent.get(&key) {
            second.sent.insert(key, *sent);
        }
    }
}
