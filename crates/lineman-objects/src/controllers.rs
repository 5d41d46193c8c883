//! Controllers of an operator's that are asked by HTTP what a client is served.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use http_body_util::Empty;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use hyper::Request;
use hyper::StatusCode;
use hyper::header::ACCEPT;
use hyper::header::CONTENT_TYPE;
use hyper::header::USER_AGENT;
use lineman_net::Elsewhere;
use lineman_net::tftp::Controller;
use lineman_net::tftp::ControllerAnswer;
use lineman_net::tftp::ControllerError;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use crate::client::WebClient;
use crate::client::innermost;
use crate::client::web_client;
use crate::reach::Reach;

/// Asks controllers. No redirect is followed, and an answer is a small text or nothing.
pub struct Controllers {
    elsewhere: Elsewhere,
    client: WebClient<Empty<Bytes>>,
    questions: Arc<Semaphore>,
    /// Its thread, once it has begun.
    runtime: OnceLock<Runtime>,
}

impl Controllers {
    /// For controllers at these addresses, each with its scheme. Nobody is asked yet, and no thread begins.
    ///
    /// # Errors
    /// When the system has no certificates.
    pub fn new<'a>(addresses: impl Iterator<Item = &'a str>) -> io::Result<Self> {
        let elsewhere = addresses.fold(Elsewhere::default(), |all, address| {
            all.and(Reach::of(Some(address), true).elsewhere())
        });
        Ok(Self {
            elsewhere,
            client: web_client()?,
            questions: Arc::new(Semaphore::new(MOST_QUESTIONS)),
            runtime: OnceLock::new(),
        })
    }

    /// What has to be left open to them where a server is confined.
    pub fn elsewhere(&self) -> &Elsewhere {
        &self.elsewhere
    }
}

impl Controller for Controllers {
    fn ask(&self, url: String, timeout: Duration, answer: ControllerAnswer) {
        let Some(runtime) = self.runtime.get() else {
            return answer(Err(ControllerError::Unreachable("not begun".to_owned())));
        };
        let Ok(place) = Arc::clone(&self.questions).try_acquire_owned() else {
            return answer(Err(ControllerError::Busy {
                limit: MOST_QUESTIONS,
            }));
        };
        let client = self.client.clone();
        runtime.spawn(async move {
            let answered = tokio::time::timeout(timeout, get(&client, &url)).await;
            drop(place);
            answer(answered.unwrap_or(Err(ControllerError::TimedOut)));
        });
    }

    fn start(&self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1) // it waits, and copies a few kilobytes
            .max_blocking_threads(RESOLVERS)
            .thread_name("tftp-controllers")
            .enable_all()
            .build()?;
        let _ = self.runtime.set(runtime); // it is begun once
        Ok(())
    }
}

impl Drop for Controllers {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background(); // the thread that drops it may belong to another runtime
        }
    }
}

impl fmt::Debug for Controllers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controllers").finish_non_exhaustive()
    }
}

async fn get(client: &WebClient<Empty<Bytes>>, url: &str) -> Result<Vec<u8>, ControllerError> {
    let unreachable = |why: String| ControllerError::Unreachable(why);
    let request = Request::get(url)
        .header(USER_AGENT, concat!("lineman/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT, "*/*")
        .body(Empty::new())
        .map_err(|error| unreachable(error.to_string()))?;
    let response = client
        .request(request)
        .await
        .map_err(|error| unreachable(innermost(&error)))?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NO_CONTENT | StatusCode::NOT_FOUND | StatusCode::GONE => {
            return Err(ControllerError::Declined);
        }
        other => return Err(ControllerError::Status(other.as_u16())),
    }
    let kind = response.headers().get(CONTENT_TYPE);
    if kind.is_some_and(|kind| is_html(kind.as_bytes())) {
        return Err(ControllerError::Html);
    }
    let body = Limited::new(response.into_body(), MOST_ANSWER)
        .collect()
        .await;
    let body = body.map_err(|error| match error.is::<LengthLimitError>() {
        true => ControllerError::TooLong { limit: MOST_ANSWER },
        false => unreachable(innermost(&*error)),
    })?;
    let bytes = body.to_bytes();
    match bytes.trim_ascii_start() {
        b"" => Err(ControllerError::Empty),
        text if is_html_text(text) => Err(ControllerError::Html),
        _ => Ok(bytes.to_vec()),
    }
}

fn is_html(kind: &[u8]) -> bool {
    starts_with_ignoring_case(kind, b"text/html")
}

/// A page of an error or for a login, told as another kind of file.
fn is_html_text(text: &[u8]) -> bool {
    [&b"<!doctype html"[..], b"<html"]
        .iter()
        .any(|start| starts_with_ignoring_case(text, start))
}

fn starts_with_ignoring_case(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len())
        .is_some_and(|first| first.eq_ignore_ascii_case(start))
}

/// The longest answer, in bytes: what a route's own text may have.
const MOST_ANSWER: usize = 64 << 10;
/// Questions at a time; more would be a hall of machines at a controller that does not answer.
const MOST_QUESTIONS: usize = 256;
/// Threads that find addresses by names.
const RESOLVERS: usize = 4;
