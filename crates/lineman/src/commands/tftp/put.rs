//! `lineman tftp put`.

use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_net::tftp::Source;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Url;

use super::client;
use super::client::Jobs;
use super::words;
use crate::args::tftp::Put;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::tftp::Tftp;

/// Stores each file; one that fails does not stop the others.
pub async fn run(args: &Put, console: Console) -> Result<(), Failure> {
    let lang = console.lang;
    let (text, files) = args
        .files
        .split_last()
        .ok_or_else(|| Failure::said(crate::exit::Exit::Usage))?;
    let url = client::url(text, lang)?;
    let into_directory = url.filename.is_empty() || url.filename.ends_with(b"/");
    if files.len() > 1 && !into_directory {
        return Err(Failure::usage(&Tftp::SeveralToOneName { url: text }, lang));
    }
    let mut jobs = Jobs::start(&args.wish, files.len(), console)?;
    for file in files {
        if jobs.is_stopped() {
            break;
        }
        let (mode, stop) = (jobs.mode(&url), jobs.stop());
        let remote = remote_name(&url, Path::new(file), into_directory, lang)?;
        let delivered = jobs
            .one(&url, file, async |server, bar| {
                let (name, stop) = (file.clone(), stop.clone());
                let open = move || source(&name, mode, lang);
                let source = client::blocking_unless_stopped(stop, lang, open).await?;
                let progress = move |progress| bar.update(progress);
                Ok(server.put(remote.clone(), mode, source, progress).await)
            })
            .await?;
        if let Some(report) = delivered {
            console.note(&Tftp::Delivered {
                file,
                url: text,
                size: &words::size(report.bytes as f64),
                seconds: &words::seconds(&report),
                rate: &words::size(words::rate(&report)),
                details: &words::details(&report, lang),
            });
        }
    }
    jobs.finish().await
}

/// The file's name on the server: the address's, or beneath it the file's own.
fn remote_name(
    url: &Url,
    file: &Path,
    into_directory: bool,
    lang: Lang,
) -> Result<Vec<u8>, Failure> {
    if !into_directory {
        return Ok(url.filename.clone());
    }
    let name = file
        .file_name()
        .filter(|_| file.as_os_str() != STDIN)
        .ok_or_else(|| {
            Failure::usage(
                &Tftp::NoName {
                    url: &file.display(),
                },
                lang,
            )
        })?;
    Ok([&url.filename, name.as_bytes()].concat())
}

fn source(file: &str, mode: Mode, lang: Lang) -> Result<Source, Failure> {
    if file == STDIN {
        return Ok(Source::stream(Box::new(io::stdin()), mode));
    }
    let refused = |error| Failure::system(&SystemError::new(Operation::Open, file)(error), lang);
    let open = File::open(file).map_err(refused)?;
    let metadata = open.metadata().map_err(refused)?;
    if metadata.is_dir() {
        return Err(refused(io::ErrorKind::IsADirectory.into()));
    }
    if metadata.is_file() {
        Source::file(open, mode).map_err(refused)
    } else {
        Ok(Source::stream(Box::new(open), mode))
    }
}

const STDIN: &str = "-";
