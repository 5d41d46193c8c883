use std::fs::File;
use std::os::unix::fs::symlink;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use rustix::fs::CWD;
use rustix::fs::RenameFlags;

use super::*;

const SECRET: &[u8] = b"not for strangers";

/// A root with a secret beside it.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("directory");
        std::fs::create_dir_all(dir.path().join("root/images")).expect("directory");
        std::fs::create_dir(dir.path().join("outside")).expect("directory");
        std::fs::write(dir.path().join("outside/secret"), SECRET).expect("write");
        std::fs::write(dir.path().join("root/images/v2.bin"), b"inside").expect("write");
        Self(dir)
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("root")
    }

    fn link(&self, to: impl AsRef<Path>, name: &str) {
        symlink(to, self.root().join(name)).expect("link");
    }

    fn store(&self, write: WritePolicy) -> Directory {
        Directory::open(&self.root(), write, 1 << 20, false).expect("root")
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, Refusal> {
        contents(&self.store(WritePolicy::Refuse), name)
    }

    fn refused(&self, name: &str) -> Refusal {
        self.read(name).expect_err(name)
    }
}

fn contents(store: &Directory, name: &str) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut store.open_for_reading(name.as_bytes())?, &mut bytes)?;
    Ok(bytes)
}

fn budget() -> Budget {
    Budget::new(100_000, Duration::from_secs(60))
}

#[test]
fn absolute_links_that_lead_inside_are_followed_by_either_reading() {
    let tree = Tree::new();
    tree.link(tree.root().join("images/v2.bin"), "full");
    tree.link("/images/v2.bin", "moved");
    tree.link(tree.root().join("images"), "directory");
    tree.link("/directory/v2.bin", "chain");
    tree.link("/images/../images/./v2.bin", "roundabout");
    tree.link("chain", "to-the-chain");
    for name in [
        "full",
        "moved",
        "directory/v2.bin",
        "directory/../full",
        "chain",
        "roundabout",
        "to-the-chain",
    ] {
        assert_eq!(tree.read(name).expect(name), b"inside", "{name}");
    }
    let store = tree.store(WritePolicy::Create);
    assert!(store.write(b"directory/new", None).is_ok());
}

/// The root was typed by a link, and links in it know the other path.
#[test]
fn a_root_has_two_paths_where_a_link_leads_to_it() {
    let tree = Tree::new();
    let other = tree.0.path().join("other");
    symlink("root", &other).expect("link");
    tree.link(tree.root().join("images/v2.bin"), "true");
    tree.link(other.join("images/v2.bin"), "typed");
    let store = Directory::open(&other, WritePolicy::Refuse, 0, false).expect("root");
    for name in ["true", "typed"] {
        assert_eq!(contents(&store, name).expect(name), b"inside", "{name}");
    }
    for path in [tree.root(), other] {
        let name = path.join("images/v2.bin");
        assert_eq!(
            contents(&store, name.to_str().expect("text")).expect("named"),
            b"inside"
        );
    }
}

#[test]
fn links_that_lead_out_dangle_or_turn_round_are_named() {
    let tree = Tree::new();
    let secret = tree.0.path().join("outside/secret");
    tree.link(&secret, "absolute");
    tree.link("../outside/secret", "relative");
    tree.link("../../outside", "images/up");
    tree.link("/images/none", "dangling");
    tree.link("none", "nothing");
    tree.link(tree.root().join("none/x"), "full");
    tree.link("loop", "loop");
    tree.link("/pong", "ping");
    tree.link("/ping", "pong");
    for name in ["absolute", "relative", "images/up/secret"] {
        let refusal = tree.refused(name);
        let at = name.trim_end_matches("/secret");
        assert!(
            matches!(&refusal, Refusal::LinkOutside(link) if link.path == at),
            "{name}: {refusal:?}"
        );
    }
    for name in ["dangling", "nothing", "full"] {
        let refusal = tree.refused(name);
        assert!(
            matches!(&refusal, Refusal::DanglingLink(link) if link.path == name),
            "{name}: {refusal:?}"
        );
    }
    for name in ["loop", "ping"] {
        let refusal = tree.refused(name);
        assert!(
            matches!(&refusal, Refusal::LinkLoop { link } if link == name),
            "{refusal:?}"
        );
    }
    assert!(matches!(
        tree.refused("../outside/secret"),
        Refusal::OutsideRoot
    ));
    assert!(matches!(
        tree.refused("images/none"),
        Refusal::NotFound { nearest: None }
    ));
}

#[test]
fn names_with_the_roots_path_before_them() {
    let tree = Tree::new();
    let full = format!("{}/images/v2.bin", tree.root().display());
    for name in [
        full.as_bytes(),
        b"/tftpboot/images/v2.bin",
        b"/srv/tftp/images/v2.bin\xff\xff",
        br"C:\tftpboot\images\v2.bin",
        b"images/v2.bin\xff\xff\xff",
    ] {
        let shown = visible_bytes(name);
        let file = tree.store(WritePolicy::Create).open_for_reading(name);
        let length = file.expect(&shown).metadata().expect("told").len();
        assert_eq!(length, 6, "{shown}");
    }
    std::fs::create_dir(tree.root().join("tftpboot")).expect("directory");
    std::fs::write(tree.root().join("tftpboot/own"), b"own").expect("write");
    assert_eq!(tree.read("tftpboot/own").expect("as it stands"), b"own");
    let store = tree.store(WritePolicy::Create);
    let upload = format!("{}/images/new", tree.root().display());
    assert!(store.write(upload.as_bytes(), None).is_ok());
}

#[test]
fn what_is_in_the_way_of_an_upload_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let tree = Tree::new();
    let store = tree.store(WritePolicy::Create);
    let refusal = store.write(b"newdir/sub/x", None).expect_err("missing");
    assert!(
        matches!(&refusal, Refusal::NoDirectory { directory } if directory == "newdir/sub"),
        "{refusal:?}"
    );
    let refusal = store.write(b"images/v2.bin/x", None).expect_err("a file");
    assert!(
        matches!(refusal, Refusal::NoDirectory { .. }),
        "{refusal:?}"
    );
    if rustix::process::geteuid().is_root() {
        return; // nothing is closed to root
    }
    let closed = std::fs::Permissions::from_mode(0o555);
    std::fs::set_permissions(tree.root().join("images"), closed).expect("chmod");
    let refusal = store.write(b"images/x", None).expect_err("closed");
    assert!(
        matches!(&refusal, Refusal::DirectoryClosed { directory } if directory == "images"),
        "{refusal:?}"
    );
}

#[test]
fn the_nearest_name_is_near_and_may_lie_elsewhere() {
    let tree = Tree::new();
    std::fs::write(tree.root().join("five.bin"), b"").expect("write");
    std::fs::write(tree.root().join("pxelinux.0"), b"").expect("write");
    std::fs::write(tree.root().join(".lineman-part-1-1"), b"").expect("write");
    let store = tree.store(WritePolicy::Refuse);
    let nearest = |name: &str| store.nearest(name.as_bytes(), budget());
    assert_eq!(nearest("pxelinx.0").as_deref(), Some("pxelinux.0"));
    assert_eq!(nearest("PXELINUX.0").as_deref(), Some("pxelinux.0"));
    assert_eq!(nearest("v2.bin").as_deref(), Some("images/v2.bin"));
    assert_eq!(
        nearest("/tftpboot/v2.bin").as_deref(),
        Some("images/v2.bin")
    );
    assert_eq!(nearest("nope.bin"), None);
    assert_eq!(nearest(".lineman-part-1-2"), None);
    assert_eq!(nearest("image"), None, "a directory is no file");
}

#[test]
fn looking_for_the_nearest_name_ends() {
    let tree = Tree::new();
    for nth in 0..2000 {
        let name = format!("{nth:0>200}.image");
        std::fs::write(tree.root().join(name), b"").expect("write");
    }
    let store = tree.store(WritePolicy::Refuse);
    let asked = "x".repeat(250);
    let begun = Instant::now();
    assert_eq!(store.nearest(asked.as_bytes(), budget()), None);
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    let name = format!("{:0>199}.image", 7);
    let none = Budget::new(0, Duration::from_secs(60));
    assert_eq!(store.nearest(name.as_bytes(), none), None);
    let no_time = Budget::new(100_000, Duration::ZERO);
    assert_eq!(store.nearest(name.as_bytes(), no_time), None);
    assert!(store.nearest(name.as_bytes(), budget()).is_some());
}

/// kill -9 left a part of each upload, for ever.
#[test]
fn what_a_killed_server_left_is_cleared_and_nothing_else() {
    use rustix::fs::FlockOperation;
    let tree = Tree::new();
    let root = tree.root();
    let write = |name: &str| std::fs::write(root.join(name), b"half").expect("write");
    write(".lineman-part-4242-1");
    write("images/.lineman-part-4242-2");
    for other in [".lineman-part-4242-3", ".lineman-part-4242-4"] {
        write(other);
    }
    write(".lineman-part-mine");
    write(".lineman-part-1-2-3");
    let written = File::open(root.join(".lineman-part-4242-3")).expect("open");
    rustix::fs::flock(&written, FlockOperation::LockExclusive).expect("lock");
    let second = root.join("second-name");
    std::fs::hard_link(root.join(".lineman-part-4242-4"), second).expect("link");
    tree.link("images/v2.bin", ".lineman-part-4242-5");
    assert_eq!(tree.store(WritePolicy::Refuse).clear_leftovers(budget()), 0);
    assert_eq!(tree.store(WritePolicy::Create).clear_leftovers(budget()), 2);
    let mut left: Vec<_> = std::fs::read_dir(&root)
        .expect("lists")
        .map(|entry| {
            entry
                .expect("entry")
                .file_name()
                .into_string()
                .expect("text")
        })
        .filter(|name| name.starts_with('.'))
        .collect();
    left.sort();
    assert_eq!(
        left,
        [
            ".lineman-part-1-2-3",
            ".lineman-part-4242-3",
            ".lineman-part-4242-4",
            ".lineman-part-4242-5",
            ".lineman-part-mine"
        ]
    );
    assert_eq!(
        std::fs::read_dir(root.join("images"))
            .expect("lists")
            .count(),
        1
    );
}

/// Names are exchanged with links to the outside as fast as they can be, while they are read.
#[test]
fn no_race_of_names_leads_out_of_the_root() {
    let tree = Tree::new();
    let root = tree.root();
    std::fs::create_dir(root.join("dir")).expect("directory");
    std::fs::write(root.join("dir/secret"), b"inside").expect("write");
    std::fs::write(root.join("secret"), b"inside").expect("write");
    tree.link("../outside", "dir-link");
    tree.link(tree.0.path().join("outside/secret"), "file-link");
    std::fs::write(root.join("file"), b"inside").expect("write");
    tree.link("/dir/secret", "by-dir");
    tree.link(root.join("file"), "by-file");
    let store = tree.store(WritePolicy::Overwrite);
    let ended = AtomicBool::new(false);
    let exchange = |one: &str, other: &str| {
        let (one, other) = (root.join(one), root.join(other));
        while !ended.load(Ordering::Relaxed) {
            rustix::fs::renameat_with(CWD, &one, CWD, &other, RenameFlags::EXCHANGE)
                .expect("exchanged");
        }
    };
    let (mut inside, mut refused, mut uploads) = (0, 0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| exchange("dir", "dir-link"));
        scope.spawn(|| exchange("file", "file-link"));
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            for name in [
                "dir/secret",
                "file",
                "by-dir",
                "by-file",
                "dir/../secret",
                "dir/../dir/secret",
            ] {
                match contents(&store, name) {
                    Ok(bytes) => {
                        assert_eq!(bytes, b"inside", "{name}");
                        inside += 1;
                    }
                    Err(_) => refused += 1,
                }
            }
            if let Ok(upload) = store.write(b"dir/upload", None)
                && let Ok(mut file) = upload.into_parts().0.begin()
            {
                file.write(b"x").expect("written");
                uploads += u32::from(file.commit().is_ok());
            }
        }
        ended.store(true, Ordering::Relaxed);
    });
    assert!(
        inside > 100 && refused > 100 && uploads > 10,
        "{inside} {refused} {uploads}"
    );
    let mut outside = std::fs::read_dir(tree.0.path().join("outside")).expect("lists");
    assert_eq!(
        outside.next().expect("one").expect("entry").file_name(),
        "secret"
    );
    assert!(outside.next().is_none(), "an upload came out");
}
