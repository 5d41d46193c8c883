//! What a store may do wrong: each has its own words, its own ERROR, and a bound in time.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use lineman_net::tftp::Refusal;
use lineman_net::tftp::StoreFault;

use crate::kit::Serving;
use crate::kit::content;
use crate::kit::plain;
use crate::origin::Origin;
use crate::origin::head;
use crate::origin::object;

/// An ERROR that comes later than this reaches nobody: firmware has given up.
const PATIENCE: Duration = Duration::from_secs(9);

fn refused(origin: &Origin, name: &str) -> (u16, String, Refusal) {
    let serving = Serving::new(&origin.url(), &plain());
    let began = Instant::now();
    let (code, words) = serving.get(name).expect_err("refused");
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    (code, words, serving.refusal())
}

fn fault(origin: &Origin) -> (u16, StoreFault) {
    match refused(origin, "kernel") {
        (code, words, Refusal::Store(fault)) => {
            assert!(
                !words.contains("127.0.0.1"),
                "{words}: nothing of ours is told"
            );
            (code, fault)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_not_there_is_asked_for_once_in_a_while() {
    let origin = Origin::new(|_, stream| head(stream, "404 Not Found", &[("content-length", "0")]));
    let serving = Serving::new(&origin.url(), &plain());
    for _ in 0..20 {
        assert_eq!(serving.get("nope").expect_err("refused").0, 1);
    }
    assert!(matches!(serving.refusal(), Refusal::NotFound { .. }));
    assert_eq!(origin.asked().len(), 1);
    assert_eq!(origin.asked()[0].path, "/boot/nope");
}

#[test]
fn a_store_that_forbids_it_has_its_own_words_however_long_its_own_are() {
    for (status, code) in [("403 Forbidden", 403), ("401 Unauthorized", 401)] {
        let origin = Origin::new(move |_, stream| {
            head(stream, status, &[]);
            while stream.write_all(&[b'x'; 65536]).is_ok() {}
        });
        let denied = StoreFault::Denied { status: code };
        assert_eq!(fault(&origin), (2, denied));
    }
}

#[test]
fn a_store_that_fails_is_asked_again_and_then_given_up() {
    let origin = Origin::new(|_, stream| head(stream, "503 Slow Down", &[("content-length", "0")]));
    assert_eq!(fault(&origin), (0, StoreFault::Failed { status: 503 }));
    assert!(origin.asked().len() > 2);
}

/// The attempt that patience cut off was told as silence of all that time.
#[test]
fn a_store_that_has_answered_is_not_called_silent() {
    let attempts = AtomicU32::new(0);
    let origin = Origin::new(move |_, stream| {
        if attempts.fetch_add(1, Ordering::Relaxed) < 3 {
            head(stream, "503 Slow Down", &[("content-length", "0")]);
        } else {
            std::thread::sleep(PATIENCE);
        }
    });
    assert_eq!(fault(&origin), (0, StoreFault::Failed { status: 503 }));
}

#[test]
fn nobody_is_followed_elsewhere() {
    let elsewhere = Origin::new(|asked, stream| object(asked, stream, b"not ours", "\"1\""));
    let to = format!("{}/kernel?token=secret", elsewhere.url());
    let origin = Origin::new(move |_, stream| {
        head(
            stream,
            "302 Found",
            &[("location", &to), ("content-length", "0")],
        );
    });
    let (code, fault) = fault(&origin);
    let to = format!("{}/kernel", elsewhere.url());
    assert_eq!((code, fault), (0, StoreFault::Redirected { to }));
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn a_body_without_a_length_is_not_begun() {
    let origin = Origin::new(|_, stream| {
        head(stream, "200 OK", &[("etag", "\"1\"")]);
        while stream.write_all(&[b'x'; 65536]).is_ok() {}
    });
    assert_eq!(fault(&origin), (0, StoreFault::NoLength));
}

#[test]
fn a_length_beyond_the_cache_sizes_nothing() {
    let length = u64::MAX / 4;
    let origin = Origin::new(move |_, stream| {
        let told = length.to_string();
        head(
            stream,
            "200 OK",
            &[("etag", "\"1\""), ("content-length", &told)],
        );
        while stream.write_all(&[b'x'; 65536]).is_ok() {}
    });
    let limit = plain().size;
    assert_eq!(fault(&origin), (3, StoreFault::TooLarge { length, limit }));
}

#[test]
fn a_store_that_says_nothing_is_given_up_before_the_client_gives_up() {
    let origin = Origin::new(|_, _| std::thread::sleep(Duration::from_secs(30)));
    assert!(matches!(fault(&origin), (0, StoreFault::Silent { .. })));
}

#[test]
fn a_store_that_is_not_there_is_tried_for_a_while() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .expect("bind")
        .local_addr()
        .expect("address");
    let serving = Serving::new(&format!("http://{nobody}"), &plain());
    let began = Instant::now();
    let (code, words) = serving.get("kernel").expect_err("refused");
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    assert_eq!((code, &*words), (0, "The store does not answer"));
    assert!(matches!(serving.fault(), StoreFault::Unreachable { .. }));
}

#[test]
fn a_body_that_ends_too_soon_is_gone_on_with_where_it_ended() {
    let body = content(1, 3_000_000);
    let sent = body.clone();
    let origin = Origin::new(move |asked, stream| match asked.start() {
        None => {
            let length = sent.len().to_string();
            head(
                stream,
                "200 OK",
                &[("etag", "\"1\""), ("content-length", &length)],
            );
            let _ = stream.write_all(&sent[..1_000_001]);
        }
        Some(_) => object(asked, stream, &sent, "\"1\""),
    });
    let serving = Serving::new(&origin.url(), &plain());
    assert!(serving.get("kernel").expect("all of it") == body);
    let asked = origin.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].start(), Some(1_000_001));
    assert_eq!(asked[1].header("if-match"), Some("\"1\""));
}

/// Two versions in one file would boot, and crash later.
#[test]
fn a_file_is_never_of_two_versions() {
    for heeds_conditions in [true, false] {
        let (old, new) = (content(1, 2_000_000), content(2, 2_000_000));
        let origin = Origin::new(move |asked, stream| match asked.start() {
            None => {
                let length = old.len().to_string();
                head(
                    stream,
                    "200 OK",
                    &[("etag", "\"1\""), ("content-length", &length)],
                );
                let _ = stream.write_all(&old[..1_000_000]);
            }
            Some(_) => {
                let mut asked = asked.clone();
                if !heeds_conditions {
                    asked.headers.remove("if-match");
                }
                object(&asked, stream, &new, "\"2\"");
            }
        });
        assert_eq!(fault(&origin), (0, StoreFault::Changed));
    }
}

#[test]
fn a_body_that_cannot_be_gone_on_with_is_cut() {
    let origin = Origin::new(|_, stream| {
        head(stream, "200 OK", &[("content-length", "2000000")]);
        let _ = stream.write_all(&[7; 1_000_000]);
    });
    let cut = StoreFault::Truncated {
        bytes: 1_000_000,
        length: 2_000_000,
    };
    assert_eq!(fault(&origin), (0, cut));
}

#[test]
fn what_is_no_answer_of_http_is_no_answer() {
    let origin = Origin::new(|_, stream| {
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n\x1b[2J");
    });
    let (code, fault) = fault(&origin);
    assert_eq!(code, 0);
    assert!(!fault.to_string().contains('\x1b'), "{fault:?}");
}

#[test]
fn names_that_are_none_never_reach_the_store() {
    let origin = Origin::new(|asked, stream| object(asked, stream, b"secret", "\"1\""));
    let serving = Serving::new(&origin.url(), &plain());
    for name in [
        "../secret",
        "a/../../secret",
        "%2e%2e/secret",
        "dir/",
        "a%2fb",
        "a\nb",
    ] {
        assert_eq!(serving.get(name).expect_err("refused").0, 2, "{name:?}");
    }
    assert!(origin.asked().is_empty());
}
