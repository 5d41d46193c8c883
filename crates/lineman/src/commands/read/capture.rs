//! A capture, packet by packet.

use std::io::BufReader;
use std::path::Path;

use lineman_net::FileId;
use lineman_trace::capture::Captured;
use lineman_trace::files::BadFile;
use lineman_trace::files::Ending;
use lineman_trace::files::LinkType;
use lineman_trace::files::Reader;
use lineman_trace::files::Record;
use lineman_trace::files::Unpacked;

use super::input::Input;
use super::input::Stop;
use super::words;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::read::Read;

/// How many bytes are read at once: fewer system calls do not make it faster.
const PORTION: usize = 256 << 10;

/// The packets of a capture, each for as long as the next is not read.
pub struct Capture {
    reader: Reader<BufReader<Unpacked<Input>>>,
    record: Record,
    bad: Option<BadFile>,
}

/// How the reading of a capture ended.
pub struct End {
    ending: Option<Ending>,
    packed_cut: bool,
    bad: Option<BadFile>,
}

impl Capture {
    /// Opens a capture and reads its beginning.
    ///
    /// # Errors
    /// When the system refuses, or it is none.
    pub fn open(
        path: &Path,
        follow: bool,
        console: Console,
    ) -> Result<(Self, Stop, Option<FileId>), Failure> {
        let (input, stop, id) = Input::open(path, follow, console)?;
        let unpacked =
            Unpacked::new(input).map_err(|error| words::unreadable(path, error, console))?;
        let reader = Reader::new(BufReader::with_capacity(PORTION, unpacked));
        let reader = reader.map_err(|bad| words::refused(path, &bad, console))?;
        let capture = Self {
            reader,
            record: Record::new(0, 0, Vec::new()),
            bad: None,
        };
        Ok((capture, stop, id))
    }

    /// The next packet; `None` when there are no more.
    pub fn next(&mut self) -> Option<Captured<'_>> {
        match self.reader.read_into(&mut self.record)? {
            Ok(()) => {
                let record = &self.record;
                let interface = self.reader.interfaces().get(record.interface as usize);
                Some(Captured {
                    link: interface.map_or_else(LinkType::default, |interface| interface.link),
                    utc_ns: record.utc_ns,
                    wire_len: record.wire_len,
                    bytes: &record.bytes,
                })
            }
            Err(bad) => {
                self.bad = Some(bad);
                None
            }
        }
    }

    /// Nothing more is read of it.
    pub fn end(self) -> End {
        End {
            ending: self.reader.ending(),
            packed_cut: self.reader.input().get_ref().is_cut(),
            bad: self.bad,
        }
    }
}

impl End {
    /// Says where and why the file could not be read on, if it could not.
    ///
    /// # Errors
    /// When it is damaged: what was read before was shown.
    pub fn tell(self, path: &Path, console: Console) -> Result<(), Failure> {
        let file = &path.display();
        if let Some(bad) = self.bad {
            let (at, why) = (&bad.at, &words::reason(&bad.reason, console.lang));
            let words = Read::BadAt { file, at, why };
            return Err(Failure::new(Exit::PeerFault, &words, console.lang));
        }
        match self.ending {
            Some(Ending::Cut { at }) => console.warn(&Read::CutAt { file, at: &at }),
            _ if self.packed_cut => console.warn(&Read::PackedCut { file }),
            _ => {}
        }
        Ok(())
    }

    /// Where the file is cut, if it is: in bytes of what is in it, when it is compressed.
    pub fn cut_at(&self) -> Option<u64> {
        match self.ending {
            Some(Ending::Cut { at }) => Some(at),
            _ => None,
        }
    }

    /// Whether it was read to its end, and all of it was there.
    pub fn is_whole(&self) -> bool {
        self.ending == Some(Ending::Complete) && !self.packed_cut
    }
}
