use proptest::prelude::*;

use super::*;
use crate::account::Payer;
use crate::sign_in::provider::{Redirect, TokenRequest};

/// A folder of its own, with `text` as its `config.toml`.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(text: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        std::fs::write(folder.home().config_file(), text).unwrap();
        folder
    }

    fn home(&self) -> Home {
        Home::at(self.0.path().to_owned())
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.home().config_file()).unwrap()
    }

    fn save(&self, form: &ProviderForm, replaces: Option<&str>) -> Result<()> {
        save_provider(&self.home(), form, replaces)
    }

    fn provider(&self, id: &str) -> Provider {
        let config = Config::written(&self.home()).unwrap();
        config.provider(id).unwrap().clone()
    }
}

fn form(id: &str) -> ProviderForm {
    ProviderForm {
        id: id.to_owned(),
        name: "Example".to_owned(),
        issuer: Some("https://auth.example.com".to_owned()),
        authorize_url: None,
        token_url: Some(" ".to_owned()),
        revocation_url: None,
        device_authorization_url: None,
        client_id: " client-1 ".to_owned(),
        scopes: vec!["openid".to_owned(), "offline_access".to_owned()],
        audience: None,
        resource: Vec::new(),
        redirect: None,
        paste_redirect_uri: None,
        payer: Payer::Company,
        token_request: Some(TokenRequest::Json),
        base_url: None,
    }
}

const COMMENTED: &str = r#"# Mine, keep out.

[sign_in] # the window
listener = "own"

# The company's gateway.
[providers.example] # ask Grace
# From the ticket.
client_id = "old" # issued in May
issuer = "https://old.example.com"
scopes = [
  "openid", # who
  "offline_access",
] # all we need
redirect = "both"
paste_redirect_uri = "https://old.example.com/code" # shows a code

[providers.example.token_headers]
x-tenant = "7" # ours

# Another one.
[providers.other]
issuer = "https://other.example.com" # theirs
"#;

const COMMENTS: [&str; 11] = [
    "# Mine, keep out.",
    "# the window",
    "# The company's gateway.",
    "# ask Grace",
    "# From the ticket.",
    "# issued in May",
    "# who",
    "# all we need",
    "# shows a code",
    "# ours",
    "# Another one.",
];

fn parse_error(text: &str) -> String {
    Config::parse(text).unwrap_err()
}

#[test]
fn without_a_file_there_is_what_is_built_in() {
    let folder = Folder(tempfile::tempdir().unwrap());
    let config = Config::written(&folder.home()).unwrap();
    assert_eq!(config.listener, ListenerChoice::Own);
    assert_eq!(config.api.base_url.as_str(), "https://api.anthropic.com/");
    assert!(!config.api.practice);
    let console = config.provider("claude-console").unwrap();
    assert!(console.built_in && console.client_id.is_none());
}

#[test]
fn what_is_laid_over_a_built_in_provider_keeps_the_rest() {
    let before = Config::parse("").unwrap();
    let text = "[providers.claude-console]\nclient_id = \" mine \"\nscopes = [\"user:profile\"]";
    let after = Config::parse(text).unwrap();
    let expected = Provider {
        client_id: Some("mine".to_owned()),
        scopes: vec!["user:profile".to_owned()],
        ..before.provider("claude-console").unwrap().clone()
    };
    assert_eq!(after.providers, [expected]);
}

#[test]
fn everything_that_a_file_may_say_is_heard() {
    let text = r#"
        [api]
        base_url = "http://127.0.0.1:8080"
        practice = true
        [sign_in]
        listener = "plugin"
        [providers.mock]
        issuer = "http://127.0.0.1:8080"
        practice = true
    "#;
    let config = Config::parse(text).unwrap();
    assert_eq!(config.listener, ListenerChoice::Plugin);
    assert!(config.api.practice);
    assert!(config.provider("mock").unwrap().practice);
    assert!(config.provider("claude-console").is_some());
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (text, line, word) in [
        ("provider = 1", "line 1: ", "`provider`"),
        ("\n[sign_in]\nlistner = 1", "line 3: ", "`listner`"),
        ("[sign_in]\r\n  listener = \"mine\"", "line 2: ", "`mine`"),
        ("[api]\n\n\nkey = 1", "line 4: ", "`key`"),
        ("[providers.a]\nclient = \"x\"", "line 2: ", "`client`"),
        ("# ä\n[providers.a\n", "line 2: ", ""),
        ("x = 1\nx = 1", "line 2: ", "duplicate key"),
    ] {
        let why = parse_error(text);
        assert!(
            why.starts_with(line) && why.contains(word),
            "{text:?} {why}"
        );
    }
}

#[test]
fn what_is_wrong_with_a_provider_is_named_with_its_id() {
    for (field, word) in [
        ("issuer = \"http://auth.example\"", "`issuer`"),
        ("token_url = \"ftp://a.example\"", "`token_url`"),
        ("authorize_url = \"nonsense\"", "`authorize_url`"),
        ("base_url = \"http://a.example\"", "`base_url`"),
        (
            "revocation_url = \"https://u:p@a.example\"",
            "`revocation_url`",
        ),
        ("redirect = \"paste\"", "`paste_redirect_uri`"),
        ("scopes = [\"a b\"]", "no scope"),
        (
            "loopback_redirect_uri = \"http://a.example:{port}/callback\"",
            "`loopback_redirect_uri`",
        ),
        ("token_headers = { \"a b\" = \"c\" }", "`token_headers`"),
    ] {
        let why = parse_error(&format!("[providers.a]\n{field}"));
        let named = why.starts_with("[providers.a]: ") && why.contains(word);
        assert!(named, "{field} {why}");
    }
    assert!(parse_error("[providers.\"a b\"]").contains("no provider id"));
    assert!(parse_error("[api]\nbase_url = \"http://a.example\"").contains("`base_url`"));
}

#[test]
fn a_key_in_the_wrong_place_is_not_repeated() {
    for field in ["redirect", "payer", "scopes", "practice", "sk-ant-api03-x"] {
        let folder = Folder::with(&format!("[providers.a]\n{field} = \"sk-ant-api03-x\""));
        let error = Config::written(&folder.home()).unwrap_err();
        let detail = error.detail.unwrap();
        assert!(detail.starts_with("line 2: "), "{detail}");
        assert!(!detail.contains("sk-ant-"), "{detail}");
    }
}

#[test]
fn a_saved_provider_is_read_as_it_was_filled_in() {
    let folder = Folder(tempfile::tempdir().unwrap());
    folder.save(&form(" example "), None).unwrap();
    let saved = folder.provider("example");
    assert_eq!(saved.name, "Example");
    assert_eq!(saved.client_id.as_deref(), Some("client-1"));
    assert_eq!(saved.issuer.unwrap().as_str(), "https://auth.example.com/");
    assert_eq!(saved.scopes, ["openid", "offline_access"]);
    assert_eq!((saved.token_url, saved.base_url), (None, None));
    assert_eq!(saved.payer, Payer::Company);
    assert_eq!(saved.token_request, TokenRequest::Json);
    assert!(!saved.built_in);
}

#[test]
fn comments_and_what_the_form_does_not_show_survive_saving() {
    let folder = Folder::with(COMMENTED);
    folder.save(&form("example"), Some("example")).unwrap();
    let text = folder.text();
    for comment in COMMENTS {
        assert!(text.contains(comment), "{comment} is gone:\n{text}");
    }
    let saved = folder.provider("example");
    assert_eq!(saved.client_id.as_deref(), Some("client-1"));
    assert_eq!(saved.redirect, Redirect::Both);
    assert_eq!(saved.token_headers["x-tenant"], "7");
    folder.save(&form("example"), Some("example")).unwrap();
    assert_eq!(folder.text(), text, "saving twice is saving once");
}

#[test]
fn an_inline_provider_is_edited_like_any_other() {
    for text in [
        "[providers]\nexample = { client_id = \"old\", redirect = \"both\", paste_redirect_uri = \"https://a.example\" }",
        "providers.example.redirect = \"both\"\nproviders.example.paste_redirect_uri = \"https://a.example\"",
    ] {
        let folder = Folder::with(text);
        folder.save(&form("example"), Some("example")).unwrap();
        let saved = folder.provider("example");
        assert_eq!(saved.client_id.as_deref(), Some("client-1"), "{text}");
        assert_eq!(saved.redirect, Redirect::Both, "{text}");
    }
}

#[test]
fn a_new_id_takes_the_place_of_the_old_one() {
    let folder = Folder::with(COMMENTED);
    folder.save(&form("renamed"), Some("example")).unwrap();
    let text = folder.text();
    assert!(Config::parse(&text).unwrap().provider("example").is_none());
    let renamed = folder.provider("renamed");
    assert_eq!(renamed.redirect, Redirect::Both);
    assert_eq!(renamed.token_headers["x-tenant"], "7");
    for comment in COMMENTS {
        assert!(text.contains(comment), "{comment} is gone:\n{text}");
    }
}

#[test]
fn of_a_built_in_provider_only_the_client_id_is_written() {
    for before in ["", "[providers.claude-console]\nscopes = [\"a\"] # mine\n"] {
        for replaces in [None, Some("claude-console")] {
            let folder = Folder::with(before);
            folder.save(&form("claude-console"), replaces).unwrap();
            let table: toml::Table = folder.text().parse().unwrap();
            let table = table["providers"]["claude-console"]
                .as_table()
                .unwrap()
                .clone();
            assert_eq!(table["client_id"].as_str(), Some("client-1"));
            assert_eq!(table.len(), 1 + usize::from(!before.is_empty()));
            assert_eq!(folder.provider("claude-console").name, "Claude Console");
        }
    }
}

#[test]
fn what_cannot_be_used_is_not_written() {
    let bad_url = ProviderForm {
        token_url: Some("http://auth.example.com/token".to_owned()),
        ..form("example")
    };
    let bad_scope = ProviderForm {
        scopes: vec!["a b".to_owned()],
        ..form("example")
    };
    for (form, replaces) in [
        (form("a b"), None),
        (form(""), None),
        (bad_url.clone(), Some("example")),
        (
            ProviderForm {
                id: "new".to_owned(),
                ..bad_url
            },
            None,
        ),
        (bad_scope, Some("example")),
        // The id of another provider.
        (form("other"), None),
        (form("example"), None),
        (form("other"), Some("example")),
        (form("claude-console"), Some("example")),
    ] {
        let folder = Folder::with(COMMENTED);
        let error = folder.save(&form, replaces).unwrap_err();
        assert_eq!(error.code, Code::NotAccepted, "{form:?}");
        assert_eq!(folder.text(), COMMENTED);
    }
}

#[test]
fn a_broken_file_is_left_as_it_is() {
    for text in [
        "[providers.example\n",
        "x = \"sk-ant-api03-x",
        "[sign_in]\nlistner = 1\n",
        "providers = 7\n",
        "[providers]\nexample = 7\n",
    ] {
        let folder = Folder::with(text);
        let read = Config::written(&folder.home()).unwrap_err();
        let errors = [
            folder.save(&form("new"), None).unwrap_err(),
            merge(&folder.home(), "[providers.mock]").unwrap_err(),
        ];
        for error in errors.iter().chain([&read]) {
            assert_eq!(error.code, Code::Failed, "{text:?} {error}");
            assert!(error.cure.starts_with("It was left as it is."), "{error}");
            assert!(!format!("{error:?}").contains("sk-ant-"));
        }
        assert_eq!(folder.text(), text);
    }
}

#[test]
fn a_provider_that_is_broken_can_be_taken_out() {
    let folder = Folder::with("[providers.a]\nissuer = \"http://a.example\"\n[sign_in]\n");
    remove_provider(&folder.home(), "a").unwrap();
    assert_eq!(folder.text(), "[sign_in]\n");
}

#[test]
fn taking_a_provider_out_leaves_everything_else() {
    let folder = Folder::with(COMMENTED);
    remove_provider(&folder.home(), "other").unwrap();
    let (kept, _) = COMMENTED.split_once("\n# Another one.").unwrap();
    assert_eq!(folder.text(), kept);
    let error = remove_provider(&folder.home(), "other").unwrap_err();
    assert_eq!(error.code, Code::Usage);
    let error = remove_provider(&folder.home(), "claude-console").unwrap_err();
    assert_eq!(error.code, Code::Usage);
}

#[test]
fn merging_replaces_the_same_id_alone() {
    let folder = Folder::with(COMMENTED);
    let block = "# practice\n[providers.other]\nissuer = \"http://127.0.0.1:1\"\n\
                 [providers.mock]\nissuer = \"http://127.0.0.1:1\"\n";
    merge(&folder.home(), block).unwrap();
    let text = folder.text();
    let (untouched, _) = COMMENTED.split_once("\n# Another one.").unwrap();
    assert!(text.starts_with(untouched), "{text}");
    assert!(!text.contains("other.example.com"));
    assert_eq!(text.matches("[providers.other]").count(), 1);
    assert!(folder.provider("mock").issuer.is_some());
    merge(&folder.home(), block).unwrap();
    assert_eq!(folder.text(), text, "merging twice is merging once");
}

#[test]
fn a_block_that_cannot_be_used_is_not_merged() {
    for block in [
        "[providers.mock",
        "[providers.mock]\nissuer = \"http://a.example\"",
        "[providers.mock]\nsecret = 1",
        "[providers.\"a b\"]",
        "providers.mock = 7",
    ] {
        let folder = Folder::with(COMMENTED);
        let error = merge(&folder.home(), block).unwrap_err();
        assert_eq!(error.code, Code::NotAccepted, "{block}");
        assert_eq!(folder.text(), COMMENTED);
    }
}

/// Lines that nearly make a configuration.
fn nearly_toml() -> impl Strategy<Value = String> {
    let line = "\\[(providers|api|sign_in)(\\.[a-zä\" ]{0,3})?\\]?|\
                (issuer|scopes|redirect|name|base_url|[ä\"]) ?= ?(\"[a-zä:/{}]{0,9}\"|\\[\"a\"\\]|[0-9ä{\\[]{0,2})";
    proptest::collection::vec(line, 0..5).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = Config::parse(&text);
    }

    #[test]
    fn no_configuration_makes_the_reader_panic(text in nearly_toml()) {
        let _ = Config::parse(&text);
    }
}

#[test]
fn what_a_gateway_asks_for_is_written_and_read_again() {
    let folder = Folder::with("");
    let gateway = ProviderForm {
        revocation_url: Some("https://auth.example.com/revoke".to_owned()),
        device_authorization_url: Some("https://auth.example.com/device".to_owned()),
        audience: Some(" llm ".to_owned()),
        resource: vec!["https://llm.example.com".to_owned()],
        redirect: Some(Redirect::Both),
        paste_redirect_uri: Some("https://auth.example.com/code".to_owned()),
        ..form("example")
    };
    save_provider(&folder.home(), &gateway, None).unwrap();
    let read = || {
        let config = Config::written(&folder.home()).unwrap();
        config.provider("example").unwrap().clone()
    };
    let provider = read();
    assert_eq!(provider.audience.as_deref(), Some("llm"));
    assert_eq!(provider.resource, ["https://llm.example.com"]);
    assert_eq!(provider.redirect, Redirect::Both);
    assert!(provider.device_authorization_url.is_some() && provider.revocation_url.is_some());

    let two = ["https://a.example", "urn:b"].map(str::to_owned).to_vec();
    let changed = ProviderForm {
        resource: two.clone(),
        audience: None,
        ..gateway.clone()
    };
    save_provider(&folder.home(), &changed, Some("example")).unwrap();
    assert_eq!((read().resource, read().audience), (two, None));
    for resource in ["https://a.example#part", "no address"] {
        let bad = ProviderForm {
            resource: vec![resource.to_owned()],
            ..gateway.clone()
        };
        let error = save_provider(&folder.home(), &bad, Some("example")).unwrap_err();
        assert_eq!(error.code, Code::NotAccepted, "{resource}");
    }
    save_provider(&folder.home(), &form("example"), Some("example")).unwrap();
    assert!(read().resource.is_empty());
}
