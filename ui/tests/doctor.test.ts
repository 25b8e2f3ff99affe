import { screen, waitFor, within } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import { findings, findingsFine, findingsHere } from "../src/lib/preview-events";
import { scenes } from "../src/lib/preview-scenes";
import { summary } from "../src/screens/doctor/words";
import { later, openWindow, press, see, seen, user } from "./window";

const now = Date.now();

async function openDoctor() {
  const program = await openWindow(scenes.doctor!(now));
  await press("nav-doctor");
  return program;
}

test("each finding has a shape, a word and its cure", async () => {
  await openDoctor();
  await waitFor(() => expect(seen("doctor-asking")).toBeNull());
  const found = screen.getAllByTestId("finding");
  expect(found.map(({ dataset }) => dataset.meaning)).toEqual(findings.map(({ meaning }) => meaning));
  expect(screen.getAllByRole("heading", { level: 2 }).map((h) => h.textContent)).toEqual([
    "Keyfob",
    "This computer",
    "Network",
    "Tools",
  ]);
  const broken = found[3]!;
  expect(broken.querySelector("svg")!.dataset.shape).toBe("stop");
  expect(broken.querySelector("strong")!.textContent).toBe("Settings, wrong");
  expect(broken.textContent).toContain("config.toml has a mistake on line 12");
  expect(within(broken).getByTestId("finding-cure").textContent).toBe("Correct the line; the file is kept as it is.");
  expect(within(broken).getByTestId("error-details").textContent).toContain("config.toml:12:9");
  expect((await see("doctor-summary")).textContent).toContain("One thing needs you.");
});

test("the summary names the worst", () => {
  const [fine, soon] = findings;
  expect(summary(findingsFine).words).toBe("All is in order.");
  expect(summary([fine!]).words).toBe("All is in order.");
  expect(summary([fine!], true).words).toBe("So far all is in order.");
  expect(summary([fine!, soon!, soon!]).words).toBe("2 things are worth a look.");
  expect(summary(findings)).toMatchObject({ meaning: "act" });
});

test("what lies here is shown before the servers have answered", async () => {
  const program = await openWindow(scenes.doctor!(now));
  const servers = later<typeof findings>();
  program.answer("doctor", ({ network }) => (network ? servers.promise : findingsHere));
  await press("nav-doctor");
  expect((await see("doctor-asking")).textContent).toBe("Asking the servers…");
  expect(screen.getAllByTestId("finding")).toHaveLength(findingsHere.length);
  servers.give(findings);
  await waitFor(() => expect(screen.getAllByTestId("finding")).toHaveLength(findings.length));
  expect(seen("doctor-asking")).toBeNull();
});

test("as long as servers are asked, all is in order only so far", async () => {
  const program = await openWindow(scenes.doctor!(now));
  const [here, servers] = [later<typeof findings>(), later<typeof findings>()];
  program.answer("doctor", ({ network }) => (network ? servers.promise : here.promise));
  await press("nav-doctor");
  await see("look-again");
  expect(seen("copy-report")).toBeNull();
  here.give([findingsHere[0]!]);
  expect((await see("doctor-summary")).textContent).toBe("So far all is in order.");
  await see("copy-report");
  servers.give(findingsFine);
  await waitFor(async () => expect((await see("doctor-summary")).textContent).toBe("All is in order."));
});

test("it looks again at a word, and says so meanwhile", async () => {
  const program = await openDoctor();
  await waitFor(() => expect(screen.getAllByTestId("finding")).toHaveLength(findings.length));
  const answer = later<typeof findings>();
  program.answer("doctor", () => answer.promise);
  await press("look-again");
  await waitFor(async () => expect((await see("look-again")).textContent?.trim()).toBe("Looking…"));
  await press("look-again");
  expect(program.asked.filter(({ command }) => command === "doctor")).toHaveLength(4);
  answer.give([findings[0]!]);
  await waitFor(() => expect(screen.getAllByTestId("finding")).toHaveLength(1));
  expect((await see("look-again")).textContent?.trim()).toBe("Look again");
});

test("the report is plain text", async () => {
  await openDoctor();
  await waitFor(() => expect(screen.getAllByTestId("finding")).toHaveLength(findings.length));
  const writeText = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
  await user.click(await see("copy-report"));
  const report = writeText.mock.calls[0]![0];
  expect(report).toMatch(/^Keyfob 0\.1\.0\n\nKeyfob\n\[fine\] Secrets: They lie here: System keychain\. It answers\.\n\[look\] Secrets: /);
  expect(report).toContain("[wrong] Settings: config.toml has a mistake");
  expect(report).toContain("\n    Correct the line; the file is kept as it is.\n    config.toml:12:9");
  await waitFor(async () => expect((await see("copy-report")).textContent?.trim()).toBe("Copied"));
});

test("a look that fails says so", async () => {
  const program = await openWindow(scenes.doctor!(now));
  program.answer("doctor", () => {
    throw new Error("no answer");
  });
  await press("nav-doctor");
  expect((await see("doctor-error")).textContent).toContain("did not answer");
});
