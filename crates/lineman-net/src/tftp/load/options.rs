//! What load to make.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::ClientConfig;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::Timing;
use lineman_proto::tftp::Wish;

use super::Loss;

/// What load to make, and on whom.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// The server.
    pub server: SocketAddr,
    /// The file's name there; uploads add `.N`, the number of the client, from 1.
    pub filename: Vec<u8>,
    /// How many clients work at a time.
    pub clients: usize,
    /// How many threads they share.
    pub threads: usize,
    /// What each asks for; `tsize` is filled in.
    pub wish: Wish,
    /// A client gives a transfer up after this long without progress.
    pub patience: Duration,
    /// The first transfers begin spread over this time.
    pub ramp: Duration,
    /// Stop after this long.
    pub duration: Option<Duration>,
    /// Stop after this many transfers.
    pub count: Option<u64>,
    /// What is lost on purpose.
    pub loss: Loss,
    /// The content to upload; without it, the file is fetched.
    pub upload: Option<Arc<Vec<u8>>>,
    /// Compare every byte that arrives.
    pub verify: bool,
}

impl LoadOptions {
    /// The session of client `number`, counted from 0.
    pub(super) fn session(&self, number: usize) -> ClientConfig {
        let length = self.upload.as_ref().map(|content| content.len() as u64);
        let mut filename = self.filename.clone();
        if self.upload.is_some() {
            filename.extend_from_slice(format!(".{}", number + 1).as_bytes());
        }
        let mut wish = self.wish;
        if !wish.is_empty() {
            wish.tsize = Some(length.unwrap_or(0));
        }
        ClientConfig {
            direction: match self.upload {
                Some(_) => Direction::Write,
                None => Direction::Read,
            },
            filename,
            mode: Mode::Octet,
            wish,
            rollover: Rollover::ToZero,
            timing: Timing {
                patience: self.patience,
                // Without loss no last block comes again: its socket can go at once.
                dally: match self.loss.is_none() {
                    true => Duration::ZERO,
                    false => DALLY,
                },
                unconfirmed_resends: None,
            },
            length,
        }
    }
}

/// What one transfer, alone and without loss on purpose, has shown.
#[derive(Clone, Debug)]
pub struct Reference {
    /// What the server agreed to.
    pub agreed: Agreed,
    /// The file's length: every later transfer must have it too.
    pub length: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// The file, where every byte is to be compared.
    pub(super) content: Option<Arc<Vec<u8>>>,
}

/// A receiver whose link has lost something stays longer by itself.
const DALLY: Duration = Duration::from_millis(100);
