//! Clients that take one block at a time: GRUB, iPXE, lwIP, PXELINUX, curl, npm `tftp`.

use std::collections::BTreeMap;
use std::time::Duration;

use lineman_proto::tftp::Options;

use super::Program;
use super::Say;
use super::read_request;
use super::unwrapped;

/// How they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lockstep {
    /// Old blocks are acknowledged with their own number, but for 65535; early ones are dropped. It has no
    /// timer, and closes with ERROR 0 in place of its last ACK now and then.
    Grub,
    /// Keeps early blocks and acknowledges what is there in order, for each block that comes.
    Ipxe,
    /// Acknowledges the previous block again, and nothing else.
    Lwip,
    /// Acknowledges what it has for whatever else comes; its own timer says nothing.
    Pxelinux,
    /// Acknowledges the last block again; repeats its ACK after six seconds.
    Curl,
    /// npm `tftp`: takes an old block for the next one.
    Npm,
}

/// A client that acknowledges each block.
pub struct OneByOne {
    kind: Lockstep,
    blksize: u16,
    agreed: usize,
    expected: u64,
    early: BTreeMap<u64, Vec<u8>>,
    is_open: bool,
    tries: u32,
}

impl Lockstep {
    pub const ALL: [Self; 6] = [
        Self::Grub,
        Self::Ipxe,
        Self::Lwip,
        Self::Pxelinux,
        Self::Curl,
        Self::Npm,
    ];

    pub fn asking(self, blksize: u16) -> OneByOne {
        OneByOne {
            kind: self,
            blksize,
            agreed: 512,
            expected: 1,
            early: BTreeMap::new(),
            is_open: false,
            tries: 0,
        }
    }

    /// How long until it repeats its ACK, or gives up where it never does.
    fn timeout(self) -> Duration {
        match self {
            Self::Grub => Duration::from_secs(30),
            Self::Pxelinux => Duration::from_secs(120),
            Self::Ipxe => Duration::from_millis(500),
            Self::Lwip => Duration::from_secs(10),
            Self::Curl => Duration::from_secs(6),
            Self::Npm => Duration::from_secs(3),
        }
    }

    fn most_tries(self) -> u32 {
        match self {
            Self::Grub | Self::Pxelinux => 0,
            Self::Ipxe => 7, // each twice as long
            Self::Lwip | Self::Curl | Self::Npm => 5,
        }
    }
}

impl OneByOne {
    fn wait(&self, say: &mut Say) {
        let doublings = if self.kind == Lockstep::Ipxe {
            self.tries
        } else {
            0
        };
        say.wait(self.kind.timeout() * (1 << doublings));
    }

    /// Takes the block and those behind it that are here already. Gives whether the file is complete.
    fn accept(&mut self, payload: &[u8], say: &mut Say) -> bool {
        let mut payload = payload.to_vec();
        loop {
            say.received.extend_from_slice(&payload);
            self.expected += 1;
            if payload.len() < self.agreed {
                return true;
            }
            match self.early.remove(&self.expected) {
                Some(next) => payload = next,
                None => return false,
            }
        }
    }

    fn out_of_order(&mut self, block: u64, payload: &[u8], say: &mut Say) {
        let last = self.expected - 1;
        match self.kind {
            Lockstep::Grub if block < self.expected && block % 65536 != 65535 => say.ack(block),
            Lockstep::Pxelinux => say.ack(last),
            Lockstep::Lwip | Lockstep::Curl if block == last => say.ack(block),
            Lockstep::Ipxe => {
                if block > self.expected {
                    self.early.insert(block, payload.to_vec());
                }
                say.ack(last);
            }
            Lockstep::Grub | Lockstep::Lwip | Lockstep::Curl | Lockstep::Npm => {}
        }
    }
}

impl Program for OneByOne {
    fn request(&self) -> Vec<u8> {
        let blksize = ("blksize", u64::from(self.blksize));
        match self.kind {
            Lockstep::Grub | Lockstep::Ipxe => read_request(&[blksize, ("tsize", 0)]),
            Lockstep::Lwip | Lockstep::Pxelinux => read_request(&[("tsize", 0), blksize]),
            Lockstep::Curl => read_request(&[("tsize", 0), blksize, ("timeout", 6)]),
            Lockstep::Npm => read_request(&[blksize, ("rollover", 0)]),
        }
    }

    fn oack(&mut self, options: Options<'_>, say: &mut Say) {
        if self.expected == 1 {
            self.agreed = options.number("blksize").unwrap_or(512) as usize;
            self.is_open = true;
            self.wait(say);
            say.ack(0);
        }
    }

    fn data(&mut self, wire: u16, payload: &[u8], say: &mut Say) {
        self.is_open = true;
        let block = unwrapped(wire, self.expected);
        let is_next = block == self.expected || self.kind == Lockstep::Npm && block < self.expected;
        if !is_next {
            return self.out_of_order(block, payload, say);
        }
        self.tries = 0;
        self.wait(say);
        let is_complete = self.accept(payload, say);
        let closes = is_complete && self.kind == Lockstep::Grub && payload.len() % 2 == 1;
        if closes {
            say.packet(b"\0\x05\0\0closed\0".to_vec());
        } else {
            say.ack(self.expected - 1);
        }
        if is_complete {
            say.finish();
        }
    }

    fn timer(&mut self, say: &mut Say) {
        self.tries += 1;
        if !self.is_open && self.tries < 10 {
            say.wait(Duration::from_secs(2));
            return say.packet(self.request());
        }
        if self.tries > self.kind.most_tries() {
            return say.give_up(self.expected);
        }
        self.wait(say);
        say.ack(self.expected - 1);
    }
}
