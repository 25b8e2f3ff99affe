//! Sessions that other programs own: they are shown, and stay where they are.

pub(crate) mod environment;
