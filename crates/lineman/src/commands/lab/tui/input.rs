//! Keys, sizes and signals, on threads of their own: the desk waits for all of them at once.

use std::sync::mpsc;
use std::thread;

use lineman_net::Operation;
use lineman_net::SystemError;
use ratatui::crossterm::event;
use ratatui::crossterm::event::Event;
use ratatui::crossterm::event::KeyCode;
use ratatui::crossterm::event::KeyEvent;
use ratatui::crossterm::event::KeyEventKind;
use ratatui::crossterm::event::KeyModifiers;
use tokio::runtime::Builder;

use super::desk::Input;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::runtime::Signals;
use crate::views::tui::Key;

/// Begins to listen. The threads stay to the end of the program: one waits in the terminal.
///
/// # Errors
/// When the system allows no threads or no signals.
pub(super) fn listen(inbox: &mpsc::Sender<Input>, console: Console) -> Result<(), Failure> {
    let failed = |error| {
        let error = SystemError::new(Operation::Listen, "the terminal")(error);
        Failure::system(&error, console.lang)
    };
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    let (keys, signals) = (inbox.clone(), inbox.clone());
    let lang = console.lang;
    let watched = runtime.block_on(async { Signals::watch(lang) })?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            let mut watched = watched;
            let exit = runtime.block_on(watched.next());
            drop(signals.send(Input::Leave(exit)));
        })
        .map_err(failed)?;
    thread::Builder::new()
        .name("keys".to_owned())
        .spawn(move || read(&keys))
        .map_err(failed)?;
    Ok(())
}

/// Reads the terminal until it is gone, or the desk is.
fn read(inbox: &mpsc::Sender<Input>) {
    loop {
        let input = match event::read() {
            Ok(Event::Key(key)) => pressed(key),
            Ok(Event::Resize(..)) => Some(Input::Resized),
            Ok(_) => None,
            Err(_) => Some(Input::Leave(Exit::Done)),
        };
        let Some(input) = input else { continue };
        let last = matches!(input, Input::Leave(_));
        if inbox.send(input).is_err() || last {
            return;
        }
    }
}

fn pressed(key: KeyEvent) -> Option<Input> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(Input::Key(match key.code {
        // In raw mode the terminal makes no signal of it.
        KeyCode::Char('c') if control => return Some(Input::Leave(Exit::Interrupted)),
        KeyCode::Char(_) if control => return None,
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Tab => Key::Tab,
        _ => return None,
    }))
}
