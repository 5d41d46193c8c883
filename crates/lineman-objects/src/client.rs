//! The client of HTTP: connections of its own, no redirect is followed, and nothing of an answer is kept
//! but what was asked for.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::Method;
use hyper::StatusCode;
use hyper::Uri;
use hyper::body::Body;
use hyper::header::LOCATION;
use hyper_rustls::HttpsConnector;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioTimer;
use object_store::ClientConfigKey;
use object_store::ClientOptions;
use object_store::client::HttpClient;
use object_store::client::HttpConnector;
use object_store::client::HttpError;
use object_store::client::HttpErrorKind;
use object_store::client::HttpRequest;
use object_store::client::HttpRequestBody;
use object_store::client::HttpResponse;
use object_store::client::HttpResponseBody;
use object_store::client::HttpService;

/// Why an exchange came to nothing, where the store's library would say less.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("{0}")]
    Unreachable(String),
    #[error("status {status}")]
    Status { status: u16, to: Option<String> },
    #[error("{0}")]
    Broken(String),
    #[error("no TLS")]
    Plain,
}

/// Makes [`Service`]s.
#[derive(Clone, Debug)]
pub(crate) struct Connector;

#[derive(Debug)]
struct Service {
    client: WebClient<HttpRequestBody>,
    allow_plain: bool,
}

/// A client that sends bodies of this kind, over TCP or TLS.
pub(crate) type WebClient<B> = Client<HttpsConnector<TcpConnector>, B>;

/// Makes a client. Nobody is connected yet; the system's certificates are read.
///
/// # Errors
/// When there are none.
pub(crate) fn web_client<B>() -> io::Result<WebClient<B>>
where
    B: Body + Send,
    B::Data: Send,
{
    let mut tcp = TcpConnector::new();
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(CONNECT));
    tcp.set_keepalive(Some(KEEPALIVE));
    tcp.set_nodelay(true);
    let tls = HttpsConnectorBuilder::new()
        .with_native_roots()?
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    Ok(Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_timer(TokioTimer::new())
        .http1_max_buf_size(LARGEST_HEAD)
        .build(tls))
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = web_client().map_err(|source| object_store::Error::Generic {
            store: "TLS",
            source: source.into(),
        })?;
        let allow_plain = options.get_config_value(&ClientConfigKey::AllowHttp);
        Ok(HttpClient::new(Service {
            client,
            allow_plain: allow_plain.as_deref() == Some("true"),
        }))
    }
}

impl Service {
    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if !self.allow_plain && request.uri().scheme_str() == Some("http") {
            return Err(HttpError::new(HttpErrorKind::Unknown, LinkError::Plain));
        }
        let asked = request.uri().clone();
        let is_get = request.method() == Method::GET;
        let response = self.client.request(request).await.map_err(unanswered)?;
        let status = response.status();
        let (parts, body) = response.into_parts();
        if status.is_success() {
            let body = HttpResponseBody::new(body.map_err(broken));
            return Ok(HttpResponse::from_parts(parts, body));
        }
        if is_get && !is_understood(status) {
            let to = parts
                .headers
                .get(LOCATION)
                .map(|to| elsewhere(&asked, to.as_bytes()));
            let answered = LinkError::Status {
                status: status.as_u16(),
                to,
            };
            return Err(HttpError::new(HttpErrorKind::Unknown, answered));
        }
        // What it says of an error may be as long as it likes: nobody reads it.
        Ok(HttpResponse::from_parts(parts, Bytes::new().into()))
    }
}

/// Status codes that the store's library has errors of its own for.
fn is_understood(status: StatusCode) -> bool {
    matches!(status.as_u16(), 304 | 401 | 403 | 404 | 405 | 412 | 416)
}

/// Where an answer sends us, without what might be a secret in it.
fn elsewhere(asked: &Uri, to: &[u8]) -> String {
    let to = lineman_proto::text::visible_bytes(&to[..to.len().min(LONGEST_SHOWN)]);
    let to = to.split(['?', '#']).next().unwrap_or_default().to_owned();
    match to.strip_prefix('/') {
        Some(_) => format!("{}{to}", asked.host().unwrap_or_default()),
        None => to,
    }
}

fn unanswered(error: hyper_util::client::legacy::Error) -> HttpError {
    let why = innermost(&error);
    match error.is_connect() {
        true => HttpError::new(HttpErrorKind::Connect, LinkError::Unreachable(why)),
        false => HttpError::new(HttpErrorKind::Interrupted, LinkError::Broken(why)),
    }
}

fn broken(error: hyper::Error) -> HttpError {
    HttpError::new(
        HttpErrorKind::Interrupted,
        LinkError::Broken(innermost(&error)),
    )
}

/// What the last in a chain of errors says: it is the system's word, or TLS's.
pub(crate) fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

// As the macro of the crate async-trait would write it, for one method.
impl HttpService for Service {
    fn call<'life0, 'async_trait>(
        &'life0 self,
        request: HttpRequest,
    ) -> futures_util::future::BoxFuture<'async_trait, Result<HttpResponse, HttpError>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(self.answer(request))
    }
}

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(3);
/// How long a connection is kept that nothing is asked by.
const IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE: Duration = Duration::from_secs(15);
/// Bytes of a head, and of what is read ahead of a body.
const LARGEST_HEAD: usize = 128 << 10;
/// Bytes of an address that are shown.
const LONGEST_SHOWN: usize = 200;
