//! TFTP beyond port 69: a transfer lives between two ports that only its request tells of.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::Frame;
use super::read::TFTP_PORT;
use crate::tftp::Packet;

/// How many clients are remembered; the oldest is forgotten first.
const MEMORY: usize = 256;

/// Remembers who asked for a transfer (RFC 1350 §4: the asker's port is its TID, and the answer
/// comes from a TID that the server chooses), and so recognises the packets that follow.
#[derive(Clone, Debug, Default)]
pub struct Conversations {
    clients: VecDeque<SocketAddr>,
}

impl Conversations {
    /// Knowing nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a frame's UDP payload as TFTP if one of its ends has asked for a transfer. Show it
    /// every frame in order.
    pub fn follow<'a>(&mut self, frame: Frame<'a>) -> Frame<'a> {
        let Some((from, to)) = frame.endpoints().filter(|_| frame.udp().is_some()) else {
            return frame;
        };
        if let Some(Packet::Request(_)) = frame.tftp()
            && to.port() == TFTP_PORT
        {
            self.remember(from);
            return frame;
        }
        let known = self
            .clients
            .iter()
            .any(|client| *client == from || *client == to);
        if known { frame.as_tftp() } else { frame }
    }

    /// A client whose requests go to another port than 69, where that is known otherwise.
    pub fn remember(&mut self, client: SocketAddr) {
        if self.clients.contains(&client) {
            return;
        }
        if self.clients.len() == MEMORY {
            self.clients.pop_front();
        }
        self.clients.push_back(client);
    }
}
