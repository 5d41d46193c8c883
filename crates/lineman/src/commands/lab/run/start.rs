//! Starts a program, and hears of it.

use std::io;
use std::os::fd::AsFd as _;
use std::os::fd::OwnedFd;

use lineman_lab::Ended;
use lineman_lab::Errand;
use lineman_lab::Lab;
use lineman_trace::log::Host;
use tokio::sync::mpsc;

use super::output::read_lines;
use super::typed::Input;

/// What is heard of programs.
pub(super) enum Heard {
    /// It has written a line, not to the terminal.
    Line(Host, String),
    /// It has ended.
    Ended(Host, Ended),
}

/// Starts a program, with the terminal or with pipes from which its lines are read; gives what is
/// written to for it to read, if `is_typed`.
///
/// # Errors
/// When a pipe or a thread is refused, or the lab has ended.
pub(super) fn begin(
    lab: &Lab,
    errand: Errand,
    has_terminal: bool,
    is_typed: bool,
    sender: &mpsc::UnboundedSender<Heard>,
) -> io::Result<Option<Input>> {
    let host = errand.host;
    let (streams, input) = match has_terminal {
        true => {
            let streams = [
                io::stdin().as_fd().try_clone_to_owned()?,
                io::stdout().as_fd().try_clone_to_owned()?,
                io::stderr().as_fd().try_clone_to_owned()?,
            ];
            (streams, None)
        }
        false => piped(host, is_typed, sender)?,
    };
    let ticket = lab.run(errand, streams).map_err(io::Error::other)?;
    let sender = sender.clone();
    std::thread::Builder::new().spawn(move || {
        if let Ok(ended) = ticket.wait() {
            let _ = sender.send(Heard::Ended(host, ended));
        }
    })?;
    Ok(input)
}

fn piped(
    host: Host,
    is_typed: bool,
    sender: &mpsc::UnboundedSender<Heard>,
) -> io::Result<([OwnedFd; 3], Option<Input>)> {
    let (stdin, input) = match is_typed {
        true => {
            let (stdin, input) = Input::pipe(host)?;
            (stdin, Some(input))
        }
        false => (std::fs::File::open("/dev/null")?.into(), None),
    };
    let (reader, writer) = io::pipe()?;
    let errors = writer.try_clone()?;
    let sender = sender.clone();
    let say = move |text| sender.send(Heard::Line(host, text)).is_ok();
    std::thread::Builder::new().spawn(move || read_lines(reader, say))?;
    Ok(([stdin, writer.into(), errors.into()], input))
}
