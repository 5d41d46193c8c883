//! The file's side of a transfer.

use super::Scratch;
use super::Stall;
use super::Transfer;
use super::Waited;
use crate::tftp::Ending;
use crate::tftp::Refusal;
use crate::tftp::Sink;
use crate::tftp::Source;
use crate::tftp::sink::Written;

/// Where blocks come from, or go.
#[derive(Debug)]
pub(in crate::tftp) enum Body {
    /// Blocks are read from here.
    Send(Source),
    /// Blocks go here; taken when they are made permanent.
    Receive(Option<Sink>),
}

impl Body {
    /// Whether a piece is being written.
    pub(super) fn is_writing(&self) -> bool {
        matches!(self, Self::Receive(Some(sink)) if sink.is_writing())
    }

    /// Whether nothing more should be heard for the moment.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Receive(Some(sink)) if sink.is_busy())
    }

    /// Whether it takes no more blocks for the moment.
    pub(super) fn is_full(&self) -> bool {
        matches!(self, Self::Receive(Some(sink)) if sink.is_full())
    }
}

impl Transfer {
    pub(super) fn deliver(&mut self, block: &[u8], scratch: &Scratch) {
        self.bytes += block.len() as u64;
        let Body::Receive(Some(sink)) = &mut self.body else {
            return;
        };
        match sink.take(block) {
            Ok(()) => self.write_behind(scratch),
            Err(refusal) => self.refuse(refusal),
        }
    }

    fn write_behind(&mut self, scratch: &Scratch) {
        let (Body::Receive(Some(sink)), Some(handle)) = (&mut self.body, &self.handle) else {
            return;
        };
        if let Some(work) = sink.write_behind() {
            scratch.run_off_the_loop(handle.clone(), self.lane, move || Waited::Written(work()));
        }
    }

    /// A piece has been written, or why not.
    pub(super) fn handle_written(&mut self, written: Result<Written, Refusal>, scratch: &Scratch) {
        let Body::Receive(Some(sink)) = &mut self.body else {
            return; // it has been ended meanwhile
        };
        match written {
            Err(refusal) => {
                self.stall = None;
                self.refuse(refusal);
            }
            Ok(written) => {
                sink.give_back(written);
                if self.stall == Some(Stall::Disk) {
                    self.store(scratch);
                } else {
                    self.write_behind(scratch);
                }
            }
        }
    }

    /// Makes the file permanent, off the loop, once everything is written.
    pub(super) fn store(&mut self, scratch: &Scratch) {
        let (Body::Receive(body), Some(handle)) = (&mut self.body, &self.handle) else {
            return;
        };
        self.stall = Some(Stall::Disk);
        if let Some(sink) = body.take_if(|sink| !sink.is_writing()) {
            scratch.run_off_the_loop(handle.clone(), self.lane, move || {
                Waited::Stored(sink.commit())
            });
        }
    }

    pub(super) fn acknowledged(&mut self, block: u64) {
        let offset = block * u64::from(self.agreed.blksize);
        if let Body::Send(source) = &mut self.body {
            source.release(offset);
            // The last block is not as long as the others.
            let length = source.length().or(self.length);
            self.bytes = length.map_or(offset, |length| offset.min(length));
        }
    }

    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.session.abort(refusal.code(), refusal.words());
        self.end(Ending::Refused(refusal));
    }
}
