import type { StorageChoice } from "../../../lib/bindings/StorageChoice";

export type Kind = StorageChoice["kind"];

/** The shortest passphrase that may be chosen. */
export const SHORTEST = 8;

export const words = {
  title: "Where secrets lie",
  inUse: "In use:",
  openedBy: "Opened by",
  never:
    "No token or key is ever written to a plain file, and this window holds none longer than it takes to hand it on: what you paste leaves the field at once.",
  choose: "Where they should lie",
  choices: {
    keychain: { words: "System keychain", hint: "One item for each account. Your system’s own lock and password protect them." },
    key_file: {
      words: "Encrypted files, opened by a key file",
      hint: "Whoever has the key file and the files has the secrets.",
    },
    passphrase: {
      words: "Encrypted files, opened by a passphrase",
      hint: "It is asked for once each time Keyfob starts. If it is forgotten, the secrets are lost and you sign in again.",
    },
    credential: {
      words: "Encrypted files, opened by a key from a service manager",
      hint: "Chosen where Keyfob runs as a service.",
    },
  } satisfies Record<Kind, { words: string; hint: string }>,
  path: "Key file",
  pathHint: "Its whole path. It is made where there is none yet; a folder that is not backed up with the files is best.",
  passphrase: "New passphrase",
  passphraseHint: `At least ${SHORTEST} characters.`,
  repeat: "The same once more",
  short: `The passphrase needs at least ${SHORTEST} characters.`,
  differ: "The two passphrases differ.",
  relative: "The key file needs its whole path, from the root of the disk.",
  move: "Move secrets…",
  confirm: {
    title: "Move secrets",
    to: (name: string) => `To: ${name}`,
    cancel: "Cancel",
    moving: "Moving and reading back…",
  },
  leftovers: (name: string) =>
    `Old copies of secrets could not be erased yet. They still lie here: ${name}. They are erased at the next move, or now, where that store can be opened.`,
  erase: "Erase old copies",
  erasing: "Erasing…",
  erased: "The old copies are erased.",
};

const secrets = (count: number) => (count === 1 ? "1 secret" : `${count} secrets`);

/** What a move will do. */
export function whatHappens(count: number): string {
  if (count === 0) return "There are no secrets to move yet. New ones will lie there.";
  const each = count === 1 ? "It is" : "Each is";
  return `Moves ${secrets(count)}. ${each} read back before the old copy is erased.`;
}

/** The verb that does it. */
export const moveWords = (count: number) => (count === 0 ? "Choose this store" : `Move ${secrets(count)}`);

/** What a move did. */
export function movedWords(count: number): string {
  if (count === 0) return "New secrets will lie there.";
  return `${secrets(count)} ${count === 1 ? "was" : "were"} moved.`;
}

/** What is wrong with a new passphrase. */
export function passphraseProblem(passphrase: string, repeated: string): string | null {
  // Characters as people count them, not as the page stores them.
  if ([...passphrase].length < SHORTEST) return words.short;
  return passphrase === repeated ? null : words.differ;
}

/** What is wrong with the path of a key file. Windows writes its disks with letters. */
export const pathProblem = (path: string): string | null => (/^(\/|\\\\|[a-z]:[\\/])/i.test(path) ? null : words.relative);
