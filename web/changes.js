/** What of the HTTP API only some visits use. Loaded with what asks for it: the dialogs, the source, deletions. */

import { documentPath } from "./api.js";

/** @param {string} id @param {{readers?: string[], tags?: string[]}} changes @returns {Promise<import("./types.d.ts").Document>} */
export async function changeDocument(api, id, changes) {
  return (await api.request("PATCH", documentPath(id), { json: changes })).json();
}

export async function deleteDocument(api, id, keepalive = false) {
  await api.request("DELETE", documentPath(id), { keepalive });
}

/** @param {string} id @param {AbortSignal} signal @returns {Promise<Blob>} */
export async function contentOf(api, id, signal) {
  const response = await api.request("GET", `${documentPath(id)}/content`, { accept: "*/*", signal });
  return response.blob();
}

export async function renameConversation(api, id, title) {
  await api.request("PATCH", conversationPath(id), { json: { title } });
}

export async function deleteConversation(api, id, keepalive = false) {
  await api.request("DELETE", conversationPath(id), { keepalive });
}

/** A name as a path: its slashes stay, all else is encoded. @param {string} name */
export function encodedName(name) {
  return name.split("/").map(encodeURIComponent).join("/");
}

function conversationPath(id) {
  return `/api/conversations/${encodeURIComponent(id)}`;
}
