import { figure, inLanguage, language, setLanguage, t } from "../../shared/texts";
import { ROLES, word } from "../../shared/words";
import { signOut } from "../session";
import { toFragment, PAGES } from "../filters";
import { areaName, chosen, claims, filters, lateInView, liveState, names, notice, place, total, where } from "../store";
import { nextTheme, theme } from "../theme";

export function Header() {
  const state = liveState.value ?? "catching";
  const who = claims.value;
  const department = who?.department ? names.value?.departments.get(who.department)?.name : undefined;
  const late = lateInView.value;
  return (
    <header>
      <h1>{t("title")} {where.value.page === "map" && <span class="soft">{t("subtitle")}</span>}</h1>
      <p id="state" role="status" class={state}><span class="dot" aria-hidden="true" />{t(state)}</p>
      <Pages />
      {where.value.page === "map" && (
        <p id="counts" class="soft">
          {t("inView", { n: figure(total.value) })}{late > 0 && <> · <strong class="late">{t("lateInView", { n: figure(late) })}</strong></>}
        </p>
      )}
      <p id="notice" role="alert">{notice.value}</p>
      <div class="account row">
        {who && (
          <p class="who soft">{word(ROLES, who.role)} · {inLanguage(department ?? areaName(who.scope), who.scope)}</p>
        )}
        <button type="button" id="theme" onClick={nextTheme}>{t(`theme_${theme.value}`)}</button>
        <button type="button" id="language" lang={language.value === "zh" ? "en" : "zh"} aria-label={t("otherLabel")}
          onClick={() => setLanguage(language.value === "zh" ? "en" : "zh")}>{t("other")}</button>
        <button type="button" id="sign-out" onClick={() => signOut()}>{t("signOut")}</button>
      </div>
    </header>
  );
}

/** The pages as links, so that each can be opened beside this one, too. */
function Pages() {
  const open = where.value.page;
  return (
    <nav id="pages" aria-label={t("pages")}>
      {PAGES.map((page) => {
        const there = { page, of: "", year: "" };
        const address = toFragment({ filters: filters.value, chosen: chosen.value, place: place.value, where: there });
        return (
          <a key={page} href={address || "#"} aria-current={page === open ? "page" : undefined}
            onClick={(event) => {
              if (event.ctrlKey || event.metaKey || event.shiftKey) return;
              event.preventDefault();
              where.value = there;
            }}>{t(`page_${page}`)}</a>
        );
      })}
    </nav>
  );
}
