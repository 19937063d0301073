import { useRef, useState } from "preact/hooks";
import { sendPhoto } from "../../shared/api";
import { inLanguage, type Name, t } from "../../shared/texts";
import { limitText } from "../../shared/words";
import { controlOf, localOf, toSend, type Values } from "../fields";
import type { About, Action, Field } from "../sheet";
import { names, now } from "../store";
import { categoryGroups } from "./filters";
import { cityMap } from "./map";

/** Does the action; answers the fields that are wrong, or null when it is done. */
export type Perform = (action: Action, version: number, fields: () => Promise<Values>) => Promise<string[] | null>;

interface Folded { action: Action; about: About; perform: Perform; title: string; prefix?: string }

/** One action, folded until it is wanted; `title` is the id of what gets the focus when it is done. */
export function ActionForm({ action, about, perform, title, prefix = "" }: Folded) {
  const [open, setOpen] = useState(false);
  const seen = useRef<number | null>(null);
  const done = (): void => {
    setOpen(false);
    // The button that had the focus is hidden or gone.
    document.getElementById(title)?.focus();
  };
  return (
    <details class="action" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary onClick={() => (seen.current ??= about.version)}>{inLanguage(action.label, action.name)}</summary>
      <FieldsForm action={action} about={about} perform={perform} prefix={prefix} seen={seen} done={done} />
    </details>
  );
}

interface Filling { action: Action; about: About; perform: Perform; prefix: string; seen: { current: number | null }; done: () => void }

/** An action's fields. It carries the version that was seen when the filling in began. */
export function FieldsForm({ action, about, perform, prefix, seen, done }: Filling) {
  const [values, setValues] = useState<Values>({});
  const [wrong, setWrong] = useState<string[]>([]);
  const [busy, setBusy] = useState("");
  const label = inLanguage(action.label, action.name);
  const put = (name: string, value: unknown): void => {
    seen.current ??= about.version;
    setValues((before) => ({ ...before, [name]: value }));
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const photos = async (files: File[]): Promise<string[]> => {
      setBusy(t("uploading"));
      const sent = await Promise.all(files.map(sendPhoto));
      setBusy(t("sending"));
      return sent;
    };
    const fields = (): Promise<Values> => toSend(action.fields, values, photos);
    setBusy(t("sending"));
    const found = await perform(action, seen.current ?? about.version, fields);
    setBusy("");
    setWrong(found ?? []);
    seen.current = null;
    if (found !== null) return;
    setValues({});
    done();
  };
  return (
    <form data-action={action.name} aria-label={label} onSubmit={(event) => void submit(event)}>
      {action.fields.map((field) => (
        <Control key={field.name} id={`${prefix}${action.name}-${field.name}`} field={field} about={about} values={values} put={put} wrong={wrong.includes(field.name)} />
      ))}
      <button type="submit" class="strong" disabled={busy !== ""}>{busy || label}</button>
    </form>
  );
}

interface Drawn { id: string; field: Field; about: About; values: Values; put: (name: string, value: unknown) => void; wrong: boolean }

function Control(drawn: Drawn) {
  const { id, field, values, put, wrong } = drawn;
  const label = <span>{inLanguage(field.label, field.name)}{field.required && <span class="soft"> ({t("required")})</span>}</span>;
  const shared = { id, required: field.required, "aria-invalid": wrong ? ("true" as const) : undefined };
  const text = String(values[field.name] ?? "");
  const control = controlOf(field);
  if (control === "location") return <LocationControl {...drawn} />;
  if (control === "many") return <ManyControl {...drawn} />;
  if (control === "confirmation") {
    return (
      <label class="check">
        <input {...shared} type="checkbox" checked={values[field.name] === true} onChange={(event) => put(field.name, event.currentTarget.checked || undefined)} />
        {label}
      </label>
    );
  }
  if (control === "photos") {
    return (
      <label>{label}
        <input {...shared} type="file" accept="image/jpeg,image/png,image/webp" multiple
          onChange={(event) => put(field.name, event.currentTarget.files?.length ? [...event.currentTarget.files] : undefined)} />
      </label>
    );
  }
  if (control === "text") {
    return (
      <label>{label}
        <textarea {...shared} rows={2} maxLength={2000} value={text} onInput={(event) => put(field.name, event.currentTarget.value)} />
      </label>
    );
  }
  if (control === "moment") {
    return (
      <label>{label}
        <input {...shared} type="datetime-local" min={localOf(now.value)} value={text} onInput={(event) => put(field.name, event.currentTarget.value)} />
      </label>
    );
  }
  if (control === "line") {
    return (
      <label>{label}
        <input {...shared} type="text" maxLength={2000} value={text} onInput={(event) => put(field.name, event.currentTarget.value)} />
      </label>
    );
  }
  return (
    <label>{label}
      <select {...shared} value={text} onChange={(event) => put(field.name, event.currentTarget.value)}>
        <option value="">{t("choose")}</option>
        <Choices {...drawn} />
      </select>
    </label>
  );
}

function Choices({ field, about, values }: Drawn) {
  const known = names.value;
  if (field.type === "category") {
    return <>{categoryGroups().map(([title, some]) => (
      <optgroup key={title} label={title}>{some.map((one) => <option key={one.value} value={one.value}>{one.label}</option>)}</optgroup>
    ))}</>;
  }
  if (field.type === "condition") {
    const category = known?.categories.get(String(values["category"] || about.category));
    return <>{category?.conditions.map((one) => <option key={one.code} value={one.code}>{inLanguage(one.text, one.code)} · {limitText(one.limit, one.clock)}</option>)}</>;
  }
  return <>{choicesOf(field).map((one) => <option key={one.code} value={one.code}>{inLanguage(one.name, one.code)}</option>)}</>;
}

/** What may be chosen; departments without a list of their own are all that there are. */
function choicesOf(field: Field): { code: string; name: Name | undefined }[] {
  const departments = names.value?.departments;
  const codes = field.choices ?? (field.type.startsWith("department") ? [...(departments?.keys() ?? [])] : []);
  const nameOf = (code: string): Name | undefined => field.choice_labels?.[code] ?? departments?.get(code)?.name ?? names.value?.areas.get(code)?.name;
  return codes.map((code) => ({ code, name: nameOf(code) }));
}

function ManyControl({ id, field, values, put, wrong }: Drawn) {
  const chosen = (values[field.name] ?? []) as string[];
  const turn = (code: string, on: boolean): void => put(field.name, on ? [...chosen, code] : chosen.filter((one) => one !== code));
  return (
    <fieldset id={id} aria-invalid={wrong ? "true" : undefined}>
      <legend>{inLanguage(field.label, field.name)} <span class="soft">({t(field.required ? "required" : "chooseMany")})</span></legend>
      <div class="many">
        {choicesOf(field).map((one) => (
          <label key={one.code} class="check">
            <input type="checkbox" checked={chosen.includes(one.code)} onChange={(event) => turn(one.code, event.currentTarget.checked)} />
            {inLanguage(one.name, one.code)}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function LocationControl({ id, field, about, values, put, wrong }: Drawn) {
  const at = (values[field.name] ?? { lon: "", lat: "" }) as { lon: number | ""; lat: number | "" };
  const part = (name: "lon" | "lat", from: number, to: number) => (
    <label>{t(name)}
      <input id={`${id}-${name}`} type="number" step="any" min={from} max={to} required={field.required} value={at[name]} placeholder={about.location ? String(about.location[name]) : ""}
        aria-invalid={wrong ? "true" : undefined} onInput={(event) => put(field.name, { ...at, [name]: event.currentTarget.valueAsNumber })} />
    </label>
  );
  return (
    <fieldset>
      <legend>{inLanguage(field.label, field.name)}</legend>
      <div class="row">{part("lon", -180, 180)}{part("lat", -90, 90)}</div>
      <button type="button" disabled={!cityMap.value} onClick={() => put(field.name, cityMap.value?.middle())}>{t("fromMap")}</button>
    </fieldset>
  );
}
