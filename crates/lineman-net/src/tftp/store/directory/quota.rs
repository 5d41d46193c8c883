//! What all uploads together may take.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// So many bytes, of the disk or of memory, for all who share it.
#[derive(Debug)]
pub(in crate::tftp) struct Quota {
    limit: u64,
    used: AtomicU64,
}

/// What one of them has taken. Dropped, it is given back.
#[derive(Debug)]
pub(in crate::tftp) struct Share {
    quota: Arc<Quota>,
    taken: u64,
}

impl Quota {
    pub(in crate::tftp) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self {
            limit,
            used: AtomicU64::new(0),
        })
    }

    pub(in crate::tftp) fn limit(&self) -> u64 {
        self.limit
    }

    /// What is left for all.
    pub(in crate::tftp) fn left(&self) -> u64 {
        self.limit.saturating_sub(self.used.load(Ordering::Relaxed))
    }

    /// A share of nothing yet.
    pub(in crate::tftp) fn share(self: &Arc<Self>) -> Share {
        Share {
            quota: Arc::clone(self),
            taken: 0,
        }
    }

    fn give_back(&self, bytes: u64) {
        let less = |used: u64| Some(used.saturating_sub(bytes));
        // It always gives a number, so it never fails.
        let _ = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

impl Share {
    /// Whether nothing has been taken yet.
    pub(in crate::tftp) fn is_empty(&self) -> bool {
        self.taken == 0
    }

    /// Takes more, or gives the limit of which not so much is left.
    pub(in crate::tftp) fn take(&mut self, bytes: u64) -> Result<(), u64> {
        let limit = self.quota.limit;
        self.take_up_to(bytes, limit).then_some(()).ok_or(limit)
    }

    /// Takes more of what is there in abundance: three quarters of it stay for those who cannot do without.
    /// Gives whether it did.
    pub(in crate::tftp) fn take_spare(&mut self, bytes: u64) -> bool {
        self.take_up_to(bytes, self.quota.limit / 4)
    }

    /// Takes more, if no more than `limit` bytes are taken by all then.
    fn take_up_to(&mut self, bytes: u64, limit: u64) -> bool {
        let more = |used: u64| used.checked_add(bytes).filter(|used| *used <= limit);
        let used = &self.quota.used;
        let taken = used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        let is_taken = taken.is_ok();
        self.taken += if is_taken { bytes } else { 0 };
        is_taken
    }

    /// What has been taken stays taken, but for `replaced` bytes: those of the file that was replaced.
    pub(in crate::tftp) fn keep(mut self, replaced: u64) {
        self.quota.give_back(replaced);
        self.taken = 0;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.quota.give_back(self.taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_comes_back_and_what_is_kept_does_not() {
        let quota = Quota::new(100);
        let (mut one, mut other) = (quota.share(), quota.share());
        assert_eq!(one.take(60), Ok(()));
        assert_eq!(other.take(60), Err(100));
        assert_eq!(other.take(40), Ok(()));
        drop(one);
        assert_eq!(quota.left(), 60);
        other.keep(10);
        assert_eq!(quota.left(), 70);
        assert_eq!(quota.share().take(u64::MAX), Err(100), "no overflow");
    }

    #[test]
    fn who_could_do_without_leaves_three_quarters() {
        let quota = Quota::new(100);
        let (mut fast, mut slow) = (quota.share(), quota.share());
        assert!(fast.take_spare(20));
        assert!(!fast.take_spare(6));
        assert_eq!(slow.take(80), Ok(()));
        assert!(!fast.take_spare(1));
    }
}
