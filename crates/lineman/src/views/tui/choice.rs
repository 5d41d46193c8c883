//! Another scenario, chosen from all of them.

use lineman_lab::scenarios::Scenario;

use super::key::Key;
use super::model::Model;
use super::model::Panel;
use super::order::Order;

/// How many a page has.
const PAGE: usize = 10;

impl Model {
    /// All scenarios, the present one chosen.
    pub(super) fn choose(&mut self) {
        let now = self.start.as_ref().and_then(|it| it.scenario.as_deref());
        let at = Scenario::all().position(|it| Some(it.name) == now);
        self.panel = Panel::Scenarios(at.unwrap_or(0));
    }

    /// Takes a key while one is chosen.
    pub(super) fn choice_key(&mut self, at: usize, key: Key) -> Option<Order> {
        let last = Scenario::all().count().saturating_sub(1);
        let at = match key {
            Key::Up => at.saturating_sub(1),
            Key::Down => at + 1,
            Key::PageUp => at.saturating_sub(PAGE),
            Key::PageDown => at + PAGE,
            Key::Home => 0,
            Key::End => last,
            Key::Enter | Key::Char(' ') => {
                self.panel = Panel::None;
                let scenario = Scenario::all().nth(at)?.name;
                let (scenario, hold) = (Some(scenario), false);
                return Some(Order::Restart { scenario, hold });
            }
            Key::Escape | Key::Char('q' | 'n') => {
                self.panel = Panel::None;
                return None;
            }
            _ => at,
        };
        self.panel = Panel::Scenarios(at.min(last));
        None
    }
}
