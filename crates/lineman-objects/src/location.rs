//! Where a store is: an address as it is typed, and what the environment says of it.
//!
//! The variables are those of the crate object_store, which are those of the vendors' own programs:
//! `AWS_…`, `GOOGLE_…`, `AZURE_…`.

use std::fmt;
use std::sync::Arc;

use lineman_proto::text::visible_bytes;
use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path;
use url::Position;
use url::Url;

use crate::reach::Reach;
use crate::vendors;

/// A store, and the part of it that is served.
#[derive(Clone)]
pub struct Location {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) prefix: Path,
    /// What tells it from other stores, for the cache: the address, and the endpoint.
    pub(crate) identity: String,
    pub(crate) reach: Reach,
    shown: String,
}

/// Why an address names no store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocationError {
    /// It is no address.
    #[error("no address: {0}")]
    Malformed(String),
    /// It names no bucket, container or host.
    #[error("no bucket")]
    NoBucket,
    /// Its scheme is none of those that are known.
    #[error("unknown scheme {0}")]
    Scheme(String),
    /// It has a user or a password: everybody sees them in the list of processes.
    #[error("credentials in the address")]
    Credentials,
    /// It has a query or a fragment.
    #[error("a query or a fragment in the address")]
    Query,
    /// The endpoint has no TLS, and nothing says that this is meant.
    #[error("an endpoint without TLS")]
    Plain {
        /// The variable of the environment that says so.
        variable: &'static str,
    },
    /// The store's library refuses it: the environment lacks something.
    #[error("{0}")]
    Environment(String),
}

impl Location {
    /// Whether a text is an address, not a path of this machine.
    pub fn is_address(text: &str) -> bool {
        text.split_once("://").is_some_and(|(scheme, _)| {
            !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    }

    /// The store at `address`: `s3://BUCKET/PREFIX`, `gs://…`, `az://CONTAINER/PREFIX`, `http://…` or
    /// `https://…`. Nobody is asked yet.
    ///
    /// # Errors
    /// When it is none, or the environment does not fit.
    pub fn parse(address: &str) -> Result<Self, LocationError> {
        let url =
            Url::parse(address).map_err(|error| LocationError::Malformed(error.to_string()))?;
        if !url.username().is_empty() && !is_azure_container(&url) || url.password().is_some() {
            return Err(LocationError::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(LocationError::Query);
        }
        if url.host_str().unwrap_or_default().is_empty() {
            return Err(LocationError::NoBucket);
        }
        let prefix = Path::from_url_path(url.path())
            .map_err(|error| LocationError::Malformed(error.to_string()))?;
        let (store, reach) = match url.scheme() {
            "s3" => vendors::s3(AmazonS3Builder::from_env(), &url)?,
            "gs" => vendors::google(GoogleCloudStorageBuilder::from_env(), &url)?,
            "az" | "abfs" | "abfss" => vendors::azure(MicrosoftAzureBuilder::from_env(), &url)?,
            "http" | "https" => vendors::web(&url)?,
            other => return Err(LocationError::Scheme(other.to_owned())),
        };
        let shown = visible_bytes(address.trim_end_matches('/').as_bytes());
        let end = reach.endpoint();
        Ok(Self {
            identity: format!("{} {end}", url[..Position::BeforePath].to_ascii_lowercase()),
            store,
            prefix,
            reach,
            shown,
        })
    }
}

/// As it was typed, made visible.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Location").field(&self.shown).finish()
    }
}

/// `abfss://CONTAINER@ACCOUNT.HOST/` has no user there.
fn is_azure_container(url: &Url) -> bool {
    matches!(url.scheme(), "az" | "abfs" | "abfss")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_from_a_path() {
        for address in ["s3://b", "https://h/x", "gs://b/p", "ftp://h"] {
            assert!(Location::is_address(address), "{address}");
        }
        for path in ["files", "./s3:/x", "/srv/a://b", "://x", "a b://c"] {
            assert!(!Location::is_address(path), "{path}");
        }
    }

    #[test]
    fn what_is_no_store_is_said() {
        let error = |address| Location::parse(address).expect_err("no store");
        assert_eq!(error("ftp://h/x"), LocationError::Scheme("ftp".to_owned()));
        assert_eq!(error("http://u:p@h/x"), LocationError::Credentials);
        assert_eq!(error("http://u@h/x"), LocationError::Credentials);
        assert_eq!(error("http://h/x?token=y"), LocationError::Query);
        assert_eq!(error("s3:///x"), LocationError::NoBucket);
        assert!(matches!(
            error("http://h/a//b"),
            LocationError::Malformed(_)
        ));
    }

    #[test]
    fn the_prefix_is_what_is_behind_the_host() {
        let at = |address| {
            Location::parse(address)
                .expect("a store")
                .prefix
                .to_string()
        };
        assert_eq!(at("http://127.0.0.1:8080"), "");
        assert_eq!(at("http://127.0.0.1:8080/boot/v1/"), "boot/v1");
    }
}
