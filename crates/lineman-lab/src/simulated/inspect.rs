//! All sockets of a simulated host at one moment.

use lineman_trace::log::Endpoints;
use lineman_trace::log::TcpState;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp;

use crate::hosts::SocketView;
use crate::hosts::Transport;

use super::sampler::backlogged;
use super::sampler::queues;
use super::sampler::state;
use super::socket_table::SocketTable;
use super::sockets::Descriptor;
use super::sockets::Kind;

impl SocketTable {
    /// All sockets of this host: those of its descriptors, then those that no descriptor leads to, yet or any more.
    pub(super) fn inspect(&mut self) -> Vec<SocketView> {
        let fds: Vec<i32> = self.fds.keys().copied().collect();
        let mut views: Vec<SocketView> = fds.into_iter().filter_map(|fd| self.view(fd)).collect();
        let accepted = |fd: &Descriptor| match &fd.kind {
            Kind::Listener { waiting, .. } => waiting.clone(),
            _ => Vec::new(),
        };
        let waiting: Vec<SocketHandle> = self.fds.values().flat_map(accepted).collect();
        let orphans = self.orphans.iter().map(|orphan| orphan.handle);
        let without: Vec<SocketHandle> = waiting.into_iter().chain(orphans).collect();
        let views_without = without
            .into_iter()
            .filter_map(|it| self.without_descriptor(it));
        views.extend(views_without);
        views
    }

    fn view(&mut self, number: i32) -> Option<SocketView> {
        let descriptor = self.fds.get(&number)?;
        let (local, remote) = (descriptor.local(), descriptor.peer);
        let mut view = SocketView {
            fd: Some(number),
            transport: Transport::Stream,
            socket: Endpoints { local, remote },
            state: None,
            queues: None,
            figures: None,
        };
        match &descriptor.kind {
            Kind::Fresh => view.state = descriptor.was_used.then_some(TcpState::Closed),
            Kind::Datagram(_) => view.transport = Transport::Datagram,
            Kind::Listener { backlog, waiting } => {
                view.state = Some(TcpState::Listen);
                view.queues = Some(backlogged(waiting.len(), *backlog));
            }
            Kind::Connection { handle, .. } => {
                let socket = self.stack.tcp(*handle);
                view.state = Some(state(socket.state()));
                let lives = socket.state() != tcp::State::Closed;
                view.queues = lives.then(|| queues(socket));
            }
        }
        Some(view)
    }

    /// A connection that is neither listening nor over.
    fn without_descriptor(&mut self, handle: SocketHandle) -> Option<SocketView> {
        let (local, remote) = (self.stack.local(handle)?, self.stack.remote(handle));
        let socket = self.stack.tcp(handle);
        let over = matches!(socket.state(), tcp::State::Listen | tcp::State::Closed);
        (!over).then(|| SocketView {
            fd: None,
            transport: Transport::Stream,
            socket: Endpoints { local, remote },
            state: Some(state(socket.state())),
            queues: Some(queues(socket)),
            figures: None,
        })
    }
}
