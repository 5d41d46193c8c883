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

const SAFETY: &[(HeaderName, &str)] = &[
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
];
