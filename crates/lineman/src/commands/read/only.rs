//! A capture of one conversation: the user need not choose, so its packets are kept while it is the only one.

use lineman_trace::capture::Captured;
use lineman_trace::capture::Conversations;
use lineman_trace::capture::Recorder;
use lineman_trace::capture::Sorted;
use lineman_trace::log::Event;

/// The most packets of a ladder that is shown without being asked for: more are not read through.
pub const SHORT: u64 = 500;

/// How many bytes are kept of an input that cannot be read again, with what is known of each packet.
const HELD: u64 = 64 << 20;
/// What is kept of a packet beside its bytes.
const BESIDE: u64 = 300;

/// How much of the only conversation is kept until it is known to be that.
#[derive(Clone, Copy, Debug)]
pub enum Keep {
    /// Nothing: the file is read again.
    Nothing,
    /// As many packets as are read through by a user who has not asked for a ladder.
    Short,
    /// What memory there is for what is written as it is read.
    Bounded,
    /// All of it, as the view does that it is for.
    All,
}

/// What was kept.
pub enum Kept {
    /// The log of the only conversation.
    Log(Vec<Event>),
    /// It is not the only one, or nothing was to be kept, or it is not short.
    Nothing,
    /// There was more than can be kept.
    TooLong,
}

/// The log of the only conversation.
pub struct Only {
    recorder: Recorder,
    kept: Kept,
    packets: u64,
    bytes: u64,
    keep: Keep,
}

impl Only {
    /// Nothing of it yet.
    pub fn new(keep: Keep) -> Self {
        Self {
            recorder: Recorder::new(),
            kept: match keep {
                Keep::Nothing => Kept::Nothing,
                _ => Kept::Log(Vec::new()),
            },
            packets: 0,
            bytes: 0,
            keep,
        }
    }

    /// Takes a packet that was sorted just now. False if nothing more is of use.
    pub fn take(&mut self, packet: &Captured<'_>, sorted: Sorted, all: &Conversations) -> bool {
        let Kept::Log(events) = &mut self.kept else {
            return true;
        };
        if all.totals().conversations > 1 {
            self.kept = Kept::Nothing;
            return true;
        }
        if sorted.conversation.is_none() {
            return true;
        }
        self.packets += 1;
        self.bytes += packet.bytes.len() as u64 + BESIDE;
        match self.keep {
            Keep::Short if self.packets > SHORT => {
                self.kept = Kept::Nothing;
                return true;
            }
            Keep::Bounded if self.bytes > HELD => {
                self.kept = Kept::TooLong;
                return false;
            }
            _ => {}
        }
        if events.is_empty() {
            events.push(self.recorder.start("", packet, all.current()));
        }
        events.push(self.recorder.packet(sorted.number, sorted.from, packet));
        true
    }

    /// What was kept.
    pub fn finish(mut self) -> Kept {
        match self.kept {
            Kept::Log(events) if events.is_empty() => Kept::Nothing,
            Kept::Log(mut events) => {
                events.push(self.recorder.end());
                Kept::Log(events)
            }
            kept => kept,
        }
    }
}
