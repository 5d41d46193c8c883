//! What became of a request by HTTP, as values; the program puts it into words.

use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::machines::Firmware;

use super::Refusal;
use super::Routed;

/// What became of a request by HTTP.
#[derive(Debug)]
pub struct HttpReport {
    /// The other side.
    pub peer: SocketAddr,
    /// The file's name as requested; of a directory that was to be listed with a slash before it.
    pub filename: Vec<u8>,
    /// Whether a directory was to be listed: no machine boots by that.
    pub is_listing: bool,
    /// What the operator's rules made of it; `None` where they let it stand.
    pub routed: Option<Routed>,
    /// What was asked for.
    pub method: HttpMethod,
    /// Which program asked, as it says itself.
    pub firmware: Firmware,
    /// When the request came.
    pub at: Instant,
    /// The status of the answer (RFC 9110 §15).
    pub status: u16,
    /// Bytes of the file that have arrived, as far as the client's TCP has said.
    pub bytes: u64,
    /// From the request to the end.
    pub elapsed: Duration,
    /// How it ended.
    pub ending: HttpEnding,
}

/// What a client asks for (RFC 9110 §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpMethod {
    /// The file.
    Get,
    /// What there is to say about it.
    Head,
    /// Something that is not done here.
    Other,
}

impl HttpMethod {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Other => "other",
        }
    }
}

/// How an answer by HTTP ended.
#[derive(Debug)]
pub enum HttpEnding {
    /// The client's TCP has acknowledged everything that it was to get, or there was nothing of a file to send.
    Arrived,
    /// The client closed the connection, or took nothing for too long.
    Left,
    /// There is no such file, or it could not be read to its end.
    Refused(Refusal),
    /// The request itself could not be fulfilled: its method, its name, its range.
    Unfulfillable,
}
