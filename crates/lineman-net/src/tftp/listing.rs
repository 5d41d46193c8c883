//! What is in a directory, for protocols that can show it.

use std::time::SystemTime;

/// The names in one directory that can be had, directories first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The names.
    pub entries: Vec<Entry>,
    /// Whether there are more: a listing is bounded.
    pub is_cut: bool,
}

/// A name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name: any bytes but `/` and NUL.
    pub name: Vec<u8>,
    /// Its length in bytes; `None` for a directory.
    pub length: Option<u64>,
    /// When it was written last, where the system tells.
    pub modified: Option<SystemTime>,
}

impl Entry {
    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.length.is_none()
    }
}
