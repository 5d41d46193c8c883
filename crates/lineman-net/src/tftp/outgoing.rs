//! Packets of many transfers that leave one socket in one call (`sendmmsg(2)`).

use std::io;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::MultiHeaders;
use nix::sys::socket::SockaddrStorage;
use nix::sys::socket::sendmmsg;

/// Packets back to back, in the order in which they leave.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    bytes: Vec<u8>,
    packets: Vec<Packet>,
}

#[derive(Clone, Copy, Debug)]
struct Packet {
    to: SocketAddr,
    /// Where its bytes end; they begin where those of the one before it end.
    end: usize,
}

impl Outgoing {
    /// Puts a packet behind the others.
    pub(super) fn push(&mut self, to: SocketAddr, packet: &[u8]) {
        self.bytes.extend_from_slice(packet);
        let end = self.bytes.len();
        self.packets.push(Packet { to, end });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Sends all packets, or as many as the socket takes, and keeps the rest. One that the system
    /// refuses is lost; `failed` gets its peer and the reason. Gives whether none is left.
    pub(super) fn flush(
        &mut self,
        socket: &impl AsRawFd,
        mut failed: impl FnMut(SocketAddr, io::Error),
    ) -> bool {
        let mut done = 0;
        while done < self.packets.len() {
            match self.send_from(done, socket) {
                Ok(sent) => done += sent,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN | Errno::ENOBUFS) => break,
                // The first one is refused; what is behind it need not be.
                Err(errno) => {
                    failed(self.packets[done].to, errno.into());
                    done += 1;
                }
            }
        }
        self.forget(done);
        self.is_empty()
    }

    /// Sends some packets from the nth on and gives how many have left, at least one.
    fn send_from(&self, nth: usize, socket: &impl AsRawFd) -> Result<usize, Errno> {
        let packets = &self.packets[nth..(nth + AT_A_TIME).min(self.packets.len())];
        let mut start = self.start_of(nth);
        let parts: Vec<[IoSlice<'_>; 1]> = packets
            .iter()
            .map(|packet| {
                let bytes = &self.bytes[start..packet.end];
                start = packet.end;
                [IoSlice::new(bytes)]
            })
            .collect();
        let to: Vec<_> = packets
            .iter()
            .map(|packet| Some(SockaddrStorage::from(packet.to)))
            .collect();
        let mut headers = MultiHeaders::preallocate(packets.len(), None);
        let sent = sendmmsg(socket.as_raw_fd(), &mut headers, &parts, &to, [], FLAGS)?;
        Ok(sent.count())
    }

    fn start_of(&self, nth: usize) -> usize {
        nth.checked_sub(1).map_or(0, |last| self.packets[last].end)
    }

    fn forget(&mut self, sent: usize) {
        let start = self.start_of(sent);
        self.packets.drain(..sent);
        self.bytes.drain(..start);
        for packet in &mut self.packets {
            packet.end -= start;
        }
    }
}

const FLAGS: MsgFlags = MsgFlags::MSG_DONTWAIT.union(MsgFlags::MSG_NOSIGNAL);
/// Packets of one call. More would save little, and the first client would wait for the last block.
const AT_A_TIME: usize = 64;

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    fn pair() -> (UdpSocket, UdpSocket) {
        let socket = || UdpSocket::bind("127.0.0.1:0").expect("bind");
        (socket(), socket())
    }

    fn receive(socket: &UdpSocket) -> Vec<u8> {
        let mut bytes = [0; 2048];
        let len = socket.recv(&mut bytes).expect("sent");
        bytes[..len].to_vec()
    }

    #[test]
    fn every_packet_arrives_as_it_was_given() {
        let (ours, theirs) = pair();
        let to = theirs.local_addr().expect("address");
        let mut outgoing = Outgoing::default();
        let packets: Vec<Vec<u8>> = (0..100_u8)
            .map(|n| vec![n; usize::from(n) * 3 + 1])
            .collect();
        for packet in &packets {
            outgoing.push(to, packet);
        }
        assert!(outgoing.flush(&ours, |_, error| panic!("{error}")));
        for packet in &packets {
            assert_eq!(receive(&theirs), *packet);
        }
        assert!(outgoing.is_empty() && outgoing.bytes.is_empty());
    }

    #[test]
    fn one_peer_to_which_nothing_can_be_sent_holds_up_no_other() {
        let (ours, theirs) = pair();
        let to = theirs.local_addr().expect("address");
        let refused = SocketAddr::from(([127, 0, 0, 1], 0)); // no port
        let mut outgoing = Outgoing::default();
        for (to, packet) in [(to, "one"), (refused, "lost"), (to, "two")] {
            outgoing.push(to, packet.as_bytes());
        }
        let mut failed = Vec::new();
        assert!(outgoing.flush(&ours, |peer, _| failed.push(peer)));
        assert_eq!(failed, [refused]);
        assert_eq!(receive(&theirs), b"one");
        assert_eq!(receive(&theirs), b"two");
    }
}
