//! What an operator sees of a TFTP server: `/healthz`, `/metrics`, `/machines`, `/machines.json`; and beside that its files.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::body::Bytes;
use axum::extract::RawQuery;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::middleware::Next;
use axum::middleware::from_fn;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::get;
use futures_util::stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

use crate::files;
use crate::files::Files;
use crate::host::Hosts;
use crate::safety::make_file_safe;
use crate::safety::make_safe;

/// What there is to see. Each is asked in the thread that serves, and must not wait.
pub trait Eyes: Send + Sync + 'static {
    /// The machines of which something was heard last, so many at most, as one object of JSON.
    fn machines(&self, most: usize) -> String;
    /// The counts, as OpenMetrics' text.
    fn metrics(&self) -> String;
    /// The words of the page in both languages, as JSON.
    fn words(&self) -> String;
}

/// What the requests share.
struct Seen<E> {
    eyes: E,
    /// Answers that may be on their way at once, because each can be long.
    answers: Arc<Semaphore>,
}

/// The most machines in one answer: all that are kept.
pub const MOST_MACHINES: usize = 10_000;

/// The routes. `/healthz` is answered to everybody, the others under a `Host` that is this machine's. Every other path is that of a
/// file, under any `Host`: machines boot by the name that they were told.
pub fn front<E: Eyes, F: Files>(eyes: E, files: F, hosts: Hosts) -> Router {
    let files = Arc::new(files);
    let seen = Arc::new(Seen {
        eyes,
        answers: Arc::new(Semaphore::new(MOST_ANSWERS)),
    });
    let checked = Router::new()
        .route("/metrics", get(metrics::<E>))
        .route("/machines", get(|| async { file(HTML, PAGE) }))
        .route("/machines/page.js", get(|| async { file(SCRIPT, CODE) }))
        .route("/machines/page.css", get(|| async { file(STYLE, LOOKS) }))
        .route("/machines/words.json", get(words::<E>))
        .route("/machines.json", get(machines::<E>))
        .layer(from_fn_with_state(Arc::new(hosts), check_host))
        .with_state(seen);
    Router::new()
        .route("/healthz", get(|| async { file(TEXT, "ok\n") }))
        .merge(checked)
        .layer(from_fn(safe))
        .fallback(move |request: Request| {
            let files = Arc::clone(&files);
            async move {
                let mut response = files::answer(files, request).await;
                make_file_safe(&mut response);
                response
            }
        })
}

async fn safe(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    make_safe(&mut response);
    response
}

async fn check_host(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    let mut all = request.headers().get_all(header::HOST).iter();
    let host = all.next().and_then(|host| host.to_str().ok());
    if all.next().is_some() || !hosts.allows(host) {
        return refuse(StatusCode::FORBIDDEN, HOST);
    }
    next.run(request).await
}

async fn metrics<E: Eyes>(State(seen): State<Arc<Seen<E>>>) -> Response {
    answer(METRICS, seen.eyes.metrics())
}

async fn words<E: Eyes>(State(seen): State<Arc<Seen<E>>>) -> Response {
    answer(JSON, seen.eyes.words())
}

async fn machines<E: Eyes>(
    State(seen): State<Arc<Seen<E>>>,
    RawQuery(query): RawQuery,
) -> Response {
    let most = match query.as_deref().map(|it| it.strip_prefix("most=")) {
        None => MOST_MACHINES,
        Some(most) => match most.and_then(|most| most.parse::<usize>().ok()) {
            Some(most) => most.min(MOST_MACHINES),
            None => return refuse(StatusCode::BAD_REQUEST, QUERY),
        },
    };
    let turn = Arc::clone(&seen.answers).acquire_owned();
    let Ok(Ok(turn)) = tokio::time::timeout(PATIENCE, turn).await else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, BUSY);
    };
    let rest = Bytes::from(seen.eyes.machines(most));
    let length = rest.len();
    let whole = Whole { rest, _turn: turn };
    let mut response = answer(JSON, Body::from_stream(stream::iter(whole)));
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length.into());
    response
}

/// An answer that keeps its turn until it is gone.
struct Whole {
    rest: Bytes,
    _turn: OwnedSemaphorePermit,
}

impl Iterator for Whole {
    type Item = Result<Bytes, Infallible>;

    fn next(&mut self) -> Option<Self::Item> {
        let some = self.rest.split_to(self.rest.len().min(CHUNK));
        (!some.is_empty()).then_some(Ok(some))
    }
}

fn file(kind: &'static str, text: &'static str) -> Response {
    answer(kind, text)
}

fn refuse(status: StatusCode, why: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, TEXT)], why).into_response()
}

fn answer(kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const PAGE: &str = include_str!("assets/machines.html");
const CODE: &str = include_str!("assets/machines.js");
const LOOKS: &str = include_str!("assets/machines.css");

const HOST: &str = "refused: not a name of this machine; use its address\n已拒绝：这不是本机的名称；请使用本机的地址\n";
const QUERY: &str = "only ?most=NUMBER is understood\n只支持 ?most=数量\n";
const BUSY: &str = "busy, try again\n繁忙，请重试\n";

/// Answers of some megabytes each that may be on their way at once.
const MOST_ANSWERS: usize = 8;
/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes that are handed to the connection at once.
const CHUNK: usize = 256 << 10;
