//! What the server tells, as a port of HTTP shows it: counts, and machines with their boots.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use lineman_net::Neighbours;
use lineman_net::tftp::Ending;
use lineman_net::tftp::Gauges;
use lineman_net::tftp::HttpReport;
use lineman_net::tftp::Refusal;
use lineman_net::tftp::Report;
use lineman_net::tftp::ServerEvent;
use lineman_proto::text::visible_bytes;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Failure as Fault;
use lineman_proto::tftp::machines::Asked;
use lineman_proto::tftp::machines::Ended;
use lineman_proto::tftp::machines::Machines;
use lineman_proto::tftp::machines::Outcome;
use lineman_proto::tftp::machines::Protocol;
use lineman_proto::tftp::machines::is_closing;
use lineman_proto::wire::Mac;
use serde_json::json;

use crate::commands::tftp::files;
use crate::commands::tftp::metrics::Metrics;
use crate::commands::tftp::words;
use crate::commands::tftp::words::Side;
use crate::console::Console;
use crate::lang::Lang;
use crate::lang::Message;
use crate::lang::tftp::Tftp;
use crate::log::Level;

/// What a server shows.
#[derive(Debug)]
pub struct Seen {
    pub(super) metrics: Metrics,
    pub(super) gauges: Gauges,
    pub(super) table: Mutex<Table>,
    /// Where other machines get the files by HTTP; `None` where only this one does.
    pub(super) port: Option<u16>,
    /// The machines that were advised of that.
    pub(super) advised: Mutex<HashSet<IpAddr>>,
}

#[derive(Debug)]
pub(super) struct Table {
    pub(super) machines: Machines<Note>,
    pub(super) neighbours: Option<Neighbours>,
    /// When a link-layer address was looked for in vain: the kernel is not asked for each packet of a flood.
    pub(super) missed: Option<Instant>,
}

/// Why a request was not fulfilled.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) reason: &'static str,
    pub(super) en: Box<str>,
    pub(super) zh: Box<str>,
}

impl Seen {
    /// Takes what the server tells.
    pub fn take(&self, event: &ServerEvent) {
        match event {
            ServerEvent::Begun {
                peer,
                filename,
                direction,
                firmware,
                protocol,
                at,
            } => {
                let mut table = self.table();
                let asked = Asked {
                    peer: *peer,
                    mac: table.mac(peer.ip()),
                    at: *at,
                    name: filename,
                    direction: *direction,
                    firmware: *firmware,
                    protocol: *protocol,
                };
                table.machines.begin(&asked);
            }
            ServerEvent::Report(report) => {
                self.metrics.take(report);
                self.end(report);
            }
            ServerEvent::Http(report) => {
                self.metrics.take_http(report);
                self.end_http(report);
            }
            _ => {}
        }
    }

    fn end(&self, report: &Report) {
        let Some(outcome) = outcome(report) else {
            return;
        };
        let note = || Note {
            reason: words::reason_id(report),
            en: words::reason(report, Side::Server, Lang::En).into(),
            zh: words::reason(report, Side::Server, Lang::Zh).into(),
        };
        let asked = Asked {
            peer: report.peer,
            mac: None,
            at: report.at,
            name: &report.filename,
            direction: report.direction,
            firmware: report.firmware,
            protocol: Protocol::Tftp,
        };
        self.ended(asked, outcome, (report.bytes, report.elapsed), note);
    }

    fn end_http(&self, report: &HttpReport) {
        let Some(outcome) = files::outcome(report) else {
            return;
        };
        let note = || Note {
            reason: files::reason_id(report),
            en: files::reason(report, Lang::En).into(),
            zh: files::reason(report, Lang::Zh).into(),
        };
        let asked = Asked {
            peer: report.peer,
            mac: None,
            at: report.at,
            name: &report.filename,
            direction: Direction::Read,
            firmware: report.firmware,
            protocol: Protocol::Http,
        };
        self.ended(asked, outcome, (report.bytes, report.elapsed), note);
    }

    /// A machine's request has ended, after so many bytes and so long; `note` says why it was not fulfilled.
    fn ended(
        &self,
        asked: Asked<'_>,
        outcome: Outcome,
        (bytes, took): (u64, Duration),
        note: impl FnOnce() -> Note,
    ) {
        // What a program does by habit needs no reason.
        let is_fault = outcome != Outcome::Complete && !outcome.is_habit();
        let note = is_fault.then(note);
        let note_bytes = note.as_ref().map_or(0, |it| it.en.len() + it.zh.len());
        let mut table = self.table();
        let asked = Asked {
            mac: table.mac(asked.peer.ip()),
            ..asked
        };
        let ended = Ended {
            outcome,
            bytes,
            took,
            note,
        };
        table.machines.end(&asked, ended, note_bytes);
    }

    /// Says of a machine, once, that it has got a large file by TFTP that it could have by HTTP.
    pub fn note_large(&self, report: &Report, console: Console) {
        let is_large = report.direction == Direction::Read && report.bytes >= LARGE;
        let Some(port) = self.port.filter(|_| is_large && words::is_complete(report)) else {
            return;
        };
        let ip = report.peer.ip();
        let mut advised = self.advised.lock().unwrap_or_else(PoisonError::into_inner);
        if advised.len() >= MOST_ADVISED || !advised.insert(ip) {
            return;
        }
        drop(advised);
        let (peer, file) = (&ip, &visible_bytes(&report.filename));
        let size = &words::size(report.bytes as f64);
        let port = &port;
        let sentence = Tftp::LargeWithoutHttp {
            peer,
            file,
            size,
            port,
        };
        let fields = json!({ "peer": ip.to_string(), "file": file, "bytes": report.bytes });
        let sentence = sentence.render(console.lang);
        console.record(Level::Info, "large-by-tftp", &sentence, fields);
    }

    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        // It is whole after every statement.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn mac(&mut self, ip: IpAddr) -> Option<Mac> {
        let is_late = |at: Instant| at.elapsed() >= AGAIN;
        if self.machines.knows_mac(ip) || !self.missed.is_none_or(is_late) {
            return None; // the table keeps what it has
        }
        let mac = self.neighbours.as_ref()?.mac(ip);
        self.missed = mac.is_none().then(Instant::now);
        mac
    }
}

/// What a report is to a boot; `None` for what is none of the machine's doing.
pub fn outcome(report: &Report) -> Option<Outcome> {
    Some(match &report.ending {
        Ending::Complete { .. } => Outcome::Complete,
        Ending::Failed(Fault::PeerError {
            code,
            block,
            message,
        }) => match block {
            0 if words::is_probe(*code) => Outcome::SizeProbe,
            _ if words::is_probe(*code) && is_closing(message) => Outcome::Closed,
            _ => Outcome::Aborted,
        },
        Ending::Failed(Fault::Silent { .. }) | Ending::Displaced => Outcome::Silent,
        Ending::Failed(Fault::Unanswered) | Ending::KeepsToPort => Outcome::Unanswered,
        Ending::Failed(Fault::Protocol(_)) | Ending::Unreachable(_) => Outcome::Broken,
        Ending::Failed(_) => Outcome::Aborted,
        Ending::Refused(refusal) => match refusal {
            Refusal::NotFound { .. } | Refusal::NoDirectory { .. } => Outcome::Missing,
            Refusal::Changed | Refusal::DiskFull | Refusal::System(_) | Refusal::Store(_) => {
                Outcome::ServerFault
            }
            _ => Outcome::Refused,
        },
        Ending::Superseded => Outcome::Repeated,
        Ending::Stopped => Outcome::ServerStopped,
        // That is the forger's doing, not the client's.
        Ending::Forged => return None,
    })
}

/// Bytes of a file that takes a machine seconds by TFTP, and HTTP far less: kernels and images, not loaders.
const LARGE: u64 = 16 << 20;
/// Machines that are remembered to have been advised.
const MOST_ADVISED: usize = 10_000;
/// How long after a link-layer address was not found another is looked for.
const AGAIN: Duration = Duration::from_millis(100);
