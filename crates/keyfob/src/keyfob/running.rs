//! Counts the renewals under way, so that the program does not end in the middle of one.

use tokio::sync::watch;

/// How many are under way.
#[derive(Default)]
pub(super) struct Running(watch::Sender<usize>);

/// One of them, until this is dropped.
pub(super) struct Counted(watch::Sender<usize>);

impl Running {
    pub(super) fn begin(&self) -> Counted {
        self.0.send_modify(|count| *count += 1);
        Counted(self.0.clone())
    }

    pub(super) fn any(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Waits until none is under way.
    pub(super) async fn ended(&self) {
        // The sender is our own, so it is there as long as we are.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
