//! The middle's end of a cable: what has arrived there, and when.

use std::io::IoSliceMut;
use std::os::fd::AsRawFd as _;
use std::os::fd::OwnedFd;
use std::time::Duration;
use std::time::SystemTime;

use nix::errno::Errno;
use nix::sys::socket::ControlMessageOwned;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::recvmsg;
use nix::sys::time::TimeSpec;

/// Room for a frame, and for what the kernel says of it.
#[derive(Debug)]
pub(super) struct Buffer {
    frame: Vec<u8>,
    control: Vec<u8>,
}

impl Buffer {
    pub(super) fn new() -> Self {
        Self {
            frame: vec![0; LARGEST_FRAME],
            control: nix::cmsg_space!(TimeSpec),
        }
    }

    /// Takes the next frame that has arrived at a packet socket, and says how long ago that was: the kernel has
    /// stamped it when its sender handed it to the cable, and it has waited here since, longer where the machine is
    /// busy. Without a stamp it has arrived just now.
    ///
    /// # Errors
    /// As recvmsg(2): `EAGAIN` when there is none.
    pub(super) fn receive(&mut self, port: &OwnedFd) -> Result<(&[u8], Duration), Errno> {
        let mut parts = [IoSliceMut::new(&mut self.frame)];
        let control = Some(&mut self.control[..]);
        let received = recvmsg::<()>(port.as_raw_fd(), &mut parts, control, MsgFlags::empty())?;
        let len = received.bytes;
        let stamp = received.cmsgs()?.find_map(|message| match message {
            ControlMessageOwned::ScmTimestampns(stamp) => Some(Duration::from(stamp)),
            _ => None,
        });
        let age = stamp.map_or(Duration::ZERO, age);
        Ok((&self.frame[..len], age))
    }
}

/// How long ago the system's clock showed this; what lies ahead or long ago was before somebody set that clock.
fn age(stamp: Duration) -> Duration {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let age = now.saturating_sub(stamp);
    if age <= OLDEST { age } else { Duration::ZERO }
}

/// More than an Ethernet frame can have, in bytes.
const LARGEST_FRAME: usize = 64 << 10;
/// No frame waits as long in a machine on which anything can be watched.
const OLDEST: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_makes_no_packet_old() {
        let now = SystemTime::UNIX_EPOCH.elapsed().expect("after 1970");
        let hour = Duration::from_secs(3600);
        assert_eq!(age(now - hour), Duration::ZERO);
        assert_eq!(age(now + hour), Duration::ZERO);
        assert!(age(now - Duration::from_millis(50)) >= Duration::from_millis(50));
    }
}
