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
/// How long typed text may remain unacknowledged before the call counts as broken.
const USER_TIMEOUT: Duration = Duration::from_secs(45);
/// How often the kernel is asked about delivery while something is on its way.
const SETTLE_INTERVAL: Duration = Duration::from_millis(10);

/// Sets the options that every call has.
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

/// Sets the options of a call that a person types into.
///
/// Not for pipes: the time-out also ends a call whose peer reads nothing for that long, and a
/// pipe may end in a pager.
pub(super) fn prepare_text(stream: &TcpStream) -> io::Result<()> {
    prepare(stream)?;
    SockRef::from(stream).set_tcp_user_timeout(Some(USER_TIMEOUT))
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
