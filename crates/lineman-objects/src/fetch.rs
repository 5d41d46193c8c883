//! One object on its way from the store to the disk.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use lineman_net::tftp::Filling;
use lineman_net::tftp::StoreFault;
use object_store::ObjectMeta;
use object_store::path::Path;
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use tokio::time::timeout;

use crate::counts::Counts;
use crate::fault::Trouble;
use crate::location::Location;
use crate::upstream;
use crate::upstream::Body;

/// What is fetched, and where it goes.
pub(crate) struct Fetch<'a> {
    pub(crate) location: &'a Location,
    pub(crate) key: &'a Path,
    pub(crate) meta: &'a ObjectMeta,
    pub(crate) file: Arc<File>,
    pub(crate) filling: &'a Filling,
    pub(crate) counts: &'a Counts,
}

impl Fetch<'_> {
    /// Writes all of the object, as fast as it comes, and tells how far it is. A connection that breaks is
    /// made again, as long as the object is the same version.
    ///
    /// # Errors
    /// When that does not help, or the disk takes no more.
    pub(crate) async fn run(&self, mut body: Body) -> Result<(), Trouble> {
        let mut at = 0;
        let mut last = Instant::now();
        loop {
            let begun = at;
            let Err(trouble) = self.copy(&mut body, &mut at).await else {
                return Ok(());
            };
            self.counts.note_fault(&trouble);
            if !trouble.may_pass() {
                return Err(trouble);
            }
            if at > begun {
                last = Instant::now();
            }
            let left = SILENCE.saturating_sub(last.elapsed());
            if left.is_zero() || !self.can_resume() {
                return Err(trouble);
            }
            let resumed =
                upstream::resume(self.location, self.key, self.meta, at, left, self.counts).await;
            body = match resumed {
                Ok(body) => body,
                // It cannot go on in the middle: what was wrong first is what is told.
                Err(Trouble::CannotResume) => return Err(trouble),
                Err(other) => return Err(other),
            };
        }
    }

    /// Whether the rest can be known to be of the same version.
    fn can_resume(&self) -> bool {
        self.meta.e_tag.is_some() || upstream::has_date(self.meta)
    }

    async fn copy(&self, body: &mut Body, at: &mut u64) -> Result<(), Trouble> {
        let length = self.meta.size;
        let truncated = |at: u64| Trouble::Fault(StoreFault::Truncated { bytes: at, length });
        loop {
            let first = match timeout(SILENCE, body.next()).await {
                Err(_) => {
                    let seconds = SILENCE.as_secs();
                    return Err(Trouble::Fault(StoreFault::Silent { seconds }));
                }
                Ok(None) if *at == length => return Ok(()),
                Ok(None) | Ok(Some(Err(Trouble::Fault(StoreFault::Unreachable { .. })))) => {
                    return Err(truncated(*at));
                }
                Ok(Some(Err(trouble))) => return Err(trouble),
                Ok(Some(Ok(first))) => first,
            };
            let mut pieces = vec![first];
            let mut bytes = pieces[0].len();
            // What has come meanwhile goes with it; what has not is not waited for. An error comes again.
            let mut ended = None;
            while bytes < BATCH && ended.is_none() {
                match body.next().now_or_never() {
                    Some(Some(Ok(piece))) => {
                        bytes += piece.len();
                        pieces.push(piece);
                    }
                    Some(other) => ended = Some(other),
                    None => break,
                }
            }
            if *at + bytes as u64 > length {
                return Err(Trouble::Fault(StoreFault::WrongLength { length }));
            }
            self.write(*at, pieces).await?;
            *at += bytes as u64;
            self.counts.note_fetched(bytes as u64);
            self.filling.arrived(*at);
            match ended {
                None => {}
                Some(None) if *at == length => return Ok(()),
                Some(Some(Err(trouble)))
                    if !matches!(&trouble, Trouble::Fault(StoreFault::Unreachable { .. })) =>
                {
                    return Err(trouble);
                }
                Some(_) => return Err(truncated(*at)),
            }
        }
    }

    /// Off the runtime's threads: a disk that hangs stops no other fetch.
    async fn write(&self, mut at: u64, pieces: Vec<Bytes>) -> io::Result<()> {
        let file = Arc::clone(&self.file);
        let write = move || {
            for piece in pieces {
                file.write_all_at(&piece, at)?;
                at += piece.len() as u64;
            }
            Ok(())
        };
        spawn_blocking(write).await.map_err(io::Error::other)?
    }
}

/// How long a store may say nothing in the middle of an object. Clients are as patient: curl's and tftp-hpa's
/// wait for 25 s and longer, firmware for 20 s.
const SILENCE: Duration = Duration::from_secs(12);
/// Bytes that are written in one go.
const BATCH: usize = 256 << 10;
