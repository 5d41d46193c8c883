//! Opening a browser, where there is one to be seen.

use std::env;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::process::Stdio;

/// What opens an address on a desktop (xdg-utils).
const OPENER: &str = "xdg-open";

/// Whether there is a screen that a browser could be seen on, and something that opens it.
pub fn is_there() -> bool {
    is_seen() && is_on_path(OPENER)
}

fn is_seen() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn is_on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| {
        let file = directory.join(program).metadata();
        file.is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    })
}

/// Asks the desktop to open an address (xdg-open(1)). Gives whether the program that does so could be started.
pub(super) fn open(address: &str) -> bool {
    is_seen() && {
        let mut opener = Command::new(OPENER);
        opener.arg(address);
        opener.stdin(Stdio::null());
        opener.stdout(Stdio::null());
        opener.stderr(Stdio::null());
        opener.spawn().is_ok()
    }
}
