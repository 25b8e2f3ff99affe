//! The faults that were ordered, in the JSON that orders them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One order: where, what, and how often.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    on: Place,
    pub(crate) kind: Kind,
    /// Left out: once. `null`: until it is cleared.
    #[serde(default = "once")]
    times: Option<u32>,
    /// Puts the secrets of the request into the error text, which a client must not repeat.
    #[serde(default)]
    pub(crate) echo: bool,
}

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    Authorize,
    /// Every request to the token endpoint.
    Token,
    Exchange,
    Refresh,
    /// The device authorization endpoint.
    Device,
    /// A question whether the person has agreed on the other device.
    Poll,
    Revoke,
    Metadata,
    Models,
    Messages,
}

/// What goes wrong.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged, expecting = "this is no kind of fault; README.md lists them")]
pub(crate) enum Kind {
    Plain(Plain),
    Status(StatusFault),
    Slow(SlowFault),
    Error200(Error200Fault),
    Body(BodyFault),
    After(AfterFault),
}

/// Faults without particulars.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Plain {
    /// The headers and half of a JSON body, then the end of the connection.
    CutOff,
    /// A page of HTML with status 200.
    NotJson,
    /// Two mebibytes of JSON.
    Huge,
    /// A redirect to another origin on loopback, where the request is counted.
    Redirect,
    /// No answer until the client goes.
    Hang,
    /// The right answer, once the faults are cleared.
    Hold,
    /// The end of the connection, without an answer.
    Drop,
}

/// An error with a status.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusFault {
    pub(crate) status: u16,
    /// Seconds for the `Retry-After` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<u64>,
    #[serde(default)]
    pub(crate) error: ErrorForm,
    /// The error code, instead of the usual one for that status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    #[serde(default)]
    pub(crate) echo: bool,
}

/// The form of an error's body.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErrorForm {
    /// `{"error": "…", "error_description": "…"}`
    #[default]
    String,
    /// `{"type": "error", "error": {"type": "…", "message": "…"}, "request_id": "…"}`
    Object,
    /// A page, as a proxy in between would send.
    Html,
    /// No body at all.
    None,
}

/// A late answer, right otherwise.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlowFault {
    pub(crate) slow_ms: u64,
}

/// An error in a body with status 200.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Error200Fault {
    pub(crate) error_200: String,
    #[serde(default)]
    pub(crate) echo: bool,
}

/// Exactly this JSON with status 200.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BodyFault {
    pub(crate) body: Value,
    #[serde(default)]
    pub(crate) echo: bool,
}

/// The operation is carried out, and then its answer meets the inner fault. With `drop` on a refresh the old token
/// is spent and the new one never arrives.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AfterFault {
    pub(crate) after: Box<Kind>,
}

/// The orders not yet used up, oldest first.
#[derive(Clone, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct FaultList(Vec<Fault>);

impl FaultList {
    pub(crate) fn push(&mut self, fault: Fault) {
        if fault.times != Some(0) {
            self.0.push(fault);
        }
    }

    /// Takes one use of the oldest fault ordered for a request at this place.
    pub(crate) fn take(&mut self, place: Place) -> Option<Fault> {
        let index = self.0.iter().position(|f| f.on.covers(place))?;
        let fault = self.0[index].clone();
        if let Some(left) = &mut self.0[index].times {
            *left -= 1;
            if *left == 0 {
                self.0.remove(index);
            }
        }
        Some(fault)
    }
}

impl Place {
    fn covers(self, place: Place) -> bool {
        let of_token = matches!(place, Place::Exchange | Place::Refresh | Place::Poll);
        self == place || (self == Place::Token && of_token)
    }
}

fn once() -> Option<u32> {
    Some(1)
}
