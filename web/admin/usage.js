/** What is asked and what it costs: by day, by user and by model, with what caches saved and the limits. Made by view. */

import { el } from "../dom.js";
import { inWords } from "../problems.js";
import { barChart } from "./chart.js";
import { degradedAnswers } from "./degraded.js";
import { choice } from "./dialog.js";
import { tiles } from "./health.js";
import { Section } from "./section.js";
import { plainTable, sortedTable } from "./table.js";
import { dollars, lasting, share, short, shortDollars, whole } from "./words.js";

const MODELS = { extractive: "quotations, without a language model", cache: "an earlier answer" };
const LIMITS = {
  requests_per_minute: "Questions and searches of a user in a minute",
  requests_per_minute_address: "Questions and searches of a network address in a minute",
  tokens_per_day_user: "Tokens of a user in a day",
  tokens_per_day: "Tokens of all users together in a day",
};

export class Usage extends Section {
  #days = "30";
  /** @type {{user_id: string, email: string | null} | null} whose alone is shown */
  #user = null;

  constructor(api, around) {
    super(api, around);
    const periods = [["7", "Last 7 days"], ["30", "Last 30 days"], ["90", "Last 90 days"], ["365", "Last year"]];
    this.period = choice("Time", "days", periods, this.#days, ({ target }) => {
      this.#days = target.value;
      this.refresh();
    });
    this.all = el("button", { class: "button", hidden: true, onclick: () => this.#look(null) }, "Show everybody");
    this.tools = el("div", { class: "admin-tools" }, this.period, this.all);
    this.shown = el("div", { class: "admin-body" });
    this.body.replaceChildren(this.tools, this.shown);
    this.degraded = el("div", {});
  }

  async look() {
    const whose = this.#user ? { user: this.#user.user_id } : { all: "true" };
    const [found, { limits }] = await Promise.all([
      this.get(`/api/usage?${new URLSearchParams({ days: this.#days, ...whose })}`),
      this.get("/api/usage?days=1"),
    ]);
    return { ...found, limits: found.limits ?? limits };
  }

  draw(found) {
    const { total, usage, users } = found;
    const days = daysOf(found);
    const ofDay = sumsOf(days, usage);
    const values = (field) => days.map((day) => ofDay.get(day)[field]);
    const tokens = total.prompt_tokens + total.completion_tokens;
    this.all.hidden = !this.#user;
    this.shown.replaceChildren(
      el("p", {}, this.#user ? el("strong", { dir: "auto" }, this.#user.email ?? this.#user.user_id) : "Everybody", `, ${days.length} days, in UTC.`),
      tiles([["Questions", whole(total.questions)], ["Tokens", short(tokens)], ["Cost", dollars(total.cost_usd)], ["Saved by caches", short(total.saved_tokens), total.saved_tokens ? `tokens, ${share(total.saved_tokens, tokens + total.saved_tokens)} of all` : "tokens"]]),
      el("div", { class: "charts" },
        barChart({ title: "Questions per day", days, parts: [{ name: "questions", values: values("questions") }], format: whole, tick: short }),
        barChart({ title: "Tokens per day", days, parts: [{ name: "spent", values: values("tokens") }, { name: "saved by caches", values: values("saved_tokens") }], format: whole, tick: short }),
        barChart({ title: "Cost per day", days, parts: [{ name: "US dollars", values: values("cost_usd") }], format: dollars, tick: shortDollars }),
      ),
      el("h3", {}, "Who wrote the answers"),
      this.#models(usage, total.questions),
      this.degraded,
      ...(users ? [el("h3", {}, "By user"), this.#users(users)] : []),
      el("h3", {}, "Limits"),
      limitsTable(found.limits),
    );
    this.#degradedShare();
  }

  #users(users) {
    if (!users.length) return el("p", { class: "hint" }, "Nobody asked anything in this time.");
    const name = ({ user_id, email }) => email ?? user_id;
    const open = (user) => el("button", { class: "link", dir: "auto", title: "Show this user's days", onclick: () => this.#look(user) }, name(user));
    return sortedTable("Usage by user", [{ title: "User", of: name, shown: open }, ...spending()], users, 5);
  }

  #models(usage, questions) {
    if (!usage.length) return el("p", { class: "hint" }, "No answers in this time.");
    const models = [...Map.groupBy(usage, ({ model }) => model)].map(([model, entries]) => ({ model, ...sum(entries) }));
    const name = ({ model }) => (MODELS[model] ? `${model}: ${MODELS[model]}` : model);
    const part = { title: "Share", of: (row) => row.questions, shown: (row) => share(row.questions, questions) };
    return sortedTable("Answers by model", [{ title: "Model", of: name }, part, ...spending()], models, 1);
  }

  /** Of the one process that answers just now; the monitoring adds up all of them. */
  async #degradedShare() {
    try {
      this.degraded.replaceChildren(degradedAnswers(await (await this.api.request("GET", "/api/metrics", { accept: "text/plain" })).text()));
    } catch (error) {
      this.degraded.replaceChildren(el("p", { class: "hint" }, `How many answers were degraded is not known here: ${inWords(error)}`));
    }
  }

  async #look(user) {
    this.#user = user;
    await this.refresh();
    if (user) this.all.focus();
    this.around.announce(`Usage of ${user ? user.email ?? user.user_id : "everybody"}.`);
    this.node.scrollIntoView({ block: "start" });
  }
}

function spending() {
  const column = (title, field, shown = whole) => ({ title, of: (row) => row[field], shown: (row) => shown(row[field]) });
  return [column("Questions", "questions"), column("Prompt tokens", "prompt_tokens"), column("Answer tokens", "completion_tokens"), column("Saved tokens", "saved_tokens"), column("Cost", "cost_usd", dollars)];
}

/** @returns {string[]} every day of the period, also those without a question */
function daysOf({ first_day, last_day }) {
  const days = [];
  for (let day = new Date(first_day); day <= new Date(last_day); day.setUTCDate(day.getUTCDate() + 1)) days.push(day.toISOString().slice(0, 10));
  return days;
}

function sumsOf(days, usage) {
  const entries = Map.groupBy(usage, ({ day }) => day);
  return new Map(days.map((day) => [day, sum(entries.get(day) ?? [])]));
}

function sum(entries) {
  const total = { questions: 0, prompt_tokens: 0, completion_tokens: 0, saved_tokens: 0, cost_usd: 0 };
  for (const entry of entries) for (const field of Object.keys(total)) total[field] += entry[field];
  return { ...total, tokens: total.prompt_tokens + total.completion_tokens };
}

function limitsTable(limits) {
  if (!limits.length) return el("p", { class: "hint" }, "No limits are set (RAG_REQUESTS_PER_MINUTE, RAG_TOKENS_PER_DAY, …).");
  const rows = limits.map(({ name, limit, left, resets_in_seconds }) => [LIMITS[name] ?? name, whole(limit), whole(left), lasting(resets_in_seconds)]);
  return plainTable("Limits, of the user that is shown or of yourself", ["Limit", "At most", "Left now", "Begins anew in"], rows);
}
