import { Refusal, act, all, call, follow, token } from "/console/api.js";
import { drawSheet } from "/console/sheet.js";
import { STATES, TEXTS } from "/console/texts.js";

const SHOWN = 200;
const at = (id) => document.getElementById(id);
const page = { language: navigator.language.startsWith("zh") ? "zh" : "en", cases: new Map(), chosen: null, names: { category: {}, department: {}, area: {} }, position: null, stop: null, state: null };
page.text = (key) => TEXTS[page.language][key];
page.word = (table, key) => (table[key] || [key, key])[page.language === "zh" ? 0 : 1];
page.name = (kind, code) => (page.names[kind][code] || {})[page.language] || code || "–";
page.time = (moment) => moment ? new Date(moment).toLocaleString(page.language === "zh" ? "zh-CN" : "en-GB") : "–";

function translate() {
  document.documentElement.lang = page.language;
  for (const part of document.querySelectorAll("[data-text]")) part.textContent = page.text(part.dataset.text);
  at("language").textContent = page.text("other");
  if (page.state) say(page.state);
  drawList();
  drawChosen();
}

function say(state) {
  page.state = state;
  at("state").textContent = page.text(state);
  at("state").className = state;
}

function drawList() {
  const rows = [...page.cases.values()].sort((a, b) => b.opened_at.localeCompare(a.opened_at)).slice(0, SHOWN);
  at("list").replaceChildren(...rows.map(drawRow));
  if (!rows.length) at("list").textContent = page.text("none");
}

function drawRow(one) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.id = one.id;
  button.setAttribute("aria-current", String(one.id === page.chosen));
  if (one.fresh) button.classList.add("fresh");
  const late = one.due_at && !one.closed_at && Date.parse(one.due_at) < Date.now();
  const cells = [[one.number, ""], [page.word(STATES, one.state), late ? "late" : ""], [page.name("category", one.category), "soft"], [page.name("area", one.areas.community), "soft"]];
  for (const [words, kind] of cells) {
    const cell = document.createElement("span");
    cell.textContent = words;
    cell.className = kind;
    button.append(cell);
  }
  button.addEventListener("click", () => choose(one.id));
  item.append(button);
  return item;
}

async function choose(id) {
  page.chosen = id;
  drawList();
  await drawChosen();
}

async function drawChosen(told = "") {
  if (!page.chosen) { at("sheet").textContent = page.text("pick"); return; }
  try {
    const sheet = await call(`/cases/${page.chosen}`);
    const history = await call(`/cases/${page.chosen}/events`).then((found) => found.items, () => null);
    if (sheet.id === page.chosen) at("sheet").replaceChildren(drawSheet(page, sheet, history, told, perform));
  } catch (error) { failed(error); }
}

async function perform(sheet, name, fields) {
  try {
    const after = await act(sheet.id, name, { version: sheet.version, id: crypto.randomUUID(), ...fields });
    keep(after);
    await drawChosen(page.text("done"));
  } catch (error) {
    if (!(error instanceof Refusal)) return failed(error);
    const { changed, errors, detail } = error.problem;
    const words = changed
      ? page.text("changed") + changed.map((c) => `${page.time(c.at)} ${c.actor}: ${page.word(STATES, c.state)}`).join("; ")
      : page.text("refused") + (errors ? errors.map((e) => `${e.field}: ${e.reason}`).join("; ") : detail);
    await drawChosen(words);
  }
}

function keep(one, fresh = false) {
  const known = page.cases.get(one.id);
  if (known && known.seq >= one.seq) return;
  page.cases.set(one.id, { ...known, ...one, fresh });
  drawList();
}

function heard(event) {
  if (event.id) page.position = event.id;
  if (event.event === "hello") return say("live");
  if (event.event === "reset") return void load();
  const told = JSON.parse(event.data);
  const clock = (told.body.deadlines || []).find((d) => d.due_at);
  const closed = ["closed", "rejected", "voided"].includes(told.state);
  keep({ id: told.case, number: told.number, seq: told.seq, state: told.state, category: told.category, department: told.department, areas: told.areas,
    opened_at: page.cases.get(told.case)?.opened_at || told.at, ...(clock ? { due_at: clock.due_at } : {}), closed_at: closed ? told.at : null }, true);
  if (told.case === page.chosen) drawChosen();
}

async function load() {
  const found = await call(`/cases?limit=${SHOWN}`);
  for (const one of found.items) keep(one);
  drawList();
}

async function live(signal) {
  while (!signal.aborted) {
    try {
      say(page.position ? "catching" : "offline");
      await Promise.all([follow(page.position, signal, heard), load()]);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refusal && error.status === 403) return poll(signal);
      if (error instanceof Refusal && error.status === 401) return failed(error);
    }
    say("offline");
    await new Promise((go) => setTimeout(go, 1500));
  }
}

async function poll(signal) {
  while (!signal.aborted) {
    try { await load(); say("polling"); } catch (error) { if (failed(error)) return; say("offline"); }
    await new Promise((go) => setTimeout(go, 5000));
  }
}

function failed(error) {
  if (error instanceof Refusal && error.status === 401) { signOut(page.text("expired")); return true; }
  if (error instanceof Refusal) at("sheet").textContent = error.message;
  return false;
}

function signOut(words = "") {
  page.stop?.abort();
  token.clear();
  Object.assign(page, { cases: new Map(), chosen: null, position: null });
  at("work").hidden = at("sign-out").hidden = true;
  at("sign-in").hidden = false;
  at("sign-in-error").textContent = words;
  at("state").textContent = "";
  page.state = null;
}

async function signIn() {
  try {
    const [categories, departments, areas] = await Promise.all([all("/categories"), all("/departments"), all("/areas")]);
    const names = (items) => Object.fromEntries(items.map((item) => [item.code, item.name]));
    page.names = { category: names(categories), department: names(departments), area: names(areas) };
  } catch (error) { return signOut(error instanceof Refusal && error.status !== 401 ? error.message : page.text("expired")); }
  at("sign-in").hidden = true;
  at("work").hidden = at("sign-out").hidden = false;
  at("sign-in-error").textContent = "";
  page.stop = new AbortController();
  translate();
  live(page.stop.signal);
}

const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) { token.set(given); history.replaceState(null, "", location.pathname); }
at("sign-in").addEventListener("submit", (event) => { event.preventDefault(); token.set(at("token").value.trim()); at("token").value = ""; signIn(); });
at("language").addEventListener("click", () => { page.language = page.language === "zh" ? "en" : "zh"; translate(); });
at("sign-out").addEventListener("click", () => signOut());
translate();
if (token.get()) signIn();
