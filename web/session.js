/**
 * Who is signed in, and the tokens that prove it. Used by app (sign in, sign out) and api (every request).
 *
 * The access token lives in memory, the refresh token in sessionStorage, so that a reload does not sign out:
 * it is this tab's alone and never reaches the disk. A cookie would invite forged requests.
 */

import { Problem, problemOf, send } from "./problems.js";

const KEY = "rag.refresh_token";
const SPARE = 30; // seconds before its end that an access token counts as used up

/** Dispatches `ended` when the server no longer takes the refresh token. */
export class Session extends EventTarget {
  /** @type {string | null} */
  #access = null;
  #expiresAt = 0; // as performance.now() counts, which no clock change moves
  /** @type {Promise<void> | null} */
  #refreshing = null;
  /** @type {{user_id: string, email: string, is_administrator: boolean} | null} */
  user = null;

  /** Take up the session of before a reload. @returns {Promise<boolean>} whether somebody is signed in */
  async restore() {
    if (!sessionStorage.getItem(KEY)) return false;
    await this.refresh();
    await this.#whoAmI();
    return true;
  }

  async signIn(email, password) {
    await this.#take({ grant_type: "password", username: email, password });
    await this.#whoAmI();
  }

  /** Make the account and sign in with it. @param {string} email @param {string} password */
  async register(email, password) {
    const response = await send("/api/auth/register", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email, password }),
    });
    if (!response.ok) throw await problemOf(response);
    await this.signIn(email, password);
  }

  /** Forget the tokens here at once, and tell the server to as well. */
  async signOut() {
    const token = sessionStorage.getItem(KEY);
    this.#forget();
    if (!token) return;
    const body = new URLSearchParams({ token });
    await send("/api/auth/revoke", { method: "POST", body, keepalive: true });
  }

  /** @returns {Promise<string>} an access token with some time left */
  async token() {
    if (!this.#access || performance.now() > this.#expiresAt) await this.refresh();
    return this.#access;
  }

  /**
   * A new access token; whoever asks meanwhile waits for the same one, because a refresh token works
   * once and a second use of it counts as theft.
   * @returns {Promise<void>}
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
      await this.#take({ grant_type: "refresh_token", refresh_token: token });
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
    if (!response.ok) throw await problemOf(response);
    const grant = await response.json();
    sessionStorage.setItem(KEY, grant.refresh_token);
    this.#access = grant.access_token;
    this.#expiresAt = asked + Math.max(grant.expires_in - SPARE, 1) * 1000;
  }

  async #whoAmI() {
    const response = await send("/api/auth/me", { headers: { Authorization: `Bearer ${await this.token()}` } });
    if (!response.ok) throw await problemOf(response);
    this.user = await response.json();
  }

  #forget() {
    sessionStorage.removeItem(KEY);
    this.#access = null;
    this.user = null;
  }
}
