//! Whether strace may trace here: asked by having it trace something, as it would trace a program.

use std::io;
use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::TRACE;

/// Why socket calls of programs cannot be seen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Untraceable {
    /// strace does not start.
    #[error(transparent)]
    Start(#[from] io::Error),
    /// The system refuses to let it trace (ptrace(2)): the last that strace says of it.
    #[error("{0}")]
    Refused(String),
    /// strace does not come to an end.
    #[error("strace does not answer")]
    Silent,
}

/// Has strace trace a program: itself, which says its version. Where it may not, it runs the program all the
/// same and says so among what the program says; so it is asked before.
///
/// # Errors
/// When it sees none of the calls.
pub fn try_tracing(strace: &Path) -> Result<(), Untraceable> {
    let mut command = Command::new(strace);
    command.args(TRACE).args(["-o", "/proc/self/fd/1", "--"]);
    command.arg(strace).arg("-V").stdin(Stdio::null());
    let (sender, output) = mpsc::channel();
    thread::Builder::new()
        .name("trial".to_owned())
        .spawn(move || drop(sender.send(command.output())))?;
    let output = output.recv_timeout(PATIENCE);
    judge(&output.map_err(|_| Untraceable::Silent)??)
}

fn judge(output: &Output) -> Result<(), Untraceable> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if text(&output.stdout).contains(" write(1<") {
        return Ok(());
    }
    let errors = text(&output.stderr);
    let last = errors.lines().last().unwrap_or_default();
    // `strace: attach: ptrace(PTRACE_ATTACH, 5): Operation not permitted`
    let reason = last.rsplit_once(": ").map_or(last, |(_, reason)| reason);
    Err(Untraceable::Refused(reason.trim().to_owned()))
}

/// How long the trial may take: some milliseconds, on a busy machine more; a tracer that hangs must not keep the user.
const PATIENCE: Duration = Duration::from_secs(5);
