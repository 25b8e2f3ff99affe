import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

// Text needs 4.5:1 and shapes need 3:1 against what they stand on (WCAG 2.2, 1.4.3 and 1.4.11).
const TEXT = 4.5;
const SHAPE = 3;

const grounds = ["surface", "rail", "raised", "hover"];
const pairs: [string, string, number][] = [
  ...grounds.flatMap((ground): [string, string, number][] => [
    ["text", ground, TEXT],
    ["text-quiet", ground, TEXT],
    ["accent", ground, TEXT],
    ["fine", ground, SHAPE],
  ]),
  ["text", "pressed", TEXT],
  ["text-quiet", "pressed", TEXT],
  ["text", "accent-tint", TEXT],
  ["text-quiet", "accent-tint", TEXT],
  ["accent", "accent-tint", SHAPE],
  ["fine", "surface", TEXT],
  ["soon", "surface", TEXT],
  ["act", "surface", TEXT],
  ["soon", "accent-tint", TEXT],
  ["act", "accent-tint", TEXT],
  ["act", "raised", SHAPE],
  ["act", "rail", SHAPE],
  ["on-accent", "accent", TEXT],
  ["on-accent", "accent-strong", TEXT],
  ["on-act", "act", TEXT],
  ["line-field", "surface", SHAPE],
  ["line-field", "raised", SHAPE],
  ["surface", "text", TEXT],
];

const css = readFileSync("src/styles/tokens.css", "utf8");

describe.each(["light", "dark"] as const)("%s", (theme) => {
  test.each(pairs)("%s on %s reaches %f", (fore, ground, least) => {
    expect(contrast(luminance(fore, theme), luminance(ground, theme))).toBeGreaterThanOrEqual(least);
  });
});

test("what stands in an empty field has a colour that was measured", () => {
  const base = readFileSync("src/styles/base.css", "utf8");
  expect(/::placeholder \{([^}]*)\}/.exec(base)?.[1]).toMatch(/color: var\(--text-quiet\);\s+opacity: 1;/);
});

test("the chosen one of several has an edge that was measured", () => {
  const picker = readFileSync("src/parts/Picker.svelte", "utf8");
  expect(/\[data-state="checked"\]\) \{([^}]*)\}/.exec(picker)?.[1]).toContain("border-color: var(--line-field);");
});

function contrast(a: number, b: number): number {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance(token: string, theme: "light" | "dark"): number {
  const value = new RegExp(`--${token}: light-dark\\(oklch\\(([^)]+)\\), oklch\\(([^)]+)\\)\\)`).exec(css);
  const [l, c, h] = (value?.[theme === "light" ? 1 : 2] ?? "").split(" ").map(Number);
  if (l === undefined || c === undefined || h === undefined) throw new Error(`no token --${token}`);
  const [red, green, blue] = linearSrgb(l, c, h).map((part) => Math.min(1, Math.max(0, part)));
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

// Björn Ottosson's matrices, as CSS Color 4 gives them.
function linearSrgb(lightness: number, chroma: number, hue: number): [number, number, number] {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}
