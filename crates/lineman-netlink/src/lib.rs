//! Netlink (netlink(7)): enough of it to make interfaces and to ask for sockets and neighbours.

mod message;

use std::io;
use std::os::fd::OwnedFd;

use rustix::net::AddressFamily;
use rustix::net::Protocol;
use rustix::net::RecvFlags;
use rustix::net::SendFlags;
use rustix::net::SocketFlags;
use rustix::net::SocketType;
use rustix::net::netlink;

pub use message::Message;
pub use message::attribute;
pub use message::attributes;

use message::Header;
use message::take;

/// A socket to the kernel, in the network namespace of the thread that opened it, wherever it is
/// used later.
#[derive(Debug)]
pub struct Netlink {
    fd: OwnedFd,
    buffer: Vec<u8>,
}

impl Netlink {
    /// For interfaces and addresses (rtnetlink(7)).
    pub fn route() -> io::Result<Self> {
        Self::open(None)
    }

    /// For sockets (sock_diag(7)).
    pub fn diagnosis() -> io::Result<Self> {
        Self::open(Some(netlink::SOCK_DIAG))
    }

    fn open(protocol: Option<Protocol>) -> io::Result<Self> {
        let (family, kind) = (AddressFamily::NETLINK, SocketType::RAW);
        let fd = rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, protocol)?;
        let buffer = vec![0; RECEIVE_BUFFER];
        Ok(Self { fd, buffer })
    }

    /// Has something done.
    ///
    /// # Errors
    /// As the kernel answered.
    pub fn order(&mut self, message: Message) -> io::Result<()> {
        self.send(message.finish(NLM_F_REQUEST | NLM_F_ACK))?;
        self.each(&mut |_| {})
    }

    /// Asks for one thing.
    ///
    /// # Errors
    /// As the kernel answered; `NotFound` when there is no such thing.
    pub fn ask(&mut self, message: Message) -> io::Result<Vec<u8>> {
        self.send(message.finish(NLM_F_REQUEST))?;
        let len = self.receive()?;
        let (header, body, _) = take(&self.buffer[..len]).ok_or(io::ErrorKind::InvalidData)?;
        match header.kind {
            NLMSG_ERROR => Err(verdict(body).err().unwrap_or_else(not_found)),
            _ => Ok(body.to_vec()),
        }
    }

    /// Asks for all of a kind.
    ///
    /// # Errors
    /// As the kernel answered.
    pub fn dump(&mut self, message: Message, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        self.send(message.finish(NLM_F_REQUEST | NLM_F_DUMP))?;
        self.each(each)
    }

    fn send(&self, bytes: Vec<u8>) -> io::Result<()> {
        rustix::net::send(&self.fd, &bytes, SendFlags::empty())?;
        Ok(())
    }

    fn receive(&mut self) -> io::Result<usize> {
        let (len, _) = rustix::net::recv(&self.fd, &mut self.buffer[..], RecvFlags::empty())?;
        Ok(len)
    }

    /// Hands on the messages of an answer until the one that ends it.
    fn each(&mut self, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        loop {
            let len = self.receive()?;
            let mut rest = &self.buffer[..len];
            while let Some((Header { kind, .. }, body, after)) = take(rest) {
                match kind {
                    NLMSG_DONE => return Ok(()),
                    NLMSG_ERROR => return verdict(body),
                    _ => each(body),
                }
                rest = after;
            }
        }
    }
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

/// The error in a message of the kind `NLMSG_ERROR`; 0 is none.
fn verdict(body: &[u8]) -> io::Result<()> {
    let code = body.first_chunk().ok_or(io::ErrorKind::InvalidData)?;
    match i32::from_ne_bytes(*code) {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(-code)),
    }
}

/// What the kernel fills at most with one part of a dump, in bytes (`netlink_dump`).
const RECEIVE_BUFFER: usize = 32 << 10;
// linux/netlink.h
const NLM_F_REQUEST: u16 = 0x01;
const NLM_F_ACK: u16 = 0x04;
const NLM_F_DUMP: u16 = 0x300;
/// Make it if it is not there.
pub const NLM_F_CREATE: u16 = 0x400;
/// Fail if it is there.
pub const NLM_F_EXCL: u16 = 0x200;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
