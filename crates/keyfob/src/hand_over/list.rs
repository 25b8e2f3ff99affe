//! Reading a list of Keyfob's own: one of a newer version is not called damaged, because it has to be kept as it is.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{Code, Error, Result};
use crate::files;

/// The version alone: a newer form need not have the shape of this one.
#[derive(Deserialize)]
struct Form {
    version: u32,
}

/// The list in a file, an empty one where there is none. `again` is what a person does who moves a damaged one away.
pub(super) fn read<T: DeserializeOwned + Default>(
    path: &Path,
    newest: u32,
    again: &str,
) -> Result<T> {
    let Some(text) = files::read(path)? else {
        return Ok(T::default());
    };
    let name = path.display();
    let form = serde_json::from_str::<Form>(&text).ok();
    if let Some(Form { version }) = form.filter(|form| form.version > newest) {
        return Err(Error::new(
            Code::Failed,
            format!("{name} was written by a newer Keyfob."),
            "Update this one, or name another folder in KEYFOB_HOME.",
        )
        .detail(format!("version {version}")));
    }
    serde_json::from_str(&text).map_err(|error| {
        Error::new(
            Code::Failed,
            format!("{name} is damaged."),
            format!("It was left as it is. Repair it, or move it away and {again} again."),
        )
        .detail(error.to_string())
    })
}
