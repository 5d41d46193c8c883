//! From a name as a client writes it to a file: as it stands, and where that is not there, as it was
//! perhaps meant.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use lineman_proto::tftp::Direction;
use lineman_proto::tftp::clean;
use lineman_proto::tftp::unpadded;
use lineman_proto::tftp::without_root;
use rustix::fs::OFlags;

use super::Directory;
use super::names_temporary;
use super::split_last;
use super::walk;
use super::walk::Budget;
use super::walk::Found;
use crate::tftp::Refusal;

impl Directory {
    pub(super) fn open_for_reading(&self, requested: &[u8]) -> Result<File, Refusal> {
        let path = clean(requested).ok_or(Refusal::NotAFile)?;
        let file = match self.open_file(&path) {
            Err(Refusal::NotFound { .. }) => self.open_almost(&path)?.0,
            other => other?,
        };
        if !file.metadata()?.is_file() {
            return Err(Refusal::NotAFile);
        }
        Ok(file)
    }

    /// The path of a file that is read under another name than its own, or of one that is written.
    pub(super) fn found_as(&self, requested: &[u8], direction: Direction) -> Option<Vec<u8>> {
        let path = clean(requested)?;
        let is_missing =
            |opened: Result<(), Refusal>| matches!(opened, Err(Refusal::NotFound { .. }));
        match direction {
            Direction::Read if is_missing(self.open_file(&path).map(drop)) => {
                Some(self.open_almost(&path).ok()?.1)
            }
            Direction::Write if is_missing(self.open_dir(split_last(&path).0).map(drop)) => {
                self.without_root(&path).map(<[u8]>::to_vec)
            }
            _ => None,
        }
    }

    /// A name was not found as it stands. Some boot programs leave padding behind it, some know where
    /// the files lie on the server, some systems do not distinguish upper and lower case.
    fn open_almost(&self, path: &[u8]) -> Result<(File, Vec<u8>), Refusal> {
        let trimmed = unpadded(path);
        let beneath = self.without_root(trimmed);
        let unpadded = Some(trimmed).filter(|trimmed| trimmed.len() < path.len());
        for path in [unpadded, beneath].into_iter().flatten() {
            match self.open_file(path) {
                Err(Refusal::NotFound { .. }) => {}
                other => return other.map(|file| (file, path.to_vec())),
            }
        }
        let mut budget = Budget::new(MOST_ENTRIES, LONGEST_LOOK);
        let asked = [Some(trimmed), beneath];
        for path in asked.into_iter().flatten().filter(|_| self.ignore_case) {
            if let Some(found) = self.find_ignoring_case(path, &mut budget) {
                return self.open_file(&found).map(|file| (file, found));
            }
        }
        Err(Refusal::NotFound { nearest: None })
    }

    /// What lies beneath the root, of a path that begins with the root's own or a usual one.
    pub(super) fn without_root<'a>(&self, path: &'a [u8]) -> Option<&'a [u8]> {
        let own = |root: &PathBuf| {
            let root = clean(root.as_os_str().as_bytes())?;
            without_root(path, &root)
        };
        self.own_paths
            .iter()
            .find_map(own)
            .or_else(|| without_root(path, b""))
    }

    /// The same for an absolute path of this machine; only the root's own path counts.
    pub(super) fn beneath_own_path<'a>(&self, path: &'a [u8]) -> Option<&'a [u8]> {
        let path = Path::new(OsStr::from_bytes(path));
        let mut own = self.own_paths.iter();
        let rest = own.find_map(|root| path.strip_prefix(root).ok())?;
        Some(rest.as_os_str().as_bytes())
    }

    fn find_ignoring_case(&self, path: &[u8], budget: &mut Budget) -> Option<Vec<u8>> {
        let mut reached: Vec<u8> = Vec::new();
        for component in path.split(|&byte| byte == b'/') {
            let wanted = String::from_utf8_lossy(component).to_lowercase();
            let mut best: Option<(bool, Vec<u8>)> = None;
            let parent = self.follow(&reached).ok()?;
            self.look_through(&parent, budget, |found: &Found<'_>| {
                let name = found.name;
                if name == component || String::from_utf8_lossy(name).to_lowercase() == wanted {
                    let candidate = (name != component, name.to_vec());
                    if best.as_ref().is_none_or(|best| candidate < *best) {
                        best = Some(candidate);
                    }
                }
            });
            reached = walk::join(&reached, &best?.1);
        }
        Some(reached)
    }

    fn open_file(&self, path: &[u8]) -> Result<File, Refusal> {
        if names_temporary(path) {
            return Err(Refusal::NotFound { nearest: None });
        }
        // Without NONBLOCK, opening a pipe would wait for its writer.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        Ok(File::from(self.open_following(path, flags)?))
    }
}

/// Names that one request with `ignore_case` may have us look at, and for how long.
const MOST_ENTRIES: usize = 10_000;
const LONGEST_LOOK: Duration = Duration::from_millis(50);
