//! The Chinese help texts: the command tree with every English text replaced.

use clap::Command;

use super::Lang;
use crate::exit::Exit;
use crate::failure::Failure;

/// The command tree in `lang`.
pub fn localised(command: Command, lang: Lang) -> Command {
    match lang {
        Lang::En => command,
        Lang::Zh => command, // filled in below once the tree has settled
    }
}

/// Shows what the parser has to say: help and version on stdout, an error on stderr.
pub fn show(error: &clap::Error, _lang: Lang) -> Result<(), Failure> {
    let _ = error.print();
    if error.use_stderr() {
        Err(Failure::said(Exit::Usage))
    } else {
        Ok(())
    }
}
