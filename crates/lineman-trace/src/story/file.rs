//! TFTP transfers, as the wire shows them: which block ends the file, and what was sent before.

use std::collections::HashMap;
use std::net::SocketAddr;

use lineman_proto::tftp::DEFAULT_BLKSIZE;

use super::Again;
use super::Seen;
use super::Tftp;
use super::What;

/// What a TFTP packet is in its transfer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileStep {
    /// Whether the file goes from the client to the server.
    pub upload: bool,
    /// The server's TID, if this packet comes from or goes to another port of its: it has no part in
    /// the transfer.
    pub stray: Option<u16>,
    /// The server's port, if this packet is the first from it: its TID.
    pub new_tid: Option<u16>,
    /// Whether it is the last block, or its ACK.
    pub last: bool,
    /// The size of a block.
    pub blksize: u64,
    /// How many blocks may be under way without an ACK.
    pub window: u64,
    /// How many bytes of the file have been sent with this packet.
    pub bytes: u64,
}

/// All transfers.
#[derive(Debug, Default)]
pub(super) struct Files {
    by_client: HashMap<SocketAddr, File>,
}

#[derive(Debug, Default)]
struct File {
    step: FileStep,
    tid: Option<u16>,
    last_block: Option<u16>,
    highest: u64,
    sent: HashMap<(bool, Tftp), Sent>,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    id: u64,
    at_ns: u64,
    times: u32,
}

impl Files {
    /// A TFTP packet is sent.
    pub(super) fn sent(
        &mut self,
        id: u64,
        now: u64,
        seen: &Seen,
    ) -> Option<(FileStep, Option<Again>)> {
        let (from, to) = (seen.from?, seen.to?);
        let What::Udp(datagram) = &seen.what else {
            return None;
        };
        let packet = datagram.tftp.as_ref()?;
        if let Tftp::Request(ask) = packet {
            let fresh = || File::new(ask.write);
            let file = self.by_client.entry(from).or_insert_with(fresh);
            return Some((file.step, file.again(id, now, true, packet)));
        }
        let by_client = self.by_client.contains_key(&from);
        let (client, server) = if by_client { (from, to) } else { (to, from) };
        let file = self.by_client.get_mut(&client)?;
        let step = file.next(packet, by_client, server.port());
        let again = match step.stray {
            None => file.again(id, now, by_client, packet),
            Some(_) => None,
        };
        Some((step, again))
    }
}

impl File {
    fn new(upload: bool) -> Self {
        let step = FileStep {
            upload,
            blksize: DEFAULT_BLKSIZE.into(),
            window: 1,
            ..FileStep::default()
        };
        Self {
            step,
            ..Self::default()
        }
    }

    fn next(&mut self, packet: &Tftp, by_client: bool, server: u16) -> FileStep {
        let mut step = self.step;
        if !by_client && self.tid.is_none() {
            self.tid = Some(server);
            step.new_tid = Some(server);
        }
        step.stray = self.tid.filter(|tid| *tid != server);
        if step.stray.is_some() {
            return step;
        }
        match packet {
            Tftp::Oack(options) => {
                self.agree(options);
                (step.blksize, step.window) = (self.step.blksize, self.step.window);
            }
            Tftp::Data { block, len } => {
                step.last = (*len as u64) < step.blksize;
                self.data(*block, *len as u64, step.last);
                step.bytes = self.step.bytes;
            }
            Tftp::Ack { block } => step.last = self.last_block == Some(*block),
            Tftp::Request(_) | Tftp::Error { .. } => {}
        }
        step
    }

    fn agree(&mut self, options: &[(String, String)]) {
        for (name, value) in options {
            let Ok(number) = value.parse() else { continue };
            match name.to_ascii_lowercase().as_str() {
                "blksize" => self.step.blksize = number,
                "windowsize" => self.step.window = number,
                _ => {}
            }
        }
    }

    /// Counts the bytes of blocks that were not sent before.
    fn data(&mut self, block: u16, len: u64, last: bool) {
        if block == (self.highest as u16).wrapping_add(1) {
            self.highest += 1;
            self.step.bytes += len;
        }
        if last {
            self.last_block = Some(block);
        }
    }

    fn again(&mut self, id: u64, now: u64, by_client: bool, packet: &Tftp) -> Option<Again> {
        let key = (by_client, packet.clone());
        let before = self.sent.get(&key).copied();
        let times = before.map_or(0, |before| before.times + 1);
        if self.sent.len() >= MEMORY {
            self.sent.clear(); // only repeats of what is older are no longer known
        }
        self.sent.insert(
            key,
            Sent {
                id,
                at_ns: now,
                times,
            },
        );
        let before = before?;
        Some(Again {
            times,
            wait_ns: now.saturating_sub(before.at_ns),
            earlier: before.id,
            earlier_lost: None,
            fast: false,
            answer: self.was_asked(by_client, packet, before.at_ns),
        })
    }

    /// Whether an ACK that comes again answers a block that has come again since.
    fn was_asked(&self, by_client: bool, packet: &Tftp, since_ns: u64) -> bool {
        let Tftp::Ack { block: acked } = packet else {
            return false;
        };
        self.sent.iter().any(|((whose, packet), sent)| {
            let block = matches!(packet, Tftp::Data { block, .. } if block == acked);
            *whose != by_client && block && sent.times > 0 && sent.at_ns > since_ns
        })
    }
}

/// How many packets of a transfer are remembered.
const MEMORY: usize = 4096;
