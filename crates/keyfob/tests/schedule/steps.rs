//! The steps of a schedule: what happens, chosen by chance, and what must be true of each call's answer.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use keyfob::{AccountId, Code, Error, Handed, Keyfob, Revoked, Secret, State};
use mock_provider::Standing;
use tokio::task::JoinHandle;

use crate::checks::{self, Done};
use crate::faults::{self, NEVER_ISSUED, Ordered};
use crate::random::Random;
use crate::store::FAULTS;
use crate::world::{LONGEST_CALL, World};

const HOUR: i64 = 3_600;

pub(crate) struct Schedule {
    world: World,
    random: Random,
    /// A step is told before it is made, so that the last one that is told is the one that failed.
    count: u64,
    last_handed: Vec<Option<Secret>>,
    /// How many faults of this step make a client leave.
    leaving: u32,
    handed: u64,
    renewed: u64,
    lost: u64,
}

type Answer = Result<Handed, Error>;

impl Schedule {
    pub(crate) async fn new(seed: u64) -> Self {
        let world = World::new(seed).await;
        Self {
            last_handed: vec![None; world.people.len()],
            world,
            random: Random(seed),
            count: 0,
            leaving: 0,
            handed: 0,
            renewed: 0,
            lost: 0,
        }
    }

    pub(crate) fn end(&self) {
        println!(
            "{} steps, {} tokens handed out, {} renewals, {} answers lost on the way",
            self.count, self.handed, self.renewed, self.lost
        );
        assert!(
            self.count < 1_000 || self.renewed > self.count / 10,
            "it did too little"
        );
    }

    /// Makes one step, and checks everything.
    pub(crate) async fn step(&mut self, told: &mut Vec<String>) {
        self.count += 1;
        self.leaving = 0;
        let began = Instant::now();
        let person = self.random.index(self.world.people.len());
        let mut done = vec![Done::default(); self.world.people.len()];
        let lost_before: Vec<bool> = self.world.people.iter().map(|p| p.lost).collect();
        if self.count.is_multiple_of(60) {
            told.push("everything works again".to_owned());
            self.recover().await;
        } else {
            match self.random.below(100) {
                0..12 => self.move_clock(told),
                12..16 => self.restart(told).await,
                16..18 if self.is_in(person) => {
                    told.push(format!("the server of {person} ends the sign-in"));
                    self.world
                        .control(person, "revoke", serde_json::json!({}))
                        .await;
                    self.world.people[person].revoked = true;
                }
                18..20 if self.is_in(person) => {
                    told.push(format!("the store loses the item of {person}"));
                    let id = self.id(person);
                    self.world.store.lose(&id);
                    self.world.people[person].gone = true;
                }
                20..24 if self.is_in(person) => {
                    self.sign_out(person, told).await;
                }
                _ if !self.is_in(person) || (self.is_over(person) && self.random.percent(30)) => {
                    self.sign_in(person, told).await;
                }
                _ => self.calls(person, &mut done, told).await,
            }
        }
        checks::check(&mut self.world, &done, began, self.leaving).await;
        self.world.store.heal();
        for (person, lost_before) in lost_before.into_iter().enumerate() {
            self.world.clear_faults(person).await;
            let lost = self.world.people[person].lost;
            self.lost += u64::from(lost && !lost_before);
        }
    }

    fn is_in(&self, person: usize) -> bool {
        self.world.people[person].id.is_some()
    }

    fn id(&self, person: usize) -> AccountId {
        self.world.people[person].id.clone().unwrap()
    }

    fn keyfob(&self, which: usize) -> Keyfob {
        self.world.programs[which].keyfob.clone()
    }

    /// Whether only a new sign-in helps, as it is said to people.
    fn is_over(&self, person: usize) -> bool {
        let id = self.id(person);
        let status = self.keyfob(0).status(Some(id.as_str())).unwrap();
        matches!(status.state, State::SignInAgain { .. }) || self.world.people[person].gone
    }

    fn move_clock(&mut self, told: &mut Vec<String>) {
        let random = &mut self.random;
        let seconds = match random.below(12) {
            0..6 => 1 + random.below(30).cast_signed(),
            6..9 => HOUR + random.below(8 * 3_600).cast_signed(),
            9 | 10 => -60 * random.below(30).cast_signed(),
            _ => 86_400 * (1 + random.below(4).cast_signed()),
        };
        told.push(format!("the clock moves by {seconds} s"));
        self.world.pass(seconds);
    }

    async fn restart(&mut self, told: &mut Vec<String>) {
        let which = self.random.index(3);
        told.push(format!("program {which} starts anew"));
        self.world.crash(which).await;
    }

    /// Orders faults of the store, some of which strike in the middle of a renewal.
    fn order_store_faults(&mut self, told: &mut Vec<String>) {
        let (skip, lasts) = (self.random.below(9), 1 + self.random.below(4));
        let fault = self.random.pick(&FAULTS);
        let lasts = if self.random.percent(20) { 60 } else { lasts };
        told.push(format!(
            "  the store: {fault:?} after {skip} calls, for {lasts}"
        ));
        self.world.store.order(skip, lasts, fault);
    }

    fn any_server_fault(&mut self) -> Ordered {
        let fault = faults::any(&mut self.random);
        self.leaving += u32::from(fault.client_leaves);
        fault
    }

    async fn order_server_fault(
        &mut self,
        person: usize,
        on: &str,
        done: &mut [Done],
        told: &mut Vec<String>,
    ) {
        let fault = self.any_server_fault();
        told.push(format!("  the server of {person}, {on}: {}", fault.kind));
        self.world.fault(person, on, &fault.kind).await;
        done[person].losing += usize::from(fault.loses);
        done[person].client_leaves |= fault.client_leaves;
        self.world.people[person].told_ended |= fault.says_ended;
    }

    async fn sign_out(&mut self, person: usize, told: &mut Vec<String>) {
        let (which, id) = (self.random.index(3), self.id(person));
        told.push(format!("program {which} signs {person} out"));
        if self.random.percent(30) {
            self.order_store_faults(told);
        }
        if self.random.percent(20) {
            let fault = self.any_server_fault();
            told.push(format!("  the server of {person}, revoke: {}", fault.kind));
            self.world.fault(person, "revoke", &fault.kind).await;
        }
        let keyfob = self.keyfob(which);
        let name = id.clone();
        let out = async move { keyfob.sign_out(name.as_str()).await };
        match self.world.within(which, out).await.unwrap() {
            Ok(report) => {
                let person = &mut self.world.people[person];
                assert!(report.revoked != Revoked::NotNeeded || person.gone);
                person.id = None;
            }
            Err(_) => {
                // The server may have been told already, and the store may do it yet.
                self.world.people[person].revoked = true;
                self.world.people[person].gone = true;
            }
        }
    }

    async fn sign_in(&mut self, person: usize, told: &mut Vec<String>) {
        let which = self.random.index(3);
        told.push(format!("program {which} signs {person} in"));
        if self.random.percent(20) {
            self.order_store_faults(told);
        }
        if self.random.percent(20) {
            let fault = self.any_server_fault();
            // A body of our own does not say who signed in.
            if !fault.kind.to_string().contains("body") {
                told.push(format!(
                    "  the server of {person}, exchange: {}",
                    fault.kind
                ));
                self.world.fault(person, "exchange", &fault.kind).await;
            }
        }
        if let Ok(status) = self.world.sign_in(which, person).await {
            let known = &mut self.world.people[person];
            assert!(known.id.is_none() || known.id.as_ref() == Some(&status.id));
            known.id = Some(status.id);
            (known.lost, known.revoked, known.gone, known.told_ended) =
                (false, false, false, false);
        }
    }

    /// One or many ask for a token, while this and that goes wrong.
    async fn calls(&mut self, person: usize, done: &mut [Done], told: &mut Vec<String>) {
        if self.random.percent(55) {
            let hours = 8 * HOUR - 200 + self.random.below(400).cast_signed();
            told.push(format!("  the clock moves by {hours} s"));
            self.world.pass(hours);
        }
        for chance in [40, 15] {
            if self.random.percent(chance) {
                let on = if self.random.percent(95) {
                    "refresh"
                } else {
                    "metadata"
                };
                self.order_server_fault(person, on, done, told).await;
            }
        }
        for chance in [35, 10] {
            if self.random.percent(chance) {
                self.order_store_faults(told);
            }
        }
        let which = self.random.index(3);
        match self.random.below(100) {
            0..35 => {
                told.push(format!("program {which} asks for the token of {person}"));
                done[person].only_once = true;
                let asked = self.ask(which, person);
                self.judge_all(person, vec![asked]).await;
            }
            35..55 => {
                let many = 2 + self.random.below(7);
                told.push(format!("{many} ask for the token of {person} at once"));
                done[person].only_once = true;
                let asked = (0..many).map(|_| {
                    let which = self.random.index(3);
                    self.ask(which, person)
                });
                let asked = asked.collect();
                self.judge_all(person, asked).await;
            }
            55..67 => {
                let refused = self.last_handed[person].clone();
                let refused = refused.unwrap_or_else(|| Secret::new("never issued"));
                let many = 1 + self.random.below(4);
                told.push(format!("{many} bring the same refused token of {person}"));
                done[person].only_once = true;
                let asked = (0..many).map(|_| {
                    let which = self.random.index(3);
                    let (keyfob, id) = (self.keyfob(which), self.id(person));
                    let (refused, before) = (refused.clone(), refused.clone());
                    self.world.spawn(which, async move {
                        let handed = keyfob.token_in_place_of(Some(id.as_str()), refused).await;
                        assert!(
                            handed.as_ref().is_ok_and(|h| h.secret != before) || handed.is_err()
                        );
                        handed
                    })
                });
                let asked = asked.collect();
                self.judge_all(person, asked).await;
            }
            67..75 => {
                told.push(format!("program {which} is told to renew {person}"));
                let (keyfob, id) = (self.keyfob(which), self.id(person));
                let refresh = async move { keyfob.refresh(Some(id.as_str())).await };
                let _ = self.world.within(which, refresh).await.unwrap();
            }
            75..80 => {
                told.push(format!("program {which} is told to renew all"));
                let keyfob = self.keyfob(which);
                let all = async move { keyfob.refresh_all(drop).await };
                self.world.within(which, all).await.unwrap().unwrap();
            }
            80..84 => {
                told.push(format!("program {which} renews what is due"));
                let keyfob = self.keyfob(which);
                let due = async move { keyfob.keep_fresh_once(drop).await };
                let renewed = self.world.within(which, due).await.unwrap();
                // What still waits for a store that refuses is said, and nothing else is a failure.
                let waits = renewed.as_ref().err().map(|error| error.code);
                assert!(
                    matches!(waits, None | Some(Code::SecretStore)),
                    "{renewed:?}"
                );
            }
            84..92 => {
                let asked = self.ask(which, person);
                let pause = self.random.below(20);
                told.push(format!(
                    "one asks for the token of {person}, and leaves after {pause} ms"
                ));
                tokio::time::sleep(Duration::from_millis(pause)).await;
                asked.abort();
                let _ = asked.await;
            }
            92..98 => {
                let many = 1 + self.random.below(3);
                let asked: Vec<_> = (0..many).map(|_| self.ask(which, person)).collect();
                let other = (which + 1) % 3;
                let theirs = self.random.percent(40).then(|| self.ask(other, person));
                let pause = self.random.below(30);
                told.push(format!(
                    "{many} ask for the token of {person}, and their program is stopped after {pause} ms"
                ));
                tokio::time::sleep(Duration::from_millis(pause)).await;
                done[person].crashed = true;
                self.world.crash(which).await;
                for asked in asked.into_iter().chain(theirs) {
                    let _ = asked.await;
                }
            }
            _ => {
                told.push(format!(
                    "{person} is signed out while others ask for the token"
                ));
                let asked: Vec<_> = (0..3).map(|which| self.ask(which, person)).collect();
                self.sign_out(person, told).await;
                for asked in asked {
                    let _ = asked.await.unwrap();
                }
            }
        }
    }

    fn ask(&self, which: usize, person: usize) -> JoinHandle<Answer> {
        let (keyfob, id) = (self.keyfob(which), self.id(person));
        self.world.spawn(which, async move {
            let asking = keyfob.token(Some(id.as_str()), SignedDuration::ZERO);
            let handed = tokio::time::timeout(LONGEST_CALL, asking).await;
            handed.unwrap_or_else(|_| panic!("a call does not end"))
        })
    }

    async fn judge_all(&mut self, person: usize, asked: Vec<JoinHandle<Answer>>) {
        let mut answers = Vec::new();
        for asked in asked {
            answers.push(asked.await.unwrap());
        }
        for answer in answers {
            self.judge(person, answer);
        }
    }

    /// What was handed out was issued; without a warning it is also honoured now, unless the server ended the sign-in.
    fn judge(&mut self, person: usize, answer: Answer) -> bool {
        match answer {
            Ok(handed) => {
                self.handed += 1;
                let standing = self.world.standing(person, handed.secret.expose());
                let known = &self.world.people[person];
                match standing {
                    Standing::Live => {}
                    Standing::Revoked if known.revoked || known.lost || known.told_ended => {}
                    Standing::Expired if handed.warning.is_some() => {}
                    Standing::Unknown if handed.secret.expose() == NEVER_ISSUED => {}
                    other => panic!(
                        "a token was handed out that is {other:?}: {:?}",
                        handed.warning
                    ),
                }
                let renewed = self.last_handed[person].as_ref() != Some(&handed.secret);
                self.renewed += u64::from(renewed);
                self.last_handed[person] = Some(handed.secret);
                handed.warning.is_none()
            }
            Err(error) => {
                assert!(!error.message.contains("broke off inside"), "{error:?}");
                assert!(!error.message.is_empty() && !error.cure.is_empty());
                false
            }
        }
    }

    /// With every fault gone and the longest rest over, every sign-in that the server still honours gives a token.
    async fn recover(&mut self) {
        self.world.store.heal();
        // Longer than any rest, and than the clock was set back.
        self.world.pass(4 * HOUR);
        for person in 0..self.world.people.len() {
            if !self.is_in(person) {
                continue;
            }
            let which = self.random.index(3);
            let mut answer = self.ask_anew(which, person).await;
            // On a busy computer even a store in memory does not answer within its limit.
            for _ in 0..200 {
                let fine = answer.as_ref().is_ok_and(|handed| handed.warning.is_none());
                if self.is_as_it_should(person, fine) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
                // A server that did not answer in time either is left alone for a while.
                self.world.pass(301);
                answer = self.ask_anew(which, person).await;
            }
            let said = answer
                .as_ref()
                .map(|h| h.warning.clone())
                .map_err(Clone::clone);
            let fine = self.judge(person, answer);
            assert!(
                self.is_as_it_should(person, fine),
                "{person} is not given a token, or is not told why: {said:?}"
            );
            let has_ended = self.has_ended(person);
            let known = &mut self.world.people[person];
            if !(known.gone || known.lost || known.revoked || has_ended) {
                known.told_ended = false;
            }
        }
    }

    /// Asks for a token; what the server said wrongly is asked again at a person's word alone.
    async fn ask_anew(&self, which: usize, person: usize) -> Answer {
        let known = &self.world.people[person];
        if known.told_ended || known.lost {
            let (keyfob, id) = (self.keyfob(which), self.id(person));
            let refresh = async move { keyfob.refresh(Some(id.as_str())).await };
            let _ = self.world.within(which, refresh).await.unwrap();
        }
        self.ask(which, person).await.unwrap()
    }

    /// Whether a token was given, unless the sign-in is over; where its newest refresh token is lost, that has to be said.
    fn is_as_it_should(&self, person: usize, fine: bool) -> bool {
        let known = &self.world.people[person];
        if known.gone {
            return true;
        }
        match known.lost {
            true => checks::says_so(&self.world, person),
            false => fine || known.revoked || self.has_ended(person),
        }
    }

    /// Whether the sign-in has come to its end, as it was said.
    fn has_ended(&self, person: usize) -> bool {
        let id = self.id(person);
        let status = self.keyfob(0).status(Some(id.as_str())).unwrap();
        let ends_at = status.sign_in_ends_at;
        ends_at.is_some_and(|end| end <= self.world.now())
    }
}
