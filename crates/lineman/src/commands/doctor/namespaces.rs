//! May this user make a private network? Who tries is changed for good, so a child tries.

use std::io;
use std::io::Write as _;
use std::process::Command;
use std::process::Stdio;

use lineman_net::machine;

/// Asks a child.
///
/// # Errors
/// What the system said to it; or the child could not be asked.
pub fn attempt() -> io::Result<()> {
    let output = Command::new(std::env::current_exe()?)
        .args(["doctor", "--probe", "private-network"])
        .env_clear() // no settings: they are none of its business
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    match said.trim().parse() {
        Ok(0) => Ok(()),
        Ok(errno) => Err(io::Error::from_raw_os_error(errno)),
        Err(_) => Err(io::Error::other("the child gave no answer")),
    }
}

/// The child's part: tries, and prints the number of the error, 0 for none.
///
/// # Errors
/// When stdout cannot be written.
pub fn answer() -> io::Result<()> {
    let errno = match machine::enter_private_network() {
        Ok(()) => 0,
        Err(error) => error.raw_os_error().unwrap_or(-1),
    };
    writeln!(io::stdout(), "{errno}")
}
