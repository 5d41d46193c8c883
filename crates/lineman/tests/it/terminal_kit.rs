//! A terminal that tmux plays.

use std::process::Command;

use crate::support::peer;
use crate::tftp_kit::run;

/// A tmux server of our own, which ends with the test.
pub struct Terminal {
    pub dir: tempfile::TempDir,
}

impl Terminal {
    pub fn start(script: &str) -> Self {
        Self::of_width(120, script)
    }

    pub fn of_width(columns: u16, script: &str) -> Self {
        let terminal = Self {
            dir: tempfile::tempdir().expect("directory"),
        };
        let columns = columns.to_string();
        let words = ["new-session", "-d", "-x", &columns, "-y", "20"];
        let output = run(terminal.tmux().args(words).arg(script));
        assert!(output.status.success(), "{output:?}");
        terminal
    }

    pub fn tmux(&self) -> Command {
        let mut command = peer("tmux");
        command
            .arg("-S")
            .arg(self.dir.path().join("tmux"))
            .args(["-f", "/dev/null"]);
        command.env("LC_ALL", "C.UTF-8").env_remove("TMUX");
        command.current_dir(self.dir.path());
        command
    }

    pub fn screen(&self) -> String {
        let output = run(self.tmux().args(["capture-pane", "-p"]));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux().arg("kill-server").output();
    }
}
