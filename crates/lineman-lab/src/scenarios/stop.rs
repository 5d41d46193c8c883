//! Why a scenario ends before its end.

use super::Awaited;
use crate::LabError;
use crate::hosts::Outcome;

/// Why a scenario was not played to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Stop {
    /// The lab has ended.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// A call came to another end than the script can go on with: with rules of one's own it may.
    #[error("{call} returned {outcome:?}")]
    Outcome {
        /// The call's name.
        call: &'static str,
        /// What came of it.
        outcome: Outcome,
    },
    /// Something did not happen in time.
    #[error("waited in vain for: {0}")]
    Late(Awaited),
    /// The script has a fault.
    #[error("the script has panicked")]
    Panicked,
}
