//! Connecting a tool once more, to another account or after its account has moved to another server: nothing is lost on
//! the way, and what lay there before the first of them comes back.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up fails, and nothing is further out than it is"
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::World;
use keyfob::{
    ClaudeCodeWish, ConnectRequest, ConnectTo, Connected, Error, Keyfob, NewKey, Secret, TrustState,
};
use serde_json::{Value, json};

const SETTINGS: &str = "{\r\n\t\"model\": \"haiku\",\r\n\t\"env\": {\"A\": \"1\"}\r\n}";

/// Two sign-ins to the practice server as a company's gateway, an API key of Anthropic's own, and settings.
struct Computer {
    world: World,
    keyfob: Keyfob,
    settings: PathBuf,
}

impl Computer {
    async fn new() -> Self {
        let world = World::new().await;
        let block = world.mock.config_block();
        let api = format!("[api]\nbase_url = \"{}\"", world.mock.base_url());
        assert!(block.contains(&api), "{block}");
        let block = block.replace(&api, "[api]\nbase_url = \"https://api.anthropic.com\"");
        world.configure(&block);
        world.sign_in_as("Work").await;
        world.sign_in_as("Own").await;
        let key = NewKey {
            pasted: Secret::new("sk-ant-api03-good-9f2A"),
            label: Some("Key".to_owned()),
            workspace_id: None,
            expires_on: None,
            verify: false,
        };
        world.keyfob.add_api_key(key).await.unwrap();
        let home = world.home.path().to_owned();
        let settings = home.join(".claude/settings.json");
        fs::create_dir(settings.parent().unwrap()).unwrap();
        fs::write(&settings, SETTINGS).unwrap();
        let keyfob = world.open_in(&[("HOME", &home.to_string_lossy())]);
        Self {
            world,
            keyfob,
            settings,
        }
    }

    async fn connect(&self, account: &str) -> Result<Connected, Error> {
        self.connect_by(account, None, "/opt/keyfob").await
    }

    async fn connect_by(
        &self,
        account: &str,
        project: Option<&Path>,
        program: &str,
    ) -> Result<Connected, Error> {
        let request = ConnectRequest {
            to: ConnectTo::ClaudeCode(ClaudeCodeWish {
                anyway: true,
                project: project.map(Path::to_owned),
                ..ClaudeCodeWish::default()
            }),
            account: Some(account.to_owned()),
            program: PathBuf::from(program),
        };
        self.keyfob.connect(request).await
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.settings).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap()
    }

    fn listed(&self) -> Vec<(String, Option<String>)> {
        let all = self.keyfob.connections().unwrap().into_iter();
        all.map(|one| (one.id.to_string(), one.label)).collect()
    }

    fn beside(&self) -> usize {
        let folder = self.settings.parent().unwrap();
        fs::read_dir(folder).unwrap().count()
    }

    fn disconnect(&self) -> Vec<String> {
        self.keyfob.disconnect("claude-code").unwrap().left
    }
}

#[tokio::test]
async fn another_account_of_the_same_server_takes_over_the_connection() {
    let computer = Computer::new().await;
    let first = computer.connect("Work").await.unwrap();
    let text = computer.text();
    let second = computer.connect("Own").await.unwrap();
    assert_eq!(second.connection.id, first.connection.id);
    assert_eq!(second.connection.label.as_deref(), Some("Own"));
    assert_eq!(computer.text(), text);
    let id = first.connection.id.to_string();
    assert_eq!(computer.listed(), [(id.clone(), Some("Own".to_owned()))]);
    let given = computer.keyfob.helper(&id, None).await.unwrap();
    assert_eq!(given.whose.account.label, "Own");
    assert_eq!(computer.disconnect(), Vec::<String>::new());
    assert_eq!(computer.text(), SETTINGS);
}

#[tokio::test]
async fn from_a_gateway_to_anthropic_and_back_to_what_was_there() {
    let computer = Computer::new().await;
    let gateway = computer.world.mock.base_url().to_owned();
    computer.connect("Work").await.unwrap();
    assert_eq!(computer.json()["env"]["ANTHROPIC_BASE_URL"], json!(gateway));
    let key = computer.connect("Key").await.unwrap().connection;
    assert_eq!(computer.json()["env"], json!({ "A": "1" }));
    let given = computer.keyfob.helper(key.id.as_str(), None).await;
    assert_eq!(given.unwrap().whose.account.label, "Key");
    computer.connect("Own").await.unwrap();
    assert_eq!(computer.json()["env"]["ANTHROPIC_BASE_URL"], json!(gateway));
    assert_eq!(computer.listed().len(), 1);
    // The original and no other is put aside.
    assert_eq!(computer.beside(), 2);
    assert_eq!(computer.disconnect(), Vec::<String>::new());
    assert_eq!(computer.text(), SETTINGS);
    assert_eq!(computer.beside(), 1);
}

#[tokio::test]
async fn what_was_edited_between_two_connections_stays() {
    let computer = Computer::new().await;
    computer.connect("Work").await.unwrap();
    let edited = computer.text().replace("haiku", "opus");
    fs::write(&computer.settings, &edited).unwrap();
    computer.connect("Key").await.unwrap();
    assert_eq!(computer.json()["model"], "opus");
    computer.disconnect();
    assert_eq!(computer.text(), SETTINGS.replace("haiku", "opus"));
}

#[tokio::test]
async fn one_without_a_file_before_leaves_none() {
    let computer = Computer::new().await;
    fs::remove_dir_all(computer.settings.parent().unwrap()).unwrap();
    computer.connect("Work").await.unwrap();
    computer.connect("Key").await.unwrap();
    computer
        .connect_by("Key", None, "/opt/new/keyfob")
        .await
        .unwrap();
    computer.disconnect();
    assert!(!computer.settings.parent().unwrap().exists());
}

#[cfg(unix)]
#[tokio::test]
async fn where_the_new_one_fails_the_earlier_one_stays_in_force() {
    use std::os::unix::fs::PermissionsExt as _;
    let computer = Computer::new().await;
    let id = computer.connect("Work").await.unwrap().connection.id;
    let (text, listed) = (computer.text(), computer.listed());
    let mode = |mode| fs::set_permissions(&computer.settings, fs::Permissions::from_mode(mode));
    mode(0o400).unwrap();
    computer.connect("Key").await.unwrap_err();
    mode(0o600).unwrap();
    assert_eq!((computer.text(), computer.listed()), (text.clone(), listed));
    // Cut short after it was listed and before it was written: the line in the settings says which one counts.
    let list = computer.world.home.path().join("connections.json");
    let mut json: Value = serde_json::from_str(&fs::read_to_string(&list).unwrap()).unwrap();
    let mut other = json["all"][0].clone();
    other["id"] = json!("claude-code-ffff");
    json["all"].as_array_mut().unwrap().insert(0, other);
    fs::write(&list, json.to_string()).unwrap();
    let given = computer.keyfob.helper(id.as_str(), None).await.unwrap();
    assert_eq!(given.whose.account.label, "Work");
    computer.connect("Key").await.unwrap();
    assert_eq!(computer.listed().len(), 1);
    computer.disconnect();
    assert_eq!(computer.text(), SETTINGS);
}

#[tokio::test]
async fn a_project_of_anthropics_own_under_a_gateway_says_so() {
    let computer = Computer::new().await;
    let gateway = computer.world.mock.base_url().to_owned();
    computer.connect("Work").await.unwrap();
    let project = computer.world.home.path().join("project");
    fs::create_dir(&project).unwrap();
    let connected = computer
        .connect_by("Key", Some(&project), "/opt/keyfob")
        .await;
    let id = connected.unwrap().connection.id;
    let local = project.join(".claude/settings.local.json");
    let local: Value = serde_json::from_str(&fs::read_to_string(&local).unwrap()).unwrap();
    let address = &local["env"]["ANTHROPIC_BASE_URL"];
    assert_eq!(*address, json!("https://api.anthropic.com"));
    // What the wider settings have put into the helper's environment is not where it goes.
    let home = computer.world.home.path().to_string_lossy().into_owned();
    let helper = async |named: &str| {
        let variables = [("HOME", home.as_str()), ("ANTHROPIC_BASE_URL", named)];
        let keyfob = computer.world.open_in(&variables);
        let project = project.canonicalize().unwrap();
        keyfob.helper(id.as_str(), Some(&project)).await.is_ok()
    };
    assert!(helper(&gateway).await);
    assert!(!helper("https://another.example.com").await);
    // The one for all folders still goes to the gateway alone.
    let all = computer.listed();
    let work = all.iter().find(|one| one.1.as_deref() == Some("Work"));
    let work = &work.unwrap().0;
    let project = project.canonicalize().unwrap();
    let refused = computer.keyfob.helper(work, Some(&project)).await;
    refused.unwrap_err();
}

/// The address of the practice server's API is another one from now on.
fn moves(world: &World) {
    let from = format!("base_url = \"{}\"", world.mock.base_url());
    let file = world.home.path().join("config.toml");
    let config = fs::read_to_string(&file).unwrap();
    assert!(config.contains(&from), "{config}");
    let to = "base_url = \"https://moved.example.com\"";
    fs::write(file, config.replace(&from, to)).unwrap();
}

#[tokio::test]
async fn a_profile_of_the_server_before_gets_no_token_of_the_one_now() {
    let world = World::new().await;
    world.sign_in_as("Work").await;
    let folder = world.home.path().join("anthropic");
    let keyfob = world.open_in(&[
        ("HOME", &world.home.path().to_string_lossy()),
        ("ANTHROPIC_CONFIG_DIR", &folder.to_string_lossy()),
    ]);
    let request = ConnectRequest {
        to: ConnectTo::AnthropicSdk {
            profile: Some("work".to_owned()),
            activate: false,
        },
        account: None,
        program: PathBuf::from("/opt/keyfob"),
    };
    keyfob.connect(request).await.unwrap();
    let credentials = folder.join("credentials/work.json");
    let before = fs::read_to_string(&credentials).unwrap();
    let config = fs::read_to_string(world.home.path().join("config.toml")).unwrap();
    moves(&world);
    world.pass(9 * 3_600);
    let handed = keyfob
        .token(None, jiff::SignedDuration::ZERO)
        .await
        .unwrap();
    assert_eq!(fs::read_to_string(&credentials).unwrap(), before);
    let list = fs::read_to_string(world.home.path().join("connections.json")).unwrap();
    assert!(list.contains("for another server now"), "{list}");
    let problem = keyfob.connections().unwrap()[0].problem.clone().unwrap();
    assert!(problem.contains("for another server now"), "{problem}");
    // Back at the first one it is written again.
    fs::write(world.home.path().join("config.toml"), config).unwrap();
    keyfob
        .token(None, jiff::SignedDuration::ZERO)
        .await
        .unwrap();
    let now = fs::read_to_string(&credentials).unwrap();
    assert!(now.contains(handed.secret.expose()), "the new token");
    assert_eq!(keyfob.connections().unwrap()[0].problem, None);
}

#[tokio::test]
async fn no_two_connections_have_one_name() {
    let computer = Computer::new().await;
    let drawn = std::sync::Arc::new(std::sync::atomic::AtomicU8::new(0));
    let count = drawn.clone();
    let edge = keyfob::Edge::new(jiff::Timestamp::now, move || {
        let drawn = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        // The second one draws what the first has, and then another.
        Ok([drawn / 2; 32])
    });
    let home = keyfob::Home::at(computer.world.home.path().to_owned());
    let keyfob = Keyfob::new(home, computer.world.store.clone(), edge, "a test");
    let connect = async || {
        let request = ConnectRequest {
            to: ConnectTo::Command { name: None },
            account: Some("Work".to_owned()),
            program: PathBuf::from("/opt/keyfob"),
        };
        keyfob.connect(request).await.unwrap().connection.id
    };
    let (first, second) = (connect().await, connect().await);
    assert_ne!(first, second);
    assert_eq!(drawn.load(std::sync::atomic::Ordering::SeqCst), 3);
    assert_eq!(keyfob.connections().unwrap().len(), 2);
}

#[tokio::test]
async fn a_folder_is_trusted_with_the_account_that_it_named_then() {
    let computer = Computer::new().await;
    let folder = computer.world.home.path().join("project");
    fs::create_dir(&folder).unwrap();
    let file = folder.join(".keyfob.toml");
    // What names nobody cannot be trusted.
    fs::write(&file, "account = \"Later\"\n").unwrap();
    computer.keyfob.trust_folder(&folder).unwrap_err();
    fs::write(&file, "account = \"Work\"\n").unwrap();
    computer.keyfob.trust_folder(&folder).unwrap();
    let chosen = || computer.keyfob.for_folder(&folder);
    assert_eq!(chosen().unwrap().unwrap().label, "Work");
    computer.keyfob.rename("Work", "Before").unwrap();
    assert!(chosen().unwrap_err().message.contains("does not exist"));
    computer.keyfob.rename("Own", "Work").unwrap();
    let asked = chosen().unwrap_err();
    assert!(asked.message.contains("another one"), "{asked}");
    assert!(asked.cure.contains("keyfob trust"), "{asked}");
    let state = || computer.keyfob.trusted_folders().unwrap()[0].state;
    assert_eq!(state(), TrustState::AnotherAccount);
    computer.keyfob.trust_folder(&folder).unwrap();
    assert_eq!(chosen().unwrap().unwrap().label, "Work");
    assert_eq!(state(), TrustState::Trusted);
}
