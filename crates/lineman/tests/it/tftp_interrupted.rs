//! Signals while a client waits for something that is no packet.

use std::fs::File;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use crate::support::Running;
use crate::support::lineman;
use crate::support::wait_for;
use crate::tftp_raw::Raw;
use crate::tftp_raw::ack;

fn fifo(dir: &Path) {
    let made = Command::new("mkfifo").arg(dir.join("fifo")).status();
    assert!(made.expect("mkfifo").success());
}

fn start(dir: &Path, args: &[&str]) -> Running {
    let mut command = lineman();
    command.current_dir(dir).args(["tftp"]).args(args);
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    Running(command.spawn().expect("starts"))
}

/// Whether its threads sleep in `call`, as far as the kernel tells: what it waits for is not there.
fn is_opening(child: &Child) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", child.id())).expect("tasks");
    tasks.flatten().any(|task| {
        let channel = std::fs::read_to_string(task.path().join("wchan"));
        let call = std::fs::read_to_string(task.path().join("syscall"));
        channel.is_ok_and(|it| it.contains("fifo"))
            || call.is_ok_and(|it| it.starts_with(&format!("{OPENAT} ")))
    })
}

#[cfg(target_arch = "x86_64")]
const OPENAT: u32 = 257;
#[cfg(not(target_arch = "x86_64"))]
const OPENAT: u32 = 56;

/// One signal ends it, within a second, with the exit code of what was cut short by it.
fn interrupt(child: &mut Running, signal: &str, code: i32) {
    let id = child.0.id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status();
    assert!(sent.expect("kill").success());
    let begun = Instant::now();
    let exit = wait_for("the end", Duration::from_secs(5), || {
        child.0.try_wait().expect("a child")
    });
    assert_eq!(exit.code(), Some(code), "{signal}");
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn a_fifo_that_nobody_opens() {
    let (dir, server) = (tempfile::tempdir().expect("directory"), Raw::new());
    fifo(dir.path());
    let url = format!("tftp://{}/name", server.address());
    for args in [
        ["get", &url, "-o", "fifo"].as_slice(),
        &["put", "fifo", &url],
    ] {
        for (signal, code) in [("-INT", 130), ("-TERM", 5)] {
            let mut child = start(dir.path(), args);
            wait_for("the open", Duration::from_secs(10), || {
                is_opening(&child.0).then_some(())
            });
            interrupt(&mut child, signal, code);
            // It ended without a word.
            let mut said = String::new();
            let stderr = child.0.stderr.as_mut().expect("a pipe");
            stderr.read_to_string(&mut said).expect("UTF-8");
            let wanted = "stopped before the transfer began";
            assert!(said.contains(wanted), "{args:?} {signal}: {said}");
        }
    }
}

#[test]
fn a_pipe_that_pauses() {
    let (dir, server) = (tempfile::tempdir().expect("directory"), Raw::new());
    fifo(dir.path());
    let url = format!("tftp://{}/name", server.address());
    for source in ["-", "fifo"] {
        let mut child = start(dir.path(), &["put", source, &url, "--no-options"]);
        let mut writer: Box<dyn std::io::Write> = match source {
            "-" => Box::new(child.0.stdin.take().expect("stdin")),
            _ => Box::new(
                File::options()
                    .write(true)
                    .open(dir.path().join("fifo"))
                    .expect("opens"),
            ),
        };
        writer.write_all(&[b'x'; 600]).expect("writes");
        let (_, client) = server.receive();
        server.send(client, &ack(0));
        let (block, _) = server.receive();
        assert_eq!(block[..4], [0, 3, 0, 1]);
        server.send(client, &ack(1)); // 88 bytes are there of the next, and no end
        std::thread::sleep(Duration::from_millis(100));
        interrupt(&mut child, "-INT", 130);
        let (told, _) = server.receive();
        assert_eq!(told[..2], [0, 5], "the server is told: {told:?}");
    }
}
