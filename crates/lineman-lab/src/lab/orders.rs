//! The lab's end of the socket to its owner: JSON lines, and descriptors beside them (unix(7)).

use std::collections::VecDeque;
use std::io;
use std::io::IoSliceMut;
use std::io::Read;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use rustix::net::RecvAncillaryBuffer;
use rustix::net::RecvAncillaryMessage;
use rustix::net::RecvFlags;

/// What comes from the owner.
#[derive(Debug)]
pub(super) struct Orders {
    socket: OwnedFd,
    descriptors: VecDeque<OwnedFd>,
}

impl Orders {
    pub(super) fn new(socket: OwnedFd) -> Self {
        Self {
            socket,
            descriptors: VecDeque::new(),
        }
    }

    /// The three descriptors that came with the oldest order that has some.
    pub(super) fn streams(&mut self) -> Option<[OwnedFd; 3]> {
        let mut next = || self.descriptors.pop_front();
        Some([next()?, next()?, next()?])
    }
}

impl Read for Orders {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(buffer)];
        let flags = RecvFlags::CMSG_CLOEXEC;
        let got = rustix::net::recvmsg(&self.socket, &mut parts, &mut control, flags)?;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(all) = message {
                self.descriptors.extend(all);
            }
        }
        Ok(got.bytes)
    }
}
