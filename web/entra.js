/**
 * Signing in with Entra ID: the authorisation code flow with PKCE (RFC 7636), and its tokens. Loaded by session
 * where a tenant signs in. The page is a public client: it has no secret, and its address takes the answer.
 *
 * @typedef {import("./types.d.ts").Tenant} Tenant
 * @typedef {{access_token: string, refresh_token: string, expires_in: number, id_token?: string}} Grant
 */

import { Problem, send } from "./problems.js";

const KEY = "rag.entra.begun";

/** Leave for the tenant's own page; its answer comes to this page's address. @param {Tenant} tenant */
export async function authorise(tenant) {
  if (!crypto.subtle) throw new Problem("Signing in with Microsoft needs this page at an https:// address.");
  const [verifier, state, nonce] = [random(), random(), random()];
  const challenge = base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  sessionStorage.setItem(KEY, JSON.stringify({ tenant, verifier, state, nonce, hash: location.hash }));
  const { client_id, scope } = tenant;
  const asked = { client_id, scope, state, nonce, code_challenge: challenge, code_challenge_method: "S256" };
  const how = { response_type: "code", response_mode: "fragment", redirect_uri: here() };
  location.assign(endpoint(tenant, "authorize", { ...asked, ...how }));
}

/**
 * Take the answer that this page was opened with.
 * @returns {Promise<{tenant: Tenant, grant: Grant}>}
 */
export async function redeem() {
  const answer = new URLSearchParams(location.hash.slice(1));
  const begun = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
  sessionStorage.removeItem(KEY);
  history.replaceState(null, "", here() + (begun.hash ?? "")); // a code is good for one use
  if (!begun.state || answer.get("state") !== begun.state) throw new Problem("This sign-in was not begun in this tab. Sign in again.");
  if (answer.has("error")) throw refusal(Object.fromEntries(answer), 400);
  const { tenant, verifier, nonce } = begun;
  const grant = await ask(tenant, { grant_type: "authorization_code", code: answer.get("code"), redirect_uri: here(), code_verifier: verifier });
  // It came straight from the tenant over TLS, so that its signature need not be looked at (OpenID Connect Core §3.1.3.7).
  const claims = JSON.parse(atob(grant.id_token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  if (claims.nonce !== nonce || claims.aud !== tenant.client_id) throw new Problem("Microsoft answered another sign-in. Sign in again.");
  return { tenant, grant };
}

/** @param {Tenant} tenant @param {string} token a refresh token: the next one comes with the answer @returns {Promise<Grant>} */
export function renew(tenant, token) {
  return ask(tenant, { grant_type: "refresh_token", refresh_token: token });
}

/** Sign out of the tenant too; it leads back here. @param {Tenant} tenant */
export function leave(tenant) {
  location.assign(endpoint(tenant, "logout", { client_id: tenant.client_id, post_logout_redirect_uri: here() }));
}

async function ask(tenant, form) {
  const body = new URLSearchParams({ client_id: tenant.client_id, scope: tenant.scope, ...form });
  const response = await send(endpoint(tenant, "token"), { method: "POST", body });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw refusal(answer, response.status);
  return answer;
}

/** Its words come as “AADSTS65004: What happened. Trace ID: …”. */
function refusal({ error_description = "", error = "" }, status) {
  const words = error_description.replace(/^AADSTS\d+: */, "").split(/\s*Trace ID:/)[0] || error || `status ${status}`;
  return new Problem(`Microsoft refused the sign-in: ${words.replace(/\.?$/, ".")}`, { status });
}

function endpoint(tenant, name, parameters) {
  return `${tenant.authority}/oauth2/v2.0/${name}${parameters ? `?${new URLSearchParams(parameters)}` : ""}`;
}

/** As it is registered: without query and fragment. */
function here() {
  return location.origin + location.pathname;
}

function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64url(bytes) {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
