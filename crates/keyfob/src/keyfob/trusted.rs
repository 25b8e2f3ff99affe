//! The folders that Claude Code was told to trust, out of a list that holds much else and grows large: the rest is
//! passed over without being kept.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Their names. What is no list of folders gives none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Trusted(pub(super) HashSet<String>);

/// What is said of one folder.
struct IsTrusted(bool);

/// A value of any kind, of which one kind counts.
struct Yes(bool);

impl<'de> Deserialize<'de> for Trusted {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Folders)
    }
}

impl<'de> Deserialize<'de> for IsTrusted {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Folder)
    }
}

impl<'de> Deserialize<'de> for Yes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Truth)
    }
}

/// What a visitor does with all kinds that say nothing.
macro_rules! passes_over {
    ($nothing:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("anything")
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }
    };
}

struct Folders;

impl<'de> Visitor<'de> for Folders {
    type Value = Trusted;

    passes_over!(Trusted::default());

    fn visit_bool<E>(self, _: bool) -> Result<Trusted, E> {
        Ok(Trusted::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Trusted, A::Error> {
        let mut all = HashSet::new();
        while let Some((name, IsTrusted(yes))) = map.next_entry::<String, IsTrusted>()? {
            if yes {
                all.insert(name);
            }
        }
        Ok(Trusted(all))
    }
}

struct Folder;

impl<'de> Visitor<'de> for Folder {
    type Value = IsTrusted;

    passes_over!(IsTrusted(false));

    fn visit_bool<E>(self, _: bool) -> Result<IsTrusted, E> {
        Ok(IsTrusted(false))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<IsTrusted, A::Error> {
        let mut trusted = false;
        while let Some(name) = map.next_key::<String>()? {
            if name == "hasTrustDialogAccepted" {
                trusted = map.next_value::<Yes>()?.0;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(IsTrusted(trusted))
    }
}

struct Truth;

impl<'de> Visitor<'de> for Truth {
    type Value = Yes;

    passes_over!(Yes(false));

    fn visit_bool<E>(self, yes: bool) -> Result<Yes, E> {
        Ok(Yes(yes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Yes, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Yes(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_yes_counts_and_nothing_odd_is_an_error() {
        let of = |text: &str| {
            let Trusted(all) = serde_json::from_str(text).unwrap();
            let mut all: Vec<_> = all.into_iter().collect();
            all.sort();
            all
        };
        let text = r#"{"/a":{"hasTrustDialogAccepted":true,"history":[{"x":1},2,"3"]},
            "/b":{"hasTrustDialogAccepted":false},"/c":{"hasTrustDialogAccepted":"true"},
            "/d":{"hasTrustDialogAccepted":[true]},"/e":{"hasTrustDialogAccepted":{"x":true}},
            "/f":[1,{"y":2}],"/g":null,"/h":true,"/i":1.5,"/j":-1,"/k":"yes",
            "/l":{"history":{"deep":[]},"hasTrustDialogAccepted":true}}"#;
        assert_eq!(of(text), ["/a", "/l"]);
        for odd in [
            "[]",
            "null",
            "true",
            "7",
            "-7",
            "1.5",
            "\"text\"",
            "[{\"a\":1}]",
            "{}",
        ] {
            assert_eq!(of(odd), Vec::<String>::new(), "{odd}");
        }
    }
}
