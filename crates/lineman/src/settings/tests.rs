use clap::CommandFactory as _;

use super::*;
use crate::args::Args;

fn tree() -> Command {
    help::localised(Args::command(), Lang::En)
}

fn words(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(Into::into).collect()
}

/// Parses `line` with a settings file of this `text`.
fn with_file(line: &str, text: &str) -> Result<ArgMatches, Refused> {
    let file = tempfile::NamedTempFile::new().expect("temporary file");
    std::fs::write(file.path(), text).expect("write");
    let mut words = words(line);
    words.push("--config".into());
    words.push(file.path().into());
    parse(&tree(), &words)
}

fn leaf(line: &str, text: &str) -> ArgMatches {
    match with_file(line, text) {
        Ok(found) => deepest(&found).clone(),
        Err(refused) => panic!("{}", said(refused)),
    }
}

fn said(refused: Refused) -> String {
    match refused {
        Refused::Typed(error) => format!("typed: {}", help::one_line(&error, Lang::En)),
        refused => refused.into_failure(Lang::En).text,
    }
}

fn refused(line: &str, text: &str) -> String {
    said(with_file(line, text).expect_err("must be refused"))
}

#[test]
fn the_place_of_a_command_is_behind_its_name_whatever_stands_before() {
    let tree = tree();
    let lines = [
        ("lineman tftp get URL", "tftp get", 3),
        ("lineman --lang zh tftp -q get get", "tftp get", 6),
        (
            "lineman --lang=zh --config tftp chat call call",
            "chat call",
            6,
        ),
        ("lineman tour", "tour", 2),
        ("lineman", "", 1),
        ("lineman -- tour", "", 1),
    ];
    for (line, path, after) in lines {
        let words = words(line);
        let named = argv::named(&tree, &words);
        assert_eq!(named.path.join(" "), path, "{line}");
        let inserted = argv::insert(&words, &named, ["X".into()].into_iter());
        assert_eq!(
            inserted.iter().position(|w| w == "X"),
            Some(after),
            "{line}"
        );
    }
}

#[test]
fn the_file_gives_values_flags_and_lists() {
    let found = leaf(
        "lineman tftp serve",
        "quiet = true\n[tftp.serve]\nmax-transfers = 7\nignore-case = true\nlisten = ['a:1', 'b:2']\n",
    );
    assert_eq!(found.get_one::<usize>("max_transfers"), Some(&7));
    assert!(found.get_flag("ignore_case"));
    assert!(found.get_flag("quiet"));
    let listen: Vec<&String> = found.get_many("listen").expect("listen").collect();
    assert_eq!(listen, ["a:1", "b:2"]);
}

#[test]
fn a_list_of_tables_gives_rules_of_several_parts() {
    let found = leaf(
        "lineman tftp serve",
        "[[tftp.serve.client]]\nfrom = '192.0.2.0/24'\nasks = ['blksize', 'tsize']\nno-options = true\n\
         [[tftp.serve.client]]\nfrom = '2001:db8::/32'\nwindowsize = 4\nno-options = false\n",
    );
    let rules: Vec<&lineman_proto::tftp::ClientRule> =
        found.get_many("client").expect("rules").collect();
    assert_eq!(rules.len(), 2);
    assert!(rules[0].no_options && !rules[1].no_options);
    assert_eq!(rules[0].asks.as_deref().map(<[_]>::len), Some(2));
    assert_eq!(rules[1].windowsize, Some(4));
}

#[test]
fn a_wrong_rule_is_named_with_its_file_and_key() {
    let head = "[[tftp.serve.client]]\nfrom = '192.0.2.0/24'\n";
    for (line, complaint) in [
        ("colour = true", "has a part that no rule has"),
        ("blksize = 7", "has a blksize that is not 8 to 65464"),
        ("asks = ['a+b']", "must be a string"),
    ] {
        let text = refused("lineman tftp serve", &format!("{head}{line}\n"));
        assert!(text.contains(": tftp.serve.client: "), "{text}");
        assert!(text.contains(complaint), "{text}");
    }
}

#[test]
fn a_flag_beats_the_file_and_replaces_its_list() {
    let text = "[tftp.serve]\nmax-transfers = 7\nlisten = ['a:1', 'b:2']\n";
    let found = leaf("lineman tftp serve --max-transfers 8 --listen c:3", text);
    assert_eq!(found.get_one::<usize>("max_transfers"), Some(&8));
    let listen: Vec<&String> = found.get_many("listen").expect("listen").collect();
    assert_eq!(listen, ["c:3"]);
}

#[test]
fn a_setting_that_excludes_what_was_typed_is_left_out() {
    let text = "[tftp.get]\nno-options = true\n";
    let found = leaf("lineman tftp get URL --blksize 1024", text);
    assert!(!found.get_flag("no_options"));
    let found = leaf("lineman tftp get URL", text);
    assert!(found.get_flag("no_options"));
    let found = leaf("lineman udp send HOST --raw", "json = true\n");
    assert!(found.get_flag("raw") && !found.get_flag("json"));
}

#[test]
fn a_setting_may_give_what_is_required() {
    let text = "[udp.send]\nmulticast = '239.1.2.3'\ninterface = 'lo'\n";
    let found = leaf("lineman udp send", text);
    let group: Option<&String> = found.get_one("multicast");
    assert_eq!(group.map(String::as_str), Some("239.1.2.3"));
}

#[test]
fn a_setting_of_another_command_does_nothing() {
    let found = leaf("lineman tftp put a b", "[tftp.get]\nblksize = 1024\n");
    assert!(!found.contains_id("blksize") || found.get_one::<u16>("blksize").is_none());
}

#[test]
fn a_wrong_setting_is_named_with_its_file_and_key() {
    let text = refused("lineman tftp get URL", "[tftp.get]\nblksize = 4\n");
    assert!(text.contains(": tftp.get.blksize: "), "{text}");
    assert!(text.contains("4 is not in 8..=65464"), "{text}");
    let text = refused("lineman tour", "[tour]\nfast = 'perhaps'\n");
    assert!(text.contains(": tour.fast: is on or off"), "{text}");
    let text = refused("lineman tftp serve", "[tftp.serve]\nmax-upload = ['1']\n");
    assert!(
        text.contains(": tftp.serve.max-upload: takes one"),
        "{text}"
    );
    let text = refused("lineman tour", "lang = 1979-05-27\n");
    assert!(text.contains(": lang: must be a string"), "{text}");
}

#[test]
fn what_was_typed_wrong_is_blamed_on_what_was_typed() {
    let text = refused("lineman tftp get", "[tftp.get]\nblksize = 1024\n");
    assert!(text.starts_with("typed: the following required"), "{text}");
    let text = refused("lineman tftp get URL --blksize 4", "quiet = true\n");
    assert!(text.starts_with("typed: invalid value '4'"), "{text}");
}

#[test]
fn an_unknown_key_is_named_whatever_the_command() {
    for (text, line, key, near) in [
        ("colour = true\n", 1, "colour", None),
        (
            "# ours\n[tftp.serve]\ncolour = true\n",
            3,
            "tftp.serve.colour",
            None,
        ),
        ("\n[ftp]\n", 2, "ftp", Some("tftp")),
        (
            "[tftp]\nblksize = 512\n",
            2,
            "tftp.blksize",
            Some("tftp.get.blksize"),
        ),
        (
            "quiet = true\n[tftp.serve]\nwrite = 'off'\nmax-uplaod = '1M'\n",
            4,
            "tftp.serve.max-uplaod",
            Some("tftp.serve.max-upload"),
        ),
        (
            "tftp.get.windowsiz = 3\n",
            1,
            "tftp.get.windowsiz",
            Some("tftp.get.windowsize"),
        ),
        ("config = 'other'\n", 1, "config", None),
    ] {
        let said = refused("lineman tour", text);
        let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        let end = format!(": line {line}: unknown key `{key}`{near}");
        assert!(said.ends_with(&end), "{said}");
    }
}

#[test]
fn a_file_that_is_not_toml_is_named_with_the_line() {
    let text = refused("lineman tour", "quiet = true\njson = \n");
    assert!(text.contains(": not TOML: line 2: "), "{text}");
}

#[test]
fn the_sample_of_the_documentation_is_valid() {
    let page = include_str!("../../../../docs/settings.md");
    let sample = page
        .split("```")
        .find_map(|part| part.strip_prefix("toml\n"));
    let sample = sample.expect("a sample");
    for line in [
        "lineman tftp serve",
        "lineman tftp get URL",
        "lineman chat call HOST",
    ] {
        leaf(line, sample);
    }
}
