//! What becomes of an answer with bytes of a file: whether they have arrived is asked of the kernel.

use std::ops::Range;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::time::Instant;

use super::Answered;
use super::Asked;
use super::Ending;
use super::Files;
use super::Undelivered;
use crate::connections::Connection;

/// Tells what became of one answer, once, when it is dropped.
pub(super) struct Delivery<F: Files>(Option<Underway<F>>);

struct Underway<F: Files> {
    files: Arc<F>,
    file: Arc<F::File>,
    connection: Connection,
    asked: Asked,
    status: StatusCode,
    /// Bytes that were handed to hyper.
    bytes: u64,
    /// Bytes that had been written to the connection before.
    written: u64,
    is_all: bool,
    refusal: Option<F::Refusal>,
}

impl<F: Files> Delivery<F> {
    pub(super) fn new(
        files: &Arc<F>,
        file: &Arc<F::File>,
        connection: &Connection,
        asked: Asked,
        status: StatusCode,
        part: &Range<u64>,
    ) -> Self {
        Self(Some(Underway {
            files: Arc::clone(files),
            file: Arc::clone(file),
            connection: connection.clone(),
            asked,
            status,
            bytes: 0,
            written: connection.written.load(Ordering::Relaxed),
            is_all: part.is_empty(),
            refusal: None,
        }))
    }

    /// So many bytes more were handed to the connection; whether they are the last.
    pub(super) fn handed_over(&mut self, bytes: u64, is_all: bool) {
        if let Some(underway) = &mut self.0 {
            underway.bytes += bytes;
            underway.is_all = is_all;
        }
    }

    /// There will be no more.
    pub(super) fn refuse(&mut self, refusal: F::Refusal) {
        if let Some(underway) = &mut self.0 {
            underway.refusal = Some(refusal);
        }
    }
}

impl<F: Files> Drop for Delivery<F> {
    fn drop(&mut self) {
        let Some(underway) = self.0.take() else {
            return;
        };
        if underway.refusal.is_none() && underway.is_all && underway.bytes > 0 {
            // The last bytes are in hyper's buffer until its next flush, then in the kernel's.
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                let before = underway.connection.flushes.load(Ordering::Relaxed);
                runtime.spawn(underway.wait(before));
                return;
            }
        }
        let is_all = underway.is_all;
        underway.end(is_all);
    }
}

impl<F: Files> Underway<F> {
    /// Until the client's TCP has acknowledged everything, or takes nothing more.
    async fn wait(self, before: u64) {
        let mut pause = SHORTEST;
        let mut least = u64::MAX;
        let mut since = Instant::now();
        loop {
            tokio::time::sleep(pause).await;
            let left = self.files.undelivered(self.connection.socket.as_fd());
            let Ok(Undelivered {
                bytes: left,
                is_lost,
            }) = left
            else {
                return self.end(false);
            };
            let is_flushed = self.connection.flushes.load(Ordering::Relaxed) > before;
            if left == 0 && is_flushed {
                return self.end(true);
            }
            if is_lost {
                return self.end(false);
            }
            if left < least {
                (least, since) = (left, Instant::now());
            }
            if since.elapsed() >= PATIENCE {
                return self.end(false);
            }
            pause = (pause * 2).min(LONGEST);
        }
    }

    fn end(self, has_arrived: bool) {
        let answered = Answered {
            status: self.status,
            bytes: if has_arrived {
                self.bytes
            } else {
                self.arrived()
            },
            ending: match (self.refusal, has_arrived) {
                (Some(refusal), _) => Ending::Refused(refusal),
                (None, true) => Ending::Arrived,
                (None, false) => Ending::Left,
            },
        };
        self.files.ended(&self.asked, Some(&self.file), answered);
    }
}

impl<F: Files> Underway<F> {
    /// How much of the file has arrived, with the head of the answer counted to it.
    fn arrived(&self) -> u64 {
        let written = self.connection.written.load(Ordering::Relaxed) - self.written;
        let left = self.files.undelivered(self.connection.socket.as_fd());
        let left = left.map_or(written, |left| left.bytes);
        written.saturating_sub(left).min(self.bytes)
    }
}

/// How often the kernel is asked: soon at first, since most clients are near.
const SHORTEST: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_millis(250);
/// A client that acknowledges nothing for so long has gone.
const PATIENCE: Duration = Duration::from_secs(30);
