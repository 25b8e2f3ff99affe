//! A screen that nobody sees.

use std::process::Stdio;

use crate::environment::Environment;
use crate::lines::Lines;
use crate::process::{Background, PATIENCE, eventually, output_of};

/// An X server and a window manager on a number of their own.
#[derive(Debug)]
pub struct Display {
    // Fields are dropped in this order: the window manager first.
    _manager: Background,
    _server: Background,
}

impl Display {
    /// Starts both, and puts the display into the environment.
    pub fn start(environment: &mut Environment) -> Self {
        let mut server = Background::start(
            environment
                .command("Xvfb")
                // The server chooses a free number itself and writes it to its standard output.
                .args([
                    "-displayfd",
                    "1",
                    "-screen",
                    "0",
                    "1280x800x24",
                    "-nolisten",
                    "tcp",
                    // Or it begins anew whenever its last client leaves, which throws out the next one that is
                    // just coming in.
                    "-noreset",
                ])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        );
        let output = server.child().stdout.take().expect("it is piped");
        let number = Lines::of(output).next_within(PATIENCE);
        let number = number.expect("Xvfb says which display it took");
        environment.set("DISPLAY", format!(":{number}"));
        environment.set("GDK_BACKEND", "x11");
        // Without a window manager no window ever has the keyboard.
        let manager = Background::start(
            environment
                .command("openbox")
                .args(["--sm-disable"])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        let managed = eventually(PATIENCE, || {
            let mut asked = environment.command("xprop");
            output_of(asked.args(["-root", "_NET_SUPPORTING_WM_CHECK"])).contains("window id")
        });
        assert!(managed, "openbox did not take the display :{number}");
        Self {
            _manager: manager,
            _server: server,
        }
    }
}
