//! Live capture, for every command that shows or records packets of this machine's interfaces: by a packet socket,
//! where that is not permitted by dumpcap, and else a sentence that says how to get the right.

mod dumpcap;
mod file;
pub mod filter;
mod open;
mod own;
mod request;
mod socket;
mod traffic;

use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use lineman_trace::capture::Captured;
use lineman_trace::files::LinkType;
use tokio::sync::mpsc;

pub use file::CaptureFile;
pub use lineman_lab::system;
pub use open::begin;
pub use own::Own;
pub use own::Prepared;
pub use request::ANY;
pub use request::Request;
pub use traffic::Traffic;

/// A capture that goes on: packets come from a thread of their own.
#[derive(Debug)]
pub struct Live {
    heard: mpsc::Receiver<Heard>,
    stop: Stop,
    /// How it is captured.
    pub rung: Rung,
    /// What its packets begin with.
    pub link: LinkType,
    /// On which interface; `any` is all of them.
    pub interface: String,
}

/// How packets are captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rung {
    /// By a packet socket of this program.
    Socket,
    /// By dumpcap, which has the right that this program lacks.
    Dumpcap,
}

/// What a capture tells.
#[derive(Debug)]
pub enum Heard {
    /// Packets, in the order in which they were captured.
    Packets(Vec<Caught>),
    /// So many packets found no room, since the beginning.
    Lost(u64),
    /// There is no more, because that was asked for, or because of this.
    Ended(Option<String>),
}

/// A packet that was captured.
#[derive(Clone, PartialEq, Eq)]
pub struct Caught {
    pub link: LinkType,
    /// The number of its interface, where that is known.
    pub interface: u32,
    pub utc_ns: Option<u64>,
    pub wire_len: u32,
    pub bytes: Vec<u8>,
    /// Whether it was on its way out, where that is known.
    pub outbound: Option<bool>,
    /// Whether the kernel says that its checksum had still to be computed.
    pub checksum_pending: bool,
    /// Whether it is larger than its interface takes at once, where that is known.
    pub super_segment: Option<bool>,
}

/// Without the bytes: there may be many.
impl fmt::Debug for Caught {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Caught");
        shown.field("utc_ns", &self.utc_ns);
        shown
            .field("wire_len", &self.wire_len)
            .finish_non_exhaustive()
    }
}

impl Caught {
    /// The packet as conversations take it.
    pub fn as_captured(&self) -> Captured<'_> {
        Captured {
            link: self.link,
            utc_ns: self.utc_ns,
            wire_len: self.wire_len,
            checksum_pending: self.checksum_pending,
            bytes: &self.bytes,
        }
    }
}

/// Ends a capture. What was captured before comes all the same.
#[derive(Clone, Debug)]
pub struct Stop(Arc<OwnedFd>);

impl Stop {
    fn new() -> std::io::Result<Self> {
        use rustix::event::EventfdFlags;
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        Ok(Self(Arc::new(rustix::event::eventfd(0, flags)?)))
    }

    /// Asks for the end.
    pub fn ask(&self) {
        let _ = rustix::io::write(&*self.0, &1_u64.to_ne_bytes()); // it is asked for already
    }

    /// Waits until it is asked for.
    fn wait(&self) {
        use rustix::event::PollFd;
        use rustix::event::PollFlags;
        let mut waker = [PollFd::new(&*self.0, PollFlags::IN)];
        while rustix::event::poll(&mut waker, None) == Err(rustix::io::Errno::INTR) {}
    }

    fn is_asked(&self) -> bool {
        use rustix::event::PollFd;
        use rustix::event::PollFlags;
        let mut waker = [PollFd::new(&*self.0, PollFlags::IN)];
        let now = rustix::event::Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        rustix::event::poll(&mut waker, Some(&now)).is_ok_and(|ready| ready > 0)
    }
}

impl Live {
    /// What is told next; `None` behind the end.
    pub async fn next(&mut self) -> Option<Heard> {
        self.heard.recv().await
    }

    /// [`next`](Self::next) for a thread that may wait.
    pub fn next_blocking(&mut self) -> Option<Heard> {
        self.heard.blocking_recv()
    }

    /// What ends it.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stop.ask();
    }
}

/// How many portions of packets wait at most for their reader; then the kernel keeps packets, and counts those
/// that find no room there.
const PORTIONS: usize = 64;
/// How many bytes a portion has at most, one packet aside.
const PORTION: usize = 1 << 20;
