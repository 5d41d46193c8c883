//! A buffered file over a socket, as `makefile` makes one: what is written waits for a flush, and a
//! line is read however many receives that takes.

use std::sync::Mutex;

use rustix::io::Result;
use rustix::net::RecvFlags;
use rustix::net::SendFlags;

use crate::recorder::locked;

use super::bench::Socket;

/// The two buffers of a file. Reading and writing do not wait for each other.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    unread: Mutex<Vec<u8>>,
    unsent: Mutex<Vec<u8>>,
}

impl Buffers {
    /// The next line with its end, or what is left when the peer has finished.
    pub(super) fn read_line(&self, socket: &Socket) -> Result<Vec<u8>> {
        let mut unread = locked(&self.unread);
        let mut part = [0; CHUNK];
        loop {
            if let Some(end) = unread.iter().position(|&byte| byte == b'\n') {
                return Ok(unread.drain(..=end).collect());
            }
            let (len, _) = rustix::net::recv(socket.fd(), &mut part[..], RecvFlags::empty())?;
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
        send_all(socket, &std::mem::take(&mut *locked(&self.unsent)))
    }
}

/// Sends all of it.
pub(super) fn send_all(socket: &Socket, mut data: &[u8]) -> Result<()> {
    while !data.is_empty() {
        let len = rustix::net::send(socket.fd(), data, SendFlags::NOSIGNAL)?;
        data = data.get(len..).unwrap_or_default();
    }
    Ok(())
}

const CHUNK: usize = 8192;
const LONGEST_LINE: usize = 1 << 20;
