//! The TFTP server with less patience than the program has, so that silence is short.

use std::net::SocketAddr;
use std::net::UdpSocket;
use std::path::Path;
use std::time::Duration;

use lineman_net::tftp::Ending;
use lineman_net::tftp::Report;
use lineman_net::tftp::Server;
use lineman_net::tftp::ServerConfig;
use lineman_net::tftp::ServerEvent;
use lineman_net::tftp::Store;
use lineman_net::tftp::WritePolicy;
use lineman_proto::tftp::Failure;
use lineman_proto::tftp::Timing;

fn impatient() -> ServerConfig {
    ServerConfig {
        timing: Timing {
            patience: Duration::from_millis(300),
            dally: Duration::from_millis(50),
            unconfirmed_resends: Some(1),
        },
        ..ServerConfig::default()
    }
}

/// Serves `root` while `client` speaks; gives the first report.
async fn report(root: &Path, client: impl FnOnce(SocketAddr) + Send + 'static) -> Report {
    let store = Store::open(root, WritePolicy::Create, 1 << 20, false).expect("root");
    let any = [([127, 0, 0, 1], 0).into()];
    let (server, mut events) = Server::bind(&any, store, impatient()).expect("bind");
    let address = server.addresses()[0];
    let speaking = tokio::task::spawn_blocking(move || client(address));
    let event = tokio::select! {
        result = server.run() => panic!("{result:?}"),
        event = events.recv() => event.expect("an event"),
    };
    speaking.await.expect("client");
    server.finish(Duration::from_secs(5)).await;
    match event {
        ServerEvent::Report(report) => report,
        other => panic!("{other:?}"),
    }
}

fn ask(socket: &UdpSocket, to: SocketAddr, packet: &[u8]) -> (Vec<u8>, SocketAddr) {
    socket.send_to(packet, to).expect("send");
    let mut buffer = [0; 1024];
    let (length, from) = socket.recv_from(&mut buffer).expect("answer");
    (buffer[..length].to_vec(), from)
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let limit = Some(Duration::from_secs(20));
    socket.set_read_timeout(limit).expect("limit");
    socket
}

fn names(root: &Path) -> usize {
    std::fs::read_dir(root).expect("root").count()
}

#[tokio::test]
async fn an_upload_that_falls_silent_leaves_nothing() {
    let root = tempfile::tempdir().expect("directory");
    let place = root.path().to_owned();
    let report = report(root.path(), move |server| {
        let client = socket();
        let (_, tid) = ask(&client, server, b"\0\x02name\0octet\0");
        let block = [&[0, 3, 0, 1][..], &[7; 512]].concat();
        assert_eq!(ask(&client, tid, &block).0, [0, 4, 0, 1]);
        assert_eq!(names(&place), 1, "the temporary");
    })
    .await;
    let silent = Failure::Silent { block: 2 };
    assert!(matches!(report.ending, Ending::Failed(failure) if failure == silent));
    assert_eq!(names(root.path()), 0);
}

#[tokio::test]
async fn a_client_that_never_answers_is_told_apart_from_one_that_falls_silent() {
    let root = tempfile::tempdir().expect("directory");
    std::fs::write(root.path().join("file"), [1; 2000]).expect("write");
    let request = b"\0\x01file\0octet\0";
    let never = report(root.path(), |server| {
        ask(&socket(), server, request);
    })
    .await;
    assert!(
        matches!(never.ending, Ending::Failed(Failure::Unanswered)),
        "{never:?}"
    );
    let silent = report(root.path(), |server| {
        let client = socket();
        let (_, tid) = ask(&client, server, request);
        assert_eq!(ask(&client, tid, &[0, 4, 0, 1]).0[..4], [0, 3, 0, 2]);
    })
    .await;
    let wanted = Failure::Silent { block: 2 };
    assert!(matches!(silent.ending, Ending::Failed(failure) if failure == wanted));
}

/// What grows while it is sent is sent as long as it was; what shrinks is a failure, not garbage.
#[tokio::test]
async fn a_file_that_shrinks_while_it_is_sent() {
    let root = tempfile::tempdir().expect("directory");
    let path = root.path().join("file");
    std::fs::write(&path, [1; 2000]).expect("write");
    let report = report(root.path(), move |server| {
        let client = socket();
        let (_, tid) = ask(&client, server, b"\0\x01file\0octet\0");
        std::fs::write(&path, [1; 600]).expect("write");
        let answer = ask(&client, tid, &[0, 4, 0, 1]).0;
        assert_eq!(answer, b"\0\x05\0\0The file changed\0");
    })
    .await;
    assert!(matches!(report.ending, Ending::Refused(_)), "{report:?}");
}
