//! Where a lab is: in namespaces, or simulated where those are refused.

use lineman_lab::Difference;
use lineman_lab::Kernel;
use lineman_lab::Lab;
use lineman_lab::LabError;
use lineman_lab::Network;
use lineman_lab::Options;
use lineman_lab::Paced;
use lineman_lab::Program;
use lineman_lab::Simulated;
use lineman_lab::scenarios::Scenario;
use lineman_lab::scenarios::Witness;
use lineman_trace::log::Event;
use tokio::sync::mpsc;

use super::play::PROGRAM;
use super::refusal;
use crate::args::lab::Whose;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::lab::Lab as Words;

/// Where chance starts if nobody says.
const SEED: u64 = 1;

/// A lab that runs, and who sees it.
pub struct Ground {
    /// The lab.
    pub network: Box<dyn Network>,
    /// Its log so far.
    pub witness: Witness,
    /// Its log as it grows.
    pub events: mpsc::UnboundedReceiver<Event>,
}

impl Ground {
    /// A lab in namespaces.
    ///
    /// # Errors
    /// When the system refuses one.
    pub fn kernel(options: &Options, witness: Witness) -> Result<Self, LabError> {
        let (sink, events) = eyes(&witness);
        let lab = Lab::start(&Program::this(PROGRAM), options, sink)?;
        let network = Box::new(Kernel::new(lab));
        Ok(Self {
            network,
            witness,
            events,
        })
    }

    /// A simulated one.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn simulated(options: &Options, witness: Witness) -> Result<Self, LabError> {
        let (sink, events) = eyes(&witness);
        let seed = options.rules.seed.unwrap_or(SEED);
        let network = Box::new(Paced::new(Simulated::start(options, seed, sink))?);
        Ok(Self {
            network,
            witness,
            events,
        })
    }

    /// The lab that scenarios are played in, one after the other. `witness` makes who sees it: whoever has
    /// seen a lab refused has seen its end.
    ///
    /// # Errors
    /// When there is none, or none that can play them.
    pub fn of(
        scenarios: &[Scenario],
        whose: Whose,
        options: &Options,
        witness: impl Fn() -> Witness,
        console: Console,
    ) -> Result<Self, Failure> {
        let name = &options.scenario.as_deref().unwrap_or_default();
        let can_be_simulated = scenarios.iter().all(Scenario::can_be_simulated);
        if whose.simulated {
            return match can_be_simulated {
                true => Self::simulation(scenarios, options, witness(), console),
                false => Err(no(&Words::NotSimulated { name }, console)),
            };
        }
        let refused = match Self::kernel(options, witness()) {
            Ok(ground) => return Ok(ground),
            Err(error) if whose.kernel || !refusal::is_refusal(&error) => {
                return Err(refusal::no_lab(&error, console));
            }
            Err(error) => error,
        };
        let why = &refusal::why(&refused, console.lang);
        if !can_be_simulated {
            return Err(no(&Words::Neither { why, name }, console));
        }
        console.note(&Words::Instead { why });
        Self::simulation(scenarios, options, witness(), console)
    }

    /// A simulated lab that has said in what it differs from Linux.
    fn simulation(
        scenarios: &[Scenario],
        options: &Options,
        witness: Witness,
        console: Console,
    ) -> Result<Self, Failure> {
        let begun = Self::simulated(options, witness).and_then(|mut ground| {
            for difference in differences(scenarios) {
                ground.network.note(difference.note())?;
            }
            Ok(ground)
        });
        begun.map_err(|error| refusal::no_lab(&error, console))
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

/// Who sees a lab: one that remembers, and what is told as it happens.
fn eyes(
    witness: &Witness,
) -> (
    impl FnMut(Event) + Send + use<>,
    mpsc::UnboundedReceiver<Event>,
) {
    let (sender, events) = mpsc::unbounded_channel();
    let sink = witness.sink(move |event| drop(sender.send(event)));
    (sink, events)
}
