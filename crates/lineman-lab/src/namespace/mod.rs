//! Namespaces: one for the lab, and in it one for each host.

mod settings;

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::thread;

use nix::sched::CloneFlags;

use crate::error::Refusal;
use crate::error::Rung;

pub use settings::Settings;
pub(crate) use settings::few_buckets;

/// Takes this process into a user and a network namespace of its own, in which it is root. There is
/// no way back. Where a user namespace is refused to a process that is root anyway, a network
/// namespace alone is enough.
///
/// # Errors
/// When the system refuses, or this process already has other threads (unshare(2)).
pub(crate) fn leave_the_system() -> Result<(), Refusal> {
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    match nix::sched::unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET) {
        Ok(()) => be_root(uid.as_raw(), gid.as_raw()).map_err(Rung::UserMap.refused()),
        Err(_) if uid.is_root() => {
            nix::sched::unshare(CloneFlags::CLONE_NEWNET).map_err(Rung::Unshare.refused())
        }
        Err(errno) => Err(Rung::Unshare.refused()(errno)),
    }
}

/// Maps the user and group that this process had to root of the new namespace (user_namespaces(7)).
fn be_root(uid: u32, gid: u32) -> io::Result<()> {
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
    std::fs::write("/proc/self/gid_map", format!("0 {gid} 1"))
}

/// A network namespace. It lives as long as this, or as anything in it.
#[derive(Debug)]
pub(crate) struct Namespace(File);

impl Namespace {
    /// Makes one.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn make() -> io::Result<Self> {
        let inside = thread::Builder::new().spawn(|| {
            nix::sched::unshare(CloneFlags::CLONE_NEWNET)?;
            File::open("/proc/thread-self/ns/net")
        })?;
        inside.join().map_err(|_| panicked())?.map(Self)
    }

    /// Takes the calling thread, and what it starts from now on, into this namespace (setns(2)).
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn enter(&self) -> io::Result<()> {
        Ok(nix::sched::setns(&self.0, CloneFlags::CLONE_NEWNET)?)
    }

    /// Does something on a thread that has entered this namespace, and waits for it.
    ///
    /// # Errors
    /// When the system refuses the thread or the entry, or as `work` failed.
    pub(crate) fn within<T: Send>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send,
    ) -> io::Result<T> {
        thread::scope(|scope| {
            let inside = thread::Builder::new().spawn_scoped(scope, || {
                self.enter()?;
                work()
            })?;
            inside.join().map_err(|_| panicked())?
        })
    }
}

impl AsFd for Namespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn panicked() -> io::Error {
    io::Error::other("a thread of the lab has panicked")
}
