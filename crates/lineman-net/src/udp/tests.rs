//! Real sockets on loopback.

use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::UdpSocket;
use std::time::Duration;

use lineman_proto::datagram::MAX_PAYLOAD;
use lineman_proto::datagram::Peer;

use super::*;

const LIMIT: Duration = Duration::from_secs(10);

fn everywhere() -> Socket {
    let at = At::Everywhere(0);
    Socket::listen(&Listen { at, group: None }).expect("a socket")
}

fn on_loopback(socket: &Socket) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, socket.local().port()))
}

/// A port of loopback where nobody listens.
fn deserted() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.local_addr().expect("its address")
}

async fn arrival(socket: &Socket, buffer: &mut [u8]) -> Arrival {
    let arrival = tokio::time::timeout(LIMIT, socket.receive(buffer)).await;
    arrival.expect("in time").expect("received")
}

#[tokio::test]
async fn a_full_datagram_arrives_whole_and_an_ipv4_peer_is_plain() {
    let listener = everywhere();
    let sender = Socket::toward(&Toward::Host(on_loopback(&listener), None)).expect("a socket");
    let payload = vec![7; MAX_PAYLOAD];
    sender.send(&payload, None).await.expect("sent");
    let mut buffer = vec![0; RECEIVE_BUFFER];
    let Arrival::Datagram { from, bytes, full } = arrival(&listener, &mut buffer).await else {
        panic!("a bounce");
    };
    assert_eq!(from.address, sender.local());
    assert_eq!((bytes, full), (MAX_PAYLOAD, MAX_PAYLOAD));
    assert_eq!(buffer[..bytes], payload);

    listener.send(b"back", Some(from)).await.expect("sent");
    let answer = arrival(&sender, &mut buffer).await;
    assert!(
        matches!(answer, Arrival::Datagram { from, bytes: 4, .. } if from.address == on_loopback(&listener))
    );
}

#[tokio::test]
async fn a_cut_datagram_is_reported_with_its_length() {
    let listener = everywhere();
    let sender = Socket::toward(&Toward::Host(on_loopback(&listener), None)).expect("a socket");
    sender.send(&[1; 100], None).await.expect("sent");
    let cut = arrival(&listener, &mut [0; 10]).await;
    assert!(matches!(
        cut,
        Arrival::Datagram {
            bytes: 10,
            full: 100,
            ..
        }
    ));
}

#[tokio::test]
async fn too_long_is_reported_with_its_size_and_the_next_one_is_sent() {
    let listener = everywhere();
    let sender = Socket::toward(&Toward::Host(on_loopback(&listener), None)).expect("a socket");
    let error = sender.send(&[0; MAX_PAYLOAD + 1], None).await;
    assert!(matches!(error, Err(SendError::TooLong { bytes: 65_508 })));
    sender.send(b"", None).await.expect("sent");
    let empty = arrival(&listener, &mut [0; 10]).await;
    assert!(matches!(empty, Arrival::Datagram { full: 0, .. }));
}

#[tokio::test]
async fn a_refusal_reaches_a_socket_without_a_fixed_peer() {
    let listener = everywhere();
    let nobody = deserted();
    let to = Peer {
        address: nobody,
        at: None,
    };
    listener.send(b"anybody?", Some(to)).await.expect("sent");
    let Arrival::Bounce(bounce) = arrival(&listener, &mut [0; 10]).await else {
        panic!("a datagram");
    };
    assert_eq!(bounce.to, Some(nobody));
    assert_eq!(bounce.by, Some(nobody.ip()));
    assert_eq!(bounce.error.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_refusal_does_not_take_the_place_of_the_next_datagram() {
    let sender = Socket::toward(&Toward::Host(deserted(), None)).expect("a socket");
    for _ in 0..20 {
        sender.send(b"x", None).await.expect("sent");
    }
    for _ in 0..20 {
        let bounce = arrival(&sender, &mut [0; 10]).await;
        assert!(matches!(bounce, Arrival::Bounce(_)));
    }
}

#[tokio::test]
async fn a_broadcast_address_is_recognised() {
    let all = SocketAddr::from((Ipv4Addr::BROADCAST, 9));
    let error = Socket::toward(&Toward::Host(all, None));
    // Without any route the kernel does not get as far as to ask whether broadcast is allowed.
    let error = error.expect_err("not allowed");
    assert!(
        matches!(error, SendError::Broadcast(to) if to == all)
            || matches!(error, SendError::System(_)),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_comes_from_the_address_that_was_asked() {
    let listener = everywhere();
    let port = listener.local().port();
    // Loopback has all of 127.0.0.0/8; the route prefers 127.0.0.1.
    let other = SocketAddr::from(([127, 0, 0, 2], port));
    let sender = Socket::toward(&Toward::Host(other, None)).expect("a socket");
    sender.send(b"ask", None).await.expect("sent");
    let Arrival::Datagram { from, .. } = arrival(&listener, &mut [0; 10]).await else {
        panic!("a bounce");
    };
    assert_eq!(from.at, Some(other.ip()));
    listener.send(b"answer", Some(from)).await.expect("sent");
    let answer = arrival(&sender, &mut [0; 10]).await;
    assert!(matches!(answer, Arrival::Datagram { bytes: 6, .. }));
}
