use super::*;
use crate::keyfob::which::tests::Computer;

fn key() -> Account {
    Account {
        id: AccountId::from_random([1; 32]),
        label: "one".to_owned(),
        method: Method::ApiKey,
        owner: Owner::Keyfob,
        provider: None,
        payer: Payer::Api,
        generation: 1,
        practice: false,
        identity: Identity::default(),
        created_at: Timestamp::UNIX_EPOCH,
        facts: Facts::Key(KeyFacts::default()),
    }
}

#[test]
fn the_environment_has_no_say_in_where_a_key_of_the_list_goes() {
    let computer = Computer::new().set("ANTHROPIC_BASE_URL", "https://gateway.example");
    let keyfob = computer.keyfob();
    let here = keyfob.api_here().unwrap();
    assert_eq!(here.base_url.as_str(), "https://gateway.example/");
    let facts = KeyFacts::default();
    let usual = keyfob.api_of(&key(), &facts).unwrap();
    assert_eq!(usual.as_str(), "https://api.anthropic.com/");
    let facts = KeyFacts {
        base_url: Some(here.base_url.clone()),
        ..facts
    };
    let there = keyfob.api_of(&key(), &facts).unwrap();
    assert_eq!(there, here.base_url);
}
