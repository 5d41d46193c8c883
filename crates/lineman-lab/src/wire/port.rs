//! The middle's end of a cable: what has arrived there, and when.

use std::io::IoSliceMut;
use std::os::fd::AsRawFd as _;
use std::os::fd::OwnedFd;
use std::time::Duration;
use std::time::Instant;
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

    /// Takes the next frame that has arrived at a packet socket, and says when: the kernel has stamped it when its
    /// sender handed it to the cable, and it has waited here since, longer where the machine is busy. Without a stamp
    /// it has arrived just now.
    ///
    /// # Errors
    /// As recvmsg(2): `EAGAIN` when there is none.
    pub(super) fn receive(&mut self, port: &OwnedFd) -> Result<(&[u8], Instant), Errno> {
        let mut parts = [IoSliceMut::new(&mut self.frame)];
        let control = Some(&mut self.control[..]);
        let received = recvmsg::<()>(port.as_raw_fd(), &mut parts, control, MsgFlags::empty())?;
        let len = received.bytes;
        let stamp = received.cmsgs()?.find_map(|message| match message {
            ControlMessageOwned::ScmTimestampns(stamp) => Some(Duration::from(stamp)),
            _ => None,
        });
        let (now, utc) = together(|| SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default());
        let age = stamp.map_or(Duration::ZERO, |stamp| age(stamp, utc));
        Ok((&self.frame[..len], now.checked_sub(age).unwrap_or(now)))
    }
}

/// What another clock shows, and the instant at which it does. Between looking at one and at the other a busy machine
/// may do something else; then both are looked at again.
pub(crate) fn together<T>(mut other: impl FnMut() -> T) -> (Instant, T) {
    let mut look = || {
        let before = Instant::now();
        let shown = other();
        let took = before.elapsed();
        (took, before + took / 2, shown)
    };
    let mut best = look();
    for _ in 1..LOOKS {
        if best.0 <= AT_ONCE {
            break;
        }
        let next = look();
        if next.0 < best.0 {
            best = next;
        }
    }
    (best.1, best.2)
}

/// How long before `utc` the same clock showed this. A time ahead of `utc`, or long before it, means that the clock was
/// set meanwhile.
fn age(stamp: Duration, utc: Duration) -> Duration {
    let age = utc.saturating_sub(stamp);
    if age <= OLDEST { age } else { Duration::ZERO }
}

/// More than an Ethernet frame can have, in bytes.
const LARGEST_FRAME: usize = 64 << 10;
/// Two clocks that are looked at within this are looked at together: some times as long as it takes, and nothing beside
/// the times that are told.
const AT_ONCE: Duration = Duration::from_micros(20);
/// How often two clocks are looked at, at most: a machine that does something else each time is told as it is.
const LOOKS: u32 = 5;
/// No frame waits as long in a machine on which anything can be watched.
const OLDEST: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_makes_no_packet_old() {
        let now = Duration::from_secs(1_795_000_000);
        let (hour, moment) = (Duration::from_secs(3600), Duration::from_millis(50));
        assert_eq!(age(now - hour, now), Duration::ZERO);
        assert_eq!(age(now + hour, now), Duration::ZERO);
        assert_eq!(age(now - moment, now), moment);
    }

    #[test]
    fn a_clock_is_looked_at_again_if_it_took_long() {
        let mut looks = 0;
        let (_, shown) = together(|| {
            looks += 1;
            if looks == 1 {
                std::thread::sleep(Duration::from_millis(5));
            }
            looks
        });
        assert!(shown > 1, "{shown}");
    }
}
