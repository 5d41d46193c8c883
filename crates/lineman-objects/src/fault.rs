//! What the store's library says, as a reason to refuse.

use std::error::Error as StdError;
use std::io;

use lineman_net::tftp::Refusal;
use lineman_net::tftp::StoreFault;
use lineman_proto::text::visible_bytes;
use object_store::Error;

use crate::client::LinkError;

/// Why a store did not give what it was asked for.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// There is no such object.
    Missing,
    /// It is the one that we have.
    NotModified,
    /// It is not the one that we asked for any more.
    Changed,
    /// The answer is for all of it, or of no use to go on with.
    CannotResume,
    /// The disk takes no more, or something else of this machine.
    System(SystemTrouble),
    /// Anything else.
    Fault(StoreFault),
}

/// An error of the system, as often as it is needed.
#[derive(Clone, Debug)]
pub(crate) struct SystemTrouble {
    code: Option<i32>,
    text: String,
}

impl Trouble {
    pub(crate) fn refusal(&self) -> Refusal {
        match self {
            Self::Missing => Refusal::NotFound { nearest: None },
            Self::NotModified | Self::CannotResume => Refusal::Store(StoreFault::Malformed {
                why: "an answer to another question".to_owned(),
            }),
            Self::Changed => Refusal::Store(StoreFault::Changed),
            Self::System(trouble) => match trouble.code {
                Some(code) => io::Error::from_raw_os_error(code).into(),
                None => Refusal::System(io::Error::other(trouble.text.clone())),
            },
            Self::Fault(fault) => Refusal::Store(fault.clone()),
        }
    }

    /// Whether another attempt, a moment later, may have another answer.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Fault(
                StoreFault::Unreachable { .. }
                    | StoreFault::Silent { .. }
                    | StoreFault::Truncated { .. }
                    | StoreFault::Failed { .. }
            )
        )
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::System(SystemTrouble {
            code: error.raw_os_error(),
            text: error.to_string(),
        })
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match &error {
            Error::NotFound { .. } => Self::Missing,
            Error::NotModified { .. } => Self::NotModified,
            Error::Precondition { .. } => Self::Changed,
            Error::NotSupported { .. } => Self::CannotResume,
            Error::PermissionDenied { .. } => Self::Fault(StoreFault::Denied { status: 403 }),
            Error::Unauthenticated { .. } => Self::Fault(StoreFault::Denied { status: 401 }),
            _ => Self::Fault(find(&error)),
        }
    }
}

fn find(error: &Error) -> StoreFault {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    let mut last: &(dyn StdError + 'static) = error;
    while let Some(error) = next {
        if let Some(link) = error.downcast_ref::<LinkError>() {
            return of_link(link);
        }
        last = error;
        next = error.source();
    }
    let why = last.to_string();
    if why.contains("Content-Length Header missing") {
        return StoreFault::NoLength;
    }
    let shown = why.as_bytes();
    StoreFault::Malformed {
        why: visible_bytes(&shown[..shown.len().min(LONGEST_SHOWN)]),
    }
}

fn of_link(link: &LinkError) -> StoreFault {
    match link {
        LinkError::Unreachable(why) | LinkError::Broken(why) => {
            StoreFault::Unreachable { why: why.clone() }
        }
        LinkError::Status { status, to } if (300..400).contains(status) => StoreFault::Redirected {
            to: to.clone().unwrap_or_default(),
        },
        LinkError::Status { status, .. } => StoreFault::Failed { status: *status },
        LinkError::Plain => StoreFault::Unreachable {
            why: "HTTP without TLS is not allowed".to_owned(),
        },
    }
}

/// Bytes of an explanation that are shown.
const LONGEST_SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use lineman_proto::tftp::ErrorCode;

    use super::*;

    #[test]
    fn a_full_disk_is_told_as_one() {
        let full = Trouble::from(io::Error::from_raw_os_error(28));
        assert!(matches!(full.refusal(), Refusal::DiskFull));
        assert_eq!(full.refusal().code(), ErrorCode::DISK_FULL);
        assert!(!full.may_pass());
    }
}
