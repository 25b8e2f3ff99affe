//! Keeping what a sign-in gave: into the store, read back, and only then into the list; what cannot be kept is given
//! back to the server.

use super::matching::{completed, same_person, wished_label};
use super::noting::facts_of;
use super::{Keyfob, SignInRequest};
use crate::account::{Account, AccountId, Facts, Identity, Issued, Method, Owner, TokenFacts};
use crate::activity::What;
use crate::credential::{Credential, OAuthTokens};
use crate::custody::lock::Held;
use crate::custody::store::StoreError;
use crate::error::{Error, Result};
use crate::sign_in::id_token::Expected;
use crate::sign_in::provider::Provider;
use crate::sign_in::token_endpoint::{self, Granted};
use crate::status::Status;

/// To whom a sign-in went, for what comes after it.
pub(super) struct Asked<'a> {
    pub(super) provider: &'a Provider,
    pub(super) request: &'a SignInRequest,
    pub(super) client_id: &'a str,
    /// The token endpoint that was asked.
    pub(super) token: &'a url::Url,
    /// RFC 7009.
    pub(super) revocation: Option<&'a url::Url>,
    /// The issuer as it names itself.
    pub(super) issuer: Option<&'a str>,
    /// What an ID token has to repeat.
    pub(super) nonce: Option<&'a str>,
}

impl Keyfob {
    /// who is it? → keep; what cannot be kept is given back.
    pub(super) async fn complete(&self, asked: &Asked<'_>, granted: Granted) -> Result<Status> {
        let tokens = granted.tokens.clone();
        let kept = match who(asked, &granted) {
            Ok(identity) => {
                let said = Said {
                    identity,
                    scopes: granted.answer.scopes,
                    issued: Issued {
                        endpoint: Some(Box::new(asked.token.clone())),
                        ..issued(asked.provider, asked.client_id)
                    },
                    what: What::SignedIn,
                };
                let (provider, request) = (asked.provider, asked.request);
                self.keep_sign_in(provider, request, granted.tokens, said)
                    .await
            }
            Err(error) => Err(error.into()),
        };
        match kept {
            Ok(id) => self.status(Some(id.as_str())),
            Err(NotKept { error, is_nobodys }) => {
                if let Some(revocation) = asked.revocation.filter(|_| is_nobodys) {
                    // Whether the server hears it is its affair.
                    let (http, id) = (&self.0.http, asked.client_id);
                    let _ = token_endpoint::revoke(http, revocation, id, &tokens).await;
                }
                Err(error)
            }
        }
    }

    /// lock → store and read back → list.
    pub(super) async fn keep_sign_in(
        &self,
        provider: &Provider,
        request: &SignInRequest,
        tokens: OAuthTokens,
        said: Said,
    ) -> Result<AccountId, NotKept> {
        let accounts = self.0.accounts.read()?;
        let identity = said.identity;
        let known = same_person(&accounts, provider, request, &identity).map(|a| a.id.clone());
        let id = match known {
            Some(id) => id,
            None => AccountId::from_random(self.0.edge.random()?),
        };
        let held = self.0.locks.account(&id).await?;
        let label = match accounts.get(&id) {
            Some(account) => account.label.clone(),
            None => wished_label(request, provider, &identity),
        };
        let scopes = said.scopes.unwrap_or_else(|| provider.scopes.clone());
        let facts = Facts::Tokens(TokenFacts {
            issued: Some(said.issued),
            ..facts_of(&tokens, scopes)
        });
        let before = match accounts.get(&id) {
            // What cannot be read could not be put back.
            Some(_) => match self.0.vault.load(&id).await {
                Ok(before) => before.into(),
                Err(StoreError::NotUnderstood) => Before::NotUnderstood,
                Err(error) => return Err(Error::from(error).into()),
            },
            None => Before::Nothing,
        };
        let credential = Credential::OAuth(tokens.clone());
        let saved = self.0.vault.save(&held, &id, &label, &credential).await;
        let held = match saved {
            Ok(()) => held,
            Err(error) => {
                // A store that is only slow still does it, and has the lock until then.
                drop(held);
                let stored = self.stored_after_all(&id, &label, &credential, &before);
                stored.await.map_err(|is_nobodys| NotKept {
                    error: error.into(),
                    is_nobodys,
                })?
            }
        };
        let listed = self.0.accounts.change(|accounts| {
            match accounts.get_mut(&id) {
                Some(account) => {
                    account.generation += 1;
                    account.identity = completed(identity, &account.identity);
                    account.payer = provider.payer;
                    account.practice = provider.practice;
                    account.facts = facts;
                }
                None => accounts.add(Account {
                    id: id.clone(),
                    label: accounts.free_label(&label),
                    method: Method::OAuth,
                    owner: Owner::Keyfob,
                    provider: Some(provider.id.clone()),
                    payer: provider.payer,
                    generation: 1,
                    practice: provider.practice,
                    identity,
                    created_at: self.0.edge.now(),
                    facts,
                }),
            }
            if accounts.fell_back_from(&id) {
                accounts.fell_back = None;
            }
            Ok(())
        });
        if let Err(error) = listed {
            // What no list names would never be found again, and what was there before is still good.
            let is_nobodys = self.put_back(&held, &id, &label, &before).await;
            return Err(NotKept { error, is_nobodys });
        }
        self.forget_unsaved(&id);
        self.0.renewals.end(&id);
        if let Some(account) = self.0.accounts.read()?.get(&id) {
            self.tell(account, said.what, None);
            // That it could not be written is said in the activity.
            let _ = self.pass_on(account, &tokens);
        }
        Ok(id)
    }
}

impl Keyfob {
    /// The lock again, where what a store seemed to refuse is in it after all. Else puts back what was there before,
    /// and says whether the new tokens are nobody's by that.
    pub(super) async fn stored_after_all(
        &self,
        id: &AccountId,
        label: &str,
        credential: &Credential,
        before: &Before,
    ) -> Result<Held, bool> {
        let Ok(held) = self.0.locks.account(id).await else {
            return Err(matches!(before, Before::Nothing));
        };
        match self.0.vault.load(id).await {
            Ok(Some(stored)) if stored == *credential => Ok(held),
            _ => Err(self.put_back(&held, id, label, before).await),
        }
    }

    /// Puts back what was in the store before a sign-in that could not be kept, and says whether the new tokens may be
    /// revoked: not those that may lie over older ones, because they are then all that is left.
    pub(super) async fn put_back(
        &self,
        held: &Held,
        id: &AccountId,
        label: &str,
        before: &Before,
    ) -> bool {
        match before {
            Before::This(before) => self.0.vault.save(held, id, label, before).await.is_ok(),
            Before::NotUnderstood => false,
            Before::Nothing => {
                let erased = self.0.vault.delete(held, id).await.is_ok();
                // Of an account that is listed, what lies there is found again.
                let is_listed = self
                    .0
                    .accounts
                    .read()
                    .is_ok_and(|all| all.get(id).is_some());
                erased || !is_listed
            }
        }
    }
}

/// What was in the store before.
pub(super) enum Before {
    /// Nothing, for certain: only then what lies there afterwards may be deleted.
    Nothing,
    /// This.
    This(Credential),
    /// Something that cannot be read here, such as what a newer Keyfob wrote.
    NotUnderstood,
}

impl From<Option<Credential>> for Before {
    fn from(before: Option<Credential>) -> Self {
        before.map_or(Self::Nothing, Self::This)
    }
}

/// What is known beside tokens that are to be kept.
pub(super) struct Said {
    pub(super) identity: Identity,
    /// What the person agreed to; none where that is what the provider asks for.
    pub(super) scopes: Option<Vec<String>>,
    /// To whom they were issued.
    pub(super) issued: Issued,
    /// How they came in.
    pub(super) what: What,
}

/// A sign-in that came about at the server, and could not be kept here.
pub(super) struct NotKept {
    pub(super) error: Error,
    /// Whether its tokens are certainly not in the store, or named by no list, so that the server may be told to
    /// forget them.
    is_nobodys: bool,
}

impl From<Error> for NotKept {
    fn from(error: Error) -> Self {
        Self {
            error,
            is_nobodys: true,
        }
    }
}

/// Who signed in: as the server says itself, else as the ID token beside the tokens does.
fn who(asked: &Asked<'_>, granted: &Granted) -> Result<Identity> {
    let said = granted.answer.identity.clone();
    let Some(claims) = &granted.answer.claims else {
        return Ok(said);
    };
    let expected = Expected {
        issuer: asked.issuer,
        client_id: asked.client_id,
        nonce: asked.nonce,
    };
    Ok(completed(said, &claims.who(&expected)?))
}

/// What the environment moved has to be remembered: the next program may run in another one. And by whom they were
/// issued, because nobody else may be sent what renews them.
pub(super) fn issued(provider: &Provider, client_id: &str) -> Issued {
    let by = &provider.by_variables;
    Issued {
        client_id: Some(client_id.to_owned()),
        token_url: provider.token_url.clone().filter(|_| by.moves_token_url),
        base_url: provider.base_url.clone().filter(|_| by.give_base_url()),
        endpoint: provider.token_url.clone().map(Box::new),
        issuer: provider
            .issuer
            .clone()
            .or(provider.token_url.clone())
            .map(Box::new),
        api: provider.base_url.clone().map(Box::new),
    }
}
