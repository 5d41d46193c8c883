//! What can go wrong in a conversation, counted.

/// Something that went wrong, or may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trouble {
    /// A segment, or a packet of TFTP, that its sender has sent again.
    Retransmission,
    /// Of these, the ones that a timer had sent, as far as packets tell.
    TimeOut,
    /// The same IP packet once more, doubled by the network or by the capture.
    Duplicate,
    /// A segment that came behind later ones, and was not seen before.
    OutOfOrder,
    /// A place where a segment is missing before the one that was captured.
    Gap,
    /// An acknowledgment of the same once more, while bytes are under way.
    DuplicateAck,
    /// A segment that tells of a window of size zero.
    ZeroWindow,
    /// A RST.
    Reset,
    /// A wrong checksum.
    Damaged,
    /// An ICMP error about a packet of the conversation.
    IcmpError,
    /// A question without an answer: an echo request, an ARP request.
    Unanswered,
    /// A packet of TFTP from or to a port that has no part in the transfer.
    Stray,
    /// A header that contradicts itself.
    Malformed,
    /// A segment that acknowledges what was never captured.
    Unseen,
}

impl Trouble {
    /// All of them, the gravest first.
    pub const ALL: [Self; 14] = [
        Self::Reset,
        Self::IcmpError,
        Self::ZeroWindow,
        Self::Retransmission,
        Self::TimeOut,
        Self::Damaged,
        Self::Malformed,
        Self::Gap,
        Self::Unseen,
        Self::Stray,
        Self::Unanswered,
        Self::OutOfOrder,
        Self::Duplicate,
        Self::DuplicateAck,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Retransmission => "retransmissions",
            Self::TimeOut => "time_outs",
            Self::Duplicate => "duplicates",
            Self::OutOfOrder => "out_of_order",
            Self::Gap => "gaps",
            Self::DuplicateAck => "duplicate_acks",
            Self::ZeroWindow => "zero_windows",
            Self::Reset => "resets",
            Self::Damaged => "damaged",
            Self::IcmpError => "icmp_errors",
            Self::Unanswered => "unanswered",
            Self::Stray => "strays",
            Self::Malformed => "malformed",
            Self::Unseen => "unseen_acked",
        }
    }

    /// How much one weighs when conversations are put in order of trouble: what stops a conversation more
    /// than what delays it, that more than what may be usual.
    fn weight(self) -> u64 {
        match self {
            Self::Reset | Self::IcmpError => 100,
            Self::ZeroWindow | Self::TimeOut => 20,
            Self::Retransmission | Self::Damaged | Self::Malformed => 10,
            Self::Gap | Self::Unseen | Self::Stray | Self::Unanswered => 5,
            Self::OutOfOrder | Self::Duplicate => 2,
            Self::DuplicateAck => 1,
        }
    }
}

/// How often each trouble was met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Troubles([u32; Trouble::ALL.len()]);

impl Troubles {
    /// How often.
    pub fn count(&self, trouble: Trouble) -> u32 {
        self.0[trouble as usize]
    }

    /// Those that were met, the gravest first, each with how often.
    pub fn met(&self) -> impl Iterator<Item = (Trouble, u32)> {
        let all = Trouble::ALL.map(|trouble| (trouble, self.count(trouble)));
        all.into_iter().filter(|(_, count)| *count > 0)
    }

    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        self.0 == [0; Trouble::ALL.len()]
    }

    /// All of them, weighed.
    pub fn weight(&self) -> u64 {
        let weighed = self.met().map(|(it, count)| it.weight() * u64::from(count));
        weighed.sum()
    }

    pub(super) fn add(&mut self, trouble: Trouble) {
        self.add_many(trouble, 1);
    }

    pub(super) fn add_many(&mut self, trouble: Trouble, more: u32) {
        let count = &mut self.0[trouble as usize];
        *count = count.saturating_add(more);
    }

    pub(super) fn take_back(&mut self, trouble: Trouble) {
        let count = &mut self.0[trouble as usize];
        *count = count.saturating_sub(1);
    }

    pub(super) fn join(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count = count.saturating_add(more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_is_counted_apart() {
        for one in Trouble::ALL {
            let mut troubles = Troubles::default();
            troubles.add(one);
            assert_eq!(troubles.met().collect::<Vec<_>>(), [(one, 1)]);
            assert_eq!(troubles.weight(), one.weight());
        }
        let names: std::collections::BTreeSet<_> = Trouble::ALL.map(Trouble::name).into();
        assert_eq!(names.len(), Trouble::ALL.len());
    }
}
