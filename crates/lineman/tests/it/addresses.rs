//! Addresses as people type them, in every command that takes one.

use std::process::Output;

use crate::chat_support::Talker;
use crate::chat_support::free_tcp_port;
use crate::support::free_port;
use crate::support::lineman;
use crate::support::peer;
use crate::tftp_kit::run;

fn lineman_does(words: &[&str]) -> Output {
    run(lineman().args(words))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn assert_said(words: &[&str], code: i32, wanted: &[&str]) {
    let output = lineman_does(words);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
    for wanted in wanted {
        assert!(said.contains(wanted), "{words:?}: {said}");
    }
}

#[test]
fn a_bare_number_is_a_port() {
    let port = free_port();
    let number = port.to_string();
    let mut listener = Talker::start(lineman().args(["chat", "listen", &number]));
    let line = listener.err_has("listening on ");
    assert!(line.ends_with(&format!(":{port}")), "{line}");
    // A host and a port in two words, as nc has them.
    let mut caller = Talker::start(lineman().args(["chat", "call", "127.0.0.1", &number]));
    caller.say("hello\n");
    listener.out_has("hello\n");
    caller.finish();
    listener.finish();
    assert_eq!((caller.code(), listener.code()), (0, 0));

    let number = free_port().to_string();
    let listener = Talker::start(lineman().args(["udp", "listen", &number, "--count", "1"]));
    listener.err_has(&format!(":{number}"));
    let mut sender = Talker::start(lineman().args(["udp", "send", "127.0.0.1", &number]));
    sender.say("hello\n");
    listener.out_has("hello\n");

    let dir = tempfile::tempdir().expect("a directory");
    let number = free_port().to_string();
    let root = dir.path().display().to_string();
    let server = Talker::start(lineman().args(["tftp", "serve", &root, "--listen", &number]));
    server.err_has(&format!(":{number}"));
}

#[test]
fn a_bare_number_is_nobody_to_call_and_two_ports_are_one_too_many() {
    assert_said(&["chat", "call", "9000"], 2, &["HOST:PORT"]);
    assert_said(&["udp", "send", "9000"], 2, &["HOST:PORT"]);
    for command in [["chat", "call"], ["udp", "send"]] {
        let words = [&command[..], &["127.0.0.1:1", "2"]].concat();
        assert_said(&words, 2, &["`127.0.0.1:1` has a port already"]);
    }
}

/// As nc has it, the port may be a word of its own; a message there was "invalid digit found in string".
#[test]
fn a_message_where_a_port_belongs_is_told_where_messages_come_from() {
    let wanted = [
        "`hello` is not a port",
        "what is to be sent is typed or piped in",
    ];
    for command in [["chat", "call"], ["udp", "send"]] {
        assert_said(
            &[&command[..], &["127.0.0.1", "hello"]].concat(),
            2,
            &wanted,
        );
        for number in ["0", "65536"] {
            let words = [&command[..], &["127.0.0.1", number]].concat();
            assert_said(&words, 2, &["is not a port from 1 to 65535"]);
        }
    }
}

/// It was "Not a directory (os error 20)", in every language.
#[test]
fn what_is_no_directory_or_no_file_is_said_in_the_language_of_the_user() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("file");
    std::fs::write(&file, "x").expect("write");
    let file = file.to_str().expect("UTF-8");
    let root = dir.path().to_str().expect("UTF-8");
    let serve = ["tftp", "serve", file];
    let put = ["tftp", "put", root, "tftp://127.0.0.1:1/"];
    assert_said(&serve, 2, &["is not a directory"]);
    assert_said(&[&["--lang", "zh"], &serve[..]].concat(), 2, &["不是目录"]);
    assert_said(&put, 2, &["it is a directory"]);
    assert_said(
        &[&["--lang", "zh"], &put[..]].concat(),
        2,
        &["它是一个目录"],
    );
}

#[test]
fn an_ipv6_address_with_a_port_behind_it_names_the_right_spelling() {
    let meant = "with a port it is written [::1]:9";
    // Refused or silent, as this machine's routes have it.
    let called = lineman_does(&["chat", "call", "::1:9", "--timeout", "1"]);
    assert!(said(&called).contains(meant), "{}", said(&called));
    assert_said(&["chat", "listen", "::1:9"], 3, &[meant]);
    assert_said(&["udp", "listen", "::1:9"], 3, &[meant]);
    assert_said(&["tftp", "serve", ".", "--listen", "::1:9"], 3, &[meant]);
}

/// All that the system says of these is "invalid argument".
#[test]
fn a_link_local_address_without_a_zone_is_told_the_interfaces() {
    let hint = ["link-local", "fe80::1%", "there are: ", "lo"];
    assert_said(&["chat", "call", "fe80::1"], 2, &hint);
    assert_said(&["chat", "call", "[fe80::1]:9"], 2, &hint);
    assert_said(&["chat", "call", "fe80::1", "9"], 2, &hint);
    assert_said(&["chat", "listen", "fe80::1"], 2, &hint);
    assert_said(&["udp", "send", "fe80::1"], 2, &hint);
    assert_said(&["udp", "listen", "[fe80::1]:9"], 2, &hint);
    assert_said(&["tftp", "get", "tftp://[fe80::1]/x"], 2, &hint);
    assert_said(&["tftp", "bench", "tftp://[fe80::1]/x"], 2, &hint);
    assert_said(
        &["tftp", "serve", ".", "--listen", "[fe80::1]:6969"],
        2,
        &hint,
    );
}

#[test]
fn a_zone_that_is_no_interface_is_told_the_interfaces() {
    let hint = ["nonsense0", "there are: ", "lo"];
    assert_said(&["chat", "call", "fe80::1%nonsense0"], 2, &hint);
    assert_said(&["chat", "listen", "fe80::1%25nonsense0"], 2, &hint);
    assert_said(&["udp", "send", "[fe80::1%nonsense0]:9"], 2, &hint);
    assert_said(&["tftp", "get", "tftp://[fe80::1%25nonsense0]/x"], 2, &hint);
    let group = "ff02::1%nonsense0";
    assert_said(&["udp", "listen", "0", "--multicast", group], 2, &hint);
    assert_said(&["udp", "send", "--multicast", group], 2, &hint);
}

#[test]
fn a_group_names_its_interface_behind_it_or_is_told_which_there_are() {
    let group = "ff02::1";
    for words in [
        &["udp", "listen", "0", "--multicast", group][..],
        &["udp", "send", "--multicast", group],
    ] {
        assert_said(words, 2, &["--interface IF; there are: ", "lo"]);
    }
    for group in ["ff02::4321%lo", "[ff02::4321%25lo]"] {
        let words = ["udp", "listen", "0", "--multicast", group];
        let mut command = lineman();
        let listener = Talker::start(command.args(words));
        listener.err_has("joined ff02::4321 on lo");
    }
}

/// The one link-local address that every machine can have: one given to `lo`, in a network of its own.
#[test]
fn a_zone_is_accepted_in_every_spelling() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("file"), "over fe80").expect("write");
    let port = free_tcp_port();
    let script = format!(
        "ip link set lo up && ip addr add fe80::7/64 dev lo nodad || exit 99
         \"$0\" tftp serve . --listen '[fe80::7%lo]:{port}' & server=$!
         for address in '[fe80::7%25lo]' '[fe80::7%lo]'; do
           \"$0\" tftp get \"tftp://$address:{port}/file\" -o - --until-answered || exit 98
           echo said | \"$0\" udp send \"$address:9\" --wait 0.1 ; test $? = 3 || exit 97
           \"$0\" chat call \"$address:9\" </dev/null; test $? = 3 || exit 96
         done
         echo said | \"$0\" udp send fe80::7 9 --interface lo --wait 0.1; test $? = 3 || exit 95
         kill $server; wait $server"
    );
    let mut command = peer("unshare");
    command
        .args(["--user", "--map-root-user", "--net", "sh", "-c", &script])
        .arg(env!("CARGO_BIN_EXE_lineman"))
        .env("LC_ALL", "C.UTF-8")
        .current_dir(dir.path());
    let output = run(&mut command);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout, b"over fe80over fe80");
}
