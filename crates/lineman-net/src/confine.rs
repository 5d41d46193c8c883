//! The file system out of reach but for one directory: Landlock.
//!
//! A server that has a fault still cannot read or write elsewhere: the kernel refuses, whatever the
//! program asks for. Landlock holds for the calling thread and for those that it starts afterwards,
//! so it belongs before the runtime. It is best effort: an old kernel confines less, or not at all.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use landlock::ABI;
use landlock::Access as _;
use landlock::AccessFs;
use landlock::AccessNet;
use landlock::BitFlags;
use landlock::LandlockStatus;
use landlock::NetPort;
use landlock::PathBeneath;
use landlock::PathFd;
use landlock::RestrictionStatus;
use landlock::Ruleset;
use landlock::RulesetAttr as _;
use landlock::RulesetCreated;
use landlock::RulesetCreatedAttr as _;
use landlock::RulesetError;
use landlock::RulesetStatus;

/// What the kernel holds a thread to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confinement {
    /// Everything that was asked for.
    Full {
        /// The version of the kernel's Landlock.
        abi: u32,
    },
    /// Reading and writing of files; an older kernel knows no more.
    Partial {
        /// The version of the kernel's Landlock.
        abi: u32,
    },
    /// Nothing: the kernel has no Landlock, or it is switched off.
    None,
}

/// What a server uses beside its files: others on the network whom it asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Ports of TCP that may be connected to, at any address; an old kernel (before Landlock 4) cannot
    /// forbid others.
    pub ports: Vec<u16>,
    /// Files and directories that are read, to find addresses by names; those that are not there are left out.
    pub readable: Vec<PathBuf>,
}

impl Elsewhere {
    /// This and that.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.ports.extend_from_slice(&other.ports);
        self.readable.extend_from_slice(&other.readable);
        self.ports.sort_unstable();
        self.ports.dedup();
        self
    }

    fn allow(&self, rules: RulesetCreated) -> Result<RulesetCreated, RulesetError> {
        let readable = self.readable.iter().filter_map(|path| {
            let rights = match path.is_dir() {
                true => AccessFs::ReadFile | AccessFs::ReadDir,
                false => AccessFs::ReadFile.into(),
            };
            Some(PathBeneath::new(PathFd::new(path).ok()?, rights))
        });
        let ports = self.ports.iter();
        let ports =
            ports.map(|port| Ok::<_, RulesetError>(NetPort::new(*port, AccessNet::ConnectTcp)));
        rules
            .add_rules(readable.map(Ok::<_, RulesetError>))?
            .add_rules(ports)
    }
}

/// What may be done beneath a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Files are read, directories searched.
    Read,
    /// Files are also made, written, replaced and removed.
    Write,
    /// Empty directories are removed.
    RemoveDirectories,
}

impl Rights {
    fn access(self) -> BitFlags<AccessFs> {
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        match self {
            Self::Read => read,
            // A rename needs to remove the old name and to make the new one.
            Self::Write => read | AccessFs::WriteFile | AccessFs::MakeReg | AccessFs::RemoveFile,
            Self::RemoveDirectories => AccessFs::RemoveDir.into(),
        }
    }
}

/// All that a server needs of the file system and of the network, when its own sockets are open.
#[derive(Debug, Default)]
pub struct Needs {
    beneath: Vec<(OwnedFd, Rights)>,
    elsewhere: Elsewhere,
}

impl Needs {
    /// This, and what is beneath a directory.
    #[must_use]
    pub fn beneath(mut self, dir: OwnedFd, rights: Rights) -> Self {
        self.beneath.push((dir, rights));
        self
    }

    /// This, and what is elsewhere.
    #[must_use]
    pub fn elsewhere(mut self, elsewhere: &Elsewhere) -> Self {
        self.elsewhere = self.elsewhere.and(elsewhere);
        self
    }

    /// This and that. Confined twice, a thread would keep only what both allow.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.beneath.extend(other.beneath);
        self.elsewhere(&other.elsewhere)
    }

    /// Confines the calling thread, and those that it starts later, to this: nothing else in the file system can be
    /// opened, and TCP not be used. What is open stays open.
    ///
    /// # Errors
    /// When the kernel has Landlock and refuses all the same.
    pub fn confine(&self) -> io::Result<Confinement> {
        enforce(|rules| {
            let beneath = self.beneath.iter();
            let beneath = beneath
                .map(|(dir, rights)| Ok::<_, RulesetError>(PathBeneath::new(dir, rights.access())));
            self.elsewhere.allow(rules.add_rules(beneath)?)
        })
    }
}

/// What this kernel would hold a server to. A real attempt, in a thread that is thrown away.
///
/// # Errors
/// As in confining a server; or no thread could be started.
pub(crate) fn attempt() -> io::Result<Confinement> {
    std::thread::Builder::new()
        .spawn(|| enforce(Ok))?
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("the thread panicked")))
}

fn enforce(
    allow: impl FnOnce(RulesetCreated) -> Result<RulesetCreated, RulesetError>,
) -> io::Result<Confinement> {
    // The newest rights that this program was tested with; the library leaves out what the kernel
    // does not know.
    let files: BitFlags<AccessFs> = AccessFs::from_all(ABI::V5);
    let restricted = Ruleset::default()
        .handle_access(files)
        .and_then(|rules| rules.handle_access(AccessNet::from_all(ABI::V5)))
        .and_then(Ruleset::create)
        .and_then(allow)
        .and_then(RulesetCreated::restrict_self);
    restricted
        .map(|status| in_force(&status))
        .map_err(io::Error::other)
}

fn in_force(status: &RestrictionStatus) -> Confinement {
    let abi = match status.landlock {
        LandlockStatus::Available {
            effective_abi,
            kernel_abi,
        } => kernel_abi.unwrap_or(effective_abi as i32).unsigned_abs(),
        LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => 0,
    };
    match status.ruleset {
        RulesetStatus::FullyEnforced => Confinement::Full { abi },
        RulesetStatus::PartiallyEnforced => Confinement::Partial { abi },
        RulesetStatus::NotEnforced => Confinement::None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::fs::File;
    use std::io::ErrorKind;
    use std::net::TcpListener;
    use std::net::TcpStream;
    use std::net::UdpSocket;
    use std::path::Path;
    use std::thread;

    use super::*;

    /// Runs `check` in a thread that is confined to `dir`. On a kernel without Landlock there is
    /// nothing to check.
    fn confined(dir: &Path, writable: bool, check: impl FnOnce() + Send) {
        let root = File::open(dir).expect("the directory opens");
        thread::scope(|scope| {
            scope.spawn(|| {
                let rights = if writable {
                    Rights::Write
                } else {
                    Rights::Read
                };
                let needs = Needs::default().beneath(root.into(), rights);
                match needs.confine().expect("rules") {
                    Confinement::None => eprintln!("nothing checked: this kernel has no Landlock"),
                    _ => check(),
                }
            });
        });
    }

    fn refused<T>(result: io::Result<T>) -> bool {
        result.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
    }

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(dir.path().join("root/sub")).expect("mkdir");
        fs::write(dir.path().join("root/sub/inside"), "inside").expect("write");
        fs::write(dir.path().join("outside"), "outside").expect("write");
        std::os::unix::fs::symlink("../outside", dir.path().join("root/link")).expect("symlink");
        dir
    }

    #[test]
    fn reading_ends_at_the_root() {
        let dir = tree();
        let root = dir.path().join("root");
        confined(&root, false, || {
            assert_eq!(fs::read(root.join("sub/inside")).expect("reads"), b"inside");
            assert_eq!(fs::read_dir(&root).expect("lists").count(), 2);
            assert!(refused(File::open(dir.path().join("outside"))));
            assert!(refused(File::open(root.join("link"))));
            assert!(refused(File::open(root.join("sub/../../outside"))));
            assert!(refused(File::open("/etc/passwd")));
            assert!(refused(fs::read_dir("/")));
        });
    }

    #[test]
    fn without_uploads_nothing_is_written_anywhere() {
        let dir = tree();
        let root = dir.path().join("root");
        let inside = root.join("sub/inside");
        confined(&root, false, || {
            assert!(refused(File::options().write(true).open(&inside)));
            assert!(refused(File::create(root.join("new"))));
            assert!(refused(fs::remove_file(&inside)));
            assert!(refused(fs::rename(&inside, root.join("sub/other"))));
        });
        assert_eq!(fs::read(inside).expect("reads"), b"inside");
    }

    #[test]
    fn with_uploads_only_the_root_is_written() {
        let dir = tree();
        let root = dir.path().join("root");
        confined(&root, true, || {
            fs::write(root.join("part"), "new").expect("creates");
            fs::rename(root.join("part"), root.join("whole")).expect("renames");
            fs::write(root.join("part"), "newer").expect("creates");
            fs::rename(root.join("part"), root.join("whole")).expect("replaces");
            fs::remove_file(root.join("sub/inside")).expect("removes");
            assert!(refused(fs::write(dir.path().join("outside"), "x")));
            assert!(refused(fs::create_dir(root.join("directory"))));
        });
    }

    #[test]
    fn datagrams_work_and_threads_inherit() {
        let dir = tree();
        confined(&dir.path().join("root"), false, || {
            UdpSocket::bind("127.0.0.1:0").expect("UDP is not touched");
            if matches!(attempt(), Ok(Confinement::Full { .. })) {
                assert!(refused(TcpListener::bind("127.0.0.1:0")));
            }
            let later = thread::spawn(|| refused(File::open("/etc/passwd")));
            assert!(later.join().expect("joins"), "a new thread is free");
        });
    }

    #[test]
    fn with_files_from_elsewhere_a_cache_is_written_and_one_port_is_connected_to() {
        let dir = tree();
        let [store, other] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("bind"));
        let [port, other] = [&store, &other].map(|it| it.local_addr().expect("address").port());
        let cache = OwnedFd::from(File::open(dir.path().join("root")).expect("opens"));
        let elsewhere = Elsewhere {
            ports: vec![port],
            readable: vec![dir.path().join("outside"), dir.path().join("not there")],
        };
        let readable = &elsewhere.readable;
        let needs = Needs::default().beneath(cache, Rights::Write);
        let needs = needs.elsewhere(&elsewhere);
        let check = || {
            fs::write(dir.path().join("root/new"), "new").expect("creates");
            fs::read(&readable[0]).expect("reads");
            assert!(refused(fs::write(&readable[0], "x")));
            assert!(refused(File::open("/etc/passwd")));
            TcpStream::connect(("127.0.0.1", port)).expect("the store");
            if matches!(attempt(), Ok(Confinement::Full { .. })) {
                assert!(refused(TcpStream::connect(("127.0.0.1", other))));
            }
        };
        thread::scope(|scope| {
            scope.spawn(|| match needs.confine().expect("rules") {
                Confinement::None => eprintln!("nothing checked: this kernel has no Landlock"),
                _ => check(),
            });
        });
    }

    #[test]
    fn an_attempt_confines_nobody_else() {
        attempt().expect("an answer");
        File::open("/etc/passwd").expect("still opens");
    }
}
