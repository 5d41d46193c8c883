//! Signals that stop or end the program while the terminal is in raw mode: they take effect only when the
//! terminal is as it was found.
//!
//! A shell like dash does not repair the terminal of a job that was stopped or killed. So these signals are
//! blocked in all threads, and one thread waits for them: it gives the terminal back, lets the signal do
//! what it does, and takes the terminal again if that was a stop. The signals that ask the program to
//! leave (INT, TERM, HUP) are the session's, see [`Signals`](crate::runtime::Signals).

use std::io;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

use nix::sys::signal;
use nix::sys::signal::SigSet;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use rustix::termios::LocalModes;
use rustix::termios::OptionalActions;

use super::guard;
use super::screen;

/// Whose default is to end the process.
const ENDS: [Signal; 12] = [
    Signal::SIGQUIT,
    Signal::SIGABRT,
    Signal::SIGALRM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGVTALRM,
    Signal::SIGPROF,
    Signal::SIGIO,
    Signal::SIGPWR,
    Signal::SIGXCPU,
    Signal::SIGXFSZ,
    Signal::SIGSTKFLT,
];

/// Begins to watch. Threads inherit what is blocked: call it before there are any.
///
/// # Errors
/// When the system gives no thread.
pub fn watch() -> io::Result<()> {
    let mut all: SigSet = ENDS.into_iter().collect();
    all.add(Signal::SIGTSTP);
    all.thread_block()?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            while let Ok(signal) = all.wait() {
                happen(signal);
            }
        })?;
    Ok(())
}

/// Stops the process group, as the terminal does at ^Z outside of raw mode.
pub fn suspend() {
    let _ = signal::kill(Pid::from_raw(0), Signal::SIGTSTP);
}

/// What to do when the program goes on after a stop: the screen is another.
pub fn on_return(redraw: Box<dyn Fn() + Send>) {
    *REDRAW.lock().unwrap_or_else(PoisonError::into_inner) = Some(redraw);
}

/// Lets the signal do what it does by default, with the terminal as it was found.
fn happen(signal: Signal) {
    if signal == Signal::SIGTSTP && screen::is_taken() {
        return; // ^Z does nothing on a whole screen either
    }
    screen::give_back();
    let ours = rustix::termios::tcgetattr(io::stdin()).ok();
    guard::restore();
    let only = SigSet::from(signal);
    let _ = only.thread_unblock();
    // It is this thread's, so it takes effect before the next line: the whole process stops or ends.
    // (In a process group that no shell looks after the system ignores a stop.)
    let _ = signal::raise(signal);
    let _ = only.thread_block();
    let raw = ours.filter(|modes| !modes.local_modes.contains(LocalModes::ICANON));
    if let Some(modes) = raw {
        let _ = rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, &modes);
        guard::paste_in_brackets();
        let redraw = REDRAW.lock().unwrap_or_else(PoisonError::into_inner);
        redraw.iter().for_each(|redraw| redraw());
    }
}

static REDRAW: Mutex<Option<Box<dyn Fn() + Send>>> = Mutex::new(None);
