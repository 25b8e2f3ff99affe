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
  verify: "Check the key with one free request",
  verifyHint: "Without the check it is stored as “Not checked”.",
  submit: "Store key",
  checking: "Checking the key…",
  storing: "Storing the key…",
};
