//! `lineman lab exercise`: an exercise about a log, made or worked on. It needs no privilege and no lab.

mod work;

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;

use lineman_net::FileId;
use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_trace::learn::Ask;
use lineman_trace::learn::BadExercise;
use lineman_trace::learn::Exercise;
use lineman_trace::learn::Plan;
use lineman_trace::log::BadReason;

use self::work::Work;
use crate::args::exercise::Exercise as Args;
use crate::args::lab_options::Drawing;
use crate::commands::page;
use crate::commands::trace::drawing;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::learn::Learn;
use crate::output::Output;
use crate::terminal::surface::Surface;

/// Makes an exercise, or lets a learner work on one.
///
/// # Errors
/// When there is none, or it is not solved.
pub fn run(args: &Args, console: Console) -> Result<(), Failure> {
    let on_page = args.page || args.no_open;
    if on_page {
        page::check(console)?;
    }
    if !args.make && !on_page && args.file == Path::new("-") {
        return Err(Failure::usage(&Learn::StdinAsks {}, console.lang));
    }
    let (file, id) = open(&args.file, console)?;
    let plan = plan(args);
    let exercise = Exercise::read(file, plan.clone());
    let exercise = exercise.map_err(|bad| refused(args, &bad, console))?;
    if args.make {
        return make(&exercise, args, id, console);
    }
    let asks = !args.ask.is_empty() || args.blanks.is_some() || args.seed.is_some();
    if asks && *exercise.plan() != plan {
        console.note(&Learn::OwnPlan {
            file: &args.file.display(),
        });
    }
    if on_page {
        return page::work(&exercise, !args.no_open, console);
    }
    let drawing = Drawing {
        ascii: args.ascii,
        width: args.width,
        ..Drawing::default()
    };
    let style = drawing::style(&drawing, Surface::of(io::stdout()), console);
    Work::new(&exercise, style, console).run(&mut io::stdin().lock())
}

/// What is asked about a log.
fn plan(args: &Args) -> Plan {
    let own = Plan::default();
    let ask: Vec<Ask> = args.ask.iter().map(|ask| Ask::from(*ask)).collect();
    Plan {
        ask: if ask.is_empty() { own.ask } else { ask },
        blanks: args.blanks.map_or(own.blanks, usize::from),
        seed: args.seed.unwrap_or(own.seed),
        version: own.version,
    }
}

fn make(
    exercise: &Exercise,
    args: &Args,
    read: Option<FileId>,
    console: Console,
) -> Result<(), Failure> {
    let mut out = Output::create(args.output.as_deref(), read.as_slice(), console)?;
    let written = exercise.write(&mut out);
    written.map_err(|error| out.failure(error))?;
    out.finish()
}

type Input = Box<dyn BufRead>;

/// Opens the file; says which it is too, that nothing else may be written to.
fn open(path: &Path, console: Console) -> Result<(Input, Option<FileId>), Failure> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), FileId::of(io::stdin())));
    }
    let file = File::open(path)
        .map_err(SystemError::new(Operation::Open, path.display()))
        .map_err(|error| Failure::system(&error, console.lang))?;
    let id = FileId::of(&file);
    Ok((Box::new(BufReader::new(file)), id))
}

fn refused(args: &Args, bad: &BadExercise, console: Console) -> Failure {
    let file = &args.file.display();
    let exit = match bad {
        BadExercise::Log(line) if matches!(line.reason, BadReason::Io(_)) => Exit::Incomplete,
        _ => Exit::Usage,
    };
    match bad {
        BadExercise::Unfit(_) => Failure::new(exit, &Learn::Unfit { file }, console.lang),
        bad => Failure::new(exit, &Learn::BadExercise { file, why: bad }, console.lang),
    }
}
