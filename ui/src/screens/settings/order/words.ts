// What Settings say of the person's order of accounts.

export const words = {
  title: "Order and fallback",
  about: "Tools that name no account get the first one. Accounts are moved up and down in their own list; these are the usual orders.",
  unset: "No order is set: only the default is given without a name.",
  list: "The order",
  more: (count: number) => `and ${count} more`,
  sessionNote: "gives nothing to tools",
  stored: "Sign-ins first",
  storedHint: "Then tokens of the environment, then API keys.",
  environment: "Environment first",
  environmentHint: "Then sign-ins that Keyfob holds, then API keys.",
  forget: "Forget the order",
  done: {
    stored_first: "Sign-ins come first now, then tokens of the environment, then API keys.",
    environment_first: "The environment comes first now, then sign-ins, then API keys.",
    forgotten: "The order is forgotten. Only the default is given without a name.",
  },
  fallback: "Where the first one fails, give the next",
  fallbackHint: "Each time it is recorded under Activity and said where it happens, with who pays then. Without this, a tool gets an error.",
  first: "given without a name",
};
