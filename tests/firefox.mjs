// Drives Firefox for firefox.py: one command a line in, one answer a line out, both JSON.
//   node firefox.mjs PROGRAM PATH/TO/puppeteer-core
// Commands: {"prepare": script}, {"open": address}, {"click": selector}, {"evaluate": expression}, {"picture": file}; answers: {"value": any} or {"error": sentence}.
import {createInterface} from 'node:readline';
import {pathToFileURL} from 'node:url';

const [program, library] = process.argv.slice(2);
const {default: puppeteer} = await import(pathToFileURL(library));
const browser = await puppeteer.launch({
  browser: 'firefox',
  executablePath: program,
  protocol: 'webDriverBiDi',
  headless: true,
  extraPrefsFirefox: {
    'media.navigator.permission.disabled': true,
    'media.navigator.streams.fake': true,
    'media.autoplay.default': 0,
    'media.peerconnection.ice.obfuscate_host_addresses': false,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
  },
});
const page = await browser.newPage();

const acts = {
  prepare: async (script) => { await page.evaluateOnNewDocument(script); },
  open: async (address) => { await page.goto(address); },
  click: async (selector) => { await page.click(selector); },
  evaluate: (expression) => page.evaluate(expression),
  picture: async (path) => { await page.screenshot({path}); },
};

const answer = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
answer({value: await browser.version()});
for await (const line of createInterface({input: process.stdin})) {
  const [[name, argument]] = Object.entries(JSON.parse(line));
  try {
    answer({value: await acts[name](argument) ?? null});
  } catch (error) {
    answer({error: String(error)});
  }
}
await browser.close();
