//! What a program writes, line by line; what it has begun and does not end soon is shown as a line, too:
//! it may be a question that the user is to answer.

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::time::Duration;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;

/// Gives each line to `each` until the program has closed its output, or `each` wants no more.
pub(super) fn read_lines(mut reader: File, mut each: impl FnMut(String) -> bool) {
    let mut line: Vec<u8> = Vec::new();
    let mut part = [0; 4096];
    loop {
        // A line that is begun is waited for; longer ones come in parts.
        let is_over =
            line.len() >= LONGEST || (!line.is_empty() && !more_comes(&reader, Some(SOON)));
        if is_over && !each(taken(&mut line)) {
            return;
        }
        let len = match reader.read(&mut part) {
            // What is written to the same terminal must not wait, so that reading does not either.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                more_comes(&reader, None);
                continue;
            }
            // A terminal whose programs have all ended says EIO (pty(7)).
            Ok(0) | Err(_) => break,
            Ok(len) => len,
        };
        for piece in part[..len].split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(piece);
            if piece.ends_with(b"\n") && !each(taken(&mut line)) {
                return;
            }
        }
    }
    if !line.is_empty() {
        each(taken(&mut line));
    }
}

fn taken(line: &mut Vec<u8>) -> String {
    String::from_utf8_lossy(&std::mem::take(line)).into_owned()
}

/// Whether there is more of it within some time; without one it is waited for.
fn more_comes(reader: &File, within: Option<Duration>) -> bool {
    let mut polled = [PollFd::new(reader, PollFlags::IN)];
    let time = within.and_then(|within| Timespec::try_from(within).ok());
    // What cannot be waited for is read.
    rustix::event::poll(&mut polled, time.as_ref()).map_or(true, |ready| ready > 0)
}

/// A program that writes a line in several calls makes them within this.
const SOON: Duration = Duration::from_millis(100);
/// Of a line without an end.
const LONGEST: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::fd::OwnedFd;
    use std::sync::mpsc;

    use super::*;

    fn file(reader: io::PipeReader) -> File {
        OwnedFd::from(reader).into()
    }

    #[test]
    fn half_a_line_is_shown_when_nothing_follows() {
        let (reader, mut writer) = io::pipe().expect("a pipe");
        let (sender, lines) = mpsc::channel();
        let thread =
            std::thread::spawn(move || read_lines(file(reader), |line| sender.send(line).is_ok()));
        let next = || lines.recv_timeout(Duration::from_secs(10)).expect("a line");
        writer.write_all(b"one\ntwo\nsend:").expect("writes");
        assert_eq!(next(), "one\n");
        assert_eq!(next(), "two\n");
        assert_eq!(next(), "send:", "a question");
        writer.write_all(b"last").expect("writes");
        drop(writer);
        assert_eq!(next(), "last");
        thread.join().expect("ends");
    }

    #[test]
    fn a_line_without_an_end_comes_in_parts() {
        let (reader, mut writer) = io::pipe().expect("a pipe");
        let (sender, lines) = mpsc::channel();
        let thread =
            std::thread::spawn(move || read_lines(file(reader), |line| sender.send(line).is_ok()));
        let writes = std::thread::spawn(move || writer.write_all(&[b'x'; 200_000]));
        let all: Vec<String> = lines.iter().collect();
        assert_eq!(all.iter().map(String::len).sum::<usize>(), 200_000);
        assert!(all.iter().all(|line| line.len() <= LONGEST + 4096));
        thread.join().expect("ends");
        writes.join().expect("ends").expect("writes");
    }
}
