//! Where connections come from.

use std::net::SocketAddr;

use lineman_net::chat::Listener;
use tokio::net::TcpStream;

/// Where connections come from: those that a listener accepts, or the one that we made.
pub(super) struct Connections {
    listener: Option<Listener>,
    called: Option<(TcpStream, SocketAddr)>,
    /// Further calls will follow.
    open: bool,
    keep: bool,
}

impl Connections {
    pub(super) fn listening(listener: Listener, keep: bool) -> Self {
        Self {
            listener: Some(listener),
            called: None,
            open: true,
            keep,
        }
    }

    pub(super) fn calling(stream: TcpStream, address: SocketAddr) -> Self {
        Self {
            listener: None,
            called: Some((stream, address)),
            open: true,
            keep: false,
        }
    }

    /// Whether we are the caller.
    pub(super) fn is_calling(&self) -> bool {
        self.listener.is_none()
    }

    /// Whether another call may follow.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// The next call, `None` after the last. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Option<(TcpStream, SocketAddr)> {
        if let Some(call) = self.called.take() {
            self.open = false;
            return Some(call);
        }
        let listener = self.listener.as_ref().filter(|_| self.open)?;
        let call = listener.accept().await;
        self.open = self.keep;
        Some(call)
    }

    /// Waits for a caller during a call, and tells it that we are busy.
    pub(super) async fn turn_away(&self) -> SocketAddr {
        match &self.listener {
            Some(listener) => listener.turn_away().await,
            None => std::future::pending().await,
        }
    }
}
