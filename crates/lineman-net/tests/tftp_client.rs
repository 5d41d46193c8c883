//! The client's last moments: how long it answers a server that has not heard its last ACK.

use std::net::SocketAddr;
use std::net::UdpSocket;
use std::time::Duration;
use std::time::Instant;

use lineman_net::tftp::Client;
use lineman_net::tftp::ClientOptions;
use lineman_net::tftp::Ending;
use lineman_net::tftp::Sink;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Rollover;
use tokio::sync::watch;

const OPTIONS: ClientOptions = ClientOptions {
    blksize: None,
    windowsize: 1,
    timeout: None,
    plain: true,
    rollover: Rollover::ToZero,
    patience: Duration::from_secs(10),
    ask_every: None,
    busy_poll: Duration::ZERO,
};

/// A server of one file of two blocks, whose first is sent twice; then as `end` goes on.
fn server(
    end: impl FnOnce(&UdpSocket, SocketAddr) + Send + 'static,
) -> (SocketAddr, std::thread::JoinHandle<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let address = socket.local_addr().expect("address");
    let thread = std::thread::spawn(move || {
        let (_, client) = socket.recv_from(&mut [0; 600]).expect("request");
        for _ in 0..2 {
            send(&socket, client, 1, 512);
            assert!(acknowledges(&socket, 1));
        }
        send(&socket, client, 2, 5);
        assert!(acknowledges(&socket, 2));
        end(&socket, client);
    });
    (address, thread)
}

fn send(socket: &UdpSocket, client: SocketAddr, block: u8, len: usize) {
    let mut packet = vec![0, 3, 0, block];
    packet.resize(4 + len, b'x');
    socket.send_to(&packet, client).expect("send");
}

fn acknowledges(socket: &UdpSocket, block: u8) -> bool {
    let limit = Some(Duration::from_secs(1));
    socket.set_read_timeout(limit).expect("time-out");
    let mut packet = [0; 600];
    let received = socket.recv_from(&mut packet);
    received.is_ok_and(|(len, _)| packet[..len] == [0, 4, 0, block])
}

/// Fetches the file, and gives how long the end took.
async fn fetched(server: SocketAddr, stop: bool) -> Duration {
    let (sender, stopped) = watch::channel(false);
    let mut client = Client::new(server, OPTIONS, stopped);
    let sink = Sink::stream(Box::new(std::io::sink()), Mode::Octet);
    let report = client.get(b"file".to_vec(), Mode::Octet, sink, |_| {});
    let report = report.await;
    assert!(
        matches!(report.ending, Ending::Complete { .. }),
        "{report:?}"
    );
    sender.send(stop).expect("a client");
    let begun = Instant::now();
    client.finish().await;
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_sat_for_more_than_a_second_wherever_a_block_had_come_twice() {
    let (address, server) = server(|_, _| {});
    let took = fetched(address, false).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    server.join().expect("served");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_asks_again_is_answered_for_longer() {
    let (address, server) = server(|socket, client| {
        for pause in [50, 700, 700] {
            std::thread::sleep(Duration::from_millis(pause));
            send(socket, client, 2, 5);
            assert!(acknowledges(socket, 2), "after {pause} ms");
        }
    });
    fetched(address, false).await;
    server.join().expect("answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_waits_for_nobody() {
    let (address, server) = server(|_, _| {});
    let took = fetched(address, true).await;
    assert!(took < Duration::from_millis(90), "{took:?}");
    server.join().expect("served");
}
