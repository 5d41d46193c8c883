//! A server that something happens to: a thread of it ends, a file system hangs.

use std::net::UdpSocket;
use std::sync::mpsc as std_mpsc;

use super::*;
use crate::tftp::Directory;
use crate::tftp::WritePolicy;

const LONG: Duration = Duration::from_secs(60);

struct Served {
    server: Server,
    events: mpsc::Receiver<ServerEvent>,
    root: tempfile::TempDir,
}

fn serve(config: ServerConfig) -> Served {
    let root = tempfile::tempdir().expect("directory");
    std::fs::write(root.path().join("file"), [7; 1000]).expect("write");
    std::fs::create_dir(root.path().join("hung")).expect("directory");
    std::fs::write(root.path().join("hung/file"), [8; 1000]).expect("write");
    let store = Directory::open(root.path(), WritePolicy::Create, 1 << 20, false).expect("root");
    let any = [([127, 0, 0, 1], 0).into()];
    let (server, events) = Server::bind(&any, Arc::new(store), config).expect("bind");
    Served {
        server,
        events,
        root,
    }
}

impl Served {
    fn address(&self) -> SocketAddr {
        self.server.addresses()[0]
    }

    /// Serves until `work` on another thread is done.
    async fn while_doing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, SystemError> {
        let working = tokio::task::spawn_blocking(work);
        tokio::select! {
            failed = self.server.run() => Err(failed.expect_err("it serves for ever")),
            done = working => Ok(done.expect("work")),
        }
    }

    /// Work beneath `hung/` hangs until what is returned is dropped.
    fn hang(&self) -> Vec<std_mpsc::Sender<()>> {
        let hang = |_| {
            let (release, hung) = std_mpsc::channel::<()>();
            let shared = &self.server.shared;
            let lane = shared.store.lane(b"hung/any");
            shared.engine.pool().submit(lane, move || {
                let _ = hung.recv();
            });
            release
        };
        (0..POOL_THREADS).map(hang).collect()
    }
}

fn client() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
    socket.set_read_timeout(Some(LONG)).expect("limit");
    socket
}

fn receive(client: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 1024];
    let (length, from) = client.recv_from(&mut buffer).expect("an answer");
    (buffer[..length].to_vec(), from)
}

fn request(code: u8, name: &str) -> Vec<u8> {
    [&[0, code], name.as_bytes(), b"\0octet\0"].concat()
}

fn read(server: SocketAddr, name: &str) -> usize {
    let client = client();
    client.send_to(&request(1, name), server).expect("send");
    let (mut length, mut next) = (0, 1);
    loop {
        let (block, from) = receive(&client);
        assert_eq!(block[..2], [0, 3], "{block:?}");
        if block[2..4] == [0, next] {
            length += block.len() - 4;
            next += 1;
        }
        let ack = [0, 4, block[2], block[3]];
        client.send_to(&ack, from).expect("send");
        if block.len() < 516 {
            return length;
        }
    }
}

fn two_threads() -> ServerConfig {
    ServerConfig {
        threads: 2,
        ..ServerConfig::default()
    }
}

/// A thread that died left a server that was deaf, or one that ended with exit code 0.
#[tokio::test]
async fn a_thread_that_panics_ends_the_server_and_its_clients_are_told() {
    let served = serve(two_threads());
    let (address, engine) = (served.address(), served.server.shared.engine.clone());
    let (ended, end) = std_mpsc::channel();
    let (hold, held) = std_mpsc::channel::<()>();
    let result = served
        .while_doing(move || {
            let client = client();
            client.send_to(&request(1, "file"), address).expect("send");
            assert_eq!(receive(&client).0[..4], [0, 3, 0, 1]);
            engine.panic(0);
            while receive(&client).0[1] == 3 {} // the block may come again before that
            ended.send(()).expect("receiver");
            let _ = held.recv();
        })
        .await;
    let error = result.expect_err("the server ends");
    assert_eq!(error.operation, Operation::Run);
    assert!(error.to_string().contains("on purpose"), "{error}");
    end.recv_timeout(LONG).expect("the client was told");
    drop(hold);
    assert_eq!(served.server.unfinished(), 0);
}

/// One request for a file system that hung stopped every transfer.
#[tokio::test]
async fn a_file_system_that_hangs_stops_its_own_transfers_only() {
    let served = serve(two_threads());
    let hung = served.hang();
    let address = served.address();
    let waiting = served
        .while_doing(move || {
            let waiting: Vec<_> = (0..200).map(|_| client()).collect();
            for (nth, client) in waiting.iter().enumerate() {
                let request = request(1 + (nth % 2) as u8, &format!("hung/{nth}"));
                client.send_to(&request, address).expect("send");
            }
            for _ in 0..20 {
                assert_eq!(read(address, "file"), 1000);
            }
            waiting
        })
        .await
        .expect("it serves");
    for client in &waiting {
        client.set_nonblocking(true).expect("socket");
        assert!(client.recv_from(&mut [0; 600]).is_err(), "it waits");
        client.set_nonblocking(false).expect("socket");
    }
    drop(hung);
    let answered = served.while_doing(move || {
        let opcodes = waiting.iter().map(|client| receive(client).0[1]);
        opcodes.collect::<Vec<_>>()
    });
    let opcodes = answered.await.expect("it serves");
    assert_eq!(opcodes[..4], [5, 4, 5, 4], "no such files, and uploads");
}

/// Transfers that could not begin counted as such that linger: with 65 of them no request was read
/// any more, and the thread took all of a processor.
#[tokio::test]
async fn requests_that_were_given_up_while_they_waited_for_a_file_do_not_stop_others() {
    let served = serve(two_threads());
    let hung = served.hang();
    let address = served.address();
    let client = served
        .while_doing(move || {
            let client = client();
            for nth in 0..200 {
                let request = request(1, &format!("hung/{nth}"));
                client.send_to(&request, address).expect("send");
            }
            assert_eq!(read(address, "file"), 1000);
            client
                .send_to(&request(1, "hung/file"), address)
                .expect("send");
            assert_eq!(read(address, "file"), 1000); // the request above has been taken in
            client
        })
        .await
        .expect("it serves");
    drop(hung);
    let answer = served.while_doing(move || receive(&client).0);
    let answer = answer.await.expect("it serves");
    assert_eq!(
        answer[..5],
        [0, 3, 0, 1, 8],
        "only the last one is answered"
    );
}

#[tokio::test]
async fn what_is_stopped_while_it_waits_for_a_file_is_told() {
    let mut served = serve(two_threads());
    let hung = served.hang();
    let address = served.address();
    let client = served
        .while_doing(move || {
            let client = client();
            client
                .send_to(&request(1, "hung/file"), address)
                .expect("send");
            assert_eq!(read(address, "file"), 1000);
            client
        })
        .await
        .expect("it serves");
    served.server.finish(Duration::ZERO).await;
    drop(hung);
    let told = tokio::task::spawn_blocking(move || while receive(&client).0[1] == 3 {});
    told.await.expect("the client is told");
    let mut endings = Vec::new();
    while endings.len() < 2 {
        match served.events.recv().await.expect("an event") {
            ServerEvent::Report(report) => endings.push(report.ending),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(endings[1], Ending::Stopped), "{endings:?}");
}

#[tokio::test]
async fn what_has_arrived_of_an_upload_is_removed_before_the_server_has_finished() {
    let served = serve(two_threads());
    let address = served.address();
    let client = served.while_doing(move || {
        let client = client();
        client.send_to(&request(2, "new"), address).expect("send");
        let (_, from) = receive(&client);
        let block = [&[0, 3, 0, 1][..], &[7; 512]].concat();
        client.send_to(&block, from).expect("send");
        assert_eq!(receive(&client).0, [0, 4, 0, 1]);
        client
    });
    let _client = client.await.expect("it serves");
    served.server.finish(Duration::ZERO).await;
    let names = std::fs::read_dir(served.root.path()).expect("root");
    assert_eq!(names.count(), 2);
}

/// The server acknowledged a block, and threw the next one away while the disk was behind: tftp-hpa never sent it again.
#[tokio::test]
async fn a_block_that_comes_while_the_disk_is_behind_is_taken_in_later() {
    for single_port in [true, false] {
        let served = serve(ServerConfig {
            single_port,
            ..two_threads()
        });
        let address = served.address();
        let asked = served.while_doing(move || {
            let client = client();
            client
                .send_to(&request(2, "hung/up"), address)
                .expect("send");
            let (answer, from) = receive(&client);
            assert_eq!(answer, [0, 4, 0, 0]);
            (client, from)
        });
        let (client, from) = asked.await.expect("it serves");
        let hung = served.hang();
        let sent = served.while_doing(move || {
            let moment = Duration::from_millis(500);
            client.set_read_timeout(Some(moment)).expect("limit");
            for block in 1..2000_u16 {
                let number = block.to_be_bytes();
                let data = [&[0, 3], &number[..], &[7; 512]].concat();
                client.send_to(&data, from).expect("send");
                let mut answer = [0; 600];
                if client.recv_from(&mut answer).is_err() {
                    return (client, block);
                }
                assert_eq!(answer[..4], [&[0, 4], &number[..]].concat());
            }
            panic!("the disk is never behind");
        });
        let (client, block) = sent.await.expect("it serves");
        drop(hung);
        let acknowledged = served.while_doing(move || {
            client.set_read_timeout(Some(LONG)).expect("limit");
            // An ACK from before may have been repeated meanwhile.
            (0..2)
                .map(|_| receive(&client).0)
                .any(|answer| answer[2..] == block.to_be_bytes())
        });
        let acknowledged = acknowledged.await.expect("it serves");
        assert!(acknowledged, "block {block}, one port: {single_port}");
    }
}
