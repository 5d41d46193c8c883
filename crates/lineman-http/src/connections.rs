//! Connections: so many at once, from whom it may be, and none that only begins to ask or stops to read.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::stall::Stalling;

/// What connections are held to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many there are at once; others wait until one ends.
    pub most: usize,
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
            head: Duration::from_secs(10),
            stall: Duration::from_secs(30),
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
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return; // nobody closes it
        };
        let Ok((stream, from)) = listener.accept().await else {
            // Descriptors have run out, or the client was gone at once: others may end.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        if !may(from.ip().to_canonical()) {
            continue;
        }
        let service = TowerToHyperService::new(app.clone());
        tokio::spawn(async move {
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new())
                .header_read_timeout(limits.head)
                .max_buf_size(LARGEST_HEAD);
            let stream = Stalling::new(stream, limits.stall);
            let served = http.serve_connection(TokioIo::new(stream), service);
            let _ = served.await; // who breaks a connection knows it
            drop(place);
        });
    }
}

/// After a connection that could not be taken.
const PAUSE: Duration = Duration::from_millis(50);
/// Bytes of a head; hyper answers 431 to more.
const LARGEST_HEAD: usize = 64 << 10;
