//! What the system itself has to have, and what for.

use crate::setup::Purpose;

/// One thing that is needed.
pub(crate) struct Need {
    /// The package on Debian.
    pub(crate) debian: &'static str,
    /// The package on Fedora.
    pub(crate) fedora: &'static str,
    /// The package on Arch.
    pub(crate) arch: &'static str,
    /// How to see whether it is there without asking a package manager.
    pub(crate) sign: Sign,
    /// What it is for.
    pub(crate) reason: &'static str,
}

/// How a thing shows that it is there.
pub(crate) enum Sign {
    /// One of these programs is on PATH.
    Program(&'static [&'static str]),
    /// pkg-config knows the library.
    Library(&'static str),
    /// It cannot be seen from outside; what needs it says so when it is missing.
    None,
}

/// What a purpose needs on Linux.
pub(crate) fn needs(purpose: Purpose) -> Vec<&'static Need> {
    match purpose {
        Purpose::Run => BUILD.iter().collect(),
        Purpose::Test => BUILD.iter().chain(TEST).collect(),
    }
}

const fn need(names: [&'static str; 3], sign: Sign, reason: &'static str) -> Need {
    let [debian, fedora, arch] = names;
    Need {
        debian,
        fedora,
        arch,
        sign,
        reason,
    }
}

/// To build the app and to open it.
const BUILD: &[Need] = &[
    need(
        ["build-essential", "gcc gcc-c++ make", "base-devel"],
        Sign::Program(&["cc"]),
        "compiles the C inside some crates and links programs",
    ),
    need(
        ["pkg-config", "pkgconf-pkg-config", "pkgconf"],
        Sign::Program(&["pkg-config"]),
        "finds the window's libraries",
    ),
    need(
        [
            "libwebkit2gtk-4.1-dev",
            "webkit2gtk4.1-devel",
            "webkit2gtk-4.1",
        ],
        Sign::Library("webkit2gtk-4.1"),
        "draws the window's page; GTK comes with it",
    ),
    need(
        ["xdg-utils", "xdg-utils", "xdg-utils"],
        Sign::Program(&["xdg-open"]),
        "opens your browser to sign in",
    ),
];

/// To test it in a session that nobody sees.
const TEST: &[Need] = &[
    need(
        ["xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb"],
        Sign::Program(&["Xvfb"]),
        "a screen that nobody sees",
    ),
    need(
        ["openbox", "openbox", "openbox"],
        Sign::Program(&["openbox"]),
        "gives windows the keyboard",
    ),
    need(
        ["x11-utils", "xprop", "xorg-xprop"],
        Sign::Program(&["xprop"]),
        "tells when the window manager is ready",
    ),
    need(
        ["xdotool", "xdotool", "xdotool"],
        Sign::Program(&["xdotool"]),
        "answers dialogs of the system",
    ),
    need(
        ["xclip", "xclip", "xclip"],
        Sign::Program(&["xclip"]),
        "reads the clipboard as another program would",
    ),
    need(
        ["fonts-dejavu-core", "dejavu-sans-fonts", "ttf-dejavu"],
        Sign::None,
        "letters in screenshots",
    ),
    need(
        ["libgl1-mesa-dri", "mesa-dri-drivers", "mesa"],
        Sign::None,
        "draws without a graphics card",
    ),
    need(
        [
            "webkit2gtk-driver",
            "webkit2gtk4.1-devel webkitgtk-driver",
            "webkit2gtk-4.1",
        ],
        Sign::Program(&["WebKitWebDriver"]),
        "drives the real window",
    ),
    need(
        ["dbus", "dbus-daemon", "dbus"],
        Sign::Program(&["dbus-daemon"]),
        "a D-Bus of the tests' own",
    ),
    need(
        ["gnome-keyring", "gnome-keyring", "gnome-keyring"],
        Sign::Program(&["gnome-keyring-daemon"]),
        "a keychain of the tests' own",
    ),
    need(
        ["gcr", "gcr3", "gcr"],
        Sign::None,
        "the dialog that asks for the keychain's password",
    ),
    need(
        ["openssl", "openssl", "openssl"],
        Sign::Program(&["openssl"]),
        "plays a company's own certificate authority",
    ),
    need(
        ["python3-venv", "python3", "python"],
        Sign::None,
        "runs Anthropic's Python library, in an environment of its own",
    ),
    need(
        ["systemd", "systemd", "systemd"],
        Sign::Program(&["systemd-analyze"]),
        "checks the units of docs/containers.md",
    ),
    need(
        ["libsecret-tools", "libsecret", "libsecret"],
        Sign::Program(&["secret-tool"]),
        "reads the keychain as another program would",
    ),
    need(
        ["libglib2.0-bin", "glib2", "glib2"],
        Sign::Program(&["gdbus"]),
        "talks to D-Bus",
    ),
    need(
        ["fish", "fish", "fish"],
        Sign::Program(&["fish"]),
        "reads what keyfob env prints for it",
    ),
    need(
        ["bsdutils", "util-linux-script", "util-linux"],
        Sign::Program(&["script"]),
        "a terminal for programs that ask whether there is one",
    ),
    need(
        ["chromium", "chromium", "chromium"],
        Sign::Program(&[
            "chromium",
            "chromium-browser",
            "google-chrome",
            "google-chrome-stable",
        ]),
        "the browser that tests sign in with",
    ),
];
