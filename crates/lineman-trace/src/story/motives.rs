//! What a host's TCP has said of its reasons, until the packet comes that it is about.

use std::collections::HashMap;
use std::collections::HashSet;

use lineman_proto::wire::flow::Anew;

use super::Arrow;
use super::Ends;
use super::Expiry;
use super::change::Socket;
use super::sockets::of_packet;
use crate::log::Congestion;
use crate::log::Counter;
use crate::log::Event;
use crate::log::Host;
use crate::log::TimerKind;

/// A packet is told of this soon after its reasons, in nanoseconds: a lab tells both in one go, on a busy machine with
/// some milliseconds between them.
const TOGETHER_NS: u64 = 15_000_000;

/// Or with so many events between at most: what a kernel told in one go stays together, however late the lab was let run on.
const NEXT: u64 = 2;
/// The probes of so many sockets are remembered.
const PROBES: usize = 1024;

/// What was said and is about a packet that was not told of yet.
#[derive(Debug, Default)]
pub(super) struct Motives {
    ends: Ends<Motive>,
    /// When a socket has sent a tail loss probe last, in nanoseconds.
    probed: HashMap<Socket, u64>,
    /// The sockets whose last retransmission another timer than the retransmission timeout has caused.
    by_others: HashSet<Socket>,
}

/// Why a host sends a packet.
#[derive(Clone, Debug, Default)]
pub(super) struct Motive {
    /// A timer that expired.
    pub(super) timer: Option<Expiry>,
    /// What its TCP has counted.
    pub(super) counter: Option<Counter>,
    /// What its congestion control has come to.
    pub(super) congestion: Option<Congestion>,
    /// The number and time of what was told last.
    told: (u64, u64),
}

impl Motives {
    pub(super) fn timer(&mut self, timer: Expiry, event: &Event) {
        self.fresh(timer.host, event).timer = Some(timer);
    }

    pub(super) fn counter(&mut self, host: Host, counter: Counter, event: &Event) {
        self.fresh(host, event).counter = Some(counter);
    }

    pub(super) fn congestion(&mut self, told: &Congestion, event: &Event) {
        self.fresh(told.host, event).congestion = Some(told.clone());
    }

    /// Why `host` sends the packet that is told of now.
    pub(super) fn take(&mut self, host: Host, event: &Event) -> Motive {
        std::mem::take(self.fresh(host, event))
    }

    /// A packet leaves because of a timer. A tail loss probe begins the retransmission time-out anew, also one that carries what is new
    /// (RFC 8985 §7.3); packets alone do not tell that it was one.
    pub(super) fn ran(&mut self, arrow: &mut Arrow, timer: Option<Expiry>) {
        let kind = timer.filter(|it| it.host == arrow.from).map(|it| it.kind);
        let Some(socket) = of_packet(arrow, arrow.from) else {
            return;
        };
        let by_other = kind.is_some_and(|kind| kind != TimerKind::Retransmission);
        if let Some(again) = &mut arrow.again {
            // Only a retransmission timeout doubles: what another timer had it send before does not count.
            let before = match by_other {
                true => self.by_others.len() < PROBES && !self.by_others.insert(socket),
                false => self.by_others.remove(&socket),
            };
            again.last_wait_ns = again.last_wait_ns.filter(|_| !before);
        }
        match (kind, &mut arrow.again) {
            (Some(TimerKind::LossProbe), _) => {
                if self.probed.len() >= PROBES {
                    self.probed.clear();
                }
                self.probed.insert(socket, arrow.sent_ns);
            }
            (Some(TimerKind::Retransmission), Some(again)) => {
                if let Some(at) = self.probed.get(&socket) {
                    let since_ns = arrow.sent_ns.saturating_sub(*at);
                    if since_ns <= again.timer_ns {
                        (again.timer_ns, again.anew) = (since_ns, Some(Anew::Probe));
                    }
                }
            }
            _ => {}
        }
    }

    fn fresh(&mut self, host: Host, event: &Event) -> &mut Motive {
        let motive = &mut self.ends[host];
        let (n, at_ns) = motive.told;
        let is_next = event.n.saturating_sub(n) <= NEXT;
        if event.t_ns.saturating_sub(at_ns) > TOGETHER_NS && !is_next {
            *motive = Motive::default();
        }
        motive.told = (event.n, event.t_ns);
        motive
    }
}
