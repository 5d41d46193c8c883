//! A capture, packet by packet.

use std::path::Path;

use lineman_net::FileId;
use lineman_trace::capture::Captured;
use lineman_trace::capture::Conversations;
use lineman_trace::capture::Sorted;
use lineman_trace::files::Ending;
use lineman_trace::files::Reader;
use lineman_trace::files::Statistics;
use lineman_trace::files::Unpacked;

use super::ahead;
use super::ahead::Ahead;
use super::input::Input;
use super::input::Lost;
use super::input::LostFile;
use super::input::Meter;
use super::input::Opened;
use super::input::Stop;
use super::wanted::Unwanted;
use super::wanted::Wanted;
use super::words;
use crate::commands::capture::filter;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::read::Read;

/// The packets of a capture, each for as long as the next is not read.
pub struct Capture {
    packets: Ahead,
    lost: Lost,
    meter: Option<Meter>,
}

/// How the reading of a capture ended.
pub struct End {
    end: ahead::End,
    lost: Option<LostFile>,
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
        let Opened {
            input,
            stop,
            id,
            lost,
            meter,
        } = Input::open(path, follow, console)?;
        let unpacked =
            Unpacked::new(input).map_err(|error| words::unreadable(path, error, console))?;
        let reader = Reader::new(unpacked);
        let reader = reader.map_err(|bad| words::refused(path, &bad, console))?;
        let packets = Ahead::of(reader, wanted);
        let packets = packets.map_err(|error| words::unreadable(path, error, console))?;
        Ok((
            Self {
                packets,
                lost,
                meter,
            },
            stop,
            id,
        ))
    }

    /// The next packet, and what it is among all of them; `None` when there are no more.
    pub fn next_of(&mut self, all: &mut Conversations) -> Option<(Captured<'_>, Sorted)> {
        let (packet, look) = self.packets.next()?;
        Some((packet, all.take_seen(&packet, look)))
    }

    /// How far the reading of its file has come, if it is one.
    pub fn meter(&self) -> Option<Meter> {
        self.meter.clone()
    }

    /// Nothing more is read of it.
    pub fn end(self) -> End {
        End {
            end: self.packets.end(),
            lost: self.lost.get().copied(),
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
        let Self { end, lost } = self;
        match &lost {
            Some(LostFile::Cut { len: bytes, read }) => {
                console.warn(&Read::FollowedCut { file, bytes, read });
            }
            Some(LostFile::Replaced) => console.warn(&Read::FollowedReplaced { file }),
            None => {}
        }
        if let Some(bad) = end.bad {
            let (at, why) = (&bad.at, &words::reason(&bad.reason, console.lang));
            let words = Read::BadAt { file, at, why };
            return Err(Failure::new(Exit::PeerFault, &words, console.lang));
        }
        match (end.refused, end.unwanted) {
            (Some((text, error)), _) => console.say(&filter::wrong(&text, &error, console).text),
            (None, Some((filter, Unwanted { count, is_tagged }))) => {
                let (count, filter) = (&count, &filter);
                match is_tagged && !filter.contains("vlan") {
                    true => console.warn(&Read::NoneFitsBehindTags { count, filter }),
                    false => console.warn(&Read::NoneFits { count }),
                }
            }
            (None, None) => {}
        }
        match end.ending {
            Some(Ending::Cut { at }) => console.warn(&Read::CutAt { file, at: &at }),
            _ if end.packed_cut => console.warn(&Read::PackedCut { file }),
            _ => {}
        }
        Ok(())
    }

    /// Where the file is cut, if it is: in bytes of what is in it, when it is compressed.
    pub fn cut_at(&self) -> Option<u64> {
        match self.end.ending {
            Some(Ending::Cut { at }) => Some(at),
            _ => None,
        }
    }

    /// What the file says of the capturing itself.
    pub fn statistics(&self) -> &Statistics {
        &self.end.statistics
    }

    /// Whether it was read to its end, and all of it was there.
    pub fn is_whole(&self) -> bool {
        self.end.ending == Some(Ending::Complete) && !self.end.packed_cut
    }
}
