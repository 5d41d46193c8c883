//! How a program hears that nobody receives what it has sent.

use std::net::SocketAddr;

use lineman_proto::wire::compose::Envelope;
use lineman_trace::log::*;
use lineman_trace::story::Saying;
use lineman_trace::story::What;

use crate::causes::MS;
use crate::causes::of;
use crate::causes::rows;
use crate::composer::*;

/// What the client does beside the datagram that is refused.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    /// Its socket is connected, and recv() waits.
    Waits,
    /// The same, and recv() returns in the row of the error.
    WaitsAndFails,
    /// Its socket is connected, and it asks later.
    AsksLater,
    /// Its socket is not connected, and recvfrom() waits in vain.
    WaitsInVain,
    /// Its socket is not connected, and asks for errors (ip(7), IP_RECVERR).
    AsksForErrors,
    /// It has two sockets that may have sent.
    HasTwo,
    /// It has closed its socket, and has another that is bound to another port.
    HasClosed,
    /// Its socket is connected to another port than the datagram is for.
    IsConnectedElsewhere,
    /// It has closed its socket, and has another with the same descriptor, which is connected to another port.
    HasNew,
    /// The same, and that is bound to another port.
    HasNewBound,
    /// It has closed its socket, and the datagram is one that the lab has made, from a port of no socket.
    IsForged,
    /// It has ended.
    HasEnded,
    /// It sends on a descriptor that no call has made, and has closed the one that a call had made.
    HasDuplicate,
}

/// A datagram of the client that nobody receives; the ICMP error.
fn refused(log: &mut Script, does: Does) -> u64 {
    let fd = 9 + i32::from(log.episode);
    let client = format!("10.0.0.1:{}", 50_000 + log.episode);
    let ends = [&*client, "10.0.0.2:7000"].map(|end| end.parse().expect("an address"));
    let number = fd.to_string();
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_DGRAM"], &number);
    if matches!(does, Does::Waits | Does::WaitsAndFails | Does::AsksLater) {
        log.quick(Client, fd, "connect", &["10.0.0.2:7000"], "0");
    }
    match does {
        Does::IsConnectedElsewhere => {
            log.quick(Client, fd, "connect", &["10.0.0.2:7001"], "0");
        }
        Does::HasDuplicate => {
            log.quick(Client, fd, "connect", &["10.0.0.2:7000"], "0");
            log.quick(Client, 91, "getsockname", &[], "10.0.0.1:50000");
            log.quick(Client, fd, "close", &[], "0");
        }
        Does::AsksForErrors => {
            log.quick(Client, fd, "setsockopt", &["IP_RECVERR", "1"], "0");
        }
        Does::HasTwo => {
            log.quick(Client, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "90");
            log.quick(Client, 90, "connect", &["10.0.0.2:7000"], "0");
        }
        Does::HasClosed => {
            log.quick(Client, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "90");
            log.quick(Client, 90, "bind", &["10.0.0.1:69"], "0");
        }
        _ => {}
    }
    log.later(100 * MS);
    let forged = SocketAddr::from(([10, 0, 0, 1], 4444));
    let from = if does == Does::IsForged {
        forged
    } else {
        ends[0]
    };
    let asked = Envelope::new(from, ends[1]).udp(b"hello");
    match does {
        Does::IsForged => {
            let own = Envelope::new(ends[0], ends[1]).udp(b"hello");
            log.quick(Client, fd, "sendto", &["\"hello\"", "10.0.0.2:7000"], "5");
            log.cross(Client, own);
            log.quick(Client, fd, "close", &[], "0")
        }
        Does::HasDuplicate => log.quick(Client, 91, "send", &["\"hello\""], "5"),
        _ => log.quick(Client, fd, "sendto", &["\"hello\"", "10.0.0.2:7000"], "5"),
    };
    let sent = log.send(Client, asked.clone());
    match does {
        Does::IsForged => {
            log.put(Kind::Fault(Fault {
                packet: sent,
                rule: FORGED.into(),
            }));
        }
        Does::HasNew | Does::HasNewBound => {
            log.quick(Client, fd, "close", &[], "0");
            log.quick(Client, 0, "socket", &["AF_INET", "SOCK_DGRAM"], &number);
            match does {
                Does::HasNew => log.quick(Client, fd, "connect", &["10.0.0.2:7001"], "0"),
                _ => log.quick(Client, fd, "bind", &["0.0.0.0:9999"], "0"),
            };
        }
        Does::HasEnded => {
            log.put(Kind::Note(Note {
                id: "program.exited".into(),
                args: [("host".into(), "client".into())].into(),
            }));
        }
        _ => {}
    }
    let name = match does {
        Does::WaitsInVain => "recvfrom",
        _ => "recv",
    };
    let waits = matches!(does, Does::Waits | Does::WaitsAndFails | Does::WaitsInVain);
    let call = waits.then(|| log.call(Client, fd, name, &["100"]));
    if does == Does::HasClosed {
        log.quick(Client, fd, "close", &[], "0");
    }
    log.later(1000)
        .verdict(sent, Client, Verdict::Delivered, None);
    let error = Envelope::new(ends[1], from).icmp(3, 3, [0; 4], &asked[14..]);
    let refused = log.cross(Server, error);
    if does == Does::Waits {
        // Told late, below what another host does meanwhile.
        log.later(80 * MS)
            .quick(Server, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "3");
    }
    if let Some(call) = call.filter(|_| does != Does::WaitsInVain) {
        log.returns(call, Client, name, "ECONNREFUSED");
    }
    log.later(100 * MS);
    let is_closed = matches!(does, Does::HasClosed | Does::HasDuplicate | Does::IsForged);
    if !is_closed {
        log.quick(Client, fd, "close", &[], "0");
    }
    if matches!(does, Does::HasTwo | Does::HasClosed) {
        log.quick(Client, 90, "close", &[], "0");
    }
    refused
}

/// "If the sender's socket is connected, its next call fails", though a recv() waited: that one failed.
#[test]
fn the_call_that_waits_for_a_datagram_is_the_one_that_fails() {
    for (does, wanted) in [
        (Does::Waits, Some("icmp.port.waits")),
        (Does::WaitsAndFails, None),
        (Does::AsksLater, Some("icmp.port.later")),
        (Does::WaitsInVain, Some("icmp.port.unheard")),
        (Does::AsksForErrors, Some("icmp.port.unseen")),
        (Does::HasTwo, Some("icmp.port.unseen")),
        (Does::HasClosed, Some("icmp.port.gone")),
        // "If the socket of the client is connected": it is, to another end, and poll() waited in vain.
        (Does::IsConnectedElsewhere, Some("icmp.port.other")),
        // "Has closed the socket", of one that dup() had given a second descriptor: its next call failed.
        (Does::HasDuplicate, Some("icmp.port.unseen")),
        // "The socket of the client is connected to 10.0.0.2:7001": that was another, with the same descriptor.
        (Does::HasNew, Some("icmp.port.gone")),
        // "If the socket of the client is connected", of one that was closed.
        (Does::HasNewBound, Some("icmp.port.gone")),
        // "The program has closed the socket that sent the datagram", of one that the lab had made.
        (Does::IsForged, Some("icmp.port.forged")),
        // "Is not connected, so its program is not told", of one that had ended.
        (Does::HasEnded, Some("icmp.port.ended")),
    ] {
        let mut log = Script::new("");
        let id = refused(&mut log, does);
        let rows = rows(log);
        let all = of(&rows, id);
        let ids: Vec<&str> = all.iter().map(Saying::id).collect();
        let heard = ids.iter().find(|it| it.starts_with("icmp.port."));
        assert_eq!(heard.copied(), wanted, "{ids:?}");
        let failed = ids.contains(&"call.refused.udp");
        assert_eq!(failed, does == Does::WaitsAndFails, "{ids:?}");
    }
}

/// "If the socket of the client is connected", of an error that was still on its way: what the calls tell was looked up when
/// it arrived, and there nothing was said.
#[test]
fn how_a_program_hears_of_an_error_is_told_where_that_arrives() {
    let mut log = Script::new("");
    let ends = ["10.0.0.1:50000", "10.0.0.2:7000"].map(|end| end.parse().expect("an address"));
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "3");
    log.later(100 * MS);
    let asked = Envelope::new(ends[0], ends[1]).udp(b"hello");
    log.quick(Client, 3, "sendto", &["\"hello\"", "10.0.0.2:7000"], "5");
    log.cross(Client, asked.clone());
    let error = Envelope::new(ends[1], ends[0]).icmp(3, 3, [0; 4], &asked[14..]);
    let refused = log.send(Server, error);
    // They cross.
    let next = log.send(Client, asked);
    log.later(1000)
        .verdict(refused, Server, Verdict::Delivered, None);
    log.verdict(next, Client, Verdict::Delivered, None);
    let rows = rows(log);
    let told = rows.iter().filter(|row| {
        let arrow = row.arrow.as_ref();
        arrow.is_some_and(|arrow| arrow.id == refused)
    });
    let heard = told.map(|row| {
        let ids = row.sayings.iter().map(Saying::id);
        ids.filter(|id| id.starts_with("icmp.port")).collect()
    });
    let heard: Vec<Vec<&str>> = heard.collect();
    assert_eq!(heard, [vec!["icmp.port"], vec!["icmp.port.unheard"]]);
}

/// A datagram for a port of the server that a socket has which is connected to another end, and has been bound so; the ICMP error.
fn refused_by_connected(log: &mut Script, bound: &str) -> u64 {
    let ends = ["10.0.0.1:50000", "10.0.0.2:7000"].map(|end| end.parse().expect("an address"));
    log.quick(Server, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "80");
    log.quick(Server, 80, "bind", &[bound], "0");
    log.quick(Server, 80, "connect", &["10.0.0.1:9"], "0");
    let asked = Envelope::new(ends[0], ends[1]).udp(b"hello");
    log.later(100 * MS).cross(Client, asked.clone());
    let error = Envelope::new(ends[1], ends[0]).icmp(3, 3, [0; 4], &asked[14..]);
    log.cross(Server, error)
}

/// "No program receives there", of a port of a socket that was connected to another end.
#[test]
fn a_socket_that_is_connected_to_another_end_is_not_told_as_none() {
    for (bound, wanted) in [
        ("0.0.0.0:7000", "icmp.port.connected"),
        ("10.0.0.2:7000", "icmp.port.connected"),
        ("0.0.0.0:7001", "icmp.port"),
    ] {
        let mut log = Script::new("");
        let id = refused_by_connected(&mut log, bound);
        let rows = rows(log);
        assert_eq!(
            of(&rows, id).first().map(Saying::id),
            Some(wanted),
            "{bound}"
        );
    }
    // Nobody has bound it: its port is that of what it has sent.
    let mut log = Script::new("");
    log.quick(Server, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "80");
    log.quick(Server, 80, "connect", &["10.0.0.1:9"], "0");
    let ends = ["10.0.0.1:9", "10.0.0.2:7000"].map(|end| end.parse().expect("an address"));
    log.quick(Server, 80, "send", &["\"x\""], "1");
    log.cross(Server, Envelope::new(ends[1], ends[0]).udp(b"x"));
    let stranger = "10.0.0.1:50000".parse().expect("an address");
    let asked = Envelope::new(stranger, ends[1]).udp(b"hello");
    log.later(100 * MS).cross(Client, asked.clone());
    let error = Envelope::new(ends[1], stranger).icmp(3, 3, [0; 4], &asked[14..]);
    let id = log.cross(Server, error);
    let rows = rows(log);
    assert_eq!(
        of(&rows, id).first().map(Saying::id),
        Some("icmp.port.connected")
    );
}

/// Type and code, the word behind them, what is said of it.
const OF_ROUTERS: [(u8, u8, [u8; 4], &str); 13] = [
    (3, 0, [0; 4], "icmp.network"),
    (3, 1, [0; 4], "icmp.host"),
    (3, 2, [0; 4], "icmp.protocol"),
    (3, 3, [0; 4], "icmp.port.between"),
    (3, 4, [0, 0, 5, 120], "icmp.too_big"),
    (3, 4, [0; 4], "icmp.too_big.unknown"),
    (3, 5, [0; 4], "icmp.unreachable"),
    (3, 13, [0; 4], "icmp.prohibited"),
    (4, 0, [0; 4], "icmp.quench"),
    (5, 1, [10, 0, 0, 253], "icmp.redirect"),
    (11, 0, [0; 4], "icmp.ttl"),
    (11, 1, [0; 4], "icmp.reassembly"),
    (12, 0, [0; 4], "icmp.parameter"),
];

/// What a router says of a datagram of the client; its message.
fn reported(log: &mut Script, (kind, code): (u8, u8), rest: [u8; 4]) -> u64 {
    let ends = ["10.0.0.1:50000", "10.0.0.2:7000", "10.0.0.254:0"];
    let [client, server, router] = ends.map(|end| end.parse().expect("an address"));
    log.later(10 * MS);
    let asked = Envelope::new(client, server).udp(b"hello");
    log.cross(Client, asked.clone());
    let error = Envelope::new(router, client).icmp(kind, code, rest, &asked[14..]);
    log.cross(Server, error)
}

/// "The server reports", of a router's message, and "unreachable", of one about too many hops or too large a packet.
#[test]
fn an_error_of_a_router_is_told_as_its_own_and_as_what_it_is() {
    for (kind, code, rest, wanted) in OF_ROUTERS {
        let mut log = Script::new("");
        let id = reported(&mut log, (kind, code), rest);
        let rows = rows(log);
        let said = of(&rows, id);
        let first = said.first().expect("a saying");
        assert_eq!(first.id(), wanted, "type {kind}, code {code}");
        assert!(format!("{first:?}").contains("10.0.0.254"), "{first:?}");
    }
}

/// What every kind of it says, in one log.
pub fn all() -> Vec<u8> {
    let kinds = [
        Does::Waits,
        Does::AsksLater,
        Does::WaitsInVain,
        Does::HasClosed,
        Does::IsConnectedElsewhere,
        Does::IsForged,
    ];
    let mut log = Script::new("unreachable");
    for does in kinds {
        refused(&mut log, does);
        log = log.then();
    }
    for (kind, code, rest, _) in OF_ROUTERS {
        reported(&mut log, (kind, code), rest);
    }
    log = log.then();
    refused_by_connected(&mut log, "0.0.0.0:7000");
    log = log.then();
    refused(&mut log, Does::HasEnded);
    log.done()
}

/// `:7000` stood in the column of a host that had no socket with that port yet, or any more: as if one received there.
#[test]
fn a_port_without_a_socket_looked_like_one_that_has_one() {
    let mut log = Script::new("");
    let ends = ["10.0.0.1:50000", "10.0.0.2:7000"].map(|end| end.parse().expect("an address"));
    let datagram = || Envelope::new(ends[0], ends[1]).udp(b"hello");
    log.quick(Client, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "3");
    log.quick(Client, 3, "bind", &["10.0.0.1:50000"], "0");
    let before = log.cross(Client, datagram());
    log.at(100 * MS)
        .quick(Server, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "3");
    let unbound = log.cross(Client, datagram());
    log.at(200 * MS)
        .quick(Server, 3, "bind", &["0.0.0.0:7000"], "0");
    let bound = log.cross(Client, datagram());
    log.at(300 * MS);
    let late = log.send(Client, datagram());
    log.send(Server, Envelope::new(ends[1], ends[0]).udp(b"back"));
    log.quick(Server, 3, "close", &[], "0");
    log.quick(Client, 3, "close", &[], "0");
    log.later(2 * MS)
        .verdict(late, Client, Verdict::Delivered, None);
    let rows = rows(log);
    let shown = |id: u64| -> Vec<(bool, bool)> {
        let arrows = rows.iter().filter_map(|row| row.arrow.as_ref());
        let mine = arrows.filter(|arrow| arrow.id == id);
        mine.map(|it| (it.without_socket.client, it.without_socket.server))
            .collect()
    };
    assert_eq!(shown(before), [(false, true)], "not yet");
    assert_eq!(shown(unbound), [(false, true)], "no port");
    assert_eq!(shown(bound), [(false, false)]);
    assert_eq!(shown(late), [(false, false), (true, true)], "not any more");
}

/// "If the socket of the server is connected, a call that waits on it fails", of a socket that had been closed: what waits by epoll made
/// all descriptors of the program unknown.
#[test]
fn an_epoll_made_all_sockets_of_its_program_unknown() {
    let mut log = Script::new("");
    log.quick(Server, 0, "socket", &["AF_INET", "SOCK_DGRAM"], "19");
    log.quick(Server, 19, "bind", &["10.0.0.2:0"], "0");
    log.quick(Server, 19, "sendto", &["\"late\"", "10.0.0.1:5000"], "4");
    let late = datagram(Server, 6000, 5000, b"late");
    log.cross(Server, late.clone());
    log.quick(
        Server,
        14,
        "epoll_wait",
        &["1024", "0"],
        "1 [{EPOLLIN, u32=4294967295}]",
    );
    log.quick(Server, 19, "close", &[], "0");
    let ends = ["10.0.0.1:5000", "10.0.0.2:6000"].map(|end| end.parse().expect("an address"));
    let refused = Envelope::new(ends[0], ends[1]).icmp(3, 3, [0; 4], &late[14..]);
    let refused = log.cross(Client, refused);
    let told = of(&rows(log), refused);
    let gone = Saying::UdpRefusedGone { who: Server };
    assert!(told.contains(&gone), "{told:?}");
}

/// "ICMP port 7000 unreachable", of a message of ICMPv6.
#[test]
fn an_error_of_icmpv6_is_not_called_icmp() {
    for (client, server, kind, wanted) in [
        ("10.0.0.1:50000", "10.0.0.2:7000", (3, 3), "ICMP"),
        ("[fd00::1]:50000", "[fd00::2]:7000", (1, 4), "ICMPv6"),
    ] {
        let ends = [client, server].map(|end| end.parse::<SocketAddr>().expect("an address"));
        let mut log = Script::new("");
        log.quick(Client, 0, "socket", &["AF_INET6", "SOCK_DGRAM"], "3");
        log.quick(Client, 3, "connect", &[server], "0");
        log.quick(Client, 3, "send", &["\"hello\""], "5");
        let asked = Envelope::new(ends[0], ends[1]).udp(b"hello");
        log.cross(Client, asked.clone());
        let error = Envelope::new(ends[1], ends[0]).icmp(kind.0, kind.1, [0; 4], &asked[14..]);
        log.cross(Server, error);
        log.later(100 * MS)
            .quick(Client, 3, "recv", &["100"], "ECONNREFUSED");
        let rows = rows(log);
        let arrows = rows.iter().filter_map(|row| row.arrow.as_ref());
        let errors = arrows.filter_map(|arrow| match &arrow.seen.what {
            What::IcmpError(error) => Some(error.protocol()),
            _ => None,
        });
        assert_eq!(errors.collect::<Vec<_>>(), [wanted]);
        let sayings = rows.iter().flat_map(|row| &row.sayings);
        let named: Vec<_> = sayings
            .filter_map(|saying| match saying {
                Saying::UdpRefused { icmp, .. } => Some(icmp.as_str()),
                Saying::CallRefusedUdp { icmp, .. } => Some(icmp.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(named, [wanted; 2]);
    }
}
