//! A relay that loses packets, for TFTP clients that cannot lose them themselves: for `./bench`.
//!
//! `lossy_relay LISTEN SERVER PERCENT SEED`: to its clients it is the server, on one port; to the
//! server each client is a port of its own, and the server's new port for a transfer (its TID) is
//! followed. Packets are lost in both directions, each client's by dice of its own.
#![allow(missing_docs, reason = "a program")]

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::net::SocketAddr;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

use lineman_net::tftp::load::Dice;
use lineman_net::tftp::load::Loss;

/// One client's way to the server.
struct Way {
    socket: UdpSocket,
    /// Where its packets go: the server's port for requests, then that of the transfer.
    to: Mutex<SocketAddr>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [listen, server, percent, seed] = &args[..] else {
        return Err("usage: lossy_relay LISTEN SERVER PERCENT SEED".into());
    };
    let server: SocketAddr = server.parse()?;
    let loss = Loss {
        percent: percent.parse()?,
        seed: seed.parse()?,
    };
    let front = Arc::new(UdpSocket::bind(listen)?);
    let mut ways: HashMap<SocketAddr, (Arc<Way>, Dice)> = HashMap::new();
    let mut buffer = vec![0; 65536];
    loop {
        let (len, client) = front.recv_from(&mut buffer)?;
        let number = ways.len() as u64;
        let (way, dice) = match ways.entry(client) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let way = open(server, &front, client, loss.dice(number, 1))?;
                new.insert((way, loss.dice(number, 0)))
            }
        };
        let mut to = way.to.lock().unwrap_or_else(PoisonError::into_inner);
        if is_request(&buffer[..len]) {
            *to = server;
        }
        if !dice.lost() {
            way.socket.send_to(&buffer[..len], *to)?;
        }
    }
}

/// RRQ or WRQ.
fn is_request(packet: &[u8]) -> bool {
    matches!(packet, [0, 1 | 2, ..])
}

/// A way for `client`, and a thread that brings back what the server sends.
fn open(
    server: SocketAddr,
    front: &Arc<UdpSocket>,
    client: SocketAddr,
    mut dice: Dice,
) -> io::Result<Arc<Way>> {
    let any = SocketAddr::new(server.ip(), 0);
    let any = match any.ip().is_loopback() {
        true => any,
        false if server.is_ipv4() => SocketAddr::from(([0, 0, 0, 0], 0)),
        false => SocketAddr::from(([0; 16], 0)),
    };
    let way = Arc::new(Way {
        socket: UdpSocket::bind(any)?,
        to: Mutex::new(server),
    });
    let (back, front) = (way.clone(), front.clone());
    thread::spawn(move || {
        let mut buffer = vec![0; 65536];
        while let Ok((len, from)) = back.socket.recv_from(&mut buffer) {
            *back.to.lock().unwrap_or_else(PoisonError::into_inner) = from;
            if !dice.lost() {
                let _ = front.send_to(&buffer[..len], client);
            }
        }
    });
    Ok(way)
}
