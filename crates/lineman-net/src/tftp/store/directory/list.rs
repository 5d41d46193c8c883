//! What is in one directory of the tree, for clients that may see it.

use std::os::fd::OwnedFd;
use std::time::Duration;
use std::time::SystemTime;

use lineman_proto::tftp::clean;
use rustix::fs::Access;
use rustix::fs::AtFlags;
use rustix::fs::Dir;
use rustix::fs::FileType;
use rustix::fs::OFlags;
use rustix::fs::Stat;

use super::Directory;
use super::names_temporary;
use super::walk::Budget;
use super::walk::join;
use crate::tftp::Entry;
use crate::tftp::Listing;
use crate::tftp::Refusal;

impl Directory {
    /// Names in a directory that this server could give to a client: what it may not read, what is neither file nor directory,
    /// and links that lead to nothing beneath the root are left out.
    ///
    /// # Errors
    /// With what the client may be told.
    pub(super) fn names_in(&self, requested: &[u8]) -> Result<Listing, Refusal> {
        let parent = clean(requested).unwrap_or_default();
        let dir = self.open_dir(&parent)?;
        let mut budget = Budget::new(MOST_ENTRIES, LONGEST_LOOK);
        let mut listing = Listing::default();
        for found in Dir::read_from(&dir).map_err(std::io::Error::from)? {
            let found = found.map_err(std::io::Error::from)?;
            let name = found.file_name().to_bytes();
            if name == b"." || name == b".." || names_temporary(name) {
                continue;
            }
            if !budget.spend() {
                listing.is_cut = true;
                break;
            }
            listing.entries.extend(self.entry(&dir, &parent, name));
        }
        let place = |entry: &Entry| (!entry.is_directory(), entry.name.clone());
        listing.entries.sort_by_cached_key(place);
        Ok(listing)
    }

    /// The name as it is shown; `None` where nobody could have what it stands for.
    fn entry(&self, dir: &OwnedFd, parent: &[u8], name: &[u8]) -> Option<Entry> {
        let own = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let stat = match FileType::from_raw_mode(own.st_mode) {
            // Opened as a client's request would open it: it leads to something beneath the root that may be read, or is left out.
            FileType::Symlink => {
                let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
                let target = self.open_following(&join(parent, name), flags).ok()?;
                rustix::fs::fstat(&target).ok()?
            }
            FileType::RegularFile => {
                rustix::fs::accessat(dir, name, Access::READ_OK, AtFlags::EACCESS).ok()?;
                own
            }
            FileType::Directory => {
                let access = Access::READ_OK | Access::EXEC_OK;
                rustix::fs::accessat(dir, name, access, AtFlags::EACCESS).ok()?;
                own
            }
            _ => return None,
        };
        let length = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Some(u64::try_from(stat.st_size).ok()?),
            FileType::Directory => None,
            _ => return None,
        };
        Some(Entry {
            name: name.to_vec(),
            length,
            modified: modified(&stat),
        })
    }
}

fn modified(stat: &Stat) -> Option<SystemTime> {
    let seconds = u64::try_from(stat.st_mtime).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// Names that one request may have us look at, and for how long.
const MOST_ENTRIES: usize = 10_000;
const LONGEST_LOOK: Duration = Duration::from_millis(500);
