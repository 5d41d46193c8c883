//! Work that may block, on a few threads of its own: opening, reading, writing and removing files.
//!
//! The threads are made at the start, so that nothing that happens later needs another one. Work is
//! queued by *lane*, a part of the served tree: a file system that hangs stops the work of its lane,
//! and half of the threads at the most.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::Hash as _;
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
pub(in crate::tftp) struct Lane(u64);

impl Lane {
    /// The lane of a file by its name as requested: the first part of the name says on which file
    /// system the file can be, without asking any.
    pub(in crate::tftp) fn of_name(name: &[u8]) -> Self {
        let first = name
            .split(|byte| matches!(byte, b'/' | b'\\'))
            .find(|part| !part.is_empty() && *part != b".")
            .unwrap_or_default();
        let mut hasher = DefaultHasher::new();
        first.hash(&mut hasher);
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
    /// Threads that one lane may take.
    most_of_lane: usize,
}

#[derive(Default)]
struct State {
    lanes: HashMap<Lane, LaneState>,
    /// Lanes with work that may begin, the one that has waited for longest first.
    ready: VecDeque<Lane>,
    queued: usize,
    running: usize,
    closed: bool,
}

#[derive(Default)]
struct LaneState {
    queue: VecDeque<Work>,
    running: usize,
    /// Whether it is in the list of those that are ready.
    listed: bool,
}

type Work = Box<dyn FnOnce() + Send>;

impl Pool {
    /// Starts `threads` threads.
    ///
    /// # Errors
    /// When the system allows no more threads.
    pub(super) fn start(threads: usize) -> io::Result<Self> {
        let pool = Self(PoolHandle(Arc::new(Shared {
            state: Mutex::default(),
            work_is_there: Condvar::new(),
            most_of_lane: threads.div_ceil(2),
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
        self.0
            .lock()
            .push(lane, Box::new(work), self.0.most_of_lane);
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
        state.push(lane, Box::new(work), self.0.most_of_lane);
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
            // Whoever waits for the work knows what a panic in it means to him.
            let _ = catch_unwind(AssertUnwindSafe(work));
            self.lock().finish(lane, self.most_of_lane);
        }
    }

    /// Waits for work; `None` when there will be none.
    fn next(&self) -> Option<(Lane, Work)> {
        let mut state = self.lock();
        loop {
            if let Some(next) = state.take(self.most_of_lane) {
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
    fn push(&mut self, lane: Lane, work: Work, most_of_lane: usize) {
        self.queued += 1;
        self.lanes.entry(lane).or_default().queue.push_back(work);
        self.list(lane, most_of_lane);
    }

    fn take(&mut self, most_of_lane: usize) -> Option<(Lane, Work)> {
        let lane = self.ready.pop_front()?;
        let state = self.lanes.get_mut(&lane)?;
        state.listed = false;
        let work = state.queue.pop_front()?;
        state.running += 1;
        self.queued -= 1;
        self.running += 1;
        self.list(lane, most_of_lane);
        Some((lane, work))
    }

    fn finish(&mut self, lane: Lane, most_of_lane: usize) {
        self.running -= 1;
        let Some(state) = self.lanes.get_mut(&lane) else {
            return;
        };
        state.running -= 1;
        if state.running == 0 && state.queue.is_empty() {
            self.lanes.remove(&lane);
        } else {
            self.list(lane, most_of_lane);
        }
    }

    /// Puts a lane into the list of those that are ready, if it is.
    fn list(&mut self, lane: Lane, most_of_lane: usize) {
        if let Some(state) = self.lanes.get_mut(&lane)
            && !state.listed
            && !state.queue.is_empty()
            && state.running < most_of_lane
        {
            state.listed = true;
            self.ready.push_back(lane);
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
        let (bad, good) = (Lane::of_name(b"nfs/a"), Lane::of_name(b"disk/a"));
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
        let (handle, lane) = (pool.handle(), Lane::of_name(b"nfs"));
        let release = hang(&handle, lane);
        let taken = (0..2 * MOST_OF_LANE).filter(|_| handle.offer(lane, || ()).is_ok());
        assert!((MOST_OF_LANE..=MOST_OF_LANE + 1).contains(&taken.count()));
        assert_eq!(handle.offer(Lane::of_name(b"disk"), || ()), Ok(()));
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

    #[test]
    fn the_lane_is_the_first_part_of_the_name() {
        let lane = Lane::of_name(b"a/b");
        assert_eq!(lane, Lane::of_name(b"/a/c"));
        assert_eq!(lane, Lane::of_name(b"./a\\c"));
        assert_ne!(lane, Lane::of_name(b"b/a"));
    }
}
