//! What a sign-in needs of this computer: something that opens an address, and a connection to itself.

use std::ffi::OsString;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{Finding, Group};
use crate::edge::Edge;

const HERE: Group = Group::Computer;

/// How long a connection from this computer to itself may take.
const A_MOMENT: Duration = Duration::from_secs(5);

/// Whether the redirect can come back (RFC 8252 §7.3).
pub(super) async fn loopback() -> Finding {
    let topic = "Loopback";
    let four = talks_to_itself(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
    let six = talks_to_itself(SocketAddr::from((Ipv6Addr::LOCALHOST, 0))).await;
    match (four, six) {
        (Ok(()), Ok(())) => {
            Finding::fine(HERE, topic, "The browser can come back, on 127.0.0.1 and [::1].")
        }
        (Ok(()), Err(_)) => {
            let words = "The browser can come back on 127.0.0.1; [::1] is not there, and not needed.";
            Finding::fine(HERE, topic, words)
        }
        (Err(why), _) => Finding::act(
            HERE,
            topic,
            "This computer does not reach itself on 127.0.0.1, so no browser can come back to Keyfob.",
            "Look at the firewall or the container; or sign in by a pasted code, or with `keyfob login --device`.",
        )
        .detail(why),
    }
}

/// A listener, a connection to it, and a byte across.
async fn talks_to_itself(address: SocketAddr) -> Result<(), String> {
    let talk = async {
        let listener = TcpListener::bind(address).await?;
        let to = listener.local_addr()?;
        let (client, server) = tokio::join!(TcpStream::connect(to), listener.accept());
        let (mut client, (mut server, _)) = (client?, server?);
        client.write_all(b"k").await?;
        server.read_exact(&mut [0]).await
    };
    match tokio::time::timeout(A_MOMENT, talk).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("nothing came across in time".to_owned()),
    }
}

/// Whether something opens an address.
pub(super) fn browser(edge: &Edge) -> Finding {
    let topic = "Browser";
    if !cfg!(target_os = "linux") {
        return Finding::fine(HERE, topic, "The system opens addresses in your browser.");
    }
    let is_set = |name: &str| edge.variable(name).is_some();
    if !is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY") {
        let words = "There is no desktop here, so addresses are printed to be opened elsewhere. \
                     Where the provider offers it, `keyfob login --device` needs no browser here.";
        return Finding::fine(HERE, topic, words);
    }
    let path = edge.variable("PATH").unwrap_or_default();
    let opener = std::env::split_paths(&path).any(|folder| folder.join("xdg-open").is_file());
    if !opener {
        return Finding::soon(
            HERE,
            topic,
            "Nothing on this desktop opens addresses: xdg-open is missing.",
            "Install xdg-utils, or open the printed address yourself.",
        );
    }
    match handler(edge) {
        Some(name) => Finding::fine(HERE, topic, format!("{name} opens addresses.")),
        None if is_set("BROWSER") => Finding::fine(
            HERE,
            topic,
            "What the variable BROWSER names opens addresses.",
        ),
        None => Finding::soon(
            HERE,
            topic,
            "No program is set to open addresses.",
            "Choose a default browser in the desktop's settings, or open the printed address yourself.",
        ),
    }
}

/// The program that is set to open `https://`, as `xdg-open` finds it (MIME applications specification): the first
/// list that names one which is there.
fn handler(edge: &Edge) -> Option<String> {
    let data = data_folders(edge);
    let named = lists(edge, &data).into_iter().find_map(|list| {
        let text = std::fs::read_to_string(list).ok()?;
        let mut lines = text.lines().map(str::trim);
        let line = lines.find_map(|line| line.strip_prefix("x-scheme-handler/https="))?;
        let is_there = |entry: &&str| {
            let mut folders = data.iter().map(|folder| folder.join("applications"));
            folders.any(|folder| folder.join(entry).is_file())
        };
        let found = line.split(';').map(str::trim).filter(|e| !e.is_empty());
        found.into_iter().find(is_there).map(str::to_owned)
    })?;
    Some(named.trim_end_matches(".desktop").to_owned())
}

fn data_folders(edge: &Edge) -> Vec<PathBuf> {
    let own = edge.variable("XDG_DATA_HOME").map(PathBuf::from);
    let own = own.or_else(|| Some(edge.home_folder()?.join(".local/share")));
    let shared = edge.variable("XDG_DATA_DIRS");
    let shared = shared.unwrap_or_else(|| OsString::from("/usr/local/share:/usr/share"));
    own.into_iter()
        .chain(std::env::split_paths(&shared))
        .collect()
}

fn lists(edge: &Edge, data: &[PathBuf]) -> Vec<PathBuf> {
    let own = edge.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let own = own.or_else(|| Some(edge.home_folder()?.join(".config")));
    let shared = edge.variable("XDG_CONFIG_DIRS");
    let shared = shared.unwrap_or_else(|| OsString::from("/etc/xdg"));
    let config: Vec<PathBuf> = own
        .into_iter()
        .chain(std::env::split_paths(&shared))
        .collect();
    let desktops = edge.variable("XDG_CURRENT_DESKTOP").unwrap_or_default();
    let desktops = desktops.to_string_lossy().to_lowercase();
    let mut names: Vec<String> = desktops
        .split(':')
        .filter(|desktop| !desktop.is_empty() && !desktop.contains('/'))
        .map(|desktop| format!("{desktop}-mimeapps.list"))
        .collect();
    names.push("mimeapps.list".to_owned());
    let applications = data.iter().map(|folder| folder.join("applications"));
    let folders: Vec<PathBuf> = config.into_iter().chain(applications.clone()).collect();
    let mut lists: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .collect();
    // What programs say of themselves counts where nobody has chosen.
    for name in ["defaults.list", "mimeinfo.cache"] {
        lists.extend(applications.clone().map(|folder| folder.join(name)));
    }
    lists
}
