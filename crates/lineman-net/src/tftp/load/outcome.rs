//! What a transfer is to bring, and how it ended.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::Failure;

use super::FailureKind;
use super::LoadOptions;
use super::Reference;

/// How a transfer ended.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) result: Result<(), (FailureKind, Why)>,
    pub(super) agreed: Agreed,
    pub(super) bytes: u64,
    pub(super) elapsed: Duration,
    pub(super) first_byte: Option<Duration>,
}

/// The cause of a failure.
#[derive(Debug)]
pub(super) enum Why {
    Session(Failure),
    System(io::Error),
    Content,
}

/// What is expected of the content, or kept of it.
#[derive(Debug)]
pub(super) enum File {
    /// The content is not known yet: count it, and keep it where there is a place.
    Unknown(Option<Vec<u8>>),
    /// Must have this length, and these bytes where they are known.
    Known(u64, Option<Arc<Vec<u8>>>),
    /// This is sent.
    Upload(Arc<Vec<u8>>),
}

impl File {
    /// What later transfers expect.
    pub(super) fn expected(options: &LoadOptions, reference: &Reference) -> Self {
        match &options.upload {
            Some(content) => Self::Upload(content.clone()),
            None => Self::Known(reference.length, reference.content.clone()),
        }
    }
}
