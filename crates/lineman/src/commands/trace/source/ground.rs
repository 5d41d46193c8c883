//! Where a lab is: in namespaces, or simulated where those are refused.

use lineman_lab::Difference;
use lineman_lab::Kernel;
use lineman_lab::LabError;
use lineman_lab::Network;
use lineman_lab::Options;
use lineman_lab::Paced;
use lineman_lab::Simulated;
use lineman_lab::scenarios::Scenario;
use lineman_trace::log::Cursor;
use lineman_trace::log::Hub;

use super::kernel;
use super::refusal;
use crate::args::lab::Whose;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::lab::Lab as Words;

/// The seed of random numbers where none was given.
const SEED: u64 = 1;

/// A lab that runs.
pub struct Ground {
    pub network: Box<dyn Network>,
    pub log: Hub,
    /// The beginning of that.
    pub events: Cursor,
}

impl Ground {
    /// The lab that scenarios are played in, one after the other.
    ///
    /// # Errors
    /// When there is none, or none that can play them.
    pub fn of(
        scenarios: &[Scenario],
        whose: Whose,
        options: &Options,
        console: Console,
    ) -> Result<Self, Failure> {
        let can_be_simulated = scenarios.iter().all(Scenario::can_be_simulated);
        let differences = can_be_simulated.then(|| differences(scenarios));
        Self::begun(differences.as_deref(), whose, options, console)
    }

    /// The lab that a person makes calls in.
    ///
    /// # Errors
    /// When there is none.
    pub fn of_calls(whose: Whose, options: &Options, console: Console) -> Result<Self, Failure> {
        let textbook = options.client.textbook && options.server.textbook;
        let differences = Difference::of_calls(textbook);
        Self::begun(Some(&differences), whose, options, console)
    }

    /// `simulated` says in what it differs if it is simulated; `None` if it must not be.
    fn begun(
        simulated: Option<&[Difference]>,
        whose: Whose,
        options: &Options,
        console: Console,
    ) -> Result<Self, Failure> {
        let name = &options.scenario.as_deref().unwrap_or_default();
        if whose.simulated {
            return match simulated {
                Some(differences) => Self::simulation(differences, options, console),
                None => Err(no(&Words::NotSimulated { name }, console)),
            };
        }
        let refused = match Self::in_namespaces(options) {
            Ok(ground) => return Ok(ground),
            Err(error) if whose.kernel || !refusal::is_refusal(&error) => {
                return Err(refusal::no_lab(&error, console));
            }
            Err(error) => error,
        };
        let why = &refusal::why(&refused, console.lang);
        let Some(differences) = simulated else {
            return Err(no(&Words::Neither { why, name }, console));
        };
        console.note(&Words::Instead { why });
        Self::simulation(differences, options, console)
    }

    fn in_namespaces(options: &Options) -> Result<Self, LabError> {
        Self::with(|log| Ok(Box::new(Kernel::new(kernel(options, log)?))))
    }

    /// A simulated lab that has said in what it differs from Linux.
    fn simulation(
        differences: &[Difference],
        options: &Options,
        console: Console,
    ) -> Result<Self, Failure> {
        let seed = options.rules.seed.unwrap_or(SEED);
        let begun = Self::with(|log| {
            let lab = Simulated::start(options, seed, log.sink());
            let mut network = Box::new(Paced::new(lab)?);
            for difference in differences {
                network.note(difference.note())?;
            }
            Ok(network)
        });
        begun.map_err(|error| refusal::no_lab(&error, console))
    }

    /// A log of its own for each: one that was refused has ended.
    fn with(
        start: impl FnOnce(&Hub) -> Result<Box<dyn Network>, LabError>,
    ) -> Result<Self, LabError> {
        let log = Hub::new();
        let events = log.cursor();
        let network = start(&log)?;
        Ok(Self {
            network,
            log,
            events,
        })
    }
}

/// In what a simulated lab differs from Linux for these scenarios, each said once.
fn differences(scenarios: &[Scenario]) -> Vec<Difference> {
    let mut all = Vec::new();
    for difference in scenarios.iter().flat_map(Scenario::differences) {
        if !all.contains(&difference) {
            all.push(difference);
        }
    }
    all
}

fn no(words: &Words<'_>, console: Console) -> Failure {
    Failure::new(Exit::NotPermitted, words, console.lang)
}
