//! What TCP knows of connections (`TCP_INFO`), for the log: when it has changed, and not too often.

use std::time::Duration;
use std::time::Instant;

use lineman_trace::log::Endpoints;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::TcpInfo;
use lineman_trace::log::TcpState;
use lineman_trace::log::TimerKind;

use super::Sampler;
use crate::kernel::Figures;

/// What was told of one connection.
#[derive(Debug)]
pub(super) struct Telling {
    last: Option<TcpInfo>,
    /// Up to when its share of tellings is used up.
    used_to: Instant,
    /// Whether something has happened since it was asked last.
    is_due: bool,
}

impl Telling {
    fn new(now: Instant) -> Self {
        Self {
            last: None,
            used_to: now,
            is_due: false,
        }
    }

    /// Whether there may be one more event now.
    fn may(&self, now: Instant) -> bool {
        self.used_to.saturating_duration_since(now) < EACH * BURST
    }
}

impl Sampler {
    /// Something has reached or left a connection: tells what has changed of its figures.
    pub(crate) fn tell_figures(&mut self, host: Host, socket: Endpoints) {
        let now = Instant::now();
        if !self.has_figures(host, socket) {
            return;
        }
        let telling = self.telling.entry((host, socket));
        let telling = telling.or_insert_with(|| Telling::new(now));
        telling.is_due = !telling.may(now);
        if telling.is_due {
            return; // when it may be told again, it will be
        }
        let Some(figures) = self.figures(host, &socket).ok().flatten() else {
            return;
        };
        let info = figures.told(host, socket);
        if let Some(telling) = self.telling.get_mut(&(host, socket))
            && telling
                .last
                .as_ref()
                .is_none_or(|last| differs(last, &info))
        {
            telling.last = Some(info.clone());
            telling.used_to = telling.used_to.max(now) + EACH;
            self.recorder.record(Kind::TcpInfo(info));
        }
    }

    /// Tells what could not be told when it happened.
    pub(super) fn tell_rest(&mut self, host: Host) {
        let due = |((whose, socket), telling): (&(Host, Endpoints), &Telling)| {
            (*whose == host && telling.is_due).then_some(*socket)
        };
        let due: Vec<Endpoints> = self.telling.iter().filter_map(due).collect();
        for socket in due {
            self.tell_figures(host, socket);
        }
    }

    /// What a connection knows before bytes reach it, if its figures may be told now.
    pub(crate) fn before_bytes(&mut self, host: Host, socket: Endpoints) -> Option<Figures> {
        let now = Instant::now();
        let telling = self.telling.get(&(host, socket));
        if !telling.is_some_and(|telling| telling.may(now)) {
            return None;
        }
        self.figures(host, &socket).ok().flatten()
    }

    /// Bytes have reached a connection. If it has taken them and sent nothing, it holds its ACK back, for as long as its kernel
    /// says (RFC 1122 §4.2.3.2).
    pub(crate) fn after_bytes(&mut self, host: Host, socket: Endpoints, before: &Figures) {
        let Some(now) = self.figures(host, &socket).ok().flatten() else {
            return;
        };
        let has_taken = now.segments_received > before.segments_received;
        let is_silent = now.segments_sent == before.segments_sent;
        if has_taken && is_silent && !now.ack_timeout.is_zero() {
            self.timer(host, TimerKind::DelayedAck, now.ack_timeout, false);
        }
    }

    /// Whether it is a connection of which TCP keeps figures.
    fn has_figures(&self, host: Host, socket: Endpoints) -> bool {
        let known = self.known.get(&(host, socket));
        socket.remote.is_some()
            && known.is_some_and(|known| {
                !matches!(known.state, TcpState::TimeWait | TcpState::SynReceived)
            })
    }
}

/// Whether two are different in more than what each packet changes.
fn differs(one: &TcpInfo, other: &TcpInfo) -> bool {
    let bare = |info: &TcpInfo| TcpInfo {
        unacked: 0,
        ..info.clone()
    };
    bare(one) != bare(other)
}

/// So often the figures of a connection may be told in the long run, and so many times at once: a page has all of a
/// lesson, and a download of 100,000 packets does not double its log.
const EACH: Duration = Duration::from_millis(50);
const BURST: u32 = 100;
