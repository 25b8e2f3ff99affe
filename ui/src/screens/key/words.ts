import { storeInSentence } from "../../lib/words";

export const words = {
  title: "Paste an API key",
  back: "Ways to sign in",
  about: (storage: string) =>
    `The key goes to ${storeInSentence(storage)} at once. This window does not keep it, and it is billed as API usage.`,
  keysPage: "Open the keys page",
  key: "API key",
  keyHint: "It begins with sk-ant-.",
  label: "Name",
  labelHint: "How you will recognize it. Left empty, Keyfob names it.",
  more: "More",
  workspace: "Workspace id",
  workspaceHint: "Only for keys that belong to a person in several workspaces. It begins with wrkspc_.",
  expires: "Expires on",
  expiresHint: "The last day it works, such as 2026-12-01. A key cannot see its own end, so you are reminded of your note.",
  verify: "Check the key with one free request",
  verifyHint: "Without the check it is stored as “Not checked”.",
  submit: "Store key",
  checking: "Checking the key…",
  storing: "Storing the key…",
};

export const replaceWords = {
  title: (label: string) => `Replace the key of ${label}`,
  about: (storage: string, verify: boolean) => {
    const place = `the old one’s place in ${storeInSentence(storage)}; the account keeps its name.`;
    return verify
      ? `The new key is checked first. Only one that works takes ${place}`
      : `The new key is stored without asking the server. It takes ${place}`;
  },
  key: "New API key",
  confirm: "Replace key",
  checking: "Checking the key…",
  storing: "Storing the key…",
  cancel: "Cancel",
};

export const editWords = {
  title: (label: string) => `Workspace and expiry of ${label}`,
  save: "Save",
  saving: "Saving…",
  cancel: "Cancel",
};
