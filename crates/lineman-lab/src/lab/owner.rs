//! The owner's side.

use std::collections::HashMap;
use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::IoSlice;
use std::io::Write as _;
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use lineman_trace::log::Endpoints;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Note;
use rustix::net::SendAncillaryBuffer;
use rustix::net::SendAncillaryMessage;
use rustix::net::SendFlags;

use crate::hosts::Call;
use crate::hosts::Outcome;
use crate::hosts::SocketView;
use crate::kernel::Figures;
use crate::programs::Ended;
use crate::programs::RunRequest;
use crate::recorder::locked;
use crate::wire;

use super::LabError;
use super::Options;
use super::Program;
use super::protocol::Answer;
use super::protocol::Order;
use super::protocol::Report;

/// A running lab. Dropping it ends it.
#[derive(Debug)]
pub struct Lab {
    socket: Mutex<UnixStream>,
    pending: Arc<Mutex<Pending>>,
    listener: Option<thread::JoinHandle<()>>,
}

/// Orders whose answer is awaited.
#[derive(Debug, Default)]
struct Pending {
    last: u64,
    waiting: HashMap<u64, mpsc::Sender<(u64, Answer)>>,
}

impl Lab {
    /// Starts the lab, and returns when it is ready. `sink` gets its log, from event 0 on, on a
    /// thread of its own, and is dropped when the lab has ended.
    ///
    /// # Errors
    /// When the process cannot be started, or the system refuses what a lab needs.
    pub fn start(
        program: &Program,
        options: &Options,
        sink: impl FnMut(Event) + Send + 'static,
    ) -> Result<Self, LabError> {
        let (socket, theirs) = UnixStream::pair()?;
        let hears = socket.try_clone()?;
        let mut command = Command::new(&program.path);
        command
            .args(&program.args)
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .process_group(0); // ^C is the owner's: it ends the lab in good order
        let pending = Arc::<Mutex<Pending>>::default();
        let answers = Arc::clone(&pending);
        let (ready, readiness) = mpsc::channel();
        // The process is started by the thread that listens to it: a child is told of the end of
        // the thread that started it (PR_SET_PDEATHSIG), and this one stays to the end.
        let listener =
            thread::Builder::new()
                .name("lab".to_owned())
                .spawn(move || match command.spawn() {
                    Ok(child) => {
                        drop(command); // with its copy of the child's end
                        listen(child, hears, sink, &answers, &ready);
                    }
                    Err(error) => drop(ready.send(Err(error.into()))),
                })?;
        let lab = Self {
            socket: Mutex::new(socket),
            pending,
            listener: Some(listener),
        };
        let written = lab.write(options);
        readiness.recv().unwrap_or(Err(LabError::Ended))?;
        written?;
        Ok(lab)
    }

    /// Has a host make a call. Calls of a host begin in this order.
    ///
    /// # Errors
    /// When the lab has ended.
    pub fn call(&self, host: Host, call: Call) -> Result<Ticket<Outcome>, LabError> {
        let read = |answer| match answer {
            Answer::Outcome(outcome) => Some(outcome),
            _ => None,
        };
        self.ask(|ticket| Order::Call { ticket, host, call }, read)
    }

    /// As [`call`](Self::call), for a caller that waits for several calls at once: the answer goes
    /// to `sender`, with the number that this returns.
    pub(crate) fn call_for(
        &self,
        sender: &mpsc::Sender<(u64, Answer)>,
        host: Host,
        call: Call,
    ) -> Result<u64, LabError> {
        let ticket = self.number(sender.clone());
        self.write(&Order::Call { ticket, host, call })?;
        Ok(ticket)
    }

    /// Asks what a host's TCP knows of a connection.
    ///
    /// # Errors
    /// When the lab has ended.
    pub fn figures(
        &self,
        host: Host,
        socket: Endpoints,
    ) -> Result<Ticket<Option<Figures>>, LabError> {
        let read = |answer| match answer {
            Answer::Figures(figures) => Some(figures),
            _ => None,
        };
        let order = |ticket| Order::Figures {
            ticket,
            host,
            socket,
        };
        self.ask(order, read)
    }

    /// Asks for all sockets of a host.
    ///
    /// # Errors
    /// When the lab has ended.
    pub fn sockets(&self, host: Host) -> Result<Ticket<Vec<SocketView>>, LabError> {
        let read = |answer| match answer {
            Answer::Sockets(sockets) => Some(sockets),
            _ => None,
        };
        self.ask(|ticket| Order::Sockets { ticket, host }, read)
    }

    /// Runs a program on a host, with these as its standard input, output and error. It is killed
    /// when the lab ends. From now on the log comes some milliseconds later: the calls of programs
    /// become known after they were made.
    ///
    /// # Errors
    /// When the lab has ended.
    pub fn run(
        &self,
        request: RunRequest,
        streams: [OwnedFd; 3],
    ) -> Result<Ticket<Ended>, LabError> {
        let (ticket, number) = self.ticket(|answer| match answer {
            Answer::Ended(ended) => Some(ended),
            _ => None,
        });
        let order = Order::Run {
            ticket: number,
            request,
        };
        self.write_with(&order, &streams)?;
        Ok(ticket)
    }

    /// Has the wire do something.
    ///
    /// # Errors
    /// When the lab has ended.
    pub fn wire(&self, command: wire::Command) -> Result<(), LabError> {
        self.write(&Order::Wire(command))
    }

    /// Puts a sentence into the log.
    ///
    /// # Errors
    /// When the lab has ended.
    pub fn note(&self, note: Note) -> Result<(), LabError> {
        self.write(&Order::Tell(note))
    }

    /// Has the lab end in good order, and does not wait for it: its log goes on to the end.
    ///
    /// # Errors
    /// When it has ended before.
    pub fn finish(&self) -> Result<(), LabError> {
        self.write(&Order::End)
    }

    /// Ends the lab in good order, and waits until its log is complete.
    ///
    /// # Errors
    /// When it has ended otherwise before.
    pub fn end(mut self) -> Result<(), LabError> {
        self.finish()?;
        let listener = self.listener.take();
        listener
            .map_or(Ok(()), thread::JoinHandle::join)
            .map_err(|_| LabError::Ended)
    }

    fn ask<T>(
        &self,
        order: impl FnOnce(u64) -> Order,
        read: fn(Answer) -> Option<T>,
    ) -> Result<Ticket<T>, LabError> {
        let (ticket, number) = self.ticket(read);
        self.write(&order(number))?;
        Ok(ticket)
    }

    /// A ticket for an order to come, and its number.
    fn ticket<T>(&self, read: fn(Answer) -> Option<T>) -> (Ticket<T>, u64) {
        let (sender, answer) = mpsc::channel();
        (Ticket { answer, read }, self.number(sender))
    }

    /// The number of an order to come, whose answer goes there.
    fn number(&self, sender: mpsc::Sender<(u64, Answer)>) -> u64 {
        let mut pending = locked(&self.pending);
        pending.last += 1;
        let number = pending.last;
        pending.waiting.insert(number, sender);
        number
    }

    fn write(&self, message: &impl serde::Serialize) -> Result<(), LabError> {
        self.write_with(message, &[])
    }

    /// Descriptors go beside the first byte of the line (unix(7)).
    fn write_with(
        &self,
        message: &impl serde::Serialize,
        descriptors: &[OwnedFd],
    ) -> Result<(), LabError> {
        let mut line = serde_json::to_vec(message).map_err(|_| LabError::Ended)?;
        line.push(b'\n');
        let mut socket = locked(&self.socket);
        let written = send_with(&socket, &line, descriptors)
            .and_then(|len| socket.write_all(line.get(len..).unwrap_or_default()));
        written.map_err(|_| LabError::Ended)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = locked(&self.socket).shutdown(Shutdown::Both);
    }
}

/// The answer to an order, when it comes.
#[derive(Debug)]
pub struct Ticket<T> {
    answer: mpsc::Receiver<(u64, Answer)>,
    read: fn(Answer) -> Option<T>,
}

impl<T> Ticket<T> {
    /// Waits for it, for as long as it takes.
    ///
    /// # Errors
    /// When the lab ends before.
    pub fn wait(self) -> Result<T, LabError> {
        let (_, answer) = self.answer.recv().map_err(|_| LabError::Ended)?;
        (self.read)(answer).ok_or(LabError::Ended)
    }

    /// Waits for so long at most; `None` when it has not come.
    pub fn wait_for(&self, limit: Duration) -> Option<T> {
        let (_, answer) = self.answer.recv_timeout(limit).ok()?;
        (self.read)(answer)
    }
}

/// Sends the beginning of a line, and descriptors with it.
fn send_with(socket: &UnixStream, line: &[u8], descriptors: &[OwnedFd]) -> io::Result<usize> {
    let descriptors: Vec<BorrowedFd<'_>> = descriptors.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let parts = [IoSlice::new(line)];
    let flags = SendFlags::NOSIGNAL;
    Ok(rustix::net::sendmsg(socket, &parts, &mut control, flags)?)
}

/// Hands on what the lab tells, to its end.
fn listen(
    mut child: Child,
    socket: UnixStream,
    mut sink: impl FnMut(Event),
    pending: &Mutex<Pending>,
    ready: &mpsc::Sender<Result<(), LabError>>,
) {
    for line in BufReader::new(socket).lines() {
        let Ok(report) = line.and_then(|line| Ok(serde_json::from_str(&line)?)) else {
            break;
        };
        match report {
            Report::Refused(refusal) => drop(ready.send(Err(refusal.into()))),
            Report::Event(event) => {
                if event.n == 0 {
                    let _ = ready.send(Ok(()));
                }
                sink(event);
            }
            Report::Answer { ticket, answer } => {
                if let Some(waiting) = locked(pending).waiting.remove(&ticket) {
                    let _ = waiting.send((ticket, answer));
                }
            }
        }
    }
    locked(pending).waiting.clear();
    let _ = child.kill(); // it has ended, or talks nonsense
    let _ = child.wait();
}
