//! Connections: so many at once, from whom it may be, and none that only begins to ask or stops to read.

use std::collections::HashMap;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::Service as _;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::stall::Stalling;

/// What connections are held to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many there are at once; others wait until one ends.
    pub most: usize,
    /// How many there are at once of one address, unless it is this machine's; more are closed without a word.
    pub most_of_one: usize,
    /// How long the head of a request may take, and how long a connection may wait for one.
    pub head: Duration,
    /// How long a client may take nothing of what it is sent.
    pub stall: Duration,
}

impl Default for Limits {
    /// 256 connections: some tabs with six each, and room below the usual limit of 1024 descriptors. 10 seconds for a head, which
    /// programs send at once; 30 without reading.
    fn default() -> Self {
        Self {
            most: 256,
            most_of_one: 64,
            head: Duration::from_secs(10),
            stall: Duration::from_secs(30),
        }
    }
}

/// A connection, as its requests find it among their extensions.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) peer: SocketAddr,
    pub(crate) local: SocketAddr,
    /// The same socket once more, to ask the kernel what has arrived, also when the connection is over.
    pub(crate) socket: Arc<OwnedFd>,
    /// How often everything that was to be written to it had been.
    pub(crate) flushes: Arc<AtomicU64>,
    /// Bytes that were written to it.
    pub(crate) written: Arc<AtomicU64>,
}

impl Connection {
    fn of(stream: &TcpStream, peer: SocketAddr) -> std::io::Result<Self> {
        let canonical = |end: SocketAddr| SocketAddr::new(end.ip().to_canonical(), end.port());
        Ok(Self {
            peer: canonical(peer),
            local: canonical(stream.local_addr()?),
            socket: Arc::new(stream.as_fd().try_clone_to_owned()?),
            flushes: Arc::default(),
            written: Arc::default(),
        })
    }
}

/// How many connections each address has.
#[derive(Debug, Default)]
struct Crowd(Mutex<HashMap<IpAddr, usize>>);

/// One of them.
struct Member {
    crowd: Arc<Crowd>,
    ip: IpAddr,
}

impl Crowd {
    fn admit(self: &Arc<Self>, ip: IpAddr, most: usize) -> Option<Member> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner); // whole after every statement
        let count = all.entry(ip).or_default();
        if *count >= most && !ip.is_loopback() {
            return None;
        }
        *count += 1;
        Some(Member {
            crowd: Arc::clone(self),
            ip,
        })
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut all = self.crowd.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.ip);
            }
        }
    }
}

/// Serves those who may ask until the runtime ends; a connection of others is closed without a word. (`axum::serve` gives
/// a client all the time it likes for its first line.)
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    may: impl Fn(IpAddr) -> bool,
) {
    let places = Arc::new(Semaphore::new(limits.most));
    let crowd = Arc::<Crowd>::default();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return; // nobody closes it
        };
        let Ok((stream, from)) = listener.accept().await else {
            // Descriptors have run out, or the client was gone at once: others may end.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let ip = from.ip().to_canonical();
        if !may(ip) {
            continue;
        }
        let Some(member) = crowd.admit(ip, limits.most_of_one) else {
            continue;
        };
        let Ok(connection) = Connection::of(&stream, from) else {
            continue; // it is gone, or descriptors have run out
        };
        let [flushes, written] = [&connection.flushes, &connection.written].map(Arc::clone);
        let app = TowerToHyperService::new(app.clone());
        let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(connection.clone());
            app.call(request)
        });
        tokio::spawn(async move {
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new())
                .header_read_timeout(limits.head)
                .max_buf_size(LARGEST_HEAD);
            let stream = Stalling::new(stream, limits.stall, flushes, written);
            let served = http.serve_connection(TokioIo::new(stream), service);
            let _ = served.await; // who breaks a connection knows it
            drop((place, member));
        });
    }
}

/// After a connection that could not be taken.
const PAUSE: Duration = Duration::from_millis(50);
/// Bytes of a head; hyper answers 431 to more.
const LARGEST_HEAD: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_does_not_take_the_places_of_all() {
        let crowd = Arc::<Crowd>::default();
        let [one, other] = [[10, 0, 0, 1], [10, 0, 0, 2]].map(IpAddr::from);
        let members: Vec<_> = (0..3).map(|_| crowd.admit(one, 2)).collect();
        assert_eq!(members.iter().flatten().count(), 2);
        assert!(crowd.admit(other, 2).is_some());
        drop(members);
        assert!(crowd.admit(one, 2).is_some());
        assert!(crowd.0.lock().expect("whole").is_empty());
        let local = IpAddr::from([127, 0, 0, 1]);
        let many: Vec<_> = (0..9).map(|_| crowd.admit(local, 2)).collect();
        assert_eq!(many.iter().flatten().count(), 9, "this machine's");
    }
}
