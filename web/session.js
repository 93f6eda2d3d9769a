/**
 * Who is signed in, and the tokens that prove it: ours, or those of the tenant of Entra ID that signed in.
 *
 * The access token lives in memory, the refresh token in sessionStorage, so that a reload does not sign out: this
 * tab's alone, never on the disk. A cookie would invite forged requests.
 */

import { Problem, problemOf, send } from "./problems.js";

const KEY = "rag.refresh_token";
const TENANT = "rag.entra";
const SPARE = 30; // seconds before its end that an access token counts as used up

/** Dispatches `ended` when the server no longer takes the refresh token. */
export class Session extends EventTarget {
  #access = null;
  #expiresAt = 0; // as performance.now() counts, which no clock change moves
  #refreshing = null;
  user = null;

  async options() {
    return answerOf(await send("/api/auth/options"));
  }

  /** Take up the session of before a reload, or the tenant's answer. Tells whether somebody is signed in. */
  async restore() {
    if (/^#(.*&)?(code|error)=/.test(location.hash)) await this.#redeem();
    if (!sessionStorage.getItem(KEY)) return false;
    await this.#whoAmI();
    return true;
  }

  /** Leaves this page. */
  async signInWithEntra(tenant) {
    await (await entra()).authorise(tenant);
  }

  async signIn(email, password) {
    await this.#take({ grant_type: "password", username: email, password });
    await this.#whoAmI();
  }

  async register(email, password) {
    const headers = { "Content-Type": "application/json" };
    await answerOf(await send("/api/auth/register", { method: "POST", headers, body: JSON.stringify({ email, password }) }));
    await this.signIn(email, password);
  }

  /** Forget the tokens here at once, and tell the server to as well. */
  async signOut() {
    const token = sessionStorage.getItem(KEY);
    const tenant = this.#tenant;
    this.#forget();
    if (!token) return;
    if (tenant) return (await entra()).leave(tenant);
    await send("/api/auth/revoke", { method: "POST", body: new URLSearchParams({ token }), keepalive: true });
  }

  /** An access token with some time left. */
  async token() {
    if (!this.#access || performance.now() > this.#expiresAt) await this.refresh();
    return this.#access;
  }

  /**
   * A new access token; whoever asks meanwhile waits for the same one, because a refresh token works
   * once and a second use of it counts as theft.
   */
  refresh() {
    this.#refreshing ??= this.#rotate().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #rotate() {
    const token = sessionStorage.getItem(KEY);
    try {
      if (!token) throw new Problem("You are signed out. Sign in again.", { status: 401 });
      if (this.#tenant) await this.#renew(this.#tenant, token);
      else await this.#take({ grant_type: "refresh_token", refresh_token: token });
    } catch (error) {
      if (!(error instanceof Problem) || ![400, 401, 403].includes(error.status)) throw error;
      this.#forget();
      this.dispatchEvent(new Event("ended"));
      throw new Problem("Your session has ended. Sign in again.", { status: 401 });
    }
  }

  async #take(form) {
    const asked = performance.now();
    const response = await send("/api/auth/token", { method: "POST", body: new URLSearchParams(form) });
    this.#keep(await answerOf(response), asked);
  }

  async #renew(tenant, token) {
    const asked = performance.now();
    const grant = await (await entra()).renew(tenant, token);
    this.#keep({ refresh_token: token, ...grant }, asked);
  }

  async #redeem() {
    const asked = performance.now();
    const { tenant, grant } = await (await entra()).redeem();
    sessionStorage.setItem(TENANT, JSON.stringify(tenant));
    this.#keep(grant, asked);
  }

  #keep(grant, asked) {
    sessionStorage.setItem(KEY, grant.refresh_token);
    this.#access = grant.access_token;
    this.#expiresAt = asked + Math.max(grant.expires_in - SPARE, 1) * 1000;
  }

  async #whoAmI() {
    const response = await send("/api/auth/me", { headers: { Authorization: `Bearer ${await this.token()}` } });
    if (response.status === 401 && this.#tenant) {
      this.#forget();
      throw new Problem("Microsoft has signed you in, but this library does not take its word. Tell an administrator.", { status: 401 });
    }
    this.user = await answerOf(response);
  }

  get #tenant() {
    return JSON.parse(sessionStorage.getItem(TENANT) ?? "null");
  }

  #forget() {
    sessionStorage.removeItem(KEY);
    sessionStorage.removeItem(TENANT);
    this.#access = null;
    this.user = null;
  }
}

const entra = () => import("./entra.js");

async function answerOf(response) {
  if (!response.ok) throw await problemOf(response);
  return response.json();
}
