//! What a request is for, opened for reading: a file of the store, a text, what a controller answers.

use std::net::SocketAddr;
use std::sync::Arc;

use lineman_proto::tftp::Mode;

use super::ServerEvent;
use super::Shared;
use super::routing::Target;
use crate::tftp::Answer;
use crate::tftp::ControllerError;
use crate::tftp::Refusal;
use crate::tftp::Source;
use crate::tftp::Store;

/// Who wants to read what.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) peer: SocketAddr,
    /// The name of the file, as the rules have left it.
    pub(super) filename: &'a [u8],
    pub(super) mode: Mode,
}

impl Shared {
    /// Where the file is that a request is for. Every source of the rules is there when they are read.
    pub(super) fn store_of(&self, target: &Target) -> &Arc<dyn Store> {
        let source = target.source();
        let other = source.and_then(|source| self.config.routing.source(source));
        other.unwrap_or(&self.store)
    }

    /// Opens what the rules lead to, and gives it to `answer`: before this returns, or later and from another thread.
    /// On the pool: it may block.
    pub(super) fn open_target(
        self: &Arc<Self>,
        target: &Target,
        wanted: Wanted<'_>,
        answer: Answer,
    ) {
        if let Some(refusal) = target.refusal() {
            return answer(Err(refusal));
        }
        if let Some(text) = target.text() {
            return answer(Ok(Source::bytes(text.to_vec(), wanted.mode)));
        }
        match target.controller() {
            Some(_) => self.ask_controller(target, wanted, answer),
            None => self
                .store_of(target)
                .open(wanted.filename, wanted.mode, answer),
        }
    }

    /// Where the controller gives nothing, the file of the route is opened that was named for that.
    fn ask_controller(self: &Arc<Self>, target: &Target, wanted: Wanted<'_>, answer: Answer) {
        let Some((url, timeout, fallback)) = target.controller() else {
            return; // dropped without an answer, it tells of an error
        };
        let Some(controller) = &self.config.routing.controller else {
            let none = ControllerError::Unreachable("no HTTP in this program".to_owned());
            return answer(Err(Refusal::Controller(none)));
        };
        let Wanted { peer, mode, .. } = wanted;
        let (shared, fallback) = (Arc::clone(self), fallback.map(<[u8]>::to_vec));
        let answered = move |answered: Result<Vec<u8>, ControllerError>| match (answered, fallback)
        {
            (Ok(bytes), _) => answer(Ok(Source::bytes(bytes, mode))),
            (Err(why), None) => answer(Err(Refusal::Controller(why))),
            (Err(why), Some(filename)) => {
                shared.send_event(ServerEvent::FellBack {
                    peer,
                    fallback: filename.clone(),
                    why,
                });
                let lane = shared.store.lane(&filename);
                let pool = shared.engine.pool().clone();
                pool.submit(lane, move || shared.store.open(&filename, mode, answer));
            }
        };
        controller.ask(url.to_owned(), timeout, Box::new(answered));
    }
}
