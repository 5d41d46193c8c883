//! Datagrams over UDP: messages with their senders, and what a closed port answers.

use std::io;
use std::time::Duration;

use lineman_net::Operation;
use lineman_net::calls::Log;
use lineman_net::calls::TracedSocket;
use lineman_net::calls::counted;
use lineman_net::calls::quoted;

use super::any_port;
use super::stage::CLIENT;
use super::stage::SERVER;
use super::stage::Stage;
use crate::failure::Failure;
use crate::lang::tour::Tour as Words;

/// Shows an exchange; gives the number of messages that arrived.
pub fn run(stage: &mut Stage) -> Result<usize, Failure> {
    stage.title(&Words::UdpTitle {})?;
    stage.explain(&Words::UdpBind {})?;
    let opened = open(&mut |call| stage.call(call));
    let (server, client) = opened.map_err(|error| stage.failed(Operation::Bind, error))?;
    let sent = exchange(stage, &server, &client)?;
    stage.explain(&Words::UdpRefused {})?;
    let refused = refused(server, client, &mut |call| stage.call(call));
    refused.map_err(|error| stage.failed(Operation::Send, error))?;
    Ok(sent)
}

fn open(log: Log<'_>) -> io::Result<(TracedSocket, TracedSocket)> {
    let server = TracedSocket::datagram(SERVER, log)?;
    server.bind(any_port(), log)?;
    server.set_timeout(PATIENCE, log)?;
    let client = TracedSocket::datagram(CLIENT, log)?;
    client.set_timeout(PATIENCE, log)?;
    Ok((server, client))
}

fn exchange(
    stage: &mut Stage,
    server: &TracedSocket,
    client: &TracedSocket,
) -> Result<usize, Failure> {
    stage.explain(&Words::UdpSend {})?;
    let mut log = |call: &_| stage.call(call);
    let say = |log: &mut dyn FnMut(&_)| {
        let address = server.local(log)?;
        for message in MESSAGES {
            client.send_to(
                message.as_bytes(),
                address,
                &quoted(message.as_bytes()),
                log,
            )?;
        }
        Ok(())
    };
    let said = say(&mut log);
    said.map_err(|error| stage.failed(Operation::Send, error))?;
    stage.explain(&Words::UdpReceive {})?;
    let mut sender = any_port();
    for message in MESSAGES {
        let got = server.recv_from(2048, counted, &mut |call| stage.call(call));
        let (bytes, from) = got.map_err(|error| stage.failed(Operation::Receive, error))?;
        if bytes != message.as_bytes() {
            let received = &String::from_utf8_lossy(&bytes);
            return Err(stage.untrue(&Words::WrongOrder {
                sent: &message,
                received,
            }));
        }
        sender = from;
    }
    stage.explain(&Words::UdpAnswer {})?;
    let mut log = |call: &_| stage.call(call);
    let answer = |log: &mut dyn FnMut(&_)| {
        server.send_to(ANSWER, sender, &quoted(ANSWER), log)?;
        client.recv_from(2048, counted, log)
    };
    let answered = answer(&mut log);
    answered.map_err(|error| stage.failed(Operation::Receive, error))?;
    Ok(MESSAGES.len() + 1)
}

/// Sends to the server's port after it was closed. The refusal is the lesson, not a failure.
fn refused(server: TracedSocket, client: TracedSocket, log: Log<'_>) -> io::Result<()> {
    let address = server.local(log)?;
    server.close(log)?;
    client.connect(address, log)?;
    client.send(b"anybody?", log)?;
    let heard = client.recv(2048, log);
    client.close(log)?;
    match heard {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(io::ErrorKind::InvalidData.into()),
    }
}

const MESSAGES: [&str; 3] = ["first", "第二条", "third and last"];
const ANSWER: &[u8] = b"heard all three";
const PATIENCE: Duration = Duration::from_secs(5);
