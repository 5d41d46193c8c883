//! The system calls that have no safe wrapper: the one module of this crate with `unsafe`.
#![allow(unsafe_code, reason = "each block says why it is sound")]

mod packet;

use std::io;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::FromRawFd as _;
use std::os::fd::OwnedFd;
use std::os::fd::RawFd;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use nix::libc;
use rustix::ioctl::Getter;
use rustix::ioctl::Opcode;
use rustix::ioctl::ioctl;

pub(crate) use packet::bind_packet;
pub(crate) use packet::mtu;
pub(crate) use packet::packet_hardware;
pub(crate) use packet::packet_option;
pub(crate) use packet::packets_lost;
pub(crate) use packet::promiscuous;

/// How many bytes the peer's TCP has not acknowledged; the end of sending counts as one.
///
/// `SIOCOUTQ` of tcp(7), which Linux defines as `TIOCOUTQ`. After a reset it still tells what was
/// lost. Neither `nix` nor `rustix` offers it.
///
/// # Errors
/// When `socket` is not a connected TCP socket.
pub(crate) fn unacknowledged(socket: impl AsFd) -> io::Result<u64> {
    const SIOCOUTQ: Opcode = libc::TIOCOUTQ as Opcode;
    // SAFETY: SIOCOUTQ takes a pointer to an int and writes nothing but that int (tcp(7)), which
    // is what `Getter` with this output type hands it and reads back.
    let bytes: libc::c_int = unsafe { ioctl(socket, Getter::<SIOCOUTQ, libc::c_int>::new()) }?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}

/// How many bytes that were written to a TCP socket its peer has not acknowledged, the end of sending counts as one; and whether
/// that they never will be, since the connection was reset.
///
/// # Errors
/// When it is no connected TCP socket.
pub fn undelivered(socket: BorrowedFd<'_>) -> io::Result<(u64, bool)> {
    let bytes = unacknowledged(socket)?;
    // A connection that was reset has no peer.
    let is_lost = bytes > 0 && rustix::net::getpeername(socket).is_err();
    Ok((bytes, is_lost))
}

/// What TCP knows of the peer's host (`TCP_INFO` in tcp(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SignsOfLife {
    /// How long ago the last segment with an acknowledgement came: every one but a first SYN and some
    /// resets has one.
    pub(crate) last_ack: Duration,
    /// Retransmissions in a row that nothing has answered.
    pub(crate) retransmissions: u8,
    /// Probes of a closed window, or of an idle connection, that nothing has answered.
    pub(crate) probes: u8,
}

/// Asks TCP what it knows of the peer's host. `nix` and `rustix` offer no `TCP_INFO`.
///
/// # Errors
/// When `socket` is no TCP socket.
pub(crate) fn signs_of_life(socket: &impl AsRawFd) -> io::Result<SignsOfLife> {
    // SAFETY: `tcp_info` is made of integers only, for which all zeros is a value.
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut len = size_of_val(&info) as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes to `info`, which is that large and lives
    // through the call.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &raw mut len,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(SignsOfLife {
        last_ack: Duration::from_millis(info.tcpi_last_ack_recv.into()),
        retransmissions: info.tcpi_retransmits,
        probes: info.tcpi_probes,
    })
}

/// The MTU of the route of a connected IPv6 socket (`IPV6_MTU` in ipv6(7)).
///
/// # Errors
/// When the socket is not connected.
pub(crate) fn ipv6_mtu(socket: &impl AsRawFd) -> io::Result<u32> {
    let mut mtu: libc::c_int = 0;
    let mut len = size_of_val(&mtu) as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes to `mtu`, which is that large and lives
    // through the call.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IPV6,
            libc::IPV6_MTU,
            (&raw mut mtu).cast(),
            &raw mut len,
        )
    };
    if result == 0 {
        Ok(mtu.try_into().unwrap_or(0))
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Has the kernel begin to write what of a file is in memory only, and does not wait for it
/// (`SYNC_FILE_RANGE_WRITE` in sync_file_range(2)). Neither `nix` nor `rustix` offers it.
///
/// # Errors
/// When the file system does not support it.
pub(crate) fn begin_writeback(file: &impl AsRawFd) -> io::Result<()> {
    // SAFETY: it takes numbers only, no memory of ours; length 0 means to the end of the file.
    let result =
        unsafe { libc::sync_file_range(file.as_raw_fd(), 0, 0, libc::SYNC_FILE_RANGE_WRITE) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Takes over the `count` descriptors that a supervisor has left for this process, from number 3 on
/// (`sd_listen_fds(3)`). The first call takes them, later ones get none. They close in children.
///
/// Call it only when the environment promises them, and before anything else is opened: a number
/// that was promised in vain could belong to another file or socket.
///
/// # Errors
/// When one of them is not open.
pub(crate) fn inherited(count: u16) -> io::Result<Vec<OwnedFd>> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if count == 0 || TAKEN.swap(true, Ordering::Relaxed) {
        return Ok(Vec::new());
    }
    let numbers = FIRST_INHERITED..FIRST_INHERITED + RawFd::from(count);
    for number in numbers.clone() {
        // SAFETY: borrowed for this one call, which fails if it is not open.
        let fd = unsafe { BorrowedFd::borrow_raw(number) };
        rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC)?;
    }
    // SAFETY: all are open, as was just seen. The process that started this one left them for it and
    // names it in the environment, so nothing in here has opened or owns them; and this line is
    // reached once, so nothing in here takes them a second time.
    Ok(numbers
        .map(|number| unsafe { OwnedFd::from_raw_fd(number) })
        .collect())
}

/// Where the descriptors that a supervisor hands over begin (`SD_LISTEN_FDS_START`).
const FIRST_INHERITED: RawFd = 3;

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::net::TcpStream;
    use std::time::Duration;
    use std::time::Instant;

    use super::*;

    fn becomes(stream: &TcpStream, wanted: u64) -> bool {
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end {
            if unacknowledged(stream).expect("a TCP socket") == wanted {
                return true;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        false
    }

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = listener.local_addr().expect("address");
        let caller = TcpStream::connect(address).expect("connect");
        (caller, listener.accept().expect("accept").0)
    }

    #[test]
    fn what_the_peer_has_acknowledged_is_not_counted() {
        let (mut ours, mut theirs) = pair();
        ours.write_all(b"hello").expect("write");
        theirs.read_exact(&mut [0; 5]).expect("read");
        assert!(becomes(&ours, 0));
    }

    /// What the whole idea of telling the truth about delivery rests on.
    #[test]
    fn after_a_reset_the_count_still_tells_what_was_lost() {
        let (mut ours, theirs) = pair();
        drop(theirs);
        assert_eq!(ours.read(&mut [0; 1]).expect("the end"), 0);
        ours.write_all(b"too late")
            .expect("the first write succeeds");
        assert!(becomes(&ours, 8));
        let error = ours.take_error().expect("a socket").expect("a reset");
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(unacknowledged(&ours).expect("a TCP socket"), 8);
    }

    #[test]
    fn a_peer_that_reads_nothing_still_gives_signs_of_life() {
        let (mut ours, _theirs) = pair();
        ours.set_nonblocking(true).expect("set");
        while ours.write(&[0; 65536]).is_ok() {}
        // Until the first probe of its closed window was sent, and answered.
        let end = Instant::now() + Duration::from_secs(10);
        let mut oldest = Duration::ZERO;
        loop {
            let life = signs_of_life(&ours).expect("a TCP socket");
            assert_eq!(life.retransmissions, 0, "{life:?}");
            if life.last_ack < oldest && life.probes == 0 {
                break;
            }
            oldest = oldest.max(life.last_ack);
            assert!(Instant::now() < end, "{life:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_file_is_refused() {
        let file = std::fs::File::open("/dev/null").expect("open");
        assert!(unacknowledged(&file).is_err());
        assert!(signs_of_life(&file).is_err());
    }
}
