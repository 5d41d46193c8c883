//! Symbolic links that the kernel does not follow beneath the root, because they are absolute.
//!
//! Such a link is meant in one of two ways: by the path that the root has on this machine, or by the
//! one that files have for a server that was moved into the root (chroot). Both are read here, step by
//! step; every step and the file in the end are opened by the kernel, beneath the root.

use std::collections::VecDeque;

use lineman_proto::text::visible_bytes;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::io::Errno;

use super::Directory;
use super::walk::join;
use crate::tftp::BadLink;
use crate::tftp::Refusal;

/// A link on the way.
struct Link {
    /// Where it is.
    path: Vec<u8>,
    target: Vec<u8>,
    /// It is absolute, and not by the root's own path.
    is_foreign: bool,
}

/// A component that is still to be walked, and the link that it is from.
type Step = (Vec<u8>, Option<usize>);

impl Directory {
    /// The path without links that `path` leads to, beneath the root.
    ///
    /// # Errors
    /// With the link that leads out, to nothing, or in a circle; or that there is no such file.
    pub(super) fn follow(&self, path: &[u8]) -> Result<Vec<u8>, Refusal> {
        for _ in 0..super::RACES {
            // Something was exchanged while it was looked at: again.
            if let Some(answer) = self.try_to_follow(path) {
                return answer;
            }
        }
        Err(Refusal::OutsideRoot)
    }

    fn try_to_follow(&self, path: &[u8]) -> Option<Result<Vec<u8>, Refusal>> {
        let mut links: Vec<Link> = Vec::new();
        let mut done: Vec<u8> = Vec::new();
        let mut rest: VecDeque<Step> = components(path).map(|part| (part.to_vec(), None)).collect();
        for _ in 0..MOST_STEPS {
            let Some((part, from)) = rest.pop_front() else {
                return Some(Ok(done));
            };
            let from = from.map(|at| &links[at]);
            if part == b".." {
                if done.is_empty() {
                    return Some(Err(from.map_or(Refusal::OutsideRoot, outside)));
                }
                done.truncate(super::split_last(&done).0.len());
                continue;
            }
            let next = join(&done, &part);
            match self.read_link(&next) {
                Ok(None) => done = next,
                Ok(Some(target)) if links.len() < MOST_LINKS => {
                    let is_absolute = target.starts_with(b"/");
                    let own = is_absolute
                        .then(|| self.beneath_own_path(&target))
                        .flatten();
                    if is_absolute {
                        done.clear();
                    }
                    let way = own.unwrap_or(&target);
                    let nth = links.len();
                    let steps: Vec<Step> = components(way)
                        .map(|part| (part.to_vec(), Some(nth)))
                        .collect();
                    steps
                        .into_iter()
                        .rev()
                        .for_each(|step| rest.push_front(step));
                    links.push(Link {
                        is_foreign: is_absolute && own.is_none(),
                        path: next,
                        target: target.clone(),
                    });
                }
                Ok(Some(_)) => return Some(Err(in_a_circle(&links[0]))),
                Err(Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG) => {
                    return Some(Err(missing(from, done.is_empty())));
                }
                Err(Errno::ACCESS) => return Some(Err(closed(&done))),
                Err(Errno::LOOP | Errno::XDEV | Errno::AGAIN) => return None,
                Err(error) => return Some(Err(std::io::Error::from(error).into())),
            }
        }
        Some(Err(links.first().map_or(Refusal::OutsideRoot, in_a_circle)))
    }

    /// What the link at this path, of which only the end may be one, leads to; `None` if it is none.
    fn read_link(&self, path: &[u8]) -> Result<Option<Vec<u8>>, Errno> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW;
        let found = self.open_beneath(path, flags, ResolveFlags::NO_SYMLINKS)?;
        match rustix::fs::readlinkat(&found, "", Vec::new()) {
            Ok(target) => Ok(Some(target.into_bytes())),
            Err(Errno::INVAL | Errno::NOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/')
        .filter(|part| !part.is_empty() && *part != b".")
}

/// `at_top`: not even the first directory is beneath the root.
fn missing(from: Option<&Link>, at_top: bool) -> Refusal {
    match from {
        None => Refusal::NotFound { nearest: None },
        Some(link) if link.is_foreign && at_top => outside(link),
        Some(link) => Refusal::DanglingLink(bad(link)),
    }
}

fn outside(link: &Link) -> Refusal {
    Refusal::LinkOutside(bad(link))
}

fn bad(link: &Link) -> Box<BadLink> {
    Box::new(BadLink {
        path: visible_bytes(&link.path),
        target: visible_bytes(&link.target),
    })
}

fn in_a_circle(link: &Link) -> Refusal {
    Refusal::LinkLoop {
        link: visible_bytes(&link.path),
    }
}

pub(super) fn closed(directory: &[u8]) -> Refusal {
    Refusal::DirectoryClosed {
        directory: visible_bytes(directory),
    }
}

/// As many as the kernel follows for one path.
const MOST_LINKS: usize = 40;
/// A name of a request has no more components; those of links are few.
const MOST_STEPS: usize = 1024;
