//! Many clients in lockstep at once: from the 128th on their transfers share ports.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::tftp_kit::Served;
use crate::tftp_kit::assert_same;
use crate::tftp_kit::content;
use crate::tftp_raw::Raw;
use crate::tftp_raw::ack;
use crate::tftp_raw::assert_error;
use crate::tftp_raw::error;
use crate::tftp_raw::rrq;

/// Long enough for an answer, if there is one.
const MOMENT: Duration = Duration::from_millis(100);

/// A client, with the first block and where that came from.
type Begun = (Raw, (Vec<u8>, SocketAddr));

/// Has `count` clients begin to read a file.
fn begin(server: &Served, count: usize) -> Vec<Begun> {
    let begin = |_| {
        let client = Raw::new();
        let first = client.ask(server.address(), &rrq(b"file", &[]));
        (client, first)
    };
    (0..count).map(begin).collect()
}

/// How many of them are answered from each port.
fn ports(clients: &[Begun]) -> HashMap<SocketAddr, usize> {
    let mut ports = HashMap::new();
    for (_, (_, from)) in clients {
        *ports.entry(*from).or_default() += 1;
    }
    ports
}

/// The port that most are answered from.
fn shared_port(clients: &[Begun]) -> SocketAddr {
    let ports = ports(clients);
    let most = ports.iter().max_by_key(|(_, count)| **count);
    *most.expect("clients").0
}

#[test]
fn a_crowd_in_lockstep_shares_a_port_and_each_gets_the_file() {
    let bytes = content(5000);
    let server = Served::new(&[]);
    server.write("file", &bytes);
    let clients = begin(&server, 400);
    let ports = ports(&clients).len();
    assert!(ports < 200, "{ports} for 400 clients");
    for (client, first) in clients {
        assert_same(&client.rest(first, 512), &bytes, "a file of the crowd");
    }
    server.wait_lines("got", 400);
}

/// A stranger that sends to the shared port is told that it is no client, and disturbs none of the clients (RFC 1350 §4).
#[test]
fn a_stranger_at_a_shared_port_is_told_once_per_packet_and_disturbs_nobody() {
    let bytes = content(5000);
    let server = Served::new(&[]);
    server.write("file", &bytes);
    let clients = begin(&server, 200);
    let port = shared_port(&clients);
    let stranger = Raw::new();
    assert_error(&stranger.ask(port, &ack(1)).0, 5);
    stranger.send(port, &error(0, "an ERROR is not answered"));
    assert_eq!(stranger.within(MOMENT), None);
    for (client, first) in clients {
        assert_same(&client.rest(first, 512), &bytes, "a file of the crowd");
    }
}

/// Its late ACKs would count for the second transfer, were it at the same port.
#[test]
fn a_client_that_asks_again_from_its_port_is_answered_from_another() {
    let bytes = content(1000);
    let server = Served::new(&[]);
    server.write("file", &bytes);
    let mut clients = begin(&server, 200);
    let port = shared_port(&clients);
    let nth = clients.iter().position(|(_, (_, from))| *from == port);
    let (client, first) = clients.swap_remove(nth.expect("a member"));
    assert_same(&client.rest(first, 512), &bytes, "the first time");
    server.wait_line("got");
    client.send(port, &ack(1));
    assert_eq!(client.within(MOMENT), None, "it is no stranger either");
    let again = client.ask(server.address(), &rrq(b"file", &[]));
    assert_ne!(again.1, port);
    assert_same(&client.rest(again, 512), &bytes, "the second time");
}
