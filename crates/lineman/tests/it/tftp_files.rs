//! The served directory as people have it: links, full paths, many files, files that are rewritten; and
//! what strangers can make of it.

use std::fs::File;
use std::fs::FileTimes;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt as _;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::time::Duration;
use std::time::Instant;

use crate::support::wait_for;
use crate::tftp_kit::LIMIT;
use crate::tftp_kit::Served;
use crate::tftp_kit::content;
use crate::tftp_kit::signal;
use crate::tftp_raw::Raw;
use crate::tftp_raw::ack;
use crate::tftp_raw::assert_error;
use crate::tftp_raw::data;
use crate::tftp_raw::error;
use crate::tftp_raw::request;
use crate::tftp_raw::rrq;
use crate::tftp_raw::wrq;

fn read(server: &Served, name: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    Raw::new().read(server.address(), name)
}

/// Begins an upload and sends `blocks` blocks of it, each acknowledged.
fn begin(server: &Served, name: &str, blocks: u16) -> (Raw, SocketAddr) {
    let client = Raw::new();
    let (answer, from) = client.ask(server.address(), &wrq(name.as_bytes(), &[]));
    assert_eq!(answer, ack(0));
    for block in 1..=blocks {
        assert_eq!(client.ask(from, &data(block, &[7; 512])).0, ack(block));
    }
    (client, from)
}

/// Files of the server that are open, and have no name.
fn unnamed(server: &Served) -> usize {
    let fds = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).expect("runs");
    fds.filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok())
        .filter(|path| path.to_string_lossy().ends_with("(deleted)"))
        .count()
}

/// Bytes of memory that the server has taken: the pages of its program's file do not count.
fn taken_memory(server: &Served) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("runs");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse::<u64>().ok())
        .expect("a number")
        << 10
}

/// dnsmasq serves the first, tftpd-hpa the second; both were refused, and the name was blamed.
#[test]
fn absolute_links_are_followed_where_they_lead_inside_and_named_where_not() {
    let server = Served::new(&[]);
    std::fs::create_dir(server.root().join("images")).expect("directory");
    server.write("images/v2.bin", b"v2");
    let link = |to: &str, name: &str| symlink(to, server.root().join(name)).expect("link");
    let full = server.root().join("images/v2.bin");
    link(full.to_str().expect("text"), "by-path");
    link("/images/v2.bin", "by-root");
    link("/etc/passwd", "outside");
    link("../root-of-another/file", "above");
    link("/images/v3.bin", "dangling");
    for name in ["by-path", "by-root"] {
        assert_eq!(read(&server, name.as_bytes()), Ok(b"v2".to_vec()), "{name}");
    }
    for (name, code, line) in [
        (
            "outside",
            2,
            "the symbolic link outside leads out of the served directory, to /etc/passwd",
        ),
        (
            "above",
            2,
            "the symbolic link above leads out of the served directory",
        ),
        (
            "dangling",
            1,
            "the symbolic link dangling is broken: it points to /images/v3.bin",
        ),
    ] {
        let answer = read(&server, name.as_bytes()).expect_err(name);
        assert_error(&answer, code);
        assert!(!answer.contains(&b'/'), "{answer:?}");
        server.wait_line(line);
    }
}

#[test]
fn names_with_the_path_of_the_server_before_them_or_padding_behind() {
    let server = Served::new(&[]);
    std::fs::create_dir(server.root().join("images")).expect("directory");
    server.write("images/v2.bin", b"v2");
    let full = format!("{}/images/v2.bin", server.root().display());
    for name in [
        full.as_bytes(),
        b"/tftpboot/images/v2.bin",
        b"images/v2.bin\xff\xff\xff\xff",
        b"/tftpboot/images/v2.bin\xff\xff",
    ] {
        assert_eq!(read(&server, name), Ok(b"v2".to_vec()), "{name:?}");
    }
    read(&server, b"v2.bin").expect_err("elsewhere");
    server.wait_line("\"v2.bin\": no such file; nearest name is images/v2.bin");
    read(&server, b"nope.bin").expect_err("nowhere");
    assert!(server.wait_line("\"nope.bin\"").ends_with("no such file"));
}

#[test]
fn what_is_in_the_way_of_an_upload_is_named() {
    let server = Served::new(&["--write", "create"]);
    let answer = Raw::new()
        .ask(server.address(), &wrq(b"newdir/file", &[]))
        .0;
    assert_error(&answer, 1);
    server.wait_line("\"newdir/file\": no such directory newdir");
}

#[test]
fn a_directory_that_is_closed_to_the_server_is_named_and_not_the_file() {
    let root = tempfile::tempdir().expect("directory");
    let open = PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(root.path(), open).expect("chmod");
    std::fs::create_dir(root.path().join("uploads")).expect("directory");
    let mut command = crate::support::lineman();
    command.args([
        "tftp",
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--write",
        "create",
    ]);
    if std::os::unix::fs::MetadataExt::uid(&root.path().metadata().expect("told")) != 0 {
        eprintln!("not checked: only root may become another user");
        return;
    }
    command.args(["--user", "nobody"]).arg(root.path());
    let server = Served::under(command);
    for (name, line) in [
        (
            &b"uploads/file"[..],
            "\"uploads/file\": refused: the server may not use the directory uploads",
        ),
        (
            b"file",
            "\"file\": refused: the server may not use the served directory itself",
        ),
    ] {
        assert_error(&Raw::new().ask(server.address(), &wrq(name, &[])).0, 2);
        server.wait_line(line);
    }
}

/// 20 requests for a missing name in a directory of 5,000 files made a bystander wait 2.4 s.
#[test]
fn looking_for_the_nearest_of_many_names_holds_nobody_up() {
    let server = Served::new(&[]);
    for nth in 0..5000 {
        server.write(&format!("{}-{nth}", "long-name-".repeat(20)), b"");
    }
    server.write("file", b"bystander");
    let clients: Vec<Raw> = (0..20).map(|_| Raw::new()).collect();
    let begun = Instant::now();
    for client in &clients {
        client.send(server.address(), &rrq("x".repeat(240).as_bytes(), &[]));
    }
    assert_eq!(read(&server, b"file"), Ok(b"bystander".to_vec()));
    let took = begun.elapsed();
    assert!(
        took < Duration::from_secs(1),
        "the bystander waited {took:?}"
    );
    server.wait_line("no such file");
}

/// As `cp -p` and `rsync --inplace -t` do: a later client got the old blocks, and was told that it had
/// everything.
#[test]
fn a_file_rewritten_with_its_length_and_time_kept_is_sent_as_it_is_now() {
    let server = Served::new(&[]);
    let path = server.write("file", &[b'o'; 2000]);
    std::thread::sleep(Duration::from_millis(100)); // the clock of the file system goes on
    let early = Raw::new();
    let (first, from) = early.ask(server.address(), &rrq(b"file", &[]));
    assert_eq!(first, data(1, &[b'o'; 512]));
    let file = File::options().write(true).open(path).expect("open");
    let modified = file.metadata().expect("told").modified().expect("a time");
    file.write_all_at(&[b'n'; 2000], 0).expect("write");
    file.set_times(FileTimes::new().set_modified(modified))
        .expect("set back");
    assert_eq!(read(&server, b"file"), Ok(vec![b'n'; 2000]));
    let mut answer = early.ask(from, &ack(1)).0;
    for block in 2..=4 {
        if answer[..2] == [0, 5] {
            break;
        }
        answer = early.ask(from, &ack(block)).0;
    }
    assert_error(&answer, 0);
    server.wait_line("the file was written to while it was sent");
}

/// 10 of 10 left a part that nothing ever removed.
#[test]
fn a_server_that_is_killed_in_the_middle_of_uploads_leaves_nothing() {
    let server = Served::new(&["--write", "create"]);
    let _clients: Vec<_> = (0..5)
        .map(|nth| begin(&server, &nth.to_string(), 300))
        .collect();
    wait_for("files", LIMIT, || (unnamed(&server) == 5).then_some(()));
    signal(server.pid(), "KILL");
    wait_for("its end", LIMIT, || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid()));
        status
            .is_ok_and(|status| status.contains("State:\tZ"))
            .then_some(())
    });
    assert_eq!(server.names(), Vec::<String>::new());
}

#[test]
fn parts_that_an_older_server_left_are_removed_at_the_start() {
    let dir = tempfile::tempdir().expect("directory");
    std::fs::create_dir(dir.path().join("sub")).expect("directory");
    for name in [
        ".lineman-part-999999-1",
        "sub/.lineman-part-999999-2",
        "sub/kept",
    ] {
        std::fs::write(dir.path().join(name), b"half").expect("write");
    }
    let mut command = crate::support::lineman();
    command.args([
        "tftp",
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--write",
        "create",
    ]);
    let server = Served::under({
        command.arg(dir.path());
        command
    });
    server.wait_line("removed 2 incomplete uploads");
    assert_eq!(crate::tftp_kit::names(dir.path()), ["sub"]);
    assert_eq!(crate::tftp_kit::names(&dir.path().join("sub")), ["kept"]);
}

/// Forged requests had files made that were kept for as long as a client is waited for.
#[test]
fn an_upload_makes_no_file_before_its_client_has_sent_a_block() {
    let server = Served::new(&["--write", "create"]);
    let clients: Vec<Raw> = (0..50).map(|_| Raw::new()).collect();
    for (nth, client) in clients.iter().enumerate() {
        let name = nth.to_string();
        assert_eq!(
            client.ask(server.address(), &wrq(name.as_bytes(), &[])).0,
            ack(0)
        );
    }
    assert_eq!(
        (unnamed(&server), server.names()),
        (0, Vec::<String>::new())
    );
}

#[test]
fn a_policy_is_the_first_answer_to_an_upload() {
    let server = Served::new(&["--write", "create", "--upload-quota", "1K"]);
    server.write("old", b"old");
    let ask = |name: &[u8], options| Raw::new().ask(server.address(), &wrq(name, options)).0;
    assert_error(&ask(b"old", &[]), 6);
    assert_error(&ask(b"none/new", &[]), 1);
    assert_error(&ask(b"../new", &[]), 2);
    assert_error(&ask(b"new", &[("tsize", "1025")]), 3);
    server.wait_line("all uploads together would be larger than 1.0 KiB (--upload-quota)");
}

#[test]
fn all_uploads_together_have_a_quota() {
    let server = Served::new(&["--write", "overwrite", "--upload-quota", "1K"]);
    let put = |name: &str, length: usize| {
        let (client, from) = begin(&server, name, 0);
        client.ask(from, &data(1, &vec![1; length])).0
    };
    assert_eq!(put("one", 500), ack(1));
    assert_eq!(put("two", 500), ack(1));
    assert_error(&put("three", 500), 3);
    server.wait_line("\"three\": refused: all uploads together would be larger than 1.0 KiB");
    wait_for("what was taken to come back", LIMIT, || {
        (unnamed(&server) == 0).then_some(())
    });
    assert_eq!(put("one", 20), ack(1), "it takes the place of a larger one");
    assert_eq!(put("four", 400), ack(1));
    assert_eq!(server.names(), ["four", "one", "two"]);
}

#[test]
fn uploads_that_find_no_memory_left_are_told_to_try_again() {
    let server = Served::new(&["--write", "create", "--upload-memory", "256K"]);
    let running = [begin(&server, "one", 1), begin(&server, "two", 1)];
    let answer = Raw::new().ask(server.address(), &wrq(b"three", &[])).0;
    assert_error(&answer, 0);
    server.wait_line(
        "\"three\": refused: running uploads take 256.0 KiB of memory already (--upload-memory)",
    );
    for (client, from) in running {
        assert_eq!(client.ask(from, &data(2, b"end")).0, ack(2));
    }
    wait_for("memory", LIMIT, || {
        let client = Raw::new();
        let answer = client.ask(server.address(), &wrq(b"three", &[])).0;
        (answer == ack(0)).then_some(())
    });
}

/// Readers of text took megabytes each for two packets of 80 bytes, and slow uploads half a megabyte
/// each.
#[test]
fn a_transfer_takes_little_memory_whatever_was_agreed() {
    const CLIENTS: usize = 60;
    let server = Served::new(&["--write", "create", "--max-blksize", "65464"]);
    server.write("text", &b"line\n".repeat(1 << 20));
    assert_eq!(read(&server, b"none").map_err(|answer| answer[3]), Err(1));
    let before = taken_memory(&server);
    let options = [("blksize", "65464"), ("windowsize", "4")];
    let readers: Vec<Raw> = (0..CLIENTS).map(|_| Raw::new()).collect();
    for reader in &readers {
        let asked = request(1, b"text", "netascii", &options);
        let (_, from) = reader.ask(server.address(), &asked);
        reader.send(from, &ack(0));
        // On a machine that is slow the OACK comes twice.
        while reader.receive().0[..2] != [0, 3] {}
    }
    let grown = taken_memory(&server).saturating_sub(before);
    assert!(
        grown < CLIENTS as u64 * (128 << 10),
        "readers: {grown} bytes"
    );
    for reader in &readers {
        reader.send(reader.receive().1, &error(0, "enough"));
    }

    let options = [("blksize", "8192"), ("windowsize", "1")];
    let bytes = content(8192);
    let mut uploads = Vec::new();
    for nth in 0..CLIENTS {
        let client = Raw::new();
        let name = nth.to_string();
        let (_, from) = client.ask(server.address(), &wrq(name.as_bytes(), &options));
        for block in 1..=50 {
            assert_eq!(client.ask(from, &data(block, &bytes)).0, ack(block));
        }
        uploads.push(client);
    }
    let grown = taken_memory(&server).saturating_sub(before);
    assert!(
        grown < CLIENTS as u64 * (128 << 10),
        "with uploads: {grown} bytes"
    );
}
