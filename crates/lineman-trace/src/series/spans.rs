//! How long the spans are that goodput is told for.

/// A millisecond in nanoseconds: no span that is fitted is shorter.
const SHORTEST_NS: u64 = 1_000_000;
/// A log has fewer fitted spans than this.
const MOST: u64 = 50;

/// In which spans goodput is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Spans {
    /// As things happen, each span when it is over: so long, in nanoseconds.
    Fixed(u64),
    /// In the end, in spans that suit the time between the first packet and the last, which are these so far.
    Fitted(Option<(u64, u64)>),
}

impl Spans {
    /// A packet was seen.
    pub(super) fn see(&mut self, t_ns: u64) {
        if let Self::Fitted(times) = self {
            *times = Some((times.map_or(t_ns, |(first, _)| first), t_ns));
        }
    }

    /// How long a span is, in nanoseconds: where they are fitted, by what is known so far.
    pub(super) fn ns(self) -> u64 {
        match self {
            Self::Fixed(span_ns) => span_ns,
            Self::Fitted(_) => {
                let (unit_ns, factor) = self.fit();
                unit_ns.saturating_mul(factor)
            }
        }
    }

    /// Of what any span that this log can still be told in is a multiple, in nanoseconds.
    pub(super) fn unit_ns(self) -> u64 {
        match self {
            Self::Fixed(span_ns) => span_ns,
            Self::Fitted(_) => self.fit().0,
        }
    }

    /// The shortest span of a round length (1, 2 or 5 by a power of ten) of which a log of this length has few enough: the power, and the
    /// factor. As a log grows, each power is a multiple of the one before.
    fn fit(self) -> (u64, u64) {
        let times = match self {
            Self::Fitted(times) => times,
            Self::Fixed(_) => None,
        };
        let length_ns = times.map_or(0, |(first, last)| last.saturating_sub(first));
        let mut power = SHORTEST_NS;
        loop {
            let few = |factor: &u64| length_ns / power.saturating_mul(*factor) < MOST;
            if let Some(factor) = [1, 2, 5].into_iter().find(few) {
                return (power, factor);
            }
            power = power.saturating_mul(10);
        }
    }
}
