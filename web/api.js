/**
 * The HTTP API with the session's token on every request. Used by all parts of the page but sign in.
 *
 * @typedef {{id: string, name: string, title: string, status: string, reason: string | null, is_parked: boolean,
 *   is_owner: boolean, readers: string[], size: number, pages: number, page_kind: string, chunks: number}} Document
 * @typedef {{marker: number, document_id: string, document: string, page: number, page_kind: string,
 *   snippet: string}} Citation
 * @typedef {{answer: string, citations: Citation[], conversation_id: string, degraded: string | null,
 *   degraded_reason: string | null, request_id: string}} Answer
 * @typedef {{id: string, title: string, turns?: object[]}} Conversation
 */

import { problemOf, send } from "./problems.js";
import { eventsOf } from "./stream.js";

export class Api {
  constructor(session) {
    this.session = session;
  }

  /**
   * A request with the token; a 401 is answered by one refresh and one more try.
   * @param {string} method @param {string} path
   * @param {{json?: unknown, accept?: string, signal?: AbortSignal}} [options]
   * @returns {Promise<Response>} one that is ok
   */
  async request(method, path, { json, accept = "application/json", signal } = {}) {
    const attempt = async () => {
      /** @type {Record<string, string>} */
      const headers = { Authorization: `Bearer ${await this.session.token()}`, Accept: accept };
      if (json !== undefined) headers["Content-Type"] = "application/json";
      return send(path, { method, headers, body: json === undefined ? undefined : JSON.stringify(json), signal });
    };
    let response = await attempt();
    if (response.status === 401) {
      await this.session.refresh();
      response = await attempt();
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  }

  /** @param {string | null} after @returns {Promise<{documents: Document[], next: string | null}>} a page of the list, by name */
  async documents(after) {
    const query = new URLSearchParams(after === null ? { limit: "100" } : { limit: "100", after });
    return (await this.request("GET", `/api/documents?${query}`)).json();
  }

  /** @param {string} id @returns {Promise<Document>} */
  async document(id) {
    return (await this.request("GET", documentPath(id))).json();
  }

  async share(id, readers) {
    await this.request("PATCH", documentPath(id), { json: { readers } });
  }

  /** @param {string} [id] without one: all that are parked */
  async retry(id) {
    await this.request("POST", `${id ? documentPath(id) : "/api/documents"}/retry`);
  }

  async deleteDocument(id) {
    await this.request("DELETE", documentPath(id));
  }

  async content(id, signal) {
    const response = await this.request("GET", `${documentPath(id)}/content`, { accept: "*/*", signal });
    return response.blob();
  }

  /**
   * A place for a file that is too large for one request to the API.
   * @param {string} name @param {number} size
   * @returns {Promise<{method: string, url: string, headers: Record<string, string>, needs_token: boolean}>}
   */
  async uploadTicket(name, size) {
    return (await this.request("POST", "/api/documents/uploads", { json: { name, size } })).json();
  }

  /**
   * The events of an answer as they arrive.
   * @param {string} question @param {string | null} conversationId @param {AbortSignal} signal
   */
  async *ask(question, conversationId, signal) {
    const json = conversationId === null ? { question } : { question, conversation_id: conversationId };
    const response = await this.request("POST", "/api/query", { json, accept: "text/event-stream", signal });
    for await (const { event, data } of eventsOf(response.body)) {
      yield { event, data: JSON.parse(data) };
    }
  }

  /** @returns {Promise<Conversation[]>} newest first */
  async conversations() {
    return (await (await this.request("GET", "/api/conversations")).json()).conversations;
  }

  /** @param {string} id @returns {Promise<Conversation>} */
  async conversation(id) {
    return (await this.request("GET", `/api/conversations/${encodeURIComponent(id)}`)).json();
  }

  async deleteConversation(id) {
    await this.request("DELETE", `/api/conversations/${encodeURIComponent(id)}`);
  }

  async rate(conversationId, requestId, rating) {
    await this.request("POST", "/api/feedback", {
      json: { conversation_id: conversationId, request_id: requestId, rating },
    });
  }
}

function documentPath(id) {
  return `/api/documents/${encodeURIComponent(id)}`;
}

/** A name as a path: its slashes stay, all else is encoded. @param {string} name */
export function encodedName(name) {
  return name.split("/").map(encodeURIComponent).join("/");
}
