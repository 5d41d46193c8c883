//! The lab as a process: how fast it is there, who may have one, and that nothing stays behind.

use std::io::BufRead as _;
use std::io::BufReader;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use lineman_lab::Lab;
use lineman_lab::LabError;
use lineman_lab::Options;
use lineman_lab::Program;
use lineman_lab::Rung;
use lineman_lab::Ticket;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Family;
use lineman_lab::hosts::Transport;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;

use crate::stage::*;

/// It was 130 ms at most for a program in Python; a busy machine may need more.
#[test]
fn a_lab_is_ready_at_once() {
    let begun = Instant::now();
    let stage = Stage::new(&Options::default());
    let took = begun.elapsed();
    println!("the lab was ready after {} ms", took.as_millis());
    assert!(took < Duration::from_secs(3), "{took:?}");
    let events = stage.until("start", |events| {
        Some(events.to_vec()).filter(|all| !all.is_empty())
    });
    assert!(matches!(&events[0].kind, Kind::Start(start) if start.system.starts_with("Linux ")));
}

/// A wire on which nobody has done anything is silent.
#[test]
fn nothing_disturbs_the_silence() {
    let stage = Stage::new(&Options::default());
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(stage.events().len(), 1, "{:#?}", stage.events());
}

#[test]
fn an_end_in_good_order_is_told() {
    let (sender, log) = std::sync::mpsc::channel();
    let program = Program {
        path: HELPER.into(),
        args: vec!["lab".into()],
    };
    let lab = Lab::start(&program, &Options::default(), move |event| {
        let _ = sender.send(event);
    });
    lab.expect("a lab").end().expect("good order");
    let events: Vec<_> = log.iter().collect();
    assert_eq!(events.last().map(|event| &event.kind), Some(&Kind::End));
}

#[test]
fn a_program_that_is_not_there() {
    let program = Program {
        path: "/nowhere".into(),
        args: Vec::new(),
    };
    let lab = Lab::start(&program, &Options::default(), drop);
    assert!(matches!(lab, Err(LabError::Process(_))));
    let program = Program {
        path: "/bin/true".into(),
        args: Vec::new(),
    };
    let lab = Lab::start(&program, &Options::default(), drop);
    assert!(matches!(lab, Err(LabError::Ended)));
}

/// A user without any privilege has a lab, too. If root runs it, the test becomes the user `nobody`.
#[test]
fn no_privilege_is_needed() {
    let place = tempfile::tempdir().expect("a directory");
    let everybody = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(place.path(), everybody).expect("mode");
    let helper = place.path().join("helper");
    // Not by this process: another test's child might have the copy open for writing, for a moment.
    let copied = Command::new("cp")
        .args([HELPER.as_ref(), helper.as_path()])
        .status();
    assert!(copied.expect("cp").success());
    let mut command = Command::new(&helper);
    command.arg("talk");
    if rustix::process::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    let output = command.output().expect("start");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        told.starts_with("Datagram([104, 101, 108, 108, 111], 10.0.0.1:"),
        "{output:?}"
    );
    assert!(output.status.success(), "{output:?}");
}

/// A machine that allows no network namespace: it is said what was refused, and by whom.
#[test]
fn what_is_refused_is_named() {
    let owner = |limit: &str| {
        let script = format!("echo 0 > /proc/sys/user/{limit} && exec {HELPER} refused");
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "sh", "-c", &script]);
        let output = command.output().expect("unshare of util-linux");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(owner("max_net_namespaces"), "Unshare Some(28)\n"); // ENOSPC
    // Who is root anyway needs no user namespace.
    assert_eq!(owner("max_user_namespaces"), "nothing\n");
}

#[test]
fn a_setting_that_the_kernel_does_not_take() {
    let mut options = Options::default();
    options.server.syn_retries = Some(0);
    let program = Program {
        path: HELPER.into(),
        args: vec!["lab".into()],
    };
    let Err(LabError::Refused(refusal)) = Lab::start(&program, &options, drop) else {
        panic!("not refused");
    };
    assert_eq!(refusal.rung, Rung::Settings);
    assert!(refusal.said.starts_with("tcp_syn_retries: "), "{refusal}");
}

/// The lab is killed: its owner, which waits for a call, hears of that.
#[test]
fn the_owner_hears_of_the_labs_end() {
    let program = Program {
        path: HELPER.into(),
        args: vec!["lab".into(), "to be killed".into()],
    };
    let lab = Lab::start(&program, &Options::default(), drop).expect("a lab");
    let (family, transport) = (Family::Inet, Transport::Datagram);
    let made = lab.call(Host::Client, Call::Socket { family, transport });
    let made = made.expect("a lab").wait().expect("an answer");
    let fd = made.descriptor().expect("a descriptor");
    let waits = lab.call(Host::Client, Call::Recv { fd, size: 1 });
    let command = |id: &u32| std::fs::read_to_string(format!("/proc/{id}/cmdline"));
    let ours = |id: &u32| command(id).is_ok_and(|line| line.contains("to be killed"));
    let id = children(std::process::id()).into_iter().find(ours);
    let id = id.and_then(|id| rustix::process::Pid::from_raw(id as i32));
    let kill = rustix::process::Signal::KILL;
    rustix::process::kill_process(id.expect("the lab"), kill).expect("kill");
    assert!(matches!(waits.expect("a lab").wait(), Err(LabError::Ended)));
    let late = lab.call(Host::Client, Call::Close { fd });
    assert!(late.and_then(Ticket::wait).is_err());
}

/// The owner is killed in the middle of a call: the lab is gone with all its threads.
#[test]
fn nothing_outlives_the_owner() {
    let mut owner = Command::new(HELPER)
        .arg("owner")
        .stdout(Stdio::piped())
        .spawn()
        .expect("start");
    let output = owner.stdout.take().expect("a pipe");
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).expect("read");
    assert_eq!(line, "ready\n");
    let labs = children(owner.id());
    assert_eq!(labs.len(), 1);
    owner.kill().expect("kill");
    owner.wait().expect("wait");
    let end = Instant::now() + LONG;
    while labs.iter().any(|lab| lives(*lab)) {
        assert!(Instant::now() < end, "{labs:?} live on");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The children of all threads of a process.
fn children(process: u32) -> Vec<u32> {
    let mut children = Vec::new();
    for thread in std::fs::read_dir(format!("/proc/{process}/task")).expect("threads") {
        let path = thread.expect("a thread").path().join("children");
        let text = std::fs::read_to_string(path).expect("children");
        children.extend(
            text.split_whitespace()
                .map(|id| id.parse::<u32>().expect("a number")),
        );
    }
    children
}

fn lives(process: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X "))
}
