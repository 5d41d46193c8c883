//! What is written besides what is shown: the packets, and the log.

use lineman_net::FileId;
use lineman_trace::capture::Recorder;
use lineman_trace::capture::Sorted;

use super::is_stdout;
use crate::args::watch::Watch as Args;
use crate::commands::capture::CaptureFile;
use crate::commands::capture::Caught;
use crate::commands::capture::Live;
use crate::commands::capture::system;
use crate::commands::trace::record::Record;
use crate::console::Console;
use crate::failure::Failure;

/// The files of a watch. However it ends, they have what there is.
pub struct Keep {
    packets: Option<CaptureFile>,
    flushed: bool,
    log: Option<(Record, Recorder)>,
    begun: bool,
}

impl Keep {
    /// Begins them.
    ///
    /// # Errors
    /// When one cannot be made, or both are the same.
    pub fn create(args: &Args, live: &Live, console: Console) -> Result<Self, Failure> {
        let path = args.write.as_deref();
        let packets =
            path.map(|path| CaptureFile::create(path, live.link, &live.interface, console));
        let packets = packets.transpose()?;
        let others: Option<FileId> = packets.as_ref().and_then(CaptureFile::id);
        let record = Record::create(args.record.as_deref(), others, console)?;
        Ok(Self {
            packets,
            // The program that reads the pipe is to see packets at once.
            flushed: is_stdout(path),
            log: record.map(|record| (record, Recorder::new())),
            begun: false,
        })
    }

    /// Appends a packet to both.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(&mut self, packet: Caught, sorted: Sorted) -> Result<(), Failure> {
        if let Some((record, recorder)) = &mut self.log {
            let captured = packet.as_captured();
            if !self.begun {
                record.append(&recorder.start(&system(), &captured, None))?;
                self.begun = true;
            }
            record.append(&recorder.packet(sorted.number, sorted.from, &captured))?;
        }
        match &mut self.packets {
            Some(file) => file.append(packet),
            None => Ok(()),
        }
    }

    /// All packets that were there are appended.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn settle(&mut self) -> Result<(), Failure> {
        match &mut self.packets {
            Some(file) if self.flushed => file.flush(),
            _ => Ok(()),
        }
    }

    /// Gives the files their names. So many packets were lost.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn finish(self, lost: u64) -> Result<(), Failure> {
        let recorded = self.log.map_or(Ok(()), |(mut record, mut recorder)| {
            if self.begun {
                record.append(&recorder.end())?;
            }
            record.finish()
        });
        let written = self.packets.map_or(Ok(()), |file| {
            let received = file.written();
            file.finish(received, lost)
        });
        recorded.and(written)
    }
}
