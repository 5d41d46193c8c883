//! Files by HTTP: `GET` and `HEAD`, ranges, tags, and the conditions that hang on them (RFC 9110 §8.8, §13, §14).
//!
//! Where the bytes come from, and who is told what became of a request, is behind [`Files`].

mod conditions;
mod delivery;
mod listing;

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Instant;
use std::time::SystemTime;

use axum::body::Body;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Response;
use futures_util::stream;
use headers::HeaderMapExt as _;
use percent_encoding::percent_decode_str;

use self::conditions::Verdict;
use self::delivery::Delivery;
pub use self::listing::Listed;
pub use self::listing::listing;
use crate::connections::Connection;

/// Where files come from.
pub trait Files: Send + Sync + 'static {
    /// One state of a file.
    type File: Send + Sync + 'static;
    /// Why there is none, or no more of it.
    type Refusal: Send + 'static;

    /// Opens the file that is asked for.
    fn open(&self, asked: &Asked)
    -> impl Future<Output = Result<Self::File, Self::Refusal>> + Send;

    /// What there is to say about it.
    fn describe(&self, file: &Self::File) -> Description;

    /// Bytes of it from `offset` on, `most` at most, and none behind its end only. It may wait, but never blocks.
    fn read(
        &self,
        file: &Self::File,
        offset: u64,
        most: usize,
    ) -> impl Future<Output = Result<Vec<u8>, Self::Refusal>> + Send;

    /// What a refusal is in HTTP.
    fn status(&self, refusal: &Self::Refusal) -> StatusCode;

    /// A client begins to get a whole file.
    fn begins(&self, asked: &Asked);

    /// A request is over; with the file, where one was opened.
    fn ended(&self, asked: &Asked, file: Option<&Self::File>, answered: Answered<Self::Refusal>);

    /// What was written to the socket of a connection and has not arrived.
    ///
    /// # Errors
    /// When the system does not tell.
    fn undelivered(&self, socket: BorrowedFd<'_>) -> io::Result<Undelivered>;
}

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Who asked.
    pub peer: SocketAddr,
    /// The address that was asked.
    pub local: IpAddr,
    /// The name of the file: the path without its first slash, decoded. Any bytes.
    pub name: Vec<u8>,
    /// What is asked for: answered are `GET` and `HEAD`.
    pub method: Method,
    /// What the program calls itself; empty where it does not. Cut where it is long.
    pub user_agent: Vec<u8>,
    /// When the request came.
    pub at: Instant,
}

/// What is told of a file.
#[derive(Clone, Debug)]
pub struct Description {
    /// Its length in bytes.
    pub length: u64,
    /// What no other state of it has: visible ASCII without quotes.
    pub tag: Option<String>,
    /// When it was written last.
    pub modified: Option<SystemTime>,
    /// Whether it is a page that [`listing()`] made, not a file.
    pub is_listing: bool,
}

/// What became of a request.
#[derive(Debug)]
pub struct Answered<R> {
    /// The status of the answer.
    pub status: StatusCode,
    /// Bytes of the file that have arrived, as far as the client's TCP has said: some hundreds more at most, where it has not got
    /// all of them.
    pub bytes: u64,
    /// How it ended.
    pub ending: Ending<R>,
}

/// What has not arrived of what was written to a connection.
#[derive(Clone, Copy, Debug)]
pub struct Undelivered {
    /// Bytes that the client's TCP has not acknowledged.
    pub bytes: u64,
    /// Whether it never will: the connection was reset.
    pub is_lost: bool,
}

/// How an answer ended.
#[derive(Debug)]
pub enum Ending<R> {
    /// The client has everything that it was to get: its TCP has acknowledged it. What has no bytes of a file is
    /// not waited for.
    Arrived,
    /// The connection ended before that, or the client took nothing for too long.
    Left,
    /// There is no such file, or it could not be read to its end.
    Refused(R),
    /// The request cannot be fulfilled: another method, a range behind the end, a condition that does not hold.
    Unfulfillable,
}

/// Answers a request for a file.
pub(crate) async fn answer<F: Files>(files: Arc<F>, request: Request) -> Response {
    let Some(connection) = request.extensions().get::<Connection>().cloned() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response(); // `serve` has put it there
    };
    let asked = asked(&connection, &request);
    let is_head = asked.method == Method::HEAD;
    if asked.method != Method::GET && !is_head {
        let response = refuse(StatusCode::METHOD_NOT_ALLOWED);
        tell(
            &*files,
            &asked,
            None,
            response.status(),
            Ending::Unfulfillable,
        );
        return ([(header::ALLOW, "GET, HEAD")], response).into_response();
    }
    let file = match files.open(&asked).await {
        Ok(file) => Arc::new(file),
        Err(refusal) => {
            let status = files.status(&refusal);
            tell(&*files, &asked, None, status, Ending::Refused(refusal));
            return refuse(status);
        }
    };
    let about = files.describe(&file);
    let (part, status) = match conditions::judge(request.headers(), is_head, &about) {
        Verdict::Whole => (0..about.length, StatusCode::OK),
        Verdict::Part(part) => (part, StatusCode::PARTIAL_CONTENT),
        Verdict::NotModified => {
            let mut response = StatusCode::NOT_MODIFIED.into_response();
            describe(response.headers_mut(), &about);
            let status = response.status();
            tell(&*files, &asked, Some(&file), status, Ending::Arrived);
            return response;
        }
        Verdict::Unfulfillable(status) => {
            let mut response = refuse(status);
            if status == StatusCode::RANGE_NOT_SATISFIABLE {
                let range = headers::ContentRange::unsatisfied_bytes(about.length);
                response.headers_mut().typed_insert(range);
            }
            tell(&*files, &asked, Some(&file), status, Ending::Unfulfillable);
            return response;
        }
    };
    let is_whole = status == StatusCode::OK;
    let mut response = if is_head {
        tell(&*files, &asked, Some(&file), status, Ending::Arrived);
        Response::new(Body::empty())
    } else {
        if is_whole {
            files.begins(&asked);
        }
        let delivery = Delivery::new(&files, &file, &connection, asked.clone(), status, &part);
        Response::new(body(files, file, part.clone(), delivery))
    };
    *response.status_mut() = status;
    let headers = response.headers_mut();
    describe(headers, &about);
    let kind = match about.is_listing {
        true => HeaderValue::from_static(LISTING),
        false => kind(&asked.name),
    };
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CONTENT_LENGTH, (part.end - part.start).into());
    if !is_whole && let Ok(range) = headers::ContentRange::bytes(part, about.length) {
        headers.typed_insert(range);
    }
    response
}

fn asked(connection: &Connection, request: &Request) -> Asked {
    let path = request.uri().path();
    let agent = request.headers().get(header::USER_AGENT);
    let agent = agent.map(HeaderValue::as_bytes).unwrap_or_default();
    Asked {
        peer: connection.peer,
        local: connection.local.ip(),
        name: percent_decode_str(path.strip_prefix('/').unwrap_or(path)).collect(),
        method: request.method().clone(),
        user_agent: agent[..agent.len().min(LONGEST_AGENT)].to_vec(),
        at: Instant::now(),
    }
}

/// What an answer without bytes of a file is told as.
fn tell<F: Files>(
    files: &F,
    asked: &Asked,
    file: Option<&F::File>,
    status: StatusCode,
    ending: Ending<F::Refusal>,
) {
    let answered = Answered {
        status,
        bytes: 0,
        ending,
    };
    files.ended(asked, file, answered);
}

fn describe(headers: &mut HeaderMap, about: &Description) {
    headers.typed_insert(headers::AcceptRanges::bytes());
    if let Some(tag) = conditions::tag(about) {
        headers.typed_insert(tag);
    }
    if let Some(modified) = about.modified {
        headers.typed_insert(headers::LastModified::from(modified));
    }
}

/// The part of the file, as it comes.
fn body<F: Files>(
    files: Arc<F>,
    file: Arc<F::File>,
    part: std::ops::Range<u64>,
    delivery: Delivery<F>,
) -> Body {
    let begin = (files, file, part, delivery);
    let pieces = stream::try_unfold(begin, |(files, file, mut part, mut delivery)| async move {
        if part.is_empty() {
            return Ok::<_, io::Error>(None);
        }
        let most = usize::try_from(part.end - part.start).unwrap_or(usize::MAX);
        match files.read(&file, part.start, most.min(PIECE)).await {
            Ok(bytes) if !bytes.is_empty() => {
                part.start += bytes.len() as u64;
                delivery.handed_over(bytes.len() as u64, part.is_empty());
                Ok(Some((Bytes::from(bytes), (files, file, part, delivery))))
            }
            Ok(_) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(refusal) => {
                delivery.refuse(refusal);
                // The connection ends, and the client sees that something is missing.
                Err(io::Error::other("the file cannot be read to its end"))
            }
        }
    });
    Body::from_stream(pieces)
}

fn refuse(status: StatusCode) -> Response {
    let text = match status {
        StatusCode::BAD_REQUEST => "no name of a file\n不是文件名\n",
        StatusCode::FORBIDDEN => "not permitted\n不允许访问\n",
        StatusCode::NOT_FOUND => "no such file\n没有这个文件\n",
        StatusCode::METHOD_NOT_ALLOWED => "only GET and HEAD\n只支持 GET 和 HEAD\n",
        StatusCode::PRECONDITION_FAILED => "the file is another by now\n文件已经变化\n",
        StatusCode::RANGE_NOT_SATISFIABLE => {
            "the range lies behind the end of the file\n请求的范围超出文件末尾\n"
        }
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => {
            "the store does not give the file\n存储没有给出这个文件\n"
        }
        StatusCode::SERVICE_UNAVAILABLE => "busy, try again\n繁忙，请重试\n",
        _ => "the server cannot read the file\n服务器无法读取这个文件\n",
    };
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    let mut response = (status, [(header::CONTENT_TYPE, kind)], text).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let soon = HeaderValue::from_static(RETRY_SECONDS);
        response.headers_mut().insert(header::RETRY_AFTER, soon);
    }
    response
}

/// What firmware has to know of a file (UEFI 2.10 §24.7.3.1): it boots images of these kinds. Anything else is bytes, and no
/// browser shows it as a page of this server's.
fn kind(name: &[u8]) -> HeaderValue {
    let ends = |end: &str| {
        let from = name.len().checked_sub(end.len());
        from.is_some_and(|from| name[from..].eq_ignore_ascii_case(end.as_bytes()))
    };
    HeaderValue::from_static(if ends(".efi") {
        "application/efi"
    } else if ends(".iso") {
        "application/vnd.efi-iso"
    } else if ends(".img") {
        "application/vnd.efi-img"
    } else {
        "application/octet-stream"
    })
}

/// What a listing is.
const LISTING: &str = "text/html; charset=utf-8";
/// Bytes that are read at once: little enough that a thousand connections take 32 MiB.
const PIECE: usize = 32 << 10;
/// Bytes of a `User-Agent` that are looked at.
const LONGEST_AGENT: usize = 128;
/// After which a client may ask again.
const RETRY_SECONDS: &str = "2";
