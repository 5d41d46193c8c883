//! One transfer of a server, as its table and its operator know it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::Failure;
use lineman_proto::tftp::Fingerprint;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::guard::Taken;
use lineman_proto::tftp::machines::Protocol;

use super::ServerEvent;
use super::Shared;
use crate::tftp::Ending;
use crate::tftp::Report;
use crate::tftp::admission::Ticket;
use crate::tftp::admission::TransferState;
use crate::tftp::transfer;
use crate::tftp::transfer::Observer;

/// Tells the table and the guard how a transfer is doing, and the operator what became of it.
#[derive(Debug)]
pub(super) struct TransferObserver {
    pub(super) shared: Arc<Shared>,
    pub(super) ticket: Ticket,
    /// What the guard took for its answer.
    pub(super) taken: Taken,
    /// Whether what the peer answers proves that it is there.
    pub(super) proves: bool,
    /// Whether that holds for other transfers of the address too: not where a forger has one chance in
    /// many to have guessed the port.
    pub(super) proves_address: bool,
    /// What will be told; taken when it is.
    pub(super) report: Option<Report>,
    pub(super) started: Instant,
    /// What was told to the table last.
    pub(super) state: Option<TransferState>,
    /// What kind of client it is.
    pub(super) client: Fingerprint,
}

impl TransferObserver {
    fn tell_begun(&self) {
        let Some(report) = &self.report else {
            return;
        };
        self.shared.send_event(ServerEvent::Begun {
            peer: report.peer,
            filename: report.filename.clone(),
            direction: report.direction,
            firmware: report.firmware,
            protocol: Protocol::Tftp,
            at: report.at,
        });
    }
}

impl Observer for TransferObserver {
    fn observe(&mut self, now: Instant, session: &Session, _bytes: u64, _agreed: &Agreed) {
        let state = TransferState {
            confirmed: session.is_confirmed(),
            proved: session.is_confirmed() && self.proves,
            ending: session.is_ending(),
            dallying: session.is_dallying(),
            storing: session.is_storing(),
            at: session.progress_at().unwrap_or(now),
        };
        // The table has one lock for all transfers: not for every packet.
        if self.state.is_some_and(|told| told.says_enough(state)) {
            return;
        }
        let begins = state.confirmed && self.state.is_none_or(|told| !told.confirmed);
        if begins && self.shared.config.tell_begun {
            self.tell_begun();
        }
        self.state = Some(state);
        if self.ticket.note(state) && self.proves_address {
            self.shared.guard.confirm(session.peer(), self.taken);
        }
    }

    fn proved(&mut self) {
        self.proves = true;
        self.proves_address = true;
    }

    fn turned_around(&mut self, took: Duration) {
        self.shared.turnaround.record(took);
    }

    fn slowed(&mut self, peer: SocketAddr) {
        self.shared.note_slowed(peer);
    }

    fn ended(&mut self, result: transfer::Result, session: &Session) {
        let Some(mut report) = self.report.take() else {
            return;
        };
        // A transfer that no client has answered shows nothing, and would take the place of what is known.
        if self.state.is_some_and(|state| state.proved) {
            self.shared
                .clients()
                .note(Instant::now(), self.client, session.learned());
        }
        report.agreed = result.agreed;
        report.bytes = result.bytes;
        report.elapsed = self.started.elapsed();
        report.stats = session.stats();
        let fate = self.ticket.fate();
        report.ending = match result.ending {
            Ending::Superseded if fate.displaced.load(Ordering::Relaxed) => Ending::Displaced,
            Ending::Failed(Failure::Unanswered) | Ending::Superseded
                if !session.is_confirmed() && fate.keeps_to_port.load(Ordering::Relaxed) =>
            {
                Ending::KeepsToPort
            }
            other => other,
        };
        if fate.quiet.load(Ordering::Relaxed) {
            return;
        }
        match report.ending {
            // What a forger can have us say without being there.
            Ending::Forged | Ending::Failed(Failure::Unanswered) => {
                self.shared.send_report_of_unproven(report);
            }
            _ => self.shared.send_report(report),
        }
    }
}

impl TransferState {
    /// Whether the table learns nothing from a newer one.
    fn says_enough(self, newer: Self) -> bool {
        let flags = |state: Self| {
            (
                state.confirmed,
                state.proved,
                state.ending,
                state.dallying,
                state.storing,
            )
        };
        flags(self) == flags(newer) && newer.at.saturating_duration_since(self.at) < FRESH
    }
}

/// The table asks whether something happened within the last quarter of a second.
const FRESH: Duration = Duration::from_millis(50);
