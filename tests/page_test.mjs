// The page at "/" as a browser shows it: Debian's Chromium, the programs as they are shipped.
// EXPORTER and MOCK name the two; TOOLS is where scripts/setup has put playwright-core.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

const TOOLS = process.env.TOOLS || path.join(os.homedir(), '.cache/ecs-task-metadata-exporter');
const CHROMIUM = '/usr/bin/chromium';
const TESTDATA = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), 'testdata');
const DEADLINE = 30e3; // for anything that is awaited: long, as only a failure waits so long

function skip(why) {
  console.log(`page test skipped: ${why}; \`make setup\` installs what it can`);
  process.exit(77);
}

function playwright() {
  try {
    return createRequire(path.join(TOOLS, 'page/package.json'))('playwright-core');
  } catch (e) {
    if (e.code !== 'MODULE_NOT_FOUND') throw e;
    return skip(`playwright-core is not in ${TOOLS}/page`);
  }
}

if (!fs.existsSync(CHROMIUM)) skip(`${CHROMIUM} is not there`);
const { chromium } = playwright();

// ---- Programs ----

async function eventually(what, condition) {
  const end = Date.now() + DEADLINE;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${DEADLINE / 1e3} s in vain until ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

const running = new Set();

// A program that listens: {port, stop()}.
async function start(variable, ...options) {
  const child = spawn(process.env[variable], options, { env: { PATH: process.env.PATH }, stdio: ['ignore', 'ignore', 'pipe'] });
  running.add(child);
  let log = '';
  child.stderr.on('data', data => { log += data; });
  const port = await eventually(`${variable} listens`, () => {
    if (child.exitCode !== null) throw new Error(`${variable} ended: ${log}`);
    return /"listening","address":"[^"]*:(\d+)"/.exec(log)?.[1];
  });
  const ended = new Promise(resolve => child.on('exit', resolve));
  return {
    port,
    stop() {
      running.delete(child);
      child.kill('SIGKILL');
      return ended;
    },
  };
}

const startMock = (...options) => start('MOCK', '--listen', '127.0.0.1:0', ...options);
const startExporter = (port, ...options) => start('EXPORTER', '--web.listen-address=127.0.0.1:0',
  `--ecs.metadata-uri=http://127.0.0.1:${port}`, '--ecs.min-interval=0s', ...options);

// Both, of the mock's own task; they end with the test.
async function startBoth(t, ...options) {
  const mock = await startMock();
  t.after(() => mock.stop());
  const exporter = await startExporter(mock.port, ...options);
  t.after(() => exporter.stop());
  return { mock, exporter, url: `http://127.0.0.1:${exporter.port}/` };
}

const scraped = (name, ...options) => execFileSync(process.env.EXPORTER, ['scrape', ...options,
  `--task=${TESTDATA}/${name}/task.json`, `--stats=${TESTDATA}/${name}/stats.json`],
{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], env: {} });

// ---- The browser ----

let browser, profile, still;

before(async () => {
  profile = fs.mkdtempSync(path.join(os.tmpdir(), 'page-test-'));
  browser = await chromium.launch({
    executablePath: CHROMIUM, headless: true, env: { ...process.env, HOME: profile },
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
  // Serves the page where a test answers for the metrics itself.
  still = await startExporter(1);
});

after(async () => {
  await browser?.close();
  for (const child of running) child.kill('SIGKILL');
  fs.rmSync(profile, { recursive: true, force: true });
});

// The page with a clock that stands still. `problems`: what the console and the policy complain of;
// `asked`: how often it asked for metrics. `metrics`, if given, answers instead of the exporter.
async function open(t, url, { metrics, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  const seen = { page, problems: [], requests: [], asked: 0 };
  page.on('console', m => { if (['error', 'warning'].includes(m.type())) seen.problems.push(m.text()); });
  page.on('pageerror', e => seen.problems.push(e.stack));
  page.on('request', r => seen.requests.push(r.url()));
  const asked = r => { if (new URL(r.url()).pathname !== '/') ++seen.asked; };
  page.on('requestfinished', asked);
  page.on('requestfailed', asked);
  await page.addInitScript(() => addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective)));
  const now = Date.now();
  await page.clock.install({ time: now });
  await page.clock.pauseAt(now + 60000); // later than even a slow machine takes to come here
  if (metrics) await page.route('**/metrics', route => route.fulfill({ contentType: 'text/plain; version=0.0.4', body: metrics() }));
  await page.goto(url);
  await eventually('the first sample', () => seen.asked);
  seen.sample = async () => {
    const before = seen.asked;
    await page.clock.runFor(5000);
    await eventually('the next sample', () => seen.asked > before);
  };
  seen.text = selector => page.innerText(selector ?? 'body');
  seen.shows = async (wanted, selector) => {
    let text;
    await eventually(`the page shows ${wanted}`, async () => {
      text = (await seen.text(selector)).replaceAll('\u202f', ' ').replace(/\s+/g, ' ');
      return wanted instanceof RegExp ? wanted.test(text) : text.includes(wanted);
    }).catch(e => { throw new Error(`${e.message}, but: ${text}`); });
  };
  seen.live = () => seen.shows('Live', '#live');
  return seen;
}

const served = (t, metrics, options) => open(t, `http://127.0.0.1:${still.port}/`, { metrics, ...options });

const container = (page, name) => page.locator('#containers article').filter({ has: page.getByRole('heading', { name, exact: true }) });

// Everything that could show a value that is none.
const odd = page => page.evaluate(() => {
  const texts = [document.title, document.body.innerText];
  for (const e of document.querySelectorAll('body *')) for (const a of e.attributes) texts.push(a.value);
  return texts.filter(s => /\bNaN\b|undefined|\bnull\b|Infinity|\[object/.test(s));
});

const request = (port, method, target) => new Promise((resolve, reject) => {
  http.request({ port, host: '127.0.0.1', method, path: target, agent: false }, reply => {
    let body = '';
    reply.setEncoding('utf8').on('data', data => { body += data; }).on('end', () => resolve({ ...reply, status: reply.statusCode, headers: reply.headers, body }));
  }).on('error', reject).end();
});

// ---- What is served ----

test('the document is small, and its headers let nothing in', async () => {
  const { status, headers, body } = await request(still.port, 'GET', '/');
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'text/html; charset=utf-8');
  assert.match(headers['content-security-policy'],
    /^default-src 'none'; connect-src 'self'; style-src 'sha256-[^']{44}'; script-src 'sha256-[^']{44}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/);
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['referrer-policy'], 'no-referrer');
  assert.equal(headers['cache-control'], 'no-cache');
  assert.ok(Buffer.byteLength(body) <= 24000, `${Buffer.byteLength(body)} bytes`);
  assert.equal(Number(headers['content-length']), Buffer.byteLength(body));
  assert.doesNotMatch(body, /innerHTML|outerHTML|insertAdjacent|document\.write|\son\w+=|https?:(?!\/\/www\.w3\.org\/2000\/svg)/);
});

test('HEAD has the headers alone, and other paths are not the page', async () => {
  const [head, get] = [await request(still.port, 'HEAD', '/'), await request(still.port, 'GET', '/')];
  assert.equal(head.body, '');
  assert.deepEqual({ ...head.headers, date: '' }, { ...get.headers, date: '' });
  for (const target of ['/index.html', '//', '/x']) assert.equal((await request(still.port, 'GET', target)).status, 404, target);
  assert.equal((await request(still.port, 'POST', '/')).status, 405);
});

test('the path of the metrics is the one that was chosen, whatever it holds', async t => {
  for (const telemetry of ['/m/x', '/a"><b>&amp;c', '//example.com/m', '/x:y']) {
    await t.test(telemetry, async t => {
      const { exporter, url } = await startBoth(t, `--web.telemetry-path=${telemetry}`);
      const { page, problems, requests } = await open(t, url);
      const href = await page.evaluate(() => document.getElementById('metrics').href);
      assert.equal(decodeURI(href), `http://127.0.0.1:${exporter.port}${telemetry}`);
      assert.equal(new Set(requests.map(r => new URL(r).host)).size, 1);
      assert.equal(await page.locator('footer b').count(), 0);
      if (telemetry !== '/a"><b>&amp;c') assert.deepEqual(problems, []); // a browser encodes that one
    });
  }
});

// ---- A living task ----

test('the task and its containers are there, values move, charts grow, nothing leaves', async t => {
  const { url } = await startBoth(t);
  const { page, problems, requests, sample, shows, live } = await open(t, url);
  await live();
  for (const text of ['demo-web:17', 'Cluster demo', 'Service demo-web', 'Fargate', 'eu-west-1b', 'awsvpc', /Age \d+ (d|h|min|s)/]) await shows(text);
  await shows(/ecs-task-metadata-exporter \d+\.\d+\.\d+/, 'footer');
  assert.deepEqual((await page.locator('h3').allInnerTexts()).sort(), ['log-router', 'migrate', 'web']);
  assert.match(await container(page, 'web').innerText(), /Running[^]*Healthy[^]*CPU[^]*Memory/);
  assert.match(await container(page, 'migrate').innerText(), /Stopped[^]*Exit code 0/);
  assert.equal(await container(page, 'migrate').locator('svg:visible').count(), 0);

  const seen = new Set();
  for (let i = 0; i < 6; ++i) {
    await sample();
    await live();
    seen.add(await container(page, 'web').locator('.value').first().innerText() + await page.locator('#total').innerText());
  }
  assert.ok(seen.size > 1, [...seen].join());
  await shows(/Network.*↓ [\d.]+ [kM]?B\/s.*↑ [\d.]+ [kM]?B\/s/, '#total');
  const web = container(page, 'web');
  for (const [label, least] of [['CPU', 4], ['Memory', 5], ['Disk', 4]]) {
    const d = await web.getByRole('img', { name: `${label} of web` }).locator('path').nth(1).getAttribute('d');
    assert.ok(d.split('L').length > least, `${label}: ${d}`);
    assert.equal(d.split('M').length, 2, `${label} is one line: ${d}`);
  }
  await page.screenshot({ path: process.env.SCREENSHOT || path.join(profile, 'page.png') });
  assert.deepEqual(await odd(page), []);
  assert.deepEqual(problems, []);
  assert.deepEqual([...new Set(requests.map(r => new URL(r).origin + '/'))], [url]);
});

test('core metrics alone, snake case, no task labels and all three', async t => {
  const core = '--metrics.groups=core', snake = '--labels.style=snake', none = '--labels.task=none';
  for (const [options, title] of [[[core], 'demo-web:17'], [[snake], 'demo-web:17'], [[none], 'demo-web:17'], [[core, snake], 'demo-web:17'], [[core, snake, none], 'ECS task']]) {
    await t.test(options.join(' '), async t => {
      const { url } = await startBoth(t, ...options);
      const { page, problems, sample, live, shows } = await open(t, url);
      await live();
      await sample();
      await shows(title, 'h1');
      const web = container(page, 'web');
      await eventually('the card of web', () => web.count());
      assert.match(await web.innerText(), options.includes(core) ? /CPU[^]*%[^]*of the host[^]*Memory[^]*MiB/ : /Running[^]*Healthy[^]*cores[^]*MiB[^]*Disk/);
      assert.deepEqual(await odd(page), []);
      assert.deepEqual(problems, []);
    });
  }
});

test('a task behind a bridge has its network in each container', async t => {
  const mock = await startMock('--dir', `${TESTDATA}/ec2-bridge`);
  t.after(() => mock.stop());
  const exporter = await startExporter(mock.port);
  t.after(() => exporter.stop());
  const { page, sample, live, shows } = await open(t, `http://127.0.0.1:${exporter.port}/`);
  await live();
  await sample();
  await shows(/worker.*Unhealthy.*Network ↓ [\d.]+ [kM]?B\/s/, '#containers');
  assert.doesNotMatch(await page.innerText('#total'), /Network/);
  assert.match(await container(page, 'worker').innerText(), /limit hits: \d/);
});

// ---- Trouble ----

test('an endpoint that is gone is said, what is known stays as stale, and it recovers', async t => {
  const mock = await startMock();
  t.after(() => mock.stop());
  const exporter = await startExporter(mock.port);
  t.after(() => exporter.stop());
  const { page, problems, sample, live, shows } = await open(t, `http://127.0.0.1:${exporter.port}/`);
  await live();
  await mock.stop();
  await sample();
  await shows('Incomplete', '#live');
  await shows(/did not answer in full \(.*task.*\)\. What is stale is from \d\d:\d\d:\d\d/, '[role=status]');
  assert.match(await container(page, 'web').innerText(), /Stale[^]*MiB/);
  assert.match(await page.title(), /^⚠/);
  const again = await start('MOCK', '--listen', `127.0.0.1:${mock.port}`);
  t.after(() => again.stop());
  await sample();
  await live();
  assert.equal((await page.innerText('[role=status]')).trim(), '');
  assert.doesNotMatch(await page.innerText('main'), /Stale/);
  assert.deepEqual(problems, []);
});

test('an endpoint without stats leaves the status of the containers fresh', async t => {
  const { mock, url } = await startBoth(t);
  const { page, sample, live, shows } = await open(t, url);
  await live();
  assert.equal((await request(mock.port, 'POST', '/mock/faults?fail=stats=500')).status, 200);
  await sample();
  await shows('in full (stats)', '[role=status]');
  assert.match(await container(page, 'web').innerText(), /Running[^]*Stale[^]*MiB/);
  assert.doesNotMatch(await container(page, 'migrate').innerText(), /Stale/);
  assert.deepEqual(await odd(page), []);
});

test('a container that has stopped is not stale, it has no stats any more', async t => {
  let body = one(1000, 1, 1) + 'ecs_container_running{ContainerName="a"} 1\n';
  const { page, sample, shows } = await served(t, () => body);
  await shows('1.0 MiB');
  body = 'ecs_container_exporter_up 0\necs_container_running{ContainerName="a"} 0\necs_container_exit_code{ContainerName="a"} 137\n';
  await sample();
  await shows('Exit code 137');
  assert.doesNotMatch(await container(page, 'a').innerText(), /Stale|MiB/);
  assert.equal(await page.locator('main svg:visible').count(), 0);
});

test('an exporter that is gone is said, and what was known stays', async t => {
  const { exporter, url } = await startBoth(t);
  const { page, sample, live, shows } = await open(t, url);
  await live();
  await exporter.stop();
  await sample();
  await shows('No answer', '#live');
  await shows('The exporter does not answer.', '[role=status]');
  assert.match(await container(page, 'web').innerText(), /Running[^]*MiB/);
  assert.equal(await page.evaluate(() => document.body.classList.contains('stale')), true);
});

test('what is not metrics, or an error, is no reason to fall over', async t => {
  let body = '<!doctype html><title>log in</title>';
  const { page, problems, sample, shows } = await served(t, () => body);
  await shows('Not readable', '#live');
  await page.unroute('**/metrics');
  await page.route('**/metrics', route => route.fulfill({ status: 503, body: 'later' }));
  await sample();
  await shows('The exporter answers with status 503.', '[role=status]');
  await page.unroute('**/metrics');
  body = 'ecs_container_exporter_up 1\n';
  await page.route('**/metrics', route => route.fulfill({ body }));
  await sample();
  await shows('Live', '#live');
  assert.deepEqual(problems.filter(p => !p.includes('503')), []);
});

// ---- Numbers ----

const one = (time, cpu, received) => `# HELP x y
ecs_container_exporter_up 1
ecs_container_mem_usage_bytes{ContainerName="a"} 1048576
ecs_container_stats_timestamp_seconds{ContainerName="a"} ${time}
ecs_container_cpu_usage_seconds_total{ContainerName="a"} ${cpu}
ecs_container_network_receive_bytes_total{ContainerName="a",Interface="eth0"} ${received}
ecs_container_network_receive_bytes_total{ContainerName="a",Interface="eth1"} 7
`;

test('a rate is between two different samples, and a reset is a gap and no spike', async t => {
  let body = one(1000, 50, 4000);
  const { page, problems, sample, shows } = await served(t, () => body);
  const network = page.getByRole('img', { name: 'Network of a' });
  const next = async (...numbers) => { body = one(...numbers); await sample(); };
  await shows('1.0 MiB');
  assert.equal(await network.count(), 0);
  await next(1005, 51, 5000);
  await shows(/0.20 cores.*↓ 200 B\/s/);
  await next(1005, 51, 5000); // the same sample again
  await next(1010, 52, 5500);
  await shows(/0.20 cores.*↓ 100 B\/s/);
  await next(1015, 0.5, 10); // the container was made anew
  await eventually('no rate', async () => await network.count() === 0);
  await next(1020, 1, 260);
  await shows(/0.10 cores.*↓ 50 B\/s/);
  assert.match(await network.getAttribute('aria-label'), /up to 200\u202fB\/s/);
  const d = await network.locator('path').nth(1).getAttribute('d');
  assert.equal(d.split('M').length - 1, 2, `two lines: ${d}`);
  assert.deepEqual(await odd(page), []);
  assert.deepEqual(problems, []);
});

test('the parser knows escapes, blanks, timestamps and values that are none', async t => {
  const { page, shows, problems } = await served(t, () => [
    'ecs_container_exporter_up{Cluster="c/x",TaskDefinitionFamily="f\\\\\\"}\\n{,=",} 1',
    'ecs_container_mem_usage_bytes{ContainerName="a\\\\n\\"} 5\\"",x="y"} 1024 1700000000000',
    ' ecs_container_mem_usage_bytes { container_name = "b" , } 2.048e3\t',
    'ecs_container_mem_limit_bytes{ContainerName="b"} +Inf',
    'ecs_container_cpu_usage{ContainerName="b"} NaN',
    'ecs_container_mem_max_usage_bytes{ContainerName="b"} nonsense',
    '', '#', '# HELP', 'ecs_container_mem_usage_bytes{ContainerName="c} 3', '}{', 'x{y="z"}',
  ].join('\n'));
  await shows('Live', '#live');
  assert.equal(await page.locator('h1').textContent(), 'f\\"}\n{,=');
  assert.deepEqual(await page.locator('h3').allTextContents(), ['a\\n"} 5"', 'b']);
  assert.match(await page.locator('article').nth(0).innerText(), /1\.0 KiB/);
  assert.match(await page.locator('article').nth(1).innerText(), /2\.0 KiB/);
  assert.doesNotMatch(await page.locator('article').nth(1).innerText(), /CPU|peak|%/);
  assert.deepEqual(await odd(page), []);
  assert.deepEqual(problems, []);
});

test('every recorded task can be shown, in every shape of the metrics', async t => {
  let body = '';
  const { page, problems, sample } = await served(t, () => body);
  const names = fs.readdirSync(TESTDATA).filter(name => fs.existsSync(`${TESTDATA}/${name}/task.json`));
  assert.ok(names.length > 10);
  for (const name of names) {
    for (const options of [[], ['--metrics.groups=core', '--labels.task=none'], ['--metrics.groups=all', '--labels.style=snake'], ['--metrics.profile=ecs_exporter']]) {
      try {
        body = scraped(name, ...options);
      } catch (e) {
        body = e.stdout; // up is 0
      }
      assert.match(body, /exporter_up/);
      await sample();
      await sample();
      await eventually('it is shown', async () => /Live|Incomplete/.test(await page.innerText('#live')));
      assert.deepEqual(await odd(page), [], `${name} ${options}`);
    }
  }
  assert.deepEqual(problems, []);
});

// ---- People ----

test('names are text, whatever they hold', async t => {
  const hostile = ['<img src=x onerror="document.title=\'hacked\'">', '"\\\n</script><script>document.title="hacked"</script>', '${alert(1)}&lt;b&gt;\r\u2028\u202egnp'];
  const folder = fs.mkdtempSync(path.join(profile, 'hostile-'));
  const task = JSON.parse(fs.readFileSync(`${TESTDATA}/ec2-bridge/task.json`, 'utf8'));
  task.Containers.forEach((c, i) => { c.Name = hostile[i % 3] + i; c.Image = 'x/' + hostile[0]; });
  Object.assign(task, { Family: hostile[0], Cluster: hostile[1], KnownStatus: hostile[0], LaunchType: hostile[0], ServiceName: hostile[2] });
  fs.writeFileSync(`${folder}/task.json`, JSON.stringify(task));
  fs.copyFileSync(`${TESTDATA}/ec2-bridge/stats.json`, `${folder}/stats.json`);
  const mock = await startMock('--dir', folder);
  t.after(() => mock.stop());
  const exporter = await startExporter(mock.port);
  t.after(() => exporter.stop());
  const { page, problems, requests, sample, live } = await open(t, `http://127.0.0.1:${exporter.port}/`, { viewport: { width: 360, height: 740 } });
  await live();
  await sample();
  await live();
  assert.deepEqual((await page.locator('h3').allTextContents()).sort(), task.Containers.map(c => c.Name).sort());
  assert.equal(await page.locator('h1').textContent(), `${hostile[0]}:${task.Revision}`);
  assert.equal(await page.locator('img, b b, article script').count(), 0);
  assert.doesNotMatch(await page.title(), /^hacked/);
  assert.ok(requests.every(r => /\/(metrics)?$/.test(r)), requests.join());
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'no horizontal scroll');
  assert.deepEqual(problems, []);
});

test('a phone has no horizontal scroll, and dark is dark', async t => {
  const { url } = await startBoth(t);
  const shots = {};
  for (const [colorScheme, widths] of [['light', [320, 700, 1000, 360]], ['dark', [360]]]) {
    for (const width of widths) {
      const { page, sample, live } = await open(t, url, { colorScheme, viewport: { width, height: 740 } });
      await live();
      await sample();
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} px`);
      shots[colorScheme] = { png: await page.screenshot(), ground: await page.evaluate(() => getComputedStyle(document.body).backgroundColor) };
      if (width < 700) assert.ok(await page.evaluate(() => [...document.querySelectorAll('main *')].every(e => e.getBoundingClientRect().right <= innerWidth)), 'nothing is cut off');
    }
  }
  assert.notDeepEqual(shots.light.png, shots.dark.png);
  assert.notEqual(shots.light.ground, shots.dark.ground);
});

test('every text has a contrast of 4.5 or more, fresh and stale, light and dark', async t => {
  for (const colorScheme of ['light', 'dark']) {
    for (const stale of [false, true]) {
      const { exporter, url } = await startBoth(t);
      const { page, sample, live, shows } = await open(t, url, { colorScheme, reducedMotion: 'reduce' });
      await live();
      await sample();
      await shows('kB/s', '#total');
      if (stale) await exporter.stop();
      await sample();
      await shows(stale ? 'No answer' : 'Live', '#live');
      const low = await page.evaluate(() => {
        const channels = color => color.match(/[\d.]+/g).map(Number);
        const light = color => {
          const [r, g, b] = channels(color).map(c => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ground = e => {
          const color = getComputedStyle(e).backgroundColor;
          return channels(color)[3] === 0 ? ground(e.parentElement) : color;
        };
        const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
          const e = walker.currentNode.parentElement;
          if (!walker.currentNode.data.trim() || !e.checkVisibility() || e.closest('script, noscript')) continue;
          const [low, high] = [light(getComputedStyle(e).color), light(ground(e))].sort((a, b) => a - b);
          const contrast = (high + 0.05) / (low + 0.05);
          if (contrast < 4.5) found.push(`${walker.currentNode.data}: ${contrast.toFixed(2)}`);
        }
        return found;
      });
      assert.deepEqual(low, [], `${colorScheme} ${stale ? 'stale' : 'fresh'}`);
    }
  }
});

test('it can be used without a mouse, stops when told to, and does not sample where nobody looks', async t => {
  const { url } = await startBoth(t);
  const seen = await open(t, url);
  const { page, live, shows, sample } = seen;
  await live();
  const reached = [];
  for (let i = 0; i < 3; ++i) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate(() => document.activeElement.textContent + ' ' + (parseFloat(getComputedStyle(document.activeElement).outlineWidth) > 0)));
  }
  assert.deepEqual(reached, ['Pause true', 'Metrics true', 'Health true']);
  assert.equal((await page.goto(await page.evaluate(() => document.activeElement.href))).status(), 200);
  await page.goto(url);
  await live();

  await page.clock.runFor(4900);
  const before = seen.asked;
  await sample();
  assert.equal(seen.asked, before + 1);

  await page.focus('#pause');
  await page.keyboard.press('Enter');
  await shows('Paused', '#live');
  const paused = seen.asked;
  await page.clock.runFor(60000);
  assert.equal(seen.asked, paused);
  await page.keyboard.press('Enter');
  await live();
  assert.equal(seen.asked, paused + 1);

  const look = hidden => page.evaluate(hidden => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
  await look(true);
  await sample(); // was on its way
  const hidden = seen.asked;
  await page.clock.runFor(60000);
  assert.equal(seen.asked, hidden);
  await look(false);
  await eventually('a sample', () => seen.asked === hidden + 1);
});

test('a reply that comes after the button was pressed changes nothing', async t => {
  const { page, shows } = await served(t, () => one(1000, 1, 1));
  await shows('1.0 MiB');
  let answer;
  await page.unroute('**/metrics');
  await page.route('**/metrics', route => { answer = () => route.fulfill({ body: 'ecs_container_exporter_up 0\n' }); });
  await page.clock.runFor(5000);
  await eventually('it asks', () => answer);
  await page.click('#pause');
  const replied = page.waitForEvent('requestfinished');
  await answer();
  await replied;
  await page.clock.runFor(60000);
  assert.equal(await page.innerText('#live'), 'Paused');
  await page.unroute('**/metrics');
  await page.route('**/metrics', route => route.fulfill({ body: one(1005, 2, 2) }));
  await page.click('#pause');
  await shows('Live', '#live');
});

test('nothing moves for those who want no motion', async t => {
  for (const reducedMotion of ['reduce', 'no-preference']) {
    const { page } = await served(t, () => one(1000, 1, 1), { reducedMotion });
    await eventually('a bar', () => page.locator('.bar i').count());
    const moves = await page.evaluate(() => [...document.querySelectorAll('*')].some(e => {
      const style = getComputedStyle(e);
      return style.animationName !== 'none' || parseFloat(style.transitionDuration) > 0;
    }));
    assert.equal(moves, reducedMotion === 'no-preference');
  }
});
