//! An exercise as one file: a line with its plan, and the log behind it.

use std::io;
use std::io::BufRead;
use std::io::Cursor;
use std::io::Read as _;
use std::io::Write;

use lineman_proto::text::safe_json;

use super::Exercise;
use super::Plan;
use super::Unfit;
use super::plan::VERSION;
use crate::log::BadLine;
use crate::log::Event;
use crate::log::MAX_LINE;
use crate::log::Reader;

/// Why a file is no exercise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadExercise {
    /// The file itself.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Written by a lineman whose exercises would be misread.
    #[error("version {0} of an exercise; this lineman reads up to {VERSION}")]
    Version(u32),
    /// The log in it.
    #[error(transparent)]
    Log(#[from] BadLine),
    /// There is nothing to ask.
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

impl Exercise {
    /// Writes it as one file.
    ///
    /// # Errors
    /// When `out` cannot be written to.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let plan = serde_json::to_string(&self.plan)?;
        writeln!(out, "{}", safe_json(&plan))?;
        self.events.iter().try_for_each(|event| {
            let json = serde_json::to_string(event)?;
            writeln!(out, "{}", safe_json(&json))
        })
    }

    /// Reads one; a log without a plan is asked about as `otherwise` says.
    ///
    /// # Errors
    /// When it is neither, or there is nothing to ask. A log that was cut short counts as far as it goes.
    pub fn read(mut input: impl BufRead, otherwise: Plan) -> Result<Self, BadExercise> {
        let mut first = Vec::new();
        input
            .by_ref()
            .take(MAX_LINE as u64)
            .read_until(b'\n', &mut first)?;
        let Some(plan) = plan(&first)? else {
            let events = events(Cursor::new(first).chain(input))?;
            return Ok(Self::new(otherwise, events)?);
        };
        let events = events(input).map_err(|bad| BadLine {
            line: bad.line + 1,
            ..bad
        })?;
        Ok(Self::new(plan, events)?)
    }
}

/// The plan of a line, if it is one.
fn plan(line: &[u8]) -> Result<Option<Plan>, BadExercise> {
    #[derive(serde::Deserialize)]
    struct Head {
        exercise: u32,
    }
    match serde_json::from_slice::<Head>(line) {
        Ok(head) if head.exercise > VERSION => Err(BadExercise::Version(head.exercise)),
        Ok(_) => Ok(Some(serde_json::from_slice(line).map_err(io::Error::from)?)),
        Err(_) => Ok(None),
    }
}

fn events(log: impl BufRead) -> Result<Vec<Event>, BadLine> {
    Reader::new(log).collect()
}
