import { useRef, useState } from "preact/hooks";
import { token } from "../../shared/api";
import { language, setLanguage, t } from "../../shared/texts";
import { signIn } from "../session";
import { signInNote } from "../store";

export function SignIn() {
  const field = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const given = field.current?.value.trim();
    if (!given) return;
    setBusy(true);
    token.set(given.replace(/\s+/g, ""));
    await signIn();
    setBusy(false);
  };
  return (
    <main class="sign-in">
      <form id="sign-in" onSubmit={(event) => void submit(event)}>
        <h1>{t("title")} · {t("subtitle")}</h1>
        <p role="alert" id="sign-in-note">{signInNote.value}</p>
        <label for="token">{t("tokenLabel")}</label>
        <input id="token" ref={field} type="password" autocomplete="off" required aria-describedby="token-help" />
        <p id="token-help" class="soft">{t("tokenHelp")}</p>
        <div class="row">
          <button type="submit" class="strong" disabled={busy}>{busy ? t("signingIn") : t("signIn")}</button>
          <button type="button" lang={language.value === "zh" ? "en" : "zh"} aria-label={t("otherLabel")}
            onClick={() => setLanguage(language.value === "zh" ? "en" : "zh")}>{t("other")}</button>
        </div>
      </form>
    </main>
  );
}
