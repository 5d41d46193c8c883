//! The served files by HTTP (`--http`): where the port gets them, and what the log says of each request.

use std::io;
use std::os::fd::BorrowedFd;

use axum::http::Method;
use axum::http::StatusCode;
use lineman_http::Answered;
use lineman_http::Asked;
use lineman_http::Description;
use lineman_http::Ending;
use lineman_http::Listed;
use lineman_http::Undelivered;
use lineman_net::tftp::Files as Opener;
use lineman_net::tftp::HttpEnding;
use lineman_net::tftp::HttpMethod;
use lineman_net::tftp::HttpReport;
use lineman_net::tftp::Refusal;
use lineman_net::tftp::Routed;
use lineman_net::tftp::ServedFile;
use lineman_net::tftp::StoreFault;
use lineman_proto::text::visible_bytes;
use lineman_proto::tftp::machines::Firmware;
use lineman_proto::tftp::machines::Outcome;
use serde_json::Value;
use serde_json::json;

use super::route;
use super::serve::level;
use super::words;
use crate::console::Console;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::tftp::Tftp;

/// What the port serves.
pub struct Files {
    /// Where it is opened.
    pub opener: Opener,
    /// Whether directories are listed.
    pub may_list: bool,
}

/// A file, and what the rules made of its name; or a directory.
pub enum Served {
    /// The file.
    File {
        /// Its bytes.
        file: ServedFile,
        /// What the rules made of its name.
        routed: Option<Routed>,
    },
    /// The page with the names that are in a directory.
    Directory(Vec<u8>),
}

/// Why there is none, and what the rules made of the name.
pub struct Refused {
    refusal: Refusal,
    routed: Option<Routed>,
}

impl lineman_http::Files for Files {
    type File = Served;
    type Refusal = Refused;

    async fn open(&self, asked: &Asked) -> Result<Served, Refused> {
        let Asked {
            peer, local, name, ..
        } = asked;
        if self.is_listing(asked) {
            return self.list(asked).await;
        }
        let found = self.opener.open(*peer, *local, name).await;
        let routed = found.routed;
        match found.file {
            Ok(file) => Ok(Served::File { file, routed }),
            Err(refusal) => Err(Refused { refusal, routed }),
        }
    }

    fn describe(&self, served: &Served) -> Description {
        match served {
            Served::File { file, .. } => Description {
                length: file.length(),
                tag: file.tag(),
                modified: file.modified(),
                is_listing: false,
            },
            Served::Directory(page) => Description {
                length: page.len() as u64,
                tag: None,
                modified: None,
                is_listing: true,
            },
        }
    }

    async fn read(&self, served: &Served, offset: u64, most: usize) -> Result<Vec<u8>, Refused> {
        match served {
            Served::File { file, routed } => {
                let read = file.read(offset, most).await;
                read.map_err(|refusal| Refused {
                    refusal,
                    routed: routed.clone(),
                })
            }
            Served::Directory(page) => {
                let rest = usize::try_from(offset).ok().and_then(|at| page.get(at..));
                let rest = rest.unwrap_or_default();
                Ok(rest[..rest.len().min(most)].to_vec())
            }
        }
    }

    fn status(&self, refused: &Refused) -> StatusCode {
        status(&refused.refusal)
    }

    fn begins(&self, asked: &Asked) {
        if self.is_listing(asked) {
            return;
        }
        let firmware = Firmware::of_user_agent(&asked.user_agent);
        self.opener
            .begins(asked.peer, &asked.name, firmware, asked.at);
    }

    fn ended(&self, asked: &Asked, served: Option<&Served>, answered: Answered<Refused>) {
        let mut routed = served.and_then(Served::routed).cloned();
        let ending = match answered.ending {
            Ending::Arrived => HttpEnding::Arrived,
            Ending::Left => HttpEnding::Left,
            Ending::Unfulfillable => HttpEnding::Unfulfillable,
            Ending::Refused(refused) => {
                routed = refused.routed;
                HttpEnding::Refused(refused.refusal)
            }
        };
        let is_listing = self.is_listing(asked);
        let slash: &[u8] = if is_listing { b"/" } else { b"" };
        self.opener.tell(HttpReport {
            peer: asked.peer,
            filename: [slash, &asked.name].concat(),
            is_listing,
            routed,
            method: match asked.method {
                Method::GET => HttpMethod::Get,
                Method::HEAD => HttpMethod::Head,
                _ => HttpMethod::Other,
            },
            firmware: Firmware::of_user_agent(&asked.user_agent),
            at: asked.at,
            status: answered.status.as_u16(),
            bytes: answered.bytes,
            elapsed: asked.at.elapsed(),
            ending,
        });
    }

    fn undelivered(&self, socket: BorrowedFd<'_>) -> io::Result<Undelivered> {
        let (bytes, is_lost) = lineman_net::undelivered(socket)?;
        Ok(Undelivered { bytes, is_lost })
    }
}

impl Files {
    fn is_listing(&self, asked: &Asked) -> bool {
        self.may_list && (asked.name.is_empty() || asked.name.ends_with(b"/"))
    }

    async fn list(&self, asked: &Asked) -> Result<Served, Refused> {
        let listing = self.opener.list(asked.peer, asked.local, &asked.name).await;
        let listing = listing.map_err(|refusal| Refused {
            refusal,
            routed: None,
        })?;
        let names = listing.entries.iter().map(|entry| Listed {
            name: &entry.name,
            length: entry.length,
            modified: entry.modified,
        });
        let page = lineman_http::listing(&asked.name, names, listing.is_cut);
        Ok(Served::Directory(page.into_bytes()))
    }
}

impl Served {
    fn routed(&self) -> Option<&Routed> {
        match self {
            Self::File { routed, .. } => routed.as_ref(),
            Self::Directory(_) => None,
        }
    }
}

/// A refusal in HTTP. The client is not told whether a name leads out of the root, or to a directory.
fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::NotFound { .. }
        | Refusal::OutsideRoot
        | Refusal::LinkOutside(_)
        | Refusal::DanglingLink(_)
        | Refusal::LinkLoop { .. }
        | Refusal::NoDirectory { .. }
        | Refusal::NotAFile
        | Refusal::NotRoutable(_)
        | Refusal::Malformed => StatusCode::NOT_FOUND,
        Refusal::NotPermitted | Refusal::DirectoryClosed { .. } | Refusal::ByRule => {
            StatusCode::FORBIDDEN
        }
        Refusal::Busy { .. }
        | Refusal::BusyClient { .. }
        | Refusal::BusyNetwork { .. }
        | Refusal::BusyMemory { .. }
        | Refusal::Exhausted(_) => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::Store(StoreFault::Name) => StatusCode::NOT_FOUND,
        Refusal::Store(StoreFault::Denied { .. }) => StatusCode::FORBIDDEN,
        Refusal::Store(StoreFault::Silent { .. }) => StatusCode::GATEWAY_TIMEOUT,
        Refusal::Store(_) | Refusal::Controller(_) => StatusCode::BAD_GATEWAY,
        Refusal::System(error) if error.kind() == io::ErrorKind::TimedOut => {
            StatusCode::GATEWAY_TIMEOUT
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What a request is to a boot; `None` for a directory's names, for a part of a file, and for one that the client has already: they say
/// nothing of the whole.
pub fn outcome(report: &HttpReport) -> Option<Outcome> {
    if report.is_listing {
        return None;
    }
    Some(match &report.ending {
        HttpEnding::Arrived if report.method == HttpMethod::Head => Outcome::SizeProbe,
        HttpEnding::Arrived if report.status != StatusCode::OK => return None,
        HttpEnding::Arrived => Outcome::Complete,
        HttpEnding::Left => Outcome::Broken,
        HttpEnding::Unfulfillable => Outcome::Refused,
        HttpEnding::Refused(refusal) => match status(refusal) {
            StatusCode::NOT_FOUND => Outcome::Missing,
            StatusCode::FORBIDDEN | StatusCode::SERVICE_UNAVAILABLE => Outcome::Refused,
            _ => Outcome::ServerFault,
        },
    })
}

/// A name for the ending, for programs.
pub fn reason_id(report: &HttpReport) -> &'static str {
    match &report.ending {
        HttpEnding::Arrived => "complete",
        HttpEnding::Left => "client-left",
        HttpEnding::Unfulfillable => "unfulfillable",
        HttpEnding::Refused(refusal) => words::refusal_id(refusal),
    }
}

/// Why the client has not got what it asked for; empty where it has.
pub fn reason(report: &HttpReport, lang: Lang) -> String {
    match &report.ending {
        HttpEnding::Arrived => String::new(),
        HttpEnding::Left => Tftp::HttpLeft {
            size: &words::size(report.bytes as f64),
        }
        .render(lang),
        HttpEnding::Unfulfillable if report.method == HttpMethod::Other => {
            Tftp::HttpMethod {}.render(lang)
        }
        HttpEnding::Unfulfillable if report.status == StatusCode::RANGE_NOT_SATISFIABLE => {
            Tftp::HttpRange {}.render(lang)
        }
        HttpEnding::Unfulfillable => Tftp::HttpCondition {}.render(lang),
        HttpEnding::Refused(refusal) => words::refused(refusal, lang),
    }
}

/// One line, and one object, for each request.
pub fn tell(report: &HttpReport, console: Console) {
    let lang = console.lang;
    let (peer, file) = (&report.peer, &visible_bytes(&report.filename));
    let status = &report.status;
    let method = &report.method.name();
    let route = report.routed.as_ref();
    let route = route.map(|routed| route::led_to(routed, lang));
    let route = match (route, lang) {
        (None, _) => String::new(),
        (Some(route), Lang::En) => format!(", {route}"),
        (Some(route), Lang::Zh) => format!("，{route}"),
    };
    let details = &(Tftp::HttpStatus { method, status }.render(lang) + &route);
    let sentence = match &report.ending {
        HttpEnding::Arrived if report.bytes > 0 => {
            let seconds = report.elapsed.as_secs_f64();
            Tftp::Sent {
                peer,
                file,
                size: &words::size(report.bytes as f64),
                seconds: &format!("{seconds:.3}"),
                rate: &words::size(report.bytes as f64 / seconds.max(1e-6)),
                details,
            }
            .render(lang)
        }
        HttpEnding::Arrived => Tftp::HttpAnswered {
            peer,
            file,
            details,
        }
        .render(lang),
        _ => {
            let reason = &reason(report, lang);
            Tftp::HttpFailed {
                peer,
                file,
                reason,
                details,
            }
            .render(lang)
        }
    };
    let level = level(outcome(report).unwrap_or(Outcome::Complete));
    console.record(level, "http-request", &sentence, fields(report, lang));
}

fn fields(report: &HttpReport, lang: Lang) -> Value {
    json!({
        "peer": report.peer.to_string(),
        "method": report.method.name(),
        "firmware": report.firmware.name(),
        "file": visible_bytes(&report.filename),
        "route": report.routed.as_ref().and_then(|routed| routed.route).map(|nth| nth + 1),
        "served": report.routed.as_ref().map(route::target),
        "status": report.status,
        "complete": matches!(report.ending, HttpEnding::Arrived),
        "reason": reason_id(report),
        "text": reason(report, lang),
        "bytes": report.bytes,
        "seconds": report.elapsed.as_secs_f64(),
    })
}
