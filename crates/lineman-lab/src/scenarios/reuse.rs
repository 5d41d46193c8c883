//! An address that cannot be used again at once, and how it can.

use lineman_trace::log::Host;
use lineman_trace::log::TcpState;

use super::Scenario;
use super::Stop;
use super::Subject;
use super::habits::BACKLOG;
use super::habits::PORT;
use super::stage::Stage;
use crate::hosts::Call;
use crate::hosts::SocketOption;
use crate::hosts::Transport;

pub(super) const ALL: &[Scenario] = &[
    Scenario::new("address-in-use", Subject::Closing, "", in_use),
    Scenario::new("address-reused", Subject::Closing, "", reused),
    Scenario::new("address-free", Subject::Closing, "", free),
];

/// The server has closed first, so that TIME-WAIT is at its port. Its next start comes too late with the
/// option: the connection in TIME-WAIT would have to have it, too.
fn in_use(stage: &Stage<'_>) -> Result<(), Stop> {
    serve_once(stage, Host::Server, false)?;
    let fd = stage.socket(Host::Server, Transport::Stream)?;
    let address = stage.address(Host::Server, PORT);
    let bind = Call::Bind { fd, address };
    stage.call(Host::Server, bind.clone())?;
    stage.set(Host::Server, fd, SocketOption::ReuseAddress, 1)?;
    stage.call(Host::Server, bind).map(drop)
}

/// As above, with the option at the first start and at the second.
fn reused(stage: &Stage<'_>) -> Result<(), Stop> {
    serve_once(stage, Host::Server, true)?;
    let fd = stage.socket(Host::Server, Transport::Stream)?;
    stage.set(Host::Server, fd, SocketOption::ReuseAddress, 1)?;
    start(stage, fd)
}

/// The client has closed first: TIME-WAIT is at its port, which no socket is to be bound to.
fn free(stage: &Stage<'_>) -> Result<(), Stop> {
    serve_once(stage, Host::Client, false)?;
    let fd = stage.socket(Host::Server, Transport::Stream)?;
    start(stage, fd)
}

/// A server starts, has one connection that `first` closes first, and ends.
fn serve_once(stage: &Stage<'_>, first: Host, reuse: bool) -> Result<(), Stop> {
    let listener = stage.socket(Host::Server, Transport::Stream)?;
    if reuse {
        stage.set(Host::Server, listener, SocketOption::ReuseAddress, 1)?;
    }
    start(stage, listener)?;
    let (client, server) = stage.connect_to(listener)?;
    let ends = match first {
        Host::Client => [(Host::Client, client), (Host::Server, server)],
        Host::Server => [(Host::Server, server), (Host::Client, client)],
    };
    stage.close(ends[0].0, ends[0].1)?;
    stage.hear_the_end(ends[1].0, ends[1].1)?;
    stage.close(ends[1].0, ends[1].1)?;
    stage.until_state(first, TcpState::TimeWait)?;
    stage.until_state(first.other(), TcpState::Closed)?;
    stage.close(Host::Server, listener)
}

fn start(stage: &Stage<'_>, fd: i32) -> Result<(), Stop> {
    let address = stage.address(Host::Server, PORT);
    let backlog = BACKLOG;
    stage.done(Host::Server, Call::Bind { fd, address })?;
    stage.done(Host::Server, Call::Listen { fd, backlog })
}
