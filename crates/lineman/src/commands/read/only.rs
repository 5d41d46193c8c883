//! A capture of one conversation: nobody has to choose, so its packets are kept while it is the only one.

use lineman_trace::capture::Captured;
use lineman_trace::capture::Conversations;
use lineman_trace::capture::Recorder;
use lineman_trace::capture::Sorted;
use lineman_trace::log::Event;

/// Of how many packets a ladder is shown that nobody has asked for: more is no reading.
pub const SHORT: usize = 500;

/// The log of the only conversation.
pub struct Only {
    recorder: Recorder,
    /// `None` when it is not the only one, or too long.
    events: Option<Vec<Event>>,
    most: usize,
}

impl Only {
    /// Of at most as many packets as anybody reads, unless it was asked for.
    pub fn new(asked: bool) -> Self {
        Self {
            recorder: Recorder::new(),
            events: Some(Vec::new()),
            most: if asked { usize::MAX } else { SHORT },
        }
    }

    /// Takes a packet that was sorted just now.
    pub fn take(&mut self, packet: &Captured<'_>, sorted: Sorted, all: &Conversations) {
        let Some(events) = &mut self.events else {
            return;
        };
        if all.totals().conversations > 1 || events.len() > self.most {
            self.events = None;
            return;
        }
        if sorted.conversation.is_none() {
            return;
        }
        if events.is_empty() {
            events.push(self.recorder.start("", packet, all.current()));
        }
        events.push(self.recorder.packet(sorted.number, sorted.from, packet));
    }

    /// The whole log, if there is one.
    pub fn finish(mut self) -> Option<Vec<Event>> {
        let mut events = self.events.take().filter(|events| !events.is_empty())?;
        events.push(self.recorder.end());
        Some(events)
    }
}
