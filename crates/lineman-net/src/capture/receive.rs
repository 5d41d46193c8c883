//! Takes packets out of a packet socket.

use std::io;
use std::io::IoSliceMut;
use std::os::fd::AsRawFd as _;

use lineman_proto::wire::LinkType;
use nix::cmsg_space;
use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::ControlMessageOwned;
use nix::sys::socket::LinkAddr;
use nix::sys::socket::MsgFlags;
use nix::sys::socket::recvmsg;
use nix::sys::time::TimeSpec;
use rustix::time::ClockId;

use super::Capture;
use super::Packet;

/// Room before a packet: for the header of a cooked one, or for a VLAN tag.
pub(super) const ROOM: usize = COOKED;
/// The length of the header of Linux' cooked capture, version 2.
const COOKED: usize = 20;
/// The length of a VLAN tag, and where in an Ethernet frame it stands.
const TAG: usize = 4;
const MACS: usize = 12;
/// The largest header before IP that counts in the comparison with an interface's size: Ethernet with two tags.
const LINK_HEADER: usize = 22;
/// IEEE 802.1Q: what a tag is of where the kernel does not say.
const DOT1Q: u16 = 0x8100;

impl Capture {
    /// The next packet that is there; `None` if there is none now.
    ///
    /// # Errors
    /// When the socket cannot be read: the interface is gone, or was switched off.
    pub fn packet(&mut self) -> io::Result<Option<Packet<'_>>> {
        loop {
            let Some(told) = self.receive()? else {
                return Ok(None);
            };
            let Some(seen) = self.shape(told) else {
                continue;
            };
            let bytes = &self.buffer[seen.start..seen.end];
            let wanted = self.filter.as_ref();
            if wanted.is_some_and(|filter| !filter.accepts(bytes, seen.packet.wire_len as usize)) {
                continue;
            }
            let bytes = &self.buffer[seen.start..seen.end];
            return Ok(Some(Packet {
                bytes,
                ..seen.packet
            }));
        }
    }

    /// Reads a packet into the buffer, behind [`ROOM`].
    fn receive(&mut self) -> io::Result<Option<Told>> {
        let mut control = cmsg_space!(TimeSpec, libc::tpacket_auxdata);
        let mut buffer = [IoSliceMut::new(&mut self.buffer[ROOM..])];
        let socket = self.socket.as_raw_fd();
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_TRUNC;
        let received = loop {
            match recvmsg::<LinkAddr>(socket, &mut buffer, Some(&mut control), flags) {
                Ok(received) => break received,
                Err(Errno::EAGAIN) => return Ok(None),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        };
        let mut told = Told {
            len: received.bytes,
            from: received.address,
            utc_ns: None,
            aux: None,
        };
        for message in received.cmsgs().into_iter().flatten() {
            match message {
                ControlMessageOwned::ScmTimestampns(time) => told.utc_ns = nanoseconds(time),
                ControlMessageOwned::Unknown(other)
                    if other.cmsg_header.cmsg_level == libc::SOL_PACKET =>
                {
                    told.aux = Auxiliary::read(&other.data_bytes);
                }
                _ => {}
            }
        }
        Ok(Some(told))
    }

    /// Makes of it what a file would have: a header where the kernel gives none, and the tag that it had taken
    /// off. `None` for what leaves by the loopback, which also arrives.
    fn shape(&mut self, told: Told) -> Option<Shaped> {
        let from = told.from;
        let outbound = from.is_some_and(|it| it.pkttype() == libc::PACKET_OUTGOING);
        let is_loopback = from.is_some_and(|it| it.hatype() == libc::ARPHRD_LOOPBACK);
        if outbound && is_loopback {
            return None;
        }
        let interface = from.map_or(0, |it| it.ifindex() as u32);
        let end = ROOM + told.len.min(self.buffer.len() - ROOM);
        let (mut start, mut wire_len) = (ROOM, told.len);
        let tag = told.aux.and_then(Auxiliary::tag);
        if self.link == LinkType::LINUX_SLL2 {
            start = 0;
            self.buffer[..COOKED].copy_from_slice(&cooked(from));
            wire_len += COOKED;
        } else if let Some(tag) = tag
            && self.link == LinkType::ETHERNET
            && end - ROOM >= MACS
        {
            start -= TAG;
            self.buffer.copy_within(ROOM..ROOM + MACS, start);
            self.buffer[start + MACS..start + MACS + TAG].copy_from_slice(&tag);
            wire_len += TAG;
        }
        let mtu = self.devices.mtu(interface);
        let packet = Packet {
            interface,
            utc_ns: told.utc_ns.unwrap_or_else(now),
            wire_len: u32::try_from(wire_len).unwrap_or(u32::MAX),
            bytes: &[],
            outbound,
            checksum_pending: told
                .aux
                .is_some_and(|aux| aux.has(libc::TP_STATUS_CSUMNOTREADY)),
            super_segment: mtu.is_some_and(|mtu| told.len > mtu as usize + LINK_HEADER),
        };
        Some(Shaped { packet, start, end })
    }
}

/// What the kernel says of a packet.
struct Told {
    /// How many bytes it has, more perhaps than there was room for.
    len: usize,
    from: Option<LinkAddr>,
    utc_ns: Option<u64>,
    aux: Option<Auxiliary>,
}

/// A packet whose bytes are in the buffer.
struct Shaped {
    packet: Packet<'static>,
    start: usize,
    end: usize,
}

/// What is used of `struct tpacket_auxdata`.
#[derive(Clone, Copy)]
struct Auxiliary {
    status: u32,
    vlan: u16,
    vlan_kind: u16,
}

impl Auxiliary {
    fn read(bytes: &[u8]) -> Option<Self> {
        // status, length, captured length: 4 each; offsets of two headers, the tag, its kind: 2 each
        let short = |at: usize| Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?));
        Some(Self {
            status: u32::from_ne_bytes(*bytes.first_chunk()?),
            vlan: short(16)?,
            vlan_kind: short(18)?,
        })
    }

    fn has(self, flag: u32) -> bool {
        self.status & flag != 0
    }

    /// The tag that the kernel has taken off.
    fn tag(self) -> Option<[u8; TAG]> {
        if !self.has(libc::TP_STATUS_VLAN_VALID) {
            return None;
        }
        let kind = match self.has(libc::TP_STATUS_VLAN_TPID_VALID) {
            true => self.vlan_kind,
            false => DOT1Q,
        };
        let ([a, b], [c, d]) = (kind.to_be_bytes(), self.vlan.to_be_bytes());
        Some([a, b, c, d])
    }
}

/// The header of Linux' cooked capture, version 2 (`LINKTYPE_LINUX_SLL2`).
fn cooked(from: Option<LinkAddr>) -> [u8; COOKED] {
    let mut header = [0; COOKED];
    let Some(from) = from else { return header };
    header[..2].copy_from_slice(&from.protocol().to_ne_bytes()); // it is in network order
    header[4..8].copy_from_slice(&(from.ifindex() as u32).to_be_bytes());
    header[8..10].copy_from_slice(&from.hatype().to_be_bytes());
    header[10] = from.pkttype();
    header[11] = from.halen().min(8) as u8;
    header[12..].copy_from_slice(&from.as_ref().sll_addr);
    header
}

fn nanoseconds(time: TimeSpec) -> Option<u64> {
    let seconds = u64::try_from(time.tv_sec()).ok()?;
    let rest = u64::try_from(time.tv_nsec()).ok()?;
    seconds.checked_mul(1_000_000_000)?.checked_add(rest)
}

/// For a kernel that stamps nothing.
fn now() -> u64 {
    let now = rustix::time::clock_gettime(ClockId::Realtime);
    nanoseconds(TimeSpec::new(now.tv_sec, now.tv_nsec)).unwrap_or_default()
}
