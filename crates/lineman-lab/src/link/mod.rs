//! The cables: a pair of interfaces from the middle to each host, and addresses on them.

mod build;

use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::os::fd::AsFd as _;
use std::os::fd::BorrowedFd;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use lineman_trace::log::Host;
use lineman_trace::log::Machine;

use crate::hosts::Family;
use crate::sys;
use lineman_netlink::Message;
use lineman_netlink::Netlink;

/// The addresses of a host on the lab's wire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) v4: Ipv4Addr,
    pub(crate) v6: Ipv6Addr,
}

/// The two hosts, as a log tells of them: an address of this family is the one that they are known by.
pub(crate) fn hosts(family: Family) -> Vec<Machine> {
    let hosts = [Host::Client, Host::Server].map(|host| {
        let Addresses { v4, v6 } = addresses(host);
        Machine {
            name: host.name().to_owned(),
            role: Some(host),
            addresses: match family {
                Family::Inet => vec![v4.into(), v6.into()],
                Family::Inet6 => vec![v6.into(), v4.into()],
            },
        }
    });
    hosts.into()
}

/// The addresses of a host.
pub(crate) fn addresses(host: Host) -> Addresses {
    let last = match host {
        Host::Client => 1,
        Host::Server => 2,
    };
    Addresses {
        v4: Ipv4Addr::new(10, 0, 0, last),
        v6: Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last.into()),
    }
}

/// The hardware address of a host: locally administered, and easy to tell.
pub(crate) fn hardware(host: Host) -> [u8; 6] {
    [2, 0, 0, 0, 0, addresses(host).v4.octets()[3]]
}

/// The number of the interface in the middle that leads to a host.
pub(crate) fn middle(host: Host) -> u32 {
    match host {
        Host::Client => 11,
        Host::Server => 12,
    }
}

fn middle_name(host: Host) -> &'static str {
    match host {
        Host::Client => "to-client",
        Host::Server => "to-server",
    }
}

/// Lays the cable from the middle, where this thread is, to a host, and switches the middle's end on.
pub(crate) fn lay(netlink: &mut Netlink, host: Host, namespace: BorrowedFd<'_>) -> io::Result<()> {
    let near = build::End {
        index: middle(host),
        name: middle_name(host),
        hardware: [2, 0, 0, 0, 1, addresses(host).v4.octets()[3]],
    };
    let far = build::End {
        index: ETH0,
        name: "eth0",
        hardware: hardware(host),
    };
    netlink.order(build::cable(&near, &far, namespace))
}

/// Switches the middle's end on. It has no address and says nothing.
pub(crate) fn open_middle(netlink: &mut Netlink, host: Host) -> io::Result<()> {
    netlink.order(build::no_address_of_its_own(middle(host)))?;
    netlink.order(build::up(middle(host), false))
}

/// Waits until frames pass from the middle to a host, whose own end is up. Both ends get their carrier at once, but the kernel notes it for
/// each in a task of its own; until then it throws away what is sent, and reports no error.
pub(crate) fn await_middle(netlink: &mut Netlink, host: Host) -> io::Result<()> {
    until(netlink, || build::state(middle(host)), build::carries)
}

/// Configures a host's own end; this thread is in that host's namespace, and so is `netlink`.
///
/// With `resolving` it is an interface like any other: ARP and neighbour discovery are on the wire, and
/// so are the multicast groups that IPv6 joins for them. Without, it has no ARP and is told whom there
/// is; then a lesson's first packet is the first on the wire. A packet to an address that no host has
/// is then lost without an error.
pub(crate) fn configure(netlink: &mut Netlink, host: Host, resolving: bool) -> io::Result<()> {
    netlink.order(build::up(LO, true))?;
    netlink.order(build::no_address_of_its_own(ETH0))?;
    netlink.order(build::up(ETH0, resolving))?;
    until(netlink, || build::state(ETH0), build::carries)?;
    let own = addresses(host);
    netlink.order(build::address(ETH0, IpAddr::V4(own.v4), 24))?;
    netlink.order(build::address(ETH0, IpAddr::V6(own.v6), 64))?;
    // Else the first packets over IPv6 get lost, and are sent again after a second.
    until(netlink, || build::route(own.v6), build::local)?;
    match resolving {
        true => Ok(()),
        false => introduce(netlink, host.other()),
    }
}

/// Tells a host the hardware addresses of its peer and of broadcast addresses.
fn introduce(netlink: &mut Netlink, peer: Host) -> io::Result<()> {
    let Addresses { v4, v6 } = addresses(peer);
    let neighbours = [
        (IpAddr::V4(v4), hardware(peer)),
        (IpAddr::V6(v6), hardware(peer)),
        (Ipv4Addr::new(10, 0, 0, 255).into(), [0xff; 6]),
        (Ipv4Addr::BROADCAST.into(), [0xff; 6]),
    ];
    neighbours.into_iter().try_for_each(|(address, hardware)| {
        netlink.order(build::neighbour(ETH0, address, hardware))
    })
}

/// Asks until the answer is as wanted: the kernel does some things in a task of its own, milliseconds
/// later.
fn until(
    netlink: &mut Netlink,
    question: impl Fn() -> Message,
    wanted: fn(&[u8]) -> bool,
) -> io::Result<()> {
    let begun = Instant::now();
    let mut pause = PAUSE;
    while !netlink.ask(question()).is_ok_and(|answer| wanted(&answer)) {
        if begun.elapsed() >= PATIENCE {
            return Err(io::ErrorKind::TimedOut.into());
        }
        thread::sleep(pause);
        pause = longer(pause);
    }
    Ok(())
}

/// The pause between two questions that follows this one.
fn longer(pause: Duration) -> Duration {
    (pause * 5 / 4).min(LONGEST_PAUSE)
}

/// Has the software of this host do what hardware often does: a wire that is relayed by a program
/// needs frames that are complete. `name` is that of an interface in this thread's namespace.
pub(crate) fn no_offloads(name: &str) -> io::Result<()> {
    let family = rustix::net::AddressFamily::INET;
    let socket = rustix::net::socket(family, rustix::net::SocketType::DGRAM, None)?;
    OFFLOADS
        .into_iter()
        .try_for_each(|command| sys::switch_off(socket.as_fd(), name, command))
}

/// As [`no_offloads`], for both ends in the middle.
pub(crate) fn no_offloads_in_the_middle() -> io::Result<()> {
    no_offloads(middle_name(Host::Client))?;
    no_offloads(middle_name(Host::Server))
}

/// How long the kernel may need to bring an interface up, in all. It takes a few milliseconds, but one task does it for all
/// namespaces of a machine, and waits for the same lock as the removal of those that have ended: beside sixty other labs
/// that started and ended without a pause it was seen to take 1.2 s. This is enough for a machine that is much busier.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between the first two questions. Each next pause is a quarter longer.
const PAUSE: Duration = Duration::from_micros(200);
/// Between two questions, at most: each takes the lock for which the kernel's task waits, and many that wait must not
/// keep it from that. With 200 µs between all questions sixty labs did so for more than five seconds.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);
/// The number of a namespace's loopback interface (`LOOPBACK_IFINDEX` of the kernel).
const LO: u32 = 1;
/// The number of a host's own interface.
const ETH0: u32 = 2;
/// `ETHTOOL_SRXCSUM`, `_STXCSUM`, `_STSO`, `_SGSO`, `_SGRO` of linux/ethtool.h.
const OFFLOADS: [u32; 5] = [0x15, 0x17, 0x1f, 0x24, 0x2c];

#[cfg(test)]
mod tests {
    use super::*;

    /// Sixty labs that started at once asked every 200 µs, and kept the kernel from what they waited for: starts failed after five
    /// seconds. An interface that takes some milliseconds is noticed soon all the same.
    #[test]
    fn labs_that_waited_kept_the_kernel_from_bringing_their_interfaces_up() {
        let asked_within = |time: Duration| {
            let pauses = std::iter::successors(Some(PAUSE), |pause| Some(longer(*pause)));
            let mut waited = Duration::ZERO;
            let in_time = pauses.take_while(|pause| {
                waited += *pause;
                waited <= time
            });
            in_time.count()
        };
        assert!(asked_within(Duration::from_millis(5)) >= 8);
        assert!(asked_within(Duration::from_secs(5)) <= 300);
    }
}
