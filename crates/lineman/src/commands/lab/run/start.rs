//! Starts a program, and hears of it.

use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::os::fd::OwnedFd;

use lineman_lab::Ended;
use lineman_lab::Lab;
use lineman_lab::RunRequest;
use lineman_trace::log::Host;
use tokio::sync::mpsc;

use super::output::read_lines;
use super::pty::Pty;
use super::typed::Input;

/// What is heard of programs.
pub(super) enum Heard {
    /// It has written a line, not to the terminal.
    Line(Host, String),
    /// It has ended.
    Ended(Host, Ended),
}

/// What a program has for its standard streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Streams {
    /// Ours: the terminal, if there is one.
    Ours,
    /// Pipes; whether something may come to be read.
    Pipes { is_typed: bool },
    /// A terminal of its own.
    Pty,
}

/// Starts a program, with our streams or with those from which its lines are read; gives what is written to for it
/// to read.
///
/// # Errors
/// When a pipe, a terminal or a thread is refused, or the lab has ended.
pub(super) fn begin(
    lab: &Lab,
    request: RunRequest,
    streams: Streams,
    sender: &mpsc::UnboundedSender<Heard>,
) -> io::Result<Option<Input>> {
    let host = request.host;
    let (streams, input) = match streams {
        Streams::Ours => {
            let streams = [
                io::stdin().as_fd().try_clone_to_owned()?,
                io::stdout().as_fd().try_clone_to_owned()?,
                io::stderr().as_fd().try_clone_to_owned()?,
            ];
            (streams, None)
        }
        Streams::Pipes { is_typed } => piped(host, is_typed, sender)?,
        Streams::Pty => own_terminal(host, sender)?,
    };
    let ticket = lab.run(request, streams).map_err(io::Error::other)?;
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
        false => (File::open("/dev/null")?.into(), None),
    };
    let (reader, writer) = io::pipe()?;
    let errors = writer.try_clone()?;
    listen(host, OwnedFd::from(reader).into(), sender)?;
    Ok(([stdin, writer.into(), errors.into()], input))
}

fn own_terminal(
    host: Host,
    sender: &mpsc::UnboundedSender<Heard>,
) -> io::Result<([OwnedFd; 3], Option<Input>)> {
    let Pty { program, ours } = Pty::open()?;
    let (output, errors) = (program.try_clone()?, program.try_clone()?);
    listen(host, ours.try_clone()?.into(), sender)?;
    let input = Input::terminal(host, &program, ours)?;
    Ok(([program, output, errors], Some(input)))
}

/// Reads lines of a program on a thread.
fn listen(host: Host, reader: File, sender: &mpsc::UnboundedSender<Heard>) -> io::Result<()> {
    let sender = sender.clone();
    let say = move |text| sender.send(Heard::Line(host, text)).is_ok();
    let read = move || read_lines(reader, say);
    std::thread::Builder::new().spawn(read).map(drop)
}
