//! The states and steps.

use stateright::{Model, Property};

use super::oracle::{Seen, VERSIONS, Version, is_due, left_behind, waits};

/// How many programs there are, how often one may be stopped, and in how many ages tokens end.
const PROGRAMS: usize = 3;
const STOPS: u8 = 2;
const AGES: u8 = 3;

/// One step that is done wrong, to see that it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    NoLock,
    NoRereading,
    NoProof,
    NoNote,
    FilesRemovedFirst,
    MemoryAlwaysWins,
    HandedOutBeforeStored,
    SignOutKeepsItem,
}

pub(super) struct Custody {
    flaw: Flaw,
}

/// Where a program stands. From `Load` on it holds the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum At {
    Idle,
    WantsLock,
    Load,
    /// What was left behind goes into the store first.
    StoreWaiting,
    /// The files of an ended renewal are removed, one by one; then comes what is named.
    RemoveAnswer(Then),
    RemoveNote(Then),
    Decide,
    Proof,
    Note,
    Ask,
    Seal,
    Save,
    OutRevoke,
    OutErase,
    OutList,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Then {
    Decide,
    HandOut,
    Save,
    OutList,
}

/// Tokens in the memory of a program that wait for the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Waiting {
    version: Version,
    replaces: Version,
    on_disk: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Program {
    at: At,
    holds: bool,
    /// The tokens it works with, and those that the server gave.
    found: Version,
    answer: Version,
    key: u8,
    cut_off: bool,
    on_disk: bool,
    waiting: Option<Waiting>,
}

const FRESH: Program = Program {
    at: At::Idle,
    holds: false,
    found: 0,
    answer: 0,
    key: 0,
    cut_off: false,
    on_disk: false,
    waiting: None,
};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Everything {
    age: u8,
    stops: u8,
    /// The server: the newest tokens, when each was issued, and whether the sign-in is honoured.
    newest: Version,
    issued_in: [u8; VERSIONS],
    honoured: bool,
    reused: bool,
    /// The store: the tokens, and the key to a sealed answer.
    stored: Option<(Version, Option<u8>)>,
    /// The disk: the note, the sealed answer with the key that opens it, the list.
    note: Option<Version>,
    sealed: Option<(u8, Version)>,
    listed: bool,
    /// Which refresh token the server refused for good, as the list says.
    refused: Option<Version>,
    /// An answer was lost between the server and the disk, and nobody here can be blamed.
    excused: bool,
    /// A person has begun to sign out, and the item was erased.
    erased: bool,
    /// Something was handed out that neither store nor disk had.
    not_durable: bool,
    programs: [Program; PROGRAMS],
}

/// What happens at a step that can end in more than one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Well,
    /// It refuses, and nothing was done.
    Refused,
    /// It says that it failed, and has done it.
    DoneAllTheSame,
    /// The server has surely not looked at it.
    Untouched,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// The tokens of this age end.
    TimePasses,
    /// A program goes on by a step.
    Step(usize, How),
    SignOut(usize),
    Stop(usize),
}

impl Everything {
    fn opened(&self) -> Option<Version> {
        let (_, key) = self.stored?;
        self.sealed
            .filter(|(sealed, _)| Some(*sealed) == key)
            .map(|(_, version)| version)
    }

    fn is_durable(&self, version: Version) -> bool {
        self.stored.is_some_and(|(stored, _)| stored == version) || self.opened() == Some(version)
    }

    /// A key that nothing is sealed with.
    fn new_key(&self) -> u8 {
        let used = |key: &u8| {
            self.stored.is_some_and(|(_, stored)| stored == Some(*key))
                || self.sealed.is_some_and(|(sealed, _)| sealed == *key)
        };
        (0..).find(|key| !used(key)).unwrap_or(u8::MAX)
    }

    fn hand_out(&mut self, version: Version) {
        self.not_durable |= !self.is_durable(version);
    }

    /// The program is no longer at work: what it had in hand is gone, except what waits in its memory.
    fn let_go(&mut self, who: usize) {
        let waiting = self.programs[who].waiting;
        self.programs[who] = Program { waiting, ..FRESH };
    }

    fn stop(&mut self, who: usize) {
        let program = self.programs[who];
        // The answer has arrived, or lies in this memory alone.
        let in_memory = match program.at {
            At::Seal => true,
            At::Save => !program.on_disk,
            _ => false,
        };
        let waits = program
            .waiting
            .is_some_and(|w| !w.on_disk && w.version == self.newest);
        self.excused |= in_memory || waits;
        self.programs[who] = FRESH;
    }

    /// One after the other, the same programs are the same state.
    fn sorted(mut self) -> Self {
        self.programs.sort_unstable();
        self
    }
}

impl Custody {
    pub(super) fn new(flaw: Flaw) -> Self {
        Self { flaw }
    }

    /// The ways in which the next step of a program can end.
    fn ways(at: At) -> &'static [How] {
        use How::{DoneAllTheSame, Refused, Untouched, Well};
        match at {
            At::Load | At::Seal | At::OutRevoke => &[Well, Refused],
            At::StoreWaiting | At::Proof | At::Save | At::OutErase => {
                &[Well, Refused, DoneAllTheSame]
            }
            At::Ask => &[Well, Refused, DoneAllTheSame, Untouched],
            _ => &[Well],
        }
    }

    /// One step of one program.
    fn go_on(&self, all: &mut Everything, who: usize, how: How) {
        let me = all.programs[who];
        match me.at {
            At::Idle if self.flaw == Flaw::NoRereading => {
                all.programs[who].found = all.stored.map_or(0, |(version, _)| version);
                all.programs[who].at = At::WantsLock;
            }
            // What is read before the lock is read again under it, so waiting for the lock is no state of its own.
            At::Idle => {
                all.programs[who].holds = true;
                all.programs[who].at = At::Load;
            }
            At::WantsLock => {
                all.programs[who].holds = true;
                all.programs[who].at = At::Load;
            }
            At::Load => self.load(all, who, how),
            At::StoreWaiting => {
                let Some(waiting) = me.waiting else {
                    return all.let_go(who);
                };
                all.programs[who].found = waiting.version;
                if how != How::Refused {
                    all.stored = Some((waiting.version, None));
                }
                all.programs[who].at = match how {
                    How::Well => At::RemoveAnswer(Then::Decide),
                    _ => At::Decide,
                };
                if how == How::Well {
                    all.programs[who].waiting = None;
                } else if !waiting.on_disk && self.flaw != Flaw::HandedOutBeforeStored {
                    all.let_go(who);
                }
            }
            At::RemoveAnswer(then) => {
                all.sealed = None;
                all.programs[who].at = At::RemoveNote(then);
            }
            At::RemoveNote(then) => {
                all.note = None;
                match then {
                    Then::Decide => all.programs[who].at = At::Decide,
                    Then::Save => all.programs[who].at = At::Save,
                    Then::OutList => all.programs[who].at = At::OutList,
                    Then::HandOut => {
                        all.hand_out(me.answer);
                        all.let_go(who);
                    }
                }
            }
            At::Decide => {
                if !is_due(all.issued_in[usize::from(me.found)], all.age) {
                    all.hand_out(me.found);
                    all.let_go(who);
                } else if all.refused == Some(me.found) {
                    all.let_go(who);
                } else {
                    all.programs[who].at = At::Proof;
                }
            }
            At::Proof => {
                let key = all.new_key();
                all.programs[who].key = key;
                if self.flaw == Flaw::NoProof {
                    all.programs[who].at = At::Note;
                    return;
                }
                if how != How::Refused {
                    all.stored = Some((me.found, Some(key)));
                }
                match how {
                    How::Well => {
                        all.programs[who].waiting = None;
                        all.programs[who].at = At::Note;
                    }
                    _ => all.let_go(who),
                }
            }
            At::Note => {
                if self.flaw != Flaw::NoNote {
                    all.note = Some(me.found);
                }
                all.programs[who].at = At::Ask;
            }
            At::Ask => Self::ask(all, who, how),
            At::Seal => {
                if how == How::Well {
                    all.sealed = Some((me.key, me.answer));
                    all.programs[who].on_disk = true;
                }
                all.programs[who].at = match self.flaw {
                    Flaw::FilesRemovedFirst => At::RemoveAnswer(Then::Save),
                    _ => At::Save,
                };
            }
            At::Save => {
                if how != How::Refused {
                    all.stored = Some((me.answer, None));
                }
                if how == How::Well {
                    all.programs[who].waiting = None;
                    all.programs[who].at = At::RemoveAnswer(Then::HandOut);
                    return;
                }
                all.programs[who].waiting = Some(Waiting {
                    version: me.answer,
                    replaces: me.found,
                    on_disk: me.on_disk,
                });
                if me.on_disk || self.flaw == Flaw::HandedOutBeforeStored {
                    all.hand_out(me.answer);
                } else {
                    // Neither disk nor store took it, one after the other: another program cannot know of it.
                    all.excused = true;
                }
                all.let_go(who);
            }
            At::OutRevoke => {
                // Any token of the sign-in ends the whole of it.
                if how == How::Well {
                    all.honoured = false;
                }
                all.programs[who].at = At::OutErase;
            }
            At::OutErase => {
                if how != How::Refused && self.flaw != Flaw::SignOutKeepsItem {
                    all.stored = None;
                    all.erased = true;
                }
                match how {
                    How::Well => {
                        all.programs[who].waiting = None;
                        all.programs[who].at = At::RemoveAnswer(Then::OutList);
                    }
                    _ => all.let_go(who),
                }
            }
            At::OutList => {
                all.listed = false;
                all.let_go(who);
            }
        }
    }

    /// What `found` does: load, look at memory, look at what was left behind.
    fn load(&self, all: &mut Everything, who: usize, how: How) {
        if !all.listed {
            all.programs[who].waiting = None;
            return all.let_go(who);
        }
        if how == How::Refused {
            return all.let_go(who);
        }
        let me = all.programs[who];
        let stored = all.stored.map(|(version, _)| version);
        if let Some(mut waiting) = me.waiting {
            waiting.on_disk &= stored.is_some();
            all.programs[who].waiting = Some(waiting);
            if self.flaw == Flaw::MemoryAlwaysWins || waits(stored, all.note, waiting.replaces) {
                all.programs[who].at = At::StoreWaiting;
                return;
            }
            all.programs[who].waiting = None;
        }
        let Some(stored) = stored else {
            return all.let_go(who);
        };
        if self.flaw == Flaw::NoRereading {
            all.programs[who].at = At::Decide;
            return;
        }
        all.programs[who].found = stored;
        let seen = left_behind(stored, all.note, all.opened(), all.sealed.is_some());
        all.programs[who].cut_off = seen == Seen::CutOff;
        all.programs[who].at = match seen {
            Seen::Nothing | Seen::CutOff => At::Decide,
            Seen::Over => At::RemoveAnswer(Then::Decide),
            Seen::Answer => {
                all.programs[who].waiting = all.opened().map(|version| Waiting {
                    version,
                    replaces: stored,
                    on_disk: true,
                });
                At::StoreWaiting
            }
        };
    }

    /// The server is asked.
    fn ask(all: &mut Everything, who: usize, how: How) {
        let me = all.programs[who];
        match how {
            How::Untouched => {
                if !me.cut_off {
                    all.note = None;
                }
                all.let_go(who);
            }
            // It never arrived, and nobody here can know that.
            How::Refused => all.let_go(who),
            _ if me.found != all.newest || !all.honoured => {
                all.reused |= me.found != all.newest;
                all.honoured = false;
                all.refused = Some(me.found);
                all.let_go(who);
            }
            How::Well | How::DoneAllTheSame => {
                all.newest += 1;
                all.issued_in[usize::from(all.newest)] = all.age;
                all.programs[who].answer = all.newest;
                all.programs[who].at = At::Seal;
                if how == How::DoneAllTheSame {
                    // The answer is lost on its way.
                    all.excused = true;
                    all.let_go(who);
                }
            }
        }
    }

    /// How it ends for a fresh program, with everybody else stopped and nothing failing any more.
    fn afterwards(&self, all: &Everything) -> (Everything, Ending) {
        let mut all = all.clone();
        for who in 0..PROGRAMS {
            all.stop(who);
        }
        all.not_durable = false;
        let newest_before = all.newest;
        let mut cut_off = false;
        for _ in 0..40 {
            self.go_on(&mut all, 0, How::Well);
            cut_off |= all.programs[0].cut_off;
            if all.programs[0].at == At::Idle {
                break;
            }
        }
        let has_newest = all.stored.is_some_and(|(version, _)| version == all.newest);
        let fresh = all
            .stored
            .is_some_and(|(version, _)| !is_due(all.issued_in[usize::from(version)], all.age));
        let ending = match () {
            () if has_newest && fresh && all.newest >= newest_before => Ending::Token,
            () if cut_off => Ending::CutOff,
            () => Ending::Nothing,
        };
        (all, ending)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Ending {
    Token,
    CutOff,
    Nothing,
}

impl Model for Custody {
    type State = Everything;
    type Action = Act;

    fn init_states(&self) -> Vec<Everything> {
        vec![Everything {
            age: 1,
            stops: 0,
            newest: 0,
            issued_in: [0; VERSIONS],
            honoured: true,
            reused: false,
            stored: Some((0, None)),
            note: None,
            sealed: None,
            listed: true,
            refused: None,
            excused: false,
            erased: false,
            not_durable: false,
            programs: [FRESH; PROGRAMS],
        }]
    }

    fn actions(&self, all: &Everything, actions: &mut Vec<Act>) {
        if all.age < AGES {
            actions.push(Act::TimePasses);
        }
        let locked = all.programs.iter().any(|program| program.holds);
        for (who, program) in all.programs.iter().enumerate() {
            let takes_lock = match program.at {
                At::Idle => self.flaw != Flaw::NoRereading,
                at => at == At::WantsLock,
            };
            let is_free = !locked || self.flaw == Flaw::NoLock;
            if is_free || !takes_lock {
                let ways = Self::ways(program.at).iter();
                actions.extend(ways.map(|how| Act::Step(who, *how)));
            }
            if program.at == At::Idle && all.listed && is_free {
                actions.push(Act::SignOut(who));
            }
            if *program != FRESH && all.stops < STOPS {
                actions.push(Act::Stop(who));
            }
        }
    }

    fn next_state(&self, before: &Everything, act: Act) -> Option<Everything> {
        let mut all = before.clone();
        match act {
            Act::TimePasses => all.age += 1,
            Act::SignOut(who) => {
                all.programs[who].holds = true;
                all.programs[who].at = At::OutRevoke;
            }
            Act::Stop(who) => {
                all.stops += 1;
                all.stop(who);
            }
            Act::Step(who, how) => self.go_on(&mut all, who, how),
        }
        let all = all.sorted();
        (all != *before).then_some(all)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("one at a time", |_, all: &Everything| {
                let asks = |p: &&Program| matches!(p.at, At::Ask | At::Seal | At::Save);
                all.programs.iter().filter(asks).count() <= 1
            }),
            Property::always("no token is spent twice", |_, all: &Everything| {
                !all.reused || all.excused
            }),
            Property::always("nothing is lost", |model: &Self, all: &Everything| {
                // Whoever stops everything now may lose an answer that was on its way; that is another state.
                let mut stopped = all.clone();
                (0..PROGRAMS).for_each(|who| stopped.stop(who));
                stopped.excused
                    || !all.honoured
                    || all.erased
                    || model.afterwards(all).1 == Ending::Token
            }),
            Property::always(
                "what is lost is said to be cut off",
                |model: &Self, all: &Everything| {
                    let mut stopped = all.clone();
                    (0..PROGRAMS).for_each(|who| stopped.stop(who));
                    !stopped.excused
                        || !all.honoured
                        || all.erased
                        || model.afterwards(all).1 != Ending::Nothing
                },
            ),
            Property::always("signed out stays signed out", |_, all: &Everything| {
                all.listed || (all.stored.is_none() && all.opened().is_none())
            }),
            Property::always("durable before used", |_, all: &Everything| {
                !all.not_durable
            }),
            Property::sometimes("a token is renewed in each age", |_, all: &Everything| {
                all.newest == AGES
            }),
            Property::sometimes("an answer waits for the store", |_, all: &Everything| {
                all.programs.iter().any(|program| program.waiting.is_some())
            }),
            Property::sometimes("an account is signed out of", |_, all: &Everything| {
                !all.listed
            }),
        ]
    }
}
