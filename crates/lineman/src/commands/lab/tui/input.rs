//! Keys and sizes, on a thread of their own: it waits in the terminal.

use std::thread;

use lineman_net::Operation;
use lineman_net::SystemError;
use ratatui::crossterm::event;
use ratatui::crossterm::event::Event;
use ratatui::crossterm::event::KeyCode;
use ratatui::crossterm::event::KeyEvent;
use ratatui::crossterm::event::KeyEventKind;
use ratatui::crossterm::event::KeyModifiers;
use tokio::sync::mpsc;

use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::views::tui::Key;

/// What comes from the terminal.
#[derive(Debug)]
pub enum Input {
    Key(Key),
    /// The terminal has another size.
    Resized,
    /// The program is to end.
    Leave(Exit),
}

/// Begins to listen. The thread stays to the end of the program.
///
/// # Errors
/// When the system allows no thread.
pub fn listen(console: Console) -> Result<mpsc::UnboundedReceiver<Input>, Failure> {
    let (inbox, inputs) = mpsc::unbounded_channel();
    thread::Builder::new()
        .name("keys".to_owned())
        .spawn(move || read(&inbox))
        .map_err(SystemError::new(Operation::Listen, "the terminal"))
        .map_err(|error| Failure::system(&error, console.lang))?;
    Ok(inputs)
}

/// Reads the terminal until it is gone, or the receiver is.
fn read(inbox: &mpsc::UnboundedSender<Input>) {
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
