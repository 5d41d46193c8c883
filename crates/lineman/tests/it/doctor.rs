//! `lineman doctor`: it asks the machine, tells both languages and programs, and changes nothing.

use std::collections::BTreeMap;
use std::process::Output;

use serde_json::Value;

use crate::support::lineman;

const NAMES: [&str; 11] = [
    "low-ports",
    "openat2",
    "landlock",
    "ipv6",
    "udp-gso",
    "namespaces",
    "capture",
    "dumpcap",
    "own-sockets",
    "simulated",
    "strace",
];

fn doctor(args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = lineman();
    command.args(args).arg("doctor").envs(env.iter().copied());
    let output = command.output().expect("runs");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(output.stderr, b"", "{output:?}");
    output
}

fn text(output: Output) -> String {
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn checks(env: &[(&str, &str)]) -> BTreeMap<String, Value> {
    let shown = text(doctor(&["--json"], env));
    let events = shown
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    events
        .inspect(|event| assert_eq!(event["event"], "check"))
        .map(|event| (event["name"].as_str().expect("a name").to_owned(), event))
        .collect()
}

#[test]
fn programs_learn_of_every_check_and_what_to_do_about_it() {
    let checks = checks(&[]);
    assert_eq!(checks.len(), NAMES.len());
    for name in NAMES {
        let check = &checks[name];
        let state = check["state"].as_str().expect("a state");
        assert!(["ok", "limited", "missing"].contains(&state), "{check}");
        assert!(!check["text"].as_str().expect("text").is_empty(), "{check}");
        assert_eq!(check["remedy"].is_null(), state == "ok", "{check}");
    }
}

#[test]
fn people_get_a_table_in_their_language() {
    let english = text(doctor(&[], &[]));
    assert!(english.contains("low ports  ") && english.contains("lab  "));
    let chinese = text(doctor(&["--lang", "zh"], &[]));
    let first = |shown: &str| shown.lines().filter(|line| !line.starts_with(' ')).count();
    assert_eq!((first(&english), first(&chinese)), (11, 11));
    assert!(chinese.contains("实验环境"), "{chinese}");
}

#[test]
fn what_is_found_is_what_is_there() {
    let here = checks(&[]);
    let free = std::net::UdpSocket::bind("[::1]:0").is_ok();
    assert_eq!(here["ipv6"]["state"] == "ok", free);
    let without = checks(&[("PATH", "/nonexistent")]);
    assert_eq!(without["strace"]["state"], "limited");
    assert!(
        without["strace"]["remedy"]
            .as_str()
            .is_some_and(|text| text.contains("strace"))
    );
}

/// Without privilege the answers differ, and each comes with a remedy.
#[test]
fn without_privilege_it_says_how_to_get_it() {
    let prefix = [
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--no-new-privs",
    ];
    let dir = tempfile::tempdir().expect("a directory");
    let copy = dir.path().join("lineman");
    std::fs::copy(lineman().get_program(), &copy).expect("copies");
    let all = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(dir.path(), all).expect("chmod");
    let output = std::process::Command::new("setpriv")
        .args(prefix)
        .arg(&copy)
        .args(["--json", "doctor"])
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("setpriv runs");
    if !output.status.success() && output.stdout.is_empty() {
        eprintln!("not checked: only root may become another user");
        return;
    }
    let shown = text(output);
    let line = shown.lines().find(|line| line.contains("\"capture\""));
    let capture: Value = serde_json::from_str(line.expect("a line")).expect("JSON");
    assert_eq!(capture["state"], "limited");
    let remedy = capture["remedy"].as_str().expect("a remedy");
    assert!(remedy.contains("cap_net_raw"), "{remedy}");
    let state = |name: &str| {
        let line = shown.lines().find(|line| line.contains(name));
        let check: Value = serde_json::from_str(line.expect("a line")).expect("JSON");
        check["state"].as_str().expect("a state").to_owned()
    };
    // No privilege is needed for these.
    assert_eq!(state("\"namespaces\""), "ok", "{shown}");
    assert_eq!(state("\"own-sockets\""), "ok", "{shown}");
    assert_eq!(state("\"simulated\""), "ok", "{shown}");
}

/// The kernel says that there is no space left; nobody should go and delete files.
#[test]
fn a_forbidden_namespace_names_the_setting_that_forbids_it() {
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && \
        echo 0 > /proc/sys/user/max_net_namespaces && exec \"$0\" --json doctor";
    let output = std::process::Command::new("unshare")
        .args(["--user", "--map-root-user", "sh", "-c", script])
        .arg(lineman().get_program())
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("unshare runs");
    if !output.status.success() {
        eprintln!("not checked: no user namespace here to forbid one in");
        return;
    }
    let shown = text(output);
    let line = shown.lines().find(|line| line.contains("\"namespaces\""));
    let check: Value = serde_json::from_str(line.expect("a line")).expect("JSON");
    assert_eq!(check["state"], "missing");
    assert_eq!(
        check["remedy"],
        "sudo sysctl user.max_user_namespaces=10000"
    );
    let said = check["text"].as_str().expect("text");
    assert!(said.ends_with("their number is limited"), "{said}");
}

#[test]
fn as_root_there_is_a_lab() {
    let here = checks(&[]);
    assert_eq!(here["namespaces"]["state"], "ok", "{here:?}");
    assert_eq!(here["own-sockets"]["state"], "ok", "{here:?}");
    assert_eq!(here["simulated"]["state"], "ok");
    let without = checks(&[("PATH", "/nonexistent")]);
    assert_eq!(without["dumpcap"]["state"], "limited");
}

/// As in many a container.
#[test]
fn settings_that_cannot_be_written_limit_the_lab() {
    let script = "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && \
        exec \"$0\" --json doctor";
    let output = std::process::Command::new("unshare")
        .args(["--mount", "sh", "-c", script])
        .arg(lineman().get_program())
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("unshare runs");
    if !output.status.success() {
        eprintln!("not checked: nothing may be mounted here");
        return;
    }
    let shown = text(output);
    let line = shown.lines().find(|line| line.contains("\"namespaces\""));
    let check: Value = serde_json::from_str(line.expect("a line")).expect("JSON");
    assert_eq!(check["state"], "limited", "{check}");
    let said = check["text"].as_str().expect("text");
    assert!(
        said.starts_with("the system refuses settings of TCP: "),
        "{said}"
    );
}
