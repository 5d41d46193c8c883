//! Sayings that are said once: those that were said already are left out.

use std::collections::HashSet;

use lineman_proto::wire::flow::Arrival;

use super::Row;
use super::Saying;
use super::change::Socket;
use super::sockets::of_packet;
use crate::log::Host;
use crate::log::TcpState;

/// What was said already.
#[derive(Debug, Default)]
pub(super) struct Lessons {
    /// Lessons about calls.
    taught: HashSet<(&'static str, Host)>,
    /// Whose TIME-WAIT was told of, since it is in that.
    waits_out: HashSet<(Host, Option<Socket>)>,
}

impl Lessons {
    /// Takes out of a row what was taught before.
    pub(super) fn keep_new(&mut self, row: &mut Row) {
        row.sayings.retain(|saying| match saying.lesson() {
            Some(lesson) => self.taught.insert(lesson),
            None => true,
        });
    }

    /// What there is to say beside a row's own sayings: of TIME-WAIT where the row shows that it begins, or begins anew.
    pub(super) fn add(&mut self, row: &mut Row, extra: Vec<Saying>) {
        // That it begins anew was said of the FIN that came again.
        let again = row
            .arrow
            .as_ref()
            .is_some_and(|arrow| arrow.arrival == Arrival::FinAgain);
        let waits = |row: &Row, who: Host| {
            let state = row.states[who].map(|cell| cell.after);
            state == Some(TcpState::TimeWait) && !again
        };
        for saying in extra {
            let Saying::TimeWait { who, seconds } = saying else {
                row.sayings.push(saying);
                continue;
            };
            // Linux keeps an orphan in FIN-WAIT-2 with the clock of TIME-WAIT; that is no TIME-WAIT.
            if !waits(row, who) {
                continue;
            }
            let stays = row.states[who].is_some_and(|cell| cell.before == TcpState::TimeWait);
            let is_known = !self.waits_out.insert((who, socket(row, who)));
            row.sayings.push(match stays && is_known {
                true => Saying::TimeWaitAnew { who, seconds },
                false => Saying::TimeWait { who, seconds },
            });
        }
        for who in [Host::Client, Host::Server] {
            let cell = row.states[who].filter(|cell| cell.before != cell.after);
            if cell.is_some_and(|cell| cell.after != TcpState::TimeWait) {
                self.waits_out.remove(&(who, socket(row, who)));
            }
        }
    }
}

/// The socket whose state a row shows, by its packet: beside that in TIME-WAIT a host may have a listener.
fn socket(row: &Row, host: Host) -> Option<Socket> {
    of_packet(row.arrow.as_ref()?, host)
}
