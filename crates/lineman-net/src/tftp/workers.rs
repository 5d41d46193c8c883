//! Threads that run transfers, one for each processor, each with an event loop of its own.
//!
//! A lockstep transfer is a chain of wake-ups: packet, answer, packet, answer. On a runtime whose
//! threads share their tasks, each wake-up may also wake a second thread to look for work, and a
//! task may move between processors; a loop that keeps its transfers does neither.

use std::future::Future;
use std::io;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;

use tokio::runtime::Builder;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The threads. Dropped, they end, and their transfers with them.
#[derive(Debug)]
pub(super) struct Workers {
    threads: Vec<Worker>,
    next: AtomicUsize,
}

#[derive(Debug)]
struct Worker {
    handle: Handle,
    /// Dropped, the thread ends.
    _stop: oneshot::Sender<()>,
}

impl Workers {
    /// Starts one thread for each processor that this process may use.
    ///
    /// # Errors
    /// When the system allows no more threads or descriptors.
    pub(super) fn start() -> io::Result<Self> {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let threads = (0..count)
            .map(|_| Worker::start())
            .collect::<io::Result<_>>()?;
        Ok(Self {
            threads,
            next: AtomicUsize::new(0),
        })
    }

    /// Runs `future` on the next thread in turn, to its end. Sockets that it uses must be made
    /// ready for waiting inside it: they belong to the loop of that thread.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        Task(Some(
            self.threads[turn % self.threads.len()].handle.spawn(future),
        ))
    }
}

/// A future on one of the threads. Dropped, it is cancelled.
#[derive(Debug)]
pub(super) struct Task<T>(Option<JoinHandle<T>>);

impl<T> Task<T> {
    /// Waits for its end; `None` if it panicked or its thread is gone.
    pub(super) async fn join(&mut self) -> Option<T> {
        match &mut self.0 {
            Some(handle) => handle.await.ok(),
            None => None,
        }
    }

    /// Lets it run on by itself.
    pub(super) fn detach(mut self) {
        self.0 = None;
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if let Some(handle) = &self.0 {
            handle.abort();
        }
    }
}

impl Worker {
    fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        thread::Builder::new()
            .name("tftp".to_owned())
            .spawn(move || {
                let _ = runtime.block_on(stopped);
                runtime.shutdown_background();
            })?;
        Ok(Self {
            handle,
            _stop: stop,
        })
    }
}
