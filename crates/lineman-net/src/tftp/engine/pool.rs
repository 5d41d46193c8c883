//! Work that may block, on a few threads of its own: opening, reading, writing and removing files.
//!
//! The threads are made at the start, so that nothing that happens later needs another one. Work is
//! queued by *lane*, a part of the served tree: a file system that hangs stops the work of its lane.
//! A lane takes half of the threads that the others have left it, so several that hang leave some too.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::Hash;
use std::hash::Hasher as _;
use std::io;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::thread;

/// What may block together: the work of one lane is begun in the order in which it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lane(u64);

impl Lane {
    /// The lane of a branch of the tree.
    pub fn of(branch: &impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        branch.hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// The threads. Dropped, they end when no work is left.
#[derive(Debug)]
pub(super) struct Pool(PoolHandle);

/// Where work is handed in.
#[derive(Clone)]
pub(in crate::tftp) struct PoolHandle(Arc<Shared>);

/// The queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tftp) struct QueueFull;

struct Shared {
    state: Mutex<State>,
    work_is_there: Condvar,
}

#[derive(Default)]
struct State {
    lanes: HashMap<Lane, LaneState>,
    /// Lanes with work that waits, the one that has waited for longest first.
    waiting: VecDeque<Lane>,
    queued: usize,
    running: usize,
    threads: usize,
    closed: bool,
}

#[derive(Default)]
struct LaneState {
    queue: VecDeque<Work>,
    running: usize,
}

type Work = Box<dyn FnOnce() + Send>;

impl Pool {
    /// Starts `threads` threads.
    ///
    /// # Errors
    /// When the system allows no more threads.
    pub(super) fn start(threads: usize) -> io::Result<Self> {
        let pool = Self(PoolHandle(Arc::new(Shared {
            state: Mutex::new(State {
                threads,
                ..State::default()
            }),
            work_is_there: Condvar::new(),
        })));
        for _ in 0..threads {
            let shared = Arc::clone(&pool.0.0);
            thread::Builder::new()
                .name("tftp-files".to_owned())
                .spawn(move || shared.work())?;
        }
        Ok(pool)
    }

    pub(super) fn handle(&self) -> PoolHandle {
        self.0.clone()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.0.0.lock().closed = true;
        self.0.0.work_is_there.notify_all();
    }
}

impl PoolHandle {
    /// Has `work` done for a transfer that runs. It is always taken: each transfer has little more
    /// than one piece of work at a time, so what waits is bounded by the number of transfers.
    pub(in crate::tftp) fn submit(&self, lane: Lane, work: impl FnOnce() + Send + 'static) {
        self.0.lock().push(lane, Box::new(work));
        self.0.work_is_there.notify_one();
    }

    /// Has `work` done for a request, if not too many wait already.
    ///
    /// # Errors
    /// When too many wait; `work` is dropped then.
    pub(in crate::tftp) fn offer(
        &self,
        lane: Lane,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<(), QueueFull> {
        let mut state = self.0.lock();
        let of_lane = state.lanes.get(&lane).map_or(0, |lane| lane.queue.len());
        if of_lane >= MOST_OF_LANE || state.queued >= MOST_QUEUED {
            return Err(QueueFull);
        }
        state.push(lane, Box::new(work));
        drop(state);
        self.0.work_is_there.notify_one();
        Ok(())
    }

    /// Whether everything that was handed in has been done.
    pub(in crate::tftp) fn is_idle(&self) -> bool {
        let state = self.0.lock();
        state.queued == 0 && state.running == 0
    }
}

impl Shared {
    /// What each thread does.
    fn work(&self) {
        while let Some((lane, work)) = self.next() {
            // The task that waits for the work knows what a panic in it means.
            let _ = catch_unwind(AssertUnwindSafe(work));
            self.lock().finish(lane);
        }
    }

    /// Waits for work; `None` when there will be none.
    fn next(&self) -> Option<(Lane, Work)> {
        let mut state = self.lock();
        loop {
            if let Some(next) = state.take() {
                return Some(next);
            }
            if state.closed && state.queued == 0 {
                return None;
            }
            state = self
                .work_is_there
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // It is whole after every statement, and work runs outside of the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, lane: Lane, work: Work) {
        self.queued += 1;
        let state = self.lanes.entry(lane).or_default();
        if state.queue.is_empty() {
            self.waiting.push_back(lane);
        }
        state.queue.push_back(work);
    }

    fn take(&mut self) -> Option<(Lane, Work)> {
        let may_begin = |lane: &Lane| self.may_begin(*lane);
        // Those that may not have threads already, so there are few of them.
        let lane = self
            .waiting
            .remove(self.waiting.iter().position(may_begin)?)?;
        let state = self.lanes.get_mut(&lane)?;
        let work = state.queue.pop_front()?;
        state.running += 1;
        self.queued -= 1;
        self.running += 1;
        if !state.queue.is_empty() {
            self.waiting.push_back(lane);
        }
        Some((lane, work))
    }

    /// Whether a lane may have one thread more, of those that are idle.
    fn may_begin(&self, lane: Lane) -> bool {
        let own = self.lanes.get(&lane).map_or(0, |state| state.running);
        let left_by_others = self.threads - self.running + own;
        own == 0 || own < left_by_others.div_ceil(2)
    }

    fn finish(&mut self, lane: Lane) {
        self.running -= 1;
        let Some(state) = self.lanes.get_mut(&lane) else {
            return;
        };
        state.running -= 1;
        if state.running == 0 && state.queue.is_empty() {
            self.lanes.remove(&lane);
        }
    }
}

impl fmt::Debug for PoolHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolHandle").finish_non_exhaustive()
    }
}

/// Requests that may wait in one lane: more than machines ask in one moment.
const MOST_OF_LANE: usize = 4096;
/// Requests and work of transfers that may wait before requests are turned away.
const MOST_QUEUED: usize = 16_384;

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// Work that hangs until the other end is dropped.
    fn hang(pool: &PoolHandle, lane: Lane) -> mpsc::Sender<()> {
        let (release, hung) = mpsc::channel::<()>();
        pool.submit(lane, move || {
            let _ = hung.recv();
        });
        release
    }

    #[test]
    fn a_lane_that_hangs_stops_half_of_the_threads_at_the_most() {
        let pool = Pool::start(4).expect("threads");
        let handle = pool.handle();
        let (bad, good) = (Lane::of(b"nfs/a"), Lane::of(b"disk/a"));
        let hung: Vec<_> = (0..10).map(|_| hang(&handle, bad)).collect();
        let (done, answers) = mpsc::channel();
        for n in 0..100 {
            let done = done.clone();
            handle.submit(good, move || done.send(n).expect("receiver"));
        }
        for _ in 0..100 {
            answers.recv_timeout(LONG).expect("the other lane goes on");
        }
        assert!(!handle.is_idle());
        drop(hung);
        let (last, ended) = mpsc::channel();
        handle.submit(bad, move || last.send(()).expect("receiver"));
        ended.recv_timeout(LONG).expect("the lane goes on");
    }

    #[test]
    fn work_that_panics_costs_no_thread() {
        let pool = Pool::start(1).expect("threads");
        for _ in 0..3 {
            pool.handle()
                .submit(Lane::default(), || panic!("on purpose"));
        }
        let (done, answer) = mpsc::channel();
        let send = move || done.send(()).expect("receiver");
        pool.handle().submit(Lane::default(), send);
        answer.recv_timeout(LONG).expect("the thread lives");
    }

    #[test]
    fn no_more_requests_wait_in_a_lane_than_may() {
        let pool = Pool::start(2).expect("threads");
        let (handle, lane) = (pool.handle(), Lane::of(b"nfs"));
        let release = hang(&handle, lane);
        let taken = (0..2 * MOST_OF_LANE).filter(|_| handle.offer(lane, || ()).is_ok());
        assert!((MOST_OF_LANE..=MOST_OF_LANE + 1).contains(&taken.count()));
        assert_eq!(handle.offer(Lane::of(b"disk"), || ()), Ok(()));
        drop(release);
    }

    #[test]
    fn what_was_handed_in_is_done_though_the_pool_is_dropped() {
        let pool = Pool::start(1).expect("threads");
        let handle = pool.handle();
        let release = hang(&handle, Lane::default());
        let (done, answer) = mpsc::channel();
        let send = move || done.send(()).expect("receiver");
        handle.submit(Lane::default(), send);
        drop(pool);
        drop(release);
        answer.recv_timeout(LONG).expect("done all the same");
    }

    /// Two names of one directory that hung took every thread.
    #[test]
    fn several_lanes_that_hang_leave_a_thread() {
        let pool = Pool::start(16).expect("threads");
        let handle = pool.handle();
        let bad = [b"nfs", b"one", b"two", b"ext"].map(Lane::of);
        let hung: Vec<_> = (0..16)
            .flat_map(|_| bad.map(|lane| hang(&handle, lane)))
            .collect();
        let (done, answer) = mpsc::channel();
        for n in 0..10 {
            let done = done.clone();
            handle.submit(Lane::of(&n), move || done.send(()).expect("receiver"));
        }
        for _ in 0..10 {
            answer.recv_timeout(LONG).expect("the others go on");
        }
        drop(hung);
    }
}
