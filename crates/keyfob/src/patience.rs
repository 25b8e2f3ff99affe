//! Waiting for somebody who may never answer.

use std::time::Duration;

/// How much of its time a computer may have used up while it stood still: one step, however long that was.
const STEP: Duration = Duration::from_millis(100);

/// What comes out of the work, or none where that takes longer than the limit. It is counted in steps, so that a
/// computer that was suspended, or far too busy, does not give up whoever had no time to answer.
pub(crate) async fn within<T>(
    limit: Duration,
    mut work: impl Future<Output = T> + Unpin,
) -> Option<T> {
    let steps = u32::try_from(limit.as_millis() / STEP.as_millis()).unwrap_or(u32::MAX);
    let steps = steps.max(1);
    for _ in 0..steps {
        if let Ok(done) = tokio::time::timeout(limit / steps, &mut work).await {
            return Some(done);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn};
    use std::task::Poll;

    use super::*;

    #[tokio::test]
    async fn a_computer_that_stood_still_has_used_up_one_step() {
        let limit = STEP * 5;
        let mut polls = 0;
        let work = poll_fn(|_| {
            polls += 1;
            match polls {
                1 => std::thread::sleep(limit * 2),
                2 => {}
                _ => return Poll::Ready("done"),
            }
            Poll::Pending
        });
        assert_eq!(within(limit, work).await, Some("done"));
    }

    #[tokio::test]
    async fn what_never_comes_is_given_up() {
        for limit in [STEP * 2, STEP / 10, Duration::ZERO] {
            let given_up = within(limit, pending::<()>()).await;
            assert_eq!(given_up, None, "{limit:?}");
        }
    }
}
