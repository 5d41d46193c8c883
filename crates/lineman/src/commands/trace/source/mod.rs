//! What makes a log grow: a lab, in namespaces or simulated, and a script that is played in it.

mod ground;
mod options;
pub mod refusal;
mod scenario;

use lineman_lab::Lab;
use lineman_lab::LabError;
use lineman_lab::Options;
use lineman_lab::Program;
use lineman_trace::log::Cursor;
use lineman_trace::log::Hub;

use crate::args::lab_options::LabOptions;
use crate::console::Console;
use crate::failure::Failure;

pub use ground::Ground;
pub use options::asked;
pub use options::wrong_rules;
pub use scenario::Script;

/// The hidden argument by which this program is started as a lab.
pub const PROGRAM: &str = "__lab";

/// A lab in namespaces for programs, and the beginning of its log.
///
/// # Errors
/// When a rule makes no sense, or the system refuses a lab: no simulated one has sockets for programs.
pub fn lab(options: &LabOptions, console: Console) -> Result<(Lab, Cursor), Failure> {
    let options = asked(Options::default(), options, console)?;
    let log = Hub::new();
    let events = log.cursor();
    let lab = kernel(&options, &log);
    let lab = lab.map_err(|error| refusal::no_programs(&error, console))?;
    Ok((lab, events))
}

/// A lab in namespaces, which tells this log.
fn kernel(options: &Options, log: &Hub) -> Result<Lab, LabError> {
    Lab::start(&Program::this(PROGRAM), options, log.sink())
}
