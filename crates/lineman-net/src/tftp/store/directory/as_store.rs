//! What a directory is to a server.

use std::io;

use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Mode;
use rustix::fs::Access;
use rustix::fs::AtFlags;

use super::Directory;
use super::WritePolicy;
use crate::Needs;
use crate::Rights;
use crate::tftp::Budget;
use crate::tftp::Lane;
use crate::tftp::Listing;
use crate::tftp::Refusal;
use crate::tftp::Source;
use crate::tftp::Store;
use crate::tftp::store::Answer;

impl Store for Directory {
    fn open(&self, requested: &[u8], mode: Mode, answer: Answer) {
        answer(self.read(requested, mode));
    }

    fn read_opened(&self, requested: &[u8], mode: Mode) -> Option<Source> {
        self.read_opened(requested, mode)
    }

    fn lane(&self, requested: &[u8]) -> Lane {
        Lane::of(&self.branch(requested))
    }

    fn list(&self, requested: &[u8]) -> Result<Listing, Refusal> {
        self.names_in(requested)
    }

    fn found_as(&self, requested: &[u8], direction: Direction) -> Option<Vec<u8>> {
        self.found_as(requested, direction)
    }

    fn nearest(&self, requested: &[u8], budget: Budget) -> Option<String> {
        self.nearest(requested, budget)
    }

    fn uploads(&self) -> Option<&Directory> {
        Some(self)
    }

    fn check(&self) -> io::Result<()> {
        let (access, flags) = (Access::EXEC_OK, AtFlags::EACCESS);
        Ok(rustix::fs::accessat(&self.root, ".", access, flags)?)
    }

    fn needs(&self) -> io::Result<Needs> {
        let rights = match self.write {
            WritePolicy::Refuse => Rights::Read,
            _ => Rights::Write,
        };
        Ok(Needs::default().beneath(self.root.try_clone()?, rights))
    }
}
