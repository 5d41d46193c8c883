//! Closing files whose last close gives back space: for a large one that takes as long as a file
//! system needs to free its blocks, and an event loop must not wait for it.

use std::os::fd::OwnedFd;
use std::sync::OnceLock;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;
use std::thread;

/// Closes `file`, of which about `bytes` are to be given back: a large one on a thread of its own.
pub(super) fn close(file: OwnedFd, bytes: u64) {
    if bytes < LARGE {
        return;
    }
    let closer = CLOSER.get_or_init(start);
    if let Some(closer) = closer {
        // What it cannot take is closed here, when the error that holds it is dropped.
        let _ = closer.try_send(file);
    }
}

fn start() -> Option<SyncSender<OwnedFd>> {
    let (sender, files) = sync_channel(WAITING);
    let closing = move || files.into_iter().for_each(drop);
    let thread = thread::Builder::new().name("tftp-close".to_owned());
    // A system that allows no further thread has files closed where they are dropped.
    thread.spawn(closing).ok().map(|_| sender)
}

static CLOSER: OnceLock<Option<SyncSender<OwnedFd>>> = OnceLock::new();
/// Bytes from which on closing is left to the thread; freeing less takes below a millisecond.
const LARGE: u64 = 4 << 20;
/// Files that may wait to be closed: their descriptors count against the limit.
const WAITING: usize = 64;

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn is_running() -> bool {
        let tasks = std::fs::read_dir("/proc/self/task").expect("lists");
        let names =
            tasks.map(|task| std::fs::read_to_string(task.expect("task").path().join("comm")));
        names.flatten().any(|name| name.trim() == "tftp-close")
    }

    /// Three uploads of 900 MB that were aborted held a loop up for 273 ms.
    #[test]
    fn a_large_file_is_closed_on_another_thread_and_a_small_one_at_once() {
        let (mut small, written) = std::io::pipe().expect("pipe");
        close(written.into(), LARGE - 1);
        assert_eq!(small.read(&mut [0]).expect("the end"), 0);
        assert!(!is_running());
        let (mut large, written) = std::io::pipe().expect("pipe");
        close(written.into(), LARGE);
        assert_eq!(large.read(&mut [0]).expect("the end"), 0);
        assert!(is_running());
    }
}
