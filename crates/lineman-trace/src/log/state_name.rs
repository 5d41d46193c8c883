//! A state of TCP in JSON, by its name in the RFC, for serde's `with`: the core, which has the states,
//! knows nothing of serde.

use lineman_proto::wire::flow::TcpState;
use serde::Deserialize as _;
use serde::Deserializer;
use serde::Serialize as _;
use serde::Serializer;
use serde::de::Error;

/// Writes a state.
///
/// # Errors
/// When `serializer` cannot.
pub fn serialize<S: Serializer>(state: &TcpState, serializer: S) -> Result<S::Ok, S::Error> {
    state.name().serialize(serializer)
}

/// Reads a state.
///
/// # Errors
/// When it is none.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TcpState, D::Error> {
    of_name(&String::deserialize(deserializer)?)
}

fn of_name<E: Error>(name: &str) -> Result<TcpState, E> {
    TcpState::of_name(name).ok_or_else(|| E::custom("not a state of TCP"))
}

/// The same where there may be none.
pub mod optional {
    use super::*;

    /// Writes a state or `null`.
    ///
    /// # Errors
    /// When `serializer` cannot.
    pub fn serialize<S: Serializer>(
        state: &Option<TcpState>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        state.map(TcpState::name).serialize(serializer)
    }

    /// Reads a state or `null`.
    ///
    /// # Errors
    /// When it is neither.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<TcpState>, D::Error> {
        let name = Option::<String>::deserialize(deserializer)?;
        name.map(|name| of_name(&name)).transpose()
    }
}
