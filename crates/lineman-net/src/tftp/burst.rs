//! A window's datagrams, laid out back to back so that one system call carries them.
//!
//! Blocks of a window are equal-sized but for the file's last, which is what UDP segmentation
//! offload takes (`UDP_SEGMENT` in udp(7)): the kernel passes one large packet through its layers
//! and cuts it as late as it can. Where it is refused (blocks larger than the MTU, old kernels, some
//! devices) `sendmmsg` carries them one by one.

use std::io;
use std::io::IoSlice;
use std::io::IoSliceMut;
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;

use lineman_proto::tftp::DATA_HEADER;
use lineman_proto::tftp::DataRun;
use nix::errno::Errno;
use nix::sys::socket::ControlMessage;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::MultiHeaders;
use nix::sys::socket::SockaddrStorage;
use nix::sys::socket::sendmmsg;
use nix::sys::socket::sendmsg;

use super::transfer_socket::TransferSocket;
use crate::packet_info;
use crate::packet_info::Source;

/// How a socket's bursts leave; a refusal is remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Method {
    /// One large packet that the kernel cuts.
    #[default]
    Segmented,
    /// One packet for each block.
    Single,
}

/// Datagrams back to back: header, block, header, block, …; reused from run to run.
#[derive(Debug, Default)]
pub(super) struct Burst {
    bytes: Vec<u8>,
    segment: usize,
}

impl Burst {
    /// How many blocks of this size one burst takes: what fits one large packet, and no more than
    /// the kernel cuts one into.
    pub(super) fn capacity(blksize: u16) -> u32 {
        let segment = usize::from(blksize) + DATA_HEADER;
        (LARGEST / segment).clamp(1, MOST_SEGMENTS) as u32 // clamped to what fits
    }

    /// Makes room for a run of no more than [`Self::capacity`] blocks and writes their headers.
    pub(super) fn lay_out(&mut self, run: &DataRun) {
        self.segment = usize::from(run.blksize) + DATA_HEADER;
        self.bytes.resize(self.segment * run.count as usize, 0);
        for (nth, segment) in (0..).zip(self.bytes.chunks_mut(self.segment)) {
            segment[..DATA_HEADER].copy_from_slice(&run.header(nth));
        }
    }

    /// Where the first `len` bytes of the run's blocks go.
    pub(super) fn slots(&mut self, len: usize) -> Vec<IoSliceMut<'_>> {
        let blksize = self.segment - DATA_HEADER;
        let mut left = len;
        let mut slots = Vec::with_capacity(len / blksize + 1);
        for segment in self.bytes.chunks_mut(self.segment) {
            let part = left.min(blksize);
            if part == 0 {
                break;
            }
            slots.push(IoSliceMut::new(
                &mut segment[DATA_HEADER..DATA_HEADER + part],
            ));
            left -= part;
        }
        slots
    }

    /// Drops what lies behind the first `len` bytes of blocks: the source ended there. A last block
    /// without bytes is a block all the same.
    pub(super) fn end_at(&mut self, len: usize) {
        let full = len / (self.segment - DATA_HEADER);
        self.bytes
            .truncate(full * self.segment + DATA_HEADER + len % (self.segment - DATA_HEADER));
    }

    /// Sends everything, or as much as the socket takes; gives the number of blocks that left.
    ///
    /// # Errors
    /// `WouldBlock` when none left; else what the system says to the first.
    pub(super) fn send(
        &self,
        transfer_socket: &TransferSocket,
        to: SocketAddr,
        method: &mut Method,
    ) -> io::Result<u32> {
        let blocks = self.bytes.len().div_ceil(self.segment) as u32; // at most the capacity
        if blocks == 1 {
            return transfer_socket.send(to, &self.bytes).map(|()| 1);
        }
        let to = SockaddrStorage::from(transfer_socket.address(to));
        let source = transfer_socket.local().map(Source::from);
        if *method == Method::Segmented {
            match self.send_segmented(transfer_socket, &to, source.as_ref()) {
                Err(errno) if refuses_segments(errno) => *method = Method::Single,
                other => return other.map(|()| blocks).map_err(io::Error::from),
            }
        }
        self.send_single(transfer_socket, &to, source.as_ref())
            .map_err(io::Error::from)
    }

    fn send_segmented(
        &self,
        transfer_socket: &TransferSocket,
        to: &SockaddrStorage,
        source: Option<&Source>,
    ) -> Result<(), Errno> {
        let segment = self.segment as u16; // a block and its header fit
        let segments = ControlMessage::UdpGsoSegments(&segment);
        let parts = [IoSlice::new(&self.bytes)];
        let fd = transfer_socket.as_raw_fd();
        match source {
            None => sendmsg(fd, &parts, &[segments], FLAGS, Some(to)),
            Some(source) => sendmsg(fd, &parts, &[segments, source.control()], FLAGS, Some(to)),
        }
        .map(drop)
    }

    fn send_single(
        &self,
        transfer_socket: &TransferSocket,
        to: &SockaddrStorage,
        source: Option<&Source>,
    ) -> Result<u32, Errno> {
        let parts: Vec<[IoSlice<'_>; 1]> = self
            .bytes
            .chunks(self.segment)
            .map(|part| [IoSlice::new(part)])
            .collect();
        let control: Vec<_> = source.iter().map(|source| source.control()).collect();
        let room = source.map(|_| packet_info::control());
        let mut headers = MultiHeaders::preallocate(parts.len(), room);
        let to = vec![Some(*to); parts.len()];
        let fd = transfer_socket.as_raw_fd();
        let sent = sendmmsg(fd, &mut headers, &parts, &to, control, FLAGS)?;
        Ok(sent.count() as u32)
    }
}

fn refuses_segments(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::EINVAL | Errno::EIO | Errno::EMSGSIZE | Errno::EOPNOTSUPP | Errno::ENOPROTOOPT
    )
}

const FLAGS: MsgFlags = MsgFlags::MSG_DONTWAIT;
/// The payload of the largest UDP packet, which a burst is until it is cut.
const LARGEST: usize = 65507;
/// `UDP_MAX_SEGMENTS` of Linux before 6.9; later kernels take twice as many.
const MOST_SEGMENTS: usize = 64;

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use lineman_proto::tftp::Rollover;

    use super::*;

    fn burst_of(file: &[u8], count: u32) -> Burst {
        let run = DataRun::new(65535, count, 8, Rollover::ToZero);
        let mut burst = Burst::default();
        burst.lay_out(&run);
        let mut rest = file;
        for mut slot in burst.slots(file.len()) {
            let (now, later) = rest.split_at(slot.len());
            slot.copy_from_slice(now);
            rest = later;
        }
        burst.end_at(file.len());
        burst
    }

    fn receive_all(burst: &Burst, method: Method) -> Vec<Vec<u8>> {
        let receiver = UdpSocket::bind("127.0.0.1:0").expect("bind");
        let sender = UdpSocket::bind("127.0.0.1:0").expect("bind");
        let mut method = method;
        let to = receiver.local_addr().expect("address");
        let sender = TransferSocket::Own(sender);
        let sent = burst.send(&sender, to, &mut method).expect("sent");
        let mut buffer = [0; 64];
        (0..sent)
            .map(|_| {
                let len = receiver.recv(&mut buffer).expect("received");
                buffer[..len].to_vec()
            })
            .collect()
    }

    #[test]
    fn both_ways_of_sending_send_the_same_datagrams() {
        let burst = burst_of(b"01234567abcdefghXY", 4);
        let expected = vec![
            b"\0\x03\xff\xff01234567".to_vec(),
            b"\0\x03\0\0abcdefgh".to_vec(),
            b"\0\x03\0\x01XY".to_vec(),
        ];
        assert_eq!(receive_all(&burst, Method::Segmented), expected);
        assert_eq!(receive_all(&burst, Method::Single), expected);
    }

    #[test]
    fn a_file_of_whole_blocks_ends_with_an_empty_one() {
        let burst = burst_of(b"01234567", 3);
        let expected = vec![b"\0\x03\xff\xff01234567".to_vec(), b"\0\x03\0\0".to_vec()];
        assert_eq!(receive_all(&burst, Method::Segmented), expected);
        assert_eq!(
            receive_all(&burst_of(b"", 1), Method::Segmented),
            [b"\0\x03\xff\xff".to_vec()]
        );
    }

    #[test]
    fn blocks_beyond_the_mtu_are_sent_one_by_one() {
        let file = vec![7; 3 * 40_000];
        let run = DataRun::new(1, 1, 40_000, Rollover::ToZero);
        assert_eq!(Burst::capacity(40_000), 1);
        let mut burst = Burst::default();
        burst.lay_out(&run);
        burst.slots(40_000)[0].copy_from_slice(&file[..40_000]);
        let receiver = UdpSocket::bind("127.0.0.1:0").expect("bind");
        let sender = UdpSocket::bind("127.0.0.1:0").expect("bind");
        let mut method = Method::Segmented;
        assert_eq!(
            burst
                .send(
                    &TransferSocket::Own(sender),
                    receiver.local_addr().expect("address"),
                    &mut method
                )
                .ok(),
            Some(1)
        );
    }
}
