import type { Finding } from "../../lib/bindings/Finding";
import type { Group } from "../../lib/bindings/Group";
import type { Meaning } from "../../lib/bindings/Meaning";

/** All findings in one sentence; `soFar` while servers have not answered yet. */
export function summary(findings: Finding[], soFar = false): { meaning: Meaning; words: string } {
  const act = findings.filter(({ meaning }) => meaning === "act").length;
  const soon = findings.filter(({ meaning }) => meaning === "soon").length;
  if (act > 0) return { meaning: "act", words: act === 1 ? "One thing needs you." : `${act} things need you.` };
  if (soon > 0) return { meaning: "soon", words: soon === 1 ? "One thing is worth a look." : `${soon} things are worth a look.` };
  return { meaning: "fine", words: soFar ? "So far all is in order." : "All is in order." };
}

/** What a shape means, for whoever does not see it. */
export const said: Record<Meaning, string> = { fine: "fine", soon: "look", act: "wrong" };

const groupWords: Record<Group, string> = {
  keyfob: "Keyfob",
  computer: "This computer",
  network: "Network",
  tools: "Tools",
};

/** The findings as they stand together. The network has its place even before anything is known of it. */
export function grouped(findings: Finding[]): { group: Group; words: string; findings: Finding[] }[] {
  return (["keyfob", "computer", "network", "tools"] as const)
    .map((group) => ({ group, words: groupWords[group], findings: findings.filter((f) => f.group === group) }))
    .filter(({ group, findings }) => group === "network" || findings.length > 0);
}

/** The findings as plain text, for a report in public. Nothing in them is secret. */
export function report(version: string, findings: Finding[]): string {
  const lines = grouped(findings).flatMap(({ words, findings }) => [
    "",
    words,
    ...findings.flatMap(({ topic, meaning, words, cure, detail }) => [
      `[${said[meaning]}] ${topic}: ${words}`,
      ...[cure, detail].flatMap((more) => (more ? [`    ${more}`] : [])),
    ]),
  ]);
  return [`Keyfob ${version}`, ...lines].join("\n") + "\n";
}

export const words = {
  title: "Doctor",
  asking: "Asking the servers…",
  looking: "Looking…",
  again: "Look again",
  copy: "Copy for a report",
  copied: "Copied",
  notCopied: "It could not be copied",
};
