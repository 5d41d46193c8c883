//! What is known beside a row, and what its sayings need of other rows.

use std::net::SocketAddr;

use super::Ends;
use crate::log::Counted;

/// What is known beside a row.
#[derive(Debug, Default)]
pub(super) struct Around {
    /// A listener at the port that the row's segment comes from, but at another address.
    pub(super) elsewhere: Option<SocketAddr>,
    /// Whose program has closed the socket that the row is about.
    pub(super) closed: Ends<bool>,
    /// What a TCP has counted about what arrived.
    pub(super) counted: Vec<Counted>,
}
