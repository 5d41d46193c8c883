//! A capture that is written to a file while it goes on.

use std::io::Write as _;
use std::path::Path;

use lineman_net::FileId;
use lineman_trace::files::Endian;
use lineman_trace::files::Interface;
use lineman_trace::files::LinkType;
use lineman_trace::files::PcapngWriter;
use lineman_trace::files::Record;
use lineman_trace::files::Section;

use super::Caught;
use crate::console::Console;
use crate::failure::Failure;
use crate::output::Output;

/// A file in the form pcapng. However the command ends, it then has what there is.
#[derive(Debug)]
pub struct CaptureFile {
    /// Taken at the end.
    file: Option<PcapngWriter<Output>>,
}

impl CaptureFile {
    /// Begins a file for what a capture on this interface tells, which begins with `link`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(
        path: &Path,
        link: LinkType,
        interface: &str,
        console: Console,
    ) -> Result<Self, Failure> {
        let out = Output::create(Some(path), &[], console)?;
        Self::begin(out, link, interface, console)
    }

    /// The same, with its name from the beginning: it grows with each packet that is flushed, and needs no right to
    /// be finished.
    ///
    /// # Errors
    /// When it cannot be made or written.
    pub fn create_growing(
        path: &Path,
        link: LinkType,
        interface: &str,
        console: Console,
    ) -> Result<Self, Failure> {
        let out = Output::create(Some(path), &[], console)?.appear()?;
        let mut file = Self::begin(out, link, interface, console)?;
        file.flush()?;
        Ok(file)
    }

    fn begin(
        out: Output,
        link: LinkType,
        interface: &str,
        console: Console,
    ) -> Result<Self, Failure> {
        let section = Section {
            system: super::system(),
            application: format!("lineman {}", env!("CARGO_PKG_VERSION")),
        };
        // Written to memory: the file itself can only fail with the packets.
        let file = PcapngWriter::new(out, Endian::Little, &section);
        let mut file = file.map_err(|error| Failure::internal(&error, console.lang))?;
        let interface = Interface {
            snap_len: lineman_net::capture::SNAP_LEN as u32,
            name: Some(interface.to_owned()),
            ..Interface::new(link)
        };
        file.interface(&interface)
            .map_err(|error| Failure::internal(&error, console.lang))?;
        Ok(Self { file: Some(file) })
    }

    /// Appends a packet.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(&mut self, packet: Caught) -> Result<(), Failure> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let record = Record {
            interface: 0,
            utc_ns: packet.utc_ns,
            wire_len: packet.wire_len,
            bytes: packet.bytes,
            comments: Vec::new(),
            outbound: packet.outbound,
        };
        file.write(&record)
            .map_err(|error| file.get_ref().failure(error))
    }

    /// Which file it is, for the `in_use` of another.
    pub fn id(&self) -> Option<FileId> {
        self.file.as_ref()?.get_ref().id()
    }

    /// Has everything be seen that was appended.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> Result<(), Failure> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let flushed = file.get_mut().flush();
        flushed.map_err(|error| file.get_ref().failure(error))
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Failure> {
        self.file
            .take()
            .map_or(Ok(()), |file| file.into_inner().finish())
    }
}

impl Drop for CaptureFile {
    fn drop(&mut self) {
        let _ = self.end(); // the command fails already, and says why
    }
}
