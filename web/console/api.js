// Speaks to the service. The token lives in sessionStorage only, never in an address.
const BASE = "/api/v1";

export class Refusal extends Error {
  constructor(status, problem) { super(problem.detail || String(status)); this.status = status; this.problem = problem; }
}

export const token = {
  get: () => sessionStorage.getItem("token"),
  set: (value) => sessionStorage.setItem("token", value),
  clear: () => sessionStorage.removeItem("token"),
};

const headers = (more = {}) => ({ Authorization: `Bearer ${token.get()}`, ...more });

export async function call(path, options = {}) {
  const answer = await fetch(BASE + path, { ...options, headers: headers(options.headers) });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, body);
  return body;
}

export async function all(path) {
  const items = [];
  let after = null;
  do {
    const page = await call(`${path}?limit=500${after ? `&after=${encodeURIComponent(after)}` : ""}`);
    items.push(...page.items);
    after = page.next;
  } while (after);
  return items;
}

export const act = (id, name, body) => call(`/cases/${id}/actions/${name}`, {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
});

// Reads the feed until it ends; `heard` gets {event, id, data}. Returns when the stream ends.
export async function follow(lastId, signal, heard) {
  const answer = await fetch(`${BASE}/feed`, { headers: headers(lastId ? { "Last-Event-ID": lastId } : {}), signal });
  if (!answer.ok) throw new Refusal(answer.status, await answer.json().catch(() => ({})));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const event = {};
      for (const line of block.split("\n")) {
        const cut = line.indexOf(": ");
        if (cut > 0) event[line.slice(0, cut)] = line.slice(cut + 2);
      }
      if (event.event) heard(event);
    }
  }
}
