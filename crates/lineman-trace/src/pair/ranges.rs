//! Which bytes of a stream were seen.

/// So many ranges are told apart at most; then the two that are earliest count as one.
const MOST: usize = 64;

/// Bytes of a stream, by numbers that wrap.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    /// From, and behind the last; in order, without the wrap.
    all: Vec<(i64, i64)>,
    /// The number that was met last: others are near it.
    last: i64,
}

impl Ranges {
    /// These were seen.
    pub(super) fn add(&mut self, seq: u32, len: u32) {
        let from = self.unwrapped(seq);
        self.last = from;
        let mut new = (from, from + i64::from(len));
        let apart = |it: &(i64, i64)| it.1 < new.0 || it.0 > new.1;
        let met: Vec<(i64, i64)> = self.all.iter().filter(|it| !apart(it)).copied().collect();
        self.all.retain(apart);
        for range in met {
            new = (new.0.min(range.0), new.1.max(range.1));
        }
        let at = self.all.partition_point(|it| it.0 < new.0);
        self.all.insert(at, new);
        if self.all.len() > MOST {
            let first = self.all.remove(0);
            self.all[0].0 = first.0;
        }
    }

    /// Whether any of these was seen.
    pub(super) fn has_any(&self, seq: u32, len: u32) -> bool {
        let from = self.unwrapped(seq);
        let to = from + i64::from(len);
        self.all.iter().any(|it| it.0 < to && from < it.1)
    }

    fn unwrapped(&self, seq: u32) -> i64 {
        let ahead = seq.wrapping_sub(self.last as u32) as i32;
        match self.all.is_empty() {
            true => seq.into(),
            false => self.last + i64::from(ahead),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_grow_together_across_the_wrap() {
        let mut ranges = Ranges::default();
        assert!(!ranges.has_any(0, 10));
        ranges.add(u32::MAX - 9, 10);
        ranges.add(10, 5);
        assert!(ranges.has_any(u32::MAX - 12, 4) && !ranges.has_any(0, 10));
        ranges.add(0, 10);
        assert_eq!(ranges.all.len(), 1);
        assert!(ranges.has_any(5, 1) && !ranges.has_any(15, 100));
    }

    #[test]
    fn many_ranges_take_bounded_memory() {
        let mut ranges = Ranges::default();
        (0..1000).for_each(|n| ranges.add(n * 10, 1));
        assert_eq!(ranges.all.len(), MOST);
        assert!(ranges.has_any(9990, 1) && !ranges.has_any(9985, 4));
    }
}
