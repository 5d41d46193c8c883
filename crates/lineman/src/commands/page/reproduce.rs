//! The command line by which a lab can be had again.

use lineman_lab::rules::Rules;
use lineman_lab::scenarios::Scenario;

use crate::args::lab::Whose;
use crate::args::lab_options::LabOptions;

/// How a lab was asked for. What a person has done in it is not in there.
#[derive(Clone, Debug)]
pub struct Reproduce {
    scenario: Option<Scenario>,
    whose: Whose,
    delay: Option<u64>,
    textbook: bool,
    /// The rules that the scenario has of itself.
    own: Rules,
}

impl Reproduce {
    /// Of a lab that was begun.
    pub fn new(scenario: Option<Scenario>, whose: Whose, asked: &LabOptions) -> Self {
        Self {
            scenario,
            whose,
            delay: asked.delay,
            textbook: asked.textbook,
            own: scenario.map(|it| it.options().rules).unwrap_or_default(),
        }
    }

    /// What is played.
    pub(super) fn scenario(&self) -> Option<&Scenario> {
        self.scenario.as_ref()
    }

    /// A line for a shell, with the rules that hold now. Rules of the scenario that hold no more are in it all the
    /// same: it has them by its name.
    pub(super) fn line(&self, rules: &str) -> String {
        let rules: Rules = rules.parse().unwrap_or_default(); // they were written by `Rules`
        let mut words = vec!["lineman lab".to_owned()];
        words.extend(self.scenario.map(|it| it.name.to_owned()));
        if self.scenario.is_some_and(|it| it.is_over_ipv6()) {
            words.push("--ipv6".to_owned());
        }
        if self.whose.simulated {
            words.push("--simulated".to_owned());
        }
        if self.whose.kernel {
            words.push("--kernel".to_owned());
        }
        if self.textbook {
            words.push("--textbook".to_owned());
        }
        words.extend(self.delay.map(|delay| format!("--delay {delay}")));
        let own = &self.own.rules;
        let more = match rules.rules.strip_prefix(own.as_slice()) {
            Some(more) => more.to_vec(),
            None => {
                let all = rules.rules.iter();
                all.filter(|rule| !own.contains(rule)).cloned().collect()
            }
        };
        let more = Rules {
            rules: more,
            seed: None,
        };
        let more = more.to_string();
        if !more.is_empty() {
            words.push(format!("--fault '{more}'")); // no rule has a quote in it
        }
        words.extend(rules.seed.map(|seed| format!("--seed {seed}")));
        words.push("--page".to_owned());
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(scenario: &str, rules: &str) -> String {
        let scenario = Scenario::find(scenario).copied();
        let whose = Whose {
            simulated: true,
            ..Whose::default()
        };
        let asked = LabOptions {
            record: None,
            fault: Vec::new(),
            seed: None,
            delay: Some(20),
            textbook: false,
        };
        Reproduce::new(scenario, whose, &asked).line(rules)
    }

    #[test]
    fn what_was_asked_for_can_be_asked_for_again() {
        let begins = "lineman lab handshake --simulated --delay 20";
        assert_eq!(line("handshake", ""), format!("{begins} --page"));
        let rules = "c>s:syn #1 drop; loss 20%; seed 7";
        assert_eq!(
            line("handshake", rules),
            format!("{begins} --fault 'c>s:syn #1 drop; loss 20%' --seed 7 --page")
        );
        // It has this rule of itself.
        let own = "s>c:tftp.data block 2 #1 drop";
        assert_eq!(
            line("tftp-data-lost", &format!("{own}; loss 5%")),
            "lineman lab tftp-data-lost --simulated --delay 20 --fault 'loss 5%' --page"
        );
    }
}
