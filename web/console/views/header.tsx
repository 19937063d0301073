import { figure, inLanguage, language, setLanguage, t } from "../../shared/texts";
import { ROLES, word } from "../../shared/words";
import { signOut } from "../session";
import { areaName, claims, lateInView, liveState, names, notice, total } from "../store";
import { nextTheme, theme } from "../theme";

export function Header() {
  const state = liveState.value ?? "catching";
  const who = claims.value;
  const department = who?.department ? names.value?.departments.get(who.department)?.name : undefined;
  const late = lateInView.value;
  return (
    <header>
      <h1>{t("title")} <span class="soft">{t("subtitle")}</span></h1>
      <p id="state" role="status" class={state}><span class="dot" aria-hidden="true" />{t(state)}</p>
      <p id="counts" class="soft">
        {t("inView", { n: figure(total.value) })}{late > 0 && <> · <strong class="late">{t("lateInView", { n: figure(late) })}</strong></>}
      </p>
      <p id="notice" role="alert">{notice.value}</p>
      {who && (
        <p class="who soft">{word(ROLES, who.role)} · {inLanguage(department ?? areaName(who.scope), who.scope)}</p>
      )}
      <button type="button" id="theme" onClick={nextTheme}>{t(`theme_${theme.value}`)}</button>
      <button type="button" id="language" lang={language.value === "zh" ? "en" : "zh"} aria-label={t("otherLabel")}
        onClick={() => setLanguage(language.value === "zh" ? "en" : "zh")}>{t("other")}</button>
      <button type="button" id="sign-out" onClick={() => signOut()}>{t("signOut")}</button>
    </header>
  );
}
