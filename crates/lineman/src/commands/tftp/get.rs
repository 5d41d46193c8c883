//! `lineman tftp get`.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use lineman_net::OutputFile;
use lineman_net::tftp::Sink;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Url;

use super::client;
use super::client::Jobs;
use super::words;
use crate::args::tftp::Get;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::tftp::Tftp;
use crate::output;

/// Fetches each file; one that fails does not stop the others.
pub async fn run(args: &Get, console: Console) -> Result<(), Failure> {
    let lang = console.lang;
    let plan = plan(args, console)?;
    let mut jobs = Jobs::start(&args.wish, plan.len(), console)?;
    for (text, url, output) in &plan {
        if jobs.is_stopped() {
            break;
        }
        let (mode, stop) = (jobs.mode(url), jobs.stop());
        let fetched = jobs
            .one(url, text, async |server, bar| {
                let (output, stop) = (output.clone(), stop.clone());
                let open = move || output.sink(mode, console);
                let sink = client::blocking_unless_stopped(stop, lang, open).await?;
                let progress = move |progress| bar.update(progress);
                Ok(server.get(url.filename.clone(), mode, sink, progress).await)
            })
            .await?;
        if let Some(report) = fetched {
            console.note(&Tftp::Fetched {
                file: text,
                output: &output.name(),
                size: &words::size(report.bytes as f64),
                seconds: &words::seconds(&report),
                rate: &words::size(words::rate(&report)),
                details: &words::details(&report, lang),
            });
        }
    }
    jobs.finish().await
}

/// Where a fetched file goes.
#[derive(Clone, PartialEq)]
enum Output {
    Stdout,
    File(PathBuf),
}

/// Checks everything that was typed before the first packet leaves.
fn plan(args: &Get, console: Console) -> Result<Vec<(String, Url, Output)>, Failure> {
    let lang = console.lang;
    let mut plan: Vec<(String, Url, Output)> = Vec::new();
    for text in &args.urls {
        let url = client::url(text, lang)?;
        let output = destination(args, text, &url, console)?;
        // The second would take the place of the first, which its user still wants.
        if let Output::File(path) = &output
            && plan.iter().any(|(.., other)| *other == output)
            && path.metadata().map_or(true, |found| found.is_file())
        {
            let output = &path.display();
            return Err(Failure::usage(&Tftp::SeveralIntoOne { output }, lang));
        }
        plan.push((text.clone(), url, output));
    }
    Ok(plan)
}

fn destination(args: &Get, text: &str, url: &Url, console: Console) -> Result<Output, Failure> {
    let lang = console.lang;
    let no_name = || Failure::usage(&Tftp::NoName { url: &text }, lang);
    if url.filename.is_empty() {
        return Err(no_name());
    }
    let base = || {
        url.base_name()
            .filter(|name| *name != b".." && *name != b".")
            .map(OsStr::from_bytes)
            .ok_or_else(no_name)
    };
    match &args.output {
        None => Ok(Output::File(base()?.into())),
        Some(dash) if dash.as_os_str() == "-" => {
            if console.json {
                return Err(Failure::usage(&Tftp::JsonAndStdout {}, lang));
            }
            Ok(Output::Stdout)
        }
        Some(dir) if dir.is_dir() => Ok(Output::File(dir.join(base()?))),
        Some(file) if args.urls.len() > 1 => {
            let output = &file.display();
            Err(Failure::usage(&Tftp::SeveralIntoOne { output }, lang))
        }
        Some(file) => Ok(Output::File(file.clone())),
    }
}

impl Output {
    fn sink(&self, mode: Mode, console: Console) -> Result<Sink, Failure> {
        let Self::File(path) = self else {
            return Ok(Sink::stream(Box::new(io::stdout()), mode));
        };
        let file =
            OutputFile::create(path, &[]).map_err(|error| output::failure(&error, console))?;
        Ok(Sink::output(file, mode))
    }

    fn name(&self) -> String {
        match self {
            Self::Stdout => "stdout".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}
