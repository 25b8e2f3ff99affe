//! JSON of other programs, read so that no wrong type is an error, and no secret is kept.

use std::fmt;

use jiff::Timestamp;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::secret::presentable;

/// Above this a number of seconds would be in the year 5138, and a number of milliseconds is in 1973.
const LARGEST_SECONDS: f64 = 1e11;

/// Whether a text is there, without the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Presence(pub(super) bool);

/// A text that may be shown: keys are blotted out of it, and it is held to a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shown(pub(super) Option<String>);

/// A text as it stands, for names and paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text(pub(super) Option<String>);

/// An instant, in seconds, milliseconds or words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Instant(pub(super) Option<Timestamp>);

/// A list of words: an array, or one text with spaces between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Words(pub(super) Vec<String>);

/// An object; everything else counts as none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object<T>(pub(super) Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// What the visitor of a type makes of each kind of JSON.
trait Taken: Sized + Default {
    fn text(_: &str) -> Self {
        Self::default()
    }
    fn number(_: f64) -> Self {
        Self::default()
    }
    fn list(_: Vec<Text>) -> Self {
        Self::default()
    }
}

impl Taken for Presence {
    fn text(text: &str) -> Self {
        Self(!text.trim().is_empty())
    }
}

impl Taken for Shown {
    fn text(text: &str) -> Self {
        let text = text.trim();
        Self((!text.is_empty()).then(|| presentable(text, &[])))
    }
}

impl Taken for Text {
    fn text(text: &str) -> Self {
        Self((!text.is_empty()).then(|| text.to_owned()))
    }
}

impl Taken for Instant {
    fn text(text: &str) -> Self {
        let text = text.trim();
        match text.parse::<f64>() {
            Ok(number) => Self::number(number),
            Err(_) => Self(text.parse().ok()),
        }
    }

    fn number(number: f64) -> Self {
        // Nothing ended before 1970: zero stands for "nobody knows".
        if !number.is_finite() || number < 1.0 {
            return Self(None);
        }
        let milliseconds = match number < LARGEST_SECONDS {
            true => number * 1e3,
            false => number,
        };
        // Too large a number becomes the largest one, which is no instant.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast from floating point saturates"
        )]
        let milliseconds = milliseconds as i64;
        Self(Timestamp::from_millisecond(milliseconds).ok())
    }
}

impl Taken for Words {
    fn text(text: &str) -> Self {
        Self(text.split_whitespace().map(shown).collect())
    }

    fn list(list: Vec<Text>) -> Self {
        let words = list.into_iter().filter_map(|text| text.0);
        Self(words.map(|word| shown(&word)).collect())
    }
}

fn shown(word: &str) -> String {
    presentable(word, &[])
}

struct Taking<T>(std::marker::PhantomData<T>);

impl<'de, T: Taken> Visitor<'de> for Taking<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::text(text))
    }

    fn visit_f64<E>(self, number: f64) -> Result<T, E> {
        Ok(T::number(number))
    }

    #[expect(clippy::cast_precision_loss, reason = "instants are far smaller")]
    fn visit_i64<E>(self, number: i64) -> Result<T, E> {
        Ok(T::number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "instants are far smaller")]
    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok(T::number(number as f64))
    }

    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = list.next_element::<Text>()? {
            texts.push(text);
        }
        Ok(T::list(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(T::default())
    }
}

macro_rules! taken {
    ($($name:ty),*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Taking(std::marker::PhantomData))
            }
        }
    )*};
}

taken!(Presence, Shown, Text, Instant, Words);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Taking<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Taking<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON")
            }

            fn visit_str<E>(self, _: &str) -> Result<Object<T>, E> {
                Ok(Object(None))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Object<T>, E> {
                Ok(Object(None))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Object<T>, E> {
                Ok(Object(None))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Object<T>, E> {
                Ok(Object(None))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Object<T>, E> {
                Ok(Object(None))
            }

            fn visit_unit<E>(self) -> Result<Object<T>, E> {
                Ok(Object(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Object<T>, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Object(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|object| Object(Some(object)))
            }
        }

        deserializer.deserialize_any(Taking(std::marker::PhantomData))
    }
}
