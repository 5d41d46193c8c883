//! Waiting for a caller.

use std::io;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lineman_proto::chat::BUSY;
use socket2::Domain;
use socket2::Protocol;
use socket2::Socket;
use socket2::Type;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::link;
use crate::Operation;
use crate::SystemError;
use crate::addr::canonical;

/// How long a second caller may take to read it.
const BUSY_TIME: Duration = Duration::from_secs(2);
/// How many second callers are answered at a time; more are dropped.
const BUSY_CALLERS: usize = 16;
/// Callers that the kernel keeps waiting.
const BACKLOG: i32 = 16;
/// A pause after a failed accept: out of file descriptors is not cured by asking again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A listening socket. It takes one caller at a time and tells the others that it is busy.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    busy: Arc<Semaphore>,
}

impl Listener {
    /// Listens on `host` (all addresses of both families if `None`) and `port` (any if 0).
    ///
    /// # Errors
    /// When the name is unknown or no address of it can be bound.
    pub async fn bind(host: Option<&str>, port: u16) -> Result<Self, SystemError> {
        let addresses = match host {
            None => vec![
                SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port),
                SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port),
            ],
            Some(host) => tokio::net::lookup_host((host, port))
                .await
                .map_err(SystemError::new(Operation::Resolve, host))?
                .collect(),
        };
        let mut refused = None;
        for address in addresses {
            match bind(address) {
                Ok(socket) => return Ok(Self::new(socket)),
                Err(error) => {
                    // Where IPv6 is absent the second address is the answer. A port that is taken
                    // is taken: half a listener would be a surprise.
                    let absent = error.raw_os_error() == Some(nix::libc::EAFNOSUPPORT)
                        || error.kind() == ErrorKind::AddrNotAvailable;
                    let error = SystemError::new(Operation::Bind, address)(error);
                    if !absent {
                        return Err(error);
                    }
                    refused.get_or_insert(error);
                }
            }
        }
        Err(refused.unwrap_or_else(|| {
            let nothing = io::Error::from(ErrorKind::NotFound);
            SystemError::new(Operation::Resolve, host.unwrap_or("::"))(nothing)
        }))
    }

    fn new(socket: TcpListener) -> Self {
        Self {
            socket,
            busy: Arc::new(Semaphore::new(BUSY_CALLERS)),
        }
    }

    /// The address that is listened on.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Waits for a caller.
    pub async fn accept(&self) -> (TcpStream, SocketAddr) {
        loop {
            match self.socket.accept().await {
                // It fails only for a caller that is gone already: the first read tells.
                Ok((stream, address)) => {
                    let _ = link::prepare(&stream);
                    return (stream, canonical(address));
                }
                // A caller that hung up before we answered, or a passing shortage.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    /// Waits for a second caller, tells it that we are busy, and says who it was.
    pub async fn turn_away(&self) -> SocketAddr {
        let (stream, address) = self.accept().await;
        if let Ok(permit) = Arc::clone(&self.busy).try_acquire_owned() {
            tokio::spawn(async move {
                let _ = tokio::time::timeout(BUSY_TIME, say_busy(stream)).await;
                drop(permit);
            });
        }
        address
    }
}

/// Reads what the caller has sent before closing: otherwise the close would be a reset, which
/// may destroy the answer before it is read.
async fn say_busy(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(BUSY).await?;
    stream.shutdown().await?;
    let mut ignored = [0; 4096];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?; // or a call that has just ended blocks the port for a minute
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
