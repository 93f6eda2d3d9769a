/** The HTTP API with the session's token on every request. Used by all parts of the page but sign in; types.d.ts has its nouns. */

import { problemOf, send } from "./problems.js";
import { eventsOf } from "./stream.js";

export class Api {
  constructor(session) {
    this.session = session;
  }

  /**
   * A request with the token; a 401 is answered by one refresh and one more try.
   * @param {string} method @param {string} path
   * @param {{json?: unknown, accept?: string, signal?: AbortSignal, keepalive?: boolean, range?: string}} [options]
   * @returns {Promise<Response>} one that is ok
   */
  async request(method, path, { json, accept = "application/json", signal, keepalive, range } = {}) {
    const attempt = async () => {
      /** @type {Record<string, string>} */
      const headers = { Authorization: `Bearer ${await this.session.token()}`, Accept: accept };
      if (json !== undefined) headers["Content-Type"] = "application/json";
      if (range) headers.Range = range;
      return send(path, { method, headers, body: json === undefined ? undefined : JSON.stringify(json), signal, keepalive });
    };
    let response = await attempt();
    if (response.status === 401) {
      await this.session.refresh();
      response = await attempt();
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  }

  async #get(path) {
    return (await this.request("GET", path)).json();
  }

  /** A page of the list, by name. @param {{after?: string, limit?: string, status?: string, prefix?: string, tag?: string}} narrowed */
  async documents(narrowed) {
    const given = Object.entries({ limit: "100", ...narrowed }).filter(([, value]) => value);
    return this.#get(`/api/documents?${new URLSearchParams(given)}`);
  }

  async document(id) {
    return this.#get(documentPath(id));
  }

  /** @param {string} [id] without one: all that are parked */
  async retry(id) {
    await this.request("POST", `${id ? documentPath(id) : "/api/documents"}/retry`);
  }

  /** The events of an answer as they arrive; without a model the host's own writes it. */
  async *ask(question, conversationId, model, signal) {
    const json = { question, conversation_id: conversationId ?? undefined, model: model ?? undefined };
    const response = await this.request("POST", "/api/query", { json, accept: "text/event-stream", signal });
    for await (const { event, data } of eventsOf(response.body)) {
      yield { event, data: JSON.parse(data) };
    }
  }

  /** Ids of those that can be asked, the host's own first. */
  async models() {
    return (await this.#get("/api/v1/models")).data.map(({ id }) => id);
  }

  /** A page of the list, newest first. @param {number} limit @param {string | null} [after] */
  async conversations(limit, after = null) {
    const query = new URLSearchParams(after === null ? { limit } : { limit, after });
    return this.#get(`/api/conversations?${query}`);
  }

  async conversation(id) {
    return this.#get(`/api/conversations/${encodeURIComponent(id)}`);
  }

  async rate(conversationId, requestId, rating, comment = "") {
    await this.request("POST", "/api/feedback", {
      json: { conversation_id: conversationId, request_id: requestId, rating, comment },
    });
  }
}

export function documentPath(id) {
  return `/api/documents/${encodeURIComponent(id)}`;
}
