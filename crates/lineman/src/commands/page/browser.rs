//! Opening a browser, where there is one to be seen.

use std::env;
use std::process::Command;
use std::process::Stdio;

/// Asks the desktop to open an address (xdg-open(1)). Gives whether somebody took it.
pub(super) fn open(address: &str) -> bool {
    let is_seen = ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()));
    is_seen && {
        let mut opener = Command::new("xdg-open");
        opener.arg(address);
        opener.stdin(Stdio::null());
        opener.stdout(Stdio::null());
        opener.stderr(Stdio::null());
        opener.spawn().is_ok()
    }
}
