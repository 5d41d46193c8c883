//! Samples, no more of them than can be seen: of too many, two that follow each other become one that says what both did.

/// More than any picture has columns.
const MOST: usize = 4096;

/// Samples in order of time, of bounded number.
#[derive(Debug)]
pub(in crate::views) struct Thinned<T> {
    all: Vec<T>,
}

/// What can be one with what follows it.
pub(in crate::views) trait Join: Copy {
    /// Both.
    fn join(self, next: Self) -> Self;
}

/// A segment, or some that followed each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::views) struct Segment {
    pub(in crate::views) t_ns: u64,
    /// The packet's number, of the last.
    pub(in crate::views) packet: u64,
    /// The lowest number, and the one behind the highest.
    pub(in crate::views) from: i64,
    pub(in crate::views) to: i64,
    /// Whether any was sent before; whether any was lost.
    pub(in crate::views) again: bool,
    pub(in crate::views) lost: bool,
}

/// A value from a moment on, or some that followed each other; `None` is that there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::views) struct Value {
    pub(in crate::views) t_ns: u64,
    pub(in crate::views) least: Option<u64>,
    pub(in crate::views) most: Option<u64>,
    pub(in crate::views) last: Option<u64>,
}

impl<T> Default for Thinned<T> {
    fn default() -> Self {
        Self { all: Vec::new() }
    }
}

impl<T: Join> Thinned<T> {
    pub(super) fn push(&mut self, one: T) {
        if self.all.len() == MOST {
            let pairs = self.all.chunks(2);
            let joined = pairs.map(|pair| pair.iter().copied().reduce(Join::join));
            self.all = joined.flatten().collect();
        }
        self.all.push(one);
    }
}

impl<T> Thinned<T> {
    pub(in crate::views) fn all(&self) -> &[T] {
        &self.all
    }
}

impl Thinned<Segment> {
    /// The segment in this packet is lost.
    pub(super) fn lose(&mut self, packet: u64) {
        let found = self.all.iter_mut().rfind(|it| it.packet <= packet);
        if let Some(segment) = found {
            segment.lost = true;
        }
    }
}

impl Join for Segment {
    fn join(self, next: Self) -> Self {
        Self {
            t_ns: self.t_ns,
            packet: next.packet,
            from: self.from.min(next.from),
            to: self.to.max(next.to),
            again: self.again || next.again,
            lost: self.lost || next.lost,
        }
    }
}

impl Join for Value {
    fn join(self, next: Self) -> Self {
        let least = [self.least, next.least].into_iter().flatten().min();
        Self {
            t_ns: self.t_ns,
            least,
            most: self.most.max(next.most),
            last: next.last,
        }
    }
}
