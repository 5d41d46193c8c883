//! `lineman lab SCENARIO`: played before everybody's eyes.

use std::slice;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use lineman_lab::Options;
use lineman_lab::scenarios::Scenario;
use lineman_lab::scenarios::Stop;
use lineman_lab::scenarios::Witness;
use lineman_trace::log::Event;
use tokio::sync::mpsc;

use super::ground::Ground;
use super::list;
use super::refusal;
use super::rules;
use super::teller::Teller;
use super::tui;
use crate::args::lab::Play;
use crate::args::lab::Whose;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::lab::Lab as Words;
use crate::runtime;
use crate::runtime::Signals;

/// How this program is asked to be a lab; nobody types it.
pub const PROGRAM: &str = "__lab";

/// How long the ladder waits for more of a row.
const IDLE: Duration = Duration::from_millis(50);

/// Plays a scenario, or lists them where none is named.
pub fn run(args: &Play, console: Console) -> Result<(), Failure> {
    let Some(name) = &args.scenario else {
        return list::run(console);
    };
    let scenario = find(name, console)?;
    let options = options(args, scenario, console)?;
    if args.view.tui {
        return tui::play(scenario, options, args, console);
    }
    let teller = Teller::new(args, console)?;
    runtime::block_on(
        console,
        play(scenario, args.whose, options, teller, console),
    )
}

fn find(name: &str, console: Console) -> Result<&'static Scenario, Failure> {
    Scenario::find(name).ok_or_else(|| {
        let like = |it: &&Scenario| it.name.contains(name) || name.contains(it.name);
        match Scenario::all().find(like).map(|it| it.name) {
            Some(near) => {
                let (name, near) = (&name, &near);
                Failure::usage(&Words::DidYouMean { name, near }, console.lang)
            }
            None => Failure::usage(&Words::NoScenario { name: &name }, console.lang),
        }
    })
}

fn options(args: &Play, scenario: &Scenario, console: Console) -> Result<Options, Failure> {
    let mut options = scenario.options();
    options.rules = rules::joined(options.rules, &args.fault, console)?;
    options.rules.seed = args.seed.or(options.rules.seed);
    options.delay = args.delay.map_or(options.delay, Duration::from_millis);
    options.client.textbook |= args.textbook;
    options.server.textbook |= args.textbook;
    Ok(options)
}

async fn play(
    scenario: &'static Scenario,
    whose: Whose,
    options: Options,
    teller: Teller,
    console: Console,
) -> Result<(), Failure> {
    // Before there is a lab: a signal must not leave half of one.
    let signals = Signals::watch(console.lang)?;
    let Ground {
        mut network,
        witness,
        events,
    } = Ground::of(slice::from_ref(scenario), whose, &options, Witness::default, console)?;
    let plays = witness.clone();
    let player = thread::spawn(move || {
        let played = scenario.play(&mut *network, &plays);
        let _ = network.end(); // it may have ended
        played
    });
    let told = tell(&witness, events, signals, teller).await;
    let played = player.join().unwrap_or(Err(Stop::Late("itself")));
    told?;
    played.map_err(|stop| refusal::stopped(&stop, console))
}

/// Tells what happens until the lab is at its end, which a signal or a closed stdout hastens.
async fn tell(
    witness: &Witness,
    mut events: mpsc::UnboundedReceiver<Event>,
    mut signals: Signals,
    mut teller: Teller,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut result = Ok(());
    loop {
        let told = tokio::select! {
            event = events.recv() => match event {
                Some(event) => teller.push(&event),
                None => break,
            },
            exit = signals.next(), if result.is_ok() => Err(Failure::said(exit)),
            () = tokio::time::sleep(IDLE) => teller.idle(begun.elapsed()),
        };
        if let Err(failure) = told
            && result.is_ok()
        {
            result = Err(failure);
            witness.stop();
        }
    }
    let finished = teller.finish();
    // Whoever was told to leave has left in good order.
    match result {
        Err(failure) if failure.exit != Exit::Done => Err(failure),
        other => other.and(finished),
    }
}
