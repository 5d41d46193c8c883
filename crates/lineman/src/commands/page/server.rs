//! The page's files, its messages and its commands over HTTP.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::extract::Path;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::sse;
use axum::response::sse::Sse;
use axum::routing::get;
use axum::routing::post;
use clap::ValueEnum as _;
use futures_util::stream;
use lineman_http::make_safe;
use lineman_proto::text::safe_json;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::commands::Command;
use super::driver::Asked;
use super::feed::Feed;
use super::guard::Guard;
use super::learn;
use super::learn::Paper;
use crate::lang::Lang;
use crate::lang::Message;
use crate::lang::page::Page as Words;
use crate::lang::plural::NOUNS;
use crate::views::export;
use crate::views::export::Format;
use crate::views::page;

/// What all requests share.
struct Served {
    guard: Guard,
    feed: Feed,
    orders: mpsc::Sender<Asked>,
    lang: Lang,
    /// The exercise that the page is for; of others the log is asked about.
    paper: Option<Arc<Paper>>,
}

impl Served {
    fn paper(&self) -> Arc<Paper> {
        let own = self.paper.clone();
        own.unwrap_or_else(|| Arc::new(Paper::of_log(self.feed.events())))
    }
}

/// The largest command, in bytes: a line with the largest datagram of UDP has room.
const LARGEST_COMMAND: usize = 128 << 10;

/// What is answered to whom: everything is below the token.
pub(super) fn router(
    guard: Guard,
    feed: Feed,
    orders: mpsc::Sender<Asked>,
    paper: Option<Arc<Paper>>,
    lang: Lang,
) -> Router {
    let served = Arc::new(Served {
        paper,
        guard,
        feed,
        orders,
        lang,
    });
    Router::new()
        .route("/{token}/", get(|| async { file("index.html") }))
        .route("/{token}/words", get(words))
        .route("/{token}/events", get(events))
        .route("/{token}/packet/{row}", get(packet))
        .route("/{token}/do", post(obey))
        .route("/{token}/export/{lang}/{form}", get(export))
        .route("/{token}/exercise/{seed}", get(exercise))
        .route(
            "/{token}/exercise/{seed}/{events}",
            get(exercise_file).post(corrected),
        )
        .route("/{token}/{file}", get(asset))
        .fallback(|| async { refuse(StatusCode::NOT_FOUND, &Words::Nothing {}) })
        .layer(DefaultBodyLimit::max(LARGEST_COMMAND))
        .layer(from_fn_with_state(Arc::clone(&served), checked))
        .with_state(served)
}

/// Lets pass only what the page itself asks for, and has every answer say what a browser may do with it.
async fn checked(State(served): State<Arc<Served>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let text = |name: HeaderName| headers.get(name).map(|it| it.to_str().unwrap_or("?"));
    let path = request.uri().path();
    let token = path.split('/').nth(1).unwrap_or_default();
    // A request line with a whole URL names its host there, and what the header says does not count (RFC 9112 §3.2.2).
    let named = request.uri().authority().map(Authority::as_str);
    let host = named.or_else(|| text(header::HOST));
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    let checked = served.guard.check(token, host, text(header::ORIGIN));
    let mut response = match checked {
        // Who announces so much does not send it first.
        Ok(()) if length.is_some_and(|length| length > LARGEST_COMMAND as u64) => {
            refuse_unread(StatusCode::PAYLOAD_TOO_LARGE)
        }
        // A stream is answered at once, and goes on behind that.
        Ok(()) => match tokio::time::timeout(PATIENCE, next.run(request)).await {
            Ok(response) => response,
            Err(_) => refuse(StatusCode::REQUEST_TIMEOUT, &Words::TooSlow {}),
        },
        Err(refused) => refuse(
            StatusCode::FORBIDDEN,
            &Words::Refused {
                what: &refused.name(),
            },
        ),
    };
    // What cannot be read as a request at all is refused in the same form.
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_json = kind.is_some_and(|kind| kind.as_bytes() == JSON.as_bytes());
    if response.status().is_client_error() && !is_json {
        response = refuse_unread(response.status());
    }
    make_safe(&mut response);
    response
}

fn refuse(status: StatusCode, why: &dyn Message) -> Response {
    let why = json!({ "error": { "en": why.render(Lang::En), "zh": why.render(Lang::Zh) } });
    answer(status, JSON, why.to_string())
}

fn refuse_unread(status: StatusCode) -> Response {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => refuse(
            status,
            &Words::TooLarge {
                limit: &LARGEST_COMMAND,
            },
        ),
        status => refuse(status, &Words::Nothing {}),
    }
}

fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response {
    let kind = [(header::CONTENT_TYPE, kind)];
    (status, kind, body.into()).into_response()
}

async fn asset(Path((_, name)): Path<(String, String)>) -> Response {
    file(&name)
}

fn file(name: &str) -> Response {
    let found = FILES.iter().find(|(known, _)| *known == name);
    let Some((_, text)) = found else {
        return refuse(StatusCode::NOT_FOUND, &Words::Nothing {});
    };
    let kind = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        _ => "image/svg+xml",
    };
    answer(StatusCode::OK, kind, text.as_bytes())
}

const JSON: &str = "application/json";

/// The page's own words in both languages, and the one to begin with.
async fn words(State(served): State<Arc<Served>>) -> Response {
    let first = match served.lang {
        Lang::En => "en",
        Lang::Zh => "zh",
    };
    let words = json!({
        "first": first,
        "en": page::words(Lang::En),
        "zh": page::words(Lang::Zh),
        // English nouns behind a number, and one of each.
        "one": NOUNS.iter().copied().collect::<BTreeMap<_, _>>(),
    });
    answer(StatusCode::OK, JSON, words.to_string())
}

/// The messages as server-sent events. Those that are kept have numbers, so that a browser that comes back says which it has.
async fn events(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    let last = headers.get("last-event-id");
    let last = last.and_then(|id| id.to_str().ok()?.parse().ok());
    let reader = served.feed.reader(last.unwrap_or(0));
    let messages = stream::unfold(reader, |mut reader| async move {
        let (number, message) = reader.next().await?;
        let mut event = sse::Event::default().event(message.kind).data(message.json);
        if let Some(number) = number {
            event = event.id(number.to_string());
        }
        Some((Ok::<_, Infallible>(event), reader))
    });
    Sse::new(messages)
        .keep_alive(sse::KeepAlive::default())
        .into_response()
}

/// The fields and bytes of a row's packet.
async fn packet(
    State(served): State<Arc<Served>>,
    Path((_, row)): Path<(String, usize)>,
) -> Response {
    match served.feed.frame(row) {
        Some(frame) => answer(StatusCode::OK, JSON, frame.json()),
        None => refuse(StatusCode::NOT_FOUND, &Words::NoPacket {}),
    }
}

/// Has a command carried out, and answers what became of it.
async fn obey(State(served): State<Arc<Served>>, body: Bytes) -> Response {
    let command = match Command::read(&body) {
        Ok(command) => command,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, &why),
    };
    let (answer, answered) = oneshot::channel();
    if served.orders.try_send(Asked { command, answer }).is_err() {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, &Words::TooMany {});
    }
    match answered.await {
        Ok(Ok(said)) => {
            let said = json!({ "said": { "en": said.en, "zh": said.zh } });
            answer_json(StatusCode::ACCEPTED, said.to_string())
        }
        Ok(Err(why)) if why.is_untimely() => refuse(StatusCode::CONFLICT, &why),
        Ok(Err(why)) => refuse(StatusCode::BAD_REQUEST, &why),
        Err(_) => refuse(StatusCode::SERVICE_UNAVAILABLE, &Words::TooMany {}),
    }
}

fn answer_json(status: StatusCode, body: String) -> Response {
    answer(status, JSON, body)
}

/// The log in another form, as a file to be kept.
async fn export(
    State(served): State<Arc<Served>>,
    Path((_, lang, form)): Path<(String, String, String)>,
) -> Response {
    let wanted = (Lang::from_str(&lang, false), Format::from_str(&form, false));
    let (Ok(lang), Ok(format)) = wanted else {
        return refuse(StatusCode::NOT_FOUND, &Words::Nothing {});
    };
    let feed = served.feed.clone();
    let written = tokio::task::spawn_blocking(move || {
        let mut file = Vec::new();
        let written = export::write(format, &feed.events(), lang, &mut file);
        written.map(|()| file)
    });
    let Ok(Ok(file)) = written.await else {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, &Words::NoExport {});
    };
    let kind = match format {
        Format::Svg | Format::Figures => "image/svg+xml",
        _ => "application/octet-stream",
    };
    let mut response = answer(StatusCode::OK, kind, file);
    let name = HeaderValue::from_static("attachment");
    response
        .headers_mut()
        .insert(header::CONTENT_DISPOSITION, name);
    response
}

/// An exercise about the log as far as it has come.
async fn exercise(
    State(served): State<Arc<Served>>,
    Path((_, seed)): Path<(String, u64)>,
) -> Response {
    let paper = served.paper();
    let asked = tokio::task::spawn_blocking(move || {
        let exercise = paper.exercise(seed, None)?;
        Some(learn::asked(&exercise).to_string())
    });
    match asked.await {
        Ok(Some(asked)) => answer_json(StatusCode::OK, safe_json(&asked).into_owned()),
        _ => refuse(StatusCode::NOT_FOUND, &Words::Nothing {}),
    }
}

/// What the log says of answers to an exercise about its first events.
async fn corrected(
    State(served): State<Arc<Served>>,
    Path((_, seed, count)): Path<(String, u64, usize)>,
    body: Bytes,
) -> Response {
    let paper = served.paper();
    let marks = tokio::task::spawn_blocking(move || {
        let exercise = paper.exercise(seed, Some(count));
        let exercise = exercise.ok_or(StatusCode::NOT_FOUND)?;
        learn::marks(&exercise, &body)
    });
    match marks.await {
        Ok(Ok(marks)) => answer_json(StatusCode::OK, safe_json(&marks.to_string()).into_owned()),
        Ok(Err(status)) => refuse(status, &Words::Nothing {}),
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &Words::Nothing {}),
    }
}

/// An exercise as a file to be kept.
async fn exercise_file(
    State(served): State<Arc<Served>>,
    Path((_, seed, count)): Path<(String, u64, usize)>,
) -> Response {
    let paper = served.paper();
    let written = tokio::task::spawn_blocking(move || {
        let mut file = Vec::new();
        let exercise = paper.exercise(seed, Some(count))?;
        exercise.write(&mut file).ok().map(|()| file)
    });
    match written.await {
        Ok(Some(file)) => answer(StatusCode::OK, "application/octet-stream", file),
        _ => refuse(StatusCode::NOT_FOUND, &Words::Nothing {}),
    }
}

/// How long a request may take, its body included: a line waits for calls before it, some seconds at most.
const PATIENCE: Duration = Duration::from_secs(30);

/// Names and texts of the page's files.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../page/", $name)))),*]
    };
}

const FILES: &[(&str, &str)] = files![
    "index.html",
    "style.css",
    "main.js",
    "stream.js",
    "store.js",
    "messages.js",
    "ladder.js",
    "arrows.js",
    "host_card.js",
    "state_diagram.js",
    "wire_controls.js",
    "inspector.js",
    "keys.js",
    "find.js",
    "focus.js",
    "follow.js",
    "format.js",
    "doing.js",
    "prompt.js",
    "chooser.js",
    "faults.js",
    "exports.js",
    "table.js",
    "tabs.js",
    "graphs.js",
    "series.js",
    "ruler.js",
    "timers.js",
    "predict.js",
    "chapter.js",
    "exercise.js",
];
