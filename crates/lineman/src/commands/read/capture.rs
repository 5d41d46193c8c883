//! A capture, packet by packet.

use std::path::Path;

use lineman_net::FileId;
use lineman_trace::capture::Captured;
use lineman_trace::files::BadFile;
use lineman_trace::files::Ending;
use lineman_trace::files::LinkType;
use lineman_trace::files::Reader;
use lineman_trace::files::Record;
use lineman_trace::files::Unpacked;

use super::ahead::Ahead;
use super::input::Input;
use super::input::Stop;
use super::wanted::Wanted;
use super::words;
use crate::commands::capture::filter;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::read::Read;

/// The packets of a capture, each for as long as the next is not read.
pub struct Capture {
    reader: Reader<Ahead>,
    record: Record,
    wanted: Wanted,
    bad: Option<BadFile>,
}

/// How the reading of a capture ended.
pub struct End {
    ending: Option<Ending>,
    packed_cut: bool,
    bad: Option<BadFile>,
    wanted: Wanted,
}

impl Capture {
    /// Opens a capture and reads its beginning.
    ///
    /// # Errors
    /// When the system refuses, or it is none.
    pub fn open(
        path: &Path,
        filter: &[String],
        follow: bool,
        console: Console,
    ) -> Result<(Self, Stop, Option<FileId>), Failure> {
        let wanted = Wanted::new(filter::parse(&filter.join(" "), console)?);
        let (input, stop, id) = Input::open(path, follow, console)?;
        let unpacked =
            Unpacked::new(input).map_err(|error| words::unreadable(path, error, console))?;
        let ahead = Ahead::of(unpacked).map_err(|error| words::unreadable(path, error, console))?;
        let reader = Reader::new(ahead);
        let reader = reader.map_err(|bad| words::refused(path, &bad, console))?;
        let capture = Self {
            reader,
            record: Record::new(0, 0, Vec::new()),
            wanted,
            bad: None,
        };
        Ok((capture, stop, id))
    }

    /// The next packet; `None` when there are no more.
    pub fn next(&mut self) -> Option<Captured<'_>> {
        loop {
            if let Err(bad) = self.reader.read_into(&mut self.record)? {
                self.bad = Some(bad);
                return None;
            }
            let packet = captured(&self.reader, &self.record);
            if self.wanted.accepts(&packet) {
                break;
            }
        }
        Some(captured(&self.reader, &self.record))
    }

    /// Nothing more is read of it.
    pub fn end(self) -> End {
        End {
            ending: self.reader.ending(),
            packed_cut: self.reader.input().is_cut(),
            bad: self.bad,
            wanted: self.wanted,
        }
    }
}

/// A packet that was read.
fn captured<'r, R: std::io::Read>(reader: &Reader<R>, record: &'r Record) -> Captured<'r> {
    let interface = reader.interfaces().get(record.interface as usize);
    Captured {
        link: interface.map_or_else(LinkType::default, |interface| interface.link),
        utc_ns: record.utc_ns,
        wire_len: record.wire_len,
        bytes: &record.bytes,
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
        if let Some((text, error)) = self.wanted.refused() {
            console.say(&filter::wrong(text, error, console).text);
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
