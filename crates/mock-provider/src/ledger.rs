//! What was issued, and the rules by which it is honoured. No network, no clock: the time is an argument.

use std::collections::HashMap;

use serde::Serialize;

use crate::answers::OAuthError;
use crate::devices::Devices;
use crate::mint::Mint;
use crate::pkce;

/// How long a code waits for its exchange.
const CODE_LIFE_MS: i64 = 5 * 60 * 1000;

/// An authorization request that passed every check.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) redirect_uri: String,
    pub(crate) state: String,
    pub(crate) challenge: String,
    pub(crate) grants: Grants,
}

/// What a sign-in is about, however it is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Grants {
    pub(crate) scopes: Vec<String>,
    /// Who signs in.
    pub(crate) email: String,
    /// What the ID token has to repeat.
    pub(crate) nonce: Option<String>,
}

/// What a client brings to exchange a code.
pub(crate) struct Proof<'a> {
    pub(crate) code: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) verifier: &'a str,
    pub(crate) state: &'a str,
}

/// The time and the lifetimes under which tokens are issued, in milliseconds. A lifetime may be negative: such a
/// token is born expired.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) now: i64,
    pub(crate) access_life: i64,
    pub(crate) refresh_life: i64,
}

/// Tokens as they are handed out.
pub(crate) struct Grant {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) grants: Grants,
    pub(crate) refresh_expires_at: i64,
}

/// How a token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is honoured.
    Live,
    /// Its time is over.
    Expired,
    /// Its sign-in was ended.
    Revoked,
    /// A refresh token that was traded for its successor.
    Spent,
    /// It was never issued here.
    Unknown,
}

/// One sign-in: every token that descends from one consent. They are revoked together.
struct Family {
    grants: Grants,
    expires_at: i64,
    revoked: bool,
}

struct Code {
    asked: Asked,
    expires_at: i64,
    /// The family that its exchange founded, once it was exchanged.
    spent_for: Option<usize>,
}

struct Access {
    family: usize,
    expires_at: i64,
}

struct Refresh {
    family: usize,
    spent: bool,
}

/// All that was issued since the start or the last reset.
#[derive(Default)]
pub(crate) struct Ledger {
    undecided: HashMap<String, Asked>,
    codes: HashMap<String, Code>,
    families: Vec<Family>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    /// Sign-ins on other devices.
    pub(crate) devices: Devices,
    reuses: u64,
}

impl Ledger {
    /// Remembers a request while its consent page is shown.
    pub(crate) fn await_decision(&mut self, id: String, asked: Asked) {
        self.undecided.insert(id, asked);
    }

    /// Takes the request that a consent page was about; a page decides once.
    pub(crate) fn take_undecided(&mut self, id: &str) -> Option<Asked> {
        self.undecided.remove(id)
    }

    pub(crate) fn record_code(&mut self, code: String, asked: Asked, now: i64) {
        let code_entry = Code {
            asked,
            expires_at: now.saturating_add(CODE_LIFE_MS),
            spent_for: None,
        };
        self.codes.insert(code, code_entry);
    }

    /// Exchanges a code for the first tokens of a new family. A code that comes a second time was seen by someone
    /// it was not meant for, so what came of it is revoked (RFC 6749 §4.1.2). Only success spends a code.
    pub(crate) fn exchange(
        &mut self,
        proof: &Proof<'_>,
        mint: &Mint,
        terms: Terms,
    ) -> Result<Grant, OAuthError> {
        let code = self
            .codes
            .get_mut(proof.code)
            .ok_or_else(|| OAuthError::invalid_grant("Invalid code"))?;
        if let Some(family) = code.spent_for {
            self.families[family].revoked = true;
            return Err(OAuthError::invalid_grant("The code was used before"));
        }
        if terms.now >= code.expires_at {
            return Err(OAuthError::invalid_grant("The code has expired"));
        }
        if proof.redirect_uri != code.asked.redirect_uri {
            let words = "redirect_uri differs from that of the authorization request";
            return Err(OAuthError::invalid_grant(words));
        }
        if proof.state != code.asked.state {
            let words = "state differs from that of the authorization request";
            return Err(OAuthError::invalid_grant(words));
        }
        if !pkce::proves(proof.verifier, &code.asked.challenge) {
            return Err(OAuthError::invalid_grant(
                "The code_verifier does not match",
            ));
        }
        code.spent_for = Some(self.families.len());
        let grants = code.asked.grants.clone();
        Ok(self.found(grants, mint, terms))
    }

    /// Answers a device that asks whether the person has agreed (RFC 8628 §3.5).
    pub(crate) fn poll(
        &mut self,
        device_code: &str,
        mint: &Mint,
        terms: Terms,
    ) -> Result<Grant, OAuthError> {
        let grants = self.devices.poll(device_code, terms.now)?;
        Ok(self.found(grants, mint, terms))
    }

    /// The first tokens of a new family.
    fn found(&mut self, grants: Grants, mint: &Mint, terms: Terms) -> Grant {
        let family = self.families.len();
        self.families.push(Family {
            grants,
            expires_at: terms.now.saturating_add(terms.refresh_life),
            revoked: false,
        });
        self.issue(family, mint, terms)
    }

    /// Trades a refresh token for its successors. One that comes a second time is in two hands, and no one can
    /// say which is the thief's, so its whole family is revoked (RFC 9700 §4.14.2).
    pub(crate) fn refresh(
        &mut self,
        token: &str,
        mint: &Mint,
        terms: Terms,
    ) -> Result<Grant, OAuthError> {
        let held = self
            .refresh
            .get_mut(token)
            .ok_or_else(|| OAuthError::invalid_grant("Refresh token not found or invalid"))?;
        let family = &mut self.families[held.family];
        if held.spent {
            self.reuses += 1;
            family.revoked = true;
            return Err(OAuthError::invalid_grant(
                "The refresh token was used before",
            ));
        }
        if family.revoked {
            return Err(OAuthError::invalid_grant("The refresh token was revoked"));
        }
        if terms.now >= family.expires_at {
            return Err(OAuthError::invalid_grant("The refresh token has expired"));
        }
        held.spent = true;
        let family = held.family;
        Ok(self.issue(family, mint, terms))
    }

    fn issue(&mut self, family: usize, mint: &Mint, terms: Terms) -> Grant {
        let (access_token, refresh_token) = (mint.access_token(), mint.refresh_token());
        let access = Access {
            family,
            expires_at: terms.now.saturating_add(terms.access_life),
        };
        self.access.insert(access_token.clone(), access);
        let refresh = Refresh {
            family,
            spent: false,
        };
        self.refresh.insert(refresh_token.clone(), refresh);
        Grant {
            access_token,
            refresh_token,
            grants: self.families[family].grants.clone(),
            refresh_expires_at: self.families[family].expires_at,
        }
    }

    pub(crate) fn standing(&self, access_token: &str, now: i64) -> Standing {
        match self.access.get(access_token) {
            None => Standing::Unknown,
            Some(access) if self.families[access.family].revoked => Standing::Revoked,
            Some(access) if now >= access.expires_at => Standing::Expired,
            Some(_) => Standing::Live,
        }
    }

    /// How a refresh token stands.
    pub(crate) fn refresh_standing(&self, refresh_token: &str, now: i64) -> Standing {
        let Some(refresh) = self.refresh.get(refresh_token) else {
            return Standing::Unknown;
        };
        let family = &self.families[refresh.family];
        if refresh.spent {
            Standing::Spent
        } else if family.revoked {
            Standing::Revoked
        } else if now >= family.expires_at {
            Standing::Expired
        } else {
            Standing::Live
        }
    }

    /// Revokes the family of an access or refresh token, if there is one.
    pub(crate) fn revoke(&mut self, token: &str) {
        let by_access = self.access.get(token).map(|a| a.family);
        let family = by_access.or_else(|| self.refresh.get(token).map(|r| r.family));
        if let Some(family) = family {
            self.families[family].revoked = true;
        }
    }

    pub(crate) fn revoke_all(&mut self) {
        for family in &mut self.families {
            family.revoked = true;
        }
    }

    /// Lets every access token issued so far have expired by now.
    pub(crate) fn age_access(&mut self, now: i64) {
        for access in self.access.values_mut() {
            access.expires_at = access.expires_at.min(now);
        }
    }

    /// Lets every refresh token issued so far have expired by now.
    pub(crate) fn age_refresh(&mut self, now: i64) {
        for family in &mut self.families {
            family.expires_at = family.expires_at.min(now);
        }
    }

    pub(crate) fn families_revoked(&self) -> usize {
        self.families.iter().filter(|f| f.revoked).count()
    }

    /// How often a spent refresh token came again.
    pub(crate) fn reuses(&self) -> u64 {
        self.reuses
    }
}
