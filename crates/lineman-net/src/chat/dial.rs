//! Calling.

use std::io;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

use super::link;
use crate::Operation;
use crate::SystemError;

/// An address that was tried and did not answer.
#[derive(Debug)]
pub struct Attempt {
    /// The address.
    pub address: SocketAddr,
    /// What the system said.
    pub error: io::Error,
}

/// Why no peer was reached.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The name has no address.
    #[error(transparent)]
    Resolve(SystemError),
    /// None of the addresses answered.
    #[error("none of {} addresses answered", .0.len())]
    Refused(Vec<Attempt>),
}

/// Calls `host`: tries every address that the name has, each for `patience`, in the system's
/// order (RFC 6724).
///
/// # Errors
/// When the name has no address or none of them answered, with what each one said.
pub async fn dial(
    host: &str,
    port: u16,
    patience: Duration,
) -> Result<(TcpStream, SocketAddr, Vec<Attempt>), DialError> {
    let found = tokio::net::lookup_host((host, port)).await;
    let found = found
        .map_err(|error| DialError::Resolve(SystemError::new(Operation::Resolve, host)(error)))?;
    let mut failed: Vec<Attempt> = Vec::new();
    for address in found {
        if failed.iter().any(|attempt| attempt.address == address) {
            continue;
        }
        match connect(address, patience).await {
            Ok(stream) => return Ok((stream, address, failed)),
            Err(error) => failed.push(Attempt { address, error }),
        }
    }
    Err(DialError::Refused(failed))
}

async fn connect(address: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let stream = tokio::time::timeout(patience, TcpStream::connect(address))
        .await
        .unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))?;
    // With nobody listening on a local port of the ephemeral range, the kernel may pick that very
    // port for us and TCP's simultaneous open connects the socket to itself.
    if stream.local_addr()? == stream.peer_addr()? {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    link::prepare(&stream)?;
    Ok(stream)
}
