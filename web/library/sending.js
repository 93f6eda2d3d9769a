/**
 * Sends one file. Used by uploads. XMLHttpRequest, because fetch does not tell the progress of an upload.
 *
 * @typedef {{id: string, name: string, status: string}} Accepted
 * @typedef {{file: File, name: string, abort: AbortController, at: (progress: number) => void}} Sending
 */

import { encodedName } from "../changes.js";
import { atApi, Problem, problemFrom, unreachable } from "../problems.js";

const DIRECT = 64 * 1024 * 1024; // bytes from which a file goes straight to the storage: hosts limit bodies to 100 MB

/** @param {Sending} sending @returns {Promise<Accepted | null>} null where the storage answers, which knows no documents */
export function sent(sending, api) {
  return sending.file.size > DIRECT ? direct(sending, api) : toApi(sending, api);
}

async function toApi(sending, api) {
  const attempt = async () => {
    const headers = { Authorization: `Bearer ${await api.session.token()}` };
    return put("PUT", `/api/documents/${encodedName(sending.name)}`, headers, sending);
  };
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
    await api.session.refresh();
    return attempt();
  }
}

async function direct(sending, api) {
  const json = { name: sending.name, size: sending.file.size };
  const ticket = await (await api.request("POST", "/api/documents/uploads", { json, signal: sending.abort.signal })).json();
  const headers = { ...ticket.headers };
  if (ticket.needs_token) headers.Authorization = `Bearer ${await api.session.token()}`;
  return put(ticket.method, ticket.url, headers, sending);
}

/**
 * @param {string} method @param {string} url @param {Record<string, string>} headers @param {Sending} sending
 * @returns {Promise<Accepted | null>}
 */
function put(method, url, headers, sending) {
  const { file, abort } = sending;
  return new Promise((resolve, reject) => {
    abort.signal.throwIfAborted();
    const request = new XMLHttpRequest();
    request.open(method, atApi(url));
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (!("Content-Type" in headers)) request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.upload.onprogress = (event) => sending.at(event.loaded / Math.max(event.total, 1));
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    request.onload = () => (request.status < 300 ? resolve(acceptedIn(request)) : reject(problemIn(request)));
    abort.signal.addEventListener("abort", () => request.abort());
    sending.at(0);
    request.send(file);
  });
}

/** @param {XMLHttpRequest} request @returns {Accepted | null} */
function acceptedIn(request) {
  return isJson(request) ? JSON.parse(request.responseText) : null;
}

function problemIn(request) {
  const body = isJson(request) ? JSON.parse(request.responseText) : {};
  return problemFrom({ ...body, status: request.status });
}

function isJson(request) {
  return /json/.test(request.getResponseHeader("Content-Type") ?? "");
}
