//! One question to the store, and its answer.

use std::time::Duration;
use std::time::Instant;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use lineman_net::tftp::StoreFault;
use object_store::GetOptions;
use object_store::GetRange;
use object_store::GetResult;
use object_store::GetResultPayload;
use object_store::ObjectMeta;
use object_store::path::Path;
use tokio::time::timeout_at;

use crate::counts::Counts;
use crate::fault::Trouble;
use crate::location::Location;

/// An object whose body is on its way.
pub(crate) struct Body {
    pub(crate) meta: ObjectMeta,
    stream: BoxStream<'static, object_store::Result<Bytes>>,
}

impl Body {
    /// The next piece; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, Trouble>> {
        let next = self.stream.next().await?;
        Some(next.map_err(Trouble::from))
    }
}

/// Asks for an object until there is an answer, for `patience` at the most. `known` is the version that we
/// have: if it is the present one, the answer is [`Trouble::NotModified`].
pub(crate) async fn get(
    location: &Location,
    key: &Path,
    known: Option<&ObjectMeta>,
    patience: Duration,
    counts: &Counts,
) -> Result<Body, Trouble> {
    let options = GetOptions {
        if_none_match: known.and_then(|meta| meta.e_tag.clone()),
        if_modified_since: known
            .filter(|meta| meta.e_tag.is_none() && has_date(meta))
            .map(|meta| meta.last_modified),
        ..GetOptions::default()
    };
    let body = ask(location, key, options, patience, counts).await?;
    // Some answer a condition with all of it.
    match known {
        Some(known) if known.e_tag.is_some() && is_same(known, &body.meta) => {
            Err(Trouble::NotModified)
        }
        _ => Ok(body),
    }
}

/// Asks for the rest of an object from `start` on, as long as it is the same version.
pub(crate) async fn resume(
    location: &Location,
    key: &Path,
    version: &ObjectMeta,
    start: u64,
    patience: Duration,
    counts: &Counts,
) -> Result<Body, Trouble> {
    let strong = |tag: &String| !tag.starts_with("W/");
    let options = GetOptions {
        if_match: version.e_tag.clone().filter(strong),
        range: Some(GetRange::Bounded(start..version.size)),
        ..GetOptions::default()
    };
    match ask(location, key, options, patience, counts).await {
        Ok(body) if is_same(version, &body.meta) => Ok(body),
        Ok(_) | Err(Trouble::Missing) => Err(Trouble::Changed),
        Err(other) => Err(other),
    }
}

/// Whether two answers are of one version, as far as they tell.
pub(crate) fn is_same(one: &ObjectMeta, other: &ObjectMeta) -> bool {
    let told = one.e_tag.is_some() || has_date(one);
    told && one.size == other.size
        && one.e_tag == other.e_tag
        && (one.e_tag.is_some() || one.last_modified == other.last_modified)
}

/// Whether the store has told when the object was written; else it is the beginning of time.
pub(crate) fn has_date(meta: &ObjectMeta) -> bool {
    meta.last_modified.timestamp() != 0
}

async fn ask(
    location: &Location,
    key: &Path,
    options: GetOptions,
    patience: Duration,
    counts: &Counts,
) -> Result<Body, Trouble> {
    let began = Instant::now();
    let end = tokio::time::Instant::now() + patience;
    let mut said: Option<Trouble> = None;
    loop {
        let asked_at = Instant::now();
        let asked = location.store.get_opts(key, options.clone());
        let answer = match timeout_at(end, asked).await {
            Err(_) => Err(Trouble::Fault(StoreFault::Silent {
                seconds: began.elapsed().as_secs(),
            })),
            Ok(Ok(result)) => body_of(result),
            Ok(Err(error)) => Err(Trouble::from(error)),
        };
        counts.note_answer(&answer, asked_at.elapsed());
        let trouble = match (answer, said.take()) {
            (Ok(body), _) => return Ok(body),
            // It was not silent all the time: the last attempt may have begun a moment ago.
            (Err(Trouble::Fault(StoreFault::Silent { .. })), Some(said)) => return Err(said),
            (Err(trouble), _) => trouble,
        };
        if !trouble.may_pass() || tokio::time::Instant::now() + PAUSE >= end {
            return Err(trouble);
        }
        said = Some(trouble);
        tokio::time::sleep(PAUSE).await;
    }
}

fn body_of(result: GetResult) -> Result<Body, Trouble> {
    let meta = result.meta;
    match result.payload {
        GetResultPayload::Stream(stream) => Ok(Body { meta, stream }),
        // The other kind is of a file system, which is no store of ours.
        #[allow(unreachable_patterns)]
        _ => Err(Trouble::CannotResume),
    }
}

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(250);
