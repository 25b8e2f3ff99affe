//! The real window, driven from outside by WebKit's own driver.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::driver;
use crate::home::Home;
use crate::process::{A_WHILE, Background, PATIENCE, eventually};
use crate::programs::{self, DESKTOP};
use crate::session::DesktopSession;

/// What windows and their driver write, a file in the session's folder.
pub const LOG: &str = "window.log";

/// An open window. Close it with [`Window::close`]; where a test fails before that, the session ends it.
#[derive(Debug)]
pub struct Window {
    client: Client,
    driver: Background,
}

impl Window {
    /// Opens `keyfob-desktop` with this home.
    pub async fn open(session: &DesktopSession, home: &Home) -> Self {
        let program = programs::program(DESKTOP);
        Self::open_program(
            session,
            program,
            &[("KEYFOB_HOME", home.path().display().to_string())],
        )
        .await
    }

    /// Opens a program with variables beside those of the session.
    pub async fn open_program(
        session: &DesktopSession,
        program: PathBuf,
        variables: &[(&str, String)],
    ) -> Self {
        let (driver, port) = driver::start(session, variables);
        let capabilities = json!({
            // WebKitWebDriver takes a program for its own MiniBrowser unless this name says otherwise.
            "browserName": "wry",
            "webkitgtk:browserOptions": { "binary": program, "args": [] },
            // Left alone, the driver loses its patience sooner than the tests do.
            "timeouts": { "script": PATIENCE.as_millis(), "pageLoad": PATIENCE.as_millis() },
        });
        let Value::Object(capabilities) = capabilities else {
            unreachable!("it was written as an object")
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap_or_else(|error| {
                let said = fs::read_to_string(session.environment().folder(LOG));
                let said = said.unwrap_or_default();
                panic!(
                    "{} did not open a window: {error}\n{said}",
                    program.display()
                )
            });
        Self { client, driver }
    }

    /// The text a person sees in the first element of this selector.
    pub async fn text(&self, css: &str) -> String {
        let read = async || self.wait_for(css).await.text().await;
        self.until_done(&format!("{css} cannot be read"), read)
            .await
    }

    /// Clicks.
    pub async fn click(&self, css: &str) {
        let click = async || self.wait_for(css).await.click().await;
        self.until_done(&format!("{css} cannot be clicked"), click)
            .await;
    }

    /// Does something again as long as the page prevents it. The page may draw an element anew between finding and
    /// using it, or something that is just going may lie over it; a person would take the new one, and wait.
    async fn until_done<T>(
        &self,
        otherwise: &str,
        something: impl AsyncFn() -> Result<T, CmdError>,
    ) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            match something().await {
                Ok(done) => return done,
                Err(CmdError::Standard(_)) if Instant::now() < end => {
                    // What lies in a row that WebKit has not drawn yet cannot be clicked, however long one waits.
                    self.drawn().await;
                    sleep(Duration::from_millis(100)).await;
                }
                Err(error) => panic!(
                    "{otherwise}: {error}. The page says:\n{}",
                    self.page_text().await
                ),
            }
        }
    }

    /// Waits until two frames were drawn.
    async fn drawn(&self) {
        let frames = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(1)))";
        self.client
            .execute_async(frames, Vec::new())
            .await
            .expect("the page draws");
    }

    /// Clicks the button or link with this name.
    pub async fn click_named(&self, name: &str) {
        let quoted = quoted(name);
        let path = format!(
            "//*[self::button or self::a or @role='button' or @role='menuitem' or @role='tab' or @role='radio']\
             [normalize-space(.)={quoted} or @aria-label={quoted}]"
        );
        let click = async || {
            let found = self.client.find(Locator::XPath(&path)).await?;
            found.click().await
        };
        self.until_done(&format!("{name:?} cannot be clicked"), click)
            .await;
    }

    /// Types into a field, after what is in it.
    pub async fn type_into(&self, css: &str, text: &str) {
        let typed = async || self.wait_for(css).await.send_keys(text).await;
        self.until_done(&format!("{css} cannot be typed into"), typed)
            .await;
    }

    /// Presses keys wherever the focus is. Special keys are in [`fantoccini::key::Key`].
    pub async fn press(&self, keys: &str) {
        let pressed = async || self.client.active_element().await?.send_keys(keys).await;
        self.until_done("what has the focus takes no keys", pressed)
            .await;
    }

    /// Waits for an element.
    pub async fn wait_for(&self, css: &str) -> Element {
        let found = self
            .client
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::Css(css))
            .await;
        match found {
            Ok(element) => element,
            Err(error) => panic!(
                "{css} did not appear ({error}). The page says:\n{}",
                self.page_text().await
            ),
        }
    }

    /// Waits until an element is gone.
    pub async fn wait_until_gone(&self, css: &str) {
        let script = "return document.querySelector(arguments[0]) === null";
        self.wait_until(script, &[css], &format!("{css} did not go away"))
            .await;
    }

    /// Takes away the sentence about an outcome, which lies over the page. Good news also goes by itself after some
    /// seconds, so that on a slow machine nothing may be left to close.
    pub async fn close_outcome(&self) {
        let close = "[data-testid='outcome'] button";
        let click = "document.querySelector(arguments[0])?.click()";
        self.run(click, vec![json!(close)]).await;
        self.wait_until_gone(close).await;
    }

    /// Waits until a person can read this text somewhere on the page.
    pub async fn wait_for_text(&self, text: &str) {
        let script = "return document.body.innerText.includes(arguments[0])";
        self.wait_until(script, &[text], &format!("{text:?} did not appear"))
            .await;
    }

    /// Waits until a person can read this text in an element of this selector.
    pub async fn wait_for_text_in(&self, css: &str, text: &str) {
        let script = "return [...document.querySelectorAll(arguments[0])]\
                      .some((one) => one.innerText.includes(arguments[1]))";
        let otherwise = format!("{text:?} did not appear in {css}");
        self.wait_until(script, &[css, text], &otherwise).await;
    }

    /// Waits until a script gives `true`.
    pub async fn wait_until(&self, script: &str, arguments: &[&str], otherwise: &str) {
        let arguments: Vec<Value> = arguments.iter().map(|one| json!(one)).collect();
        let end = Instant::now() + PATIENCE;
        while self.run(script, arguments.clone()).await != json!(true) {
            if Instant::now() > end {
                panic!("{otherwise}. The page says:\n{}", self.page_text().await);
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits for a window that is not among these, and drives it from now on.
    pub async fn go_to_new(&self, known: &[WindowHandle]) {
        let end = Instant::now() + PATIENCE;
        loop {
            let all = self.client.windows().await.expect("the driver knows them");
            if let Some(new) = all.into_iter().find(|one| !known.contains(one)) {
                let gone_to = self.client.switch_to_window(new).await;
                return gone_to.expect("the new window can be driven");
            }
            assert!(Instant::now() < end, "the driver sees no new window");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// All that a person can read on the page.
    pub async fn page_text(&self) -> String {
        let text = self.run("return document.body.innerText", Vec::new()).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The page as it is now, as HTML.
    pub async fn page_source(&self) -> String {
        self.client.source().await.expect("the page is still there")
    }

    /// Everything that the page has put anywhere in the web view: storages, cookies, and the values of its fields.
    pub async fn storage_dump(&self) -> String {
        let script = "return JSON.stringify({ local: { ...localStorage }, session: { ...sessionStorage }, \
                      cookies: document.cookie, name: window.name, \
                      fields: [...document.querySelectorAll('input, textarea')].map((field) => field.value) })";
        let dump = self.run(script, Vec::new()).await;
        dump.as_str().expect("the script gives text").to_owned()
    }

    /// Changes the window's size.
    pub async fn resize(&self, width: u32, height: u32) {
        self.client
            .set_window_size(width, height)
            .await
            .expect("the window can be resized");
    }

    /// Runs a script in the page and gives what it returns.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        let result = self.client.execute(script, arguments).await;
        result.unwrap_or_else(|error| panic!("the page did not run {script:?}: {error}"))
    }

    /// Takes a picture, for people: `screens/NAME.png` in the test output.
    pub async fn screenshot(&self, name: &str) -> PathBuf {
        // Before two frames were drawn WebKit gives the picture of an earlier page.
        self.drawn().await;
        let picture = self
            .client
            .screenshot()
            .await
            .expect("the window can be pictured");
        let folder = programs::output_folder().join("screens");
        fs::create_dir_all(&folder).expect("the test output can be written");
        let path = folder.join(format!("{name}.png"));
        fs::write(&path, picture).expect("the test output can be written");
        path
    }

    /// For what is not here.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Closes the window, which ends the program.
    pub async fn close(mut self) {
        let programs = children_of(self.driver.child().id());
        self.client.close().await.expect("the window closes");
        // The driver says that it is done before the program has ended, and on a busy machine it is killed before it
        // saw to that. A program that is left would take the next window's place.
        let gone = |limit| eventually(limit, || programs.iter().all(|pid| !is_running(*pid)));
        if !gone(A_WHILE) {
            for pid in programs.iter().filter(|pid| is_running(**pid)) {
                // As a logout of the desktop would ask it.
                let _ = kill_process(*pid, Signal::TERM);
            }
            assert!(gone(PATIENCE), "the program goes on without its window");
        }
    }
}

/// The programs that another one started, and which have not ended.
fn children_of(parent: u32) -> Vec<Pid> {
    let of_parent = |pid: &Pid| parent_of(*pid) == Some(parent);
    let entries = fs::read_dir("/proc").expect("there is /proc");
    let pids = entries.flatten().filter_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        Pid::from_raw(pid)
    });
    pids.filter(of_parent).collect()
}

fn parent_of(pid: Pid) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    line.trim().parse().ok()
}

fn is_running(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    // One that has ended and was not waited for yet is a zombie.
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

/// A text in XPath, which has no escapes inside quotes.
fn quoted(text: &str) -> String {
    if text.contains('\'') {
        format!("\"{text}\"")
    } else {
        format!("'{text}'")
    }
}
