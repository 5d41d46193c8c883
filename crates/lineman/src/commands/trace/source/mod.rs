//! What makes a log grow: a lab, in namespaces or simulated, and a script that is played in it.

mod ground;
pub mod refusal;
mod scenario;

use lineman_lab::Lab;
use lineman_lab::LabError;
use lineman_lab::Options;
use lineman_lab::Program;
use lineman_trace::log::Hub;

pub use ground::Ground;
pub use scenario::Script;

/// How this program is asked to be a lab; nobody types it.
pub const PROGRAM: &str = "__lab";

/// A lab in namespaces, which tells this log.
///
/// # Errors
/// When the system refuses one.
pub fn kernel(options: &Options, log: &Hub) -> Result<Lab, LabError> {
    Lab::start(&Program::this(PROGRAM), options, log.sink())
}
