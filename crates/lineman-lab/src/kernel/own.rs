//! What the kernel tells of connections in this process's own network, for use without a lab.

use std::io;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::net::TcpStream;

use lineman_trace::log::Endpoints;
use lineman_trace::log::TcpState;

use super::Diagnosis;
use super::Figures;

/// Makes a connection to itself, and asks the kernel for its figures.
///
/// # Errors
/// What the system says, or that the kernel knows nothing of it.
pub fn figures_of_own_connection() -> io::Result<Figures> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let stream = TcpStream::connect(listener.local_addr()?)?;
    let socket = Endpoints {
        local: stream.local_addr()?,
        remote: Some(stream.peer_addr()?),
    };
    let figures = Diagnosis::open()?.figures(&socket)?;
    figures.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Asks for the states of this machine's connections.
#[derive(Debug)]
pub struct OwnConnections(Diagnosis);

impl OwnConnections {
    /// Of the network namespace of this thread.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn open() -> io::Result<Self> {
        Diagnosis::open().map(Self)
    }

    /// The state of the connection with exactly these ends, as it is now; `None` where there is none, or the
    /// kernel does not say.
    pub fn state(&mut self, socket: &Endpoints) -> Option<TcpState> {
        let seen = self.0.exact(socket).ok()??;
        Some(seen.state)
    }
}
