//! How far the tracers of programs have been heard.
//!
//! strace writes that a call begins, and lets it go on only then: what a call has brought about happens when its beginning stands in the
//! pipe. So whoever has read all that was in the pipe at some moment knows every call that anything until that moment can come of,
//! however busy the machine is and however late the reader.

use std::fs::File;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::Weak;
use std::time::Instant;

use rustix::event::PollFd;
use rustix::event::PollFlags;

use crate::recorder::locked;

/// The pipe of one tracer, and how far it was told.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) source: File,
    heard: Mutex<Heard>,
}

/// What became of what was in the pipe.
#[derive(Debug)]
struct Heard {
    /// Whether something of it was read and not told yet.
    is_busy: bool,
    /// What was in the pipe then was told.
    until: Instant,
}

impl Progress {
    /// Of a tracer that writes nothing before this moment.
    pub(crate) fn new(source: File, until: Instant) -> Self {
        let heard = Heard {
            is_busy: false,
            until,
        };
        Self {
            source,
            heard: Mutex::new(heard),
        }
    }

    /// Waits until there is something to read; its reader says with [`told`](Self::told) when that was told. Gives until when
    /// everything is told then, if it reads all that the pipe holds.
    pub(crate) fn wait(&self) -> Instant {
        let mut source = [PollFd::new(&self.source, PollFlags::IN)];
        let _ = rustix::event::poll(&mut source, None);
        // Before it is read, so that an empty pipe whose reader is not busy has nothing that is unknown.
        let mut heard = locked(&self.heard);
        heard.is_busy = true;
        Instant::now()
    }

    /// What was in the pipe then was told.
    pub(crate) fn told(&self, until: Instant) {
        let mut heard = locked(&self.heard);
        (heard.is_busy, heard.until) = (false, until);
    }

    /// Until when everything is known, if something is not.
    fn until(&self) -> Option<Instant> {
        // In this order: what the pipe no longer has its reader is busy with, or has told.
        let unread = rustix::io::ioctl_fionread(&self.source).unwrap_or_default();
        let heard = locked(&self.heard);
        (unread > 0 || heard.is_busy).then_some(heard.until)
    }
}

/// The tracers that are heard. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tracers(Arc<Mutex<Vec<Weak<Progress>>>>);

impl Tracers {
    pub(crate) fn add(&self, tracer: &Arc<Progress>) {
        let mut tracers = locked(&self.0);
        tracers.retain(|it| it.strong_count() > 0);
        tracers.push(Arc::downgrade(tracer));
    }

    /// Until when every call that has begun is known, if not all are.
    pub(crate) fn until(&self) -> Option<Instant> {
        let tracers = locked(&self.0);
        let tracers = tracers.iter().filter_map(Weak::upgrade);
        tracers.filter_map(|tracer| tracer.until()).min()
    }
}
