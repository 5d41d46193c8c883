//! The stores of each vendor: what the environment says of one, and where it is reached.

use std::sync::Arc;
use std::time::Duration;

use lineman_proto::text::visible_bytes;
use object_store::ClientConfigKey;
use object_store::ClientOptions;
use object_store::ObjectStore;
use object_store::RetryConfig;
use object_store::aws::AmazonS3Builder;
use object_store::aws::AmazonS3ConfigKey;
use object_store::azure::AzureConfigKey;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::gcp::GoogleConfigKey;
use object_store::http::HttpBuilder;
use url::Position;
use url::Url;

use crate::client::Connector;
use crate::location::LocationError;
use crate::reach::Reach;

type Built = (Arc<dyn ObjectStore>, Reach);

/// `s3://BUCKET`, with [`AmazonS3Builder::from_env`].
pub(crate) fn s3(builder: AmazonS3Builder, url: &Url) -> Result<Built, LocationError> {
    use AmazonS3ConfigKey as Key;
    let builder = builder
        .with_url(&url[..Position::AfterHost])
        .with_retry(no_retry())
        .with_http_connector(Connector);
    let get = |key| builder.get_config_value(&key);
    let endpoint = get(Key::Endpoint);
    let plain = get(Key::Client(ClientConfigKey::AllowHttp));
    check_endpoint(endpoint.as_deref(), plain, "AWS_ALLOW_HTTP")?;
    let has_credentials = get(Key::AccessKeyId).is_some() || is_true(get(Key::SkipSignature));
    let reach = Reach::of(endpoint.as_deref(), has_credentials);
    Ok((Arc::new(builder.build().map_err(environment)?), reach))
}

/// `gs://BUCKET`, with [`GoogleCloudStorageBuilder::from_env`].
pub(crate) fn google(
    builder: GoogleCloudStorageBuilder,
    url: &Url,
) -> Result<Built, LocationError> {
    use GoogleConfigKey as Key;
    let builder = builder
        .with_url(&url[..Position::AfterHost])
        .with_retry(no_retry())
        .with_http_connector(Connector);
    let get = |key| builder.get_config_value(&key);
    let account = Account::of(get(Key::ServiceAccountKey), get(Key::ServiceAccount));
    // Without TLS it is asked for by its scheme: the library allows that here from the beginning, since tokens come
    // from the machine's own network without.
    let endpoint = get(Key::BaseUrl).or(account.gcs_base_url);
    // An account's token is asked for at another host.
    let has_credentials = account.disable_oauth || is_true(get(Key::SkipSignature));
    let reach = Reach::of(endpoint.as_deref(), has_credentials);
    Ok((Arc::new(builder.build().map_err(environment)?), reach))
}

/// What a service account says of where its store is; a store of another vendor, or an emulator, says it there.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Account {
    gcs_base_url: Option<String>,
    disable_oauth: bool,
}

impl Account {
    /// Out of the JSON itself, or of the file of that name. What cannot be read is the library's to refuse.
    fn of(key: Option<String>, file: Option<String>) -> Self {
        let json = key.or_else(|| std::fs::read_to_string(file?).ok());
        let account = json.map(|json| serde_json::from_str(&json));
        account.and_then(Result::ok).unwrap_or_default()
    }
}

/// `az://CONTAINER`, with [`MicrosoftAzureBuilder::from_env`].
pub(crate) fn azure(builder: MicrosoftAzureBuilder, url: &Url) -> Result<Built, LocationError> {
    use AzureConfigKey as Key;
    let builder = builder
        .with_url(&url[..Position::AfterHost])
        .with_retry(no_retry())
        .with_http_connector(Connector);
    let get = |key| builder.get_config_value(&key);
    let is_emulated = is_true(get(Key::UseEmulator));
    let (endpoint, has_key) = if is_emulated {
        let named = std::env::var("AZURITE_BLOB_STORAGE_URL").ok();
        (Some(named.unwrap_or_else(|| AZURITE.to_owned())), true)
    } else {
        let has_key = get(Key::AccessKey).is_some() || is_true(get(Key::SkipSignature));
        (get(Key::Endpoint), has_key)
    };
    // An emulator is spoken to without TLS, and is asked for by that name.
    if !is_emulated {
        let plain = get(Key::Client(ClientConfigKey::AllowHttp));
        check_endpoint(endpoint.as_deref(), plain, "AZURE_ALLOW_HTTP")?;
    }
    let reach = Reach::of(endpoint.as_deref(), has_key);
    Ok((Arc::new(builder.build().map_err(environment)?), reach))
}

/// `http://HOST` or `https://HOST`.
pub(crate) fn web(url: &Url) -> Result<Built, LocationError> {
    let root = &url[..Position::BeforePath];
    let options = ClientOptions::new().with_allow_http(url.scheme() == "http");
    let store = HttpBuilder::new()
        .with_url(root)
        .with_client_options(options)
        .with_retry(no_retry())
        .with_http_connector(Connector)
        .build()
        .map_err(environment)?;
    Ok((Arc::new(store), Reach::of(Some(root), true)))
}

/// # Errors
/// When the endpoint has no TLS and nothing says that this is meant.
fn check_endpoint(
    endpoint: Option<&str>,
    plain_is_allowed: Option<String>,
    variable: &'static str,
) -> Result<(), LocationError> {
    let is_plain = endpoint.is_some_and(|it| it.to_ascii_lowercase().starts_with("http://"));
    if is_plain && !is_true(plain_is_allowed) {
        return Err(LocationError::Plain { variable });
    }
    Ok(())
}

fn is_true(value: Option<String>) -> bool {
    value.is_some_and(|value| value != "false")
}

fn environment(error: object_store::Error) -> LocationError {
    LocationError::Environment(visible_bytes(error.to_string().as_bytes()))
}

/// What is tried again, and for how long, is decided where it is known who waits.
fn no_retry() -> RetryConfig {
    RetryConfig {
        max_retries: 0,
        retry_timeout: Duration::ZERO,
        ..RetryConfig::default()
    }
}

/// Where the library looks for Azure's emulator if nothing else is said.
const AZURITE: &str = "http://127.0.0.1:10000";

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(built: &Result<Built, LocationError>) -> Vec<u16> {
        let (_, reach) = built.as_ref().expect("a store");
        reach.elsewhere().ports.clone()
    }

    /// A server that is confined reached Google's own address only.
    #[test]
    fn a_store_that_is_elsewhere_may_be_reached_there() {
        let at = |address| Url::parse(address).expect("an address");
        let unsigned = GoogleCloudStorageBuilder::new()
            .with_skip_signature(true)
            .with_base_url("http://127.0.0.1:9923");
        assert_eq!(ports(&google(unsigned, &at("gs://boot"))), [9923]);

        let account = r#"{"gcs_base_url": "http://127.0.0.1:9924", "disable_oauth": true,
            "client_email": "", "private_key": "", "private_key_id": ""}"#;
        let account = GoogleCloudStorageBuilder::new().with_service_account_key(account);
        assert_eq!(ports(&google(account, &at("gs://boot"))), [9924]);

        let emulator = MicrosoftAzureBuilder::new().with_use_emulator(true);
        assert_eq!(ports(&azure(emulator, &at("az://boot"))), [10_000]);
    }

    #[test]
    fn keys_do_not_go_to_an_endpoint_without_tls_unless_that_is_asked_for() {
        let at = |address| Url::parse(address).expect("an address");
        let plain = |built: Result<Built, LocationError>| built.map(drop).expect_err("refused");
        let s3 = s3(
            AmazonS3Builder::new().with_endpoint("http://127.0.0.1:1"),
            &at("s3://boot"),
        );
        let variable = "AWS_ALLOW_HTTP";
        assert_eq!(plain(s3), LocationError::Plain { variable });
        let azure = azure(
            MicrosoftAzureBuilder::new()
                .with_account("someone")
                .with_endpoint("HTTP://127.0.0.1:1".to_owned()),
            &at("az://boot"),
        );
        let variable = "AZURE_ALLOW_HTTP";
        assert_eq!(plain(azure), LocationError::Plain { variable });
    }
}
