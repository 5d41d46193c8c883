//! What the programs of most scripts do alike.

use std::net::SocketAddr;

use lineman_trace::log::Host;

use super::Stop;
use super::stage::Stage;
use crate::hosts::Call;
use crate::hosts::Family;
use crate::hosts::Outcome;
use crate::hosts::SocketOption;
use crate::hosts::Transport;
use crate::link;

impl Stage<'_> {
    pub(super) fn socket(&self, host: Host, transport: Transport) -> Result<i32, Stop> {
        let family = self.family;
        let posted = self.post(host, Call::Socket { family, transport })?;
        self.descriptor(&posted)
    }

    /// A socket with an address.
    pub(super) fn bound(&self, host: Host, transport: Transport, port: u16) -> Result<i32, Stop> {
        let fd = self.socket(host, transport)?;
        let address = self.address(host, port);
        self.done(host, Call::Bind { fd, address })?;
        Ok(fd)
    }

    /// A socket of the server that listens.
    pub(super) fn listen(&self, backlog: i32) -> Result<i32, Stop> {
        let fd = self.bound(Host::Server, Transport::Stream, PORT)?;
        self.done(Host::Server, Call::Listen { fd, backlog })?;
        Ok(fd)
    }

    /// A connection: the client's descriptor, and the server's.
    pub(super) fn connect(&self) -> Result<(i32, i32), Stop> {
        let fd = self.listen(BACKLOG)?;
        self.connect_to(fd)
    }

    /// A connection to a socket that listens.
    pub(super) fn connect_to(&self, listener: i32) -> Result<(i32, i32), Stop> {
        let accepted = self.post(Host::Server, Call::Accept { fd: listener })?;
        let client = self.socket(Host::Client, Transport::Stream)?;
        self.done(Host::Client, self.to_server(client))?;
        Ok((client, self.descriptor(&accepted)?))
    }

    pub(super) fn send(&self, host: Host, fd: i32, text: &str) -> Result<(), Stop> {
        let data = text.into();
        self.done(host, Call::Send { fd, data })
    }

    /// Receives until so many bytes are there, or the end.
    pub(super) fn receive(&self, host: Host, fd: i32, size: usize) -> Result<(), Stop> {
        let mut got = 0;
        while got < size {
            let size = RECEIVE;
            match self.call(host, Call::Recv { fd, size })? {
                Outcome::Bytes(bytes) if !bytes.is_empty() => got += bytes.len(),
                outcome => {
                    let call = "recv";
                    return Err(Stop::Outcome { call, outcome });
                }
            }
        }
        Ok(())
    }

    /// Receives the end of what the peer sends.
    pub(super) fn hear_the_end(&self, host: Host, fd: i32) -> Result<(), Stop> {
        let size = RECEIVE;
        match self.call(host, Call::Recv { fd, size })? {
            Outcome::Bytes(bytes) if bytes.is_empty() => Ok(()),
            outcome => Err(Stop::Outcome {
                call: "recv",
                outcome,
            }),
        }
    }

    /// Receives what there is; the call may fail.
    pub(super) fn recv(&self, host: Host, fd: i32, size: u32) -> Result<Outcome, Stop> {
        self.call(host, Call::Recv { fd, size })
    }

    pub(super) fn close(&self, host: Host, fd: i32) -> Result<(), Stop> {
        self.done(host, Call::Close { fd })
    }

    pub(super) fn set(
        &self,
        host: Host,
        fd: i32,
        option: SocketOption,
        value: i32,
    ) -> Result<(), Stop> {
        self.done(host, Call::Setsockopt { fd, option, value })
    }

    /// An address of a host, of the family that the lesson is played with.
    pub(super) fn address(&self, host: Host, port: u16) -> SocketAddr {
        let own = link::addresses(host);
        match self.family {
            Family::Inet => (own.v4, port).into(),
            Family::Inet6 => (own.v6, port).into(),
        }
    }

    /// A call to the server.
    pub(super) fn to_server(&self, fd: i32) -> Call {
        let address = self.address(Host::Server, PORT);
        Call::Connect { fd, address }
    }

    /// A datagram to the server.
    pub(super) fn datagram(&self, fd: i32, data: Vec<u8>) -> Call {
        let address = self.address(Host::Server, PORT);
        Call::Sendto { fd, data, address }
    }
}

/// Where the server listens: a port that needs no privilege and has no service of its own here.
pub(super) const PORT: u16 = 9000;
/// How many connections wait for `accept` at most: the textbook's number, more than any lesson makes.
pub(super) const BACKLOG: i32 = 5;
/// How many bytes are received at once: more than a lesson sends that is to be received whole.
const RECEIVE: u32 = 4096;
