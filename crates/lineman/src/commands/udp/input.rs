//! What is typed or piped in, as payloads.

use std::io;
use std::io::Read as _;
use std::thread;

use lineman_proto::datagram::Piece;
use lineman_proto::datagram::Splitter;
use tokio::sync::mpsc;

use crate::terminal::editor;

/// Pieces that wait between the thread that reads stdin and the session: a few megabytes at most.
const QUEUE: usize = 32;

/// What came in.
#[derive(Debug)]
pub enum Typed {
    /// A line with its newline, or all of stdin.
    Piece(Piece),
    /// The end of input.
    End,
    /// ^C at the line editor.
    Interrupt,
    /// Stdin cannot be read.
    Failed(io::Error),
}

/// The input of a session.
pub enum Input {
    /// Lines from the line editor.
    Editor(mpsc::UnboundedReceiver<editor::Input>),
    /// Stdin, read by a thread of its own: a read that blocks cannot be called off, and tokio's
    /// stdin would hold up the exit until a line comes.
    Stdin(mpsc::Receiver<Typed>),
}

impl Input {
    /// Starts to read stdin.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn stdin(splitter: Splitter) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        thread::Builder::new()
            .name("stdin".to_owned())
            .spawn(move || read(splitter, &sender))?;
        Ok(Self::Stdin(receiver))
    }

    /// Waits for input; for ever after its end.
    pub async fn next(&mut self) -> Typed {
        let typed = match self {
            Self::Editor(lines) => lines.recv().await.map(from_editor),
            Self::Stdin(pieces) => pieces.recv().await,
        };
        match typed {
            Some(typed) => typed,
            None => std::future::pending().await,
        }
    }

    /// Input that has come already.
    pub fn ready(&mut self) -> Option<Typed> {
        match self {
            Self::Editor(lines) => lines.try_recv().ok().map(from_editor),
            Self::Stdin(pieces) => pieces.try_recv().ok(),
        }
    }
}

fn from_editor(input: editor::Input) -> Typed {
    match input {
        editor::Input::Line(line) => Typed::Piece(Piece::new((line + "\n").into_bytes())),
        editor::Input::Eof => Typed::End,
        editor::Input::Interrupt => Typed::Interrupt,
    }
}

/// Reads until the end, or until the session is gone.
fn read(mut splitter: Splitter, sender: &mpsc::Sender<Typed>) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let mut chunk = match io::stdin().lock().read(&mut buffer) {
            Ok(0) => break,
            Ok(bytes) => &buffer[..bytes],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let _ = sender.blocking_send(Typed::Failed(error));
                return;
            }
        };
        while let Some(piece) = splitter.next(&mut chunk) {
            if sender.blocking_send(Typed::Piece(piece)).is_err() {
                return;
            }
        }
    }
    if let Some(piece) = splitter.finish() {
        let _ = sender.blocking_send(Typed::Piece(piece));
    }
    let _ = sender.blocking_send(Typed::End);
}
