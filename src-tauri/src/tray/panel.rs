//! Whether the desktop's panel would show an icon. On Linux the icon is made on the main thread and waits there for
//! the panel, so a panel that hangs would hold up the window; this question waits only for so long.

use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(3);

const NAME: &str = "org.kde.StatusNotifierWatcher";
const PATH: &str = "/StatusNotifierWatcher";

/// Whether it answers, and shows icons.
pub(super) async fn answers() -> bool {
    let asking = async {
        let bus = zbus::Connection::session().await?;
        let panel = zbus::Proxy::new(&bus, NAME, PATH, NAME).await?;
        panel.get_property("IsStatusNotifierHostRegistered").await
    };
    let answer: Result<zbus::Result<bool>, _> = tokio::time::timeout(PATIENCE, asking).await;
    matches!(answer, Ok(Ok(true)))
}
