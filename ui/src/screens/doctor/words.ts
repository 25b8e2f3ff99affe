import type { Finding } from "../../lib/bindings/Finding";
import type { Meaning } from "../../lib/bindings/Meaning";
import type { ShapeKind } from "../../parts/Shape.svelte";

export const shapeOf: Record<Meaning, ShapeKind> = { fine: "check", soon: "warning", act: "stop" };

/** All findings in one sentence. */
export function summary(findings: Finding[]): { meaning: Meaning; words: string } {
  const act = findings.filter(({ meaning }) => meaning === "act").length;
  const soon = findings.filter(({ meaning }) => meaning === "soon").length;
  if (act > 0) return { meaning: "act", words: act === 1 ? "One thing needs you." : `${act} things need you.` };
  if (soon > 0) return { meaning: "soon", words: soon === 1 ? "One thing is worth a look." : `${soon} things are worth a look.` };
  return { meaning: "fine", words: "All is in order." };
}

const said: Record<Meaning, string> = { fine: "fine", soon: "look", act: "wrong" };

/** The findings as plain text, for a report in public. Nothing in them is secret. */
export function report(version: string, findings: Finding[]): string {
  const lines = findings.flatMap(({ topic, meaning, words, cure, detail }) => [
    `[${said[meaning]}] ${topic}: ${words}`,
    ...[cure, detail].flatMap((more) => (more ? [`    ${more}`] : [])),
  ]);
  return [`Keyfob ${version}`, ...lines].join("\n") + "\n";
}

export const words = {
  title: "Doctor",
  list: "What was looked at",
  looking: "Looking…",
  again: "Look again",
  copy: "Copy for a report",
  copied: "Copied",
  notCopied: "It could not be copied",
};
