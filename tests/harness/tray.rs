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
const MENU: &str = "/MenuBar";
const MENU_INTERFACE: &str = "com.canonical.dbusmenu";
/// What the bus says where the one that was asked has ended.
const NO_REPLY: &str = "org.freedesktop.DBus.Error.NoReply";

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
        let Some(Ok(answer)) = self.menu_call("GetLayout", &none) else {
            return Vec::new();
        };
        type Layout = (u32, (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>));
        let (_, (_, _, lines)): Layout = answer.body().deserialize().expect("a layout");
        lines.iter().map(line).collect()
    }

    /// The line with this text, as soon as there is one.
    #[track_caller]
    pub fn line(&self, text: &str) -> Line {
        let mut seen = Vec::new();
        let mut found = None;
        let is_there = eventually(PATIENCE, || {
            seen = self.menu();
            found = seen.iter().find(|line| line.text == text).cloned();
            found.is_some()
        });
        assert!(is_there, "there is no {text:?} in {seen:?}");
        found.expect("it was just found")
    }

    /// Chooses the line with this text.
    #[track_caller]
    pub fn choose(&self, text: &str) {
        // Where the menu is made anew between reading and choosing, the line has another number.
        let chosen = eventually(PATIENCE, || {
            let line = self.line(text);
            assert!(line.enabled, "{text:?} cannot be chosen");
            let event = (line.id, "clicked", Value::from(0), 0_u32);
            match self.menu_call("Event", &event) {
                Some(Ok(_)) => true,
                // Where this ends the program, no answer comes any more.
                Some(Err(zbus::Error::MethodError(name, ..))) => name == NO_REPLY,
                Some(Err(_)) | None => false,
            }
        });
        assert!(chosen, "{text:?} cannot be chosen");
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

    fn menu_call<B>(&self, method: &str, body: &B) -> Option<zbus::Result<zbus::Message>>
    where
        B: zbus::export::serde::Serialize + zbus::zvariant::DynamicType,
    {
        let item = self.newest()?;
        let item = Some(item.as_str());
        let call = self
            .bus
            .call_method(item, MENU, Some(MENU_INTERFACE), method, body);
        Some(call)
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
