//! The part of a desktop's panel that keeps tray icons, as far as a program with an icon sees it: it registers, and
//! the panel asks it over D-Bus for its menu.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use zbus::blocking::{Connection, connection};
use zbus::zvariant::{OwnedValue, Structure, Value};

use crate::process::{PATIENCE, eventually};
use crate::session::DesktopSession;

const ITEM: &str = "/StatusNotifierItem";
const ITEM_INTERFACE: &str = "org.kde.StatusNotifierItem";
const MENU_INTERFACE: &str = "com.canonical.dbusmenu";

/// The panel. Icons leave it when this is dropped.
#[derive(Debug)]
pub struct TrayHost {
    bus: Connection,
    items: Arc<Mutex<Vec<String>>>,
}

/// One line of an icon's menu. A separator has no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    id: i32,
    /// What a person reads.
    pub text: String,
    /// Whether it can be chosen.
    pub enabled: bool,
}

struct Watcher(Arc<Mutex<Vec<String>>>);

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: &str) {
        self.0
            .lock()
            .expect("nobody panics with it")
            .push(service.to_owned());
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics with it").clone()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

impl TrayHost {
    /// Puts a panel into the session.
    pub fn start(session: &DesktopSession) -> Self {
        let items = Arc::<Mutex<Vec<String>>>::default();
        let address = session.environment().get("DBUS_SESSION_BUS_ADDRESS");
        let address = address.and_then(|address| address.to_str());
        let bus = connection::Builder::address(address.expect("the session has a bus"))
            .and_then(|bus| bus.name("org.kde.StatusNotifierWatcher"))
            .and_then(|bus| bus.serve_at("/StatusNotifierWatcher", Watcher(Arc::clone(&items))))
            .and_then(connection::Builder::build)
            .expect("the session's bus takes the panel");
        Self { bus, items }
    }

    /// How many icons came so far.
    pub fn icons(&self) -> usize {
        self.items.lock().expect("nobody panics with it").len()
    }

    /// Waits until the menu of the newest icon says exactly this, from top to bottom.
    #[track_caller]
    pub fn wait_for_menu(&self, texts: &[&str]) {
        let mut seen = Vec::new();
        let so = eventually(PATIENCE, || {
            seen = self.menu().into_iter().map(|line| line.text).collect();
            seen == texts
        });
        assert!(so, "the menu says {seen:?} and not {texts:?}");
    }

    /// The menu of the newest icon; empty where there is none.
    pub fn menu(&self) -> Vec<Line> {
        let none: (i32, i32, Vec<&str>) = (0, -1, Vec::new());
        let answer = self.menu_call("GetLayout", &none);
        let Some(answer) = answer else {
            return Vec::new();
        };
        type Layout = (u32, (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>));
        let (_, (_, _, lines)): Layout = answer.body().deserialize().expect("a layout");
        lines.iter().map(line).collect()
    }

    /// Chooses the line with this text.
    #[track_caller]
    pub fn choose(&self, text: &str) {
        let menu = self.menu();
        let line = menu.iter().find(|line| line.text == text);
        let line = line.unwrap_or_else(|| panic!("there is no {text:?} in {menu:?}"));
        assert!(line.enabled, "{text:?} cannot be chosen");
        let chosen = (line.id, "clicked", Value::from(0), 0_u32);
        // The answer may not come any more where this ends the program.
        let _ = self.menu_call("Event", &chosen);
    }

    /// Clicks on the newest icon itself.
    pub fn click(&self) {
        let item = self.newest().expect("there is an icon");
        self.bus
            .call_method(
                Some(item.as_str()),
                ITEM,
                Some(ITEM_INTERFACE),
                "Activate",
                &(0, 0),
            )
            .expect("the icon takes the click");
    }

    fn newest(&self) -> Option<String> {
        let items = self.items.lock().expect("nobody panics with it");
        items.last().cloned()
    }

    fn menu_call<B>(&self, method: &str, body: &B) -> Option<zbus::Message>
    where
        B: zbus::export::serde::Serialize + zbus::zvariant::DynamicType,
    {
        let item = self.newest()?;
        let path = "/MenuBar";
        self.bus
            .call_method(
                Some(item.as_str()),
                path,
                Some(MENU_INTERFACE),
                method,
                body,
            )
            .ok()
    }
}

fn line(value: &OwnedValue) -> Line {
    let line: &Structure<'_> = value.downcast_ref().expect("a line is a structure");
    let [Value::I32(id), Value::Dict(about), _] = line.fields() else {
        panic!("a line looks otherwise: {line:?}");
    };
    let text: Option<String> = about.get(&"label").expect("labels are text");
    let enabled: Option<bool> = about.get(&"enabled").expect("it is yes or no");
    Line {
        id: *id,
        // A doubled underscore is one that marks no letter.
        text: text.unwrap_or_default().replace("__", "_"),
        enabled: enabled.unwrap_or(true),
    }
}
