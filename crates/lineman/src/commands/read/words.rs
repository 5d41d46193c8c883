//! What is wrong with a file, in words.

use std::io;
use std::path::Path;

use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_trace::files::BadFile;
use lineman_trace::files::MAX_INTERFACES;
use lineman_trace::files::Reason;

use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::failure::system_text;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::read::Read;

/// A file whose beginning is no capture's.
pub fn refused(path: &Path, bad: &BadFile, console: Console) -> Failure {
    let (file, lang) = (&path.display(), console.lang);
    match &bad.reason {
        Reason::Io(error) => {
            let error = io::Error::new(error.kind(), error.to_string());
            unreadable(path, error, console)
        }
        Reason::NotACapture([b'{', ..]) => Failure::new(Exit::Usage, &Read::IsLog { file }, lang),
        // Whether it is one, nobody can see.
        Reason::Unpacked(_) => {
            let why = &reason(&bad.reason, lang);
            Failure::new(Exit::PeerFault, &Read::Unreadable { file, why }, lang)
        }
        reason => {
            let why = &self::reason(reason, lang);
            Failure::new(Exit::PeerFault, &Read::NoCapture { file, why }, lang)
        }
    }
}

/// A file that the system does not read.
pub fn unreadable(path: &Path, error: io::Error, console: Console) -> Failure {
    let error = SystemError::new(Operation::Read, path.display())(error);
    Failure::system(&error, console.lang)
}

/// Why a file cannot be read on.
pub fn reason(reason: &Reason, lang: Lang) -> String {
    match reason {
        Reason::Io(error) => system_text(error, lang),
        Reason::TooShort => Read::TooShort {}.render(lang),
        Reason::NotACapture(begins) => {
            let begins: Vec<String> = begins.iter().map(|byte| format!("{byte:02x}")).collect();
            let begins = &begins.join(" ");
            Read::NeitherForm { begins }.render(lang)
        }
        Reason::Version { major, minor } => Read::Version { major, minor }.render(lang),
        Reason::TooLong(bytes) => Read::PacketTooLong { bytes }.render(lang),
        Reason::BlockLength(bytes) => Read::BlockLength { bytes }.render(lang),
        Reason::ByteOrder => Read::ByteOrder {}.render(lang),
        Reason::NoInterface(number) => Read::NoInterface { number }.render(lang),
        Reason::TooManyInterfaces => {
            let most = &MAX_INTERFACES;
            Read::TooManyInterfaces { most }.render(lang)
        }
        Reason::Unpacked(why) => Read::Unpacked { why }.render(lang),
        other => other.to_string(),
    }
}
