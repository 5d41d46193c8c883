//! What this machine allows. Each question is asked by trying, not by reading settings, and nothing
//! is changed: sockets are closed, and what would stick to the process is tried in a thread or a
//! child that is thrown away.

use std::io;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::UdpSocket;

use lineman_proto::tftp::PORT;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use socket2::Domain;
use socket2::Socket;
use socket2::Type;

use crate::Confinement;
use crate::confine;

/// May a server take TFTP's own port, 69? `AddrInUse` means that it might, were it free.
///
/// # Errors
/// What the system says.
pub fn low_port() -> io::Result<()> {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, PORT)).map(drop)
}

/// The lowest port that needs no privilege, where the system tells.
pub fn first_free_port() -> Option<u16> {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").ok()?;
    text.trim().parse().ok()
}

/// Can names be resolved beneath a directory by the kernel (`openat2(2)`, Linux 5.6)?
///
/// # Errors
/// What the system says.
pub fn open_beneath() -> io::Result<()> {
    let (dir, flags) = (rustix::fs::CWD, OFlags::PATH | OFlags::CLOEXEC);
    rustix::fs::openat2(dir, ".", flags, Mode::empty(), ResolveFlags::BENEATH)?;
    Ok(())
}

/// How far a server can be confined to its directory.
///
/// # Errors
/// What the system says.
pub fn confinement() -> io::Result<Confinement> {
    confine::attempt()
}

/// Is there IPv6?
///
/// # Errors
/// What the system says.
pub fn ipv6() -> io::Result<()> {
    UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).map(drop)
}

/// Does the kernel cut one large send into datagrams (UDP GSO, Linux 4.18)?
///
/// # Errors
/// What the system says.
pub fn segmentation() -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(setsockopt(&socket, sockopt::UdpGsoSegment, &SEGMENT)?)
}

/// May packets of all programs be seen (`CAP_NET_RAW`)?
///
/// # Errors
/// What the system says.
pub fn capture() -> io::Result<()> {
    Socket::new(Domain::PACKET, Type::RAW, None).map(drop)
}

/// How far this machine limits who may trace whom (Yama's `ptrace_scope`), where it does: from 2 on only
/// administrators may, from 3 on nobody.
pub fn ptrace_scope() -> Option<u8> {
    let text = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").ok()?;
    text.trim().parse().ok()
}

/// The setting of this machine that forbids user and network namespaces, with a value that allows them;
/// `None` if it is none of those that are known. Names are those of sysctl(8).
pub fn namespace_switch() -> Option<(&'static str, &'static str)> {
    NAMESPACE_SWITCHES
        .into_iter()
        .find(|(name, forbids, _)| {
            let path = format!("/proc/sys/{}", name.replace('.', "/"));
            std::fs::read_to_string(path).is_ok_and(|value| value.trim() == *forbids)
        })
        .map(|(name, _, allows)| (name, allows))
}

/// A setting, the value that forbids, one that allows.
const NAMESPACE_SWITCHES: [(&str, &str, &str); 4] = [
    ("kernel.unprivileged_userns_clone", "0", "1"), // Debian
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"), // Ubuntu
    ("user.max_user_namespaces", "0", "10000"),
    ("user.max_net_namespaces", "0", "10000"),
];

const SEGMENT: i32 = 1024;
