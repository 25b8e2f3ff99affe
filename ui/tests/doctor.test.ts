import { screen, waitFor, within } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import { findings } from "../src/lib/preview-events";
import { scenes } from "../src/lib/preview-scenes";
import { summary } from "../src/screens/doctor/words";
import { later, openWindow, press, see, user } from "./window";

const now = Date.now();

async function openDoctor() {
  const program = await openWindow(scenes.doctor!(now));
  await press("nav-doctor");
  return program;
}

test("each finding has a shape, a word and its cure", async () => {
  await openDoctor();
  const found = await screen.findAllByTestId("finding");
  expect(found.map(({ dataset }) => dataset.meaning)).toEqual(["fine", "soon", "fine", "act", "fine", "fine"]);
  const broken = found[3]!;
  expect(broken.querySelector("svg")!.dataset.shape).toBe("stop");
  expect(broken.textContent).toContain("config.toml has a mistake on line 12");
  expect(within(broken).getByTestId("finding-cure").textContent).toBe("Correct the line; the file is kept as it is.");
  expect(within(broken).getByTestId("error-details").textContent).toContain("config.toml:12:9");
  expect((await see("doctor-summary")).textContent).toContain("One thing needs you.");
});

test("the summary names the worst", () => {
  const [fine, soon] = findings;
  expect(summary([fine!]).words).toBe("All is in order.");
  expect(summary([fine!, soon!, soon!]).words).toBe("2 things are worth a look.");
  expect(summary(findings)).toMatchObject({ meaning: "act" });
});

test("it looks again at a word, and says so meanwhile", async () => {
  const program = await openDoctor();
  await screen.findAllByTestId("finding");
  const answer = later<typeof findings>();
  program.answer("doctor", () => answer.promise);
  await press("look-again");
  await waitFor(async () => expect((await see("look-again")).textContent?.trim()).toBe("Looking…"));
  await press("look-again");
  expect(program.asked.filter(({ command }) => command === "doctor")).toHaveLength(2);
  answer.give([findings[0]!]);
  await waitFor(() => expect(screen.getAllByTestId("finding")).toHaveLength(1));
  expect((await see("look-again")).textContent?.trim()).toBe("Look again");
});

test("the report is plain text", async () => {
  await openDoctor();
  await screen.findAllByTestId("finding");
  const writeText = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
  await user.click(await see("copy-report"));
  const report = writeText.mock.calls[0]![0];
  expect(report).toMatch(/^Keyfob 0\.1\.0\n\[fine\] Secrets: They lie here: System keychain\. It answers\.\n\[look\] Secrets: /);
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
