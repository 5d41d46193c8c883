//! What a browser may do with an answer.

use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::header;
use axum::response::Response;

/// A page runs its own files only, asks nobody else, is in no frame, tells nobody its address, and is not kept.
pub fn make_safe(response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in SAFETY {
        headers.insert(name.clone(), HeaderValue::from_static(value));
    }
}

/// A file is bytes: shown by a browser, it runs nothing and belongs to no site. Caches may keep it, and ask whether it is
/// still the present one.
pub(crate) fn make_file_safe(response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in FILE_SAFETY {
        headers.insert(name.clone(), HeaderValue::from_static(value));
    }
}

const FILE_SAFETY: &[(HeaderName, &str)] = &[
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; sandbox; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-cache"),
];
const SAFETY: &[(HeaderName, &str)] = &[
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
];
