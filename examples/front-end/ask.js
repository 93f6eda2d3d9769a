/** A front end of its own origin in plain JavaScript: tokens, and an answer read from the stream. */

// Where the API is, unless the page is opened as index.html?api=https://rag.example.com.
const API = new URLSearchParams(location.search).get("api") ?? "http://127.0.0.1:7071";

let accessToken = ""; // in memory alone; the refresh token outlives a reload, not the tab
let conversation = null;
let running = new AbortController();

/** Sign in, or renew: both are OAuth2 grants. A refresh token works once, so the new one is kept. */
async function grant(form) {
  const response = await fetch(`${API}/api/auth/token`, { method: "POST", body: new URLSearchParams(form) });
  if (!response.ok) throw new Error((await response.json()).detail);
  const tokens = await response.json();
  accessToken = tokens.access_token;
  sessionStorage.setItem("refresh_token", tokens.refresh_token);
}

async function renew() {
  await grant({ grant_type: "refresh_token", refresh_token: sessionStorage.getItem("refresh_token") ?? "" });
}

/** A request with the token; one that has ended is renewed, once. */
async function call(path, body, signal) {
  const send = () =>
    fetch(`${API}${path}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/json", Accept: "text/event-stream" },
      body: JSON.stringify(body),
      signal,
    });
  let response = await send();
  if (response.status === 401) {
    await renew();
    response = await send();
  }
  if (!response.ok) throw new Error((await response.json()).detail);
  return response;
}

/** Server-sent events of a response, as [event, data]. EventSource cannot be used: it sends no token and no body. */
async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    const blocks = (text + value).split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const lines = block.split("\n");
      const event = lines.find((line) => line.startsWith("event: "))?.slice(7);
      const data = lines.find((line) => line.startsWith("data: "))?.slice(6);
      if (event && data) yield [event, JSON.parse(data)]; // the rest are heartbeats
    }
  }
}

async function ask(question) {
  const answer = document.querySelector("#answer");
  const sources = document.querySelector("#sources");
  answer.textContent = "";
  sources.replaceChildren();
  running = new AbortController();
  const body = { question, ...(conversation && { conversation_id: conversation }) };
  const response = await call("/api/query", body, running.signal);
  for await (const [event, data] of eventsOf(response)) {
    if (event === "delta") answer.textContent += data.text; // as text: never as HTML
    if (event === "error") throw new Error(data.detail);
    if (event !== "done") continue;
    conversation = data.conversation_id;
    answer.textContent = data.answer;
    for (const { document: name, page, page_kind } of data.citations) {
      const item = document.createElement("li");
      item.textContent = `${name}, ${page_kind} ${page}`;
      sources.append(item);
    }
  }
}

function on(id, act) {
  document.querySelector(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    document.querySelector("#problem").textContent = "";
    try {
      await act(Object.fromEntries(new FormData(event.target)));
    } catch (error) {
      document.querySelector("#problem").textContent = error.name === "AbortError" ? "Stopped." : error.message;
    }
  });
}

function showQuestions() {
  document.querySelector("#sign-in").hidden = true;
  document.querySelector("#ask").hidden = false;
}

on("#sign-in", async ({ email, password }) => {
  await grant({ grant_type: "password", username: email, password });
  showQuestions();
});
on("#ask", ({ question }) => ask(question));
document.querySelector("#stop").addEventListener("click", () => running.abort());
if (sessionStorage.getItem("refresh_token")) renew().then(showQuestions, () => sessionStorage.clear());
