// What the system starts to open a web address: Chromium without a window, and a person who does at the page what
// the test wrote into visit.json. An account of the visit is left beside it.
//
//   node browser-handler.mjs FOLDER URL

import { accessSync, constants, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

// As patient as the tests, for each step.
const LIMIT = 120_000;

const [folder, opened] = process.argv.slice(2);
const visit = JSON.parse(readFileSync(join(folder, 'visit.json'), 'utf8'));

const browser = await chromium.launch({
  executablePath: installedBrowser(),
  timeout: LIMIT,
  args: [
    '--no-sandbox', // Chromium refuses to run as root with it, and tests may run as root.
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});

let account;
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(LIMIT);
  account = await attend(page);
} finally {
  await browser.close();
}
leave(account);

async function attend(page) {
  const seen = { opened, status: null, code: null, error: null };
  page.on('response', (response) => {
    if (response.request().isNavigationRequest() && response.frame() === page.mainFrame()) {
      seen.status = response.status();
    }
  });
  try {
    await page.goto(opened);
    await act(page, seen);
    await page.waitForLoadState();
  } catch (error) {
    seen.error = String(error.message);
  }
  seen.url = page.url();
  seen.title = await page.title();
  seen.text = await page.locator('body').innerText();
  seen.screenshot = join(folder, `${stamp()}.png`);
  await page.screenshot({ path: seen.screenshot });
  return seen;
}

async function act(page, seen) {
  switch (visit.do) {
    case 'look':
      return;
    case 'agree':
      return leaveBy(page, '#agree');
    case 'decline':
      return leaveBy(page, '#decline');
    case 'read_code':
      await page.click('#agree');
      seen.code = await page.locator('#code').innerText();
      return;
    case 'log_in':
      await page.fill('input[name=login]', visit.name);
      await page.fill('input[name=password]', visit.password);
      await page.click('button[type=submit]');
      // The page for consent has the same button, but no field for a name.
      await page.locator('input[name=login]').waitFor({ state: 'detached' });
      return leaveBy(page, 'button[type=submit]');
    case 'type_code':
      await page.fill('input[name=user_code]', visit.code);
      await page.click('button[type=submit]');
      // The page that asks whether it is the right device has a second button, to stop.
      await page.locator('input[name=user_code]:not([type=hidden])').waitFor({ state: 'detached' });
      await page.click('button[type=submit]:not([name=abort])');
      await page.fill('input[name=login]', visit.name);
      await page.fill('input[name=password]', visit.password);
      await page.click('button[type=submit]');
      await page.locator('input[name=login]').waitFor({ state: 'detached' });
      await page.click('button[type=submit]');
      await page.locator('button').waitFor({ state: 'detached' });
      return;
    case 'agree_on_device':
      await page.click('#agree');
      await page.locator('#done').waitFor();
      return;
    default:
      throw new Error(`visit.json asks for ${visit.do}, which nobody here can do`);
  }
}

// Clicks, and waits until the browser has gone on to another origin and that page is there.
async function leaveBy(page, button) {
  const before = new URL(page.url()).origin;
  await Promise.all([page.waitForURL((url) => url.origin !== before, { timeout: LIMIT }), page.click(button)]);
}

function installedBrowser() {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const places = process.env.PATH.split(delimiter);
  const found = names.flatMap((name) => places.map((place) => join(place, name))).find(isProgram);
  if (!found) {
    throw new Error('Chromium is not installed. `cargo xtask setup` does it.');
  }
  return found;
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// Whole or not at all: the test reads as soon as the file is there.
function leave(account) {
  const path = join(folder, `${stamp()}.visited.json`);
  writeFileSync(`${path}.part`, JSON.stringify(account));
  renameSync(`${path}.part`, path);
}

// Sorts in the order of time, and two visits at once do not meet.
function stamp() {
  return `${Date.now()}-${process.pid}`;
}
