//! Whether a program can be run at all. The system says it late, and strace says it in words of its own
//! between those of the program.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::lang::bench::Bench as Words;
use crate::programs::on_path;

/// What is wrong with the name of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// There is none.
    Missing,
    /// It is no program's name, but a file's.
    FileHere,
    /// It is a directory.
    Directory,
    /// It is a file that may not be executed.
    NotExecutable,
    /// It is a text that does not say what runs it.
    PlainText,
}

impl Unfit {
    /// What is wrong with a name; `None` if the system can run it.
    pub(super) fn of(program: &str) -> Option<Self> {
        let path = Path::new(program);
        if !program.contains('/') {
            return match (on_path(program), path.is_file()) {
                (Some(_), _) => None,
                (None, true) => Some(Self::FileHere),
                (None, false) => Some(Self::Missing),
            };
        }
        let Ok(found) = path.metadata() else {
            return Some(Self::Missing);
        };
        if found.is_dir() {
            return Some(Self::Directory);
        }
        if found.permissions().mode() & 0o111 == 0 {
            return Some(Self::NotExecutable);
        }
        (found.is_file() && is_plain_text(path)).then_some(Self::PlainText)
    }

    /// In words; `instead` is how the file is run.
    pub(super) fn words<'a>(self, program: &'a &str, instead: &'a String) -> Words<'a> {
        match self {
            Self::Missing => Words::NotFound { program },
            Self::FileHere => Words::FileHere { program, instead },
            Self::Directory => Words::IsDirectory { program },
            Self::NotExecutable => Words::NotExecutable { program, instead },
            Self::PlainText => Words::PlainText { program, instead },
        }
    }
}

/// How a file is run that is no program.
pub(super) fn instead(program: &str) -> String {
    match program.ends_with(".py") {
        true => format!("python3 {program}"),
        false => format!("sh {program}"),
    }
}

/// Whether a file begins with letters, and not with `#!`: the kernel runs none such (execve(2)).
fn is_plain_text(path: &Path) -> bool {
    let mut first = [0; 2];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut first));
    let is_text = |byte: u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    read.is_ok() && first != *b"#!" && first.iter().all(|byte| is_text(*byte))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn each_file_that_cannot_be_run_is_told_apart() {
        let dir = tempfile::tempdir().expect("a directory");
        let make = |name: &str, text: &str, mode: u32| {
            let path = dir.path().join(name);
            fs::write(&path, text).expect("writes");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("sets");
            path.display().to_string()
        };
        let unfit = |path: &str| Unfit::of(path);
        let script = make("server.py", "#!/usr/bin/python3\n", 0o755);
        assert_eq!(unfit(&script), None);
        let plain = make("plain.py", "import socket\n", 0o755);
        assert_eq!(unfit(&plain), Some(Unfit::PlainText));
        let plain = make("client.py", "import socket\n", 0o644);
        assert_eq!(unfit(&plain), Some(Unfit::NotExecutable));
        assert_eq!(unfit(&make("program", "\x7fELF", 0o755)), None);
        assert_eq!(
            unfit(&dir.path().display().to_string()),
            Some(Unfit::Directory)
        );
        assert_eq!(unfit("./no-such-program"), Some(Unfit::Missing));
        assert_eq!(unfit("no-such-program"), Some(Unfit::Missing));
        assert_eq!(unfit("sh"), None);
        assert_eq!(instead("a.py"), "python3 a.py");
    }
}
