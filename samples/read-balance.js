/**
 * Reads a balance over the REST interface of LarkLab and prints one value per line, as an example for
 * laboratories that write their own programs. Needs Node.js 20.
 *
 *     BALANCE=https://balance.local LARKLAB_KEY=... node read-balance.js 10
 */

const balance = process.env.BALANCE;
const key = process.env.LARKLAB_KEY;
const wanted = Number(process.argv[2] ?? 1);

/** A value counts as stable when three readings in a row differ by no more than two digits. */
const READINGS_IN_A_ROW = 3;
const MOST_DIGITS = 2;

/** Between two readings; the balance answers 429 to anybody who asks more than five times a second. */
const PAUSE_MS = 250;

async function readOnce() {
  const response = await fetch(`${balance}/api/weight`, { headers: { "X-LarkLab-Key": key } });
  if (!response.ok) throw new Error(`the balance answers ${response.status}`);
  return response.json(); // { value: 12.3456, unit: "g", digit: 0.0001 }
}

async function readStable() {
  const last = [];
  for (;;) {
    last.push(await readOnce());
    if (last.length > READINGS_IN_A_ROW) last.shift();
    const values = last.map(({ value }) => value);
    const spread = Math.max(...values) - Math.min(...values);
    if (last.length === READINGS_IN_A_ROW && spread <= MOST_DIGITS * last[0].digit) return last.at(-1);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

for (let count = 0; count < wanted; count += 1) {
  const { value, unit } = await readStable();
  console.log(`${value} ${unit}`);
}
