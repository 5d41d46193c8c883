//! Programs of this machine: lineman itself, and those that it starts.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

/// Where a program is, if it can be run.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let runs = |file: &PathBuf| {
        file.metadata()
            .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(runs)
}

/// This program, for commands that are to be copied.
pub fn this() -> String {
    std::env::current_exe().map_or_else(|_| "lineman".to_owned(), |path| path.display().to_string())
}
