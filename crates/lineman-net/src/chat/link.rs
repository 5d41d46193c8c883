//! What both ways to hold a call need of a connected socket.

use std::io;
use std::io::ErrorKind;
use std::net::Shutdown;
use std::time::Duration;

use socket2::SockRef;
use socket2::TcpKeepalive;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::sys;

/// With these three an idle call whose cable was pulled ends within a minute: 20 + 3 × 10 s.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(20);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_PROBES: u32 = 3;
/// How long typed text may remain unacknowledged before the call counts as broken; in a pipe, how long
/// the peer's TCP may give no sign of life while something is on its way.
const USER_TIMEOUT: Duration = Duration::from_secs(45);
/// How many probes of a closed window a peer that is alive may leave unanswered.
const MISSED_PROBES: u8 = 3;
/// How often the kernel is asked about delivery while something is on its way.
const SETTLE_INTERVAL: Duration = Duration::from_millis(10);

/// Sets the options that every call has. [`dial`](super::dial()) and [`Listener`](super::Listener)
/// do so, so that no call, on either side and however it is held, is without them.
pub(super) fn prepare(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(
        &TcpKeepalive::new()
            .with_time(KEEPALIVE_IDLE)
            .with_interval(KEEPALIVE_INTERVAL)
            .with_retries(KEEPALIVE_PROBES),
    )?;
    // Urgent data is data. Telnet marks its interrupts urgent, and a byte taken out of the stream
    // would leave half a command behind.
    socket.set_out_of_band_inline(true)?;
    stream.set_nodelay(true)
}

/// Sets how long what a person typed may remain unacknowledged.
///
/// Not for pipes: `TCP_USER_TIMEOUT` also ends a call whose peer reads nothing for that long, and a
/// pipe may end in a pager. They ask [`is_lost`].
pub(super) fn prepare_text(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream).set_tcp_user_timeout(Some(USER_TIMEOUT))
}

/// Whether the peer's host is gone: something is on its way, and its TCP has given no sign of life for
/// [`USER_TIMEOUT`]. A peer that merely reads nothing keeps answering, if only that its window is closed.
/// (Left alone the kernel would try for a quarter of an hour, `tcp_retries2` in tcp(7). While nothing is
/// on its way, keep-alive watches.)
pub(super) fn is_lost(stream: &TcpStream) -> io::Result<bool> {
    let life = sys::signs_of_life(stream)?;
    Ok(life.last_ack >= USER_TIMEOUT && (life.retransmissions > 0 || life.probes >= MISSED_PROBES))
}

/// Finishes sending. After a reset the reason is the reset, not that there is no connection.
pub(super) fn finish(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream)
        .shutdown(Shutdown::Write)
        .map_err(|error| match stream.take_error() {
            Ok(Some(reason)) => reason,
            _ if error.kind() == ErrorKind::NotConnected => ErrorKind::ConnectionReset.into(),
            _ => error,
        })
}

/// How a wait for delivery ended.
#[derive(Debug)]
pub(super) enum Settled {
    /// The peer's TCP has acknowledged everything.
    Delivered,
    /// Nothing moved for as long as was allowed.
    Stalled,
    /// The connection broke with this many bytes on their way.
    Broken(u64, io::Error),
}

/// Waits until the peer's TCP has acknowledged everything, as long as there is progress.
pub(super) async fn settle(stream: &TcpStream, patience: Duration) -> io::Result<Settled> {
    let mut last = u64::MAX;
    let mut give_up = Instant::now() + patience;
    loop {
        let waiting = sys::unacknowledged(stream)?;
        if let Some(error) = stream.take_error()? {
            return Ok(Settled::Broken(waiting, error));
        }
        if waiting == 0 {
            return Ok(Settled::Delivered);
        }
        let now = Instant::now();
        if waiting < last {
            last = waiting;
            give_up = now + patience;
        } else if now >= give_up {
            return Ok(Settled::Stalled);
        }
        tokio::time::sleep(SETTLE_INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;

    use lineman_proto::chat::Config;

    use super::*;
    use crate::chat::Listener;
    use crate::chat::Talk;
    use crate::chat::dial;

    fn options(stream: &TcpStream) -> (bool, Duration, Duration, u32, bool, bool) {
        let socket = SockRef::from(stream);
        (
            socket.keepalive().expect("SO_KEEPALIVE"),
            socket.tcp_keepalive_time().expect("TCP_KEEPIDLE"),
            socket.tcp_keepalive_interval().expect("TCP_KEEPINTVL"),
            socket.tcp_keepalive_retries().expect("TCP_KEEPCNT"),
            socket.out_of_band_inline().expect("SO_OOBINLINE"),
            stream.nodelay().expect("TCP_NODELAY"),
        )
    }

    /// A pipe had none of them where it was called, and waited for a pulled cable for ever.
    #[tokio::test]
    async fn callers_and_called_have_the_options_of_a_call_before_it_is_held() {
        let listener = Listener::bind(Some("127.0.0.1"), 0).await.expect("bind");
        let port = listener.local_addr().expect("address").port();
        let (called, calling) = tokio::join!(
            listener.accept(),
            dial("127.0.0.1", port, Duration::from_secs(10))
        );
        let (calling, ..) = calling.expect("a call");
        let wanted = (
            true,
            KEEPALIVE_IDLE,
            KEEPALIVE_INTERVAL,
            KEEPALIVE_PROBES,
            true,
            true,
        );
        assert_eq!(options(&called.0), wanted);
        assert_eq!(options(&calling), wanted);
        let typed = calling.as_fd().try_clone_to_owned().expect("a copy");
        let _talk = Talk::new(calling, Config::default()).expect("a call");
        let timeout = SockRef::from(&typed).tcp_user_timeout();
        assert_eq!(timeout.expect("TCP_USER_TIMEOUT"), Some(USER_TIMEOUT));
    }
}
