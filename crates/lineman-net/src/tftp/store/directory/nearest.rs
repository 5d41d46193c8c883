//! The name that was perhaps meant, for the log only.

use lineman_proto::text::visible_bytes;
use lineman_proto::tftp::clean;
use lineman_proto::tftp::unpadded;
use rustix::fs::FileType;

use super::Directory;
use super::names_temporary;
use super::similar::distance;
use super::similar::nearness;
use super::split_last;
use super::walk::Budget;
use super::walk::Found;
use super::walk::join;

impl Directory {
    /// The file beneath the root whose name is most like the one asked for, if any is near: of equally
    /// near ones, one in the same directory. It reads directories: not for an event loop, and not for an answer
    /// that is not written to the log.
    pub(in crate::tftp) fn nearest(&self, requested: &[u8], mut budget: Budget) -> Option<String> {
        let path = clean(requested)?;
        let path = self.without_root(unpadded(&path)).unwrap_or(&path);
        let (parent, name) = split_last(unpadded(path));
        let asked = letters(name);
        let mut most = nearness(&asked);
        let mut best: Option<(usize, bool, Vec<u8>)> = None;
        let mut look = |found: &Found<'_>| {
            if found.file_type == FileType::Directory || names_temporary(found.name) {
                return;
            }
            let letters = letters(found.name);
            let Some(edits) = distance(&asked, &letters, most) else {
                return;
            };
            let candidate = (
                edits,
                found.parent != parent,
                join(found.parent, found.name),
            );
            if best.as_ref().is_none_or(|best| candidate < *best) {
                most = edits; // nothing farther is of interest any more
                best = Some(candidate);
            }
        };
        // Where it was asked for first: the budget may not reach through the whole tree.
        if self.look_through(parent, &mut budget, &mut look) {
            self.walk(&mut budget, &mut look);
        }
        best.map(|(_, _, path)| visible_bytes(&path))
    }
}

/// Upper and lower case are alike.
fn letters(name: &[u8]) -> Vec<char> {
    String::from_utf8_lossy(name)
        .to_lowercase()
        .chars()
        .collect()
}
