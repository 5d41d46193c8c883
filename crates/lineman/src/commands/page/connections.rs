//! Connections of browsers: so many at once, and none that only begins to ask.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Serves until the runtime ends. (`axum::serve` gives a client all the time it likes for its first line.)
pub(super) async fn serve(listener: TcpListener, app: Router) {
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return; // nobody closes it
        };
        let Ok((stream, _)) = listener.accept().await else {
            // Descriptors have run out, or the client was gone at once: others may end.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let service = TowerToHyperService::new(app.clone());
        tokio::spawn(async move {
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD);
            let served = http.serve_connection(TokioIo::new(stream), service);
            let _ = served.await; // who breaks a connection knows it
            drop(place);
        });
    }
}

/// How many connections there are at once: some tabs with six each, and room below the usual limit of 1024 descriptors.
const MOST: usize = 256;
/// How long the head of a request may take: a browser on this machine sends it at once.
const HEAD: Duration = Duration::from_secs(10);
/// After a connection that could not be taken.
const PAUSE: Duration = Duration::from_millis(50);
