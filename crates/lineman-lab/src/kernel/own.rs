//! What the kernel tells of connections in this process's own network: where there is no lab, this is
//! what there is.

use std::io;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::net::TcpStream;

use lineman_trace::log::Endpoints;

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
