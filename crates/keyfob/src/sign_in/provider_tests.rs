use super::*;

fn checked(entry: ProviderEntry) -> Result<Provider, String> {
    Provider::from_entry(ProviderId("example".to_owned()), entry, false)
}

fn issuer(text: &str) -> ProviderEntry {
    ProviderEntry {
        issuer: Some(text.to_owned()),
        ..ProviderEntry::default()
    }
}

#[test]
fn what_is_built_in_passes_its_own_check_and_has_no_client_id() {
    for (id, entry) in built_in() {
        let provider = Provider::from_entry(id, entry, true).unwrap();
        assert_eq!(provider.client_id, None);
        assert!(!provider.is_ready());
    }
}

#[test]
fn an_issuer_and_a_client_id_are_enough() {
    let mut entry = issuer("https://auth.example.com");
    entry.client_id = Some("abc".to_owned());
    assert!(checked(entry).unwrap().is_ready());
}

#[test]
fn secrets_travel_over_tls_or_stay_on_this_computer() {
    for good in [
        "https://a.example",
        "http://127.0.0.1:8",
        "http://[::1]:8",
        "http://localhost",
    ] {
        assert!(checked(issuer(good)).is_ok(), "{good}");
    }
    for bad in [
        "http://a.example",
        "ftp://localhost",
        "nonsense",
        "https://u:p@a.example",
        "https://a.example?x",
    ] {
        assert!(checked(issuer(bad)).is_err(), "{bad}");
    }
}

#[test]
fn a_loopback_redirect_stays_on_this_computer() {
    for (template, fits) in [
        ("http://localhost:{port}/callback", true),
        ("http://[::1]:{port}/callback", true),
        ("http://127.0.0.1/callback", false),
        ("http://evil.example:{port}/callback", false),
        ("https://127.0.0.1:{port}/callback", false),
        ("http://127.0.0.1:{port}/other", false),
    ] {
        let entry = ProviderEntry {
            loopback_redirect_uri: Some(template.to_owned()),
            ..ProviderEntry::default()
        };
        assert_eq!(checked(entry).is_ok(), fits, "{template}");
    }
}

#[test]
fn ids_are_plain() {
    for bad in ["", "A", "a b", "a/b", "ä", &"a".repeat(41)] {
        assert!(ProviderId::try_from(bad.to_owned()).is_err(), "{bad}");
    }
}
