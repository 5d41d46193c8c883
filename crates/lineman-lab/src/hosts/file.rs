//! A buffered file over a socket, as `makefile` makes one: what is written waits for a flush, and a
//! line is read however many receives that takes.

use std::sync::Mutex;
use std::sync::MutexGuard;

use rustix::event::PollFlags;
use rustix::net::RecvFlags;

use crate::recorder::locked;

use super::Flag;
use super::flag;
use super::socket_table::Socket;
use super::waiting::Patience;
use super::waiting::Result;

/// The two buffers of a file. Reading and writing do not wait for each other.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    unread: Mutex<Vec<u8>>,
    unsent: Mutex<Vec<u8>>,
    use_of: Mutex<Use>,
}

/// Who still has the socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Use {
    /// Only its program: there is no file.
    #[default]
    Plain,
    /// A file, too.
    File,
    /// Only a file: the program has closed the socket, which ends with the file.
    FileOnly,
}

impl Buffers {
    /// Who has the socket.
    pub(super) fn use_of(&self) -> MutexGuard<'_, Use> {
        locked(&self.use_of)
    }

    /// The next line with its end, or what is left when the peer has finished.
    pub(super) fn read_line(&self, socket: &Socket) -> Result<Vec<u8>> {
        let mut unread = locked(&self.unread);
        let mut part = [0; CHUNK];
        loop {
            if let Some(end) = unread.iter().position(|&byte| byte == b'\n') {
                return Ok(unread.drain(..=end).collect());
            }
            let receive = || rustix::net::recv(socket.fd(), &mut part[..], RecvFlags::empty());
            let (len, _) = socket.once_ready(PollFlags::IN, socket.patience(), receive)?;
            unread.extend(&part[..len]);
            if len == 0 || unread.len() > LONGEST_LINE {
                return Ok(std::mem::take(&mut *unread));
            }
        }
    }

    /// Keeps it for later; sends when there is much.
    pub(super) fn write(&self, socket: &Socket, data: &[u8]) -> Result<usize> {
        locked(&self.unsent).extend(data);
        if locked(&self.unsent).len() >= CHUNK {
            self.flush(socket)?;
        }
        Ok(data.len())
    }

    /// Sends what was written.
    pub(super) fn flush(&self, socket: &Socket) -> Result<()> {
        let unsent = std::mem::take(&mut *locked(&self.unsent));
        send_all(socket, &unsent, &[], socket.patience())
    }
}

/// Sends all of it, in so much time.
pub(super) fn send_all(
    socket: &Socket,
    mut data: &[u8],
    flags: &[Flag],
    patience: Patience,
) -> Result<()> {
    while !data.is_empty() {
        let send = || rustix::net::send(socket.fd(), data, flag::sending(flags));
        let len = socket.once_ready(PollFlags::OUT, patience, send)?;
        data = data.get(len..).unwrap_or_default();
    }
    Ok(())
}

/// How many bytes a file asks its socket for at once: as Python's (`io.DEFAULT_BUFFER_SIZE` was 8192).
const CHUNK: usize = 8192;
/// How many bytes a line has at most: what is longer is given in parts, so that no peer fills the memory.
const LONGEST_LINE: usize = 1 << 20;
