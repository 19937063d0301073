// One case's sheet. Words are set as text, never as HTML.
import { EVENTS, STAGES, STATES } from "/console/texts.js";

const make = (name, words = "", kind = "") => {
  const part = document.createElement(name);
  part.textContent = words;
  if (kind) part.className = kind;
  return part;
};

export function drawSheet(page, sheet, history, told, perform) {
  const all = document.createDocumentFragment();
  const note = make("p", told);
  note.setAttribute("role", "alert");
  all.append(make("h2", `${sheet.number} · ${page.word(STATES, sheet.state)}`), note, facts(page, sheet));
  all.append(make("h3", page.text("clocks")), ...sheet.deadlines.map((clock) => drawClock(page, clock)));
  all.append(make("h3", page.text("links")), links(page, sheet.links));
  if (sheet.actions.length) all.append(make("h3", page.text("actions")), ...sheet.actions.map((action) => form(page, sheet, action, perform)));
  if (history) all.append(make("h3", page.text("history")), drawHistory(page, history));
  return all;
}

function pairs(rows) {
  const list = make("dl");
  for (const [term, words] of rows) list.append(make("dt", term), make("dd", words));
  return list;
}

function facts(page, sheet) {
  const { city, district, community } = sheet.areas;
  return pairs([
    [page.text("category"), `${page.name("category", sheet.category)} (${sheet.condition || sheet.category})`],
    [page.text("department"), page.name("department", sheet.department)],
    [page.text("place"), [city, district, community].map((code) => page.name("area", code)).join(" · ") + ` (${sheet.location.lon.toFixed(6)}, ${sheet.location.lat.toFixed(6)})`],
    [page.text("opened"), page.time(sheet.opened_at)],
    [page.text("reports"), String(sheet.reports.count)],
  ]);
}

function drawClock(page, clock) {
  const box = make("details");
  const due = clock.due_at ? `${page.text("due")} ${page.time(clock.due_at)}` : page.text("paused");
  box.append(make("summary", `${page.word(STAGES, clock.stage)}: ${clock.limit} · ${due}`));
  const list = make("ul", "", "soft");
  for (const span of clock.breakdown) {
    const kind = page.text(span.counted ? "counted" : "paused");
    list.append(make("li", `${page.time(span.from)} – ${page.time(span.to)} · ${kind} · ${span.why[page.language]}`));
  }
  box.append(list);
  return box;
}

function links(page, found) {
  return pairs(["parts", "buildings", "dwellings"].map((kind) => [
    page.text(kind),
    found[kind].map((one) => `${one.code} (${one.distance_m} ${page.text("metres")})`).join(", ") || page.text("nothing"),
  ]));
}

function form(page, sheet, action, perform) {
  const box = make("form", "", "action");
  const inputs = action.fields.map((field) => [field, input(page, sheet, field)]);
  for (const [field, control] of inputs) {
    const label = make("label", (field.label?.[page.language] || page.text("reason")) + (field.required ? " *" : ""));
    label.append(document.createElement("br"), control);
    box.append(label);
  }
  const button = make("button", action.label[page.language]);
  button.type = "submit";
  button.dataset.action = action.name;
  box.append(button);
  box.addEventListener("submit", (event) => {
    event.preventDefault();
    button.disabled = true;
    perform(sheet, action.name, Object.fromEntries(inputs.map(([field, control]) => [field.name, read(field, control)]).filter(([, value]) => value !== null)));
  });
  return box;
}

function input(page, sheet, field) {
  if (field.choices) {
    const select = make("select");
    if (!field.required) select.append(make("option"));
    for (const choice of field.choices) {
      const option = make("option", field.type === "department" ? page.name("department", choice) : choice);
      option.value = choice;
      select.append(option);
    }
    return select;
  }
  const control = make("input");
  control.type = field.type === "confirmation" ? "checkbox" : "text";
  if (field.type === "location") control.placeholder = `${sheet.location.lon}, ${sheet.location.lat}`;
  control.required = field.required;
  return control;
}

function read(field, control) {
  if (field.type === "confirmation") return control.checked;
  const words = control.value.trim();
  if (!words) return null;
  if (field.type === "location") {
    const [lon, lat] = words.split(/[,，\s]+/).map(Number);
    return { lon, lat };
  }
  return field.type === "photos" ? words.split(/[,，\s]+/) : words;
}

function drawHistory(page, history) {
  const list = make("ol", "", "history");
  for (const event of history) {
    const what = page.word(EVENTS, event.type.replace("wangge.case.", "").replace(".v1", ""));
    const words = Object.values(event.texts || {}).join(" · ");
    const item = make("li", `${page.time(event.at)} · ${what} → ${page.word(STATES, event.body.state)} `);
    item.append(make("span", `${event.actor} ${words}`, "soft"));
    list.append(item);
  }
  return list;
}
