//! Packets as they pass an interface of this machine, for a process that may see them (`CAP_NET_RAW`).
//!
//! [`Capture::open`] takes the filter before the first packet: nothing that it does not accept is ever there, and
//! nothing is missed from the moment at which `open` returns. [`Capture::packet`] never waits;
//! [`Capture::wait`] does. The kernel counts what found no room ([`Capture::lost`]).

mod device;
mod open;
mod packet;
mod receive;

use std::io;
use std::os::fd::AsFd as _;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use lineman_proto::wire::LinkType;
use lineman_proto::wire::filter::Program;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::io::Errno;
use socket2::Socket;

use crate::sys;

pub use device::Device;
pub use device::devices;
pub use open::OpenError;
pub use open::Options;
pub use packet::Packet;

use device::Devices;

/// The most bytes of a packet that are taken: more than any has, super-segments included (IPv6's largest
/// payload without a jumbogram is 65,535; a network card may be handed 512 KiB, which is cut here).
pub const SNAP_LEN: usize = 256 << 10;

/// A packet socket that receives.
#[derive(Debug)]
pub struct Capture {
    socket: Socket,
    link: LinkType,
    /// What the kernel cannot decide: it runs on each frame here.
    filter: Option<Program>,
    devices: Devices,
    /// Room for a frame, behind room for a header or a tag that is put before it.
    buffer: Vec<u8>,
    lost: u64,
}

impl Capture {
    /// What its packets begin with.
    pub fn link(&self) -> LinkType {
        self.link
    }

    /// How many packets found no room since it was opened: programs that read them were too slow.
    pub fn lost(&mut self) -> u64 {
        let more = sys::packets_lost(&self.socket).unwrap_or_default();
        self.lost += u64::from(more);
        self.lost
    }

    /// Waits until there is a packet, `waker` can be read, or the time is over.
    ///
    /// # Errors
    /// When the system does not let us wait.
    pub fn wait(&self, waker: BorrowedFd<'_>, time: Duration) -> io::Result<()> {
        let mut sources = [
            PollFd::from_borrowed_fd(self.socket.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(waker, PollFlags::IN),
        ];
        match rustix::event::poll(&mut sources, time.try_into().ok().as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The name of an interface, by its number.
    pub fn device_name(&mut self, index: u32) -> &str {
        self.devices.name(index)
    }
}
