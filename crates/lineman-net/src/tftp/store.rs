//! Where a server finds what strangers ask for: a directory of this machine ([`Directory`]), or whatever
//! else implements [`Store`].

mod directory;

use std::fmt;
use std::io;

use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Mode;

pub use directory::Budget;
pub use directory::Directory;
pub(super) use directory::Shares;
pub(super) use directory::Unbegun;
pub use directory::Upload;
pub use directory::WritePolicy;

use super::Lane;
use super::Listing;
use super::Refusal;
use super::Source;
use crate::Needs;

/// Who waits for a file that is opened. One that is dropped without an answer
/// tells the client of an error of the server.
pub type Answer = Box<dyn FnOnce(Result<Source, Refusal>) + Send>;

/// What a server reads from. All of it may be called from any thread.
pub trait Store: fmt::Debug + Send + Sync {
    /// Opens what a name stands for, and gives it to `answer`: before this returns, or later and from
    /// another thread. It may wait for a disk, never for a network: it is called on a pool of few threads,
    /// in the lane of the name.
    ///
    /// What is answered is one state of a file, to the end, whatever becomes of the name; or why there
    /// is none, as the client may be told. No nearest name is looked for: [`Self::nearest`] does.
    fn open(&self, requested: &[u8], mode: Mode, answer: Answer);

    /// The same for what is open already and known to be its present state. It never blocks: it is called
    /// in an event loop. `None` where finding out could block, or nobody has it open.
    fn read_opened(&self, requested: &[u8], mode: Mode) -> Option<Source>;

    /// Which work for this name may hang together with other work. Never blocks.
    fn lane(&self, requested: &[u8]) -> Lane;

    /// What is in a directory. It may wait for a disk: it is called on a pool of few threads, in the lane of the name.
    ///
    /// # Errors
    /// With what the client may be told; always, where nothing can be listed.
    fn list(&self, _requested: &[u8]) -> Result<Listing, Refusal> {
        Err(Refusal::NotAFile)
    }

    /// The name under which what is asked for is found, where that is not the name itself: rules that hold for that one hold. It may wait
    /// for a disk, as [`Self::open`]. `None` where the name stands as it is, or nothing is found.
    fn found_as(&self, _requested: &[u8], _direction: Direction) -> Option<Vec<u8>> {
        None
    }

    /// The name that was perhaps meant, for the log only. It may take time: not for an event loop, and
    /// not for an answer that is not written to the log.
    fn nearest(&self, _requested: &[u8], _budget: Budget) -> Option<String> {
        None
    }

    /// Where uploads go; `None` where there are none.
    fn uploads(&self) -> Option<&Directory> {
        None
    }

    /// May this process, as the user that it is by now, do what it will have to?
    ///
    /// # Errors
    /// What the system says.
    fn check(&self) -> io::Result<()>;

    /// What it needs of the system while it serves.
    ///
    /// # Errors
    /// When the system has no descriptor left.
    fn needs(&self) -> io::Result<Needs>;

    /// Begins to work: the server is confined by now and may have threads. Called once, before anything is
    /// opened.
    ///
    /// # Errors
    /// When the system allows no more threads.
    fn start(&self) -> io::Result<()> {
        Ok(())
    }
}
