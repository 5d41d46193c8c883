//! The file's side of a transfer.

use super::Desk;
use super::Stall;
use super::Transfer;
use super::Waited;
use crate::tftp::Ending;
use crate::tftp::Refusal;
use crate::tftp::Sink;
use crate::tftp::Source;

/// Where blocks come from, or go.
#[derive(Debug)]
pub(in crate::tftp) enum Body {
    /// Blocks are read from here.
    Send(Source),
    /// Blocks go here; taken when they are made permanent.
    Receive(Option<Sink>),
}

impl Transfer {
    pub(super) fn deliver(&mut self, block: &[u8]) {
        self.bytes += block.len() as u64;
        if let Body::Receive(Some(sink)) = &mut self.body
            && let Err(refusal) = sink.write(block)
        {
            self.refuse(refusal);
        }
    }

    /// Makes the file permanent, off the loop.
    pub(super) fn store(&mut self, desk: &Desk) {
        let Body::Receive(sink) = &mut self.body else {
            return;
        };
        let (Some(sink), Some(line)) = (sink.take(), self.line.clone()) else {
            return;
        };
        self.stall = Some(Stall::Disk);
        desk.run_off_the_loop(line, move || Waited::Stored(sink.commit()));
    }

    pub(super) fn acknowledged(&mut self, block: u64) {
        let offset = block * u64::from(self.agreed.blksize);
        if let Body::Send(source) = &mut self.body {
            source.release(offset);
            self.bytes = source.length().map_or(offset, |length| offset.min(length));
        }
    }

    pub(super) fn refuse(&mut self, refusal: Refusal) {
        if let Body::Receive(sink) = &mut self.body {
            *sink = None; // an incomplete file is removed at once
        }
        self.session.abort(refusal.code(), refusal.words());
        self.end(Ending::Refused(refusal));
    }
}
