//! One transfer of a server, as a task.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::Session;

use super::Shared;
use crate::tftp::Ending;
use crate::tftp::Refusal;
use crate::tftp::Report;
use crate::tftp::admission::Pulse;
use crate::tftp::admission::Ticket;
use crate::tftp::transfer;
use crate::tftp::transfer::Body;
use crate::tftp::transfer::Command;
use crate::tftp::transfer::Observer;

/// A transfer that could begin.
pub(super) struct Prepared {
    pub(super) socket: UdpSocket,
    pub(super) session: Session,
    pub(super) body: Body,
    pub(super) agreed: Agreed,
    /// How long its first answer is.
    pub(super) answer: usize,
}

/// One transfer, as a task.
pub(super) struct Job {
    pub(super) shared: Arc<Shared>,
    pub(super) ticket: Ticket,
    /// What the guard took for its answer.
    pub(super) taken: u64,
    pub(super) report: Report,
    pub(super) started: Instant,
}

impl Job {
    pub(super) async fn run(self, prepared: Prepared) {
        let Self {
            shared,
            ticket,
            taken,
            mut report,
            started,
        } = self;
        let Prepared {
            socket,
            mut session,
            body,
            agreed,
            ..
        } = prepared;
        let Ok(socket) = tokio::net::UdpSocket::from_std(socket) else {
            let limit = shared.config.max_transfers;
            report.ending = Ending::Refused(Refusal::Busy { limit });
            return shared.send_report(report);
        };
        let quiet = ticket.quiet();
        let mut watched = Watched {
            ticket,
            taken,
            shared: &shared,
        };
        transfer::run(
            &socket,
            &mut session,
            body,
            agreed,
            agreed.blksize,
            &mut watched,
            |result, session| {
                report.agreed = result.agreed;
                report.bytes = result.bytes;
                report.elapsed = started.elapsed();
                report.stats = session.stats();
                report.ending = result.ending;
                if !quiet.load(Ordering::Relaxed) {
                    shared.send_report(report);
                }
            },
        )
        .await;
    }
}

/// Tells the table and the guard how a transfer is doing.
struct Watched<'a> {
    ticket: Ticket,
    taken: u64,
    shared: &'a Shared,
}

impl Observer for Watched<'_> {
    async fn command(&mut self) -> Command {
        // Without a sender the table has dropped it, perhaps with no room left for the word.
        let command = self.ticket.commands.recv().await;
        command.unwrap_or(Command::Supersede)
    }

    fn observe(&mut self, session: &Session, _bytes: u64, _agreed: &Agreed) {
        let is_proof = self.ticket.note(Pulse {
            confirmed: session.is_confirmed(),
            ending: session.is_ending(),
            dallying: session.is_dallying(),
            at: Instant::now(),
        });
        if is_proof {
            self.shared.guard.confirm(session.peer(), self.taken);
        }
    }
}
