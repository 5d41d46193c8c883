//! Datagrams.

use lineman_lab::Options;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Family;
use lineman_lab::hosts::Outcome;
use lineman_lab::hosts::SocketOption;
use lineman_lab::hosts::Transport;
use lineman_trace::log::Counter;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Verdict;

use crate::stage::*;

/// The answer to a datagram that nobody wants is ICMP, and then an error of the next call.
#[test]
fn a_closed_port_answers() {
    let stage = Stage::new(&Options::default());
    let fd = stage.socket(Host::Client, Family::Inet, Transport::Datagram);
    let address = v4();
    stage.done(Host::Client, Call::Connect { fd, address });
    let data = b"anybody?".to_vec();
    stage.call(Host::Client, Call::Send { fd, data });
    let refused = stage.call(Host::Client, Call::Recv { fd, size: 10 });
    assert_eq!(refused, Outcome::Failed("ECONNREFUSED".to_owned()));
    let events = stage.events();
    let icmp = &sent(&events, Host::Server)[0].2;
    assert_eq!((icmp[14 + 9], icmp[34], icmp[35]), (1, 3, 3)); // ICMP, port unreachable
}

#[test]
fn a_broadcast_arrives() {
    let stage = Stage::new(&Options::default());
    let server = stage.socket(Host::Server, Family::Inet, Transport::Datagram);
    let address = "0.0.0.0:9000".parse().expect("an address");
    stage.done(
        Host::Server,
        Call::Bind {
            fd: server,
            address,
        },
    );
    let fd = stage.socket(Host::Client, Family::Inet, Transport::Datagram);
    let (option, value) = (SocketOption::Broadcast, 1);
    stage.done(Host::Client, Call::Setsockopt { fd, option, value });
    let address = "10.0.0.255:9000".parse().expect("an address");
    let data = b"all".to_vec();
    stage.call(Host::Client, Call::Sendto { fd, data, address });
    let got = stage.call(
        Host::Server,
        Call::Recvfrom {
            fd: server,
            size: 10,
        },
    );
    assert!(
        matches!(got, Outcome::Datagram(bytes, from) if bytes == b"all" && from.ip().to_string() == "10.0.0.1")
    );
}

/// Where hosts are not told of each other, they ask; and an address that nobody has is an error.
#[test]
fn address_resolution_can_be_seen() {
    let stage = Stage::new(&Options {
        resolving: true,
        ..Options::default()
    });
    let (fd, _) = stage.connect(v4());
    let kind = |frame: &[u8]| [frame[12], frame[13]];
    let events = stage.events();
    let asked = sent(&events, Host::Client)
        .iter()
        .any(|(.., frame)| kind(frame) == ARP);
    let answered = sent(&events, Host::Server)
        .iter()
        .any(|(.., frame)| kind(frame) == ARP);
    assert!(asked && answered);
    stage.done(Host::Client, Call::Close { fd });
    let fd = stage.socket(Host::Client, Family::Inet, Transport::Stream);
    let address = "10.0.0.9:9000".parse().expect("an address");
    let nobody = stage.call(Host::Client, Call::Connect { fd, address });
    assert_eq!(nobody, Outcome::Failed("EHOSTUNREACH".to_owned()));
}

const ARP: [u8; 2] = [8, 6];

/// Which datagrams a full receive buffer has dropped: the kernel's counter tells that one was, and the lab of which it was.
#[test]
fn a_datagram_without_room_is_known_by_a_counter() {
    use Counter::ReceiveBufferErrors;
    use Counter::ReceiveBufferErrorsV6;
    for (family, address, counter) in [
        (Family::Inet, "10.0.0.2:9000", ReceiveBufferErrors),
        (Family::Inet6, "[fd00::2]:9000", ReceiveBufferErrorsV6),
    ] {
        let stage = Stage::new(&Options::default());
        let address = address.parse().expect("an address");
        let server = stage.socket(Host::Server, family, Transport::Datagram);
        let (fd, option, value) = (server, SocketOption::ReceiveBuffer, 1);
        stage.done(Host::Server, Call::Setsockopt { fd, option, value });
        stage.done(Host::Server, Call::Bind { fd, address });
        let fd = stage.socket(Host::Client, family, Transport::Datagram);
        for number in 0..SENT {
            let data = vec![number; 600];
            stage.call(Host::Client, Call::Sendto { fd, data, address });
        }
        stage.until("all have come", |events| {
            let all = packets(events);
            let came = all.iter().map(|(_, packet)| packet);
            let came: Vec<_> = came
                .filter(|it| it.from == Host::Client && it.verdict == Verdict::Delivered)
                .map(|it| it.id)
                .collect();
            (came.len() == usize::from(SENT)).then_some(())
        });
        // What the kernel counts is told with the last, if that was dropped.
        let fd = server;
        let first = stage.call(Host::Server, Call::Recvfrom { fd, size: 700 });
        let events = stage.events();
        let delivered = |cause: u64| {
            events.iter().find_map(|event| match &event.kind {
                Kind::Packet(packet) if event.n == cause => Some(packet.id),
                _ => None,
            })
        };
        let counted = events.iter().filter_map(|event| match &event.kind {
            Kind::Counted(it) if it.counter == counter => it.cause,
            _ => None,
        });
        let dropped: Vec<u64> = counted.filter_map(delivered).collect();
        let numbers = sent(&events, Host::Client);
        let kept = numbers.iter().filter(|(_, id, _)| !dropped.contains(id));
        let kept: Vec<u8> = kept
            .filter_map(|(.., frame)| frame.last().copied())
            .collect();
        assert!(
            !dropped.is_empty() && !kept.is_empty(),
            "{family:?}: {dropped:?}"
        );
        let more =
            (1..kept.len()).map(|_| stage.call(Host::Server, Call::Recvfrom { fd, size: 700 }));
        let got = std::iter::once(first).chain(more).map(|got| match got {
            Outcome::Datagram(bytes, _) => bytes[0],
            other => panic!("{other:?}"),
        });
        assert_eq!(got.collect::<Vec<_>>(), kept, "{family:?}");
    }
}

const SENT: u8 = 8;

/// The counter is that of the host: what it had dropped of its own datagrams, which never reach the wire, was told of the next one that came. And
/// of a broadcast one socket may have no room and another may: it was told as dropped.
#[test]
fn a_datagram_that_a_program_got_is_not_told_as_dropped() {
    let stage = Stage::new(&Options::default());
    let socket = |host, address: &str, small: bool| {
        let fd = stage.socket(host, Family::Inet, Transport::Datagram);
        let set = |option, value| stage.done(host, Call::Setsockopt { fd, option, value });
        set(SocketOption::ReuseAddress, 1);
        set(SocketOption::Broadcast, 1);
        if small {
            set(SocketOption::ReceiveBuffer, 1);
        }
        let address = address.parse().expect("an address");
        stage.done(host, Call::Bind { fd, address });
        fd
    };
    let sends = |host, fd, address: &str| {
        let (data, address) = (vec![b'x'; 600], address.parse().expect("an address"));
        stage.call(host, Call::Sendto { fd, data, address });
    };
    let small = socket(Host::Server, "0.0.0.0:9000", true);
    let roomy = socket(Host::Server, "0.0.0.0:9000", false);
    let other = socket(Host::Server, "0.0.0.0:9001", false);
    let client = socket(Host::Client, "0.0.0.0:9002", false);
    let _ = small;
    for _ in 0..SENT {
        sends(Host::Server, other, "127.0.0.1:9000");
        sends(Host::Server, other, "127.255.255.255:9000");
        sends(Host::Client, client, "10.0.0.2:9001");
        sends(Host::Client, client, "10.0.0.255:9000");
    }
    for fd in [other, roomy] {
        for _ in 0..SENT {
            let got = stage.call(Host::Server, Call::Recvfrom { fd, size: 700 });
            assert!(matches!(got, Outcome::Datagram(..)), "{got:?}");
        }
    }
    let events = stage.events();
    let is_told = |event: &&lineman_trace::log::Event| matches!(event.kind, Kind::Counted(_));
    assert_eq!(
        events.iter().filter(is_told).count(),
        0,
        "{}",
        lines(&events)
    );
}

/// Many labs begin at once. Some threw the first packet to a host away, which their log told as delivered: the kernel had not noticed yet
/// that the cable carries. A datagram is not sent again, so it must be there.
#[test]
fn the_first_packet_to_each_host_arrives_however_busy_the_machine_is() {
    const LABS: usize = 24;
    /// Threads that do nothing else but keep the kernel's own from running.
    const BUSY: usize = 16;
    let first_packets = || {
        let stage = Stage::new(&Options::default());
        let fds = [Host::Client, Host::Server].map(|host| {
            let fd = stage.socket(host, Family::Inet, Transport::Datagram);
            let address = own(host);
            stage.done(host, Call::Bind { fd, address });
            (host, fd)
        });
        for (host, fd) in fds {
            let (data, address) = (b"first".to_vec(), own(host.other()));
            stage.call(host, Call::Sendto { fd, data, address });
        }
        for (host, fd) in fds {
            let got = stage.call(host, Call::Recvfrom { fd, size: 10 });
            let wanted = Outcome::Datagram(b"first".to_vec(), own(host.other()));
            assert_eq!(got, wanted, "{host:?}");
        }
    };
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..BUSY {
            scope.spawn(|| {
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let labs: Vec<_> = (0..LABS).map(|_| scope.spawn(first_packets)).collect();
        let arrived: Vec<bool> = labs.into_iter().map(|lab| lab.join().is_ok()).collect();
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        let lost = arrived.iter().filter(|it| !**it).count();
        assert_eq!(lost, 0, "labs that lost a first packet, of {LABS}");
    });
}

fn own(host: Host) -> std::net::SocketAddr {
    let address = match host {
        Host::Client => "10.0.0.1:9000",
        Host::Server => "10.0.0.2:9000",
    };
    address.parse().expect("an address")
}
