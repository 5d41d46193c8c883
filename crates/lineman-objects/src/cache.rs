//! Files on the disk, by their names: a digest of the address, a length, and an ETag.
//!
//! A file has its name when it is whole and on the disk, never before. Without a directory of the
//! user's, no file has a name, and nothing is left when the server ends, however it ends.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;
use std::time::SystemTime;

use lineman_net::tftp::AtomicFile;
use object_store::path::Path as Key;
use rustix::fs::AtFlags;
use rustix::fs::Dir;
use rustix::fs::FallocateFlags;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::Timespec;
use rustix::fs::Timestamps;
use rustix::io::Errno;

/// What tells an object from all others of all stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Digest([u8; 32]);

/// The directory.
#[derive(Debug)]
pub(crate) struct Cache {
    dir: OwnedFd,
    /// Removed at the end: nobody else knows of it.
    private: Option<tempfile::TempDir>,
}

/// A file that an earlier server left, or this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) digest: Digest,
    pub(crate) length: u64,
    pub(crate) e_tag: String,
    pub(crate) name: OsString,
}

/// A file that is being fetched.
#[derive(Debug)]
pub(crate) struct Part {
    file: AtomicFile,
    named: Option<Named>,
}

impl Digest {
    pub(crate) fn of(identity: &str, key: &Key) -> Self {
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        context.update(identity.as_bytes());
        context.update(&[0]);
        context.update(key.as_ref().as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Self(bytes)
    }

    fn hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn parse(hex: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if hex.len() != 64 || !hex.is_ascii() {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl Named {
    /// The name of a version; `None` where its ETag cannot be part of one.
    pub(crate) fn new(digest: Digest, length: u64, e_tag: &str) -> Option<Self> {
        let tag = escaped(e_tag).filter(|tag| tag.len() <= LONGEST_TAG)?;
        Some(Self {
            name: format!("{}-{length}-{tag}", digest.hex()).into(),
            digest,
            length,
            e_tag: e_tag.to_owned(),
        })
    }

    fn parse(name: &str) -> Option<Self> {
        let (digest, rest) = name.split_once('-')?;
        let (length, tag) = rest.split_once('-')?;
        let named = Self::new(
            Digest::parse(digest)?,
            length.parse().ok()?,
            &unescaped(tag)?,
        )?;
        (named.name == name).then_some(named)
    }
}

impl Cache {
    /// A directory of the user's, or one of its own.
    ///
    /// # Errors
    /// When it cannot be made or opened.
    pub(crate) fn open(dir: Option<&Path>) -> io::Result<Self> {
        let private = match dir {
            Some(_) => None,
            None => Some(
                tempfile::Builder::new()
                    .prefix("lineman-cache-")
                    .tempdir_in(large())?,
            ),
        };
        let path = private.as_ref().map_or(dir, |it| Some(it.path()));
        let path = path.unwrap_or_else(|| Path::new("."));
        std::fs::create_dir_all(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(path, flags, Mode::empty())?;
        Ok(Self { dir, private })
    }

    pub(crate) fn dir(&self) -> &OwnedFd {
        &self.dir
    }

    /// The parent of a private directory, out of which it is removed.
    pub(crate) fn parent(&self) -> Option<&Path> {
        self.private.as_ref().and_then(|it| it.path().parent())
    }

    /// May this process write here?
    pub(crate) fn check(&self) -> io::Result<()> {
        let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
        Ok(rustix::fs::accessat(
            &self.dir,
            ".",
            access,
            AtFlags::EACCESS,
        )?)
    }

    /// What is there from earlier, that which was used last at the end. What is not ours is left alone.
    pub(crate) fn find(&self) -> io::Result<Vec<Named>> {
        let mut found = Vec::new();
        for entry in Dir::read_from(&self.dir)?.map_while(Result::ok) {
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            let Some(named) = Named::parse(name) else {
                continue;
            };
            let Ok(told) = rustix::fs::statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            let is_file = FileType::from_raw_mode(told.st_mode) == FileType::RegularFile;
            if is_file && told.st_size as u64 == named.length {
                found.push((told.st_mtime, named));
            }
        }
        found.sort_by_key(|(used, _)| *used);
        Ok(found.into_iter().map(|(_, named)| named).collect())
    }

    /// Opens one, and notes that it was used. Blocks.
    pub(crate) fn open_named(&self, named: &Named) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.dir, &named.name, flags, Mode::empty())?;
        let file = File::from(fd);
        let told = file.metadata()?;
        if !told.is_file() || told.len() != named.length {
            return Err(io::ErrorKind::InvalidData.into());
        }
        note_use(&file);
        Ok(file)
    }

    /// Removes one. A transfer that reads it reads on. Blocks.
    pub(crate) fn remove(&self, named: &Named) {
        let _ = rustix::fs::unlinkat(&self.dir, &named.name, AtFlags::empty());
    }

    /// Begins a file of `length` bytes, and has the disk set room aside for it. Blocks.
    ///
    /// # Errors
    /// What the system says, a full disk above all.
    pub(crate) fn begin(&self, named: Option<Named>, length: u64) -> io::Result<(Part, File)> {
        let named = named.filter(|_| self.private.is_none());
        let unnamed = || OsString::from(".lineman-unnamed");
        let name = named
            .as_ref()
            .map_or_else(unnamed, |named| named.name.clone());
        let part = AtomicFile::create(self.dir.try_clone()?, &name, true)?;
        let file = part.try_clone()?;
        if length == 0 {
            return Ok((Part { file: part, named }, file));
        }
        match rustix::fs::fallocate(file.as_fd(), FallocateFlags::empty(), 0, length) {
            // What the file system cannot do, or does not need, the writing will show.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {}
            Err(error) => return Err(error.into()),
        }
        Ok((Part { file: part, named }, file))
    }
}

impl Part {
    /// Gives the file its name, when all of it is on the disk. Blocks.
    ///
    /// # Errors
    /// What the system says. The file stays, without a name.
    pub(crate) fn keep(self) -> io::Result<Option<Named>> {
        match self.named {
            None => Ok(None),
            Some(named) => self.file.commit_durably().map(|_| Some(named)),
        }
    }
}

/// Files have the time of their last use as that of their last writing.
fn note_use(file: &File) {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let now = Timespec {
        tv_sec: now.as_secs() as i64,
        tv_nsec: now.subsec_nanos().into(),
    };
    let times = Timestamps {
        last_access: now,
        last_modification: now,
    };
    let _ = rustix::fs::futimens(file, &times); // then it leaves a little sooner
}

/// Where large files may be, and where they are no memory as in many a `/tmp`.
fn large() -> std::path::PathBuf {
    let var = Path::new("/var/tmp");
    match std::env::var_os("TMPDIR") {
        None if var.is_dir() => var.to_owned(),
        _ => std::env::temp_dir(),
    }
}

/// An ETag as part of a file name. `None` for one that is not of visible ASCII.
fn escaped(tag: &str) -> Option<String> {
    let mut text = String::with_capacity(tag.len());
    for byte in tag.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                text.push(char::from(byte));
            }
            b' '..=b'~' => text.push_str(&format!("={byte:02x}")),
            _ => return None,
        }
    }
    Some(text)
}

fn unescaped(text: &str) -> Option<String> {
    let mut tag = String::with_capacity(text.len());
    let mut parts = text.split('=');
    tag.push_str(parts.next()?);
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        tag.push(char::from(u8::from_str_radix(code, 16).ok()?));
        tag.push_str(rest);
    }
    Some(tag)
}

/// Bytes of an ETag in a name; names have 255, of which the digest and the length take 86.
const LONGEST_TAG: usize = 160;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt as _;

    use super::*;

    fn digest(key: &str) -> Digest {
        Digest::of("http://store", &Key::from(key))
    }

    #[test]
    fn a_name_says_which_version_it_is() {
        for tag in ["\"abc-1\"", "W/\"x\"", "", "a=b/../c", "\"%\""] {
            let named = Named::new(digest("x"), 7, tag).expect("a name");
            let name = named.name.to_str().expect("text");
            assert!(!name.contains('/') && !name.contains('"'), "{name}");
            assert_eq!(Named::parse(name).as_ref(), Some(&named));
        }
        assert_eq!(Named::new(digest("x"), 7, "caf\u{e9}"), None);
        assert_eq!(Named::new(digest("x"), 7, &"x".repeat(200)), None);
        for other in ["", "x-1-y", "README", &format!("{}-7-=5", "0".repeat(64))] {
            assert_eq!(Named::parse(other), None, "{other}");
        }
    }

    #[test]
    fn other_stores_have_other_names() {
        let key = Key::from("x");
        assert_ne!(Digest::of("http://a", &key), Digest::of("http://b", &key));
        assert_ne!(
            Digest::of("a", &Key::from("b/c")),
            Digest::of("a\0b", &Key::from("c"))
        );
    }

    #[test]
    fn a_file_is_found_again_when_it_was_whole_and_not_before() {
        let dir = tempfile::tempdir().expect("directory");
        let cache = Cache::open(Some(dir.path())).expect("opens");
        let named = Named::new(digest("x"), 4, "\"1\"");
        let (part, file) = cache.begin(named.clone(), 4).expect("begins");
        file.write_all_at(b"abcd", 0).expect("writes");
        assert_eq!(cache.find().expect("reads"), []);
        assert_eq!(part.keep().expect("named"), named);
        assert_eq!(cache.find().expect("reads"), Vec::from_iter(named.clone()));
        std::fs::write(dir.path().join("README"), "not ours").expect("write");
        let other = Named::new(digest("y"), 4, "\"1\"").expect("a name");
        std::fs::write(dir.path().join(&other.name), "cut").expect("write");
        assert_eq!(cache.find().expect("reads"), Vec::from_iter(named));
        assert!(cache.open_named(&other).is_err(), "another length");
    }

    #[test]
    fn without_a_directory_nothing_is_left() {
        let cache = Cache::open(None).expect("opens");
        let path = cache.private.as_ref().expect("its own").path().to_owned();
        let (part, _file) = cache
            .begin(Named::new(digest("x"), 4, "1"), 4)
            .expect("begins");
        assert_eq!(part.keep().expect("no name"), None);
        assert_eq!(std::fs::read_dir(&path).expect("reads").count(), 0);
        drop(cache);
        assert!(!path.exists());
    }
}
