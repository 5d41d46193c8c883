use std::fs;
use std::io::Read as _;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::thread;

use super::*;

fn write(path: &Path, text: &[u8]) -> Result<(), OutputError> {
    let mut file = OutputFile::create(path, &[])?;
    file.write_all(text).expect("write");
    Ok(file.commit()?)
}

#[test]
fn until_it_is_committed_the_old_file_stands_and_dropped_it_stays() {
    let dir = tempfile::tempdir().expect("directory");
    let path = dir.path().join("a");
    fs::write(&path, "old").expect("write");
    let mut file = OutputFile::create(&path, &[]).expect("file");
    file.write_all(b"new").expect("write");
    assert_eq!(fs::read(&path).expect("read"), b"old");
    drop(file);
    assert_eq!(fs::read(&path).expect("read"), b"old");
    write(&path, b"new").expect("written");
    assert_eq!(fs::read(&path).expect("read"), b"new");
    assert_eq!(fs::read_dir(dir.path()).expect("directory").count(), 1);
}

#[test]
fn a_file_in_use_is_refused_by_every_name_it_has() {
    let dir = tempfile::tempdir().expect("directory");
    let name = |name: &str| dir.path().join(name);
    fs::write(name("log"), "log").expect("write");
    fs::hard_link(name("log"), name("hard")).expect("link");
    symlink("log", name("soft")).expect("link");
    symlink("soft", name("softer")).expect("link");
    let log = FileId::at(&name("log")).expect("a file");
    for path in ["log", "hard", "soft", "softer"] {
        let refused = OutputFile::create(&name(path), std::slice::from_ref(&log));
        assert!(matches!(refused, Err(OutputError::InUse(_))), "{path}");
        assert_eq!(fs::read(name("log")).expect("read"), b"log");
    }
    let new = OutputFile::create(&name("new"), &[]).expect("begun");
    let id = new.id().cloned().expect("a file");
    for path in ["new", "./new"] {
        let refused = OutputFile::create(&name(path), std::slice::from_ref(&id));
        assert!(matches!(refused, Err(OutputError::InUse(_))), "{path}");
    }
    let open = File::open(name("log")).expect("open");
    assert_eq!(FileId::of(&open), Some(log.clone()));
    fs::copy(name("log"), name("copy")).expect("copy");
    OutputFile::create(&name("copy"), &[log]).expect("another file");
}

#[test]
fn a_link_stays_and_what_it_names_is_replaced_also_where_that_is_missing() {
    let dir = tempfile::tempdir().expect("directory");
    fs::create_dir(dir.path().join("sub")).expect("directory");
    let link = dir.path().join("link");
    symlink("sub/file", &link).expect("link");
    for text in ["first", "second"] {
        write(&link, text.as_bytes()).expect("written");
        assert!(link.symlink_metadata().expect("link").is_symlink());
        let file = dir.path().join("sub/file");
        assert_eq!(fs::read_to_string(file).expect("read"), text);
    }
    let round = dir.path().join("round");
    symlink("round", &round).expect("link");
    assert!(write(&round, b"").is_err());
}

#[test]
fn a_file_keeps_its_permissions_and_one_that_is_read_only_is_not_replaced() {
    let dir = tempfile::tempdir().expect("directory");
    let path = dir.path().join("a");
    fs::write(&path, "old").expect("write");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o606)).expect("mode");
    write(&path, b"new").expect("written");
    let mode = path.metadata().expect("metadata").permissions().mode();
    assert_eq!(mode & 0o777, 0o606);
    if rustix::process::geteuid().is_root() {
        return; // root may write to everything
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("mode");
    assert!(matches!(
        write(&path, b"newer"),
        Err(OutputError::System(_))
    ));
    assert_eq!(fs::read(&path).expect("read"), b"new");
}

#[test]
fn a_file_that_must_not_be_replaced_is_written_in_place_and_only_when_all_is_there() {
    let dir = tempfile::tempdir().expect("directory");
    let path = dir.path().join("a");
    fs::write(&path, "an old text").expect("write");
    let old = File::options().write(true).open(&path).expect("open");
    let target = Target::InPlace {
        gathered: tempfile::tempfile().expect("temporary"),
        file: old,
    };
    let mut file = OutputFile {
        target,
        name: "a".to_owned(),
        id: None,
    };
    file.write_all(b"new").expect("write");
    assert_eq!(fs::read(&path).expect("read"), b"an old text");
    file.commit().expect("committed");
    assert_eq!(fs::read(&path).expect("read"), b"new");
}

#[test]
fn a_fifo_is_written_as_it_is_and_a_directory_is_refused() {
    let dir = tempfile::tempdir().expect("directory");
    let path = dir.path().join("fifo");
    let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo");
    assert!(made.success());
    let fifo = path.clone();
    let reader = thread::spawn(move || {
        let mut text = String::new();
        let mut file = File::open(fifo).expect("open");
        file.read_to_string(&mut text).map(|_| text)
    });
    write(&path, b"text").expect("written");
    assert_eq!(reader.join().expect("reader").expect("text"), "text");
    assert!(!path.metadata().expect("metadata").is_file());
    assert!(write(dir.path(), b"").is_err());
    assert!(write(&dir.path().join("new/"), b"").is_err());
    write(Path::new("/dev/null"), b"text").expect("a device");
}

#[test]
fn a_descriptor_is_appended_to() {
    let dir = tempfile::tempdir().expect("directory");
    let mut given = File::create(dir.path().join("a")).expect("file");
    given.write_all(b"before ").expect("write");
    let number = std::os::fd::AsRawFd::as_raw_fd(&given);
    write(Path::new(&format!("/proc/self/fd/{number}")), b"after").expect("written");
    let text = fs::read_to_string(dir.path().join("a")).expect("read");
    assert_eq!(text, "before after");
}

#[test]
fn one_that_must_be_new_gives_way_to_whatever_is_there() {
    let dir = tempfile::tempdir().expect("directory");
    let path = dir.path().join("a");
    let file = OutputFile::create_new(&path).expect("begun");
    fs::write(&path, "other").expect("write");
    assert!(file.commit().is_err());
    assert!(OutputFile::create_new(&path).is_err());
    assert_eq!(fs::read(&path).expect("read"), b"other");
}
