//! A transfer's report in words, for both sides, and the exit code it means for a client.

use std::io;

use lineman_net::tftp::Ending;
use lineman_net::tftp::Refusal;
use lineman_net::tftp::Report;
use lineman_proto::text::visible_bytes;
use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::ErrorCode;
use lineman_proto::tftp::Failure as Fault;
use lineman_proto::tftp::Violation;

use super::route;
use super::store;
use crate::exit::Exit;
use crate::failure::system_text;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::tftp::Tftp;

pub use crate::views::text::size;

/// Which side the words are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The operator of a server, about a client.
    Server,
    /// The user of a client, about a server.
    Client,
}

/// Whether the transfer did what was asked.
pub fn is_complete(report: &Report) -> bool {
    matches!(report.ending, Ending::Complete { .. })
}

/// Why a transfer did not complete.
pub fn reason(report: &Report, side: Side, lang: Lang) -> String {
    match &report.ending {
        Ending::Complete { .. } => String::new(),
        Ending::Failed(fault) => failed(fault, report, side, lang),
        Ending::Refused(refusal) => refused(refusal, lang),
        Ending::Superseded => Tftp::Superseded {}.render(lang),
        Ending::Stopped => Tftp::Stopped {}.render(lang),
        Ending::Unreachable(error) => unreachable(error, report, side, lang),
        Ending::KeepsToPort => Tftp::KeepsToPort {}.render(lang),
        Ending::Displaced => Tftp::Displaced {}.render(lang),
        Ending::Forged => Tftp::Forged {}.render(lang),
    }
}

/// The exit code of a client for this ending.
pub fn exit(report: &Report) -> Exit {
    match &report.ending {
        Ending::Complete { .. } => Exit::Done,
        Ending::Failed(Fault::PeerError { block: 0, .. }) | Ending::Unreachable(_) => Exit::Refused,
        Ending::Failed(Fault::Silent { .. } | Fault::Unanswered) => Exit::TimeOut,
        Ending::Failed(Fault::Protocol(_)) => Exit::PeerFault,
        Ending::Refused(Refusal::System(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Exit::Done
        }
        Ending::Refused(Refusal::NotPermitted) => Exit::NotPermitted,
        Ending::Stopped => Exit::Interrupted,
        Ending::Failed(_)
        | Ending::Refused(_)
        | Ending::Superseded
        | Ending::KeepsToPort
        | Ending::Displaced
        | Ending::Forged => Exit::Incomplete,
    }
}

/// What was agreed and what was repaired: `blksize 1468, windowsize 16, 2 resent`.
pub fn details(report: &Report, lang: Lang) -> String {
    let agreed = report.agreed;
    let mut parts = Vec::new();
    if agreed.blksize == Agreed::default().blksize
        && agreed.windowsize == 1
        && agreed.timeout.is_none()
    {
        parts.push(Tftp::DetailsPlain {}.render(lang));
    } else {
        let (blksize, windowsize) = (&agreed.blksize, &agreed.windowsize);
        parts.push(
            Tftp::Details {
                blksize,
                windowsize,
            }
            .render(lang),
        );
    }
    if let Some(timeout) = agreed.timeout {
        let seconds = &timeout.as_secs_f64();
        parts.push(Tftp::DetailsTimeout { seconds }.render(lang));
    }
    if report.stats.resent > 0 {
        let count = &report.stats.resent;
        parts.push(Tftp::DetailsResent { count }.render(lang));
    }
    if report.stats.duplicates > 0 {
        let count = &report.stats.duplicates;
        parts.push(Tftp::DetailsRepeated { count }.render(lang));
    }
    parts.extend(
        report
            .routed
            .as_ref()
            .map(|routed| route::led_to(routed, lang)),
    );
    if matches!(report.ending, Ending::Complete { confirmed: false }) {
        parts.push(Tftp::DetailsUnconfirmed {}.render(lang));
    }
    parts.join(match lang {
        Lang::En => ", ",
        Lang::Zh => "，",
    })
}

/// How long it took, in seconds.
pub fn seconds(report: &Report) -> String {
    format!("{:.3}", report.elapsed.as_secs_f64())
}

/// Bytes per second.
pub fn rate(report: &Report) -> f64 {
    report.bytes as f64 / report.elapsed.as_secs_f64().max(1e-6)
}

/// A name for the reason, for programs: part of the JSON schema.
pub fn reason_id(report: &Report) -> &'static str {
    match &report.ending {
        Ending::Complete { confirmed: true } => "complete",
        Ending::Complete { confirmed: false } => "unconfirmed",
        Ending::Failed(fault) => match fault {
            Fault::PeerError { code, block: 0, .. } if is_probe(*code) => "size-probe",
            Fault::PeerError { .. } => "peer-error",
            Fault::Silent { .. } => "silent",
            Fault::Unanswered => "unanswered",
            Fault::Protocol(_) => "protocol",
            _ => "aborted",
        },
        Ending::Refused(refusal) => refusal_id(refusal),
        Ending::Superseded => "superseded",
        Ending::Stopped => "stopped",
        Ending::Unreachable(_) => "unreachable",
        Ending::KeepsToPort => "keeps-to-port",
        Ending::Displaced => "displaced",
        Ending::Forged => "forged",
    }
}

/// A name for why a request is refused, for programs.
pub fn refusal_id(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NotFound { .. } => "not-found",
        Refusal::OutsideRoot => "outside-root",
        Refusal::LinkOutside(_) => "link-outside",
        Refusal::DanglingLink(_) => "dangling-link",
        Refusal::LinkLoop { .. } => "link-loop",
        Refusal::NoDirectory { .. } => "no-directory",
        Refusal::DirectoryClosed { .. } => "directory-closed",
        Refusal::NotAFile => "not-a-file",
        Refusal::ByRule => "by-rule",
        Refusal::NotRoutable(_) => "not-routable",
        Refusal::Controller(_) => "controller",
        Refusal::NotPermitted => "not-permitted",
        Refusal::ReadOnly => "read-only",
        Refusal::Exists => "exists",
        Refusal::TooLarge { .. } => "too-large",
        Refusal::QuotaUsed { .. } => "quota-used",
        Refusal::DiskFull => "disk-full",
        Refusal::Changed => "changed",
        Refusal::StoreReadOnly => "read-only",
        Refusal::Store(fault) => store::fault_id(fault),
        Refusal::Busy { .. }
        | Refusal::BusyClient { .. }
        | Refusal::BusyMemory { .. }
        | Refusal::BusyNetwork { .. }
        | Refusal::Exhausted(_) => "busy",
        Refusal::Malformed => "malformed",
        _ => "system",
    }
}

/// Clients that only want to know the length end the transfer with one of these.
pub fn is_probe(code: ErrorCode) -> bool {
    code == ErrorCode::NOT_DEFINED || code == ErrorCode::OPTIONS
}

/// The system does not send, or the peer's machine says that nobody is there.
fn unreachable(error: &io::Error, report: &Report, side: Side, lang: Lang) -> String {
    let why = &system_text(error, lang);
    let client = &report.peer.ip();
    match side {
        Side::Client => Tftp::Unreachable { why }.render(lang),
        Side::Server if error.kind() == io::ErrorKind::ConnectionRefused => {
            Tftp::ClientGone {}.render(lang)
        }
        Side::Server => Tftp::ClientUnreachable { client, why }.render(lang),
    }
}

fn failed(fault: &Fault, report: &Report, side: Side, lang: Lang) -> String {
    match (fault, side) {
        (
            Fault::PeerError {
                code,
                message,
                block,
            },
            _,
        ) => peer_error(*code, message, *block, side, lang),
        (Fault::Silent { block: 1 }, Side::Server) => {
            let bytes = &(usize::from(report.agreed.blksize) + HEADERS);
            Tftp::SilentFirst { bytes }.render(lang)
        }
        (fault, Side::Server) if fault.is_at_rollover() => Tftp::ClientAtRollover {}.render(lang),
        (fault, Side::Client) if fault.is_at_rollover() => Tftp::ServerAtRollover {}.render(lang),
        (Fault::Silent { block }, Side::Server) => Tftp::ClientSilent { block }.render(lang),
        (Fault::Silent { block }, Side::Client) => Tftp::ServerSilent { block }.render(lang),
        (Fault::Unanswered, Side::Server) => Tftp::ClientNeverAnswered {}.render(lang),
        (Fault::Unanswered, Side::Client) => Tftp::ServerNeverAnswered {}.render(lang),
        (Fault::Protocol(violation), _) => match violation {
            Violation::BlockTooLarge => Tftp::BlockTooLarge {},
            Violation::OptionNotAsked => Tftp::OptionNotAsked {},
            Violation::OptionValue => Tftp::OptionValue {},
            _ => Tftp::UnexpectedOpening {},
        }
        .render(lang),
        (_, _) => Tftp::Stopped {}.render(lang),
    }
}

fn peer_error(code: ErrorCode, message: &[u8], block: u64, side: Side, lang: Lang) -> String {
    let message = if message.is_empty() {
        Tftp::NoMessage {}.render(lang)
    } else {
        visible_bytes(message)
    };
    let (message, code, block) = (&message, &code.0, &block);
    match (side, block) {
        (Side::Server, 0) if is_probe(ErrorCode(*code)) => Tftp::SizeProbe {}.render(lang),
        (Side::Server, _) => Tftp::ClientAborted { block, message }.render(lang),
        (Side::Client, 0) => Tftp::ServerRefused { code, message }.render(lang),
        (Side::Client, _) => Tftp::ServerAborted {
            block,
            code,
            message,
        }
        .render(lang),
    }
}

/// Why a request is refused.
pub fn refused(refusal: &Refusal, lang: Lang) -> String {
    match refusal {
        Refusal::NotFound {
            nearest: Some(nearest),
        } => Tftp::NotFoundNearest { nearest }.render(lang),
        Refusal::NotFound { nearest: None } => Tftp::NotFound {}.render(lang),
        Refusal::OutsideRoot => Tftp::OutsideRoot {}.render(lang),
        Refusal::LinkOutside(bad) => Tftp::LinkOutside {
            link: &bad.path,
            target: &bad.target,
        }
        .render(lang),
        Refusal::DanglingLink(bad) => Tftp::DanglingLink {
            link: &bad.path,
            target: &bad.target,
        }
        .render(lang),
        Refusal::LinkLoop { link } => Tftp::LinkLoop { link }.render(lang),
        Refusal::NoDirectory { directory } => Tftp::NoDirectory { directory }.render(lang),
        Refusal::DirectoryClosed { directory } if directory.is_empty() => {
            Tftp::RootClosed {}.render(lang)
        }
        Refusal::DirectoryClosed { directory } => Tftp::DirectoryClosed { directory }.render(lang),
        Refusal::NotAFile => Tftp::NotAFile {}.render(lang),
        Refusal::ByRule => Tftp::ByRule {}.render(lang),
        Refusal::NotRoutable(why) => route::undecided(*why, lang),
        Refusal::Controller(why) => Tftp::ControllerGaveNothing {
            why: &route::controller(why, lang),
        }
        .render(lang),
        Refusal::NotPermitted => Tftp::NotPermitted {}.render(lang),
        Refusal::ReadOnly => Tftp::ReadOnly {}.render(lang),
        Refusal::Exists => Tftp::Exists {}.render(lang),
        Refusal::TooLarge { limit } => Tftp::TooLarge {
            limit: &size(*limit as f64),
        }
        .render(lang),
        Refusal::QuotaUsed { limit } => Tftp::QuotaUsed {
            limit: &size(*limit as f64),
        }
        .render(lang),
        Refusal::BusyMemory { limit } => Tftp::BusyMemory {
            limit: &size(*limit as f64),
        }
        .render(lang),
        Refusal::DiskFull => Tftp::DiskFull {}.render(lang),
        Refusal::Changed => Tftp::Changed {}.render(lang),
        Refusal::StoreReadOnly => Tftp::StoreReadOnly {}.render(lang),
        Refusal::Store(fault) => store::fault(fault, lang),
        Refusal::Busy { limit } => Tftp::Busy { limit }.render(lang),
        Refusal::BusyClient { limit } => Tftp::BusyClient { limit }.render(lang),
        Refusal::BusyNetwork { limit } => Tftp::BusyNetwork { limit }.render(lang),
        Refusal::Exhausted(error) => Tftp::Exhausted {
            why: &system_text(error, lang),
        }
        .render(lang),
        Refusal::Malformed => Tftp::Malformed {}.render(lang),
        Refusal::System(error) => Tftp::System {
            why: &system_text(error, lang),
        }
        .render(lang),
        _ => Tftp::Stopped {}.render(lang),
    }
}

/// IPv4, UDP and TFTP.
const HEADERS: usize = 32;
