//! A value, as one of a few physical kinds. What a kind means is its field type's business; comparison, unique keys and
//! storage know kinds only.

use std::borrow::Cow;

use crate::clock::Time;
use crate::codec::key::Key;

/// How a value is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Bool,
    Int,
    Float,
    Text,
    Time,
    /// Numbers of choices, in the order given.
    Choices,
    /// A JSON text in its shortest spelling.
    Json,
}

/// A value; borrowed from stored bytes where it is only read.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    Empty,
    Bool(bool),
    Int(i64),
    /// Finite, and never negative zero.
    Float(f64),
    Text(Cow<'a, str>),
    Time(Time),
    Choices(Cow<'a, [u16]>),
    Json(Cow<'a, str>),
}

impl Value<'_> {
    pub fn is_empty(&self) -> bool {
        matches!(self, Value::Empty)
    }

    /// A value that owns what it holds.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Empty => Value::Empty,
            Value::Bool(b) => Value::Bool(b),
            Value::Int(n) => Value::Int(n),
            Value::Float(n) => Value::Float(n),
            Value::Time(t) => Value::Time(t),
            Value::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Value::Choices(choices) => Value::Choices(Cow::Owned(choices.into_owned())),
            Value::Json(text) => Value::Json(Cow::Owned(text.into_owned())),
        }
    }

    /// Appends the bytes under which the value is stored; an empty one has none.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Value::Empty => {}
            Value::Bool(b) => out.push(u8::from(*b)),
            Value::Int(n) => out.extend_from_slice(&n.to_be_bytes()),
            Value::Float(n) => out.extend_from_slice(&n.to_be_bytes()),
            Value::Time(t) => out.extend_from_slice(&t.millis().to_be_bytes()),
            Value::Text(text) | Value::Json(text) => out.extend_from_slice(text.as_bytes()),
            Value::Choices(choices) => choices.iter().for_each(|n| out.extend_from_slice(&n.to_be_bytes())),
        }
    }

    /// The stored bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    /// Bytes that two values of a kind share exactly if they are equal, for unique keys. `None` for the empty value, of
    /// which there may be many, and for kinds that can't be unique.
    pub fn unique_bytes(&self) -> Option<Vec<u8>> {
        match self {
            Value::Empty | Value::Bool(_) | Value::Choices(_) | Value::Json(_) => None,
            Value::Int(n) => Some(Key::new().i64(*n).into_bytes()),
            Value::Time(t) => Some(Key::new().i64(t.millis()).into_bytes()),
            Value::Float(n) => Some(Key::new().f64(*n).into_bytes()),
            Value::Text(text) => Some(text.as_bytes().to_vec()),
        }
    }
}

impl<'a> Value<'a> {
    /// Reads stored bytes; `None` if they are not of this kind.
    pub fn read(kind: Kind, bytes: &'a [u8]) -> Option<Value<'a>> {
        let eight = || <[u8; 8]>::try_from(bytes).ok();
        let text = || std::str::from_utf8(bytes).ok().map(Cow::Borrowed);
        match kind {
            Kind::Bool => match bytes {
                [0] => Some(Value::Bool(false)),
                [1] => Some(Value::Bool(true)),
                _ => None,
            },
            Kind::Int => eight().map(|n| Value::Int(i64::from_be_bytes(n))),
            Kind::Float => eight().map(|n| Value::Float(f64::from_be_bytes(n))),
            Kind::Time => eight().map(|n| Value::Time(Time::from_millis(i64::from_be_bytes(n)))),
            Kind::Text => text().map(Value::Text),
            Kind::Json => text().map(Value::Json),
            Kind::Choices => {
                let (pairs, rest) = bytes.as_chunks::<2>();
                let numbers: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
                rest.is_empty().then_some(Value::Choices(Cow::Owned(numbers)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values() -> impl Strategy<Value = (Kind, Value<'static>)> {
        prop_oneof![
            any::<bool>().prop_map(|b| (Kind::Bool, Value::Bool(b))),
            any::<i64>().prop_map(|n| (Kind::Int, Value::Int(n))),
            (-1e300..1e300_f64).prop_map(|n| (Kind::Float, Value::Float(n))),
            any::<String>().prop_map(|text| (Kind::Text, Value::Text(text.into()))),
            any::<i64>().prop_map(|ms| (Kind::Time, Value::Time(Time::from_millis(ms)))),
            any::<Vec<u16>>().prop_map(|numbers| (Kind::Choices, Value::Choices(numbers.into()))),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back((kind, value) in values()) {
            let bytes = value.to_bytes();
            prop_assert_eq!(Value::read(kind, &bytes), Some(value));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            for kind in [Kind::Bool, Kind::Int, Kind::Float, Kind::Text, Kind::Time, Kind::Choices, Kind::Json] {
                let _ = Value::read(kind, &bytes);
            }
        }

        #[test]
        fn unique_bytes_are_equal_exactly_if_values_are((x, y) in pairs()) {
            prop_assert!(x.unique_bytes().is_some());
            prop_assert_eq!(x == y, x.unique_bytes() == y.unique_bytes());
        }
    }

    /// Two values of a kind that can be unique, of few, so that many of them are equal.
    fn pairs() -> impl Strategy<Value = (Value<'static>, Value<'static>)> {
        fn two<T: std::fmt::Debug + Clone>(
            of: impl Strategy<Value = T> + Clone,
            make: fn(T) -> Value<'static>,
        ) -> impl Strategy<Value = (Value<'static>, Value<'static>)> {
            (of.clone(), of).prop_map(move |(a, b)| (make(a), make(b)))
        }
        let whole = || prop_oneof![4 => -3..3_i64, 1 => any::<i64>()];
        let float = prop_oneof![
            4 => (-3..3_i32).prop_map(f64::from),
            1 => (-1e300..1e300_f64).prop_map(|n| n + 0.0),
            1 => proptest::sample::select(vec![0.5, -0.5, f64::MAX, f64::MIN, f64::MIN_POSITIVE]),
        ];
        let text = prop_oneof![4 => "[ab\\x00é]{0,2}", 1 => any::<String>(), 1 => "[ab]{200}"];
        prop_oneof![
            two(whole(), Value::Int),
            two(whole(), |ms| Value::Time(Time::from_millis(ms))),
            two(float, Value::Float),
            two(text, |text| Value::Text(text.into())),
        ]
    }

    #[test]
    fn values_of_which_there_may_be_many_have_no_unique_bytes() {
        for value in
            [Value::Empty, Value::Bool(true), Value::Choices(vec![1].into()), Value::Json("1".into())]
        {
            assert_eq!(value.unique_bytes(), None, "{value:?}");
        }
    }

    /// Equal values have equal bytes only because this one is never made: see [`Value::Float`].
    #[test]
    fn negative_zero_is_stored_as_zero() {
        let zero = crate::model::json::parse_number("0").unwrap();
        for text in ["-0", "-0.0", "-0e5", "-1e-400"] {
            let number = Value::Float(crate::model::json::parse_number(text).unwrap());
            assert_eq!(number.to_bytes(), Value::Float(zero).to_bytes(), "{text}");
            assert_eq!(number.unique_bytes(), Value::Float(zero).unique_bytes(), "{text}");
        }
    }
}
