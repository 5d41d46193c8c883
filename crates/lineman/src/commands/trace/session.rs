//! The loop of every command that shows a log as it grows: events, what else is heard, signals, time.

use std::future::Future;

use lineman_trace::log::Cursor;
use lineman_trace::log::Event;
use tokio::time::Instant;

use super::record::Record;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::runtime::Signals;

/// What a log is shown on.
pub trait Present {
    /// Takes an event.
    ///
    /// # Errors
    /// When it cannot be shown.
    fn take(&mut self, event: &Event) -> Result<(), Failure>;

    /// When [`idle`](Self::idle) is to be called, unless something happens before.
    fn due(&self) -> Option<Instant>;

    /// Shows what was waiting for more, and waits no longer.
    ///
    /// # Errors
    /// When it cannot be shown.
    fn idle(&mut self) -> Result<(), Failure>;

    /// Everything that was there has been taken: it is to be seen now.
    ///
    /// # Errors
    /// When it cannot be shown.
    fn settle(&mut self) -> Result<(), Failure>;

    /// The log has ended.
    ///
    /// # Errors
    /// When the rest cannot be shown.
    fn finish(&mut self) -> Result<(), Failure>;

    /// Whether there is nothing more to show once the log has ended.
    fn is_done(&self) -> bool {
        true
    }

    /// The session has failed: what is still to be shown is not waited for.
    fn give_up(&mut self) {}

    /// The log cannot be recorded any more.
    ///
    /// # Errors
    /// Where that ends the session.
    fn not_recorded(&mut self, failure: Failure) -> Result<(), Failure> {
        Err(failure)
    }
}

/// What makes a log grow, and what is heard beside it.
pub trait Source<P: ?Sized> {
    /// What is heard.
    type Input;

    /// Waits for the next of it. It is dropped when something else happens, and called again.
    fn input(&mut self) -> impl Future<Output = Self::Input>;

    /// Takes it.
    ///
    /// # Errors
    /// When the session cannot go on.
    fn take(&mut self, input: Self::Input, presenter: &mut P) -> Result<Next, Failure>;

    /// An event that will be shown.
    fn hear(&mut self, _event: &Event) {}

    /// A signal.
    ///
    /// # Errors
    /// When it ends the session at once.
    fn signal(&mut self, exit: Exit) -> Result<Next, Failure> {
        Err(Failure::said(exit))
    }

    /// Has the log end soon.
    fn end(&mut self);

    /// The log has ended, because that was asked for or by itself.
    ///
    /// # Errors
    /// Where that must not be.
    fn ended(&mut self, _asked: bool, _presenter: &mut P) -> Result<(), Failure> {
        Ok(())
    }
}

/// What is heard where nothing is.
pub type Nothing = std::convert::Infallible;

/// Whether the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It does.
    GoOn,
    /// The log is to end.
    End,
}

/// What came last.
enum Turn<I> {
    Event(Option<Event>),
    Input(I),
    Signal(Exit),
    Due,
    Settled,
}

/// How many turns there are at most before everything is shown.
const UNSETTLED: u32 = 256;

/// Shows a log to its end, which a signal or a failure hastens; the record is complete then.
///
/// # Errors
/// The first that the source or the presenter had; or a signal asked for the end.
pub async fn run<P: Present + ?Sized, S: Source<P>>(
    mut log: Cursor,
    mut record: Option<Record>,
    source: &mut S,
    presenter: &mut P,
    signals: &mut Signals,
) -> Result<(), Failure> {
    let mut result = Ok(());
    let mut ending = false;
    let mut open = true;
    let mut unsettled = 1; // a whole screen is seen before anything happens
    loop {
        if !open && (ending || presenter.is_done()) {
            break;
        }
        let due = presenter.due();
        let turn = tokio::select! {
            biased;
            exit = signals.next(), if result.is_ok() => Turn::Signal(exit),
            () = std::future::ready(()), if unsettled > UNSETTLED => Turn::Settled,
            event = log.next(), if open => Turn::Event(event),
            input = source.input(), if result.is_ok() => Turn::Input(input),
            () = std::future::ready(()), if unsettled > 0 => Turn::Settled,
            () = until(due), if due.is_some() => Turn::Due,
        };
        unsettled = if matches!(turn, Turn::Settled) {
            0
        } else {
            unsettled + 1
        };
        let done = match turn {
            Turn::Settled => presenter.settle().map(|()| Next::GoOn),
            Turn::Due => presenter.idle().map(|()| Next::GoOn),
            Turn::Signal(exit) => source.signal(exit),
            Turn::Input(input) => source.take(input, presenter),
            Turn::Event(Some(event)) => {
                source.hear(&event);
                keep(&mut record, &event, presenter)
                    .and_then(|()| presenter.take(&event))
                    .map(|()| Next::GoOn)
            }
            Turn::Event(None) => {
                open = false;
                let ended = source.ended(ending, presenter);
                if ended.is_err() {
                    presenter.give_up();
                }
                let finished = presenter.finish();
                ended.and(finished).map(|()| Next::GoOn)
            }
        };
        match done {
            Ok(Next::GoOn) => {}
            Ok(Next::End) if ending => {}
            Ok(Next::End) => {
                ending = true;
                source.end();
            }
            Err(failure) if result.is_ok() => {
                result = Err(failure);
                ending = true;
                presenter.give_up();
                source.end();
            }
            Err(_) => {}
        }
    }
    let recorded = record.map_or(Ok(()), Record::finish);
    match result {
        // A command that a signal told to end has ended in good order.
        Err(failure) if failure.exit != Exit::Done => Err(failure),
        _ => recorded.and_then(|()| presenter.settle()),
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Appends an event to the record, until that fails.
fn keep<P: Present + ?Sized>(
    record: &mut Option<Record>,
    event: &Event,
    presenter: &mut P,
) -> Result<(), Failure> {
    let Some(file) = record else { return Ok(()) };
    file.append(event).or_else(|failure| {
        *record = None;
        presenter.not_recorded(failure)
    })
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use lineman_trace::log::Hub;
    use lineman_trace::log::Kind;

    use super::*;
    use crate::lang::Lang;

    /// Shows so many events, and no more.
    #[derive(Default)]
    struct Shown {
        events: Vec<u64>,
        limit: Option<usize>,
        finished: bool,
        given_up: bool,
    }

    impl Present for Shown {
        fn take(&mut self, event: &Event) -> Result<(), Failure> {
            if self.limit == Some(self.events.len()) {
                return Err(Failure::said(Exit::Incomplete));
            }
            self.events.push(event.n);
            Ok(())
        }

        fn due(&self) -> Option<Instant> {
            None
        }

        fn idle(&mut self) -> Result<(), Failure> {
            Ok(())
        }

        fn settle(&mut self) -> Result<(), Failure> {
            Ok(())
        }

        fn finish(&mut self) -> Result<(), Failure> {
            self.finished = true;
            Ok(())
        }

        fn give_up(&mut self) {
            self.given_up = true;
        }
    }

    type Sink = Box<dyn FnMut(Event)>;

    /// Tells one event for each that was heard, until it is told to end or has told five.
    struct Teller {
        sink: Option<Sink>,
        told: u64,
        /// How the log ended: because that was asked for, or by itself.
        asked: Option<bool>,
    }

    impl Teller {
        fn tell(&mut self) {
            let (n, t_ns, kind) = (self.told, self.told, Kind::End);
            self.told += 1;
            if let Some(sink) = &mut self.sink {
                sink(Event { n, t_ns, kind });
            }
            if self.told == 5 {
                self.sink = None;
            }
        }
    }

    impl Source<Shown> for Teller {
        type Input = Nothing;

        async fn input(&mut self) -> Nothing {
            pending().await
        }

        fn take(&mut self, input: Nothing, _: &mut Shown) -> Result<Next, Failure> {
            match input {}
        }

        fn hear(&mut self, _: &Event) {
            self.tell();
        }

        fn end(&mut self) {
            self.sink = None;
        }

        fn ended(&mut self, asked: bool, _: &mut Shown) -> Result<(), Failure> {
            self.asked = Some(asked);
            Ok(())
        }
    }

    fn show(limit: Option<usize>) -> (Result<(), Failure>, Teller, Shown) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let log = Hub::new();
        let events = log.cursor();
        let sink: Sink = Box::new(log.sink());
        let mut teller = Teller {
            sink: Some(sink),
            told: 0,
            asked: None,
        };
        teller.tell();
        let mut shown = Shown {
            limit,
            ..Shown::default()
        };
        let result = runtime.block_on(async {
            let mut signals = Signals::watch(Lang::En)?;
            run(events, None, &mut teller, &mut shown, &mut signals).await
        });
        (result, teller, shown)
    }

    #[test]
    fn a_log_is_shown_to_its_end() {
        let (result, teller, shown) = show(None);
        assert!(result.is_ok());
        assert_eq!(shown.events, [0, 1, 2, 3, 4]);
        assert!(shown.finished && !shown.given_up);
        assert_eq!(teller.asked, Some(false), "it ended by itself");
    }

    /// If the log cannot be shown, its source ends: the user would not see what the source goes on to do.
    #[test]
    fn a_source_that_cannot_be_shown_is_ended() {
        let (result, teller, shown) = show(Some(2));
        assert_eq!(result.expect_err("a failure").exit, Exit::Incomplete);
        assert_eq!(shown.events, [0, 1]);
        assert!(shown.finished && shown.given_up);
        assert_eq!(teller.asked, Some(true));
    }
}
