//! Networks of their own, in which packets are watched.

use std::path::Path;
use std::process::Command;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

/// What scripts begin with: the loopback is up; `watch …` begins to watch and returns once nothing is missed any
/// more; `until_seen N` returns once it has shown so many packets, or after a minute; `finish` ends it as ^C does. What it prints is in `out` and `err`, its exit code in `code`.
const PRELUDE: &str = r#"
ip link set lo up
begun() { until grep -q '^watching\|"watching"' out err; do kill -0 $WATCH || { cat err >&2; exit 99; }; sleep 0.01; done; }
watch() { : > err; : > out; "$LINEMAN" watch "$@" > out 2> err & WATCH=$!; begun; }
seen() { grep -c '"event":"packet"' out || true; }
until_seen() { local left=6000; until [ $(seen) -ge $1 ]; do kill -0 $WATCH; : $((left -= 1)); [ $left -gt 0 ] || break; sleep 0.01; done; }
finish() { kill -INT $WATCH; await; }
await() { code=0; wait $WATCH || code=$?; echo $code > code; }
"#;

/// A place where a script has run.
pub struct Ran {
    dir: TempDir,
    pub output: Output,
}

/// Runs a script in a network namespace of its own, as its root.
pub fn in_network(script: &str) -> Ran {
    run(&["--user", "--map-root-user", "--net"], script)
}

/// The same with the files of the system's root, which only root may ask for; `None` for others.
pub fn in_network_as_root(script: &str) -> Option<Ran> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not checked: only root may give capabilities to files");
        return None;
    }
    Some(run(&["--net"], script))
}

fn run(unshare: &[&str], script: &str) -> Ran {
    let dir = tempfile::tempdir().expect("a directory");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(dir.path(), open).expect("chmod");
    let output = Command::new("unshare")
        .args(unshare)
        .args(["bash", "-euc", &format!("{PRELUDE}{script}")])
        .current_dir(dir.path())
        .env("LINEMAN", env!("CARGO_BIN_EXE_lineman"))
        .env("LC_ALL", "C.UTF-8")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env_remove("LINEMAN_LANG")
        .output()
        .expect("unshare runs");
    let ran = Ran { dir, output };
    assert!(
        ran.output.status.success(),
        "{:?} {}",
        ran.output,
        ran.text("err")
    );
    ran
}

impl Ran {
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A file that the script has written; empty if it has not.
    pub fn text(&self, name: &str) -> String {
        let bytes = std::fs::read(self.dir.path().join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The exit code of the watch.
    pub fn code(&self) -> String {
        self.text("code").trim().to_owned()
    }

    /// The JSON events of a kind.
    pub fn events(&self, kind: &str) -> Vec<Value> {
        let out = self.text("out");
        let all = out
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        all.filter(|event| event["event"] == kind).collect()
    }

    /// How many packets of a capture tshark reads that fit a display filter.
    pub fn tshark(&self, file: &str, filter: &str) -> usize {
        let output = Command::new("tshark")
            .args([
                "-r",
                file,
                "-Y",
                filter,
                "-T",
                "fields",
                "-e",
                "frame.number",
            ])
            .current_dir(self.path())
            .output()
            .expect("tshark runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).lines().count()
    }
}
