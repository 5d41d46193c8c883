//! What ACKs mean while blocks are sent ahead of them.

use std::time::Instant;

use super::Sender;
use super::pipeline::Pipeline;
use crate::tftp::Event;

impl Sender {
    /// Whether blocks may be sent ahead of the ACKs of the blocks before them.
    pub(super) fn is_pipelined(&self) -> bool {
        self.pipeline.is_some()
    }

    pub(super) fn handle_pipelined_ack(&mut self, now: Instant, block: u64) {
        if block >= self.base {
            self.slide(now, block);
        } else if block + 1 == self.base {
            self.handle_pipelined_repeat(now);
        } else {
            // An ACK that others have overtaken, or that answers a block which came twice.
            self.stop_pipelining();
        }
    }

    /// Everything up to `block` has arrived; the blocks ahead of it are still on their way.
    fn slide(&mut self, now: Instant, block: u64) {
        let more = self.next > block + 1;
        let Some(pipeline) = &mut self.pipeline else {
            return;
        };
        let round_trip = pipeline.round_trip(now, block);
        let thrown_away = pipeline.acknowledge(self.base, block, more);
        self.heard(now);
        if let Some(round_trip) = round_trip {
            self.rto.sample(round_trip);
        }
        self.base = block + 1;
        self.next = if thrown_away {
            self.base
        } else {
            self.next.max(self.base)
        };
        self.probes = 0;
        self.events.push_back(Event::Acknowledged(block));
        if self.last.is_some_and(|last| block >= last) {
            self.deadline = None;
            self.events.push_back(Event::Finished { confirmed: true });
        } else {
            self.send_ahead(now);
        }
    }

    /// An ACK of the block before the flight: the flight's first block is lost and a later one has
    /// arrived, or it is a mere duplicate. One block answers it, once; with no block ahead nothing
    /// does (RFC 1123 §4.2.3.1).
    fn handle_pipelined_repeat(&mut self, now: Instant) {
        let early = self.base + 1;
        let Some(pipeline) = &mut self.pipeline else {
            return;
        };
        let could_answer = pipeline
            .round_trip(now, early)
            .is_some_and(|since| since >= self.rto.fastest() / 2);
        if self.next > early && could_answer && !pipeline.is_asking() {
            self.stats.gaps += 1;
            pipeline.ask(self.base);
            self.push_run(self.base, self.base + 1);
            self.sent(now);
        }
    }

    /// Time has run out with blocks ahead: whether they are thrown away or all is lost, one at a
    /// time is enough now. Alone, a block that is lost says nothing.
    pub(super) fn pipeline_timed_out(&mut self) {
        if self.next - self.base > 1 {
            self.stop_pipelining();
        }
    }

    fn stop_pipelining(&mut self) {
        if let Some(pipeline) = &mut self.pipeline {
            pipeline.retire();
        }
    }

    /// Sends new blocks, as many as may be ahead.
    pub(super) fn send_ahead(&mut self, now: Instant) {
        let depth = self.pipeline.as_deref().map_or(1, Pipeline::depth);
        let end = self.end_of_window(depth);
        if end > self.next {
            if let Some(pipeline) = &mut self.pipeline {
                pipeline.note_sent(now, self.next..end, self.high);
            }
            let first = std::mem::replace(&mut self.next, end);
            self.push_run(first, end);
        }
        self.sent(now);
    }
}
