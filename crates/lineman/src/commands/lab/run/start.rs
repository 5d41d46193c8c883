//! Starts a program, and hears of it.

use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::PipeReader;
use std::os::fd::AsFd as _;
use std::os::fd::OwnedFd;

use lineman_lab::Ended;
use lineman_lab::Errand;
use lineman_lab::Lab;
use lineman_trace::log::Host;
use tokio::sync::mpsc;

/// What is heard of programs.
pub(super) enum Heard {
    /// It has written a line, not to the terminal.
    Line(Host, String),
    /// It has ended.
    Ended(Host, Ended),
}

/// Starts a program, with the terminal or with pipes from which its lines are read.
///
/// # Errors
/// When a pipe or a thread is refused, or the lab has ended.
pub(super) fn begin(
    lab: &Lab,
    errand: Errand,
    has_terminal: bool,
    sender: &mpsc::UnboundedSender<Heard>,
) -> io::Result<()> {
    let host = errand.host;
    let streams = match has_terminal {
        true => [
            io::stdin().as_fd().try_clone_to_owned()?,
            io::stdout().as_fd().try_clone_to_owned()?,
            io::stderr().as_fd().try_clone_to_owned()?,
        ],
        false => piped(host, sender)?,
    };
    let ticket = lab.run(errand, streams).map_err(io::Error::other)?;
    let sender = sender.clone();
    std::thread::Builder::new().spawn(move || {
        if let Ok(ended) = ticket.wait() {
            let _ = sender.send(Heard::Ended(host, ended));
        }
    })?;
    Ok(())
}

fn piped(host: Host, sender: &mpsc::UnboundedSender<Heard>) -> io::Result<[OwnedFd; 3]> {
    let nothing = std::fs::File::open("/dev/null")?;
    let (reader, writer) = io::pipe()?;
    let errors = writer.try_clone()?;
    let sender = sender.clone();
    std::thread::Builder::new().spawn(move || read_lines(host, reader, &sender))?;
    Ok([nothing.into(), writer.into(), errors.into()])
}

fn read_lines(host: Host, reader: PipeReader, sender: &mpsc::UnboundedSender<Heard>) {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|len| len > 0) {
        let text = String::from_utf8_lossy(&line).into_owned();
        if sender.send(Heard::Line(host, text)).is_err() {
            return;
        }
        line.clear();
    }
}
