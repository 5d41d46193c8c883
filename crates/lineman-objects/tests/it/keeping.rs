//! What is kept on the disk: asked for again by its ETag, bounded, and of use while the store is away.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lineman_net::tftp::StoreFault;
use lineman_objects::CacheConfig;
use lineman_objects::Notice;

use crate::kit::Serving;
use crate::kit::content;
use crate::kit::get;
use crate::kit::in_dir;
use crate::origin::Origin;
use crate::origin::head;
use crate::origin::object;

/// One object of a name, as long as it stands in it.
fn sized() -> Origin {
    Origin::new(|asked, stream| {
        let size = asked
            .path
            .rsplit('-')
            .next()
            .and_then(|size| size.parse().ok());
        object(asked, stream, &content(7, size.unwrap_or(1000)), "\"1\"");
    })
}

fn files(dir: &Path) -> usize {
    std::fs::read_dir(dir).expect("reads").count()
}

/// Waits until the files are named: the disk is not waited for by clients.
fn wait_for_files(dir: &Path, count: usize) {
    for _ in 0..1000 {
        if files(dir) == count {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{} files, not {count}", files(dir));
}

#[test]
fn what_an_earlier_server_kept_is_asked_for_by_its_etag() {
    let dir = tempfile::tempdir().expect("directory");
    let origin = sized();
    let first = Serving::new(&origin.url(), &in_dir(dir.path()));
    let body = first.get("kernel-200000").expect("all of it");
    wait_for_files(dir.path(), 1);
    drop(first);
    let second = Serving::new(&origin.url(), &in_dir(dir.path()));
    assert!(second.get("kernel-200000").expect("all of it") == body);
    let asked = origin.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].header("if-none-match"), Some("\"1\""));
}

#[test]
fn what_was_cut_or_written_into_is_fetched_anew() {
    let dir = tempfile::tempdir().expect("directory");
    let origin = sized();
    let first = Serving::new(&origin.url(), &in_dir(dir.path()));
    let body = first.get("kernel-200000").expect("all of it");
    wait_for_files(dir.path(), 1);
    drop(first);
    let entry = std::fs::read_dir(dir.path())
        .expect("reads")
        .next()
        .expect("one")
        .expect("told");
    let file = std::fs::File::options()
        .write(true)
        .open(entry.path())
        .expect("opens");
    file.set_len(1000).expect("cut");
    let second = Serving::new(&origin.url(), &in_dir(dir.path()));
    assert!(second.get("kernel-200000").expect("all of it") == body);
    assert_eq!(origin.asked()[1].header("if-none-match"), None);
}

#[test]
fn what_was_used_longest_ago_leaves_for_what_is_new() {
    let dir = tempfile::tempdir().expect("directory");
    let origin = sized();
    let config = CacheConfig {
        size: 350_000,
        ..in_dir(dir.path())
    };
    let serving = Serving::new(&origin.url(), &config);
    for (nth, name) in ["a-100000", "b-100000", "c-100000"].iter().enumerate() {
        serving.get(name).expect("all of it");
        wait_for_files(dir.path(), nth + 1);
    }
    serving.get("a-100000").expect("used again");
    serving.get("d-100000").expect("all of it");
    wait_for_files(dir.path(), 3);
    let asked = origin.asked().len();
    serving.get("a-100000").expect("it stayed");
    let again = origin.asked();
    let fetched = again[asked..]
        .iter()
        .filter(|it| it.header("if-none-match").is_none());
    assert_eq!(fetched.count(), 0);
    serving
        .get("b-100000")
        .expect("it left, and is fetched again");
    let last = origin.asked().pop().expect("asked");
    assert_eq!(
        (&*last.path, last.header("if-none-match")),
        ("/boot/b-100000", None)
    );
}

#[test]
fn what_is_being_read_stays() {
    let dir = tempfile::tempdir().expect("directory");
    let origin = sized();
    let config = CacheConfig {
        size: 350_000,
        ..in_dir(dir.path())
    };
    let serving = Serving::new(&origin.url(), &config);
    let address = serving.address;
    let told = |address: SocketAddr| get(address, "b-200000", "octet", |_| {});
    let got = get(address, "a-300000", "octet", |block| {
        if block == 5 {
            wait_for_files(dir.path(), 1);
            assert_eq!(told(address).expect_err("no room").0, 3);
        }
    });
    assert_eq!(got.expect("all of it").len(), 300_000);
    assert_eq!(serving.fault(), StoreFault::CacheFull { limit: 350_000 });
    // A second later, when nobody reads the other any more.
    let after = (0..100).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        told(address).ok()
    });
    assert_eq!(after.expect("there is room").len(), 200_000);
}

#[test]
fn while_the_store_is_away_what_is_kept_is_served_if_that_was_asked_for() {
    for stale_ok in [true, false] {
        let dir = tempfile::tempdir().expect("directory");
        let away = Arc::new(AtomicBool::new(false));
        let is_away = Arc::clone(&away);
        let origin = Origin::new(move |asked, stream| match is_away.load(Ordering::Relaxed) {
            true => head(stream, "500 Oh", &[("content-length", "0")]),
            false => object(asked, stream, &content(1, 100_000), "\"1\""),
        });
        let config = CacheConfig {
            stale_ok,
            ..in_dir(dir.path())
        };
        let serving = Serving::new(&origin.url(), &config);
        let body = serving.get("kernel").expect("all of it");
        wait_for_files(dir.path(), 1);
        away.store(true, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(2100)); // its word was good for two seconds
        let failed = StoreFault::Failed { status: 500 };
        match serving.get("kernel") {
            Ok(stale) => {
                assert!(stale_ok && stale == body);
                let told = serving.notices.recv_timeout(Duration::from_secs(5));
                assert_eq!(told, Ok(Notice::Stale(failed)));
                away.store(false, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(2100));
                serving.get("kernel").expect("it is back");
                let told = serving.notices.recv_timeout(Duration::from_secs(5));
                assert_eq!(told, Ok(Notice::Back));
            }
            Err(_) => {
                assert!(!stale_ok);
                assert_eq!(serving.fault(), failed);
            }
        }
    }
}

#[test]
fn an_object_that_is_gone_is_kept_no_more() {
    let dir = tempfile::tempdir().expect("directory");
    let gone = Arc::new(AtomicBool::new(false));
    let is_gone = Arc::clone(&gone);
    let origin = Origin::new(move |asked, stream| match is_gone.load(Ordering::Relaxed) {
        true => head(stream, "404 Not Found", &[("content-length", "0")]),
        false => object(asked, stream, &content(1, 100_000), "\"1\""),
    });
    let config = CacheConfig {
        stale_ok: true,
        ..in_dir(dir.path())
    };
    let serving = Serving::new(&origin.url(), &config);
    serving.get("kernel").expect("all of it");
    wait_for_files(dir.path(), 1);
    gone.store(true, Ordering::Relaxed);
    std::thread::sleep(Duration::from_millis(2100));
    assert_eq!(serving.get("kernel").expect_err("gone").0, 1);
    wait_for_files(dir.path(), 0);
}
