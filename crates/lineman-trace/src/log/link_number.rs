//! A link type in JSON, by its number in the registry, for serde's `with`.

use lineman_proto::wire::LinkType;
use serde::Deserialize as _;
use serde::Deserializer;
use serde::Serialize as _;
use serde::Serializer;

pub(super) fn serialize<S: Serializer>(link: &LinkType, serializer: S) -> Result<S::Ok, S::Error> {
    link.0.serialize(serializer)
}

/// The same where there may be none.
pub(super) mod optional {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(
        link: &Option<LinkType>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        link.map(|link| link.0).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<LinkType>, D::Error> {
        let number = Option::<u16>::deserialize(deserializer)?;
        Ok(number.map(LinkType))
    }
}
