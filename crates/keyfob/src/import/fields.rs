//! The fields of an object as they stand in its text, those that are there twice included.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// All that is read of an object; other fields are passed over.
const KNOWN: [&str; 9] = [
    "access_token",
    "refresh_token",
    "expires_at",
    "expires_in",
    "refresh_token_expires_at",
    "refresh_token_expires_in",
    "scope",
    "scopes",
    "token_type",
];

/// The names and values of one object, in their order.
pub(super) struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// The value of a field; `null` says as little as nothing.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let (_, value) = self.0.iter().find(|(field, _)| field == name)?;
        (value.get() != "null").then_some(*value)
    }

    /// The first of these that is there.
    pub(super) fn first_of<'n>(&self, names: &[&'n str]) -> Option<(&'n str, &'a RawValue)> {
        names.iter().find_map(|name| Some((*name, self.get(name)?)))
    }

    /// The first field that is read and was there before.
    pub(super) fn first_repeated(&self) -> Option<(&'static str, &'a RawValue)> {
        self.0.iter().enumerate().find_map(|(at, (name, value))| {
            let known = KNOWN.iter().find(|known| *known == name)?;
            let before = self.0[..at].iter().any(|(other, _)| other == name);
            before.then_some((*known, *value))
        })
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}
