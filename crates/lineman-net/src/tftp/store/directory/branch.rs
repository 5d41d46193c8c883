//! Which part of the tree a name leads to, as far as that can be said without asking a file system that
//! may hang.

use lineman_proto::tftp::clean;
use lineman_proto::tftp::unpadded;
use rustix::fs::AtFlags;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::fs::StatxFlags;
use rustix::io::Errno;

use super::Directory;
use super::walk::join;

/// What hangs together: a file system that is mounted in the tree, or a directory at the top of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::tftp) enum Branch {
    /// Another file system than the root's, by its device.
    Mount(u32, u32),
    /// The first part of the path.
    Top(Vec<u8>),
}

impl Directory {
    /// The branch that a requested name leads to: however the name is written, as far as the kernel has
    /// at hand where it leads. This never blocks.
    pub(in crate::tftp) fn branch(&self, requested: &[u8]) -> Branch {
        let path = clean(requested).map_or_else(Vec::new, |path| flat(unpadded(&path)));
        match self.branch_of(&path) {
            Some(branch) => branch,
            // The first part is not there: a path with the root's own before it is looked for next.
            None => {
                let beneath = self.without_root(&path).unwrap_or(&path);
                self.branch_of(beneath)
                    .unwrap_or_else(|| Branch::Top(first(beneath)))
            }
        }
    }

    /// `None` where nothing of that name is mounted or at hand.
    fn branch_of(&self, path: &[u8]) -> Option<Branch> {
        let root = self.device_at_hand(b".").ok();
        let mut reached = Vec::new();
        for (nth, part) in path
            .split(|&byte| byte == b'/')
            .take(MOST_PARTS)
            .enumerate()
        {
            reached = join(&reached, part);
            match self.device_at_hand(&reached) {
                Ok(device) if Some(device) != root => {
                    return Some(Branch::Mount(device.0, device.1));
                }
                Ok(_) => {}
                // AGAIN: not at hand, and where something is mounted always is.
                Err(Errno::NOENT | Errno::NOTDIR | Errno::AGAIN) if nth == 0 => return None,
                Err(_) => break,
            }
        }
        Some(Branch::Top(first(path)))
    }

    fn device_at_hand(&self, path: &[u8]) -> Result<(u32, u32), Errno> {
        let found = self.open_beneath(path, OFlags::PATH, ResolveFlags::CACHED)?;
        let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
        let told = rustix::fs::statx(&found, "", flags, StatxFlags::TYPE)?;
        Ok((told.stx_dev_major, told.stx_dev_minor))
    }
}

/// The path without `..`, read as text: where a directory is a link it may be another one.
fn flat(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join(&b'/')
}

fn first(path: &[u8]) -> Vec<u8> {
    let end = path.iter().position(|&byte| byte == b'/');
    path[..end.unwrap_or(path.len())].to_vec()
}

/// Parts of a path that are looked at; file systems are rarely mounted deeper.
const MOST_PARTS: usize = 8;

#[cfg(test)]
mod tests {
    use super::super::WritePolicy;
    use super::*;

    /// Each way to write the name of a directory that hung took half of the threads.
    #[test]
    fn however_a_name_is_written_its_branch_is_the_same() {
        let dir = tempfile::tempdir().expect("directory");
        std::fs::create_dir_all(dir.path().join("nfs/deep")).expect("directory");
        std::fs::create_dir(dir.path().join("other")).expect("directory");
        let store = Directory::open(dir.path(), WritePolicy::Refuse, 0, false).expect("root");
        let top = |name: &[u8]| Branch::Top(name.to_vec());
        let own = [dir.path().as_os_str().as_encoded_bytes(), b"/nfs/x"].concat();
        for name in [
            &b"nfs/x"[..],
            b"/nfs/deep/x",
            b"./nfs\\x",
            b"C:\\nfs\\x",
            b"other/../nfs/x",
            b"nfs/../nfs/x",
            b"../nfs/x",
            b"tftpboot/nfs/x",
            b"/srv/tftp/nfs/x",
            b"private/tftpboot/nfs/x",
            b"nfs\xff\xff",
            &own,
        ] {
            let shown = String::from_utf8_lossy(name);
            assert_eq!(store.branch(name), top(b"nfs"), "{shown}");
        }
        assert_eq!(store.branch(b"other/nfs/x"), top(b"other"));
        assert_eq!(store.branch(b"nothing/x"), top(b"nothing"));
        std::fs::create_dir(dir.path().join("tftpboot")).expect("directory");
        assert_eq!(store.branch(b"tftpboot/nfs/x"), top(b"tftpboot"));
        for nothing in [&b""[..], b"/", b".."] {
            assert_eq!(store.branch(nothing), top(b""));
        }
    }
}
