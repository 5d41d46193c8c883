//! Looking through the served tree, with an end: so many entries and so much time.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::time::Duration;
use std::time::Instant;

use rustix::fs::AtFlags;
use rustix::fs::Dir;
use rustix::fs::FileType;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;

use super::Directory;

/// How much may be looked at.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    entries: usize,
    until: Instant,
}

/// Something that was found.
pub(super) struct Found<'a> {
    /// The directory that it is in.
    pub(super) dir: &'a OwnedFd,
    /// The directory's path beneath the root; empty for the root.
    pub(super) parent: &'a [u8],
    pub(super) name: &'a [u8],
    pub(super) file_type: FileType,
}

impl Budget {
    /// So many entries, and so much time from now on.
    pub fn new(entries: usize, time: Duration) -> Self {
        Self {
            entries,
            until: Instant::now() + time,
        }
    }

    /// Whether one more entry may be looked at.
    pub fn spend(&mut self) -> bool {
        let left = self.entries.checked_sub(1);
        self.entries = left.unwrap_or(0);
        left.is_some() && Instant::now() < self.until
    }
}

impl Directory {
    /// Shows everything beneath the root, directory by directory from the top, as far as the budget
    /// goes. Links are shown, not followed.
    pub(super) fn walk(&self, budget: &mut Budget, mut show: impl FnMut(&Found<'_>)) {
        let mut waiting = VecDeque::from([Vec::new()]);
        while let Some(parent) = waiting.pop_front() {
            let goes_on = self.look_through(&parent, budget, |found| {
                if found.file_type == FileType::Directory && waiting.len() < MOST_WAITING {
                    waiting.push_back(join(&parent, found.name));
                }
                show(found);
            });
            if !goes_on {
                return;
            }
        }
    }

    /// Shows what is in one directory. Gives `false` when the budget is used up.
    pub(super) fn look_through(
        &self,
        parent: &[u8],
        budget: &mut Budget,
        mut show: impl FnMut(&Found<'_>),
    ) -> bool {
        let path = if parent.is_empty() { b"." } else { parent };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let Ok(dir) = self.beneath(path, flags, ResolveFlags::NO_SYMLINKS) else {
            return true; // closed to us, or gone meanwhile
        };
        let Ok(entries) = Dir::read_from(&dir) else {
            return true;
        };
        for entry in entries.map_while(Result::ok) {
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            if !budget.spend() {
                return false;
            }
            let file_type = match entry.file_type() {
                // Some file systems do not say it here.
                FileType::Unknown => {
                    rustix::fs::statat(&dir, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)
                        .map_or(FileType::Unknown, |told| {
                            FileType::from_raw_mode(told.st_mode)
                        })
                }
                known => known,
            };
            show(&Found {
                dir: &dir,
                parent,
                name,
                file_type,
            });
        }
        true
    }
}

/// A path and one component more.
pub(super) fn join(parent: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(parent.len() + 1 + name.len());
    path.extend_from_slice(parent);
    if !parent.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// Directories that are remembered to be looked through later.
const MOST_WAITING: usize = 10_000;
