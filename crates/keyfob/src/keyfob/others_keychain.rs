//! Looking into the keychain of macOS for what another program keeps there, which may ask the person first.

use crate::error::Result;
use crate::linked::claude_code::Place;
use crate::secret::Secret;

#[cfg(target_os = "macos")]
pub(super) async fn keychain_item(place: &Place) -> Result<Option<Secret>> {
    let (service, user) = (place.keychain_service.clone(), place.keychain_user.clone());
    let reading = move || crate::custody::keychain::item_of_another(&service, &user);
    answered(reading, PATIENCE).await
}

/// No other system has such a keychain.
#[cfg(not(target_os = "macos"))]
pub(super) async fn keychain_item(_: &Place) -> Result<Option<Secret>> {
    Ok(None)
}

#[cfg(any(target_os = "macos", test))]
use self::in_time::answered;

/// How long a person may take to answer the dialog of the keychain. Others may be waiting for the account meanwhile.
#[cfg(target_os = "macos")]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

#[cfg(any(target_os = "macos", test))]
mod in_time {
    use std::time::Duration;

    use crate::custody::store::StoreError;
    use crate::error::{Code, Error, Result};

    /// What a keychain gives, unless it takes too long. It goes on with its own thread then, and nobody waits for it.
    pub(super) async fn answered<T: Send + 'static>(
        reading: impl FnOnce() -> std::result::Result<T, StoreError> + Send + 'static,
        limit: Duration,
    ) -> Result<T> {
        let reading = tokio::task::spawn_blocking(reading);
        match tokio::time::timeout(limit, reading).await {
            Ok(Ok(read)) => read.map_err(Error::from),
            Ok(Err(error)) => Err(Error::new(
                Code::Failed,
                "Looking into the keychain broke off inside Keyfob.",
                "Try again, and please report this.",
            )
            .detail(error.to_string())),
            Err(_) => Err(Error::new(
                Code::SecretStore,
                "The keychain did not answer.",
                "Answer its dialog, which may lie behind other windows, or unlock the keychain; then try again.",
            )
            .detail(format!("no answer within {} s", limit.as_secs()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::error::Code;

    #[tokio::test]
    async fn a_keychain_that_does_not_answer_is_not_waited_for() {
        let read = answered(|| Ok(7), Duration::from_secs(60)).await;
        assert_eq!(read.unwrap(), 7);
        let (hold, held) = mpsc::channel::<()>();
        // It hangs until `hold` is dropped.
        let hangs = move || Ok(held.recv().is_ok());
        let error = answered(hangs, Duration::from_millis(50))
            .await
            .unwrap_err();
        assert_eq!(error.code, Code::SecretStore);
        assert!(error.message.contains("did not answer"), "{error}");
        drop(hold);
    }
}
