//! Where a lab is not the one that a scenario asks for: a person has given rules, a delay or settings of his own.

use std::collections::BTreeMap;

use crate::Options;

/// In what it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unlike {
    rules: bool,
    delay: bool,
    settings: bool,
}

impl Unlike {
    pub(super) const NOTHING: Self = Self {
        rules: false,
        delay: false,
        settings: false,
    };

    /// What a scenario asks for, and what there is.
    pub(super) fn between(own: &Options, lab: &Options) -> Self {
        Self {
            // Without a rule there is no chance, and a seed changes nothing.
            rules: own.rules.rules != lab.rules.rules,
            delay: own.delay != lab.delay,
            settings: own.client != lab.client || own.server != lab.server,
        }
    }

    /// For the note that says what to look at: `unlike`, and the names of all that is otherwise.
    pub(super) fn args(self) -> BTreeMap<String, String> {
        let all = [
            (self.rules, "rules"),
            (self.delay, "delay"),
            (self.settings, "settings"),
        ];
        let names: Vec<&str> = all
            .into_iter()
            .filter_map(|(is, name)| is.then_some(name))
            .collect();
        let said = (!names.is_empty()).then(|| ("unlike".to_owned(), names.join(" ")));
        said.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Scenario;

    /// "The SYNs cross", of a play with --delay 0, and "look at the option window scale" with --textbook: a lesson announced what the
    /// options of its play had made impossible, and nothing said so.
    #[test]
    fn a_lesson_announced_what_the_options_of_its_play_forbade() {
        let args = |name: &str, change: fn(&mut crate::Options)| {
            let scenario = Scenario::find(name).expect("a scenario");
            let mut options = scenario.options();
            change(&mut options);
            let args = scenario.in_a_lab(&options).unlike.args();
            args.get("unlike").cloned()
        };
        let said = |names: &str| Some(names.to_owned());
        let at_once = |it: &mut crate::Options| it.delay = Duration::ZERO;
        assert_eq!(args("simultaneous-open", at_once), said("delay"));
        let textbook = |it: &mut crate::Options| {
            it.client.textbook = true;
            it.server.textbook = true;
        };
        assert_eq!(args("window-scale", textbook), said("settings"));
        let both = |it: &mut crate::Options| {
            it.delay = Duration::ZERO;
            it.rules = "s>c:data delay 2s".parse().expect("rules");
        };
        assert_eq!(args("recv-timeout", both), said("rules delay"));
        let step = |it: &mut crate::Options| it.step = true;
        for scenario in Scenario::all() {
            assert_eq!(args(scenario.name, step), None, "{}", scenario.name);
        }
    }
}
