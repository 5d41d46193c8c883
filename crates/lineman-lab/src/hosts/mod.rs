//! The hosts: threads in a network namespace that make real socket calls, one by one, and tell of
//! each when it begins and when it returns.
//!
//! Descriptors are numbered for each host as for a program of its own: from 3 on, the lowest that is
//! free. The number that the lab's own process has for the socket would tell a reader nothing.

mod call;
mod file;
mod flag;
mod inspect;
mod options;
mod outcome;
mod perform;
mod readiness;
mod socket_table;
mod waiting;

use std::io;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use crate::namespace::Namespace;

pub use call::Call;
pub use call::Direction;
pub use call::Family;
pub use call::Transport;
pub(crate) use call::polled;
pub(crate) use file::Use;
pub use flag::Flag;
pub use inspect::SocketView;
use lineman_trace::log::Host;
pub use options::SocketOption;
pub use outcome::Outcome;
pub(crate) use socket_table::SocketTable;

/// The outcome of a call whose socket's time-out has expired: the name of Python's exception, since the kernel
/// has no error for it.
pub const TIMED_OUT: &str = "TimeoutError";

/// What a host is asked to do: a call, and where its outcome goes.
type Task = (Call, Box<dyn FnOnce(Outcome) + Send>);

/// A handle to the thread that is a host.
#[derive(Clone, Debug)]
pub(crate) struct Actor(mpsc::Sender<Task>);

impl Actor {
    /// Starts it in its namespace.
    ///
    /// # Errors
    /// When the system refuses the thread.
    pub(crate) fn start(
        host: Host,
        namespace: Arc<Namespace>,
        table: Arc<SocketTable>,
    ) -> io::Result<Self> {
        let (tasks, inbox) = mpsc::channel();
        let name = match host {
            Host::Client => "client",
            Host::Server => "server",
        };
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || live(&namespace, &table, inbox))?;
        Ok(Self(tasks))
    }

    /// Has it make a call. Calls begin in the order in which they are asked for; one that waits does
    /// not keep others from beginning.
    pub(crate) fn ask(&self, call: Call, done: impl FnOnce(Outcome) + Send + 'static) {
        // It fails when the lab is at its end.
        let _ = self.0.send((call, Box::new(done)));
    }
}

fn live(namespace: &Namespace, table: &Arc<SocketTable>, inbox: mpsc::Receiver<Task>) {
    if let Err(error) = namespace.enter() {
        return table.leave(&error);
    }
    for (call, done) in inbox {
        let begun = table.begin(call);
        if !begun.waits() {
            done(table.finish(begun));
            continue;
        }
        let table = Arc::clone(table);
        // A thread of its own. It fails only when the system has none left, and then the call never
        // returns, as the log shows.
        let _ = thread::Builder::new().spawn(move || done(table.finish(begun)));
    }
}
