//! TFTP by hand: packets through a plain socket, for what no decent peer does.
#![allow(dead_code, reason = "each test module uses its part")]

use std::net::SocketAddr;
use std::net::UdpSocket;
use std::time::Duration;

use crate::tftp_kit::LIMIT;

/// A socket that speaks packets.
pub struct Raw(pub UdpSocket);

impl Raw {
    pub fn new() -> Self {
        Self::at("127.0.0.1:0")
    }

    pub fn at(address: &str) -> Self {
        let socket = UdpSocket::bind(address).expect("bind");
        socket.set_read_timeout(Some(LIMIT)).expect("limit");
        Self(socket)
    }

    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("address")
    }

    pub fn send(&self, to: SocketAddr, packet: &[u8]) {
        self.0.send_to(packet, to).expect("send");
    }

    pub fn receive(&self) -> (Vec<u8>, SocketAddr) {
        let mut buffer = vec![0; 65536];
        let (length, from) = self.0.recv_from(&mut buffer).expect("an answer");
        buffer.truncate(length);
        (buffer, from)
    }

    /// Sends, and gives the answer.
    pub fn ask(&self, to: SocketAddr, packet: &[u8]) -> (Vec<u8>, SocketAddr) {
        self.send(to, packet);
        self.receive()
    }

    /// What comes within a moment, if anything does.
    pub fn within(&self, moment: Duration) -> Option<Vec<u8>> {
        self.0.set_read_timeout(Some(moment)).expect("limit");
        let mut buffer = vec![0; 65536];
        let received = self.0.recv(&mut buffer).ok();
        self.0.set_read_timeout(Some(LIMIT)).expect("limit");
        received.map(|length| buffer[..length].to_vec())
    }

    /// Acknowledges blocks until the last; gives the file. `first` is DATA 1.
    pub fn rest(&self, first: (Vec<u8>, SocketAddr), blksize: usize) -> Vec<u8> {
        let (mut packet, server) = first;
        let mut file = Vec::new();
        let mut expected = 1_u16;
        loop {
            assert_eq!(packet[..2], [0, 3], "{packet:?}");
            if packet[2..4] == expected.to_be_bytes() {
                file.extend_from_slice(&packet[4..]);
                self.send(server, &ack(expected));
                if packet.len() < blksize + 4 {
                    return file;
                }
                expected = expected.wrapping_add(1);
            }
            packet = self.receive().0;
        }
    }

    /// Reads a file without options.
    pub fn read(&self, server: SocketAddr, name: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
        let first = self.ask(server, &rrq(name, &[]));
        match first.0[..2] {
            [0, 3] => Ok(self.rest(first, 512)),
            _ => Err(first.0),
        }
    }
}

pub fn rrq(name: &[u8], options: &[(&str, &str)]) -> Vec<u8> {
    request(1, name, "octet", options)
}

pub fn wrq(name: &[u8], options: &[(&str, &str)]) -> Vec<u8> {
    request(2, name, "octet", options)
}

pub fn request(opcode: u8, name: &[u8], mode: &str, options: &[(&str, &str)]) -> Vec<u8> {
    let mut packet = vec![0, opcode];
    packet.extend_from_slice(name);
    packet.push(0);
    packet.extend_from_slice(mode.as_bytes());
    packet.push(0);
    packet.extend(fields(options));
    packet
}

pub fn oack(options: &[(&str, &str)]) -> Vec<u8> {
    [&[0, 6][..], &fields(options)].concat()
}

pub fn data(block: u16, bytes: &[u8]) -> Vec<u8> {
    [&[0, 3][..], &block.to_be_bytes(), bytes].concat()
}

pub fn ack(block: u16) -> Vec<u8> {
    [&[0, 4][..], &block.to_be_bytes()].concat()
}

pub fn error(code: u8, message: &str) -> Vec<u8> {
    [&[0, 5, 0, code][..], message.as_bytes(), &[0]].concat()
}

fn fields(options: &[(&str, &str)]) -> Vec<u8> {
    let field = |(name, value): &(&str, &str)| format!("{name}\0{value}\0").into_bytes();
    options.iter().flat_map(field).collect()
}

/// Asserts that a packet is an ERROR of this code.
#[track_caller]
pub fn assert_error(packet: &[u8], code: u8) {
    let shown = String::from_utf8_lossy(packet);
    assert!(packet.starts_with(&[0, 5, 0, code]), "{shown:?}");
}
