//! How fast bytes arrive in order, in spans of equal length.

use super::spans::Spans;

/// What has arrived of one direction.
#[derive(Debug, Default)]
pub(super) struct Goodput {
    /// Behind the last byte that has arrived in order; `None` before the first was sent.
    arrived: Option<i64>,
    /// The span of the last arrival, and the bytes in it.
    span: Option<(u64, u64)>,
    kept: Kept,
}

/// What is told in the end.
#[derive(Debug, Default)]
struct Kept {
    /// How long the units are, in nanoseconds.
    unit_ns: u64,
    /// The bytes of each unit in which any have arrived, by its number.
    bytes: Vec<(u64, u64)>,
}

/// A rate in bytes a second, with the time from which on it holds.
type Rate = (u64, u64);

impl Goodput {
    /// Its first byte has this number, unless an earlier one was seen.
    pub(super) fn begins_at(&mut self, number: i64) {
        self.arrived.get_or_insert(number);
    }

    /// All before this number has arrived. Gives the rate of the span before, if that is over: and that nothing came after it, if there
    /// was time for that.
    pub(super) fn arrived(&mut self, t_ns: u64, to: i64, spans: Spans) -> Vec<Rate> {
        let Some(arrived) = self.arrived.as_mut().filter(|arrived| to > **arrived) else {
            return Vec::new();
        };
        let bytes = u64::try_from(to - std::mem::replace(arrived, to)).unwrap_or(0);
        match spans {
            Spans::Fixed(span_ns) => self.adds(t_ns, bytes, span_ns),
            Spans::Fitted(_) => {
                self.kept.adds(t_ns, bytes, spans.unit_ns());
                Vec::new()
            }
        }
    }

    /// All rates of what was kept, in spans of this length, which is a multiple of the units.
    pub(super) fn fits(&mut self, span_ns: u64) -> Vec<Rate> {
        let Kept { unit_ns, bytes } = std::mem::take(&mut self.kept);
        let mut told = Vec::new();
        for (unit, bytes) in bytes {
            told.extend(self.adds(unit.saturating_mul(unit_ns), bytes, span_ns));
        }
        told.extend(self.passes(u64::MAX, span_ns));
        told
    }

    fn adds(&mut self, t_ns: u64, bytes: u64, span_ns: u64) -> Vec<Rate> {
        let now = t_ns / span_ns;
        match &mut self.span {
            Some((span, sum)) if *span >= now => {
                *sum = sum.saturating_add(bytes);
                Vec::new()
            }
            _ => {
                let mut told = self.passes(t_ns, span_ns);
                // Right behind it comes this span, whose rate is told when it is over.
                told.retain(|(from_ns, rate)| *rate > 0 || from_ns / span_ns < now);
                self.span = Some((now, bytes));
                told
            }
        }
    }

    /// Time passes: gives the rate of the last span if that is over, and that nothing more came.
    pub(super) fn passes(&mut self, now_ns: u64, span_ns: u64) -> Vec<Rate> {
        let Some((span, bytes)) = self.span.filter(|(span, _)| now_ns / span_ns > *span) else {
            return Vec::new();
        };
        self.span = None;
        let rate = u128::from(bytes) * 1_000_000_000 / u128::from(span_ns);
        let rate = u64::try_from(rate).unwrap_or(u64::MAX);
        let from_ns = span.saturating_mul(span_ns);
        vec![(from_ns, rate), (from_ns.saturating_add(span_ns), 0)]
    }
}

impl Kept {
    /// In units of this length, which is a multiple of that before: there are never more than a few hundred.
    fn adds(&mut self, t_ns: u64, bytes: u64, unit_ns: u64) {
        let finer = std::mem::replace(&mut self.unit_ns, unit_ns);
        if finer != unit_ns {
            for (unit, bytes) in std::mem::take(&mut self.bytes) {
                self.add(unit.saturating_mul(finer) / unit_ns, bytes);
            }
        }
        self.add(t_ns / unit_ns, bytes);
    }

    fn add(&mut self, unit: u64, bytes: u64) {
        match self.bytes.last_mut().filter(|(last, _)| *last >= unit) {
            Some((_, sum)) => *sum = sum.saturating_add(bytes),
            None => self.bytes.push((unit, bytes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;
    const SPANS: Spans = Spans::Fixed(100 * MS);

    #[test]
    fn a_rate_is_told_when_its_span_is_over_and_nothing_came_of_a_silence() {
        let mut goodput = Goodput::default();
        goodput.begins_at(1);
        assert_eq!(goodput.arrived(10 * MS, 101, SPANS), []);
        assert_eq!(goodput.arrived(90 * MS, 201, SPANS), []);
        assert_eq!(goodput.arrived(95 * MS, 201, SPANS), [], "nothing new");
        // 200 bytes in a tenth of a second; the next span follows at once.
        assert_eq!(goodput.arrived(150 * MS, 251, SPANS), [(0, 2000)]);
        let silence = [(100 * MS, 500), (200 * MS, 0)];
        assert_eq!(goodput.arrived(420 * MS, 261, SPANS), silence);
        assert_eq!(
            goodput.passes(u64::MAX, 100 * MS),
            [(400 * MS, 100), (500 * MS, 0)]
        );
        assert_eq!(goodput.passes(u64::MAX, 100 * MS), []);
    }
}
