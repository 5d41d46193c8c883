//! The TFTP server with less patience than the program has, so that silence is short.

use std::net::SocketAddr;
use std::net::UdpSocket;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lineman_net::tftp::Directory;
use lineman_net::tftp::Ending;
use lineman_net::tftp::Report;
use lineman_net::tftp::Server;
use lineman_net::tftp::ServerConfig;
use lineman_net::tftp::ServerEvent;
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

/// Serves `root` until `client` has spoken and a transfer has ended; gives the first report.
async fn report(root: &Path, client: impl FnOnce(SocketAddr) + Send + 'static) -> Report {
    let store = Directory::open(root, WritePolicy::Create, 1 << 20, false).expect("root");
    let any = [([127, 0, 0, 1], 0).into()];
    let (server, mut events) = Server::bind(&any, Arc::new(store), impatient()).expect("bind");
    let address = server.addresses()[0];
    let speaking = tokio::task::spawn_blocking(move || client(address));
    let spoken_and_told = async {
        speaking.await.expect("client");
        events.recv().await.expect("an event")
    };
    let event = tokio::select! {
        result = server.run() => panic!("{result:?}"),
        event = spoken_and_told => event,
    };
    server.finish(Duration::from_secs(5)).await;
    match event {
        ServerEvent::Report(report) => report,
        other => panic!("{other:?}"),
    }
}

fn ask(socket: &UdpSocket, to: SocketAddr, packet: &[u8]) -> (Vec<u8>, SocketAddr) {
    socket.send_to(packet, to).expect("send");
    receive(socket)
}

fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
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
    let report = report(root.path(), |server| {
        let client = socket();
        let (_, tid) = ask(&client, server, b"\0\x02name\0octet\0");
        let block = [&[0, 3, 0, 1][..], &[7; 512]].concat();
        assert_eq!(ask(&client, tid, &block).0, [0, 4, 0, 1]);
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

/// Reads `file` block by block; `meanwhile` happens behind the first.
fn read_slowly(server: SocketAddr, meanwhile: impl FnOnce()) -> Result<Vec<u8>, Vec<u8>> {
    let client = socket();
    let (mut answer, tid) = ask(&client, server, b"\0\x01file\0octet\0");
    let mut file = Vec::new();
    let mut meanwhile = Some(meanwhile);
    for block in 1_u16.. {
        while answer[1] == 3 && answer[2..4] != block.to_be_bytes() {
            answer = receive(&client).0; // the one before, sent again
        }
        if answer[1] != 3 {
            return Err(answer);
        }
        file.extend_from_slice(&answer[4..]);
        let ack = [0, 4, answer[2], answer[3]];
        if answer.len() < 516 {
            client.send_to(&ack, tid).expect("send");
            return Ok(file);
        }
        if let Some(meanwhile) = meanwhile.take() {
            meanwhile();
        }
        answer = ask(&client, tid, &ack).0;
    }
    unreachable!("a file of so many blocks")
}

/// A client gets one state of a file or an error, never some blocks of one and some of another.
#[tokio::test]
async fn a_file_that_somebody_writes_into_while_it_is_sent() {
    for (length, byte) in [(600, 1), (100_000, 2), (200_000, 3)] {
        let root = tempfile::tempdir().expect("directory");
        let path = root.path().join("file");
        std::fs::write(&path, vec![1; 100_000]).expect("write");
        let report = report(root.path(), move |server| {
            let answer = read_slowly(server, || {
                // Times of files are no finer than the kernel's tick.
                std::thread::sleep(Duration::from_millis(20));
                std::fs::write(&path, vec![byte; length]).expect("write");
            });
            let error = b"\0\x05\0\0The file changed\0".to_vec();
            assert_eq!(answer, Err(error), "{length}");
        })
        .await;
        assert!(matches!(report.ending, Ending::Refused(_)), "{report:?}");
    }
}

#[tokio::test]
async fn a_file_whose_name_is_given_to_another_while_it_is_sent_is_sent_to_its_end() {
    let root = tempfile::tempdir().expect("directory");
    let (path, other) = (root.path().join("file"), root.path().join("other"));
    std::fs::write(&path, vec![1; 100_000]).expect("write");
    std::fs::write(&other, vec![2; 100_000]).expect("write");
    let report = report(root.path(), move |server| {
        let answer = read_slowly(server, || std::fs::rename(other, path).expect("rename"));
        assert!(answer.is_ok_and(|file| file == vec![1; 100_000]));
    })
    .await;
    assert!(
        matches!(report.ending, Ending::Complete { .. }),
        "{report:?}"
    );
}

#[tokio::test]
async fn a_root_that_is_removed_while_a_file_is_sent() {
    let parent = tempfile::tempdir().expect("directory");
    let root = parent.path().join("root");
    std::fs::create_dir(&root).expect("directory");
    std::fs::write(root.join("file"), vec![1; 100_000]).expect("write");
    let gone = root.clone();
    // The two events come from two threads: which is first does not matter here.
    report(&root, move |server| {
        let answer = read_slowly(server, || std::fs::remove_dir_all(gone).expect("remove"));
        assert!(answer.is_ok_and(|file| file == vec![1; 100_000]));
        let refused = ask(&socket(), server, b"\0\x01file\0octet\0").0;
        assert_eq!(refused, b"\0\x05\0\x01File not found\0");
    })
    .await;
}

/// A client that gives up before it has heard from where it is answered has only the port of requests
/// to say so.
#[tokio::test]
async fn an_error_at_the_port_of_requests_ends_what_has_not_begun() {
    let root = tempfile::tempdir().expect("directory");
    std::fs::write(root.path().join("file"), [1; 2000]).expect("write");
    let report = report(root.path(), |server| {
        let client = socket();
        ask(&client, server, b"\0\x01file\0octet\0blksize\x00600\0");
        client
            .send_to(b"\0\x05\0\0given up\0", server)
            .expect("send");
    })
    .await;
    assert!(matches!(report.ending, Ending::Superseded), "{report:?}");
}
