import { useMemo } from "preact/hooks";
import { inLanguage, language, t } from "../../shared/texts";
import { STATES, word } from "../../shared/words";
import { ANY, NONE, type Filters } from "../filters";
import { claims, filters, names, notice, type Area } from "../store";

interface Option { value: string; label: string }
type Group = [label: string, options: Option[]];

function set(change: Partial<Filters>): void {
  notice.value = "";
  filters.value = { ...filters.value, ...change };
}

function Select({ name, label, options, groups = [] }: { name: keyof Filters; label: string; options: Option[]; groups?: Group[] }) {
  const value = String(filters.value[name]);
  const known = [...options, ...groups.flatMap(([, some]) => some)].some((one) => one.value === value);
  const change = (event: Event): void => {
    const chosen = (event.currentTarget as HTMLSelectElement).value;
    set(name === "district" ? { district: chosen, community: "" } : { [name]: chosen });
  };
  return (
    <label>
      <span>{label}</span>
      <select id={`filter-${name}`} value={value} onChange={change}>
        {options.map((one) => <option key={one.value} value={one.value}>{one.label}</option>)}
        {groups.map(([title, some]) => (
          <optgroup key={title} label={title}>
            {some.map((one) => <option key={one.value} value={one.value}>{one.label}</option>)}
          </optgroup>
        ))}
        {!known && <option value={value}>{value}</option>}
      </select>
    </label>
  );
}

/** Codes that the caller may name: the own area, what lies below it, what it lies in. */
function areasFor(level: string, parent: string): Option[] {
  const areas = names.value?.areas ?? new Map<string, Area>();
  const scope = claims.value?.scope ?? "";
  const above = (code: string, top: string): boolean => {
    for (let at: string | null | undefined = code; at; at = areas.get(at)?.parent) if (at === top) return true;
    return false;
  };
  return [...areas.values()]
    .filter((area) => area.level === level && (!parent || area.parent === parent))
    .filter((area) => above(area.code, scope) || above(scope, area.code))
    .map((area) => ({ value: area.code, label: inLanguage(area.name, area.code) }));
}

export function FilterForm() {
  const { district, q, view } = filters.value;
  const every = { value: "", label: t("every") };
  const spoken = language.value;
  const known = names.value;
  const districts = useMemo(() => areasFor("district", ""), [known, spoken]);
  const communities = useMemo(() => (district ? areasFor("community", district) : []), [known, spoken, district]);
  const departments = useMemo(() => departmentGroups(), [known, spoken]);
  const categories = useMemo(() => categoryGroups(), [known, spoken]);
  const states = Object.keys(STATES).map((state) => ({ value: state, label: word(STATES, state) }));
  const narrowed = JSON.stringify({ ...filters.value, view: false }) !== JSON.stringify(NONE);
  return (
    <form id="filters" aria-label={t("filters")} onSubmit={(event) => event.preventDefault()}>
      <Select name="district" label={t("district")} options={[every, ...districts]} />
      <Select name="community" label={t("community")} options={[every, ...communities]} />
      <Select name="state" label={t("state")} options={[{ value: "", label: t("open") }, { value: ANY, label: t("anyState") }, ...states]} />
      <Select name="late" label={t("lateness")} options={[every, { value: "late", label: t("late") }, { value: "intime", label: t("intime") }]} />
      <Select name="department" label={t("department")} options={[every]} groups={departments} />
      <Select name="category" label={t("category")} options={[every]} groups={categories} />
      <label>
        <span>{t("number")}</span>
        <input id="filter-q" type="search" maxLength={40} placeholder={t("numberHelp")} value={q}
          onChange={(event) => set({ q: event.currentTarget.value.trim().toUpperCase() })} />
      </label>
      <div class="row">
        <label class="check">
          <input id="filter-view" type="checkbox" checked={view} onChange={(event) => set({ view: event.currentTarget.checked })} />
          {t("onlyView")}
        </label>
        <button type="button" id="clear" disabled={!narrowed} onClick={() => set({ ...NONE, view })}>{t("clear")}</button>
      </div>
    </form>
  );
}

function departmentGroups(): Group[] {
  const groups = new Map<string, Option[]>();
  for (const one of names.value?.departments.values() ?? []) {
    const title = inLanguage(names.value?.areas.get(one.parent)?.name, one.parent);
    groups.set(title, [...(groups.get(title) ?? []), { value: one.code, label: inLanguage(one.name, one.code) }]);
  }
  return [...groups];
}

export function categoryGroups(): Group[] {
  const groups = new Map<string, Option[]>();
  for (const one of names.value?.categories.values() ?? []) {
    const title = inLanguage(one.parent, "");
    groups.set(title, [...(groups.get(title) ?? []), { value: one.code, label: `${inLanguage(one.name, one.code)} ${one.code}` }]);
  }
  return [...groups];
}
