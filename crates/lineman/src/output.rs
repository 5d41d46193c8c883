//! Where results go: stdout, or a file that appears when it is complete.

use std::ffi::OsStr;
use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use lineman_net::FileId;
use lineman_net::Operation;
use lineman_net::OutputError;
use lineman_net::OutputFile;
use lineman_net::SystemError;

use crate::console::Console;
use crate::failure::Failure;
use crate::lang::common::Common;

/// Something that is being written; dropped before [`Self::finish`], a file is as it was before.
#[derive(Debug)]
pub struct Output {
    out: BufWriter<OutputFile>,
    /// `None` is stdout.
    name: Option<String>,
    console: Console,
}

impl Output {
    /// Begins to write to the file at `path`; to stdout if there is none, or it is `-`. `in_use`
    /// are the files that the command reads, and those it writes otherwise.
    ///
    /// # Errors
    /// When it is in use by the command itself, or the system refuses.
    pub fn create(
        path: Option<&Path>,
        in_use: &[FileId],
        console: Console,
    ) -> Result<Self, Failure> {
        let path = path.filter(|path| *path != Path::new(STDOUT));
        let begun = match path {
            None => OutputFile::stdout(in_use),
            Some(path) => OutputFile::create(path, in_use),
        };
        Ok(Self {
            out: BufWriter::new(begun.map_err(|error| failure(&error, console))?),
            name: path.map(|path| path.display().to_string()),
            console,
        })
    }

    /// Which file it is, for the `in_use` of another.
    pub fn id(&self) -> Option<FileId> {
        self.out.get_ref().id().cloned()
    }

    /// A file has its name now, and what is written later is seen as it is flushed.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn appear(self) -> Result<Self, Failure> {
        let Self { out, name, console } = self;
        let file = out
            .into_inner()
            .map_err(|error| unwritable(name.as_deref(), error.into_error(), console))?;
        let file = file
            .appear()
            .map_err(|error| unwritable(name.as_deref(), error.source, console))?;
        Ok(Self {
            out: BufWriter::new(file),
            name,
            console,
        })
    }

    /// Everything is written: a file has its name now.
    ///
    /// # Errors
    /// When the system refuses; what was there before stays.
    pub fn finish(self) -> Result<(), Failure> {
        let (name, console) = (self.name, self.console);
        let file = self
            .out
            .into_inner()
            .map_err(|error| unwritable(name.as_deref(), error.into_error(), console))?;
        file.commit()
            .map_err(|error| unwritable(name.as_deref(), error.source, console))
    }

    /// What is to be said when writing to it failed.
    pub fn failure(&self, error: io::Error) -> Failure {
        unwritable(self.name.as_deref(), error, self.console)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// What is to be said when an output cannot be begun.
pub fn failure(error: &OutputError, console: Console) -> Failure {
    match error {
        OutputError::System(error) => Failure::system(error, console.lang),
        OutputError::InUse(file) => Failure::usage(&Common::OutputInUse { file }, console.lang),
    }
}

fn unwritable(name: Option<&str>, error: io::Error, console: Console) -> Failure {
    match name {
        None => Failure::stdout(error, console.lang),
        Some(name) => {
            let error = SystemError::new(Operation::Write, name)(error);
            Failure::system(&error, console.lang)
        }
    }
}

const STDOUT: &str = "-";

/// A name beside that of a record for the record of another lab: `chat-2.jsonl`. No file
/// has it yet.
pub fn unused(path: &Path) -> Option<PathBuf> {
    let stem = path.file_stem()?.to_str()?;
    let name = |n: u32| match path.extension().and_then(OsStr::to_str) {
        Some(extension) => format!("{stem}-{n}.{extension}"),
        None => format!("{stem}-{n}"),
    };
    let paths = (2..=MOST_RECORDS).map(|n| path.with_file_name(name(n)));
    paths.into_iter().find(|path| !path.exists())
}

/// More labs than a user begins one after the other: there the search for a free name ends.
const MOST_RECORDS: u32 = 10_000;
