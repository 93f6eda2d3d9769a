// The same scenarios and thresholds for k6: k6 run -e SCENARIO=mixed -e BASE=http://127.0.0.1:7071
//   -e LOAD_EMAIL=… -e LOAD_PASSWORD=… tests/load/k6.js     (DURATION=60s; the account has to exist)
// k6 reads answers whole: what a stream's first event takes is its time to first byte.
import http from 'k6/http';
import { check, sleep } from 'k6';
import { Counter, Rate, Trend } from 'k6/metrics';

const scenario = __ENV.SCENARIO || 'mixed';
const kept = JSON.parse(open('./thresholds.json'))[scenario];
const base = __ENV.BASE || 'http://127.0.0.1:7071';
const duration = __ENV.DURATION || '60s';
const question = __ENV.LOAD_QUESTION || 'How many days of annual leave do I have?';

const slug = (name) => name.replace(/\W+/g, '_');
const times = {};
for (const name of ['ask', 'search', 'stream', 'first event', 'upload', 'until indexed']) {
  times[name] = new Trend(slug(name), true);
}
const failed = new Rate('failed');
const shed = new Rate('shed');
const broken = new Counter('broken_streams');

const thresholds = {
  failed: [`rate<=${kept.failed}`],
  shed: [`rate<=${kept.shed}`],
  broken_streams: ['count==0'],
};
for (const [name, most] of Object.entries(kept.p95_ms)) {
  thresholds[slug(name)] = [`p(95)<=${most}`];
}

const seconds = parseInt(duration, 10) * (duration.endsWith('m') ? 60 : 1);
const few = Math.max(Math.floor(kept.users / 10), 1);
const steady = { executor: 'constant-vus', vus: kept.users, duration };
const spike = {
  executor: 'ramping-vus',
  startVUs: few,
  stages: [
    { duration: `${seconds * 0.3}s`, target: few },
    { duration: '2s', target: kept.users },
    { duration: `${seconds * 0.3}s`, target: kept.users },
    { duration: '2s', target: few },
    { duration: `${seconds * 0.4}s`, target: few },
  ],
};

export const options = {
  scenarios: { [scenario]: scenario === 'spike' ? spike : steady },
  thresholds,
};

export function setup() {
  const form = { grant_type: 'password', username: __ENV.LOAD_EMAIL, password: __ENV.LOAD_PASSWORD };
  const answer = http.post(`${base}/api/auth/token`, form);
  if (answer.status !== 200) {
    throw new Error(`nobody may sign in (${answer.status}): set LOAD_EMAIL and LOAD_PASSWORD`);
  }
  return answer.json('access_token');
}

function judged(answer, name) {
  const isShed = answer.status === 503 && 'Retry-After' in answer.headers;
  shed.add(isShed);
  const isRight = answer.status >= 200 && answer.status < 300;
  failed.add(!isRight && !isShed);
  if (isRight) times[name].add(answer.timings.duration);
  check(answer, { [name]: () => isRight || isShed });
  return isRight;
}

function post(path, name, token, more = {}) {
  const body = JSON.stringify({ question: `${question} (${__VU}-${__ITER})` });
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', ...more };
  const answer = http.post(`${base}${path}`, body, { headers });
  return judged(answer, name) ? answer : null;
}

function stream(token) {
  const answer = post('/api/query', 'stream', token, { Accept: 'text/event-stream' });
  if (answer === null) return;
  times['first event'].add(answer.timings.waiting);
  if (!answer.body.includes('event: done')) broken.add(1);
}

function upload(token) {
  const headers = { Authorization: `Bearer ${token}` };
  const name = `k6-${__VU}-${__ITER}`;
  const began = Date.now();
  const answer = http.put(`${base}/api/documents/load/${name}.md`, `Agreement ${name}: thirty days.`, { headers });
  if (!judged(answer, 'upload')) return;
  const url = `${base}/api/documents/${answer.json('id')}`;
  let status = 'queued';
  while (status !== 'indexed' && status !== 'failed' && Date.now() - began < 120000) {
    sleep(0.25);
    status = http.get(url, { headers }).json('status');
  }
  failed.add(status !== 'indexed');
  times['until indexed'].add(Date.now() - began);
  http.del(url, null, { headers });
}

const ask = (token) => post('/api/query', 'ask', token);
const search = (token) => post('/api/search', 'search', token);
const WORK = {
  ask: [ask, ask, ask, search],
  stream: [stream],
  upload: [upload],
  mixed: [stream, stream, stream, stream, stream, stream, ask, ask, search, upload],
  soak: [stream, stream, stream, stream, stream, stream, ask, ask, search, upload],
  spike: [ask, stream],
};

export default function (token) {
  const work = WORK[scenario];
  work[__ITER % work.length](token);
  sleep(0.5 + Math.random() * 1.5);
}
