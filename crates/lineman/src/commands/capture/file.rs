//! A capture that is written to a file while it goes on.

use std::io::Write as _;
use std::path::Path;
use std::time::SystemTime;

use lineman_net::FileId;
use lineman_trace::files::Counted;
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
    /// When it began, in nanoseconds since 1970.
    from_ns: u64,
    /// How many packets are in it.
    written: u64,
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
        Ok(Self {
            file: Some(file),
            from_ns: now_ns(),
            written: 0,
        })
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
        self.written += 1;
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

    /// Says what the capture has come to, and gives the file its name: `received` packets came, and for `dropped` others there was no room.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn finish(mut self, received: u64, dropped: u64) -> Result<(), Failure> {
        let counted = Counted {
            from_ns: self.from_ns,
            to_ns: now_ns(),
            received: received.saturating_add(dropped),
            dropped,
            written: self.written,
        };
        if let Some(file) = &mut self.file {
            let said = file.statistics(0, &counted);
            said.map_err(|error| file.get_ref().failure(error))?;
        }
        self.end()
    }

    /// How many packets are in it.
    pub fn written(&self) -> u64 {
        self.written
    }

    fn end(&mut self) -> Result<(), Failure> {
        self.file
            .take()
            .map_or(Ok(()), |file| file.into_inner().finish())
    }
}

fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}

impl Drop for CaptureFile {
    fn drop(&mut self) {
        let _ = self.end(); // the command fails already, and says why
    }
}
