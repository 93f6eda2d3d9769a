/** What can go wrong with a request, in words for a person. Thrown by whoever sends one, shown by whoever asked. */

export class Problem extends Error {
  constructor(message, { status = 0, retryAfter = 0, requestId = "" } = {}) {
    super(message);
    this.status = status; // 0: no answer came
    this.retryAfter = retryAfter; // seconds
    this.requestId = requestId;
  }
}

/** Here, unless infra/deploy/page.py has said where. */
const API = document.querySelector('meta[name="api"]')?.content || location.origin;

/** For statuses that come without a detail, from a proxy for instance. */
const BY_STATUS = {
  413: "That is too large.",
  503: "The service is not available just now.",
};

export function problemFrom(body, retryAfter = 0) {
  const status = Number(body.status) || 500;
  const detail = typeof body.detail === "string" && body.detail ? body.detail : BY_STATUS[status] ?? body.title ?? "Something went wrong.";
  return new Problem(sentence(detail), { status, retryAfter, requestId: body.request_id });
}

export async function problemOf(response) {
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  const isJson = /json/.test(response.headers.get("Content-Type") ?? "");
  const body = isJson ? await response.json().catch(() => ({})) : {};
  return problemFrom({ ...body, status: response.status }, retryAfter);
}

export function atApi(url) {
  return new URL(url, API).href;
}

/** `fetch`, with a lost connection as a Problem; an abort stays what it is. */
export async function send(url, options) {
  try {
    return await fetch(atApi(url), options);
  } catch (error) {
    throw isAbort(error) ? error : unreachable();
  }
}

export function unreachable() {
  return new Problem("The server cannot be reached. Check the connection, then try again.");
}

export function isAbort(error) {
  return error instanceof DOMException && error.name === "AbortError";
}

/** What to show of any error. */
export function inWords(error) {
  if (!(error instanceof Problem)) return "Something in this page went wrong. Reload it, then try again.";
  const wait = error.retryAfter > 0 ? ` Try again in ${Math.ceil(error.retryAfter)} s.` : "";
  const trace = error.status >= 500 && error.requestId ? ` (Request ${error.requestId})` : "";
  return error.message + wait + trace;
}

/** The API's details begin small and have no full stop. */
function sentence(text) {
  const shown = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…)]$/.test(shown) ? shown : `${shown}.`;
}
