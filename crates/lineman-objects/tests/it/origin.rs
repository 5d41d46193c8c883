//! A web server that does what a test tells it to.

use std::collections::HashMap;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;

/// A request, with its headers' names in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// From where on the object is wanted.
    pub(crate) fn start(&self) -> Option<usize> {
        let range = self.header("range")?.strip_prefix("bytes=")?;
        range.split('-').next()?.parse().ok()
    }
}

/// The server. It answers one request by each connection, on a thread of its own, until the test ends.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Origin {
    /// Answers with what `answer` writes.
    pub(crate) fn new(answer: impl Fn(&Asked, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = listener.local_addr().expect("address");
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let (answer, seen) = (Arc::new(answer), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                std::thread::spawn(move || serve(stream, &*answer, &seen));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/boot", self.address)
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("whole").clone()
    }
}

fn serve(
    stream: TcpStream,
    answer: &(impl Fn(&Asked, &mut TcpStream) + ?Sized),
    seen: &Mutex<Vec<Asked>>,
) {
    let mut lines = BufReader::new(stream.try_clone().expect("clone")).lines();
    let Some(Ok(first)) = lines.next() else {
        return;
    };
    let headers = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_lowercase(), value.trim().to_owned()))
        });
    let asked = Asked {
        headers: headers.collect(),
        path: first.split(' ').nth(1).expect("a path").to_owned(),
    };
    seen.lock().expect("whole").push(asked.clone());
    let mut stream = stream;
    answer(&asked, &mut stream);
}

/// A head; what cannot be sent nobody waits for.
pub(crate) fn head(stream: &mut TcpStream, status: &str, headers: &[(&str, &str)]) {
    let mut text = format!("HTTP/1.1 {status}\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let _ = stream.write_all(format!("{text}\r\n").as_bytes());
}

/// An object as good servers give it: conditions and ranges are heeded.
pub(crate) fn object(asked: &Asked, stream: &mut TcpStream, body: &[u8], tag: &str) {
    if asked.header("if-none-match") == Some(tag) {
        return head(stream, "304 Not Modified", &[("etag", tag)]);
    }
    if asked.header("if-match").is_some_and(|wanted| wanted != tag) {
        return head(
            stream,
            "412 Precondition Failed",
            &[("content-length", "0")],
        );
    }
    let start = asked.start().unwrap_or(0);
    let length = (body.len() - start).to_string();
    let range = format!("bytes {start}-{}/{}", body.len() - 1, body.len());
    let mut headers = vec![("content-length", &*length), ("etag", tag)];
    let status = match asked.start() {
        Some(_) => {
            headers.push(("content-range", &range));
            "206 Partial Content"
        }
        None => "200 OK",
    };
    head(stream, status, &headers);
    let _ = stream.write_all(&body[start..]);
}
