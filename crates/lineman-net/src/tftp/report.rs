//! What became of a transfer, as values; the program puts it into words.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::ErrorCode;
use lineman_proto::tftp::Failure;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Stats;
use lineman_proto::tftp::machines::Firmware;
use lineman_proto::tftp::route::Decision;
use lineman_proto::tftp::route::Serve;
use lineman_proto::tftp::route::Undecided;

use super::ControllerError;

/// Everything there is to say about one transfer, or about a request that became none.
#[derive(Debug)]
pub struct Report {
    /// The other side.
    pub peer: SocketAddr,
    /// Which way the file went, seen from the client.
    pub direction: Direction,
    /// The file's name as requested.
    pub filename: Vec<u8>,
    /// What the operator's rules made of it; `None` where they let it stand.
    pub routed: Option<Routed>,
    /// The transfer mode.
    pub mode: Mode,
    /// Which program asked, as far as its options tell (server only).
    pub firmware: Firmware,
    /// When the request came, or was made.
    pub at: Instant,
    /// The parameters that held.
    pub agreed: Agreed,
    /// Bytes of the file that are known to have arrived.
    pub bytes: u64,
    /// From the request to the end.
    pub elapsed: Duration,
    /// What it cost.
    pub stats: Stats,
    /// How it ended.
    pub ending: Ending,
}

/// What a request got by the operator's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    /// The route, counted from 0; `None` where the map alone has changed the name.
    pub route: Option<usize>,
    /// What it led to.
    pub to: RoutedTo,
}

impl From<&Decision> for Routed {
    fn from(decision: &Decision) -> Self {
        Self {
            route: decision.route,
            to: match &decision.serve {
                Serve::File(name) => RoutedTo::File(name.clone()),
                Serve::FileOf { source, name } => RoutedTo::FileOf {
                    source: Arc::clone(source),
                    name: name.clone(),
                },
                Serve::Text(_) => RoutedTo::Text,
                Serve::Controller { url, .. } => RoutedTo::Controller(url.clone()),
                Serve::Nothing => RoutedTo::Nothing,
            },
        }
    }
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoutedTo {
    /// To this file beneath the root.
    File(Vec<u8>),
    /// To a file of another source.
    FileOf {
        /// The source, as the operator has written it.
        source: Arc<str>,
        /// The file's name in it.
        name: Vec<u8>,
    },
    /// To a text of the route's own.
    Text,
    /// To what a controller answers at this URL.
    Controller(String),
    /// To nothing.
    Nothing,
}

/// How a transfer ended.
#[derive(Debug)]
pub enum Ending {
    /// The file has arrived. `confirmed` is false where the last block was never acknowledged.
    Complete {
        /// Whether the receiver said so.
        confirmed: bool,
    },
    /// The transfer failed; whose fault it was is in the failure.
    Failed(Failure),
    /// This side refused or could not go on.
    Refused(Refusal),
    /// The client asked for something else instead (server only).
    Superseded,
    /// The server was told to stop.
    Stopped,
    /// The system refused to send to the peer, or the peer's machine said that nobody is there.
    Unreachable(io::Error),
    /// The client answers to the port that it asked, not to the one that it is answered from
    /// (server only).
    KeepsToPort,
    /// The client was silent, and another needed its place (server only).
    Displaced,
    /// Blocks were acknowledged that had not been sent: an attacker forges the client's address (server
    /// only).
    Forged,
}

/// Why this side refuses a request, or cannot go on with a transfer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No such file; perhaps this one was meant.
    #[error("no such file")]
    NotFound {
        /// The name beneath the root that is most alike, if one is near.
        nearest: Option<String>,
    },
    /// The name leads out of the root.
    #[error("the name leads out of the root")]
    OutsideRoot,
    /// A symbolic link leads out of the root.
    #[error("the symbolic link {} leads out of the root, to {}", .0.path, .0.target)]
    LinkOutside(Box<BadLink>),
    /// A symbolic link leads to nothing.
    #[error("the symbolic link {} leads to {}, which is not there", .0.path, .0.target)]
    DanglingLink(Box<BadLink>),
    /// Symbolic links lead to each other.
    #[error("the symbolic link {link} leads to itself")]
    LinkLoop {
        /// The first of them, beneath the root.
        link: String,
    },
    /// An upload into a directory that is not there.
    #[error("no such directory: {directory}")]
    NoDirectory {
        /// The directory, beneath the root.
        directory: String,
    },
    /// The system does not let us search a directory, or write in it.
    #[error("the directory \"{directory}\" is closed to this process")]
    DirectoryClosed {
        /// The directory, beneath the root; empty for the root itself.
        directory: String,
    },
    /// It is a directory, a device, a pipe: no file.
    #[error("not a regular file")]
    NotAFile,
    /// A rule of the operator's refuses it.
    #[error("a rule refuses it")]
    ByRule,
    /// The operator's rules lead nowhere for this name: they do not end, or the name would change what
    /// stands around it.
    #[error("the rules lead nowhere for this name")]
    NotRoutable(Undecided),
    /// A controller that was to say what is served did not.
    #[error("the controller did not answer: {0}")]
    Controller(ControllerError),
    /// The system does not let us read or write it.
    #[error("not permitted")]
    NotPermitted,
    /// Uploads are not accepted.
    #[error("uploads are not accepted")]
    ReadOnly,
    /// Only new names are accepted.
    #[error("the file exists")]
    Exists,
    /// Larger than uploads may be.
    #[error("the upload is larger than {limit} bytes")]
    TooLarge {
        /// How large they may be.
        limit: u64,
    },
    /// All uploads together are larger than they may be.
    #[error("all uploads together are larger than {limit} bytes")]
    QuotaUsed {
        /// How large they may be.
        limit: u64,
    },
    /// No space is left.
    #[error("no space is left")]
    DiskFull,
    /// A program wrote into the file while it was sent.
    #[error("the file was changed while it was sent")]
    Changed,
    /// Uploads go nowhere: what is served is no directory.
    #[error("a store is only read from")]
    StoreReadOnly,
    /// The store that the file is in, or the way to it.
    #[error(transparent)]
    Store(StoreFault),
    /// As many transfers run as may.
    #[error("{limit} transfers run already")]
    Busy {
        /// How many may.
        limit: usize,
    },
    /// As many transfers run for this client's address as may.
    #[error("{limit} transfers run already for this address")]
    BusyClient {
        /// How many may.
        limit: usize,
    },
    /// Uploads that run take as much memory as they may.
    #[error("uploads take {limit} bytes of memory already")]
    BusyMemory {
        /// How many bytes they may take.
        limit: u64,
    },
    /// As many transfers run as may for one network of IPv6, a /64 or a /56.
    #[error("{limit} transfers run already for this network")]
    BusyNetwork {
        /// How many may.
        limit: usize,
    },
    /// The system has no descriptor or memory left for another transfer.
    #[error("{0}")]
    Exhausted(io::Error),
    /// The request makes no sense.
    #[error("malformed request")]
    Malformed,
    /// Anything else that the system said.
    #[error(transparent)]
    System(io::Error),
}

/// What a store behind a network did, or did not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreFault {
    /// No connection comes about.
    #[error("the store cannot be reached: {why}")]
    Unreachable {
        /// What the system says.
        why: String,
    },
    /// It does not answer, or has stopped in the middle.
    #[error("the store has said nothing for {seconds} s")]
    Silent {
        /// For how long.
        seconds: u64,
    },
    /// It ended in the middle, and did not go on when it was asked to.
    #[error("the store ended after {bytes} of {length} bytes")]
    Truncated {
        /// Bytes that came.
        bytes: u64,
        /// Bytes that were announced.
        length: u64,
    },
    /// It has another file under this name than when the transfer began.
    #[error("the file was changed in the store while it was fetched")]
    Changed,
    /// It does not let us read it.
    #[error("the store does not let us read it ({status})")]
    Denied {
        /// The status of its answer, of HTTP.
        status: u16,
    },
    /// It redirects us elsewhere, and redirections are not followed.
    #[error("the store sends us elsewhere, to {to}")]
    Redirected {
        /// Where, made visible.
        to: String,
    },
    /// It answers with an error of its own.
    #[error("the store answers with status {status}")]
    Failed {
        /// The status of its answer, of HTTP.
        status: u16,
    },
    /// It does not say how long the file is.
    #[error("the store does not say how long the file is")]
    NoLength,
    /// It sends another length than it has announced.
    #[error("the store has announced {length} bytes and sends others")]
    WrongLength {
        /// Bytes that were announced.
        length: u64,
    },
    /// The file is larger than all that may be kept.
    #[error("the file has {length} bytes, and no more than {limit} are kept")]
    TooLarge {
        /// Its bytes.
        length: u64,
        /// What may be kept.
        limit: u64,
    },
    /// What is kept of the store is read from, so that nothing can leave for another file.
    #[error("what is kept, {limit} bytes, is all being read")]
    CacheFull {
        /// What may be kept, in bytes.
        limit: u64,
    },
    /// As many files are fetched as may be.
    #[error("{limit} files are fetched already")]
    Busy {
        /// How many may be.
        limit: usize,
    },
    /// Something else is wrong with its answer.
    #[error("the answer of the store makes no sense: {why}")]
    Malformed {
        /// What, made visible.
        why: String,
    },
    /// The name would leave the prefix, or be another key.
    #[error("the name could be another key")]
    Name,
}

/// A symbolic link that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLink {
    /// Where it is, beneath the root.
    pub path: String,
    /// What is in it.
    pub target: String,
}

impl Refusal {
    /// The code that the peer is told.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound { .. } | Self::DanglingLink(_) | Self::NoDirectory { .. } => {
                ErrorCode::NOT_FOUND
            }
            Self::OutsideRoot
            | Self::LinkOutside(_)
            | Self::LinkLoop { .. }
            | Self::DirectoryClosed { .. }
            | Self::NotAFile
            | Self::ByRule
            | Self::NotRoutable(_)
            | Self::NotPermitted
            | Self::ReadOnly
            | Self::StoreReadOnly
            | Self::Store(StoreFault::Denied { .. } | StoreFault::Name) => ErrorCode::ACCESS,
            Self::Controller(ControllerError::Declined) => ErrorCode::NOT_FOUND,
            Self::Exists => ErrorCode::EXISTS,
            Self::TooLarge { .. }
            | Self::QuotaUsed { .. }
            | Self::DiskFull
            | Self::Store(StoreFault::TooLarge { .. } | StoreFault::CacheFull { .. }) => {
                ErrorCode::DISK_FULL
            }
            Self::Malformed => ErrorCode::ILLEGAL,
            Self::Controller(_)
            | Self::Changed
            | Self::Store(_)
            | Self::Busy { .. }
            | Self::BusyClient { .. }
            | Self::BusyMemory { .. }
            | Self::BusyNetwork { .. }
            | Self::Exhausted(_)
            | Self::System(_) => ErrorCode::NOT_DEFINED,
        }
    }

    /// The words that the peer is told: nothing about our file system beyond the code.
    pub fn words(&self) -> &'static str {
        match self {
            Self::NotFound { .. } | Self::DanglingLink(_) | Self::NoDirectory { .. } => {
                "File not found"
            }
            Self::OutsideRoot
            | Self::LinkOutside(_)
            | Self::LinkLoop { .. }
            | Self::DirectoryClosed { .. }
            | Self::NotAFile
            | Self::ByRule
            | Self::NotRoutable(_)
            | Self::NotPermitted
            | Self::Store(StoreFault::Denied { .. } | StoreFault::Name) => "Access violation",
            Self::Controller(ControllerError::Declined) => "File not found",
            Self::Controller(_) => "Server error",
            Self::ReadOnly | Self::StoreReadOnly => "Uploads are not accepted",
            Self::Exists => "File already exists",
            Self::TooLarge { .. } | Self::QuotaUsed { .. } => "Allocation exceeded",
            Self::DiskFull => "Disk full",
            Self::Malformed => "Illegal TFTP operation",
            Self::Changed | Self::Store(StoreFault::Changed) => "The file changed",
            Self::Store(StoreFault::TooLarge { .. } | StoreFault::CacheFull { .. }) => "Disk full",
            Self::Store(StoreFault::Busy { .. }) => "Busy, try again",
            Self::Store(StoreFault::Unreachable { .. } | StoreFault::Silent { .. }) => {
                "The store does not answer"
            }
            Self::Store(_) => "The store failed",
            Self::Busy { .. }
            | Self::BusyClient { .. }
            | Self::BusyMemory { .. }
            | Self::BusyNetwork { .. }
            | Self::Exhausted(_) => "Busy, try again",
            Self::System(_) => "Server error",
        }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                Self::NotFound { nearest: None }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NotPermitted
            }
            io::ErrorKind::AlreadyExists => Self::Exists,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            // openat2: the path would leave the root, or is a loop of links.
            io::ErrorKind::CrossesDevices => Self::OutsideRoot,
            io::ErrorKind::IsADirectory => Self::NotAFile,
            io::ErrorKind::InvalidFilename => Self::NotFound { nearest: None },
            _ => match error.raw_os_error() {
                Some(nix::libc::ELOOP) => Self::OutsideRoot,
                Some(nix::libc::ENXIO) => Self::NotAFile,
                Some(
                    nix::libc::EMFILE | nix::libc::ENFILE | nix::libc::ENOBUFS | nix::libc::ENOMEM,
                ) => Self::Exhausted(error),
                _ => Self::System(error),
            },
        }
    }
}
