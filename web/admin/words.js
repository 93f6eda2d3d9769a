/** Numbers, times and names as people read them. Used by the sections. */

const NUMBER = new Intl.NumberFormat("en");
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const MONEY = { style: "currency", currency: "USD", minimumFractionDigits: 2 };
const DOLLARS = new Intl.NumberFormat("en", { ...MONEY, maximumFractionDigits: 2 });
const CENTS = new Intl.NumberFormat("en", { ...MONEY, minimumFractionDigits: 4 });
const SHORT_DOLLARS = new Intl.NumberFormat("en", { ...MONEY, maximumSignificantDigits: 2, minimumFractionDigits: 0 });
const MOMENT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

export const whole = (number) => NUMBER.format(number);
export const short = (number) => SHORT.format(number);
export const dollars = (number) => (number > 0 && number < 1 ? CENTS : DOLLARS).format(number);
export const shortDollars = (number) => SHORT_DOLLARS.format(number);
export const share = (part, of) => (of ? `${(100 * part / of).toFixed(1)} %` : "–");

/** @param {string} moment ISO 8601 */
export const at = (moment) => MOMENT.format(new Date(moment));

/** @param {string} day as the API writes it */
export const shortDay = (day) => DAY.format(new Date(`${day}T00:00:00Z`));

export const counted = (number, noun) => `${whole(number)} ${noun}${number === 1 ? "" : "s"}`;

/** @param {number} seconds */
export function lasting(seconds) {
  if (seconds < 90) return counted(Math.round(seconds), "second");
  if (seconds < 5400) return counted(Math.round(seconds / 60), "minute");
  if (seconds < 172_800) return counted(Math.round(seconds / 3600), "hour");
  return counted(Math.round(seconds / 86_400), "day");
}

/** When it will be so. @param {number} seconds from now */
export function expected(seconds) {
  const end = new Date(Date.now() + seconds * 1000);
  return seconds < 43_200 ? `at about ${CLOCK.format(end)}` : `on ${MOMENT.format(end)}`;
}

/** @param {string} name of an index: documents-v2-20261122t101010 */
export function versionOf(name) {
  const number = name.match(/-v(\d+)-/)?.[1];
  return number ? `Version ${number}` : name;
}
