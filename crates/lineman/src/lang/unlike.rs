//! That a lab is not the one that a lesson asks for, behind what there is to look at.

use super::Lang;
use super::Message as _;
use super::messages;

messages! {
    /// In what a lab differs from that of a lesson.
    Unlike;
    Rules {} "the rules of the wire" "线路规则"
    Delay {} "the delay" "时延"
    Settings {} "the settings of TCP" "TCP 设置"
    Something {} "something" "某些设置"
    Differs { what } " But this lab is not set up as the lesson has it ({what}): what is said here need not come true." "但这次实验的设置与本课不同（{what}），这里所说的不一定会发生。"
}

/// The sentence for behind another; empty where the lab is as it should be.
pub fn behind(args: &[(String, String)], lang: Lang) -> String {
    let Some((_, names)) = args.iter().find(|(name, _)| name == "unlike") else {
        return String::new();
    };
    let words = names.split(' ').map(|name| match name {
        "rules" => Unlike::Rules {}.render(lang),
        "delay" => Unlike::Delay {}.render(lang),
        "settings" => Unlike::Settings {}.render(lang),
        // Of a newer lab.
        _ => Unlike::Something {}.render(lang),
    });
    let between = match lang {
        Lang::En => ", ",
        Lang::Zh => "、",
    };
    let what = words.collect::<Vec<String>>().join(between);
    Unlike::Differs { what: &what }.render(lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lab_that_is_not_the_lessons_is_said_to_be_none() {
        let args = |names: &str| [("unlike".to_owned(), names.to_owned())];
        let said = behind(&args("rules delay"), Lang::En);
        assert!(
            said.contains("(the rules of the wire, the delay)"),
            "{said}"
        );
        let said = behind(&args("settings"), Lang::Zh);
        assert!(said.contains("（TCP 设置）"), "{said}");
        assert!(behind(&args("newer"), Lang::En).contains("(something)"));
        assert_eq!(behind(&[], Lang::En), "");
    }
}
