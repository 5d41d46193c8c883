//! Clients that ask for windows: U-Boot, EDK2, atftp, ptftp.

use std::time::Duration;

use lineman_proto::tftp::Options;

use super::Program;
use super::Say;
use super::read_request;
use super::unwrapped;

/// How they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Windows {
    /// 2023.01: one ACK for each gap, and none for blocks beyond 32767, which a signed comparison takes for old.
    UBoot,
    /// Mtftp4: an ACK for each block out of order, and each ACK begins a new window.
    Edk2,
    /// One ACK for each gap or repetition, then silence until something new comes or its timer does.
    Atftp,
    /// `ptftpd` on PyPI: a block that is not the next one is an error.
    Ptftp,
}

/// A client that counts blocks before it acknowledges.
pub struct Windowed {
    kind: Windows,
    blksize: u16,
    windowsize: u16,
    /// What the server has agreed to.
    agreed: (usize, u64),
    expected: u64,
    /// The block whose arrival is acknowledged.
    next_ack: u64,
    /// The last block in order when a block out of order was answered last.
    answered: Option<u64>,
    /// The server has been heard.
    is_open: bool,
    tries: u32,
}

impl Windows {
    pub const ALL: [Self; 4] = [Self::UBoot, Self::Edk2, Self::Atftp, Self::Ptftp];

    pub fn asking(self, blksize: u16, windowsize: u16) -> Windowed {
        Windowed {
            kind: self,
            blksize,
            windowsize,
            agreed: (512, 1),
            expected: 1,
            next_ack: 1,
            answered: None,
            is_open: false,
            tries: 0,
        }
    }

    fn timeout(self) -> Duration {
        match self {
            Self::UBoot | Self::Atftp | Self::Ptftp => Duration::from_secs(5),
            Self::Edk2 => Duration::from_secs(4),
        }
    }

    fn most_tries(self) -> u32 {
        match self {
            Self::UBoot => 10,
            Self::Edk2 | Self::Atftp | Self::Ptftp => 5,
        }
    }
}

impl Windowed {
    fn window(&self) -> u64 {
        self.agreed.1
    }

    fn accept(&mut self, payload: &[u8], say: &mut Say) {
        say.received.extend_from_slice(payload);
        let block = self.expected;
        self.expected += 1;
        self.tries = 0;
        say.wait(self.kind.timeout());
        let is_last = payload.len() < self.agreed.0;
        if is_last || block >= self.next_ack {
            say.ack(block);
            self.next_ack = block + self.window();
        }
        if is_last {
            say.finish();
        }
    }

    fn refuse(&mut self, block: u64, say: &mut Say) {
        let last = self.expected - 1;
        match self.kind {
            Windows::UBoot | Windows::Atftp if self.answered == Some(last) => {}
            Windows::UBoot if last % 65536 > 32767 => {}
            Windows::UBoot | Windows::Atftp | Windows::Edk2 => {
                self.answered = Some(last);
                say.ack(last);
                self.next_ack = last + self.window();
            }
            Windows::Ptftp => say.die(block),
        }
    }
}

impl Program for Windowed {
    fn request(&self) -> Vec<u8> {
        let (blksize, windowsize) = (self.blksize.into(), self.windowsize.into());
        match self.kind {
            Windows::UBoot => read_request(&[
                ("timeout", 5),
                ("blksize", blksize),
                ("windowsize", windowsize),
            ]),
            Windows::Edk2 => read_request(&[
                ("tsize", 0),
                ("blksize", blksize),
                ("windowsize", windowsize),
            ]),
            Windows::Atftp | Windows::Ptftp => {
                read_request(&[("blksize", blksize), ("windowsize", windowsize)])
            }
        }
    }

    fn oack(&mut self, options: Options<'_>, say: &mut Say) {
        if self.expected > 1 {
            return;
        }
        let number = |name| options.number(name);
        self.agreed = (
            number("blksize").unwrap_or(512) as usize,
            number("windowsize").unwrap_or(1),
        );
        self.next_ack = self.window();
        self.is_open = true;
        say.wait(self.kind.timeout());
        say.ack(0);
    }

    fn data(&mut self, wire: u16, payload: &[u8], say: &mut Say) {
        self.is_open = true;
        match unwrapped(wire, self.expected) {
            block if block == self.expected => self.accept(payload, say),
            block => self.refuse(block, say),
        }
    }

    fn timer(&mut self, say: &mut Say) {
        self.tries += 1;
        if self.tries > self.kind.most_tries() {
            return say.give_up(self.expected);
        }
        say.wait(self.kind.timeout());
        if !self.is_open {
            return say.packet(self.request());
        }
        say.ack(self.expected - 1);
        if self.kind == Windows::Edk2 {
            self.next_ack = self.expected - 1 + self.window();
        }
        if self.kind == Windows::Atftp {
            self.answered = None;
        }
    }
}
