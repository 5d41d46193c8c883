//! Files of a real object store: SeaweedFS, by S3.

use std::time::Duration;

use rustix::process::Resource;
use tempfile::TempDir;

use crate::objects_kit::Exchange;
use crate::objects_kit::Way;
use crate::objects_kit::Weed;
use crate::objects_kit::most_memory;
use crate::objects_kit::serve;
use crate::objects_kit::serve_as;
use crate::support::lineman;
use crate::support::peer;
use crate::support::wait_for;
use crate::tftp_kit::LIMIT;
use crate::tftp_kit::Served;
use crate::tftp_kit::assert_same;
use crate::tftp_kit::content;
use crate::tftp_kit::metrics;
use crate::tftp_kit::run;
use crate::tftp_kit::value;
use crate::tftp_raw::Raw;
use crate::tftp_raw::assert_error;
use crate::tftp_raw::error;
use crate::tftp_raw::rrq;

/// Bytes a second, for a way that is as wide as it can be.
const WIDE: u64 = 10 << 30;

fn get(server: &Served, name: &str) -> Vec<u8> {
    try_to_get(server, name).expect("the file")
}

/// The file, or what the client says.
fn try_to_get(server: &Served, name: &str) -> Result<Vec<u8>, String> {
    let out = server.outside().join("got");
    let output = run(lineman()
        .args(["tftp", "get", "--patience", "60"])
        .arg(server.url(name))
        .arg("-o")
        .arg(&out));
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(std::fs::read(out).expect("the file"))
}

/// The same by tftp-hpa's client.
fn get_by_another_hand(server: &Served, name: &str) -> Vec<u8> {
    let out = server.outside().join("got-too");
    let port = server.port().to_string();
    let mut tftp = peer("tftp");
    tftp.args(["-m", "octet", "127.0.0.1", &port, "-c", "get", name]);
    let output = run(tftp.arg(&out));
    assert!(output.status.success(), "{output:?}");
    std::fs::read(out).expect("the file")
}

/// Requests for all of an object, or a part: not the questions whether it has changed that the store has
/// answered with `304`.
fn fetches(way: &Way) -> Vec<Exchange> {
    let mut all = way.exchanges();
    all.retain(|it| it.status != Some(304));
    all
}

#[test]
fn a_thousand_clients_have_one_cold_object_fetched_once() {
    let mut limit = rustix::process::getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    rustix::process::setrlimit(Resource::Nofile, limit).expect("a thousand sockets");
    let (weed, bytes) = (Weed::start(), content(64 << 20));
    weed.put("v1/kernel", &bytes);
    let way = Way::to(weed.address(), WIDE);
    let cache = TempDir::new().expect("directory");
    let server = serve(way.address, cache.path(), &[]);
    let ask = rrq(b"kernel", &[("tsize", "0"), ("blksize", "1024")]);
    let clients: Vec<Raw> = (0..1000)
        .map(|nth| {
            let client = Raw::at(&format!("127.1.{}.{}:0", nth / 250, 1 + nth % 250));
            client.send(server.address(), &ask);
            client
        })
        .collect();
    for client in clients {
        let (oack, from) = client.receive();
        assert_eq!(oack[..2], [0, 6], "{oack:?}");
        let (mut first, _) = client.ask(from, &[0, 4, 0, 0]);
        while first[..2] == [0, 6] {
            first = client.receive().0; // repeated on a busy machine
        }
        assert_same(&first[4..], &bytes[..1024], "the first block");
        client.send(from, &error(0, "enough"));
    }
    assert_same(&get(&server, "kernel"), &bytes, "all of it");
    assert_same(&get_by_another_hand(&server, "kernel"), &bytes, "once more");
    // Two seconds after it has come the store is asked whether it has changed, and sends nothing.
    let sent = fetches(&way);
    assert_eq!(sent.len(), 1, "{:?}", way.exchanges());
    assert_eq!(sent[0].method, "GET");
    assert_eq!(sent[0].path, "/boot/v1/kernel");
    assert_eq!((&sent[0].range, &sent[0].condition), (&None, &None));
    assert_eq!(way.carried(), 64 << 20);
    let most = most_memory(server.pid());
    assert!(most < 64 << 20, "{most} bytes of memory");
}

#[test]
fn a_store_that_is_killed_in_mid_fetch_is_gone_on_with_or_told() {
    let (mut weed, bytes) = (Weed::start(), content(24 << 20));
    weed.put("v1/kernel", &bytes);
    let way = Way::to(weed.address(), 8 << 20);
    let cache = TempDir::new().expect("directory");
    let server = serve(way.address, cache.path(), &[]);
    std::thread::scope(|scope| {
        let got = scope.spawn(|| try_to_get(&server, "kernel"));
        wait_for("a third of it", LIMIT, || {
            (way.carried() > 8 << 20).then_some(())
        });
        weed.kill();
        weed.restart();
        match got.join().expect("client") {
            Ok(got) => {
                assert_same(&got, &bytes, "all of it");
                let rest = way.exchanges().into_iter().find_map(|it| it.range);
                assert!(rest.is_some(), "{:?}", way.exchanges());
            }
            // On a busy machine it starts for longer than its clients are patient.
            Err(said) => assert!(said.contains("store"), "{said}"),
        }
    });
    let again = wait_for("the store", LIMIT, || try_to_get(&server, "kernel").ok());
    assert_same(&again, &bytes, "all of it");
}

#[test]
fn a_changed_object_is_served_anew_and_a_deleted_one_no_more() {
    let weed = Weed::start();
    let (before, after) = (content(3_000_000), content(2_000_001));
    weed.put("v1/dir/image", &before);
    let way = Way::to(weed.address(), WIDE);
    let cache = TempDir::new().expect("directory");
    let server = serve(way.address, cache.path(), &["--http", "127.0.0.1:0"]);
    // A client that pauses in the middle.
    let slow = Raw::new();
    let first = slow.ask(server.address(), &rrq(b"dir/image", &[("blksize", "8192")]));
    assert_eq!(first.0[..2], [0, 6]);
    let first = slow.ask(first.1, &[0, 4, 0, 0]);
    assert_same(&get(&server, "dir/image"), &before, "the first version");
    weed.put("v1/dir/image", &after);
    wait_for("the next version", LIMIT, || {
        let got = get(&server, "dir/image");
        if got.len() == before.len() {
            assert_same(
                &got,
                &before,
                "the first version, while the store's word holds",
            );
            return None;
        }
        assert_same(&got, &after, "the next version");
        Some(())
    });
    assert_same(&slow.rest(first, 8192), &before, "what it began with");
    let conditions = fetches(&way).into_iter().map(|it| it.condition);
    let conditions: Vec<_> = conditions.collect();
    assert_eq!(conditions.len(), 2, "{:?}", way.exchanges());
    assert!(conditions[0].is_none() && conditions[1].is_some());
    weed.delete("v1/dir/image");
    let told = wait_for("the end of it", LIMIT, || {
        let raw = Raw::new();
        raw.read(server.address(), b"dir/image").err()
    });
    assert_error(&told, 1);
    for (name, code) in [
        (&b"dir"[..], 1),
        (b"nope", 1),
        (b"dir/", 2),
        (b"../v1/dir/image", 2),
    ] {
        let refused = Raw::new()
            .read(server.address(), name)
            .expect_err("refused");
        assert_error(&refused, code);
    }
    let said = metrics(&server);
    let count = |name: &str, label: &str, of: &str| {
        value(
            &said,
            &format!("lineman_{name}_total [('{label}', '{of}'), ('store', 's3://boot/v1')] "),
        ) as usize
    };
    // The name that leads out, the empty one of a directory, and those that are not there.
    assert_eq!(count("cache_requests", "result", "miss"), 2, "{said}");
    assert!(count("cache_requests", "result", "refused") >= 5, "{said}");
    let asked = way.exchanges().len();
    let answers = ["object", "not-modified", "not-found", "changed", "fault"];
    let answers = answers.map(|it| count("upstream_requests", "answer", it));
    assert_eq!(answers.iter().sum::<usize>(), asked, "{said}");
    assert_eq!(answers[0], 2, "{said}");
    let bytes = value(
        &said,
        "lineman_upstream_bytes_total [('store', 's3://boot/v1')] ",
    ) as usize;
    assert_eq!(bytes, before.len() + after.len());
    let timed = value(
        &said,
        "lineman_upstream_seconds_count [('store', 's3://boot/v1')] ",
    ) as usize;
    assert_eq!(timed, asked);
    assert!(
        said.contains("lineman_cache_bytes [('store', 's3://boot/v1')] 0"),
        "{said}"
    );
    let wrong = serve_as("guessed", weed.address(), cache.path(), &[]);
    let refused = Raw::new().read(wrong.address(), b"x").expect_err("refused");
    assert_error(&refused, 2);
    wrong.wait_line("does not let us read it (status 403)");
}

#[test]
fn while_the_store_is_gone_what_is_kept_is_served_if_that_was_asked_for() {
    let (mut weed, bytes) = (Weed::start(), content(1 << 20));
    weed.put("v1/kernel", &bytes);
    let cache = TempDir::new().expect("directory");
    let args = ["--stale-ok", "--http", "127.0.0.1:0"];
    let server = serve(weed.address(), cache.path(), &args);
    assert_same(&get(&server, "kernel"), &bytes, "all of it");
    let names = || (std::fs::read_dir(cache.path()).expect("reads").count() == 1).then_some(());
    wait_for("a name in the cache", LIMIT, names);
    weed.kill();
    std::thread::sleep(Duration::from_millis(2100)); // the store's word was good for two seconds
    assert_same(&get(&server, "kernel"), &bytes, "what is kept");
    server.wait_line("what is kept is served meanwhile");
    let refused = Raw::new()
        .read(server.address(), b"initrd")
        .expect_err("not kept");
    assert_error(&refused, 0);
    server.wait_line("the store cannot be reached");
    let said = metrics(&server);
    for (start, least) in [
        (
            "lineman_cache_requests_total [('result', 'stale'), ('store', 's3://boot/v1')] ",
            1.0,
        ),
        (
            "lineman_upstream_faults_total [('reason', 'store-unreachable'), ('store', 's3://boot/v1')] ",
            2.0,
        ),
        (
            "lineman_cache_bytes [('store', 's3://boot/v1')] ",
            1048576.0,
        ),
    ] {
        assert!(value(&said, start) >= least, "{start} {said}");
    }
}
