//! What of a file a request is for, by its conditions and its range (RFC 9110 §13.2.2, §14.2).

use std::ops::Range;
use std::time::SystemTime;

use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header;
use headers::ETag;
use headers::HeaderMapExt as _;
use headers::IfMatch;
use headers::IfModifiedSince;
use headers::IfNoneMatch;
use headers::IfRange;
use headers::IfUnmodifiedSince;
use headers::LastModified;
use http_range_header::EndPosition;
use http_range_header::StartPosition;
use http_range_header::parse_range_header;

use super::Description;

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All of it.
    Whole,
    /// These bytes, which are some.
    Part(Range<u64>),
    /// That the client has it.
    NotModified,
    /// Nothing, with this status.
    Unfulfillable(StatusCode),
}

/// The tag as it is sent.
pub(super) fn tag(about: &Description) -> Option<ETag> {
    format!("\"{}\"", about.tag.as_deref()?).parse().ok()
}

/// The conditions in their order (§13.2.2), then the range. What makes no sense is as if it were not there.
pub(super) fn judge(headers: &HeaderMap, is_head: bool, about: &Description) -> Verdict {
    let (tag, modified) = (tag(about), about.modified);
    let failed = Verdict::Unfulfillable(StatusCode::PRECONDITION_FAILED);
    if headers.contains_key(header::IF_MATCH) {
        // A list without a tag that we have matches nothing.
        let holds = headers.typed_get::<IfMatch>().is_some_and(|condition| {
            let is_any = headers.get(header::IF_MATCH).is_some_and(|it| it == "*");
            is_any
                || tag
                    .as_ref()
                    .is_some_and(|tag| condition.precondition_passes(tag))
        });
        if !holds {
            return failed;
        }
    } else if let (Some(condition), Some(modified)) =
        (headers.typed_get::<IfUnmodifiedSince>(), modified)
        && !condition.precondition_passes(modified)
    {
        return failed;
    }
    if headers.contains_key(header::IF_NONE_MATCH) {
        let condition = headers.typed_get::<IfNoneMatch>();
        let is_any = headers
            .get(header::IF_NONE_MATCH)
            .is_some_and(|it| it == "*");
        let has = match (&condition, &tag) {
            (Some(condition), Some(tag)) => !condition.precondition_passes(tag),
            _ => is_any,
        };
        if has {
            return Verdict::NotModified;
        }
    } else if let (Some(condition), Some(modified)) =
        (headers.typed_get::<IfModifiedSince>(), modified)
        && !condition.is_modified(modified)
    {
        return Verdict::NotModified;
    }
    if is_head || !is_same(headers, tag.as_ref(), modified) {
        return Verdict::Whole; // §14.2: a range is of GET only
    }
    range(headers, about.length)
}

/// Whether the range, if there is one, is of this state of the file (§13.1.5).
fn is_same(headers: &HeaderMap, tag: Option<&ETag>, modified: Option<SystemTime>) -> bool {
    if !headers.contains_key(header::IF_RANGE) {
        return true;
    }
    let modified = modified.map(LastModified::from);
    let condition = headers.typed_get::<IfRange>();
    condition.is_some_and(|condition| !condition.is_modified(tag, modified.as_ref()))
}

/// One range is answered. A list of them may be answered with the whole (§14.2), and is: several small pieces cost a server much.
fn range(headers: &HeaderMap, length: u64) -> Verdict {
    let mut all = headers.get_all(header::RANGE).iter();
    let Some(text) = all.next().and_then(|text| text.to_str().ok()) else {
        return Verdict::Whole;
    };
    let Ok(parsed) = parse_range_header(text) else {
        return Verdict::Whole;
    };
    let [one] = &parsed.ranges[..] else {
        return Verdict::Whole;
    };
    let part = match (one.start, one.end) {
        (StartPosition::Index(from), EndPosition::Index(last)) if last < from => {
            return Verdict::Whole; // no range at all (§14.1.1)
        }
        (StartPosition::Index(from), EndPosition::Index(last)) => {
            from..last.saturating_add(1).min(length)
        }
        (StartPosition::Index(from), EndPosition::LastByte) => from..length,
        (StartPosition::FromLast(count), _) => length.saturating_sub(count)..length,
    };
    match part.is_empty() {
        true => Verdict::Unfulfillable(StatusCode::RANGE_NOT_SATISFIABLE),
        false => Verdict::Part(part),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::HeaderName;

    use super::*;

    const WRITTEN: u64 = 1_700_000_000; // Tue, 14 Nov 2023 22:13:20 GMT
    const THEN: &str = "Tue, 14 Nov 2023 22:13:20 GMT";
    const BEFORE: &str = "Tue, 14 Nov 2023 22:13:19 GMT";

    fn about() -> Description {
        Description {
            is_listing: false,
            length: 1000,
            tag: Some("abc".to_owned()),
            modified: Some(SystemTime::UNIX_EPOCH + Duration::new(WRITTEN, 500_000_000)),
        }
    }

    fn judged(fields: &[(HeaderName, &str)]) -> Verdict {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name, value.parse().expect("a value"));
        }
        judge(&headers, false, &about())
    }

    #[test]
    fn ranges_are_those_of_rfc_9110() {
        let unsatisfiable = Verdict::Unfulfillable(StatusCode::RANGE_NOT_SATISFIABLE);
        for (text, expected) in [
            ("bytes=0-0", Verdict::Part(0..1)),
            ("bytes=0-499", Verdict::Part(0..500)),
            ("bytes=500-", Verdict::Part(500..1000)),
            ("bytes=999-", Verdict::Part(999..1000)),
            ("bytes=900-5000", Verdict::Part(900..1000)),
            ("bytes=900-18446744073709551615", Verdict::Part(900..1000)),
            ("bytes=-100", Verdict::Part(900..1000)),
            ("bytes=-5000", Verdict::Part(0..1000)),
            ("bytes=1000-", unsatisfiable.clone()),
            ("bytes=1000-2000", unsatisfiable),
            ("bytes=-0", Verdict::Whole), // a range may be ignored
            ("bytes=5-4", Verdict::Whole),
            ("bytes=0-1,5-6", Verdict::Whole),
            ("bytes=", Verdict::Whole),
            ("bytes=-", Verdict::Whole),
            ("bytes=x-y", Verdict::Whole),
            ("bytes=99999999999999999999-", Verdict::Whole),
            ("lines=0-1", Verdict::Whole),
            ("0-1", Verdict::Whole),
        ] {
            assert_eq!(judged(&[(header::RANGE, text)]), expected, "{text}");
        }
        assert_eq!(judged(&[]), Verdict::Whole);
    }

    #[test]
    fn nothing_of_an_empty_file_is_a_range() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, "bytes=0-".parse().expect("a value"));
        let empty = Description {
            length: 0,
            ..about()
        };
        let unsatisfiable = Verdict::Unfulfillable(StatusCode::RANGE_NOT_SATISFIABLE);
        assert_eq!(judge(&headers, false, &empty), unsatisfiable);
        assert_eq!(judge(&headers, true, &empty), Verdict::Whole, "HEAD");
    }

    #[test]
    fn who_has_it_does_not_get_it_again() {
        for (fields, expected) in [
            (vec![(header::IF_NONE_MATCH, "\"abc\"")], true),
            (vec![(header::IF_NONE_MATCH, "W/\"abc\"")], true),
            (vec![(header::IF_NONE_MATCH, "\"x\", \"abc\"")], true),
            (vec![(header::IF_NONE_MATCH, "*")], true),
            (vec![(header::IF_NONE_MATCH, "\"abd\"")], false),
            (vec![(header::IF_NONE_MATCH, "abc")], false),
            (vec![(header::IF_MODIFIED_SINCE, THEN)], true),
            (vec![(header::IF_MODIFIED_SINCE, BEFORE)], false),
            (vec![(header::IF_MODIFIED_SINCE, "yesterday")], false),
            // The tag decides where there is one (RFC 9110 §13.1.3).
            (
                vec![
                    (header::IF_NONE_MATCH, "\"abd\""),
                    (header::IF_MODIFIED_SINCE, THEN),
                ],
                false,
            ),
        ] {
            let verdict = judged(&fields);
            assert_eq!(verdict == Verdict::NotModified, expected, "{fields:?}");
        }
    }

    #[test]
    fn what_has_changed_is_not_continued() {
        let failed = Verdict::Unfulfillable(StatusCode::PRECONDITION_FAILED);
        let range = (header::RANGE, "bytes=500-");
        for (condition, expected) in [
            ((header::IF_RANGE, "\"abc\""), Verdict::Part(500..1000)),
            ((header::IF_RANGE, "\"abd\""), Verdict::Whole),
            ((header::IF_RANGE, "W/\"abc\""), Verdict::Whole),
            ((header::IF_RANGE, BEFORE), Verdict::Whole),
            ((header::IF_RANGE, "nonsense"), Verdict::Whole),
            ((header::IF_MATCH, "\"abc\""), Verdict::Part(500..1000)),
            ((header::IF_MATCH, "*"), Verdict::Part(500..1000)),
            ((header::IF_MATCH, "\"abd\""), failed.clone()),
            ((header::IF_UNMODIFIED_SINCE, BEFORE), failed),
            (
                (header::IF_UNMODIFIED_SINCE, THEN),
                Verdict::Part(500..1000),
            ),
        ] {
            let verdict = judged(&[condition.clone(), range.clone()]);
            assert_eq!(verdict, expected, "{condition:?}");
        }
    }
}
