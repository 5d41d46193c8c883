//! What `lineman --json tftp serve` reports of its transfers.

use std::process::Command;

use serde_json::Value;

use crate::support::wait_for;
use crate::tftp_kit::LIMIT;
use crate::tftp_kit::Served;

/// The server, whose log is what it reports as JSON; `shell` is `sh`, wherever that is to run.
pub fn serve_json(shell: Command, address: &str) -> Served {
    serve_json_with(shell, address, &[])
}

/// The same with more options.
pub fn serve_json_with(mut shell: Command, address: &str, args: &[&str]) -> Served {
    shell
        .args(["-c", "exec \"$0\" \"$@\" >&2"])
        .arg(env!("CARGO_BIN_EXE_lineman"))
        .args(["--json", "tftp", "serve", "--listen", address])
        .env("LC_ALL", "C.UTF-8")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env_remove("LINEMAN_LANG");
    Served::start(shell, args)
}

/// A transfer as the server reports it, once it has ended.
#[derive(Debug)]
pub struct Report {
    pub complete: bool,
    pub blksize: u64,
    pub windowsize: u64,
    pub resent: u64,
}

/// Waits for the reports of so many finished transfers of a file, and gives them all.
pub fn reports(server: &Served, file: &str, count: usize) -> Vec<Report> {
    // A probe for the length ends before it has begun.
    server.wait_lines("\"event\":\"transfer\"", count);
    wait_for("the server's reports", LIMIT, || {
        let reports = all_reports(server, file);
        (reports.len() >= count).then_some(reports)
    })
}

fn all_reports(server: &Served, file: &str) -> Vec<Report> {
    let mut reports = Vec::new();
    for line in server.lines() {
        let Ok(value) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        let name = value["file"].as_str().unwrap_or_default();
        if name.trim_start_matches('/') != file || value["reason"] == "size-probe" {
            continue;
        }
        let number = |name: &str| value[name].as_u64().expect("a number");
        reports.push(Report {
            complete: value["complete"] == true,
            blksize: number("blksize"),
            windowsize: number("windowsize"),
            resent: number("resent"),
        });
    }
    reports
}
